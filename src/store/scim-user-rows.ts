import type { Change, Listed, Page } from '../accounts/people-store.ts'
import type { Role } from '../accounts/roles.ts'
import { namesOf } from '../accounts/scim/entry-content.ts'
import type { Entry, EntryContent, EntryRefusal, EntrySearch, EntryState, NewEntry, Provisioned } from '../accounts/scim/scim-store.ts'
import { userName } from '../accounts/user.ts'
import type { JsonObject } from '../core/json.ts'
import { rowId } from '../lib/id.ts'
import { writeAudit } from './audit-rows.ts'
import { findActiveDomain } from './domain-rows.ts'
import { isFull } from './member-limit.ts'
import { findMember, findUser, insertInvitation, insertMember, insertUser, revokeInvitation, takeOut } from './people-rows.ts'
import { linkEntry, settleAccess } from './scim-access.ts'
import { int, one, pieces, text, textOrNull, tuples, type Row, type Sql, type SqlValue } from './sql.ts'
import { addWorkspaceMembers } from './workspace-rows.ts'

const COLUMNS = 'account_id, id, name_key, external_id, email, active, body, user_id, is_owner, parked, invitation_id, version, created_ms, updated_ms'

/** An entry with what only the store needs of it. */
interface Kept extends Entry { readonly isOwner: boolean; readonly parked: Parked | null; readonly invitationId: string | null }

/** The organisation has as many members as it may have: the whole transaction is undone. */
class OrganizationFull extends Error {
  override readonly name = 'OrganizationFull'
}

/** The outcome of a transaction that may find the organisation full. */
export async function orFull<T>(work: Promise<T>): Promise<T | 'full'> {
  try {
    return await work
  } catch (error) {
    if (error instanceof OrganizationFull) return 'full'
    throw error
  }
}

/** What a member was when the directory deactivated them. Their keys are not in it: those stay disabled. */
interface Parked { readonly role: Role; readonly workspaceIds: readonly string[] }

export async function listEntries(sql: Sql, accountId: string, search: EntrySearch, { offset, limit }: Page): Promise<Listed<Entry>> {
  const values: SqlValue[] = [accountId]
  const only = (column: string, value: string | undefined) => (value === undefined ? '' : ` AND ${column} = $${values.push(value)}`)
  const where = `account_id = $1${only('id', search.id)}${only('name_key', search.userName?.toLowerCase())}${only('external_id', search.externalId)}`
  const total = int(await one(sql, `SELECT COUNT(*) AS total FROM scim_users WHERE ${where}`, ...values), 'total')
  const rows = limit === 0 ? [] : await sql.all(`SELECT ${COLUMNS} FROM scim_users WHERE ${where} ORDER BY created_ms, id LIMIT $${values.length + 1} OFFSET $${values.length + 2}`, ...values, limit, offset)
  const entries = rows.map((row) => readKept(row))
  return { rows: (search.withGroups ? await withGroups(sql, accountId, entries) : entries).map(seen), total }
}

async function withGroups(sql: Sql, accountId: string, entries: readonly Kept[]): Promise<readonly Kept[]> {
  const groups = new Map<string, { id: string; name: string }[]>()
  for (const piece of pieces(entries)) {
    const rows = await sql.all(`SELECT scim_group_members.entry_id, scim_groups.id, scim_groups.name FROM scim_group_members
      JOIN scim_groups ON scim_groups.account_id = scim_group_members.account_id AND scim_groups.id = scim_group_members.group_id
      WHERE (scim_group_members.account_id, scim_group_members.entry_id) IN (VALUES ${tuples(piece.length, 2)}) ORDER BY scim_groups.name_key`, ...piece.flatMap(({ id }) => [accountId, id]))
    for (const row of rows) groups.set(text(row, 'entry_id'), [...(groups.get(text(row, 'entry_id')) ?? []), { id: text(row, 'id'), name: text(row, 'name') }])
  }
  return entries.map((entry) => ({ ...entry, groups: groups.get(entry.id) ?? [] }))
}

export async function insertEntry(sql: Sql, entry: NewEntry, change: Change): Promise<Provisioned | EntryRefusal> {
  const { accountId, id, externalId, email, active } = entry
  const taken = await takenBy(sql, entry)
  if (taken) return taken
  await sql.run(`INSERT INTO scim_users (${COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, NULL, 0, NULL, NULL, 1, $8, $8)`,
    accountId, id, entry.userName.toLowerCase(), externalId, email, active ? 1 : 0, JSON.stringify(entry.body), change.nowMs)
  await writeAudit(sql, { accountId, ...change, action: 'directory_user.create', target: id, after: shown(entry) })
  return await provision(sql, entry, change)
}

export async function changeEntry(sql: Sql, entry: NewEntry, version: number, change: Change): Promise<Provisioned | EntryRefusal> {
  const { accountId, id, externalId, email, active } = entry
  const before = await findKept(sql, accountId, id)
  if (!before) return 'no_entry'
  if (before.version !== version) return 'stale'
  const taken = await takenBy(sql, entry)
  if (taken) return taken
  const renamed = before.isOwner && before.userId !== null ? await followPerson(sql, before.userId, before, entry, change) : undefined
  if (renamed) return renamed
  await sql.run('UPDATE scim_users SET name_key = $1, external_id = $2, email = $3, active = $4, body = $5, version = version + 1, updated_ms = $6 WHERE account_id = $7 AND id = $8',
    entry.userName.toLowerCase(), externalId, email, active ? 1 : 0, JSON.stringify(entry.body), change.nowMs, accountId, id)
  await writeAudit(sql, { accountId, ...change, action: 'directory_user.change', target: id, before: shown(before), after: shown(entry) })
  if (before.active && !active) await deactivate(sql, before, change)
  return await provision(sql, entry, change)
}

export async function deleteEntry(sql: Sql, accountId: string, id: string, version: number | undefined, change: Change): Promise<EntryRefusal | undefined> {
  const before = await findKept(sql, accountId, id)
  if (!before) return 'no_entry'
  if (version !== undefined && before.version !== version) return 'stale'
  if (before.active) await deactivate(sql, before, change)
  await touchGroups(sql, accountId, id, change)
  await sql.run('DELETE FROM scim_group_members WHERE account_id = $1 AND entry_id = $2', accountId, id)
  await sql.run('DELETE FROM scim_users WHERE account_id = $1 AND id = $2', accountId, id)
  await writeAudit(sql, { accountId, ...change, action: 'directory_user.delete', target: id, before: shown(before) })
  return undefined
}

/** A group shows its people: it is another one without them. */
async function touchGroups(sql: Sql, accountId: string, entryId: string, { nowMs }: Change): Promise<void> {
  await sql.run(`UPDATE scim_groups SET version = version + 1, updated_ms = $1 WHERE account_id = $2
    AND id IN (SELECT group_id FROM scim_group_members WHERE account_id = $2 AND entry_id = $3)`, nowMs, accountId, entryId)
}

async function takenBy(sql: Sql, { accountId, id, userName: name, email }: NewEntry): Promise<EntryRefusal | undefined> {
  if (await one(sql, 'SELECT id FROM scim_users WHERE account_id = $1 AND name_key = $2 AND id <> $3', accountId, name.toLowerCase(), id)) return 'name_taken'
  if (email !== null && await one(sql, 'SELECT id FROM scim_users WHERE account_id = $1 AND email = $2 AND id <> $3', accountId, email, id)) return 'email_taken'
  return undefined
}

/**
 * Makes the person of an active entry a member: at once where they are one already, where they were one by this entry, or where the organisation has proven
 * to have the domain of their address; by an invitation that they accept everywhere else.
 */
async function provision(sql: Sql, { accountId, id, invitation, firstName, lastName }: NewEntry, change: Change): Promise<Provisioned> {
  const entry = await kept(sql, accountId, id)
  let invited = false
  if (entry.active && entry.userId !== null) await restore(sql, entry, entry.userId, change)
  else if (entry.active && entry.email !== null) invited = !await takeInEntry(sql, entry, { firstName, lastName }, change) && await inviteOnce(sql, entry, entry.email, invitation, change)
  const [after] = await withGroups(sql, accountId, [await kept(sql, accountId, id)])
  return { entry: seen(after ?? entry), invited }
}

/** False where the person must be asked. */
async function takeInEntry(sql: Sql, { accountId, id, email }: Kept, name: Pick<EntryContent, 'firstName' | 'lastName'>, change: Change): Promise<boolean> {
  if (email === null) return false
  const person = await findUser(sql, 'email', email)
  if (person && await findMember(sql, accountId, person.id)) {
    await linkEntry(sql, accountId, person.id, change)
    return true
  }
  if ((await findActiveDomain(sql, email.slice(email.lastIndexOf('@') + 1)))?.accountId !== accountId) return false
  const user = person ?? { id: `user_${rowId()}`, email, ...name, createdMs: change.nowMs, updatedMs: null, disabledMs: null }
  if (await isFull(sql, accountId, user.id)) throw new OrganizationFull()
  if (!person) {
    await insertUser(sql, user, { id: rowId(), kind: 'personal', name: userName(user), createdMs: change.nowMs }, change)
    await sql.run('UPDATE scim_users SET is_owner = 1 WHERE account_id = $1 AND id = $2', accountId, id)
  }
  // Who has a row in `memberships` is linked to their entry there.
  await insertMember(sql, { accountId, userId: user.id, role: 'member', createdMs: change.nowMs }, change)
  return true
}

async function inviteOnce(sql: Sql, { accountId, id, email }: Kept, to: string, { id: invitationId, tokenHash, expiresMs }: NewEntry['invitation'], change: Change): Promise<boolean> {
  if (await one(sql, 'SELECT id FROM invitations WHERE account_id = $1 AND email = $2 AND accepted_ms IS NULL AND revoked_ms IS NULL AND expires_ms > $3', accountId, email, change.nowMs)) return false
  await insertInvitation(sql, { id: invitationId, accountId, email: to, role: 'member', invitedBy: null, createdMs: change.nowMs, expiresMs, acceptedMs: null, revokedMs: null }, tokenHash, change)
  await sql.run('UPDATE scim_users SET invitation_id = $1 WHERE account_id = $2 AND id = $3', invitationId, accountId, id)
  return true
}

/** Takes the member out: the membership of this organisation, and the keys here, and nothing else of the person (contract H22). */
async function deactivate(sql: Sql, { accountId, id, userId, invitationId }: Kept, change: Change): Promise<void> {
  if (invitationId !== null) await revokeInvitation(sql, accountId, invitationId, change)
  const member = userId === null ? undefined : await findMember(sql, accountId, userId)
  if (!member || userId === null) return
  const rows = await sql.all(`SELECT workspace_id FROM workspace_members WHERE account_id = $1 AND user_id = $2
    AND NOT EXISTS (SELECT 1 FROM scim_access WHERE scim_access.account_id = $1 AND scim_access.user_id = $2 AND scim_access.workspace_id = workspace_members.workspace_id AND scim_access.by_hand = 0)`, accountId, userId)
  const parked: Parked = { role: member.role, workspaceIds: rows.map((row) => text(row, 'workspace_id')) }
  await takeOut(sql, member, change)
  // It stays theirs: activated again, it is them and nobody else that comes back.
  await sql.run('UPDATE scim_users SET user_id = $1, parked = $2 WHERE account_id = $3 AND id = $4', userId, JSON.stringify(parked), accountId, id)
}

/** A member again, as they were; their keys stay disabled. */
async function restore(sql: Sql, { accountId, id, parked }: Kept, userId: string, change: Change): Promise<void> {
  if (await findMember(sql, accountId, userId)) return
  if (await isFull(sql, accountId, userId)) throw new OrganizationFull()
  await insertMember(sql, { accountId, userId, role: parked?.role ?? 'member', createdMs: change.nowMs }, change)
  for (const workspaceId of parked?.workspaceIds ?? []) await addWorkspaceMembers(sql, accountId, workspaceId, [{ id: rowId(), userId }], change)
  await sql.run('UPDATE scim_users SET parked = NULL WHERE account_id = $1 AND id = $2', accountId, id)
  await settleAccess(sql, accountId, [userId], change)
}

/**
 * A person whom this directory made is called as it says, and has the address that it says where both are of domains that the organisation has proven.
 * Nobody else's name or address is touched.
 */
async function followPerson(sql: Sql, userId: string, before: Kept, { accountId, email, firstName, lastName }: NewEntry, change: Change): Promise<EntryRefusal | undefined> {
  const person = await findUser(sql, 'id', userId)
  if (!person) return undefined
  const isTheirs = async (address: string) => (await findActiveDomain(sql, address.slice(address.lastIndexOf('@') + 1)))?.accountId === accountId
  const follows = email !== null && email !== person.email && before.email === person.email && await isTheirs(email) && await isTheirs(person.email)
  if (follows && await findUser(sql, 'email', email)) return 'person_taken'
  const next = { email: follows ? email : person.email, firstName, lastName }
  if (next.email === person.email && firstName === person.firstName && lastName === person.lastName) return undefined
  await sql.run('UPDATE users SET email = $1, first_name = $2, last_name = $3, updated_ms = $4 WHERE id = $5', next.email, firstName, lastName, change.nowMs, userId)
  await writeAudit(sql, { accountId, ...change, action: 'member.change', target: userId, before: { email: person.email, firstName: person.firstName, lastName: person.lastName }, after: next })
  return undefined
}

/** Takes in those who wait, and whose domain the organisation has proven since, as many as it may have. How many. */
export async function takeIn(sql: Sql, accountId: string, change: Change): Promise<number> {
  const rows = await sql.all(`SELECT ${COLUMNS} FROM scim_users WHERE account_id = $1 AND user_id IS NULL AND active = 1 AND email IS NOT NULL ORDER BY created_ms, id`, accountId)
  let count = 0
  for (const entry of rows.map(readKept)) {
    // Nothing was written for who finds it full.
    const taken = await orFull(takeInEntry(sql, entry, namesOf(entry.body), change))
    if (taken === 'full') break
    if (!taken) continue
    count += 1
    if (entry.invitationId !== null) await revokeInvitation(sql, accountId, entry.invitationId, change)
  }
  return count
}

async function findKept(sql: Sql, accountId: string, id: string): Promise<Kept | undefined> {
  const row = await one(sql, `SELECT ${COLUMNS} FROM scim_users WHERE account_id = $1 AND id = $2`, accountId, id)
  return row && readKept(row)
}

async function kept(sql: Sql, accountId: string, id: string): Promise<Kept> {
  const entry = await findKept(sql, accountId, id)
  if (!entry) throw new Error('an entry that was written in this transaction is gone')
  return entry
}

/** As the log of changes shows it: not all that a directory knows of a person. */
function shown({ userName: name, externalId, email, active }: Pick<EntryContent, 'userName' | 'externalId' | 'email' | 'active'>): object {
  return { userName: name, externalId, email, active }
}

function seen(entry: Kept): Entry {
  const { isOwner: _isOwner, parked: _parked, invitationId: _invitationId, ...shown } = entry
  return shown
}

function readKept(row: Row): Kept {
  // Written by insertEntry and changeEntry, which write an object.
  const body = JSON.parse(text(row, 'body')) as JsonObject
  const [userId, email, active, parked] = [textOrNull(row, 'user_id'), textOrNull(row, 'email'), int(row, 'active') !== 0, textOrNull(row, 'parked')]
  const state: EntryState = !active ? 'inactive' : userId !== null ? 'member' : email !== null ? 'invited' : 'no_address'
  return {
    id: text(row, 'id'), accountId: text(row, 'account_id'), userName: String(body['userName']), externalId: textOrNull(row, 'external_id'), email, active, body, userId, state,
    version: int(row, 'version'), createdMs: int(row, 'created_ms'), updatedMs: int(row, 'updated_ms'), groups: [],
    // Written by deactivate, from the same type.
    isOwner: int(row, 'is_owner') !== 0, parked: parked === null ? null : JSON.parse(parked) as Parked, invitationId: textOrNull(row, 'invitation_id'),
  }
}
