import { describe, expect, test } from 'bun:test'
import { sayForecast } from './alert-text.ts'
import type { PacedAllowance } from './allowance.ts'
import { forecastOf, percentUsed } from './forecast.ts'

const USD = 1_000_000_000n
const DAY_MS = 86_400_000
const NOW = Date.parse('2026-11-20T12:00:00Z')
const SINCE = Date.parse('2026-11-14T00:00:00Z')

const allowance = (more: Partial<PacedAllowance> = {}): PacedAllowance => ({
  accountId: 'a', kind: 'balance', id: '', name: '', period: 'ever', startMs: 0, cap: 100n * USD, used: 80n * USD, createdMs: 0, workspaceId: null, userId: null, recent: { sinceMs: SINCE, used: 13n * USD }, ...more,
})

describe('the day an allowance runs out', () => {
  test('is when what is left is used at the pace of the last days', () => {
    // 13 in 6.5 days: 2 a day; 20 are left.
    expect(forecastOf(allowance(), NOW)).toEqual({ outcome: 'ends', endsMs: NOW + 10 * DAY_MS, perDay: 2n * USD })
    expect(sayForecast(allowance(), NOW)).toBe('At the pace of the last 7 days ($2.00 a day) it runs out on 2026-11-30 12:00 UTC.')
  })

  test('is not given where the window is over before, or it is too far to see', () => {
    const daily = { period: 'daily' as const, startMs: Date.parse('2026-11-20T00:00:00Z') }
    expect(forecastOf(allowance({ ...daily, used: 99n * USD }), NOW)).toEqual({ outcome: 'resets', perDay: 2n * USD })
    expect(forecastOf(allowance({ ...daily, used: 99_500_000_000n }), NOW)).toMatchObject({ outcome: 'ends', endsMs: NOW + DAY_MS / 4 })
    expect(forecastOf(allowance({ recent: { sinceMs: SINCE, used: 1n } }), NOW)).toEqual({ outcome: 'far', perDay: 1n })
    expect(forecastOf(allowance({ ...daily, recent: { sinceMs: SINCE, used: 1n } }), NOW).outcome).toBe('resets')
  })

  test('is not guessed from too little', () => {
    expect(forecastOf(allowance({ recent: { sinceMs: NOW - DAY_MS + 1, used: USD } }), NOW)).toEqual({ outcome: 'too_little' })
    expect(forecastOf(allowance({ recent: { sinceMs: NOW - DAY_MS, used: USD } }), NOW).outcome).toBe('ends')
    expect(forecastOf(allowance({ recent: { sinceMs: SINCE, used: 0n } }), NOW)).toEqual({ outcome: 'unused' })
    expect(forecastOf(allowance({ recent: { sinceMs: NOW + DAY_MS, used: USD } }), NOW)).toEqual({ outcome: 'too_little' })
    expect(sayForecast(allowance({ recent: { sinceMs: SINCE, used: 0n } }), NOW)).toBe('')
  })

  test('has come where nothing is left', () => {
    expect(forecastOf(allowance({ used: 100n * USD }), NOW)).toEqual({ outcome: 'used_up' })
    expect(forecastOf(allowance({ used: 101n * USD }), NOW)).toEqual({ outcome: 'used_up' })
  })

  test('is said since when, where only that is known', () => {
    expect(sayForecast(allowance({ recent: { sinceMs: Date.parse('2026-11-01T00:00:00Z'), used: 39n * USD } }), NOW)).toBe('At the pace since 2026-11-01 00:00 UTC ($2.00 a day) it runs out on 2026-11-30 12:00 UTC.')
  })
})

test('a share is never more than is true', () => {
  expect([percentUsed({ cap: 3n, used: 2n }), percentUsed({ cap: 3n, used: 3n }), percentUsed({ cap: 0n, used: 0n }), percentUsed({ cap: 1n, used: 2n })]).toEqual([66, 100, 100, 200])
})
