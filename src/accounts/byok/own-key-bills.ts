import type { ByokTerms } from '../../catalog/endpoint.ts'
import { shareOf } from '../../catalog/price.ts'
import { minNano, maxNano, type Nano } from '../../core/nano.ts'
import type { Clock } from '../../lib/clock.ts'
import type { ByokStore } from './byok-store.ts'

/** What calls of one account on own keys cost, by the list price of each. */
export interface OwnKeyFees {
  fee(list: Nano): Nano
  /** A call has come to so much. */
  note(list: Nano): void
}

/** What is known of an account's month. */
interface Month {
  readonly startMs: number
  /** What the store had when it was asked last. */
  stored: Nano
  /** What was settled here since the store was asked. */
  since: Nano
  askedMs: number
  asking: Promise<void> | undefined
}

/** What other processes settled is known this late. */
const ASK_AGAIN_MS = 5_000
const ACCOUNTS_MAX = 20_000

/**
 * What accounts' calls on own keys came to this month at list prices, and so what a call on one costs (contract H15): nothing within the
 * allowance, a share of the list price above it. Where there is no fee nobody asks.
 */
export class OwnKeyBills {
  private readonly months = new Map<string, Month>()

  constructor(private readonly store: Pick<ByokStore, 'byokBill'>, private readonly clock: Clock) {}

  /** Makes `feesOf` know this account. A promise only for one not seen lately. */
  ready(accountId: string, terms: ByokTerms | undefined): void | Promise<void> {
    if (!terms || terms.feeBasisPoints === 0) return undefined
    const known = this.months.get(accountId)
    if (known && known.startMs === this.startMs() && known.askedMs !== -Infinity) {
      if (this.clock.monotonicMs() - known.askedMs > ASK_AGAIN_MS) void this.ask(accountId, known).catch(() => undefined) // what is known holds on; the next call asks again
      return undefined
    }
    const month: Month = { startMs: this.startMs(), stored: 0n, since: 0n, askedMs: -Infinity, asking: undefined }
    if (this.months.size >= ACCOUNTS_MAX) this.months.clear()
    this.months.set(accountId, month)
    return this.ask(accountId, month)
  }

  /** The fees of an account's calls; undefined where there is none. */
  feesOf(accountId: string, terms: ByokTerms | undefined): OwnKeyFees | undefined {
    const month = this.months.get(accountId)
    if (!terms || terms.feeBasisPoints === 0 || !month) return undefined
    return {
      fee: (list) => shareOf(minNano(list, maxNano(0n, month.stored + month.since + list - terms.allowance)), terms.feeBasisPoints),
      note: (list) => { month.since += list },
    }
  }

  private ask(accountId: string, month: Month): Promise<void> {
    month.asking ??= this.read(accountId, month).finally(() => { month.asking = undefined })
    return month.asking
  }

  private async read(accountId: string, month: Month): Promise<void> {
    const sinceBefore = month.since
    month.stored = await this.store.byokBill(accountId, month.startMs)
    // What was settled before the question is in the answer, or will be within a moment; what came after is not.
    month.since -= sinceBefore
    month.askedMs = this.clock.monotonicMs()
  }

  private startMs(): number {
    const date = new Date(this.clock.wallMs())
    return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1)
  }
}
