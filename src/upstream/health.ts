import type { Fault, FaultCode } from '../core/fault.ts'
import type { Clock } from '../lib/clock.ts'
import type { EndpointHealth, EndpointStats, HealthStats, Percentiles } from '../routing/health.ts'
import { CountWindow, MeasureWindow } from './health-window.ts'

/** How one attempt ended, as health sees it. */
export interface Outcome {
  readonly ok: boolean
  /** It says something about the endpoint (C21). False: a fault of the caller's, a refusal, a rate limit, a client that left. */
  readonly counted: boolean
  readonly rateLimited: boolean
  /** To the first token. */
  readonly latencyMs?: number
  /** Tokens a second over the whole attempt (C22). */
  readonly throughput?: number
  /** What the provider asked for. */
  readonly retryAfterMs?: number
}

const SECOND_MS = 1_000
const MINUTE_MS = 60_000

/** An outage: this many failures in the last 30 seconds, and they are half of its calls … */
const OUTAGE_FAILURES_MIN = 3
const OUTAGE_SHARE_MIN = 0.5
/** … or this many in a row, the last of them in the last 30 seconds: a sudden death behind a good past. */
const OUTAGE_ROW_MIN = 5
const OUTAGE_MS = 30 * SECOND_MS

/** Fewer calls than this say nothing about uptime (C21). */
const STATE_CALLS_MIN = 100
const NORMAL_UPTIME_MIN = 0.95
const DEGRADED_UPTIME_MIN = 0.8

/** Without a Retry-After, a 429 cools for this long; with one, never longer than the second: it recovers by itself. */
const COOL_MS_DEFAULT = 1_000
const COOL_MS_MAX = 10 * MINUTE_MS

/** What `of` says holds for this long. A failure and a rate limit are seen at once. */
const FRESH_MS = 250
/** Percentiles move slowly and cost a walk over the histograms. */
const PERCENTILES_FRESH_MS = 1_000

/** About 40 KB each; the one that was called first is forgotten first. */
const ENDPOINTS_MAX = 1_000

const LATENCY_LOWEST_MS = 1
const THROUGHPUT_LOWEST = 1 / 8

/** Of endpoints that were never called. */
const NEVER_CALLED: EndpointHealth = Object.freeze({ outage: false, state: 'normal' })

/** Faults of a provider that say nothing about its uptime: refused for who asks, limited (kept apart), our stale connection (C21). */
const UNCOUNTED: ReadonlySet<FaultCode> = new Set<FaultCode>(['provider_forbidden', 'provider_rate_limited', 'connection_stale'])

/** What a failed attempt says about its endpoint. Only faults that a provider gave us count (C21). */
export function faultOutcome(fault: Fault): Outcome {
  const rateLimited = fault.code === 'provider_rate_limited'
  const counted = (fault.blame === 'provider' || fault.blame === 'operator') && !UNCOUNTED.has(fault.code)
  return { ok: false, counted, rateLimited, retryAfterMs: fault.options.retryAfterMs }
}

/**
 * Health of the endpoints as this process sees them: outages of 30 seconds, uptime of 5 and 30 minutes and a day,
 * percentiles of 5 and 30 minutes. All of it is windows that pass, so an endpoint recovers by itself.
 */
export class Health implements HealthStats {
  private readonly records = new Map<string, EndpointRecord>()

  constructor(private readonly clock: Clock) {}

  /** Takes in how one attempt ended. */
  record(endpointId: string, outcome: Outcome): void {
    let record = this.records.get(endpointId)
    if (!record) {
      record = new EndpointRecord()
      this.records.set(endpointId, record)
      if (this.records.size > ENDPOINTS_MAX) this.forgetOldest()
    }
    record.add(this.clock.monotonicMs(), outcome)
  }

  of(endpointId: string): EndpointHealth {
    return this.records.get(endpointId)?.health(this.clock.monotonicMs()) ?? NEVER_CALLED
  }

  stats(endpointId: string): EndpointStats {
    return this.records.get(endpointId)?.stats(this.clock.monotonicMs()) ?? {}
  }

  private forgetOldest(): void {
    for (const id of this.records.keys()) {
      this.records.delete(id)
      return
    }
  }
}

class EndpointRecord {
  private readonly last30s = new CountWindow(SECOND_MS, 30)
  private readonly last5m = new CountWindow(10 * SECOND_MS, 30)
  private readonly last30m = new CountWindow(MINUTE_MS, 30)
  private readonly lastDay = new CountWindow(30 * MINUTE_MS, 48)
  private readonly latency5m = new MeasureWindow(10 * SECOND_MS, 30, LATENCY_LOWEST_MS)
  private readonly latency30m = new MeasureWindow(MINUTE_MS, 30, LATENCY_LOWEST_MS)
  private readonly throughput5m = new MeasureWindow(10 * SECOND_MS, 30, THROUGHPUT_LOWEST)
  private readonly throughput30m = new MeasureWindow(MINUTE_MS, 30, THROUGHPUT_LOWEST)
  private failuresInRow = 0
  private failedMs = -Infinity
  private coolUntilMs = -Infinity
  private known: EndpointHealth = NEVER_CALLED
  private knownMs = -Infinity
  private latency: Percentiles | undefined
  private throughput: Percentiles | undefined
  private percentilesMs = -Infinity

  add(nowMs: number, outcome: Outcome): void {
    if (outcome.rateLimited) this.cool(nowMs, outcome.retryAfterMs)
    if (outcome.counted) this.count(nowMs, outcome.ok)
    if (outcome.latencyMs !== undefined) {
      this.latency5m.add(nowMs, outcome.latencyMs)
      this.latency30m.add(nowMs, outcome.latencyMs)
    }
    if (outcome.throughput !== undefined && outcome.throughput > 0) {
      this.throughput5m.add(nowMs, outcome.throughput)
      this.throughput30m.add(nowMs, outcome.throughput)
    }
  }

  private count(nowMs: number, ok: boolean): void {
    this.last30s.add(nowMs, ok)
    this.last5m.add(nowMs, ok)
    this.last30m.add(nowMs, ok)
    this.lastDay.add(nowMs, ok)
    if (ok) {
      this.failuresInRow = 0
      return
    }
    this.failuresInRow++
    this.failedMs = nowMs
    this.knownMs = -Infinity
  }

  /** Answers that were under way when the limit was hit do not end the pause, a later 429 never shortens it. */
  private cool(nowMs: number, retryAfterMs: number | undefined): void {
    this.coolUntilMs = Math.max(this.coolUntilMs, nowMs + Math.min(retryAfterMs ?? COOL_MS_DEFAULT, COOL_MS_MAX))
    this.knownMs = -Infinity
  }

  health(nowMs: number): EndpointHealth {
    if (nowMs - this.knownMs < FRESH_MS) return this.known
    this.refreshPercentiles(nowMs)
    const uptime = share(this.last5m.sum(nowMs))
    this.known = {
      outage: this.outage(nowMs),
      state: stateOf(uptime),
      cooling: nowMs < this.coolUntilMs,
      uptime: uptime?.share,
      latency: this.latency,
      throughput: this.throughput,
    }
    this.knownMs = nowMs
    return this.known
  }

  stats(nowMs: number): EndpointStats {
    return {
      uptime5m: share(this.last5m.sum(nowMs))?.share,
      uptime30m: share(this.last30m.sum(nowMs))?.share,
      uptime1d: share(this.lastDay.sum(nowMs))?.share,
      latency30m: this.latency30m.percentiles(nowMs, 'low'),
      throughput30m: this.throughput30m.percentiles(nowMs, 'high'),
    }
  }

  private outage(nowMs: number): boolean {
    if (nowMs - this.failedMs >= OUTAGE_MS) return false
    if (this.failuresInRow >= OUTAGE_ROW_MIN) return true
    const { ok, failed } = this.last30s.sum(nowMs)
    return failed >= OUTAGE_FAILURES_MIN && failed >= (ok + failed) * OUTAGE_SHARE_MIN
  }

  private refreshPercentiles(nowMs: number): void {
    if (nowMs - this.percentilesMs < PERCENTILES_FRESH_MS) return
    this.percentilesMs = nowMs
    this.latency = this.latency5m.percentiles(nowMs, 'low')
    this.throughput = this.throughput5m.percentiles(nowMs, 'high')
  }
}

interface Uptime { readonly share: number; readonly calls: number }

function share({ ok, failed }: { readonly ok: number; readonly failed: number }): Uptime | undefined {
  const calls = ok + failed
  return calls === 0 ? undefined : { share: ok / calls, calls }
}

function stateOf(uptime: Uptime | undefined): EndpointHealth['state'] {
  if (uptime === undefined || uptime.calls < STATE_CALLS_MIN || uptime.share >= NORMAL_UPTIME_MIN) return 'normal'
  return uptime.share >= DEGRADED_UPTIME_MIN ? 'degraded' : 'down'
}
