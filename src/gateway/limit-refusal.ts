import type { Call } from '../core/call.ts'
import { Fault } from '../core/fault.ts'
import type { JsonObject } from '../core/json.ts'
import { formatUsd, sayUsd, usdNumber } from '../core/nano.ts'
import type { LimitRefusal } from '../limits/limits.ts'
import type { Metric, Rule } from '../limits/rule.ts'

/** The 429 of a limit: whose it is, how much of what, and when it starts anew (contract M8, M12; lesson 66). */
export function limitFault(refusal: LimitRefusal, call: Call): Fault {
  if (refusal.code === 'unavailable') return new Fault('unavailable', 'The store of rate limits cannot be reached right now; the key is fine. Try again shortly.', { retryAfterMs: 1000 })
  const { rule, limit, left, resetsMs } = refusal
  const resetAt = new Date(resetsMs).toISOString()
  const rateLimit = { limit: plain(rule.metric, limit), remaining: plain(rule.metric, left), resetMs: resetsMs }
  const metadata: JsonObject = {
    reason: refusal.code === 'too_large' ? 'request_too_large' : 'rate_limit', scope: rule.scope, ...(rule.model !== undefined && { model: rule.model }),
    metric: rule.metric, window: rule.period, limit: number(rule.metric, limit), remaining: number(rule.metric, left), reset_at: resetAt, docs_url: '/docs/limits#a-refusal',
    headers: { 'X-RateLimit-Limit': rateLimit.limit, 'X-RateLimit-Remaining': rateLimit.remaining, 'X-RateLimit-Reset': String(resetsMs) },
  }
  if (refusal.code === 'too_large') return new Fault('rate_limited', tooLarge(refusal, call), { metadata, rateLimit })
  // Windows are of the wall clock, as is the time of the call: it began to be served just now.
  return new Fault('rate_limited', sayFull(refusal), { metadata, rateLimit, retryAfterMs: Math.max(1000, resetsMs - call.createdMs) })
}

/** Which limit is used up, in a few words. */
export function sayLimit({ rule, limit }: LimitRefusal): string {
  return `the limit of ${say(rule.metric, limit)} a ${rule.period} is used up`
}

function sayFull(refusal: LimitRefusal): string {
  const { rule, limit, left, amount, resetsMs } = refusal
  const anew = `It starts anew at ${new Date(resetsMs).toISOString()}.`
  if (rule.scope === 'free') return `Rate limit exceeded: free-models-per-${rule.period === 'day' ? 'day' : 'min'}. ${freeAdvice(refusal)}${anew}`
  const used = rule.metric === 'requests' ? 'is used up' : `has ${say(rule.metric, left)} left, and this request may take ${say(rule.metric, amount)}`
  return `Rate limit exceeded: ${whose(rule)} limit of ${say(rule.metric, limit)} a ${rule.period} ${used}. ${anew}`
}

function freeAdvice({ rule: { cap, period }, limit }: LimitRefusal): string {
  const { raised } = cap
  const more = raised && limit < raised.limit ? `Add ${formatUsd(raised.creditsMin)} credits to unlock ${raised.limit} free model requests per day. ` : ''
  return `${more}All keys of this account together may send ${limit} requests a ${period} to free models. `
}

function tooLarge({ rule, limit, amount }: LimitRefusal, { needs }: Call): string {
  const what = `This request may take ${say(rule.metric, amount)}, more than ${whose(rule)} limit of ${say(rule.metric, limit)} a ${rule.period}: no window is large enough for it.`
  if (needs.maxTokens === undefined || needs.maxTokens === 0) return `${what} Shorten the prompt, or have the limit raised.`
  return `${what} Lower max_tokens, shorten the prompt, or have the limit raised.`
}

function whose({ scope, model }: Rule): string {
  if (scope === 'model') return `the model ${model ?? ''}'s`
  return scope === 'key' ? "this key's" : "this account's"
}

function say(metric: Metric, amount: bigint): string {
  if (metric === 'usd') return sayUsd(amount)
  return `${amount.toLocaleString('en-US')} ${metric === 'tokens' ? 'tokens' : amount === 1n ? 'request' : 'requests'}`
}

function plain(metric: Metric, amount: bigint): string {
  return metric === 'usd' ? formatUsd(amount) : amount.toString()
}

function number(metric: Metric, amount: bigint): number {
  return metric === 'usd' ? usdNumber(amount) : Number(amount)
}
