// Budgets of guardrails, members and tags on the whole program: each refuses by its own name, with the numbers, in the words of the client's dialect.
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
  provider = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => Response.json({ id: 'x', object: 'chat.completion', created: 1, model: 'm', choices: [{ index: 0, message: { role: 'assistant', content: 'Hello' }, finish_reason: 'stop' }], usage: { prompt_tokens: 10, completion_tokens: 2_500, total_tokens: 2_510 } }) })
  gateway = await startGateway({ config: configOf([{ slug: 'acme', dialect: 'openai-chat', baseUrl: `http://127.0.0.1:${provider.port}/v1`, models: [{ id: 'acme/tiny', upstreamId: 'm', input: '0', output: '4' }] }]) })
  const store = await openAccounts({ dataDir: gateway.dataDir, databaseUrl: databaseUrlOf(gateway.dataDir), clock: systemClock })
  admin = (await store.accounts.createKey({ accountId: DEFAULT_ACCOUNT, name: 'admin', kind: 'management' })).secret
  await store.close()
})

afterAll(async () => {
  await gateway.stop()
  await provider.stop(true)
})

async function api(secret: string, method: string, path: string, body?: JsonObject, headers: Readonly<Record<string, string>> = {}): Promise<{ readonly status: number; readonly body: JsonObject; readonly error: JsonObject }> {
  const response = await fetch(`${gateway.url}/api/v1${path}`, { method, headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json', ...headers }, ...(body && { body: JSON.stringify(body) }) })
  const said = parseObject(await response.text()) ?? {}
  return { status: response.status, body: said, error: asObject(said['error']) ?? {} }
}

/** A call that costs a cent. */
const chat = (secret: string, headers: Readonly<Record<string, string>> = {}) => api(secret, 'POST', '/chat/completions', { model: 'acme/tiny', max_tokens: 2_500, messages: [{ role: 'user', content: 'Hi' }] }, headers)

async function keyOf(more: JsonObject = {}): Promise<{ readonly secret: string; readonly hash: string }> {
  const { body } = await api(admin, 'POST', '/keys', { name: 'k', ...more })
  return { secret: asString(body['key']) ?? '', hash: asString(asObject(body['data'])?.['hash']) ?? '' }
}

test("N18, F6, M14: a guardrail's budget refuses with 403, a key's limit with 402; messages say permission_error", async () => {
  const { secret, hash } = await keyOf({ limit: 1 })
  const guardrail = asString(asObject((await api(admin, 'POST', '/guardrails', { name: 'Interns', limit_usd: 0.01, reset_interval: 'daily' })).body['data'])?.['id']) ?? ''
  await api(admin, 'POST', `/guardrails/${guardrail}/assignments/keys`, { key_hashes: [hash] })
  expect((await chat(secret)).status).toBe(200)
  const refused = await chat(secret)
  expect([refused.status, asObject(refused.error['metadata'])]).toMatchObject([403, { reason: 'guardrail_budget', scope: 'guardrail', of: 'guardrail "Interns" for this key', interval: 'daily', cap_usd: '0.01', left_usd: '0' }])
  expect(refused.error['message']).toMatch(/^The daily budget of guardrail "Interns" for this key of \$0\.01 is used up, which starts anew at \d{4}-.*Contact your org admin\.$/)
  const messages = await api(secret, 'POST', '/messages', { model: 'acme/tiny', max_tokens: 100, messages: [{ role: 'user', content: 'Hi' }] })
  expect([messages.status, messages.error['type']]).toEqual([403, 'permission_error'])
  // Raised, it holds for the next call; then the key's own limit is what refuses.
  expect((await api(admin, 'PATCH', `/guardrails/${guardrail}`, { limit_usd: 5 })).status).toBe(200)
  expect((await chat(secret)).status).toBe(200)
  await api(admin, 'PATCH', `/keys/${hash}`, { limit: 0.02 })
  const limited = await chat(secret)
  expect([limited.status, asObject(limited.error['metadata'])]).toMatchObject([402, { reason: 'key_limit', error_type: 'payment_required' }])
})

test('a budget on a tag: each value by itself, and calls without it refused', async () => {
  await api(admin, 'PUT', '/budgets/tags', { tag: 'customer', limit_usd: 0.01, reset_interval: 'monthly', required: true })
  const { secret } = await keyOf()
  expect((await chat(secret, { 'x-switchyard-tags': 'customer=acme' })).status).toBe(200)
  const refused = await chat(secret, { 'x-switchyard-tags': 'customer=acme' })
  expect([refused.status, asObject(refused.error['metadata'])]).toMatchObject([403, { reason: 'tag_budget', scope: 'tag', of: 'customer=acme', interval: 'monthly', cap_usd: '0.01' }])
  expect((await chat(secret, { 'x-switchyard-tags': 'customer=other' })).status).toBe(200)
  const missing = await chat(secret)
  expect([missing.status, asObject(missing.error['metadata'])]).toMatchObject([403, { reason: 'tag_missing', tag: 'customer' }])
  const { body } = await api(admin, 'GET', '/budgets/tags')
  const [first] = asArray(body['data']) ?? []
  await api(admin, 'DELETE', `/budgets/tags/${asString(asObject(first)?.['id'])}`)
  expect((await chat(secret)).status).toBe(200)
})
