import type { KeyChange, KeyRecord } from '../accounts/accounts.ts'
import type { Key } from '../accounts/caller.ts'
import type { KeyPage } from '../accounts/key-store.ts'
import { windowAt, PERIODS } from '../ledger/window.ts'
import { nextRevision } from './schema.ts'
import { big, int, intOrNull, one, text, tuples, type Row, type Sql, type SqlValue } from './sql.ts'

const COLUMNS = 'account_id, hash, name, label, kind, disabled, limit_amount, limit_reset, include_byok, expires_ms, created_ms, updated_ms'

/** A key that may still live: one that was deleted is not found. */
export async function findKey(sql: Sql, hash: string): Promise<Key | undefined> {
  const row = await one(sql, `SELECT ${COLUMNS} FROM keys WHERE hash = $1 AND deleted_ms IS NULL`, hash)
  return row && readKey(row)
}

/** False when the hash is taken, by a deleted key too. */
export async function insertKey(sql: Sql, key: Key): Promise<boolean> {
  const values: SqlValue[] = [
    key.accountId, key.hash, key.name, key.label, key.kind, key.disabled ? 1 : 0, key.limit, key.limitReset, key.includeByokInLimit ? 1 : 0,
    key.expiresMs, key.createdMs, key.updatedMs, await nextRevision(sql),
  ]
  return await sql.run(`INSERT INTO keys (${COLUMNS}, changed) VALUES ${tuples(1, values.length)} ON CONFLICT (hash) DO NOTHING`, ...values) === 1
}

/** Inserts the key, or gives it its life back. */
export async function keepKey(sql: Sql, key: Key): Promise<void> {
  if (await insertKey(sql, key)) return
  await sql.run(`UPDATE keys SET disabled = 0, expires_ms = NULL, deleted_ms = NULL, updated_ms = $1, changed = $2
    WHERE hash = $3 AND (disabled <> 0 OR expires_ms IS NOT NULL OR deleted_ms IS NOT NULL)`, key.createdMs, await nextRevision(sql), key.hash)
}

export async function listKeys(sql: Sql, accountId: string, page: KeyPage, nowMs: number): Promise<KeyRecord[]> {
  const rows = await sql.all(`SELECT ${COLUMNS} FROM keys WHERE account_id = $1 AND deleted_ms IS NULL AND (disabled = 0 OR disabled = $2)
    ORDER BY created_ms DESC, hash LIMIT $3 OFFSET $4`, accountId, page.includeDisabled ? 1 : 0, page.limit, page.offset)
  return records(sql, accountId, rows.map(readKey), nowMs)
}

export async function keyRecord(sql: Sql, accountId: string, hash: string, nowMs: number): Promise<KeyRecord | undefined> {
  const row = await one(sql, `SELECT ${COLUMNS} FROM keys WHERE account_id = $1 AND hash = $2 AND deleted_ms IS NULL`, accountId, hash)
  return row && (await records(sql, accountId, [readKey(row)], nowMs))[0]
}

export async function changeKey(sql: Sql, accountId: string, hash: string, change: KeyChange, nowMs: number): Promise<KeyRecord | undefined> {
  const row = await one(sql, `SELECT ${COLUMNS} FROM keys WHERE account_id = $1 AND hash = $2 AND deleted_ms IS NULL`, accountId, hash)
  if (!row) return undefined
  const key = { ...readKey(row), ...defined(change) }
  await sql.run(`UPDATE keys SET name = $1, disabled = $2, limit_amount = $3, limit_reset = $4, include_byok = $5, expires_ms = $6, updated_ms = $7, changed = $8
    WHERE account_id = $9 AND hash = $10`, key.name, key.disabled ? 1 : 0, key.limit, key.limitReset, key.includeByokInLimit ? 1 : 0, key.expiresMs, nowMs, await nextRevision(sql), accountId, hash)
  return keyRecord(sql, accountId, hash, nowMs)
}

export async function deleteKey(sql: Sql, accountId: string, hash: string, nowMs: number): Promise<boolean> {
  return await sql.run('UPDATE keys SET deleted_ms = $1, changed = $2 WHERE account_id = $3 AND hash = $4 AND deleted_ms IS NULL', nowMs, await nextRevision(sql), accountId, hash) === 1
}

/** The fields that a change names: undefined means "as it was". */
function defined(change: KeyChange): KeyChange {
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined))
}

function readKey(row: Row): Key {
  return {
    hash: text(row, 'hash'), accountId: text(row, 'account_id'), name: text(row, 'name'), label: text(row, 'label'),
    // Written by insertKey, from the same types.
    kind: text(row, 'kind') as Key['kind'], limitReset: row['limit_reset'] as Key['limitReset'],
    disabled: int(row, 'disabled') !== 0, limit: row['limit_amount'] === null ? null : big(row, 'limit_amount'), includeByokInLimit: int(row, 'include_byok') !== 0,
    expiresMs: intOrNull(row, 'expires_ms'), createdMs: int(row, 'created_ms'), updatedMs: intOrNull(row, 'updated_ms'),
  }
}

/** Keys with what they spent in the windows that are open now. */
async function records(sql: Sql, accountId: string, keys: readonly Key[], nowMs: number): Promise<KeyRecord[]> {
  if (keys.length === 0) return []
  const starts = PERIODS.map((period) => windowAt(period, nowMs).startMs)
  const hashes = keys.map((_, index) => `$${starts.length + 2 + index}`).join(', ')
  const rows = await sql.all(`SELECT key_hash, period, cost, counted FROM key_windows WHERE account_id = $1 AND (
    (period = 'ever' AND start_ms = $2) OR (period = 'daily' AND start_ms = $3) OR (period = 'weekly' AND start_ms = $4) OR (period = 'monthly' AND start_ms = $5))
    AND key_hash IN (${hashes})`, accountId, ...starts, ...keys.map((key) => key.hash))
  const windows = new Map(rows.map((row) => [`${text(row, 'key_hash')} ${text(row, 'period')}`, row]))
  return keys.map((key) => record(key, (period) => windows.get(`${key.hash} ${period}`)))
}

function record(key: Key, window: (period: string) => Row | undefined): KeyRecord {
  const usage = { total: big(window('ever'), 'cost'), daily: big(window('daily'), 'cost'), weekly: big(window('weekly'), 'cost'), monthly: big(window('monthly'), 'cost') }
  const left = key.limit === null ? null : key.limit - big(window(key.limitReset ?? 'ever'), 'counted')
  return { ...key, usage, limitRemaining: left !== null && left < 0n ? 0n : left }
}
