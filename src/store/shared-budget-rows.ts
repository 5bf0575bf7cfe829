import type { Change } from '../accounts/people-store.ts'
import type { SharedBudget, SharedBudgetRecord, SharedBudgetRefusal, SharedBudgetUse } from '../accounts/shared-budget.ts'
import { formatUsd } from '../core/nano.ts'
import { holderOf, type Period } from '../ledger/bank.ts'
import { windowAt } from '../ledger/window.ts'
import { writeAudit } from './audit-rows.ts'
import { touchKeys } from './key-rows.ts'
import { noteRules } from './rule-rows.ts'
import { big, int, one, text, tuples, type Row, type Sql } from './sql.ts'

const COLUMNS = 'account_id, id, kind, subject, value, period, cap, mode, required, include_byok, created_ms, updated_ms'
/** Values of a tag that are shown with their budget. */
const VALUES_MAX = 100

export async function listSharedBudgets(sql: Sql, accountId: string, kind: SharedBudget['kind'], nowMs: number): Promise<SharedBudgetRecord[]> {
  const rows = await sql.all(`SELECT ${COLUMNS} FROM shared_budgets WHERE account_id = $1 AND kind = $2 ORDER BY subject, value, cap, id`, accountId, kind)
  const records: SharedBudgetRecord[] = []
  for (const row of rows) records.push(await withUse(sql, readBudget(row), nowMs))
  return records
}

export async function putSharedBudget(sql: Sql, wish: SharedBudget, tagsMax: number, { by, nowMs }: Change): Promise<SharedBudgetRecord | SharedBudgetRefusal> {
  const { accountId, kind, subject, value, interval, cap } = wish
  if (kind === 'member' && !await one(sql, 'SELECT user_id FROM memberships WHERE account_id = $1 AND user_id = $2', accountId, subject)) return 'no_member'
  const before = await find(sql, wish)
  const count = await one(sql, "SELECT COUNT(*) AS count FROM shared_budgets WHERE account_id = $1 AND kind = 'tag'", accountId)
  if (!before && kind === 'tag' && int(count, 'count') >= tagsMax) return 'too_many'
  await sql.run(`INSERT INTO shared_budgets (${COLUMNS}) VALUES ${tuples(1, 12)} ON CONFLICT (account_id, kind, subject, value, period)
    DO UPDATE SET cap = excluded.cap, mode = excluded.mode, required = excluded.required, include_byok = excluded.include_byok, updated_ms = excluded.updated_ms`,
    accountId, wish.id, kind, subject, value ?? '', periodOf(interval), cap, wish.mode, wish.isRequired ? 1 : 0, wish.includeByok ? 1 : 0, wish.createdMs, nowMs)
  await noteCaps(sql, accountId)
  const after = { ...wish, id: before?.id ?? wish.id, createdMs: before?.createdMs ?? wish.createdMs }
  await writeAudit(sql, { accountId, by, nowMs, action: `${kind}_budget.set`, target: after.id, ...(before && { before: seen(before) }), after: seen(after) })
  return await withUse(sql, after, nowMs)
}

export async function deleteSharedBudget(sql: Sql, accountId: string, kind: SharedBudget['kind'], id: string, { by, nowMs }: Change): Promise<boolean> {
  const row = await one(sql, `SELECT ${COLUMNS} FROM shared_budgets WHERE account_id = $1 AND kind = $2 AND id = $3`, accountId, kind, id)
  if (!row) return false
  await sql.run('DELETE FROM shared_budgets WHERE account_id = $1 AND id = $2', accountId, id)
  await noteCaps(sql, accountId)
  await writeAudit(sql, { accountId, by, nowMs, action: `${kind}_budget.delete`, target: id, before: seen(readBudget(row)) })
  return true
}

/** Takes away what a person who leaves could spend. */
export async function deleteMemberBudgets(sql: Sql, accountId: string, userId: string): Promise<void> {
  await sql.run("DELETE FROM shared_budgets WHERE account_id = $1 AND kind = 'member' AND subject = $2", accountId, userId)
}

/** Processes look again at who calls, and lease anew what caps leave. */
export async function noteCaps(sql: Sql, accountId: string): Promise<void> {
  await noteRules(sql, accountId)
  await touchKeys(sql, 'account_id', accountId)
}

async function find(sql: Sql, { accountId, kind, subject, value, interval }: SharedBudget): Promise<SharedBudget | undefined> {
  const row = await one(sql, `SELECT ${COLUMNS} FROM shared_budgets WHERE account_id = $1 AND kind = $2 AND subject = $3 AND value = $4 AND period = $5`, accountId, kind, subject, value ?? '', periodOf(interval))
  return row && readBudget(row)
}

async function withUse(sql: Sql, budget: SharedBudget, nowMs: number): Promise<SharedBudgetRecord> {
  const { accountId, kind, id, value, interval } = budget
  const { period, startMs } = windowAt(periodOf(interval), nowMs)
  const holder = holderOf({ kind, id })
  if (kind === 'member' || value !== null) {
    const row = await one(sql, 'SELECT counted FROM budget_windows WHERE account_id = $1 AND holder = $2 AND period = $3 AND start_ms = $4', accountId, holder, period, startMs)
    return { ...budget, use: [{ value, used: big(row, 'counted') }] }
  }
  // A holder is made of our own words and a UUID: nothing in it is a wildcard.
  const rows = await sql.all(`SELECT holder, counted FROM budget_windows WHERE account_id = $1 AND holder LIKE $2 AND period = $3 AND start_ms = $4 ORDER BY counted DESC, holder LIMIT ${VALUES_MAX}`,
    accountId, `${holder}:%`, period, startMs)
  return { ...budget, use: rows.map((row): SharedBudgetUse => ({ value: text(row, 'holder').slice(holder.length + 1), used: big(row, 'counted') })) }
}

function readBudget(row: Row): SharedBudget {
  // Written by putSharedBudget, from the same types.
  const [kind, mode, period] = [text(row, 'kind') as SharedBudget['kind'], text(row, 'mode') as SharedBudget['mode'], text(row, 'period') as Period]
  return {
    id: text(row, 'id'), accountId: text(row, 'account_id'), kind, subject: text(row, 'subject'), value: text(row, 'value') || null, interval: period === 'ever' ? 'lifetime' : period, cap: big(row, 'cap'),
    mode, isRequired: int(row, 'required') !== 0, includeByok: int(row, 'include_byok') !== 0, createdMs: int(row, 'created_ms'), updatedMs: int(row, 'updated_ms'),
  }
}

function periodOf(interval: SharedBudget['interval']): Period {
  return interval === 'lifetime' ? 'ever' : interval
}

/** As the log of changes shows it. */
function seen({ kind, subject, value, interval, cap, mode, isRequired, includeByok }: SharedBudget): object {
  const rest = { interval, limit_usd: formatUsd(cap), include_byok_in_budgets: includeByok }
  return kind === 'member' ? { user_id: subject, ...rest } : { tag: subject, value, ...rest, kind: mode, required: isRequired }
}
