import { isObject, type JsonObject } from '../../src/core/json.ts'
import { clean } from './chat-parts.ts'
import { listOf, objectOf, textOf } from './meaning.ts'

const FORMATS: Readonly<Record<string, string>> = { azure: 'azure-openai-responses-v1', 'amazon-bedrock-mantle': 'openai-responses-v1', xai: 'xai-responses-v1' }

/** A recorded request of the Responses API as a chat request; what chat completions cannot say is left out. */
export function fromResponses(body: JsonObject, provider: string): JsonObject {
  const { input, instructions } = body
  const format = objectOf(objectOf(body['text'])['format'])
  const tools = listOf(body['tools']).filter((tool) => tool['type'] === 'function').map(({ type, ...fn }) => ({ type, function: fn }))
  const items = typeof input === 'string' ? [{ role: 'user', content: input }] : listOf(input)
  const messages = [...(typeof instructions === 'string' ? [{ role: 'system', content: instructions }] : []), ...fromItems(items, FORMATS[provider] ?? 'openai-responses-v1')]
  return clean({
    messages: messages.some((message) => message['role'] !== 'system') ? messages : [...messages, { role: 'user', content: 'Go on.' }],
    tools: tools.length > 0 ? tools : undefined,
    tool_choice: tools.length > 0 && typeof body['tool_choice'] === 'string' ? body['tool_choice'] : undefined,
    parallel_tool_calls: tools.length > 0 ? body['parallel_tool_calls'] : undefined,
    temperature: body['temperature'],
    max_tokens: body['max_output_tokens'],
    reasoning: isObject(body['reasoning']) ? clean({ effort: body['reasoning']['effort'], summary: body['reasoning']['summary'] ?? undefined }) : undefined,
    response_format: format['type'] === 'json_schema' ? { type: 'json_schema', json_schema: { name: format['name'], strict: format['strict'], schema: format['schema'] } } : undefined,
  })
}

/** What the model did in one turn is one message; whose turn it is next ends it. */
function fromItems(items: readonly JsonObject[], format: string): JsonObject[] {
  const messages: JsonObject[] = []
  const answered = new Set(items.filter((item) => item['type'] === 'function_call_output').map((item) => textOf(item['call_id'])))
  let turn: { content: string | null; tool_calls: JsonObject[]; reasoning_details: JsonObject[]; at: number } | undefined
  const end = (): void => {
    if (turn && (turn.content !== null || turn.tool_calls.length > 0)) {
      messages.push({ role: 'assistant', content: turn.content, ...(turn.tool_calls.length > 0 ? { tool_calls: turn.tool_calls } : {}), ...(turn.reasoning_details.length > 0 ? { reasoning_details: turn.reasoning_details } : {}) })
    }
    turn = undefined
  }
  for (const item of items) {
    turn ??= { content: null, tool_calls: [], reasoning_details: [], at: 0 }
    if (item['type'] === 'reasoning') turn.reasoning_details.push(...detailsOf(item, format, turn.at++))
    else if (item['type'] === 'function_call' && answered.has(textOf(item['call_id']))) {
      turn.at++
      turn.tool_calls.push({ id: item['call_id'], type: 'function', function: { name: item['name'], arguments: item['arguments'] } })
    } else if (item['role'] === 'assistant') {
      turn.at++
      turn.content = (turn.content ?? '') + said(item['content'])
    } else if (item['type'] === 'function_call_output') {
      end()
      // The call is in a response that was stored: here it has to be in the conversation.
      if (!items.some((call) => call['type'] === 'function_call' && call['call_id'] === item['call_id'])) continue
      messages.push({ role: 'tool', tool_call_id: item['call_id'], content: typeof item['output'] === 'string' ? item['output'] : parts(listOf(item['output'])) })
    } else if (item['role'] !== undefined && item['type'] !== 'additional_tools') {
      end()
      messages.push({ role: item['role'], content: typeof item['content'] === 'string' ? item['content'] : parts(listOf(item['content'])) })
    }
  }
  end()
  return messages
}

function detailsOf(item: JsonObject, format: string, index: number): JsonObject[] {
  const common = { format, index, ...(textOf(item['id']) === '' ? {} : { id: item['id'] }) }
  const summary = listOf(item['summary']).map((part) => textOf(part['text'])).join('\n\n')
  const text = listOf(item['content']).map((part) => textOf(part['text'])).join('')
  return [
    ...(summary === '' ? [] : [{ type: 'reasoning.summary', summary, ...common }]),
    ...(text === '' ? [] : [{ type: 'reasoning.text', text, ...common }]),
    ...(textOf(item['encrypted_content']) === '' ? [] : [{ type: 'reasoning.encrypted', data: item['encrypted_content'], ...common }]),
  ]
}

function said(content: JsonObject[string]): string {
  return typeof content === 'string' ? content : listOf(content).map((part) => textOf(part['text'])).join('')
}

function parts(list: readonly JsonObject[]): JsonObject[] {
  return list.flatMap((part): JsonObject[] => {
    if (part['type'] === 'input_text') return [{ type: 'text', text: part['text'] }]
    if (part['type'] === 'input_image' && typeof part['image_url'] !== 'string') return [{ type: 'file', file: { file_id: part['file_id'] } }]
    if (part['type'] === 'input_image') return [{ type: 'image_url', image_url: { url: part['image_url'] } }]
    if (part['type'] === 'input_file') return [{ type: 'file', file: clean({ filename: part['filename'], file_data: part['file_data'] ?? part['file_url'], file_id: part['file_id'] }) }]
    return [{ type: 'text', text: '(left out)' }]
  })
}
