import type { Endpoint } from '../../catalog/endpoint.ts'
import type { Call, Warning } from '../../core/call.ts'
import type { Event } from '../../core/event.ts'
import { Fault, type FaultCode } from '../../core/fault.ts'
import { asArray, asObject, asString, isObject, type Json, type JsonObject } from '../../core/json.ts'
import type { Usage } from '../../core/usage.ts'
import type { SseFrame, StreamReader } from '../dialect.ts'
import { ROUTER_FIELDS } from './call-read.ts'
import { choiceOf } from './candidate.ts'
import { errorOf, faultOf } from './fault.ts'
import { finishReason } from './finish.ts'
import { isPacket } from './packet.ts'
import { Searches } from './searches.ts'
import { readServiceTier, readUsage } from './usage.ts'
import { either, isThird, NO_SIGNATURE } from './wire.ts'

/** The client's own request for an endpoint of Gemini's: as it came, less what is ours of it. */
export function nativeBody(native: JsonObject, endpoint: Endpoint, warnings: Warning[]): JsonObject {
  const body: JsonObject = {}
  for (const [key, value] of Object.entries(native)) if (!ROUTER_FIELDS.has(key) && key !== 'model') body[key] = value
  const contents = asArray(native['contents'])
  if (contents?.some(hasPacket)) {
    body['contents'] = contents.map((content) => withoutPackets(content, endpoint))
    warnings.push({ field: 'reasoning_details', why: 'reasoning of another provider cannot be read by Gemini and is left out' })
  }
  return body
}

/** Another provider's reasoning, which travelled in signatures: Google would take them for broken ones of its own. */
function withoutPackets(content: Json, endpoint: Endpoint): Json {
  if (!isObject(content) || !hasPacket(content)) return content
  const kept = (asArray(content['parts']) ?? []).flatMap((part): Json[] => {
    if (!isObject(part) || !isSigned(part)) return [part]
    const { thoughtSignature: _, thought_signature: __, ...rest } = part
    if (rest['text'] === '') return []
    return [rest['functionCall'] && isThird(endpoint) ? { ...rest, thoughtSignature: NO_SIGNATURE } : rest]
  })
  return { ...content, parts: kept.length > 0 ? kept : [{ text: '' }] }
}

function hasPacket(content: Json): boolean {
  return isObject(content) && (asArray(content['parts'])?.some(isSigned) ?? false)
}

/** True for a part whose signature is a packet of ours. */
function isSigned(part: Json): boolean {
  const signature = isObject(part) ? either(part, 'thoughtSignature', 'thought_signature') : undefined
  return typeof signature === 'string' && isPacket(signature)
}

/** Reads an answer for a client of the same dialect: chunks as they are, looked at for what the meter must know. */
export class CarryReader implements StreamReader {
  /** By choice: whether it said why it finished, and whether it called a function. */
  private readonly candidates: { ended: boolean; calls: boolean }[] = []
  private blocked = false
  private started = false
  private failed = false
  private usage: Usage | undefined
  private readonly searches: Searches

  constructor(private readonly endpoint: Endpoint) {
    this.searches = new Searches(endpoint)
  }

  read(frame: SseFrame, out: Event[]): void {
    if (this.failed || frame.data === '' || frame.data === '[DONE]') return
    let chunk: unknown
    try {
      chunk = JSON.parse(frame.data)
    } catch {
      // What is no JSON is no object either, and is said to be none below.
      chunk = undefined
    }
    const first: unknown = Array.isArray(chunk) ? chunk[0] : chunk
    if (isObject(first)) this.take(first, out)
    else this.fail(this.fault('provider_bad_answer', `${this.endpoint.provider.name} sent an event that is not a JSON object`), out)
  }

  end(out: Event[]): void {
    if (!this.failed && this.isOpen()) this.fail(this.fault('provider_cut', `${this.endpoint.provider.name} closed the stream before its end`), out)
  }

  /** A reply that was not streamed. Throws Fault for what is no answer. */
  whole(body: JsonObject): Event[] {
    const error = errorOf(body)
    if (error) throw faultOf(undefined, error, this.endpoint)
    const out: Event[] = []
    this.take(body, out)
    if (this.candidates.length === 0 && !this.blocked) throw this.fault('provider_bad_answer', `${this.endpoint.provider.name} sent a reply without candidates`)
    // A reply is complete, also where a candidate does not say why it finished.
    return out.map((event) => (event.type === 'raw' ? { ...event, finishReason: event.finishReason ?? 'stop' } : event))
  }

  private take(chunk: JsonObject, out: Event[]): void {
    const error = errorOf(chunk)
    if (error) return this.fail(faultOf(undefined, error, this.endpoint), out)
    const usage = asObject(chunk['usageMetadata'])
    if (!this.started) out.push({ type: 'start', providerId: asString(chunk['responseId']), model: asString(chunk['modelVersion']), serviceTier: usage && readServiceTier(usage) })
    this.started = true
    out.push(this.raw(chunk))
    const counts = usage && readUsage(usage)
    const searched = (asArray(chunk['candidates']) ?? []).filter((candidate) => this.searches.take(candidate)).length > 0
    this.usage = counts ?? this.usage
    if (this.usage && (counts || searched)) out.push({ type: 'usage', usage: this.searches.counted(this.usage) })
  }

  private raw(body: JsonObject): Event {
    let contentChars = 0
    let native: string | undefined
    let calls = false
    for (const [at, candidate] of (asArray(body['candidates']) ?? []).entries()) {
      if (!isObject(candidate)) continue
      const state = (this.candidates[choiceOf(candidate, at)] ??= { ended: false, calls: false })
      for (const part of asArray(asObject(candidate['content'])?.['parts']) ?? []) {
        contentChars += charsOf(part)
        if (isObject(part) && part['functionCall']) state.calls = true
      }
      const finish = asString(candidate['finishReason'])
      if (!finish) continue
      state.ended = true
      native ??= finish
      calls ||= state.calls
    }
    const block = asString(asObject(body['promptFeedback'])?.['blockReason'])
    if (block) this.blocked = true
    if (native === undefined && block) return { type: 'raw', body, contentChars, finishReason: 'content_filter', nativeFinishReason: block }
    return native === undefined ? { type: 'raw', body, contentChars } : { type: 'raw', body, contentChars, finishReason: finishReason(native, calls), nativeFinishReason: native }
  }

  private isOpen(): boolean {
    return !this.blocked && (this.candidates.length === 0 || this.candidates.some((candidate) => candidate?.ended === false))
  }

  private fail(fault: Fault, out: Event[]): void {
    this.failed = true
    out.push({ type: 'fault', fault })
  }

  private fault(code: FaultCode, why: string): Fault {
    return new Fault(code, why, { provider: this.endpoint.provider.name })
  }
}

/** How much the model wrote in a part. Media and calls are not text, and are something all the same. */
function charsOf(part: Json): number {
  if (!isObject(part)) return 0
  if (typeof part['text'] === 'string') return part['text'].length
  const call = asObject(part['functionCall'])
  if (call) return JSON.stringify(call['args'] ?? {}).length + (asString(call['name'])?.length ?? 0)
  return part['inlineData'] || part['executableCode'] || part['codeExecutionResult'] || part['toolCall'] || part['toolResponse'] ? 1 : 0
}

/** True where the client's own request can go out as it is. */
export function isCarried(call: Call): call is Call & { readonly native: JsonObject } {
  return call.dialect === 'gemini' && call.native !== undefined
}
