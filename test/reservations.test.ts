// Every way to a provider sets credit aside first: a key that has none left gets through none of them. A new one without a row fails.
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { DEFAULT_ACCOUNT } from '../src/accounts/accounts.ts'
import { asArray, parseObject, type JsonObject } from '../src/core/json.ts'
import { systemClock } from '../src/lib/clock.ts'
import { CALL_ENDPOINTS } from '../src/server/v1/endpoints.ts'
import { openAccounts } from '../src/store/open.ts'
import { databaseUrlOf } from './engine.ts'
import { startGateway, type Gateway } from './server.ts'

setDefaultTimeout(60_000)

interface Ask { readonly path: string; readonly body: JsonObject; readonly headers?: Readonly<Record<string, string>> }

const CONFIG = (port: number): string => `providers:
  acme:
    dialect: openai-chat
    base_url: http://127.0.0.1:${port}/v1
    api_key: test
    models:
      - { id: acme/writer, upstream_id: m, context: 10000, max_output: 1000, price: { input: "1", output: "2" } }
      - { id: acme/vector, upstream_id: v, context: 8192, price: { input: "1", output: "0" }, outputs: [embeddings] }
`
const messages = [{ role: 'user', content: 'Hi' }]
const contents = [{ role: 'user', parts: [{ text: 'Hi' }] }]
const writer = 'acme/writer'
const vector = 'acme/vector'

const ASKS: readonly Ask[] = [
  { path: '/v1/chat/completions', body: { model: writer, messages } },
  { path: '/v1/chat/completions', body: { model: writer, messages }, headers: { 'user-agent': 'mistral-client-typescript/2.0.0' } },
  { path: '/v1/messages', body: { model: writer, max_tokens: 50, messages } },
  { path: '/v1/responses', body: { model: writer, input: 'Hi' } },
  { path: '/v1/completions', body: { model: writer, prompt: 'Hi' } },
  { path: '/api/v1/cursor/chat/completions', body: { model: writer, messages } },
  { path: `/v1beta/models/${writer}:generateContent`, body: { contents } },
  { path: `/v1beta/models/${writer}:streamGenerateContent?alt=sse`, body: { contents } },
  { path: `/v1beta/models/${writer}:streamGenerateContent`, body: { contents } },
  { path: '/api/chat', body: { model: writer, messages, stream: false } },
  { path: '/api/generate', body: { model: writer, prompt: 'Hi', stream: false } },
  { path: '/v2/chat', body: { model: writer, messages } },
  { path: '/v1/embeddings', body: { model: vector, input: 'Hi' } },
  { path: '/api/embed', body: { model: vector, input: 'Hi' } },
  { path: '/api/embeddings', body: { model: vector, prompt: 'Hi' } },
  { path: `/v1beta/models/${vector}:embedContent`, body: { content: { parts: [{ text: 'Hi' }] } } },
  { path: `/v1beta/models/${vector}:batchEmbedContents`, body: { requests: [{ model: `models/${vector}`, content: { parts: [{ text: 'Hi' }] } }] } },
]

let provider: Bun.Server<undefined>
let gateway: Gateway
let poor = ''
let asked = 0

beforeAll(async () => {
  provider = Bun.serve({
    port: 0, hostname: '127.0.0.1',
    fetch: async (request) => {
      asked++
      const body = parseObject(await request.text()) ?? {}
      const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 }
      if (new URL(request.url).pathname.endsWith('/embeddings')) return Response.json({ object: 'list', model: 'v', data: (asArray(body['input']) ?? ['']).map((_, index) => ({ object: 'embedding', index, embedding: [0.5, 0.25] })), usage: { prompt_tokens: 10, total_tokens: 10 } })
      const chunk = { id: 'x', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta: { role: 'assistant', content: 'Hello' }, finish_reason: 'stop' }], usage }
      if (body['stream'] === true) return new Response(`data: ${JSON.stringify(chunk)}\n\ndata: [DONE]\n\n`, { headers: { 'content-type': 'text/event-stream' } })
      return Response.json({ id: 'x', object: 'chat.completion', created: 1, model: 'm', choices: [{ index: 0, message: { role: 'assistant', content: 'Hello' }, finish_reason: 'stop' }], usage })
    },
  })
  gateway = await startGateway({ config: CONFIG(provider.port ?? 0) })
  const store = await openAccounts({ dataDir: gateway.dataDir, databaseUrl: databaseUrlOf(gateway.dataDir), clock: systemClock })
  poor = (await store.accounts.createKey({ accountId: DEFAULT_ACCOUNT, name: 'poor', limit: 1n })).secret
  await store.close()
})

afterAll(async () => {
  await gateway.stop()
  await provider.stop(true)
})

/** The status of an answer that was read to its end. */
async function statusOf({ path, body, headers }: Ask, key: string): Promise<number> {
  const response = await fetch(`${gateway.url}${path}`, { method: 'POST', headers: { 'authorization': `Bearer ${key}`, 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) })
  await response.text()
  return response.status
}

test('each way to a provider has its row', () => {
  const matching = ({ path, headers }: Ask) => {
    const request = new Request(`http://localhost${path}`, { method: 'POST', ...(headers && { headers }) })
    return CALL_ENDPOINTS.find((endpoint) => endpoint.match(new URL(request.url).pathname, request))
  }
  const reached = new Set(ASKS.map(matching))
  expect(CALL_ENDPOINTS.flatMap((endpoint, at) => (reached.has(endpoint) ? [] : [at]))).toEqual([])
})

describe.each(ASKS.map((ask) => [`POST ${ask.path}${ask.headers ? ' of Mistral\'s package' : ''}`, ask] as const))('%s', (_, ask) => {
  test('asks a provider for who can pay, and nobody for who cannot', async () => {
    asked = 0
    expect([await statusOf(ask, gateway.key), asked]).toEqual([200, 1])
    expect([await statusOf(ask, poor), asked]).toEqual([402, 1])
  })
})
