import type { Call } from '../../core/call.ts'
import type { Event, FinishReason } from '../../core/event.ts'
import { Fault } from '../../core/fault.ts'
import { asObject, asString, isObject, parseObject, type Json, type JsonObject } from '../../core/json.ts'
import type { Usage } from '../../core/usage.ts'
import type { Endpoint } from '../../catalog/endpoint.ts'
import type { SseFrame, StreamReader } from '../dialect.ts'
import { signedBy } from '../signer.ts'
import { readUsage } from '../openai-chat/usage.ts'
import { rawEvent } from './carry-read.ts'
import { streamFault } from './fault.ts'
import { ItemReader } from './items-read.ts'
import { formatOf, objectsOf, OTHER_FORMAT, signerOf } from './wire.ts'

/** Reads one streamed answer of `POST /responses`. `response.completed`, `incomplete` or `failed` is its end; less is a cut. */
export class ResponseStreamReader implements StreamReader {
  private readonly items: ItemReader
  private started = false
  /** After the end, or a fault: nothing more is said. */
  private done = false
  private failed = false
  private sequence = -1
  private readonly signer: string | undefined

  constructor(private readonly endpoint: Endpoint, private readonly carry: boolean) {
    this.items = new ItemReader(formatOf(endpoint))
    this.signer = markOf(endpoint, carry)
  }

  read(frame: SseFrame, out: Event[]): void {
    if (this.failed || frame.data === '' || frame.data === '[DONE]') return
    const event = parseObject(frame.data)
    // Noise behind the end says nothing of the answer, which is whole.
    if (!event) return this.done ? undefined : this.fail(badAnswer(this.endpoint, 'sent an event that is not a JSON object'), out)
    // The name may stand behind the data, or be left out: the type in the data is what counts.
    const type = asString(event['type']) ?? frame.event
    if (this.isOutOfOrder(event, type)) return this.fail(badAnswer(this.endpoint, 'sent its events out of order'), out)
    if (this.done) return
    const response = asObject(event['response'])
    if (this.signer !== undefined) signItems([event['item'], ...objectsOf(response?.['output'])], this.signer)
    if (response && !this.started) this.start(response, out)
    switch (type) {
      case 'error': return this.fail(streamFault(event, this.endpoint), out)
      case 'response.failed': case 'response.cancelled': return this.fail(failureOf(response ?? {}, this.endpoint), out)
      case 'response.completed': case 'response.incomplete': case 'response.done': return this.conclude(event, response ?? {}, out)
      default:
        if (event['error'] !== undefined && event['error'] !== null) return this.fail(streamFault(event, this.endpoint), out)
        if (this.carry) out.push(rawEvent(event, type))
        else this.items.event(event, type, out)
    }
  }

  end(out: Event[]): void {
    if (!this.done) this.fail(new Fault('provider_cut', `${this.endpoint.provider.name} closed the stream before its end`, { provider: this.endpoint.provider.name }), out)
  }

  /** Events are numbered. Where they are not, content after the end shows it. */
  private isOutOfOrder(event: JsonObject, type: string): boolean {
    const number = event['sequence_number']
    if (typeof number === 'number') {
      if (number < this.sequence) return true
      this.sequence = number
    }
    return this.done && (type.endsWith('.delta') || type === 'response.output_item.added')
  }

  private start(response: JsonObject, out: Event[]): void {
    this.started = true
    out.push(startOf(response))
  }

  private conclude(event: JsonObject, response: JsonObject, out: Event[]): void {
    if (response['status'] === 'failed') return this.fail(failureOf(response, this.endpoint), out)
    this.done = true
    usageOf(response, out)
    if (this.carry) {
      const { reason, native } = finishOf(response, hasCalls(response))
      out.push({ type: 'raw', body: event, contentChars: 0, finishReason: reason, nativeFinishReason: native })
      return
    }
    this.items.whole(objectsOf(response['output']), out)
    this.items.finish(out)
    out.push({ type: 'finish', choice: 0, ...finishOf(response, this.items.calls > 0) })
  }

  private fail(fault: Fault, out: Event[]): void {
    this.done = true
    this.failed = true
    out.push({ type: 'fault', fault })
  }
}

/** Reads a reply that was not streamed. Throws Fault for what is no answer. */
export function readReply(_call: Call, endpoint: Endpoint, body: JsonObject, carry: boolean): Event[] {
  if (body['status'] === 'failed' || body['status'] === 'cancelled' || (isObject(body['error']) && !Array.isArray(body['output']))) throw failureOf(body, endpoint)
  if (!Array.isArray(body['output'])) throw badAnswer(endpoint, 'sent a reply without output')
  if (body['status'] === 'queued' || body['status'] === 'in_progress') throw badAnswer(endpoint, 'sent a response that it has yet to write')
  const signer = markOf(endpoint, carry)
  if (signer !== undefined) signItems(body['output'], signer)
  const out: Event[] = [startOf(body)]
  const items = new ItemReader(formatOf(endpoint))
  if (carry) {
    const said: Event[] = []
    items.whole(objectsOf(body['output']), said)
    const { reason, native } = finishOf(body, items.calls > 0)
    out.push({ type: 'raw', body, contentChars: charsOf(said), finishReason: reason, nativeFinishReason: native })
    usageOf(body, out)
    return out
  }
  items.whole(objectsOf(body['output']), out)
  items.finish(out)
  usageOf(body, out)
  out.push({ type: 'finish', choice: 0, ...finishOf(body, items.calls > 0) })
  return out
}

/** Whose name goes before what is encrypted: events that are carried have nothing else that tells, and others the format, where there is one. */
function markOf(endpoint: Endpoint, carry: boolean): string | undefined {
  return carry || formatOf(endpoint) === OTHER_FORMAT ? signerOf(endpoint) : undefined
}

function signItems(items: readonly (Json | undefined)[], signer: string): void {
  for (const item of items) {
    if (isObject(item) && item['type'] === 'reasoning' && typeof item['encrypted_content'] === 'string') item['encrypted_content'] = signedBy(signer, item['encrypted_content'])
  }
}

function startOf(response: JsonObject): Event {
  return { type: 'start', providerId: asString(response['id']), model: asString(response['model']), serviceTier: asString(response['service_tier']) }
}

function usageOf(response: JsonObject, out: Event[]): void {
  const sent = asObject(response['usage'])
  const usage = sent && readUsage(sent, false)
  if (usage) out.push({ type: 'usage', usage: withTools(usage, objectsOf(response['output'])), serviceTier: asString(response['service_tier']) })
}

/** Items of tools that the provider runs itself. */
const SERVER_CALLS = new Set<unknown>(['web_search_call', 'file_search_call', 'code_interpreter_call', 'image_generation_call', 'mcp_call'])

/** OpenAI bills searches by its items, and does not count them in its usage. To open a page or look in it is no search. */
function withTools(usage: Usage, items: readonly JsonObject[]): Usage {
  const calls = items.filter((item) => SERVER_CALLS.has(item['type']) && item['status'] !== 'failed')
  const searches = calls.filter((item) => item['type'] === 'web_search_call' && (asObject(item['action'])?.['type'] ?? 'search') === 'search')
  const webSearches = usage.webSearches || searches.length
  return calls.length === 0 ? usage : { ...usage, webSearches, serverToolCalls: Math.max(usage.serverToolCalls, calls.length, webSearches) }
}

function hasCalls(response: JsonObject): boolean {
  return objectsOf(response['output']).some((item) => item['type'] === 'function_call' || item['type'] === 'custom_tool_call')
}

/** This API has no finish reason: it follows from the status and from the items (a call of the client's tools ends the turn). */
function finishOf(response: JsonObject, called: boolean): { reason: FinishReason; native: string | null } {
  const status = asString(response['status']) ?? null
  const why = asString(asObject(response['incomplete_details'])?.['reason'])
  if (why === 'content_filter') return { reason: 'content_filter', native: why }
  if (status === 'incomplete' || why !== undefined) return { reason: 'length', native: why ?? status }
  return { reason: called ? 'tool_calls' : 'stop', native: status }
}

function failureOf(response: JsonObject, endpoint: Endpoint): Fault {
  if (isObject(response['error'])) return streamFault(response, endpoint)
  return new Fault('provider_error', `${endpoint.provider.name} said that its response ${response['status'] === 'cancelled' ? 'was cancelled' : 'failed'}`, { provider: endpoint.provider.name })
}

function badAnswer(endpoint: Endpoint, what: string): Fault {
  const { name } = endpoint.provider
  return new Fault('provider_bad_answer', `${name} ${what}`, { provider: name })
}

/** What the model wrote, for the meter: it counts a carried reply by this where the provider counts nothing. */
function charsOf(events: readonly Event[]): number {
  let chars = 0
  for (const event of events) {
    if (event.type === 'text' || event.type === 'refusal') chars += event.text.length
    else if (event.type === 'tool') chars += event.arguments.length + (event.name?.length ?? 0)
    else chars += 1
  }
  return chars
}
