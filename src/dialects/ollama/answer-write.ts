import type { Call } from '../../core/call.ts'
import type { Cost, Event, FinishReason, ReasoningDetail } from '../../core/event.ts'
import type { Fault } from '../../core/fault.ts'
import { isObject, parseObject, type Json, type JsonObject } from '../../core/json.ts'
import type { Usage } from '../../core/usage.ts'
import { systemClock } from '../../lib/clock.ts'
import type { ReplyWriter, StreamWriter } from '../dialect.ts'
import { Fold, foldDetail, foldTool, spokenReasoning, type FoldedTool } from '../fold.ts'
import { usageBody } from '../openai-chat/answer-write.ts'

/** `/api/chat` says messages, `/api/generate` bare text. */
export type OllamaForm = 'chat' | 'generate'

const NS_PER_MS = 1_000_000

/** What a line says, in one of the two forms. */
interface Said { readonly text: string; readonly thinking?: string; readonly calls?: readonly JsonObject[]; readonly images?: readonly string[]; readonly details?: readonly ReasoningDetail[] }

function bodyOf(form: OllamaForm, said: Said): JsonObject {
  const thinking = said.thinking ? { thinking: said.thinking } : {}
  if (form === 'generate') return { response: said.text, ...thinking, ...(said.images?.length ? { images: said.images } : {}) }
  return {
    message: {
      role: 'assistant', content: said.text, ...thinking,
      ...(said.images?.length ? { images: said.images } : {}),
      ...(said.calls?.length ? { tool_calls: said.calls } : {}),
      // Ollama has no such field. A client that sends a message back as it came gives a model its signed thoughts again.
      ...(said.details?.length ? { reasoning_details: said.details } : {}),
    },
  }
}

/** Who answers, and when: at the head of every line. */
function headOf(call: Call, model: string): JsonObject {
  return { model, created_at: new Date(call.createdMs).toISOString() }
}

/** The counts of the last line, with what the call cost in the contract's words beside Ollama's own. */
function countsOf(call: Call, usage: Usage, cost: Cost | undefined, firstMs: number | undefined): JsonObject {
  const nowMs = systemClock.wallMs()
  const beganMs = firstMs ?? nowMs
  return {
    total_duration: Math.max(0, nowMs - call.createdMs) * NS_PER_MS, load_duration: 0,
    prompt_eval_count: usage.promptTokens, prompt_eval_duration: Math.max(0, beganMs - call.createdMs) * NS_PER_MS,
    eval_count: usage.completionTokens, eval_duration: Math.max(0, nowMs - beganMs) * NS_PER_MS,
    ...(cost ? { usage: usageBody(usage, cost) } : {}),
  }
}

/** Ollama stops for two reasons. What ends otherwise says how. */
function reasonOf(reason: FinishReason | null): string {
  return reason === 'tool_calls' || reason === null ? 'stop' : reason
}

function callsOf(tools: readonly FoldedTool[]): JsonObject[] {
  return tools.filter((tool) => tool !== undefined).map((tool, index) => {
    const text = tool.arguments.trim()
    // Ollama's arguments are an object. What is none is kept under a name, so that the client sees it.
    return { id: tool.id, function: { index, name: tool.name, arguments: text === '' || text === 'null' ? {} : (parseObject(text) ?? { arguments: text }) } }
  })
}

/** Signed thoughts, or those of a turn that calls tools: what a provider must see again. */
function worthKeeping(details: readonly ReasoningDetail[], calls: number): boolean {
  return calls > 0 || details.some((detail) => (detail['signature'] ?? detail['data'] ?? null) !== null)
}

/** Base64 without the head of a data URL, which is how Ollama says pictures. */
function bare(url: string): string {
  return url.startsWith('data:') ? url.slice(url.indexOf(',') + 1) : url
}

function tokensOf(content: Json | undefined): JsonObject[] {
  return (Array.isArray(content) ? content : []).filter(isObject).map((one) => ({ token: one['token'], logprob: one['logprob'], ...(Array.isArray(one['top_logprobs']) ? { top_logprobs: one['top_logprobs'] } : {}) }))
}

/** Says an answer as lines of JSON: text as it comes, calls whole, then one line with the counts. */
export class OllamaStreamWriter implements StreamWriter {
  private model = ''
  private fault: Fault | undefined
  private reason: FinishReason | null = null
  private firstMs: number | undefined
  private readonly tools: FoldedTool[] = []
  private readonly details: ReasoningDetail[] = []

  constructor(private readonly call: Call, private readonly form: OllamaForm) {}

  write(events: readonly Event[]): string {
    let text = ''
    for (const event of events) text += this.event(event)
    return text
  }

  private event(event: Event): string {
    // Ollama answers once.
    if ('choice' in event && event.choice !== 0) return ''
    switch (event.type) {
      case 'served': this.model = event.model; return ''
      case 'text': case 'refusal': return this.say({ text: event.text })
      case 'reasoning': return this.think(event.detail)
      case 'tool': foldTool(this.tools, event); return ''
      case 'image': return this.say({ text: '', images: [bare(event.url)] })
      case 'logprobs': return this.say({ text: '' }, { logprobs: tokensOf(event.logprobs['content']) })
      case 'finish': return this.finish(event.reason)
      case 'fault': this.fault = event.fault; return ''
      case 'end': return this.end(event.usage, event.cost, event.router)
      default: return ''
    }
  }

  private think(detail: ReasoningDetail): string {
    foldDetail(this.details, detail)
    const thinking = spokenReasoning(detail)
    return thinking === '' || this.call.reasoning.exclude ? '' : this.say({ text: '', thinking })
  }

  private finish(reason: FinishReason): string {
    this.reason = reason
    const calls = callsOf(this.tools)
    const details = worthKeeping(this.details, calls.length) ? this.details : []
    return this.form === 'chat' && (calls.length > 0 || details.length > 0) ? this.say({ text: '', calls, details }) : ''
  }

  private say(said: Said, more: JsonObject = {}): string {
    this.firstMs ??= systemClock.wallMs()
    return `${JSON.stringify({ ...headOf(this.call, this.model), ...bodyOf(this.form, said), ...more, done: false })}\n`
  }

  private end(usage: Usage, cost: Cost, router: JsonObject | undefined): string {
    if (this.fault) return `${JSON.stringify({ ...errorBody(router ? this.fault.with({ router }) : this.fault), usage: usageBody(usage, cost) })}\n`
    const last = { ...headOf(this.call, this.model), ...bodyOf(this.form, { text: '' }), done: true, done_reason: reasonOf(this.reason), ...countsOf(this.call, usage, cost, this.firstMs) }
    return `${JSON.stringify(router ? { ...last, openrouter_metadata: router } : last)}\n`
  }
}

/** Folds an answer into one object, which is what `stream: false` asks for. */
export class OllamaReplyWriter implements ReplyWriter {
  private readonly fold: Fold
  private firstMs: number | undefined

  constructor(private readonly call: Call, private readonly form: OllamaForm) {
    this.fold = new Fold(call)
  }

  add(events: readonly Event[]): void {
    this.firstMs ??= systemClock.wallMs()
    this.fold.add(events)
  }

  body(): JsonObject {
    const { fold, call } = this
    const [choice] = fold.all()
    const reasoning = choice?.reasoning ?? []
    const calls = callsOf(choice?.tools ?? [])
    return {
      ...headOf(call, fold.model),
      ...bodyOf(this.form, {
        text: (choice?.text ?? '') + (choice?.refusal ?? ''), calls, images: choice?.images.map(bare) ?? [],
        thinking: call.reasoning.exclude ? '' : reasoning.map(spokenReasoning).join(''),
        details: worthKeeping(reasoning, calls.length) ? reasoning : [],
      }),
      done: true, done_reason: reasonOf(choice?.reason ?? null),
      ...(choice?.logprobs.length ? { logprobs: tokensOf(choice.logprobs) } : {}),
      ...countsOf(call, fold.usage, fold.cost, this.firstMs),
      ...(fold.router ? { openrouter_metadata: fold.router } : {}),
    }
  }
}

/** An error as Ollama's clients read it: one sentence. What kind it is stands beside it. */
export function errorBody(fault: Fault): JsonObject {
  const { router, availability } = fault.options
  if (fault.code === 'internal') return { error: 'Internal Server Error', error_type: fault.type }
  return { error: fault.message, error_type: fault.type, ...(availability && { availability }), ...(router ? { openrouter_metadata: router } : {}) }
}
