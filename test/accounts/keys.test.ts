// What a key is bound to beyond the contract, as a client meets it.
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { DEFAULT_ACCOUNT } from '../../src/accounts/accounts.ts'
import { asArray, asObject, asString, type JsonObject } from '../../src/core/json.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { openAccounts } from '../../src/store/open.ts'
import { databaseUrlOf } from '../engine.ts'
import { configOf, startGateway, type Gateway } from '../server.ts'

let gateway: Gateway
let admin = ''

beforeAll(async () => {
  const provider = { slug: 'acme', dialect: 'openai-chat', baseUrl: 'http://127.0.0.1:9/v1', models: [{ id: 'acme/dear', upstreamId: 'dear', input: '5', output: '20' }] }
  gateway = await startGateway({ config: configOf([provider]), env: { SWITCHYARD_TRUSTED_PROXIES: '127.0.0.0/8, ::1' } })
  const store = await openAccounts({ dataDir: gateway.dataDir, databaseUrl: databaseUrlOf(gateway.dataDir), clock: systemClock })
  admin = (await store.accounts.createKey({ accountId: DEFAULT_ACCOUNT, name: 'admin', kind: 'management' })).secret
  await store.close()
})

afterAll(() => gateway.stop())

async function manage(method: string, path: string, body?: unknown): Promise<{ readonly status: number; readonly body: JsonObject }> {
  const response = await gateway.api(path, undefined, { method, headers: { authorization: `Bearer ${admin}` }, ...(body !== undefined && { body: JSON.stringify(body) }) })
  return { status: response.status, body: asObject(await response.json()) ?? {} }
}

async function make(extras: JsonObject, more: JsonObject = {}): Promise<{ readonly secret: string; readonly hash: string }> {
  const { status, body } = await manage('POST', '/keys', { name: 'k', ...more, switchyard: extras })
  expect([status, body['error']]).toEqual([201, undefined])
  return { secret: asString(body['key']) ?? '', hash: asString(asObject(body['data'])?.['hash']) ?? '' }
}

async function chat(secret: string, body: JsonObject = {}, headers: Readonly<Record<string, string>> = {}): Promise<{ readonly status: number; readonly message: string; readonly id: string; readonly model: string }> {
  const response = await gateway.api('/chat/completions', { model: 'demo/echo', messages: [{ role: 'user', content: 'hi' }], ...body }, { headers: { authorization: `Bearer ${secret}`, ...headers } })
  const answer = asObject(await response.json()) ?? {}
  return { status: response.status, message: asString(asObject(answer['error'])?.['message']) ?? '', id: asString(answer['id']) ?? '', model: asString(answer['model']) ?? '' }
}

async function extrasOf(hash: string): Promise<JsonObject> {
  return asObject(asObject((await manage('GET', `/keys/${hash}`)).body['data'])?.['switchyard']) ?? {}
}

test('models and providers', async () => {
  const { secret, hash } = await make({ allowed_models: ['demo/echo'] })
  expect((await chat(secret)).status).toBe(200)
  const refused = await chat(secret, { model: 'demo/writer' })
  expect([refused.status, refused.message.includes("this key's policy")]).toEqual([404, true])
  expect((await manage('PATCH', `/keys/${hash}`, { switchyard: { allowed_models: null, allowed_providers: ['acme'] } })).status).toBe(200)
  expect((await chat(secret)).status).toBe(404)
  expect(await extrasOf(hash)).toMatchObject({ allowed_models: null, allowed_providers: ['acme'] })
  // The key's policy is the same thing, seen from another side.
  expect((await manage('GET', `/keys/${hash}/policy`)).body).toMatchObject({ data: { allowed_providers: ['acme'], allowed_models: null } })
  await manage('PATCH', `/keys/${hash}`, { switchyard: { max_price: { prompt: 1 } } })
  expect((await manage('PATCH', `/keys/${hash}/policy`, { allowed_providers: null })).status).toBe(200)
  expect(await extrasOf(hash)).toMatchObject({ allowed_providers: null, max_price: { prompt: '1' } })
})

test('price ceilings: what is dearer is not called, what is free is', async () => {
  const { secret } = await make({ max_price: { prompt: 4.99, completion: '20' } })
  expect((await chat(secret)).status).toBe(200)
  const refused = await chat(secret, { model: 'acme/dear' })
  expect([refused.status, refused.message.includes('dearer than $4.99 per million tokens of prompt')]).toEqual([404, true])
})

test('networks, behind a proxy that is trusted', async () => {
  const { secret } = await make({ ip_ranges: ['203.0.113.0/24', '2001:db8::/32'] })
  for (const from of ['203.0.113.7', '2001:db8::9', '198.51.100.1, 203.0.113.7']) expect([from, (await chat(secret, {}, { 'x-forwarded-for': from })).status]).toEqual([from, 200])
  for (const from of ['198.51.100.1', '203.0.113.7, 198.51.100.1', 'x']) expect([from, (await chat(secret, {}, { 'x-forwarded-for': from })).status]).toEqual([from, 403])
  expect((await chat(secret)).status).toBe(403)
  expect((await gateway.api('/key', undefined, { headers: { authorization: `Bearer ${secret}`, 'x-forwarded-for': '198.51.100.1' } })).status).toBe(403)
  expect((await gateway.api('/models', undefined, { headers: { authorization: `Bearer ${secret}` } })).status).toBe(200)
})

test('rolling limits: the most in any so many hours, whose it is, and when some of it is free again', async () => {
  const rolling = [{ window: '7d', limit: 1 }, { window: '5h', limit: '0.00001' }]
  const { secret, hash } = await make({ rolling_limits: rolling })
  expect(await extrasOf(hash)).toMatchObject({ rolling_limits: [{ window: '5h', limit: 0.00001, used: 0, remaining: 0.00001 }, { window: '7d', limit: 1, used: 0, remaining: 1 }] })
  const short = await chat(secret, { model: 'demo/priced', max_tokens: 1_000 })
  expect([short.status, short.message]).toEqual([402, expect.stringContaining("this key's limit of $0.00001 in any 5 hours leaves $0.00001")])
  await manage('PATCH', `/keys/${hash}`, { switchyard: { rolling_limits: [{ window: '5h', limit: 1 }] } })
  expect((await chat(secret, { model: 'demo/priced', max_tokens: 10 })).status).toBe(200)
  const [after] = asArray((await extrasOf(hash))['rolling_limits']) ?? []
  const used = Number(asObject(after)?.['used'])
  expect([used > 0, asObject(after)?.['remaining']]).toEqual([true, 1 - used])
  const own = await gateway.api('/key', undefined, { headers: { authorization: `Bearer ${secret}` } })
  expect(await own.json()).toMatchObject({ data: { limit: null, limit_reset: null, switchyard: { rolling_limits: [{ window: '5h', limit: 1, used }] } } })
  await manage('PATCH', `/keys/${hash}`, { switchyard: { rolling_limits: [{ window: '5h', limit: used }] } })
  const response = await gateway.api('/chat/completions', { model: 'demo/priced', max_tokens: 10, messages: [{ role: 'user', content: 'hi' }] }, { headers: { authorization: `Bearer ${secret}` } })
  expect([response.status, await response.json()]).toMatchObject([402, { error: { message: expect.stringMatching(/^This key's limit of \$[\d.]+ in any 5 hours is used up, of which the first is free again at /), metadata: { reason: 'key_limit', scope: 'rolling', interval: '5h', left_usd: '0', reset_at: expect.any(String) } } }])
  await manage('PATCH', `/keys/${hash}`, { switchyard: { rolling_limits: [{ window: '7d', limit: used }] } })
  const days = await gateway.api('/chat/completions', { model: 'demo/priced', max_tokens: 10, messages: [{ role: 'user', content: 'hi' }] }, { headers: { authorization: `Bearer ${secret}` } })
  expect(await days.json()).toMatchObject({ error: { metadata: { scope: 'rolling', interval: '7d' } } })
  const changes = await manage('GET', `/organization/audit?target=${hash}&limit=1`)
  expect(changes.body).toMatchObject({ data: [{ action: 'key.change', before: { rolling_limits: [{ window: '5h' }] }, after: { rolling_limits: [{ window: '7d', limit: String(used) }] } }] })
  expect((await manage('PATCH', `/keys/${hash}`, { switchyard: { rolling_limits: null } })).body).toMatchObject({ data: { switchyard: { rolling_limits: null } } })
  expect((await chat(secret, { model: 'demo/priced', max_tokens: 10 })).status).toBe(200)
})

test('tags are on the record of each call', async () => {
  const { secret } = await make({ tags: { feature: 'search', env: 'prod' } })
  const { id } = await chat(secret)
  const record = await gateway.api(`/generation?id=${id}`, undefined, { headers: { authorization: `Bearer ${secret}` } })
  expect(asObject(await record.json())).toMatchObject({ data: { id, switchyard: { tags: { feature: 'search', env: 'prod' } } } })
})

test('H6: rotation: both secrets for a while, then the new one; the key stays what it is', async () => {
  const { secret, hash } = await make({ tags: { a: 'b' } }, { limit: 5 })
  await chat(secret)
  const { body } = await manage('POST', `/keys/${hash}/rotate`, { overlap_seconds: 3600 })
  const second = asString(body['key']) ?? ''
  expect(asObject(body['data'])).toMatchObject({ hash, limit: 5, name: 'k', switchyard: { tags: { a: 'b' } } })
  expect([(await chat(secret)).status, (await chat(second)).status]).toEqual([200, 200])
  expect((await extrasOf(hash))['old_secret_ends_at']).toBeString()
  const third = asString((await manage('POST', `/keys/${hash}/rotate`, { overlap_seconds: 0 })).body['key']) ?? ''
  expect([(await chat(secret)).status, (await chat(second)).status, (await chat(third)).status]).toEqual([401, 401, 200])
  await manage('PATCH', `/keys/${hash}`, { disabled: true })
  expect((await chat(third)).status).toBe(401)
})

test('the last use is known to the minute', async () => {
  const { secret, hash } = await make({})
  expect(await extrasOf(hash)).toMatchObject({ last_used_at: null })
  const before = Date.now()
  await chat(secret)
  const used = Date.parse(asString((await extrasOf(hash))['last_used_at']) ?? '')
  expect(Math.abs(used - before)).toBeLessThan(60_000)
})

test('a call of a workspace that names no model has its default one', async () => {
  const { body } = await manage('POST', '/workspaces', { name: 'Echo', slug: 'echo', default_text_model: 'demo/echo' })
  const { secret } = await make({}, { workspace_id: asString(asObject(body['data'])?.['id']) ?? '' })
  const unnamed = await chat(secret, { model: undefined })
  expect([unnamed.status, unnamed.model]).toEqual([200, 'demo/echo'])
  expect((await chat(gateway.key, { model: undefined })).status).toBe(400)
})

test('400 says what to change', async () => {
  const wrong: readonly (readonly [JsonObject, string])[] = [
    [{ ip_ranges: ['10.0.0.1/8'] }, 'ip_ranges'], [{ ip_ranges: [] }, 'ip_ranges'], [{ ip_ranges: 'x' }, 'ip_ranges'], [{ tags: { 'a b': 'c' } }, 'tags'], [{ tags: { a: '' } }, 'tags'], [{ tags: { a: 'x\ny' } }, 'tags'],
    [{ allowed_models: ['no/such-model'] }, 'allowed_models'], [{ allowed_providers: ['no-such'] }, 'allowed_providers'], [{ max_price: { prompt: -1 } }, 'max_price'], [{ max_price: { picture: 1 } }, 'picture'], [{ colour: 'red' }, 'colour'],
    [{ rolling_limits: [] }, 'rolling_limits'], [{ rolling_limits: [{ window: '0h', limit: 1 }] }, 'window'], [{ rolling_limits: [{ window: '31d', limit: 1 }] }, 'window'], [{ rolling_limits: [{ window: '5h', limit: -1 }] }, 'limit'],
    [{ rolling_limits: [{ window: '5h', limit: 1 }, { window: '5h', limit: 2 }] }, '5h'], [{ rolling_limits: [{ window: '24h', limit: 1 }, { window: '1d', limit: 2 }] }, '24h'], [{ rolling_limits: { '5h': 1 } }, 'rolling_limits'],
  ]
  for (const [extras, field] of wrong) {
    const { status, body } = await manage('POST', '/keys', { name: 'x', switchyard: extras })
    expect([extras, status, asString(asObject(body['error'])?.['message'])?.includes(field)]).toEqual([extras, 400, true])
  }
  const names = (asArray((await manage('GET', '/keys')).body['data']) ?? []).map((row) => asObject(row)?.['name'])
  expect(names).not.toContain('x')
  expect((await manage('POST', `/keys/${'e'.repeat(64)}/rotate`, {})).status).toBe(404)
})

test("a workspace's guardrail restricts its keys and no others", async () => {
  const { body } = await manage('POST', '/workspaces', { name: 'Guarded', slug: 'guarded' })
  const workspace = asObject(body['data'])
  const [inside, outside] = [await make({}, { workspace_id: asString(workspace?.['id']) ?? '' }), await make({})]
  const guardrail = asString(workspace?.['default_guardrail_id']) ?? ''
  expect((await manage('PATCH', `/guardrails/${guardrail}`, { ignored_models: ['demo/echo'] })).body).toMatchObject({ data: { id: guardrail, workspace_id: workspace?.['id'] ?? '' } })
  expect((await manage('GET', `/guardrails?workspace_id=${asString(workspace?.['id']) ?? ''}`)).body).toMatchObject({ total_count: 1, data: [{ id: guardrail }] })
  expect([(await chat(inside.secret)).status, (await chat(outside.secret)).status]).toEqual([403, 200])
  await manage('PATCH', `/keys/${inside.hash}`, { disabled: true })
  expect((await manage('DELETE', '/workspaces/guarded')).status).toBe(200)
  expect((await manage('GET', `/guardrails/${guardrail}`)).status).toBe(404)
  expect((await manage('PATCH', `/guardrails/${guardrail}`, { ignored_models: null })).status).toBe(404)
})
