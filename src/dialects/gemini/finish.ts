import type { FinishReason } from '../../core/event.ts'

/** Gemini's finish reasons → the contract's closed list (B63). One that is not here ends the turn as `stop`. */
const REASONS: ReadonlyMap<string, FinishReason> = new Map(Object.entries<FinishReason>({
  STOP: 'stop',
  MAX_TOKENS: 'length',
  SAFETY: 'content_filter', RECITATION: 'content_filter', BLOCKLIST: 'content_filter', PROHIBITED_CONTENT: 'content_filter', SPII: 'content_filter',
  MODEL_ARMOR: 'content_filter', IMAGE_SAFETY: 'content_filter', IMAGE_PROHIBITED_CONTENT: 'content_filter', IMAGE_RECITATION: 'content_filter',
  MALFORMED_FUNCTION_CALL: 'error', UNEXPECTED_TOOL_CALL: 'error', TOO_MANY_TOOL_CALLS: 'error', MISSING_THOUGHT_SIGNATURE: 'error',
  MALFORMED_RESPONSE: 'error', LANGUAGE: 'error', OTHER: 'error', NO_IMAGE: 'error', IMAGE_OTHER: 'error',
}))

/** The contract's word for a finish. Gemini says `STOP` also for a turn that calls tools. */
export function finishReason(native: string | null, calledTools: boolean): FinishReason {
  const reason = (native === null ? undefined : REASONS.get(native)) ?? 'stop'
  return reason === 'stop' && calledTools ? 'tool_calls' : reason
}

const NATIVE: Readonly<Record<FinishReason, string>> = { stop: 'STOP', tool_calls: 'STOP', length: 'MAX_TOKENS', content_filter: 'SAFETY', error: 'OTHER' }

/** Gemini's word for a finish: the provider's own where that was Gemini's. */
export function nativeFinish(reason: FinishReason, native: string | null): string {
  return native !== null && REASONS.has(native) ? native : NATIVE[reason]
}

/** True when the calls that come with this finish are none: the model named what was never declared, or wrote no JSON. */
export function spoilsCalls(native: string | null): boolean {
  return native === 'UNEXPECTED_TOOL_CALL' || native === 'MALFORMED_FUNCTION_CALL' || native === 'TOO_MANY_TOOL_CALLS'
}
