import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { Fault } from '../../core/fault.ts'
import type { JsonObject } from '../../core/json.ts'
import { readCall } from './call-read.ts'
import { writeCall } from './call-write.ts'
import { testCall, testEndpoint } from './fixtures.test-support.ts'

const written = (body: JsonObject, endpoint = testEndpoint({})) => {
  const wire = writeCall(testCall(body), endpoint)
  return { body: JSON.parse(wire.body) as JsonObject, warnings: wire.warnings.map((warning) => warning.field) }
}

function faultOf(body: JsonObject): Fault {
  try {
    readCall(body, { id: 'gen-1', createdMs: 0, headers: {}, bodyBytes: 10 })
  } catch (error) {
    if (error instanceof Fault) return error
    throw error
  }
  throw new Error('was accepted')
}

describe('reading a call', () => {
  const user = { role: 'user', content: 'Hi' }
  const wrong: [name: string, field: string, body: JsonObject][] = [
    ['no messages', 'messages', { model: 'a/b' }],
    ['empty messages', 'messages', { model: 'a/b', messages: [] }],
    ['messages of a wrong type', 'messages', { model: 'a/b', messages: 'hi' }],
    ['a message that is no object', 'messages[1]', { model: 'a/b', messages: [user, 7] }],
    ['an unknown role', 'messages[0].role', { model: 'a/b', messages: [{ role: 'robot', content: 'x' }] }],
    ['a user without content', 'messages[0].content', { model: 'a/b', messages: [{ role: 'user' }] }],
    ['a part of no kind', 'messages[0].content[0].type', { model: 'a/b', messages: [{ role: 'user', content: [{}] }] }],
    ['an image without URL', 'messages[0].content[0].image_url.url', { model: 'a/b', messages: [{ role: 'user', content: [{ type: 'image_url', image_url: {} }] }] }],
    ['an image by file:', 'messages[0].content[0].image_url.url', { model: 'a/b', messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'file:///etc/passwd' } }] }] }],
    ['a tool message without id', 'messages[0].tool_call_id', { model: 'a/b', messages: [{ role: 'tool', content: 'x' }] }],
    ['a call whose arguments are an object', 'messages[0].tool_calls[0].function.arguments', { model: 'a/b', messages: [{ role: 'assistant', tool_calls: [{ id: 'x', function: { name: 'f', arguments: {} } }] }] }],
    ['no model', 'model', { messages: [user] }],
    ['a model of a wrong type', 'model', { model: 7, messages: [user] }],
    ['temperature over its range', 'temperature', { model: 'a/b', messages: [user], temperature: 2.1 }],
    ['max_tokens of 0', 'max_tokens', { model: 'a/b', messages: [user], max_tokens: 0 }],
    ['five stops', 'stop', { model: 'a/b', messages: [user], stop: ['1', '2', '3', '4', '5'] }],
    ['a tool without name', 'tools[0].function.name', { model: 'a/b', messages: [user], tools: [{ type: 'function', function: {} }] }],
    ['a tool name with spaces', 'tools[0].function.name', { model: 'a/b', messages: [user], tools: [{ type: 'function', function: { name: 'get weather' } }] }],
    ['a server tool that we have not', 'tools[0].type', { model: 'a/b', messages: [user], tools: [{ type: 'openrouter:web_search' }] }],
    ['an unknown tool choice', 'tool_choice', { model: 'a/b', messages: [user], tool_choice: 'maybe' }],
    ['an unknown effort', 'reasoning.effort', { model: 'a/b', messages: [user], reasoning: { effort: 'huge' } }],
    ['effort and budget', 'reasoning', { model: 'a/b', messages: [user], reasoning: { effort: 'low', max_tokens: 5 } }],
    ['efforts that differ', 'reasoning_effort', { model: 'a/b', messages: [user], reasoning: { effort: 'low' }, reasoning_effort: 'high' }],
    ['top_logprobs alone', 'top_logprobs', { model: 'a/b', messages: [user], top_logprobs: 2 }],
    ['a response format without type', 'response_format.type', { model: 'a/b', messages: [user], response_format: {} }],
    ['a schema without name', 'response_format.json_schema.name', { model: 'a/b', messages: [user], response_format: { type: 'json_schema', json_schema: {} } }],
    ['a provider that is a string', 'provider', { model: 'a/b', messages: [user], provider: 'openai' }],
    ['an order of numbers', 'provider.order[0]', { model: 'a/b', messages: [user], provider: { order: [1] } }],
    ['a sort that is not', 'provider.sort', { model: 'a/b', messages: [user], provider: { sort: 'beauty' } }],
    ['a price below zero', 'provider.max_price.prompt', { model: 'a/b', messages: [user], provider: { max_price: { prompt: -1 } } }],
    ['metadata that is not text', 'metadata.a', { model: 'a/b', messages: [user], metadata: { a: 1 } }],
  ]
  for (const [name, field, body] of wrong) {
    test(`refuses ${name} and names the field`, () => {
      const fault = faultOf(body)
      expect(fault.status).toBe(400)
      expect(fault.message).toStartWith(`${field}: `)
    })
  }

  test('says how many pairs of metadata there are, and how many are taken', () => {
    const pairs = (count: number) => ({ model: 'a/b', messages: [user], metadata: Object.fromEntries(Array.from({ length: count }, (_, at) => [`k${at}`, 'x'])) })
    expect(faultOf(pairs(17)).message).toBe('metadata: has 17 pairs; at most 16 are taken')
    expect(() => testCall(pairs(16))).not.toThrow()
  })

  test('never repeats long content in a message', () => {
    expect(faultOf({ model: 'a/b', messages: [{ role: 'user', content: 'x' }], tool_choice: 'secret '.repeat(20) }).message).not.toContain('secret secret')
  })

  test('null counts as absent (B3), unknown fields are carried', () => {
    const call = testCall({ temperature: null, provider: null, safe_prompt: true })
    expect(call.needs.parameters).toEqual([])
    expect(call.body['safe_prompt']).toBe(true)
  })

  test('the older prompt is one user message (A3)', () => {
    expect(readCall({ model: 'a/b', prompt: 'Hi' }, { id: 'x', createdMs: 0, headers: {}, bodyBytes: 30 }).body.messages).toEqual([{ role: 'user', content: 'Hi' }])
  })

  test('model goes before models, without repeats (B41)', () => {
    expect(testCall({ model: 'a/b', models: ['c/d', 'a/b'] }).models).toEqual(['a/b', 'c/d'])
  })

  test('reads the wish to reason in all its forms (B21–B25)', () => {
    expect(testCall({ reasoning_effort: 'low' }).reasoning).toMatchObject({ enabled: true, effort: 'low', exclude: false })
    expect(testCall({ reasoning: { effort: 'none' } }).reasoning).toMatchObject({ enabled: false })
    expect(testCall({ reasoning: { max_tokens: 2000 } }).reasoning).toMatchObject({ enabled: true, maxTokens: 2000 })
    expect(testCall({ reasoning: { enabled: true } }).reasoning).toMatchObject({ enabled: true })
    expect(testCall({ include_reasoning: false }).reasoning).toMatchObject({ exclude: true })
    expect(testCall({}).reasoning).toMatchObject({ exclude: false })
    expect(testCall({}).reasoning.enabled).toBeUndefined()
    expect(testCall({ model: 'a/b:thinking' }).reasoning.enabled).toBe(true)
    expect(testCall({ model: 'a/b:thinking', reasoning: { enabled: false } }).reasoning.enabled).toBe(false)
  })

  test('media counts by itself, not by its bytes', () => {
    const image = { type: 'image_url', image_url: { url: `data:image/png;base64,${'A'.repeat(400_000)}` } }
    const call = testCall({ messages: [{ role: 'user', content: [{ type: 'text', text: 'see' }, image] }] })
    expect(call.needs.inputs).toEqual(['image'])
    expect(call.needs.promptTokensMax).toBeLessThan(5_000)
  })

  test('no JSON makes it throw anything but a Fault', () => {
    fc.assert(fc.property(fc.dictionary(fc.constantFrom('model', 'messages', 'tools', 'tool_choice', 'stop', 'reasoning', 'provider', 'response_format', 'metadata', 'max_tokens', 'models', 'logit_bias'), fc.jsonValue()), (body) => {
      try {
        readCall(body as JsonObject, { id: 'x', createdMs: 0, headers: {}, bodyBytes: 100 })
      } catch (error) {
        // Anything else is what this test is for.
        if (!(error instanceof Fault)) throw error
      }
      return true
    }), { numRuns: 500 })
  })
})

describe('writing a call to an OpenAI-compatible provider', () => {
  test('says the upstream model, asks for usage in streams, keeps what is ours to itself', () => {
    const { body } = written({ stream: true, models: ['c/d'], provider: { sort: 'price' }, session_id: 's', trace: {}, usage: { include: true }, transforms: [], user: 'jane@example.com', seed: 7, safe_prompt: true })
    expect(body).toEqual({ model: 'tiny-1', messages: [{ role: 'user', content: 'Hi' }], stream: true, stream_options: { include_usage: true }, user: expect.stringMatching(/^user_[0-9a-f]{32}$/), seed: 7, safe_prompt: true })
  })

  test('names the limit as the provider does', () => {
    expect(written({ max_tokens: 9 }).body).toMatchObject({ max_tokens: 9 })
    expect(written({ max_tokens: 9 }, testEndpoint({ quirks: ['max_completion_tokens'] })).body).toMatchObject({ max_completion_tokens: 9 })
    expect(written({ max_completion_tokens: 9 }).body).not.toHaveProperty('max_completion_tokens')
  })

  test('drops what the endpoint does not take, with a warning (B4)', () => {
    const { body, warnings } = written({ temperature: 1, top_k: 5 }, testEndpoint({ parameters: ['top_k'] }))
    expect(body).not.toHaveProperty('temperature')
    expect(body['top_k']).toBe(5)
    expect(warnings).toEqual(['temperature'])
  })

  test('an absent parameter stays absent, null too (B3)', () => {
    expect(Object.keys(written({ temperature: null }).body)).toEqual(['model', 'messages'])
  })

  test('reasoning in each provider’s words', () => {
    const wish = { reasoning: { effort: 'xhigh' } }
    expect(written(wish, testEndpoint({ parameters: ['reasoning'], reasoning: { efforts: ['low', 'high'], budget: false, mandatory: false } })).body['reasoning_effort']).toBe('high')
    expect(written(wish, testEndpoint({ quirks: ['thinking_object'] })).body['thinking']).toEqual({ type: 'enabled' })
    expect(written({ reasoning: { enabled: false } }, testEndpoint({ quirks: ['enable_thinking'] })).body['enable_thinking']).toBe(false)
    expect(written(wish, testEndpoint({ quirks: ['reasoning_object'] })).body['reasoning']).toEqual({ effort: 'xhigh' })
    expect(written(wish, testEndpoint({ parameters: [] })).warnings).toEqual(['reasoning'])
  })

  test('earlier reasoning goes back only to who takes it', () => {
    const messages: JsonObject[] = [{ role: 'user', content: 'a' }, { role: 'assistant', content: 'b', reasoning: 'why', reasoning_details: [{ type: 'reasoning.text', text: 'why', signature: 'S' }] }, { role: 'user', content: 'c' }]
    expect(written({ messages }).body['messages']).toEqual([{ role: 'user', content: 'a' }, { role: 'assistant', content: 'b' }, { role: 'user', content: 'c' }])
    expect(written({ messages }, testEndpoint({ quirks: ['reasoning_content'] })).body['messages']).toMatchObject([{}, { reasoning_content: 'why' }, {}])
    expect(written({ messages }, testEndpoint({ quirks: ['reasoning_object'] })).body['messages']).toEqual(messages)
  })

  test('who does not take it back, is warned of', () => {
    const warningsOf = (assistant: JsonObject, quirks: readonly string[] = []) => written({ messages: [{ role: 'user', content: 'a' }, { role: 'assistant', content: 'b', ...assistant }, { role: 'user', content: 'c' }] }, testEndpoint({ quirks })).warnings
    const text = { reasoning_details: [{ type: 'reasoning.text', text: 'why', signature: 'S' }] }
    const sealed = { reasoning_details: [{ type: 'reasoning.encrypted', data: 'RED', format: 'anthropic-claude-v1' }] }
    expect(warningsOf(text)).toEqual(['reasoning_details'])
    expect(warningsOf(sealed)).toEqual(['reasoning_details'])
    expect(warningsOf({ reasoning: 'why' })).toEqual(['reasoning'])
    expect(warningsOf({ images: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } }] })).toEqual(['images'])
    expect(warningsOf(text, ['reasoning_content'])).toEqual([])
    expect(warningsOf(sealed, ['reasoning_content'])).toEqual(['reasoning_details'])
    expect(warningsOf({ reasoning: 'why' }, ['mistral_thinking'])).toEqual([])
    expect(warningsOf({ reasoning: null, reasoning_details: [], images: [] })).toEqual([])
  })

  test('Mistral: any, and ids of nine signs on both sides of a call', () => {
    const messages = [{ role: 'user', content: 'a' }, { role: 'assistant', content: null, tool_calls: [{ id: 'call_long_id', type: 'function', function: { name: 'f', arguments: '{}' } }] }, { role: 'tool', tool_call_id: 'call_long_id', content: 'r' }]
    const { body } = written({ messages, tool_choice: 'required', tools: [{ type: 'function', function: { name: 'f' } }] }, testEndpoint({ quirks: ['tool_choice_any', 'mistral_tool_ids'] }))
    expect(body['tool_choice']).toBe('any')
    const [, call, result] = body['messages'] as unknown as [JsonObject, { tool_calls: { id: string }[] }, { tool_call_id: string }]
    expect(call.tool_calls[0]?.id).toMatch(/^[a-z0-9]{9}$/)
    expect(result.tool_call_id).toBe(call.tool_calls[0]?.id ?? '')
  })

  test('cache marks are taken off with a warning, or kept where they are known', () => {
    const messages = [{ role: 'user', content: [{ type: 'text', text: 'long', cache_control: { type: 'ephemeral' } }] }]
    expect(written({ messages })).toMatchObject({ body: { messages: [{ content: [{ type: 'text', text: 'long' }] }] }, warnings: ['cache_control'] })
    expect(written({ messages }, testEndpoint({ quirks: ['keeps_cache_control'] })).body['messages']).toEqual(messages)
  })

  test('empty lists of tools and calls are not sent: providers refuse them', () => {
    const { body } = written({ tools: [], tool_choice: 'auto', messages: [{ role: 'user', content: 'a' }, { role: 'assistant', content: 'b', tool_calls: [] }] })
    expect(body).toEqual({ model: 'tiny-1', messages: [{ role: 'user', content: 'a' }, { role: 'assistant', content: 'b' }] })
  })

  test('messages that need no change are not copied', () => {
    const call = testCall({ messages: [{ role: 'user', content: 'x'.repeat(10) }] })
    expect(JSON.parse(writeCall(call, testEndpoint({})).body).messages).toEqual(call.body.messages)
  })
})
