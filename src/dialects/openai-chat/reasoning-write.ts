import { EFFORTS, type Call, type Effort, type Warning } from '../../core/call.ts'
import { isObject, type JsonObject } from '../../core/json.ts'
import type { Endpoint } from '../../catalog/endpoint.ts'
import { effortOf, nearestEffort } from '../../core/reasoning.ts'
import { has } from './quirks.ts'

/** Says the wish to reason (B21–B26) in the provider's words: an object, an effort, a switch, or not at all. */
export function writeReasoning(body: JsonObject, call: Call, endpoint: Endpoint, warnings: Warning[]): void {
  const wish = call.reasoning
  if (endpoint.reasoning && has(endpoint, 'hides_reasoning') && isTornBetween(body, call, endpoint)) {
    body['reasoning_effort'] = 'none'
    warnings.push({ field: 'reasoning', why: `${endpoint.provider.name} has this model reason with tools at hand in the Responses dialect only` })
    return
  }
  if (wish.enabled && asksToSee(call) && endpoint.reasoning && has(endpoint, 'hides_reasoning')) {
    warnings.push({ field: 'reasoning', why: `${endpoint.provider.name} shows what a model thought in the Responses dialect only` })
  }
  if (wish.enabled === undefined && wish.effort === undefined && !wish.exclude) return
  if (has(endpoint, 'reasoning_object')) return copyReasoning(body, call)
  if (wish.enabled === undefined) return
  if (has(endpoint, 'thinking_object')) {
    body['thinking'] = { type: wish.enabled ? 'enabled' : 'disabled' }
  } else if (has(endpoint, 'enable_thinking')) {
    body['enable_thinking'] = wish.enabled
    if (wish.enabled && wish.maxTokens !== undefined) body['thinking_budget'] = wish.maxTokens
  } else if (endpoint.parameters === null || endpoint.parameters.has('reasoning') || has(endpoint, 'reasoning_effort')) {
    const effort = effortFor(call, endpoint)
    if (effort !== undefined) body['reasoning_effort'] = effort
    else if (!wish.enabled && endpoint.reasoning) warnings.push({ field: 'reasoning', why: `${endpoint.provider.name} cannot be told not to reason with this model` })
  } else if (wish.enabled) {
    warnings.push({ field: 'reasoning', why: `${endpoint.provider.name} does not take it for this model` })
  }
}

/** GPT-5.4 and later: chat completions refuse tools beside any effort but `none`, and from GPT-5.5 on one is meant where none is said. */
const EITHER_OR = /^gpt-(?:5\.[4-9]|[6-9])(?!.*chat)/
const REASONS_UNASKED = /^gpt-(?:5\.[5-9]|[6-9])/

function isTornBetween(body: JsonObject, { reasoning }: Call, { upstreamId }: Endpoint): boolean {
  if (body['tools'] === undefined || !EITHER_OR.test(upstreamId) || reasoning.enabled === false || reasoning.effort === 'none') return false
  return reasoning.enabled === true || REASONS_UNASKED.test(upstreamId)
}

/** Who says no more than OpenAI's own `reasoning_effort` wants a better answer, and knows that this API shows no thoughts. */
function asksToSee({ body, reasoning }: Call): boolean {
  return !reasoning.exclude && (isObject(body['reasoning']) || body['include_reasoning'] === true)
}

function copyReasoning(body: JsonObject, call: Call): void {
  for (const field of ['reasoning', 'reasoning_effort', 'include_reasoning'] as const) {
    if (call.body[field] !== undefined) body[field] = call.body[field]
  }
}

/** The effort to name: the client's, or the one its budget comes to; the nearest that the endpoint has. */
function effortFor(call: Call, endpoint: Endpoint): Effort | undefined {
  const { enabled, effort, maxTokens } = call.reasoning
  const wanted = !enabled ? 'none' : (effort ?? (maxTokens === undefined ? 'medium' : effortOf(maxTokens, call.needs.maxTokens ?? endpoint.outputMax)))
  const known = endpoint.reasoning?.efforts ?? (endpoint.parameters === null ? EFFORTS : undefined)
  return known === undefined ? wanted : nearestEffort(wanted, known)
}

