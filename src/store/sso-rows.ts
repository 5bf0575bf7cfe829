import type { Change } from '../accounts/people-store.ts'
import type { Role } from '../accounts/roles.ts'
import type { JoinRefusal, SealedSso, SsoChange, SsoConnection, SsoSettings, SsoState } from '../accounts/sso-connection.ts'
import { userName } from '../accounts/user.ts'
import { writeAudit } from './audit-rows.ts'
import { isFull } from './member-limit.ts'
import { findUser, insertMember } from './people-rows.ts'
import { readRole } from './scim-access.ts'
import { int, intOrNull, one, text, textOrNull, tuples, type Row, type Sql } from './sql.ts'

const COLUMNS = 'id, account_id, name, settings, state, role, enforced, sealed, created_ms, updated_ms, activated_ms, disabled_ms'
const CONNECTIONS_MAX = 10

export async function listSso(sql: Sql, accountId: string): Promise<readonly SsoConnection[]> {
  return (await sql.all(`SELECT ${COLUMNS} FROM sso_connections WHERE account_id = $1 ORDER BY created_ms, id`, accountId)).map((row) => withoutSecret(readSso(row)))
}

export async function findSso(sql: Sql, id: string): Promise<SealedSso | undefined> {
  const row = await one(sql, `SELECT ${COLUMNS} FROM sso_connections WHERE id = $1`, id)
  return row && readSso(row)
}

export async function insertSso(sql: Sql, connection: SealedSso, change: Change): Promise<boolean> {
  const { id, accountId, name, settings, state, defaultRole, isEnforced, sealed, createdMs } = connection
  if ((await listSso(sql, accountId)).length >= CONNECTIONS_MAX) return false
  await sql.run(`INSERT INTO sso_connections (${COLUMNS}) VALUES ${tuples(1, 12)}`, id, accountId, name, JSON.stringify(settings), state, defaultRole, isEnforced ? 1 : 0, sealed, createdMs, null, null, null)
  await writeAudit(sql, { accountId, ...change, action: 'sso.create', target: id, after: shown(connection) })
  return true
}

export async function changeSso(sql: Sql, accountId: string, id: string, wish: SsoChange, change: Change): Promise<SsoConnection | undefined> {
  const before = await findSso(sql, id)
  if (before?.accountId !== accountId) return undefined
  const { name = before.name, settings = before.settings, defaultRole = before.defaultRole, isEnforced = before.isEnforced, sealed = before.sealed } = wish
  const after: SealedSso = { ...before, name, settings, defaultRole, isEnforced, sealed, updatedMs: change.nowMs }
  await sql.run('UPDATE sso_connections SET name = $1, settings = $2, role = $3, enforced = $4, sealed = $5, updated_ms = $6 WHERE id = $7', name, JSON.stringify(settings), defaultRole, isEnforced ? 1 : 0, sealed, change.nowMs, id)
  await writeAudit(sql, { accountId, ...change, action: 'sso.change', target: id, before: shown(before), after: { ...shown(after), ...(sealed !== before.sealed && { secret: 'changed' }) } })
  return withoutSecret(after)
}

export async function setSsoState(sql: Sql, accountId: string, id: string, state: SsoState, change: Change): Promise<SsoConnection | 'other_active' | undefined> {
  const before = await findSso(sql, id)
  if (before?.accountId !== accountId) return undefined
  if (before.state === state) return withoutSecret(before)
  if (state === 'active' && (await listSso(sql, accountId)).some((other) => other.state === 'active')) return 'other_active'
  const after: SealedSso = { ...before, state, ...(state === 'active' ? { activatedMs: change.nowMs, disabledMs: null } : { disabledMs: change.nowMs }) }
  await sql.run('UPDATE sso_connections SET state = $1, activated_ms = $2, disabled_ms = $3 WHERE id = $4', state, after.activatedMs, after.disabledMs, id)
  await writeAudit(sql, { accountId, ...change, action: state === 'active' ? 'sso.activate' : 'sso.disable', target: id, before: { state: before.state }, after: { state } })
  return withoutSecret(after)
}

export async function deleteSso(sql: Sql, accountId: string, id: string, change: Change): Promise<boolean> {
  const before = await findSso(sql, id)
  if (before?.accountId !== accountId) return false
  await sql.run('DELETE FROM sso_connections WHERE id = $1', id)
  await sql.run('DELETE FROM identities WHERE provider = $1', `sso:${id}`)
  await writeAudit(sql, { accountId, ...change, action: 'sso.delete', target: id, before: shown(before) })
  return true
}

/** Why nobody with this address can become a member; undefined where they can, or are one. */
export async function joinRefusal(sql: Sql, accountId: string, email: string): Promise<JoinRefusal | undefined> {
  // Whom the directory has taken out comes back by the directory alone.
  if (await one(sql, 'SELECT id FROM scim_users WHERE account_id = $1 AND email = $2 AND active = 0', accountId, email)) return 'inactive'
  return await isFull(sql, accountId, (await findUser(sql, 'email', email))?.id ?? '') ? 'full' : undefined
}

export async function joinBySso(sql: Sql, accountId: string, userId: string, role: Role, nowMs: number): Promise<JoinRefusal | undefined> {
  const user = await findUser(sql, 'id', userId)
  if (!user) throw new Error('a person who signs in is gone')
  if (await one(sql, 'SELECT id FROM scim_users WHERE account_id = $1 AND user_id = $2 AND active = 0', accountId, userId)) return 'inactive'
  const refusal = await joinRefusal(sql, accountId, user.email)
  if (refusal) return refusal
  await insertMember(sql, { accountId, userId, role, createdMs: nowMs }, { by: { kind: 'user', id: userId, name: userName(user), userId }, nowMs })
  return undefined
}

export async function ssoSealedByOthers(sql: Sql, sealKeyId: string, limit: number): Promise<readonly SealedSso[]> {
  return (await sql.all(`SELECT ${COLUMNS} FROM sso_connections WHERE sealed IS NOT NULL AND sealed NOT LIKE $1 ORDER BY id LIMIT $2`, `v1.${sealKeyId}.%`, limit)).map(readSso)
}

export async function resealSso(sql: Sql, id: string, before: string, after: string): Promise<boolean> {
  return await sql.run('UPDATE sso_connections SET sealed = $1 WHERE id = $2 AND sealed = $3', after, id, before) === 1
}

/** As the log of changes shows it. */
function shown({ name, settings, state, defaultRole, isEnforced }: SsoConnection): object {
  return { name, ...settings, state, defaultRole, isEnforced }
}

function withoutSecret({ sealed: _sealed, ...connection }: SealedSso): SsoConnection {
  return connection
}

function readSso(row: Row): SealedSso {
  return {
    id: text(row, 'id'), accountId: text(row, 'account_id'), name: text(row, 'name'),
    // Written above, from the same types.
    settings: JSON.parse(text(row, 'settings')) as SsoSettings, state: text(row, 'state') as SsoState,
    defaultRole: readRole(row), isEnforced: int(row, 'enforced') !== 0, sealed: textOrNull(row, 'sealed'),
    createdMs: int(row, 'created_ms'), updatedMs: intOrNull(row, 'updated_ms'), activatedMs: intOrNull(row, 'activated_ms'), disabledMs: intOrNull(row, 'disabled_ms'),
  }
}
