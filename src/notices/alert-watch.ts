import type { Clock } from '../lib/clock.ts'
import { alertNotice } from './alert-text.ts'
import type { AllowanceStore, Crossing, SweepPlace } from './allowance.ts'
import type { NoticeBoard } from './notice-board.ts'

export interface AlertWatchOptions {
  readonly store: AllowanceStore
  readonly board: NoticeBoard
  readonly clock: Clock
  /** This process looks at all allowances now and then: one of each machine does. */
  readonly sweeps: boolean
  /** Balances are asked. */
  readonly isMoneyOn: () => boolean
  /** Told what goes wrong in the background. */
  readonly log: (line: string) => void
}

const LOOK_MS = 1_000
/** What a process that died had noted is found so late, and what was changed by hand. */
const SWEEP_MS = 60_000
const PAUSE_MS = 20

/** Looks, beside the calls, whether what settlements have used has passed a threshold, and has it told. */
export class AlertWatch {
  private timers: Timer[] = []
  private looking: Promise<void> | undefined
  private sweeping: Promise<void> | undefined
  private closed = false

  constructor(private readonly options: AlertWatchOptions) {}

  start(): void {
    this.timers = [setInterval(() => this.lookInTurn(), LOOK_MS), ...(this.options.sweeps ? [setInterval(() => this.sweepInTurn(), SWEEP_MS)] : [])]
    for (const timer of this.timers) timer.unref()
    if (this.options.sweeps) this.sweepInTurn()
  }

  /** Tells what was passed since the last look. How many were told. */
  async look(): Promise<number> {
    const { store, clock, isMoneyOn } = this.options
    return await this.tell(await store.crossingsOfTouched(clock.wallMs(), isMoneyOn()))
  }

  /** Tells all that was passed and not told. How many were. */
  async sweep(): Promise<number> {
    const { store, clock, isMoneyOn } = this.options
    let told = 0
    let place: SweepPlace | undefined
    do {
      const page = await store.sweepCrossings(place, clock.wallMs(), isMoneyOn())
      told += await this.tell(page.crossings)
      place = page.next
      if (place) await Bun.sleep(PAUSE_MS)
    } while (place && !this.closed)
    return told
  }

  async close(): Promise<void> {
    this.closed = true
    for (const timer of this.timers) clearInterval(timer)
    await Promise.all([this.looking, this.sweeping])
  }

  private async tell(crossings: readonly Crossing[]): Promise<number> {
    let told = 0
    for (const crossing of crossings) {
      // One that fails is found again by the next look at all of them.
      if (await this.options.board.tell(alertNotice(crossing, this.options.clock.wallMs()), crossing)) told += 1
    }
    return told
  }

  private lookInTurn(): void {
    this.looking ??= this.look().then(() => undefined, (error: unknown) => this.options.log(`alerts wait: ${String(error)}`)).finally(() => { this.looking = undefined })
  }

  private sweepInTurn(): void {
    this.sweeping ??= this.sweep().then(() => undefined, (error: unknown) => this.options.log(`alerts wait: ${String(error)}`)).finally(() => { this.sweeping = undefined })
  }
}
