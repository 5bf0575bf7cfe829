import { floatsOf, type Vector } from '../../core/embeddings.ts'
import type { Event } from '../../core/event.ts'
import type { Fault } from '../../core/fault.ts'
import type { JsonObject } from '../../core/json.ts'
import type { ClientDialect, ReplyWriter } from '../dialect.ts'
import { usageBody } from '../openai-chat/answer-write.ts'
import { geminiClient } from './gemini-client.ts'

/** `embedContent`, facing a client: never streamed, one vector. */
export const geminiEmbedClient: ClientDialect = { ...geminiClient, replyWriter: () => new EmbedReplyWriter(false) }

/** `batchEmbedContents`, facing a client: a vector for each request. */
export const geminiBatchEmbedClient: ClientDialect = { ...geminiClient, replyWriter: () => new EmbedReplyWriter(true) }

/** Says embeddings as Gemini does, with what they cost beside the count of tokens. */
class EmbedReplyWriter implements ReplyWriter {
  private vectors: readonly Vector[] = []
  private fault: Fault | undefined
  private last: Extract<Event, { type: 'end' }> | undefined

  constructor(private readonly isBatch: boolean) {}

  add(events: readonly Event[]): void {
    for (const event of events) {
      if (event.type === 'embeddings') this.vectors = event.vectors
      else if (event.type === 'fault') this.fault = event.fault
      else if (event.type === 'end') this.last = event
    }
  }

  body(): JsonObject {
    if (this.fault) throw this.fault
    const rows = this.vectors.map((vector) => ({ values: floatsOf(vector) }))
    return {
      ...(this.isBatch ? { embeddings: rows } : { embedding: rows[0] }),
      ...(this.last && { usageMetadata: usageOf(this.last) }), ...(this.last?.router && { openrouter_metadata: this.last.router }),
    }
  }
}

function usageOf({ usage, cost }: Extract<Event, { type: 'end' }>): JsonObject {
  const { prompt_tokens: promptTokenCount, cost: total, is_byok: byok, cost_details: details, estimated } = usageBody(usage, cost)
  return { promptTokenCount, totalTokenCount: promptTokenCount, cost: total, is_byok: byok, cost_details: details, ...(estimated !== undefined && { estimated }) }
}
