import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { Lease, refusalOf, sliceOf, standing } from './lease.ts'

const nano = fc.bigInt({ min: 0n, max: 1_000_000n })

describe('sliceOf', () => {
  test('gives what is asked while there is plenty', () => {
    expect(sliceOf({ free: 1_000n, asked: 100n, least: 10n, nodes: 4 })).toBe(100n)
  })

  test('gives at most half of an equal share, so that other nodes have theirs', () => {
    expect(sliceOf({ free: 1_000n, asked: 1_000n, least: 10n, nodes: 4 })).toBe(125n)
  })

  test('I14: shrinks to what one call needs near zero, down to the last nano-dollar', () => {
    expect(sliceOf({ free: 1_000n, asked: 4_000n, least: 900n, nodes: 4 })).toBe(900n)
    expect(sliceOf({ free: 1n, asked: 4n, least: 1n, nodes: 4 })).toBe(1n)
    expect(sliceOf({ free: 899n, asked: 4_000n, least: 900n, nodes: 4 })).toBe(0n)
  })

  test('gives nothing of a limit that was lowered under its use', () => {
    expect(sliceOf({ free: -5n, asked: 10n, least: 0n, nodes: 1 })).toBe(0n)
  })

  test('is never more than what is free, and never less than the least unless nothing', () => {
    fc.assert(fc.property(nano, nano, nano, fc.integer({ min: 0, max: 50 }), (free, asked, least, nodes) => {
      const slice = sliceOf({ free, asked, least, nodes })
      expect(slice).toBeLessThanOrEqual(free)
      if (slice > 0n) expect(slice).toBeGreaterThanOrEqual(least)
      if (least > 0n && free >= least) expect(slice).toBeGreaterThan(0n)
    }))
  })
})

describe('refusalOf', () => {
  const account = { allowance: 'account', left: 50n, unspent: 70n, cap: 70n, resetsMs: null } as const
  const key = { allowance: 'key', left: 20n, unspent: 30n, cap: 1_000n, resetsMs: 99 } as const

  test('worst_case names the allowance with the least left', () => {
    expect(refusalOf([key, account])).toEqual({ ok: false, code: 'worst_case', left: 20n, allowance: 'key', cap: 1_000n, resetsMs: 99 })
    expect(refusalOf([key, { ...account, left: 5n }])).toEqual({ ok: false, code: 'worst_case', left: 5n, allowance: 'account', cap: 70n, resetsMs: null })
  })

  test('key_limit when the limit is used up, before all', () => {
    expect(refusalOf([{ ...key, left: -3n, unspent: 0n }, { ...account, left: 0n, unspent: 0n }])).toMatchObject({ code: 'key_limit', left: 0n, allowance: 'key', cap: 1_000n, resetsMs: 99 })
  })

  test('balance when the account has nothing', () => {
    expect(refusalOf([key, { ...account, left: 0n, unspent: 0n, cap: 0n }])).toEqual({ ok: false, code: 'balance', left: 0n, allowance: 'account', cap: 0n, resetsMs: null })
  })

  test('credit that calls in flight hold is not used up: worst_case with nothing left', () => {
    expect(refusalOf([{ ...account, left: 0n }])).toMatchObject({ code: 'worst_case', left: 0n, cap: 70n })
  })
})

describe('Lease', () => {
  const lease = () => Object.assign(new Lease('a', { accountId: 'x', window: null }), { left: 100n, opened: true })

  test('spares what is not held', () => {
    const one = lease()
    one.hold(30n, 1)
    expect(one.spare).toBe(70n)
    one.charge(30n, 12n, true)
    expect([one.spare, one.left, one.held]).toEqual([88n, 88n, 0n])
  })

  test('a charge of a call that was held before the lease was opened is not its charge', () => {
    const one = lease()
    one.hold(0n, 1)
    one.charge(0n, 12n, false)
    expect(one.left).toBe(100n)
  })

  test('asks for what was spent lately over the horizon, when that is most', () => {
    const one = lease()
    one.wish(1n, 1_000)
    one.hold(50n, 1_000)
    one.charge(50n, 50n, true)
    expect(one.wish(1n, 1_100)).toBe(1_000n)
    expect(one.wish(1n, 1_200)).toBe(4n)
  })

  test('stands as the bank saw it last and we see it now', () => {
    const one = lease()
    one.seen = { free: 5n, others: 7n, limit: null, granted: 0n, closed: false } as Lease['seen']
    one.hold(30n, 1)
    expect(standing(one, null)).toEqual({ allowance: 'account', left: 75n, unspent: 112n, cap: 112n, resetsMs: null })
  })
})
