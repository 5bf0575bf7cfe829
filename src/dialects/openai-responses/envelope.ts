import type { ReasoningDetail } from '../../core/event.ts'
import { isObject } from '../../core/json.ts'

/*
 * Clients of this dialect send `encrypted_content` back as it came and may drop every field that OpenAI does not have.
 * So the reasoning of other providers (signatures, redacted thinking, thought signatures of tool calls) travels in it,
 * whole: a signature that comes back changed, or not at all, is refused by whoever wrote it.
 */

const PREFIX = 'swr1.'

/** Reasoning of another provider's, as `encrypted_content`. */
export function seal(details: readonly ReasoningDetail[]): string {
  return PREFIX + Buffer.from(JSON.stringify(details)).toString('base64url')
}

/** True for what `seal` made, whole or not. */
export function isSealed(content: unknown): content is string {
  return typeof content === 'string' && content.startsWith(PREFIX)
}

/** What was sealed; undefined when it did not come back as it went. */
export function unseal(content: string): ReasoningDetail[] | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(content.slice(PREFIX.length), 'base64url').toString())
    // `seal` made it of details; a forged one is held to the same as details in a chat message.
    return Array.isArray(value) && value.every((detail) => isObject(detail) && typeof detail['type'] === 'string') ? (value as ReasoningDetail[]) : undefined
  } catch {
    // The caller refuses it by the name of its field.
    return undefined
  }
}
