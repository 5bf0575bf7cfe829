import type { Endpoint } from '../../catalog/endpoint.ts'
import { Fault, type FaultCode, type FaultOptions } from '../../core/fault.ts'
import { asArray, asObject, asString, isObject, type JsonObject } from '../../core/json.ts'
import { retryAfterMs, scrub } from '../../core/scrub.ts'

/** What Gemini's error response means. `text` is its body, cut to a limit: an object, or a list of one. */
export function readFault(status: number, headers: Headers, text: string, endpoint: Endpoint): Fault {
  const error = errorIn(text)
  const fault = error ? faultOf(status, error, endpoint) : plainFault(status, text, endpoint)
  const wait = fault.options.retryAfterMs ?? retryAfterMs(headers)
  return wait === undefined ? fault : fault.with({ retryAfterMs: wait })
}

function errorIn(text: string): JsonObject | undefined {
  try {
    const body: unknown = JSON.parse(text)
    const first: unknown = Array.isArray(body) ? body[0] : body
    return isObject(first) && isObject(first['error']) ? first['error'] : undefined
  } catch {
    // A proxy before the provider answers in HTML; the status says what it says.
    return undefined
  }
}

function plainFault(status: number, text: string, endpoint: Endpoint): Fault {
  const { name } = endpoint.provider
  return new Fault(codeOf(status, '', '', ''), `${name} answered ${status}`, { provider: name, raw: scrub(text.slice(0, 500)) })
}

/** What an `error` object means, from a response (`status`) or from inside a stream or a 200 (undefined: it says its own). */
export function faultOf(status: number | undefined, error: JsonObject, endpoint: Endpoint): Fault {
  const { name } = endpoint.provider
  const message = asString(error['message']) ?? ''
  const grpc = asString(error['status']) ?? ''
  const details = (asArray(error['details']) ?? []).filter(isObject)
  const reasons = details.map((detail) => asString(detail['reason']) ?? '').join(' ')
  const code = codeOf(status ?? (typeof error['code'] === 'number' ? error['code'] : 502), grpc, reasons, message)
  const wait = details.map((detail) => secondsMs(detail['retryDelay'])).find((ms) => ms !== undefined)
  const providerCode = reasons.trim() || grpc
  const options: FaultOptions = {
    provider: name,
    raw: scrub(JSON.stringify({ error }).slice(0, 2_000)),
    ...(providerCode === '' ? {} : { providerCode }),
    ...(wait === undefined ? {} : { retryAfterMs: wait }),
  }
  if (code === 'provider_credential') return new Fault(code, `${name} refused this server's credential`, options)
  return new Fault(code, message === '' ? `${name} returned an error` : `${name}: ${scrub(message.slice(0, 1_000))}`, options)
}

/** A protobuf duration (`"34.4s"`) in ms. */
function secondsMs(duration: unknown): number | undefined {
  const match = typeof duration === 'string' ? /^(\d+(?:\.\d+)?)s$/.exec(duration) : null
  return match ? Math.round(Number(match[1]) * 1000) : undefined
}

/** Where several rows fit, the first decides. Words are looked for in the message, without regard to case. */
const RULES: readonly { readonly statuses?: readonly number[]; readonly grpc?: string; readonly reason?: RegExp; readonly words?: RegExp; readonly code: FaultCode }[] = [
  { reason: /\bAPI_KEY_|CONSUMER_SUSPENDED|CONSUMER_INVALID|ACCESS_TOKEN_|SERVICE_DISABLED|CREDENTIALS_MISSING/, code: 'provider_credential' },
  { words: /api key (not valid|not found|expired|was reported)|api key must be|pass a valid api key/i, code: 'provider_credential' },
  { reason: /BILLING_DISABLED/, code: 'provider_payment' },
  { statuses: [400, 402, 403, 429], words: /(enable|requires) billing|credits? (are|is) depleted|prepayment/i, code: 'provider_payment' },
  { statuses: [400], words: /token count|maximum number of tokens|context (length|window)|too many tokens/i, code: 'context_length_exceeded' },
  { statuses: [400], words: /location is not supported/i, code: 'provider_forbidden' },
  { statuses: [400, 413], words: /payload size|request (is )?too large/i, code: 'provider_too_large' },
  { statuses: [400], words: /models\/\S+ is not (found|supported)/i, code: 'provider_model_missing' },
  { statuses: [401], code: 'provider_credential' },
  { grpc: 'UNAUTHENTICATED', code: 'provider_credential' },
  { statuses: [402], code: 'provider_payment' },
  { statuses: [403], code: 'provider_forbidden' },
  // The file or the cache that the request names is gone, not the model.
  { statuses: [404], words: /cachedcontent|cached content|\bfiles?\/|file ?search ?stores?\//i, code: 'provider_bad_request' },
  { statuses: [404, 410], code: 'provider_model_missing' },
  { statuses: [413], code: 'provider_too_large' },
  { statuses: [429], code: 'provider_rate_limited' },
  { grpc: 'RESOURCE_EXHAUSTED', code: 'provider_rate_limited' },
  { statuses: [503, 529], code: 'provider_overloaded' },
  { grpc: 'UNAVAILABLE', code: 'provider_overloaded' },
  { statuses: [500], words: /overloaded/i, code: 'provider_overloaded' },
  { statuses: [408, 504], code: 'provider_timeout' },
  { grpc: 'DEADLINE_EXCEEDED', code: 'provider_timeout' },
]

function codeOf(status: number, grpc: string, reasons: string, message: string): FaultCode {
  const rule = RULES.find((row) => (row.statuses?.includes(status) ?? true) && (row.grpc === undefined || row.grpc === grpc)
    && (row.reason?.test(reasons) ?? true) && (row.words?.test(message) ?? true))
  return rule?.code ?? (status >= 500 || status < 400 || status === 499 ? 'provider_error' : 'provider_bad_request')
}

/** True for a chunk or reply that is an error. */
export function errorOf(body: JsonObject): JsonObject | undefined {
  return asObject(body['error'])
}
