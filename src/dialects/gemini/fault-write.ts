import type { Fault } from '../../core/fault.ts'
import { asObject, type JsonObject } from '../../core/json.ts'
import { errorObject } from '../openai-chat/fault-write.ts'

/** Google's word for an HTTP status (google.rpc.Code). */
const STATUSES: ReadonlyMap<number, string> = new Map([
  [400, 'INVALID_ARGUMENT'], [401, 'UNAUTHENTICATED'], [402, 'FAILED_PRECONDITION'], [403, 'PERMISSION_DENIED'], [404, 'NOT_FOUND'], [405, 'UNIMPLEMENTED'],
  [408, 'CANCELLED'], [409, 'ABORTED'], [413, 'INVALID_ARGUMENT'], [415, 'INVALID_ARGUMENT'], [422, 'INVALID_ARGUMENT'], [429, 'RESOURCE_EXHAUSTED'], [499, 'CANCELLED'],
  [500, 'INTERNAL'], [501, 'UNIMPLEMENTED'], [502, 'UNAVAILABLE'], [503, 'UNAVAILABLE'], [504, 'DEADLINE_EXCEEDED'],
])

/** The body of an error as Google's clients read it. What is ours of it stands in `details`, as Google's own services do. */
export function errorBody(fault: Fault): JsonObject {
  const { message, metadata } = errorObject(fault)
  const { router, retryAfterMs, availability } = fault.options
  return {
    error: {
      code: fault.status,
      message,
      status: STATUSES.get(fault.status) ?? (fault.status < 500 ? 'INVALID_ARGUMENT' : 'INTERNAL'),
      details: [
        { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: fault.type.toUpperCase(), domain: 'switchyard', metadata: { ...asObject(metadata), ...(availability && { availability }) } },
        ...(retryAfterMs === undefined ? [] : [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: `${Math.ceil(retryAfterMs / 1000)}s` }]),
      ],
    },
    ...(router && fault.code !== 'internal' ? { openrouter_metadata: router } : {}),
  }
}
