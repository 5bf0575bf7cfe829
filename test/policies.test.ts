import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { cli } from './cli.ts'
import { validateSchema } from './openapi.ts'
import { startGateway, type Gateway } from './server.ts'
import { hasShared } from './shared.ts'

// The whole program: what the operator, a guardrail, a key and the request say, put together, in two processes.

const PORT = 1
const CONFIG = `policy:
  ignored_providers: [banned]
providers:
  ${['banned', 'keeper', 'trainer', 'good', 'europe'].map((slug) => `${slug}:
    base_url: http://127.0.0.1:${PORT}/v1
    api_key: sk-of-${slug}
    ${slug === 'keeper' ? 'data_policy: { retains: true, retention_days: 30, trains: false }' : slug === 'trainer' ? 'data_policy: { retains: false, trains: true }' : 'data_policy: { retains: false, trains: false }'}
    ${slug === 'europe' ? 'regions: [DE]' : 'headquarters: US'}
    models: [{ id: acme/m, price: { input: "1", output: "1" } }]`).join('\n  ')}
  club:
    base_url: http://127.0.0.1:${PORT}/v1
    api_key: sk-of-club
    models: [{ id: club/secret, price: free, visible_to: [nobody-here] }]
`
const SECRET = 'a prompt that nobody keeps'

let gateway: Gateway
let admin = ''

beforeAll(async () => {
  gateway = await startGateway({ config: CONFIG, args: ['--workers', '2'] })
  const made = await cli(gateway.dataDir, ['keys', 'create', '--management', '--name', 'admin', '--data', gateway.dataDir, '--json'])
  admin = /sk-sw-v1-[0-9a-f]{64}/.exec(made.out)?.[0] ?? ''
}, 60_000)
afterAll(async () => { await gateway.stop() }, 30_000)

type Body = Record<string, unknown>

async function send(method: string, path: string, options: { readonly json?: unknown; readonly as?: string; readonly headers?: Record<string, string> } = {}): Promise<{ status: number; body: Body }> {
  const answer = await gateway.api(path, undefined, { method, ...(options.json !== undefined && { body: JSON.stringify(options.json) }), headers: { connection: 'close', ...(options.as && { authorization: `Bearer ${options.as}` }), ...options.headers } })
  return { status: answer.status, body: await answer.json() as Body }
}

const MESSAGES = [{ role: 'user', content: SECRET }]
const explain = async (provider: object = {}, headers: Record<string, string> = {}) => {
  const { body } = await send('POST', '/route/explain', { json: { model: 'acme/m', messages: MESSAGES, provider }, headers })
  // The shape is this server's own, checked in its own tests.
  return body['data'] as { steps: { provider: string }[]; excluded: { provider: string; rule: string; policy: { of: string } | null }[]; error: { code: number } | null; region: string | null }
}
const steps = async (provider: object = {}, headers: Record<string, string> = {}) => (await explain(provider, headers)).steps.map((step) => step.provider).sort()

/** What many questions answer, so that both processes are asked. */
async function everywhere<T>(ask: () => Promise<T>): Promise<T[]> {
  return await Promise.all(Array.from({ length: 16 }, ask))
}

/** Asks until all processes answer so; the gateway promises it within a second, and the test's own limit is its end. */
async function untilEverywhere(ask: () => Promise<string>, expected: string): Promise<void> {
  while ((await everywhere(ask)).some((answer) => answer !== expected)) await Bun.sleep(50)
}

describe('policies', () => {
  test('F4: operator, guardrail, key and request are put together, and a change is seen by every process', async () => {
    expect(await steps()).toEqual(['europe', 'good', 'keeper', 'trainer'])
    const { body: { data: guardrail } } = await send('POST', '/guardrails', { as: admin, json: { name: 'Prod', enable_paid_model_training: false } })
    const { id } = guardrail as { id: string }
    expect(await steps()).toHaveLength(4)
    const { body: { data: keys } } = await send('GET', '/keys', { as: admin })
    const own = (keys as { hash: string; name: string }[]).find(({ name }) => name === 'SWITCHYARD_KEY')?.hash ?? ''
    await send('POST', `/guardrails/${id}/assignments/keys`, { as: admin, json: { key_hashes: [own] } })
    await untilEverywhere(async () => (await steps()).join(), 'europe,good,keeper')
    await send('PATCH', `/keys/${own}/policy`, { as: admin, json: { enforce_zdr_other: true } })
    await untilEverywhere(async () => (await steps()).join(), 'europe,good')
    expect(await steps({ ignore: ['good'] })).toEqual(['europe'])
    const { excluded } = await explain({ ignore: ['good'] })
    expect(Object.fromEntries(excluded.map(({ provider, rule, policy }) => [provider, `${rule} ${policy?.of ?? 'request'}`]))).toEqual({
      banned: 'allowed_providers operator', trainer: 'data_policy:training guardrail', keeper: 'data_policy:zdr key', good: 'ignored request',
    })
    await send('DELETE', `/guardrails/${id}`, { as: admin })
    await send('PATCH', `/keys/${own}/policy`, { as: admin, json: { enforce_zdr_other: false } })
    await untilEverywhere(async () => (await steps()).join(), 'europe,good,keeper,trainer')
  }, 60_000)

  test('E12, A36: the host of a region narrows calls and lists', async () => {
    const eu = { host: 'eu.gateway.example' }
    expect(await explain({}, eu)).toMatchObject({ region: 'eu', steps: [{ provider: 'europe' }] })
    const { status, body } = await send('POST', '/chat/completions', { json: { model: 'acme/m', messages: MESSAGES, provider: { only: ['good'] } }, headers: eu })
    expect({ status, body }).toMatchObject({ status: 404, body: { error: { availability: { code: 'constraint_filtered' } } } })
    const refused = await send('POST', '/chat/completions', { json: { model: 'acme/m', messages: MESSAGES, provider: { ignore: ['europe'] } }, headers: { host: 'us.gateway.example' } })
    expect(refused).toMatchObject({ status: 403, body: { error: { availability: { code: 'region_restricted', excluded_by: expect.arrayContaining(['data_region']) } } } })
    const { body: { data } } = await send('GET', '/models?q=acme', { headers: eu })
    expect((data as { id: string }[]).map(({ id }) => id)).toEqual(['acme/m'])
    expect((await send('GET', '/models?q=acme', { headers: { host: 'us.gateway.example' } })).body).toMatchObject({ data: [] })
  })

  test('E13, F6: the refusal in the words of each API', async () => {
    const json = { model: 'acme/m', messages: MESSAGES, max_tokens: 10, provider: { zdr: true, only: ['keeper'] } }
    const chat = await send('POST', '/chat/completions', { json })
    expect(chat.status).toBe(404)
    if (hasShared) expect(validateSchema('BadRequestResponse', chat.body)).toEqual([])
    const { body: { data: guardrail } } = await send('POST', '/guardrails', { as: admin, json: { name: 'Nothing', allowed_models: ['demo/echo'] } })
    const { id } = guardrail as { id: string }
    await send('POST', `/guardrails/${id}/assignments/members`, { as: admin, json: { member_user_ids: ['user_owner'] } })
    await untilEverywhere(async () => String((await send('POST', '/messages', { json })).status), '403')
    expect(await send('POST', '/messages', { json })).toMatchObject({ body: { type: 'error', error: { type: 'permission_error' } } })
    expect(await send('POST', '/responses', { json: { model: 'acme/m', input: 'x' } })).toMatchObject({ status: 403 })
    expect((await send('POST', '/chat/completions', { json: { model: 'demo/echo', messages: MESSAGES } })).status).toBe(200)
    await send('DELETE', `/guardrails/${id}`, { as: admin })
    await untilEverywhere(async () => String((await send('POST', '/messages', { json })).status), '404')
  }, 60_000)
})

describe('private models', () => {
  test('C58: are unknown to those they are not for, in calls, lists and hints', async () => {
    const called = await send('POST', '/chat/completions', { json: { model: 'club/secret', messages: MESSAGES } })
    expect(called).toMatchObject({ status: 400, body: { error: { availability: { code: 'model_not_found' } } } })
    const near = await send('POST', '/chat/completions', { json: { model: 'club/secrets', messages: MESSAGES } })
    expect(JSON.stringify(near.body).replaceAll('club/secrets', '')).not.toContain('club/secret')
    for (const path of ['/models?output_modalities=all', '/models/user', '/endpoints/zdr']) expect(JSON.stringify((await send('GET', path)).body)).not.toContain('club/')
    for (const path of ['/model/club/secret', '/models/club/secret/endpoints']) expect((await send('GET', path)).status).toBe(404)
    expect(JSON.stringify(await (await fetch(`${gateway.url}/api/tags`, { headers: { authorization: `Bearer ${gateway.key}` } })).text())).not.toContain('club/')
  })
})

describe('presets', () => {
  test('B43: the three ways to name one, in every API, and the newest version in every process', async () => {
    const capture = async (temperature: number) => await send('POST', '/presets/shout/chat/completions', { json: { model: 'demo/echo', temperature, messages: [{ role: 'system', content: 'Be loud' }, ...MESSAGES] } })
    expect((await capture(0.1)).body).toMatchObject({ data: { designated_version: { version: 1 } } })
    const asked = { messages: [{ role: 'user', content: 'hello' }] }
    for (const json of [{ ...asked, model: '@preset/shout' }, { ...asked, preset: 'shout' }, { ...asked, model: 'demo/echo@preset/shout' }]) {
      expect(await send('POST', '/chat/completions', { json })).toMatchObject({ status: 200, body: { model: 'demo/echo', choices: [{ message: { content: expect.stringContaining('hello') } }] } })
    }
    expect(await send('POST', '/messages', { json: { ...asked, model: '@preset/shout', max_tokens: 50 } })).toMatchObject({ status: 200, body: { model: 'demo/echo', type: 'message' } })
    expect(await send('POST', '/responses', { json: { model: 'demo/writer@preset/shout', input: 'hello' } })).toMatchObject({ status: 200, body: { model: 'demo/writer', object: 'response' } })
    const one = await send('POST', '/chat/completions', { json: { ...asked, preset: 'shout' } })
    await send('POST', '/presets/shout/chat/completions', { json: { model: 'demo/writer', messages: MESSAGES } })
    expect(one.body['model']).toBe('demo/echo')
    await untilEverywhere(async () => String((await send('POST', '/chat/completions', { json: { ...asked, preset: 'shout' } })).body['model']), 'demo/writer')
  }, 60_000)

  test('B43: an unknown preset, two of them, and none for vectors', async () => {
    const call = async (path: string, json: object) => (await send('POST', path, { json })).status
    expect(await call('/chat/completions', { model: '@preset/nothing', messages: MESSAGES })).toBe(404)
    expect(await call('/chat/completions', { model: '@preset/shout', preset: 'other', messages: MESSAGES })).toBe(400)
    expect(await call('/chat/completions', { model: 'demo/echo', preset: 7, messages: MESSAGES })).toBe(400)
    expect(await call('/embeddings', { model: 'demo/embedder@preset/shout', input: 'x' })).toBe(400)
  })
})

test('E1: what was said is on no disk and in no log, also not of calls that failed', async () => {
  expect((await send('POST', '/chat/completions', { json: { model: 'demo/echo', messages: MESSAGES } })).status).toBe(200)
  expect((await send('POST', '/chat/completions', { json: { model: 'acme/m', messages: MESSAGES } })).status).toBeGreaterThanOrEqual(500)
  const files = (readdirSync(gateway.dataDir, { recursive: true, encoding: 'utf8' })).map((path) => join(gateway.dataDir, path)).filter((path) => statSync(path).isFile())
  expect(files.length).toBeGreaterThan(1)
  for (const path of files) expect({ path, has: readFileSync(path).includes(SECRET) }).toEqual({ path, has: false })
  expect(gateway.logs()).not.toContain(SECRET)
})
