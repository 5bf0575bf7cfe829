import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { ACCOUNT, callerOf, testKey } from '../store/store.fixture.ts'
import type { Passed } from './limits.ts'
import { CALLER, LimitBench, NOON_MS, pass, passing, settings } from './limits.fixture.ts'

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
const KEY_60 = settings({ perKey: { requestsPerMinute: 60n } })

let bench: LimitBench
beforeEach(async () => { bench = await LimitBench.open() })
afterEach(async () => { await bench.close() })

/** What passed, of which nothing was refused. */
async function taken(answer: ReturnType<typeof pass>): Promise<Passed> {
  const found = await answer
  if (!found.ok) throw new Error(`refused: ${found.code}`)
  return found
}

describe('one process', () => {
  test('lets the limit pass and not one more, then all of it again in the next minute', async () => {
    const { limits } = await bench.node('a')
    expect(await passing(limits, KEY_60, 100)).toBe(60)
    bench.clock.advance(MINUTE_MS - 1)
    expect(await passing(limits, KEY_60, 5)).toBe(0)
    bench.clock.advance(1)
    expect(await passing(limits, KEY_60, 100)).toBe(60)
  })

  test('says whose limit it is, how much is left and when it starts anew', async () => {
    const { limits } = await bench.node('a')
    await passing(limits, KEY_60, 60)
    expect(await pass(limits, KEY_60)).toMatchObject({ ok: false, code: 'limit', limit: 60n, left: 0n, resetsMs: NOON_MS + MINUTE_MS, rule: { scope: 'key', metric: 'requests', period: 'minute' } })
  })

  test('asks the store for few slices, and a full window costs no question', async () => {
    const { limits, bank } = await bench.node('a')
    await passing(limits, settings({ perKey: { requestsPerMinute: 10_000n } }), 9_000)
    expect(bank.asks).toBeLessThan(10)
    await passing(limits, KEY_60, 60)
    await pass(limits, KEY_60)
    const { asks } = bank
    const answers = Array.from({ length: 100 }, () => pass(limits, KEY_60))
    expect(answers.every((answer) => !(answer instanceof Promise) && !answer.ok)).toBe(true)
    expect(bank.asks).toBe(asks)
  })

  test('a warm counter answers at once, over the turn of a minute too', async () => {
    const { limits } = await bench.node('a')
    await pass(limits, KEY_60)
    expect(pass(limits, KEY_60)).not.toBeInstanceOf(Promise)
    bench.clock.advance(55_000)
    await pass(limits, KEY_60)
    await bench.quiet()
    bench.clock.advance(5_000)
    expect(pass(limits, KEY_60)).not.toBeInstanceOf(Promise)
  })

  test('of several limits takes all or nothing', async () => {
    const { limits } = await bench.node('a')
    const rates = settings({ perKey: { requestsPerMinute: 50n }, perAccount: { requestsPerMinute: 5n } })
    expect(await passing(limits, rates, 20)).toBe(5)
    bench.clock.advance(MINUTE_MS)
    const unlimited = settings({ perKey: { requestsPerMinute: 50n } })
    expect(await passing(limits, rates, 20)).toBe(5)
    expect(await passing(limits, unlimited, 100)).toBe(45)
  })

  test("the account's limit holds for its keys together; a key's own stands before the operator's for all keys", async () => {
    const { limits } = await bench.node('a')
    const rates = settings({ perKey: { requestsPerMinute: 60n }, perAccount: { requestsPerMinute: 10n } })
    const other = callerOf(testKey('second', { rateLimits: { requestsPerMinute: 3n } }))
    const others = async (calls: number) => {
      let passed = 0
      for (let call = 0; call < calls; call++) if ((await limits.pass(limits.rulesOf(other, rates).always.map((rule) => ({ rule, amount: 1n })))).ok) passed++
      return passed
    }
    expect(await others(9)).toBe(3)
    expect(await passing(limits, rates, 30)).toBe(7)
  })

  test('a limit that is changed holds at once, up and down, for what has passed already', async () => {
    const { limits } = await bench.node('a')
    expect(await passing(limits, KEY_60, 30)).toBe(30)
    expect(await passing(limits, settings({ perKey: { requestsPerMinute: 40n } }), 30)).toBe(10)
    expect(await passing(limits, settings({ perKey: { requestsPerMinute: 70n } }), 50)).toBe(30)
    expect(await passing(limits, settings({ perKey: { requestsPerMinute: 20n } }), 5)).toBe(0)
  })

  test('what a lower limit gives back counts for the next call, however late the store hears of it', async () => {
    const { limits, bank } = await bench.node('a')
    expect(await passing(limits, KEY_60, 30)).toBe(30)
    await bench.quiet()
    const { promise, resolve } = Promise.withResolvers<void>()
    bank.returnsAfter = promise
    const lower = settings({ perKey: { requestsPerMinute: 40n } })
    // Sees the lower limit, and asks the store for nothing itself.
    expect(await pass(limits, lower, 'requests', 41n)).toMatchObject({ code: 'too_large' })
    const next = pass(limits, lower)
    // By then a call that does not wait for it has been refused.
    setTimeout(resolve, 200)
    expect(await next).toMatchObject({ ok: true })
  })
})

describe('tokens and dollars', () => {
  const TOKENS = settings({ perKey: { tokensPerMinute: 1_000n } })

  test('are taken by the estimate and corrected by the truth', async () => {
    const { limits } = await bench.node('a')
    const first = await taken(pass(limits, TOKENS, 'tokens', 900n))
    expect(await pass(limits, TOKENS, 'tokens', 900n)).toMatchObject({ ok: false, code: 'limit', left: 100n })
    for (const one of first.taken) limits.correct(one, 50n)
    expect((await pass(limits, TOKENS, 'tokens', 900n)).ok).toBe(true)
    expect(await pass(limits, TOKENS, 'tokens', 51n)).toMatchObject({ ok: false })
  })

  test('that came to more than was taken count, here and in other processes', async () => {
    const [a, b] = [await bench.node('a'), await bench.node('b')]
    const first = await taken(pass(a.limits, TOKENS, 'tokens', 100n))
    for (const one of first.taken) a.limits.correct(one, 700n)
    await bench.quiet()
    expect(await pass(b.limits, TOKENS, 'tokens', 400n)).toMatchObject({ ok: false })
    expect((await pass(b.limits, TOKENS, 'tokens', 300n)).ok).toBe(true)
    expect(await pass(a.limits, TOKENS, 'tokens', 1n)).toMatchObject({ ok: false })
  })

  test('what an answer took beyond its window counts in the one that runs; what it left is nobody\'s', async () => {
    const { limits } = await bench.node('a')
    const [big, small] = [await taken(pass(limits, TOKENS, 'tokens', 100n)), await taken(pass(limits, TOKENS, 'tokens', 800n))]
    bench.clock.advance(MINUTE_MS)
    for (const one of big.taken) limits.correct(one, 400n)
    for (const one of small.taken) limits.correct(one, 10n)
    expect(await pass(limits, TOKENS, 'tokens', 701n)).toMatchObject({ ok: false })
    expect((await pass(limits, TOKENS, 'tokens', 700n)).ok).toBe(true)
  })

  test('that came to more than was taken while the store was away count once it is back, in the next window if need be', async () => {
    const { limits, bank } = await bench.node('a')
    const first = await taken(pass(limits, TOKENS, 'tokens', 1_000n))
    bank.away = true
    for (const one of first.taken) limits.correct(one, 1_400n)
    await bench.quiet()
    bench.clock.advance(MINUTE_MS)
    bank.away = false
    expect(await pass(limits, TOKENS, 'tokens', 601n)).toMatchObject({ ok: false })
    expect((await pass(limits, TOKENS, 'tokens', 600n)).ok).toBe(true)
  })

  test('a request that no window is large enough for is told so, and asks for nothing', async () => {
    const { limits, bank } = await bench.node('a')
    expect(await pass(limits, TOKENS, 'tokens', 1_001n)).toMatchObject({ ok: false, code: 'too_large', amount: 1_001n, limit: 1_000n })
    expect(bank.asks).toBe(0)
  })

  test('a call that went to nobody gives back all that it took', async () => {
    const { limits } = await bench.node('a')
    for (const one of (await taken(pass(limits, KEY_60))).taken) limits.correct(one, 0n)
    expect(await passing(limits, KEY_60, 100)).toBe(60)
  })
})

describe('several processes', () => {
  test('let the limit pass in sum, whoever is asked', async () => {
    const nodes = [await bench.node('a'), await bench.node('b'), await bench.node('c'), await bench.node('d')]
    let passed = 0
    for (let round = 0; round < 40; round++) for (const { limits } of nodes) if ((await pass(limits, KEY_60)).ok) passed++
    expect(passed).toBe(60)
  })

  test('give back what one of them wants and the others do not use', async () => {
    const [a, b] = [await bench.node('a'), await bench.node('b')]
    await pass(a.limits, KEY_60)
    expect(await passing(b.limits, KEY_60, 100)).toBe(59)
    expect(await passing(a.limits, KEY_60, 5)).toBe(0)
  })

  test('tokens that came back to one are there for the others', async () => {
    const rates = settings({ perKey: { tokensPerMinute: 1_000n } })
    const [a, b] = [await bench.node('a'), await bench.node('b')]
    const first = await taken(pass(a.limits, rates, 'tokens', 1_000n))
    expect((await pass(b.limits, rates, 'tokens', 500n)).ok).toBe(false)
    for (const one of first.taken) a.limits.correct(one, 100n)
    bench.clock.advance(1_001)
    expect((await pass(b.limits, rates, 'tokens', 900n)).ok).toBe(true)
  })

  test('a process that stops gives its slices back; one that is killed takes no more with it than its slice', async () => {
    const [a, b] = [await bench.node('a'), await bench.node('b')]
    expect(await passing(a.limits, KEY_60, 20)).toBe(20)
    await a.limits.close()
    await bench.store.closeNode('a')
    expect(await passing(b.limits, KEY_60, 10)).toBe(10)
    await bench.kill('b')
    const c = await bench.node('c')
    const passed = await passing(c.limits, KEY_60, 100)
    expect(passed).toBeGreaterThanOrEqual(30 - 15)
    expect(passed).toBeLessThanOrEqual(30)
  })

  test('a store that is away stops nobody within a slice; beyond it the refusal says so and is not taken for a full window', async () => {
    const { limits, bank } = await bench.node('a')
    await pass(limits, KEY_60)
    bank.away = true
    let passed = 0
    let answer = await pass(limits, KEY_60)
    for (; answer.ok; passed++) answer = await pass(limits, KEY_60)
    expect(passed).toBe(14)
    expect(answer).toMatchObject({ ok: false, code: 'unavailable' })
    bank.away = false
    expect(await passing(limits, KEY_60, 100)).toBe(45)
  })
})

describe('clocks that step', () => {
  test('back: a window is not opened twice', async () => {
    const { limits } = await bench.node('a')
    expect(await passing(limits, KEY_60, 40)).toBe(40)
    bench.clock.advance(10 * MINUTE_MS)
    expect(await passing(limits, KEY_60, 60)).toBe(60)
    bench.clock.advance(-10 * MINUTE_MS)
    // What this process had of it and did not use is lost: nobody knew that it would come again.
    expect(await passing(limits, KEY_60, 60)).toBeLessThanOrEqual(20)
    bench.clock.advance(10 * MINUTE_MS)
    expect(await passing(limits, KEY_60, 60)).toBe(0)
  })

  test('one process ahead of another: each window has its limit', async () => {
    const { limits } = await bench.node('a')
    expect(await passing(limits, KEY_60, 60)).toBe(60)
    bench.clock.advance(MINUTE_MS)
    const late = await bench.node('b')
    expect(await passing(late.limits, KEY_60, 10)).toBe(10)
    bench.clock.advance(-MINUTE_MS)
    expect(await passing(late.limits, KEY_60, 10)).toBe(0)
    bench.clock.advance(MINUTE_MS)
    expect(await passing(limits, KEY_60, 60)).toBe(50)
  })
})

describe('free models', () => {
  const RATES = settings({})
  const free = async (node: Awaited<ReturnType<LimitBench['node']>>, caller = CALLER) => await node.limits.pass(node.limits.rulesOf(caller, RATES).free.map((rule) => ({ rule, amount: 1n })))

  /** Twenty a minute, minute after minute. */
  async function hours(node: Awaited<ReturnType<LimitBench['node']>>, minutes: number): Promise<number> {
    let passed = 0
    for (let minute = 0; minute < minutes; minute++) {
      for (let call = 0; call < 25; call++) if ((await free(node)).ok) passed++
      bench.clock.advance(MINUTE_MS)
    }
    return passed
  }

  test('20 requests a minute and 50 a day, until midnight UTC', async () => {
    const node = await bench.node('a')
    expect(await hours(node, 1)).toBe(20)
    expect(await hours(node, 10)).toBe(30)
    expect(await free(node)).toMatchObject({ ok: false, rule: { scope: 'free', period: 'day' }, limit: 50n, resetsMs: NOON_MS + DAY_MS / 2 })
    bench.clock.advance(DAY_MS / 2 - 11 * MINUTE_MS)
    expect(await hours(node, 3)).toBe(50)
  })

  test('1,000 a day from the moment that the account has bought ten dollars; what it was given does not count (I11)', async () => {
    const node = await bench.node('a')
    await hours(node, 5)
    expect((await free(node)).ok).toBe(false)
    expect(await node.limits.freeUse(CALLER, RATES)).toEqual({ used: 50, limit: 50 })
    await bench.store.grant({ accountId: ACCOUNT, amount: 10_000_000_000n, reason: 'given', reference: null, nowMs: 1 })
    await node.limits.noteChanges({ slices: [], accounts: [{ id: ACCOUNT }] })
    expect((await free(node)).ok).toBe(false)
    await bench.buy(10_00)
    await node.limits.noteChanges({ slices: [], accounts: [{ id: ACCOUNT }] })
    expect(await hours(node, 100)).toBe(950)
    expect(await node.limits.freeUse(CALLER, RATES)).toEqual({ used: 1000, limit: 1000 })
  })

  test('are not raised by further keys', async () => {
    const node = await bench.node('a')
    expect(await hours(node, 1)).toBe(20)
    bench.clock.advance(-MINUTE_MS)
    expect((await free(node, callerOf(testKey('second')))).ok).toBe(false)
  })

  test('what has passed is known to whoever asks, in whichever process', async () => {
    const [a, b] = [await bench.node('a'), await bench.node('b')]
    for (let call = 0; call < 7; call++) await free(a)
    expect(await a.limits.freeUse(CALLER, RATES)).toEqual({ used: 7, limit: 50 })
    expect(await b.limits.freeUse(CALLER, RATES)).toEqual({ used: 7, limit: 50 })
  })

  test('the operator may lift them', async () => {
    const node = await bench.node('a')
    const lifted = settings({ free: { requestsPerMinute: null, requestsPerDay: null, requestsPerDayWithCredits: null, creditsMin: 1n } })
    expect(node.limits.rulesOf(CALLER, lifted).free).toEqual([])
    expect(await node.limits.freeUse(CALLER, lifted)).toEqual({ used: 0, limit: null })
  })
})

describe('models', () => {
  test('each has its own count, shared by all accounts; the first pattern that covers it decides', async () => {
    const { limits } = await bench.node('a')
    const rates = settings({ perModel: [{ pattern: 'acme/big', rates: { requestsPerMinute: 2n } }, { pattern: 'acme/*', rates: { requestsPerMinute: 5n } }] })
    const count = async (model: string) => {
      let passed = 0
      for (let call = 0; call < 10; call++) if ((await limits.pass(limits.rulesOfModel(model, rates).map((rule) => ({ rule, amount: 1n })))).ok) passed++
      return passed
    }
    expect(limits.rulesOfModel('acme/big', rates)).toMatchObject([{ scope: 'model', accountId: '', model: 'acme/big' }])
    expect(await count('acme/big')).toBe(2)
    expect(await count('acme/small')).toBe(5)
    expect(await count('acme/other')).toBe(5)
    expect(limits.rulesOfModel('other/acme', rates)).toEqual([])
  })
})
