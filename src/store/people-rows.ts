import type { Change, InvitationRefusal, Listed, MemberRefusal, Page } from '../accounts/people-store.ts'
import type { Invitation } from '../accounts/invitation.ts'
import { invitationState } from '../accounts/invitation.ts'
import { readSettings } from '../accounts/instance.ts'
import type { Account, AccountOfUser, Member, Membership } from '../accounts/organization.ts'
import type { Role } from '../accounts/roles.ts'
import type { User } from '../accounts/user.ts'
import { grantCredits, insertAccount } from './account-rows.ts'
import { writeAudit } from './audit-rows.ts'
import { findInstanceSettings } from './instance-rows.ts'
import { isFull } from './member-limit.ts'
import { disableKeysOf, touchKeys } from './key-rows.ts'
import { deleteMemberBudgets } from './shared-budget-rows.ts'
import { isKeptByDirectory, linkEntry, unlinkEntry } from './scim-access.ts'
import { int, intOrNull, one, text, textOrNull, type Row, type Sql } from './sql.ts'

export const USER = 'id, email, first_name, last_name, created_ms, updated_ms, disabled_ms'
const ACCOUNT = 'accounts.id, accounts.kind, accounts.name, accounts.created_ms, accounts.suspended_reason'

export async function findUser(sql: Sql, by: 'id' | 'email', value: string): Promise<User | undefined> {
  const row = await one(sql, `SELECT ${USER} FROM users WHERE ${by} = $1`, value)
  return row && readUser(row)
}

export async function insertUser(sql: Sql, user: User, account: Account, change: Change): Promise<boolean> {
  const { id, email, firstName, lastName, createdMs } = user
  if (await sql.run(`INSERT INTO users (${USER}) VALUES ($1, $2, $3, $4, $5, NULL, NULL) ON CONFLICT (email) DO NOTHING`, id, email, firstName, lastName, createdMs) === 0) return false
  await openAccount(sql, account, id, change)
  const { moneyEnabled, trialCredit } = readSettings(await findInstanceSettings(sql))
  if (moneyEnabled && trialCredit > 0n) await grantCredits(sql, { accountId: account.id, amount: trialCredit, reason: 'trial credit', reference: 'trial', nowMs: change.nowMs })
  return true
}

/** An account with its first admin. */
export async function openAccount(sql: Sql, account: Account, ownerId: string, change: Change): Promise<void> {
  await insertAccount(sql, account)
  await writeAudit(sql, { accountId: account.id, ...change, action: 'account.create', target: account.id, after: { kind: account.kind, name: account.name } })
  await insertMember(sql, { accountId: account.id, userId: ownerId, role: 'admin', createdMs: change.nowMs }, change)
}

export async function setUserDisabled(sql: Sql, id: string, disabled: boolean, change: Change): Promise<boolean> {
  const user = await findUser(sql, 'id', id)
  if (!user) return false
  if ((user.disabledMs !== null) === disabled) return true
  await sql.run('UPDATE users SET disabled_ms = $1, updated_ms = $2 WHERE id = $3', disabled ? change.nowMs : null, change.nowMs, id)
  await touchKeys(sql, 'creator_user_id', id)
  if (disabled) await sql.run('DELETE FROM sessions WHERE user_id = $1', id)
  for (const { account } of await accountsOf(sql, id)) {
    await writeAudit(sql, { accountId: account.id, ...change, action: disabled ? 'user.disable' : 'user.enable', target: id, before: { disabled: !disabled }, after: { disabled } })
  }
  return true
}

export async function findAccount(sql: Sql, id: string): Promise<Account | undefined> {
  const row = await one(sql, `SELECT ${ACCOUNT} FROM accounts WHERE id = $1`, id)
  return row && readAccount(row)
}

export async function accountsOf(sql: Sql, userId: string): Promise<readonly AccountOfUser[]> {
  const rows = await sql.all(`SELECT ${ACCOUNT}, memberships.role FROM memberships JOIN accounts ON accounts.id = memberships.account_id WHERE memberships.user_id = $1 ORDER BY memberships.created_ms, accounts.id`, userId)
  return rows.map((row) => ({ account: readAccount(row), role: readRole(row) }))
}

const MEMBERS = `SELECT memberships.account_id, memberships.user_id, memberships.role, memberships.created_ms AS member_ms, ${USER.split(', ').map((column) => `users.${column}`).join(', ')}
  FROM memberships JOIN users ON users.id = memberships.user_id WHERE memberships.account_id = $1`

export async function findMember(sql: Sql, accountId: string, userId: string): Promise<Member | undefined> {
  const row = await one(sql, `${MEMBERS} AND memberships.user_id = $2`, accountId, userId)
  return row && readMember(row)
}

export async function listMembers(sql: Sql, accountId: string, { offset, limit }: Page): Promise<Listed<Member>> {
  const rows = await sql.all(`${MEMBERS} ORDER BY memberships.created_ms, memberships.user_id LIMIT $2 OFFSET $3`, accountId, limit, offset)
  return { rows: rows.map(readMember), total: int(await one(sql, 'SELECT COUNT(*) AS total FROM memberships WHERE account_id = $1', accountId), 'total') }
}

export async function insertMember(sql: Sql, { accountId, userId, role, createdMs }: Membership, change: Change): Promise<boolean> {
  const isNew = await sql.run('INSERT INTO memberships (account_id, user_id, role, created_ms) VALUES ($1, $2, $3, $4) ON CONFLICT (account_id, user_id) DO NOTHING', accountId, userId, role, createdMs) === 1
  if (!isNew) return false
  await writeAudit(sql, { accountId, ...change, action: 'member.add', target: userId, after: { role } })
  await linkEntry(sql, accountId, userId, change)
  return true
}

export async function changeRole(sql: Sql, accountId: string, userId: string, role: Role, change: Change): Promise<Member | MemberRefusal> {
  const before = await findMember(sql, accountId, userId)
  if (!before) return 'no_member'
  if (before.role === role) return before
  if (role !== 'admin' && !await hasOtherAdmin(sql, accountId, userId)) return 'last_admin'
  await sql.run('UPDATE memberships SET role = $1 WHERE account_id = $2 AND user_id = $3', role, accountId, userId)
  await writeAudit(sql, { accountId, ...change, action: 'member.change', target: userId, before: { role: before.role }, after: { role } })
  return { ...before, role }
}

export async function removeMember(sql: Sql, accountId: string, userId: string, change: Change): Promise<MemberRefusal | undefined> {
  const before = await findMember(sql, accountId, userId)
  if (!before) return 'no_member'
  if (before.role === 'admin' && !await hasOtherAdmin(sql, accountId, userId)) return 'last_admin'
  if (await isKeptByDirectory(sql, accountId, userId)) return 'kept_by_directory'
  await takeOut(sql, before, change)
  return undefined
}

/** The member goes, with their keys and all that was theirs in this account. */
export async function takeOut(sql: Sql, { accountId, userId, role }: Membership, change: Change): Promise<void> {
  await unlinkEntry(sql, accountId, userId)
  await disableKeysOf(sql, accountId, userId, change.by, change.nowMs)
  await deleteMemberBudgets(sql, accountId, userId)
  for (const table of ['workspace_members', 'memberships']) await sql.run(`DELETE FROM ${table} WHERE account_id = $1 AND user_id = $2`, accountId, userId)
  await writeAudit(sql, { accountId, ...change, action: 'member.remove', target: userId, before: { role } })
}

/** Whether somebody else who may sign in is an admin there. */
export async function hasOtherAdmin(sql: Sql, accountId: string, userId: string): Promise<boolean> {
  return await one(sql, `SELECT memberships.user_id FROM memberships JOIN users ON users.id = memberships.user_id
    WHERE memberships.account_id = $1 AND memberships.role = 'admin' AND memberships.user_id <> $2 AND users.disabled_ms IS NULL`, accountId, userId) !== undefined
}

const INVITATION = 'id, account_id, email, role, invited_by, created_ms, expires_ms, accepted_ms, revoked_ms'

/** An open one to the same address is revoked: the newest letter is the one that holds. */
export async function insertInvitation(sql: Sql, invitation: Invitation, tokenHash: string, change: Change): Promise<void> {
  const { id, accountId, email, role, invitedBy, createdMs, expiresMs } = invitation
  await sql.run('UPDATE invitations SET revoked_ms = $1 WHERE account_id = $2 AND email = $3 AND accepted_ms IS NULL AND revoked_ms IS NULL', change.nowMs, accountId, email)
  await sql.run(`INSERT INTO invitations (${INVITATION}, token_hash) VALUES ($1, $2, $3, $4, $5, $6, $7, NULL, NULL, $8)`, id, accountId, email, role, invitedBy, createdMs, expiresMs, tokenHash)
  await writeAudit(sql, { accountId, ...change, action: 'invitation.create', target: id, after: { email, role, expiresMs } })
}

export async function listInvitations(sql: Sql, accountId: string, { offset, limit }: Page): Promise<Listed<Invitation>> {
  const rows = await sql.all(`SELECT ${INVITATION} FROM invitations WHERE account_id = $1 ORDER BY created_ms DESC, id DESC LIMIT $2 OFFSET $3`, accountId, limit, offset)
  return { rows: rows.map(readInvitation), total: int(await one(sql, 'SELECT COUNT(*) AS total FROM invitations WHERE account_id = $1', accountId), 'total') }
}

export async function findInvitation(sql: Sql, tokenHash: string): Promise<Invitation | undefined> {
  const row = await one(sql, `SELECT ${INVITATION} FROM invitations WHERE token_hash = $1`, tokenHash)
  return row && readInvitation(row)
}

export async function revokeInvitation(sql: Sql, accountId: string, id: string, change: Change): Promise<Invitation | InvitationRefusal> {
  const row = await one(sql, `SELECT ${INVITATION} FROM invitations WHERE account_id = $1 AND id = $2`, accountId, id)
  if (!row) return 'no_invitation'
  const invitation = readInvitation(row)
  if (invitationState(invitation, change.nowMs) !== 'open') return 'not_open'
  await sql.run('UPDATE invitations SET revoked_ms = $1 WHERE account_id = $2 AND id = $3', change.nowMs, accountId, id)
  await writeAudit(sql, { accountId, ...change, action: 'invitation.revoke', target: id, before: { email: invitation.email, role: invitation.role } })
  return { ...invitation, revokedMs: change.nowMs }
}

export async function acceptInvitation(sql: Sql, tokenHash: string, userId: string, change: Change): Promise<Member | InvitationRefusal> {
  const invitation = await findInvitation(sql, tokenHash)
  if (!invitation) return 'no_invitation'
  const { accountId, id, role, email } = invitation
  if ((await findUser(sql, 'id', userId))?.email !== email) return 'other_person'
  if (await isFull(sql, accountId, userId)) return 'full'
  // Once: whoever comes second changes no row.
  const taken = await sql.run('UPDATE invitations SET accepted_ms = $1 WHERE account_id = $2 AND id = $3 AND accepted_ms IS NULL AND revoked_ms IS NULL AND expires_ms > $1', change.nowMs, accountId, id)
  if (taken === 0) return 'not_open'
  await writeAudit(sql, { accountId, ...change, action: 'invitation.accept', target: id, after: { userId, role } })
  await insertMember(sql, { accountId, userId, role, createdMs: change.nowMs }, change)
  const member = await findMember(sql, accountId, userId)
  if (!member) throw new Error('a member that was made in this transaction is gone')
  return member
}

export function readUser(row: Row): User {
  return {
    id: text(row, 'id'), email: text(row, 'email'), firstName: textOrNull(row, 'first_name'), lastName: textOrNull(row, 'last_name'),
    createdMs: int(row, 'created_ms'), updatedMs: intOrNull(row, 'updated_ms'), disabledMs: intOrNull(row, 'disabled_ms'),
  }
}

function readAccount(row: Row): Account {
  const suspended = textOrNull(row, 'suspended_reason')
  // Written by insertAccount, from the same type.
  return { id: text(row, 'id'), kind: text(row, 'kind') as Account['kind'], name: text(row, 'name'), createdMs: int(row, 'created_ms'), ...(suspended !== null && { suspended }) }
}

function readMember(row: Row): Member {
  return { accountId: text(row, 'account_id'), userId: text(row, 'user_id'), role: readRole(row), createdMs: int(row, 'member_ms'), user: readUser(row) }
}

function readRole(row: Row): Role {
  // Written by insertMember and insertInvitation, from the same type.
  return text(row, 'role') as Role
}

function readInvitation(row: Row): Invitation {
  return {
    id: text(row, 'id'), accountId: text(row, 'account_id'), email: text(row, 'email'), role: readRole(row), invitedBy: textOrNull(row, 'invited_by'),
    createdMs: int(row, 'created_ms'), expiresMs: int(row, 'expires_ms'), acceptedMs: intOrNull(row, 'accepted_ms'), revokedMs: intOrNull(row, 'revoked_ms'),
  }
}
