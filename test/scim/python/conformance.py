"""Checks a SCIM server with scim2-tester: the URL and the token are the arguments; what it found is printed as JSON."""
import json
import sys

from httpx2 import Client
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import Status, check_server

url, token = sys.argv[1:]
with Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=30) as http:
    results = check_server(SyncSCIMClient(http))

print(json.dumps([
    {"status": result.status.name, "title": result.title, "reason": result.reason, "resource": result.resource_type}
    for result in results
]))
