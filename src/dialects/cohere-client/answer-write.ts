import type { Call } from '../../core/call.ts'
import type { Cost, Event, FinishReason, ReasoningDetail } from '../../core/event.ts'
import type { Fault } from '../../core/fault.ts'
import { asArray, asObject, asString, isObject, type Json, type JsonObject } from '../../core/json.ts'
import type { Usage } from '../../core/usage.ts'
import type { ReplyWriter, StreamWriter } from '../dialect.ts'
import { Fold, spokenReasoning, type FoldedTool } from '../fold.ts'
import { usageBody } from '../openai-chat/answer-write.ts'
import { citationOf } from './citations.ts'
import { errorMessage } from './fault-write.ts'

/** Cohere's `usage`, with what the call cost beside the counts, in the contract's words (B65). Cohere's own counts stay as they are. */
function cohereUsage(usage: Usage, cost: Cost, own: JsonObject | undefined): JsonObject {
  const { cost: total, is_byok: byok, cost_details: details, estimated } = usageBody(usage, cost)
  const counts = { input_tokens: usage.promptTokens, output_tokens: usage.completionTokens }
  const told = own && !usage.estimated ? own : { billed_units: counts, tokens: counts, cached_tokens: usage.cacheReadTokens }
  return { ...told, cost: total, is_byok: byok, cost_details: details, ...(estimated === undefined ? {} : { estimated }) }
}

const FINISHES: Readonly<Record<FinishReason, string>> = { stop: 'COMPLETE', length: 'MAX_TOKENS', tool_calls: 'TOOL_CALL', content_filter: 'ERROR', error: 'ERROR' }

/** Cohere's word for a finish. A sequence that stopped the answer is known by what the provider said of it. */
function finishOf(reason: FinishReason | null, native: string | null): string {
  if (reason === 'stop' && native?.toLowerCase() === 'stop_sequence') return 'STOP_SEQUENCE'
  return reason === null ? 'COMPLETE' : FINISHES[reason]
}

function logprobsOf(content: readonly Json[]): JsonObject[] {
  return content.filter(isObject).map((one) => ({ text: one['token'], token_ids: [], logprobs: [one['logprob'] ?? null] }))
}

/** The kinds of content that a stream opens and closes. */
type Kind = 'text' | 'thinking'

/** Says an answer as Cohere's events: contents opened and closed one after the other, calls by their own count. */
export class CohereStreamWriter implements StreamWriter {
  private began = false
  /** The content that is open, and how many there were. */
  private open: Kind | undefined
  private contents = 0
  private readonly tools = new Map<number, boolean>()
  private text = ''
  private citations = 0
  private finish = 'COMPLETE'
  private fault: Fault | undefined
  private held: JsonObject | undefined

  constructor(private readonly call: Call) {}

  write(events: readonly Event[]): string {
    let text = ''
    for (const event of events) text += this.event(event)
    return text
  }

  private event(event: Event): string {
    // Cohere answers once.
    if ('choice' in event && event.choice !== 0) return ''
    switch (event.type) {
      case 'raw': return this.raw(event.body)
      case 'text': case 'refusal': this.text += event.text; return this.content('text', event.text)
      case 'reasoning': return this.call.reasoning.exclude ? '' : this.content('thinking', spokenReasoning(event.detail))
      case 'tool': return this.tool(event)
      case 'annotation': return this.citation(event.annotation)
      case 'logprobs': return this.logprobs(event.logprobs['content'])
      case 'finish': this.finish = finishOf(event.reason, event.native); return this.close()
      case 'fault': this.fault = event.fault; return ''
      case 'end': return this.end(event.usage, event.cost, event.router)
      default: return ''
    }
  }

  /** Cohere's own event: the id is ours, and the last waits for the usage. */
  private raw(body: JsonObject): string {
    if (body['type'] === 'message-end') {
      this.held = body
      return ''
    }
    this.began = true
    return frame(body['id'] === undefined ? body : { ...body, id: this.call.id })
  }

  private begin(): string {
    if (this.began) return ''
    this.began = true
    return frame({ id: this.call.id, type: 'message-start', delta: { message: { role: 'assistant', content: [], tool_plan: '', tool_calls: [], citations: [] } } })
  }

  private content(kind: Kind, text: string): string {
    if (text === '') return ''
    let said = this.begin()
    if (this.open !== kind) {
      said += this.close() + frame({ type: 'content-start', index: this.contents, delta: { message: { content: { type: kind, [kind]: '' } } } })
      this.open = kind
    }
    return said + frame({ type: 'content-delta', index: this.contents, delta: { message: { content: { [kind]: text } } } })
  }

  private logprobs(content: Json | undefined): string {
    if (this.open !== 'text') return ''
    return logprobsOf(asArray(content) ?? []).map((logprobs) => frame({ type: 'content-delta', index: this.contents, delta: { message: { content: { text: '' } } }, logprobs })).join('')
  }

  /** Closes what is open: a content, or the calls. */
  private close(): string {
    let said = ''
    if (this.open) said = frame({ type: 'content-end', index: this.contents++ })
    this.open = undefined
    for (const [index, isOpen] of this.tools) if (isOpen) said += this.closeTool(index)
    return said
  }

  private closeTool(index: number): string {
    this.tools.set(index, false)
    return frame({ type: 'tool-call-end', index })
  }

  private tool(event: Extract<Event, { type: 'tool' }>): string {
    const { index } = event
    let said = this.begin()
    if (!this.tools.has(index)) {
      said += this.close()
      this.tools.set(index, true)
      said += frame({ type: 'tool-call-start', index, delta: { message: { tool_calls: { id: event.id ?? '', type: 'function', function: { name: event.name ?? '', arguments: '' } } } } })
    }
    return event.arguments === '' ? said : said + frame({ type: 'tool-call-delta', index, delta: { message: { tool_calls: { function: { arguments: event.arguments } } } } })
  }

  private citation(annotation: JsonObject): string {
    const citation = citationOf(annotation, this.text)
    if (!citation) return ''
    const index = this.citations++
    return this.begin() + frame({ type: 'citation-start', index, delta: { message: { citations: citation } } }) + frame({ type: 'citation-end', index })
  }

  private end(usage: Usage, cost: Cost, router: JsonObject | undefined): string {
    const { held, fault } = this
    const delta = asObject(held?.['delta']) ?? {}
    const last: JsonObject = {
      type: 'message-end',
      delta: { finish_reason: this.finish, ...delta, ...(fault ? { error: errorMessage(fault), error_type: fault.type, finish_reason: 'ERROR' } : {}), usage: cohereUsage(usage, cost, asObject(delta['usage'])) },
      ...(router ? { openrouter_metadata: router } : {}),
    }
    return this.begin() + this.close() + frame(last)
  }
}

function frame(body: JsonObject): string {
  return `event: ${asString(body['type']) ?? 'message'}\ndata: ${JSON.stringify(body)}\n\n`
}

/** Folds an answer into one reply of `/v2/chat`. */
export class CohereReplyWriter implements ReplyWriter {
  private readonly fold: Fold
  private carried: JsonObject | undefined

  constructor(private readonly call: Call) {
    this.fold = new Fold(call)
  }

  add(events: readonly Event[]): void {
    for (const event of events) if (event.type === 'raw') this.carried = event.body
    this.fold.add(events)
  }

  body(): JsonObject {
    const { fold, carried } = this
    const [choice] = fold.all()
    const more: JsonObject = {
      ...(fold.cost ? { usage: cohereUsage(fold.usage, fold.cost, asObject(carried?.['usage'])) } : {}),
      ...(fold.router ? { openrouter_metadata: fold.router } : {}),
    }
    if (carried) return { ...carried, id: this.call.id, ...more }
    const text = (choice?.text ?? '') + (choice?.refusal ?? '')
    const citations = (choice?.annotations ?? []).map((annotation) => citationOf(annotation, text)).filter((citation) => citation !== undefined)
    return {
      id: this.call.id,
      finish_reason: finishOf(choice?.reason ?? null, choice?.native ?? null),
      message: { role: 'assistant', ...contentOf(text, this.call.reasoning.exclude ? [] : (choice?.reasoning ?? [])), ...callsOf(choice?.tools ?? []), ...(citations.length > 0 ? { citations } : {}), ...detailsOf(choice?.reasoning ?? []) },
      ...(choice?.logprobs.length ? { logprobs: logprobsOf(choice.logprobs) } : {}),
      ...more,
    }
  }
}

function contentOf(text: string, reasoning: readonly ReasoningDetail[]): JsonObject {
  const thinking = reasoning.map(spokenReasoning).join('')
  const content = [...(thinking === '' ? [] : [{ type: 'thinking', thinking }]), ...(text === '' ? [] : [{ type: 'text', text }])]
  return content.length > 0 ? { content } : {}
}

function callsOf(tools: readonly FoldedTool[]): JsonObject {
  const calls = tools.filter((tool) => tool !== undefined).map((tool) => ({ id: tool.id, type: 'function', function: { name: tool.name, arguments: tool.arguments.trim() || '{}' } }))
  return calls.length > 0 ? { tool_calls: calls } : {}
}

/** Cohere has no such field. A client that sends a message back as it came gives a model its signed thoughts again. */
function detailsOf(reasoning: readonly ReasoningDetail[]): JsonObject {
  return reasoning.some((detail) => (detail['signature'] ?? detail['data'] ?? null) !== null) ? { reasoning_details: reasoning } : {}
}
