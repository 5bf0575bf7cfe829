import { isObject, type JsonObject } from '../../src/core/json.ts'

/**
 * What is wrong with a request for OpenAI's `POST /chat/completions`, as a strict provider would see it; nothing when
 * it is valid. By OpenAI's API reference of November 2026: types and ranges of the fields that we send, the order of
 * tool results, and no field that is OpenRouter's alone.
 */
export function problemsOfOpenaiRequest(body: unknown): string[] {
  if (!isObject(body)) return ['body: not an object']
  const problems: string[] = []
  if (typeof body['model'] !== 'string' || body['model'] === '') problems.push('model: not a name')
  for (const field of FOREIGN) if (body[field] !== undefined) problems.push(`${field}: not a field of OpenAI's`)
  for (const [field, value] of Object.entries(body)) {
    const check = FIELDS[field]
    if (value === null) problems.push(`${field}: null`)
    else if (check && !check(value)) problems.push(`${field}: ${JSON.stringify(value).slice(0, 80)}`)
  }
  if (body['max_tokens'] !== undefined && body['max_completion_tokens'] !== undefined) problems.push('max_tokens and max_completion_tokens together')
  if (body['stream_options'] !== undefined && body['stream'] !== true) problems.push('stream_options without stream')
  if (body['tool_choice'] !== undefined && body['tools'] === undefined && body['tool_choice'] !== 'none') problems.push('tool_choice without tools')
  return [...problems, ...problemsOfMessages(body['messages'])]
}

/** The contract's own fields: a provider that is not OpenRouter refuses or ignores them. */
const FOREIGN = ['models', 'provider', 'plugins', 'transforms', 'route', 'preset', 'usage', 'include_reasoning', 'session_id', 'trace', 'debug']

const isNumber = (min: number, max: number) => (value: unknown): boolean => typeof value === 'number' && value >= min && value <= max
const isCount = (value: unknown): boolean => typeof value === 'number' && Number.isInteger(value) && value >= 1
const isBoolean = (value: unknown): boolean => typeof value === 'boolean'

const FIELDS: Readonly<Record<string, (value: unknown) => boolean>> = {
  temperature: isNumber(0, 2), top_p: isNumber(0, 1), frequency_penalty: isNumber(-2, 2), presence_penalty: isNumber(-2, 2),
  max_tokens: isCount, max_completion_tokens: isCount, n: isCount, top_logprobs: isNumber(0, 20),
  stream: isBoolean, logprobs: isBoolean, parallel_tool_calls: isBoolean, store: isBoolean,
  stop: (value) => typeof value === 'string' || (Array.isArray(value) && value.length <= 4 && value.every((one) => typeof one === 'string')),
  tools: (value) => Array.isArray(value) && value.length > 0 && value.every(isTool),
  tool_choice: (value) => (typeof value === 'string' ? ['none', 'auto', 'required'].includes(value) : isObject(value) && typeof value['type'] === 'string'),
  response_format: (value) => isObject(value) && (value['type'] !== 'json_schema' || (isObject(value['json_schema']) && NAME.test(String(value['json_schema']['name'])))),
  stream_options: (value) => isObject(value),
  user: (value) => typeof value === 'string',
}

const NAME = /^[\w-]{1,64}$/

function isTool(tool: unknown): boolean {
  if (!isObject(tool) || typeof tool['type'] !== 'string') return false
  return tool['type'] !== 'function' || (isObject(tool['function']) && NAME.test(String(tool['function']['name'])))
}

function problemsOfMessages(messages: unknown): string[] {
  if (!Array.isArray(messages) || messages.length === 0) return ['messages: empty']
  const problems: string[] = []
  /** Calls of the last assistant message that no result has answered. */
  let open = new Set<string>()
  messages.forEach((message: unknown, at) => {
    const say = (what: string): void => { problems.push(`messages[${at}]: ${what}`) }
    if (!isObject(message)) return say('not an object')
    if (message['role'] === 'tool') {
      if (!open.delete(String(message['tool_call_id']))) say(`answers ${String(message['tool_call_id'])}, which was not called right before`)
    } else {
      if (open.size > 0) say(`follows calls without answers: ${[...open].join(', ')}`)
      open = new Set()
    }
    problemsOfMessage(message, say)
    if (Array.isArray(message['tool_calls'])) open = new Set(message['tool_calls'].map((call) => String(isObject(call) ? call['id'] : '')))
  })
  return problems
}

const ROLES = new Set(['system', 'developer', 'user', 'assistant', 'tool', 'function'])
const PARTS: Readonly<Record<string, string>> = { text: 'text', image_url: 'image_url', input_audio: 'input_audio', file: 'file', video_url: 'video_url', refusal: 'refusal' }

function problemsOfMessage(message: JsonObject, say: (what: string) => void): void {
  const { role, content, tool_calls: calls } = message
  if (typeof role !== 'string' || !ROLES.has(role)) say(`role ${String(role)}`)
  if (Array.isArray(content)) {
    for (const part of content) if (!isObject(part) || (typeof part['type'] === 'string' && Object.hasOwn(PARTS, part['type']) && part[PARTS[part['type']] ?? ''] === undefined)) say(`part ${JSON.stringify(part).slice(0, 60)}`)
  } else if (typeof content !== 'string' && !(role === 'assistant' && (content === null || content === undefined))) {
    say(`content ${JSON.stringify(content)}`)
  }
  if (calls === undefined) return
  if (role !== 'assistant' || !Array.isArray(calls) || calls.length === 0) return say('tool_calls')
  for (const call of calls) {
    const named: unknown = isObject(call) ? call['function'] : undefined
    if (!isObject(call) || typeof call['id'] !== 'string' || !isObject(named) || typeof named['name'] !== 'string' || typeof named['arguments'] !== 'string') say(`call ${JSON.stringify(call).slice(0, 80)}`)
  }
}
