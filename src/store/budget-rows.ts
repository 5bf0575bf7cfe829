import type { Budgets, Change, SetBudget } from '../accounts/people-store.ts'
import { BUDGET_INTERVALS, budgetConflict, type Budget, type BudgetInterval } from '../accounts/workspace.ts'
import { formatUsd } from '../core/nano.ts'
import type { Period } from '../ledger/bank.ts'
import { writeAudit } from './audit-rows.ts'
import { touchKeys } from './key-rows.ts'
import { nextRevision } from './schema.ts'
import { big, int, one, text, type Row, type Sql } from './sql.ts'

export async function readBudgets(sql: Sql, accountId: string, workspaceId: string): Promise<Budgets> {
  const workspace = await one(sql, 'SELECT include_byok FROM workspaces WHERE account_id = $1 AND id = $2', accountId, workspaceId)
  const rows = await sql.all('SELECT id, workspace_id, period, cap, created_ms, updated_ms FROM budgets WHERE account_id = $1 AND workspace_id = $2', accountId, workspaceId)
  const budgets = rows.map(readBudget)
  return { rows: BUDGET_INTERVALS.flatMap((interval) => budgets.filter((budget) => budget.interval === interval)), includeByok: int(workspace, 'include_byok') !== 0 }
}

export async function setBudget(sql: Sql, { accountId, workspaceId, interval, cap, id, includeByok }: SetBudget, { by, nowMs }: Change): Promise<Budget | readonly [BudgetInterval, BudgetInterval]> {
  const before = await readBudgets(sql, accountId, workspaceId)
  const old = before.rows.find((budget) => budget.interval === interval)
  const conflict = budgetConflict([...before.rows.filter((budget) => budget.interval !== interval), { interval, cap }])
  if (conflict) return conflict
  await sql.run(`INSERT INTO budgets (account_id, workspace_id, period, id, cap, created_ms, updated_ms) VALUES ($1, $2, $3, $4, $5, $6, $6)
    ON CONFLICT (account_id, workspace_id, period) DO UPDATE SET cap = excluded.cap, updated_ms = excluded.updated_ms`, accountId, workspaceId, periodOf(interval), id, cap, nowMs)
  if (includeByok !== undefined) await sql.run('UPDATE workspaces SET include_byok = $1 WHERE account_id = $2 AND id = $3', includeByok ? 1 : 0, accountId, workspaceId)
  await noteBudgets(sql, accountId, workspaceId)
  const after = await readBudgets(sql, accountId, workspaceId)
  await writeAudit(sql, {
    accountId, by, nowMs, action: 'budget.set', target: workspaceId,
    before: old && { interval, limit_usd: formatUsd(old.cap), include_byok_in_budgets: before.includeByok }, after: { interval, limit_usd: formatUsd(cap), include_byok_in_budgets: after.includeByok },
  })
  const budget = after.rows.find((one) => one.interval === interval)
  if (!budget) throw new Error('a budget that was made in this transaction is gone')
  return budget
}

export async function deleteBudget(sql: Sql, accountId: string, workspaceId: string, interval: BudgetInterval, { by, nowMs }: Change): Promise<void> {
  const old = (await readBudgets(sql, accountId, workspaceId)).rows.find((budget) => budget.interval === interval)
  if (!old) return
  await sql.run('DELETE FROM budgets WHERE account_id = $1 AND workspace_id = $2 AND period = $3', accountId, workspaceId, periodOf(interval))
  await noteBudgets(sql, accountId, workspaceId)
  await writeAudit(sql, { accountId, by, nowMs, action: 'budget.delete', target: workspaceId, before: { interval, limit_usd: formatUsd(old.cap) } })
}

/** Processes look again at who calls, and lease anew what the workspace may still cost. */
async function noteBudgets(sql: Sql, accountId: string, workspaceId: string): Promise<void> {
  await sql.run('UPDATE workspaces SET changed = $1 WHERE account_id = $2 AND id = $3', await nextRevision(sql), accountId, workspaceId)
  await touchKeys(sql, 'workspace_id', workspaceId)
}

function periodOf(interval: BudgetInterval): Period {
  return interval === 'lifetime' ? 'ever' : interval
}

function readBudget(row: Row): Budget {
  // Written by setBudget, from the same type.
  const period = text(row, 'period') as Period
  return {
    id: text(row, 'id'), workspaceId: text(row, 'workspace_id'), interval: period === 'ever' ? 'lifetime' : period, cap: big(row, 'cap'),
    createdMs: int(row, 'created_ms'), updatedMs: int(row, 'updated_ms'),
  }
}
