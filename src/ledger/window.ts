import type { RollingLimit, RollingWindow } from '../accounts/caller.ts'
import type { Period } from './bank.ts'

const DAY_MS = 86_400_000
/** 1970-01-05 was a Monday. */
const FIRST_MONDAY_MS = 4 * DAY_MS

/** A stretch of time in which a limit counts: [startMs, endMs). Of a rolling window: its newest step. */
export interface Window { readonly period: Period | RollingWindow; readonly startMs: number; readonly endMs: number }

export const PERIODS = ['ever', 'daily', 'weekly', 'monthly'] as const satisfies readonly Period[]

const HOUR_MS = 3_600_000
/** A rolling window goes on in so many steps: what was spent is free again at most this part of the window after it has left it. */
export const ROLLING_STEPS = 24

/** The window that a moment lies in: days from 00:00 UTC, weeks from Monday, months from their first (contract H2); the step of a rolling window. */
export function windowAt(period: Period | RollingWindow, atMs: number): Window {
  switch (period) {
    case 'ever': return { period, startMs: 0, endMs: Number.POSITIVE_INFINITY }
    case 'daily': return span(period, Math.floor(atMs / DAY_MS) * DAY_MS, DAY_MS)
    case 'weekly': return span(period, Math.floor((atMs - FIRST_MONDAY_MS) / (7 * DAY_MS)) * 7 * DAY_MS + FIRST_MONDAY_MS, 7 * DAY_MS)
    case 'monthly': return month(atMs)
    default: return step(period, atMs)
  }
}

function span(period: Window['period'], startMs: number, lengthMs: number): Window {
  return { period, startMs, endMs: startMs + lengthMs }
}

function step(period: RollingWindow, atMs: number): Window {
  const stepMs = rollingMs(period) / ROLLING_STEPS
  return span(period, Math.floor(atMs / stepMs) * stepMs, stepMs)
}

/** How long a rolling window is: whole hours, and so whole steps. */
export function rollingMs(window: RollingWindow): number {
  return hoursOf(window) * HOUR_MS
}

const SPAN = /^([1-9]\d{0,2})([hd])$/
const HOURS_MAX = 30 * 24

/** The window that a text names, as `5h` or `7d`: whole hours or days, from an hour to 30 days. */
export function readWindow(text: string): RollingWindow | undefined {
  const [, count = '', unit] = SPAN.exec(text) ?? []
  const hours = Number(count) * (unit === 'd' ? 24 : 1)
  return hours >= 1 && hours <= HOURS_MAX ? `${hours}h` : undefined
}

/** The shortest text that names it: `5h`, `7d`. */
export function writeWindow(window: RollingWindow): string {
  const hours = hoursOf(window)
  return hours > 24 && hours % 24 === 0 ? `${hours / 24}d` : window
}

/** In words: "5 hours". */
export function sayWindow(window: RollingWindow): string {
  const hours = hoursOf(window)
  if (hours > 24 && hours % 24 === 0) return `${hours / 24} days`
  return hours === 1 ? 'hour' : `${hours} hours`
}

/** As they are kept and shown. */
export function shortestFirst(limits: readonly RollingLimit[]): RollingLimit[] {
  return limits.toSorted((a, b) => hoursOf(a.window) - hoursOf(b.window))
}

function hoursOf(window: RollingWindow): number {
  return Number(window.slice(0, -1))
}

export function isRolling(period: Period | RollingWindow): period is RollingWindow {
  return period.endsWith('h')
}

/**
 * The starts of the first and the last step that count at that step, all that may lie in one window with it: the one that the window has left
 * only in part counts whole, so that nowhere more than the limit is spent. What a clock that was ahead wrote down further on does not.
 */
export function rollingSpan(window: RollingWindow, startMs: number): readonly [fromMs: number, toMs: number] {
  const lengthMs = rollingMs(window)
  return [startMs - lengthMs, startMs + lengthMs]
}

function month(atMs: number): Window {
  const date = new Date(atMs)
  const year = date.getUTCFullYear()
  return { period: 'monthly', startMs: Date.UTC(year, date.getUTCMonth(), 1), endMs: Date.UTC(year, date.getUTCMonth() + 1, 1) }
}
