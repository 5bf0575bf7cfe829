import { describe, expect, test } from 'bun:test'
import type { Endpoint, Provider } from '../catalog/endpoint.ts'
import type { Call, DialectName } from '../core/call.ts'
import type { JsonObject } from '../core/json.ts'
import { readCall as readMessages } from '../dialects/anthropic-messages/call-read.ts'
import { anthropicMessages } from '../dialects/anthropic-messages/anthropic-messages.ts'
import { bedrockConverse } from '../dialects/bedrock-converse/bedrock-converse.ts'
import type { CallOrigin, ProviderDialect } from '../dialects/dialect.ts'
import { testCall, testEndpoint } from '../dialects/openai-chat/fixtures.test-support.ts'
import { openaiChat } from '../dialects/openai-chat/openai-chat.ts'
import { readCall as readResponses } from '../dialects/openai-responses/call-read.ts'
import { openaiResponses } from '../dialects/openai-responses/openai-responses.ts'
import { spokenFor, warningsOf } from './spoken.ts'

const DIALECTS = new Map<DialectName, ProviderDialect>([['openai-chat', openaiChat], ['openai-responses', openaiResponses], ['anthropic-messages', anthropicMessages], ['bedrock-converse', bedrockConverse]])
const ORIGIN: CallOrigin = { id: 'gen-1-test', createdMs: 1_000, headers: {}, bodyBytes: 1_000 }
const THINKS = { efforts: ['low', 'medium', 'high'] as const, budget: false, mandatory: false }

/** An endpoint in these dialects, the first its provider's main one. */
function endpointIn(dialects: readonly DialectName[], options: Parameters<typeof testEndpoint>[0] = {}, change: Partial<Provider> = {}): Endpoint {
  const base = testEndpoint(options)
  const [main, ...others] = dialects.map((dialect): Endpoint => ({ ...base, provider: { ...base.provider, dialect, ...(dialect === 'openai-chat' ? {} : { quirks: new Set() }), ...(dialect === dialects[0] ? {} : change) } }))
  if (!main) throw new Error('no dialect')
  return { ...main, alternatives: others }
}

const messages = (body: JsonObject): Call => readMessages({ model: 'acme/tiny', max_tokens: 100, messages: [{ role: 'user', content: 'Hi' }], ...body }, ORIGIN)
const responses = (body: JsonObject): Call => readResponses({ model: 'acme/tiny', input: 'Hi', ...body }, ORIGIN)
const spoken = (call: Call, endpoint: Endpoint): DialectName => spokenFor(call, endpoint, DIALECTS).endpoint.provider.dialect

const ALL = ['openai-chat', 'openai-responses', 'anthropic-messages'] as const
const TOOL = { type: 'function', function: { name: 'f', parameters: { type: 'object' } } }
const OPENAI = { quirks: ['max_completion_tokens', 'reasoning_effort', 'hides_reasoning'], upstreamId: 'gpt-5', reasoning: THINKS }

describe('the dialect of a call', () => {
  const own: readonly (readonly [DialectName, Call])[] = [['openai-chat', testCall({})], ['openai-responses', responses({})], ['anthropic-messages', messages({ metadata: { user_id: 'u' }, top_k: 3 })]]
  for (const [dialect, call] of own) {
    test(`is the client’s own where that loses nothing: ${dialect}`, () => {
      for (const main of ALL) expect(spoken(call, endpointIn([main, ...ALL.filter((other) => other !== main)]))).toBe(dialect)
    })
  }

  test('comes with the call written in it, and with the whole endpoint of that dialect', () => {
    const { endpoint, wire } = spokenFor(messages({}), endpointIn(ALL, {}, { baseUrl: 'https://acme.example/anthropic', auth: 'x-api-key' }), DIALECTS)
    expect(wire?.path).toBe('/v1/messages')
    expect(endpoint.provider).toMatchObject({ baseUrl: 'https://acme.example/anthropic', auth: 'x-api-key' })
  })

  test('is the main one where the client’s is not spoken and nothing is lost', () => {
    expect(spoken(messages({}), endpointIn(['openai-chat', 'openai-responses']))).toBe('openai-chat')
    expect(spoken(messages({}), endpointIn(['openai-responses', 'openai-chat']))).toBe('openai-responses')
  })

  test('of a provider that has one is that one, and nothing is written to find it', () => {
    const endpoint = testEndpoint({})
    expect(spokenFor(testCall({}), endpoint, DIALECTS)).toEqual({ endpoint })
  })

  test('is another than the client’s where that one has fewer warnings', () => {
    expect(spoken(testCall({ tools: [TOOL], reasoning: { effort: 'high' } }), endpointIn(['openai-chat', 'openai-responses'], OPENAI))).toBe('openai-responses')
    // `seed` is lost in Responses, to see the thoughts in chat: of equals the client's own goes first.
    expect(spoken(testCall({ seed: 1, reasoning: { effort: 'high' } }), endpointIn(['openai-chat', 'openai-responses'], OPENAI))).toBe('openai-chat')
  })

  test('is one that can say the call at all', () => {
    const image = testCall({ messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'https://a.example/b.png' } }] }] })
    expect(spoken(image, endpointIn(['bedrock-converse', 'anthropic-messages'], { upstreamId: 'claude-sonnet-4-5' }))).toBe('anthropic-messages')
    expect(spokenFor(image, endpointIn(['bedrock-converse', 'bedrock-converse']), DIALECTS).wire).toBeUndefined()
  })

  test('that does not heed a field is not taken for a call that has it', () => {
    const lacking = endpointIn(['openai-chat', 'anthropic-messages'], { parameters: ['max_tokens', 'top_k'] }, { lacks: new Set(['top_k', 'image']) })
    expect(spoken(messages({}), lacking)).toBe('anthropic-messages')
    expect(spoken(messages({ top_k: 3 }), lacking)).toBe('openai-chat')
    const image = { messages: [{ role: 'user', content: [{ type: 'image', source: { type: 'url', url: 'https://a.example/b.png' } }] }] }
    expect(spoken(messages(image), lacking)).toBe('openai-chat')
  })
})

describe('OpenAI’s two', () => {
  const openai = (upstreamId: string) => endpointIn(['openai-chat', 'openai-responses'], { ...OPENAI, upstreamId })

  test('to see what the model thinks, Responses; for a better answer alone, chat', () => {
    expect(spoken(testCall({ reasoning: { effort: 'high' } }), openai('gpt-5'))).toBe('openai-responses')
    expect(spoken(testCall({ reasoning: { effort: 'high', exclude: true } }), openai('gpt-5'))).toBe('openai-chat')
    expect(spoken(testCall({ reasoning_effort: 'high' }), openai('gpt-5'))).toBe('openai-chat')
    expect(spoken(messages({ max_tokens: 4000, thinking: { type: 'enabled', budget_tokens: 2000 } }), openai('gpt-5'))).toBe('openai-responses')
  })

  const tools: readonly (readonly [model: string, body: JsonObject, dialect: DialectName])[] = [
    ['gpt-5', { reasoning_effort: 'high' }, 'openai-chat'], ['gpt-5.4', {}, 'openai-chat'], ['gpt-5.4', { reasoning_effort: 'high' }, 'openai-responses'],
    ['gpt-5.5', {}, 'openai-responses'], ['gpt-5.5', { reasoning_effort: 'none' }, 'openai-chat'], ['gpt-6', {}, 'openai-responses'], ['gpt-5.4-chat-latest', { reasoning_effort: 'high' }, 'openai-chat'],
  ]
  for (const [model, body, dialect] of tools) {
    test(`tools and ${JSON.stringify(body)} to ${model}: ${dialect}`, () => expect(spoken(testCall({ tools: [TOOL], ...body }), openai(model))).toBe(dialect))
  }

  test('by chat alone, tools go before reasoning, and the client is told', () => {
    const endpoint = testEndpoint({ ...OPENAI, upstreamId: 'gpt-5.5' })
    const { body, warnings } = openaiChat.writeCall(testCall({ tools: [TOOL] }), endpoint)
    expect(JSON.parse(body)).toMatchObject({ reasoning_effort: 'none' })
    expect(warnings).toEqual([{ field: 'reasoning', why: expect.stringContaining('Responses dialect only') }])
  })
})

describe('a conversation', () => {
  const turn = (count: number): JsonObject[] => Array.from({ length: count }, () => [
    { role: 'assistant', content: 'x', reasoning_details: [{ type: 'reasoning.text', text: 't', signature: 's', format: 'google-gemini-v1' }] }, { role: 'user', content: 'go on' },
  ]).flat()

  test('stays on its dialect however long it grows', () => {
    const endpoint = endpointIn(ALL, OPENAI)
    const at = (count: number) => spoken(testCall({ reasoning: { effort: 'high' }, seed: 1, messages: [{ role: 'user', content: 'Hi' }, ...turn(count)] }), endpoint)
    expect(new Set([1, 2, 5, 20].map(at)).size).toBe(1)
  })

  test('that holds what OpenAI encrypted goes where it can be read', () => {
    const details = [{ type: 'reasoning.encrypted', data: 'gAAA', format: 'openai-responses-v1', id: 'rs_1', index: 0 }]
    const call = testCall({ messages: [{ role: 'user', content: 'Hi' }, { role: 'assistant', content: 'x', reasoning_details: details }, { role: 'user', content: 'go on' }] })
    const { endpoint, wire } = spokenFor(call, endpointIn(['openai-chat', 'openai-responses'], OPENAI), DIALECTS)
    expect(endpoint.provider.dialect).toBe('openai-responses')
    expect(wire?.body).toContain('gAAA')
  })
})

describe('warnings', () => {
  test('are of what the client’s own request says that the chat shape cannot, unless it is carried', () => {
    const call = responses({ truncation: 'auto' })
    const [chat, same] = ['openai-chat' as const, 'openai-responses' as const].map((dialect) => endpointIn([dialect]))
    if (!chat || !same) throw new Error('two endpoints')
    expect(warningsOf(call, chat.provider, openaiChat.writeCall(call, chat))).toMatchObject([{ field: 'truncation' }])
    expect(warningsOf(call, same.provider, openaiResponses.writeCall(call, same))).toEqual([])
    expect(warningsOf(call, { ...same.provider, lacks: new Set(['truncation', 'user']) }, openaiResponses.writeCall(call, same))).toEqual([{ field: 'truncation', why: 'Acme does not heed it in openai-responses' }])
  })
})
