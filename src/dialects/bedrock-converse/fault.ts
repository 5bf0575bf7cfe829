import type { Endpoint } from '../../catalog/endpoint.ts'
import { Fault, type FaultCode, type FaultOptions } from '../../core/fault.ts'
import { asString, parseObject, type JsonObject } from '../../core/json.ts'
import { retryAfterMs, scrub } from '../../core/scrub.ts'

const RAW_CHARS_MAX = 2_000

/** One way Bedrock fails, by the class of the error, the status, and its words. */
interface Rule { readonly type?: RegExp; readonly status?: readonly number[]; readonly says?: RegExp; readonly code: FaultCode }

/** The first row of which everything fits decides. Words go first: Bedrock says many things as `ValidationException`. */
const RULES: readonly Rule[] = [
  { says: /input is too long|prompt is too long|too many (?:input )?tokens\b(?!.*wait)|exceeds? the (?:model's )?maximum (?:context|number of)|maximum context length|context window/i, code: 'context_length_exceeded' },
  { says: /model identifier is invalid|model id .*not (?:found|exist)|on-demand throughput isn.t supported|doesn't support the model|end of its life|not supported in this region/i, code: 'provider_model_missing' },
  { says: /don't have access to the model|model access is denied|not available (?:for|in) (?:your|this)|access to anthropic models is not allowed/i, code: 'provider_forbidden' },
  { says: /INVALID_PAYMENT_INSTRUMENT|payment instrument/i, code: 'provider_payment' },
  { type: /^(?:UnrecognizedClient|InvalidSignature|IncompleteSignature|ExpiredToken|MissingAuthenticationToken|InvalidClientTokenId|SignatureDoesNotMatch|AccessDenied|OptInRequired)/, code: 'provider_credential' },
  { type: /^Throttling|^TooManyRequests/, code: 'provider_rate_limited' },
  { type: /^ServiceQuotaExceeded/, code: 'provider_rate_limited' },
  { type: /^ModelNotReady|^ServiceUnavailable/i, code: 'provider_overloaded' },
  { type: /^ModelTimeout/i, code: 'provider_timeout' },
  { type: /^ResourceNotFound/, code: 'provider_model_missing' },
  { type: /^(?:ModelError|ModelStreamError|InternalServer|InternalFailure)/i, code: 'provider_error' },
  { type: /^Validation/i, status: [413], code: 'provider_too_large' },
  { type: /^Validation/i, code: 'provider_bad_request' },
  { status: [400, 422], code: 'provider_bad_request' },
  { status: [401, 403], code: 'provider_credential' },
  { status: [402], code: 'provider_payment' },
  { status: [404], code: 'provider_model_missing' },
  { status: [408, 504], code: 'provider_timeout' },
  { status: [413], code: 'provider_too_large' },
  { status: [429], code: 'provider_rate_limited' },
  { status: [503], code: 'provider_overloaded' },
]

/** Faults that are the operator's to mend: AWS names accounts, users and roles in them, which are not the client's to see. */
const PRIVATE: ReadonlySet<FaultCode> = new Set(['provider_credential', 'provider_payment'])

/** What an error response means: the class is in a header, `ValidationException:http://…`, and the body has only a message. */
export function readFault(status: number, headers: Headers, text: string, endpoint: Endpoint): Fault {
  const body = parseObject(text) ?? {}
  const type = headers.get('x-amzn-errortype') ?? asString(body['__type']) ?? asString(body['code']) ?? ''
  const fault = faultOf(type, body, status, endpoint, text)
  const wait = fault.code === 'provider_rate_limited' || fault.code === 'provider_overloaded' ? retryAfterMs(headers) : undefined
  return wait === undefined ? fault : fault.with({ retryAfterMs: wait })
}

/** What an error means, of a response or from within a stream (no status). `type` is its class, in any of AWS's spellings. */
export function faultOf(type: string, body: JsonObject, status: number | undefined, endpoint: Endpoint, text = JSON.stringify(body)): Fault {
  const { name } = endpoint.provider
  const inner = /([A-Za-z]+)(?::http.*)?$/.exec(type.split('#').at(-1) ?? '')?.[1] ?? ''
  // In a stream the names begin in lower case: `throttlingException`.
  const kind = inner.charAt(0).toUpperCase() + inner.slice(1)
  const message = asString(body['message']) ?? asString(body['Message']) ?? asString(body['originalMessage']) ?? ''
  const code = RULES.find((rule) => (rule.type?.test(kind) ?? true) && (rule.status === undefined || (status !== undefined && rule.status.includes(status))) && (rule.says?.test(message) ?? true))?.code ?? 'provider_error'
  const raw = scrub(text.slice(0, RAW_CHARS_MAX))
  const options: FaultOptions = { provider: name, ...(kind === '' ? {} : { providerCode: kind }), ...(PRIVATE.has(code) ? { detail: raw } : { raw }) }
  return new Fault(code, sentence(code, name, scrub(message.slice(0, 1_000))), options)
}

function sentence(code: FaultCode, provider: string, message: string): string {
  if (code === 'provider_credential') return `${provider} refused this server's credential`
  if (code === 'provider_payment') return `${provider} says that this server's account has no credit left`
  return message === '' ? `${provider} returned an error` : `${provider}: ${message}`
}
