import type { Caller } from '../accounts/caller.ts'
import type { Call } from '../core/call.ts'
import type { Clock } from '../lib/clock.ts'
import { conversationId, conversationOf, NO_AFFINITY, type Affinity } from '../routing/affinity.ts'
import { isRouter } from '../routing/resolve.ts'
import type { Meter } from './meter.ts'

/** An idle conversation is forgotten: providers' prompt caches live about as long (C42, N7). */
const IDLE_MS_MAX = 10 * 60_000
const CONVERSATIONS_MAX = 20_000

/** `id`: of an endpoint, or of the model that a router chose. */
interface Kept { readonly id: string; readonly untilMs: number }

/**
 * Where each conversation of an account was answered last, model by model, so that the next question finds the prompt cache
 * warm (C42–C43). In the memory of this process; of prompts only a hash is kept.
 */
export class Conversations {
  private readonly kept = new Map<string, Kept>()

  constructor(private readonly clock: Clock, private readonly idleMsMax = IDLE_MS_MAX) {}

  /** What routing may know of the conversation that this call belongs to. Off where the client orders providers. */
  affinity(caller: Caller, call: Call): Affinity {
    if (this.kept.size === 0 || call.preferences.order?.length) return NO_AFFINITY
    let hash: string | undefined
    return {
      of: (modelId) => {
        hash ??= hashOf(conversationOf(call))
        const kept = this.kept.get(keyOf(caller, modelId, hash))
        return kept && kept.untilMs > this.clock.monotonicMs() ? kept.id : undefined
      },
    }
  }

  /** After an answer: kept when it used the prompt cache, or from the first answer on where the client named its conversation. A failure changes nothing. */
  learn(caller: Caller, call: Call, meter: Meter): void {
    const endpoint = meter.answered()
    if (!endpoint || call.preferences.order?.length) return
    const [name = ''] = call.models
    // C44: a router's choice is kept for the conversation, cached or not.
    if (name !== endpoint.modelId && isRouter(name)) this.keep(keyOf(caller, name, hashOf(conversationOf(call))), endpoint.modelId)
    const { cacheReadTokens, cacheWriteTokens } = meter.used()
    if (cacheReadTokens === 0 && cacheWriteTokens === 0 && conversationId(call) === undefined) return
    this.keep(keyOf(caller, endpoint.modelId, hashOf(conversationOf(call))), endpoint.id)
  }

  /** The one that was used longest ago goes when there are too many. */
  private keep(key: string, id: string): void {
    this.kept.delete(key)
    this.kept.set(key, { id, untilMs: this.clock.monotonicMs() + this.idleMsMax })
    if (this.kept.size <= CONVERSATIONS_MAX) return
    for (const oldest of this.kept.keys()) {
      this.kept.delete(oldest)
      return
    }
  }
}

function hashOf(text: string): string {
  return Bun.hash(text).toString(36)
}

function keyOf({ accountId }: Caller, modelId: string, hash: string): string {
  return `${accountId} ${modelId} ${hash}`
}
