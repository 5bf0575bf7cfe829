import { openaiChatClient } from '../dialects/openai-chat/openai-chat.ts'
import type { ClientDialect } from '../dialects/dialect.ts'
import { Fault } from '../core/fault.ts'
import type { JsonObject } from '../core/json.ts'

/** Browser apps call us with their user's key: any origin may, and may read these headers. */
export const CORS_HEADERS = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': 'X-Generation-Id, X-Switchyard-Warnings, request-id, Retry-After, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset',
} as const

const JSON_HEADERS = { ...CORS_HEADERS, 'content-type': 'application/json' } as const

export function jsonResponse(body: object, status = 200, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(JSON.stringify(body), { status, headers: { ...JSON_HEADERS, ...headers } })
}

/** The answer to a browser's question whether it may call (CORS preflight). */
export function preflight(request: Request): Response {
  return new Response(null, {
    status: 204,
    headers: {
      ...CORS_HEADERS,
      'access-control-allow-methods': 'GET, POST, PUT, PATCH, DELETE, OPTIONS',
      'access-control-allow-headers': request.headers.get('access-control-request-headers') ?? 'authorization, content-type',
      'access-control-max-age': '86400',
      vary: 'access-control-request-headers',
    },
  })
}

/** What says a call's id beside the body. */
export function idHeaders(callId: string, dialect: Pick<ClientDialect, 'idHeader'>): Record<string, string> {
  return dialect.idHeader === undefined ? { 'X-Generation-Id': callId } : { 'X-Generation-Id': callId, [dialect.idHeader]: callId }
}

/** A fault before the first byte, in the contract's envelope (M1, M11). */
export function faultResponse(fault: Fault, callId?: string, dialect: Pick<ClientDialect, 'faultBody' | 'idHeader'> = openaiChatClient): Response {
  const headers: Record<string, string> = callId === undefined ? {} : idHeaders(callId, dialect)
  const { retryAfterMs, rateLimit } = fault.options
  if (rateLimit) Object.assign(headers, { 'X-RateLimit-Limit': rateLimit.limit, 'X-RateLimit-Remaining': rateLimit.remaining, 'X-RateLimit-Reset': String(rateLimit.resetMs) })
  if (retryAfterMs !== undefined && (fault.status === 429 || fault.status === 503)) headers['Retry-After'] = String(Math.max(1, Math.ceil(retryAfterMs / 1000)))
  const body: JsonObject = dialect.faultBody(fault, callId)
  return jsonResponse(body, fault.status === 499 ? 408 : fault.status, headers)
}
