import type { Period } from './bank.ts'

const DAY_MS = 86_400_000
/** 1970-01-05 was a Monday. */
const FIRST_MONDAY_MS = 4 * DAY_MS

/** A stretch of time in which a limit counts: [startMs, endMs). */
export interface Window { readonly period: Period; readonly startMs: number; readonly endMs: number }

export const PERIODS = ['ever', 'daily', 'weekly', 'monthly'] as const satisfies readonly Period[]

/** The window that a moment lies in: days from 00:00 UTC, weeks from Monday, months from their first (contract H2). */
export function windowAt(period: Period, atMs: number): Window {
  switch (period) {
    case 'ever': return { period, startMs: 0, endMs: Number.POSITIVE_INFINITY }
    case 'daily': return span(period, Math.floor(atMs / DAY_MS) * DAY_MS, DAY_MS)
    case 'weekly': return span(period, Math.floor((atMs - FIRST_MONDAY_MS) / (7 * DAY_MS)) * 7 * DAY_MS + FIRST_MONDAY_MS, 7 * DAY_MS)
    case 'monthly': return month(atMs)
  }
}

function span(period: Period, startMs: number, lengthMs: number): Window {
  return { period, startMs, endMs: startMs + lengthMs }
}

function month(atMs: number): Window {
  const date = new Date(atMs)
  const year = date.getUTCFullYear()
  return { period: 'monthly', startMs: Date.UTC(year, date.getUTCMonth(), 1), endMs: Date.UTC(year, date.getUTCMonth() + 1, 1) }
}
