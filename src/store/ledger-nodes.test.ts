import { afterEach, describe, expect, test } from 'bun:test'
import { appendFileSync } from 'node:fs'
import { readJournal } from '../ledger/journal.ts'
import { credits, held, nextId, spend } from './ledger.fixture.ts'
import { ACCOUNT, callerOf, generationOf, TestBench, testKey } from './store.fixture.ts'

const plain = testKey('plain')
const WAIT_MS_MAX = 10_000

/** Waits until something holds that comes by itself. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  for (const endMs = performance.now() + WAIT_MS_MAX; !await holds();) {
    if (performance.now() > endMs) throw new Error('it never came to be')
    await Bun.sleep(5)
  }
}
let bench: TestBench

afterEach(async () => {
  // Whatever a test did, the books must agree in the end.
  expect(await bench.close()).toMatchObject({ ok: true, problems: [] })
})

describe('leases', () => {
  test('of an idle node go back, and the balance is whole again', async () => {
    bench = await TestBench.open(1_000n, [plain, testKey('limited', { limit: 500n })])
    const ledger = await bench.node('a')
    await spend(ledger, plain, 10n)
    await spend(ledger, testKey('limited', { limit: 500n }), 10n)
    bench.clock.advance(60_000)
    await ledger.returnIdle()
    expect(await bench.store.verify()).toMatchObject({ ok: true, balance: 980n, leased: 0n })
    await spend(ledger, plain, 980n)
  })

  test('of an idle node go back too when its clock was set back meanwhile', async () => {
    bench = await TestBench.open(1_000n, [plain])
    const ledger = await bench.node('a')
    await spend(ledger, plain, 10n)
    bench.clock.step(-86_400_000)
    await ledger.returnIdle()
    expect(await bench.store.verify()).toMatchObject({ ok: true, balance: 990n, leased: 0n })
  })

  test('of which an answer was lost are given up, and what the bank had for them is there again', async () => {
    bench = await TestBench.open(1_000n, [plain])
    const ledger = await bench.node('a')
    // Granted, and nobody heard of it: first of a lease that was never heard of at all.
    bench.setDeaf('a', true)
    expect(await ledger.hold(callerOf(plain), nextId(), 400n)).toMatchObject({ ok: false, code: 'unavailable' })
    bench.setDeaf('a', false)
    await spend(ledger, plain, 10n)
    await ledger.returnIdle()
    await spend(ledger, plain, 400n)
    const hold = await held(ledger, plain, 20n)
    bench.setDeaf('a', true)
    expect(await ledger.hold(callerOf(plain), nextId(), 500n)).toMatchObject({ ok: false, code: 'unavailable' })
    // While the bank does not answer, what is known of the lease is there for calls.
    expect(await ledger.hold(callerOf(plain), nextId(), 500n)).toMatchObject({ ok: false, code: 'unavailable' })
    bench.setDeaf('a', false)
    ledger.settle(hold, generationOf(plain, hold.callId, { cost: 20n }))
    await spend(ledger, plain, 1n)
    await ledger.returnIdle()
    await spend(ledger, plain, 569n)
    await ledger.flush()
    expect(await bench.store.verify()).toMatchObject({ ok: true, charged: 1_000n, writtenOff: 0n })
  })

  test('that another node has and does not hold are no reason to refuse', async () => {
    bench = await TestBench.open(1_000n, [plain])
    const [a, b] = [await bench.node('a'), await bench.node('b')]
    await spend(a, plain, 100n)
    await spend(b, plain, 100n)
    await spend(a, plain, 800n)
    expect(await credits(bench)).toEqual({ total: 1_000n, used: 1_000n })
  })

  test('go back however many they are', async () => {
    bench = await TestBench.open(1_000n)
    const leaseIds = ['one', 'two']
    for (const leaseId of leaseIds) await bench.store.lease([{ leaseId, nodeId: 'gone', allowance: { accountId: ACCOUNT, window: null }, opened: false, least: 400n, asked: 400n }], bench.clock.wallMs())
    expect(await bench.store.verify()).toMatchObject({ balance: 200n, leased: 800n })
    // More than a statement of Postgres takes.
    leaseIds.push(...Array.from({ length: 70_000 }, (_, at) => `unknown-${at}`))
    await bench.store.giveBack(leaseIds.map((leaseId) => ({ accountId: ACCOUNT, leaseId, amount: 0n, close: true })))
    expect(await bench.store.verify()).toMatchObject({ balance: 1_000n, leased: 0n })
  }, 60_000)

  test('that are on their way back are waited for before a call is refused', async () => {
    bench = await TestBench.open(1_000n, [plain])
    const ledger = await bench.node('a')
    await spend(ledger, plain, 100n)
    let arrive: () => void = () => undefined
    bench.setSlow('a', new Promise((resolve) => { arrive = resolve }))
    const told = bench.tell({ keys: [], accounts: [{ id: ACCOUNT, wantedBy: 'b' }] })
    bench.setSlow('a', undefined)
    const spent = spend(ledger, plain, 900n)
    // Asked now, the bank would say that not so much is free, and that nobody else has any.
    await Promise.race([spent, Bun.sleep(50)])
    arrive()
    await Promise.all([told, spent])
    expect(await credits(bench)).toEqual({ total: 1_000n, used: 1_000n })
  })

  test('that are recalled while more is asked for ahead of need give that back too', async () => {
    bench = await TestBench.open(1_000n, [plain])
    const ledger = await bench.node('a')
    const first = await held(ledger, plain, 100n)
    const { promise: recalled, resolve: recall } = Promise.withResolvers<void>()
    bench.setSlow('a', recalled)
    // Leaves so little that more is asked for; who recalls is quicker than the answer.
    const second = await held(ledger, plain, 250n)
    bench.setSlow('a', undefined)
    await bench.tell({ keys: [], accounts: [{ id: ACCOUNT, wantedBy: 'another' }] })
    recall()
    // So that the answer has come.
    await Bun.sleep(50)
    await until(async () => (await bench.store.verify()).leased === 350n)
    for (const one of [first, second]) ledger.release(one)
  })

  test('that another node holds are', async () => {
    bench = await TestBench.open(1_000n, [plain])
    const [a, b] = [await bench.node('a'), await bench.node('b')]
    const hold = await held(b, plain, 300n)
    expect(await a.hold(callerOf(plain), nextId(), 701n)).toEqual({ ok: false, code: 'worst_case', left: 700n, allowance: 'account', cap: 1_000n, resetsMs: null })
    b.release(hold)
    bench.clock.advance(1_000)
    await spend(a, plain, 1_000n)
  })

  test('closed behind a node are not used again', async () => {
    bench = await TestBench.open(1_000n, [plain])
    const ledger = await bench.node('a')
    await spend(ledger, plain, 100n)
    const hold = await held(ledger, plain, 100n)
    await bench.store.closeNode('a')
    ledger.settle(hold, generationOf(plain, hold.callId, { cost: 50n }))
    expect(await credits(bench)).toEqual({ total: 1_000n, used: 150n })
    await spend(ledger, plain, 850n)
    expect(await bench.store.verify()).toMatchObject({ ok: true, writtenOff: 0n })
  })
})

describe('a node that dies', () => {
  test('loses and doubles nothing that was acknowledged; what it had begun is interrupted', async () => {
    bench = await TestBench.open(1_000n, [plain])
    const ledger = await bench.node('a')
    await spend(ledger, plain, 10n)
    await ledger.flush()
    await spend(ledger, plain, 10n)
    const begun = await held(ledger, plain, 10n)
    ledger.release(await held(ledger, plain, 10n))
    await spend(ledger, plain, 5n)
    bench.kill('a')
    appendFileSync(bench.path('a'), '{"end":"gen-torn","at":17000')
    expect(await bench.recover('a')).toEqual({ settled: 3, interrupted: 1, unreadable: 1 })
    expect(await bench.store.generation(ACCOUNT, begun.callId)).toMatchObject({ fault: 'interrupted', cost: 0n, keyHash: plain.hash })
    expect(await bench.store.verify()).toMatchObject({ ok: true, balance: 975n, leased: 0n, charged: 25n, generations: 4n })
    expect(readJournal(bench.path('a'))).toEqual([])
    expect(await bench.recover('a')).toEqual({ settled: 0, interrupted: 0, unreadable: 0 })
  })

  test('is recovered to the same books when the recovery itself dies', async () => {
    bench = await TestBench.open(1_000n, [plain])
    const ledger = await bench.node('a')
    for (let n = 0; n < 3; n++) await spend(ledger, plain, 10n)
    bench.kill('a')
    await bench.store.settle(readJournal(bench.path('a')).filter((line) => line.startsWith('{"end"')).slice(0, 2), 1)
    expect(await bench.recover('a')).toMatchObject({ settled: 3 })
    expect(await bench.store.verify()).toMatchObject({ ok: true, balance: 970n, generations: 3n })
  })
})

describe('close', () => {
  test('leaves no lease and no journal', async () => {
    bench = await TestBench.open(1_000n, [plain])
    const ledger = await bench.node('a')
    await spend(ledger, plain, 10n)
    await ledger.close()
    expect(await bench.store.verify()).toMatchObject({ ok: true, balance: 990n, leased: 0n })
    expect(readJournal(bench.path('a'))).toEqual([])
    expect(await ledger.hold(callerOf(plain), nextId(), 0n)).toMatchObject({ ok: false, code: 'unavailable' })
  })
})
