import type { Call, Warning } from '../../core/call.ts'
import { asArray, asObject, asString, isObject, type Json, type JsonObject } from '../../core/json.ts'
import { hashedUser } from '../../core/user.ts'
import type { Endpoint } from '../../catalog/endpoint.ts'
import type { WireRequest } from '../dialect.ts'
import { signerOfMessages } from '../signer.ts'
import { wireBody } from '../wire-body.ts'
import { capCacheMarks } from './cache-marks.ts'
import { generationOf, type Generation } from './generations.ts'
import { Notes, type MessagesBody, type Turn } from './wire.ts'
import { writeMessages } from './write-messages.ts'
import { addBetas, nativeBody } from './write-native.ts'
import { cacheMark } from './write-parts.ts'
import { writeSchema } from './write-schema.ts'
import { thinks, writeThinking } from './write-thinking.ts'
import { betaOfTool, STRUCTURED_BETA, writeTools } from './write-tools.ts'

const API_VERSION = '2023-06-01'
const TASK_BUDGETS_BETA = 'task-budgets-2026-03-13'

/** A request in the words of Messages, before it is text: the clouds that host Claude say some of it elsewhere. */
export interface Said { readonly body: JsonObject; readonly headers: Readonly<Record<string, string>>; readonly warnings: readonly Warning[]; readonly isNative?: boolean }

/** A call as `POST /v1/messages` takes it. */
export function writeCall(call: Call, endpoint: Endpoint): WireRequest {
  const { body, ...rest } = sayCall(call, endpoint)
  return { path: '/v1/messages', ...rest, ...wireBody(body, call) }
}

/** A call in the words of Messages; the body is the caller's own. What Anthropic cannot be told becomes a warning. */
export function sayCall(call: Call, endpoint: Endpoint): Said {
  if (call.native && call.dialect === endpoint.provider.dialect) return sayNative(call, call.native, endpoint)
  const notes = new Notes()
  const generation = generationOf(endpoint)
  const maxTokens = writeMaxTokens(call, endpoint, generation, notes)
  let { thinking, effort } = writeThinking(call, generation, maxTokens, notes)
  const conversation = writeMessages(call.body.messages, generation, generation.prefill && thinking?.['type'] !== 'enabled', notes, signerOfMessages(endpoint))
  if (thinking?.['type'] === 'enabled' && breaksThinking(conversation.turns)) {
    notes.warn('reasoning', 'the tool calls being answered came without their reasoning_details, so the model cannot think by a budget in this turn')
    thinking = undefined
  }
  const body: MessagesBody = { model: endpoint.upstreamId, max_tokens: maxTokens, stream: call.stream, messages: conversation.turns }
  const { tools, choice } = writeTools(call, generation, thinking, notes)
  const { format, instruction } = writeFormat(call.body.response_format, generation, notes)
  const system = instruction === undefined ? conversation.system : [...conversation.system, { type: 'text', text: instruction }]
  if (system.length > 0) body.system = system
  if (tools) body.tools = tools
  if (choice) body.tool_choice = choice
  if (thinking) body.thinking = thinking
  const output = outputConfig(call.body['output_config'], effort, format, notes)
  if (output) body.output_config = output
  writeSampling(call, body, thinks(thinking, generation), generation, notes)
  writeRest(call, body, endpoint, notes)
  capCacheMarks(body, notes)
  return { body, headers: writeHeaders(call, notes), warnings: notes.warnings }
}

/** A client that speaks this dialect is passed on as it is. */
function sayNative(call: Call, native: JsonObject, endpoint: Endpoint): Said {
  const notes = new Notes()
  const body = nativeBody(call, native, endpoint, notes)
  body['max_tokens'] = writeMaxTokens(call, endpoint, generationOf(endpoint), notes)
  writeTier(call, body, endpoint, notes)
  addBetas(neededBetas(native), call.headers.anthropicBeta, notes)
  return { body, headers: writeHeaders(call, notes), warnings: notes.warnings, isNative: true }
}

/** Betas of tools and fields that are Anthropic's own. */
function neededBetas(native: JsonObject): string[] {
  const notes = new Notes()
  for (const tool of asArray(native['tools']) ?? []) {
    const beta = isObject(tool) ? betaOfTool(asString(tool['type'])) : undefined
    if (beta !== undefined) notes.betas.add(beta)
  }
  const unused: JsonObject = {}
  for (const field in CARRIED) {
    const value = native[field]
    if (value !== undefined && value !== null) carry(field, value, unused, notes)
  }
  if (isObject(asObject(native['output_config'])?.['task_budget'])) notes.betas.add(TASK_BUDGETS_BETA)
  return [...notes.betas]
}

/** max_tokens is compulsory: the client's, else all that the model can give. Never a low default of our own. */
function writeMaxTokens(call: Call, endpoint: Endpoint, generation: Generation, notes: Notes): number {
  const limit = endpoint.outputMax ?? generation.outputMax
  const wanted = call.needs.maxTokens
  if (wanted !== undefined) {
    if (limit === undefined || wanted <= limit) return wanted
    notes.warn('max_tokens', `this model gives at most ${limit} tokens in one answer`)
    return limit
  }
  // An endpoint of which nothing is known: what its context leaves.
  return limit ?? Math.max(endpoint.contextMax - call.needs.promptTokensMax, Math.ceil(endpoint.contextMax / 4), 1)
}

/** With a thinking budget, the message whose tool calls are being answered must begin with thinking, or Anthropic refuses. */
function breaksThinking(turns: readonly Turn[]): boolean {
  const last = turns.at(-1)
  if (last?.role !== 'user' || last.content[0]?.type !== 'tool_result') return false
  const asked = turns.at(-2)?.content[0]?.type
  return asked !== 'thinking' && asked !== 'redacted_thinking'
}

/** A schema is enforced where the model can; elsewhere, and for plain JSON, the system prompt asks for it (contract B15, B16). */
function writeFormat(wanted: Json | undefined, generation: Generation, notes: Notes): { readonly format?: JsonObject; readonly instruction?: string } {
  if (!isObject(wanted)) return {}
  const schema = asObject(asObject(wanted['json_schema'])?.['schema'])
  switch (wanted['type']) {
    case 'text': return {}
    case 'json_object':
      notes.warn('response_format', 'this provider has no JSON mode; the model is asked for JSON in the system prompt')
      return { instruction: 'Answer with one JSON object and nothing else: no prose and no code fence around it.' }
    case 'json_schema':
      if (schema && generation.structured) {
        notes.betas.add(STRUCTURED_BETA)
        return { format: { type: 'json_schema', schema: writeSchema(schema, notes) } }
      }
      notes.warn('response_format', 'this model cannot be held to a schema; it is asked for in the system prompt')
      return { instruction: `Answer with one JSON value and nothing else: no prose and no code fence around it.${schema ? ` It must match this JSON schema: ${JSON.stringify(schema)}` : ''}` }
    default:
      notes.warn('response_format', `this provider has no format of type ${JSON.stringify(wanted['type'] ?? null)}`)
      return {}
  }
}

/** The client's own `output_config`, with what the contract's fields say over it. */
function outputConfig(own: Json | undefined, effort: string | undefined, format: JsonObject | undefined, notes: Notes): JsonObject | undefined {
  const config: JsonObject = isObject(own) ? { ...own } : {}
  if (effort !== undefined) config['effort'] = effort
  if (format) config['format'] = format
  if (isObject(config['task_budget'])) notes.betas.add(TASK_BUDGETS_BETA)
  return Object.keys(config).length > 0 ? config : undefined
}

function writeSampling(call: Call, body: MessagesBody, thinking: boolean, generation: Generation, notes: Notes): void {
  const { temperature, top_p: topP, top_k: topK, stop } = call.body
  const given = { temperature: temperature ?? undefined, top_p: topP ?? undefined, top_k: topK === 0 ? undefined : (topK ?? undefined) }
  const refused = generation.sampling === 'none' ? 'this model takes no sampling parameters' : thinking ? 'cannot be set while this model thinks' : undefined
  for (const field of ['temperature', 'top_p', 'top_k'] as const) {
    const value = given[field]
    if (value === undefined) continue
    // 1 is what holds anyway.
    if (refused !== undefined) { if (field === 'top_k' || value !== 1) notes.warn(field, refused) }
    else if (field === 'top_p' && given.temperature !== undefined && generation.sampling === 'one') notes.warn('top_p', 'this model takes temperature or top_p, not both; temperature is sent')
    else body[field] = field === 'temperature' ? atMostOne(value, notes) : value
  }
  const stops = (typeof stop === 'string' ? [stop] : (stop ?? [])).filter((one) => typeof one === 'string')
  const sayable = stops.filter((one) => one.trim() !== '')
  if (sayable.length < stops.length) notes.warn('stop', 'this provider takes no stop sequence of nothing but blanks; it was left out')
  if (sayable.length > 0) body['stop_sequences'] = sayable
}

function atMostOne(temperature: number, notes: Notes): number {
  if (temperature <= 1) return temperature
  notes.warn('temperature', 'this provider goes up to 1, which is sent')
  return 1
}

/** Fields of Anthropic's own that go as they came, and the beta each needs. */
const CARRIED: Readonly<Record<string, string | undefined>> = {
  context_management: 'context-management-2025-06-27', mcp_servers: 'mcp-client-2025-04-04', container: undefined, inference_geo: undefined,
}
/** Fields that are said above, or that are the gateway's and no provider's. */
const SAID = new Set(['model', 'models', 'messages', 'prompt', 'stream', 'stream_options', 'max_tokens', 'max_completion_tokens', 'temperature', 'top_p', 'top_k', 'stop', 'tools',
  'tool_choice', 'parallel_tool_calls', 'response_format', 'reasoning', 'reasoning_effort', 'include_reasoning', 'verbosity', 'thinking', 'output_config', 'cache_control', 'user',
  'provider', 'route', 'plugins', 'transforms', 'preset', 'session_id', 'trace', 'debug', 'usage', 'metadata', 'service_tier', 'speed', 'structured_outputs', 'max_tool_calls',
  'stop_server_tools_when', 'store', 'safety_identifier'])
/** Values that ask for nothing, so that leaving them out loses nothing. */
const NEUTRAL: Readonly<Record<string, string>> = {
  n: '1', frequency_penalty: '0', presence_penalty: '0', repetition_penalty: '1', min_p: '0', top_a: '0', logprobs: 'false', top_logprobs: '0', logit_bias: '{}', modalities: '["text"]',
}

function writeRest(call: Call, body: MessagesBody, endpoint: Endpoint, notes: Notes): void {
  for (const field in call.body) {
    const value = call.body[field]
    if (value === undefined || value === null || SAID.has(field)) continue
    if (Object.hasOwn(CARRIED, field)) carry(field, value, body, notes)
    else if (!Object.hasOwn(NEUTRAL, field) || JSON.stringify(value) !== NEUTRAL[field]) notes.warn(field, `${endpoint.provider.name} cannot be told this`)
  }
  const mark = cacheMark(call.body, notes)
  if (mark) body['cache_control'] = mark
  if (call.body.user) body['metadata'] = { user_id: hashedUser(call.body.user) }
  writeTier(call, body, endpoint, notes)
}

function carry(field: string, value: Json, body: JsonObject, notes: Notes): void {
  const beta = CARRIED[field]
  if (beta !== undefined && !(field === 'mcp_servers' && notes.betas.has('mcp-client-2025-11-20'))) notes.betas.add(beta)
  if (field === 'context_management' && JSON.stringify(value).includes('"compact_20260112"')) notes.betas.add('compact-2026-01-12')
  if (field === 'container' && isObject(value) && value['skills'] !== undefined) for (const skill of SKILL_BETAS) notes.betas.add(skill)
  body[field] = value
}

const SKILL_BETAS = ['code-execution-2025-08-25', 'skills-2025-10-02', 'files-api-2025-04-14']

/** Fast mode has a price of its own, so it is said only at the endpoint of that price: the priority tier, or a model that is the fast one (contract B33). */
function writeTier(call: Call, body: JsonObject, endpoint: Endpoint, notes: Notes): void {
  const tier = asString(call.body['service_tier'])
  if (endpoint.tier === 'priority' || endpoint.modelId.endsWith('-fast')) {
    body['speed'] = 'fast'
    notes.betas.add('fast-mode-2026-02-01')
  } else if (call.body['speed'] === 'fast' || tier === 'fast' || tier === 'priority') {
    notes.warn(call.body['speed'] === 'fast' ? 'speed' : 'service_tier', 'this endpoint serves the model at its standard speed')
  }
  if (tier === 'auto') body['service_tier'] = 'auto'
  else if (tier === 'default' || tier === 'standard_only') body['service_tier'] = 'standard_only'
  else if (tier !== undefined && tier !== 'fast' && tier !== 'priority') notes.warn('service_tier', `this provider has no tier ${JSON.stringify(tier)}`)
}

/** The client's betas are passed on (B73), with those that the request needs. */
function writeHeaders(call: Call, notes: Notes): Record<string, string> {
  for (const beta of (call.headers.anthropicBeta ?? '').split(',')) if (/^[a-z0-9][a-z0-9-]{2,63}$/.test(beta.trim())) notes.betas.add(beta.trim())
  const headers: Record<string, string> = { 'content-type': 'application/json', 'anthropic-version': versionOf(call) }
  if (notes.betas.size > 0) headers['anthropic-beta'] = [...notes.betas].join(',')
  return headers
}

/** The version that a client of this dialect asked for decides what it will be able to read. */
function versionOf(call: Call): string {
  const { anthropicVersion: version } = call.headers
  return call.native && version !== undefined && /^\d{4}-\d{2}-\d{2}$/.test(version) ? version : API_VERSION
}
