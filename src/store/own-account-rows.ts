import { INSTANCE_ACCOUNT, type Actor } from '../accounts/audit-entry.ts'
import type { EmailChanged, EmailRefusal, EmailWish, LeaveRefusal } from '../accounts/own-account.ts'
import { userName, type User } from '../accounts/user.ts'
import { closeAccount } from './account-data.ts'
import { writeAudit } from './audit-rows.ts'
import { accountsOf, findMember, findUser, hasOtherAdmin, takeOut } from './people-rows.ts'
import { isKeptByDirectory } from './scim-access.ts'
import { one, text, type Sql } from './sql.ts'

/** As the identifiers of links stand in the same table: what follows is a hash. */
const IDENTIFIER = 'email-change:'

interface Kept { readonly userId: string; readonly email: string; readonly sessionId: string }

export async function wishEmail(sql: Sql, { userId, email, sessionId, tokenHash, expiresMs }: EmailWish, nowMs: number): Promise<EmailRefusal | undefined> {
  if (await isKept(sql, userId)) return 'kept_by_directory'
  if (await findUser(sql, 'email', email)) return 'taken'
  await forgetWish(sql, userId)
  await sql.run('INSERT INTO verifications (id, identifier, value, created_ms, updated_ms, expires_ms) VALUES ($1, $2, $3, $4, $4, $5)',
    wishId(userId), `${IDENTIFIER}${tokenHash}`, JSON.stringify({ userId, email, sessionId } satisfies Kept), nowMs, expiresMs)
  return undefined
}

export async function changeEmail(sql: Sql, tokenHash: string, nowMs: number): Promise<EmailChanged | EmailRefusal> {
  const row = await one(sql, 'DELETE FROM verifications WHERE identifier = $1 AND expires_ms > $2 RETURNING value', `${IDENTIFIER}${tokenHash}`, nowMs)
  if (!row) return 'over'
  // Written by wishEmail, from the same type.
  const { userId, email, sessionId } = JSON.parse(text(row, 'value')) as Kept
  const user = await findUser(sql, 'id', userId)
  if (!user || user.disabledMs !== null) return 'over'
  if (await isKept(sql, userId)) return 'kept_by_directory'
  if (await findUser(sql, 'email', email)) return 'taken'
  await sql.run('UPDATE users SET email = $1, email_verified = 1, updated_ms = $2 WHERE id = $3', email, nowMs, userId)
  await sql.run('DELETE FROM sessions WHERE user_id = $1 AND id <> $2 AND impersonated_by IS NULL', userId, sessionId)
  await forgetLinks(sql, user)
  for (const { account } of await accountsOf(sql, userId)) {
    await writeAudit(sql, { accountId: account.id, by: actorOf({ ...user, email }), nowMs, action: 'email.change', target: userId, before: { email: user.email }, after: { email } })
  }
  return { before: user.email, after: email }
}

export async function whyNotLeave(sql: Sql, userId: string): Promise<LeaveRefusal | undefined> {
  if (await one(sql, 'SELECT id FROM users WHERE id = $1 AND operator = 1', userId) && !await one(sql, 'SELECT id FROM users WHERE operator = 1 AND disabled_ms IS NULL AND id <> $1', userId)) return { reason: 'last_operator' }
  const organizations = (await accountsOf(sql, userId)).filter(({ account }) => account.kind === 'organization')
  const lead: string[] = []
  const kept: string[] = []
  for (const { account, role } of organizations) {
    if (role === 'admin' && !await hasOtherAdmin(sql, account.id, userId)) lead.push(account.name)
    if (await isKeptByDirectory(sql, account.id, userId)) kept.push(account.name)
  }
  if (lead.length > 0) return { reason: 'last_admin', organizations: lead }
  return kept.length > 0 ? { reason: 'kept_by_directory', organizations: kept } : undefined
}

/** Undone as a whole where there is no such person. */
export async function leave(sql: Sql, userId: string, nowMs: number): Promise<{ readonly accountId: string } | LeaveRefusal> {
  const refusal = await whyNotLeave(sql, userId)
  if (refusal) return refusal
  const user = await findUser(sql, 'id', userId)
  const accounts = await accountsOf(sql, userId)
  const own = accounts.find(({ account }) => account.kind === 'personal')?.account.id
  if (!user || own === undefined) throw new Error('a person who is signed in has an account of their own')
  for (const { account } of accounts) {
    const member = account.id === own ? undefined : await findMember(sql, account.id, userId)
    if (member) await takeOut(sql, member, { by: actorOf(user), nowMs })
  }
  await forgetLinks(sql, user)
  // With the last account that they are in, the person goes, and how they signed in.
  await closeAccount(sql, own, nowMs)
  // The log of the install outlives them, so that it has no name of theirs.
  await writeAudit(sql, { accountId: INSTANCE_ACCOUNT, by: { kind: 'user', id: userId, name: '', userId }, nowMs, action: 'account.close', target: own })
  return { accountId: own }
}

/** What was sent to an address that is not theirs any more, and what else of them came back by itself. */
async function forgetLinks(sql: Sql, { id, email }: User): Promise<void> {
  await forgetWish(sql, id)
  // New passwords and devices that are trusted: the sign-in library keeps them by the person's id.
  await sql.run('DELETE FROM verifications WHERE value = $1', id)
  await sql.run('DELETE FROM waiting_links WHERE email = $1', email)
}

async function forgetWish(sql: Sql, userId: string): Promise<void> {
  await sql.run('DELETE FROM verifications WHERE id = $1', wishId(userId))
}

function wishId(userId: string): string {
  return `${IDENTIFIER}${userId}`
}

async function isKept(sql: Sql, userId: string): Promise<boolean> {
  for (const { account } of await accountsOf(sql, userId)) if (await isKeptByDirectory(sql, account.id, userId)) return true
  return false
}

function actorOf(user: User): Actor {
  return { kind: 'user', id: user.id, name: userName(user), userId: user.id }
}
