import type { InstanceSettings } from '../accounts/instance.ts'
import type { Clock } from '../lib/clock.ts'
import type { Payments } from './payments.ts'
import type { PurchaseStore } from './purchase-store.ts'

export interface PaymentJobsOptions {
  readonly store: Pick<PurchaseStore, 'expireCredit'>
  /** Absent where nobody takes cards: credit that was recorded may still lapse. */
  readonly payments: Payments | undefined
  readonly settings: () => InstanceSettings
  readonly clock: Clock
  readonly log: (what: string, detail: string) => void
}

const TOP_UP_MS = 5_000
const LOOK_MS = 30_000
const EXPIRY_MS = 300_000
const EVENTS_MS = 1_800_000

/** What is done about payments without anybody asking. Several processes may do it at once: the store gives each piece of work to one, and each is harmless twice. */
export class PaymentJobs {
  private readonly timers: readonly Timer[]
  private readonly running = new Set<Promise<void>>()
  private isClosed = false

  constructor(private readonly options: PaymentJobsOptions) {
    const { payments } = options
    this.timers = [
      this.every(EXPIRY_MS, 'credit that is too old stays for now', () => this.expire()),
      ...(payments ? [
        this.every(TOP_UP_MS, 'credit could not be bought by itself', () => payments.topUp()),
        this.every(LOOK_MS, 'open purchases could not be looked at', () => payments.look()),
        this.every(EVENTS_MS, 'events of the payment provider could not be read', () => payments.readEvents()),
      ] : []),
    ]
  }

  /** Ends when nothing of it runs any more. */
  async close(): Promise<void> {
    this.isClosed = true
    for (const timer of this.timers) clearInterval(timer)
    await Promise.all(this.running)
  }

  private async expire(): Promise<void> {
    const { store, clock, settings } = this.options
    if (settings().moneyEnabled) while (!this.isClosed && await store.expireCredit(clock.wallMs()) > 0);
  }

  private every(ms: number, trouble: string, work: () => Promise<unknown>): Timer {
    let busy = false
    const timer = setInterval(() => {
      if (busy || this.isClosed) return
      busy = true
      const done: Promise<void> = work().then(() => undefined, (error: unknown) => this.options.log(trouble, error instanceof Error ? error.message : String(error))).finally(() => {
        busy = false
        this.running.delete(done)
      })
      this.running.add(done)
    }, ms)
    timer.unref()
    return timer
  }
}
