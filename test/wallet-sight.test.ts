// What a customer of a reseller gets to see on the whole program: its own prices and its own costs, and nothing of the reseller's.
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { DEFAULT_ACCOUNT } from '../src/accounts/accounts.ts'
import { asArray, asObject, asString, parseObject, type JsonObject } from '../src/core/json.ts'
import { systemClock } from '../src/lib/clock.ts'
import { routes } from '../src/server/api/routes.ts'
import { openAccounts } from '../src/store/open.ts'
import { databaseUrlOf } from './engine.ts'
import { configOf, startGateway, type Gateway } from './server.ts'

setDefaultTimeout(60_000)

/** List price, what the reseller pays (an eighth more), and costs of a call at either: no digits of them may be in what a customer gets. */
const RESELLERS = ['173519', '462871', '195208', '520729', '325391', '289236', '122021', '37.5', '12.5', '0.375', '0.125']
/** What the customer pays: a call of 1,000 and 250 tokens. */
const PRICE = { prompt: '0.000002684122032', completion: '0.000007160035782' }
const COST = 0.004474131

let provider: Bun.Server<undefined>
let gateway: Gateway
let admin = ''
let secret = ''
/** Names and ids that are the reseller's. */
const ids: Record<string, string> = {}

beforeAll(async () => {
  const usage = { prompt_tokens: 1_000, completion_tokens: 250, total_tokens: 1_250 }
  provider = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => Response.json({ id: 'x', object: 'chat.completion', created: 1, model: 'm', choices: [{ index: 0, message: { role: 'assistant', content: 'Hello' }, finish_reason: 'stop' }], usage }) })
  const models = [{ id: 'acme/tiny', upstreamId: 'm', input: '1.73519', output: '4.62871' }]
  const config = configOf(['acme', 'other'].map((slug) => ({ slug, dialect: 'openai-chat' as const, baseUrl: `http://127.0.0.1:${provider.port}/v1`, models })))
  gateway = await startGateway({ config: `${config}\nmarkups:\n  - { percent: "12.5" }\n`, env: { SWITCHYARD_MASTER_KEY: Buffer.alloc(32, 7).toString('base64') } })
  const store = await openAccounts({ dataDir: gateway.dataDir, databaseUrl: databaseUrlOf(gateway.dataDir), clock: systemClock })
  admin = (await store.accounts.createKey({ accountId: DEFAULT_ACCOUNT, name: 'the-resellers-admin', kind: 'management' })).secret
  await store.close()

  const made = async (method: string, path: string, body: JsonObject): Promise<string> => {
    const answer = await api(admin, method, path, body)
    if (answer.status > 299) throw new Error(`${path} ${answer.text}`)
    return asString(answer.data['id']) ?? asString(answer.data['hash']) ?? ''
  }
  ids['list'] = await made('PUT', '/price-lists', { name: 'Margin-Retail', markup_percent: '37.5' })
  const wallet = await made('POST', '/wallets', { external_id: 'mine', price_list_id: ids['list'], metadata: { note: 'pays-late' } })
  await made('POST', `/wallets/${wallet}/grant`, { amount_usd: 1, reason: 'start-of-contract' })
  ids['other customer'] = await made('POST', '/wallets', { external_id: 'another-customer', price_list_id: ids['list'] })
  const key = await api(admin, 'POST', '/keys', { name: 'for-mine', switchyard: { wallet, tags: { team: 'secret-team' } } })
  secret = asString(key.body['key']) ?? ''
  ids['guardrail'] = await made('POST', '/guardrails', { name: 'Keep-Out', allowed_providers: ['acme'] })
  await made('POST', `/guardrails/${ids['guardrail']}/assignments/keys`, { key_hashes: [asString(key.data['hash']) ?? ''] })
  await made('PUT', '/budgets/tags', { tag: 'team', value: 'secret-team', limit_usd: 77.25, reset_interval: 'monthly' })
  await api(gateway.key, 'POST', '/presets/house-style/chat/completions', { model: 'acme/tiny', messages: [{ role: 'system', content: 'the-resellers-prompt' }] })
})

afterAll(async () => {
  await gateway.stop()
  await provider.stop(true)
})

interface Answer { readonly status: number; readonly text: string; readonly body: JsonObject; readonly data: JsonObject }

async function api(key: string, method: string, path: string, body?: JsonObject, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
  const response = await fetch(path.startsWith('/v1') ? `${gateway.url}${path}` : `${gateway.url}/api/v1${path}`, { method, headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers }, ...(body && { body: JSON.stringify(body) }) })
  const content = await response.text()
  const said = parseObject(content) ?? {}
  return { status: response.status, text: `${JSON.stringify([...response.headers])} ${content}`, body: said, data: asObject(said['data']) ?? {} }
}

/** What of the reseller's is in a text; nothing should be. */
function leaks(text: string): string[] {
  const names = ['Margin-Retail', 'another-customer', 'Keep-Out', 'house-style', 'the-resellers', 'pays-late', 'secret-team', '77.25', '"discount"', ...Object.values(ids)]
  return [...RESELLERS, ...names].filter((word) => text.includes(word))
}

const CALL = { model: 'acme/tiny', max_tokens: 300, messages: [{ role: 'user', content: 'Hi' }] }

test('a customer\'s key sees nothing of its reseller\'s prices, costs and names, whatever it asks', async () => {
  const call = await api(secret, 'POST', '/chat/completions', { ...CALL, usage: { include: true }, debug: { echo_upstream_body: true } }, { 'x-openrouter-metadata': 'enabled' })
  expect([call.status, asObject(call.body['usage'])?.['cost']]).toEqual([200, COST])
  expect(leaks(call.text)).toEqual([])
  const id = asString(call.body['id']) ?? ''
  const values: Record<string, string> = { author: 'acme', slug: 'tiny' }
  const asked: string[] = []
  for (const { method, path } of routes) {
    if (method !== 'GET') continue
    for (const query of ['', `?id=${id}`, '?use_rss=true', '?by=model']) {
      const at = path.startsWith('/presets/') ? path.replace('{slug}', 'house-style').replace('{version}', '1') : path.replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? 'nobody')
      const { status, text } = await api(secret, 'GET', `${at}${query}`)
      expect({ path: `${path}${query}`, leaks: leaks(text) }).toEqual({ path: `${path}${query}`, leaks: [] })
      if (status === 200) asked.push(path)
    }
  }
  for (const path of ['/v1/models/acme/tiny', '/v1/models', '/v1/models/acme%2Ftiny', '/v1beta/models']) expect(leaks((await api(secret, 'GET', path)).text)).toEqual([])
  expect(leaks((await api(secret, 'GET', '/v1/models', undefined, { 'anthropic-version': '2023-06-01' })).text)).toEqual([])
  for (const path of ['/models', '/models/user', '/models/{author}/{slug}/endpoints', '/endpoints/zdr', '/model/{author}/{slug}', '/generation', '/key', '/credits', '/wallet']) expect(asked).toContain(path)
})

test('prices of lists, of single models and of an explained route are the customer\'s', async () => {
  const rowOf = (answer: Answer) => asObject((asArray(answer.body['data']) ?? []).find((row) => asObject(row)?.['id'] === 'acme/tiny'))?.['pricing']
  for (const path of ['/models', '/models/user', '/models?q=tiny']) expect(rowOf(await api(secret, 'GET', path))).toMatchObject(PRICE)
  expect(asObject((await api(secret, 'GET', '/model/acme/tiny')).data['pricing'])).toMatchObject(PRICE)
  expect((await api(secret, 'GET', '/v1/models/acme/tiny')).body['pricing']).toMatchObject(PRICE)
  for (const row of asArray((await api(secret, 'GET', '/models/acme/tiny/endpoints')).data['endpoints']) ?? []) expect(asObject(row)?.['pricing']).toMatchObject(PRICE)

  const explained = await api(secret, 'POST', '/route/explain', { ...CALL, provider: { max_price: { prompt: '2.6' } } })
  expect(leaks(explained.text)).toEqual([])
  const plan = (await api(secret, 'POST', '/route/explain', CALL))
  expect(leaks(plan.text)).toEqual([])
  expect(asArray(plan.data['steps'])?.map((step) => asObject(step)?.['pricing'])).toEqual([expect.objectContaining(PRICE)])
  const step = asObject(asArray(plan.data['steps'])?.[0])
  expect(step?.['cost_max']).toBe(plan.data['cost_max'])
  // 300 tokens of answer at the customer's price alone are more than what the reseller pays at most.
  expect(Number(plan.data['cost_max'])).toBeGreaterThan(300 * Number(PRICE.completion))

  // The reseller sees its own, and its customer's where it asks for them.
  expect(rowOf(await api(gateway.key, 'GET', '/models'))).toMatchObject({ prompt: '0.00000195208875', discount: -0.125 })
  expect(rowOf(await api(admin, 'GET', '/models', undefined, { 'x-switchyard-customer': 'mine' }))).toEqual(expect.objectContaining(PRICE))
  expect((await api(gateway.key, 'GET', '/models', undefined, { 'x-switchyard-customer': 'mine' })).status).toBe(403)
  const forCustomers = asString((await api(admin, 'POST', '/keys', { name: 'k', switchyard: { customers: ['mine'] } })).body['key']) ?? ''
  expect(rowOf(await api(forCustomers, 'GET', '/models', undefined, { 'x-switchyard-customer': 'mine' }))).toMatchObject(PRICE)
  expect(rowOf(await api(forCustomers, 'GET', '/models'))).toMatchObject({ prompt: '0.00000195208875' })
  expect((await api(forCustomers, 'GET', '/models', undefined, { 'x-switchyard-customer': 'another-customer' })).status).toBe(403)
})

test('a ceiling that a customer names is one of the customer\'s prices, so that nobody finds out the reseller\'s by trying', async () => {
  const under = async (prompt: string): Promise<Answer> => api(secret, 'POST', '/chat/completions', { ...CALL, provider: { max_price: { prompt } } })
  expect((await under('2.69')).status).toBe(200)
  const refused = await under('2.68')
  expect([refused.status, leaks(refused.text)]).toEqual([404, []])
  expect(refused.text).toContain('$2.68')
})

test('a call to the reseller\'s own key of a provider costs the customer what the lists show', async () => {
  const own = await api(admin, 'POST', '/byok', { provider: 'acme', key: 'sk-the-resellers-own' })
  try {
    const ceiling = async (prompt: string): Promise<number> => (await api(secret, 'POST', '/chat/completions', { ...CALL, provider: { max_price: { prompt } } })).status
    let answer: Answer
    // Within a second every process has it.
    do answer = await api(secret, 'POST', '/chat/completions', CALL)
    while ((await api(admin, 'GET', `/generation?id=${asString(answer.body['id'])}`)).data['is_byok'] !== true)
    expect([asObject(answer.body['usage'])?.['cost'], leaks(answer.text)]).toEqual([COST, []])
    const plan = await api(secret, 'POST', '/route/explain', CALL)
    expect([leaks(plan.text), asArray(plan.data['steps'])?.map((step) => asObject(step)?.['pricing'])]).toEqual([[], asArray(plan.data['steps'])?.map(() => expect.objectContaining(PRICE))])
    expect([await ceiling('2.69'), await ceiling('2.68')]).toEqual([200, 404])
  } finally {
    await api(admin, 'DELETE', `/byok/${asString(own.data['id'])}`)
  }
})

test('what a policy of the reseller\'s refuses is said without its name, id or ceiling', async () => {
  const refused = await api(secret, 'POST', '/chat/completions', { ...CALL, provider: { only: ['other'] } })
  expect([refused.status, leaks(refused.text)]).toEqual([404, []])
  expect(refused.text).toContain('whoever gave you this key')
  const explained = await api(secret, 'POST', '/route/explain', { ...CALL, provider: { only: ['other'] } })
  expect(leaks(explained.text)).toEqual([])
  for (const path of ['/presets', '/presets/house-style', '/presets/house-style/versions']) expect((await api(secret, 'GET', path)).status).toBe(403)
  expect((await api(secret, 'POST', '/presets/house-style/chat/completions', CALL)).status).toBe(403)
})
