import type { Change, Listed, Page } from '../accounts/people-store.ts'
import type { ScimToken } from '../accounts/scim/scim-store.ts'
import { writeAudit } from './audit-rows.ts'
import { int, intOrNull, one, text, textOrNull, type Row, type Sql } from './sql.ts'

const COLUMNS = 'account_id, id, name, label, created_by, created_ms, last_used_ms, revoked_ms'

export async function insertScimToken(sql: Sql, { accountId, id, name, label, createdBy, createdMs }: ScimToken, tokenHash: string, change: Change): Promise<void> {
  await sql.run(`INSERT INTO scim_tokens (${COLUMNS}, token_hash) VALUES ($1, $2, $3, $4, $5, $6, NULL, NULL, $7)`, accountId, id, name, label, createdBy, createdMs, tokenHash)
  await writeAudit(sql, { accountId, ...change, action: 'scim_token.create', target: id, after: { name, label } })
}

export async function listScimTokens(sql: Sql, accountId: string, { offset, limit }: Page): Promise<Listed<ScimToken>> {
  const rows = await sql.all(`SELECT ${COLUMNS} FROM scim_tokens WHERE account_id = $1 ORDER BY created_ms DESC, id DESC LIMIT $2 OFFSET $3`, accountId, limit, offset)
  return { rows: rows.map(readToken), total: int(await one(sql, 'SELECT COUNT(*) AS total FROM scim_tokens WHERE account_id = $1', accountId), 'total') }
}

export async function findScimToken(sql: Sql, tokenHash: string): Promise<ScimToken | undefined> {
  const row = await one(sql, `SELECT ${COLUMNS} FROM scim_tokens WHERE token_hash = $1 AND revoked_ms IS NULL`, tokenHash)
  return row && readToken(row)
}

export async function noteScimTokenUse(sql: Sql, accountId: string, id: string, nowMs: number): Promise<void> {
  await sql.run('UPDATE scim_tokens SET last_used_ms = $1 WHERE account_id = $2 AND id = $3 AND (last_used_ms IS NULL OR last_used_ms < $1)', nowMs, accountId, id)
}

export async function revokeScimToken(sql: Sql, accountId: string, id: string, change: Change): Promise<boolean> {
  if (await sql.run('UPDATE scim_tokens SET revoked_ms = $1 WHERE account_id = $2 AND id = $3 AND revoked_ms IS NULL', change.nowMs, accountId, id) === 0) return false
  const row = await one(sql, 'SELECT name, label FROM scim_tokens WHERE account_id = $1 AND id = $2', accountId, id)
  await writeAudit(sql, { accountId, ...change, action: 'scim_token.revoke', target: id, before: { ...row } })
  return true
}

export async function hasDirectory(sql: Sql, accountId: string): Promise<boolean> {
  return await one(sql, 'SELECT id FROM scim_tokens WHERE account_id = $1 LIMIT 1', accountId) !== undefined
}

function readToken(row: Row): ScimToken {
  return {
    id: text(row, 'id'), accountId: text(row, 'account_id'), name: text(row, 'name'), label: text(row, 'label'), createdBy: textOrNull(row, 'created_by'),
    createdMs: int(row, 'created_ms'), lastUsedMs: intOrNull(row, 'last_used_ms'), revokedMs: intOrNull(row, 'revoked_ms'),
  }
}
