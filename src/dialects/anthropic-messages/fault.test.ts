import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { FAULTS } from '../../core/fault.ts'
import { endpointOf } from '../../../test/wire/anthropic.ts'
import { readFault } from './fault.ts'

const body = (type: string, message: string): string => JSON.stringify({ type: 'error', error: { type, message }, request_id: 'req_1' })

describe('readFault', () => {
  test.each([
    [400, 'invalid_request_error', 'messages.0: text content blocks must be non-empty', 'provider_bad_request', 'never'],
    [400, 'invalid_request_error', 'prompt is too long: 210000 tokens > 200000 maximum', 'context_length_exceeded', 'never'],
    [400, 'invalid_request_error', 'input length and `max_tokens` exceed context limit: 190000 + 64000 > 200000', 'context_length_exceeded', 'never'],
    [400, 'invalid_request_error', 'Your credit balance is too low to access the Anthropic API.', 'provider_payment', 'next'],
    [400, 'invalid_request_error', 'You have reached your specified API usage limits.', 'provider_payment', 'next'],
    [400, 'invalid_request_error', 'Output blocked by content filtering policy', 'content_policy', 'never'],
    [401, 'authentication_error', 'invalid x-api-key', 'provider_credential', 'next'],
    [402, 'billing_error', 'pay', 'provider_payment', 'next'],
    [403, 'permission_error', 'Your API key does not have permission to use the specified resource.', 'provider_credential', 'next'],
    [403, 'permission_error', 'Requests from your country are not taken', 'provider_forbidden', 'next'],
    [404, 'not_found_error', 'model: claude-none', 'provider_model_missing', 'next'],
    [404, 'not_found_error', 'File not found: file_123', 'provider_bad_request', 'never'],
    [413, 'request_too_large', 'Request exceeds the maximum size', 'provider_too_large', 'next'],
    [429, 'rate_limit_error', 'slow down', 'provider_rate_limited', 'next'],
    [500, 'api_error', 'Internal server error', 'provider_error', 'next'],
    [504, 'timeout_error', 'took too long', 'provider_timeout', 'next'],
    [529, 'overloaded_error', 'Overloaded', 'provider_overloaded', 'next'],
  ] as const)('%d %s "%s" is %s, retried %s', (status, type, message, code, retry) => {
    const fault = readFault(status, new Headers(), body(type, message), endpointOf())
    expect([fault.code, fault.retry, fault.options.providerCode, fault.options.provider]).toEqual([code, retry, type, 'Anthropic'])
  })

  test.each([[400, 'provider_bad_request'], [401, 'provider_credential'], [402, 'provider_payment'], [403, 'provider_credential'], [404, 'provider_model_missing'], [408, 'provider_timeout'],
    [413, 'provider_too_large'], [429, 'provider_rate_limited'], [500, 'provider_error'], [502, 'provider_error'], [503, 'provider_overloaded'], [504, 'provider_timeout'], [529, 'provider_overloaded']] as const)('%d without a body in its words is %s', (status, code) => {
    expect(readFault(status, new Headers(), '<html>Bad gateway</html>', endpointOf()).code).toBe(code)
  })

  test('says how long to wait, for limits and overload only: successful replies carry the header too', () => {
    const wait = new Headers({ 'retry-after': '12' })
    expect(readFault(429, wait, body('rate_limit_error', 'x'), endpointOf()).options.retryAfterMs).toBe(12_000)
    expect(readFault(529, wait, body('overloaded_error', 'x'), endpointOf()).options.retryAfterMs).toBe(12_000)
    expect(readFault(400, wait, body('invalid_request_error', 'x'), endpointOf()).options.retryAfterMs).toBeUndefined()
  })

  test('shows the provider\'s words to the client, but not about the operator\'s account', () => {
    const refused = readFault(400, new Headers(), body('invalid_request_error', 'tools.0: bad'), endpointOf())
    expect([refused.message, refused.options.raw]).toEqual(['Anthropic: tools.0: bad', body('invalid_request_error', 'tools.0: bad')])
    const broke = readFault(400, new Headers(), body('invalid_request_error', 'Your credit balance is too low'), endpointOf())
    expect([broke.message.includes('credit balance'), broke.options.raw, broke.options.detail?.includes('credit balance')]).toEqual([false, undefined, true])
  })

  test('never shows a credential', () => {
    const credential = 'not-of-a-known-shape'
    const endpoint = endpointOf('claude-sonnet-4-5', { provider: { ...endpointOf().provider, credential } })
    const fault = readFault(400, new Headers(), body('invalid_request_error', `key ${credential} or sk-ant-api03-abcdefghijkl`), endpoint)
    expect(JSON.stringify([fault.message, fault.options])).not.toMatch(/not-of-a-known-shape|abcdefghijkl/)
  })

  test('makes a known fault of anything', () => {
    fc.assert(fc.property(fc.integer({ min: 400, max: 599 }), fc.oneof(fc.string(), fc.json(), fc.jsonValue().map((error) => JSON.stringify({ type: 'error', error }))), (status, text) => {
      expect(FAULTS).toHaveProperty(readFault(status, new Headers(), text, endpointOf()).code)
    }))
  })
})
