// Tags from where a client can say them, to the report and the record, on the whole program.
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { DEFAULT_ACCOUNT } from '../src/accounts/accounts.ts'
import { asArray, asObject, asString, parseObject, type JsonObject } from '../src/core/json.ts'
import { systemClock } from '../src/lib/clock.ts'
import { openAccounts } from '../src/store/open.ts'
import { databaseUrlOf } from './engine.ts'
import { configOf, startGateway, type Gateway } from './server.ts'

setDefaultTimeout(60_000)

/** What the provider was told. */
const told: { readonly headers: JsonObject; readonly body: JsonObject }[] = []
let provider: Bun.Server<undefined>
let gateway: Gateway
let admin = ''
let tagged = ''

beforeAll(async () => {
  provider = Bun.serve({ port: 0, hostname: '127.0.0.1', async fetch(request) {
    told.push({ headers: Object.fromEntries(request.headers.entries()), body: parseObject(await request.text()) ?? {} })
    return Response.json({ id: 'x', object: 'chat.completion', created: 1, model: 'm', choices: [{ index: 0, message: { role: 'assistant', content: 'Hello' }, finish_reason: 'stop' }], usage: { prompt_tokens: 1_000, completion_tokens: 250, total_tokens: 1_250 } })
  } })
  gateway = await startGateway({ config: configOf([{ slug: 'acme', dialect: 'openai-chat', baseUrl: `http://127.0.0.1:${provider.port}/v1`, models: [{ id: 'acme/tiny', upstreamId: 'm', input: '1', output: '4' }] }]) })
  const store = await openAccounts({ dataDir: gateway.dataDir, databaseUrl: databaseUrlOf(gateway.dataDir), clock: systemClock })
  admin = (await store.accounts.createKey({ accountId: DEFAULT_ACCOUNT, name: 'admin', kind: 'management' })).secret
  tagged = (await store.accounts.createKey({ accountId: DEFAULT_ACCOUNT, name: 'of acme', tags: { customer: 'acme' } })).secret
  await store.close()
})

afterAll(async () => {
  await gateway.stop()
  await provider.stop(true)
})

async function post(path: string, body: JsonObject, headers: Readonly<Record<string, string>>): Promise<{ readonly status: number; readonly body: JsonObject }> {
  const response = await gateway.api(path, body, { headers })
  return { status: response.status, body: parseObject(await response.text()) ?? {} }
}

const chat = (secret: string, more: JsonObject = {}, headers: Readonly<Record<string, string>> = {}) =>
  post('/chat/completions', { model: 'acme/tiny', messages: [{ role: 'user', content: 'Hi' }], ...more }, { authorization: `Bearer ${secret}`, ...headers })

async function report(body: JsonObject): Promise<JsonObject[]> {
  const answer = await post('/analytics/query', body, { authorization: `Bearer ${admin}` })
  expect([answer.status, answer.body['error']]).toEqual([200, undefined])
  return (asArray(asObject(answer.body['data'])?.['data']) ?? []).map((row) => asObject(row) ?? {})
}

test('tags of the key, the header and metadata (B39) are on the record and in reports by any of them, and no provider is told', async () => {
  const first = await chat(tagged, { metadata: { feature: 'search', customer: 'somebody else' } }, { 'x-switchyard-tags': 'env=prod' })
  expect(first.status).toBe(200)
  await chat(tagged, { metadata: { feature: 'chat' } })
  await chat(gateway.key, {}, { 'x-switchyard-tags': 'customer=b%C3%BCro, feature=search' })
  await post('/messages', { model: 'acme/tiny', max_tokens: 100, messages: [{ role: 'user', content: 'Hi' }] }, { authorization: `Bearer ${gateway.key}`, 'x-switchyard-tags': 'feature=search' })
  await chat(gateway.key)

  const record = parseObject(await (await gateway.api(`/generation?id=${asString(first.body['id'])}`, undefined, { headers: { authorization: `Bearer ${tagged}` } })).text())
  expect(asObject(asObject(record?.['data'])?.['switchyard'])?.['tags']).toEqual({ customer: 'acme', env: 'prod', feature: 'search' })

  // 1,000 tokens at $1 and 250 at $4 a million.
  expect(await report({ metrics: ['total_usage', 'request_count'], dimensions: ['tag.customer'] })).toEqual([
    { 'tag.customer': null, total_usage: 0.004, request_count: 2 }, { 'tag.customer': 'acme', total_usage: 0.004, request_count: 2 }, { 'tag.customer': 'büro', total_usage: 0.002, request_count: 1 },
  ])
  expect(await report({ metrics: ['request_count'], dimensions: ['tag.feature', 'tag.env'], filters: [{ field: 'tag.customer', operator: 'in', value: ['acme'] }], order_by: { field: 'tag.feature', direction: 'asc' } })).toEqual([
    { 'tag.feature': 'chat', 'tag.env': null, request_count: 1 }, { 'tag.feature': 'search', 'tag.env': 'prod', request_count: 1 },
  ])
  expect(await report({ metrics: ['tokens_total'], dimensions: ['api_key_id'], filters: [{ field: 'tag.feature', operator: 'eq', value: 'chat' }] })).toMatchObject([{ api_key_name: 'of acme', tokens_total: 1_250 }])

  expect(told).toHaveLength(5)
  for (const { headers, body } of told) expect([headers['x-switchyard-tags'], body['metadata']]).toEqual([undefined, undefined])
})

test('a header that cannot be read is refused before anybody is asked', async () => {
  const { length } = told
  const { status, body } = await chat(gateway.key, {}, { 'x-switchyard-tags': 'feature' })
  expect([status, asObject(body['error'])?.['message']]).toEqual([400, 'The header X-Switchyard-Tags has "feature", which is not name=value.'])
  expect(told).toHaveLength(length)
})

test('an API key may not ask for reports (J3), and the numbers of the report are those of the credits', async () => {
  for (const [path, json] of [['/activity', undefined], ['/analytics/meta', undefined], ['/analytics/query', { metrics: ['total_usage'] }]] as const) {
    const response = await gateway.api(path, json)
    expect([response.status, asObject(parseObject(await response.text())?.['error'])?.['code']]).toEqual([403, 403])
  }
  const credits = parseObject(await (await gateway.api('/credits', undefined, { headers: { authorization: `Bearer ${admin}` } })).text())
  const [all] = await report({ metrics: ['total_usage'] })
  expect(all?.['total_usage']).toBe(asObject(credits?.['data'])?.['total_usage'])
})
