import type { Call } from '../../core/call.ts'
import type { Cost, Event, FinishReason } from '../../core/event.ts'
import { Fault } from '../../core/fault.ts'
import { asObject, asString, isObject, parseObject, type Json, type JsonObject } from '../../core/json.ts'
import { NO_USAGE, type Usage } from '../../core/usage.ts'
import type { ReplyWriter, StreamWriter } from '../dialect.ts'
import { BlockWriter, isKept, type BlockSink } from './answer-blocks.ts'
import { costFields, countersOf, tierBody, wholeUsage } from './answer-usage.ts'
import { errorBody } from './fault-write.ts'
import { finishOf } from './read.ts'

const STOP: Readonly<Record<FinishReason, string>> = { stop: 'end_turn', length: 'max_tokens', tool_calls: 'tool_use', content_filter: 'refusal', error: 'end_turn' }

/** What is known of an answer as a whole, and how it ends. Streams and replies keep the same. */
class Answer {
  model = ''
  provider = ''
  tier: string | undefined
  usage: Usage | undefined
  fault: Fault | undefined
  refusal = ''
  private reason: FinishReason | undefined
  private native: string | null = null
  private readonly fields: JsonObject = {}

  constructor(private readonly call: Call) {}

  /** Notes an Event that is no content. */
  note(event: Event): void {
    switch (event.type) {
      case 'served':
        this.model = event.model
        this.provider = event.provider
        break
      case 'start': this.tier = event.serviceTier; break
      case 'usage': this.usage = event.usage; break
      case 'refusal': this.refusal += event.text; break
      case 'extra': this.fields[event.field] = event.value; break
      case 'fault': this.fault = event.fault; break
      case 'finish':
        this.reason = event.reason
        this.native = event.native
        if (event.reason === 'error') this.fault ??= new Fault('provider_error', `${this.provider} ended its answer with an error`, { provider: this.provider })
        break
      default:
    }
  }

  /** The message before its content. The prompt's counts are the provider's, where it has said them, else a stated estimate. */
  head(): JsonObject {
    const usage = this.usage ?? { ...NO_USAGE, promptTokens: Math.ceil(this.call.needs.promptTokensMax / 2), estimated: true }
    return {
      id: this.call.id, type: 'message', role: 'assistant', model: this.model, provider: this.provider, content: [], container: null, stop_reason: null, stop_sequence: null, stop_details: null,
      usage: { ...countersOf({ ...usage, completionTokens: 0, reasoningTokens: 0 }), inference_geo: null, service_tier: tierBody(this.tier) },
    }
  }

  /** How the message ended: `delta` of the event, fields of the reply. */
  end(): JsonObject {
    const { reason, native, fields } = this
    const refused = this.refusal !== '' && reason !== 'length'
    return {
      stop_reason: refused ? 'refusal' : stopReason(reason ?? 'stop', native),
      stop_sequence: asString(fields['stop_sequence']) ?? null,
      stop_details: asObject(fields['stop_details']) ?? (refused ? { type: 'refusal', category: null, explanation: this.refusal } : null),
      container: asObject(fields['container']) ?? null,
    }
  }

  /** Stands beside the end, where there is one. */
  edits(): JsonObject {
    const edits = this.fields['context_management']
    return isObject(edits) ? { context_management: edits } : {}
  }

  /** What is ours in a carried message. */
  claim(message: JsonObject): void {
    message['id'] = this.call.id
    message['model'] = this.model
    message['provider'] = this.provider
    for (const field of ['container', 'stop_details', 'stop_reason', 'stop_sequence']) message[field] ??= null
    message['usage'] = wholeUsage(message['usage'], 'message')
  }
}

/** Anthropic's own word where the provider said one that means the same; else the one that the contract's reason comes to. */
function stopReason(reason: FinishReason, native: string | null): string {
  return native !== null && finishOf(native) === reason ? native : STOP[reason]
}

/** Says an answer as the events of a message stream (contract A6, B67): `message_start` … `message_delta`, `message_stop`. */
export class MessagesStreamWriter implements StreamWriter, BlockSink {
  private readonly answer: Answer
  private readonly blocks: BlockWriter
  private text_ = ''
  private begun = false
  /** A carried message's end, held back until its cost is known. */
  private carriedStart: JsonObject | undefined
  private carriedEnd: JsonObject | undefined

  constructor(call: Call) {
    this.answer = new Answer(call)
    this.blocks = new BlockWriter(this, call.reasoning.exclude)
  }

  write(events: readonly Event[]): string {
    for (const event of events) this.event(event)
    const text = this.text_
    this.text_ = ''
    return text
  }

  begin(index: number, block: JsonObject): void {
    if (!this.begun) this.start()
    this.say('content_block_start', { type: 'content_block_start', index, content_block: block })
  }

  text(index: number, text: string, json: string | undefined): void {
    this.text_ += `event: content_block_delta\ndata: {"type":"content_block_delta","index":${index},"delta":{"type":"text_delta","text":${json ?? JSON.stringify(text)}}}\n\n`
  }

  delta(index: number, delta: JsonObject): void {
    this.say('content_block_delta', { type: 'content_block_delta', index, delta })
  }

  end(index: number): void {
    this.say('content_block_stop', { type: 'content_block_stop', index })
  }

  private event(event: Event): void {
    switch (event.type) {
      case 'raw': return this.raw(event.body)
      case 'ping':
        if (this.begun) this.say('ping', { type: 'ping' })
        return
      case 'end': return this.last(event.usage, event.cost, event.router)
      case 'finish': this.blocks.close(); break
      default: if (addContent(event, this.blocks)) return
    }
    this.answer.note(event)
  }

  private raw(body: JsonObject): void {
    switch (body['type']) {
      case 'message_start': {
        // The same start again: the reader lets no other pass.
        if (this.begun) return
        this.begun = true
        // The reader lets no message pass that is no object.
        this.carriedStart = body['message'] as JsonObject
        this.answer.claim(this.carriedStart)
        break
      }
      case 'message_delta':
        this.carriedEnd = this.carriedEnd ? joined(this.carriedEnd, body) : body
        return
      case 'message_stop': return
      default:
    }
    this.say(asString(body['type']) ?? 'message', body)
  }

  private start(): void {
    this.begun = true
    this.say('message_start', { type: 'message_start', message: this.answer.head() })
    this.say('ping', { type: 'ping' })
  }

  /** After a fault there is no end: nobody takes it for a whole message. */
  private last(usage: Usage, cost: Cost, router: JsonObject | undefined): void {
    const metadata = router ? { openrouter_metadata: router } : {}
    if (this.answer.fault) return this.say('error', { ...errorBody(this.answer.fault), ...metadata })
    if (!this.begun) this.start()
    this.blocks.close()
    this.say('message_delta', this.endEvent(usage, cost))
    this.say('message_stop', { type: 'message_stop', ...metadata })
  }

  private endEvent(usage: Usage, cost: Cost): JsonObject {
    const { carriedStart: start, carriedEnd: end } = this
    if (!start) return { type: 'message_delta', delta: this.answer.end(), ...this.answer.edits(), usage: { ...countersOf(usage), ...costFields(usage, cost) } }
    // Some messages have their end within their start.
    const { stop_reason: reason, stop_sequence: sequence, stop_details: details, container } = start
    const delta = end ? { container: null, stop_details: null, stop_sequence: null, ...asObject(end['delta']) } : { stop_reason: reason, stop_sequence: sequence, stop_details: details, container }
    const counted = end ? { ...asObject(end['usage']) } : { ...asObject(start['usage']) }
    return { type: 'message_delta', ...end, delta, usage: { ...wholeUsage(counted, 'delta'), ...costFields(usage, cost) } }
  }

  private say(name: string, body: JsonObject): void {
    this.text_ += `event: ${name}\ndata: ${JSON.stringify(body)}\n\n`
  }
}

/** Two ends of one message as one: the later word counts. */
function joined(first: JsonObject, next: JsonObject): JsonObject {
  return { ...first, ...next, delta: { ...asObject(first['delta']), ...asObject(next['delta']) }, usage: { ...asObject(first['usage']), ...asObject(next['usage']) } }
}

/** Says an Event of content; false for all others. */
function addContent(event: Event, blocks: BlockWriter): boolean {
  switch (event.type) {
    case 'text': case 'reasoning': case 'tool': case 'annotation': case 'image':
      // Messages has one answer.
      if (event.choice !== 0) return true
      break
    case 'extra':
      if (!isKept(event.field)) return false
      blocks.kept(event.value)
      return true
    default: return false
  }
  switch (event.type) {
    case 'text': blocks.text(event.text, event.json); break
    case 'reasoning': blocks.reasoning(event.detail); break
    case 'tool': blocks.tool(event); break
    case 'annotation': blocks.annotation(event.annotation); break
    case 'image': blocks.image(event.url); break
  }
  return true
}

/** Folds an answer into one message. */
export class MessagesReplyWriter implements ReplyWriter, BlockSink {
  private readonly answer: Answer
  private readonly blocks: BlockWriter
  private readonly content: JsonObject[] = []
  /** Of the block that is being said. */
  private json = ''
  private carried: JsonObject | undefined
  private usage: JsonObject = {}
  private router: JsonObject | undefined

  constructor(call: Call) {
    this.answer = new Answer(call)
    this.blocks = new BlockWriter(this, call.reasoning.exclude)
  }

  add(events: readonly Event[]): void {
    for (const event of events) this.event(event)
  }

  /** Throws the fault of a reply that failed: there is no half message without a stream. */
  body(): JsonObject {
    const { answer, carried } = this
    if (answer.fault) throw this.router ? answer.fault.with({ router: this.router }) : answer.fault
    const metadata = this.router ? { openrouter_metadata: this.router } : {}
    if (carried) {
      answer.claim(carried)
      return { ...carried, usage: { ...asObject(carried['usage']), ...this.usage }, ...metadata }
    }
    const { usage, ...head } = answer.head()
    return { ...head, content: this.content, ...answer.end(), ...answer.edits(), usage: { ...asObject(usage), ...this.usage }, ...metadata }
  }

  begin(_index: number, block: JsonObject): void {
    this.content.push({ ...block })
    this.json = ''
  }

  text(_index: number, text: string): void {
    this.append('text', text)
  }

  delta(_index: number, delta: JsonObject): void {
    switch (delta['type']) {
      case 'thinking_delta': return this.append('thinking', delta['thinking'])
      case 'signature_delta': return this.append('signature', delta['signature'])
      case 'input_json_delta': this.json += String(delta['partial_json']); break
      case 'citations_delta': {
        const block = this.last()
        // A list that stands there is ours: blocks with citations of their own have no deltas.
        const citations = (block['citations'] ??= []) as Json[]
        citations.push(delta['citation'] as Json)
        break
      }
      default:
    }
  }

  end(): void {
    const block = this.last()
    if (block['type'] === 'tool_use' && this.json.trim() !== '') block['input'] = parseObject(this.json) ?? { arguments: this.json }
  }

  private append(field: string, piece: Json | undefined): void {
    const block = this.last()
    block[field] = `${String(block[field])}${String(piece)}`
  }

  private last(): JsonObject {
    // `begin` comes before anything else that is said of a block.
    return this.content.at(-1) as JsonObject
  }

  private event(event: Event): void {
    if (event.type === 'raw') this.carried = event.body
    else if (event.type === 'end') {
      this.blocks.close()
      this.usage = this.carried ? costFields(event.usage, event.cost) : { ...countersOf(event.usage), ...costFields(event.usage, event.cost) }
      this.router = event.router
    } else if (!addContent(event, this.blocks)) this.answer.note(event)
  }
}
