"""Anthropic's own Python package against the gateway. Prints what it saw as one JSON object."""

import json
import sys

import anthropic
import pydantic

base_url, key, model, question = sys.argv[1:]
client = anthropic.Anthropic(base_url=base_url, auth_token=key, max_retries=0)
USER = {"role": "user", "content": question}
MAX = 8000
RESULTS = {"Paris": "21 degrees", "Rome": "24 degrees"}
TOOLS = [{"name": "get_weather", "description": "The weather now", "input_schema": {"type": "object", "properties": {"city": {"type": "string"}, "unit": {"type": "string"}}, "required": ["city"]}}]


def text_of(message):
    return "".join(block.text for block in message.content if block.type == "text")


def seen(message):
    usage = message.usage
    return {"text": text_of(message), "finish": message.stop_reason, "model": message.model, "prompt": usage.input_tokens + usage.cache_read_input_tokens, "completion": usage.output_tokens, "cost": usage.model_extra["cost"]}


def streamed():
    with client.messages.stream(model=model, max_tokens=MAX, messages=[USER]) as stream:
        pieces = list(stream.text_stream)
        whole = stream.get_final_message()
    return {"text": "".join(pieces), "pieces": len(pieces), "finish": whole.stop_reason, "prompt": whole.usage.input_tokens + whole.usage.cache_read_input_tokens, "completion": whole.usage.output_tokens}


def tools():
    with client.messages.stream(model=model, max_tokens=MAX, messages=[USER], tools=TOOLS, thinking={"type": "enabled", "budget_tokens": 2048}) as stream:
        called = stream.get_final_message()
    uses = [block for block in called.content if block.type == "tool_use"]
    results = [{"type": "tool_result", "tool_use_id": use.id, "content": RESULTS[use.input["city"]]} for use in uses]
    messages = [USER, {"role": "assistant", "content": [block.model_dump(exclude_none=True) for block in called.content]}, {"role": "user", "content": results}]
    answer = client.messages.create(model=model, max_tokens=MAX, messages=messages, tools=TOOLS, thinking={"type": "enabled", "budget_tokens": 2048})
    return {"calls": [use.input for use in uses], "text": text_of(answer)}


class Place(pydantic.BaseModel):
    city: str
    degrees: int


def structured():
    return client.messages.parse(model=model, max_tokens=MAX, messages=[USER], output_format=Place).parsed_output.model_dump()


def left():
    with client.messages.stream(model=model, max_tokens=MAX, messages=[USER]) as stream:
        return next(iter(stream.text_stream))


def failed(run):
    try:
        run()
    except anthropic.APIStatusError as error:
        return {"class": type(error).__name__, "status": error.status_code}
    return None


def ask(**more):
    return client.with_options(**more).messages.create(model=model, max_tokens=MAX, messages=[USER])


print(json.dumps({
    "plain": seen(client.messages.create(model=model, max_tokens=MAX, messages=[USER])),
    "streamed": streamed(),
    "tools": tools(),
    "errors": {
        "busy": failed(ask),
        "key": failed(lambda: ask(auth_token="sk-or-v1-wrong")),
        "request": failed(lambda: client.messages.create(model=model, max_tokens=-1, messages=[USER])),
    },
    "structured": structured(),
    "left": left(),
}))
