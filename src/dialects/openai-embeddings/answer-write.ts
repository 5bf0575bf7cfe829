import { base64Of, floatsOf, isEmbeddingsCall, type Vector } from '../../core/embeddings.ts'
import type { Call } from '../../core/call.ts'
import type { Event } from '../../core/event.ts'
import type { Fault } from '../../core/fault.ts'
import type { JsonObject } from '../../core/json.ts'
import type { ReplyWriter } from '../dialect.ts'
import { usageBody } from '../openai-chat/answer-write.ts'

/** Says embeddings as OpenAI and the contract do (A7): in the encoding that the client asked for, whichever the provider used. */
export class EmbeddingsReplyWriter implements ReplyWriter {
  private model = ''
  private provider = ''
  private vectors: readonly Vector[] = []
  private fault: Fault | undefined
  private last: Extract<Event, { type: 'end' }> | undefined

  constructor(private readonly call: Call) {}

  add(events: readonly Event[]): void {
    for (const event of events) {
      if (event.type === 'served') ({ model: this.model, provider: this.provider } = event)
      else if (event.type === 'embeddings') this.vectors = event.vectors
      else if (event.type === 'fault') this.fault = event.fault
      else if (event.type === 'end') this.last = event
    }
  }

  body(): JsonObject {
    if (this.fault) throw this.fault
    const say = isEmbeddingsCall(this.call) && this.call.encoding === 'base64' ? base64Of : floatsOf
    return {
      object: 'list',
      data: this.vectors.map((vector, index) => ({ object: 'embedding', index, embedding: say(vector) })),
      model: this.model, id: this.call.id, provider: this.provider,
      ...(this.last && { usage: usageOf(this.last) }),
      ...(this.last?.router && { openrouter_metadata: this.last.router }),
    }
  }
}

/** The contract's usage of embeddings: there is no completion to count. */
function usageOf({ usage, cost }: Extract<Event, { type: 'end' }>): JsonObject {
  const { prompt_tokens: promptTokens, total_tokens: totalTokens, cost: total, is_byok: byok, cost_details: details, estimated } = usageBody(usage, cost)
  return { prompt_tokens: promptTokens, total_tokens: totalTokens, cost: total, is_byok: byok, cost_details: details, ...(estimated !== undefined && { estimated }) }
}
