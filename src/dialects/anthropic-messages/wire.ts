import type { Warning } from '../../core/call.ts'
import type { JsonObject } from '../../core/json.ts'

/** A typed piece of content: `text`, `image`, `tool_use`, `thinking`, … Mutable while a request is being written. */
export interface Block extends JsonObject { type: string }

/** One entry of `messages`. `system` is for the models that take it in mid-conversation. */
export interface Turn extends JsonObject { role: 'user' | 'assistant' | 'system'; content: Block[] }

/** The body of `POST /v1/messages`, as far as we write it. */
export interface MessagesBody extends JsonObject {
  model: string
  max_tokens: number
  stream: boolean
  system?: Block[]
  messages: Turn[]
  tools?: JsonObject[]
  tool_choice?: JsonObject
  thinking?: JsonObject
  output_config?: JsonObject
}

/** `format` of the reasoning details that only Anthropic's models can read back (contract B28). */
export const REASONING_FORMAT = 'anthropic-claude-v1'

/** Of those that another provider of this dialect wrote: who it was stands in what it signed (`signer.ts`). */
export const OTHER_FORMAT = 'unknown'

/** Field of an assistant message that keeps Anthropic's blocks which the contract's chat shape has no place for. */
export const BLOCKS_FIELD = 'anthropic_blocks'

/** What is gathered beside the body while a call is written: what could not be said, and the betas it needs. */
export class Notes {
  private readonly said = new Map<string, Warning>()
  readonly betas = new Set<string>()

  warn(field: string, why: string): void {
    this.said.set(`${field}\n${why}`, { field, why })
  }

  get warnings(): readonly Warning[] { return [...this.said.values()] }
}

/** What may be a call's id on the wire: Anthropic takes letters, digits, _ and -. */
export function callId(id: string, nth: number): string {
  const base = id.replace(/[^a-zA-Z0-9_-]/g, '_') || 'call'
  return nth === 1 ? base : `${base}_${nth}`
}
