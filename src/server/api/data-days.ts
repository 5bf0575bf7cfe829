import { Fault } from '../../core/fault.ts'
import type { DataDays } from '../../ledger/data-sets.ts'
import type { Parameter } from './query.ts'

const DAY_MS = 86_400_000
/** Contract A33. */
const FLOOR_DAY = Date.parse('2025-01-01') / DAY_MS
const DAYS_DEFAULT = 30
const DAYS_MAX = 366

/** A day (UTC), as days since the epoch. */
export const dayParameter: Parameter<number> = {
  expects: 'a UTC date like 2027-01-31',
  read: (given) => {
    const ms = /^\d{4}-\d\d-\d\d$/.test(given) ? Date.parse(given) : Number.NaN
    // Date.parse takes February 30 for March 2.
    return Number.isNaN(ms) || dateOf(ms / DAY_MS) !== given ? undefined : ms / DAY_MS
  },
}

/** Days since the epoch as `2027-01-31`. */
export function dateOf(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10)
}

/** The days that a data set is asked for: up to yesterday, and 30 before that, where it does not say. Throws Fault `invalid_request`. */
export function daysOf(startDay: number | undefined, endDay: number | undefined, nowMs: number): DataDays {
  const last = endDay ?? Math.floor(nowMs / DAY_MS) - 1
  if (last < FLOOR_DAY) throw wrong('end_date', `must be on or after ${dateOf(FLOOR_DAY)}.`)
  const first = Math.max(FLOOR_DAY, startDay ?? last - DAYS_DEFAULT)
  if (first > last) throw wrong('start_date', 'must not be after `end_date`.')
  if (last - first >= DAYS_MAX) throw wrong('start_date', `must be at most ${DAYS_MAX} days before \`end_date\`.`)
  return { fromDay: first, untilDay: last + 1 }
}

/** The contract's `meta` of a data set of days. */
export function metaOf({ fromDay, untilDay }: DataDays, nowMs: number): object {
  return { version: 'v1', as_of: new Date(nowMs).toISOString(), start_date: dateOf(fromDay), end_date: dateOf(untilDay - 1) }
}

function wrong(field: string, what: string): Fault {
  return new Fault('invalid_request', `The query parameter \`${field}\` ${what}`, { metadata: { field } })
}
