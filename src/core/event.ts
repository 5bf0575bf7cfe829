import type { Warning } from './call.ts'
import type { Vector } from './embeddings.ts'
import type { Fault } from './fault.ts'
import type { Json, JsonObject } from './json.ts'
import type { Nano } from './nano.ts'
import type { Usage } from './usage.ts'

/** Why a choice ended, in the contract's closed list (B63). */
export type FinishReason = 'stop' | 'length' | 'tool_calls' | 'content_filter' | 'error'

/**
 * One piece of reasoning in the contract's shape (B27), carried byte for byte. In a stream each is a delta: pieces with
 * the same `index` belong together, text and summary are appended, everything else is said once.
 */
export interface ReasoningDetail extends JsonObject {
  type: 'reasoning.text' | 'reasoning.summary' | 'reasoning.encrypted' | 'reasoning.server_tool_call'
  /** Who can read it back: `anthropic-claude-v1`, `google-gemini-v1`, … (B28), null when unknown. */
  format?: string | null
  index?: number
}

/**
 * One piece of an answer, in our terms. Every dialect's reader makes these and every dialect's writer takes them.
 * `choice` is the index of the choice it belongs to. Text, arguments and reasoning are deltas, never snapshots.
 */
export type Event =
  /** First of every answer, made by `attempt`: who answers, in our words, and what could not be said to it. */
  | { readonly type: 'served'; readonly model: string; readonly provider: string; readonly warnings: readonly Warning[] }
  /** What the provider says of itself. `model` is what the provider says it runs, which is not what we show. */
  | { readonly type: 'start'; readonly providerId?: string; readonly model?: string; readonly created?: number; readonly systemFingerprint?: string; readonly serviceTier?: string }
  /** `json`: the text as the JSON string that the provider sent, where it is at hand, so that nobody makes it again. */
  | { readonly type: 'text'; readonly choice: number; readonly text: string; readonly json?: string }
  | { readonly type: 'refusal'; readonly choice: number; readonly text: string }
  | { readonly type: 'reasoning'; readonly choice: number; readonly detail: ReasoningDetail }
  /** `index` counts tool calls only, from 0. The first event of a call has `id` and `name`, later ones only arguments. */
  | { readonly type: 'tool'; readonly choice: number; readonly index: number; readonly id?: string; readonly name?: string; readonly arguments: string }
  | { readonly type: 'annotation'; readonly choice: number; readonly annotation: JsonObject }
  | { readonly type: 'image'; readonly choice: number; readonly url: string }
  | { readonly type: 'logprobs'; readonly choice: number; readonly logprobs: JsonObject }
  /** The whole answer of an embeddings call: a vector for each input, in their order. */
  | { readonly type: 'embeddings'; readonly vectors: readonly Vector[] }
  /** A field of the message that no other event says, carried as it is (`audio`, `executed_tools`, …). */
  | { readonly type: 'extra'; readonly choice: number; readonly field: string; readonly value: Json }
  /** Once for each choice, after all its content. */
  | { readonly type: 'finish'; readonly choice: number; readonly reason: FinishReason; readonly native: string | null }
  /** The provider's counts so far. The last one counts; a later one replaces an earlier one. */
  /** `serviceTier`: the one that the provider says it used, in its own word. */
  | { readonly type: 'usage'; readonly usage: Usage; readonly serviceTier?: string }
  /** The provider failed after it had begun to answer. Nothing of the answer follows. */
  | { readonly type: 'fault'; readonly fault: Fault }
  /** What a provider was asked, or how it went: for clients that debug. Said first, once for each attempt. */
  | { readonly type: 'debug'; readonly debug: JsonObject }
  /** The provider shows that it is alive and says nothing. */
  | { readonly type: 'ping' }
  /**
   * A piece of the answer in the wire form of the dialect that both sides speak, normalised; its usage is taken out and
   * said as an Event of its own. `contentChars` is how much the model wrote in it; `finishReason` is there when it
   * holds the end of a choice.
   */
  | { readonly type: 'raw'; readonly body: JsonObject; readonly contentChars: number; readonly finishReason?: FinishReason; readonly nativeFinishReason?: string | null }
  /** Last of every answer, made by `serve` once the charge is settled. `router`: how it was routed, where the client asked to know. */
  | { readonly type: 'end'; readonly usage: Usage; readonly cost: Cost; readonly router?: JsonObject }

/** What the client paid, and of what. */
export interface Cost {
  readonly total: Nano
  readonly prompt: Nano
  readonly completion: Nano
  /** True when the caller's own provider credential paid: then `total` is our fee only. */
  readonly byok: boolean
  /** What the provider charges for it by the catalogue's prices. */
  readonly upstream: Nano
}

/** True for an Event after which there is no way back to another endpoint: the client has something of this answer. */
export function saysSomething(event: Event): boolean {
  switch (event.type) {
    case 'served': case 'start': case 'debug': case 'ping': case 'usage': case 'fault': return false
    case 'raw': return event.contentChars > 0 || event.finishReason !== undefined
    case 'text': case 'refusal': return event.text !== ''
    default: return true
  }
}
