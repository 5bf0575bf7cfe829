import type { Clock } from '../lib/clock.ts'
import type { StoreApi } from './protocol.ts'
import type { Cutoffs } from './retention.ts'

const DAY_MS = 86_400_000
const PASS_MS = 3_600_000
/** Longer than any transaction lasts: what was under way when the books were closed has ended. */
const SETTLED_MS = 30_000
const PAUSE_MS = 50

/** A clock that steps further than this may be wrong: nothing is removed by it until it has kept its new time for a day. */
const STEP_MS_MAX = 3_600_000

/** How many days rows are kept, by kind. What is not said stays for ever. */
export interface Retention { readonly generationsDays?: number; readonly windowsDays?: number; readonly changesDays?: number }

/** Removes what is too old, every hour, a batch at a time, so that no call waits for it. */
export class Retainer {
  private closed = false
  private readonly timer: Timer
  /** Wall clock less monotonic: it changes when the wall clock steps. */
  private aheadMs: number
  /** By the monotonic clock. */
  private trustedFromMs = 0

  constructor(private readonly options: {
    readonly store: Pick<StoreApi, 'closeBooksBefore' | 'prune'>
    readonly retention: () => Retention | undefined
    readonly clock: Clock
    readonly log: (line: string) => void
    /** Waits between two steps. */
    readonly pause?: (ms: number) => Promise<void>
  }) {
    this.aheadMs = options.clock.wallMs() - options.clock.monotonicMs()
    this.timer = setInterval(() => this.pass().catch((error: unknown) => options.log(`old rows stay until the next hour: ${String(error)}`)), PASS_MS)
    this.timer.unref()
  }

  /** Removes all that is too old now. How many rows went. */
  async pass(): Promise<number> {
    const { store, clock, pause = Bun.sleep } = this.options
    if (!this.isClockTrusted()) return 0
    const cutoffs = cutoffsOf(this.options.retention() ?? {}, clock.wallMs())
    if (cutoffs.generationsMs !== undefined) {
      await store.closeBooksBefore(cutoffs.generationsMs)
      await pause(SETTLED_MS)
    }
    let removed = 0
    for (let count = 1; count > 0 && !this.closed; removed += count) {
      count = await store.prune(cutoffs)
      await pause(PAUSE_MS)
    }
    return removed
  }

  close(): void {
    this.closed = true
    clearInterval(this.timer)
  }

  private isClockTrusted(): boolean {
    const { clock, log } = this.options
    const [monotonicMs, aheadMs] = [clock.monotonicMs(), clock.wallMs() - clock.monotonicMs()]
    if (Math.abs(aheadMs - this.aheadMs) > STEP_MS_MAX) {
      this.aheadMs = aheadMs
      this.trustedFromMs = monotonicMs + DAY_MS
      log('the clock was set by more than an hour: no old rows are removed for a day')
    }
    return monotonicMs >= this.trustedFromMs
  }
}

function cutoffsOf({ generationsDays, windowsDays, changesDays }: Retention, nowMs: number): Cutoffs {
  return {
    ...(generationsDays !== undefined && { generationsMs: nowMs - generationsDays * DAY_MS }),
    ...(windowsDays !== undefined && { windowsMs: nowMs - windowsDays * DAY_MS }),
    ...(changesDays !== undefined && { changesMs: nowMs - changesDays * DAY_MS }),
  }
}
