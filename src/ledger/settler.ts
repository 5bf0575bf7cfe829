import type { Clock } from '../lib/clock.ts'
import type { Bank, Settled } from './bank.ts'

const BATCH_LINES_MAX = 500
const BATCH_MS = 50
const RETRY_MS_MAX = 1_000

/**
 * Carries settlements from the journal to the store: in batches, in order, one batch at a time, again until it is done.
 * A line may arrive twice (the answer to the first time was lost); the bank knows.
 */
export class Settler {
  private readonly lines: string[] = []
  private readonly sinceMs: number[] = []
  private running: Promise<void> | undefined
  private timer: Timer | undefined
  private retryMs = 0
  private closed = false
  /** Lines taken, and lines that the store has, since the start. */
  pushed = 0
  settled = 0

  constructor(
    private readonly bank: Bank, private readonly clock: Clock,
    private readonly onSettled: (answer: Settled) => void, private readonly log: (line: string) => void,
  ) {}

  get unsettled(): number { return this.lines.length }

  /** How long the oldest line has waited. */
  get lagMs(): number {
    const [first] = this.sinceMs
    return first === undefined ? 0 : this.clock.monotonicMs() - first
  }

  push(line: string): void {
    this.pushed += 1
    this.lines.push(line)
    this.sinceMs.push(this.clock.monotonicMs())
    if (this.lines.length >= BATCH_LINES_MAX && this.retryMs === 0) this.settleInBackground()
    else this.schedule(BATCH_MS)
  }

  /** Ends when the store has every line pushed so far. Throws what the bank throws. */
  async flush(): Promise<void> {
    const goal = this.pushed
    while (this.settled < goal) await this.settleBatch()
  }

  close(): void {
    this.closed = true
    clearTimeout(this.timer)
  }

  private schedule(delayMs: number): void {
    if (this.closed || this.running || this.timer !== undefined) return
    this.timer = setTimeout(() => this.settleInBackground(), delayMs)
  }

  private settleInBackground(): void {
    if (this.running) return
    this.settleBatch().catch((error: unknown) => {
      if (this.retryMs === 0) this.log(`settlements wait, the store does not take them: ${error instanceof Error ? error.message : String(error)}`)
      this.retryMs = Math.min(RETRY_MS_MAX, 2 * (this.retryMs || BATCH_MS))
      this.schedule(this.retryMs)
    })
  }

  private settleBatch(): Promise<void> {
    clearTimeout(this.timer)
    this.timer = undefined
    this.running ??= this.settleFirst().finally(() => {
      this.running = undefined
      if (this.lines.length > 0) this.schedule(this.retryMs || (this.lines.length >= BATCH_LINES_MAX ? 0 : BATCH_MS))
    })
    return this.running
  }

  private async settleFirst(): Promise<void> {
    const batch = this.lines.slice(0, BATCH_LINES_MAX)
    if (batch.length === 0) return
    const answer = await this.bank.settle(batch, this.clock.wallMs())
    if (this.retryMs > 0) this.log('the store takes settlements again')
    this.retryMs = 0
    this.lines.splice(0, batch.length)
    this.sinceMs.splice(0, batch.length)
    this.settled += batch.length
    this.onSettled(answer)
  }
}
