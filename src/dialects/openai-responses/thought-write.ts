import type { ReasoningDetail } from '../../core/event.ts'
import { asString, type JsonObject } from '../../core/json.ts'
import { seal } from './envelope.ts'
import { signedBy, signedIn } from '../signer.ts'
import { DEFAULT_FORMAT, isResponsesFormat } from './wire.ts'

function textField(detail: ReasoningDetail): 'text' | 'summary' | undefined {
  return detail.type === 'reasoning.text' ? 'text' : detail.type === 'reasoning.summary' ? 'summary' : undefined
}

/** True where a detail goes on with the item that the last one stands in: items are kept apart by `index`. */
export function continues(details: readonly ReasoningDetail[], delta: ReasoningDetail): boolean {
  const last = details.at(-1)
  if (!last) return true
  if (last.index !== delta.index || (last.format ?? null) !== (delta.format ?? null)) return false
  // One item holds one piece of what is encrypted; and nothing of a thought follows its signature.
  return last.type !== 'reasoning.encrypted' && last.type !== 'reasoning.server_tool_call' && delta.type !== 'reasoning.server_tool_call'
}

/**
 * What a reasoning item has beside its text. What OpenAI encrypted goes as it is, and what others of its kind did
 * with their name before it, for clients may drop the format. Of all others the
 * details go sealed where the client asked for what is encrypted, and where the item's own fields could not say them.
 */
export function opaqueFields(details: readonly ReasoningDetail[], asked: boolean): JsonObject {
  const first = details[0]
  if (!first) return {}
  const format = { format: first.format ?? 'unknown' }
  const data = details.map((detail) => asString(detail['data'])).find((one) => one)
  if ((isResponsesFormat(first.format) || signedIn(data)) && first.type !== 'reasoning.server_tool_call') {
    return data === undefined || !asked ? format : { ...format, encrypted_content: first.format === DEFAULT_FORMAT || signedIn(data) ? data : signedBy(format.format, data) }
  }
  const signature = details.map((detail) => asString(detail['signature'])).find((one) => one)
  const plain = details.length === 1 && textField(first) !== undefined
  return { ...format, ...(signature === undefined ? {} : { signature }), ...(asked || !plain ? { encrypted_content: seal(details) } : {}) }
}
