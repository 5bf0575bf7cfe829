import { expect, test } from 'bun:test'
import { NO_USAGE } from '../core/usage.ts'
import { endLine } from '../ledger/line.ts'
import { addSpread, type Spread } from '../ledger/spread.ts'
import { SqlStore } from './sql-store.ts'
import { generationOf, TestBench, testDatabase, testKey } from './store.fixture.ts'
import { engine } from '../../test/engine.ts'

const NODES = 4
/** SQLite has one writer, and makes a thread wait that has two. */
const isConcurrent = engine() === 'Postgres'
const BATCHES = 15
const BATCH = 8

test('J4: of what several processes settle at the same moment nothing is lost', async () => {
  const key = testKey('one')
  const bench = await TestBench.open(2n ** 40n, [key])
  const databases = Array.from({ length: isConcurrent ? NODES : 1 }, () => testDatabase(bench.directory))
  await Promise.all(databases.map(async (database, node) => {
    const store = new SqlStore(database)
    for (let batch = 0; batch < BATCHES; batch++) {
      await store.settle(Array.from({ length: BATCH }, (_, at) => {
        const generation = generationOf(key, `gen-${node}-${batch}-${at}`, {
          createdMs: Date.parse('2026-11-20T12:00:00Z') + at, model: `acme/${at % 3}`, latencyMs: 10 * (at + 1), generationMs: 1_000, usage: { ...NO_USAGE, promptTokens: 100, completionTokens: at + 1 },
          referer: `https://app-${at % 2}.example`, sessionId: `s-${at % 2}`,
        })
        return endLine({ atMs: generation.createdMs, leaseId: null, keyLeaseId: null, counted: 0n, budgets: [], workspaceId: null, generation })
      }), 1)
    }
  }))
  for (const database of databases) await database.close()
  const rows = await bench.database.read((sql) => sql.all('SELECT latency, throughput, contexts FROM rollup_spreads'))
  const all = (column: 'latency' | 'throughput' | 'contexts') => {
    const spread: Spread = new Map()
    for (const row of rows) addSpread(spread, String(row[column]))
    return spread
  }
  const calls = databases.length * BATCHES * BATCH
  const count = (spread: Spread) => [...spread.values()].reduce((sum, one) => sum + one, 0)
  expect([rows.length, count(all('latency')), count(all('throughput'))]).toEqual([3, calls, calls])
  expect(Object.fromEntries(all('contexts'))).toEqual({ 0: databases.length * BATCHES * (BATCH * 100 + 36), 100: calls })
  const sessions = await bench.database.read((sql) => sql.all('SELECT turns FROM session_costs'))
  expect(sessions.reduce((sum, { turns }) => sum + Number(turns), 0)).toBe(calls)
  expect((await bench.database.read((sql) => sql.all('SELECT site FROM apps ORDER BY site'))).map(({ site }) => site)).toEqual(['app-0.example', 'app-1.example'])
  expect((await bench.close()).problems).toEqual([])
})
