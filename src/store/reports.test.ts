import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { appOf } from '../core/app.ts'
import { NO_USAGE } from '../core/usage.ts'
import type { Generation } from '../ledger/generation.ts'
import { endLine, readEnd, type End } from '../ledger/line.ts'
import { METRICS, sumsFor, valueOfMetric, type MetricName } from '../ledger/metrics.ts'
import { REPORT_SUMS, type Dimension, type ReportFilter, type ReportQuery } from '../ledger/reports.ts'
import { SYSTEM } from '../accounts/audit-entry.ts'
import { insertKey } from './key-rows.ts'
import { ReportClient } from './report-client.ts'
import { readKnownKeys, readReport, readTagNames } from './report-rows.ts'
import { ACCOUNT, generationOf, TestBench, testKey } from './store.fixture.ts'
import { TagBook } from './tag-book.ts'
import { databaseUrlOf } from '../../test/engine.ts'

const HOUR_MS = 3_600_000
/** A Tuesday, eight days before the end of a leap February. */
const START_MS = Date.parse('2028-02-22T00:00:00Z')
const OTHER = 'w-2'
const KEYS = [testKey('one'), testKey('two', { workspaceId: OTHER }), testKey('three', { creatorUserId: 'ada' })]
const NAMES: readonly MetricName[] = ['request_count', 'byok_request_count', 'total_usage', 'credits_usage', 'openrouter_usage', 'byok_fees', 'usage_cache', 'usage_web', 'tool_call_rate', 'blended_cost_per_million_tokens', 'byok_usage', 'tokens_total', 'error_count', 'cancelled_count', 'cached_tokens', 'avg_latency', 'throughput', 'cache_hit_rate']

const APP_ID = String(appOf('https://one.app', null)?.id)

/** An account with those keys, whatever workspaces and people there are. */
async function opened(): Promise<TestBench> {
  const bench = await TestBench.open(2n ** 50n)
  await bench.database.write(async (sql) => { for (const key of KEYS) await insertKey(sql, { key, rules: {}, by: SYSTEM }) })
  return bench
}

function lineOf(generation: Generation): string {
  return endLine({ atMs: generation.createdMs, leaseId: null, keyLeaseId: null, counted: generation.cost, budgets: [], workspaceId: null, generation })
}

const tag = fc.record({ feature: fc.constantFrom('search', 'chat', 'draft'), customer: fc.constantFrom('acme', 'Ünïcode "x"', 'other'), '__proto__': fc.constant('x') }, { requiredKeys: [] })
const call = fc.record({
  hour: fc.integer({ min: 0, max: 16 * 24 }), ms: fc.integer({ min: 0, max: HOUR_MS - 1 }), key: fc.constantFrom(...KEYS), model: fc.constantFrom('acme/tiny', 'acme/big', 'x'),
  provider: fc.constantFrom('Acme', ''), cost: fc.bigInt({ min: 0n, max: 2n ** 40n }), byok: fc.boolean(), fault: fc.constantFrom(null, 'provider_error'), cancelled: fc.boolean(),
  prompt: fc.nat(100_000), cached: fc.nat(1_000), completion: fc.nat(10_000), latency: fc.option(fc.nat(5_000)), tags: fc.option(tag, { nil: undefined }), isMirror: fc.boolean(), app: fc.constantFrom(null, 'https://one.app', 'https://two.app/x', 'no url'), isTool: fc.boolean(),
})
const calls = fc.array(call, { minLength: 1, maxLength: 60 }).map((all) => all.map((one, at): Generation => generationOf(one.key, `gen-1-${at}`, {
  createdMs: START_MS + one.hour * HOUR_MS + one.ms, model: one.model, provider: one.provider, endpointId: one.provider === '' ? '' : `${one.model}@acme`, cost: one.isMirror && at % 7 === 0 ? 0n : one.cost, byok: one.byok, upstreamCost: one.cost / 2n,
  fault: one.fault, cancelled: one.cancelled, usage: { ...NO_USAGE, promptTokens: one.prompt, cacheReadTokens: one.cached, completionTokens: one.completion }, latencyMs: one.latency, generationMs: one.latency === null ? null : 2 * one.latency,
  referer: one.app, finishReason: one.isTool ? 'tool_calls' : 'stop', cacheNano: one.cached, webNano: one.prompt % 7,
  ...(one.tags && Object.keys(one.tags).length > 0 && { tags: one.tags }), ...(one.isMirror && at % 7 === 0 && { mirrorOf: 'gen-1-of' }),
})))

const dimension = fc.constantFrom<Dimension>('model', 'provider', 'endpoint', 'api_key_id', 'workspace', 'user', 'tag.feature', 'tag.customer', 'tag.__proto__', 'tag.none', 'app')
const filter = fc.record({
  dimension, isNot: fc.boolean(), includeUnset: fc.boolean(),
  values: fc.uniqueArray(fc.constantFrom('acme/tiny', APP_ID, 'Acme', 'acme/big@acme', KEYS[0]?.hash ?? '', OTHER, 'ada', 'search', 'chat', 'acme', 'x', "' OR 1 = 1 --", '%'), { minLength: 1, maxLength: 4 }),
})
const query = fc.record({
  from: fc.integer({ min: -30, max: 200 }), hours: fc.integer({ min: 1, max: 500 }), granularity: fc.constantFrom(null, 'minute', 'hour', 'day', 'week', 'month'),
  by: fc.uniqueArray(dimension, { maxLength: 2 }), filters: fc.array(filter, { maxLength: 2 }),
}).map(({ from, hours, ...rest }): ReportQuery => ({
  ...rest, accountId: ACCOUNT, fromHour: START_MS / HOUR_MS + from, untilHour: START_MS / HOUR_MS + from + hours, sums: sumsFor(NAMES), order: { by: { metric: 'total_usage' }, isDescending: true }, rowsMax: 100_000, rowsOfGroupMax: 100_000,
  ...(rest.granularity === 'minute' && { minutes: { from: START_MS / 60_000 + from * 60, until: START_MS / 60_000 + (from + hours) * 60 } }),
}))

/** What a dimension of a generation is, read from its record alone. */
function valueIn(generation: Generation, of: Dimension): string | null {
  const key = KEYS.find(({ hash }) => hash === generation.keyHash)
  switch (of) {
    case 'model': return generation.model
    case 'provider': return generation.provider || null
    case 'endpoint': return generation.endpointId || null
    case 'api_key_id': return generation.keyHash
    case 'workspace': return key?.workspaceId ?? null
    case 'user': return key?.creatorUserId ?? null
    case 'app': { const app = appOf(generation.referer, generation.title); return app ? String(app.id) : null }
    default: return new Map(Object.entries(generation.tags ?? {})).get(of.slice(4)) ?? null
  }
}

function passes(generation: Generation, { dimension: of, isNot, values, includeUnset }: ReportFilter): boolean {
  const value = valueIn(generation, of)
  return value === null ? includeUnset : values.includes(value) !== isNot
}

function startOf(granularity: ReportQuery['granularity'], ms: number): number | null {
  const date = new Date(ms)
  const day = Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate())
  if (granularity === null) return null
  if (granularity === 'minute') return Math.floor(ms / 60_000) * 60_000
  if (granularity === 'hour') return Math.floor(ms / HOUR_MS) * HOUR_MS
  if (granularity === 'day') return day
  return granularity === 'week' ? day - ((date.getUTCDay() + 6) % 7) * 24 * HOUR_MS : Date.UTC(date.getUTCFullYear(), date.getUTCMonth())
}

/** The same report made of the generations one by one. */
function expected(generations: readonly Generation[], asked: ReportQuery): Map<string, Record<string, unknown>> {
  const groups = new Map<string, Generation[]>()
  for (const generation of generations) {
    const hour = Math.floor(generation.createdMs / HOUR_MS)
    if (generation.mirrorOf !== undefined || hour < asked.fromHour || hour >= asked.untilHour || !asked.filters.every((one) => passes(generation, one))) continue
    const key = JSON.stringify([startOf(asked.granularity, generation.createdMs), ...asked.by.map((of) => valueIn(generation, of))])
    groups.set(key, [...groups.get(key) ?? [], generation])
  }
  const sum = (all: readonly Generation[], of: (generation: Generation) => bigint | number): bigint => all.reduce((total, one) => total + BigInt(of(one)), 0n)
  return new Map([...groups].map(([key, all]) => {
    const tokens = sum(all, (one) => one.usage.promptTokens + one.usage.completionTokens)
    const timed = all.filter(({ latencyMs }) => latencyMs !== null)
    const [waited, spoke] = [sum(timed, (one) => one.latencyMs ?? 0), sum(timed, (one) => one.generationMs ?? 0)]
    const prompt = sum(all, (one) => one.usage.promptTokens)
    return [key, {
      request_count: BigInt(all.length), byok_request_count: sum(all, (one) => (one.byok ? 1 : 0)), total_usage: sum(all, (one) => one.cost + (one.byok ? one.upstreamCost : 0n)), credits_usage: sum(all, (one) => one.cost),
      openrouter_usage: sum(all, (one) => (one.byok ? 0n : one.cost)), byok_fees: sum(all, (one) => (one.byok ? one.cost : 0n)), usage_cache: sum(all, (one) => one.cacheNano ?? 0), usage_web: sum(all, (one) => one.webNano ?? 0),
      tool_call_rate: Number(sum(all, (one) => (one.finishReason === 'tool_calls' ? 1 : 0))) / all.length, blended_cost_per_million_tokens: tokens === 0n ? null : Number(sum(all, (one) => one.cost + (one.byok ? one.upstreamCost : 0n))) * 0.001 / Number(tokens), byok_usage: sum(all, (one) => (one.byok ? one.upstreamCost : 0n)),
      tokens_total: prompt + sum(all, (one) => one.usage.completionTokens), error_count: sum(all, (one) => (one.fault === null ? 0 : 1)), cancelled_count: sum(all, (one) => (one.cancelled ? 1 : 0)),
      cached_tokens: sum(all, (one) => one.usage.cacheReadTokens), avg_latency: timed.length === 0 ? null : Number(waited) / timed.length,
      throughput: spoke === 0n ? null : Number(sum(timed, (one) => one.usage.completionTokens)) * 1_000 / Number(spoke), cache_hit_rate: prompt === 0n ? null : Number(sum(all, (one) => one.usage.cacheReadTokens)) / Number(prompt),
    }]
  }))
}

describe('roll-ups', () => {
  test('say of any calls, in any batches, by anything together, what the calls say one by one', async () => {
    await fc.assert(fc.asyncProperty(calls, fc.array(query, { minLength: 6, maxLength: 6 }), fc.integer({ min: 1, max: 40 }), async (generations, queries, size) => {
      const bench = await opened()
      const lines = generations.map(lineOf)
      for (let at = 0; at < lines.length; at += size) await bench.store.settle(lines.slice(at, at + size), 1)
      // What comes again changes nothing.
      await bench.store.settle(lines.slice(0, size), 2)
      for (const asked of queries) {
        const report = await bench.database.read((sql) => readReport(sql, asked))
        const got = new Map(report.rows.map(({ startMs, values, sums }) => [JSON.stringify([startMs, ...values]), Object.fromEntries(NAMES.map((name) => [name, valueOfMetric(name, { sums })]))]))
        expect(got).toEqual(expected(generations, asked) as typeof got)
        const order = report.rows.map(({ sums }) => sums.cost + sums.byok_cost)
        expect(order).toEqual(order.toSorted((a, b) => (a < b ? 1 : -1)))
      }
      const audit = await bench.close()
      expect(audit.problems).toEqual([])
    }), { numRuns: 30 })
  }, 120_000)

  test('each metric says what it sums', () => {
    for (const { of } of Object.values(METRICS)) for (const name of of) expect(REPORT_SUMS).toContain(name)
  })
})

function isNear(value: unknown, wanted: unknown): boolean {
  return typeof value === 'number' && typeof wanted === 'number' && value > wanted / 1.11 && value < wanted * 1.11
}

describe('percentiles (J3, J4)', () => {
  test('are those of the calls, to a tenth, by all that sums are told by but tags', async () => {
    const bench = await opened()
    const [one, two] = KEYS
    if (!one || !two) throw new Error('there are keys')
    const slow = (at: number) => ({ createdMs: START_MS + (at % 3) * 24 * HOUR_MS, latencyMs: at * 10, generationMs: 1_000, usage: { ...NO_USAGE, completionTokens: at } })
    const generations = Array.from({ length: 200 }, (_, at) => generationOf(at % 2 === 0 ? one : two, `gen-1-${at}`, { ...slow(at + 1), model: at % 2 === 0 ? 'acme/tiny' : 'acme/big', ...(at === 0 && { latencyMs: null, generationMs: null }) }))
    for (let at = 0; at < 200; at += 7) await bench.store.settle(generations.slice(at, at + 7).map(lineOf), 1)
    const base: ReportQuery = {
      accountId: ACCOUNT, fromHour: START_MS / HOUR_MS, untilHour: START_MS / HOUR_MS + 72, granularity: null, by: [], filters: [], sums: ['requests'], spreads: ['latency', 'throughput'],
      order: { by: { metric: 'p90_latency' }, isDescending: true }, rowsMax: 100, rowsOfGroupMax: 100,
    }
    const told = async (change: Partial<ReportQuery>) => (await bench.database.read((sql) => readReport(sql, { ...base, ...change }))).rows
      .map((row) => [...row.values, ...(['p50_latency', 'p90_latency', 'p99_latency', 'p50_throughput', 'p99_throughput'] as const).map((name) => valueOfMetric(name, row))])
    const all = [1_005, 1_800, 1_990, 100, 198]
    for (const [change, expectedRows] of [
      [{}, [all]], [{ by: ['model'] }, [['acme/big', ...all], ['acme/tiny', ...all]]],
      [{ filters: [{ dimension: 'workspace', isNot: false, values: [OTHER], includeUnset: false }] }, [all]], [{ fromHour: START_MS / HOUR_MS - 48, untilHour: START_MS / HOUR_MS - 24 }, []],
    ] satisfies [Partial<ReportQuery>, unknown[][]][]) {
      const rows = await told(change)
      expect(rows.map((row) => row.map((value, at) => isNear(value, expectedRows[0]?.at(at)) || value))).toEqual(expectedRows.map((row) => row.map((value) => typeof value === 'string' ? value : true)))
    }
    expect((await told({ by: ['workspace', 'user'], granularity: 'day' })).length).toBe(6)
    expect((await bench.close()).problems).toEqual([])
  })
})

describe('a report', () => {
  const bench = async () => {
    const made = await opened()
    const [one] = KEYS
    if (!one) throw new Error('there are keys')
    await made.store.settle(Array.from({ length: 30 }, (_, at) => lineOf(generationOf(one, `gen-1-${at}`, { createdMs: START_MS + at * 24 * HOUR_MS, cost: BigInt(at % 5), model: `acme/${at % 3}`, tags: { feature: `f${at % 2}` } }))), 1)
    return made
  }
  const whole: ReportQuery = { accountId: ACCOUNT, fromHour: 0, untilHour: START_MS / HOUR_MS + 1_000, granularity: null, by: ['model'], filters: [], sums: ['requests', 'cost'], order: { by: { metric: 'request_count' }, isDescending: true }, rowsMax: 10, rowsOfGroupMax: 10 }

  test('is cut where it is said, in the order that is said, and says so', async () => {
    const made = await bench()
    const { database } = made
    const report = await database.read((sql) => readReport(sql, { ...whole, granularity: 'day', order: { by: 'date', isDescending: true }, rowsMax: 5, rowsOfGroupMax: 1 }))
    expect(report).toMatchObject({ isTruncated: true, hasTooMany: false })
    expect(report.rows.map(({ startMs, values }) => [startMs, ...values])).toEqual([29, 28, 27].map((at) => [START_MS + at * 24 * HOUR_MS, `acme/${at % 3}`]))
    const byModel = await database.read((sql) => readReport(sql, { ...whole, order: { by: { dimension: 'model' }, isDescending: false } }))
    expect(byModel).toMatchObject({ isTruncated: false, rows: [{ values: ['acme/0'] }, { values: ['acme/1'] }, { values: ['acme/2'] }] })
    await made.close()
  })

  test("names keys, and nothing of another account's", async () => {
    const made = await bench()
    const report = await made.database.read((sql) => readReport(sql, { ...whole, by: ['api_key_id', 'workspace'] }))
    expect(report.labels.get(KEYS[0]?.hash ?? '')).toBe('one')
    expect(await made.database.read((sql) => readReport(sql, { ...whole, accountId: 'another', by: ['api_key_id'] }))).toMatchObject({ rows: [] })
    expect(await made.database.read((sql) => readTagNames(sql, ACCOUNT, 0, 5))).toEqual(['feature'])
    expect(await made.database.read((sql) => readTagNames(sql, 'another', 0, 5))).toEqual([])
    expect(await made.database.read((sql) => readKnownKeys(sql, ACCOUNT, [KEYS[1]?.hash ?? '', 'f'.repeat(64)]))).toEqual([KEYS[1]?.hash ?? ''])
    await made.close()
  })

  test('is made in a thread of its own, while another transaction writes', async () => {
    const made = await bench()
    const client = new ReportClient({ dataDir: made.directory, databaseUrl: databaseUrlOf(made.directory) })
    const report = await made.database.write(async (sql) => {
      await sql.run("UPDATE accounts SET name = 'held'")
      // Were it to wait for us, neither would ever end.
      return client.report(whole)
    })
    expect(report.rows.map(({ sums }) => sums.requests)).toEqual([10n, 10n, 10n])
    expect(await client.verify()).toMatchObject({ generations: 30n })
    await client.close()
    const late = new ReportClient({ dataDir: made.directory, databaseUrl: databaseUrlOf(made.directory) }, 0)
    const error: unknown = await late.report(whole).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'report_timeout', status: 408 })
    await late.close()
    await made.close()
  })
})

describe('tags of a day', () => {
  const limits = { namesMax: 2, valuesMax: 3, setsMax: 4 }
  const [key] = KEYS
  const endOf = (id: string, tags: Record<string, string>, day = 0): End => readEnd(lineOf(generationOf(key ?? testKey('x'), id, { createdMs: START_MS + day * 24 * HOUR_MS, tags })))

  /** What each call is summed under, in the words of its set. */
  async function summed(bench: TestBench, book: TagBook, batches: readonly (readonly End[])[]): Promise<unknown[]> {
    const said: unknown[] = []
    for (const batch of batches) {
      const sets = await bench.database.write((sql) => book.setsOf(sql, batch))
      for (const { callId } of batch) {
        const rows = await bench.database.read((sql) => sql.all('SELECT name, value FROM tag_sets WHERE account_id = $1 AND tag_set = $2 ORDER BY name', ACCOUNT, sets.get(callId) ?? ''))
        said.push(Object.fromEntries(rows.map((row) => [row['name'], row['value']])))
      }
    }
    return said
  }

  test('that are too many count as other: values of a name, names, and sets', async () => {
    const bench = await opened()
    const values = ['a', 'b', 'c', 'd', 'e', 'a'].map((value, at) => [endOf(`v${at}`, { request: value, feature: 'search' })])
    expect(await summed(bench, new TagBook(limits), values)).toEqual([
      { request: 'a', feature: 'search' }, { request: 'b', feature: 'search' }, { request: 'c', feature: 'search' }, { request: 'other', feature: 'search' }, { request: 'other', feature: 'search' }, { request: 'a', feature: 'search' },
    ])
    // Four sets are there: a fifth is none of its own. Another process knows as much.
    expect(await summed(bench, new TagBook(limits), [[endOf('n0', { third: 'x' }), endOf('n1', { feature: 'search' })]])).toEqual([{ other: 'other' }, { other: 'other' }])
    expect(await summed(bench, new TagBook(limits), [[endOf('d0', { third: 'x' }, 1), endOf('d1', { request: 'z' }, 1)]])).toEqual([{ third: 'x' }, { request: 'z' }])
    await bench.close()
  })

  test('that a transaction brought which failed are brought again', async () => {
    const bench = await opened()
    const book = new TagBook(limits)
    const batch = [endOf('a', { feature: 'search' })]
    const failed = await bench.database.write(async (sql) => {
      await book.setsOf(sql, batch)
      throw new Error('the end of it')
    }).catch(String)
    expect(failed).toContain('the end of it')
    expect(await summed(bench, book, [batch, batch])).toEqual([{ feature: 'search' }, { feature: 'search' }])
    await bench.close()
  })
})
