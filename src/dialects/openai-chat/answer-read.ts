import type { Call } from '../../core/call.ts'
import type { Event } from '../../core/event.ts'
import { Fault } from '../../core/fault.ts'
import { asObject, asString, isObject, parseObject, type JsonObject } from '../../core/json.ts'
import type { Endpoint } from '../../catalog/endpoint.ts'
import type { SseFrame, StreamReader } from '../dialect.ts'
import { ChoiceState, normaliseFinish, normaliseSaid } from './choice.ts'
import { faultOf } from './fault.ts'
import { has } from './quirks.ts'
import { PlainChunk, textOfJson } from './plain-chunk.ts'
import { eventsOfChoice } from './semantic.ts'
import { withOwnSearch } from './server-tools.ts'
import { readUsage } from './usage.ts'

/** Reads the stream of an OpenAI-compatible provider. `[DONE]` or every choice's finish is its end; less is a cut. */
export class ChatStreamReader implements StreamReader {
  private readonly choices: ChoiceState[] = []
  private readonly reasoningOutside: boolean
  private readonly plain = new PlainChunk()
  private started = false
  private done = false
  private failed = false

  constructor(private readonly endpoint: Endpoint, private readonly carry: boolean) {
    this.reasoningOutside = has(endpoint, 'reasoning_outside_completion')
  }

  read(frame: SseFrame, out: Event[]): void {
    if (this.failed) return
    if (this.done) return this.afterEnd(frame.data, out)
    if (frame.data === '[DONE]') {
      this.finishOpen(out)
      this.done = true
      return
    }
    if (frame.data === '') return
    if (this.carry && this.plainText(frame.data, out)) return
    const chunk = parseObject(frame.data)
    if (!chunk) return this.fail(new Fault('provider_bad_answer', `${this.endpoint.provider.name} sent an event that is not a JSON object`, { provider: this.endpoint.provider.name }), out)
    const error = chunk['error']
    if (error !== undefined && error !== null && error !== '') {
      this.usage(chunk, out)
      return this.fail(faultOf(undefined, chunk, this.endpoint), out)
    }
    if (this.carry) this.plain.learn(frame.data, chunk)
    if (frame.event === 'error') return this.fail(faultOf(undefined, { error: chunk }, this.endpoint), out)
    this.chunk(chunk, out)
  }

  /** A chunk like the last, with other text: most of a stream. Its choice is open, and it holds nothing but text. */
  private plainText(data: string, out: Event[]): boolean {
    const json = this.plain.textOf(data)
    if (json === undefined) return false
    const text = textOfJson(json)
    if (text === undefined) return false
    if (text !== '') out.push({ type: 'text', choice: 0, text, json })
    return true
  }

  end(out: Event[]): void {
    if (this.failed || this.done) return
    const open = this.choices.length === 0 || this.choices.some((choice) => choice && choice.finish === undefined)
    if (open) this.fail(new Fault('provider_cut', `${this.endpoint.provider.name} closed the stream before its end`, { provider: this.endpoint.provider.name }), out)
  }

  /** Some hosts (Snowflake) end with [DONE] and no finish reason: the turn is over, by tool call or by stop. */
  private finishOpen(out: Event[]): void {
    for (const [index, state] of this.choices.entries()) {
      if (!state || state.finish !== undefined) continue
      state.finish = state.tools.length > 0 ? 'tool_calls' : 'stop'
      if (!this.carry) {
        out.push({ type: 'finish', choice: index, reason: state.finish, native: null })
        continue
      }
      out.push({ type: 'raw', body: { choices: [{ index, delta: {}, finish_reason: state.finish, native_finish_reason: null }] }, contentChars: 0, finishReason: state.finish, nativeFinishReason: null })
    }
    if (this.choices.length === 0) this.fail(new Fault('provider_bad_answer', `${this.endpoint.provider.name} ended the stream without an answer`, { provider: this.endpoint.provider.name }), out)
  }

  /** Behind `[DONE]` there may be anything but more of the answer. */
  private afterEnd(data: string, out: Event[]): void {
    const choices = data === '[DONE]' ? undefined : parseObject(data)?.['choices']
    const goesOn = (choice: unknown): boolean => {
      const delta = asObject(asObject(choice)?.['delta'])
      return [delta?.['content'], delta?.['reasoning'], delta?.['tool_calls']].some((said) => (Array.isArray(said) || typeof said === 'string') && said.length > 0)
    }
    if (Array.isArray(choices) && choices.some(goesOn)) this.fail(this.wentOn(), out)
  }

  private wentOn(): Fault {
    const { name } = this.endpoint.provider
    return new Fault('provider_bad_answer', `${name} went on after the end of its answer`, { provider: name })
  }

  private fail(fault: Fault, out: Event[]): void {
    this.failed = true
    out.push({ type: 'fault', fault })
  }

  private usage(chunk: JsonObject, out: Event[]): void {
    const sent = asObject(chunk['usage']) ?? asObject(asObject(chunk['x_groq'])?.['usage'])
    const usage = sent && readUsage(sent, this.reasoningOutside)
    if (usage) out.push({ type: 'usage', usage: withOwnSearch(usage, this.endpoint.upstreamId), serviceTier: asString(chunk['service_tier']) })
    delete chunk['usage']
  }

  private chunk(chunk: JsonObject, out: Event[]): void {
    if (!this.started) {
      this.started = true
      out.push({ type: 'start', providerId: asString(chunk['id']), model: asString(chunk['model']), serviceTier: asString(chunk['service_tier']), systemFingerprint: asString(chunk['system_fingerprint']) })
    }
    const choices = Array.isArray(chunk['choices']) ? chunk['choices'].filter(isObject) : []
    let chars = 0
    let ended: ChoiceState | undefined
    for (const choice of choices) {
      const state = this.state(choice)
      const delta = asObject(choice['delta']) ?? {}
      choice['delta'] = delta
      const isOver = state.finish !== undefined
      const said = normaliseSaid(delta, state, false)
      if (isOver && said > 0) return this.fail(this.wentOn(), out)
      chars += said
      if (normaliseFinish(choice, state) !== undefined) {
        closeTools(delta, state)
        ended = state
      }
      if (choice['logprobs'] === null) delete choice['logprobs']
      else if (choice['logprobs'] !== undefined) chars += 1
      if (!this.carry) eventsOfChoice(choice, delta, state, out)
    }
    if (this.carry && (choices.length > 0 || hasMore(chunk))) {
      delete chunk['obfuscation']
      chunk['choices'] = choices
      if (ended) out.push({ type: 'raw', body: chunk, contentChars: chars, finishReason: ended.finish, nativeFinishReason: ended.native })
      else out.push({ type: 'raw', body: chunk, contentChars: chars })
    }
    this.usage(chunk, out)
  }

  private state(choice: JsonObject): ChoiceState {
    const index = typeof choice['index'] === 'number' && choice['index'] >= 0 && choice['index'] < 128 ? choice['index'] : 0
    choice['index'] = index
    return (this.choices[index] ??= new ChoiceState())
  }
}

/** A call whose arguments never came has none: `{}`, said in the piece that ends the choice (lesson 18). */
function closeTools(delta: JsonObject, state: ChoiceState): void {
  for (const [index, tool] of state.tools.entries()) {
    if (!tool || tool.hasArguments) continue
    tool.hasArguments = true
    const calls = Array.isArray(delta['tool_calls']) ? [...delta['tool_calls']] : []
    const same = calls.find((call) => isObject(call) && call['index'] === index)
    if (isObject(same) && isObject(same['function'])) same['function']['arguments'] = '{}'
    else calls.push({ index, function: { arguments: '{}' } })
    delta['tool_calls'] = calls
  }
}

/** Fields that a chunk without choices has anyway; any other is said to the client. */
const ENVELOPE = new Set(['id', 'object', 'created', 'model', 'choices', 'usage', 'system_fingerprint', 'service_tier', 'obfuscation', 'provider', 'error', 'x_groq'])

function hasMore(chunk: JsonObject): boolean {
  for (const field in chunk) if (!ENVELOPE.has(field)) return true
  return false
}

/** Reads a reply that was not streamed. Throws Fault for what is no answer. */
export function readReply(_call: Call, endpoint: Endpoint, body: JsonObject, carry: boolean): Event[] {
  if (body['error'] !== undefined && body['error'] !== null && body['choices'] === undefined) throw faultOf(undefined, body, endpoint)
  if (!Array.isArray(body['choices']) || body['choices'].length === 0) {
    throw new Fault('provider_bad_answer', `${endpoint.provider.name} sent a reply without choices`, { provider: endpoint.provider.name })
  }
  const out: Event[] = [{ type: 'start', providerId: asString(body['id']), model: asString(body['model']), serviceTier: asString(body['service_tier']), systemFingerprint: asString(body['system_fingerprint']) }]
  let chars = 0
  let ended: ChoiceState | undefined
  const choices = body['choices'].filter(isObject)
  body['choices'] = choices
  choices.forEach((choice, at) => {
    if (typeof choice['index'] !== 'number') choice['index'] = at
    const state = new ChoiceState()
    const message = asObject(choice['message']) ?? {}
    choice['message'] = message
    message['role'] = 'assistant'
    if (message['content'] === undefined) message['content'] = null
    chars += normaliseSaid(message, state, true)
    // A whole reply that names no reason (Snowflake) is over all the same.
    if (normaliseFinish(choice, state) === undefined) endSilently(choice, state)
    if (choice['logprobs'] === null) delete choice['logprobs']
    ended ??= state
    if (!carry) eventsOfChoice(choice, message, state, out)
  })
  const sent = asObject(body['usage'])
  const usage = sent && readUsage(sent, has(endpoint, 'reasoning_outside_completion'))
  delete body['usage']
  if (carry) out.push({ type: 'raw', body, contentChars: chars, finishReason: ended?.finish ?? 'stop', nativeFinishReason: ended?.native ?? null })
  if (usage) out.push({ type: 'usage', usage: withOwnSearch(usage, endpoint.upstreamId), serviceTier: asString(body['service_tier']) })
  return out
}

function endSilently(choice: JsonObject, state: ChoiceState): void {
  state.finish = state.tools.length > 0 ? 'tool_calls' : 'stop'
  choice['finish_reason'] = state.finish
  choice['native_finish_reason'] = null
}
