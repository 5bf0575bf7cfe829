import type { Call } from '../../core/call.ts'
import type { Cost, Event, FinishReason } from '../../core/event.ts'
import type { Fault } from '../../core/fault.ts'
import { asArray, asCount, asString, isObject, type Json, type JsonObject } from '../../core/json.ts'
import type { Usage } from '../../core/usage.ts'
import type { ReplyWriter, StreamWriter } from '../dialect.ts'
import { Fold, spokenReasoning, type FoldedChoice } from '../fold.ts'
import { usageBody } from '../openai-chat/answer-write.ts'
import { errorObject } from '../openai-chat/fault-write.ts'

/** Text completions know no calls of tools: the text before them is what there is. */
function finishOf(reason: FinishReason | null): string | null {
  return reason === 'tool_calls' ? 'stop' : reason
}

/** The prompt that a choice goes on from: prompts have as many choices each. */
function promptOf(call: Call, choice: number): string {
  const prompts = asArray(call.native?.['prompt']) ?? []
  return asString(prompts[Math.floor(choice / call.needs.choices)]) ?? ''
}

/** What stands before an answer: its prompt, where `echo` asks for it. */
function echoOf(call: Call, choice: number): string {
  return call.native?.['echo'] === true ? promptOf(call, choice) : ''
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
  private readonly echoed = new Set<number>()
  private readonly offsets = new Map<number, number>()

  constructor(private readonly call: Call) {}

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
      case 'debug': return this.chunk([], { debug: event.debug })
      case 'fault': this.fault = event.fault; return ''
      case 'end': return this.end(event.usage, event.cost, event.router)
      default: return ''
    }
  }

  private choice(index: number, text: string, more: JsonObject = {}): string {
    const said = this.echoed.has(index) ? text : echoOf(this.call, index) + text
    this.echoed.add(index)
    return this.chunk([{ index, text: said, logprobs: null, finish_reason: null, ...more }])
  }

  private reasoning(index: number, reasoning: string, detail: JsonObject): string {
    return this.choice(index, '', { ...(reasoning === '' ? {} : { reasoning }), reasoning_details: [detail] })
  }

  private logprobs(index: number, logprobs: JsonObject): string {
    const { content } = logprobs
    if (!Array.isArray(content)) return ''
    const from = this.offsets.get(index) ?? promptOf(this.call, index).length
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
    // Of several prompts, the choices of the one that broke off have ended in an error already.
    const broken = this.call.also ? [] : [{ index: 0, text: '', logprobs: null, finish_reason: 'error', native_finish_reason: null }]
    return this.chunk(broken, { error: errorObject(this.fault), ...more })
  }
}

function envelope(call: Call, model: string, provider: string): JsonObject {
  return { id: call.id, object: 'text_completion', created: Math.floor(call.createdMs / 1000), model, provider }
}

/** More completions are made than are returned. */
function isChosen(call: Call): boolean {
  const best = asCount(call.native?.['best_of'])
  return best !== undefined && best !== (asCount(call.native?.['n']) ?? 1)
}

/** How likely the model found what it wrote: the mean of its tokens' logprobs. What has none comes last, in its place. */
function likelihood({ logprobs }: FoldedChoice): number {
  const values = logprobs.flatMap((one) => (isObject(one) && typeof one['logprob'] === 'number' ? [one['logprob']] : []))
  return values.length === 0 ? -Number.MAX_VALUE : values.reduce((sum, value) => sum + value, 0) / values.length
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
    const choices = this.returned().map(({ choice, from }, index) => this.choice(choice, index, from))
    return { ...envelope(this.call, fold.model, fold.provider), choices, ...(fold.cost ? { usage: usageBody(fold.usage, fold.cost) } : {}), ...(fold.router ? { openrouter_metadata: fold.router } : {}) }
  }

  /** The choices in their order, each with where it stood in the answer; of those made for `best_of`, the best `n` of each prompt. */
  private returned(): readonly { readonly choice: FoldedChoice; readonly from: number }[] {
    const all = this.fold.all().map((choice, from) => ({ choice, from }))
    const made = this.call.needs.choices
    const kept = isChosen(this.call) ? asCount(this.call.native?.['n']) ?? 1 : made
    if (kept === made) return all
    const groups = Array.from({ length: Math.ceil(all.length / made) }, (_, at) => all.slice(at * made, (at + 1) * made))
    return groups.flatMap((group) => group.toSorted((a, b) => likelihood(b.choice) - likelihood(a.choice)).slice(0, kept))
  }

  private choice(choice: FoldedChoice, index: number, at: number): JsonObject {
    const reasoning = this.call.reasoning.exclude ? [] : choice.reasoning
    const isAsked = !isChosen(this.call) || asCount(this.call.native?.['logprobs']) !== undefined
    const from = promptOf(this.call, at).length
    return {
      index,
      text: echoOf(this.call, at) + choice.text + choice.refusal,
      logprobs: isAsked && choice.logprobs.length > 0 ? oldLogprobs(choice.logprobs, from) : null,
      finish_reason: finishOf(choice.reason),
      native_finish_reason: choice.native,
      ...(reasoning.length > 0 ? { reasoning: reasoning.map(spokenReasoning).join('') || null, reasoning_details: reasoning } : {}),
    }
  }
}
