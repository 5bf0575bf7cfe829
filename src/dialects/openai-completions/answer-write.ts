import type { Call } from '../../core/call.ts'
import type { Cost, Event, FinishReason } from '../../core/event.ts'
import type { Fault } from '../../core/fault.ts'
import { asString, isObject, type Json, type JsonObject } from '../../core/json.ts'
import type { Usage } from '../../core/usage.ts'
import type { ReplyWriter, StreamWriter } from '../dialect.ts'
import { Fold, spokenReasoning, type FoldedChoice } from '../fold.ts'
import { usageBody } from '../openai-chat/answer-write.ts'
import { errorObject } from '../openai-chat/fault-write.ts'

/** Text completions know no calls of tools: the text before them is what there is. */
function finishOf(reason: FinishReason | null): string | null {
  return reason === 'tool_calls' ? 'stop' : reason
}

/** What stands before every answer: the prompt, where `echo` asks for it. */
function echoOf(call: Call): string {
  return call.native?.['echo'] === true ? (asString(call.native['prompt']) ?? '') : ''
}

/** Logprobs in the old form: four lists side by side. Offsets count from the beginning of the prompt. */
function oldLogprobs(content: readonly Json[], from: number): JsonObject {
  const tokens: string[] = []
  const values: Json[] = []
  const tops: Json[] = []
  const offsets: number[] = []
  let offset = from
  for (const one of content) {
    if (!isObject(one)) continue
    const token = asString(one['token']) ?? ''
    tokens.push(token)
    values.push(one['logprob'] ?? null)
    offsets.push(offset)
    offset += token.length
    const top = Array.isArray(one['top_logprobs']) ? one['top_logprobs'].filter(isObject) : []
    tops.push(top.length === 0 ? null : Object.fromEntries(top.map((other) => [asString(other['token']) ?? '', other['logprob']])))
  }
  return { tokens, token_logprobs: values, top_logprobs: tops, text_offset: offsets }
}

/** Says an answer as chunks of text, then its usage, then `[DONE]`. */
export class CompletionStreamWriter implements StreamWriter {
  private model = ''
  private provider = ''
  private fault: Fault | undefined
  private readonly echo: string
  private readonly echoed = new Set<number>()
  private readonly offsets = new Map<number, number>()

  constructor(private readonly call: Call) {
    this.echo = echoOf(call)
  }

  write(events: readonly Event[]): string {
    let text = ''
    for (const event of events) text += this.event(event)
    return text
  }

  private event(event: Event): string {
    switch (event.type) {
      case 'served': this.model = event.model; this.provider = event.provider; return ''
      case 'text': case 'refusal': return this.choice(event.choice, event.text)
      case 'reasoning': return this.call.reasoning.exclude ? '' : this.reasoning(event.choice, spokenReasoning(event.detail), event.detail)
      case 'logprobs': return this.logprobs(event.choice, event.logprobs)
      case 'finish': return this.choice(event.choice, '', { finish_reason: finishOf(event.reason), native_finish_reason: event.native })
      case 'fault': this.fault = event.fault; return ''
      case 'end': return this.end(event.usage, event.cost, event.router)
      default: return ''
    }
  }

  private choice(index: number, text: string, more: JsonObject = {}): string {
    const said = this.echo !== '' && !this.echoed.has(index) ? this.echo + text : text
    this.echoed.add(index)
    return this.chunk([{ index, text: said, logprobs: null, finish_reason: null, ...more }])
  }

  private reasoning(index: number, reasoning: string, detail: JsonObject): string {
    return this.choice(index, '', { ...(reasoning === '' ? {} : { reasoning }), reasoning_details: [detail] })
  }

  private logprobs(index: number, logprobs: JsonObject): string {
    const { content } = logprobs
    if (!Array.isArray(content)) return ''
    const from = this.offsets.get(index) ?? (asString(this.call.native?.['prompt']) ?? '').length
    const old = oldLogprobs(content, from)
    this.offsets.set(index, (old['tokens'] as string[]).reduce((sum, token) => sum + token.length, from))
    return this.choice(index, '', { logprobs: old })
  }

  private chunk(choices: readonly JsonObject[], more: JsonObject = {}): string {
    return `data: ${JSON.stringify({ ...envelope(this.call, this.model, this.provider), choices, ...more })}\n\n`
  }

  /** After a fault the stream ends without `[DONE]`: nobody takes it for a whole answer. */
  private end(usage: Usage, cost: Cost, router: JsonObject | undefined): string {
    const more: JsonObject = { usage: usageBody(usage, cost), ...(router ? { openrouter_metadata: router } : {}) }
    if (!this.fault) return `${this.chunk([], more)}data: [DONE]\n\n`
    return this.chunk([{ index: 0, text: '', logprobs: null, finish_reason: 'error', native_finish_reason: null }], { error: errorObject(this.fault), ...more })
  }
}

function envelope(call: Call, model: string, provider: string): JsonObject {
  return { id: call.id, object: 'text_completion', created: Math.floor(call.createdMs / 1000), model, provider }
}

/** Folds an answer into one text completion. */
export class CompletionReplyWriter implements ReplyWriter {
  private readonly fold: Fold

  constructor(private readonly call: Call) {
    this.fold = new Fold(call)
  }

  add(events: readonly Event[]): void {
    this.fold.add(events)
  }

  body(): JsonObject {
    const { fold } = this
    const choices = fold.all().map((choice, index) => this.choice(choice, index))
    return { ...envelope(this.call, fold.model, fold.provider), choices, ...(fold.cost ? { usage: usageBody(fold.usage, fold.cost) } : {}), ...(fold.router ? { openrouter_metadata: fold.router } : {}) }
  }

  private choice(choice: FoldedChoice, index: number): JsonObject {
    const reasoning = this.call.reasoning.exclude ? [] : choice.reasoning
    const from = (asString(this.call.native?.['prompt']) ?? '').length
    return {
      index,
      text: echoOf(this.call) + choice.text + choice.refusal,
      logprobs: choice.logprobs.length > 0 ? oldLogprobs(choice.logprobs, from) : null,
      finish_reason: finishOf(choice.reason),
      native_finish_reason: choice.native,
      ...(reasoning.length > 0 ? { reasoning: reasoning.map(spokenReasoning).join('') || null, reasoning_details: reasoning } : {}),
    }
  }
}
