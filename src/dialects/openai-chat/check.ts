import { EFFORTS } from '../../core/call.ts'
import { Fault } from '../../core/fault.ts'
import { isObject } from '../../core/json.ts'

/** Looks at one field; throws the fault that names it. A field that is null counts as absent before this. */
export type Check = (value: unknown, field: string) => void

/** The contract's error for a field: which one, what is wrong, what it may be. */
export function refuse(field: string, must: string, value: unknown): never {
  throw new Fault('invalid_request', `${field}: must be ${must}, not ${describe(value)}`, { metadata: { field } })
}

/** What a wrong value is, without repeating content: a type, and the value itself where it is a number or boolean. */
export function describe(value: unknown): string {
  if (value === undefined) return 'absent'
  if (value === null) return 'null'
  if (Array.isArray(value)) return value.length === 0 ? 'an empty array' : 'an array'
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (typeof value === 'string') return value.length === 0 ? 'an empty string' : value.length <= 32 ? `the string ${JSON.stringify(value)}` : `a string of ${value.length} characters`
  return 'an object'
}

function number(min: number, max: number): Check {
  return (value, field) => {
    if (typeof value !== 'number' || !(value >= min && value <= max)) refuse(field, `a number from ${min} to ${max}`, value)
  }
}

function integer(min: number, max = Number.MAX_SAFE_INTEGER): Check {
  const must = max === Number.MAX_SAFE_INTEGER ? `an integer of at least ${min}` : `an integer from ${min} to ${max}`
  return (value, field) => {
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < min || value > max) refuse(field, must, value)
  }
}

function text(max: number): Check {
  return (value, field) => {
    if (typeof value !== 'string' || value.length > max) refuse(field, `a string of at most ${max} characters`, value)
  }
}

function oneOf(...values: readonly string[]): Check {
  const must = `one of ${values.map((value) => `"${value}"`).join(', ')}`
  return (value, field) => {
    if (typeof value !== 'string' || !values.includes(value)) refuse(field, must, value)
  }
}

const boolean: Check = (value, field) => {
  if (typeof value !== 'boolean') refuse(field, 'true or false', value)
}

const object: Check = (value, field) => {
  if (!isObject(value)) refuse(field, 'an object', value)
}

const array: Check = (value, field) => {
  if (!Array.isArray(value)) refuse(field, 'an array', value)
}

const strings: Check = (value, field) => {
  if (!Array.isArray(value)) refuse(field, 'an array of strings', value)
  value.forEach((item: unknown, index) => {
    if (typeof item !== 'string') refuse(`${field}[${index}]`, 'a string', item)
  })
}

const modalities: Check = (value, field) => {
  strings(value, field)
  // `strings` has just shown that it is an array.
  ;(value as string[]).forEach((item, index) => oneOf('text', 'image', 'audio', 'video')(item, `${field}[${index}]`))
}

const stop: Check = (value, field) => {
  if (typeof value === 'string') return
  strings(value, field)
  // `strings` has just shown that it is an array.
  const { length } = value as string[]
  if (length > 4) throw new Fault('invalid_request', `${field}: has ${length} strings; at most 4 are taken`, { metadata: { field } })
}

const logitBias: Check = (value, field) => {
  if (!isObject(value)) refuse(field, 'an object of token id → bias', value)
  for (const [token, bias] of Object.entries(value)) number(-100, 100)(bias, `${field}.${token}`)
}

const METADATA_MAX = { pairs: 16, key: 64, value: 512 }

const metadata: Check = (value, field) => {
  if (!isObject(value)) refuse(field, 'an object of strings', value)
  const entries = Object.entries(value)
  if (entries.length > METADATA_MAX.pairs) throw new Fault('invalid_request', `${field}: has ${entries.length} pairs; at most ${METADATA_MAX.pairs} are taken`, { metadata: { field } })
  for (const [key, item] of entries) {
    if (key.length > METADATA_MAX.key || /[[\]]/.test(key)) refuse(field, `an object with keys of at most ${METADATA_MAX.key} characters and no brackets`, key)
    text(METADATA_MAX.value)(item, `${field}.${key}`)
  }
}

const responseFormat: Check = (value, field) => {
  if (!isObject(value)) refuse(field, 'an object with a type', value)
  oneOf('text', 'json_object', 'json_schema', 'grammar', 'python')(value['type'], `${field}.type`)
  if (value['type'] === 'grammar' && typeof value['grammar'] !== 'string') refuse(`${field}.grammar`, 'a string', value['grammar'])
  if (value['type'] !== 'json_schema') return
  const schema = value['json_schema']
  if (!isObject(schema)) refuse(`${field}.json_schema`, 'an object with name and schema', schema)
  text(64)(schema['name'], `${field}.json_schema.name`)
  if (schema['schema'] !== undefined) object(schema['schema'], `${field}.json_schema.schema`)
}

const FUNCTION_NAME = /^[A-Za-z0-9_-]{1,64}$/

const tools: Check = (value, field) => {
  if (!Array.isArray(value)) refuse(field, 'an array of tools', value)
  value.forEach((tool: unknown, index) => checkTool(tool, `${field}[${index}]`))
}

function checkTool(tool: unknown, field: string): void {
  if (!isObject(tool)) refuse(field, 'an object', tool)
  const type = tool['type']
  if (typeof type === 'string' && type.startsWith('openrouter:')) {
    throw new Fault('invalid_request', `${field}.type: the server tool ${JSON.stringify(type)} is not available on this server; remove it from tools`, { metadata: { field: `${field}.type` } })
  }
  if (type !== 'function') {
    // Tools of a provider's own (`web_search_20250305`, `{ googleSearch: {} }`, custom): carried to who knows them.
    if (type !== undefined && typeof type !== 'string') refuse(`${field}.type`, 'a string', type)
    if (Object.keys(tool).length === 0) refuse(`${field}.type`, '"function", or the name of a tool of the provider\'s own', type)
    return
  }
  const fn = tool['function']
  if (!isObject(fn)) refuse(`${field}.function`, 'an object with a name', fn)
  const name = fn['name']
  if (typeof name !== 'string' || !FUNCTION_NAME.test(name)) refuse(`${field}.function.name`, 'a string of 1 to 64 letters, digits, _ and -', name)
  if (fn['description'] !== undefined && fn['description'] !== null && typeof fn['description'] !== 'string') refuse(`${field}.function.description`, 'a string', fn['description'])
  if (fn['parameters'] !== undefined && fn['parameters'] !== null) object(fn['parameters'], `${field}.function.parameters`)
}

const toolChoice: Check = (value, field) => {
  if (typeof value === 'string') return oneOf('none', 'auto', 'required')(value, field)
  if (!isObject(value)) refuse(field, '"none", "auto", "required" or an object that names a function', value)
  if (value['type'] !== 'function') return
  const fn = value['function']
  if (!isObject(fn) || typeof fn['name'] !== 'string') refuse(`${field}.function.name`, 'the name of one of the tools', isObject(fn) ? fn['name'] : fn)
}

const reasoning: Check = (value, field) => {
  if (!isObject(value)) refuse(field, 'an object', value)
  if (value['effort'] !== undefined && value['effort'] !== null) oneOf(...EFFORTS)(value['effort'], `${field}.effort`)
  if (value['max_tokens'] !== undefined && value['max_tokens'] !== null) integer(0)(value['max_tokens'], `${field}.max_tokens`)
  if (value['effort'] !== undefined && value['effort'] !== null && value['max_tokens'] !== undefined && value['max_tokens'] !== null) {
    throw new Fault('invalid_request', `${field}: has both effort and max_tokens; send one of them`, { metadata: { field } })
  }
  for (const flag of ['enabled', 'exclude']) if (value[flag] !== undefined && value[flag] !== null) boolean(value[flag], `${field}.${flag}`)
}

/** Every field of the body that we know, but messages, model, models and provider, which have readers of their own. */
export const CHECKS: ReadonlyMap<string, Check> = new Map<string, Check>([
  ['temperature', number(0, 2)], ['top_p', number(0, 1)], ['top_k', integer(0)], ['min_p', number(0, 1)], ['top_a', number(0, 1)],
  ['frequency_penalty', number(-2, 2)], ['presence_penalty', number(-2, 2)], ['repetition_penalty', number(0, 2)],
  ['seed', integer(Number.MIN_SAFE_INTEGER)], ['max_tokens', integer(1)], ['max_completion_tokens', integer(1)], ['n', integer(1, 128)],
  ['logit_bias', logitBias], ['logprobs', boolean], ['top_logprobs', integer(0, 20)], ['stop', stop], ['stream', boolean],
  ['stream_options', object], ['response_format', responseFormat], ['tools', tools], ['tool_choice', toolChoice], ['parallel_tool_calls', boolean],
  ['reasoning', reasoning], ['reasoning_effort', oneOf(...EFFORTS)], ['include_reasoning', boolean],
  ['verbosity', oneOf('low', 'medium', 'high', 'xhigh', 'max')], ['prediction', object], ['metadata', metadata], ['user', text(256)],
  ['session_id', text(256)], ['trace', object], ['modalities', modalities], ['audio', object], ['image_config', object], ['plugins', array],
  ['transforms', strings], ['debug', object], ['cache_control', object], ['service_tier', oneOf('auto', 'default', 'fast', 'flex', 'priority', 'scale')],
  ['web_search_options', object], ['prompt_cache_key', text(1024)], ['prompt_cache_options', object], ['usage', object], ['route', oneOf('fallback', 'sort')],
  ['structured_outputs', boolean], ['preset', text(256)], ['max_tool_calls', integer(1)],
])
