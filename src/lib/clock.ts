/** Where time comes from. Nothing else in `src/` asks the machine for it, so that tests can set it. */
export interface Clock {
  /** ms since the epoch, for records. May step. */
  wallMs(): number
  /** ms, never steps, for durations and deadlines. */
  monotonicMs(): number
}

export const systemClock: Clock = { wallMs: () => Date.now(), monotonicMs: () => performance.now() }

/** A clock that moves when it is told to. For tests. */
export class FakeClock implements Clock {
  private steppedMs = 0
  constructor(private nowMs = 1_750_000_000_000) {}
  wallMs(): number { return this.nowMs + this.steppedMs }
  monotonicMs(): number { return this.nowMs }
  advance(ms: number): void { this.nowMs += ms }
  /** Sets the wall clock, and not the monotonic one: forward, or back. */
  step(ms: number): void { this.steppedMs += ms }
}
