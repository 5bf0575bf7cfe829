import type { Key, RollingLimit, RollingWindow } from '../accounts/caller.ts'
import type { RollingStanding } from '../accounts/accounts.ts'
import { parseUsd, type Nano } from '../core/nano.ts'
import { holderOf, type AllowanceWindow } from '../ledger/bank.ts'
import { isRolling, rollingMs, rollingSpan, ROLLING_STEPS, windowAt } from '../ledger/window.ts'
import { UNLIMITED, type AllowanceNow } from './cap-rows.ts'
import { big, one, text, type Sql, type SqlValue } from './sql.ts'

/** A rolling limit of a key, at one of its steps. Each step has a row of its own; what counts is the sum over those that the window covers. */
type RollingStep = AllowanceWindow & { readonly period: RollingWindow }

export function isRollingStep(window: AllowanceWindow): window is RollingStep {
  return isRolling(window.period)
}

/** As it stands in the row of a key. */
export interface KeptLimit { readonly window: RollingWindow; readonly limit: string }

/** The window as it stands. A limit of null: it was lifted, and who asks still has an old copy of the key. */
export async function readRolling(sql: Sql, accountId: string, window: RollingStep): Promise<AllowanceNow> {
  const limit = await limitOf(sql, accountId, window)
  const used = await one(sql, `SELECT SUM(counted) AS counted, SUM(leased) AS leased, MIN(CASE WHEN counted + leased > 0 THEN start_ms END) AS first_ms FROM budget_windows
    WHERE account_id = $1 AND holder = $2 AND period = $3 AND start_ms BETWEEN $4 AND $5`, accountId, holderOf(window), window.period, ...rollingSpan(window.period, window.startMs))
  const leased = big(used, 'leased')
  const firstMs = used?.['first_ms'] ?? null
  const lengthMs = rollingMs(window.period)
  return { free: (limit ?? UNLIMITED) - big(used, 'counted') - leased, leased, limit, ...(firstMs !== null && { freesMs: Number(firstMs) + lengthMs + lengthMs / ROLLING_STEPS }) }
}

/**
 * Leases that much of the window if it has it. Who takes at another step, when one begins, changes another row of the same sum:
 * so all who take write the same first row before they look.
 */
export async function takeFromRolling(sql: Sql, accountId: string, window: RollingStep, amount: Nano): Promise<boolean> {
  const limit = await limitOf(sql, accountId, window) ?? UNLIMITED
  const holder = holderOf(window)
  await sql.run(`INSERT INTO budget_windows (account_id, holder, period, start_ms, counted, leased) VALUES ($1, $2, $3, 0, 0, 0)
    ON CONFLICT (account_id, holder, period, start_ms) DO UPDATE SET leased = budget_windows.leased`, accountId, holder, window.period)
  await sql.run(`INSERT INTO budget_windows (account_id, holder, period, start_ms, counted, leased) VALUES ($1, $2, $3, $4, 0, 0)
    ON CONFLICT (account_id, holder, period, start_ms) DO NOTHING`, accountId, holder, window.period, window.startMs)
  return await sql.run(`UPDATE budget_windows SET leased = leased + $1 WHERE account_id = $2 AND holder = $3 AND period = $4 AND start_ms = $5
    AND (SELECT SUM(steps.counted + steps.leased) FROM budget_windows AS steps WHERE steps.account_id = $2 AND steps.holder = $3 AND steps.period = $4 AND steps.start_ms BETWEEN $6 AND $7) + $1 <= $8`,
    amount, accountId, holder, window.period, window.startMs, ...rollingSpan(window.period, window.startMs), limit) === 1
}

/** null: the key has no such limit any more; none is left of a key that is gone. */
async function limitOf(sql: Sql, accountId: string, { id, period }: RollingStep): Promise<Nano | null> {
  const row = await one(sql, 'SELECT extras FROM keys WHERE account_id = $1 AND hash = $2 AND deleted_ms IS NULL', accountId, id)
  if (!row) return 0n
  const { rollingLimits = [] } = JSON.parse(text(row, 'extras')) as { readonly rollingLimits?: readonly KeptLimit[] }
  const found = rollingLimits.find(({ window }) => window === period)
  return found ? readKept(found).limit : null
}

/** Read back. What is no amount was written by nobody here: nothing may be spent then. */
export function readKept({ window, limit }: KeptLimit): RollingLimit {
  return { window, limit: parseUsd(limit) ?? 0n }
}

/** What keys have spent of their rolling limits by now, by hash. */
export async function rollingStandings(sql: Sql, accountId: string, keys: readonly Key[], nowMs: number): Promise<ReadonlyMap<string, readonly RollingStanding[]>> {
  const limited = keys.filter(({ rollingLimits }) => rollingLimits)
  if (limited.length === 0) return new Map()
  const periods = [...new Set(limited.flatMap(({ rollingLimits = [] }) => rollingLimits.map(({ window }) => window)))]
  const values: SqlValue[] = [accountId]
  const holders = limited.map(({ hash }) => `$${values.push(holderOf({ kind: 'rolling', id: hash }))}`)
  const spans = periods.map((period) => {
    const [fromMs, toMs] = rollingSpan(period, windowAt(period, nowMs).startMs)
    return `(period = $${values.push(period)} AND start_ms BETWEEN $${values.push(fromMs)} AND $${values.push(toMs)})`
  })
  const rows = await sql.all(`SELECT holder, period, SUM(counted) AS counted FROM budget_windows WHERE account_id = $1 AND holder IN (${holders.join(', ')}) AND (${spans.join(' OR ')}) GROUP BY holder, period`, ...values)
  const counted = new Map(rows.map((row) => [`${text(row, 'holder')} ${text(row, 'period')}`, big(row, 'counted')]))
  return new Map(limited.map(({ hash, rollingLimits = [] }) => [hash, rollingLimits.map(({ window, limit }) => {
    const used = counted.get(`${holderOf({ kind: 'rolling', id: hash })} ${window}`) ?? 0n
    return { window, limit, used, remaining: used < limit ? limit - used : 0n }
  })]))
}
