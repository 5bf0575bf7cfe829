import type { Endpoint } from '../../catalog/endpoint.ts'
import { Fault, type FaultCode, type FaultOptions } from '../../core/fault.ts'
import { asString, parseObject, type JsonObject } from '../../core/json.ts'
import { retryAfterMs, scrub } from '../../core/scrub.ts'

const RAW_CHARS_MAX = 2_000

/** Cohere's errors have a message and no class: status and words decide, in the first row of which everything fits. */
const RULES: readonly { readonly status?: readonly number[]; readonly says?: RegExp; readonly code: FaultCode }[] = [
  { status: [400, 413, 422], says: /too many tokens|maximum (?:context|number of tokens)|exceeds? (?:the )?(?:context|token) (?:length|limit)|context (?:length|window)/i, code: 'context_length_exceeded' },
  { says: /model '?[^']*'? (?:not found|was removed|is deprecated|does not exist)|model .* is not (?:available|supported)/i, code: 'provider_model_missing' },
  { says: /billing|payment method|past due/i, code: 'provider_payment' },
  { status: [400, 422], code: 'provider_bad_request' },
  // 498 is Cohere's own: the token is blocked.
  { status: [401, 498], code: 'provider_credential' },
  { status: [402], code: 'provider_payment' },
  { status: [403], code: 'provider_forbidden' },
  { status: [404], code: 'provider_model_missing' },
  { status: [408, 504], code: 'provider_timeout' },
  { status: [413], code: 'provider_too_large' },
  { status: [429], code: 'provider_rate_limited' },
  { status: [503], code: 'provider_overloaded' },
]

/** What Cohere's error response means. `text` is its body, cut to a limit. */
export function readFault(status: number, headers: Headers, text: string, endpoint: Endpoint): Fault {
  const fault = faultOf(status, parseObject(text) ?? {}, endpoint, text)
  const wait = fault.code === 'provider_rate_limited' || fault.code === 'provider_overloaded' ? retryAfterMs(headers) : undefined
  return wait === undefined ? fault : fault.with({ retryAfterMs: wait })
}

/** What an error means, of a response or from within a stream or a 200 (no status). */
export function faultOf(status: number | undefined, body: JsonObject, endpoint: Endpoint, text = JSON.stringify(body)): Fault {
  const { name } = endpoint.provider
  const message = asString(body['message']) ?? asString(body['error']) ?? ''
  const rule = RULES.find((row) => (row.status === undefined || (status !== undefined && row.status.includes(status))) && (row.says?.test(message) ?? true))
  const code = rule?.code ?? (status !== undefined && status >= 400 && status < 500 ? 'provider_bad_request' : 'provider_error')
  const raw = scrub(text.slice(0, RAW_CHARS_MAX))
  const isPrivate = code === 'provider_credential' || code === 'provider_payment'
  const options: FaultOptions = { provider: name, ...(isPrivate ? { detail: raw } : { raw }) }
  if (code === 'provider_credential') return new Fault(code, `${name} refused this server's credential`, options)
  if (code === 'provider_payment') return new Fault(code, `${name} says that this server's account has no credit left`, options)
  return new Fault(code, message === '' ? `${name} returned an error` : `${name}: ${scrub(message.slice(0, 1_000))}`, options)
}
