"""OpenAI's own Python package against the gateway. Prints what it saw as one JSON object."""

import json
import sys

import openai
import pydantic

base_url, key, model, question = sys.argv[1:]
client = openai.OpenAI(base_url=base_url, api_key=key, max_retries=0)
USER = {"role": "user", "content": question}
RESULTS = {"Paris": "21 degrees", "Rome": "24 degrees"}
TOOLS = [{
    "type": "function",
    "function": {"name": "get_weather", "description": "The weather now", "parameters": {"type": "object", "properties": {"city": {"type": "string"}, "unit": {"type": "string"}}, "required": ["city"]}},
}]


def plain():
    answer = client.chat.completions.create(model=model, messages=[USER])
    choice = answer.choices[0]
    return {"text": choice.message.content, "finish": choice.finish_reason, "model": answer.model, "prompt": answer.usage.prompt_tokens, "completion": answer.usage.completion_tokens, "cost": answer.usage.model_extra["cost"]}


def streamed():
    pieces, finish, usage = [], None, None
    for chunk in client.chat.completions.create(model=model, messages=[USER], stream=True, stream_options={"include_usage": True}):
        usage = chunk.usage or usage
        for choice in chunk.choices:
            pieces.append(choice.delta.content or "")
            finish = choice.finish_reason or finish
    return {"text": "".join(pieces), "pieces": len([piece for piece in pieces if piece]), "finish": finish, "prompt": usage.prompt_tokens, "completion": usage.completion_tokens, "cost": usage.model_extra["cost"]}


def tools():
    messages = [USER]
    with client.chat.completions.stream(model=model, messages=messages, tools=TOOLS) as stream:
        called = stream.get_final_completion().choices[0].message
    messages.append(called.model_dump(exclude_none=True, exclude={"parsed": True, "tool_calls": {"__all__": {"function": {"parsed_arguments"}}}}))
    for call in called.tool_calls:
        city = json.loads(call.function.arguments)["city"]
        messages.append({"role": "tool", "tool_call_id": call.id, "content": RESULTS[city]})
    answer = client.chat.completions.create(model=model, messages=messages, tools=TOOLS)
    return {"calls": [json.loads(call.function.arguments) for call in called.tool_calls], "text": answer.choices[0].message.content}


class Place(pydantic.BaseModel):
    city: str
    degrees: int


def structured():
    return client.chat.completions.parse(model=model, messages=[USER], response_format=Place).choices[0].message.parsed.model_dump()


def left():
    with client.chat.completions.create(model=model, messages=[USER], stream=True) as stream:
        return next(piece for piece in (chunk.choices[0].delta.content for chunk in stream if chunk.choices) if piece)


def failed(run):
    try:
        run()
    except openai.APIStatusError as error:
        return {"class": type(error).__name__, "status": error.status_code}
    return None


print(json.dumps({
    "plain": plain(),
    "streamed": streamed(),
    "tools": tools(),
    "errors": {
        "busy": failed(lambda: client.chat.completions.create(model=model, messages=[USER])),
        "key": failed(lambda: client.with_options(api_key="sk-or-v1-wrong").chat.completions.create(model=model, messages=[USER])),
        "request": failed(lambda: client.chat.completions.create(model=model, messages=[USER], temperature=9)),
    },
    "structured": structured(),
    "left": left(),
}))
