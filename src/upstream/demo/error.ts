import type { JsonObject } from '../../core/json.ts'

/** The body of an error that the demo was told to make. */
export function errorBody(status: number): JsonObject {
  return { error: { message: `the demo was told to fail with ${status}`, type: status === 429 ? 'rate_limit_error' : status >= 500 ? 'server_error' : 'invalid_request_error', param: null, code: status } }
}

/** An error answer of the dialect openai-chat. */
export function errorResponse(status: number, body: JsonObject): Response {
  return Response.json(body, { status, ...(status === 429 && { headers: { 'retry-after': '1' } }) })
}
