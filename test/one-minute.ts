import { canStepClocks, clockEnvironment, stepClock } from './crash/stepped-clock.ts'

const MINUTE_MS = 60_000

/** Whole minutes for programs whose clock is set to the beginning of one; where it can't be set, those of the true time. */
export class Minutes {
  private aheadSeconds = 0

  /** `file` is for the clock of the programs that are started with `env`. */
  constructor(private readonly file: string) {
    stepClock(file, this.aheadSeconds)
  }

  get env(): Readonly<Record<string, string>> {
    return canStepClocks() ? clockEnvironment(this.file) : {}
  }

  /** Does it in a minute in which nothing has passed yet; again in another when one began while it was done. */
  async within<T>(work: () => Promise<T>): Promise<T> {
    for (;;) {
      if (canStepClocks()) stepClock(this.file, this.aheadSeconds += Math.ceil(this.leftMs / 1_000))
      const { minute } = this
      const result = await work()
      if (this.minute === minute) return result
      if (!canStepClocks()) await Bun.sleep(this.leftMs)
    }
  }

  private get nowMs(): number {
    return Date.now() + this.aheadSeconds * 1_000
  }

  private get minute(): number {
    return Math.floor(this.nowMs / MINUTE_MS)
  }

  private get leftMs(): number {
    return MINUTE_MS - this.nowMs % MINUTE_MS
  }
}
