import { afterEach, describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { SYSTEM } from '../accounts/audit-entry.ts'
import type { Nano } from '../core/nano.ts'
import type { LedgerNode } from '../ledger/node.ts'
import { nextId, spend } from './ledger.fixture.ts'
import { ACCOUNT, callerOf, generationOf, TestBench, testKey } from './store.fixture.ts'

const HOUR_MS = 3_600_000
/** What left the window is free again at most so much later. */
const STEP_MS = HOUR_MS / 24
const key = testKey('rolling', { rollingLimits: [{ window: '1h', limit: 100n }] })
const caller = { ...callerOf(key), caps: [{ kind: 'rolling' as const, id: key.hash, period: '1h' as const, includeByok: false, name: 'this key' }] }
let bench: TestBench

afterEach(async () => {
  expect(await bench.close()).toMatchObject({ ok: true, problems: [] })
})

/** One call that spends what it holds; its refusal, where it has one. */
async function pay(ledger: LedgerNode, amount: Nano) {
  const id = nextId()
  const hold = await ledger.hold(caller, id, amount)
  if (!hold.ok) return hold
  ledger.settle(hold, generationOf(key, id, { cost: amount, createdMs: bench.clock.wallMs() }))
  return undefined
}

describe('a rolling limit of a key', () => {
  test('is what the caller of the key is held on, and goes with the key', async () => {
    bench = await TestBench.open(1_000n, [key])
    expect((await bench.store.findKey(key.hash))?.caller.caps).toEqual(caller.caps)
  })

  test('refuses what passes it, with the limit and when the first of it is free again', async () => {
    bench = await TestBench.open(1_000n, [key])
    const ledger = await bench.node('a')
    const startMs = bench.clock.wallMs()
    expect(await pay(ledger, 60n)).toBeUndefined()
    bench.clock.advance(HOUR_MS / 2)
    expect(await pay(ledger, 40n)).toBeUndefined()
    await ledger.flush()
    const freesMs = Math.floor(startMs / STEP_MS) * STEP_MS + HOUR_MS + STEP_MS
    expect(await pay(ledger, 1n)).toMatchObject({ code: 'key_limit', allowance: 'rolling', period: '1h', cap: 100n, left: 0n, resetsMs: freesMs })
    bench.clock.advance(freesMs - bench.clock.wallMs() - 1)
    expect(await pay(ledger, 1n)).toMatchObject({ code: 'key_limit' })
    bench.clock.advance(1)
    // What the first call spent, and no more.
    expect(await pay(ledger, 61n)).toMatchObject({ code: 'worst_case', left: 60n })
    expect(await pay(ledger, 60n)).toBeUndefined()
  })

  test('is kept over the turn of a day, where limits that start anew are not', async () => {
    bench = await TestBench.open(1_000n, [key])
    const ledger = await bench.node('a')
    bench.clock.advance(86_400_000 - bench.clock.wallMs() % 86_400_000 - 60_000)
    expect(await pay(ledger, 100n)).toBeUndefined()
    bench.clock.advance(120_000)
    await ledger.flush()
    expect(await pay(ledger, 1n)).toMatchObject({ code: 'key_limit' })
  })

  test('counts what a clock that was ahead wrote down only where one window has both', async () => {
    bench = await TestBench.open(1_000n, [key])
    const ledger = await bench.node('a')
    const standing = async () => (await bench.store.keyRecord(ACCOUNT, key.hash, bench.clock.wallMs()))?.rolling
    bench.clock.advance(HOUR_MS / 2)
    expect(await pay(ledger, 60n)).toBeUndefined()
    bench.clock.step(1_000 * HOUR_MS)
    expect(await pay(ledger, 100n)).toBeUndefined()
    bench.clock.step(-1_000 * HOUR_MS - HOUR_MS / 2)
    await ledger.flush()
    expect(await standing()).toEqual([{ window: '1h', limit: 100n, used: 60n, remaining: 40n }])
    expect(await pay(ledger, 41n)).toMatchObject({ code: 'worst_case', left: 40n })
    expect(await pay(ledger, 40n)).toBeUndefined()
  })

  test('that is raised or lifted lets calls through at once', async () => {
    bench = await TestBench.open(1_000n, [key])
    const ledger = await bench.node('a')
    await pay(ledger, 100n)
    await ledger.flush()
    expect(await pay(ledger, 20n)).toMatchObject({ code: 'key_limit' })
    expect((await bench.store.changeKey(ACCOUNT, key.hash, { rollingLimits: [{ window: '1h', limit: 120n }] }, SYSTEM, bench.clock.wallMs()))?.rolling).toEqual([{ window: '1h', limit: 120n, used: 100n, remaining: 20n }])
    await bench.tell({ keys: [key.hash], accounts: [] })
    expect(await pay(ledger, 20n)).toBeUndefined()
    await ledger.flush()
    expect((await bench.store.changeKey(ACCOUNT, key.hash, { rollingLimits: null }, SYSTEM, bench.clock.wallMs()))?.rolling).toEqual([])
    expect((await bench.store.findKey(key.hash))?.caller.caps).toBeUndefined()
    await spend(ledger, key, 500n)
  })

  test('counts own keys where the limit of the key does', async () => {
    bench = await TestBench.open(1_000n, [testKey('rolling', { rollingLimits: [{ window: '5h', limit: 7n }, { window: '168h', limit: 9n }], includeByokInLimit: true })])
    expect((await bench.store.findKey(key.hash))?.caller.caps).toEqual([{ kind: 'rolling', id: key.hash, period: '5h', includeByok: true, name: 'this key' }, { kind: 'rolling', id: key.hash, period: '168h', includeByok: true, name: 'this key' }])
  })

  test('is never passed in any hour, over three nodes and however time goes on', async () => {
    const step = fc.record({ node: fc.nat({ max: 2 }), amount: fc.bigInt({ min: 1n, max: 60n }), waitMs: fc.constantFrom(0, 0, 1_000, STEP_MS / 2, STEP_MS, 10 * STEP_MS, HOUR_MS) })
    await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 40 }), async (steps) => {
      bench = await TestBench.open(100_000n, [key])
      const ledgers = [await bench.node('a'), await bench.node('b'), await bench.node('c')]
      const paid: { readonly atMs: number; readonly amount: Nano }[] = []
      for (const { node, amount, waitMs } of steps) {
        bench.clock.advance(waitMs)
        const [ledger, atMs] = [ledgers[node], bench.clock.wallMs()]
        if (!ledger) throw new Error('no such node')
        const within = paid.filter((one) => one.atMs > atMs - HOUR_MS - 2 * STEP_MS).reduce((sum, one) => sum + one.amount, 0n)
        const refusal = await pay(ledger, amount)
        if (!refusal) paid.push({ atMs, amount })
        // A refusal stands for a second where the sums were known before.
        else if (waitMs > 1_000) expect(within + amount).toBeGreaterThan(100n)
      }
      for (const { atMs } of paid) expect(paid.filter((one) => one.atMs <= atMs && one.atMs > atMs - HOUR_MS).reduce((sum, one) => sum + one.amount, 0n)).toBeLessThanOrEqual(100n)
      await bench.flush()
      expect((await bench.close()).problems).toEqual([])
    }), { numRuns: 12 })
    bench = await TestBench.open(1n)
  }, 120_000)
})
