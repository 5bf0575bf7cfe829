import { describe, expect, test } from 'bun:test'
import type { CallHeaders } from '../../core/call.ts'
import type { JsonObject } from '../../core/json.ts'
import { endpointOf } from '../../../test/wire/anthropic.ts'
import { anthropicMessages } from './anthropic-messages.ts'
import { readCall } from './call-read.ts'

const USER = { role: 'user', content: 'Hi' }

function written(more: JsonObject, headers: CallHeaders = {}, endpoint = endpointOf()) {
  const sent: JsonObject = { model: 'anthropic/claude-sonnet-4.5', max_tokens: 4_000, messages: [USER], ...more }
  const wire = anthropicMessages.writeCall(readCall(sent, { id: 'gen-1-test', createdMs: 0, headers, bodyBytes: JSON.stringify(sent).length }), endpoint)
  return { ...wire, body: JSON.parse(wire.body) as JsonObject, sent, warned: wire.warnings.map((warning) => warning.field) }
}

describe('a client of the same dialect', () => {
  test('is passed on as it is: fields that we do not know, their order and all', () => {
    const { body, sent, isNative, warned } = written({ zebra: { b: 1, a: 2 }, top_k: 5, messages: [{ role: 'user', content: [{ type: 'hologram', data: 1 }] }], tools: [{ type: 'sonar_20270101', name: 'sonar' }] })
    expect(JSON.stringify(body)).toBe(JSON.stringify({ ...sent, model: 'claude-sonnet-4-5' }))
    expect([isNative, warned]).toEqual([true, []])
  })

  test('what is ours stays here', () => {
    const ours = { provider: { sort: 'price' }, session_id: 's', trace: {}, plugins: [], route: 'fallback', preset: 'p', models: ['a/b'] }
    expect(Object.keys(written(ours).body)).toEqual(['model', 'max_tokens', 'messages'])
    expect(Object.keys(written({ fallbacks: [{ model: 'a/b' }] }).body)).toEqual(['model', 'max_tokens', 'messages'])
  })

  test('an end user is never named', () => {
    const hashed = { user_id: expect.stringMatching(/^user_[0-9a-f]{32}$/) as unknown }
    expect(written({ metadata: { user_id: 'jo@example.com' } }).body).toMatchObject({ metadata: hashed })
    expect(written({ user: 'jo@example.com' }).body).toMatchObject({ metadata: hashed })
    expect(written({ user: 'jo@example.com' }).body['user']).toBeUndefined()
  })

  test('C57: no thinking, asked of a Claude that always thinks, is as little as it can by its family\'s name, and a 400 by its own', () => {
    const fable = endpointOf('claude-fable-5')
    const off = { thinking: { type: 'disabled' } }
    expect(written({ model: '~anthropic/claude-fable-latest', ...off }, {}, fable)).toMatchObject({ body: { thinking: { type: 'adaptive' }, output_config: { effort: 'low' } }, warned: ['reasoning'] })
    expect(() => written({ model: 'anthropic/claude-fable-5', ...off }, {}, fable)).toThrow('always reasons')
    expect(written(off).body).toMatchObject(off)
  })

  test('max_tokens is all that the model gives where the client names none, and never more', () => {
    expect(written({ max_tokens: undefined }).body['max_tokens']).toBe(64_000)
    expect(written({ max_tokens: 100_000 })).toMatchObject({ body: { max_tokens: 64_000 }, warned: ['max_tokens'] })
  })

  test('tiers go in Anthropic’s words', () => {
    expect(written({ service_tier: 'standard_only' }).body['service_tier']).toBe('standard_only')
    expect(written({ service_tier: 'flex' })).toMatchObject({ warned: ['service_tier'] })
    expect(written({ speed: 'fast' }).body['speed']).toBeUndefined()
    expect(written({ speed: 'fast' }, {}, endpointOf('claude-opus-4-8', { modelId: 'anthropic/claude-opus-4.8-fast' })).body['speed']).toBe('fast')
  })
})

describe('headers', () => {
  test('the client’s version and betas, and those that its request needs', () => {
    expect(written({}).headers).toEqual({ 'content-type': 'application/json', 'anthropic-version': '2023-06-01' })
    expect(written({ context_management: { edits: [] } }, { anthropicVersion: '2026-10-21', anthropicBeta: 'interleaved-thinking-2025-05-14' }).headers).toMatchObject({
      'anthropic-version': '2026-10-21', 'anthropic-beta': 'context-management-2025-06-27,interleaved-thinking-2025-05-14',
    })
  })

  test('of a kind that the client names itself, no other is added', () => {
    expect(written({ mcp_servers: [{ type: 'url' }] }, { anthropicBeta: 'mcp-client-2025-11-20' }).headers['anthropic-beta']).toBe('mcp-client-2025-11-20')
    expect(written({ tools: [{ type: 'computer_20250124', name: 'computer' }] }).headers['anthropic-beta']).toBe('computer-use-2025-01-24')
  })

  test('a version that is none is not passed on', () => {
    expect(written({}, { anthropicVersion: '1\r\nx: y' }).headers['anthropic-version']).toBe('2023-06-01')
  })
})

describe('what another model said before', () => {
  const turn = (content: JsonObject[]): JsonObject[] => [USER, { role: 'assistant', content }, { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'call:1', content: 'r' }] }]
  const call = { type: 'tool_use', id: 'call:1', name: 'f', input: {} }

  test('goes without its sealed or unsigned reasoning, and with ids that Anthropic takes', () => {
    const { body, warned } = written({ messages: turn([{ type: 'thinking', thinking: 'Hm', signature: 'sw1:e30' }, { type: 'thinking', thinking: 'Hm', signature: '' }, { type: 'redacted_thinking', data: 'sw1:e30' }, { type: 'text', text: '' }, call]) })
    expect(body['messages']).toEqual([USER, { role: 'assistant', content: [{ ...call, id: 'call_1' }] }, { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'call_1', content: 'r' }] }])
    expect(warned).toEqual(['messages'])
  })

  test('is not thought on by a budget, which would want its thinking', () => {
    const thinking = { type: 'enabled', budget_tokens: 2_000 }
    expect(written({ thinking, messages: turn([call]) })).toMatchObject({ warned: ['thinking'] })
    expect(written({ thinking, messages: turn([{ type: 'thinking', thinking: 'Hm', signature: 'c2ln' }, call]) }).body['thinking']).toEqual(thinking)
  })

  test('Anthropic’s own thinking stays, byte for byte', () => {
    const content = [{ type: 'thinking', thinking: '', signature: 'c2ln' }, { type: 'redacted_thinking', data: 'ZGF0YQ==' }, { type: 'text', text: 'Well' }]
    const messages = [USER, { role: 'assistant', content }, USER]
    expect(written({ messages })).toMatchObject({ body: { messages }, warned: [] })
  })
})
