import type { Endpoint } from '../../catalog/endpoint.ts'
import type { Event, FinishReason } from '../../core/event.ts'
import { Fault } from '../../core/fault.ts'
import { asArray, asObject, asString, isObject, type JsonObject } from '../../core/json.ts'
import type { SseFrame, StreamReader } from '../dialect.ts'
import { isClaude } from '../signer.ts'
import { faultOf } from './fault.ts'
import { BlockReader } from './read-blocks.ts'
import { readUsage } from './read-usage.ts'

/** Converse's stop reasons in the contract's list (B63). */
const FINISH: Readonly<Record<string, FinishReason>> = {
  end_turn: 'stop', stop_sequence: 'stop', tool_use: 'tool_calls', max_tokens: 'length', model_context_window_exceeded: 'length',
  guardrail_intervened: 'content_filter', content_filtered: 'content_filter', malformed_model_output: 'error', malformed_tool_use: 'error',
}

/**
 * Reads one answer of Converse, streamed or whole. The stream's end is `messageStop`; the counts come in `metadata`, which
 * most often follows it. Whatever breaks off before the stop is cut.
 */
export class ConverseReader implements StreamReader {
  private readonly blocks: BlockReader
  private started = false
  private stopped = false
  private failed = false

  constructor(private readonly endpoint: Endpoint) {
    this.blocks = new BlockReader(isClaude(endpoint))
  }

  read(frame: SseFrame, out: Event[]): void {
    if (this.failed) return
    try {
      const payload: unknown = frame.data === '' ? {} : JSON.parse(frame.data)
      if (isObject(payload)) this.take(frame.event, payload, out)
      else this.fail('sent an event that is not an object', out)
    } catch (error) {
      this.unreadable(error, out)
    }
  }

  end(out: Event[]): void {
    if (this.failed || this.stopped) return
    const { name } = this.endpoint.provider
    this.fault(new Fault('provider_cut', `${name} closed the stream before its end`, { provider: name }), out)
  }

  /** A reply that was not streamed. Throws Fault for what is no answer. */
  whole(body: JsonObject): Event[] {
    const out: Event[] = []
    const content = asArray(asObject(asObject(body['output'])?.['message'])?.['content'])
    try {
      if (!content) this.fail('sent a reply without content', out)
      else {
        this.start(out)
        for (const [index, block] of content.entries()) if (isObject(block)) this.blocks.whole(index, block, out)
        this.stop(body, out)
        this.metadata(body, out)
      }
    } catch (error) {
      this.unreadable(error, out)
    }
    const last = out.find((event) => event.type === 'fault')
    if (last?.type === 'fault') throw last.fault
    return out
  }

  private take(event: string, payload: JsonObject, out: Event[]): void {
    if (event.startsWith('exception:') || event.startsWith('error:')) return this.fault(faultOf(event.slice(event.indexOf(':') + 1), payload, undefined, this.endpoint), out)
    if (event === 'metadata') return this.metadata(payload, out)
    if (this.stopped) {
      if (event.startsWith('content') || event.startsWith('message')) this.fail('went on after the end of its answer', out)
      return
    }
    const index = typeof payload['contentBlockIndex'] === 'number' ? payload['contentBlockIndex'] : -1
    switch (event) {
      case 'messageStart':
        if (this.started) return this.fail('began a second message within the first', out)
        return this.start(out)
      case 'contentBlockStart':
        if (!isObject(payload['start'])) return this.fail('began a block that is none', out)
        return this.blocks.begin(index, payload['start'], out)
      case 'contentBlockDelta':
        if (!isObject(payload['delta'])) return this.fail('sent a delta that is none', out)
        if (!this.blocks.delta(index, payload['delta'], out)) this.fail('sent arguments of a tool that was not begun', out)
        return
      case 'contentBlockStop': return this.blocks.end(index, out)
      case 'messageStop': return this.stop(payload, out)
      default:
    }
  }

  private start(out: Event[]): void {
    this.started = true
    out.push({ type: 'start' })
  }

  private stop(said: JsonObject, out: Event[]): void {
    this.stopped = true
    this.blocks.finish(out)
    const native = asString(said['stopReason']) ?? null
    const extra = said['additionalModelResponseFields']
    if (isObject(extra) && Object.keys(extra).length > 0) out.push({ type: 'extra', choice: 0, field: 'additionalModelResponseFields', value: extra })
    out.push({ type: 'finish', choice: 0, reason: this.reason(native), native })
  }

  /** A turn with calls of the client's tools ends in `tool_calls`, also where only the calls tell. */
  private reason(native: string | null): FinishReason {
    const reason = (native !== null && Object.hasOwn(FINISH, native) ? FINISH[native] : undefined) ?? 'stop'
    if (reason !== 'stop' && reason !== 'tool_calls') return reason
    return this.blocks.tools > 0 ? 'tool_calls' : 'stop'
  }

  private metadata(said: JsonObject, out: Event[]): void {
    const sent = asObject(said['usage'])
    const usage = sent && readUsage(sent)
    if (usage) out.push({ type: 'usage', usage })
  }

  /** JSON.parse throws SyntaxError on what is no JSON; JSON.stringify, of arguments and results, RangeError on endless nesting. */
  private unreadable(error: unknown, out: Event[]): void {
    if (error instanceof SyntaxError) return this.fail('sent an event that is not JSON', out)
    if (error instanceof RangeError) return this.fail('sent content that nests too deep', out)
    throw error
  }

  private fail(what: string, out: Event[]): void {
    const { name } = this.endpoint.provider
    this.fault(new Fault('provider_bad_answer', `${name} ${what}`, { provider: name }), out)
  }

  private fault(fault: Fault, out: Event[]): void {
    this.failed = true
    out.push({ type: 'fault', fault })
  }
}
