import type { Allowed, AuthCode, AuthCodeState, KeyWish, RedeemRefusal } from '../accounts/apps/auth-code.ts'
import type { InsertKey } from '../accounts/key-store.ts'
import type { Change } from '../accounts/people-store.ts'
import { defaultWorkspaceId } from '../accounts/workspace.ts'
import type { App } from '../core/app.ts'
import { formatUsd } from '../core/nano.ts'
import { writeAudit } from './audit-rows.ts'
import { insertKey, keyRefusal } from './key-rows.ts'
import { int, one, text, textOrNull, type Row, type Sql } from './sql.ts'

/** Codes are of no use after ten minutes; so long somebody who comes too late is told that. */
const KEPT_MS = 86_400_000
/** Pages that a person may have open, each of which asks for a key. */
const ASKED_MAX = 20

export async function insertAuthCode(sql: Sql, hash: string, code: AuthCode, change: Change): Promise<boolean> {
  const { accountId, userId, state } = code
  await sql.run('DELETE FROM auth_codes WHERE account_id = $1 AND expires_ms < $2', accountId, change.nowMs - KEPT_MS)
  if (state === 'asked' && await openPages(sql, accountId, userId ?? '', change.nowMs) >= ASKED_MAX) return false
  await sql.run('INSERT INTO auth_codes (account_id, hash, state, user_id, by_key_hash, expires_ms, wish) VALUES ($1, $2, $3, $4, $5, $6, $7)',
    accountId, hash, state, userId, code.byKeyHash, code.expiresMs, wishJson(code))
  if (state === 'open') await noteAllowed(sql, code, change)
  return true
}

async function openPages(sql: Sql, accountId: string, userId: string, nowMs: number): Promise<number> {
  return int(await one(sql, "SELECT COUNT(*) AS pages FROM auth_codes WHERE account_id = $1 AND user_id = $2 AND state = 'asked' AND expires_ms > $3", accountId, userId, nowMs), 'pages')
}

export async function findAuthCode(sql: Sql, hash: string): Promise<AuthCode | undefined> {
  const row = await one(sql, 'SELECT account_id, state, user_id, by_key_hash, expires_ms, wish FROM auth_codes WHERE hash = $1', hash)
  return row && readAuthCode(row)
}

export async function allowAuthCode(sql: Sql, tokenHash: string, { accountId, userId, codeHash, expiresMs }: Allowed, change: Change): Promise<AuthCode | undefined> {
  // Once: who comes second changes no row.
  const count = await sql.run(`UPDATE auth_codes SET hash = $1, state = 'open', expires_ms = $2
    WHERE account_id = $3 AND hash = $4 AND user_id = $5 AND state = 'asked' AND expires_ms > $6`, codeHash, expiresMs, accountId, tokenHash, userId, change.nowMs)
  const code = count === 0 ? undefined : await findAuthCode(sql, codeHash)
  if (code) await noteAllowed(sql, code, change)
  return code
}

export async function endAuthCode(sql: Sql, hash: string): Promise<boolean> {
  return await sql.run("UPDATE auth_codes SET state = 'used' WHERE hash = $1 AND state <> 'used'", hash) > 0
}

export async function redeemAuthCode(sql: Sql, hash: string, insert: InsertKey): Promise<RedeemRefusal | undefined> {
  const { key } = insert
  const taken = await sql.run("UPDATE auth_codes SET state = 'used' WHERE account_id = $1 AND hash = $2 AND state = 'open' AND expires_ms > $3", key.accountId, hash, key.createdMs)
  const code = taken === 0 ? undefined : await findAuthCode(sql, hash)
  if (!code) return 'no_code'
  // Used up in any case: who may not now is told so once.
  if (!await isMakerThere(sql, code, key.createdMs)) return 'maker_gone'
  return await keyRefusal(sql, key, key.workspaceId === defaultWorkspaceId(key.accountId)) ?? await insertKey(sql, insert)
}

async function isMakerThere(sql: Sql, { accountId, userId, byKeyHash }: AuthCode, nowMs: number): Promise<boolean> {
  if (await one(sql, 'SELECT id FROM accounts WHERE id = $1 AND closed_ms IS NOT NULL', accountId)) return false
  if (userId !== null && !await one(sql, 'SELECT id FROM users WHERE id = $1 AND disabled_ms IS NULL', userId)) return false
  if (byKeyHash === null) return true
  return await one(sql, 'SELECT hash FROM keys WHERE account_id = $1 AND hash = $2 AND disabled = 0 AND deleted_ms IS NULL AND (expires_ms IS NULL OR expires_ms > $3)', accountId, byKeyHash, nowMs) !== undefined
}

/** The app is one of the account's from now on, and who let it in stands in the log. */
async function noteAllowed(sql: Sql, code: AuthCode, { by, nowMs }: Change): Promise<void> {
  const { accountId, app, callbackUrl, keyName, limit, limitReset, keyExpiresMs, workspaceId } = code
  if (app) await noteApp(sql, accountId, app, nowMs)
  await writeAudit(sql, {
    accountId, by, nowMs, action: 'app.allow', target: app ? String(app.id) : '',
    after: { app: app?.title ?? null, callback_host: callbackUrl === null ? null : new URL(callbackUrl).host, key_name: keyName, limit: limit === null ? null : formatUsd(limit), limit_reset: limitReset, expires_ms: keyExpiresMs, workspace_id: workspaceId },
  })
}

/** What its requests say of it later stays. */
async function noteApp(sql: Sql, accountId: string, { id, site, title, isLocal }: App, nowMs: number): Promise<void> {
  await sql.run(`INSERT INTO apps (account_id, id, site, title, local, categories, created_ms, updated_ms) VALUES ($1, $2, $3, $4, $5, '[]', $6, $6)
    ON CONFLICT (account_id, id) DO NOTHING`, accountId, id, site, title, isLocal ? 1 : 0, nowMs)
}

function wishJson({ workspaceId, callbackUrl, app, challenge, keyName, limit, limitReset, keyExpiresMs }: KeyWish): string {
  return JSON.stringify({ workspaceId, callbackUrl, app, challenge, keyName, limit: limit === null ? null : String(limit), limitReset, keyExpiresMs })
}

function readAuthCode(row: Row): AuthCode {
  // Written by wishJson, from the same type.
  const wish = JSON.parse(text(row, 'wish')) as Omit<KeyWish, 'accountId' | 'userId' | 'limit'> & { readonly limit: string | null }
  return {
    ...wish, limit: wish.limit === null ? null : BigInt(wish.limit), accountId: text(row, 'account_id'), userId: textOrNull(row, 'user_id'),
    // Written by insertAuthCode, from the same type.
    state: text(row, 'state') as AuthCodeState, byKeyHash: textOrNull(row, 'by_key_hash'), expiresMs: int(row, 'expires_ms'),
  }
}
