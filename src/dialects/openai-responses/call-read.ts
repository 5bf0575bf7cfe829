import type { Call, Warning } from '../../core/call.ts'
import { Fault } from '../../core/fault.ts'
import { isObject, type Json, type JsonObject } from '../../core/json.ts'
import type { CallOrigin } from '../dialect.ts'
import { readCall as readChatCall } from '../openai-chat/call-read.ts'
import { refuse } from '../openai-chat/check.ts'
import { readInput } from './input-read.ts'
import { readTools } from './tools-read.ts'

/** Fields that mean the same in the chat shape, by the same name. */
const SAME = ['model', 'models', 'provider', 'plugins', 'route', 'preset', 'stream', 'temperature', 'top_p', 'top_k', 'frequency_penalty', 'presence_penalty', 'parallel_tool_calls',
  'max_tool_calls', 'metadata', 'modalities', 'image_config', 'cache_control', 'prompt_cache_key', 'prompt_cache_options', 'service_tier', 'session_id', 'trace', 'debug', 'transforms', 'reasoning'] as const

/** Fields that are read below, or that hold for our answer only. */
const READ = new Set<string>([...SAME, 'input', 'instructions', 'max_output_tokens', 'text', 'tools', 'tool_choice', 'user', 'safety_identifier', 'top_logprobs', 'include', 'store',
  'previous_response_id', 'conversation', 'background', 'prompt', 'stream_options', 'truncation', 'prompt_cache_retention'])

/** Fields of the chat shape whose faults are said by another name here. */
const OUR_NAMES: readonly (readonly [RegExp, string])[] = [
  [/^max_tokens\b/, 'max_output_tokens'], [/^response_format\.json_schema\.(name|schema)\b/, 'text.format.$1'], [/^response_format\.json_schema\b/, 'text.format'], [/^response_format\b/, 'text.format'],
  [/^verbosity\b/, 'text.verbosity'], [/^(tools\[\d+\])\.function\b/, '$1'], [/^tool_choice\.function\.name\b/, 'tool_choice.name'], [/^messages.*/, 'input'], [/^logprobs\b/, 'include'],
]

/** Reads a request of the Responses API (contract A5, B81). Throws Fault naming the field. */
export function readCall(sent: JsonObject, origin: CallOrigin): Call {
  const { body, unsaid } = chatBodyOf(sent)
  const call = inOurWords(() => readChatCall(body, origin))
  return { ...call, api: 'responses', dialect: 'openai-responses', native: sent, ...(unsaid.length > 0 ? { unsaid } : {}) }
}

/** A request of the Responses API in the chat shape, and what that has no words for. Throws Fault naming the field. */
export function chatBodyOf(sent: JsonObject): { readonly body: JsonObject; readonly unsaid: readonly Warning[] } {
  checkStateless(sent)
  const { instructions } = sent
  if (instructions !== undefined && instructions !== null && typeof instructions !== 'string') refuse('instructions', 'a string', instructions)
  const { messages, unsaid } = readInput(sent['input'], instructions ?? undefined)
  const body: JsonObject = { messages }
  for (const field of SAME) if (sent[field] !== undefined) body[field] = sent[field]
  if (sent['max_output_tokens'] !== undefined) body['max_tokens'] = sent['max_output_tokens']
  const user = sent['user'] ?? sent['safety_identifier']
  if (user !== undefined) body['user'] = user
  readText(sent['text'], body)
  readLogprobs(sent, body)
  readTools(sent, body, unsaid)
  noteUnsaid(sent, unsaid)
  return { body, unsaid }
}

/** Nothing is stored between requests: the client sends the whole conversation. */
function checkStateless(sent: JsonObject): void {
  if (sent['store'] !== undefined && sent['store'] !== null && sent['store'] !== false) {
    throw stateless('store', 'must be false: this API stores no responses; send the whole conversation in input')
  }
  for (const field of ['previous_response_id', 'conversation'] as const) {
    if (sent[field] !== undefined && sent[field] !== null) throw stateless(field, 'is not supported: this API stores no responses; send the whole conversation in input')
  }
  if (sent['prompt'] !== undefined && sent['prompt'] !== null) throw stateless('prompt', 'is not supported: this API stores no prompts; send the text in input or instructions')
  if (sent['background'] === true) throw stateless('background', 'must be false: this API stores no responses to be fetched later; stream it instead')
}

function stateless(field: string, why: string): Fault {
  return new Fault('invalid_request', `${field}: ${why}`, { metadata: { field } })
}

function readText(text: Json | undefined, body: JsonObject): void {
  if (text === undefined || text === null) return
  if (!isObject(text)) refuse('text', 'an object with a format', text)
  const { format, verbosity } = text
  if (verbosity !== undefined && verbosity !== null) body['verbosity'] = verbosity
  if (format === undefined || format === null) return
  if (!isObject(format)) refuse('text.format', 'an object with a type', format)
  const { type, ...schema } = format
  body['response_format'] = type === 'json_schema' ? { type, json_schema: schema } : format
}

function readLogprobs(sent: JsonObject, body: JsonObject): void {
  const { include, top_logprobs: top } = sent
  if (include !== undefined && include !== null && !Array.isArray(include)) refuse('include', 'an array of strings', include)
  const asked = Array.isArray(include) && include.includes('message.output_text.logprobs')
  if (!asked && (top === undefined || top === null || top === 0)) return
  body['logprobs'] = true
  if (top !== undefined && top !== null) body['top_logprobs'] = top
}

function noteUnsaid(sent: JsonObject, unsaid: Warning[]): void {
  for (const field in sent) {
    const value = sent[field]
    if (!READ.has(field) && value !== undefined && value !== null) unsaid.push({ field, why: 'can only be said to a provider of the Responses API' })
  }
  if (sent['truncation'] === 'auto') unsaid.push({ field: 'truncation', why: 'this provider does not shorten a conversation by itself' })
}

/** A fault of the chat reader by the names of the fields that our client sent. */
function inOurWords<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    const field = error.options.metadata?.['field']
    if (typeof field !== 'string') throw error
    const row = OUR_NAMES.find(([name]) => name.test(field))
    if (!row) throw error
    const ours = field.replace(row[0], row[1])
    throw new Fault(error.code, error.message.replace(field, ours), { ...error.options, metadata: { ...error.options.metadata, field: ours } })
  }
}
