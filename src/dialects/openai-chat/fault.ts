import { Fault, type FaultCode, type FaultOptions } from '../../core/fault.ts'
import { asObject, asString, isObject, parseObject, type Json, type JsonObject } from '../../core/json.ts'
import type { Endpoint } from '../../catalog/endpoint.ts'
import { retryAfterMs, scrub } from '../../core/scrub.ts'

/** What an OpenAI-compatible provider's error response means. `text` is its body, cut to a limit. */
export function readFault(status: number, headers: Pick<Headers, 'get'>, text: string, endpoint: Endpoint): Fault {
  const body = parseObject(text)
  const fault = body ? faultOf(status, body, endpoint) : plainFault(status, text, endpoint)
  const wait = retryAfterMs(headers)
  return wait === undefined ? fault : fault.with({ retryAfterMs: wait })
}

function plainFault(status: number, text: string, endpoint: Endpoint): Fault {
  const { name } = endpoint.provider
  return new Fault(codeOf(status, ''), `${name} answered ${status}`, { provider: name, raw: scrub(text.slice(0, 500)), status: shownStatus(status) })
}

/** What an error body means, from a response (`status`) or from inside a stream or a 200 (undefined). */
export function faultOf(status: number | undefined, body: JsonObject, endpoint: Endpoint): Fault {
  const error: Json = body['error'] ?? body['errors'] ?? body['detail'] ?? body['message'] ?? body
  const inner = isObject(error) ? error : {}
  const said = asString(inner['message']) ?? asString(asObject(inner['error'])?.['message']) ?? asString(error) ?? asString(body['message']) ?? ''
  const code = asString(inner['code']) ?? asString(inner['type']) ?? ''
  const known = status ?? statusIn(inner) ?? 502
  const options: FaultOptions = {
    provider: endpoint.provider.name,
    raw: scrub(JSON.stringify(body).slice(0, 2_000)),
    ...(code === '' ? {} : { providerCode: code }),
    ...(status === undefined ? {} : { status: shownStatus(status) }),
  }
  const name = codeOf(known, `${code} ${asString(inner['type']) ?? ''} ${said}`.toLowerCase())
  return new Fault(name, sentence(endpoint, said, name), options)
}

/** The numeric status inside an error object (Groq's status_code, OpenRouter's and Gemini's code). */
function statusIn(error: JsonObject): number | undefined {
  for (const field of ['status_code', 'code', 'status'] as const) {
    const value = Number(error[field])
    if (Number.isInteger(value) && value >= 400 && value < 600) return value
  }
  return undefined
}

function sentence(endpoint: Endpoint, said: string, code: FaultCode): string {
  if (code === 'provider_credential') return `${endpoint.provider.name} refused this server's credential`
  return said === '' ? `${endpoint.provider.name} returned an error` : `${endpoint.provider.name}: ${scrub(said.slice(0, 1_000))}`
}

/** A provider's own 401 or 402 is not the client's: it is shown as the table says. */
function shownStatus(status: number): number | undefined {
  return status === 401 || status === 402 || status < 400 ? undefined : status === 422 ? 422 : undefined
}

/** Retry classes as data: the first row whose status and words fit decides. */
const RULES: readonly { readonly status?: readonly number[]; readonly words?: RegExp; readonly code: FaultCode }[] = [
  { words: /context_length_exceeded|maximum context length|context window|too many tokens|prompt is too long|reduce the length|exceeds? the (model'?s )?(maximum )?context/, code: 'context_length_exceeded', status: [400, 413, 422] },
  { words: /insufficient_quota|insufficient[_ ]balance|credit balance|billing|payment required/, code: 'provider_payment' },
  { status: [402], code: 'provider_payment' },
  { words: /content_policy|content_filter|content management policy|responsibleaipolicy|moderation|safety system/, code: 'content_policy', status: [400, 403] },
  { words: /invalid_api_key|incorrect api key|api key not valid/, code: 'provider_credential' },
  { status: [401], code: 'provider_credential' },
  { status: [403], code: 'provider_forbidden' },
  { words: /model_not_found|does not exist|model .*not found/, code: 'provider_model_missing', status: [400, 404] },
  { status: [404, 410], code: 'provider_model_missing' },
  { status: [413], code: 'provider_too_large' },
  { status: [429], code: 'provider_rate_limited' },
  { words: /overloaded|over capacity|capacity/, code: 'provider_overloaded', status: [500, 502, 503, 529] },
  { status: [503, 529], code: 'provider_overloaded' },
  { status: [408, 504, 524], code: 'provider_timeout' },
]

function codeOf(status: number, words: string): FaultCode {
  const rule = RULES.find((candidate) => (candidate.status?.includes(status) ?? true) && (candidate.words?.test(words) ?? true))
  return rule?.code ?? (status >= 500 ? 'provider_error' : 'provider_bad_request')
}
