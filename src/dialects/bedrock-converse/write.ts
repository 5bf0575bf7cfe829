import type { Endpoint } from '../../catalog/endpoint.ts'
import type { Call } from '../../core/call.ts'
import { asObject, asString, isObject, type Json, type JsonObject } from '../../core/json.ts'
import type { WireRequest } from '../dialect.ts'
import { tierSaid } from '../service-tier.ts'
import { wireBody } from '../wire-body.ts'
import { Notes } from '../anthropic-messages/wire.ts'
import { writeSchema } from '../anthropic-messages/write-schema.ts'
import { bedrockFamily } from './families.ts'
import { cachePoint } from './write-content.ts'
import { writeFields, type ModelFields } from './write-fields.ts'
import { writeMessages } from './write-messages.ts'
import { offersNone, writeTools } from './write-tools.ts'
import type { Block, ConverseBody, Turn } from './wire.ts'

/** Claude and Nova take so many cache points in one request. */
const CACHE_POINTS_MAX = 4

/** Says a call to Converse. Ids and ARNs of models stand percent-encoded in the path. */
export function writeConverse(call: Call, endpoint: Endpoint): WireRequest {
  const notes = new Notes()
  const family = bedrockFamily(endpoint)
  let model = writeFields(call, endpoint, family, notes)
  const toolsTold = offersNone(call)
  const prefill = !model.byBudget && (model.generation?.prefill ?? family.prefills)
  const { system, turns } = writeMessages(call.body.messages, { family, prefill, toolsTold }, notes)
  if (model.byBudget && breaksThinking(turns)) model = withoutThinking(model, notes)
  const body: ConverseBody = { messages: turns }
  const format = writeFormat(call.body.response_format, endpoint, model, notes)
  if (format.instruction !== undefined) system.push({ text: format.instruction })
  if (system.length > 0) body.system = system
  const inference = inferenceConfig(call, model, notes)
  if (Object.keys(inference).length > 0) body.inferenceConfig = inference
  const toolConfig = writeTools(call, family, model.thinks, notes)
  if (toolConfig) body.toolConfig = toolConfig
  const fields = { ...asObject(call.body['additionalModelRequestFields']), ...model.fields }
  if (toolConfig && call.body.parallel_tool_calls === false) oneAtATime(fields, model, toolConfig.toolChoice, notes)
  if (Object.keys(fields).length > 0) body.additionalModelRequestFields = fields
  if (format.output) body.outputConfig = format.output
  writeRest(call, body, endpoint, notes)
  // A last block that is marked by itself has its point.
  if (turns.length > 0 && !turns.at(-1)?.content.at(-1)?.['cachePoint']) turns.at(-1)?.content.push(...cachePoint({ cache_control: call.body['cache_control'] }, family.caches, notes))
  capCachePoints(body, notes)
  return { path: pathOf(endpoint, call.stream ? 'converse-stream' : 'converse'), headers: {}, ...wireBody(body, call), warnings: notes.warnings }
}

/** Path of one operation on an endpoint's model. */
export function pathOf(endpoint: Endpoint, operation: string): string {
  return `/model/${encodeURIComponent(endpoint.upstreamId)}/${operation}`
}

/** With a thinking budget, the message whose tool calls are being answered must begin with thinking, or Claude refuses. */
function breaksThinking(turns: readonly Turn[]): boolean {
  const isAnswer = turns.at(-1)?.role === 'user' && turns.at(-1)?.content[0]?.['toolResult'] !== undefined
  return isAnswer && turns.at(-2)?.content[0]?.['reasoningContent'] === undefined
}

function withoutThinking(model: ModelFields, notes: Notes): ModelFields {
  notes.warn('reasoning', 'the tool calls being answered came without their reasoning_details, so the model cannot think by a budget in this turn')
  const { thinking: _, ...fields } = model.fields
  return { ...model, fields, thinks: false, byBudget: false }
}

function inferenceConfig(call: Call, model: ModelFields, notes: Notes): JsonObject {
  const config: JsonObject = {}
  const { temperature, top_p: topP, stop } = call.body
  const { generation } = model
  if (call.needs.maxTokens !== undefined) config['maxTokens'] = call.needs.maxTokens
  const refused = generation?.sampling === 'none' ? 'this model takes no sampling parameters' : model.thinks && generation ? 'cannot be set while this model thinks' : undefined
  for (const [field, name, value] of [['temperature', 'temperature', temperature], ['top_p', 'topP', topP]] as const) {
    if (value === undefined || value === null) continue
    // 1 is what holds anyway.
    if (refused !== undefined) { if (value !== 1) notes.warn(field, refused) }
    else if (field === 'top_p' && config['temperature'] !== undefined && generation?.sampling === 'one') notes.warn('top_p', 'this model takes temperature or top_p, not both; temperature is sent')
    else {
      if (value > 1) notes.warn(field, 'this provider goes up to 1, which is sent')
      config[name] = Math.min(1, value)
    }
  }
  const stops = (typeof stop === 'string' ? [stop] : (stop ?? [])).filter((one) => typeof one === 'string')
  const sayable = stops.filter((one) => one.trim() !== '')
  if (sayable.length < stops.length) notes.warn('stop', 'this provider takes no stop sequence of nothing but blanks; it was left out')
  if (sayable.length > 0) config['stopSequences'] = sayable
  return config
}

/** Claude can be told to call one tool at a time, past Converse, in its own words for the choice. */
function oneAtATime(fields: JsonObject, model: ModelFields, toolChoice: JsonObject | undefined, notes: Notes): void {
  if (model.generation?.structured && toolChoice === undefined) fields['tool_choice'] = { type: 'auto', disable_parallel_tool_use: true }
  else notes.warn('parallel_tool_calls', 'this provider cannot keep this model from calling several tools at once')
}

/** A schema is enforced where the model can; elsewhere, and for plain JSON, the system prompt asks for it (contract B15, B16). */
function writeFormat(wanted: Json | undefined, endpoint: Endpoint, model: ModelFields, notes: Notes): { readonly output?: JsonObject; readonly instruction?: string } {
  if (!isObject(wanted) || wanted['type'] === 'text') return {}
  const asked = asObject(wanted['json_schema'])
  const schema = asObject(asked?.['schema'])
  if (wanted['type'] === 'json_object') {
    notes.warn('response_format', 'this provider has no JSON mode; the model is asked for JSON in the system prompt')
    return { instruction: 'Answer with one JSON object and nothing else: no prose and no code fence around it.' }
  }
  if (wanted['type'] !== 'json_schema') {
    notes.warn('response_format', `this provider has no format of type ${JSON.stringify(wanted['type'] ?? null)}`)
    return {}
  }
  const enforced = model.generation ? model.generation.structured : (endpoint.parameters?.has('structured_outputs') ?? true)
  if (!schema || !enforced) {
    notes.warn('response_format', 'this model cannot be held to a schema; it is asked for in the system prompt')
    return { instruction: `Answer with one JSON value and nothing else: no prose and no code fence around it.${schema ? ` It must match this JSON schema: ${JSON.stringify(schema)}` : ''}` }
  }
  const jsonSchema: JsonObject = { schema: JSON.stringify(model.generation ? writeSchema(schema, notes) : schema), name: asString(asked?.['name']) ?? 'answer' }
  if (typeof asked?.['description'] === 'string') jsonSchema['description'] = asked['description']
  return { output: { textFormat: { type: 'json_schema', structure: { jsonSchema } } } }
}

/** Fields of Converse's own that go as they came. */
const CARRIED = ['guardrailConfig', 'performanceConfig', 'requestMetadata', 'promptVariables', 'additionalModelResponseFieldPaths', 'serviceTier'] as const
/** Fields that are said above, or that are the gateway's and no provider's. */
const SAID = new Set(['model', 'models', 'messages', 'prompt', 'stream', 'stream_options', 'max_tokens', 'max_completion_tokens', 'temperature', 'top_p', 'top_k', 'stop', 'tools',
  'tool_choice', 'parallel_tool_calls', 'response_format', 'reasoning', 'reasoning_effort', 'include_reasoning', 'cache_control', 'user', 'provider', 'route', 'plugins', 'transforms',
  'preset', 'session_id', 'trace', 'debug', 'usage', 'metadata', 'service_tier', 'structured_outputs', 'max_tool_calls', 'stop_server_tools_when',
  'store', 'safety_identifier', 'thinking', 'verbosity', 'additionalModelRequestFields', ...CARRIED])
/** Values that ask for nothing, so that leaving them out loses nothing. */
const NEUTRAL: Readonly<Record<string, string>> = {
  n: '1', frequency_penalty: '0', presence_penalty: '0', repetition_penalty: '1', min_p: '0', top_a: '0', logprobs: 'false', top_logprobs: '0', logit_bias: '{}', modalities: '["text"]',
}

function writeRest(call: Call, body: ConverseBody, endpoint: Endpoint, notes: Notes): void {
  for (const field of CARRIED) {
    const value = call.body[field]
    if (value !== undefined && value !== null) body[field] = value
  }
  for (const field in call.body) {
    const value = call.body[field]
    if (value === undefined || value === null || SAID.has(field)) continue
    if (!Object.hasOwn(NEUTRAL, field) || JSON.stringify(value) !== NEUTRAL[field]) notes.warn(field, `${endpoint.provider.name} cannot be told this`)
  }
  const { tier, warning } = tierSaid(call, endpoint)
  if (warning) notes.warn(warning.field, warning.why)
  if (tier === 'priority' || tier === 'flex') body['serviceTier'] = { type: tier }
  else if (tier !== undefined && tier !== 'auto' && tier !== 'default') notes.warn('service_tier', `this provider has no tier ${JSON.stringify(tier)}`)
}

/** Takes off the oldest cache points over the limit, in the order of the prompt: tools, system, messages. */
function capCachePoints(body: ConverseBody, notes: Notes): void {
  const lists: Block[][] = [body.toolConfig?.tools ?? [], body.system ?? [], ...body.messages.map((turn: Turn) => turn.content)]
  let over = lists.flat().filter((block) => block['cachePoint'] !== undefined).length - CACHE_POINTS_MAX
  if (over <= 0) return
  notes.warn('cache_control', `this provider takes ${CACHE_POINTS_MAX} cache marks in one request; the ${over} oldest were left out`)
  for (const list of lists) {
    for (let at = 0; at < list.length && over > 0; at++) {
      if (list[at]?.['cachePoint'] === undefined) continue
      list.splice(at--, 1)
      over--
    }
  }
}
