import type { Allowance, AllowanceKind, AllowanceScope, Recent } from '../notices/allowance.ts'
import { big, text, type Row, type Sql } from './sql.ts'

/** An allowance of an account, without its windows. */
export interface AllowanceId { readonly accountId: string; readonly id: string }

/** How one kind of allowance is read, for alerts and forecasts. A new kind is one of these, and a `Touched.note` where it is counted. */
export interface AllowanceSource {
  readonly kind: AllowanceKind
  /** Those of these that have a cap, of whatever accounts, in the windows of this moment. A few questions for all of them. */
  read(sql: Sql, ids: readonly AllowanceId[], atMs: number): Promise<readonly Allowance[]>
  /** Ids of all accounts' that have a cap, in the order of account and id, behind this one. */
  page(sql: Sql, after: AllowanceId, limit: number): Promise<readonly AllowanceId[]>
  /** Ids of one account's that have a cap. */
  list(sql: Sql, accountId: string, scope: AllowanceScope): Promise<readonly string[]>
  /** What of it was used since that day began, or since it was made; where that is not known, since another time. */
  recent(sql: Sql, allowance: Allowance, fromMs: number): Promise<Recent>
}

/** The key of the window that an allowance counts in. */
export function windowKey({ accountId, id, period, startMs }: Allowance): readonly (string | number | bigint)[] {
  return [accountId, id, period, startMs]
}

/** With what rows of `account_id`, `id`, `period` say that was counted; nothing, where there is none. */
export function withUse(allowances: readonly Allowance[], rows: readonly Row[]): readonly Allowance[] {
  const counted = new Map(rows.map((row) => [`${text(row, 'account_id')} ${text(row, 'period')} ${text(row, 'id')}`, big(row, 'counted')]))
  return allowances.map((allowance) => ({ ...allowance, used: counted.get(`${allowance.accountId} ${allowance.period} ${allowance.id}`) ?? 0n }))
}
