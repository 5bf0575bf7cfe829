import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { asObject, parseObject, type JsonObject } from '../src/core/json.ts'
import { cli } from './cli.ts'
import { startGateway, type Gateway } from './server.ts'

setDefaultTimeout(60_000)

/** A provider that fails until it is told otherwise, and remembers what it was asked. */
interface Provider { readonly url: string; isDown: boolean; asked: JsonObject[]; stop(): void }

function startProvider(): Provider {
  const provider: Provider = { url: '', isDown: false, asked: [], stop: () => undefined }
  const server = Bun.serve({ port: 0, hostname: '127.0.0.1', async fetch(request) {
    provider.asked.push(parseObject(await request.text()) ?? {})
    if (provider.isDown) return Response.json({ error: { message: 'down' } }, { status: 500 })
    if (new URL(request.url).pathname.endsWith('/embeddings')) return Response.json({ object: 'list', model: 'm', data: [{ object: 'embedding', index: 0, embedding: [1, 2] }], usage: { prompt_tokens: 5, total_tokens: 5 } })
    return Response.json({ id: 'x', object: 'chat.completion', created: 1, model: 'm', choices: [{ index: 0, message: { role: 'assistant', content: 'Hello' }, finish_reason: 'stop' }], usage: { prompt_tokens: 1000, completion_tokens: 100, total_tokens: 1100 } })
  } })
  return Object.assign(provider, { url: `http://127.0.0.1:${server.port}/v1`, stop: () => void server.stop(true) })
}

let cheap: Provider
let dear: Provider
let gateway: Gateway

beforeAll(async () => {
  cheap = startProvider()
  dear = startProvider()
  const models = (usd: string): string => ['acme/m', 'acme/n', 'acme/m:extended', 'acme/m:thinking', 'acme/vectors'].map((id) => `{ id: "${id}", upstream_id: "up-${id.replace(/[/:]/g, '-')}", context: 10000, max_output: 1000, price: { input: "${usd}", output: "${usd}" }${id.endsWith('vectors') ? ', outputs: [embeddings]' : ''} }`).join(', ')
  gateway = await startGateway({ config: `
providers:
  cheap: { base_url: "${cheap.url}", api_key: k, models: [${models('1')}] }
  dear: { base_url: "${dear.url}", api_key: k, models: [${models('5')}] }
models:
  acme/n: { distillable: true }
` })
})
afterAll(async () => {
  cheap.stop()
  dear.stop()
  await gateway.stop()
})

async function ask(path: string, body: JsonObject): Promise<JsonObject> {
  const response = await gateway.api(path, body, { headers: { 'X-OpenRouter-Metadata': 'enabled' } })
  return { ...parseObject(await response.text()), http: response.status }
}

async function recordOf(id: unknown): Promise<JsonObject> {
  for (;;) {
    const response = await gateway.api(`/generation?id=${String(id)}`)
    if (response.ok) return asObject(parseObject(await response.text())?.['data']) ?? {}
    await Bun.sleep(20)
  }
}

const MESSAGES = [{ role: 'user', content: 'Hi' }]
const APIS: readonly (readonly [string, JsonObject])[] = [
  ['/chat/completions', { model: 'acme/m', messages: MESSAGES }], ['/completions', { model: 'acme/m', prompt: 'Hi' }], ['/responses', { model: 'acme/m', input: 'Hi' }],
  ['/messages', { model: 'acme/m', max_tokens: 100, messages: MESSAGES }], ['/embeddings', { model: 'acme/vectors', input: 'Hi' }],
]
const servedBy = (answer: JsonObject): unknown => asObject(answer['openrouter_metadata'])?.['summary']

describe('C1: the provider object', () => {
  test.each(APIS)('on %s', async (path, body) => {
    for (const name of ['cheap', 'dear']) expect(servedBy(await ask(path, { ...body, provider: { only: [name] } }))).toBe(`available=1, selected=${name}`)
  })

  test.each(APIS)('on %s every field may be null, and the object too', async (path, body) => {
    const fields = ['order', 'only', 'ignore', 'allow_fallbacks', 'require_parameters', 'data_collection', 'zdr', 'quantizations', 'sort', 'preferred_min_throughput', 'preferred_max_latency', 'max_price']
    expect((await ask(path, { ...body, provider: Object.fromEntries(fields.map((field) => [field, null])) }))['http']).toBe(200)
    expect((await ask(path, { ...body, provider: null }))['http']).toBe(200)
  })

  test.each(APIS)('on %s a wrong one is named', async (path, body) => {
    const refused = await ask(path, { ...body, provider: { sort: 'beauty' } })
    expect([refused['http'], JSON.stringify(refused)]).toEqual([400, expect.stringContaining('provider.sort')])
  })
})

test('C9: of models, those that the operator says may be distilled; not known is no, and says whom to ask', async () => {
  const wished = (model: string, wish: boolean) => gateway.api('/chat/completions', { model, messages: MESSAGES, provider: { enforce_distillable_text: wish } })
  expect((await wished('acme/m', false)).status).toBe(200)
  expect((await wished('acme/n', true)).status).toBe(200)
  const refused = await wished('acme/m', true)
  expect([refused.status, await refused.text()]).toEqual([404, expect.stringContaining('models.<id>.distillable')])
})

describe('C24: a provider that fails', () => {
  test('leaves the call to the next one before the client has anything; only that one is paid, both are told', async () => {
    cheap.isDown = true
    for (const stream of [false, true]) {
      const before = [cheap.asked.length, dear.asked.length]
      const response = await gateway.api('/chat/completions', { model: 'acme/m', messages: MESSAGES, stream, provider: { order: ['cheap', 'dear'] } }, { headers: { 'X-OpenRouter-Metadata': 'enabled' } })
      const text = await response.text()
      expect([response.status, cheap.asked.length - (before[0] ?? 0), dear.asked.length - (before[1] ?? 0)]).toEqual([200, 1, 1])
      expect(text).toContain('"attempts":[{"provider":"cheap","model":"acme/m","status":502')
      const record = await recordOf(response.headers.get('x-generation-id'))
      expect(record).toMatchObject({ provider_name: 'dear', total_cost: 0.0055, provider_responses: [{ provider_name: 'cheap', status: 502 }, { provider_name: 'dear', status: 200 }] })
    }
    cheap.isDown = false
  })

  test('and where all fail, the last error names those before it', async () => {
    cheap.isDown = true
    dear.isDown = true
    const failed = await ask('/chat/completions', { model: 'acme/m', messages: MESSAGES, provider: { order: ['cheap', 'dear'] } })
    expect(failed).toMatchObject({ http: 502, error: { metadata: { provider_name: 'dear', previous_errors: [{ provider: 'cheap', code: 502 }] } } })
    cheap.isDown = false
    dear.isDown = false
  })
})

describe('C26: fallbacks of Messages', () => {
  const messages = (more: JsonObject): Promise<JsonObject> => ask('/messages', { model: 'acme/m', max_tokens: 100, messages: MESSAGES, ...more })

  test('are tried after the model, and the answer names the one that it is from', async () => {
    expect(await messages({ model: 'demo/writer?fail=503', fallbacks: [{ model: 'acme/n' }] })).toMatchObject({ http: 200, model: 'acme/n', openrouter_metadata: { strategy: 'fallback' } })
  })

  const WRONG = [
    ['more than three', { fallbacks: Array.from({ length: 4 }, () => ({ model: 'acme/n' })) }], ['anything beside the model', { fallbacks: [{ model: 'acme/n', max_tokens: 5 }] }],
    ['models as well', { fallbacks: [{ model: 'acme/n' }], models: ['acme/n'] }],
  ] as const
  test.each(WRONG)('%s is refused', async (_what, more) => {
    // A const of literals is JSON as it stands.
    expect(await messages(more as unknown as JsonObject)).toMatchObject({ http: 400, error: { type: 'invalid_request_error', message: expect.stringContaining('fallbacks') } })
  })
})

describe('C28, C29: variants that are rows of their own', () => {
  test.each(['extended', 'thinking'])(':%s is the row, and not the model beside it', async (variant) => {
    const answer = await ask('/chat/completions', { model: `acme/m:${variant}`, messages: MESSAGES, provider: { only: ['cheap'] } })
    expect(answer['model']).toBe(`acme/m:${variant}`)
    expect(cheap.asked.at(-1)).toMatchObject({ model: `up-acme-m-${variant}` })
  })
})

describe('C63: the default model of the workspace', () => {
  test('is that of calls that name none, and the plan that is explained is that of the call', async () => {
    const made = await cli(gateway.dataDir, ['keys', 'create', '--management', '--name', 'admin', '--data', gateway.dataDir, '--json'])
    const headers = { authorization: `Bearer ${/sk-sw-v1-[0-9a-f]{64}/.exec(made.out)?.[0] ?? ''}` }
    const { data } = JSON.parse(await (await gateway.api('/workspaces', undefined, { headers })).text()) as { data: readonly { readonly id: string }[] }
    await gateway.api(`/workspaces/${data[0]?.id ?? ''}`, undefined, { method: 'PATCH', body: JSON.stringify({ default_text_model: 'acme/n' }), headers })
    // A key that was used before is asked for anew once its process has heard of the change, within a second.
    let answer = await ask('/chat/completions', { messages: MESSAGES })
    while (answer['http'] === 400) answer = await ask('/chat/completions', { messages: MESSAGES })
    expect(answer).toMatchObject({ http: 200, model: 'acme/n' })
    expect(await ask('/route/explain', { messages: MESSAGES })).toMatchObject({ http: 200, data: { requested: ['acme/n'] } })
  })

  test('errors of the control plane name their page whole, too', async () => {
    const refused = await ask('/route/explain', { model: 'acme/nothing', messages: MESSAGES })
    expect(refused).toMatchObject({ error: { availability: { docs_url: `${gateway.url}/docs/errors#model_not_found` } } })
  })
})
