import type { Call } from '../../core/call.ts'
import type { Event, FinishReason } from '../../core/event.ts'
import { Fault } from '../../core/fault.ts'
import { asObject, asString, isObject, type Json, type JsonObject } from '../../core/json.ts'
import type { Endpoint } from '../../catalog/endpoint.ts'
import type { SseFrame, StreamReader } from '../dialect.ts'
import { signedBy, signerOfMessages } from '../signer.ts'
import { faultOf } from './fault.ts'
import { BlockReader } from './read-blocks.ts'
import { CarriedReader, carriedReply, type Judge } from './read-carried.ts'
import { readUsage } from './read-usage.ts'

/** Anthropic's stop reasons in the contract's list (B63). A paused turn is over for the client; the native reason tells it. */
const FINISH: Readonly<Record<string, FinishReason>> = {
  end_turn: 'stop', stop_sequence: 'stop', pause_turn: 'stop', compaction: 'stop', tool_use: 'tool_calls',
  max_tokens: 'length', model_context_window_exceeded: 'length', refusal: 'content_filter',
}
/** Fields of an answer that are carried in the message. */
const EXTRAS = ['container', 'context_management', 'stop_details', 'stop_sequence'] as const

/** What Anthropic's stop reason is in the contract's list; undefined for a word that is none of Anthropic's. */
export function finishOf(stopReason: string): FinishReason | undefined {
  return own(FINISH, stopReason)
}

/** Reads one streamed answer of `POST /v1/messages`. */
export function streamReader(_call: Call, endpoint: Endpoint, carry: boolean): StreamReader {
  return carry ? new CarriedReader(new MessageReader(endpoint)) : new MessageReader(endpoint)
}

/** Reads a reply that was not streamed, by the same steps as a stream. */
export function readReply(_call: Call, endpoint: Endpoint, body: JsonObject, carry: boolean): Event[] {
  if (carry) return carriedReply(new MessageReader(endpoint), body)
  const out: Event[] = []
  new MessageReader(endpoint).whole(body, out)
  return out
}

/** Signs what is opaque in a block; false where nothing is. */
function signBlock(block: Json | undefined, signer: string): boolean {
  if (!isObject(block)) return false
  const field = block['type'] === 'thinking' ? 'signature' : block['type'] === 'redacted_thinking' ? 'data' : undefined
  const text = field === undefined ? undefined : asString(block[field])
  if (field === undefined || !text) return false
  block[field] = signedBy(signer, text)
  return true
}

/** One answer, from `message_start` to `message_stop`. */
class MessageReader implements StreamReader, Judge {
  private readonly blocks: BlockReader
  /** Who signs; undefined: Anthropic. */
  private readonly signer: string | undefined
  /** Blocks whose signature has begun. */
  private readonly signed = new Set<number>()
  private message: JsonObject | undefined
  private endUsage: JsonObject | undefined
  private readonly extras: JsonObject = {}
  private stopReason: string | null = null
  /** After the end, or a fault: nothing more is said. */
  private done = false
  private failed = false

  constructor(private readonly endpoint: Endpoint) {
    this.signer = signerOfMessages(endpoint)
    this.blocks = new BlockReader(this.signer)
  }

  read(frame: SseFrame, out: Event[]): void {
    this.event(frame, out)
  }

  event(frame: SseFrame, out: Event[]): JsonObject | undefined {
    if (this.failed || frame.data === '' || frame.data === '[DONE]') return undefined
    const wasDone = this.done
    try {
      const event: unknown = JSON.parse(frame.data)
      if (!isObject(event)) {
        if (!this.done) this.fail('sent an event that is not an object', out)
        return undefined
      }
      if (!this.done) {
        if (this.signer !== undefined) this.sign(event, this.signer)
        this.take(event, frame.event, out)
        return event
      }
      if (String(event['type'] ?? frame.event).startsWith('content_block')) this.fail('went on after the end of its answer', out)
      return undefined
    } catch (error) {
      // Noise behind the end says nothing of the answer, which is whole.
      if (!wasDone) this.unreadable(error, out)
      return undefined
    }
  }

  /** What another than Anthropic signed says so from here on, to our readers as to a client that gets the event itself. */
  private sign(event: JsonObject, signer: string): void {
    const { delta, content_block: block } = event
    const at = indexOf(event)
    if (isObject(block) && signBlock(block, signer)) this.signed.add(at)
    // Only the first piece of a signature is its beginning.
    if (!isObject(delta) || typeof delta['signature'] !== 'string' || delta['signature'] === '' || this.signed.has(at)) return
    this.signed.add(at)
    delta['signature'] = signedBy(signer, delta['signature'])
  }

  private take(event: JsonObject, name: string, out: Event[]): void {
    switch (event['type'] ?? name) {
      case 'content_block_delta': return this.delta(indexOf(event), event['delta'], out)
      case 'content_block_start':
        if (!this.blocks.begin(indexOf(event), event['content_block'], out)) this.fail('began a block that is none', out)
        return
      case 'content_block_stop': return this.blocks.end(indexOf(event), out)
      case 'ping':
        out.push({ type: 'ping' })
        return
      case 'message_start': return this.start(event['message'], out)
      case 'message_delta': return this.messageDelta(event, out)
      case 'message_stop': return this.finish(out)
      case 'error': return this.fault(faultOf(event, this.endpoint), out)
      // Anthropic adds kinds of events; unknown ones are to be passed over.
      default:
    }
  }

  end(out: Event[]): void {
    if (this.done) return
    this.fault(new Fault('provider_cut', `${this.endpoint.provider.name} closed the stream before its end`, { provider: this.endpoint.provider.name }), out)
  }

  whole(body: JsonObject, out: Event[]): boolean {
    try {
      if (body['type'] === 'error' || isObject(body['error'])) this.fault(faultOf(body, this.endpoint), out)
      else if (!Array.isArray(body['content'])) this.fail('sent a reply without content', out)
      else {
        if (this.signer !== undefined) for (const block of body['content']) signBlock(block, this.signer)
        this.start(body, out)
      }
      if (this.done) return false
      this.finish(out)
      return true
    } catch (error) {
      this.unreadable(error, out)
      return false
    }
  }

  /** JSON.parse throws SyntaxError on what is no JSON; JSON.stringify, of arguments and results, RangeError on endless nesting. */
  private unreadable(error: unknown, out: Event[]): void {
    if (error instanceof SyntaxError) return this.fail('sent an event that is not JSON', out)
    if (error instanceof RangeError) return this.fail('sent content that nests too deep', out)
    throw error
  }

  private delta(index: number, delta: Json | undefined, out: Event[]): void {
    if (!isObject(delta)) return this.fail('sent a delta that is none', out)
    const { blocks } = this
    switch (delta['type']) {
      case 'text_delta':
        if (blocks.hasEnded(index)) return this.fail('sent text of a block that had ended', out)
        return blocks.text(delta['text'], out)
      case 'input_json_delta':
        if (!blocks.input(index, delta['partial_json'], out)) this.fail('sent arguments of a tool that was not begun', out)
        return
      case 'thinking_delta':
        if (!blocks.thinking(index, asString(delta['thinking']), undefined, out)) this.fail('sent thinking that was not begun', out)
        return
      case 'signature_delta':
        if (!blocks.thinking(index, undefined, asString(delta['signature']), out)) this.fail('signed thinking that was not begun', out)
        return
      case 'citations_delta': return blocks.citation(index, delta['citation'])
      default: return blocks.keep(index, delta)
    }
  }

  /** The message may be there with all its content and its end, as the follow-up turns of a code execution are. */
  private start(message: Json | undefined, out: Event[]): void {
    if (!isObject(message)) return this.fail('began a message that is none', out)
    if (this.message) {
      // The same start twice is one; another message within this one cannot be told apart from it.
      if (message['id'] !== this.message['id']) this.fail('began a second message within the first', out)
      return
    }
    this.message = message
    const usage = asObject(message['usage'])
    out.push({ type: 'start', providerId: asString(message['id']), model: asString(message['model']), serviceTier: tierOf(usage) })
    // The prompt's counts, so that a call which ends early is not without; those of the output are not true yet.
    if (usage) out.push({ type: 'usage', usage: readUsage(usage, undefined), serviceTier: speedOf(usage) })
    this.note(message)
    const content = message['content']
    if (!Array.isArray(content)) return
    for (let index = 0; index < content.length; index++) {
      if (!this.blocks.begin(index, content[index], out)) return this.fail('sent a block that is none', out)
      this.blocks.end(index, out)
    }
  }

  private messageDelta(event: JsonObject, out: Event[]): void {
    const delta = asObject(event['delta'])
    if (delta) this.note(delta)
    // On this event it stands beside the delta.
    if (event['context_management'] !== undefined && event['context_management'] !== null) this.extras['context_management'] = event['context_management']
    const usage = asObject(event['usage'])
    if (!usage) return
    this.endUsage = this.endUsage ? { ...this.endUsage, ...usage } : usage
    out.push({ type: 'usage', usage: readUsage(asObject(this.message?.['usage']), this.endUsage), serviceTier: speedOf(this.endUsage) })
  }

  private note(said: JsonObject): void {
    this.stopReason = asString(said['stop_reason']) ?? this.stopReason
    for (const field of EXTRAS) {
      const value = said[field]
      if (value !== undefined && value !== null) this.extras[field] = value
    }
  }

  private finish(out: Event[]): void {
    if (!this.message) return this.fail('ended a message that it had not begun', out)
    this.done = true
    this.blocks.finish(out)
    const usage = asObject(this.message['usage'])
    if (usage && !this.endUsage) out.push({ type: 'usage', usage: readUsage(usage, {}), serviceTier: speedOf(usage) })
    const explanation = asString(asObject(this.extras['stop_details'])?.['explanation'])
    if (this.stopReason === 'refusal' && explanation) out.push({ type: 'refusal', choice: 0, text: explanation })
    for (const field of EXTRAS) {
      const value = this.extras[field]
      if (value !== undefined) out.push({ type: 'extra', choice: 0, field, value })
    }
    out.push({ type: 'finish', choice: 0, reason: this.finishReason(), native: this.stopReason })
  }

  /** A turn with calls of the client's tools ends in `tool_calls`, also where the provider says otherwise. */
  private finishReason(): FinishReason {
    const reason = (this.stopReason === null ? undefined : finishOf(this.stopReason)) ?? 'stop'
    if (reason === 'stop' || reason === 'tool_calls') return this.blocks.tools > 0 ? 'tool_calls' : 'stop'
    return reason
  }

  private fail(what: string, out: Event[]): void {
    const { name } = this.endpoint.provider
    this.fault(new Fault('provider_bad_answer', `${name} ${what}`, { provider: name }), out)
  }

  private fault(fault: Fault, out: Event[]): void {
    this.done = true
    this.failed = true
    out.push({ type: 'fault', fault })
  }
}

function own<T>(table: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined
}

function indexOf(event: JsonObject): number {
  return typeof event['index'] === 'number' ? event['index'] : -1
}

/** Fast mode, which the catalogue has as the priority tier. Anthropic's own word `priority` is of capacity that is paid beforehand, at the same prices. */
function speedOf(usage: JsonObject | undefined): string | undefined {
  const speed = asString(usage?.['speed'])
  return speed === 'fast' ? 'priority' : speed === 'standard' ? 'default' : undefined
}

/** The contract calls Anthropic's base tier `default` (B48). */
function tierOf(usage: JsonObject | undefined): string | undefined {
  const tier = asString(usage?.['service_tier'])
  return tier === 'standard' ? 'default' : tier
}
