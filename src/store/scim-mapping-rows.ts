import type { Change, Listed, Page } from '../accounts/people-store.ts'
import type { Role } from '../accounts/roles.ts'
import type { Mapping, MappingChanged } from '../accounts/scim/scim-store.ts'
import { writeAudit } from './audit-rows.ts'
import { readRole, settleSome } from './scim-access.ts'
import { findGroup, usersOfGroup } from './scim-group-rows.ts'
import { int, one, text, type Row, type Sql } from './sql.ts'

const COLUMNS = 'account_id, id, group_id, workspace_id, role, created_ms, updated_ms'

export async function listMappings(sql: Sql, accountId: string, { offset, limit }: Page): Promise<Listed<Mapping>> {
  const rows = await sql.all(`SELECT ${COLUMNS} FROM scim_mappings WHERE account_id = $1 ORDER BY created_ms, id LIMIT $2 OFFSET $3`, accountId, limit, offset)
  return { rows: rows.map(readMapping), total: int(await one(sql, 'SELECT COUNT(*) AS total FROM scim_mappings WHERE account_id = $1', accountId), 'total') }
}

export async function findMapping(sql: Sql, accountId: string, id: string): Promise<Mapping | undefined> {
  const row = await one(sql, `SELECT ${COLUMNS} FROM scim_mappings WHERE account_id = $1 AND id = $2`, accountId, id)
  return row && readMapping(row)
}

export async function insertMapping(sql: Sql, mapping: Mapping, change: Change): Promise<MappingChanged | 'no_group' | 'no_workspace' | 'pair_taken'> {
  const { accountId, id, groupId, workspaceId, role } = mapping
  if (!await findGroup(sql, accountId, groupId)) return 'no_group'
  if (!await one(sql, 'SELECT id FROM workspaces WHERE account_id = $1 AND id = $2', accountId, workspaceId)) return 'no_workspace'
  const isNew = await sql.run(`INSERT INTO scim_mappings (${COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $6) ON CONFLICT (account_id, group_id, workspace_id) DO NOTHING`, accountId, id, groupId, workspaceId, role, change.nowMs) === 1
  if (!isNew) return 'pair_taken'
  await writeAudit(sql, { accountId, ...change, action: 'group_mapping.create', target: id, after: seen(mapping) })
  return { mapping, unsettled: await settleSome(sql, accountId, await usersOfGroup(sql, accountId, groupId), change) }
}

export async function changeMapping(sql: Sql, accountId: string, id: string, role: Role, change: Change): Promise<MappingChanged | undefined> {
  const before = await findMapping(sql, accountId, id)
  if (!before) return undefined
  if (before.role === role) return { mapping: before, unsettled: [] }
  const mapping = { ...before, role, updatedMs: change.nowMs }
  await sql.run('UPDATE scim_mappings SET role = $1, updated_ms = $2 WHERE account_id = $3 AND id = $4', role, change.nowMs, accountId, id)
  await writeAudit(sql, { accountId, ...change, action: 'group_mapping.change', target: id, before: seen(before), after: seen(mapping) })
  return { mapping, unsettled: await settleSome(sql, accountId, await usersOfGroup(sql, accountId, before.groupId), change) }
}

export async function deleteMapping(sql: Sql, accountId: string, id: string, keepMembers: boolean, change: Change): Promise<readonly string[] | undefined> {
  const before = await findMapping(sql, accountId, id)
  if (!before) return undefined
  const userIds = await usersOfGroup(sql, accountId, before.groupId)
  await sql.run('DELETE FROM scim_mappings WHERE account_id = $1 AND id = $2', accountId, id)
  // By hand from now on: without a mapping they stay in the workspace, with the role that they have in the organisation.
  if (keepMembers) await sql.run(`UPDATE scim_access SET by_hand = 1 WHERE account_id = $1 AND workspace_id = $2 AND user_id IN (
    SELECT scim_users.user_id FROM scim_users JOIN scim_group_members ON scim_group_members.account_id = scim_users.account_id AND scim_group_members.entry_id = scim_users.id
    WHERE scim_users.account_id = $1 AND scim_group_members.group_id = $3 AND scim_users.user_id IS NOT NULL)`, accountId, before.workspaceId, before.groupId)
  await writeAudit(sql, { accountId, ...change, action: 'group_mapping.delete', target: id, before: { ...seen(before), keepMembers } })
  return await settleSome(sql, accountId, userIds, change)
}

/** The role that mappings give a person in a workspace. */
export async function mappedRole(sql: Sql, accountId: string, workspaceId: string, userId: string): Promise<Role | undefined> {
  const row = await one(sql, `SELECT scim_access.role FROM scim_access JOIN memberships ON memberships.account_id = scim_access.account_id AND memberships.user_id = scim_access.user_id
    WHERE scim_access.account_id = $1 AND scim_access.workspace_id = $2 AND scim_access.user_id = $3`, accountId, workspaceId, userId)
  return row && readRole(row)
}

/** The members that a directory keeps, or that have access by a mapping. */
export async function directoryMembers(sql: Sql, accountId: string): Promise<readonly string[]> {
  const rows = await sql.all('SELECT user_id FROM scim_users WHERE account_id = $1 AND user_id IS NOT NULL UNION SELECT user_id FROM scim_access WHERE account_id = $1', accountId)
  return rows.map((row) => text(row, 'user_id'))
}

function seen({ groupId, workspaceId, role }: Mapping): object {
  return { groupId, workspaceId, role }
}

function readMapping(row: Row): Mapping {
  return {
    id: text(row, 'id'), accountId: text(row, 'account_id'), groupId: text(row, 'group_id'), workspaceId: text(row, 'workspace_id'), role: readRole(row),
    createdMs: int(row, 'created_ms'), updatedMs: int(row, 'updated_ms'),
  }
}
