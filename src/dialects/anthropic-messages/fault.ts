import { Fault, type FaultCode, type FaultOptions } from '../../core/fault.ts'
import { asObject, asString, parseObject, type JsonObject } from '../../core/json.ts'
import { retryAfterMs, scrub } from '../../core/scrub.ts'
import type { Endpoint } from '../../catalog/endpoint.ts'

const RAW_CHARS_MAX = 2_000

/** One way the provider fails, by what it says of itself. */
interface Rule { readonly type?: string; readonly status?: number; readonly says?: RegExp; readonly code: FaultCode }

/** The first row of which everything fits decides. Words go first: Anthropic says several things as `invalid_request_error`. */
const RULES: readonly Rule[] = [
  { says: /prompt is too long|exceeds? (?:the )?(?:maximum )?context (?:limit|window|length)|input is too long/i, code: 'context_length_exceeded' },
  { says: /credit balance is too low|specified (?:api|workspace) usage limits|purchase credits/i, code: 'provider_payment' },
  { says: /blocked by content filtering policy|usage policy/i, code: 'content_policy' },
  { type: 'billing_error', code: 'provider_payment' },
  { type: 'rate_limit_error', code: 'provider_rate_limited' },
  { type: 'overloaded_error', code: 'provider_overloaded' },
  { type: 'authentication_error', code: 'provider_credential' },
  { type: 'permission_error', says: /\b(?:country|region|location)\b/i, code: 'provider_forbidden' },
  { type: 'permission_error', code: 'provider_credential' },
  { type: 'not_found_error', says: /\b(?:file|container|skill)[_ ]/i, code: 'provider_bad_request' },
  { type: 'not_found_error', code: 'provider_model_missing' },
  { type: 'request_too_large', code: 'provider_too_large' },
  { type: 'timeout_error', code: 'provider_timeout' },
  { type: 'invalid_request_error', status: 413, code: 'provider_too_large' },
  { type: 'invalid_request_error', code: 'provider_bad_request' },
  { type: 'api_error', code: 'provider_error' },
  { status: 400, code: 'provider_bad_request' },
  { status: 401, code: 'provider_credential' },
  { status: 402, code: 'provider_payment' },
  { status: 403, code: 'provider_credential' },
  { status: 404, code: 'provider_model_missing' },
  { status: 408, code: 'provider_timeout' },
  { status: 413, code: 'provider_too_large' },
  { status: 422, code: 'provider_bad_request' },
  { status: 429, code: 'provider_rate_limited' },
  { status: 503, code: 'provider_overloaded' },
  { status: 504, code: 'provider_timeout' },
  { status: 529, code: 'provider_overloaded' },
]

/** Faults that are the operator's to mend: the provider's words about its account are for the log, not for the client. */
const PRIVATE: ReadonlySet<FaultCode> = new Set(['provider_credential', 'provider_payment'])

/** What an error response means. `text` is its body, cut to a limit. */
export function readFault(status: number, headers: Headers, text: string, endpoint: Endpoint): Fault {
  const fault = faultOf(parseObject(text) ?? {}, endpoint, status, text)
  const wait = fault.code === 'provider_rate_limited' || fault.code === 'provider_overloaded' ? retryAfterMs(headers) : undefined
  return wait === undefined ? fault : fault.with({ retryAfterMs: wait })
}

/** What an error object means: of a response (`status`), or from within a stream or a 200 (no status). */
export function faultOf(body: JsonObject, endpoint: Endpoint, status?: number, text = JSON.stringify(body)): Fault {
  const error = asObject(body['error']) ?? {}
  const type = asString(error['type'])
  const message = asString(error['message']) ?? asString(body['message']) ?? asString(body['error']) ?? ''
  const code = RULES.find((rule) => fits(rule, type, status, message))?.code ?? 'provider_error'
  const { name } = endpoint.provider
  const raw = withoutSecrets(text, endpoint)
  const options: FaultOptions = {
    provider: name,
    ...(type === undefined ? {} : { providerCode: type }),
    ...(PRIVATE.has(code) ? { detail: raw } : { raw }),
  }
  return new Fault(code, sentence(code, name, withoutSecrets(message, endpoint)), options)
}

function fits(rule: Rule, type: string | undefined, status: number | undefined, message: string): boolean {
  if (rule.type !== undefined && rule.type !== type) return false
  if (rule.status !== undefined && rule.status !== status) return false
  return rule.says === undefined || rule.says.test(message)
}

function sentence(code: FaultCode, provider: string, message: string): string {
  if (code === 'provider_credential') return `${provider} refused this server's credential`
  if (code === 'provider_payment') return `${provider} says that this server's account has no credit left`
  return message === '' ? `${provider} returned an error` : `${provider}: ${message}`
}

function withoutSecrets(text: string, endpoint: Endpoint): string {
  const { credential } = endpoint.provider
  const cut = text.slice(0, RAW_CHARS_MAX)
  return scrub(credential ? cut.replaceAll(credential, '[redacted]') : cut)
}
