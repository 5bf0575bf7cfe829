import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { PERIODS, windowAt } from './window.ts'

const at = (text: string) => Date.parse(text)
const span = (period: (typeof PERIODS)[number], text: string) => {
  const { startMs, endMs } = windowAt(period, at(text))
  return [startMs, endMs].map((ms) => new Date(ms).toISOString())
}

describe('windowAt', () => {
  test('a day goes from 00:00 UTC to 00:00 UTC', () => {
    expect(span('daily', '2026-11-20T23:59:59.999Z')).toEqual(['2026-11-20T00:00:00.000Z', '2026-11-21T00:00:00.000Z'])
    expect(span('daily', '2026-11-21T00:00:00.000Z')).toEqual(['2026-11-21T00:00:00.000Z', '2026-11-22T00:00:00.000Z'])
  })

  test('a week goes from Monday to Monday, over the end of a year too', () => {
    expect(span('weekly', '2026-11-22T23:59:59.999Z')).toEqual(['2026-11-16T00:00:00.000Z', '2026-11-23T00:00:00.000Z'])
    expect(span('weekly', '2026-11-23T00:00:00.000Z')).toEqual(['2026-11-23T00:00:00.000Z', '2026-11-30T00:00:00.000Z'])
    expect(span('weekly', '2027-01-01T12:00:00.000Z')).toEqual(['2026-12-28T00:00:00.000Z', '2027-01-04T00:00:00.000Z'])
  })

  test('a month goes from its first to the next first, leap day included', () => {
    expect(span('monthly', '2028-02-29T23:59:59.999Z')).toEqual(['2028-02-01T00:00:00.000Z', '2028-03-01T00:00:00.000Z'])
    expect(span('monthly', '2026-12-31T00:00:00.000Z')).toEqual(['2026-12-01T00:00:00.000Z', '2027-01-01T00:00:00.000Z'])
  })

  test('ever has one window', () => {
    expect(windowAt('ever', at('2026-11-20T00:00:00Z'))).toEqual(windowAt('ever', at('1970-01-01T00:00:00Z')))
  })

  test('every moment lies in its window, and the next window begins where it ends', () => {
    fc.assert(fc.property(fc.constantFrom('daily', 'weekly', 'monthly'), fc.integer({ min: 0, max: 4e12 }), (period, ms) => {
      const window = windowAt(period, ms)
      expect(window.startMs).toBeLessThanOrEqual(ms)
      expect(window.endMs).toBeGreaterThan(ms)
      expect(windowAt(period, window.startMs)).toEqual(window)
      expect(windowAt(period, window.endMs - 1)).toEqual(window)
      expect(windowAt(period, window.endMs).startMs).toBe(window.endMs)
    }))
  })
})
