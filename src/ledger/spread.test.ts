import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { addSpread, addTo, bucketOf, contextBucketOf, percentileOf, writeSpread, type Spread } from './spread.ts'

function spreadOf(values: readonly number[]): Spread {
  const spread: Spread = new Map()
  for (const value of values) addTo(spread, bucketOf(value), 1)
  return spread
}

describe('percentiles of latency and throughput (J4)', () => {
  test('are at most a bucket from what they would be of all figures', () => {
    fc.assert(fc.property(fc.array(fc.integer({ min: 1, max: 600_000 }), { minLength: 1, maxLength: 300 }), fc.constantFrom(0.5, 0.9, 0.99), (values, part) => {
      const sorted = values.toSorted((a, b) => a - b)
      const exact = sorted[Math.ceil(part * sorted.length) - 1] ?? 0
      const told = percentileOf(spreadOf(values), part) ?? 0
      expect(told / exact).toBeGreaterThan(1 / 1.1001)
      expect(told / exact).toBeLessThan(1.1001)
    }))
  })

  test('of one figure, of the same figure, of none', () => {
    expect(percentileOf(spreadOf([200]), 0.99)).toBeWithin(182, 220)
    expect(percentileOf(spreadOf(Array.from({ length: 100 }, () => 1_000)), 0.5)).toBeWithin(950, 1_050)
    expect(percentileOf(new Map(), 0.5)).toBeNull()
    expect(percentileOf(spreadOf([0, 0.2, -3]), 0.5)).toBeWithin(1, 1.1)
  })

  test('are kept as text, and added', () => {
    const text = writeSpread(spreadOf([100, 100, 5]))
    const both: Spread = new Map()
    addSpread(both, text)
    addSpread(both, text)
    addSpread(both, '')
    expect(writeSpread(both)).toBe(writeSpread(spreadOf([100, 100, 5, 5, 100, 100])))
    expect(writeSpread(new Map())).toBe('')
  })
})

test('prompts by size', () => {
  expect([0, 1_000, 1_001, 10_000, 100_001, 10_000_000, 99_000_000].map(contextBucketOf)).toEqual([0, 0, 1, 1, 3, 4, 4])
})
