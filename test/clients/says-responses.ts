import { isObject, type JsonObject } from '../../src/core/json.ts'
import { listOf, objectOf, textOf } from '../replay/meaning.ts'
import { problemsOfResponsesRequest } from '../wire/responses-request.ts'
import { BILLED, dataIn, piecesOf, type Heard, type Speech, type Turn } from './turn.ts'

const USAGE = {
  input_tokens: BILLED.prompt, input_tokens_details: { cached_tokens: BILLED.cached }, output_tokens: BILLED.completion,
  output_tokens_details: { reasoning_tokens: BILLED.reasoning }, total_tokens: BILLED.prompt + BILLED.completion,
}
const HEAD = {
  id: 'resp_scripted', object: 'response', created_at: 1_790_000_000, model: 'thinker-1', error: null, incomplete_details: null, instructions: null, metadata: {},
  parallel_tool_calls: true, temperature: 1, top_p: 1, frequency_penalty: 0, presence_penalty: 0, tool_choice: 'auto', tools: [],
}

/** OpenAI Responses, of a provider that encrypts its reasoning and shows a summary of it. */
export const saysResponses: Speech = {
  isStream: (_url, body) => body['stream'] === true,
  reply: (turn) => ({ ...HEAD, status: 'completed', completed_at: HEAD.created_at + 1, output: itemsOf(turn), usage: USAGE }),
  frames: (turn) => {
    const numbered = eventsOf(turn)
    const whole = { type: 'response.completed', response: { ...HEAD, status: 'completed', completed_at: HEAD.created_at + 1, output: itemsOf(turn), usage: USAGE } }
    return (turn.ends ? numbered : [...numbered, whole]).map((event, at) => frame({ ...event, sequence_number: at }))
  },
  faultFrame: (message) => frame({ type: 'error', sequence_number: 99, error: { type: 'server_error', code: 'server_error', message, param: null } }),
  faultBody: (status, message) => ({ error: { message, type: status === 429 ? 'rate_limit_error' : 'server_error', param: null, code: null } }),
  hear,
  problems: problemsOfResponsesRequest,
}

/** The items of a turn, as they are in the end. */
function itemsOf({ thinking, text, calls }: Turn): JsonObject[] {
  return [
    ...(thinking ? [{ id: 'rs_scripted', type: 'reasoning', summary: [{ type: 'summary_text', text: thinking.text }], encrypted_content: thinking.signature }] : []),
    ...(text === undefined ? [] : [{ id: 'msg_scripted', type: 'message', role: 'assistant', status: 'completed', content: [{ type: 'output_text', text, annotations: [], logprobs: [] }] }]),
    ...(calls ?? []).map((call) => ({ id: `fc_${call.id}`, type: 'function_call', status: 'completed', call_id: call.id, name: call.name, arguments: JSON.stringify(call.arguments) })),
  ]
}

function eventsOf(turn: Turn): JsonObject[] {
  const open = { ...HEAD, status: 'in_progress', completed_at: null, output: [] }
  return [
    { type: 'response.created', response: open }, { type: 'response.in_progress', response: open },
    ...itemsOf(turn).flatMap((item, output_index) => [
      { type: 'response.output_item.added', output_index, item: begun(item) },
      ...growth(item, { item_id: item['id'], output_index }),
      { type: 'response.output_item.done', output_index, item },
    ]),
  ]
}

function begun(item: JsonObject): JsonObject {
  if (item['type'] === 'reasoning') return { ...item, summary: [], encrypted_content: '' }
  return { ...item, status: 'in_progress', ...(item['type'] === 'message' ? { content: [] } : { arguments: '' }) }
}

function growth(item: JsonObject, place: JsonObject): JsonObject[] {
  if (item['type'] === 'function_call') {
    const text = textOf(item['arguments'])
    return [...piecesOf(text).map((delta) => ({ type: 'response.function_call_arguments.delta', ...place, delta })), { type: 'response.function_call_arguments.done', ...place, arguments: text }]
  }
  const thought = item['type'] === 'reasoning'
  const text = textOf(listOf(item[thought ? 'summary' : 'content'])[0]?.['text'])
  const at = thought ? { ...place, summary_index: 0 } : { ...place, content_index: 0 }
  const part = thought ? { type: 'summary_text' } : { type: 'output_text', annotations: [], logprobs: [] }
  const [parts, texts] = thought ? ['response.reasoning_summary_part', 'response.reasoning_summary_text'] : ['response.content_part', 'response.output_text']
  return [
    { type: `${parts}.added`, ...at, part: { ...part, text: '' } },
    ...piecesOf(text).map((delta) => ({ type: `${texts}.delta`, ...at, delta, ...(thought ? {} : { logprobs: [] }) })),
    { type: `${texts}.done`, ...at, text, ...(thought ? {} : { logprobs: [] }) },
    { type: `${parts}.done`, ...at, part: { ...part, text } },
  ]
}

function frame(event: JsonObject): string {
  return `event: ${textOf(event['type'])}\ndata: ${JSON.stringify(event)}\n\n`
}

function hear(body: JsonObject): Heard {
  const items = listOf(body['input'])
  const ofType = (...types: readonly string[]): JsonObject[] => items.filter((item) => types.includes(textOf(item['type'])))
  const thoughts = ofType('reasoning')
  const parts = items.flatMap((item) => (Array.isArray(item['content']) ? listOf(item['content']) : []))
  return {
    signatures: thoughts.map((item) => textOf(item['encrypted_content'])).filter((data) => data !== ''),
    thoughts: [thoughts.flatMap((item) => listOf(item['summary'])).map((part) => textOf(part['text'])).join('')].filter((text) => text !== ''),
    calls: ofType('function_call').map((item) => ({ name: textOf(item['name']), arguments: JSON.parse(textOf(item['arguments'])) as unknown })),
    results: ofType('function_call_output').map((item) => textOf(item['output'])),
    files: parts.map((part) => textOf(part['image_url']) || textOf(part['file_data'])).filter((url) => url !== '').map(dataIn),
    schema: objectOf(objectOf(body['text'])['format'])['schema'],
    tools: listOf(body['tools']).map((tool) => textOf(tool['name'])),
    thinks: isObject(body['reasoning']),
  }
}
