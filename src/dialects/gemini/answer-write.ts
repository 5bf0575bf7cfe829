import type { Call } from '../../core/call.ts'
import type { Cost, Event } from '../../core/event.ts'
import type { Fault } from '../../core/fault.ts'
import { asObject, isObject, type JsonObject } from '../../core/json.ts'
import type { Usage } from '../../core/usage.ts'
import type { ReplyWriter, StreamWriter } from '../dialect.ts'
import { usageBody } from '../openai-chat/answer-write.ts'
import { CandidateWriter } from './answer-write-parts.ts'
import { errorBody } from './fault-write.ts'

/** Gemini's `usageMetadata`, with what the call cost beside the counts, in the contract's words (B65). Google's own counts stay as they are. */
export function usageMetadata(usage: Usage, cost: Cost, own: JsonObject | undefined): JsonObject {
  const { cost: total, is_byok: byok, cost_details: details, estimated } = usageBody(usage, cost)
  return { ...(own && !usage.estimated ? own : countsOf(usage)), cost: total, is_byok: byok, cost_details: details, ...(estimated === undefined ? {} : { estimated }) }
}

function countsOf(usage: Usage): JsonObject {
  const prompt = [modality('TEXT', usage.promptTokens - usage.promptAudioTokens - usage.promptVideoTokens), modality('AUDIO', usage.promptAudioTokens), modality('VIDEO', usage.promptVideoTokens)]
  return {
    promptTokenCount: usage.promptTokens,
    candidatesTokenCount: usage.completionTokens - usage.reasoningTokens,
    totalTokenCount: usage.promptTokens + usage.completionTokens,
    ...(usage.cacheReadTokens > 0 ? { cachedContentTokenCount: usage.cacheReadTokens } : {}),
    ...(usage.reasoningTokens > 0 ? { thoughtsTokenCount: usage.reasoningTokens } : {}),
    promptTokensDetails: prompt.flat(),
  }
}

function modality(name: string, tokenCount: number): JsonObject[] {
  return tokenCount > 0 ? [{ modality: name, tokenCount }] : []
}

/** What streams and replies have in common: candidates by choice, who answers, and the end. */
class Answer {
  readonly candidates: (CandidateWriter | undefined)[] = []
  fault: Fault | undefined
  model = ''
  private readonly showsThoughts: boolean

  constructor(private readonly call: Call) {
    this.showsThoughts = !call.reasoning.exclude
  }

  /** Takes an Event that says something of a choice, or of the answer as a whole. */
  take(event: Event): void {
    if (event.type === 'served') this.model = event.model
    else if (event.type === 'fault') this.fault = event.fault
    else if ('choice' in event) (this.candidates[event.choice] ??= new CandidateWriter(event.choice, this.showsThoughts)).add(event)
  }

  /** A chunk or a reply: these candidates, and who says it. */
  body(candidates: readonly JsonObject[], more: JsonObject = {}): JsonObject {
    return { ...(candidates.length > 0 ? { candidates } : {}), ...more, modelVersion: this.model, responseId: this.call.id }
  }

  /** A chunk in Google's own words: only who answers, and what the answer goes by, are ours. */
  carried(body: JsonObject): JsonObject {
    body['modelVersion'] = this.model
    body['responseId'] = this.call.id
    return body
  }
}

/**
 * Says an answer as chunks: server-sent events, or the elements of one array, which is what Google sends without
 * `alt=sse`. The chunk in which the candidates end is held until the cost is known, for it has the usage.
 */
export class GeminiStreamWriter implements StreamWriter {
  private readonly answer: Answer
  private held: JsonObject | undefined
  private began = false

  constructor(call: Call, private readonly form: 'events' | 'array') {
    this.answer = new Answer(call)
  }

  write(events: readonly Event[]): string {
    let text = ''
    for (const event of events) {
      if (event.type === 'raw') text += this.raw(event.body)
      else if (event.type === 'end') text += this.news() + this.end(event.usage, event.cost, event.router)
      else this.answer.take(event)
    }
    return text + this.news()
  }

  private raw(body: JsonObject): string {
    const before = this.release()
    const chunk = this.answer.carried(body)
    if (!endsCandidate(chunk)) return before + this.chunk(chunk)
    this.held = chunk
    return before
  }

  private release(): string {
    const { held } = this
    this.held = undefined
    return held ? this.chunk(held) : ''
  }

  private news(): string {
    const candidates = this.answer.candidates.filter((candidate) => candidate?.hasNews())
    return candidates.length === 0 ? '' : this.chunk(this.answer.body(candidates.map((candidate) => candidate?.take() ?? {})))
  }

  private end(usage: Usage, cost: Cost, router: JsonObject | undefined): string {
    const { answer, held } = this
    this.held = undefined
    const metadata = usageMetadata(usage, cost, held && asObject(held['usageMetadata']))
    const more: JsonObject = { usageMetadata: metadata, ...(router ? { openrouter_metadata: router } : {}) }
    let text: string
    if (answer.fault) text = (held ? this.chunk(held) : '') + this.chunk({ ...errorBody(answer.fault), ...more })
    else if (held) text = this.chunk({ ...held, ...more })
    else text = this.chunk(answer.body(answer.candidates.flatMap((candidate) => (candidate?.finished ? [candidate.take()] : [])), more))
    return this.form === 'array' ? `${text}]` : text
  }

  private chunk(body: JsonObject): string {
    if (this.form === 'events') return `data: ${JSON.stringify(body)}\r\n\r\n`
    const before = this.began ? ',\r\n' : '['
    this.began = true
    return before + JSON.stringify(body)
  }
}

/** True for a chunk in which a candidate says why it finished, or that says why there is none. */
function endsCandidate(chunk: JsonObject): boolean {
  const { candidates, promptFeedback } = chunk
  if (isObject(promptFeedback) && promptFeedback['blockReason'] !== undefined) return true
  return Array.isArray(candidates) && candidates.some((candidate) => isObject(candidate) && typeof candidate['finishReason'] === 'string')
}

/** Folds an answer into one `GenerateContentResponse`. */
export class GeminiReplyWriter implements ReplyWriter {
  private readonly answer: Answer
  private carried: JsonObject | undefined
  private more: JsonObject = {}

  constructor(call: Call) {
    this.answer = new Answer(call)
  }

  add(events: readonly Event[]): void {
    for (const event of events) {
      if (event.type === 'raw') this.carried = event.body
      else if (event.type === 'end') this.end(event)
      else this.answer.take(event)
    }
  }

  body(): JsonObject {
    const { answer } = this
    if (answer.fault) throw answer.fault
    if (this.carried) return { ...answer.carried(this.carried), ...this.more }
    return answer.body(answer.candidates.flatMap((candidate) => (candidate ? [candidate.take()] : [])), this.more)
  }

  private end({ usage, cost, router }: Extract<Event, { type: 'end' }>): void {
    const metadata = usageMetadata(usage, cost, this.carried && asObject(this.carried['usageMetadata']))
    this.more = { usageMetadata: metadata, ...(router ? { openrouter_metadata: router } : {}) }
  }
}
