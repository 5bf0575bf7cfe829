import { isObject, type Json, type JsonObject } from '../../src/core/json.ts'
import { clean, schemaFormat } from './chat-parts.ts'
import { listOf, objectOf, textOf } from './meaning.ts'

/** A recorded Anthropic request as a chat request; what chat completions cannot say is left out. */
export function fromAnthropic(body: JsonObject): JsonObject {
  const system = typeof body['system'] === 'string' ? [{ role: 'system', content: body['system'] }]
    : listOf(body['system']).length > 0 ? [{ role: 'system', content: listOf(body['system']).map(textPart) }] : []
  const tools = listOf(body['tools']).filter((tool) => isObject(tool['input_schema'])).map(anthropicTool)
  return clean({
    messages: [...system, ...turns(listOf(body['messages'])).flatMap(fromAnthropicMessage)],
    max_tokens: body['max_tokens'],
    temperature: body['temperature'],
    stop: body['stop_sequences'],
    tools: tools.length > 0 ? tools : undefined,
    ...(tools.length > 0 ? anthropicChoice(objectOf(body['tool_choice'])) : {}),
    reasoning: anthropicReasoning(objectOf(body['thinking']), textOf(objectOf(body['output_config'])['effort'])),
    response_format: schemaFormat(objectOf(objectOf(body['output_config'])['format'])['schema']),
    cache_control: body['cache_control'],
  })
}

function anthropicTool(tool: JsonObject): JsonObject {
  return clean({ type: 'function', cache_control: tool['cache_control'], function: clean({ name: tool['name'], description: tool['description'], parameters: tool['input_schema'], strict: tool['strict'] }) })
}

function anthropicChoice(choice: JsonObject): JsonObject {
  const named = { type: 'function', function: { name: choice['name'] } }
  const said = choice['type'] === 'any' ? 'required' : choice['type'] === 'tool' ? named : choice['type']
  return clean({ tool_choice: said, parallel_tool_calls: choice['disable_parallel_tool_use'] === true ? false : undefined })
}

function anthropicReasoning(thinking: JsonObject, effort: string): JsonObject | undefined {
  if (thinking['type'] === 'enabled') return { max_tokens: thinking['budget_tokens'] }
  if (effort !== '') return { effort }
  return thinking['type'] === 'adaptive' ? { enabled: true } : undefined
}

/** Messages of the model right after one another as one: in chat, the results of all their calls follow the calls. */
function turns(messages: readonly JsonObject[]): JsonObject[] {
  const joined: JsonObject[] = []
  for (const message of messages) {
    const last = joined.at(-1)
    if (last && message['role'] === 'assistant' && last['role'] === 'assistant') last['content'] = [...listOf(last['content']), ...listOf(message['content'])]
    else joined.push({ ...message })
  }
  return joined
}

function fromAnthropicMessage(message: JsonObject): JsonObject[] {
  const role = textOf(message['role'])
  if (typeof message['content'] === 'string') return [{ role, content: message['content'] }]
  const blocks = listOf(message['content'])
  if (role === 'assistant') return fromAnthropicAssistant(blocks)
  const results = blocks.filter((block) => block['type'] === 'tool_result').map((block): JsonObject => ({ role: 'tool', tool_call_id: block['tool_use_id'], content: resultContent(block['content']) }))
  const parts = blocks.flatMap(anthropicPart)
  return [...results, ...(parts.length > 0 ? [{ role, content: parts }] : [])]
}

function fromAnthropicAssistant(blocks: readonly JsonObject[]): JsonObject[] {
  const text = blocks.filter((block) => block['type'] === 'text').map((block) => textOf(block['text'])).join('')
  const details = blocks.flatMap((block, index) => anthropicThought(block, index))
  const calls = blocks.filter((block) => block['type'] === 'tool_use').map((block) => ({ id: block['id'], type: 'function', function: { name: block['name'], arguments: JSON.stringify(block['input'] ?? {}) } }))
  if (text === '' && details.length === 0 && calls.length === 0) return []
  return [clean({ role: 'assistant', content: text === '' && calls.length > 0 ? null : text, reasoning_details: details.length > 0 ? details : undefined, tool_calls: calls.length > 0 ? calls : undefined })]
}

function anthropicThought(block: JsonObject, index: number): JsonObject[] {
  const format = 'anthropic-claude-v1'
  if (block['type'] === 'thinking') return [{ type: 'reasoning.text', text: block['thinking'], signature: block['signature'], format, index }]
  if (block['type'] === 'redacted_thinking') return [{ type: 'reasoning.encrypted', data: block['data'], format, index }]
  return []
}

function resultContent(content: Json | undefined): Json {
  if (typeof content === 'string') return content
  const parts = listOf(content).flatMap(anthropicPart)
  const [only] = parts
  return parts.length === 1 && only?.['type'] === 'text' && only['cache_control'] === undefined ? textOf(only['text']) : parts.length === 0 ? '' : parts
}

/** A content block of a user's turn as a part; nothing for those that chat completions cannot say. */
function anthropicPart(block: JsonObject): JsonObject[] {
  const source = objectOf(block['source'])
  const url = source['type'] === 'url' ? textOf(source['url']) : source['type'] === 'base64' ? `data:${textOf(source['media_type'])};base64,${textOf(source['data'])}` : ''
  if (block['type'] === 'text') return [textPart(block)]
  if (block['type'] === 'image' && url !== '') return [clean({ type: 'image_url', image_url: { url }, cache_control: block['cache_control'] })]
  if (block['type'] === 'document' && url !== '') return [clean({ type: 'file', file: clean({ filename: block['title'] ?? 'document.pdf', file_data: url }), cache_control: block['cache_control'] })]
  return []
}

function textPart(block: JsonObject): JsonObject {
  return clean({ type: 'text', text: block['text'], cache_control: block['cache_control'] })
}
