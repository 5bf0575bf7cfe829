import { describe, expect, test } from 'bun:test'
import { geminiEndpoint } from '../../../test/wire/gemini-call.ts'
import type { FaultCode } from '../../core/fault.ts'
import type { JsonObject } from '../../core/json.ts'
import { readFault } from './fault.ts'

const endpoint = geminiEndpoint()
const read = (status: number, error: JsonObject, headers: Record<string, string> = {}) => readFault(status, new Headers(headers), JSON.stringify({ error: { code: status, ...error } }), endpoint)

const INFO = 'type.googleapis.com/google.rpc.ErrorInfo'
const cases: readonly (readonly [string, number, JsonObject, FaultCode])[] = [
  ['a wrong key', 400, { status: 'INVALID_ARGUMENT', message: 'API key not valid. Please pass a valid API key.', details: [{ '@type': INFO, reason: 'API_KEY_INVALID' }] }, 'provider_credential'],
  ['a key that leaked', 403, { status: 'PERMISSION_DENIED', message: 'Your API key was reported as leaked. Please use another API key.' }, 'provider_credential'],
  ['a service that is off', 403, { status: 'PERMISSION_DENIED', message: 'Generative Language API has not been used', details: [{ '@type': INFO, reason: 'SERVICE_DISABLED' }] }, 'provider_credential'],
  ['no key', 401, { status: 'UNAUTHENTICATED', message: 'Request is missing required authentication credential.' }, 'provider_credential'],
  ['no credit', 429, { status: 'RESOURCE_EXHAUSTED', message: 'Your prepayment credits are depleted.' }, 'provider_payment'],
  ['no billing', 400, { status: 'FAILED_PRECONDITION', message: 'Gemini API free tier is not available in your country. Please enable billing.' }, 'provider_payment'],
  ['a country', 400, { status: 'FAILED_PRECONDITION', message: 'User location is not supported for the API use.' }, 'provider_forbidden'],
  ['a permission', 403, { status: 'PERMISSION_DENIED', message: 'The caller does not have permission' }, 'provider_forbidden'],
  ['a long prompt', 400, { status: 'INVALID_ARGUMENT', message: 'The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).' }, 'context_length_exceeded'],
  ['a field', 400, { status: 'INVALID_ARGUMENT', message: 'Invalid value at generation_config' }, 'provider_bad_request'],
  ['a big body', 400, { status: 'INVALID_ARGUMENT', message: 'Request payload size exceeds the limit: 20971520 bytes.' }, 'provider_too_large'],
  ['a model', 404, { status: 'NOT_FOUND', message: 'models/gemini-0 is not found for API version v1beta' }, 'provider_model_missing'],
  ['a cache', 404, { status: 'NOT_FOUND', message: 'CachedContent not found (or permission denied)' }, 'provider_bad_request'],
  ['a rate', 429, { status: 'RESOURCE_EXHAUSTED', message: 'You exceeded your current quota, please check your plan and billing details.' }, 'provider_rate_limited'],
  ['a crash', 500, { status: 'INTERNAL', message: 'An internal error has occurred.' }, 'provider_error'],
  ['a crowd', 503, { status: 'UNAVAILABLE', message: 'The model is overloaded. Please try again later.' }, 'provider_overloaded'],
  ['a deadline', 504, { status: 'DEADLINE_EXCEEDED', message: 'Deadline expired before operation could complete.' }, 'provider_timeout'],
  ['a cancel', 499, { status: 'CANCELLED', message: 'The operation was cancelled.' }, 'provider_error'],
]

describe('readFault', () => {
  for (const [what, status, error, code] of cases) {
    test(`knows ${what}`, () => {
      expect(read(status, error).code).toBe(code)
    })
  }

  test('takes the wait from the details, for no header has it', () => {
    const fault = read(429, { status: 'RESOURCE_EXHAUSTED', message: 'quota', details: [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '34.4s' }] })
    expect(fault.options.retryAfterMs).toBe(34_400)
    expect(fault.retry).toBe('next')
    expect(read(503, { message: 'busy' }, { 'retry-after': '7' }).options.retryAfterMs).toBe(7_000)
  })

  test("keeps Google's words and code, and no key", () => {
    const fault = read(400, { status: 'INVALID_ARGUMENT', message: 'Bad value for key AIzaSyD-0123456789abcdefghijklmnopqrstu' })
    expect(fault.options.providerCode).toBe('INVALID_ARGUMENT')
    expect(`${fault.message} ${JSON.stringify(fault.options.raw)}`).not.toContain('AIzaSyD')
    expect(fault.message).toStartWith('Google AI Studio: Bad value')
  })

  test('reads a list of one, and what is no JSON by its status', () => {
    expect(readFault(429, new Headers(), '[{"error":{"code":429,"message":"quota","status":"RESOURCE_EXHAUSTED"}}]', endpoint).code).toBe('provider_rate_limited')
    expect(readFault(502, new Headers(), '<html>Bad Gateway</html>', endpoint).code).toBe('provider_error')
    expect(readFault(503, new Headers(), '', endpoint).code).toBe('provider_overloaded')
  })
})
