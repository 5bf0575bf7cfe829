import type { Call } from '../core/call.ts'
import type { Cost, Event, FinishReason, ReasoningDetail } from '../core/event.ts'
import type { Fault } from '../core/fault.ts'
import type { Json, JsonObject } from '../core/json.ts'
import { NO_USAGE, type Usage } from '../core/usage.ts'

/** One choice of an answer, folded from its Events. */
export interface FoldedChoice {
  text: string
  refusal: string
  readonly reasoning: ReasoningDetail[]
  readonly tools: FoldedTool[]
  readonly annotations: JsonObject[]
  readonly images: string[]
  readonly logprobs: Json[]
  reason: FinishReason | null
  native: string | null
}

export interface FoldedTool { id: string; name: string; arguments: string }

/** A whole answer, folded from its Events, for writers that say it in one piece. */
export class Fold {
  model = ''
  provider = ''
  usage: Usage = NO_USAGE
  cost: Cost | undefined
  router: JsonObject | undefined
  fault: Fault | undefined
  readonly choices: FoldedChoice[] = []

  constructor(readonly call: Call) {}

  add(events: readonly Event[]): void {
    for (const event of events) this.event(event)
  }

  /** Choices in their order, at least one. A fault in the middle of an answer is thrown: there is no half a reply. */
  all(): readonly FoldedChoice[] {
    if (this.fault) throw this.fault
    this.choice(0)
    return this.choices.filter((choice) => choice !== undefined)
  }

  private event(event: Event): void {
    switch (event.type) {
      case 'served': this.model = event.model; this.provider = event.provider; break
      case 'text': this.choice(event.choice).text += event.text; break
      case 'refusal': this.choice(event.choice).refusal += event.text; break
      case 'reasoning': foldDetail(this.choice(event.choice).reasoning, event.detail); break
      case 'tool': foldTool(this.choice(event.choice).tools, event); break
      case 'annotation': this.choice(event.choice).annotations.push(event.annotation); break
      case 'image': this.choice(event.choice).images.push(event.url); break
      case 'logprobs': if (Array.isArray(event.logprobs['content'])) this.choice(event.choice).logprobs.push(...event.logprobs['content']); break
      case 'finish': { const choice = this.choice(event.choice); choice.reason = event.reason; choice.native = event.native; break }
      case 'fault': this.fault = event.fault; break
      case 'end': this.usage = event.usage; this.cost = event.cost; this.router = event.router; break
      default:
    }
  }

  private choice(index: number): FoldedChoice {
    return (this.choices[index] ??= { text: '', refusal: '', reasoning: [], tools: [], annotations: [], images: [], logprobs: [], reason: null, native: null })
  }
}

/** Joins a delta to the piece it continues: same index, same kind, both of text. Everything else stands for itself. */
export function foldDetail(details: ReasoningDetail[], delta: ReasoningDetail): void {
  const last = details.at(-1)
  const field = delta.type === 'reasoning.text' ? 'text' : delta.type === 'reasoning.summary' ? 'summary' : undefined
  if (!last || !field || last.type !== delta.type || last.index !== delta.index || (last['signature'] ?? null) !== null) {
    details.push({ ...delta })
    return
  }
  const text = `${String(last[field] ?? '')}${String(delta[field] ?? '')}`
  Object.assign(last, delta, { [field]: text })
}

/** Joins a piece of a tool call to those before it. */
export function foldTool(tools: FoldedTool[], event: Extract<Event, { type: 'tool' }>): void {
  const tool = (tools[event.index] ??= { id: '', name: '', arguments: '' })
  if (event.id !== undefined) tool.id = event.id
  if (event.name !== undefined) tool.name = event.name
  tool.arguments += event.arguments
}

/** What a reasoning detail lets people read; '' for what only its provider can. */
export function spokenReasoning(detail: ReasoningDetail): string {
  const text = detail['text'] ?? detail['summary']
  return typeof text === 'string' ? text : ''
}
