import type { Call } from '../../core/call.ts'
import type { Cost, FinishReason } from '../../core/event.ts'
import type { Fault } from '../../core/fault.ts'
import { isObject, type Json, type JsonObject } from '../../core/json.ts'
import { usdNumber } from '../../core/nano.ts'
import type { Usage } from '../../core/usage.ts'
import { systemClock } from '../../lib/clock.ts'
import { serverToolFields } from '../openai-chat/server-tools.ts'
import { endsEarly, responseError } from './fault-write.ts'

/** The contract's `usage` of a response, complete: zeros are said. */
export function usageBody(usage: Usage, cost: Cost): JsonObject {
  return {
    input_tokens: usage.promptTokens,
    input_tokens_details: { cached_tokens: usage.cacheReadTokens, cache_write_tokens: usage.cacheWriteTokens },
    output_tokens: usage.completionTokens,
    output_tokens_details: { reasoning_tokens: usage.reasoningTokens },
    total_tokens: usage.promptTokens + usage.completionTokens,
    ...serverToolFields(usage),
    cost: usdNumber(cost.total),
    is_byok: cost.byok,
    cost_details: { upstream_inference_cost: cost.byok ? usdNumber(cost.upstream) : null, upstream_inference_input_cost: usdNumber(cost.prompt), upstream_inference_output_cost: usdNumber(cost.completion) },
    ...(usage.estimated ? { estimated: true } : {}),
  }
}

/** The wishes that a response repeats, with what holds where the client said nothing. */
const ECHOED: readonly (readonly [field: string, otherwise: Json])[] = [
  ['instructions', null], ['metadata', null], ['parallel_tool_calls', true], ['tool_choice', 'auto'], ['temperature', null], ['top_p', null], ['frequency_penalty', null],
  ['presence_penalty', null], ['max_output_tokens', null], ['max_tool_calls', null], ['prompt_cache_key', null], ['safety_identifier', null], ['truncation', 'disabled'],
]

/** A response that has just begun: who answers, and what was asked. */
export function openResponse(call: Call, model: string): JsonObject {
  const asked = call.native ?? {}
  const response: JsonObject = {
    id: call.id, object: 'response', created_at: Math.floor(call.createdMs / 1000), completed_at: null, status: 'in_progress', background: false, error: null, incomplete_details: null,
    model, output: [], previous_response_id: null, store: false, top_logprobs: asked['top_logprobs'] ?? 0, tools: echoTools(asked['tools']), user: asked['user'] ?? null,
  }
  for (const [field, otherwise] of ECHOED) response[field] = asked[field] ?? otherwise
  response['reasoning'] = echoReasoning(call)
  response['text'] = echoText(asked['text'])
  const tier = tierOf(asked['service_tier'])
  if (tier !== undefined) response['service_tier'] = tier
  return response
}

const TIERS = new Set(['auto', 'default', 'flex', 'priority', 'scale'])

/** A tier in the words that this API has; undefined for what providers of other dialects call theirs. */
export function tierOf(tier: Json | undefined): string | undefined {
  // `fast` is the contract's word for it (B33).
  const said = tier === 'fast' ? 'priority' : tier
  return typeof said === 'string' && TIERS.has(said) ? said : undefined
}

function echoTools(tools: Json | undefined): Json {
  if (!Array.isArray(tools)) return []
  return tools.map((tool: Json) => (isObject(tool) && tool['type'] === 'function' ? { ...tool, parameters: tool['parameters'] ?? null, strict: tool['strict'] ?? null } : tool))
}

function echoReasoning(call: Call): Json {
  const asked = call.native?.['reasoning']
  const wish = isObject(asked) ? asked : {}
  return { effort: call.reasoning.effort ?? null, summary: wish['summary'] ?? null, ...(wish['context'] === undefined ? {} : { context: wish['context'] }), ...(wish['mode'] === undefined ? {} : { mode: wish['mode'] }) }
}

const VERBOSITIES = new Set<unknown>(['low', 'medium', 'high', 'xhigh', 'max'])

function echoText(text: Json | undefined): JsonObject {
  const asked = isObject(text) ? text : {}
  return { format: asked['format'] ?? { type: 'text' }, ...(VERBOSITIES.has(asked['verbosity']) ? { verbosity: asked['verbosity'] } : {}) }
}

/** How a response ended. */
export interface Ending { readonly reason: FinishReason | undefined; readonly fault: Fault | undefined }

/** What its ending makes of a response: its status, and why. */
export function endingFields({ reason, fault }: Ending): JsonObject {
  const now = Math.floor(systemClock.wallMs() / 1000)
  if (fault && !endsEarly(fault)) return { status: 'failed', error: { ...responseError(fault) }, error_type: fault.type }
  if (reason === 'error') return { status: 'failed', error: { code: 'server_error', message: 'The provider failed while it was answering' }, error_type: 'provider_unavailable' }
  const incomplete = fault || reason === 'length' ? 'max_output_tokens' : reason === 'content_filter' ? 'content_filter' : undefined
  return incomplete === undefined ? { status: 'completed', completed_at: now } : { status: 'incomplete', incomplete_details: { reason: incomplete } }
}

/** Fields of a provider's usage that we know nothing about; what the provider says of money is not what the client pays. */
export function carriedUsage(sent: Json | undefined, ours: JsonObject): JsonObject {
  if (!isObject(sent)) return ours
  const usage: JsonObject = { ...ours }
  for (const field in sent) if (!(field in ours) && !field.startsWith('cost')) usage[field] = sent[field]
  for (const field of ['input_tokens_details', 'output_tokens_details'] as const) {
    const details = sent[field]
    const known = ours[field]
    if (isObject(details) && isObject(known)) usage[field] = { ...details, ...known }
  }
  return usage
}

/** A provider's response as our client sees it: whole by the contract, under our id and our model's name. */
export function carriedResponse(call: Call, model: string, response: JsonObject): JsonObject {
  const whole = openResponse(call, model)
  const { user, safety_identifier: safety, metadata, tools, text } = whole
  for (const field in response) if (response[field] !== undefined) whole[field] = response[field]
  // Who the end user is was said hashed, and how the client labels its calls was not said; and the client is told of what it asked for, not what became of it.
  Object.assign(whole, { id: call.id, model, object: 'response', store: false, previous_response_id: null, user, safety_identifier: safety, ...(metadata === null ? {} : { metadata }) })
  if (!Array.isArray(whole['tools'])) whole['tools'] = tools
  whole['text'] = isObject(whole['text']) ? withoutNulls(whole['text']) : text
  // A count that is yet to come is left out: the contract has no null there.
  if (whole['usage'] === null) delete whole['usage']
  // xAI writes it so.
  if (whole['status'] === 'complete') whole['status'] = 'completed'
  return whole
}

/** OpenAI says a format without a description as one with `null`, which the contract does not have. */
function withoutNulls(text: JsonObject): JsonObject {
  const { format } = text
  if (!isObject(format) || format['description'] !== null) return text
  const { description: _none, ...rest } = format
  return { ...text, format: rest }
}
