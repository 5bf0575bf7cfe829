const SECOND_MS = 1_000

/** After an outage nobody is sent there for this long; after each probe that fails, for twice as long as before. */
const PAUSE_MS = 30 * SECOND_MS
const PAUSE_MS_MAX = 240 * SECOND_MS

/** After the first success the share grows from this to all of it, for this long. */
const RAMP_MS = 30 * SECOND_MS
const RAMP_SHARE_FIRST = 0.1
/** A pause that the provider asked for is followed by a ramp this many times as long: a second's pause is no outage. */
const RAMP_PER_PAUSE = 5

/** Failures of a ramp that end it: so many, and so large a part of its calls. */
const RELAPSE_FAILURES_MIN = 2
const RELAPSE_SHARE_MIN = 1 / 3

/** What is kept of it through a restart. Times are in ms since the epoch. */
export interface RecoveryState {
  readonly openUntilMs: number
  /** Since when it is proven to work again; null: not yet. */
  readonly provenMs: number | null
  readonly rampMs: number
  readonly trips: number
}

/**
 * How an endpoint comes back: nothing while it is paused, then one call at a time until one succeeds, then a share of
 * its calls that grows. Whoever is sent calls all at once after a fall falls again.
 */
export class Recovery {
  private openUntilMs = -Infinity
  private provenMs: number | null = -Infinity
  private rampMs = 0
  private trips = 0
  private trippedMs = -Infinity
  private rampCalls = 0
  private rampFailures = 0
  private probes = 0

  /** The part of its usual share that it should get now: 1 when it is well. */
  share(nowMs: number): number {
    if (nowMs < this.openUntilMs) return 0
    if (this.provenMs === null) return this.probes === 0 ? 1 : 0
    const done = (nowMs - this.provenMs) / this.rampMs
    return done >= 1 || this.rampMs === 0 ? 1 : RAMP_SHARE_FIRST + (1 - RAMP_SHARE_FIRST) * Math.max(0, done)
  }

  /** It has fallen: paused for `pauseMs` at least. */
  trip(nowMs: number, pauseMs = PAUSE_MS): void {
    const isDown = nowMs < this.openUntilMs && this.provenMs === null
    if (!isDown) {
      this.trips = this.isWell(nowMs) ? 1 : this.trips + 1
      this.trippedMs = nowMs
    }
    const pause = Math.min(pauseMs * 2 ** (this.trips - 1), Math.max(pauseMs, PAUSE_MS_MAX))
    // What fails during a pause began before it, or was tried for want of anything else: it makes the pause no longer than the first.
    this.openUntilMs = Math.max(this.openUntilMs, nowMs + (isDown ? pauseMs : pause))
    this.provenMs = null
  }

  /** The provider asks for a pause: it is well, and says when it can be called again. */
  rest(nowMs: number, untilMs: number): void {
    this.openUntilMs = Math.max(this.openUntilMs, untilMs)
    if (this.provenMs !== null) this.startRamp(this.openUntilMs, Math.min(RAMP_MS, RAMP_PER_PAUSE * (this.openUntilMs - nowMs)))
  }

  /** A call failed while the windows do not speak of an outage. */
  failed(nowMs: number): void {
    if (this.provenMs === null) {
      this.trip(nowMs)
      return
    }
    if (this.isWell(nowMs)) return
    this.rampCalls++
    this.rampFailures++
    if (this.rampFailures >= RELAPSE_FAILURES_MIN && this.rampFailures >= this.rampCalls * RELAPSE_SHARE_MIN) this.trip(nowMs)
  }

  /** A call was answered well. */
  succeeded(): void {
    if (this.provenMs !== null) this.rampCalls++
  }

  /** A call that began at `begunMs` has been spoken to: since the fall, that is the proof that it works again. */
  prove(nowMs: number, begunMs: number): boolean {
    if (this.provenMs !== null || begunMs < this.trippedMs) return false
    this.openUntilMs = Math.min(this.openUntilMs, nowMs)
    this.startRamp(nowMs, RAMP_MS)
    return true
  }

  /** A call begins. While nothing is proven it is a probe, and there is no other until `endProbe`. */
  beginProbe(nowMs: number): boolean {
    if (this.provenMs !== null || nowMs < this.openUntilMs) return false
    this.probes++
    return true
  }

  endProbe(): void {
    this.probes--
  }

  state(nowMs: number): RecoveryState | undefined {
    return this.isWell(nowMs) ? undefined : { openUntilMs: Math.round(this.openUntilMs), provenMs: this.provenMs === null ? null : Math.round(this.provenMs), rampMs: this.rampMs, trips: this.trips }
  }

  /** Of two views of one endpoint, the darker one holds. */
  load(nowMs: number, { openUntilMs, provenMs, rampMs, trips }: RecoveryState): void {
    this.openUntilMs = Math.max(this.openUntilMs, Math.min(openUntilMs, nowMs + PAUSE_MS_MAX))
    this.provenMs = provenMs === null ? null : Math.min(provenMs, nowMs + PAUSE_MS_MAX)
    this.rampMs = Math.min(rampMs, RAMP_MS)
    this.trips = trips
  }

  private startRamp(fromMs: number, rampMs: number): void {
    this.provenMs = fromMs
    this.rampMs = rampMs
    this.rampCalls = 0
    this.rampFailures = 0
  }

  private isWell(nowMs: number): boolean {
    return this.provenMs !== null && nowMs >= this.openUntilMs && nowMs >= this.provenMs + this.rampMs
  }
}
