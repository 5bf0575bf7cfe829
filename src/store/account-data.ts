import { accountTablesOf } from './tables.ts'
import { closeBooksOf } from './closed-accounts.ts'
import { forgetLetters } from './outbox-rows.ts'
import { removeGenerations } from './retention.ts'
import { orphanPurchases } from './purchase-rows.ts'
import { noteRules } from './rule-rows.ts'
import { nextRevision } from './schema.ts'
import { forgetPeople } from './session-rows.ts'
import { one, text, type Row, type Sql } from './sql.ts'
import { rowsOf } from './table-rows.ts'

/** Tables that prove the account's money, and have nothing of a person in them. */
const MONEY = new Set(['entries', 'generations', 'pruned', 'keys', 'key_windows', 'workspace_windows', 'rollups', 'rollups_daily', 'leases', 'purchases', 'payment_reversals', 'credit_lots'])
/** By the hashes of its secrets every process hears that a key is dead: those of a rotation too. */
const KEPT = new Set([...MONEY, 'key_secrets', 'wallets'])
/** Tables that are ours and tell an account nothing. */
const INNER = new Set(['auth_codes', 'leases', 'pruned', 'key_secrets', 'tags_seen'])
/** Columns that are shown to nobody, in whatever table they come to stand. */
const SECRET = /secret|token|sealed|credential|password|cipher/

/** One row of an account's data, as JSON holds it. */
export interface ExportedRow { readonly table: string; readonly row: Readonly<Record<string, unknown>> }

/** Everything that is kept of an account, without secrets. Undefined when there is no such account. */
export async function exportAccount(sql: Sql, accountId: string, give: (row: ExportedRow) => Promise<void>): Promise<number | undefined> {
  const account = await one(sql, 'SELECT * FROM accounts WHERE id = $1', accountId)
  if (!account) return undefined
  await give({ table: 'accounts', row: shown(account) })
  let count = 1
  for (const table of accountTablesOf().filter(({ name }) => !INNER.has(name))) {
    for await (const row of rowsOf(sql, table, { accountId })) {
      await give({ table: table.name, row: shown(row) })
      count += 1
    }
  }
  return count
}

function shown(row: Row): Record<string, unknown> {
  return Object.fromEntries(Object.entries(row).filter(([column]) => !SECRET.test(column) || column.endsWith('_tokens')).map(([column, value]) => [column, shownValue(value)]))
}

/** Integers that a JSON number holds as numbers, larger ones as text; what is JSON itself is not JSON in a text. */
function shownValue(value: Row[string] | undefined): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
  if (typeof value !== 'string' || !/^[{[]/.test(value)) return value
  try {
    return JSON.parse(value)
  } catch {
    // A text that only begins like JSON.
    return value
  }
}

/**
 * Closes an account for ever: its keys die, and what was personal goes: names, records of calls, people's places, rules, the
 * log. Its entries and sums stay, without reasons, so that the books can still be proven. False when there is no such account.
 * The records go in batches afterwards: `forgetBatch`, until it says 0.
 */
export async function closeAccount(sql: Sql, accountId: string, nowMs: number): Promise<boolean> {
  if (!await closeBooksOf(sql, accountId, nowMs)) return false
  // Its customers' books are closed with it: nobody is left to charge them.
  await sql.run('UPDATE accounts SET closed_ms = $1 WHERE id IN (SELECT id FROM wallets WHERE account_id = $2) AND closed_ms IS NULL', nowMs, accountId)
  await sql.run("UPDATE wallets SET external_id = id, name = '', metadata = '{}' WHERE account_id = $1", accountId)
  await sql.run(`UPDATE accounts SET name = '', changed = $1 WHERE id ${ofIt(2)}`, await nextRevision(sql), accountId)
  await sql.run(`UPDATE keys SET name = '', label = '', extras = '{}', creator_user_id = NULL, deleted_ms = COALESCE(deleted_ms, $1), changed = $2 WHERE account_id ${ofIt(3)}`,
    nowMs, await nextRevision(sql), accountId)
  await sql.run(`UPDATE entries SET reason = '' WHERE account_id ${ofIt(1)}`, accountId)
  await sql.run('UPDATE purchases SET created_by = NULL, card = NULL, failure = NULL WHERE account_id = $1', accountId)
  await orphanPurchases(sql, accountId, nowMs)
  await sql.run('UPDATE payment_reversals SET created_by = NULL WHERE account_id = $1', accountId)
  const people = await sql.all('SELECT user_id FROM memberships WHERE account_id = $1', accountId)
  // Its letters to those who were invited, and of its receipts: they name it, and are of no account.
  await forgetLetters(sql, await sql.all("SELECT email FROM invitations WHERE account_id = $1 UNION SELECT email FROM payers WHERE account_id = $1 AND email <> ''", accountId))
  for (const { name } of accountTablesOf()) if (!KEPT.has(name)) await sql.run(`DELETE FROM ${name} WHERE account_id ${ofIt(1)}`, accountId)
  await forgetPeople(sql, people.map((row) => text(row, 'user_id')))
  await noteRules(sql, accountId)
  return true
}

/** The account of a parameter, and its customers'. However many they are, a statement is enough for all of them. */
function ofIt(parameter: number): string {
  return `IN (SELECT id FROM accounts WHERE id = $${parameter} UNION ALL SELECT id FROM wallets WHERE account_id = $${parameter})`
}

/** Removes a batch of a closed account's records of calls, and of its customers'; what they cost stays. */
export async function forgetBatch(sql: Sql, accountId: string): Promise<number> {
  const left = await one(sql, `SELECT id FROM accounts WHERE (id = $1 OR id IN (SELECT id FROM wallets WHERE account_id = $1))
    AND EXISTS (SELECT 1 FROM generations WHERE generations.account_id = accounts.id) LIMIT 1`, accountId)
  return left ? removeGenerations(sql, text(left, 'id'), Number.MAX_SAFE_INTEGER) : 0
}
