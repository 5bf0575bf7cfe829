import { FAULTS, type Fault } from '../../core/fault.ts'
import type { JsonObject } from '../../core/json.ts'

/** The contract's `error` object (M1, M21–M23). A bug of ours says nothing of itself but its type (M22). */
export function errorObject(fault: Fault): JsonObject {
  if (fault.code === 'internal') return { code: 500, message: 'Internal Server Error', metadata: { error_type: FAULTS.internal.type } }
  const { metadata, availability, provider, raw, providerCode, previousErrors, retryAfterMs } = fault.options
  return {
    code: fault.status,
    message: fault.message,
    metadata: {
      error_type: fault.type,
      ...(provider === undefined ? {} : { provider_name: provider }),
      ...(providerCode === undefined ? {} : { provider_code: providerCode }),
      ...(raw === undefined ? {} : { raw }),
      ...(retryAfterMs === undefined ? {} : { retry_after: Math.ceil(retryAfterMs / 1000) }),
      ...(previousErrors === undefined || previousErrors.length === 0 ? {} : { previous_errors: previousErrors.map((error) => ({ ...error })) }),
      ...metadata,
    },
    ...(availability === undefined ? {} : { availability }),
  }
}
