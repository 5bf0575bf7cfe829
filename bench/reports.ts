// How long reports take over many generations: node bin/bun.mjs bench/reports.ts [generations] [postgres]
// The rows are those that settling them would leave, made by the database itself: settling ten million takes an hour.
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { METRICS, spreadsFor, sumsFor, type MetricName } from '../src/ledger/metrics.ts'
import { REPORT_SUMS, type ReportQuery } from '../src/ledger/reports.ts'
import { openDatabase } from '../src/store/database.ts'
import { ReportClient } from '../src/store/report-client.ts'
import { migrate } from '../src/store/schema.ts'
import type { Database } from '../src/store/sql.ts'
import { startPostgres } from '../test/postgres-server.ts'

const [count = '10000000', engine = 'sqlite'] = process.argv.slice(2)
const GENERATIONS = Number(count)
const DAYS = 90
const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000
const START_MS = Date.parse('2027-01-01T00:00:00Z')
const BATCH = 500_000
const [KEYS, MODELS, FEATURES, CUSTOMERS] = [20, 12, 4, 250]
const RUNS = 7

const home = mkdtempSync(join(tmpdir(), 'switchyard-reports-'))
const server = engine === 'postgres' ? await startPostgres() : undefined
const place = { dataDir: home, databaseUrl: server?.url }
const database = openDatabase(place, 3_600_000)
process.on('exit', () => rmSync(home, { recursive: true, force: true }))

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

async function timed<T>(what: string, work: () => Promise<T>): Promise<T> {
  const beganMs = performance.now()
  const value = await work()
  say(`${what}: ${((performance.now() - beganMs) / 1000).toFixed(1)} s`)
  return value
}

/** A number from 0 to below `max` that looks drawn, the same on both engines. */
function drawn(salt: number, max: number): string {
  return `(((n * 7919 + ${salt}) % 1000003) * ${salt} / 7 % 999983 % ${max})`
}

/** Each customer has its key; each feature its two models, each at two providers. */
async function fill(db: Database): Promise<void> {
  await migrate(db, START_MS)
  const work = async (statement: string): Promise<void> => { await db.report(async () => undefined); await db.write((sql) => sql.run(statement)) }
  await work("INSERT INTO accounts (id, balance, granted, written_off, created_ms, changed, name) VALUES ('default', 0, 0, 0, 1, 1, 'x')")
  for (let key = 0; key < KEYS; key++) {
    await work(`INSERT INTO keys (account_id, hash, name, label, kind, disabled, include_byok, created_ms, changed, workspace_id) VALUES ('default', '${hashOf(key)}', 'key ${key}', 'l', 'inference', 0, 0, 1, 1, 'w${key % 3}')`)
  }
  for (let set = 0; set < FEATURES * CUSTOMERS * 2; set++) {
    const tags = { feature: `f${set % FEATURES}`, customer: `customer-${Math.floor(set / FEATURES) % CUSTOMERS}`, env: set >= FEATURES * CUSTOMERS ? 'prod' : 'test' }
    for (const [name, value] of Object.entries(tags)) await work(`INSERT INTO tag_sets (account_id, tag_set, name, value) VALUES ('default', 's${set}', '${name}', '${value}')`)
  }
  for (let from = 0; from < GENERATIONS; from += BATCH) {
    const until = Math.min(GENERATIONS, from + BATCH)
    await work(`INSERT INTO generations (account_id, id, created_ms, day, key_hash, model, provider, cost, fault, prompt_tokens, completion_tokens, entry_id, record, tag_set)
      WITH RECURSIVE numbers (n) AS (SELECT CAST(${from} AS bigint) UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < ${until}),
      drawn (n, at, which, provider, cost, prompt, completion) AS (SELECT n, ${START_MS} + n * ${Math.floor(DAYS * DAY_MS / GENERATIONS)}, ${drawn(13, FEATURES * CUSTOMERS * 2)}, ${drawn(29, 2)}, ${drawn(31, 90_000_000)} + 1000, ${drawn(37, 9_000)}, ${drawn(41, 900)} FROM numbers)
      SELECT 'default', 'gen-' || n, at, at / ${DAY_MS}, ${hashSql(`which / ${FEATURES} % ${KEYS}`)}, 'maker/model-' || CAST((which % ${FEATURES} * 2 + n % 2) % ${MODELS} AS text), 'Provider ' || provider, cost, CASE WHEN n % 50 = 0 THEN 'provider_error' END, prompt, completion, NULL, '{}', 's' || which FROM drawn`)
  }
}

function hashOf(key: number): string {
  return String(key).padStart(64, 'a')
}

function hashSql(key: string): string {
  return `substr('${'a'.repeat(64)}', 1, 64 - length(CAST(${key} AS text))) || CAST(${key} AS text)`
}

async function rollUp(db: Database): Promise<void> {
  const of: Partial<Record<string, string>> = { requests: 'COUNT(*)', faults: 'SUM(CASE WHEN fault IS NULL THEN 0 ELSE 1 END)', cost: 'SUM(cost)', upstream_cost: 'SUM(cost)', prompt_tokens: 'SUM(prompt_tokens)', completion_tokens: 'SUM(completion_tokens)', timed: 'COUNT(*)', latency_ms: 'SUM(prompt_tokens / 9)', generation_ms: 'SUM(completion_tokens * 12)', spoken_tokens: 'SUM(completion_tokens)' }
  const sums = REPORT_SUMS.map((name) => of[name] ?? '0').join(', ')
  const again = REPORT_SUMS.map((name) => `SUM(${name})`).join(', ')
  const columns = `key_hash, model, provider, endpoint_id, ${REPORT_SUMS.join(', ')}`
  await timed('tag_rollups', () => db.write((sql) => sql.run(`INSERT INTO tag_rollups (account_id, hour, tag_set, ${columns}) SELECT 'default', created_ms / ${HOUR_MS}, tag_set, key_hash, model, provider, model || '@' || provider, ${sums} FROM generations GROUP BY 2, 3, 4, 5, 6, 7`)))
  await timed('tag_rollups_daily', () => db.write((sql) => sql.run(`INSERT INTO tag_rollups_daily (account_id, day, tag_set, ${columns}) SELECT 'default', hour / 24, tag_set, key_hash, model, provider, endpoint_id, ${again} FROM tag_rollups GROUP BY 2, 3, 4, 5, 6, 7`)))
  await db.write((sql) => sql.run(`INSERT INTO tag_days (account_id, day, tag_set, ${REPORT_SUMS.join(', ')}) SELECT 'default', day, tag_set, ${again} FROM tag_rollups_daily GROUP BY 2, 3`))
  await db.write((sql) => sql.run(`INSERT INTO rollups (account_id, hour, ${columns}) SELECT 'default', hour, key_hash, model, provider, endpoint_id, ${again} FROM tag_rollups GROUP BY 2, 3, 4, 5, 6`))
  await db.write((sql) => sql.run(`INSERT INTO rollups_daily (account_id, day, ${columns}) SELECT 'default', hour / 24, key_hash, model, provider, endpoint_id, ${again} FROM rollups GROUP BY 2, 3, 4, 5, 6`))
  await timed('rollup_spreads', () => spread(db))
  // As both engines do by themselves in time.
  if (server) await db.write((sql) => sql.run('ANALYZE'))
}

/** Beside each day's row, forty buckets of latency and thirty of throughput. */
async function spread(db: Database): Promise<void> {
  const text = (from: number, buckets: number): string => Array.from({ length: buckets }, (_, at) => `${from + at}:${1 + at * at % 97}`).join(',')
  await db.write((sql) => sql.run(`INSERT INTO rollup_spreads (account_id, day, key_hash, model, provider, endpoint_id, calls, latency, throughput, contexts)
    SELECT account_id, day, key_hash, model, provider, endpoint_id, requests, '${text(50, 40)}', '${text(70, 30)}', '0:123456,1:654321' FROM rollups_daily`))
}

const END_HOUR = START_MS / HOUR_MS + DAYS * 24
const days = (count: number): Pick<ReportQuery, 'fromHour' | 'untilHour'> => ({ fromHour: END_HOUR - count * 24, untilHour: END_HOUR })
const ALL: readonly MetricName[] = Object.keys(METRICS).filter((name): name is MetricName => name in METRICS)
const base: ReportQuery = { accountId: 'default', ...days(30), granularity: null, by: [], filters: [], sums: sumsFor(['request_count', 'total_usage']), order: { by: { metric: 'total_usage' }, isDescending: true }, rowsMax: 1_000, rowsOfGroupMax: 10_000 }
const only = (dimension: ReportQuery['by'][number], value: string) => [{ dimension, isNot: false, values: [value], includeUnset: false }]

const QUERIES: readonly (readonly [string, ReportQuery])[] = [
  ['/activity: 30 days by day, model, endpoint', { ...base, granularity: 'day', by: ['model', 'endpoint', 'provider'] }],
  ['90 days by day', { ...base, ...days(90), granularity: 'day' }],
  ['90 days by model, all metrics', { ...base, ...days(90), by: ['model'], sums: sumsFor(ALL) }],
  ['90 days by week and key', { ...base, ...days(90), granularity: 'week', by: ['api_key_id'] }],
  ['31 days by hour and model', { ...base, ...days(31), granularity: 'hour', by: ['model'], rowsMax: 10_000 }],
  ['90 days by month and workspace', { ...base, ...days(90), granularity: 'month', by: ['workspace'] }],
  ['1 day by hour and customer', { ...base, ...days(1), granularity: 'hour', by: ['tag.customer'], rowsMax: 10_000 }],
  ['7 days by customer', { ...base, ...days(7), by: ['tag.customer'] }],
  ['30 days by customer', { ...base, by: ['tag.customer'] }],
  ['30 days by customer and feature', { ...base, by: ['tag.customer', 'tag.feature'] }],
  ['30 days by day and feature', { ...base, granularity: 'day', by: ['tag.feature'] }],
  ['30 days by model, one customer', { ...base, by: ['model'], filters: only('tag.customer', 'customer-7') }],
  ['30 days by customer and model', { ...base, by: ['tag.customer', 'model'], rowsMax: 10_000 }],
  ['31 days by model, p50, p90, p99', { ...base, ...days(31), by: ['model'], spreads: spreadsFor(['p50_latency', 'p50_throughput']), order: { by: { metric: 'p90_latency' }, isDescending: true } }],
  ['31 days by day and key, p99', { ...base, ...days(31), granularity: 'day', by: ['api_key_id'], spreads: spreadsFor(['p99_latency']) }],
  ['90 days by customer', { ...base, ...days(90), by: ['tag.customer'] }],
]

await timed(`${GENERATIONS} generations on ${engine}`, () => fill(database))
await timed('roll-ups', () => rollUp(database))
for (const table of ['rollups', 'rollups_daily', 'tag_rollups', 'tag_rollups_daily', 'tag_days']) say(`${table}: ${String((await database.read((sql) => sql.all(`SELECT COUNT(*) AS n FROM ${table}`)))[0]?.['n'])} rows`)
if (existsSync(join(home, 'switchyard.db'))) say(`file: ${(statSync(join(home, 'switchyard.db')).size / 2 ** 30).toFixed(2)} GiB`)
const reports = new ReportClient(place, 120_000)
for (const [what, query] of QUERIES) {
  const times: number[] = []
  let rows = 0
  for (let run = 0; run < RUNS; run++) {
    const beganMs = performance.now()
    rows = (await reports.report(query)).rows.length
    times.push(performance.now() - beganMs)
  }
  const [first = 0] = times
  const sorted = times.toSorted((a, b) => a - b)
  say(`${what.padEnd(46)} ${rows} rows, first ${first.toFixed(0)} ms, median ${(sorted[Math.floor(RUNS / 2)] ?? 0).toFixed(0)} ms, worst ${(sorted.at(-1) ?? 0).toFixed(0)} ms`)
}
await timed('verify of the roll-ups and books', () => reports.verify())
await reports.close()
await database.close()
await server?.remove()
process.exit(0)
