import type { Call, Warning } from '../../core/call.ts'
import { asString, isObject, type Json, type JsonObject } from '../../core/json.ts'
import { hashedUser } from '../../core/user.ts'
import type { Endpoint } from '../../catalog/endpoint.ts'
import type { WireRequest } from '../dialect.ts'
import { writeTier } from '../service-tier.ts'
import { wireBody } from '../wire-body.ts'
import { wantedEffort } from './effort.ts'
import { writeInput } from './input-write.ts'
import { writeNative } from './native-write.ts'
import { writeTools } from './tools-write.ts'

const ENCRYPTED = 'reasoning.encrypted_content'
const LOGPROBS = 'message.output_text.logprobs'
/** OpenAI takes no smaller limit. */
const OUTPUT_TOKENS_MIN = 16

/** Fields that mean the same here, and the name by which an endpoint lists them where it may not take them. */
const SAME: Readonly<Record<string, string | undefined>> = { temperature: 'temperature', top_p: 'top_p', parallel_tool_calls: 'parallel_tool_calls', prompt_cache_key: undefined, prompt_cache_options: undefined, prompt_cache_retention: undefined }

/** Fields that are said below, or that are ours and no provider's. */
const SAID = new Set(['model', 'models', 'messages', 'prompt', 'stream', 'stream_options', 'max_tokens', 'max_completion_tokens', 'tools', 'tool_choice', 'response_format', 'reasoning',
  'reasoning_effort', 'include_reasoning', 'verbosity', 'logprobs', 'top_logprobs', 'user', 'provider', 'route', 'plugins', 'transforms', 'preset', 'session_id', 'trace', 'debug', 'usage',
  'metadata', 'service_tier', 'structured_outputs', 'max_tool_calls', 'cache_control', 'store', 'safety_identifier', 'speed', ...Object.keys(SAME)])
/** Values that ask for nothing, so that leaving them out loses nothing. */
const NEUTRAL: Readonly<Record<string, string>> = { n: '1', frequency_penalty: '0', presence_penalty: '0', repetition_penalty: '1', min_p: '0', top_a: '0', top_k: '0', logit_bias: '{}', modalities: '["text"]' }

/** Says a call in the words of `POST /responses`: the client's own request where it speaks this dialect, else what its messages come to. */
export function writeCall(call: Call, endpoint: Endpoint): WireRequest {
  const warnings: Warning[] = []
  if (call.native && call.dialect === 'openai-responses') return { path: '/responses', headers: {}, ...wireBody(writeNative(call, call.native, endpoint, warnings), call), warnings, isNative: true }
  return { path: '/responses', headers: {}, ...wireBody(writeBody(call, endpoint, warnings), call), warnings }
}

function writeBody(call: Call, endpoint: Endpoint, warnings: Warning[]): JsonObject {
  const { body: sent } = call
  const body: JsonObject = { model: endpoint.upstreamId, input: writeInput(call.body, endpoint, warnings), stream: call.stream, store: false }
  for (const [field, name] of Object.entries(SAME)) {
    const value = sent[field]
    if (value !== undefined && value !== null && takes(endpoint, field, name, warnings)) body[field] = value
  }
  writeLimit(body, call, warnings)
  writeTools(body, call, endpoint, warnings)
  const text = writeText(sent.response_format, asString(sent.verbosity), warnings)
  if (text) body['text'] = text
  const include: string[] = []
  writeReasoning(body, call, endpoint, include, warnings)
  writeLogprobs(body, call, endpoint, include, warnings)
  if (include.length > 0) body['include'] = include
  if (typeof sent.user === 'string') body['user'] = hashedUser(sent.user)
  writeTier(body, call, endpoint, warnings)
  if (hasCacheMarks(call)) warnings.push({ field: 'cache_control', why: `${endpoint.provider.name} caches by itself and takes no marks` })
  if (call.body.messages.some((message) => message['is_error'] === true)) warnings.push({ field: 'is_error', why: `${endpoint.provider.name} cannot be told that a result is an error; it has to say so itself` })
  warnOfRest(sent, endpoint, warnings)
  return body
}

/** Marks in Anthropic's words; `prompt_cache_breakpoint` is OpenAI's own and goes with its part. */
function hasCacheMarks({ body }: Call): boolean {
  const isMarked = (value: unknown): boolean => isObject(value) && isObject(value['cache_control'])
  return isMarked(body) || (body.tools ?? []).some((tool) => isMarked(tool) || isMarked(tool['function']))
    || body.messages.some((message) => isMarked(message) || (Array.isArray(message.content) && message.content.some(isMarked)))
}

function takes(endpoint: Endpoint, field: string, name: string | undefined, warnings: Warning[]): boolean {
  if (name === undefined || endpoint.parameters === null || endpoint.parameters.has(name)) return true
  warnings.push({ field, why: `${endpoint.provider.name} does not take it for this model` })
  return false
}

function writeLimit(body: JsonObject, call: Call, warnings: Warning[]): void {
  const { maxTokens } = call.needs
  if (maxTokens === undefined) return
  if (maxTokens < OUTPUT_TOKENS_MIN) warnings.push({ field: 'max_tokens', why: `this provider takes no limit below ${OUTPUT_TOKENS_MIN}, which is sent` })
  body['max_output_tokens'] = Math.max(maxTokens, OUTPUT_TOKENS_MIN)
}

function writeText(format: Json | undefined, verbosity: string | undefined, warnings: Warning[]): JsonObject | undefined {
  const text: JsonObject = {}
  if (isObject(format)) {
    const { type, json_schema: schema } = format
    if (type === 'json_schema' && isObject(schema)) text['format'] = { ...schema, type, schema: schema['schema'] ?? { type: 'object' } }
    else if (type === 'text' || type === 'json_object') text['format'] = { type }
    else warnings.push({ field: 'response_format', why: `this provider has no format of type ${JSON.stringify(type ?? null)}` })
  }
  if (verbosity !== undefined) text['verbosity'] = verbosity === 'xhigh' || verbosity === 'max' ? 'high' : verbosity
  return Object.keys(text).length > 0 ? text : undefined
}

/** True where the model is known to reason, or is not known and was asked to: others refuse all that has to do with it. */
function reasons(call: Call, endpoint: Endpoint): boolean {
  if (endpoint.reasoning !== undefined || endpoint.parameters?.has('reasoning')) return true
  return endpoint.parameters === null && (call.reasoning.enabled === true || call.body.messages.some((message) => (message.reasoning_details?.length ?? 0) > 0))
}

function writeReasoning(body: JsonObject, call: Call, endpoint: Endpoint, include: string[], warnings: Warning[]): void {
  const wish = call.reasoning
  if (!reasons(call, endpoint)) {
    if (wish.enabled) warnings.push({ field: 'reasoning', why: `${endpoint.provider.name} does not take it for this model` })
    return
  }
  // What the model thought can be read by its maker only: it goes to the client sealed and comes back with the next turn.
  include.push(ENCRYPTED)
  const config: JsonObject = {}
  const effort = wantedEffort(call, endpoint)
  if (effort !== undefined) config['effort'] = effort
  else if (wish.enabled === false) warnings.push({ field: 'reasoning', why: `${endpoint.provider.name} cannot be told not to reason with this model` })
  if (wish.summary !== undefined) config['summary'] = wish.summary
  else if (wish.enabled && !wish.exclude) config['summary'] = 'auto'
  const asked = isObject(call.body['reasoning']) ? call.body['reasoning'] : {}
  for (const field of ['context', 'mode'] as const) if (asked[field] !== undefined && asked[field] !== null) config[field] = asked[field]
  if (Object.keys(config).length > 0) body['reasoning'] = config
}

function writeLogprobs(body: JsonObject, call: Call, endpoint: Endpoint, include: string[], warnings: Warning[]): void {
  if (call.body.logprobs !== true || !takes(endpoint, 'logprobs', 'logprobs', warnings)) return
  include.push(LOGPROBS)
  if (typeof call.body.top_logprobs === 'number') body['top_logprobs'] = call.body.top_logprobs
}

function warnOfRest(sent: JsonObject, endpoint: Endpoint, warnings: Warning[]): void {
  for (const field in sent) {
    const value = sent[field]
    if (value === undefined || value === null || SAID.has(field)) continue
    if (!Object.hasOwn(NEUTRAL, field) || JSON.stringify(value) !== NEUTRAL[field]) warnings.push({ field, why: `${endpoint.provider.name} cannot be told this` })
  }
}
