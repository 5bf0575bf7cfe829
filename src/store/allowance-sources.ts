import { defaultWorkspaceId } from '../accounts/workspace.ts'
import type { Period } from '../ledger/bank.ts'
import { windowAt } from '../ledger/window.ts'
import type { Allowance, Recent } from '../notices/allowance.ts'
import { windowKey, withUse, type AllowanceId, type AllowanceSource } from './allowance-source.ts'
import { CAP_SOURCES } from './cap-sources.ts'
import { walletSource } from './wallet-source.ts'
import { big, int, one, rowsAt, text, textOrNull, type Row } from './sql.ts'

const asIds = (rows: readonly Row[]): AllowanceId[] => rows.map((row) => ({ accountId: text(row, 'account_id'), id: text(row, 'id') }))

/** An account's credit: what is free, and what processes have in hand. */
const balance: AllowanceSource = {
  kind: 'balance',
  async read(sql, ids) {
    const rows = await rowsAt(sql, `SELECT id, balance, granted, created_ms, (SELECT SUM(leases.granted - leases.spent) FROM leases WHERE leases.account_id = accounts.id AND leases.key_hash = '') AS leased
      FROM accounts WHERE closed_ms IS NULL AND kind <> 'wallet' AND id`, ids.map(({ accountId }) => [accountId]))
    return rows.map((row): Allowance => {
      const cap = big(row, 'granted')
      return { accountId: text(row, 'id'), kind: 'balance', id: '', name: '', period: 'ever', startMs: 0, cap, used: cap - big(row, 'balance') - big(row, 'leased'), createdMs: int(row, 'created_ms'), workspaceId: null, userId: null }
    })
  },
  page: async (sql, after, limit) => asIds(await sql.all("SELECT id AS account_id, '' AS id FROM accounts WHERE id > $1 AND closed_ms IS NULL AND kind <> 'wallet' ORDER BY accounts.id LIMIT $2", after.accountId, limit)),
  list: async () => [''],
  recent: async (sql, { accountId, createdMs }, fromMs) => since(createdMs, fromMs, await one(sql, "SELECT SUM(cost) AS used FROM workspace_windows WHERE account_id = $1 AND period = 'daily' AND start_ms >= $2", accountId, fromMs)),
}

/** A key's limit. */
const key: AllowanceSource = {
  kind: 'key',
  async read(sql, ids, atMs) {
    const rows = await rowsAt(sql, `SELECT account_id, hash, name, limit_amount, limit_reset, created_ms, workspace_id, creator_user_id FROM keys
      WHERE deleted_ms IS NULL AND limit_amount IS NOT NULL AND (account_id, hash)`, ids.map(({ accountId, id }) => [accountId, id]))
    const keys = rows.map((row): Allowance => {
      // Written by insertKey and changeKey, from the same type.
      const period = (textOrNull(row, 'limit_reset') ?? 'ever') as Period
      return {
        accountId: text(row, 'account_id'), kind: 'key', id: text(row, 'hash'), name: text(row, 'name'), period, startMs: windowAt(period, atMs).startMs, cap: big(row, 'limit_amount'), used: 0n,
        createdMs: int(row, 'created_ms'), workspaceId: text(row, 'workspace_id'), userId: textOrNull(row, 'creator_user_id'),
      }
    })
    return withUse(keys, await rowsAt(sql, 'SELECT account_id, key_hash AS id, period, counted FROM key_windows WHERE (account_id, key_hash, period, start_ms)', keys.map(windowKey)))
  },
  page: async (sql, after, limit) => asIds(await sql.all(`SELECT account_id, hash AS id FROM keys WHERE limit_amount IS NOT NULL AND deleted_ms IS NULL
    AND (account_id, hash) > ($1, $2) ORDER BY account_id, hash LIMIT $3`, after.accountId, after.id, limit)),
  async list(sql, accountId, { userId, limit }) {
    const own = userId === undefined ? [] : [userId]
    const rows = await sql.all(`SELECT hash FROM keys WHERE account_id = $1 AND limit_amount IS NOT NULL AND deleted_ms IS NULL${own.map(() => ' AND creator_user_id = $2').join('')}
      ORDER BY created_ms DESC, hash LIMIT $${own.length + 2}`, accountId, ...own, limit)
    return rows.map((row) => text(row, 'hash'))
  },
  recent: async (sql, { accountId, id, createdMs }, fromMs) => since(createdMs, fromMs, await one(sql, "SELECT SUM(counted) AS used FROM key_windows WHERE account_id = $1 AND key_hash = $2 AND period = 'daily' AND start_ms >= $3", accountId, id, fromMs)),
}

/** A workspace's budgets: an id has up to four. */
const workspace: AllowanceSource = {
  kind: 'workspace',
  async read(sql, ids, atMs) {
    const rows = await rowsAt(sql, `SELECT workspaces.account_id, workspaces.id, workspaces.name, workspaces.created_ms, budgets.period, budgets.cap FROM budgets
      JOIN workspaces ON workspaces.account_id = budgets.account_id AND workspaces.id = budgets.workspace_id WHERE (budgets.account_id, budgets.workspace_id)`, ids.map(({ accountId, id }) => [accountId, id]))
    const budgets = rows.map((row): Allowance => {
      // Written by setBudget, from the same type.
      const [id, period] = [text(row, 'id'), text(row, 'period') as Period]
      return {
        accountId: text(row, 'account_id'), kind: 'workspace', id, name: text(row, 'name'), period, startMs: windowAt(period, atMs).startMs, cap: big(row, 'cap'), used: 0n,
        createdMs: int(row, 'created_ms'), workspaceId: id, userId: null,
      }
    })
    return withUse(budgets, await rowsAt(sql, `SELECT workspace_windows.account_id, workspace_windows.workspace_id AS id, workspace_windows.period, workspace_windows.cost + workspace_windows.byok_cost * workspaces.include_byok AS counted
      FROM workspace_windows JOIN workspaces ON workspaces.account_id = workspace_windows.account_id AND workspaces.id = workspace_windows.workspace_id
      WHERE (workspace_windows.account_id, workspace_windows.workspace_id, workspace_windows.period, workspace_windows.start_ms)`, budgets.map(windowKey)))
  },
  page: async (sql, after, limit) => asIds(await sql.all(`SELECT DISTINCT account_id, workspace_id AS id FROM budgets WHERE (account_id, workspace_id) > ($1, $2)
    ORDER BY account_id, workspace_id LIMIT $3`, after.accountId, after.id, limit)),
  async list(sql, accountId, { userId, limit }) {
    const own = userId === undefined ? [] : [defaultWorkspaceId(accountId), userId]
    const rows = await sql.all(`SELECT DISTINCT workspace_id FROM budgets WHERE account_id = $1${own.length === 0 ? '' : `
      AND (workspace_id = $2 OR workspace_id IN (SELECT workspace_id FROM workspace_members WHERE account_id = $1 AND user_id = $3))`} ORDER BY workspace_id LIMIT $${own.length + 2}`, accountId, ...own, limit)
    return rows.map((row) => text(row, 'workspace_id'))
  },
  recent: async (sql, { accountId, id, createdMs }, fromMs) => since(createdMs, fromMs, await one(sql, `SELECT SUM(workspace_windows.cost + workspace_windows.byok_cost * workspaces.include_byok) AS used FROM workspace_windows
    JOIN workspaces ON workspaces.account_id = workspace_windows.account_id AND workspaces.id = workspace_windows.workspace_id
    WHERE workspace_windows.account_id = $1 AND workspace_windows.workspace_id = $2 AND workspace_windows.period = 'daily' AND workspace_windows.start_ms >= $3`, accountId, id, fromMs)),
}

function since(createdMs: number, fromMs: number, row: Row | undefined): Recent {
  return { sinceMs: Math.max(createdMs, fromMs), used: big(row, 'used') }
}

/** All kinds there are, in the order in which people see them. */
export const ALLOWANCE_SOURCES: readonly AllowanceSource[] = [balance, workspace, key, ...CAP_SOURCES, walletSource]
