import type { Endpoint } from '../catalog/endpoint.ts'
import type { Clock } from '../lib/clock.ts'
import type { EndpointHealth, EndpointStats, HealthStats } from '../routing/health.ts'
import type { HealthMemory } from './health-memory.ts'
import type { EndpointNews } from './health-news.ts'
import type { Outcome } from './health-outcome.ts'
import { EndpointRecord, NEVER_CALLED } from './health-record.ts'
import { InFlight, type Gauge } from './in-flight.ts'

/** A check takes less than a millisecond, and this many a second are enough to know a rate by. */
const CHECKS_PER_SECOND_MAX = 100

/** The one that was called first is forgotten first. */
const ENDPOINTS_MAX = 1_000

/** One call under way at one endpoint. */
export interface CallUnderWay {
  /** The endpoint has begun to answer: after a fall, that is the proof that it works again. */
  spoke(): void
  /** The call is over, however it ended. */
  leave(): void
}

/**
 * Health of the endpoints: outages of 30 seconds, uptime of 5 and 30 minutes and a day, percentiles of 5 and 30 minutes,
 * bad tool calls of a day. All of it is windows that pass, so an endpoint recovers by itself; after an outage or a rate
 * limit step by step (`Recovery`). What other processes see is taken in as if it had happened here.
 */
export class Health implements HealthStats {
  private readonly records = new Map<string, EndpointRecord>()
  private readonly withNews = new Set<string>()
  private readonly originMs: number
  private checkedSecond = 0
  private checks = 0

  /** Time is the wall clock's at the start and goes on without its steps, so that windows can be kept and read again. */
  constructor(private readonly clock: Clock, private readonly inFlight = new InFlight()) {
    this.originMs = clock.wallMs() - clock.monotonicMs()
  }

  /** Takes in how one attempt ended. */
  record(endpointId: string, outcome: Outcome): void {
    this.recordOf(endpointId).add(this.nowMs(), outcome)
    this.withNews.add(endpointId)
  }

  /** An answer that ended in tool calls, one of them bad (C38). */
  recordTools(endpointId: string, isBad: boolean): void {
    this.recordOf(endpointId).addTools(this.nowMs(), isBad)
    this.withNews.add(endpointId)
  }

  /** Looks at the tool calls of an answer when nobody waits for it any more, and at so many in a second only. */
  checkTools(endpointId: string, isBad: () => boolean): void {
    const second = Math.floor(this.nowMs() / 1_000)
    this.checks = this.checkedSecond === second ? this.checks + 1 : 1
    this.checkedSecond = second
    if (this.checks <= CHECKS_PER_SECOND_MAX) setImmediate(() => this.recordTools(endpointId, isBad()))
  }

  /** A call begins at this endpoint; undefined when there are as many as the operator allows. */
  enter(endpoint: Endpoint): CallUnderWay | undefined {
    const gauges = this.inFlight.enter(endpoint)
    if (!gauges) return undefined
    const record = this.recordOf(endpoint.id)
    record.gauges = gauges
    return this.underWay(endpoint.id, record, gauges)
  }

  private underWay(endpointId: string, record: EndpointRecord, gauges: readonly Gauge[]): CallUnderWay {
    const begunMs = this.nowMs()
    const waiting = record.silence.begin(begunMs)
    let isProbe = record.recovery.beginProbe(begunMs)
    const endProbe = (): void => {
      if (isProbe) record.recovery.endProbe()
      isProbe = false
    }
    return {
      spoke: () => {
        endProbe()
        record.silence.spoke(waiting)
        if (record.prove(this.nowMs(), begunMs)) this.withNews.add(endpointId)
      },
      leave: () => {
        endProbe()
        record.silence.end(waiting)
        this.inFlight.leave(gauges)
      },
    }
  }

  of(endpointId: string): EndpointHealth {
    return this.records.get(endpointId)?.health(this.nowMs()) ?? NEVER_CALLED
  }

  stats(endpointId: string): EndpointStats {
    return this.records.get(endpointId)?.stats(this.nowMs()) ?? {}
  }

  /** What the other processes do not know yet; undefined when there is nothing. Each news is given once. */
  takeNews(): Readonly<Record<string, EndpointNews>> | undefined {
    if (this.withNews.size === 0) return undefined
    const news: Record<string, EndpointNews> = {}
    for (const id of this.withNews) {
      const record = this.records.get(id)
      if (record) news[id] = record.news.take()
    }
    this.withNews.clear()
    return news
  }

  /** What another process saw in the last moment. */
  learn(news: Readonly<Record<string, EndpointNews>>): void {
    for (const [id, one] of Object.entries(news)) this.recordOf(id).take(this.nowMs(), one)
  }

  /** All that is worth keeping through a restart. */
  memory(): HealthMemory {
    const nowMs = this.nowMs()
    return { version: 1, savedMs: nowMs, endpoints: Object.fromEntries([...this.records].map(([id, record]) => [id, record.memory(nowMs)])) }
  }

  /** Takes in what was kept, at the start. What has passed since is empty. */
  load(memory: HealthMemory): void {
    for (const [id, one] of Object.entries(memory.endpoints).slice(-ENDPOINTS_MAX)) this.recordOf(id).load(this.nowMs(), one)
  }

  private nowMs(): number {
    return this.originMs + this.clock.monotonicMs()
  }

  private recordOf(endpointId: string): EndpointRecord {
    const known = this.records.get(endpointId)
    if (known) return known
    const record = new EndpointRecord()
    this.records.set(endpointId, record)
    if (this.records.size > ENDPOINTS_MAX) this.forgetOldest(endpointId)
    return record
  }

  /** Those of callers' own keys first: they are many, and seen by few. */
  private forgetOldest(newest: string): void {
    for (const id of this.records.keys()) {
      if (!id.includes('#') || id === newest) continue
      this.records.delete(id)
      return
    }
    for (const id of this.records.keys()) {
      this.records.delete(id)
      return
    }
  }
}
