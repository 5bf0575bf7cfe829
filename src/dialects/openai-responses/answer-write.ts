import type { Call } from '../../core/call.ts'
import type { Event, FinishReason } from '../../core/event.ts'
import type { Fault } from '../../core/fault.ts'
import { asArray, asObject, isObject, type JsonObject } from '../../core/json.ts'
import type { ReplyWriter, StreamWriter } from '../dialect.ts'
import { endsEarly, responseError } from './fault-write.ts'
import { Output } from './output-write.ts'
import { carriedResponse, carriedUsage, endingFields, openResponse, tierOf, usageBody, type Ending } from './response-write.ts'
import { objectsOf } from './wire.ts'

/** Says an answer as the events of this API (contract N3), each with its number; `[DONE]` is the last (B67). */
export class ResponseStreamWriter implements StreamWriter {
  private readonly output: Output
  private text = ''
  private sequence = 0
  private model: string
  private opened = false
  private serviceTier: string | undefined
  private reason: FinishReason | undefined
  private fault: Fault | undefined
  /** The provider's last event, kept until the cost is known. */
  private last: JsonObject | undefined
  /** The provider's response as it was last seen, where its events are carried. */
  private carried: JsonObject | undefined

  constructor(private readonly call: Call) {
    this.model = call.models[0] ?? ''
    this.output = new Output(call, (type, fields) => this.say(type, fields))
  }

  write(events: readonly Event[]): string {
    this.text = ''
    for (const event of events) this.event(event)
    return this.text
  }

  private event(event: Event): void {
    switch (event.type) {
      case 'raw': return this.raw(event)
      case 'served': this.model = event.model; return
      case 'start': this.serviceTier = tierOf(event.serviceTier); return
      case 'finish': this.reason ??= event.reason; return
      case 'debug': return this.say('response.debug', { debug: event.debug })
      case 'fault': this.fault = event.fault; return
      case 'end': return this.end(event)
      case 'ping': case 'usage': case 'extra': return
      default:
        this.open()
        this.output.event(event)
    }
  }

  private say(type: string, fields: JsonObject): void {
    this.text += `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: this.sequence++, ...fields })}\n\n`
  }

  private open(): void {
    if (this.opened) return
    this.opened = true
    const response = this.response()
    this.say('response.created', { response })
    this.say('response.in_progress', { response })
  }

  private response(): JsonObject {
    const response = openResponse(this.call, this.model)
    if (this.serviceTier !== undefined) response['service_tier'] = this.serviceTier
    return response
  }

  /** The provider's own event: its number is put right, and its response is under our id and our model's name. */
  private raw({ body, finishReason }: Extract<Event, { type: 'raw' }>): void {
    const { response } = body
    if (isObject(response)) this.carried = body['response'] = carriedResponse(this.call, this.model, response)
    if (finishReason !== undefined) {
      this.reason = finishReason
      this.last = body
      return
    }
    this.opened = true
    if (typeof body['sequence_number'] !== 'number' || body['sequence_number'] < this.sequence) body['sequence_number'] = this.sequence
    this.sequence = (body['sequence_number'] as number) + 1
    this.text += `event: ${String(body['type'])}\ndata: ${JSON.stringify(body)}\n\n`
  }

  private end({ usage, cost, router }: Extract<Event, { type: 'end' }>): void {
    this.open()
    const ending: Ending = { reason: this.reason, fault: this.fault }
    const metadata = router ? { openrouter_metadata: router } : {}
    const billed = usageBody(usage, cost)
    const carried = asObject(this.last?.['response'])
    if (this.last && carried && !this.fault) {
      Object.assign(carried, { usage: carriedUsage(carried['usage'], billed), completed_at: carried['completed_at'] ?? endingFields(ending)['completed_at'] ?? null }, metadata)
      const { type, sequence_number: _number, ...rest } = this.last
      this.say(String(type), rest)
    } else {
      const fields = endingFields(ending)
      this.output.finish(fields['status'] === 'completed' ? 'completed' : 'incomplete')
      // M29: the error in an event of its own, which clients throw, and in the response, which others read.
      if (this.fault && !endsEarly(this.fault)) this.say('error', { ...responseError(this.fault), param: null })
      const response = { ...(this.carried ?? this.response()), output: this.carried ? (this.carried['output'] ?? []) : this.output.items, usage: billed, ...fields, ...metadata }
      this.say(`response.${String(fields['status'])}`, { response })
    }
    this.text += 'data: [DONE]\n\n'
  }
}

/** Folds an answer into one response (contract A5). */
export class ResponseReplyWriter implements ReplyWriter {
  private readonly output: Output
  private model: string
  private serviceTier: string | undefined
  private carried: JsonObject | undefined
  private reason: FinishReason | undefined
  private fault: Fault | undefined
  private last: Extract<Event, { type: 'end' }> | undefined

  constructor(private readonly call: Call) {
    this.model = call.models[0] ?? ''
    // A reply tells nothing on the way.
    this.output = new Output(call, () => undefined)
  }

  add(events: readonly Event[]): void {
    for (const event of events) {
      switch (event.type) {
        case 'raw': this.carried = event.body; break
        case 'served': this.model = event.model; break
        case 'start': this.serviceTier = tierOf(event.serviceTier); break
        case 'finish': this.reason ??= event.reason; break
        case 'fault': this.fault = event.fault; break
        case 'end': this.last = event; break
        default: this.output.event(event)
      }
    }
  }

  body(): JsonObject {
    const { last } = this
    const billed = last && usageBody(last.usage, last.cost)
    const metadata = last?.router ? { openrouter_metadata: last.router } : {}
    if (this.carried && !this.fault) {
      const whole = carriedResponse(this.call, this.model, this.carried)
      return { ...whole, output_text: textOf(asArray(whole['output'])), usage: billed ? carriedUsage(whole['usage'], billed) : (whole['usage'] ?? null), ...metadata }
    }
    const fields = endingFields({ reason: this.reason, fault: this.fault })
    this.output.finish(fields['status'] === 'completed' ? 'completed' : 'incomplete')
    return {
      ...openResponse(this.call, this.model), ...(this.serviceTier === undefined ? {} : { service_tier: this.serviceTier }),
      output: this.output.items, output_text: textOf(this.output.items), usage: billed ?? null, ...fields, ...metadata,
    }
  }
}

/** All that was said, in one string, as OpenAI's clients put it together. */
function textOf(items: ReturnType<typeof asArray>): string {
  return objectsOf(items).flatMap((item) => (item['type'] === 'message' ? objectsOf(item['content']) : [])).map((part) => (typeof part['text'] === 'string' ? part['text'] : '')).join('')
}
