import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { validateResponse } from '../../../test/openapi.ts'
import { ask, endpoint, keyRecord, model, provider, snapshot, type Answer } from '../../../test/openapi/fake-services.ts'
import { storedServices } from '../../../test/openapi/stored-services.ts'
import { describeShared } from '../../../test/shared.ts'
import { OPERATOR } from '../../accounts/audit-entry.ts'
import type { Caller } from '../../accounts/caller.ts'
import { isObject } from '../../core/json.ts'
import { NO_USAGE } from '../../core/usage.ts'
import type { Generation } from '../../ledger/generation.ts'
import { generationOf } from '../../store/store.fixture.ts'

const DAY_MS = 86_400_000
const NOW = Date.parse('2026-11-20T12:30:00Z')
let keys = 0
/** A key that has asked for nothing yet. */
const fresh = (kind: 'management' | 'inference' = 'management', accountId = 'default') => keyRecord({ hash: String(++keys).padStart(64, 'e'), kind, accountId })
let services: Awaited<ReturnType<typeof storedServices>>
let caller: Caller
let made = 0

async function called(daysAgo: number, change: Partial<Generation>): Promise<void> {
  const id = `gen-1-${++made}`
  const hold = await services.ledger.hold(caller, id, change.cost ?? 0n)
  if (!hold.ok) throw new Error(hold.code)
  services.ledger.settle(hold, generationOf(caller.key, id, { createdMs: NOW - daysAgo * DAY_MS, model: 'acme/tiny', ...change }))
}

beforeAll(async () => {
  services = await storedServices(snapshot([model('acme/tiny', [endpoint('acme/tiny', provider('acme'))]), model('acme/eye', [endpoint('acme/eye', provider('acme'))], { inputs: ['text', 'image'] })]))
  services.clock.advance(NOW - services.clock.wallMs())
  await services.accounts.grant('default', 9_000_000_000n, 'test')
  const { secret } = await services.accounts.createKey({ accountId: 'default', name: 'one' })
  const found = await services.accounts.find(secret)
  if (!found) throw new Error('the key is live')
  caller = found
  const usage = (tokens: number) => ({ ...NO_USAGE, promptTokens: tokens, completionTokens: 1 })
  for (let at = 0; at < 60; at++) await called(1, { model: `maker/m-${String(at).padStart(2, '0')}`, usage: usage(100 + at) })
  for (let at = 0; at < 20; at++) await called(2, { usage: usage(9), referer: 'https://my.app', title: 'Mine', categories: 'cli-agent', sessionId: `s-${at}`, cost: BigInt(at) * 1_000_000n })
  await called(3, { model: 'acme/eye', usage: usage(4), referer: 'https://other.app', categories: 'game', finishReason: 'tool_calls' })
  await called(100, { usage: usage(5_000), referer: 'https://other.app' })
  await services.ledger.flush()
})

afterAll(() => services.close())

const get = (path: string, as = fresh()): Promise<Answer> => ask(services, 'GET', path, { as })

function rows({ body, fault }: Answer): Record<string, unknown>[] {
  if (!isObject(body) || !Array.isArray(body['data'])) throw new Error(fault?.message ?? 'no data')
  return body['data'].filter(isObject)
}

const scope = ({ body }: Answer): unknown => (isObject(body) && isObject(body['meta']) && isObject(body['meta']['switchyard']) ? body['meta']['switchyard']['scope'] : undefined)

describe('J26, A33: models by day', () => {
  test('fifty of a day, the others together and last; by date', async () => {
    const all = rows(await get('/datasets/rankings-daily'))
    expect(all.map(({ date }) => date)).toEqual(['2026-11-17', '2026-11-18', ...Array.from({ length: 51 }, () => '2026-11-19')])
    expect(all[1]).toEqual({ date: '2026-11-18', model_permaslug: 'acme/tiny-20250101', total_tokens: '200' })
    expect(all[2]).toEqual({ date: '2026-11-19', model_permaslug: 'maker/m-59', total_tokens: '160' })
    expect(all.at(-1)).toEqual({ date: '2026-11-19', model_permaslug: 'other', total_tokens: String(10 * 101 + 45) })
  })

  test('by week and month, by what models take, by size', async () => {
    expect(rows(await get('/datasets/rankings-daily?period=week&end_date=2026-11-18')).map(({ date, total_tokens: tokens }) => [date, tokens])).toEqual([['2026-11-16', '200'], ['2026-11-16', '5']])
    expect(rows(await get('/datasets/rankings-daily?period=month&end_date=2026-11-18&start_date=2026-01-01')).map(({ date, total_tokens: tokens }) => [date, tokens])).toEqual([['2026-08-01', '5001'], ['2026-11-01', '200'], ['2026-11-01', '5']])
    expect(rows(await get('/datasets/rankings-daily?modality=image')).map((row) => row['model_permaslug'])).toEqual(['acme/eye-20250101'])
    expect(rows(await get('/datasets/rankings-daily?modality=tool_calling')).map((row) => row['model_permaslug'])).toEqual(['acme/eye-20250101'])
    expect(rows(await get('/datasets/rankings-daily?context_bucket=10K&start_date=2026-01-01')).map((row) => row['total_tokens'])).toEqual(['5001'])
    expect(rows(await get('/datasets/rankings-daily?category=programming'))).toEqual([])
  })

  test.each([
    ['period=day&category=legal', 'period'], ['category=legal&language_type=natural', 'category'], ['category=legal&modality=text', 'category'], ['end_date=2024-12-31', 'end_date'], ['start_date=2026-11-19&end_date=2026-11-01', 'start_date'],
    ['start_date=2025-01-01&end_date=2026-11-01', 'start_date'], ['start_date=2026-02-30', 'start_date'], ['context_bucket=5K', 'context_bucket'], ['modality=smell', 'modality'],
  ])('400 of %s names %s', async (query, field) => {
    const { status, fault } = await get(`/datasets/rankings-daily?${query}`)
    expect([status, fault?.message.includes(`\`${field}\``)]).toEqual([400, true])
  })

  test('what is before 2025 is left out, and said', async () => {
    const { body } = await get('/datasets/rankings-daily?start_date=2020-01-01&end_date=2025-06-01')
    expect(body).toMatchObject({ data: [], meta: { version: 'v1', start_date: '2025-01-01', end_date: '2025-06-01' } })
  })
})

describe('J26: apps', () => {
  test('by tokens, by category, by growth; the rank is that of all', async () => {
    const all = rows(await get('/datasets/app-rankings'))
    expect(all.map(({ rank, app_name: name, total_tokens: tokens, total_requests: requests }) => [rank, name, tokens, requests])).toEqual([[1, 'Mine', '200', 20], [2, 'other.app', '5', 1]])
    expect(rows(await get('/datasets/app-rankings?offset=1')).map(({ rank }) => rank)).toEqual([2])
    expect(rows(await get('/datasets/app-rankings?category=entertainment')).map(({ rank, app_name: name }) => [rank, name])).toEqual([[1, 'other.app']])
    expect(rows(await get('/datasets/app-rankings?category=coding&subcategory=cli-agent')).map(({ app_name: name }) => name)).toEqual(['Mine'])
    // The other used 5001 in the three windows before, and 5 in this.
    expect(rows(await get('/datasets/app-rankings?sort=trending')).map(({ app_name: name }) => name)).toEqual(['Mine'])
    expect((await get('/datasets/app-rankings?category=coding&subcategory=game')).status).toBe(400)
  })
})

test('J8: sessions', async () => {
  expect(rows(await get('/datasets/session-cost'))).toEqual([{ app_slug: 'my-app', app_name: 'Mine', turn_range: '1-turn', model_permaslug: 'acme/tiny-20250101', median_session_cost_usd: 0.0095 }])
  expect(rows(await get('/datasets/session-cost?app_slug=my-app&model=acme/tiny-20250101&turn_range=1-turn'))).toHaveLength(1)
  for (const query of ['app_slug=other', 'model=acme/tiny', 'turn_range=2-9-turns', 'offset=1']) expect(rows(await get(`/datasets/session-cost?${query}`))).toEqual([])
})

describe('whose calls they are of', () => {
  test("an API key is told nothing of its account, a member's management key neither, another account nothing of this one", async () => {
    const ada = (await services.people.addUser({ email: 'ada@example.com' }, OPERATOR)).id
    await services.people.addMember('default', ada, 'member', OPERATOR)
    for (const as of [fresh('inference'), keyRecord({ hash: 'd'.repeat(64), kind: 'management', creatorUserId: ada })]) {
      for (const path of ['/datasets/rankings-daily', '/datasets/app-rankings', '/datasets/session-cost']) {
        const answer = await get(path, as)
        expect([path, rows(answer), scope(answer)]).toEqual([path, [], 'none'])
      }
    }
    expect(rows(await get('/datasets/rankings-daily', fresh('management', 'another')))).toEqual([])
    expect(scope(await get('/datasets/rankings-daily'))).toBe('account')
  })

  test('where the operator shares it, everybody is told of all, and nothing of fewer than 20 calls or 5 sessions', async () => {
    await services.instance.change({ share_usage: true }, OPERATOR)
    const apps = await get('/datasets/app-rankings', fresh('inference', 'another'))
    expect([rows(apps).map(({ app_name: name }) => name), scope(apps)]).toEqual([['Mine'], 'install'])
    expect(rows(await get('/datasets/rankings-daily', fresh('inference'))).map(({ date, model_permaslug: name }) => [date, name])).toEqual([['2026-11-18', 'acme/tiny-20250101'], ['2026-11-19', 'other']])
    expect(rows(await get('/datasets/rankings-daily?context_bucket=10K&start_date=2026-01-01', fresh('inference')))).toEqual([])
    expect(rows(await get('/datasets/session-cost', fresh('inference')))).toHaveLength(1)
    await services.instance.change({ share_usage: false }, OPERATOR)
  })
})

test('J26: 30 a minute by a key, of all data sets together', async () => {
  const as = fresh('management', 'busy')
  for (let count = 0; count < 30; count++) expect((await get(['/benchmarks', '/classifications/task', '/datasets/app-rankings'][count % 3] ?? '', as)).status).toBe(200)
  const refused = await get('/datasets/rankings-daily', as)
  expect([refused.status, refused.fault?.message]).toEqual([429, 'Rate limit exceeded: this key may ask for datasets 30 times a minute. It starts anew at 2026-11-20T12:31:00.000Z.'])
  expect(refused.fault?.options.rateLimit).toEqual({ limit: '30', remaining: '0', resetMs: Date.parse('2026-11-20T12:31:00Z') })
  expect((await get('/benchmarks', fresh('management', 'busy'))).status).toBe(200)
})

test('J26: 500 a day by an account', async () => {
  for (let count = 0; count < 500; count++) expect((await get('/benchmarks', keyRecord({ hash: String(count % 20).padStart(64, 'c'), kind: 'inference', accountId: 'large' }))).status).toBe(200)
  const refused = await get('/benchmarks', fresh('inference', 'large'))
  expect([refused.status, refused.fault?.message]).toEqual([429, 'Rate limit exceeded: all keys of this account together may ask for datasets 500 times a day. It starts anew at 2026-11-21T00:00:00.000Z.'])
})

describeShared('J8, J26: what is answered is as the contract has it', () => {
  test.each(['/datasets/rankings-daily', '/datasets/app-rankings', '/datasets/session-cost', '/benchmarks?source=openrouter&task_type=coding', '/classifications/task?window=7d'])('%s', async (path) => {
    const { status, body } = await get(path)
    expect(validateResponse('GET', path.split('?')[0] ?? '', status, body)).toEqual([])
    expect((await get('/classifications/task?window=30d')).status).toBe(400)
  })
})
