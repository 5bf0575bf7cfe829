import { describe, expect, test } from 'bun:test'
import { readPreferences } from './preferences.ts'

describe('hedge', () => {
  test('defaults, percentiles and milliseconds', () => {
    expect([{}, { after: 'p50', max: 3 }, { after: 250 }].map((hedge) => readPreferences({ hedge }).hedge)).toEqual([{ after: 'p90', max: 2 }, { after: 'p50', max: 3 }, { after: 250, max: 2 }])
    expect(readPreferences({}).hedge).toBeUndefined()
  })

  test.each([[true, 'provider.hedge'], [{ after: 'p95' }, 'provider.hedge.after'], [{ after: -1 }, 'provider.hedge.after'], [{ max: 1 }, 'provider.hedge.max'], [{ max: 2.5 }, 'provider.hedge.max']])('%p is refused, naming %s', (hedge, field) => {
    expect(() => readPreferences({ hedge })).toThrow(field)
  })
})
