import { Fault } from '../../core/fault.ts'
import type { Clock } from '../../lib/clock.ts'

const MINUTE_MS = 60_000
const FAILURES_MAX = 20
/** Addresses that are remembered; more than so many in a minute are not people's. */
const ADDRESSES_MAX = 10_000

/** How often each address has failed in the minute that runs: who guesses is told to wait. In memory: what is guessed here has 200 bits. */
export class Attempts {
  private minute = 0
  private readonly failed = new Map<string, number>()

  constructor(private readonly clock: Clock) {}

  /** Throws Fault `rate_limited`. */
  check(address: string): void {
    this.turn()
    if ((this.failed.get(address) ?? 0) < FAILURES_MAX) return
    throw new Fault('rate_limited', `${FAILURES_MAX} codes from this address were wrong in this minute: wait for the next.`, { retryAfterMs: (this.minute + 1) * MINUTE_MS - this.clock.wallMs() })
  }

  /** Notes a failure. */
  count(address: string): void {
    this.turn()
    if (this.failed.size < ADDRESSES_MAX || this.failed.has(address)) this.failed.set(address, (this.failed.get(address) ?? 0) + 1)
  }

  private turn(): void {
    const minute = Math.floor(this.clock.wallMs() / MINUTE_MS)
    if (minute !== this.minute) this.failed.clear()
    this.minute = minute
  }
}
