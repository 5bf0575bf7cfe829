import { text, type Sql } from './sql.ts'

/** Marks an account as closed: from then on no end of its calls is taken. False when it is not there, or closed already. */
export async function closeBooksOf(sql: Sql, accountId: string, nowMs: number): Promise<boolean> {
  return await sql.run('UPDATE accounts SET closed_ms = $1 WHERE id = $2 AND closed_ms IS NULL', nowMs, accountId) === 1
}

/** Those of these accounts that are closed. */
export async function closedAmong(sql: Sql, accountIds: readonly string[]): Promise<Set<string>> {
  if (accountIds.length === 0) return new Set()
  const marks = accountIds.map((_, at) => `$${at + 1}`).join(', ')
  const rows = await sql.all(`SELECT id FROM accounts WHERE closed_ms IS NOT NULL AND id IN (${marks})`, ...accountIds)
  return new Set(rows.map((row) => text(row, 'id')))
}

export async function isClosed(sql: Sql, accountId: string): Promise<boolean> {
  return (await closedAmong(sql, [accountId])).size > 0
}
