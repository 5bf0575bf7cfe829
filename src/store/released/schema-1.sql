CREATE TABLE migrations (version bigint PRIMARY KEY, name text NOT NULL, state text NOT NULL, at_ms bigint NOT NULL)
;
CREATE TABLE accounts (
      id text PRIMARY KEY, balance bigint NOT NULL CHECK (balance >= 0), granted bigint NOT NULL, written_off bigint NOT NULL,
      created_ms bigint NOT NULL, changed bigint NOT NULL, wanted_by text)
;
CREATE INDEX accounts_changed ON accounts (changed)
;
CREATE TABLE keys (
      account_id text NOT NULL, hash text NOT NULL, name text NOT NULL, label text NOT NULL, kind text NOT NULL, disabled bigint NOT NULL,
      limit_amount bigint, limit_reset text, include_byok bigint NOT NULL, expires_ms bigint, created_ms bigint NOT NULL, updated_ms bigint,
      deleted_ms bigint, changed bigint NOT NULL, PRIMARY KEY (account_id, hash))
;
CREATE UNIQUE INDEX keys_hash ON keys (hash)
;
CREATE INDEX keys_listed ON keys (account_id, created_ms, hash)
;
CREATE INDEX keys_changed ON keys (changed)
;
CREATE TABLE key_windows (
      account_id text NOT NULL, key_hash text NOT NULL, period text NOT NULL, start_ms bigint NOT NULL, cost bigint NOT NULL,
      byok_cost bigint NOT NULL, counted bigint NOT NULL, leased bigint NOT NULL CHECK (leased >= 0),
      PRIMARY KEY (account_id, key_hash, period, start_ms))
;
CREATE TABLE leases (
      account_id text NOT NULL, id text NOT NULL, node_id text NOT NULL, key_hash text NOT NULL, period text NOT NULL, start_ms bigint NOT NULL,
      granted bigint NOT NULL, spent bigint NOT NULL, opened_ms bigint NOT NULL,
      PRIMARY KEY (account_id, id), CHECK (spent >= 0 AND spent <= granted))
;
CREATE INDEX leases_allowance ON leases (account_id, key_hash)
;
CREATE INDEX leases_node ON leases (node_id)
;
CREATE TABLE nodes (id text PRIMARY KEY, opened_ms bigint NOT NULL)
;
CREATE TABLE entries (
      account_id text NOT NULL, id text NOT NULL, book text NOT NULL, amount bigint NOT NULL, kind text NOT NULL, reason text NOT NULL,
      reference text, at_ms bigint NOT NULL, day bigint NOT NULL, PRIMARY KEY (account_id, id, book))
;
CREATE UNIQUE INDEX entries_reference ON entries (account_id, reference, book)
;
CREATE TABLE generations (
      account_id text NOT NULL, id text NOT NULL, created_ms bigint NOT NULL, day bigint NOT NULL, key_hash text NOT NULL, model text NOT NULL,
      provider text NOT NULL, cost bigint NOT NULL, fault text, prompt_tokens bigint NOT NULL, completion_tokens bigint NOT NULL,
      entry_id text, record text NOT NULL, PRIMARY KEY (account_id, id))
;
CREATE INDEX generations_time ON generations (account_id, created_ms)
;
CREATE TABLE rollups (
      account_id text NOT NULL, hour bigint NOT NULL, key_hash text NOT NULL, model text NOT NULL, provider text NOT NULL, endpoint_id text NOT NULL,
      requests bigint NOT NULL, faults bigint NOT NULL, cost bigint NOT NULL, byok_cost bigint NOT NULL, prompt_tokens bigint NOT NULL,
      completion_tokens bigint NOT NULL, reasoning_tokens bigint NOT NULL, cache_read_tokens bigint NOT NULL,
      PRIMARY KEY (account_id, hour, key_hash, model, provider, endpoint_id))
;
CREATE TABLE counters (name text PRIMARY KEY, value bigint NOT NULL)
;
INSERT INTO counters (name, value) VALUES ('revision', 0)
;
INSERT INTO migrations (version, name, state, at_ms) VALUES (1, 'accounts, keys, leases, entries, generations', 'done', 1)
;
INSERT INTO accounts (id, balance, granted, written_off, created_ms, changed, wanted_by) VALUES ('default', 50, 1000, 10, 1700000000000, 1, NULL)
;
INSERT INTO keys (account_id, hash, name, label, kind, disabled, limit_amount, limit_reset, include_byok, expires_ms, created_ms, updated_ms, deleted_ms, changed)
VALUES ('default', 'aa11', 'First key', 'sk-sw-v1-abc...xyz', 'inference', 0, 5000, 'daily', 0, NULL, 1700000000000, NULL, NULL, 2)
;
INSERT INTO entries (account_id, id, book, amount, kind, reason, reference, at_ms, day) VALUES
('default', 'grant-1', 'balance', 1000, 'grant', 'initial credits', 'first-start', 1700000000000, 19675),
('default', 'grant-1', 'funding', -1000, 'grant', 'initial credits', 'first-start', 1700000000000, 19675),
('default', 'charge-1', 'balance', -900, 'charge', '2 generations', NULL, 1700000100000, 19675),
('default', 'charge-1', 'write-off', -10, 'charge', '2 generations', NULL, 1700000100000, 19675),
('default', 'charge-1', 'revenue', 910, 'charge', '2 generations', NULL, 1700000100000, 19675)
;
INSERT INTO nodes (id, opened_ms) VALUES ('node-0', 1700000000000)
;
INSERT INTO leases (account_id, id, node_id, key_hash, period, start_ms, granted, spent, opened_ms) VALUES ('default', 'lease-1', 'node-0', '', '', 0, 950, 900, 1700000000000)
;
INSERT INTO generations (account_id, id, created_ms, day, key_hash, model, provider, cost, fault, prompt_tokens, completion_tokens, entry_id, record)
VALUES ('default', 'gen-1700000050-a', 1700000050000, 19675, 'aa11', 'acme/tiny', 'Acme', 600, NULL, 10, 20, 'charge-1',
'{"id":"gen-1700000050-a","accountId":"default","keyHash":"aa11","createdMs":1700000050000,"model":"acme/tiny","requestedModel":"acme/tiny","endpointId":"acme/tiny@acme","provider":"Acme","upstreamId":null,"api":"chat","streamed":false,"cancelled":false,"finishReason":"stop","nativeFinishReason":null,"usage":{"promptTokens":10,"completionTokens":20},"cost":"600","upstreamCost":"0","byok":false,"attempts":[],"latencyMs":1,"generationMs":1,"fault":null,"referer":null,"title":null,"user":null,"sessionId":null}')
;
INSERT INTO generations (account_id, id, created_ms, day, key_hash, model, provider, cost, fault, prompt_tokens, completion_tokens, entry_id, record)
VALUES ('default', 'gen-1700000060-b', 1700000050000, 19675, 'aa11', 'acme/tiny', 'Acme', 310, NULL, 10, 20, 'charge-1',
'{"id":"gen-1700000060-b","accountId":"default","keyHash":"aa11","createdMs":1700000050000,"model":"acme/tiny","requestedModel":"acme/tiny","endpointId":"acme/tiny@acme","provider":"Acme","upstreamId":null,"api":"chat","streamed":false,"cancelled":false,"finishReason":"stop","nativeFinishReason":null,"usage":{"promptTokens":10,"completionTokens":20},"cost":"310","upstreamCost":"0","byok":false,"attempts":[],"latencyMs":1,"generationMs":1,"fault":null,"referer":null,"title":null,"user":null,"sessionId":null}')
;
INSERT INTO key_windows (account_id, key_hash, period, start_ms, cost, byok_cost, counted, leased) VALUES ('default', 'aa11', 'ever', 0, 910, 0, 910, 0)
;
INSERT INTO key_windows (account_id, key_hash, period, start_ms, cost, byok_cost, counted, leased) VALUES ('default', 'aa11', 'daily', 1699920000000, 910, 0, 910, 0)
;
INSERT INTO key_windows (account_id, key_hash, period, start_ms, cost, byok_cost, counted, leased) VALUES ('default', 'aa11', 'weekly', 1699833600000, 910, 0, 910, 0)
;
INSERT INTO key_windows (account_id, key_hash, period, start_ms, cost, byok_cost, counted, leased) VALUES ('default', 'aa11', 'monthly', 1698796800000, 910, 0, 910, 0)
;
INSERT INTO rollups (account_id, hour, key_hash, model, provider, endpoint_id, requests, faults, cost, byok_cost, prompt_tokens, completion_tokens, reasoning_tokens, cache_read_tokens)
VALUES ('default', 472222, 'aa11', 'acme/tiny', 'Acme', 'acme/tiny@acme', 2, 0, 910, 0, 20, 40, 0, 0)
;
UPDATE counters SET value = 2 WHERE name = 'revision'
;
