import { describe, expect, test } from 'bun:test'
import type { Endpoint, Provider, Snapshot } from './endpoint.ts'
import { parseOperatorFile } from './operator.ts'
import { buildSnapshot } from './snapshot.ts'

function snapshotOf(yaml: string, env: Readonly<Record<string, string>> = {}): Snapshot {
  const read = parseOperatorFile(yaml, { file: 'switchyard.yaml', env, isBuiltIn: (slug) => ['openai', 'deepseek', 'azure'].includes(slug) })
  if (!read.ok) throw new Error(read.errors.map(({ message }) => message).join('\n'))
  return buildSnapshot({ env, version: 1, operator: read.file })
}

function endpointOf(snapshot: Snapshot, id: string): Endpoint {
  const found = snapshot.models.get(id.slice(0, id.lastIndexOf('@')))?.endpoints.find((endpoint) => endpoint.id === id)
  if (!found) throw new Error(`no ${id}`)
  return found
}

const dialectsOf = (endpoint: Endpoint) => [endpoint, ...(endpoint.alternatives ?? [])].map(({ provider }) => provider.dialect)
const acme = (dialects: string, more = '') => snapshotOf(`providers: { acme: { base_url: "https://api.acme.example/v1", api_key: k, ${more} dialects: ${dialects}, models: [{ id: acme/tiny, upstream_id: tiny-1 }, { id: acme/audio, upstream_id: acme-audio }] } }`)
const other = (snapshot: Snapshot, at = 0): Provider => {
  const found = endpointOf(snapshot, 'acme/tiny@acme').alternatives?.[at]?.provider
  if (!found) throw new Error('no alternative')
  return found
}

describe('the catalogue’s dialects', () => {
  const keys = { OPENAI_API_KEY: 'k', DEEPSEEK_API_KEY: 'd', AZURE_API_KEY: 'a', AZURE_RESOURCE_NAME: 'mine' }
  const plain = snapshotOf('{}', keys)

  test('stand beside the main one, each with its address and its way of showing the credential', () => {
    const [messages] = endpointOf(plain, 'deepseek/deepseek-v4-pro@deepseek').alternatives ?? []
    expect(messages).toMatchObject({ id: 'deepseek/deepseek-v4-pro@deepseek', upstreamId: 'deepseek-v4-pro', provider: { dialect: 'anthropic-messages', baseUrl: 'https://api.deepseek.com/anthropic', auth: 'x-api-key', credential: 'd' } })
    expect(messages?.provider.quirks.size).toBe(0)
    const [responses] = endpointOf(plain, 'openai/gpt-5@azure').alternatives ?? []
    expect(responses?.provider).toMatchObject({ dialect: 'openai-responses', baseUrl: 'https://mine.openai.azure.com/openai/v1', auth: 'api-key' })
  })

  test('are of the models that both serve; a model that one alone serves has no other', () => {
    expect(dialectsOf(endpointOf(plain, 'openai/gpt-5@openai'))).toEqual(['openai-chat', 'openai-responses'])
    expect(dialectsOf(endpointOf(plain, 'openai/gpt-5-pro@openai'))).toEqual(['openai-responses'])
    expect(dialectsOf(endpointOf(plain, 'openai/gpt-3.5-turbo@openai'))).toEqual(['openai-chat'])
    expect(dialectsOf(endpointOf(plain, 'deepseek/deepseek-v3.2@azure'))).toEqual(['openai-chat'])
  })

  test('each take what they take of a model’s parameters', () => {
    const [chat, responses] = [endpointOf(plain, 'openai/gpt-4o@openai'), endpointOf(plain, 'openai/gpt-4o@openai').alternatives?.[0]]
    expect([chat.parameters?.has('seed'), responses?.parameters?.has('seed')]).toEqual([true, false])
  })

  test('are not spoken at an address of the operator’s, but those that are named; nothing goes past it', () => {
    const moved = snapshotOf('providers: { deepseek: { base_url: "http://127.0.0.1:9/v1", api_key: k } }')
    expect(dialectsOf(endpointOf(moved, 'deepseek/deepseek-v4-pro@deepseek'))).toEqual(['openai-chat'])
    const named = endpointOf(snapshotOf('providers: { deepseek: { base_url: "http://127.0.0.1:9/v1", api_key: k, dialects: { anthropic-messages: {} } } }'), 'deepseek/deepseek-v4-pro@deepseek')
    expect(named.alternatives?.[0]?.provider.baseUrl).toBe('http://127.0.0.1:9')
  })

  test('are turned off by name, and not turned on without a credential', () => {
    expect(dialectsOf(endpointOf(snapshotOf('providers: { openai: { dialects: { openai-responses: { enabled: false } } } }', keys), 'openai/gpt-5@openai'))).toEqual(['openai-chat'])
    expect(endpointOf(snapshotOf('{}'), 'openai/gpt-5@openai').provider.notReady).toContain('no credential')
  })
})

describe('an operator’s dialects', () => {
  test('are at the same address with the dialect’s own path and auth, unless said', () => {
    expect(other(acme('{ openai-responses: {}, anthropic-messages: }'))).toMatchObject({ dialect: 'openai-responses', baseUrl: 'https://api.acme.example/v1', auth: 'bearer', credential: 'k' })
    expect(other(acme('{ openai-responses: {}, anthropic-messages: }'), 1)).toMatchObject({ dialect: 'anthropic-messages', baseUrl: 'https://api.acme.example', auth: 'x-api-key' })
    expect(other(acme('{ anthropic-messages: { base_url: "https://acme.example/anthropic", auth: bearer, quirks: [no_links], lacks: [top_k, image] } }'))).toMatchObject({
      baseUrl: 'https://acme.example/anthropic', auth: 'bearer', quirks: new Set(['no_links']), lacks: new Set(['top_k', 'image']),
    })
  })

  test('have no quirks of the main one', () => {
    expect(other(acme('{ openai-responses: {} }', 'quirks: [no_seed],')).quirks.size).toBe(0)
  })

  for (const [models, tiny, audio] of [['["*"]', true, true], ['["*", "!*audio"]', true, false], ['["tiny-*"]', true, false], ['["t*1", "acme-audio"]', true, true], ['["tiny", "*-audi", "a*a*b"]', false, false]] as const) {
    test(`models: ${models}`, () => {
      const snapshot = acme(`{ openai-responses: { models: ${models} } }`)
      expect([endpointOf(snapshot, 'acme/tiny@acme').alternatives !== undefined, endpointOf(snapshot, 'acme/audio@acme').alternatives !== undefined]).toEqual([tiny, audio])
    })
  }

  test('follow what the operator says of a model everywhere', () => {
    const snapshot = snapshotOf('providers: { acme: { base_url: "https://a.example/v1", api_key: k, dialects: { openai-responses: {} }, models: [{ id: acme/tiny, upstream_id: tiny-1 }] } }\nmodels: { acme/tiny: { max_output: 77 } }')
    expect(endpointOf(snapshot, 'acme/tiny@acme').alternatives?.[0]?.outputMax).toBe(77)
  })

  for (const [dialects, message] of [['{ klingon: {} }', /is no dialect: known are openai-chat/], ['{ mistral: {} }', /is no dialect/], ['{ gemini: { url: "https://a" } }', /unknown key/], ['{ gemini: { base_url: "ftp://a" } }', /must be an http/], ['[gemini]', /must be a map/]] as const) {
    test(`${dialects} is wrong`, () => expect(() => acme(dialects)).toThrow(message))
  }
})
