import type { Endpoint } from '../../catalog/endpoint.ts'
import type { Event, FinishReason } from '../../core/event.ts'
import { Fault } from '../../core/fault.ts'
import { asArray, asCount, asObject, asString, isObject, type Json, type JsonObject } from '../../core/json.ts'
import { NO_USAGE, type Usage } from '../../core/usage.ts'
import type { SseFrame, StreamReader } from '../dialect.ts'
import { annotationOf } from './citations.ts'
import { faultOf } from './fault.ts'
import { UNKNOWN_FORMAT } from './wire.ts'

/** Cohere's finish reasons in the contract's list (B63). */
const FINISH: Readonly<Record<string, FinishReason>> = {
  COMPLETE: 'stop', STOP_SEQUENCE: 'stop', TOOL_CALL: 'tool_calls', MAX_TOKENS: 'length', ERROR_LIMIT: 'length', ERROR_TOXIC: 'content_filter', ERROR: 'error', TIMEOUT: 'error', USER_CANCEL: 'stop',
}

/** What a call's arguments are so far, while they may still turn out to be the word `null`. */
interface OpenCall { readonly index: number; held: string; said: boolean }

/** Reads one answer of Cohere, streamed or whole. The end is `message-end`; less is cut. */
export class AnswerReader implements StreamReader {
  private text = ''
  private textStart = 0
  private thoughts = 0
  private tools = 0
  private call: OpenCall | undefined
  private started = false
  /** Places of contents that have ended. */
  private readonly ended = new Set<unknown>()
  private done = false
  private failed = false

  constructor(private readonly endpoint: Endpoint) {}

  read(frame: SseFrame, out: Event[]): void {
    this.event(frame, out)
  }

  /** What was read of a frame, where nothing is wrong with it. */
  event(frame: SseFrame, out: Event[]): JsonObject | undefined {
    if (this.failed || frame.data === '' || frame.data === '[DONE]') return undefined
    let event: unknown
    try {
      event = JSON.parse(frame.data)
    } catch {
      // What is no JSON is no object either, and is said to be none below.
      event = undefined
    }
    if (!isObject(event)) this.fail('sent an event that is not a JSON object', out)
    else this.take(event, frame.event, out)
    return isObject(event) ? event : undefined
  }

  end(out: Event[]): void {
    if (this.done) return
    const { name } = this.endpoint.provider
    this.fault(new Fault('provider_cut', `${name} closed the stream before its end`, { provider: name }), out)
  }

  /** A reply that was not streamed. Throws Fault for what is no answer. */
  whole(body: JsonObject): Event[] {
    const out: Event[] = []
    const message = asObject(body['message'])
    if (!message) {
      if (typeof body['message'] === 'string') this.fault(faultOf(undefined, body, this.endpoint), out)
      else this.fail('sent a reply without a message', out)
    } else {
      this.start(body, out)
      this.plan(asString(message['tool_plan']) ?? '', out)
      for (const content of asArray(message['content']) ?? []) if (isObject(content)) this.content(content, out, true)
      for (const call of asArray(message['tool_calls']) ?? []) {
        if (!isObject(call)) continue
        this.beginCall(call, out)
        this.endCall(out)
      }
      for (const citation of asArray(message['citations']) ?? []) if (isObject(citation)) this.citation(citation, out)
      this.logprobs(body['logprobs'], out)
      this.finish(asString(body['finish_reason']), undefined, asObject(body['usage']), out)
    }
    const last = out.at(-1)
    if (last?.type === 'fault') throw last.fault
    return out
  }

  private take(event: JsonObject, name: string, out: Event[]): void {
    const type = event['type'] ?? name
    if (this.done) return /-(?:start|delta)$/.test(String(type)) ? this.fail('went on after the end of its answer', out) : undefined
    const delta = asObject(event['delta'])
    const message = asObject(delta?.['message'])
    switch (type) {
      case 'message-start':
        if (this.started) return this.fail('began a second message within the first', out)
        return this.start(event, out)
      case 'content-start':
        this.ended.delete(event['index'])
        return this.content(asObject(message?.['content']) ?? {}, out, true)
      case 'content-end':
        this.ended.add(event['index'])
        return
      case 'content-delta':
        if (event['index'] !== undefined && this.ended.has(event['index'])) return this.fail('went on with a content that had ended', out)
        this.content(asObject(message?.['content']) ?? {}, out, false)
        return this.logprobs(event['logprobs'], out)
      case 'tool-plan-delta': return this.plan(asString(message?.['tool_plan']) ?? '', out)
      case 'tool-call-start':
        this.endCall(out)
        return this.beginCall(asObject(message?.['tool_calls']) ?? {}, out)
      case 'tool-call-delta':
        if (!this.call) return this.fail('sent arguments of a tool that was not begun', out)
        return this.arguments(this.call, asString(asObject(asObject(message?.['tool_calls'])?.['function'])?.['arguments']) ?? '', out)
      case 'tool-call-end': return this.endCall(out)
      case 'citation-start': {
        const citations = message?.['citations']
        for (const citation of Array.isArray(citations) ? citations : [citations]) if (isObject(citation)) this.citation(citation, out)
        return
      }
      case 'message-end': return this.finish(asString(delta?.['finish_reason']), asString(delta?.['error']), asObject(delta?.['usage']), out)
      case 'error': return this.fault(faultOf(undefined, event, this.endpoint), out)
      default:
        // An error comes as it would outside of a stream.
        if (event['type'] === undefined && typeof event['message'] === 'string') this.fault(faultOf(undefined, event, this.endpoint), out)
    }
  }

  private start(event: JsonObject, out: Event[]): void {
    this.started = true
    out.push({ type: 'start', providerId: asString(event['id']) })
  }

  /** Text or thinking; its start may hold some of it. */
  private content(content: JsonObject, out: Event[], isStart: boolean): void {
    const { text, thinking } = content
    if (isStart && content['type'] === 'thinking') this.thoughts++
    if (isStart && content['type'] === 'text') this.textStart = this.text.length
    if (typeof text === 'string') this.say(text, out)
    if (typeof thinking === 'string' && thinking !== '') {
      out.push({ type: 'reasoning', choice: 0, detail: { type: 'reasoning.text', text: thinking, format: UNKNOWN_FORMAT, index: Math.max(0, this.thoughts - 1) } })
    }
  }

  /** What the model means to do with its tools is said like any text: so it comes back, and goes back as the plan. */
  private plan(text: string, out: Event[]): void {
    this.say(text, out)
  }

  private say(text: string, out: Event[]): void {
    if (text === '') return
    this.text += text
    out.push({ type: 'text', choice: 0, text })
  }

  private beginCall(call: JsonObject, out: Event[]): void {
    const fn = asObject(call['function'])
    this.call = { index: this.tools++, held: '', said: false }
    out.push({ type: 'tool', choice: 0, index: this.call.index, id: asString(call['id']) || `call_${this.call.index}`, name: asString(fn?.['name']) ?? '', arguments: '' })
    this.arguments(this.call, asString(fn?.['arguments']) ?? '', out)
  }

  /** A call without arguments has the word `null` for them, or nothing: nothing is said until it is clear that it is not that. */
  private arguments(call: OpenCall, text: string, out: Event[]): void {
    const all = call.held + text
    if (!call.said && 'null'.startsWith(all.trim())) {
      call.held = all
      return
    }
    call.held = ''
    call.said = true
    if (all !== '') out.push({ type: 'tool', choice: 0, index: call.index, arguments: all })
  }

  private endCall(out: Event[]): void {
    const { call } = this
    if (!call) return
    this.call = undefined
    const rest = call.held.trim()
    if (!call.said) out.push({ type: 'tool', choice: 0, index: call.index, arguments: rest === '' || rest === 'null' ? '{}' : call.held })
  }

  private citation(citation: JsonObject, out: Event[]): void {
    const isOfPlan = citation['type'] === 'PLAN'
    out.push({ type: 'annotation', choice: 0, annotation: annotationOf(citation, this.text, isOfPlan ? 0 : this.textStart) })
  }

  private logprobs(sent: Json | undefined, out: Event[]): void {
    const items = (Array.isArray(sent) ? sent : [sent]).filter(isObject)
    const content = items.flatMap((item) => {
      const logprobs = (asArray(item['logprobs']) ?? []).filter((one) => typeof one === 'number')
      const token = asString(item['text']) ?? ''
      return logprobs.length === 0 ? [] : [{ token, logprob: logprobs.reduce((sum, one) => sum + one, 0), bytes: [...Buffer.from(token)], top_logprobs: [] }]
    })
    if (content.length > 0) out.push({ type: 'logprobs', choice: 0, logprobs: { content } })
  }

  private finish(native: string | undefined, error: string | undefined, usage: JsonObject | undefined, out: Event[]): void {
    this.endCall(out)
    this.done = true
    const counts = usage && readUsage(usage)
    if (counts) out.push({ type: 'usage', usage: counts })
    const reason = (native !== undefined && Object.hasOwn(FINISH, native) ? FINISH[native] : undefined) ?? 'stop'
    if (reason === 'error') return this.fault(faultOf(undefined, { message: error ?? `the answer ended with ${native ?? 'an error'}` }, this.endpoint), out)
    out.push({ type: 'finish', choice: 0, reason: reason === 'stop' && this.tools > 0 ? 'tool_calls' : reason, native: native ?? null })
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

/**
 * What Cohere bills: `billed_units`. Its other counts include a prompt of its own, hidden and free, and what it says to be
 * cached is mostly of that, so that no discount follows from it.
 */
function readUsage(usage: JsonObject): Usage | undefined {
  const counts = asObject(usage['billed_units']) ?? asObject(usage['tokens'])
  const prompt = asCount(counts?.['input_tokens'])
  const completion = asCount(counts?.['output_tokens'])
  if (prompt === undefined && completion === undefined) return undefined
  return { ...NO_USAGE, promptTokens: prompt ?? 0, completionTokens: completion ?? 0 }
}
