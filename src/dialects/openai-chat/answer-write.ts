import type { Call } from '../../core/call.ts'
import type { Cost, Event, FinishReason, ReasoningDetail } from '../../core/event.ts'
import type { Fault } from '../../core/fault.ts'
import { asArray, type Json, type JsonObject } from '../../core/json.ts'
import { usdNumber } from '../../core/nano.ts'
import type { Usage } from '../../core/usage.ts'
import type { ReplyWriter, StreamWriter } from '../dialect.ts'
import { foldDetail, foldTool, spokenReasoning, type FoldedTool } from '../fold.ts'
import { errorObject } from './fault-write.ts'
import { serverToolFields } from './server-tools.ts'

/** The contract's `usage` object (B65), complete: zeros are said. */
export function usageBody(usage: Usage, cost: Cost): JsonObject {
  return {
    prompt_tokens: usage.promptTokens,
    completion_tokens: usage.completionTokens,
    total_tokens: usage.promptTokens + usage.completionTokens,
    prompt_tokens_details: { cached_tokens: usage.cacheReadTokens, cache_write_tokens: usage.cacheWriteTokens, audio_tokens: usage.promptAudioTokens, video_tokens: usage.promptVideoTokens },
    completion_tokens_details: {
      reasoning_tokens: usage.reasoningTokens, audio_tokens: usage.completionAudioTokens, image_tokens: usage.completionImageTokens,
      accepted_prediction_tokens: usage.acceptedPredictionTokens, rejected_prediction_tokens: usage.rejectedPredictionTokens,
    },
    ...serverToolFields(usage),
    cost: usdNumber(cost.total),
    is_byok: cost.byok,
    cost_details: { upstream_inference_cost: cost.byok ? usdNumber(cost.upstream) : null, upstream_inference_prompt_cost: usdNumber(cost.prompt), upstream_inference_completions_cost: usdNumber(cost.completion) },
    ...(usage.estimated ? { estimated: true } : {}),
  }
}

/** Who answers, as every chunk and reply says it. */
interface Envelope { id: string; provider: string; model: string; created: number; systemFingerprint: string | null; serviceTier: string | undefined }

function openEnvelope(call: Call): Envelope {
  return { id: call.id, provider: '', model: '', created: Math.floor(call.createdMs / 1000), systemFingerprint: null, serviceTier: undefined }
}

function noteEnvelope(envelope: Envelope, event: Event): void {
  if (event.type === 'served') {
    envelope.provider = event.provider
    envelope.model = event.model
  } else if (event.type === 'start') {
    envelope.systemFingerprint = event.systemFingerprint ?? null
    envelope.serviceTier = event.serviceTier
  }
}

/** Says an answer as chunks of server-sent events: deltas as they come, then usage, then `[DONE]` (B62–B67, M27). */
export class ChatStreamWriter implements StreamWriter {
  private readonly envelope: Envelope
  private readonly excludeReasoning: boolean
  private head = ''
  /** By choice: whether its role was said. */
  private readonly saidRole: boolean[] = []
  private fault: Fault | undefined

  constructor(call: Call) {
    this.envelope = openEnvelope(call)
    this.excludeReasoning = call.reasoning.exclude
  }

  write(events: readonly Event[]): string {
    let text = ''
    for (const event of events) text += this.event(event)
    return text
  }

  private event(event: Event): string {
    switch (event.type) {
      case 'raw': return this.raw(event.body)
      case 'text': return this.delta(event.choice, `"content":${event.json ?? JSON.stringify(event.text)}`)
      case 'reasoning': return this.excludeReasoning ? '' : this.delta(event.choice, reasoningFields(event.detail))
      case 'tool': return this.delta(event.choice, toolFields(event))
      case 'refusal': return this.delta(event.choice, `"refusal":${JSON.stringify(event.text)}`)
      case 'annotation': return this.delta(event.choice, `"annotations":${JSON.stringify([event.annotation])}`)
      case 'image': return this.delta(event.choice, `"images":${JSON.stringify([{ type: 'image_url', image_url: { url: event.url } }])}`)
      case 'extra': return this.delta(event.choice, `${JSON.stringify(event.field)}:${JSON.stringify(event.value)}`)
      case 'logprobs': return this.choice(event.choice, this.role(event.choice), null, null, event.logprobs)
      case 'finish': return this.choice(event.choice, this.role(event.choice), event.reason, event.native)
      case 'debug': return `${this.prefix()}"choices":[],"debug":${JSON.stringify(event.debug)}}\n\n`
      case 'fault': this.fault = event.fault; return ''
      case 'end': return this.end(event.usage, event.cost, event.router)
      case 'served': case 'start': noteEnvelope(this.envelope, event); this.head = ''; return ''
      case 'ping': case 'usage': case 'embeddings': return ''
    }
  }

  private raw(body: JsonObject): string {
    const { envelope } = this
    body['id'] = envelope.id
    body['object'] = 'chat.completion.chunk'
    body['created'] = envelope.created
    body['model'] = envelope.model
    body['provider'] = envelope.provider
    if (typeof body['system_fingerprint'] !== 'string') delete body['system_fingerprint']
    if (this.excludeReasoning) hideReasoning(body, 'delta')
    this.sayRoles(body)
    return `data: ${JSON.stringify(body)}\n\n`
  }

  private delta(choice: number, fields: string): string {
    const role = this.role(choice)
    return this.choice(choice, role ? `${role},${fields}` : fields, null, null)
  }

  /** The role is said once a choice, in its first delta. */
  private role(choice: number): string {
    if (this.saidRole[choice]) return ''
    this.saidRole[choice] = true
    return '"role":"assistant"'
  }

  /** Some providers never say it, and clients that build the message want it (lesson 25). */
  private sayRoles(body: JsonObject): void {
    // Readers made `choices` an array of objects, each with its delta.
    for (const choice of body['choices'] as readonly { readonly index?: Json; readonly delta?: JsonObject }[]) {
      const index = typeof choice.index === 'number' ? choice.index : 0
      if (this.saidRole[index] || !choice.delta) continue
      this.saidRole[index] = true
      choice.delta['role'] ??= 'assistant'
    }
  }

  private choice(index: number, delta: string, reason: FinishReason | null, native: string | null, logprobs?: Json): string {
    const ended = reason === null ? '"finish_reason":null' : `"finish_reason":"${reason}","native_finish_reason":${JSON.stringify(native)}`
    const extra = logprobs === undefined ? '' : `,"logprobs":${JSON.stringify(logprobs)}`
    return `${this.prefix()}"choices":[{"index":${index},"delta":{${delta}},${ended}${extra}}]}\n\n`
  }

  private prefix(): string {
    if (this.head !== '') return this.head
    const { id, provider, model, created, systemFingerprint, serviceTier } = this.envelope
    const fields = JSON.stringify({ id, provider, model, object: 'chat.completion.chunk', created, ...(systemFingerprint === null ? {} : { system_fingerprint: systemFingerprint }), ...(serviceTier === undefined ? {} : { service_tier: serviceTier }) })
    this.head = `data: ${fields.slice(0, -1)},`
    return this.head
  }

  /** After a fault the stream ends without `[DONE]`: nobody takes it for a whole answer (lesson 28). */
  private end(usage: Usage, cost: Cost, router: JsonObject | undefined): string {
    const body = `${JSON.stringify(usageBody(usage, cost))}${router ? `,"openrouter_metadata":${JSON.stringify(router)}` : ''}`
    if (!this.fault) return `${this.prefix()}"choices":[],"usage":${body}}\n\ndata: [DONE]\n\n`
    const choice = '{"index":0,"delta":{"content":""},"finish_reason":"error","native_finish_reason":null}'
    return `${this.prefix()}"error":${JSON.stringify(errorObject(this.fault))},"choices":[${choice}],"usage":${body}}\n\n`
  }
}

function reasoningFields(detail: ReasoningDetail): string {
  const text = detail['text'] ?? detail['summary']
  const plain = typeof text === 'string' && text !== '' ? `"reasoning":${JSON.stringify(text)},` : ''
  return `${plain}"reasoning_details":${JSON.stringify([detail])}`
}

function toolFields(event: Extract<Event, { type: 'tool' }>): string {
  const fn = { ...(event.name === undefined ? {} : { name: event.name }), arguments: event.arguments }
  const call = { index: event.index, ...(event.id === undefined ? {} : { id: event.id, type: 'function' }), function: fn }
  return `"tool_calls":${JSON.stringify([call])}`
}

function hideReasoning(body: JsonObject, where: 'delta' | 'message'): void {
  for (const choice of body['choices'] as readonly JsonObject[]) {
    // Readers made it an object.
    const said = choice[where] as JsonObject
    delete said['reasoning']
    delete said['reasoning_details']
  }
}

/** What this server has to say of a choice, beside what its provider said of it. */
function addAnnotations(body: JsonObject, index: number, annotations: readonly JsonObject[]): void {
  // Readers made `choices` an array of objects, each with its message.
  const message = (body['choices'] as readonly { readonly message: JsonObject }[])[index]?.message
  if (message && annotations.length > 0) message['annotations'] = [...annotations, ...(asArray(message['annotations']) ?? [])]
}

interface FoldedChoice {
  content: string
  hasContent: boolean
  refusal: string
  reasoning: ReasoningDetail[]
  tools: FoldedTool[]
  annotations: JsonObject[]
  images: JsonObject[]
  logprobs: { content: Json[]; refusal?: Json[] } | undefined
  extra: JsonObject
  reason: FinishReason | null
  native: string | null
}

/** Folds an answer into one chat completion (B62–B65, M28). */
export class ChatReplyWriter implements ReplyWriter {
  private readonly envelope: Envelope
  private readonly choices: FoldedChoice[] = []
  private carried: JsonObject | undefined
  private fault: Fault | undefined
  private usage: JsonObject | undefined
  private router: JsonObject | undefined

  constructor(private readonly call: Call) {
    this.envelope = openEnvelope(call)
  }

  add(events: readonly Event[]): void {
    for (const event of events) this.event(event)
  }

  body(): JsonObject {
    return this.carried && !this.fault ? this.carriedBody(this.carried) : this.foldedBody()
  }

  private event(event: Event): void {
    switch (event.type) {
      case 'raw': this.carried = event.body; break
      case 'text': { const choice = this.choice(event.choice); choice.content += event.text; choice.hasContent = true; break }
      case 'refusal': this.choice(event.choice).refusal += event.text; break
      case 'reasoning': foldDetail(this.choice(event.choice).reasoning, event.detail); break
      case 'tool': foldTool(this.choice(event.choice).tools, event); break
      case 'annotation': this.choice(event.choice).annotations.push(event.annotation); break
      case 'image': this.choice(event.choice).images.push({ type: 'image_url', image_url: { url: event.url } }); break
      case 'logprobs': foldLogprobs(this.choice(event.choice), event.logprobs); break
      case 'extra': this.choice(event.choice).extra[event.field] = event.value; break
      case 'finish': { const choice = this.choice(event.choice); choice.reason = event.reason; choice.native = event.native; break }
      case 'fault': this.fault = event.fault; break
      case 'end': this.usage = usageBody(event.usage, event.cost); this.router = event.router; break
      case 'served': case 'start': noteEnvelope(this.envelope, event); break
      case 'ping': case 'usage': break
    }
  }

  private choice(index: number): FoldedChoice {
    return (this.choices[index] ??= {
      content: '', hasContent: false, refusal: '', reasoning: [], tools: [], annotations: [], images: [], logprobs: undefined, extra: {}, reason: null, native: null,
    })
  }

  private carriedBody(body: JsonObject): JsonObject {
    const { envelope } = this
    body['id'] = envelope.id
    body['object'] = 'chat.completion'
    body['created'] = envelope.created
    body['model'] = envelope.model
    body['provider'] = envelope.provider
    body['system_fingerprint'] ??= null
    if (this.call.reasoning.exclude) hideReasoning(body, 'message')
    this.choices.forEach(({ annotations }, index) => addAnnotations(body, index, annotations))
    body['usage'] = this.usage
    if (this.router) body['openrouter_metadata'] = this.router
    return body
  }

  private foldedBody(): JsonObject {
    const { envelope } = this
    if (this.choices.length === 0) this.choice(0)
    return {
      id: envelope.id, provider: envelope.provider, model: envelope.model, object: 'chat.completion', created: envelope.created, system_fingerprint: envelope.systemFingerprint,
      ...(envelope.serviceTier === undefined ? {} : { service_tier: envelope.serviceTier }),
      choices: this.choices.map((choice, index) => this.foldedChoice(choice, index)),
      usage: this.usage,
      ...(this.router ? { openrouter_metadata: this.router } : {}),
    }
  }

  private foldedChoice(choice: FoldedChoice, index: number): JsonObject {
    const reasoning = this.call.reasoning.exclude ? [] : choice.reasoning
    const spoken = reasoning.map(spokenReasoning).join('')
    return {
      index,
      message: {
        role: 'assistant', content: choice.hasContent || choice.tools.length === 0 ? choice.content : null, refusal: choice.refusal || null,
        ...(reasoning.length > 0 ? { reasoning: spoken || null, reasoning_details: reasoning } : {}),
        ...(choice.tools.length > 0 ? { tool_calls: choice.tools.filter((tool) => tool !== undefined).map(toolCall) } : {}),
        ...(choice.annotations.length > 0 ? { annotations: choice.annotations } : {}),
        ...(choice.images.length > 0 ? { images: choice.images } : {}),
        ...choice.extra,
      },
      ...(choice.logprobs ? { logprobs: { ...choice.logprobs } } : {}),
      finish_reason: this.fault ? 'error' : choice.reason,
      native_finish_reason: choice.native,
      ...(this.fault ? { error: errorObject(this.fault) } : {}),
    }
  }
}

function toolCall(tool: FoldedTool): JsonObject {
  return { id: tool.id, type: 'function', function: { name: tool.name, arguments: tool.arguments.trim() || '{}' } }
}

function foldLogprobs(choice: FoldedChoice, logprobs: JsonObject): void {
  const all = (choice.logprobs ??= { content: [] })
  if (Array.isArray(logprobs['content'])) all.content.push(...logprobs['content'])
  if (Array.isArray(logprobs['refusal'])) (all.refusal ??= []).push(...logprobs['refusal'])
}
