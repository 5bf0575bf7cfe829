import { INSTANCE_ACCOUNT } from '../accounts/audit-entry.ts'
import type { Change } from '../accounts/people-store.ts'
import type { AttemptRule, LiveSession, RenewedSecret, SessionEntry, SuspendedSession, WaitingLink } from '../accounts/sign-in-store.ts'
import type { Role } from '../accounts/roles.ts'
import { writeAudit } from './audit-rows.ts'
import { forgetLetters } from './outbox-rows.ts'
import { findUser } from './people-rows.ts'
import { int, one, text, textOrNull, type Sql } from './sql.ts'
import { endViewOf } from './view-rows.ts'

/** The session of a token, in the account that was chosen in it, or else in the last before it, or else in the first of theirs that is open: their own. */
export async function liveSession(sql: Sql, token: string, nowMs: number): Promise<LiveSession | SuspendedSession | undefined> {
  const row = await one(sql, `SELECT sessions.id, sessions.user_id, sessions.account_id, sessions.impersonated_by, sessions.created_ms, sessions.expires_ms, users.operator, users.two_factor, users.last_account_id
    FROM sessions JOIN users ON users.id = sessions.user_id WHERE sessions.token = $1 AND sessions.expires_ms > $2 AND users.disabled_ms IS NULL`, token, nowMs)
  if (!row) return undefined
  const impersonatedBy = textOrNull(row, 'impersonated_by')
  if (impersonatedBy !== null && !await one(sql, 'SELECT id FROM users WHERE id = $1 AND operator = 1 AND disabled_ms IS NULL', impersonatedBy)) return undefined
  const user = await findUser(sql, 'id', text(row, 'user_id'))
  // Who looks through their eyes begins in their own account.
  const chosen = textOrNull(row, 'account_id') ?? (impersonatedBy === null ? textOrNull(row, 'last_account_id') : null)
  const membership = await one(sql, `SELECT memberships.account_id, memberships.role FROM memberships JOIN accounts ON accounts.id = memberships.account_id
    WHERE memberships.user_id = $1 AND accounts.suspended_ms IS NULL ORDER BY CASE WHEN accounts.id = $2 THEN 0 WHEN accounts.kind = 'personal' THEN 1 ELSE 2 END, memberships.created_ms, accounts.id LIMIT 1`,
  text(row, 'user_id'), chosen ?? '')
  if (!user) return undefined
  if (!membership) return await suspendedSession(sql, user.id)
  return {
    id: text(row, 'id'), user, isOperator: int(row, 'operator') === 1 && impersonatedBy === null, hasTwoFactor: int(row, 'two_factor') === 1, accountId: text(membership, 'account_id'),
    // Written by insertMember, from the same type.
    role: text(membership, 'role') as Role, impersonatedBy, createdMs: int(row, 'created_ms'), expiresMs: int(row, 'expires_ms'),
  }
}

export async function keepSession(sql: Sql, sessionId: string, untilMs: number): Promise<void> {
  await sql.run('UPDATE sessions SET expires_ms = $1 WHERE id = $2 AND expires_ms < $1', untilMs, sessionId)
}

async function suspendedSession(sql: Sql, userId: string): Promise<SuspendedSession | undefined> {
  const row = await one(sql, `SELECT accounts.suspended_reason FROM memberships JOIN accounts ON accounts.id = memberships.account_id
    WHERE memberships.user_id = $1 AND accounts.suspended_ms IS NOT NULL ORDER BY accounts.suspended_ms DESC, accounts.id LIMIT 1`, userId)
  return row && { suspendedReason: textOrNull(row, 'suspended_reason') }
}

export async function chooseAccount(sql: Sql, sessionId: string, accountId: string): Promise<boolean> {
  const chosen = await one(sql, `UPDATE sessions SET account_id = $1 WHERE id = $2 AND EXISTS (SELECT 1 FROM memberships JOIN accounts ON accounts.id = memberships.account_id
    WHERE memberships.account_id = $1 AND memberships.user_id = sessions.user_id AND accounts.suspended_ms IS NULL) RETURNING user_id, impersonated_by`, accountId, sessionId)
  if (chosen && textOrNull(chosen, 'impersonated_by') === null) await sql.run('UPDATE users SET last_account_id = $1 WHERE id = $2', accountId, text(chosen, 'user_id'))
  return chosen !== undefined
}

export async function sessionsOf(sql: Sql, userId: string, nowMs: number): Promise<readonly SessionEntry[]> {
  // An operator who looks through somebody's eyes is in the log, and not theirs to end.
  const rows = await sql.all('SELECT id, ip_address, user_agent, created_ms, expires_ms FROM sessions WHERE user_id = $1 AND expires_ms > $2 AND impersonated_by IS NULL ORDER BY created_ms DESC, id DESC LIMIT 1000', userId, nowMs)
  return rows.map((row) => ({ id: text(row, 'id'), ipAddress: textOrNull(row, 'ip_address'), userAgent: textOrNull(row, 'user_agent'), createdMs: int(row, 'created_ms'), expiresMs: int(row, 'expires_ms') }))
}

export async function endSessions(sql: Sql, userId: string, which: { readonly id: string } | { readonly exceptId: string }): Promise<number> {
  const [id, sign] = 'id' in which ? [which.id, '='] : [which.exceptId, '<>']
  return await sql.run(`DELETE FROM sessions WHERE user_id = $1 AND id ${sign} $2 AND impersonated_by IS NULL`, userId, id)
}

/** Counts one try of each rule, unless one of them is used up: then none is counted, and it says for how long that one is. */
export async function countAttempt(sql: Sql, rules: readonly AttemptRule[], nowMs: number): Promise<number> {
  // In one order: two processes that count the same tries never wait for each other in a circle.
  const inOrder = rules.toSorted((a, b) => (a.key < b.key ? -1 : 1))
  let waitMs = 0
  for (const { key, max } of inOrder) {
    const row = await one(sql, 'SELECT count, ends_ms FROM sign_in_attempts WHERE id = $1 AND ends_ms > $2', key, nowMs)
    if (row && int(row, 'count') >= max) waitMs = Math.max(waitMs, int(row, 'ends_ms') - nowMs)
  }
  if (waitMs > 0) return waitMs
  await sql.run('DELETE FROM sign_in_attempts WHERE ends_ms <= $1', nowMs)
  for (const { key, windowMs } of inOrder) {
    await sql.run('INSERT INTO sign_in_attempts (id, count, start_ms, ends_ms) VALUES ($1, 1, $2, $3) ON CONFLICT (id) DO UPDATE SET count = sign_in_attempts.count + 1', key, nowMs, nowMs + windowMs)
  }
  return 0
}

export async function hasOpenInvitation(sql: Sql, email: string, nowMs: number): Promise<boolean> {
  return await one(sql, 'SELECT id FROM invitations WHERE email = $1 AND accepted_ms IS NULL AND revoked_ms IS NULL AND expires_ms > $2', email, nowMs) !== undefined
}

export async function keepLink(sql: Sql, { id, email, purpose, sealed, createdMs, expiresMs }: WaitingLink): Promise<void> {
  await sql.run('DELETE FROM waiting_links WHERE expires_ms <= $1', createdMs)
  // The newest of a kind is the one that holds.
  await sql.run('DELETE FROM waiting_links WHERE email = $1 AND purpose = $2', email, purpose)
  await sql.run('INSERT INTO waiting_links (id, email, purpose, sealed, created_ms, expires_ms) VALUES ($1, $2, $3, $4, $5, $6)', id, email, purpose, sealed, createdMs, expiresMs)
}

export async function waitingLinks(sql: Sql, nowMs: number): Promise<readonly WaitingLink[]> {
  const rows = await sql.all('SELECT id, email, purpose, sealed, created_ms, expires_ms FROM waiting_links WHERE expires_ms > $1 ORDER BY created_ms DESC, id DESC LIMIT 1000', nowMs)
  return rows.map((row) => ({ id: text(row, 'id'), email: text(row, 'email'), purpose: text(row, 'purpose'), sealed: text(row, 'sealed'), createdMs: int(row, 'created_ms'), expiresMs: int(row, 'expires_ms') }))
}

/** Whether the secret of this name is that of all nodes. */
export async function claimSecret(sql: Sql, name: string, old: readonly string[]): Promise<boolean> {
  await sql.run("INSERT INTO sign_in_secret (id, name) VALUES ('secret', $1) ON CONFLICT (id) DO NOTHING", name)
  const current = text(await one(sql, "SELECT name FROM sign_in_secret WHERE id = 'secret'") ?? {}, 'name')
  if (current !== name && old.includes(current)) await sql.run("UPDATE sign_in_secret SET name = $1 WHERE id = 'secret'", name)
  return current === name || old.includes(current)
}

/** Whichever secret comes next is that of all nodes: the one before it may be lost with the machine that a backup is of. */
export async function releaseSecret(sql: Sql): Promise<void> {
  await sql.run('DELETE FROM sign_in_secret')
}

/** What the lost one signed opens nothing any more; what it sealed stays, for it may turn up again, but for links, of which there are new ones. */
export async function renewSecret(sql: Sql, name: string, old: readonly string[], change: Change): Promise<RenewedSecret | undefined> {
  if (await claimSecret(sql, name, old)) return undefined
  await releaseSecret(sql)
  await claimSecret(sql, name, [])
  for (const view of await sql.all('SELECT session_id FROM operator_views')) await endViewOf(sql, text(view, 'session_id'), change.nowMs)
  const sessions = await sql.run('DELETE FROM sessions')
  await sql.run('DELETE FROM waiting_links')
  const secondFactors = int(await one(sql, 'SELECT COUNT(*) AS people FROM two_factors WHERE verified = 1'), 'people')
  await writeAudit(sql, { accountId: INSTANCE_ACCOUNT, ...change, action: 'sign_in_secret.renew', target: name, after: { sessions_ended: sessions, second_factors_lost: secondFactors } })
  return { sessions, secondFactors }
}

/** Removes those of these people who are in no account any more: theirs was closed. What they signed in with goes with them. */
export async function forgetPeople(sql: Sql, userIds: readonly string[]): Promise<void> {
  for (const id of userIds) {
    const user = await one(sql, 'SELECT email FROM users WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM memberships WHERE user_id = $1)', id)
    if (!user) continue
    await sql.run('DELETE FROM waiting_links WHERE email = $1', text(user, 'email'))
    await forgetLetters(sql, [user])
    for (const table of ['sessions', 'identities', 'two_factors', 'passkeys']) await sql.run(`DELETE FROM ${table} WHERE user_id = $1`, id)
    await sql.run('DELETE FROM users WHERE id = $1', id)
  }
}
