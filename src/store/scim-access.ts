import type { Change } from '../accounts/people-store.ts'
import type { Role } from '../accounts/roles.ts'
import { defaultWorkspaceId } from '../accounts/workspace.ts'
import { rowId } from '../lib/id.ts'
import { writeAudit } from './audit-rows.ts'
import { disableKeysOf } from './key-rows.ts'
import { int, one, text, type Row, type Sql } from './sql.ts'

/** So many members' access is settled in the transaction of its cause; the rest in transactions of their own, so that calls' bills need not wait. */
const INLINE_MAX = 300

interface Access { readonly role: Role; readonly byHand: boolean }

/** As `settleAccess`, for as many as one transaction should do. Who is left. */
export async function settleSome(sql: Sql, accountId: string, userIds: readonly string[], change: Change): Promise<readonly string[]> {
  await settleAccess(sql, accountId, userIds.slice(0, INLINE_MAX), change)
  return userIds.slice(INLINE_MAX)
}

/** Makes what members may do in workspaces what the mappings of their groups say (contract H22). How many places changed. */
export async function settleAccess(sql: Sql, accountId: string, userIds: readonly string[], change: Change): Promise<number> {
  let count = 0
  for (const userId of userIds) count += await settleOne(sql, accountId, userId, change)
  return count
}

async function settleOne(sql: Sql, accountId: string, userId: string, change: Change): Promise<number> {
  const wanted = await wantedRoles(sql, accountId, userId)
  const rows = await sql.all('SELECT workspace_id, role, by_hand FROM scim_access WHERE account_id = $1 AND user_id = $2', accountId, userId)
  const had = new Map(rows.map((row): [string, Access] => [text(row, 'workspace_id'), { role: readRole(row), byHand: int(row, 'by_hand') !== 0 }]))
  let count = 0
  for (const [workspaceId, role] of wanted) {
    const before = had.get(workspaceId)
    if (before?.role === role) continue
    await (before ? changeAccess(sql, { accountId, workspaceId, userId, role, before: before.role }, change) : grantAccess(sql, { accountId, workspaceId, userId, role }, change))
    count += 1
  }
  for (const [workspaceId, { byHand, role }] of had) {
    if (wanted.has(workspaceId)) continue
    await takeAccess(sql, { accountId, workspaceId, userId, role }, byHand, change)
    count += 1
  }
  return count
}

/** The highest role of all mappings of the groups that the person is in, by workspace. */
async function wantedRoles(sql: Sql, accountId: string, userId: string): Promise<Map<string, Role>> {
  const rows = await sql.all(`SELECT scim_mappings.workspace_id, scim_mappings.role FROM scim_users
    JOIN memberships ON memberships.account_id = scim_users.account_id AND memberships.user_id = scim_users.user_id
    JOIN scim_group_members ON scim_group_members.account_id = scim_users.account_id AND scim_group_members.entry_id = scim_users.id
    JOIN scim_mappings ON scim_mappings.account_id = scim_group_members.account_id AND scim_mappings.group_id = scim_group_members.group_id
    WHERE scim_users.account_id = $1 AND scim_users.user_id = $2 AND scim_users.active = 1`, accountId, userId)
  const wanted = new Map<string, Role>()
  for (const row of rows) if (wanted.get(text(row, 'workspace_id')) !== 'admin') wanted.set(text(row, 'workspace_id'), readRole(row))
  return wanted
}

interface Place { readonly accountId: string; readonly workspaceId: string; readonly userId: string; readonly role: Role }

async function grantAccess(sql: Sql, { accountId, workspaceId, userId, role }: Place, change: Change): Promise<void> {
  // In the default workspace everybody is, without a row of their own.
  const isNew = workspaceId !== defaultWorkspaceId(accountId)
    && await sql.run('INSERT INTO workspace_members (account_id, workspace_id, user_id, id, created_ms) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (account_id, workspace_id, user_id) DO NOTHING',
      accountId, workspaceId, userId, rowId(), change.nowMs) === 1
  await sql.run('INSERT INTO scim_access (account_id, workspace_id, user_id, role, by_hand) VALUES ($1, $2, $3, $4, $5)', accountId, workspaceId, userId, role, isNew ? 0 : 1)
  await writeAudit(sql, { accountId, ...change, action: isNew ? 'workspace_member.add' : 'workspace_member.change', target: workspaceId, after: { userId, role, by: 'group mapping' } })
}

async function changeAccess(sql: Sql, { accountId, workspaceId, userId, role, before }: Place & { readonly before: Role }, change: Change): Promise<void> {
  await sql.run('UPDATE scim_access SET role = $1 WHERE account_id = $2 AND workspace_id = $3 AND user_id = $4', role, accountId, workspaceId, userId)
  await writeAudit(sql, { accountId, ...change, action: 'workspace_member.change', target: workspaceId, before: { userId, role: before }, after: { userId, role, by: 'group mapping' } })
}

/** Keys that they have in a workspace that they are no longer in are disabled. */
async function takeAccess(sql: Sql, { accountId, workspaceId, userId, role }: Place, byHand: boolean, change: Change): Promise<void> {
  await sql.run('DELETE FROM scim_access WHERE account_id = $1 AND workspace_id = $2 AND user_id = $3', accountId, workspaceId, userId)
  if (!byHand) {
    await disableKeysOf(sql, accountId, userId, change.by, change.nowMs, workspaceId)
    await sql.run('DELETE FROM workspace_members WHERE account_id = $1 AND workspace_id = $2 AND user_id = $3', accountId, workspaceId, userId)
  }
  await writeAudit(sql, { accountId, ...change, action: byHand ? 'workspace_member.change' : 'workspace_member.remove', target: workspaceId, before: { userId, role, by: 'group mapping' } })
}

/** The entry of the directory that has this member's address becomes theirs, with what its groups give. */
export async function linkEntry(sql: Sql, accountId: string, userId: string, change: Change): Promise<void> {
  const linked = await sql.run(`UPDATE scim_users SET user_id = $1, version = version + 1, updated_ms = $2 WHERE account_id = $3 AND user_id IS NULL AND active = 1
    AND email = (SELECT email FROM users WHERE id = $1) AND NOT EXISTS (SELECT 1 FROM scim_users AS others WHERE others.account_id = $3 AND others.user_id = $1)`, userId, change.nowMs, accountId)
  if (linked === 0 && !await one(sql, 'SELECT id FROM scim_users WHERE account_id = $1 AND user_id = $2', accountId, userId)) return
  await settleAccess(sql, accountId, [userId], change)
}

/** A member goes: what mappings gave them too, and their entry is nobody's. Who takes them out says what else goes. */
export async function unlinkEntry(sql: Sql, accountId: string, userId: string): Promise<void> {
  await sql.run('DELETE FROM scim_access WHERE account_id = $1 AND user_id = $2', accountId, userId)
  await sql.run('UPDATE scim_users SET user_id = NULL WHERE account_id = $1 AND user_id = $2', accountId, userId)
}

/** Whether a directory keeps this member: only it can take them out then. One whose tokens are all revoked keeps nobody. */
export async function isKeptByDirectory(sql: Sql, accountId: string, userId: string): Promise<boolean> {
  return await one(sql, `SELECT scim_users.id FROM scim_users WHERE scim_users.account_id = $1 AND scim_users.user_id = $2 AND scim_users.active = 1
    AND EXISTS (SELECT 1 FROM scim_tokens WHERE scim_tokens.account_id = $1 AND scim_tokens.revoked_ms IS NULL)`, accountId, userId) !== undefined
}

export function readRole(row: Row): Role {
  // Written from the same type.
  return text(row, 'role') as Role
}
