import { describe, expect, test } from 'bun:test'
import { FakeClock } from '../../lib/clock.ts'
import { OwnKeyBills } from './own-key-bills.ts'

const TERMS = { feeBasisPoints: 500, allowance: 1_000n }

describe('fees of own keys (H15)', () => {
  test('nothing within the allowance, 5 % of what lies above it, rounded up', async () => {
    const bills = new OwnKeyBills({ byokBill: async () => 900n }, new FakeClock())
    await bills.ready('a', TERMS)
    const fees = bills.feesOf('a', TERMS)
    expect(fees?.fee(100n)).toBe(0n)
    expect(fees?.fee(101n)).toBe(1n)
    expect(fees?.fee(500n)).toBe(20n)
    fees?.note(100n)
    expect(fees?.fee(500n)).toBe(25n)
  })

  test('where there is no fee the store is not asked', () => {
    const bills = new OwnKeyBills({ byokBill: () => { throw new Error('asked') } }, new FakeClock())
    expect(bills.ready('a', undefined)).toBeUndefined()
    expect(bills.ready('a', { feeBasisPoints: 0, allowance: 0n })).toBeUndefined()
    expect(bills.feesOf('a', undefined)).toBeUndefined()
  })

  test('a month begins with its allowance whole, and what others settled is known after a while', async () => {
    const clock = new FakeClock(Date.parse('2026-11-30T23:59:00Z'))
    const stored = new Map([[Date.UTC(2026, 10, 1), 5_000n], [Date.UTC(2026, 11, 1), 0n]])
    const bills = new OwnKeyBills({ byokBill: async (_, startMs) => stored.get(startMs) ?? 0n }, clock)
    await bills.ready('a', TERMS)
    expect(bills.feesOf('a', TERMS)?.fee(100n)).toBe(5n)
    clock.advance(120_000)
    await bills.ready('a', TERMS)
    expect(bills.feesOf('a', TERMS)?.fee(100n)).toBe(0n)
    stored.set(Date.UTC(2026, 11, 1), 5_000n)
    clock.advance(6_000)
    expect(bills.ready('a', TERMS)).toBeUndefined()
    await Promise.resolve().then(() => undefined).then(() => undefined)
    expect(bills.feesOf('a', TERMS)?.fee(100n)).toBe(5n)
  })
})
