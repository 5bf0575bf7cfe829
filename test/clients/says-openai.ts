import { isObject, type JsonObject } from '../../src/core/json.ts'
import { listOf, objectOf, textOf } from '../replay/meaning.ts'
import { problemsOfOpenaiRequest } from '../wire/openai-request.ts'
import { BILLED, dataIn, piecesOf, type Heard, type Speech, type Turn, type TurnCall } from './turn.ts'

const FORMAT = 'anthropic-claude-v1'
const HEAD = { id: 'chatcmpl-scripted', created: 1_790_000_000, model: 'tiny-1' }
const USAGE = {
  prompt_tokens: BILLED.prompt, completion_tokens: BILLED.completion, total_tokens: BILLED.prompt + BILLED.completion,
  prompt_tokens_details: { cached_tokens: BILLED.cached }, completion_tokens_details: { reasoning_tokens: BILLED.reasoning },
}

/** OpenAI chat completions, of a provider that signs its reasoning as OpenRouter shows it. */
export const saysOpenai: Speech = {
  isStream: (_url, body) => body['stream'] === true,
  reply: (turn) => ({
    ...HEAD, object: 'chat.completion', usage: USAGE,
    choices: [{
      index: 0, finish_reason: finishOf(turn),
      message: {
        role: 'assistant', content: turn.text ?? null,
        ...(turn.thinking && { reasoning: turn.thinking.text, reasoning_details: [{ type: 'reasoning.text', ...turn.thinking, format: FORMAT, index: 0 }] }),
        ...(turn.calls && { tool_calls: turn.calls.map(callOf) }),
      },
    }],
  }),
  frames: (turn) => [...deltasOf(turn).map((delta) => chunk(delta)), ...(turn.ends ? [] : [
    chunk({}, finishOf(turn)), frame({ ...HEAD, object: 'chat.completion.chunk', choices: [], usage: USAGE }), 'data: [DONE]\n\n',
  ])],
  faultFrame: (message) => frame({ error: { message, type: 'server_error', param: null, code: null } }),
  faultBody: (status, message) => ({ error: { message, type: status === 429 ? 'rate_limit_error' : 'server_error', param: null, code: null } }),
  hear,
  problems: problemsOfOpenaiRequest,
}

function finishOf(turn: Turn): string {
  return turn.calls ? 'tool_calls' : 'stop'
}

function callOf(call: TurnCall): JsonObject {
  return { id: call.id, type: 'function', function: { name: call.name, arguments: JSON.stringify(call.arguments) } }
}

function deltasOf({ thinking, text, calls }: Turn): JsonObject[] {
  const detail = (field: JsonObject): JsonObject => ({ reasoning_details: [{ type: 'reasoning.text', ...field, format: FORMAT, index: 0 }] })
  return [
    { role: 'assistant', content: '' },
    ...piecesOf(thinking?.text ?? '').map((piece) => ({ reasoning: piece, ...detail({ text: piece }) })),
    ...(thinking ? [detail({ signature: thinking.signature })] : []),
    ...piecesOf(text ?? '').map((content) => ({ content })),
    ...(calls ?? []).flatMap((call, index) => [
      { tool_calls: [{ index, id: call.id, type: 'function', function: { name: call.name, arguments: '' } }] },
      ...piecesOf(JSON.stringify(call.arguments)).map((piece) => ({ tool_calls: [{ index, function: { arguments: piece } }] })),
    ]),
  ]
}

function chunk(delta: JsonObject, finish: string | null = null): string {
  return frame({ ...HEAD, object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason: finish }] })
}

function frame(data: JsonObject): string {
  return `data: ${JSON.stringify(data)}\n\n`
}

function hear(body: JsonObject): Heard {
  const messages = listOf(body['messages'])
  const details = messages.flatMap((message) => listOf(message['reasoning_details']))
  const parts = messages.flatMap((message) => (Array.isArray(message['content']) ? listOf(message['content']) : []))
  return {
    signatures: details.map((detail) => textOf(detail['signature'])).filter((signature) => signature !== ''),
    thoughts: [details.map((detail) => textOf(detail['text'])).join('')].filter((text) => text !== ''),
    calls: messages.flatMap((message) => listOf(message['tool_calls'])).map((call) => objectOf(call['function'])).map((called) => ({ name: textOf(called['name']), arguments: JSON.parse(textOf(called['arguments'])) as unknown })),
    results: messages.filter((message) => message['role'] === 'tool').map((message) => textOf(message['content'])),
    files: parts.map((part) => textOf(objectOf(part['image_url'])['url']) || textOf(objectOf(part['file'])['file_data'])).filter((url) => url !== '').map(dataIn),
    schema: objectOf(objectOf(body['response_format'])['json_schema'])['schema'],
    tools: listOf(body['tools']).map((tool) => textOf(objectOf(tool['function'])['name'])),
    thinks: isObject(body['reasoning']) || body['reasoning_effort'] !== undefined,
  }
}
