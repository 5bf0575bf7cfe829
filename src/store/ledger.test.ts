import { afterEach, describe, expect, test } from 'bun:test'
import { SYSTEM } from '../accounts/audit-entry.ts'
import { readJournal } from '../ledger/journal.ts'
import type { Hold } from '../ledger/ledger.ts'
import { credits, held, nextId, spend } from './ledger.fixture.ts'
import { ACCOUNT, callerOf, generationOf, testDatabase, TestBench, testKey } from './store.fixture.ts'

const plain = testKey('plain')
let bench: TestBench

afterEach(async () => {
  // Whatever a test did, the books must agree in the end.
  expect(await bench.close()).toMatchObject({ ok: true, problems: [] })
})

describe('hold', () => {
  test('needs no promise once the lease is warm', async () => {
    bench = await TestBench.open(1_000_000n, [plain])
    const ledger = await bench.node('a')
    const first = ledger.hold(callerOf(plain), nextId(), 10n)
    expect(first).toBeInstanceOf(Promise)
    ledger.release(await first as Hold)
    const second = ledger.hold(callerOf(plain), nextId(), 10n)
    expect(second).not.toBeInstanceOf(Promise)
    expect(second).toMatchObject({ ok: true, amount: 10n })
    ledger.release(second as Hold)
  })

  test('calls that come at once share the questions to the bank', async () => {
    bench = await TestBench.open(1_000_000n, [plain])
    const ledger = await bench.node('a')
    const holds = await Promise.all(Array.from({ length: 200 }, () => held(ledger, plain, 100n)))
    for (const hold of holds) ledger.release(hold)
    expect(ledger.stats().callsInFlight).toBe(0)
  })

  test('gives the last nano-dollar, and not one more', async () => {
    bench = await TestBench.open(100n, [plain])
    const ledger = await bench.node('a')
    for (let n = 0; n < 14; n++) await spend(ledger, plain, 7n)
    expect(await ledger.hold(callerOf(plain), nextId(), 3n)).toEqual({ ok: false, code: 'worst_case', left: 2n, allowance: 'account', cap: 2n, resetsMs: null })
    await spend(ledger, plain, 2n)
    expect(await ledger.hold(callerOf(plain), nextId(), 1n)).toEqual({ ok: false, code: 'balance', left: 0n, allowance: 'account', cap: 0n, resetsMs: null })
    expect(await credits(bench)).toEqual({ total: 100n, used: 100n })
  })

  test('never lets calls in flight hold more than there is, however they come', async () => {
    bench = await TestBench.open(1_000n, [plain])
    const ledger = await bench.node('a')
    const answers = await Promise.all(Array.from({ length: 50 }, () => ledger.hold(callerOf(plain), nextId(), 30n)))
    const holds = answers.filter((answer) => answer.ok)
    expect(holds.length).toBe(33)
    expect(answers.find((answer) => !answer.ok)).toEqual({ ok: false, code: 'worst_case', left: 10n, allowance: 'account', cap: 1_000n, resetsMs: null })
    for (const hold of holds) ledger.release(hold)
    await spend(ledger, plain, 1_000n)
  })

  test('of nothing is always given, for a balance is never below zero', async () => {
    bench = await TestBench.open(0n, [plain])
    const ledger = await bench.node('a')
    const hold = ledger.hold(callerOf(plain), nextId(), 0n) as Hold
    expect(hold.ok).toBe(true)
    ledger.settle(hold, generationOf(plain, hold.callId))
    expect(await ledger.hold(callerOf(plain), nextId(), 1n)).toMatchObject({ ok: false, code: 'balance' })
  })

  test('is refused from memory for a second, or until a top-up', async () => {
    bench = await TestBench.open(5n, [plain])
    const ledger = await bench.node('a')
    expect(await ledger.hold(callerOf(plain), nextId(), 10n)).toMatchObject({ code: 'worst_case', left: 5n })
    const grant = { accountId: ACCOUNT, amount: 5n, reason: 'more', reference: null, nowMs: 2 }
    await bench.store.grant(grant)
    expect(await ledger.hold(callerOf(plain), nextId(), 10n)).toMatchObject({ code: 'worst_case', left: 5n })
    await bench.tell({ keys: [], accounts: [{ id: ACCOUNT, wantedBy: null }] })
    ledger.release(await held(ledger, plain, 10n))
    await bench.store.grant(grant)
    expect(await ledger.hold(callerOf(plain), nextId(), 12n)).toMatchObject({ ok: true })
  })

  test('is refused from memory only as long as what came free here does not change it', async () => {
    bench = await TestBench.open(10n, [plain])
    const ledger = await bench.node('a')
    const hold = await held(ledger, plain, 6n)
    expect(await ledger.hold(callerOf(plain), nextId(), 10n)).toEqual({ ok: false, code: 'worst_case', left: 4n, allowance: 'account', cap: 10n, resetsMs: null })
    ledger.release(hold)
    ledger.release(await held(ledger, plain, 10n))
  })

  test('says unavailable while the store is away, and works where the lease is warm', async () => {
    bench = await TestBench.open(1_000n, [plain])
    const ledger = await bench.node('a')
    await spend(ledger, plain, 10n)
    bench.setAway('a', true)
    await spend(ledger, plain, 10n)
    expect(await ledger.hold(callerOf(plain), nextId(), 900n)).toMatchObject({ ok: false, code: 'unavailable' })
    await expect(ledger.flush()).rejects.toMatchObject({ code: 'unavailable' })
    bench.setAway('a', false)
    expect(await credits(bench)).toEqual({ total: 1_000n, used: 20n })
  })
})

describe('a store that is locked', () => {
  test('refuses cold holds as unavailable, and loses no settlement', async () => {
    bench = await TestBench.open(1_000n, [plain], 1_000)
    const ledger = await bench.node('a')
    await spend(ledger, plain, 10n)
    const other = testDatabase(bench.directory)
    await other.write(async (sql) => {
      await sql.run('UPDATE accounts SET balance = balance')
      await sql.run('UPDATE leases SET spent = spent')
      await spend(ledger, plain, 10n, 7n)
      expect(await ledger.hold(callerOf(plain), nextId(), 900n)).toMatchObject({ ok: false, code: 'unavailable' })
      await expect(ledger.flush()).rejects.toMatchObject({ code: 'unavailable' })
      expect(ledger.stats()).toMatchObject({ unsettled: 2 })
    })
    await other.close()
    expect(await credits(bench)).toEqual({ total: 1_000n, used: 17n })
    await spend(ledger, plain, 983n)
  })
})

describe('a limit of a key', () => {
  const limited = testKey('limited', { limit: 50n })

  test('is held together with the balance, all or none', async () => {
    bench = await TestBench.open(40n, [limited, plain])
    const ledger = await bench.node('a')
    expect(await ledger.hold(callerOf(limited), nextId(), 60n)).toEqual({ ok: false, code: 'worst_case', left: 40n, allowance: 'account', cap: 40n, resetsMs: null })
    await spend(ledger, limited, 40n)
    expect(await ledger.hold(callerOf(limited), nextId(), 5n)).toEqual({ ok: false, code: 'balance', left: 0n, allowance: 'account', cap: 0n, resetsMs: null })
    expect(ledger.stats().callsInFlight).toBe(0)
  })

  test('used up is key_limit, with the limit', async () => {
    bench = await TestBench.open(1_000n, [limited, plain])
    const ledger = await bench.node('a')
    await spend(ledger, limited, 30n)
    expect(await ledger.hold(callerOf(limited), nextId(), 30n)).toEqual({ ok: false, code: 'worst_case', left: 20n, allowance: 'key', cap: 50n, resetsMs: null })
    await spend(ledger, limited, 20n)
    expect(await ledger.hold(callerOf(limited), nextId(), 1n)).toEqual({ ok: false, code: 'key_limit', left: 0n, allowance: 'key', cap: 50n, resetsMs: null })
    await spend(ledger, plain, 500n)
    await bench.flush()
    expect(await bench.store.keyRecord(ACCOUNT, limited.hash, bench.clock.wallMs())).toMatchObject({ limitRemaining: 0n, usage: { total: 50n, daily: 50n } })
  })

  test('of zero refuses what costs, and lets through what is free', async () => {
    const none = testKey('none', { limit: 0n })
    bench = await TestBench.open(1_000n, [none])
    const ledger = await bench.node('a')
    expect(await ledger.hold(callerOf(none), nextId(), 1n)).toMatchObject({ code: 'key_limit', left: 0n, cap: 0n })
    ledger.release(await held(ledger, none, 0n))
  })

  test.each([
    ['daily', '2026-11-20T23:59:59.999Z', '2026-11-21T00:00:00Z'],
    ['weekly', '2026-11-22T23:59:59.999Z', '2026-11-23T00:00:00Z'],
    ['monthly', '2026-11-30T23:59:59.999Z', '2026-12-01T00:00:00Z'],
  ] as const)('starts anew at its %s boundary, to the millisecond', async (limitReset, last, next) => {
    const key = testKey('windowed', { limit: 50n, limitReset })
    bench = await TestBench.open(1_000n, [key])
    const ledger = await bench.node('a')
    await spend(ledger, key, 50n)
    bench.clock.advance(Date.parse(last) - bench.clock.wallMs())
    expect(await ledger.hold(callerOf(key), nextId(), 1n)).toEqual({ ok: false, code: 'key_limit', left: 0n, allowance: 'key', cap: 50n, resetsMs: Date.parse(next) })
    bench.clock.advance(1)
    await spend(ledger, key, 50n)
    expect(await ledger.hold(callerOf(key), nextId(), 1n)).toMatchObject({ code: 'key_limit' })
    await bench.flush()
    expect(await bench.store.keyRecord(ACCOUNT, key.hash, bench.clock.wallMs())).toMatchObject({ limitRemaining: 0n, usage: { total: 100n, [limitReset]: 50n } })
  })

  test('counts a call in the window that it was held in', async () => {
    const key = testKey('windowed', { limit: 50n, limitReset: 'daily' })
    bench = await TestBench.open(1_000n, [key])
    const ledger = await bench.node('a')
    bench.clock.advance(Date.parse('2026-11-20T23:59:59Z') - bench.clock.wallMs())
    const late = await held(ledger, key, 50n)
    bench.clock.advance(60_000)
    ledger.settle(late, generationOf(key, late.callId, { cost: 50n }))
    await spend(ledger, key, 50n)
    await bench.flush()
    expect(await bench.store.keyRecord(ACCOUNT, key.hash, bench.clock.wallMs())).toMatchObject({ usage: { total: 100n, daily: 50n } })
  })

  test('that was changed holds at once, with what was spent before', async () => {
    bench = await TestBench.open(1_000n, [limited])
    const ledger = await bench.node('a')
    await spend(ledger, limited, 30n)
    await bench.flush()
    const raised = { ...limited, limit: 100n }
    await bench.store.changeKey(ACCOUNT, limited.hash, { limit: 100n }, SYSTEM, 2)
    await bench.tell({ keys: [limited.hash], accounts: [] })
    await spend(ledger, raised, 70n)
    await bench.flush()
    await bench.store.changeKey(ACCOUNT, limited.hash, { limit: 60n }, SYSTEM, 3)
    await bench.tell({ keys: [limited.hash], accounts: [] })
    expect(await ledger.hold(callerOf({ ...limited, limit: 60n }), nextId(), 1n)).toMatchObject({ code: 'key_limit', left: 0n, cap: 60n })
  })

  test('that was changed has at once what came free on calls from before', async () => {
    bench = await TestBench.open(1_000n, [limited])
    const ledger = await bench.node('a')
    const before = await held(ledger, limited, 20n)
    await bench.store.changeKey(ACCOUNT, limited.hash, { limit: 60n }, SYSTEM, 2)
    await bench.tell({ keys: [limited.hash], accounts: [] })
    ledger.release(before)
    await spend(ledger, { ...limited, limit: 60n }, 60n)
  })

  test('counts what a provider charged a key of our own for, where it says so', async () => {
    const key = testKey('byok', { limit: 50n, includeByokInLimit: true })
    bench = await TestBench.open(1_000n, [key])
    const ledger = await bench.node('a')
    const hold = await held(ledger, key, 10n)
    ledger.settle(hold, generationOf(key, hold.callId, { cost: 2n, upstreamCost: 40n, byok: true }))
    await bench.flush()
    expect(await bench.store.keyRecord(ACCOUNT, key.hash, bench.clock.wallMs())).toMatchObject({ limitRemaining: 8n, usage: { total: 2n } })
    expect(await ledger.hold(callerOf(key), nextId(), 9n)).toMatchObject({ code: 'worst_case', left: 8n, allowance: 'key' })
  })
})

describe('settle and release', () => {
  test('charge the truth and give the rest back', async () => {
    bench = await TestBench.open(1_000n, [plain])
    const ledger = await bench.node('a')
    await spend(ledger, plain, 900n, 1n)
    ledger.release(await held(ledger, plain, 999n))
    expect(await credits(bench)).toEqual({ total: 1_000n, used: 1n })
  })

  test('happen once for a hold', async () => {
    bench = await TestBench.open(1_000n, [plain])
    const ledger = await bench.node('a')
    const hold = await held(ledger, plain, 10n)
    ledger.release(hold)
    expect(() => ledger.release(hold)).toThrow('once')
    expect(() => ledger.settle(hold, generationOf(plain, hold.callId))).toThrow('once')
  })

  test('leave the settlement in the journal when settle returns, begin before end', async () => {
    bench = await TestBench.open(1_000n, [plain])
    const ledger = await bench.node('a')
    const hold = await held(ledger, plain, 10n)
    ledger.settle(hold, generationOf(plain, hold.callId, { cost: 3n }))
    const lines = readJournal(bench.path('a'))
    expect(lines.map((line) => Object.keys(JSON.parse(line))[0])).toEqual(['begin', 'end'])
    expect(JSON.parse(lines[1] ?? '')).toMatchObject({ end: hold.callId, counted: '3', generation: { id: hold.callId, cost: '3' } })
  })

  test('a charge over its hold is paid from the lease, then the free balance, then by the operator', async () => {
    bench = await TestBench.open(100n, [plain])
    const ledger = await bench.node('a')
    await spend(ledger, plain, 10n, 60n)
    expect(await credits(bench)).toEqual({ total: 100n, used: 60n })
    await spend(ledger, plain, 10n, 70n)
    expect(await credits(bench)).toEqual({ total: 100n, used: 100n })
    expect(await bench.store.verify()).toMatchObject({ ok: true, writtenOff: 30n, charged: 130n, balance: 0n, leased: 0n })
    expect(await ledger.hold(callerOf(plain), nextId(), 1n)).toMatchObject({ code: 'balance', left: 0n, cap: 0n })
  })

  test('reach the store once, however often they arrive', async () => {
    bench = await TestBench.open(1_000n, [plain])
    const ledger = await bench.node('a')
    for (let n = 0; n < 5; n++) await spend(ledger, plain, 10n, 7n)
    const ends = readJournal(bench.path('a')).filter((line) => line.startsWith('{"end"'))
    await bench.store.settle(ends, 1)
    await bench.store.settle([...ends, ...ends], 1)
    expect(await credits(bench)).toEqual({ total: 1_000n, used: 35n })
    expect(await bench.store.verify()).toMatchObject({ generations: 5n })
  })

  test('are kept while the store is away, and the journal is shortened once they are in it', async () => {
    bench = await TestBench.open(1_000_000n, [plain])
    const ledger = await bench.node('a')
    await spend(ledger, plain, 100n, 10n)
    bench.setAway('a', true)
    const big = 'x'.repeat(100_000)
    const open = await held(ledger, plain, 1n)
    for (let n = 0; n < 100; n++) {
      const hold = await held(ledger, plain, 1n)
      ledger.settle(hold, generationOf(plain, hold.callId, { cost: 1n, title: big }))
    }
    expect(ledger.stats()).toMatchObject({ unsettled: 101 })
    bench.setAway('a', false)
    await ledger.flush()
    expect(ledger.stats()).toMatchObject({ unsettled: 0, lagMs: 0 })
    await spend(ledger, plain, 1n)
    await ledger.flush()
    expect(ledger.stats().journalBytes).toBeLessThan(10_000)
    expect(readJournal(bench.path('a')).filter((line) => line.includes(open.callId))).toHaveLength(1)
    ledger.release(open)
  })
})
