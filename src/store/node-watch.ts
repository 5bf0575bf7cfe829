import type { Clock } from '../lib/clock.ts'
import type { StoreApi } from './protocol.ts'

/** A node that has not beaten for so long is taken for dead by the others: what it has leased goes back. */
export const SILENT_MS_MAX = 600_000
/** A node that could not beat for so long holds nothing on its leases any more: others may soon take it for dead. */
const UNHEARD_MS_MAX = SILENT_MS_MAX - 60_000

export interface NodeWatchOptions {
  readonly nodeId: string
  readonly bank: Pick<StoreApi, 'beat' | 'expireNode'>
  readonly clock: Clock
  readonly log: (line: string) => void
}

/**
 * Nodes on several machines over one store: each shows that it lives, and closes those that have shown nothing for long.
 * Beats are counters and each node measures by its own monotonic clock, so that clocks need not agree, and may jump.
 */
export class NodeWatch {
  private readonly clock: Clock
  private readonly seen = new Map<string, { readonly beat: bigint; readonly sinceMs: number }>()
  private heardMs: number
  private looking = false

  constructor(private readonly options: NodeWatchOptions) {
    this.clock = options.clock
    this.heardMs = this.clock.monotonicMs()
  }

  /** False when others may soon take this node for dead: then nothing may be held on what it has leased. */
  isHeard(): boolean {
    return this.clock.monotonicMs() - this.heardMs < UNHEARD_MS_MAX
  }

  /** Beats, and looks at the others. Throws what the bank throws. */
  async look(): Promise<void> {
    if (this.looking) return
    this.looking = true
    try {
      const { nodeId, bank } = this.options
      // What the others measure begins when our beat arrives, which is later than now.
      const nowMs = this.clock.monotonicMs()
      const beats = await bank.beat(nodeId, this.clock.wallMs())
      this.heardMs = nowMs
      for (const one of beats) if (one.nodeId !== nodeId) await this.compare(one.nodeId, one.beat)
      for (const id of this.seen.keys()) if (!beats.some((one) => one.nodeId === id)) this.seen.delete(id)
    } finally {
      this.looking = false
    }
  }

  private async compare(nodeId: string, beat: bigint): Promise<void> {
    const nowMs = this.clock.monotonicMs()
    const seen = this.seen.get(nodeId)
    if (seen?.beat !== beat) this.seen.set(nodeId, { beat, sinceMs: nowMs })
    else if (nowMs - seen.sinceMs >= SILENT_MS_MAX && await this.options.bank.expireNode(nodeId, beat)) {
      this.options.log(`${nodeId} has shown no life for ${SILENT_MS_MAX / 60_000} minutes: what it had leased was given back`)
    }
  }
}
