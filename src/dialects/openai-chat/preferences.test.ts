import { describe, expect, test } from 'bun:test'
import { readPreferences, strangePreferences } from './preferences.ts'

describe('hedge', () => {
  test('defaults, percentiles and milliseconds', () => {
    expect([{}, { after: 'p50', max: 3 }, { after: 250 }].map((hedge) => readPreferences({ hedge }).hedge)).toEqual([{ after: 'p90', max: 2 }, { after: 'p50', max: 3 }, { after: 250, max: 2 }])
    expect(readPreferences({}).hedge).toBeUndefined()
  })

  test.each([[true, 'provider.hedge'], [{ after: 'p95' }, 'provider.hedge.after'], [{ after: -1 }, 'provider.hedge.after'], [{ max: 1 }, 'provider.hedge.max'], [{ max: 2.5 }, 'provider.hedge.max']])('%p is refused, naming %s', (hedge, field) => {
    expect(() => readPreferences({ hedge })).toThrow(field)
  })
})

test('C16, C17, C19: a ceiling or a cutoff with a slip of the pen in its name is told, not passed over', () => {
  const provider = { max_price: { promt: 1, completion: 2 }, preferred_max_latency: { p95: 3, p90: 1 }, preferred_min_throughput: 5, sort: { by: 'price', partiton: 'none' }, hedge: { afterMs: 5 }, sorted: 'price', options: { any: 1 } }
  expect(strangePreferences(provider)).toEqual(['max_price.promt', 'preferred_max_latency.p95', 'sort.partiton', 'hedge.afterMs', 'sorted'])
})

test('C16, C17: no cutoff is below zero', () => {
  for (const field of ['preferred_min_throughput', 'preferred_max_latency']) expect(() => readPreferences({ [field]: -1 })).toThrow(`provider.${field}`)
})
