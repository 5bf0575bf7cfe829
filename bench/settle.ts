// How many settlements a second the store takes: `npm run bench:settle -- [nodes] [batch]`, on SQLite in a directory of
// its own (then one node: it has one writer), or with DATABASE_URL on an empty Postgres. All calls are of one key: the worst case.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generationOf, callerOf, testKey, ACCOUNT } from '../src/store/store.fixture.ts'
import { endLine } from '../src/ledger/line.ts'
import { systemClock } from '../src/lib/clock.ts'
import { openDatabase } from '../src/store/database.ts'
import { migrate } from '../src/store/schema.ts'
import { SqlStore } from '../src/store/sql-store.ts'

const [nodesText = '1', batchText = '500'] = process.argv.slice(2)
const [nodes, batch] = [Number(nodesText), Number(batchText)]
const SETTLEMENTS = 40_000
const COST = 1_000n

const dataDir = mkdtempSync(join(tmpdir(), 'switchyard-settle-'))
const place = { dataDir, databaseUrl: process.env['DATABASE_URL'] }
const databases = Array.from({ length: nodes }, () => openDatabase(place))
const stores = databases.map((database) => new SqlStore(database))
const [database, store] = [databases[0], stores[0]]
if (!database || !store) throw new Error('at least one node')
await migrate(database, systemClock.wallMs())
await store.grant({ accountId: ACCOUNT, amount: BigInt(SETTLEMENTS) * COST * 10n, reason: 'bench', reference: null, nowMs: 1 })
const { key } = callerOf(testKey('bench'))

const latencies: number[] = []
async function settleAll(node: number): Promise<void> {
  const own = stores[node] ?? store
  if (!own) return
  const leaseId = `lease-${node}`
  const asked = BigInt(SETTLEMENTS / nodes) * COST
  await own.openNode(`node-${node}`, 1)
  await own.lease([{ leaseId, nodeId: `node-${node}`, allowance: { accountId: ACCOUNT, window: null }, opened: false, least: asked, asked }], 1)
  for (let done = 0; done < SETTLEMENTS / nodes; done += batch) {
    const lines = Array.from({ length: batch }, (_, at) => {
      const nowMs = systemClock.wallMs()
      return endLine({ atMs: nowMs, leaseId, keyLeaseId: null, counted: COST, workspaceId: null, budgets: [], generation: generationOf(key, `gen-${node}-${done + at}`, { cost: COST, createdMs: nowMs }) })
    })
    const beganMs = systemClock.monotonicMs()
    await own.settle(lines, systemClock.wallMs())
    latencies.push(systemClock.monotonicMs() - beganMs)
  }
}

const beganMs = systemClock.monotonicMs()
await Promise.all(databases.map((_, node) => settleAll(node)))
const seconds = (systemClock.monotonicMs() - beganMs) / 1_000
const middle = latencies.toSorted((a, b) => a - b)[Math.floor(latencies.length / 2)] ?? 0
const audit = await store.verify()
console.log(`${place.databaseUrl === undefined ? 'SQLite' : 'Postgres'}, ${nodes} nodes, batches of ${batch}: ${Math.round(SETTLEMENTS / seconds)} settlements/s, ${middle.toFixed(1)} ms a batch (median); the books are ${audit.ok ? 'true' : 'wrong'}`)
for (const one of databases) await one.close()
rmSync(dataDir, { recursive: true, force: true })
process.exit(audit.ok ? 0 : 1)
