import type { Call } from '../../core/call.ts'
import { floatsOf, type Vector } from '../../core/embeddings.ts'
import type { Event } from '../../core/event.ts'
import type { Fault } from '../../core/fault.ts'
import type { JsonObject } from '../../core/json.ts'
import { systemClock } from '../../lib/clock.ts'
import type { ReplyWriter } from '../dialect.ts'
import { usageBody } from '../openai-chat/answer-write.ts'

const NS_PER_MS = 1_000_000

/** Says embeddings as Ollama does: `embed` a list with its counts, `embeddings` one vector; what they cost stands beside. */
export class OllamaEmbedWriter implements ReplyWriter {
  private model = ''
  private vectors: readonly Vector[] = []
  private fault: Fault | undefined
  private last: Extract<Event, { type: 'end' }> | undefined

  constructor(private readonly call: Call, private readonly form: 'embed' | 'embeddings') {}

  add(events: readonly Event[]): void {
    for (const event of events) {
      if (event.type === 'served') this.model = event.model
      else if (event.type === 'embeddings') this.vectors = event.vectors
      else if (event.type === 'fault') this.fault = event.fault
      else if (event.type === 'end') this.last = event
    }
  }

  body(): JsonObject {
    if (this.fault) throw this.fault
    const { last } = this
    const rows = this.vectors.map(floatsOf)
    return {
      ...(this.form === 'embeddings' ? { embedding: rows[0] ?? [] } : {
        model: this.model, embeddings: rows, total_duration: Math.max(0, systemClock.wallMs() - this.call.createdMs) * NS_PER_MS, load_duration: 0, prompt_eval_count: last?.usage.promptTokens ?? 0,
      }),
      ...(last && { usage: usageBody(last.usage, last.cost) }), ...(last?.router && { openrouter_metadata: last.router }),
    }
  }
}
