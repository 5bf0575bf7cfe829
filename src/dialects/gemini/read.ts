import type { Endpoint } from '../../catalog/endpoint.ts'
import type { Call } from '../../core/call.ts'
import type { Event } from '../../core/event.ts'
import { Fault, type FaultCode } from '../../core/fault.ts'
import { asObject, asString, isObject, type JsonObject } from '../../core/json.ts'
import type { Usage } from '../../core/usage.ts'
import type { SseFrame, StreamReader } from '../dialect.ts'
import { Candidate, choiceOf, type AnswerContext } from './candidate.ts'
import { errorOf, faultOf } from './fault.ts'
import { Searches } from './searches.ts'
import { readServiceTier, readUsage } from './usage.ts'

/**
 * Reads an answer of Gemini, streamed or whole: a whole reply is a stream of one chunk. There is no end mark: the answer
 * is complete when the stream ends and every candidate has said why it finished.
 */
export class AnswerReader implements StreamReader, AnswerContext {
  responseId: string
  private readonly candidates: (Candidate | undefined)[] = []
  private declared: ReadonlySet<string> | undefined
  private blocked: JsonObject | undefined
  private started = false
  private failed = false
  private usage: Usage | undefined
  private readonly searches: Searches

  constructor(private readonly call: Call, private readonly endpoint: Endpoint) {
    this.responseId = call.id
    this.searches = new Searches(endpoint)
  }

  read(frame: SseFrame, out: Event[]): void {
    if (this.failed || frame.data === '' || frame.data === '[DONE]') return
    let chunk: unknown
    try {
      chunk = JSON.parse(frame.data)
    } catch {
      // What is no JSON is no object either: `takeAny` says so.
      chunk = undefined
    }
    this.takeAny(chunk, out)
  }

  end(out: Event[]): void {
    if (!this.failed) this.finish('provider_cut', `${this.endpoint.provider.name} closed the stream before its end`, out)
  }

  /** A reply that was not streamed: all there is, so that what is missing will not come. Throws Fault for what is no answer. */
  whole(body: JsonObject): Event[] {
    const error = errorOf(body)
    if (error) throw faultOf(undefined, error, this.endpoint)
    const out: Event[] = []
    this.take(body, out)
    // Nothing was cut off: a candidate that does not say why it finished has finished all the same.
    for (const candidate of this.candidates) if (candidate) candidate.ended = true
    this.finish('provider_bad_answer', `${this.endpoint.provider.name} sent a reply without candidates`, out)
    const last = out.at(-1)
    if (last?.type === 'fault') throw last.fault
    return out
  }

  declares(name: string): boolean {
    this.declared ??= declaredIn(this.call)
    return this.declared.has(name) || hasCache(this.call)
  }

  /** A chunk, or a list of them, as an error comes where the stream was not asked for as events. */
  private takeAny(chunk: unknown, out: Event[]): void {
    try {
      if (isObject(chunk)) this.take(chunk, out)
      else if (Array.isArray(chunk) && chunk.every(isObject)) for (const one of chunk) this.take(one, out)
      else this.fail(this.fault('provider_bad_answer', `${this.endpoint.provider.name} sent an event that is not a JSON object`), out)
    } catch (error) {
      if (!(error instanceof Fault)) throw error
      this.fail(error, out)
    }
  }

  private take(chunk: JsonObject, out: Event[]): void {
    if (this.failed) return
    const error = errorOf(chunk)
    if (error) return this.fail(faultOf(undefined, error, this.endpoint), out)
    const sent = asObject(chunk['usageMetadata'])
    if (!this.started) this.start(chunk, sent, out)
    const feedback = chunk['promptFeedback']
    if (isObject(feedback) && asString(feedback['blockReason'])) this.blocked = feedback
    const candidates = chunk['candidates']
    let searched = false
    if (Array.isArray(candidates)) {
      for (let at = 0; at < candidates.length; at++) {
        const candidate = candidates[at]
        if (!isObject(candidate)) continue
        if (this.searches.take(candidate)) searched = true
        this.candidate(choiceOf(candidate, at)).take(candidate, out)
      }
    }
    const usage = sent && readUsage(sent)
    this.usage = usage ?? this.usage
    if (this.usage && (usage || searched)) out.push({ type: 'usage', usage: this.searches.counted(this.usage) })
  }

  private start(chunk: JsonObject, usage: JsonObject | undefined, out: Event[]): void {
    this.started = true
    const providerId = asString(chunk['responseId'])
    if (providerId) this.responseId = providerId
    out.push({ type: 'start', providerId, model: asString(chunk['modelVersion']), serviceTier: usage && readServiceTier(usage) })
  }

  private candidate(choice: number): Candidate {
    return (this.candidates[choice] ??= new Candidate(choice, this))
  }

  private finish(code: FaultCode, why: string, out: Event[]): void {
    const open = this.candidates.length === 0 || this.candidates.some((candidate) => candidate?.ended === false)
    if (this.blocked && open) return this.block(this.blocked, out)
    if (open) return this.fail(this.fault(code, why), out)
    for (const candidate of this.candidates) candidate?.end(out)
  }

  /** The prompt was refused, with 200: the answer is empty, and says why. */
  private block(feedback: JsonObject, out: Event[]): void {
    const text = asString(feedback['blockReasonMessage'])
    if (text) out.push({ type: 'refusal', choice: 0, text })
    const native = asString(feedback['blockReason']) ?? null
    for (let choice = 0; choice < Math.max(1, this.candidates.length); choice++) out.push({ type: 'finish', choice, reason: 'content_filter', native })
  }

  private fail(fault: Fault, out: Event[]): void {
    this.failed = true
    out.push({ type: 'fault', fault })
  }

  private fault(code: FaultCode, why: string): Fault {
    return new Fault(code, why, { provider: this.endpoint.provider.name })
  }
}

/** Names of the functions that the call declares. */
function declaredIn(call: Call): ReadonlySet<string> {
  const names = new Set<string>()
  for (const tool of call.body.tools ?? []) {
    const name = asString(asObject(tool['function'])?.['name'])
    if (name !== undefined) names.add(name)
    // Tools in Gemini's own shape.
    const declarations = tool['functionDeclarations'] ?? tool['function_declarations']
    if (Array.isArray(declarations)) for (const one of declarations) if (isObject(one) && typeof one['name'] === 'string') names.add(one['name'])
  }
  return names
}

/** What a cached prompt declares we do not see. */
function hasCache(call: Call): boolean {
  return call.body['cachedContent'] !== undefined || call.body['cached_content'] !== undefined
}

/** Reads a whole reply as the Events that its stream would give. */
export function readReply(call: Call, endpoint: Endpoint, body: JsonObject): Event[] {
  return new AnswerReader(call, endpoint).whole(body)
}
