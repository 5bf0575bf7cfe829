import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { hashSecret } from '../src/accounts/account-book.ts'
import { cli } from './cli.ts'
import { validateResponse } from './openapi.ts'
import { databaseUrlOf } from './engine.ts'
import { startGateway, type Gateway } from './server.ts'
import { hasShared } from './shared.ts'

// The whole program in two processes, with providers that know which key they were shown.

type Body = Record<string, unknown>

/** A provider that answers whoever shows a key, but for those it refuses or limits; it repeats the key that it refuses, as some do. */
function startProvider() {
  const shown: string[] = []
  const refused = new Set<string>()
  const limited = new Set<string>()
  const server = Bun.serve({ port: 0, hostname: '127.0.0.1', async fetch(request) {
    const key = (request.headers.get('authorization') ?? '').replace('Bearer ', '')
    shown.push(key)
    const body = await request.json() as Body
    if (refused.has(key)) return Response.json({ error: { message: `Incorrect API key provided: ${key}`, code: 'invalid_api_key' } }, { status: 401 })
    if (limited.has(key)) return Response.json({ error: { message: 'slow down' } }, { status: 429, headers: { 'retry-after': '60' } })
    const usage = { prompt_tokens: 1_000, completion_tokens: 500, total_tokens: 1_500 }
    return Response.json({ id: 'x', object: 'chat.completion', created: 1, model: body['model'], choices: [{ index: 0, message: { role: 'assistant', content: 'Hello' }, finish_reason: 'stop' }], usage })
  } })
  return { url: `http://127.0.0.1:${server.port}/v1`, shown, refused, limited, stop: () => void server.stop(true) }
}

const [openai, groq] = [startProvider(), startProvider()]
const OPERATORS = 'sk-operators-own-credential'
/** $2 a million tokens of prompt, $8 of completion: a call of the provider's comes to $0.006. */
const MODELS = 'models: [{ id: acme/one, price: { input: "2", output: "8" } }, { id: acme/two, price: { input: "2", output: "8" } }]'
const CONFIG = `byok: { fee_percent: "5", monthly_allowance: "0.02" }
providers:
  openai: { base_url: "${openai.url}", api_key: ${OPERATORS}-openai, data_policy: { retains: true }, ${MODELS} }
  groq: { base_url: "${groq.url}", api_key: ${OPERATORS}-groq, data_policy: { retains: false, trains: false }, ${MODELS} }
`

/** Where the store is, for a command beside the server. */
function storeOf(dataDir: string): { databaseUrl?: string } {
  const databaseUrl = databaseUrlOf(dataDir)
  return databaseUrl === undefined ? {} : { databaseUrl }
}

let gateway: Gateway
let admin = ''
const secrets: string[] = []
const secretOf = (name: string): string => {
  const secret = `sk-proj-${name}-${'x7Q'.repeat(12)}`
  secrets.push(secret)
  return secret
}

beforeAll(async () => {
  gateway = await startGateway({ config: CONFIG, args: ['--workers', '2'] })
  const made = await cli(gateway.dataDir, ['keys', 'create', '--management', '--name', 'admin', '--data', gateway.dataDir, '--json'], storeOf(gateway.dataDir))
  admin = /sk-sw-v1-[0-9a-f]{64}/.exec(made.out)?.[0] ?? ''
}, 60_000)
afterAll(async () => {
  await gateway.stop()
  openai.stop()
  groq.stop()
}, 30_000)

/** Asks the management API; what it answers fits the contract. */
async function manage(method: string, path: string, json?: unknown): Promise<{ status: number; body: Body; data: Body }> {
  const answer = await gateway.api(path, undefined, { method, ...(json !== undefined && { body: JSON.stringify(json) }), headers: { connection: 'close', authorization: `Bearer ${admin}` } })
  const body = await answer.json() as Body
  if (hasShared) expect(validateResponse(method, path.split('?')[0] ?? '', answer.status, body)).toEqual([])
  // Of a list it is the list, which the caller knows.
  return { status: answer.status, body, data: body['data'] as Body }
}

async function bring(wish: Body): Promise<{ id: string }> {
  const { status, data } = await manage('POST', '/byok', { provider: 'openai', ...wish })
  expect(status).toBe(201)
  return { id: String(data['id']) }
}

const CALL = { model: 'acme/one', messages: [{ role: 'user', content: 'Hi' }], max_tokens: 600 }

async function call(more: Body = {}, key = gateway.key): Promise<{ status: number; body: Body; shown: readonly string[] }> {
  const before = [openai.shown.length, groq.shown.length]
  const answer = await gateway.api('/chat/completions', { ...CALL, ...more }, { headers: { connection: 'close', authorization: `Bearer ${key}`, 'x-openrouter-metadata': 'enabled' } })
  return { status: answer.status, body: await answer.json() as Body, shown: [...openai.shown.slice(before[0]), ...groq.shown.slice(before[1])] }
}

interface Step { provider: string; model: string; reason: string; is_byok: boolean }

async function plan(more: Body = {}, key = gateway.key): Promise<{ steps: Step[]; excluded: { provider: string; rule: string }[] }> {
  const answer = await gateway.api('/route/explain', { ...CALL, ...more }, { headers: { connection: 'close', authorization: `Bearer ${key}` } })
  // The shape is this server's own.
  return (await answer.json() as { data: { steps: Step[]; excluded: { provider: string; rule: string }[] } }).data
}

/** `openai:own`, `groq`: a Plan as the tests look at it. */
const order = async (more: Body = {}, key = gateway.key): Promise<string[]> => (await plan(more, key)).steps.map(({ provider, is_byok: isOwn, reason }) => `${provider.toLowerCase()}${isOwn ? `:${/your own key (\S+?),?(?: a fallback)?$/.exec(reason)?.[1] ?? reason}` : ''}`)

/** Until every process has it, which takes a tenth of a second. */
async function untilEverywhere(ask: () => Promise<unknown>, expected: unknown): Promise<void> {
  let answers: unknown[] = []
  for (let tries = 0; tries < 200; tries++) {
    answers = await Promise.all(Array.from({ length: 12 }, ask))
    if (answers.every((answer) => Bun.deepEquals(answer, expected))) return
    await Bun.sleep(50)
  }
  expect(answers).toEqual(answers.map(() => expected))
}

/** Takes every key away again, so that each test begins with none. */
async function takeAll(): Promise<void> {
  const { data } = await manage('GET', '/byok?limit=100')
  for (const { id } of data as unknown as { id: string }[]) await manage('DELETE', `/byok/${id}`)
  await untilEverywhere(async () => (await plan()).steps.some(({ is_byok: isOwn }) => isOwn), false)
}

describe('keys of one\'s own', () => {
  afterEach(takeAll, 30_000)

  test('H12: a key is brought once, and no answer has its secret; it is listed, changed, and taken', async () => {
    const secret = secretOf('first')
    const made = await manage('POST', '/byok', { provider: 'openai', key: secret, name: 'Production' })
    expect(made).toMatchObject({ status: 201, data: { provider: 'openai', label: `sk-...${secret.slice(-4)}`, name: 'Production', sort_order: 0, is_fallback: false, disabled: false, allowed_models: null, allowed_api_key_hashes: null, allowed_user_ids: null } })
    const id = String(made.data['id'])
    expect(await manage('POST', '/byok', { provider: 'openai', key: secretOf('second') })).toMatchObject({ data: { sort_order: 1 } })
    const listed = await manage('GET', '/byok?provider=openai')
    expect(listed.body).toMatchObject({ total_count: 2, data: [{ id }, { sort_order: 1 }] })
    expect((await manage('GET', '/byok?provider=groq')).body).toMatchObject({ total_count: 0, data: [] })
    const rotated = secretOf('rotated')
    expect(await manage('PATCH', `/byok/${id}`, { key: rotated, name: null, disabled: true })).toMatchObject({ status: 200, data: { id, name: null, disabled: true, label: `sk-...${rotated.slice(-4)}` } })
    expect(await manage('GET', `/byok/${id}`)).toMatchObject({ data: { disabled: true } })
    expect(await manage('DELETE', `/byok/${id}`)).toMatchObject({ status: 200, body: { deleted: true } })
    expect(await manage('GET', `/byok/${id}`)).toMatchObject({ status: 404 })
    expect(await manage('DELETE', '/byok/11111111-2222-4333-8444-555555555555')).toMatchObject({ status: 404 })
  }, 60_000)

  test('H13: what cannot be is refused, with what to change', async () => {
    const own = hashSecret(gateway.key)
    const bad: readonly [Body, string][] = [
      [{ provider: 'no-such-provider', key: 'k' }, 'provider'], [{ provider: 'openai' }, 'key'], [{ provider: 'openai', key: '' }, 'key'], [{ provider: 'openai', key: 'two words' }, 'key'],
      [{ provider: 'openai', key: 'k', allowed_api_key_hashes: [] }, 'allowed_api_key_hashes'], [{ provider: 'openai', key: 'k', allowed_api_key_hashes: ['F'.repeat(64)] }, 'allowed_api_key_hashes.0'],
      [{ provider: 'openai', key: 'k', allowed_api_key_hashes: ['f'.repeat(64)] }, 'allowed_api_key_hashes'], [{ provider: 'openai', key: 'k', allowed_api_key_hashes: Array.from({ length: 101 }, () => own) }, 'allowed_api_key_hashes'],
      [{ provider: 'openai', key: 'k', allowed_user_ids: ['user_of_nobody'] }, 'allowed_user_ids'], [{ provider: 'openai', key: 'k', allowed_models: ['no/such-model'] }, 'allowed_models'], [{ provider: 'openai', key: 'k', name: 'x'.repeat(256) }, 'name'], [{ provider: 'openai', key: 'k', base_url: 'http://169.254.169.254/' }, 'base_url'],
      [{ provider: 'openai', key: 'vault://kv/somebody-elses#key' }, 'key'], [{ provider: 'openai', key: 'file:///etc/passwd' }, 'key'], [{ provider: 'openai', key: 'env://PATH' }, 'key'],
      [{ provider: 'openai', key: 'k', workspace_id: '11111111-2222-4333-8444-555555555555' }, 'workspace_id'], [{ provider: 'azure', key: 'plain' }, 'key'],
    ]
    for (const [wish, field] of bad) expect(await manage('POST', '/byok', wish)).toMatchObject({ status: 400, body: { error: { metadata: { field } } } })
    const { id } = await bring({ key: secretOf('filtered'), allowed_api_key_hashes: [own], allowed_models: ['acme/one'] })
    expect(await manage('PATCH', `/byok/${id}`, { allowed_api_key_hashes: [] })).toMatchObject({ status: 400 })
    // What is left out is kept, null takes it back.
    expect(await manage('PATCH', `/byok/${id}`, { allowed_api_key_hashes: null })).toMatchObject({ data: { allowed_api_key_hashes: null, allowed_models: ['acme/one'] } })
    const answer = await gateway.api('/byok', undefined, { method: 'GET' })
    expect(answer.status).toBe(403)
  }, 60_000)

  test('H14, C62, C15: own keys go before all shared endpoints, whatever the order, and fallback keys after them', async () => {
    await bring({ key: secretOf('a'), name: 'a' })
    await bring({ key: secretOf('b'), name: 'b' })
    await bring({ key: secretOf('last'), name: 'last', is_fallback: true })
    await bring({ key: secretOf('g'), name: 'g', provider: 'groq', allowed_models: ['acme/two'] })
    const ordered = ['openai:a', 'openai:b', 'groq', 'openai', 'openai:last']
    await untilEverywhere(() => order({ provider: { order: ['groq', 'openai'] } }), ordered)
    const fallbacks = { models: ['acme/one', 'acme/two'], provider: { sort: 'price' } }
    const byModel = await plan(fallbacks)
    expect(byModel.steps.map(({ model }) => model)).toEqual([...Array.from({ length: 5 }, () => 'acme/one'), ...Array.from({ length: 6 }, () => 'acme/two')])
    const together = await plan({ ...fallbacks, provider: { sort: { by: 'price', partition: 'none' } } })
    expect(together.steps.slice(0, 5).every(({ is_byok: isOwn }) => isOwn)).toBe(true)
    expect(new Set(together.steps.slice(0, 5).map(({ model }) => model))).toEqual(new Set(['acme/one', 'acme/two']))
    const { shown } = await call({ provider: { order: ['groq'] } })
    expect(shown).toEqual([secrets.at(-4) ?? ''])
  }, 60_000)

  test('H12, H19: a key that is refused or limited is passed over for the next, and says so; the shared endpoint stays well', async () => {
    const [dead, full, good] = [secretOf('dead'), secretOf('full'), secretOf('good')]
    openai.refused.add(dead)
    openai.limited.add(full)
    await bring({ key: dead, name: 'dead' })
    await bring({ key: full, name: 'full' })
    await bring({ key: good, name: 'good' })
    await untilEverywhere(async () => (await plan()).steps.filter(({ is_byok: isOwn }) => isOwn).length, 3)
    const { status, body, shown } = await call()
    expect({ status, shown }).toEqual({ status: 200, shown: [dead, full, good] })
    expect(body).toMatchObject({ usage: { is_byok: true }, openrouter_metadata: { is_byok: true, attempt: 3, attempts: [{ status: 502, is_byok: true }, { status: 429, is_byok: true }, { status: 200, is_byok: true }] } })
    const { steps } = await plan() as unknown as { steps: { is_byok: boolean; provider: string; health: { state: string } }[] }
    expect(steps.find(({ provider, is_byok: isOwn }) => provider === 'OpenAI' && !isOwn)?.health.state).toBe('normal')
    // H19: what became of each attempt is in the record.
    const path = `/generation?id=${String(body['id'])}`
    await untilEverywhere(async () => (await gateway.api(path)).status, 200)
    expect(await (await gateway.api(path)).json()).toMatchObject({ data: { is_byok: true, provider_responses: [{ status: 502, is_byok: true }, { status: 429, is_byok: true }, { status: 200, is_byok: true }] } })
    const failed = await call({ provider: { only: ['openai'], allow_fallbacks: false } })
    expect(JSON.stringify(failed.body)).not.toContain(dead)
  }, 60_000)

  test('H12: "always use" forbids shared capacity of its provider', async () => {
    const { id } = await bring({ key: secretOf('always'), name: 'always', switchyard: { always_use: true } })
    await untilEverywhere(() => order({ provider: { sort: 'price' } }), ['openai:always', 'groq'])
    openai.refused.add(secrets.at(-1) ?? '')
    expect((await call({ provider: { only: ['openai'] } })).shown).toEqual([secrets.at(-1) ?? ''])
    const refused = await call({ provider: { only: ['openai'] } })
    expect(refused).toMatchObject({ status: 502, body: { error: { message: `OpenAI refused your own key always: replace it by PATCH /api/v1/byok/${id}, or disable it` } } })
  }, 60_000)

  test('H13: a key is for those keys, models and users only that it names', async () => {
    const { body } = await manage('POST', '/keys', { name: 'other' })
    const other = String(body['key'])
    await bring({ key: secretOf('mine'), name: 'mine', allowed_api_key_hashes: [hashSecret(gateway.key)], allowed_models: ['acme/one'] })
    const added = await cli(gateway.dataDir, ['members', 'add', 'ada@example.com', '--data', gateway.dataDir, '--json'], storeOf(gateway.dataDir))
    const ada = /"id": "([^"]+)"/.exec(added.out)?.[1] ?? ''
    const { id } = await bring({ key: secretOf('adas'), name: 'adas', allowed_user_ids: [ada] })
    for (const wish of [{ allowed_user_ids: ['user_of_nobody'] }, { allowed_user_ids: [ada, 'user_of_nobody'] }]) expect(await manage('PATCH', `/byok/${id}`, wish)).toMatchObject({ status: 400, body: { error: { metadata: { field: 'allowed_user_ids' } } } })
    await untilEverywhere(async () => (await order())[0], 'openai:mine')
    const shared = (steps: readonly string[]) => steps.every((step) => !step.includes(':'))
    expect(shared(await order({}, other))).toBe(true)
    expect(shared(await order({ model: 'acme/two' }))).toBe(true)
    expect((await call({ provider: { only: ['openai'] } }, other)).shown).toEqual([`${OPERATORS}-openai`])
  }, 60_000)

  test('E11: a data policy holds for own keys too', async () => {
    await bring({ key: secretOf('policy'), name: 'policy' })
    await untilEverywhere(async () => (await order())[0], 'openai:policy')
    expect(await order({ provider: { zdr: true } })).toEqual(['groq'])
    expect((await plan({ provider: { data_collection: 'deny' } })).excluded.filter(({ provider, rule }) => provider === 'OpenAI' && rule === 'data_policy:training')).toHaveLength(2)
  }, 60_000)

  test('H15, I8: within the allowance a call on an own key costs nothing, above it the fee; the bill is shown beside it, and counted', async () => {
    const { body: made } = await manage('POST', '/keys', { name: 'billed' })
    const key = String(made['key'])
    await bring({ key: secretOf('billed'), name: 'billed', allowed_api_key_hashes: [hashSecret(key)] })
    await untilEverywhere(async () => (await order({}, key))[0], 'openai:billed')
    const before = ((await (await gateway.api('/credits', undefined, { method: 'GET', headers: { authorization: `Bearer ${admin}` } })).json()) as { data: { total_usage: number } }).data.total_usage
    const costs: number[] = []
    // Two processes know of each other's calls soon: as many as it takes, one after the other, and to both.
    while (costs.at(-1) !== 0.0003 && costs.length < 200) {
      const { body } = await call({}, key)
      expect(body).toMatchObject({ usage: { is_byok: true, cost_details: { upstream_inference_cost: 0.006, upstream_inference_prompt_cost: 0.002, upstream_inference_completions_cost: 0.004 } } })
      costs.push((body['usage'] as { cost: number }).cost)
      await Bun.sleep(10)
    }
    // 5 % of $0.006, once the month has come to more than $0.02: other tests have used some of it.
    expect(costs.at(-1)).toBe(0.0003)
    expect(costs.every((cost) => cost >= 0 && cost <= 0.0003)).toBe(true)
    const seen = async () => (await (await gateway.api('/key', undefined, { headers: { connection: 'close', authorization: `Bearer ${key}` } })).json() as { data: Record<string, number> }).data
    const bills = costs.length * 6 / 1000
    await untilEverywhere(async () => (await seen())['byok_usage'], bills)
    const own = await seen()
    expect(own).toMatchObject({ byok_usage: bills, byok_usage_daily: bills, byok_usage_weekly: bills, byok_usage_monthly: bills })
    expect(own['usage']).toBeCloseTo(costs.reduce((sum, cost) => sum + cost, 0), 9)
    const after = ((await (await gateway.api('/credits', undefined, { method: 'GET', headers: { authorization: `Bearer ${admin}` } })).json()) as { data: { total_usage: number } }).data.total_usage
    expect(after - before).toBeCloseTo(costs.reduce((sum, cost) => sum + cost, 0), 9)
  }, 60_000)

  test('H2: a limit that counts own keys is reached by them; one that does not is not', async () => {
    const limited = async (includes: boolean): Promise<number[]> => {
      const { body } = await manage('POST', '/keys', { name: `counts ${includes}`, limit: 0.01, include_byok_in_limit: includes })
      const key = String(body['key'])
      const { id } = await bring({ key: secretOf(`counted-${includes}`), name: 'counted', allowed_api_key_hashes: [hashSecret(key)] })
      await untilEverywhere(async () => (await order({}, key))[0], 'openai:counted')
      const statuses = [(await call({}, key)).status, (await call({}, key)).status]
      await manage('DELETE', `/byok/${id}`)
      return statuses
    }
    expect(await limited(false)).toEqual([200, 200])
    // A call may come to $0.0068 and comes to $0.006: of $0.01 there is no second one.
    expect(await limited(true)).toEqual([200, 402])
  }, 60_000)

  test('the secrets are nowhere: not in the store, the journal, the logs, any answer or the log of changes', async () => {
    await bring({ key: secretOf('kept'), name: 'kept' })
    await untilEverywhere(async () => (await order())[0], 'openai:kept')
    expect((await call()).shown).toEqual([secrets.at(-1) ?? ''])
    const audit = await (await gateway.api('/organization/audit', undefined, { headers: { authorization: `Bearer ${admin}` } })).text()
    const answers = [audit, JSON.stringify(await manage('GET', '/byok')), gateway.logs()]
    const files = readdirSync(gateway.dataDir, { recursive: true, encoding: 'utf8' }).map((name) => join(gateway.dataDir, name)).filter((path) => statSync(path).isFile())
    expect(files.length).toBeGreaterThan(2)
    for (const text of [...answers, ...files.map((path) => readFileSync(path, 'latin1'))]) for (const secret of secrets) expect(text.includes(secret)).toBe(false)
    expect(statSync(join(gateway.dataDir, 'master-key')).mode & 0o777).toBe(0o600)
    expect(gateway.logs()).toContain('back it up')
    expect(audit).toContain('byok.create')
  }, 60_000)
})
