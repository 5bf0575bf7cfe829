import { isObject, type JsonObject } from '../../src/core/json.ts'

/**
 * What is wrong with a request for OpenAI's `POST /responses`, as a strict provider would see it; nothing when it is
 * valid. By OpenAI's API reference of November 2026 and by what the recordings show it refuses: types and ranges of the
 * fields that we send, the order of items (a result after its call, a thought before its item), no field that is
 * OpenRouter's or ours alone, and nothing that needs a stored response.
 */
export function problemsOfResponsesRequest(body: unknown): string[] {
  if (!isObject(body)) return ['body: not an object']
  const problems: string[] = []
  if (typeof body['model'] !== 'string' || body['model'] === '') problems.push('model: not a name')
  if (body['store'] !== false) problems.push('store: not false')
  for (const [field, value] of Object.entries(body)) {
    const check = FIELDS[field]
    if (FOREIGN.has(field)) problems.push(`${field}: not a field of OpenAI's`)
    else if (check && value !== null && !check(value)) problems.push(`${field}: ${JSON.stringify(value).slice(0, 80)}`)
  }
  if (isObject(body['tool_choice']) && body['tools'] === undefined) problems.push('tool_choice without tools')
  return [...problems, ...problemsOfInput(body['input'])]
}

/** The contract's own fields, chat completions' names for what has another name here, and what needs storage. */
const FOREIGN = new Set(['models', 'provider', 'plugins', 'transforms', 'route', 'preset', 'usage', 'session_id', 'trace', 'debug', 'cache_control', 'image_config', 'modalities', 'messages',
  'max_tokens', 'max_completion_tokens', 'response_format', 'reasoning_effort', 'stop', 'seed', 'n', 'logit_bias', 'logprobs', 'verbosity', 'previous_response_id', 'conversation'])

const isNumber = (min: number, max: number) => (value: unknown): boolean => typeof value === 'number' && value >= min && value <= max
const isBoolean = (value: unknown): boolean => typeof value === 'boolean'
const isString = (value: unknown): value is string => typeof value === 'string'
const NAME = /^[\w-]{1,64}$/
const INCLUDES = new Set(['file_search_call.results', 'message.input_image.image_url', 'computer_call_output.output.image_url', 'reasoning.encrypted_content', 'code_interpreter_call.outputs', 'message.output_text.logprobs', 'web_search_call.action.sources', 'web_search_call.results'])
const EFFORTS = new Set(['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'])

const FIELDS: Readonly<Record<string, (value: unknown) => boolean>> = {
  temperature: isNumber(0, 2), top_p: isNumber(0, 1), top_logprobs: isNumber(0, 20), max_output_tokens: (value) => isNumber(16, 1e9)(value) && Number.isInteger(value),
  stream: isBoolean, parallel_tool_calls: isBoolean, instructions: isString, user: isString,
  include: (value) => Array.isArray(value) && value.every((one) => isString(one) && INCLUDES.has(one)),
  tools: (value) => Array.isArray(value) && value.length > 0 && value.every(isTool),
  tool_choice: (value) => (isString(value) ? ['none', 'auto', 'required'].includes(value) : isObject(value) && isString(value['type']) && value['function'] === undefined),
  text: (value) => isObject(value) && (value['format'] === undefined || isFormat(value['format'])) && [undefined, null, 'low', 'medium', 'high'].includes(value['verbosity'] as undefined),
  reasoning: (value) => isObject(value) && (value['effort'] === undefined || value['effort'] === null || EFFORTS.has(String(value['effort']))) && ['enabled', 'max_tokens', 'exclude'].every((field) => value[field] === undefined),
}

function isFormat(format: unknown): boolean {
  if (!isObject(format)) return false
  return format['type'] === 'json_schema' ? isString(format['name']) && NAME.test(format['name']) && isObject(format['schema']) && format['json_schema'] === undefined : format['type'] === 'text' || format['type'] === 'json_object'
}

function isTool(tool: unknown): boolean {
  if (!isObject(tool) || !isString(tool['type']) || tool['type'].startsWith('openrouter:') || tool['function'] !== undefined) return false
  if (tool['type'] === 'custom') return isString(tool['name'])
  return tool['type'] !== 'function' || (isString(tool['name']) && NAME.test(tool['name']) && (isObject(tool['parameters']) || tool['parameters'] === null || tool['parameters'] === undefined))
}

/** Calls and how their results are called. */
const RESULTS: Readonly<Record<string, string>> = {
  function_call: 'function_call_output', custom_tool_call: 'custom_tool_call_output', local_shell_call: 'local_shell_call_output', apply_patch_call: 'apply_patch_call_output', tool_search_call: 'tool_search_output',
}
const RESULT_TYPES = new Set(Object.values(RESULTS))

function problemsOfInput(input: unknown): string[] {
  if (isString(input)) return []
  if (!Array.isArray(input) || input.length === 0) return ['input: empty']
  const problems: string[] = []
  const open = new Map<string, string>()
  input.forEach((item: unknown, at) => {
    const say = (what: string): void => { problems.push(`input[${at}]: ${what}`) }
    if (!isObject(item)) return say('not an object')
    const type = item['type'] ?? 'message'
    if (!isString(type)) return say(`type ${JSON.stringify(type)}`)
    const id = String(item['call_id'])
    if (RESULTS[type] !== undefined) open.set(id, RESULTS[type] ?? '')
    else if (RESULT_TYPES.has(type)) {
      if (open.get(id) !== type) say(`answers ${id}, which was not called before it`)
      open.delete(id)
    }
    problemsOfItem(type, item, say)
    if (type === 'reasoning' && !leads(input[at + 1])) say('reasoning without the item it led to')
  })
  for (const [id, type] of open) if (type !== 'tool_search_output') problems.push(`input: ${id} has no result`)
  return problems
}

/** What may follow a thought: what the model did next, never what somebody else said. */
function leads(next: unknown): boolean {
  if (!isObject(next)) return false
  return next['role'] === 'assistant' || (isString(next['type']) && next['type'] !== 'message' && !RESULT_TYPES.has(next['type']))
}

const INPUT_PARTS: Readonly<Record<string, (part: JsonObject) => boolean>> = {
  input_text: (part) => isString(part['text']),
  input_image: (part) => isString(part['file_id']) || (isString(part['image_url']) && /^(https?|data):/.test(part['image_url'])),
  input_file: (part) => isString(part['file_id']) || isString(part['file_url']) || (isString(part['file_data']) && isString(part['filename'])),
  input_audio: (part) => isObject(part['input_audio']),
}
const OUTPUT_PARTS: Readonly<Record<string, (part: JsonObject) => boolean>> = { output_text: (part) => isString(part['text']), refusal: (part) => isString(part['refusal']) }

function problemsOfItem(type: string, item: JsonObject, say: (what: string) => void): void {
  for (const field of ['signature', 'format'] as const) if (item[field] !== undefined && type === 'reasoning') say(`${field} is no field of a thought`)
  if (type === 'message') {
    if (!['user', 'assistant', 'system', 'developer'].includes(String(item['role']))) say(`role ${String(item['role'])}`)
    problemsOfContent(item['content'], item['role'] === 'assistant' ? OUTPUT_PARTS : INPUT_PARTS, say)
  } else if (type === 'reasoning') {
    if (!isString(item['id']) || !Array.isArray(item['summary'])) say('reasoning without id or summary')
    if (isString(item['encrypted_content']) && item['encrypted_content'].startsWith('swr1.')) say("another provider's reasoning")
    if (!isString(item['encrypted_content']) && !(Array.isArray(item['content']) && item['content'].length > 0) && isString(item['id']) && item['id'].startsWith('rs_')) say('reasoning that would have to be stored')
  } else if (type === 'function_call') {
    if (!isString(item['call_id']) || !isString(item['name']) || !isString(item['arguments'])) say('function_call')
  } else if (type === 'custom_tool_call') {
    if (!isString(item['call_id']) || !isString(item['name']) || !isString(item['input'])) say('custom_tool_call')
  } else if (type === 'function_call_output' || type === 'custom_tool_call_output') {
    problemsOfContent(item['output'], INPUT_PARTS, say)
  } else if (type === 'item_reference') {
    say('refers to what is not stored')
  }
}

function problemsOfContent(content: unknown, parts: Readonly<Record<string, (part: JsonObject) => boolean>>, say: (what: string) => void): void {
  if (isString(content)) return
  if (!Array.isArray(content) || content.length === 0) return say(`content ${JSON.stringify(content)?.slice(0, 60)}`)
  for (const part of content) {
    const check = isObject(part) ? parts[String(part['type'])] : undefined
    if (!isObject(part) || !check?.(part)) say(`part ${JSON.stringify(part).slice(0, 80)}`)
  }
}
