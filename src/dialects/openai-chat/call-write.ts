import type { Call, Warning } from '../../core/call.ts'
import type { JsonObject } from '../../core/json.ts'
import type { Endpoint } from '../../catalog/endpoint.ts'
import { hashedUser } from '../../core/user.ts'
import type { WireRequest } from '../dialect.ts'
import { writeTier } from '../service-tier.ts'
import { wireBody } from '../wire-body.ts'
import { writeMessages, writeTools } from './message-write.ts'
import { has } from './quirks.ts'
import { writeReasoning } from './reasoning-write.ts'

/** Fields that are said to us and to no provider. */
const OURS = ['models', 'route', 'provider', 'plugins', 'transforms', 'preset', 'usage', 'include_reasoning', 'reasoning', 'reasoning_effort', 'session_id', 'trace',
  'debug', 'metadata', 'max_tool_calls', 'structured_outputs', 'stream_options', 'max_tokens', 'max_completion_tokens', 'user', 'cache_control', 'prompt'] as const

/** Parameters that a provider may not know: dropped with a warning where its endpoint does not list them (B4). */
const OPTIONAL: Readonly<Record<string, string>> = {
  temperature: 'temperature', top_p: 'top_p', top_k: 'top_k', min_p: 'min_p', top_a: 'top_a', frequency_penalty: 'frequency_penalty', presence_penalty: 'presence_penalty',
  repetition_penalty: 'repetition_penalty', seed: 'seed', logit_bias: 'logit_bias', logprobs: 'logprobs', top_logprobs: 'top_logprobs', stop: 'stop',
  response_format: 'response_format', tools: 'tools', tool_choice: 'tool_choice', parallel_tool_calls: 'parallel_tool_calls', verbosity: 'verbosity',
  prediction: 'prediction', web_search_options: 'web_search_options',
}

/** Says a call to an OpenAI-compatible provider: the client's body, less what is ours, in the provider's words. */
export function writeCall(call: Call, endpoint: Endpoint): WireRequest {
  const warnings: Warning[] = []
  const body: JsonObject = { ...call.body, model: endpoint.upstreamId, messages: writeMessages(call.body.messages, endpoint, warnings) }
  const whole = has(endpoint, 'reasoning_object')
  for (const field of OURS) if (!(whole && (field === 'cache_control' || field === 'plugins' || field === 'transforms'))) delete body[field]
  if (Array.isArray(body['tools']) && body['tools'].length === 0) dropEmptyTools(body)
  if (Array.isArray(body['tools'])) body['tools'] = writeTools(call.body.tools ?? [], endpoint, warnings)
  dropUnsupported(body, endpoint, warnings)
  writeLimits(body, call, endpoint)
  writeReasoning(body, call, endpoint, warnings)
  writeToolChoice(body, endpoint, warnings)
  if (call.stream && !has(endpoint, 'no_stream_options')) body['stream_options'] = { include_usage: true }
  if (typeof call.body.user === 'string') body['user'] = hashedUser(call.body.user)
  writeTier(body, call, endpoint, warnings)
  return { path: '/chat/completions', headers: {}, ...wireBody(body, call), warnings }
}

function dropUnsupported(body: JsonObject, endpoint: Endpoint, warnings: Warning[]): void {
  const known = endpoint.parameters
  for (const field in body) {
    const value = body[field]
    if (value === null) delete body[field]
    const name = OPTIONAL[field]
    if (known === null || name === undefined || value === null || value === undefined || known.has(name)) continue
    // A schema may be listed alone, without the plain JSON mode.
    if (field === 'response_format' && known.has('structured_outputs')) continue
    delete body[field]
    warnings.push({ field, why: `${endpoint.provider.name} does not take it for this model` })
  }
}

/** No tools, said as an empty list: providers refuse the list, and what would choose among its tools. */
function dropEmptyTools(body: JsonObject): void {
  for (const field of ['tools', 'tool_choice', 'parallel_tool_calls'] as const) delete body[field]
}

function writeLimits(body: JsonObject, call: Call, endpoint: Endpoint): void {
  const { maxTokens } = call.needs
  if (maxTokens === undefined) return
  body[has(endpoint, 'max_completion_tokens') ? 'max_completion_tokens' : 'max_tokens'] = maxTokens
}

function writeToolChoice(body: JsonObject, endpoint: Endpoint, warnings: Warning[]): void {
  if (body['tool_choice'] === 'required' && has(endpoint, 'tool_choice_any')) body['tool_choice'] = 'any'
  for (const [quirk, field] of [['no_parallel_tool_calls', 'parallel_tool_calls'], ['no_seed', 'seed']] as const) {
    if (body[field] === undefined || !has(endpoint, quirk)) continue
    delete body[field]
    warnings.push({ field, why: `${endpoint.provider.name} does not take it` })
  }
}
