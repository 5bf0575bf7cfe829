import type { Caller } from '../../accounts/caller.ts'
import type { Call, ChatBody, Composed, Message, ReasoningWish } from '../../core/call.ts'
import type { Cost } from '../../core/event.ts'
import { Fault } from '../../core/fault.ts'
import type { JsonObject } from '../../core/json.ts'
import { NO_USAGE, type Usage } from '../../core/usage.ts'
import { generationId } from '../../lib/id.ts'
import { NO_COST } from '../add-cost.ts'
import { faultFrom } from '../attempt.ts'
import type { Gateway } from '../gateway.ts'
import { serve } from '../serve.ts'

/** What of a client's request holds for every call that is made for it: where it may go, who asks, how files are read. */
const KEPT = ['provider', 'user', 'session_id', 'trace', 'metadata', 'cache_control', 'prompt_cache_key'] as const

/** How a call of our own differs from the client's call that it is made for. */
export interface InnerWish {
  readonly model: string
  readonly messages: readonly Message[]
  /** Bytes that `messages` have more than the client's. */
  readonly moreBytes?: number
  readonly maxTokens?: number
  readonly temperature?: number
  readonly reasoning?: ReasoningWish
  readonly format?: JsonObject
  readonly composed: Composed
  /** The call's own id; a new one when not said. */
  readonly id?: string
}

const NO_WISH: ReasoningWish = { exclude: false }

/**
 * A call of our own for the client's: its messages and its rules for providers, and none of what it says about its answer. Tools are
 * there only where the conversation has used them, for some providers read no such conversation without them; none is to be called.
 */
export function innerCall(call: Call, wish: InnerWish): Call {
  const { model, messages, maxTokens, temperature, reasoning, format, composed, moreBytes = 0, id = generationId(call.createdMs) } = wish
  const kept = Object.fromEntries(KEPT.flatMap((field) => (call.body[field] === undefined ? [] : [[field, call.body[field]]])))
  const body: ChatBody = { ...kept, model, messages, stream: true }
  const plugins = Array.isArray(call.body['plugins']) ? call.body['plugins'].filter((plugin: JsonObject) => plugin['id'] === 'file-parser') : []
  if (plugins.length > 0) body['plugins'] = plugins
  if (messages.some((message) => message.tool_calls?.length) && call.body.tools?.length) Object.assign(body, { tools: call.body.tools, tool_choice: 'none' })
  if (temperature !== undefined) body.temperature = temperature
  if (format) body.response_format = format
  if (maxTokens !== undefined) body.max_tokens = maxTokens
  const { native: _native, unsaid: _unsaid, also: _also, ...same } = call
  const { maxTokens: _maxTokens, ...needs } = longer(call, moreBytes).needs
  return {
    ...same, id, dialect: 'switchyard', api: 'chat', stream: true, models: [model], body, composed, reasoning: reasoning ?? NO_WISH,
    needs: { ...needs, parameters: parametersOf(body), outputs: ['text'], choices: 1, ...(maxTokens === undefined ? {} : { maxTokens }) },
    headers: { ...call.headers, metadata: false },
  }
}

function parametersOf(body: ChatBody): readonly string[] {
  const present = (['tools', 'tool_choice', 'temperature', 'response_format', 'max_tokens'] as const).filter((field) => body[field] !== undefined)
  return body.response_format ? [...present, 'structured_outputs'] : present
}

/** As the chat reader counts: never fewer than this many bytes a token for holds, and this many characters for an estimate. */
const BYTES_PER_TOKEN_MIN = 2
const CHARS_PER_TOKEN = 4

/** The call with a prompt that is so many bytes longer. */
export function longer(call: Call, bytes: number): Call {
  const { needs } = call
  const tokensMax = Math.ceil(bytes / BYTES_PER_TOKEN_MIN)
  return {
    ...call,
    needs: {
      ...needs, promptTokensMax: needs.promptTokensMax + tokensMax,
      ...(needs.pdfs ? { pdfs: { ...needs.pdfs, promptTokensMax: needs.pdfs.promptTokensMax + tokensMax } } : {}),
      ...(needs.promptTokensGuess === undefined ? {} : { promptTokensGuess: needs.promptTokensGuess + Math.ceil(bytes / CHARS_PER_TOKEN) }),
    },
  }
}

/** What became of a call of our own: settled and recorded by itself. */
export interface InnerAnswer {
  readonly id: string
  readonly requested: string
  /** Who answered; what was asked for where nobody did. */
  readonly model: string
  readonly provider: string
  readonly text: string
  readonly isCut: boolean
  readonly usage: Usage
  readonly cost: Cost
  readonly ms: number
  /** Why there is no answer. */
  readonly fault?: Fault
}

/** Makes a call of our own and waits for its whole answer. Never rejects. */
export async function answerOf(call: Call, caller: Caller, gateway: Gateway, signal: AbortSignal): Promise<InnerAnswer> {
  const startedMs = gateway.clock.monotonicMs()
  const requested = call.models[0] ?? ''
  const answer = { id: call.id, requested, model: requested, provider: '', text: '', isCut: false, usage: NO_USAGE, cost: NO_COST }
  let fault: Fault | undefined
  try {
    for await (const events of serve(call, caller, gateway, signal)) {
      for (const event of events) {
        switch (event.type) {
          case 'served': Object.assign(answer, { model: event.model, provider: event.provider }); break
          case 'text': answer.text += event.text; break
          case 'refusal': answer.text += event.text; break
          case 'finish': answer.isCut = event.reason === 'length'; break
          case 'fault': fault = event.fault; break
          case 'end': Object.assign(answer, { usage: event.usage, cost: event.cost }); break
          default:
        }
      }
    }
  } catch (error) {
    fault = faultFrom(error, gateway)
  }
  if (!fault && answer.text.trim() === '') fault = new Fault('provider_bad_answer', `${answer.model} wrote nothing`, { provider: answer.provider })
  return { ...answer, ms: Math.round(gateway.clock.monotonicMs() - startedMs), ...(fault ? { fault } : {}) }
}
