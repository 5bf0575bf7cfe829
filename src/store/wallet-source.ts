import type { Allowance } from '../notices/allowance.ts'
import type { AllowanceSource } from './allowance-source.ts'
import { big, int, one, rowsAt, text, type Row } from './sql.ts'

/** What customers of a reseller have left, which the reseller is told of: how much is used of what was there after it was last added to. */
export const walletSource: AllowanceSource = {
  kind: 'wallet',
  async read(sql, ids) {
    const rows = await rowsAt(sql, `SELECT wallets.account_id, wallets.id, wallets.name, wallets.filled, wallets.filled_ms, accounts.balance,
      (SELECT SUM(leases.granted - leases.spent) FROM leases WHERE leases.account_id = wallets.id AND leases.key_hash = '') AS leased
      FROM wallets JOIN accounts ON accounts.id = wallets.id WHERE wallets.closed_ms IS NULL AND wallets.filled > 0 AND (wallets.account_id, wallets.id)`, ids.map(({ accountId, id }) => [accountId, id]))
    return rows.map(readAllowance)
  },
  page: async (sql, after, limit) => (await sql.all(`SELECT account_id, id FROM wallets WHERE closed_ms IS NULL AND filled > 0 AND (account_id, id) > ($1, $2)
    ORDER BY account_id, id LIMIT $3`, after.accountId, after.id, limit)).map((row) => ({ accountId: text(row, 'account_id'), id: text(row, 'id') })),
  async list(sql, accountId, { userId, limit }) {
    // Customers are the account's, and no member's.
    if (userId !== undefined) return []
    const rows = await sql.all('SELECT id FROM wallets WHERE account_id = $1 AND closed_ms IS NULL AND filled > 0 ORDER BY created_ms DESC, id DESC LIMIT $2', accountId, limit)
    return rows.map((row) => text(row, 'id'))
  },
  async recent(sql, { id }, fromMs) {
    // A call of the wallet's counts in its own books, in no workspace but the one there is.
    const row = await one(sql, `SELECT (SELECT created_ms FROM accounts WHERE id = $1) AS created_ms,
      (SELECT SUM(cost) FROM workspace_windows WHERE account_id = $1 AND period = 'daily' AND start_ms >= $2) AS used`, id, fromMs)
    return { sinceMs: Math.max(int(row, 'created_ms'), fromMs), used: big(row, 'used') }
  },
}

function readAllowance(row: Row): Allowance {
  const cap = big(row, 'filled')
  return {
    accountId: text(row, 'account_id'), kind: 'wallet', id: text(row, 'id'), name: text(row, 'name'), period: 'ever', startMs: int(row, 'filled_ms'), cap, used: cap - big(row, 'balance') - big(row, 'leased'),
    createdMs: int(row, 'filled_ms'), workspaceId: null, userId: null,
  }
}
