import type { Fault } from '../../core/fault.ts'
import type { JsonObject } from '../../core/json.ts'
import { errorObject } from '../openai-chat/fault-write.ts'

/** The contract's types of error in this API's shorter list of codes (M29); all others are `server_error`. */
const CODES: Readonly<Record<string, string>> = {
  rate_limit_exceeded: 'rate_limit_exceeded', context_length_exceeded: 'invalid_prompt', invalid_request: 'invalid_prompt', invalid_prompt: 'invalid_prompt',
  content_policy_violation: 'image_content_policy_violation',
}

/** The error of a response that failed: `{ code, message }`. A bug of ours says nothing of itself (M22). */
export function responseError(fault: Fault): { readonly code: string; readonly message: string } {
  return { code: CODES[fault.type] ?? 'server_error', message: fault.code === 'internal' ? 'Internal Server Error' : fault.message }
}

/** The four limits that end a response early and do not fail it (M30, B82). */
const LIMITS = new Set(['context_length_exceeded', 'max_tokens_exceeded', 'token_limit_exceeded', 'string_too_long'])

/** True for a fault that is told as a response which was cut short. */
export function endsEarly(fault: Fault): boolean {
  return LIMITS.has(fault.type)
}

/**
 * The body of an error before the first byte. The document's envelope, which clients check, with the code as a number;
 * the canonical type stands beside it (M29), for those who look for it there.
 */
export function faultBody(fault: Fault, callId: string | undefined): JsonObject {
  return {
    error: errorObject(fault), error_type: fault.type,
    ...(fault.options.router && fault.code !== 'internal' ? { openrouter_metadata: fault.options.router } : {}),
    ...(callId === undefined ? {} : { request_id: callId }),
  }
}
