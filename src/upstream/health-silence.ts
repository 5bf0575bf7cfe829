/** So many calls that wait, all sent after the last that was answered, are more than one bad one. */
const WAITING_MIN = 3
/** The first of them has waited for this long at least … */
const SILENT_MS_MIN = 5_000
/** … and for so many times what all but one of a hundred calls wait for their first word. */
const SILENT_PER_P99 = 3
/** Where nobody knows how long they wait. */
const SILENT_MS_UNKNOWN = 60_000

/**
 * Calls under way that were not spoken to. A provider that hangs sends no fault until the last deadline is over; that
 * those who were sent there later than the last answered one all wait, and wait too long, is seen far earlier.
 */
export class Silence {
  /** When each began, the oldest first. Those sent before the last answered one are not in it: they say nothing. */
  private readonly waiting = new Map<number, number>()
  private last = 0

  /** Gives the call's number here. */
  begin(nowMs: number): number {
    this.waiting.set(++this.last, nowMs)
    return this.last
  }

  /** It was spoken to, and so were those before it as far as this goes. */
  spoke(spoken: number): void {
    if (!this.waiting.has(spoken)) return
    for (const call of this.waiting.keys()) {
      this.waiting.delete(call)
      if (call === spoken) return
    }
  }

  /** It is over without a word: its fault says what that means. */
  end(call: number): void {
    this.waiting.delete(call)
  }

  isSilent(nowMs: number, latencyP99Ms: number | undefined): boolean {
    if (this.waiting.size < WAITING_MIN) return false
    const patienceMs = latencyP99Ms === undefined ? SILENT_MS_UNKNOWN : Math.max(SILENT_MS_MIN, SILENT_PER_P99 * latencyP99Ms)
    for (const begunMs of this.waiting.values()) return nowMs - begunMs > patienceMs
    return false
  }
}
