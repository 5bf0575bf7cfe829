import type { Metric, Period, Rule } from './rule.ts'
import type { Cap, SliceAnswer } from './slice-bank.ts'

const WINDOW_MS = { minute: 60_000, day: 86_400_000 } as const satisfies Record<Period, number>
/** A minute's first slice is asked for this long before it begins, where the minute before it is in use. */
const AHEAD_MS = 10_000
/** The part of a limit that one process asks for at a time. What a killed process had is lost until the window ends: a day's is smaller. */
const PARTS = { minute: 4n, day: 20n } as const satisfies Record<Period, bigint>

/** When the window that a moment lies in begins. */
export function windowStartMs(period: Period, atMs: number): number {
  const lengthMs = WINDOW_MS[period]
  return Math.floor(atMs / lengthMs) * lengthMs
}

/** What this process has of one window. */
export class Slice {
  /** May pass here without asking. Below zero after more has passed than was taken for it, until the store knows. */
  left = 0n
  /** What the store believes is left here. */
  told = 0n
  readonly endMs: number

  constructor(readonly startMs: number, period: Period) {
    this.endMs = startMs + WINDOW_MS[period]
  }
}

/** One counter in this process: its slice of the window that runs, and perhaps already of the next. */
export class Counter {
  slice: Slice
  next: Slice | undefined
  /** What calls wait for. */
  waiting = 0n
  /** The question to the store that is on its way. */
  asking: Promise<void> | undefined
  /** What is on its way back to the store: who asks for more comes after it, or would be refused what is there. */
  returning: Promise<void> | undefined
  /** No use to ask ahead of need before this moment of the monotonic clock. */
  aheadFromMs = 0
  /** As the store says it, for the account. */
  limit: bigint
  cap: Cap
  private refusedUntilMs = 0
  private free = 0n
  private lowWater = 0n
  readonly metric: Metric
  private readonly period: Period

  constructor(readonly rule: Rule, nowMs: number) {
    this.metric = rule.metric
    this.period = rule.period
    this.cap = rule.cap
    this.limit = rule.cap.limit
    this.slice = new Slice(windowStartMs(this.period, nowMs), this.period)
  }

  /**
   * The slice of the window that runs now. Gives the one before it to `drop`, which owes the store nothing once its window is over;
   * a clock that was set back comes to a window whose count the store has.
   */
  at(nowMs: number, drop: (slice: Slice) => void): Slice {
    const { slice } = this
    if (nowMs < slice.endMs && nowMs >= slice.startMs) return slice
    const startMs = windowStartMs(this.period, nowMs)
    const { next } = this
    this.slice = next?.startMs === startMs ? next : new Slice(startMs, this.period)
    if (next && next !== this.slice) drop(next)
    this.next = undefined
    this.refusedUntilMs = 0
    this.aheadFromMs = 0
    this.lowWater = 0n
    this.free = 0n
    // What passed beyond a window counts in the one after it.
    if (slice.left < 0n) this.slice.left += slice.left
    else drop(slice)
    return this.slice
  }

  /** The rule says another limit now. True when less may pass than before. */
  adopt(cap: Cap): boolean {
    const was = this.cap
    this.cap = cap
    if (was.limit === cap.limit && was.raised?.limit === cap.raised?.limit && was.raised?.creditsMin === cap.raised?.creditsMin) return false
    this.limit = cap.limit
    this.refusedUntilMs = 0
    return cap.limit < was.limit
  }

  /** True when the store has lately refused as much as this, counting what came free here since. */
  refuses(amount: bigint, monotonicMs: number): boolean {
    return monotonicMs < this.refusedUntilMs && amount > this.slice.left + maxOf(this.free, 0n)
  }

  /** What the store said last is taken for true until then. */
  refuseUntil(monotonicMs: number): void {
    this.refusedUntilMs = monotonicMs
  }

  learn(answer: SliceAnswer): void {
    this.limit = answer.limit
    this.free = answer.free
    if (answer.granted > 0n) this.lowWater = answer.granted / 4n
  }

  /** How much to ask for at a time. */
  get part(): bigint {
    return maxOf(maxOf(this.limit / PARTS[this.period], this.waiting), 1n)
  }

  /** True when it is time to ask for more, before a call must wait for it. */
  isLow(monotonicMs: number): boolean {
    return this.slice.left < this.lowWater && this.asking === undefined && monotonicMs >= this.aheadFromMs && monotonicMs >= this.refusedUntilMs
  }

  /** The slice of the next window to ask for now, once for each. */
  takeNext(nowMs: number): Slice | undefined {
    if (this.next || this.period === 'day' || nowMs < this.slice.endMs - AHEAD_MS) return undefined
    this.next = new Slice(this.slice.endMs, this.period)
    return this.next
  }

  /** What may pass still, as far as is known here. */
  get left(): bigint {
    return maxOf(maxOf(this.free, 0n) + this.slice.left, 0n)
  }
}

function maxOf(a: bigint, b: bigint): bigint {
  return a > b ? a : b
}
