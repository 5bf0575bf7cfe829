import type { Fault, FaultCode } from '../core/fault.ts'

/** How one attempt ended, as health sees it. */
export interface Outcome {
  readonly ok: boolean
  /** It says something about the endpoint (C21). False: a fault of the caller's, a refusal, a rate limit, a client that left. */
  readonly counted: boolean
  readonly rateLimited: boolean
  /** Our credential is refused, or its account has no money: no other call will fare better. */
  readonly refused?: boolean
  /** To the first token. */
  readonly latencyMs?: number
  /** Tokens a second over the whole attempt (C22). */
  readonly throughput?: number
  /** What the provider asked for. */
  readonly retryAfterMs?: number
}

/** Faults of a provider that say nothing about its uptime: refused for who asks, limited (kept apart), our stale connection (C21). */
const UNCOUNTED: ReadonlySet<FaultCode> = new Set<FaultCode>(['provider_forbidden', 'provider_rate_limited', 'provider_full', 'connection_stale'])

/** What a failed attempt says about its endpoint. Only faults that a provider gave us count (C21). */
export function faultOutcome(fault: Fault): Outcome {
  const rateLimited = fault.code === 'provider_rate_limited'
  const counted = (fault.blame === 'provider' || fault.blame === 'operator') && !UNCOUNTED.has(fault.code)
  const refused = fault.code === 'provider_credential' || fault.code === 'provider_payment'
  return { ok: false, counted, rateLimited, ...(refused ? { refused } : {}), retryAfterMs: fault.options.retryAfterMs }
}
