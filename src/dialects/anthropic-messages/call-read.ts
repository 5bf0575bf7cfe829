import type { Call, ChatBody } from '../../core/call.ts'
import { Fault } from '../../core/fault.ts'
import { asObject, asString, isObject, type Json, type JsonObject } from '../../core/json.ts'
import { readCall as readChatCall } from '../openai-chat/call-read.ts'
import { refuse } from '../openai-chat/check.ts'
import type { CallOrigin } from '../dialect.ts'
import { readMessages } from './call-messages.ts'
import { readTools } from './call-tools.ts'
import { Notes } from './wire.ts'

/** Fields that mean the same in the contract's chat shape. */
const SAME = ['model', 'models', 'provider', 'route', 'plugins', 'preset', 'transforms', 'session_id', 'trace', 'debug', 'stream', 'max_tokens', 'temperature', 'top_p', 'top_k', 'cache_control'] as const
/** Fields that are read below. */
const READ: ReadonlySet<string> = new Set([...SAME, 'fallbacks', 'messages', 'system', 'tools', 'tool_choice', 'thinking', 'thread', 'output_config', 'stop_sequences', 'metadata', 'user', 'service_tier', 'speed'])

/**
 * Reads a request of the Messages API (contract A6, B83). The chat shape is built for the providers that speak another
 * dialect; those that speak this one are told the request itself. Throws Fault naming the field in Anthropic's words.
 */
export function readCall(sent: JsonObject, origin: CallOrigin): Call {
  const unsaid = new Notes()
  refuseThread(sent)
  const { tools, choice, parallel } = readTools(sent, unsaid)
  const same: JsonObject = {}
  for (const field of SAME) if (sent[field] !== undefined && sent[field] !== null) same[field] = sent[field]
  const fallbacks = readFallbacks(sent)
  if (fallbacks) same['models'] = fallbacks
  const tier = readTier(sent)
  const reasoning = readThinking(sent, unsaid)
  const format = readFormat(sent, unsaid)
  // These the chat reader checks; the rest was checked here, by Anthropic's rules, which are wider.
  const checked: ChatBody = { ...same, messages: readMessages(sent, unsaid), ...present({ service_tier: tier, reasoning, response_format: format }) }
  const rest = present({ tools: tools.length > 0 ? tools : undefined, tool_choice: choice, parallel_tool_calls: parallel, stop: readStops(sent['stop_sequences']), user: readUser(sent) })
  for (const field in sent) if (!READ.has(field) && sent[field] !== undefined && sent[field] !== null) unsaid.warn(field, 'only Anthropic can be told this')
  const call = readChatCall(checked, origin)
  return {
    ...call, api: 'messages', dialect: 'anthropic-messages', native: sent, unsaid: unsaid.warnings, body: { ...checked, ...rest },
    needs: { ...call.needs, parameters: [...call.needs.parameters, ...Object.keys(rest).filter((field) => field !== 'user')] },
  }
}

function present(fields: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}

/** No conversation is kept here. Anthropic's clients know this answer, and send all messages from then on. */
function refuseThread(sent: JsonObject): void {
  if (sent['thread'] === undefined || sent['thread'] === null) return
  const details: JsonObject = { error_code: 'thread_unsupported_request', unsupported: [] }
  throw new Fault('invalid_request', 'thread: conversations are not kept here; leave it out and send all messages', { metadata: { field: 'thread', details } })
}

const FALLBACKS_MAX = 3

/** B42: other models to try, in Anthropic's own form. */
function readFallbacks(sent: JsonObject): readonly string[] | undefined {
  const { fallbacks } = sent
  if (fallbacks === undefined || fallbacks === null) return undefined
  if (!Array.isArray(fallbacks) || fallbacks.length > FALLBACKS_MAX) refuse('fallbacks', `an array of at most ${FALLBACKS_MAX} objects with a model`, fallbacks)
  if (sent['models'] !== undefined && sent['models'] !== null) throw new Fault('invalid_request', 'fallbacks: cannot stand beside models; send one of them', { metadata: { field: 'fallbacks' } })
  return fallbacks.map((fallback: unknown, at) => {
    const field = `fallbacks[${at}]`
    if (!isObject(fallback)) refuse(field, 'an object with a model', fallback)
    const extra = Object.keys(fallback).find((key) => key !== 'model')
    if (extra !== undefined) throw new Fault('invalid_request', `${field}.${extra.slice(0, 64)}: is not taken here; a fallback has a model and nothing else`, { metadata: { field } })
    const { model } = fallback
    return typeof model === 'string' && model !== '' ? model : refuse(`${field}.model`, 'the id of a model', model)
  })
}

/** B33, B47: `speed: "fast"` is a tier by another name, and Anthropic's `standard_only` is the contract's `default`. */
function readTier(sent: JsonObject): Json | undefined {
  const { service_tier: tier, speed } = sent
  if (speed !== undefined && speed !== null && speed !== 'fast' && speed !== 'standard') refuse('speed', 'one of "fast", "standard"', speed)
  if (tier !== undefined && tier !== null) return tier === 'standard_only' || tier === 'standard' ? 'default' : tier
  return speed === 'fast' ? 'fast' : undefined
}

const EFFORTS: readonly unknown[] = ['low', 'medium', 'high', 'xhigh', 'max']

/** `thinking` and `output_config.effort` as the contract's `reasoning` (B21–B25). */
function readThinking(sent: JsonObject, unsaid: Notes): JsonObject | undefined {
  const { thinking, output_config: config } = sent
  if (config !== undefined && config !== null && !isObject(config)) refuse('output_config', 'an object', config)
  const effort = config?.['effort'] ?? undefined
  if (effort !== undefined && !EFFORTS.includes(effort)) refuse('output_config.effort', `one of ${EFFORTS.map((name) => `"${String(name)}"`).join(', ')}`, effort)
  if (config?.['task_budget'] !== undefined && config['task_budget'] !== null) unsaid.warn('output_config.task_budget', 'only Anthropic can be told this')
  if (thinking === undefined || thinking === null) return effort === undefined ? undefined : { effort }
  if (!isObject(thinking)) refuse('thinking', 'an object with a type', thinking)
  const hidden = thinking['display'] === 'omitted' ? { exclude: true } : {}
  switch (thinking['type']) {
    case 'disabled': case 'between_tools': return { enabled: false }
    case 'adaptive': return { ...(effort === undefined ? { enabled: true } : { effort }), ...hidden }
    case 'enabled': {
      const budget = thinking['budget_tokens']
      if (typeof budget !== 'number' || !Number.isSafeInteger(budget) || budget < 1) refuse('thinking.budget_tokens', 'an integer of at least 1', budget)
      return { max_tokens: budget, ...hidden }
    }
    default: return refuse('thinking.type', 'one of "enabled", "disabled", "adaptive"', thinking['type'])
  }
}

const NAME_CHARS_MAX = 64

function readFormat(sent: JsonObject, unsaid: Notes): JsonObject | undefined {
  const format = asObject(sent['output_config'])?.['format']
  if (format === undefined || format === null) return undefined
  const place = 'output_config.format'
  if (!isObject(format)) refuse(place, 'an object with type and schema', format)
  if (format['type'] !== 'json_schema') {
    unsaid.warn(place, `a format of type ${JSON.stringify(format['type'] ?? null)} is Anthropic's own`)
    return undefined
  }
  const { schema } = format
  if (!isObject(schema)) refuse(`${place}.schema`, 'a JSON schema', schema)
  const name = (asString(schema['title']) ?? '').replace(/[^a-zA-Z0-9_-]/g, '_').slice(0, NAME_CHARS_MAX) || 'answer'
  return { type: 'json_schema', json_schema: { name, schema, ...(isClosed(schema) ? { strict: true } : {}) } }
}

/** Whether every object of a schema is closed and wants all its fields: then it can be enforced everywhere, as Anthropic enforces it. */
function isClosed(schema: Json | undefined): boolean {
  if (Array.isArray(schema)) return schema.every(isClosed)
  if (!isObject(schema)) return true
  const properties = asObject(schema['properties'])
  if (properties || schema['type'] === 'object') {
    const required: readonly unknown[] = Array.isArray(schema['required']) ? schema['required'] : []
    if (schema['additionalProperties'] !== false || !Object.keys(properties ?? {}).every((name) => required.includes(name))) return false
  }
  return Object.values(schema).every(isClosed)
}

function readStops(stops: Json | undefined): Json | undefined {
  if (stops === undefined || stops === null) return undefined
  if (!Array.isArray(stops)) refuse('stop_sequences', 'an array of strings', stops)
  stops.forEach((stop: unknown, at) => {
    if (typeof stop !== 'string') refuse(`stop_sequences[${at}]`, 'a string', stop)
  })
  return stops.length > 0 ? stops : undefined
}

const USER_CHARS_MAX = 512

/** The end user, by the contract's name or by Anthropic's (B37). */
function readUser(sent: JsonObject): string | undefined {
  const { metadata, user } = sent
  if (metadata !== undefined && metadata !== null && !isObject(metadata)) refuse('metadata', 'an object with user_id', metadata)
  const ids = [['user', user], ['metadata.user_id', metadata?.['user_id']]] as const
  for (const [field, id] of ids) {
    if (id === undefined || id === null) continue
    return typeof id === 'string' && id.length <= USER_CHARS_MAX ? id : refuse(field, `a string of at most ${USER_CHARS_MAX} characters`, id)
  }
  return undefined
}
