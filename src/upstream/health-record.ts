import type { EndpointHealth, EndpointStats, Percentiles } from '../routing/health.ts'
import type { EndpointMemory } from './health-memory.ts'
import { News, type EndpointNews } from './health-news.ts'
import type { Outcome } from './health-outcome.ts'
import { Recovery } from './health-recovery.ts'
import { Silence } from './health-silence.ts'
import { bucketOf, CountWindow, MeasureWindow } from './health-window.ts'
import { isFull, type Gauge } from './in-flight.ts'

const SECOND_MS = 1_000
const MINUTE_MS = 60_000

/** An outage: this many failures in the last 30 seconds, and they are half of its calls … */
const OUTAGE_FAILURES_MIN = 3
const OUTAGE_SHARE_MIN = 0.5
/** … or this many in a row, the last of them in the last 30 seconds: a sudden death behind a good past. */
const OUTAGE_ROW_MIN = 5
const OUTAGE_MS = 30 * SECOND_MS

/** A credential that is refused, or an account without money, is no chance matter: once is enough, and it lasts. */
const REFUSED_MS = 60 * SECOND_MS

/** Fewer calls than this say nothing about uptime (C21). */
const STATE_CALLS_MIN = 100
const NORMAL_UPTIME_MIN = 0.95
const DEGRADED_UPTIME_MIN = 0.8

/** Without a Retry-After, a 429 cools for this long, and for twice as long each time that it comes again on the way back. */
const COOL_MS_FIRST = 1_000
const COOL_MS_GUESSED_MAX = 30 * SECOND_MS
/** With one, never for longer than this: it recovers by itself. */
const COOL_MS_MAX = 10 * MINUTE_MS

/** What `health` says holds for this long. A failure and a rate limit are seen at once, and so is a share that grows. */
const FRESH_MS = 250
/** Percentiles move slowly and cost a walk over the histograms. */
const PERCENTILES_FRESH_MS = 1_000

const LATENCY_LOWEST_MS = 1
const THROUGHPUT_LOWEST = 1 / 8

/** Of endpoints that were never called. */
export const NEVER_CALLED: EndpointHealth = Object.freeze({ outage: false, state: 'normal' })

/** The names under which windows are kept through a restart. */
const COUNTS = ['last30s', 'last5m', 'last30m', 'lastDay', 'tools2h', 'toolsDay'] as const
const MEASURES = ['latency5m', 'latency30m', 'throughput5m', 'throughput30m'] as const

/** What is known of one endpoint: windows that pass, and the way back after a fall. About 45 KB. */
export class EndpointRecord {
  readonly recovery = new Recovery()
  readonly silence = new Silence()
  /** What the other processes do not know yet. */
  readonly news = new News()
  /** Its own place and its provider's, where either is limited. */
  gauges: readonly Gauge[] = []
  private readonly counts = {
    last30s: new CountWindow(SECOND_MS, 30), last5m: new CountWindow(10 * SECOND_MS, 30), last30m: new CountWindow(MINUTE_MS, 30), lastDay: new CountWindow(30 * MINUTE_MS, 48),
    tools2h: new CountWindow(5 * MINUTE_MS, 24), toolsDay: new CountWindow(30 * MINUTE_MS, 48),
  }
  private readonly measures = {
    latency5m: new MeasureWindow(10 * SECOND_MS, 30, LATENCY_LOWEST_MS), latency30m: new MeasureWindow(MINUTE_MS, 30, LATENCY_LOWEST_MS),
    throughput5m: new MeasureWindow(10 * SECOND_MS, 30, THROUGHPUT_LOWEST), throughput30m: new MeasureWindow(MINUTE_MS, 30, THROUGHPUT_LOWEST),
  }
  private failuresInRow = 0
  private failedMs = -Infinity
  private coolUntilMs = -Infinity
  private guessedMs = COOL_MS_FIRST
  private known: EndpointHealth = NEVER_CALLED
  private knownMs = -Infinity
  private percentilesMs = -Infinity
  private latency: Percentiles | undefined
  private throughput: Percentiles | undefined

  /** How one attempt of this process ended. */
  add(nowMs: number, outcome: Outcome): void {
    const news: EndpointNews = {
      ok: outcome.counted && outcome.ok ? 1 : 0,
      failed: outcome.counted && !outcome.ok ? 1 : 0,
      row: outcome.counted && !outcome.ok ? 1 : 0,
      latency: outcome.latencyMs === undefined ? [] : [bucketOf(outcome.latencyMs, LATENCY_LOWEST_MS), 1],
      throughput: outcome.throughput === undefined || outcome.throughput <= 0 ? [] : [bucketOf(outcome.throughput, THROUGHPUT_LOWEST), 1],
      coolMs: outcome.rateLimited ? Math.min(outcome.retryAfterMs ?? this.guessedCoolMs(nowMs), COOL_MS_MAX) : 0,
      refusedMs: outcome.refused ? REFUSED_MS : 0,
      proofs: 0, toolsOk: 0, toolsBad: 0,
    }
    this.take(nowMs, news)
    this.news.add(news)
  }

  /** A call that began at `begunMs` has been spoken to. True when that is news. */
  prove(nowMs: number, begunMs: number): boolean {
    const isNews = this.recovery.prove(nowMs, begunMs)
    if (isNews) this.news.prove()
    return isNews
  }

  /** An answer ended in tool calls, and one of them was bad, or none (C38). */
  addTools(nowMs: number, isBad: boolean): void {
    this.countTools(nowMs, isBad ? 0 : 1, isBad ? 1 : 0)
    this.news.addTools(isBad)
  }

  /** Takes in what happened in the last moment, here or in another process. */
  take(nowMs: number, news: EndpointNews): void {
    if (news.coolMs > 0) this.cool(nowMs, nowMs + Math.min(news.coolMs, COOL_MS_MAX))
    if (news.latency.length > 0) {
      this.measures.latency5m.add(nowMs, news.latency)
      this.measures.latency30m.add(nowMs, news.latency)
    }
    if (news.throughput.length > 0) {
      this.measures.throughput5m.add(nowMs, news.throughput)
      this.measures.throughput30m.add(nowMs, news.throughput)
    }
    if (news.ok + news.failed > 0) this.count(nowMs, news)
    if (news.refusedMs > 0) this.recovery.trip(nowMs, Math.min(news.refusedMs, COOL_MS_MAX))
    if (news.proofs > 0) this.recovery.prove(nowMs, nowMs)
    if (news.toolsOk + news.toolsBad > 0) this.countTools(nowMs, news.toolsOk, news.toolsBad)
  }

  private count(nowMs: number, { ok, failed, row }: EndpointNews): void {
    for (const name of ['last30s', 'last5m', 'last30m', 'lastDay'] as const) this.counts[name].add(nowMs, ok, failed)
    if (ok > 0) {
      this.failuresInRow = 0
      this.recovery.succeeded()
    }
    if (failed === 0) return
    this.failuresInRow += row
    this.failedMs = nowMs
    this.knownMs = -Infinity
    if (this.outage(nowMs)) this.recovery.trip(nowMs)
    else this.recovery.failed(nowMs)
  }

  private countTools(nowMs: number, ok: number, bad: number): void {
    this.counts.tools2h.add(nowMs, ok, bad)
    this.counts.toolsDay.add(nowMs, ok, bad)
  }

  private guessedCoolMs(nowMs: number): number {
    // Those that were under way when the first came are of the same limit.
    if (nowMs >= this.coolUntilMs) this.guessedMs = this.recovery.share(nowMs) === 1 ? COOL_MS_FIRST : Math.min(2 * this.guessedMs, COOL_MS_GUESSED_MAX)
    return this.guessedMs
  }

  /** Answers that were under way when the limit was hit do not end the pause, a later 429 never shortens it. */
  private cool(nowMs: number, untilMs: number): void {
    this.coolUntilMs = Math.max(this.coolUntilMs, untilMs)
    this.recovery.rest(nowMs, this.coolUntilMs)
    this.knownMs = -Infinity
  }

  health(nowMs: number): EndpointHealth {
    const known = nowMs - this.knownMs < FRESH_MS ? this.known : this.refresh(nowMs)
    const share = this.silence.isSilent(nowMs, this.latency?.p99) ? 0 : this.recovery.share(nowMs)
    const full = this.gauges.some(isFull)
    return share === 1 && !full ? known : { ...known, ...(share < 1 ? { share } : {}), ...(full ? { full } : {}) }
  }

  private refresh(nowMs: number): EndpointHealth {
    this.refreshPercentiles(nowMs)
    const uptime = shareOf(this.counts.last5m.sum(nowMs))
    this.known = {
      outage: this.outage(nowMs), state: stateOf(uptime), cooling: nowMs < this.coolUntilMs, uptime: uptime?.share, latency: this.latency, throughput: this.throughput,
      calls30m: shareOf(this.counts.last30m.sum(nowMs))?.calls ?? 0, ...this.toolCalls(nowMs),
    }
    this.knownMs = nowMs
    return this.known
  }

  private toolCalls(nowMs: number): Pick<EndpointHealth, 'toolCalls'> {
    const day = shareOf(this.counts.toolsDay.sum(nowMs))
    return day ? { toolCalls: { calls2h: shareOf(this.counts.tools2h.sum(nowMs))?.calls ?? 0, errorRate: 1 - day.share } } : {}
  }

  stats(nowMs: number): EndpointStats {
    const { last5m, last30m, lastDay } = this.counts
    return {
      uptime5m: shareOf(last5m.sum(nowMs))?.share, uptime30m: shareOf(last30m.sum(nowMs))?.share, uptime1d: shareOf(lastDay.sum(nowMs))?.share,
      latency30m: this.measures.latency30m.percentiles(nowMs, 'low'), throughput30m: this.measures.throughput30m.percentiles(nowMs, 'high'),
    }
  }

  /** All that is worth keeping through a restart. */
  memory(nowMs: number): EndpointMemory {
    return {
      counts: Object.fromEntries(COUNTS.map((name) => [name, this.counts[name].rows(nowMs)])),
      measures: Object.fromEntries(MEASURES.map((name) => [name, this.measures[name].rows(nowMs)])),
      row: this.failuresInRow,
      ...(Number.isFinite(this.failedMs) ? { failedMs: Math.round(this.failedMs) } : {}),
      ...(this.coolUntilMs > nowMs ? { coolUntilMs: Math.round(this.coolUntilMs) } : {}),
      ...(this.recovery.state(nowMs) ? { recovery: this.recovery.state(nowMs) } : {}),
    }
  }

  load(nowMs: number, memory: EndpointMemory): void {
    for (const name of COUNTS) this.counts[name].load(nowMs, memory.counts[name] ?? [])
    for (const name of MEASURES) this.measures[name].load(nowMs, memory.measures[name] ?? [])
    this.failuresInRow = memory.row
    this.failedMs = Math.min(memory.failedMs ?? -Infinity, nowMs)
    if (memory.coolUntilMs !== undefined) this.coolUntilMs = Math.min(memory.coolUntilMs, nowMs + COOL_MS_MAX)
    if (memory.recovery) this.recovery.load(nowMs, memory.recovery)
    this.knownMs = -Infinity
  }

  private outage(nowMs: number): boolean {
    if (nowMs - this.failedMs >= OUTAGE_MS) return false
    if (this.failuresInRow >= OUTAGE_ROW_MIN) return true
    const { ok, failed } = this.counts.last30s.sum(nowMs)
    return failed >= OUTAGE_FAILURES_MIN && failed >= (ok + failed) * OUTAGE_SHARE_MIN
  }

  private refreshPercentiles(nowMs: number): void {
    if (nowMs - this.percentilesMs < PERCENTILES_FRESH_MS) return
    this.percentilesMs = nowMs
    this.latency = this.measures.latency5m.percentiles(nowMs, 'low')
    this.throughput = this.measures.throughput5m.percentiles(nowMs, 'high')
  }
}

interface Share { readonly share: number; readonly calls: number }

function shareOf({ ok, failed }: { readonly ok: number; readonly failed: number }): Share | undefined {
  const calls = ok + failed
  return calls === 0 ? undefined : { share: ok / calls, calls }
}

function stateOf(uptime: Share | undefined): EndpointHealth['state'] {
  if (uptime === undefined || uptime.calls < STATE_CALLS_MIN || uptime.share >= NORMAL_UPTIME_MIN) return 'normal'
  return uptime.share >= DEGRADED_UPTIME_MIN ? 'degraded' : 'down'
}
