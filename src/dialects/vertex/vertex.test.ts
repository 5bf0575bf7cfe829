import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { anyBody, anyReasoning, conversation, nodeOf } from '../../../test/wire/chat-arbitraries.ts'
import { problemsOfAnthropicRequest } from '../../../test/wire/anthropic-request.ts'
import { geminiCall, geminiEndpoint } from '../../../test/wire/gemini-call.ts'
import { problemsOfGeminiRequest } from '../../../test/wire/gemini-request.ts'
import type { Endpoint, Provider } from '../../catalog/endpoint.ts'
import type { Call } from '../../core/call.ts'
import { Fault } from '../../core/fault.ts'
import type { JsonObject } from '../../core/json.ts'
import { vertex } from './vertex.ts'

function at(upstreamId: string, place: Partial<Provider> = { project: 'p', region: 'europe-west4' }, modelId = `test/${upstreamId}`): Endpoint {
  const endpoint = geminiEndpoint(upstreamId, { modelId })
  return { ...endpoint, provider: { ...endpoint.provider, slug: 'google-vertex', name: 'Google Vertex', dialect: 'vertex', auth: 'google-jwt', ...place } }
}

const GEMINI = at('gemini-3-flash-preview')
const CLAUDE = at('claude-sonnet-4-5@20250929')
const KIMI = at('moonshotai/kimi-k2-thinking-maas')
const bodyOf = (call: Call, endpoint: Endpoint): JsonObject => JSON.parse(vertex.writeCall(call, endpoint).body) as JsonObject
const pathOf = (endpoint: Endpoint, stream = false): string => vertex.writeCall(geminiCall({}, { stream }), endpoint).path

describe('paths', () => {
  const PLACE = 'projects/p/locations/europe-west4'
  test('name project, location, publisher and method', () => {
    expect(pathOf(GEMINI)).toBe(`/v1beta1/${PLACE}/publishers/google/models/gemini-3-flash-preview:generateContent`)
    expect(pathOf(GEMINI, true)).toBe(`/v1beta1/${PLACE}/publishers/google/models/gemini-3-flash-preview:streamGenerateContent?alt=sse`)
    expect(pathOf(CLAUDE)).toBe(`/v1/${PLACE}/publishers/anthropic/models/claude-sonnet-4-5%4020250929:rawPredict`)
    expect(pathOf(CLAUDE, true)).toEndWith(':streamRawPredict')
    expect(pathOf(KIMI)).toBe(`/v1/${PLACE}/endpoints/openapi/chat/completions`)
  })

  test('of models by their whole names', () => {
    expect(pathOf(at('projects/7/locations/us-central1/endpoints/42'))).toBe('/v1beta1/projects/7/locations/us-central1/endpoints/42:generateContent')
    expect(pathOf(at('google/gemini-3-flash'))).toBe(`/v1beta1/${PLACE}/publishers/google/models/gemini-3-flash:generateContent`)
    expect(pathOf(at('publishers/google/models/gemini-x'))).toBe(`/v1beta1/${PLACE}/publishers/google/models/gemini-x:generateContent`)
  })

  test('without a project: Gemini by express mode, the others not', () => {
    expect(pathOf(at('gemini-3-flash', {}))).toBe('/v1beta1/publishers/google/models/gemini-3-flash:generateContent')
    for (const other of ['claude-x', 'moonshotai/kimi']) expect(() => pathOf(at(other, {}))).toThrow(Fault)
    expect(pathOf(at('claude-x', { project: 'p' }))).toContain('/locations/global/')
  })
})

describe('Claude', () => {
  test('has its version in the body and its model in the path; betas stay a header', () => {
    const call: Call = { ...geminiCall({ max_tokens: 9 }, { stream: true }), headers: { anthropicBeta: 'context-1m-2025-08-07' } }
    expect(bodyOf(call, CLAUDE)).toMatchObject({ anthropic_version: 'vertex-2023-10-16', max_tokens: 9, stream: true })
    expect(bodyOf(call, CLAUDE)).not.toHaveProperty('model')
    expect(vertex.writeCall(call, CLAUDE).headers['anthropic-beta']).toContain('context-1m-2025-08-07')
  })

  test('what only Anthropic’s own API takes is left out, and said', () => {
    const wire = vertex.writeCall(geminiCall({ service_tier: 'auto', container: 'c' }), CLAUDE)
    expect(JSON.parse(wire.body)).not.toContainAnyKeys(['service_tier', 'container'])
    expect(wire.warnings.map((warning) => warning.field)).toEqual(expect.arrayContaining(['service_tier', 'container']))
  })

  test('is passed the request of a client that speaks its dialect, and only that', () => {
    const native = { model: 'x', max_tokens: 5, messages: [{ role: 'user', content: 'Hi' }], something_new: 1 }
    const call: Call = { ...geminiCall({ max_tokens: 5 }), dialect: 'anthropic-messages', native }
    expect(vertex.writeCall(call, CLAUDE)).toMatchObject({ isNative: true })
    expect(bodyOf(call, CLAUDE)).toMatchObject({ something_new: 1, max_tokens: 5 })
    expect(vertex.writeCall(call, GEMINI).isNative).toBeUndefined()
    const reply = { type: 'message', id: 'm', content: [{ type: 'text', text: 'Hi' }], stop_reason: 'end_turn', usage: { input_tokens: 1, output_tokens: 1 } }
    expect(vertex.readReply(call, CLAUDE, reply, false).at(-1)).toMatchObject({ type: 'raw', body: reply })
    expect(vertex.readReply(geminiCall({}), CLAUDE, reply, false).at(-1)).toMatchObject({ type: 'finish' })
  })
})

test('videos from anywhere go to Gemini, by their address', () => {
  const call = geminiCall({ messages: [{ role: 'user', content: [{ type: 'video_url', video_url: { url: 'https://a.example/clip' } }, { type: 'video_url', video_url: { url: 'https://youtu.be/x' } }] }] })
  const body = bodyOf({ ...call, needs: { ...call.needs, inputs: ['video'] } }, GEMINI)
  expect(body['contents']).toEqual([{ role: 'user', parts: [{ fileData: { fileUri: 'https://a.example/clip', mimeType: 'video/mp4' } }, { fileData: { fileUri: 'https://youtu.be/x' } }] }])
})

describe('errors are read in the shape of whoever says them', () => {
  for (const [endpoint, status, body, code] of [
    [GEMINI, 429, { error: { code: 429, message: 'Resource exhausted', status: 'RESOURCE_EXHAUSTED' } }, 'provider_rate_limited'],
    [CLAUDE, 429, [{ error: { code: 429, message: 'Quota exceeded for aiplatform.googleapis.com', status: 'RESOURCE_EXHAUSTED' } }], 'provider_rate_limited'],
    [CLAUDE, 529, { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }, 'provider_overloaded'],
    [CLAUDE, 400, { type: 'error', error: { type: 'invalid_request_error', message: 'prompt is too long: 250000 tokens' } }, 'context_length_exceeded'],
    [CLAUDE, 404, { error: { code: 404, message: 'Publisher Model was not found', status: 'NOT_FOUND' } }, 'provider_model_missing'],
    [KIMI, 401, { error: { code: 401, message: 'invalid authentication credentials', status: 'UNAUTHENTICATED' } }, 'provider_credential'],
    [KIMI, 500, 'upstream connect error', 'provider_error'],
  ] as const) {
    test(`${endpoint.upstreamId} ${status} ${code}`, () => expect(vertex.readFault(status, new Headers(), JSON.stringify(body), endpoint).code).toBe(code))
  }
})

const endpoint = fc.constantFrom(GEMINI, CLAUDE, KIMI, at('gemini-2.0-flash', {}))
const node = nodeOf(['candidates', 'content', 'parts', 'text', 'error', 'type', 'message', 'code', 'status', 'details', 'choices', 'delta', 'finish_reason', 'usage', 'stop_reason'])

describe('properties', () => {
  test('throws nothing but a Fault, whatever the call says', () => {
    fc.assert(fc.property(anyBody, endpoint, anyReasoning, fc.boolean(), (chat, target, wish, stream) => {
      try {
        expect(JSON.parse(vertex.writeCall(geminiCall(chat, { reasoning: wish, stream }), target).body)).toBeObject()
      } catch (error) {
        expect(error).toBeInstanceOf(Fault)
      }
    }), { numRuns: 300 })
  })

  test('writes what Google and Anthropic take', () => {
    fc.assert(fc.property(conversation, (messages) => {
      const tools = [{ type: 'function', function: { name: 'f' } }]
      expect(problemsOfGeminiRequest(bodyOf(geminiCall({ messages, tools }), GEMINI))).toEqual([])
      const { anthropic_version: version, ...body } = bodyOf(geminiCall({ messages, tools }), CLAUDE)
      expect(version).toBe('vertex-2023-10-16')
      expect(problemsOfAnthropicRequest({ model: 'claude-sonnet-4-5', ...body })).toEqual([])
    }), { numRuns: 200 })
  })

  test('makes a Fault of any error', () => {
    fc.assert(fc.property(fc.integer({ min: 100, max: 599 }), fc.oneof(fc.string(), node.map((one) => JSON.stringify(one))), endpoint, (status, text, target) => {
      expect(vertex.readFault(status, new Headers(), text, target)).toBeInstanceOf(Fault)
    }), { numRuns: 300 })
  })
})
