import type { Call, Warning } from '../../core/call.ts'
import { asString, isObject, type Json, type JsonObject } from '../../core/json.ts'
import { hashedUser } from '../../core/user.ts'
import type { Endpoint } from '../../catalog/endpoint.ts'
import { writeTier } from '../service-tier.ts'
import { isSignedBy, signedIn, unsigned } from '../signer.ts'
import { wantedEffort } from './effort.ts'
import { isSealed } from './envelope.ts'
import { DEFAULT_FORMAT, formatOf, objectsOf, signerOf } from './wire.ts'

/** Fields that are said to us and to no provider. */
const OURS = ['models', 'route', 'provider', 'plugins', 'transforms', 'preset', 'session_id', 'trace', 'metadata', 'debug', 'usage', 'stop_server_tools_when', 'cache_control', 'image_config', 'modalities',
  'store', 'previous_response_id', 'conversation', 'background', 'prompt'] as const

/** Parameters that a model may not take: dropped with a warning where its endpoint does not list them (B4). */
const OPTIONAL: Readonly<Record<string, string>> = {
  temperature: 'temperature', top_p: 'top_p', top_k: 'top_k', frequency_penalty: 'frequency_penalty', presence_penalty: 'presence_penalty', top_logprobs: 'top_logprobs',
  parallel_tool_calls: 'parallel_tool_calls', tools: 'tools', tool_choice: 'tool_choice',
}

/** The client's own request for a provider of its dialect: as it came, less what is ours. What we do not know is carried. */
export function writeNative(call: Call, native: JsonObject, endpoint: Endpoint, warnings: Warning[]): JsonObject {
  const body: JsonObject = { ...native, model: endpoint.upstreamId, store: false }
  for (const field of OURS) if (field !== 'store') delete body[field]
  for (const [field, name] of Object.entries(OPTIONAL)) {
    if (body[field] === undefined || body[field] === null || endpoint.parameters === null || endpoint.parameters.has(name)) continue
    delete body[field]
    warnings.push({ field, why: `${endpoint.provider.name} does not take it for this model` })
  }
  if (Array.isArray(body['input'])) body['input'] = writeItems(body['input'], endpoint, warnings)
  writeReasoning(body, call, endpoint, warnings)
  for (const field of ['user', 'safety_identifier'] as const) if (typeof body[field] === 'string') body[field] = hashedUser(body[field])
  writeTier(body, call, endpoint, warnings)
  return body
}

/** Reasoning that another provider wrote cannot be read by this one; of its own, our fields beside OpenAI's are taken off. */
function writeItems(items: readonly Json[], endpoint: Endpoint, warnings: Warning[]): Json[] {
  return items.flatMap((item, at) => {
    if (!isObject(item) || item['type'] !== 'reasoning') return [item]
    if (isForeign(item, endpoint)) {
      warnings.push({ field: `input[${at}]`, why: `${endpoint.provider.name} cannot read the reasoning of another provider; it was left out` })
      return []
    }
    const { signature: _signature, format: _format, ...rest } = item
    const data = asString(item['encrypted_content']) || undefined
    if (data === undefined && objectsOf(item['content']).length === 0) {
      warnings.push({ field: `input[${at}]`, why: 'reasoning without what is encrypted of it would have to be stored; it was left out (ask for it by include: ["reasoning.encrypted_content"])' })
      return []
    }
    return [data === undefined ? rest : { ...rest, encrypted_content: unsigned(data) }]
  })
}

/** What is encrypted may name its writer; else the item's format does, and where neither is there it is OpenAI's. */
function isForeign({ encrypted_content: data, signature, format: written }: JsonObject, endpoint: Endpoint): boolean {
  if (isSealed(data) || (typeof signature === 'string' && signature !== '')) return true
  const format = formatOf(endpoint)
  if (signedIn(data)) return !isSignedBy(data, signerOf(endpoint))
  if (typeof written === 'string') return written !== format
  return typeof data === 'string' && data !== '' && format !== DEFAULT_FORMAT
}

/** The contract's wishes for reasoning in the one word that this API has: an effort. */
function writeReasoning(body: JsonObject, call: Call, endpoint: Endpoint, warnings: Warning[]): void {
  const wish = body['reasoning']
  if (!isObject(wish)) return
  if (endpoint.parameters !== null && !endpoint.parameters.has('reasoning') && endpoint.reasoning === undefined) {
    delete body['reasoning']
    if (call.reasoning.enabled) warnings.push({ field: 'reasoning', why: `${endpoint.provider.name} does not take it for this model` })
    return
  }
  const { enabled: _enabled, max_tokens: _budget, exclude: _exclude, ...rest } = wish
  const effort = wantedEffort(call, endpoint)
  body['reasoning'] = effort === undefined ? rest : { ...rest, effort }
}
