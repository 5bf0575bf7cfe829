import { describe, expect, test } from 'bun:test'
import type { Endpoint } from '../../catalog/endpoint.ts'
import type { CallHeaders } from '../../core/call.ts'
import { asObject, type Json, type JsonObject } from '../../core/json.ts'
import { callOf, endpointOf } from '../../../test/wire/anthropic.ts'
import { assistant, call, faultOf, HELLO, MARK, OPUS_46, result, text, tool, user, write } from '../../../test/wire/anthropic-written.ts'
import { anthropicMessages } from './anthropic-messages.ts'

describe('a request', () => {
  test('has the version header, the provider\'s model, the stream choice, and no credential', () => {
    const { body, headers } = write({ stream: true })
    expect(headers).toEqual({ 'content-type': 'application/json', 'anthropic-version': '2023-06-01' })
    expect(body).toEqual({ model: 'claude-sonnet-4-5', max_tokens: 64_000, stream: true, messages: [{ role: 'user', content: [text('Hello')] }] })
  })

  test('is the same bytes for the same call, and keeps the client\'s order of tools and of their keys', () => {
    const chat = { ...HELLO, tools: [tool('b'), tool('a', {}, { parameters: { type: 'object', properties: { z: {}, a: {} } } })] }
    const [first, second] = [1, 2].map(() => anthropicMessages.writeCall(callOf(chat), endpointOf()).body)
    expect(first).toBe(second as string)
    expect(first).toContain('{"z":{},"a":{}}')
    expect(first?.indexOf('"name":"b"')).toBeLessThan(first?.indexOf('"name":"a"') ?? 0)
  })

  test('leaves the client\'s body as it was', () => {
    const chat = { ...HELLO, messages: [user([text('a', MARK)]), assistant('', { tool_calls: [call('x')] }), result('x', [text('r', MARK)])], tools: [tool('f', MARK)], cache_control: { type: 'ephemeral' } }
    const before = structuredClone(chat)
    write(chat)
    expect(chat).toEqual(before)
  })
})

describe('max_tokens', () => {
  test('is the client\'s, under either name', () => {
    expect(write({ max_tokens: 5 }).body['max_tokens']).toBe(5)
    expect(write({ max_completion_tokens: 6 }).body['max_tokens']).toBe(6)
  })

  test('is all that the model gives when the client names none: no low default', () => {
    expect(write({}, endpointOf('claude-haiku-4-5', { outputMax: undefined })).body['max_tokens']).toBe(64_000)
    expect(write({}, endpointOf('acme-1', { outputMax: undefined, contextMax: 100_000 })).body['max_tokens']).toBeGreaterThan(99_000)
  })

  test('over the model\'s limit is lowered, with a warning', () => {
    expect(write({ max_tokens: 100_000 })).toMatchObject({ body: { max_tokens: 64_000 }, warned: ['max_tokens'] })
  })
})

describe('cache marks', () => {
  test('over four: the oldest go, with a warning', () => {
    const { body, messages, warned } = write({ tools: [tool('f', MARK)], messages: [{ role: 'system', content: [text('s', MARK)] }, user([text('1', MARK), text('2', MARK)]), assistant('3'), user([text('4', MARK), text('5', { cache_control: { type: 'ephemeral', ttl: '1h' } })])] })
    expect(asObject((body['tools'] as Json[])[0])?.['cache_control']).toBeUndefined()
    expect(body['system']).toEqual([text('s')])
    expect(messages[0]?.content).toEqual([text('1', MARK), text('2', MARK)])
    expect(messages[2]?.content[1]).toEqual(text('5', { cache_control: { type: 'ephemeral', ttl: '1h' } }))
    expect(warned).toEqual(['cache_control'])
  })

  test('on the request itself is Anthropic\'s own to place, and counts as one', () => {
    const { body, messages } = write({ cache_control: { type: 'ephemeral' }, messages: [user(['1', '2', '3', '4'].map((one) => text(one, MARK)))] })
    expect(body['cache_control']).toEqual({ type: 'ephemeral' })
    expect(messages[0]?.content.map((block) => block['cache_control'] !== undefined)).toEqual([false, true, true, true])
  })

  test('that are none are left out with a warning', () => expect(write({ messages: [user([text('a', { cache_control: { type: 'forever' } })])] }).warned).toEqual(['cache_control']))
})

describe('tools', () => {
  const toolsOf = (chat: JsonObject, endpoint?: Endpoint, headers?: CallHeaders): readonly JsonObject[] => write(chat, endpoint, headers).body['tools'] as JsonObject[]

  test('have name, description and the schema of an object', () => {
    expect(toolsOf({ tools: [tool('f', {}, { description: 'does', parameters: undefined }), tool('g', {}, { parameters: { properties: { a: {} } } })] })).toEqual([
      { name: 'f', description: 'does', input_schema: { type: 'object', properties: {} } }, { name: 'g', input_schema: { type: 'object', properties: { a: {} } } },
    ])
  })

  test('stream their arguments eagerly when the call streams (B73)', () => {
    expect(toolsOf({ tools: [tool('f')], stream: true })[0]?.['eager_input_streaming']).toBe(true)
    expect(toolsOf({ tools: [tool('f', { eager_input_streaming: false })], stream: true })[0]?.['eager_input_streaming']).toBe(false)
    expect(toolsOf({ tools: [tool('f')] })[0]).not.toHaveProperty('eager_input_streaming')
  })

  test('are strict only with the beta header (B19)', () => {
    const chat = { tools: [tool('f', {}, { strict: true })] }
    expect(write(chat)).toMatchObject({ warned: ['tools.function.strict'] })
    expect(toolsOf(chat)[0]).not.toHaveProperty('strict')
    const { body, headers } = write(chat, endpointOf(), { anthropicBeta: 'structured-outputs-2025-11-13' })
    expect((body['tools'] as JsonObject[])[0]?.['strict']).toBe(true)
    expect(headers['anthropic-beta']).toBe('structured-outputs-2025-11-13')
  })

  test('in Anthropic\'s own words go as they came, with the beta they need', () => {
    const own = [{ type: 'web_search_20250305', name: 'web_search', max_uses: 2 }, { type: 'memory_20250818', name: 'memory' }, { name: 'mine', input_schema: { type: 'object' } }]
    const { body, headers } = write({ tools: own })
    expect(body['tools']).toEqual(own)
    expect(headers['anthropic-beta']).toBe('context-management-2025-06-27')
  })

  test('custom ones of chat too, whose words are not Anthropic’s', () => {
    const said = write({ tools: [{ type: 'custom', custom: { name: 'c' } }, { type: 'custom', name: 'd', input_schema: { type: 'object' } }] })
    expect(said.body['tools']).toEqual([{ type: 'custom', name: 'd', input_schema: { type: 'object' } }])
    expect(said.warned).toEqual(['tools'])
  })

  test('of unknown types are left out with a warning', () => {
    const { body, warned } = write({ tools: [{ type: 'made_up' }], tool_choice: 'required' })
    expect([body['tools'], body['tool_choice'], warned]).toEqual([undefined, undefined, ['tools', 'tool_choice']])
  })

  test.each([
    ['auto', { type: 'auto' }], ['none', { type: 'none' }], ['required', { type: 'any' }], [{ type: 'function', function: { name: 'f' } }, { type: 'tool', name: 'f' }],
    [{ type: 'tool', name: 'f' }, { type: 'tool', name: 'f' }], [undefined, undefined],
  ] as const)('choice %j is %j', (choice, written) => {
    expect(write({ tools: [tool('f')], tool_choice: choice as Json }).body['tool_choice']).toEqual(written as JsonObject)
  })

  test('choice of allowed_tools offers only these', () => {
    const { body } = write({ tools: [tool('f'), tool('g')], tool_choice: { type: 'allowed_tools', allowed_tools: { mode: 'required', tools: [{ type: 'function', function: { name: 'g' } }] } } })
    expect(body).toMatchObject({ tools: [{ name: 'g' }], tool_choice: { type: 'any' } })
  })

  test('not in parallel is said with the choice, but for none', () => {
    const chat = { tools: [tool('f')], parallel_tool_calls: false }
    expect(write(chat).body['tool_choice']).toEqual({ type: 'auto', disable_parallel_tool_use: true })
    expect(write({ ...chat, tool_choice: 'required' }).body['tool_choice']).toEqual({ type: 'any', disable_parallel_tool_use: true })
    expect(write({ ...chat, tool_choice: 'none' }).body['tool_choice']).toEqual({ type: 'none' })
  })

  test('are not forced while thinking by a budget; adaptive thinking takes it', () => {
    const chat = { tools: [tool('f')], tool_choice: { type: 'function', function: { name: 'f' } }, reasoning: { effort: 'high' } }
    expect(write(chat)).toMatchObject({ body: { tool_choice: { type: 'auto' } }, warned: ['tool_choice'] })
    expect(write(chat, OPUS_46)).toMatchObject({ body: { tool_choice: { type: 'tool', name: 'f' } }, warned: [] })
  })
})

describe('response_format', () => {
  const format = { type: 'json_schema', json_schema: { name: 'a', strict: true, schema: { type: 'object', properties: { n: { type: 'integer', minimum: 1, description: 'Count' }, list: { type: 'array', items: { oneOf: [{ type: 'string', maxLength: 3 }] } } }, required: ['n'] } } }

  test('json_schema is output_config.format with its beta (B16), keywords that are refused said in descriptions', () => {
    const { body, headers, warned } = write({ response_format: format })
    expect(body['output_config']).toEqual({ format: { type: 'json_schema', schema: {
      type: 'object', required: ['n'], additionalProperties: false,
      properties: { n: { type: 'integer', description: 'Count {minimum: 1}' }, list: { type: 'array', items: { anyOf: [{ type: 'string', description: '{maxLength: 3}' }] } } },
    } } })
    expect([headers['anthropic-beta'], warned]).toEqual(['structured-outputs-2025-11-13', ['response_format']])
  })

  test('json_schema for older models, and json_object, are asked for in the system prompt, with a warning', () => {
    const older = write({ response_format: format, messages: [{ role: 'system', content: 'S' }, user('q')] }, endpointOf('claude-sonnet-4-20250514'))
    expect(older.body['system']).toMatchObject([text('S'), { text: expect.stringContaining('"minimum":1') }])
    expect(older.warned).toEqual(['response_format'])
    expect(write({ response_format: { type: 'json_object' } })).toMatchObject({ body: { system: [{ type: 'text' }] }, warned: ['response_format'] })
  })

  test('text is nothing, and a schema nested without end a fault', () => {
    expect(write({ response_format: { type: 'text' } }).body).not.toHaveProperty('system')
    let schema: JsonObject = { type: 'object' }
    for (let depth = 0; depth < 500; depth++) schema = { type: 'object', properties: { a: schema } }
    expect(faultOf({ response_format: { type: 'json_schema', json_schema: { name: 'a', schema } } }).code).toBe('invalid_request')
  })
})

describe('parameters', () => {
  test('that Anthropic has go under its names', () => {
    expect(write({ temperature: 0.5, top_k: 3, stop: ['END', ' '], user: 'ann@example.org' })).toMatchObject({ body: { temperature: 0.5, top_k: 3, stop_sequences: ['END'] }, warned: ['stop'] })
    expect(write({ stop: 'END' }).body['stop_sequences']).toEqual(['END'])
    expect(write({ temperature: 1.7 })).toMatchObject({ body: { temperature: 1 }, warned: ['temperature'] })
    expect(write({ top_k: 0 }).body).not.toHaveProperty('top_k')
  })

  test('never show who the user is (B37), and the same user is the same', () => {
    const [a, b, c] = ['ann@example.org', 'ann@example.org', 'bob'].map((name) => asObject(write({ user: name }).body['metadata'])?.['user_id'])
    expect([a === b, a === c, String(a).includes('ann')]).toEqual([true, false, false])
  })

  test('temperature and top_p together: newer models take one, with a warning', () => {
    expect(write({ temperature: 0.5, top_p: 0.9 })).toMatchObject({ body: { temperature: 0.5 }, warned: ['top_p'] })
    expect(write({ temperature: 0.5, top_p: 0.9 }, endpointOf('claude-3-5-haiku', { outputMax: 8192 }))).toMatchObject({ body: { temperature: 0.5, top_p: 0.9 }, warned: [] })
  })

  test('that Anthropic cannot be told are warnings, unless they ask for nothing', () => {
    expect(write({ frequency_penalty: 0.5, seed: 7, logit_bias: { 5: 1 }, logprobs: true, n: 2, min_p: 0.1, made_up: 1 }).warned).toEqual(['frequency_penalty', 'seed', 'logit_bias', 'logprobs', 'n', 'min_p', 'made_up'])
    expect(write({ frequency_penalty: 0, n: 1, logprobs: false, seed: null, provider: { sort: 'price' }, usage: { include: true }, session_id: 's', metadata: { a: 'b' } }).warned).toEqual([])
  })

  test('of Anthropic\'s own are carried, with the betas they need', () => {
    const { body, headers } = write({ context_management: { edits: [{ type: 'compact_20260112' }] }, mcp_servers: [{ type: 'url', url: 'https://a', name: 'a' }], container: { skills: [] } })
    expect(Object.keys(body)).toEqual(expect.arrayContaining(['context_management', 'mcp_servers', 'container']))
    expect(headers['anthropic-beta']?.split(',')).toEqual(['context-management-2025-06-27', 'compact-2026-01-12', 'mcp-client-2025-04-04', 'code-execution-2025-08-25', 'skills-2025-10-02', 'files-api-2025-04-14'])
  })

  test('service_tier is said where Anthropic has the tier; fast only where it is priced as such', () => {
    expect(write({ service_tier: 'default' }).body['service_tier']).toBe('standard_only')
    expect(write({ service_tier: 'flex' }).warned).toEqual(['service_tier'])
    expect(write({ speed: 'fast' }).body).not.toHaveProperty('speed')
    expect(write({}, endpointOf('claude-opus-4-6', { modelId: 'anthropic/claude-opus-4.6-fast' }))).toMatchObject({ body: { speed: 'fast' }, headers: { 'anthropic-beta': 'fast-mode-2026-02-01' } })
  })

  test('the client\'s betas are passed on, and nothing that is no beta', () => {
    expect(write({}, endpointOf(), { anthropicBeta: 'interleaved-thinking-2025-05-14, x\r\ny: z,structured-outputs-2025-11-13' }).headers['anthropic-beta']).toBe('interleaved-thinking-2025-05-14,structured-outputs-2025-11-13')
  })
})
