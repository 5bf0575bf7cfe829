// A reseller's customers on the whole program: both sides charged, each seen by whom it is for.
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { DEFAULT_ACCOUNT } from '../src/accounts/accounts.ts'
import { asArray, asObject, asString, parseObject, type JsonObject } from '../src/core/json.ts'
import { systemClock } from '../src/lib/clock.ts'
import { openAccounts } from '../src/store/open.ts'
import { databaseUrlOf } from './engine.ts'
import { configOf, startGateway, type Gateway } from './server.ts'

setDefaultTimeout(60_000)

let provider: Bun.Server<undefined>
let gateway: Gateway
let admin = ''

beforeAll(async () => {
  provider = Bun.serve({ port: 0, hostname: '127.0.0.1', async fetch(request) {
    const body = parseObject(await request.text())
    const usage = { prompt_tokens: 1_000, completion_tokens: 250, total_tokens: 1_250 }
    if (body?.['stream'] !== true) return Response.json({ id: 'x', object: 'chat.completion', created: 1, model: 'm', choices: [{ index: 0, message: { role: 'assistant', content: 'Hello' }, finish_reason: 'stop' }], usage })
    const chunk = (more: JsonObject) => `data: ${JSON.stringify({ id: 'x', object: 'chat.completion.chunk', created: 1, model: 'm', ...more })}\n\n`
    return new Response(`${chunk({ choices: [{ index: 0, delta: { content: 'Hello' }, finish_reason: 'stop' }] })}${chunk({ choices: [], usage })}data: [DONE]\n\n`, { headers: { 'content-type': 'text/event-stream' } })
  } })
  gateway = await startGateway({ config: configOf([{ slug: 'acme', dialect: 'openai-chat', baseUrl: `http://127.0.0.1:${provider.port}/v1`, models: [{ id: 'acme/tiny', upstreamId: 'm', input: '1', output: '4' }, { id: 'acme/big', upstreamId: 'm', input: '10', output: '40' }] }]) })
  const store = await openAccounts({ dataDir: gateway.dataDir, databaseUrl: databaseUrlOf(gateway.dataDir), clock: systemClock })
  admin = (await store.accounts.createKey({ accountId: DEFAULT_ACCOUNT, name: 'admin', kind: 'management' })).secret
  await store.close()
})

afterAll(async () => {
  await gateway.stop()
  await provider.stop(true)
})

async function api(secret: string, method: string, path: string, body?: JsonObject, headers: Readonly<Record<string, string>> = {}): Promise<{ readonly status: number; readonly body: JsonObject; readonly data: JsonObject }> {
  const response = await fetch(`${gateway.url}/api/v1${path}`, { method, headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json', ...headers }, ...(body && { body: JSON.stringify(body) }) })
  const said = parseObject(await response.text()) ?? {}
  return { status: response.status, body: said, data: asObject(said['data']) ?? {} }
}

const chat = (secret: string, more: JsonObject = {}, headers: Readonly<Record<string, string>> = {}) => api(secret, 'POST', '/chat/completions', { model: 'acme/tiny', max_tokens: 300, messages: [{ role: 'user', content: 'Hi' }], ...more }, headers)
const costOf = ({ body }: { readonly body: JsonObject }) => asObject(body['usage'])?.['cost']
const wallet = async (externalId: string, more: JsonObject = {}): Promise<string> => asString((await api(admin, 'POST', '/wallets', { external_id: externalId, ...more })).data['id']) ?? ''
const keyOf = async (extras: JsonObject): Promise<string> => asString((await api(admin, 'POST', '/keys', { name: 'k', switchyard: extras })).body['key']) ?? ''

test('a price that can only be a slip of the unit, or is called otherwise, is refused before anybody is charged by it', async () => {
  const refused = async (models: JsonObject) => { const { status, body } = await api(admin, 'POST', '/wallets', { external_id: 'slip', models }); return [status, asObject(body['error'])?.['message']] }
  expect(await refused({ 'acme/tiny': { input: '0.0000015', output: '2' } })).toEqual([400, 'The field `models.acme/tiny.input` is too small for USD per million tokens: is it a price per token? Multiply it by 1,000,000.'])
  expect(await refused({ 'acme/tiny': { prompt: '1', completion: '2', request: '0' } })).toEqual([400, 'There is no field `prompt`, `completion` in `models.acme/tiny`; leave it out. Fields: `input`, `output`, `cache_read`, `cache_write`, `reasoning`, `request`.'])
  expect(await refused({ 'acme/tiny': { input: '1', output: '2000000' } })).toEqual([400, 'The field `models.acme/tiny.output` is too large for USD per million tokens.'])
})

test('a customer with a key of its own pays and sees its price; the reseller pays and sees its cost', async () => {
  const id = await wallet('acme', { name: 'Acme', markup_percent: 30, metadata: { tier: 'gold' } })
  const secret = await keyOf({ wallet: id })
  const poor = await chat(secret)
  expect([poor.status, asObject(asObject(poor.body['error'])?.['metadata'])?.['reason']]).toEqual([402, 'wallet_balance'])
  expect((await api(admin, 'POST', `/wallets/${id}/grant`, { amount_usd: '0.01', reason: 'May', reference: 'invoice 1' })).data).toEqual({ balance_usd: 0.01, granted_usd: 0.01, used_usd: 0, repeated: false })
  expect((await api(admin, 'POST', `/wallets/${id}/grant`, { amount_usd: '0.01', reason: 'May', reference: 'invoice 1' })).data).toMatchObject({ granted_usd: 0.01, repeated: true })

  // 1,000 tokens at $1 and 250 at $4 a million: 0.002, and 30 % more.
  const answer = await chat(secret)
  expect([answer.status, costOf(answer), asObject(asObject(answer.body['usage'])?.['cost_details'])?.['upstream_inference_cost']]).toEqual([200, 0.0026, null])
  const generationId = asString(answer.body['id']) ?? ''
  expect((await api(secret, 'GET', `/generation?id=${generationId}`)).data).toMatchObject({ total_cost: 0.0026, usage: 0.0026, upstream_inference_cost: 0.0026 })
  expect((await api(secret, 'GET', `/generation?id=${generationId}`)).data['switchyard']).toBeUndefined()
  expect((await api(secret, 'GET', '/key')).data).toMatchObject({ usage: 0.0026, usage_daily: 0.0026, byok_usage: 0 })
  expect((await api(secret, 'GET', '/credits')).data).toEqual({ total_credits: 0.01, total_usage: 0.0026 })
  expect((await api(secret, 'GET', '/wallet')).data).toEqual({ external_id: 'acme', name: 'Acme', balance_usd: 0.0074, granted_usd: 0.01, used_usd: 0.0026, closed: false })
  expect((await api(admin, 'GET', '/credits')).data).toMatchObject({ total_usage: 0.002 })
  expect((await api(gateway.key, 'GET', `/generation?id=${generationId}`)).data).toMatchObject({ total_cost: 0.002, switchyard: { wallet: { id, cost: 0.0026 } } })
  expect((await api(admin, 'GET', '/wallets/report')).body['data']).toMatchObject([{ wallet_id: id, external_id: 'acme', requests: 1, charged_usd: 0.0026, cost_usd: 0.002, margin_usd: 0.0006 }])

  // The limit of a customer's key counts the customer's price, and refusals say nothing of the reseller.
  expect((await chat(secret, { max_tokens: 3_000 })).status).toBe(402)
  for (const path of ['/wallets', '/activity', '/keys', '/budgets/tags']) expect((await api(secret, 'GET', path)).status).toBe(403)
  expect((await api(gateway.key, 'GET', '/credits')).status).toBe(403)
  expect((await api(gateway.key, 'GET', '/wallet')).status).toBe(404)
})

test('a rolling limit of a customer\'s key counts the customer\'s price, and whom to ask for more is whoever gave the key', async () => {
  const id = await wallet('rolling', { markup_percent: 30 })
  await api(admin, 'POST', `/wallets/${id}/grant`, { amount_usd: 1, reason: 'start' })
  const secret = await keyOf({ wallet: id, rolling_limits: [{ window: '2d', limit: '0.0026' }] })
  expect(costOf(await chat(secret))).toBe(0.0026)
  expect((await api(secret, 'GET', '/key')).data['switchyard']).toMatchObject({ rolling_limits: [{ window: '2d', limit: 0.0026, used: 0.0026, remaining: 0 }] })
  const { status, body } = await chat(secret)
  expect([status, asObject(body['error'])?.['message']]).toEqual([402, expect.stringMatching(/^This key's limit of \$0\.0026 in any 2 days is used up, of which the first is free again at \S+Z\. Ask whoever gave you this key for more\.$/)])
})

test('a reseller\'s key charges whom a header or tag names, where the key may, by the customer\'s own price for a model or its list\'s', async () => {
  const list = (await api(admin, 'PUT', '/price-lists', { name: 'Retail', markup_percent: '100', models: { 'acme/big': { input: '5', output: '20' } } })).data
  const [first, second] = [await wallet('c-1', { price_list_id: String(list['id']) }), await wallet('c-2', { price_list_id: String(list['id']), models: { 'acme/*': { input: '0', output: '1', request: '0.001' } } })]
  for (const id of [first, second]) await api(admin, 'POST', `/wallets/${id}/grant`, { amount_usd: 1, reason: 'start' })
  const secret = await keyOf({ customers: ['c-1', 'c-2', 'c-3'] })
  const used = async (id: string) => (await api(admin, 'GET', `/wallets/${id}`)).data['used_usd']

  expect(costOf(await chat(secret, {}, { 'x-switchyard-customer': 'c-1' }))).toBe(0.002)
  expect(await used(first)).toBe(0.004)
  await chat(secret, { model: 'acme/big', metadata: { customer: 'c-1' } })
  expect(await used(first)).toBe(0.014)
  await chat(secret, { model: 'acme/big', stream: true }, { 'x-switchyard-tags': 'customer=c-2' })
  // 250 tokens at $1 a million, and the request.
  expect(await used(second)).toBe(0.00125)
  await chat(secret)
  expect([await used(first), await used(second)]).toEqual([0.014, 0.00125])

  for (const [key, headers] of [[secret, { 'x-switchyard-customer': 'c-9' }], [secret, { 'x-switchyard-customer': 'c-3' }], [gateway.key, { 'x-switchyard-customer': 'c-1' }], [await keyOf({ wallet: first }), { 'x-switchyard-customer': 'c-1' }]] as const) {
    expect((await chat(key, {}, headers)).status).toBe(403)
  }
  expect((await api(admin, 'DELETE', `/price-lists/${String(list['id'])}`)).status).toBe(409)
  expect((await api(admin, 'DELETE', `/wallets/${first}`)).data).toMatchObject({ closed: true })
  expect((await chat(secret, {}, { 'x-switchyard-customer': 'c-1' })).status).toBe(403)
  expect((await api(admin, 'POST', `/wallets/${first}/transfer`, { to: second, amount_usd: 0.986, reason: 'closed' })).data).toMatchObject({ balance_usd: 0 })
  expect((await api(admin, 'POST', `/wallets/${first}/take`, { amount_usd: 1, reason: 'more' })).status).toBe(409)
  expect(asArray((await api(admin, 'GET', `/wallets/${second}/entries`)).body['data'])?.length).toBe(3)
})

test('a change of prices holds for the next call, and bad wallets are refused with what to change', async () => {
  const id = await wallet('changing', { markup_percent: 0 })
  await api(admin, 'POST', `/wallets/${id}/grant`, { amount_usd: 1, reason: 'start' })
  const secret = await keyOf({ wallet: id })
  expect(costOf(await chat(secret))).toBe(0.002)
  expect((await api(admin, 'PATCH', `/wallets/${id}`, { markup_percent: -50 })).data).toMatchObject({ markup_percent: -50, models: {} })
  expect(costOf(await chat(secret))).toBe(0.001)
  for (const [body, field] of [[{}, 'external_id'], [{ external_id: 'ü' }, 'external_id'], [{ external_id: 'n', markup_percent: -101 }, 'markup_percent'], [{ external_id: 'n', models: { tiny: { input: 1, output: 1 } } }, 'models'], [{ external_id: 'n', models: { 'a/b': { input: -1, output: 1 } } }, 'models'], [{ external_id: 'n', price_list_id: 'x' }, 'price_list_id']] as const) {
    const { status, body: said } = await api(admin, 'POST', '/wallets', body)
    expect([status, asString(asObject(asObject(said['error'])?.['metadata'])?.['field'])]).toEqual([400, expect.stringContaining(field)])
  }
  expect((await api(admin, 'POST', '/wallets', { external_id: 'changing' })).status).toBe(409)
  expect((await api(admin, 'POST', '/keys', { name: 'k', switchyard: { wallet: 'nobody' } })).status).toBe(400)
  expect((await api(admin, 'GET', '/wallets?external_id=changing')).body).toMatchObject({ total_count: 1 })
})

test('with money turned off wallets go on: customers pay, the reseller does not', async () => {
  const settings = (money: boolean) => api(admin, 'PATCH', '/instance/settings', { money })
  const id = await wallet('free-of-charge', { markup_percent: 50 })
  const secret = await keyOf({ wallet: id })
  try {
    expect((await settings(false)).status).toBe(200)
    const before = (await api(admin, 'GET', '/credits')).data['total_usage']
    // An empty wallet makes no calls, whoever asks no balance of the reseller.
    const poor = await chat(secret)
    expect([poor.status, asObject(asObject(poor.body['error'])?.['metadata'])?.['reason']]).toEqual([402, 'wallet_balance'])
    await api(admin, 'POST', `/wallets/${id}/grant`, { amount_usd: '0.01', reason: 'start' })
    expect(costOf(await chat(secret))).toBe(0.003)
    expect((await api(secret, 'GET', '/wallet')).data).toMatchObject({ balance_usd: 0.007, used_usd: 0.003 })
    expect((await api(secret, 'GET', '/credits')).body).toEqual({ data: { total_credits: 0.01, total_usage: 0.003 } })
    expect((await api(admin, 'GET', '/credits')).body).toMatchObject({ data: { total_usage: before }, switchyard: { money: false } })
    expect((await api(admin, 'GET', '/wallets/report')).body['data']).toContainEqual(expect.objectContaining({ external_id: 'free-of-charge', charged_usd: 0.003, cost_usd: 0.002, margin_usd: 0.001 }))
  } finally {
    await settings(true)
  }
})

test('all of it verifies', async () => {
  const store = await openAccounts({ dataDir: gateway.dataDir, databaseUrl: databaseUrlOf(gateway.dataDir), clock: systemClock })
  expect((await store.verify()).problems).toEqual([])
  await store.close()
})
