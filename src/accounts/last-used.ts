import type { Caller } from './caller.ts'
import type { KeyUse } from './key-store.ts'

const WRITE_MS = 5_000

/** When keys were used last, brought to the store some seconds later, all at once. What a crash loses is less than a minute old. */
export class LastUsed {
  private readonly waiting = new Map<string, KeyUse>()
  private timer: Timer | undefined

  constructor(private readonly write: (uses: readonly KeyUse[]) => Promise<void>) {}

  note({ accountId, key: { hash } }: Caller, atMs: number): void {
    this.waiting.set(hash, { accountId, hash, atMs })
    this.timer ??= setTimeout(() => void this.flush(), WRITE_MS).unref()
  }

  /** Ends when the store has what was noted so far, or has failed to take it. */
  async flush(): Promise<void> {
    clearTimeout(this.timer)
    this.timer = undefined
    if (this.waiting.size === 0) return
    const uses = [...this.waiting.values()]
    this.waiting.clear()
    // The store is away: calls go on, and the next use is noted in a minute.
    await this.write(uses).catch(() => undefined)
  }
}
