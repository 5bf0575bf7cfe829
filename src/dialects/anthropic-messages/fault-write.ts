import type { Fault } from '../../core/fault.ts'
import type { JsonObject } from '../../core/json.ts'
import { errorObject } from '../openai-chat/fault-write.ts'

/** The contract's error types in Anthropic's words (M31). */
const TYPES: Readonly<Record<string, string>> = {
  authentication: 'authentication_error', permission_denied: 'permission_error', payment_required: 'billing_error', not_found: 'not_found_error', image_not_found: 'not_found_error',
  rate_limit_exceeded: 'rate_limit_error', provider_overloaded: 'overloaded_error', timeout: 'timeout_error',
}

/** `{ type: "error", error: { type, message, error_type } }`, with what else the contract's errors say in `error.metadata`. */
export function errorBody(fault: Fault): JsonObject {
  const { message, metadata, availability } = errorObject(fault)
  // `errorObject` always has metadata, and the type in it.
  const { error_type: errorType, details, ...more } = metadata as JsonObject
  return {
    type: 'error',
    error: {
      type: TYPES[fault.type] ?? (fault.status < 500 ? 'invalid_request_error' : 'api_error'),
      message,
      error_type: errorType,
      // What Anthropic's clients read to know what to do.
      ...(details === undefined ? {} : { details }),
      ...(Object.keys(more).length > 0 ? { metadata: more } : {}),
      ...(availability === undefined ? {} : { availability }),
    },
    ...(fault.options.router && fault.code !== 'internal' ? { openrouter_metadata: fault.options.router } : {}),
  }
}
