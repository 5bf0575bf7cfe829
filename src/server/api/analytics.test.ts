import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { validateRequest, validateResponse } from '../../../test/openapi.ts'
import { ask, endpoint, keyRecord, model, provider, snapshot, type Answer } from '../../../test/openapi/fake-services.ts'
import { storedServices } from '../../../test/openapi/stored-services.ts'
import { describeShared } from '../../../test/shared.ts'
import { SYSTEM } from '../../accounts/audit-entry.ts'
import type { Caller } from '../../accounts/caller.ts'
import { defaultWorkspaceId } from '../../accounts/workspace.ts'
import { isObject } from '../../core/json.ts'
import { NO_USAGE } from '../../core/usage.ts'
import type { Generation } from '../../ledger/generation.ts'
import { generationOf } from '../../store/store.fixture.ts'

const DAY_MS = 86_400_000
const NOW = '2026-11-20T12:30:00Z'
const admin = keyRecord({ hash: 'e'.repeat(64), kind: 'management' })
const catalogue = snapshot([model('acme/tiny', [endpoint('acme/tiny', provider('acme'))])])
let services: Awaited<ReturnType<typeof storedServices>>
let made = 0
const workspaces: string[] = []
const callers: Caller[] = []
/** The person whose key the third is. */
let ada = ''

async function spend(caller: Caller | undefined, daysAgo: number, change: Partial<Generation>): Promise<void> {
  if (!caller) throw new Error('there is no such caller')
  const id = `gen-1-${++made}`
  const hold = await services.ledger.hold(caller, id, change.cost ?? 0n)
  if (!hold.ok) throw new Error(hold.code)
  services.ledger.settle(hold, generationOf(caller.key, id, { createdMs: Date.parse(NOW) - daysAgo * DAY_MS, model: 'acme/tiny', ...change }))
}

async function key(name: string, more: { readonly workspaceId?: string; readonly creatorUserId?: string } = {}): Promise<void> {
  const { secret } = await services.accounts.createKey({ accountId: 'default', name, ...more })
  const caller = await services.accounts.find(secret)
  if (!caller) throw new Error('the key is live')
  callers.push(caller)
}

beforeAll(async () => {
  services = await storedServices(catalogue)
  services.clock.advance(Date.parse(NOW) - services.clock.wallMs())
  await services.accounts.grant('default', 9_000_000_000n, 'test')
  const second = await services.workspaces.create({ accountId: 'default', name: 'Second', slug: 'second' }, SYSTEM)
  workspaces.push(defaultWorkspaceId('default'), second.id)
  ada = (await services.people.addUser({ email: 'ada@example.com' }, SYSTEM)).id
  await services.people.addMember('default', ada, 'member', SYSTEM)
  await key('one')
  await key('two', { workspaceId: second.id })
  await key('three', { creatorUserId: ada })
  const usage = { ...NO_USAGE, promptTokens: 50, cacheReadTokens: 10, completionTokens: 125, reasoningTokens: 25 }
  for (let at = 0; at < 5; at++) await spend(callers[0], 1, { cost: 3_000_000n, usage, tags: { feature: 'search', customer: 'acme' }, latencyMs: 200, generationMs: 1_000 })
  await spend(callers[1], 1, { cost: 1n, byok: true, upstreamCost: 12_000_000n, usage, tags: { feature: 'chat' } })
  await spend(callers[2], 2, { cost: 700n, usage, fault: 'provider_error', tags: { feature: 'search' } })
  await spend(callers[0], 0, { cost: 9n, usage, model: 'acme/gone', provider: '', endpointId: '' })
  await spend(callers[0], 40, { cost: 11n, usage })
  for (const size of ['9', '10', '10.5', 'x']) await spend(callers[0], 150, { cost: 1n, usage, tags: { size } })
})

afterAll(() => services.close())

const get = (path: string, as = admin): Promise<Answer> => ask(services, 'GET', path, { as })
const query = (body: Record<string, unknown>, as = admin): Promise<Answer> => ask(services, 'POST', '/analytics/query', { as, body })

function rows(answer: Answer): Record<string, unknown>[] {
  const { body } = answer
  const data = isObject(body) ? body['data'] : undefined
  const list = isObject(data) ? data['data'] : data
  if (!Array.isArray(list)) throw new Error(answer.text || answer.fault?.message)
  return list.filter(isObject)
}

describe('J1: GET /activity', () => {
  test('tells the same as POST /analytics/query, by the names that docs/analytics.md sets side by side', async () => {
    const told = rows(await query({
      metrics: ['credits_usage', 'byok_usage', 'request_count', 'tokens_prompt', 'tokens_completion', 'reasoning_tokens'], dimensions: ['model', 'endpoint'], granularity: 'day',
      filters: [{ field: 'api_key_id', operator: 'eq', value: callers[0]?.key.hash }], time_range: { start: '2026-11-19T00:00:00Z', end: '2026-11-20T00:00:00Z' },
    }))
    const day = rows(await get(`/activity?date=2026-11-19&api_key_hash=${callers[0]?.key.hash ?? ''}`))
    expect(day).toHaveLength(1)
    expect(told).toEqual(day.map((row) => ({
      date__day: `${String(row['date'])}T00:00:00.000Z`, model: row['model'], endpoint: row['endpoint_id'], credits_usage: row['usage'], byok_usage: row['byok_usage_inference'],
      request_count: row['requests'], tokens_prompt: row['prompt_tokens'], tokens_completion: row['completion_tokens'], reasoning_tokens: row['reasoning_tokens'],
    })))
  })

  test('a row for each of the last 30 completed UTC days, model and endpoint, merged over workspaces', async () => {
    expect(rows(await get('/activity'))).toEqual([
      { date: '2026-11-19', model: 'acme/tiny', model_permaslug: 'acme/tiny-20250101', endpoint_id: 'acme/tiny@acme', provider_name: 'Acme', usage: 0.015000001, byok_usage_inference: 0.012, requests: 6, prompt_tokens: 300, completion_tokens: 750, reasoning_tokens: 150 },
      { date: '2026-11-18', model: 'acme/tiny', model_permaslug: 'acme/tiny-20250101', endpoint_id: 'acme/tiny@acme', provider_name: 'Acme', usage: 0.0000007, byok_usage_inference: 0, requests: 1, prompt_tokens: 50, completion_tokens: 125, reasoning_tokens: 25 },
    ])
  })

  test('group_by=workspace splits the rows, workspace_id, api_key_hash, user_id and date choose among them', async () => {
    const split = rows(await get('/activity?group_by=workspace&date=2026-11-19'))
    expect(split.map((row) => [row['workspace_id'], row['requests']])).toEqual([[workspaces[0], 5], [workspaces[1], 1]])
    expect(rows(await get(`/activity?workspace_id=${workspaces[1]}`)).map((row) => row['requests'])).toEqual([1])
    expect(rows(await get('/activity?workspace_id=second')).map((row) => row['usage'])).toEqual([1e-9])
    expect(rows(await get(`/activity?api_key_hash=${callers[2]?.key.hash}`)).map((row) => row['date'])).toEqual(['2026-11-18'])
    expect(rows(await get(`/activity?user_id=${ada}`)).map((row) => row['requests'])).toEqual([1])
    expect(rows(await get('/activity?user_id=nobody'))).toEqual([])
  })

  test.each([
    ['date=2026-11-20', 400, 'The query parameter `date` must be one of the last 30 completed UTC days, 2026-10-21 to 2026-11-19; POST /analytics/query has all others.'],
    ['date=2026-02-30', 400, 'The query parameter `date` must be a UTC date like 2027-01-31, not "2026-02-30".'],
    ['api_key_hash=abc', 400, "The query parameter `api_key_hash` must be a key's hash: 64 hex digits, not \"abc\"."],
    ['group_by=model', 400, 'The query parameter `group_by` must be one of workspace, not "model".'],
    ['workspace_id=00000000-0000-4000-8000-00000000000f', 404, undefined],
  ])('%s is refused with %d', async (text, status, message) => {
    const answer = await get(`/activity?${text}`)
    expect(answer.status).toBe(status)
    if (message) expect(answer.fault?.message).toBe(message)
  })

  test('J2: as a file for spreadsheets', async () => {
    const { text, type } = await get('/activity?format=csv&group_by=workspace')
    expect(type).toBe('text/csv; charset=utf-8')
    const [head, first] = text.split('\r\n')
    expect(head).toBe('date,model,model_permaslug,endpoint_id,provider_name,usage,byok_usage_inference,requests,prompt_tokens,completion_tokens,reasoning_tokens,workspace_id')
    expect(first).toStartWith('2026-11-19,acme/tiny,acme/tiny-20250101,acme/tiny@acme,Acme,0.015,0,5,')
  })

  test('a member sees what their own keys did (H20)', async () => {
    const member = keyRecord({ hash: 'd'.repeat(64), kind: 'management', creatorUserId: ada })
    expect(rows(await get('/activity', member)).map((row) => [row['date'], row['requests']])).toEqual([['2026-11-18', 1]])
    expect(rows(await query({ metrics: ['request_count'] }, member))).toEqual([{ request_count: 1 }])
  })
})

describe('J3: POST /analytics/query', () => {
  test('the last 30 days, where no time is said; sums to the nano-dollar', async () => {
    expect(rows(await query({ metrics: ['request_count', 'total_usage', 'credits_usage', 'openrouter_usage', 'byok_fees', 'byok_usage'] }))).toEqual([
      { request_count: 8, total_usage: 0.02700071, credits_usage: 0.01500071, openrouter_usage: 0.015000709, byok_fees: 1e-9, byok_usage: 0.012 },
    ])
  })

  test('by any two tags together; calls without a tag are there, as null', async () => {
    expect(rows(await query({ metrics: ['credits_usage', 'request_count'], dimensions: ['tag.feature', 'tag.customer'] }))).toEqual([
      { 'tag.feature': 'search', 'tag.customer': 'acme', credits_usage: 0.015, request_count: 5 },
      { 'tag.feature': 'search', 'tag.customer': null, credits_usage: 0.0000007, request_count: 1 },
      { 'tag.feature': null, 'tag.customer': null, credits_usage: 9e-9, request_count: 1 },
      { 'tag.feature': 'chat', 'tag.customer': null, credits_usage: 1e-9, request_count: 1 },
    ])
  })

  test('by time: the column is date__<granularity>, in the order of time', async () => {
    const answer = await query({ metrics: ['request_count'], granularity: 'day', time_range: { start: '2026-11-18T00:00:00Z', end: '2026-11-20T00:00:00Z' } })
    expect(answer.body).toMatchObject({ data: { metadata: { row_count: 2, truncated: false }, data: [{ date__day: '2026-11-18T00:00:00.000Z', request_count: 1 }, { date__day: '2026-11-19T00:00:00.000Z', request_count: 6 }] } })
    expect(rows(await query({ metrics: ['request_count'], granularity: 'month', order_by: { field: 'date', direction: 'desc' }, time_range: { start: '2026-09-01T00:00:00Z', end: '2026-12-01T00:00:00Z' } }))).toEqual([
      { date__month: '2026-11-01T00:00:00.000Z', request_count: 8 }, { date__month: '2026-10-01T00:00:00.000Z', request_count: 1 },
    ])
  })

  test('people, keys and workspaces stand with their names beside their ids, and are filtered by ids', async () => {
    expect(rows(await query({ metrics: ['request_count'], dimensions: ['user'] }))).toEqual([{ user: null, user_email: null, request_count: 7 }, { user: ada, user_email: 'ada@example.com', request_count: 1 }])
    expect(rows(await query({ metrics: ['request_count'], dimensions: ['api_key_id'], filters: [{ field: 'workspace', operator: 'eq', value: workspaces[1] }] }))).toEqual([{ api_key_id: callers[1]?.key.hash, api_key_name: 'two', request_count: 1 }])
    expect(rows(await query({ metrics: ['request_count'], dimensions: ['workspace'], filters: [{ field: 'user', operator: 'in', value: [ada], include_unset: true }] }))).toEqual([
      { workspace: workspaces[0], workspace_name: 'Default', request_count: 7 }, { workspace: workspaces[1], workspace_name: 'Second', request_count: 1 },
    ])
  })

  test('comparisons: texts by their letters, numbers among the values that are numbers; calls without a value pass none', async () => {
    const of = async (...filters: object[]): Promise<unknown> => rows(await query({ metrics: ['request_count'], dimensions: ['tag.feature'], filters, order_by: { field: 'tag.feature', direction: 'asc' } })).map((row) => [row['tag.feature'], row['request_count']])
    expect(await of({ field: 'tag.feature', operator: 'gt', value: 'chat' })).toEqual([['search', 6]])
    expect(await of({ field: 'tag.feature', operator: 'gte', value: 'chat' })).toEqual([['chat', 1], ['search', 6]])
    expect(await of({ field: 'tag.feature', operator: 'lt', value: 'search' })).toEqual([['chat', 1]])
    expect(await of({ field: 'tag.feature', operator: 'lte', value: 'search' }, { field: 'model', operator: 'gt', value: 'acme/gone' })).toEqual([['chat', 1], ['search', 6]])
    expect(await of({ field: 'tag.feature', operator: 'gt', value: 1 })).toEqual([])
    const size = (operator: string, value: string | number, more = {}) => query({ metrics: ['request_count'], filters: [{ field: 'tag.size', operator, value }], time_range: { start: '2026-06-01T02:00:00+02:00', end: '2026-07-01T00:00:00Z' }, ...more })
    expect(rows(await size('gt', 9))).toEqual([{ request_count: 2 }])
    expect(rows(await size('lte', 10))).toEqual([{ request_count: 2 }])
    expect(rows(await size('gt', 9, { filters: [{ field: 'tag.size', operator: 'gt', value: 9 }, { field: 'tag.size', operator: 'lt', value: 10.5 }], dimensions: ['tag.size'] }))).toEqual([{ 'tag.size': '10', request_count: 1 }])
    expect(rows(await size('gt', '9'))).toEqual([{ request_count: 1 }])
    expect(rows(await size('gte', 10.5, { dimensions: ['tag.size'] }))).toEqual([{ 'tag.size': '10.5', request_count: 1 }])
    const member = keyRecord({ hash: 'd'.repeat(64), kind: 'management', creatorUserId: ada })
    expect(rows(await query({ metrics: ['request_count'], filters: [{ field: 'tag.feature', operator: 'gte', value: 'a' }] }, member))).toEqual([{ request_count: 1 }])
  })

  test('a comparison that a thousand values pass is refused, with what to do', async () => {
    for (let at = 0; at <= 1_000; at++) await spend(callers[0], 200, { model: `many/${at}` })
    const asked = (value: string) => query({ metrics: ['request_count'], filters: [{ field: 'provider', operator: 'neq', value: 'x' }, { field: 'model', operator: 'gte', value }], time_range: { start: '2026-05-01T00:00:00Z', end: '2026-05-31T00:00:00Z' } })
    expect(await asked('many/')).toMatchObject({ status: 400, fault: { message: 'The field `filters.1` lets 1001 values of `model` pass, and may 1000: take a closer bound, a shorter `time_range`, or more filters.' } })
    expect(rows(await asked('many/1'))).toEqual([{ request_count: 1_000 }])
  })

  test('comparisons by the minute', async () => {
    const asked = (value: string) => query({ metrics: ['request_count'], granularity: 'minute', filters: [{ field: 'model', operator: 'gte', value }], time_range: { start: '2026-11-20T12:00:00Z', end: '2026-11-20T13:00:00Z' } })
    expect(rows(await asked('acme/gone'))).toEqual([{ date__minute: '2026-11-20T12:30:00.000Z', request_count: 1 }])
    expect(rows(await asked('acme/h'))).toEqual([])
  })

  test('a key that is none is a warning, and the query runs', async () => {
    const answer = await query({ metrics: ['request_count'], filters: [{ field: 'api_key_id', operator: 'in', value: ['f'.repeat(64), callers[1]?.key.hash] }] })
    expect(answer.body).toMatchObject({ data: { data: [{ request_count: 1 }], warnings: [`api_key_id: this account has no key ${'f'.repeat(64)}`] } })
  })

  test('by the minute is told of the calls themselves, to the minute', async () => {
    const minute = new Date(Math.floor(Date.parse(NOW) / 60_000) * 60_000).toISOString()
    const end = new Date(Date.parse(minute) + 60_000).toISOString()
    const answer = await query({ metrics: ['request_count', 'tokens_total'], granularity: 'minute', dimensions: ['model', 'endpoint'], time_range: { start: minute, end } })
    expect(rows(answer)).toEqual([{ date__minute: minute, model: 'acme/gone', endpoint: null, request_count: 1, tokens_total: 175 }])
  })

  test('limit and group_limit cut, and truncated says so', async () => {
    expect((await query({ metrics: ['request_count'], dimensions: ['tag.feature'], limit: 1 })).body).toMatchObject({ data: { data: [{ 'tag.feature': 'search' }], metadata: { row_count: 1, truncated: true } } })
    expect((await query({ metrics: ['request_count'], dimensions: ['model'], granularity: 'day', group_limit: 1 })).body).toMatchObject({ data: { metadata: { row_count: 2, truncated: true } } })
  })

  test('time that is no whole hour is widened, and said', async () => {
    const answer = await query({ metrics: ['request_count'], time_range: { start: '2026-11-20T12:29:30Z', end: '2026-11-20T12:40:00Z' } })
    expect(answer.body).toMatchObject({ data: { data: [{ request_count: 1 }], warnings: ['time_range: sums are kept by the hour, so that it was widened to 2026-11-20T12:00:00.000Z until 2026-11-20T13:00:00.000Z'] } })
  })

  test.each([
    [{ metrics: [] }, 'The field `metrics` must name at least one metric.'],
    [{ metrics: ['speed'] }, /^The field `metrics` has "speed", which is none; there are request_count, byok_request_count, total_usage, /],
    [{ metrics: ['request_count'], dimensions: ['model', 'provider', 'user'] }, 'The field `dimensions` must name at most two dimensions.'],
    [{ metrics: ['request_count'], dimensions: ['country'] }, 'The field `dimensions` has "country", which is none; there are model, provider, endpoint, api_key_id, workspace, user, app, and tag.<name> for each tag.'],
    [{ metrics: ['request_count'], granularity: 'second' }, 'The field `granularity` must be one of minute, hour, day, week, month.'],
    [{ metrics: ['request_count'], granularity: 'minute', time_range: { start: '2026-11-20T00:00:00Z', end: '2026-11-20T03:00:01Z' } }, 'The field `time_range` must be at most 3 hours by the minute; ask by the hour.'],
    [{ metrics: ['p50_latency'], granularity: 'minute' }, 'The field `granularity` cannot be minute for percentiles (`p50_latency`), which are kept by the day.'],
    [{ metrics: ['request_count'], time_range: { start: '2026-11-20T12:00Z', end: '2026-11-21T00:00:00Z' } }, 'The field `time_range.start` must be a time with seconds and its zone, like 2027-01-31T00:00:00Z.'],
    [{ metrics: ['request_count'], time_range: { start: '2026-11-20T12:00:00', end: '2026-11-21T00:00:00Z' } }, 'The field `time_range.start` must be a time with seconds and its zone, like 2027-01-31T00:00:00Z.'],
    [{ metrics: ['request_count'], time_range: { start: '2026-11-21T00:00:00Z', end: '2026-11-20T00:00:00Z' } }, 'The field `time_range` must start before it ends.'],
    [{ metrics: ['request_count'], granularity: 'hour', time_range: { start: '2026-01-01T00:00:00Z', end: '2026-11-20T00:00:00Z' } }, 'The field `time_range` must be at most 31 days by the hour; ask by the day.'],
    [{ metrics: ['request_count'], filters: [{ field: 'model', operator: 'like', value: 'a' }] }, 'The field `filters.0.operator` must be one of eq, neq, in, not_in, gt, gte, lt, lte, not "like".'],
    [{ metrics: ['request_count'], filters: [{ field: 'model', operator: 'gt', value: ['a'] }] }, 'The field `filters.0.value` must be one value for gt; in and not_in take lists.'],
    [{ metrics: ['request_count'], filters: [{ field: 'model', operator: 'lt', value: 'a', include_unset: true }] }, 'The field `filters.0.include_unset` goes with in and not_in only.'],
    [{ metrics: ['p50_latency'], filters: [{ field: 'tag.feature', operator: 'gt', value: 'a' }] }, /^The field `metrics` cannot have percentiles /],
    [{ metrics: ['request_count'], filters: [{ field: 'model', operator: 'in', value: 'a' }] }, 'The field `filters.0.value` must be a list for in.'],
    [{ metrics: ['request_count'], filters: [{ field: 'model', operator: 'eq', value: ['a'] }] }, 'The field `filters.0.value` must be one value for eq; in and not_in take lists.'],
    [{ metrics: ['request_count'], filters: Array.from({ length: 21 }, () => ({ field: 'model', operator: 'eq', value: 'a' })) }, 'The field `filters` must have at most 20 filters.'],
    [{ metrics: ['p90_latency'], granularity: 'hour' }, 'The field `granularity` cannot be hour for percentiles (`p90_latency`), which are kept by the day.'],
    [{ metrics: ['p90_latency'], dimensions: ['tag.feature'] }, /^The field `metrics` cannot have percentiles \(`p90_latency`\) together with `tag.feature`: /],
    [{ metrics: ['p50_throughput'], filters: [{ field: 'app', operator: 'eq', value: '1' }] }, /^The field `metrics` cannot have percentiles /],
    [{ metrics: ['p50_latency'], time_range: { start: '2025-01-01T00:00:00Z', end: '2025-03-01T00:00:00Z' } }, 'The field `time_range` must be at most 31 days for percentiles (`p50_latency`); means have no such bound.'],
    [{ metrics: ['request_count'], order_by: { field: 'total_usage', direction: 'desc' } }, 'The field `order_by.field` must be one of the metrics or dimensions of the query, "request_count" or "date", not "total_usage".'],
    [{ metrics: ['request_count'], order_by: { field: 'date', direction: 'desc' } }, 'The field `order_by.field` cannot be "date" without a `granularity`.'],
    [{ metrics: ['request_count'], limit: 0 }, 'The field `limit` must be a whole number of at least 1.'],
    [{ metrics: ['request_count'], classifier_dimensions: { classifier_id: workspaces[0] ?? 'x' } }, 'The field `classifier_dimensions` needs an active classifier, and there are none on this server; leave it out. Tags (`tag.<name>`) are dimensions.'],
    [{ metrics: ['request_count'], sort: 1 }, /^There is no field `sort` here; leave it out\. Fields: /],
    [{ metrics: ['request_count'], filters: [{ field: 'model', operator: 'eq', value: 'x', not: true }] }, /^There is no field `not` in `filters\.0`; leave it out\. Fields: `field`, `operator`, `value`, `include_unset`\./],
  ])('400 of %j says what to change', async (body, message) => {
    const { status, fault } = await query(body)
    expect(status).toBe(400)
    expect(fault?.message ?? '').toMatch(message instanceof RegExp ? message : new RegExp(`^${RegExp.escape(message)}$`))
  })

  test('another account sees none of it', async () => {
    expect(rows(await query({ metrics: ['request_count'], dimensions: ['tag.feature'] }, keyRecord({ accountId: 'another', kind: 'management' })))).toEqual([])
  })
})

test('J4: rates are quotients of sums, and null where there is nothing to divide', async () => {
  const rates = ['cache_hit_rate', 'error_rate', 'avg_latency', 'avg_generation_time', 'throughput']
  expect(rows(await query({ metrics: [...rates, 'tokens_total', 'cached_tokens', 'error_count'], dimensions: ['tag.feature'], order_by: { field: 'tag.feature', direction: 'asc' } }))).toEqual([
    { 'tag.feature': null, cache_hit_rate: 0.2, error_rate: 0, avg_latency: null, avg_generation_time: null, throughput: null, tokens_total: 175, cached_tokens: 10, error_count: 0 },
    { 'tag.feature': 'chat', cache_hit_rate: 0.2, error_rate: 0, avg_latency: null, avg_generation_time: null, throughput: null, tokens_total: 175, cached_tokens: 10, error_count: 0 },
    { 'tag.feature': 'search', cache_hit_rate: 0.2, error_rate: 1 / 6, avg_latency: 200, avg_generation_time: 1_000, throughput: 125, tokens_total: 1_050, cached_tokens: 60, error_count: 1 },
  ])
})

test("J3: GET /analytics/meta lists what can be asked, with the account's own tags", async () => {
  const { body } = await get('/analytics/meta')
  expect(body).toMatchObject({ data: { granularities: [{ name: 'minute' }, { name: 'hour' }, { name: 'day' }, { name: 'week' }, { name: 'month' }], operators: [{ name: 'eq', value_type: 'scalar' }, { name: 'neq' }, { name: 'in', value_type: 'array' }, { name: 'not_in' }, { name: 'gt', value_type: 'scalar' }, { name: 'gte' }, { name: 'lt' }, { name: 'lte', value_type: 'scalar' }] } })
  expect(rows({ status: 200, type: '', text: '', body: { data: isObject(body) && isObject(body['data']) ? body['data']['dimensions'] : [] } }).map(({ name }) => name)).toEqual(['model', 'provider', 'endpoint', 'api_key_id', 'workspace', 'user', 'app', 'tag.customer', 'tag.feature'])
})

describeShared('J1, J3: what is answered is as the contract has it', () => {
  test('activity, meta and query', async () => {
    const body = { metrics: ['request_count', 'total_usage', 'avg_latency'], dimensions: ['model', 'tag.feature'], granularity: 'day', filters: [{ field: 'model', operator: 'in', value: ['acme/tiny'] }], order_by: { field: 'date', direction: 'asc' }, limit: 10 }
    expect(validateRequest('POST', '/analytics/query', body)).toEqual([])
    expect(validateResponse('POST', '/analytics/query', 200, (await query(body)).body)).toEqual([])
    for (const path of ['/activity', '/activity?group_by=workspace', '/analytics/meta']) expect(validateResponse('GET', path, 200, (await get(path)).body)).toEqual([])
  })
})
