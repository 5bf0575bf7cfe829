import { defaultWorkspaceId } from '../accounts/workspace.ts'
import type { Period } from '../ledger/bank.ts'
import { PERIODS, windowAt } from '../ledger/window.ts'
import type { Allowance, Recent } from '../notices/allowance.ts'
import type { AllowanceId, AllowanceSource } from './allowance-source.ts'
import { CAP_SOURCES } from './cap-sources.ts'
import { big, int, one, pieces, text, textOrNull, type Row } from './sql.ts'

const idsFrom = (first: number, ids: readonly string[]): string => ids.map((_, index) => `$${first + index}`).join(', ')

async function inPieces<T>(ids: readonly string[], read: (piece: readonly string[]) => Promise<readonly T[]>): Promise<T[]> {
  const found: T[] = []
  for (const piece of pieces(ids)) found.push(...await read(piece))
  return found
}

const asIds = (rows: readonly Row[]): AllowanceId[] => rows.map((row) => ({ accountId: text(row, 'account_id'), id: text(row, 'id') }))

/** An account's credit: what is free, and what processes have in hand. */
const balance: AllowanceSource = {
  kind: 'balance',
  async read(sql, accountId, ids) {
    const row = ids.length === 0 ? undefined : await one(sql, 'SELECT balance, granted, created_ms FROM accounts WHERE id = $1', accountId)
    if (!row) return []
    const leased = await one(sql, "SELECT SUM(granted - spent) AS leased FROM leases WHERE account_id = $1 AND key_hash = ''", accountId)
    const cap = big(row, 'granted')
    return [{ accountId, kind: 'balance', id: '', name: '', period: 'ever', startMs: 0, cap, used: cap - big(row, 'balance') - big(leased, 'leased'), createdMs: int(row, 'created_ms'), workspaceId: null, userId: null }]
  },
  page: async (sql, after, limit) => asIds(await sql.all("SELECT id AS account_id, '' AS id FROM accounts WHERE id > $1 ORDER BY id LIMIT $2", after.accountId, limit)),
  list: async () => [''],
  recent: async (sql, { accountId, createdMs }, fromMs) => since(createdMs, fromMs, await one(sql, "SELECT SUM(cost) AS used FROM workspace_windows WHERE account_id = $1 AND period = 'daily' AND start_ms >= $2", accountId, fromMs)),
}

/** A key's limit. */
const key: AllowanceSource = {
  kind: 'key',
  read: (sql, accountId, ids, atMs) => inPieces(ids, async (piece) => {
    const keys = await sql.all(`SELECT hash, name, limit_amount, limit_reset, created_ms, workspace_id, creator_user_id FROM keys
      WHERE account_id = $1 AND deleted_ms IS NULL AND limit_amount IS NOT NULL AND hash IN (${idsFrom(2, piece)})`, accountId, ...piece)
    const used = await sql.all(`SELECT key_hash, period, counted FROM key_windows WHERE account_id = $1 AND (${openWindows(2)}) AND key_hash IN (${idsFrom(PERIODS.length + 2, piece)})`, accountId, ...windowStarts(atMs), ...piece)
    const counted = new Map(used.map((row) => [`${text(row, 'key_hash')} ${text(row, 'period')}`, big(row, 'counted')]))
    return keys.map((row): Allowance => {
      const id = text(row, 'hash')
      // Written by insertKey and changeKey, from the same type.
      const period = (textOrNull(row, 'limit_reset') ?? 'ever') as Period
      return {
        accountId, kind: 'key', id, name: text(row, 'name'), period, startMs: windowAt(period, atMs).startMs, cap: big(row, 'limit_amount'), used: counted.get(`${id} ${period}`) ?? 0n,
        createdMs: int(row, 'created_ms'), workspaceId: text(row, 'workspace_id'), userId: textOrNull(row, 'creator_user_id'),
      }
    })
  }),
  page: async (sql, after, limit) => asIds(await sql.all(`SELECT account_id, hash AS id FROM keys WHERE limit_amount IS NOT NULL AND deleted_ms IS NULL
    AND (account_id > $1 OR (account_id = $1 AND hash > $2)) ORDER BY account_id, hash LIMIT $3`, after.accountId, after.id, limit)),
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
  read: (sql, accountId, ids, atMs) => inPieces(ids, async (piece) => {
    const budgets = await sql.all(`SELECT workspaces.id, workspaces.name, workspaces.include_byok, workspaces.created_ms, budgets.period, budgets.cap FROM budgets
      JOIN workspaces ON workspaces.account_id = budgets.account_id AND workspaces.id = budgets.workspace_id
      WHERE budgets.account_id = $1 AND budgets.workspace_id IN (${idsFrom(2, piece)})`, accountId, ...piece)
    if (budgets.length === 0) return []
    const used = await sql.all(`SELECT workspace_id, period, cost, byok_cost FROM workspace_windows WHERE account_id = $1 AND (${openWindows(2)}) AND workspace_id IN (${idsFrom(PERIODS.length + 2, piece)})`, accountId, ...windowStarts(atMs), ...piece)
    const windows = new Map(used.map((row) => [`${text(row, 'workspace_id')} ${text(row, 'period')}`, row]))
    return budgets.map((row): Allowance => {
      const id = text(row, 'id')
      // Written by setBudget, from the same type.
      const period = text(row, 'period') as Period
      const window = windows.get(`${id} ${period}`)
      return {
        accountId, kind: 'workspace', id, name: text(row, 'name'), period, startMs: windowAt(period, atMs).startMs, cap: big(row, 'cap'), used: big(window, 'cost') + big(window, 'byok_cost') * big(row, 'include_byok'),
        createdMs: int(row, 'created_ms'), workspaceId: id, userId: null,
      }
    })
  }),
  page: async (sql, after, limit) => asIds(await sql.all(`SELECT DISTINCT account_id, workspace_id AS id FROM budgets WHERE account_id > $1 OR (account_id = $1 AND workspace_id > $2)
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

/** The windows of all periods that a moment lies in: as many parameters as there are periods. */
function openWindows(first: number): string {
  return PERIODS.map((period, index) => `(period = '${period}' AND start_ms = $${first + index})`).join(' OR ')
}

function windowStarts(atMs: number): number[] {
  return PERIODS.map((period) => windowAt(period, atMs).startMs)
}

/** All kinds there are, in the order in which people see them. */
export const ALLOWANCE_SOURCES: readonly AllowanceSource[] = [balance, workspace, key, ...CAP_SOURCES]
