import type { Endpoint } from '../../catalog/endpoint.ts'
import type { Call, Warning } from '../../core/call.ts'
import { asArray, asObject, asString, isObject, type Json, type JsonObject } from '../../core/json.ts'
import type { WireRequest } from '../dialect.ts'
import { wireBody } from '../wire-body.ts'
import { writeMessages } from './messages.ts'

/** Says a call to Cohere. A client that speaks this dialect is passed on as it is. */
export function writeCall(call: Call, endpoint: Endpoint): WireRequest {
  const warnings: Warning[] = []
  const isNative = call.dialect === 'cohere' && call.native !== undefined
  const body = isNative ? nativeBody(call.native ?? {}, warnings) : writeBody(call, warnings)
  return { path: '/v2/chat', headers: {}, ...wireBody({ ...body, model: endpoint.upstreamId, stream: call.stream }, call), warnings, ...(isNative ? { isNative } : {}) }
}

/** Fields that are said to us and to no provider. */
const OURS = new Set(['models', 'route', 'provider', 'plugins', 'transforms', 'preset', 'session_id', 'trace', 'debug', 'usage', 'metadata', 'user'])

function nativeBody(native: JsonObject, warnings: Warning[]): JsonObject {
  const body: JsonObject = Object.fromEntries(Object.entries(native).filter(([field]) => !OURS.has(field)))
  const messages = asArray(body['messages'])
  if (!messages?.some(isSealed)) return body
  warnings.push({ field: 'reasoning_details', why: 'reasoning of another provider cannot be read by this one and was left out' })
  return { ...body, messages: messages.map((message) => (isSealed(message) ? withoutForeign(message) : message)) }
}

/** A message with reasoning that another provider sealed: beside Cohere's fields stands one of ours, as the answer had it. */
function isSealed(message: Json): message is JsonObject {
  return isObject(message) && message['reasoning_details'] !== undefined
}

function withoutForeign(sealed: JsonObject): JsonObject {
  const { reasoning_details: _, ...message } = sealed
  const content = asArray(message['content'])?.filter((part) => asObject(part)?.['type'] !== 'thinking')
  if (!content) return message
  if (content.length > 0) return { ...message, content: [...content] }
  const { content: __, ...rest } = message
  return message['tool_calls'] === undefined ? { ...rest, content: '' } : rest
}

function writeBody(call: Call, warnings: Warning[]): JsonObject {
  const body: JsonObject = { messages: writeMessages(call.body.messages, warnings) }
  const hasTools = writeTools(body, call, warnings)
  writeFormat(body, call, hasTools, warnings)
  writeSampling(body, call, warnings)
  writeThinking(body, call)
  writeRest(body, call, warnings)
  return body
}

/** `tools` and `tool_choice`. One function cannot be named: the others are left out, which comes to the same. */
function writeTools(body: JsonObject, call: Call, warnings: Warning[]): boolean {
  const choice = call.body.tool_choice
  const only = namedTools(choice)
  const tools: JsonObject[] = []
  let strict = 0
  for (const tool of asArray(call.body.tools) ?? []) {
    const fn = isObject(tool) ? asObject(tool['function']) : undefined
    if (!fn) {
      warnings.push({ field: 'tools', why: `a tool of type ${JSON.stringify(asObject(tool)?.['type'] ?? null)} is unknown to Cohere and was left out` })
      continue
    }
    if (only && !only.has(asString(fn['name']) ?? '')) continue
    if (fn['strict'] === true) strict++
    const { strict: _, cache_control: __, ...said } = fn
    tools.push({ type: 'function', function: { ...said, parameters: fn['parameters'] ?? { type: 'object', properties: {} } } })
  }
  if (tools.length === 0) return false
  body['tools'] = tools
  if (strict === tools.length) body['strict_tools'] = true
  else if (strict > 0) warnings.push({ field: 'tools.function.strict', why: 'Cohere is strict with all tools or with none' })
  if (choice === 'none' || asObject(choice)?.['type'] === 'none') body['tool_choice'] = 'NONE'
  else if (choice === 'required' || choice === 'any' || mustCall(choice)) body['tool_choice'] = 'REQUIRED'
  if (call.body.parallel_tool_calls === false) warnings.push({ field: 'parallel_tool_calls', why: 'Cohere cannot be kept from calling several tools at once' })
  return true
}

function namedTools(choice: Json | undefined): ReadonlySet<string> | undefined {
  if (!isObject(choice)) return undefined
  const name = asString(asObject(choice['function'])?.['name']) ?? (choice['type'] === 'function' ? asString(choice['name']) : undefined)
  if (name !== undefined) return new Set([name])
  if (choice['type'] !== 'allowed_tools') return undefined
  const tools = asArray((asObject(choice['allowed_tools']) ?? choice)['tools']) ?? []
  return new Set(tools.flatMap((tool) => asString(asObject(asObject(tool)?.['function'])?.['name']) ?? asString(asObject(tool)?.['name']) ?? []))
}

function mustCall(choice: Json | undefined): boolean {
  if (!isObject(choice)) return false
  return choice['type'] === 'function' || (choice['type'] === 'allowed_tools' && (asObject(choice['allowed_tools']) ?? choice)['mode'] === 'required')
}

/** A schema cannot be held to beside tools: there the system prompt asks for it (contract B15, B16). */
function writeFormat(body: JsonObject, call: Call, hasTools: boolean, warnings: Warning[]): void {
  const wanted = call.body.response_format
  if (!isObject(wanted) || wanted['type'] === 'text') return
  const schema = wanted['type'] === 'json_schema' ? asObject(asObject(wanted['json_schema'])?.['schema']) : undefined
  if (wanted['type'] !== 'json_schema' && wanted['type'] !== 'json_object') {
    warnings.push({ field: 'response_format', why: `Cohere has no format of type ${JSON.stringify(wanted['type'] ?? null)}` })
  } else if (hasTools || body['documents'] !== undefined) {
    warnings.push({ field: 'response_format', why: 'Cohere holds to no format beside tools; it is asked for in the system prompt' })
    const instruction = `Where you answer without calling a tool, answer with one JSON ${schema ? 'value' : 'object'} and nothing else: no prose and no code fence around it.${schema ? ` It must match this JSON schema: ${JSON.stringify(schema)}` : ''}`
    body['messages'] = [{ role: 'system', content: instruction }, ...(asArray(body['messages']) ?? [])]
  } else body['response_format'] = { type: 'json_object', ...(schema ? { json_schema: schema } : {}) }
}

function writeSampling(body: JsonObject, call: Call, warnings: Warning[]): void {
  const { temperature, top_p: topP, top_k: topK, stop, seed, logprobs } = call.body
  if (call.needs.maxTokens !== undefined) body['max_tokens'] = call.needs.maxTokens
  if (typeof temperature === 'number') body['temperature'] = temperature
  if (typeof topP === 'number') body['p'] = bounded(topP, 0.01, 0.99, topP === 1 ? undefined : 'top_p', warnings)
  if (typeof topK === 'number' && topK > 0) body['k'] = bounded(topK, 0, 500, 'top_k', warnings)
  for (const field of ['frequency_penalty', 'presence_penalty'] as const) {
    const value = call.body[field]
    if (typeof value === 'number' && value !== 0) body[field] = bounded(value, 0, 1, field, warnings)
  }
  if (typeof seed === 'number') body['seed'] = seed
  if (logprobs === true) body['logprobs'] = true
  if (call.body.top_logprobs) warnings.push({ field: 'top_logprobs', why: 'Cohere gives the log-probability of the token that was chosen, and of no other' })
  const stops = (typeof stop === 'string' ? [stop] : (stop ?? [])).filter((one) => typeof one === 'string' && one !== '')
  if (stops.length > 5) warnings.push({ field: 'stop', why: 'Cohere takes five stop sequences; the first five are sent' })
  if (stops.length > 0) body['stop_sequences'] = stops.slice(0, 5)
}

/** The value within Cohere's bounds, with a warning where it was outside; `field` undefined: where that makes no difference. */
function bounded(value: number, min: number, max: number, field: string | undefined, warnings: Warning[]): number {
  const within = Math.min(max, Math.max(min, value))
  if (within !== value && field !== undefined) warnings.push({ field, why: `Cohere takes ${min} to ${max}; ${within} is sent` })
  return within
}

/** Models that reason do so unless told otherwise; a budget is in tokens. */
function writeThinking(body: JsonObject, call: Call): void {
  const { enabled, effort, maxTokens } = call.reasoning
  if (isObject(call.body['thinking'])) body['thinking'] = call.body['thinking']
  else if (enabled === false || effort === 'none' || maxTokens === 0) body['thinking'] = { type: 'disabled' }
  else if (maxTokens !== undefined) body['thinking'] = { type: 'enabled', token_budget: maxTokens }
  else if (enabled === true || effort !== undefined) body['thinking'] = { type: 'enabled' }
}

/** Fields of Cohere's own that go as they came. */
const CARRIED = ['documents', 'citation_options', 'safety_mode', 'priority', 'strict_tools'] as const
/** Fields that are said above, or that are the gateway's and no provider's. */
const SAID = new Set(['model', 'messages', 'prompt', 'stream', 'stream_options', 'max_tokens', 'max_completion_tokens', 'temperature', 'top_p', 'top_k', 'stop', 'seed', 'tools', 'tool_choice',
  'parallel_tool_calls', 'response_format', 'structured_outputs', 'frequency_penalty', 'presence_penalty', 'logprobs', 'top_logprobs', 'reasoning', 'reasoning_effort', 'include_reasoning',
  'thinking', 'cache_control', 'max_tool_calls', 'stop_server_tools_when', 'store', 'safety_identifier', ...OURS, ...CARRIED])
/** Values that ask for nothing, so that leaving them out loses nothing. */
const NEUTRAL: Readonly<Record<string, string>> = { n: '1', repetition_penalty: '1', min_p: '0', top_a: '0', logit_bias: '{}', modalities: '["text"]', verbosity: '"medium"' }
/** Tiers that ask for what Cohere gives anyway. */
const ORDINARY_TIERS: ReadonlySet<unknown> = new Set(['auto', 'default', 'standard'])

function writeRest(body: JsonObject, call: Call, warnings: Warning[]): void {
  for (const field of CARRIED) {
    const value = call.body[field]
    if (value !== undefined && value !== null) body[field] = value
  }
  if (call.body.messages.some((message) => message['is_error'] === true)) warnings.push({ field: 'is_error', why: 'Cohere cannot be told that a result is an error; it has to say so itself' })
  for (const field in call.body) {
    const value = call.body[field]
    if (value === undefined || value === null || SAID.has(field) || (field === 'service_tier' && ORDINARY_TIERS.has(value))) continue
    if (!Object.hasOwn(NEUTRAL, field) || JSON.stringify(value) !== NEUTRAL[field]) warnings.push({ field, why: 'Cohere has no such parameter' })
  }
}
