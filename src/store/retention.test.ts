import { afterEach, describe, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { hashSecret } from '../accounts/account-book.ts'
import { SYSTEM } from '../accounts/audit-entry.ts'
import type { LedgerNode } from '../ledger/node.ts'
import { closeAccount, exportAccount, forgetBatch, type ExportedRow } from './account-data.ts'
import { Retainer, type Retention } from './retainer.ts'
import { ACCOUNT, callerOf, generationOf, TestBench, testKey } from './store.fixture.ts'

const DAY_MS = 86_400_000
const key = testKey('one')
let bench: TestBench
let lastId = 0

afterEach(async () => {
  expect(await bench.close()).toMatchObject({ ok: true, problems: [] })
})

async function spend(ledger: LedgerNode, count: number, cost: bigint): Promise<string[]> {
  const ids: string[] = []
  for (let n = 0; n < count; n++) {
    const hold = await ledger.hold(callerOf(key), `gen-1-${++lastId}`, cost)
    if (!hold.ok) throw new Error('refused')
    ledger.settle(hold, generationOf(key, hold.callId, { cost, createdMs: bench.clock.wallMs(), title: 'Secret Project', user: 'ada@example.com' }))
    ids.push(hold.callId)
  }
  await ledger.flush()
  return ids
}

async function pruneAll(cutoffs: Parameters<TestBench['store']['prune']>[0]): Promise<number> {
  let removed = 0
  for (let count = 1; count > 0; removed += count) count = await bench.store.prune(cutoffs)
  return removed
}

describe('retention', () => {
  test('removes old generations in batches, and every sum stays', async () => {
    bench = await TestBench.open(1_000_000n, [key])
    const ledger = await bench.node('a')
    const [old] = await spend(ledger, 1_100, 3n)
    bench.clock.advance(40 * DAY_MS)
    const [young] = await spend(ledger, 10, 5n)
    const before = await bench.store.verify()
    const cutoffs = { generationsMs: bench.clock.wallMs() - 30 * DAY_MS }
    // Nothing goes before the books are closed.
    expect(await bench.store.prune(cutoffs)).toBe(0)
    await bench.store.closeBooksBefore(cutoffs.generationsMs)
    expect(await bench.store.prune(cutoffs)).toBe(500)
    expect(await bench.store.verify()).toEqual(before)
    expect(await pruneAll(cutoffs)).toBe(600)
    expect(await bench.store.verify()).toEqual(before)
    expect(await bench.store.generation(ACCOUNT, old ?? '')).toBeUndefined()
    expect(await bench.store.generation(ACCOUNT, young ?? '')).toBeDefined()
    expect(await bench.store.credits(ACCOUNT)).toEqual({ total: 1_000_000n, used: 3_350n })
  }, 120_000)

  test('a journal that is replayed afterwards charges nothing again', async () => {
    bench = await TestBench.open(1_000n, [key])
    const ledger = await bench.node('a')
    await spend(ledger, 3, 10n)
    const lines = readFileSync(join(bench.directory, 'a.log'), 'utf8').split('\n').filter((line) => line.startsWith('{"end"'))
    bench.clock.advance(40 * DAY_MS)
    const cutoffs = { generationsMs: bench.clock.wallMs() - DAY_MS }
    await bench.store.closeBooksBefore(cutoffs.generationsMs)
    expect(await pruneAll(cutoffs)).toBe(3)
    await bench.store.settle(lines, bench.clock.wallMs())
    expect(await bench.store.credits(ACCOUNT)).toEqual({ total: 1_000n, used: 30n })
  })

  test('removes windows that are over, not those that count', async () => {
    bench = await TestBench.open(1_000n, [key])
    const ledger = await bench.node('a')
    await spend(ledger, 1, 10n)
    bench.clock.advance(100 * DAY_MS)
    await spend(ledger, 1, 7n)
    expect(await pruneAll({ windowsMs: bench.clock.wallMs() - 62 * DAY_MS })).toBeGreaterThanOrEqual(3)
    expect(await bench.store.keyRecord(ACCOUNT, key.hash, bench.clock.wallMs())).toMatchObject({ usage: { total: 17n, daily: 7n, weekly: 7n, monthly: 7n } })
  })
})

describe('an account', () => {
  const exported = async (): Promise<ExportedRow[]> => {
    const rows: ExportedRow[] = []
    await bench.database.report((sql) => exportAccount(sql, ACCOUNT, async (row) => void rows.push(row)))
    return rows
  }

  test('is exported with its generations and entries, without secrets', async () => {
    bench = await TestBench.open(1_000n, [key])
    await spend(await bench.node('a'), 2, 10n)
    const rows = await exported()
    const of = (table: string) => rows.filter((row) => row.table === table).map(({ row }) => row)
    expect(of('accounts')).toMatchObject([{ id: ACCOUNT, granted: 1_000 }])
    expect(of('generations').map(({ record }) => record)).toMatchObject([{ title: 'Secret Project', cost: '10' }, { cost: '10' }])
    expect(of('entries').length).toBeGreaterThan(0)
    expect(of('keys')).toMatchObject([{ name: 'one' }])
    expect(JSON.stringify(rows)).not.toMatch(/"(?:secret|token)_hash"/)
    expect(await bench.database.report((sql) => exportAccount(sql, 'nobody', async () => undefined))).toBeUndefined()
  })

  test('that is closed has nothing personal left, and its books still add up', async () => {
    bench = await TestBench.open(1_000n, [key])
    const ledger = await bench.node('a')
    await spend(ledger, 2, 10n)
    const [line = ''] = readFileSync(join(bench.directory, 'a.log'), 'utf8').split('\n').filter((text) => text.startsWith('{"end"'))
    const before = await bench.store.verify()
    const second = hashSecret('the second secret of a key that was rotated')
    await bench.store.rotateKey(ACCOUNT, key.hash, { secretHash: second, label: 'l', oldEndsMs: 4, by: SYSTEM, nowMs: 4 })
    const revision = await bench.store.revision()
    expect(await bench.database.write((sql) => closeAccount(sql, ACCOUNT, 5))).toBe(true)
    while (await bench.database.write((sql) => forgetBatch(sql, ACCOUNT)) > 0);
    expect(await bench.database.write((sql) => closeAccount(sql, ACCOUNT, 6))).toBe(false)
    expect(await bench.store.verify()).toEqual(before)
    expect(await bench.store.findKey(key.hash)).toBeUndefined()
    expect((await bench.store.changesSince(revision)).keys).toEqual(expect.arrayContaining([key.hash, second]))
    expect(await bench.store.findKey(second)).toBeUndefined()
    await bench.store.settle([line], 7)
    expect(await bench.store.verify()).toEqual(before)
    const left = JSON.stringify(await exported())
    for (const personal of ['Secret Project', 'ada@example.com', '"one"', '"test"']) expect(left).not.toContain(personal)
  })
})

describe('Retainer', () => {
  test('removes by days, and nothing of a kind that is not named', async () => {
    bench = await TestBench.open(1_000_000n, [key])
    const ledger = await bench.node('a')
    await spend(ledger, 700, 3n)
    const waits: number[] = []
    const retainer = (retention: Retention | undefined) => new Retainer({
      store: bench.store, clock: bench.clock, log: () => undefined, retention: () => retention, pause: async (ms) => void waits.push(ms),
    })
    const [keeping, removing] = [retainer(undefined), retainer({ generationsDays: 30 })]
    bench.clock.advance(30 * DAY_MS)
    expect(await removing.pass()).toBe(0)
    bench.clock.advance(1)
    expect(await keeping.pass()).toBe(0)
    expect(await removing.pass()).toBe(700)
    // What was under way when the books were closed is given time to end.
    expect(Math.max(...waits)).toBeGreaterThanOrEqual(15_000)
    for (const one of [keeping, removing]) one.close()
    expect(await bench.store.verify()).toMatchObject({ ok: true, generations: 700n })
  })

  test('removes nothing by a clock that was just set forward, and goes on when the clock has kept its time for a day', async () => {
    bench = await TestBench.open(1_000_000n, [key])
    await spend(await bench.node('a'), 3, 3n)
    const said: string[] = []
    const retainer = new Retainer({ store: bench.store, clock: bench.clock, log: (line) => said.push(line), retention: () => ({ generationsDays: 30 }), pause: async () => undefined })
    bench.clock.step(365 * DAY_MS)
    expect(await retainer.pass()).toBe(0)
    bench.clock.advance(DAY_MS - 1)
    expect(await retainer.pass()).toBe(0)
    bench.clock.advance(1)
    expect(await retainer.pass()).toBe(3)
    retainer.close()
    expect(said).toHaveLength(1)
  })

  test('books that a wrong clock has closed beyond today take the calls of today all the same', async () => {
    bench = await TestBench.open(1_000n, [key])
    const ledger = await bench.node('a')
    await bench.store.closeBooksBefore(bench.clock.wallMs() + DAY_MS)
    await spend(ledger, 2, 10n)
    expect(await bench.store.verify()).toMatchObject({ ok: true, charged: 20n })
  })
})
