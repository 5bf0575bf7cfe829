import type { Actor } from '../accounts/audit-entry.ts'
import type { Change, Listed, Page, WorkspaceMemberRefusal, WorkspaceRefusal } from '../accounts/people-store.ts'
import type { Role } from '../accounts/roles.ts'
import { defaultWorkspaceId, WORKSPACE_SETTINGS, type Workspace, type WorkspaceChange, type WorkspaceMember, type WorkspaceSettings } from '../accounts/workspace.ts'
import { rowId } from '../lib/id.ts'
import { writeAudit } from './audit-rows.ts'
import { deleteByokKeysIn } from './byok-rows.ts'
import { deleteKey, touchKeys } from './key-rows.ts'
import { dropGuardrail } from './rule-log.ts'
import { noteRules } from './rule-rows.ts'
import { nextRevision } from './schema.ts'
import { int, intOrNull, one, text, textOrNull, type Row, type Sql, type SqlValue } from './sql.ts'

const COLUMNS = 'account_id, id, slug, name, description, settings, include_byok, created_by, created_ms, updated_ms'

export async function findWorkspace(sql: Sql, accountId: string, idOrSlug: string): Promise<Workspace | undefined> {
  const row = await one(sql, `SELECT ${COLUMNS} FROM workspaces WHERE account_id = $1 AND (id = $2 OR slug = $2) ORDER BY CASE WHEN id = $2 THEN 0 ELSE 1 END`, accountId, idOrSlug)
  return row && readWorkspace(row)
}

export async function listWorkspaces(sql: Sql, accountId: string, { offset, limit, memberId }: Page & { readonly memberId?: string }): Promise<Listed<Workspace>> {
  const values: SqlValue[] = [accountId]
  const add = (value: SqlValue): string => `$${values.push(value)}`
  const where = `account_id = $1${memberId === undefined ? '' : ` AND (id = ${add(defaultWorkspaceId(accountId))} OR id IN (SELECT workspace_id FROM workspace_members WHERE account_id = $1 AND user_id = ${add(memberId)}))`}`
  const total = await one(sql, `SELECT COUNT(*) AS total FROM workspaces WHERE ${where}`, ...values)
  // The default workspace is as old as its account.
  const rows = await sql.all(`SELECT ${COLUMNS} FROM workspaces WHERE ${where} ORDER BY created_ms, id LIMIT ${add(limit)} OFFSET ${add(offset)}`, ...values)
  return { rows: rows.map(readWorkspace), total: int(total, 'total') }
}

/** The row alone: for a workspace that nobody asked for by itself. */
export async function insertWorkspaceRow(sql: Sql, workspace: Workspace): Promise<boolean> {
  const { accountId, id, slug, name, description, settings, includeByokInBudgets, createdBy, createdMs, updatedMs } = workspace
  return await sql.run(`INSERT INTO workspaces (${COLUMNS}, changed) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (account_id, slug) DO NOTHING`,
    accountId, id, slug, name, description, JSON.stringify(settings), includeByokInBudgets ? 1 : 0, createdBy, createdMs, updatedMs, await nextRevision(sql)) === 1
}

export async function insertWorkspace(sql: Sql, workspace: Workspace, { by, nowMs }: Change): Promise<WorkspaceRefusal | undefined> {
  if (!await insertWorkspaceRow(sql, workspace)) return 'slug_taken'
  await writeAudit(sql, { accountId: workspace.accountId, by, nowMs, action: 'workspace.create', target: workspace.id, after: seen(workspace) })
  // Whoever makes one works in it. Nobody does where it is made by a key that is of nobody, or at the command line.
  if (workspace.createdBy !== null) await addWorkspaceMembers(sql, workspace.accountId, workspace.id, [{ id: rowId(), userId: workspace.createdBy }], { by, nowMs })
  return undefined
}

export async function changeWorkspace(sql: Sql, accountId: string, id: string, wish: WorkspaceChange, { by, nowMs }: Change): Promise<Workspace | WorkspaceRefusal> {
  const before = await findById(sql, accountId, id)
  if (!before) return 'no_workspace'
  const { settings, ...rest } = wish
  const after: Workspace = { ...before, ...defined(rest), settings: { ...before.settings, ...defined(settings ?? {}) }, updatedMs: nowMs }
  if (await one(sql, 'SELECT id FROM workspaces WHERE account_id = $1 AND slug = $2 AND id <> $3', accountId, after.slug, id)) return 'slug_taken'
  await sql.run('UPDATE workspaces SET slug = $1, name = $2, description = $3, settings = $4, updated_ms = $5, changed = $6 WHERE account_id = $7 AND id = $8',
    after.slug, after.name, after.description, JSON.stringify(after.settings), nowMs, await nextRevision(sql), accountId, id)
  await noteRules(sql, accountId)
  await touchKeys(sql, 'workspace_id', id)
  await writeAudit(sql, { accountId, by, nowMs, action: 'workspace.change', target: id, before: seen(before), after: seen(after) })
  return after
}

/** A key is active that could be used now or at any time after. */
const ACTIVE = 'keys.deleted_ms IS NULL AND keys.disabled = 0 AND (keys.expires_ms IS NULL OR keys.expires_ms > $3)'

export async function deleteWorkspace(sql: Sql, accountId: string, id: string, { by, nowMs }: Change): Promise<WorkspaceRefusal | undefined> {
  const workspace = await findById(sql, accountId, id)
  if (!workspace) return 'no_workspace'
  if (await one(sql, `SELECT hash FROM keys WHERE account_id = $1 AND workspace_id = $2 AND ${ACTIVE}`, accountId, id, nowMs)) return 'has_keys'
  await deleteKeysIn(sql, accountId, id, by, nowMs)
  await deleteByokKeysIn(sql, accountId, id, { by, nowMs })
  for (const row of await sql.all('SELECT id FROM guardrails WHERE account_id = $1 AND workspace_id = $2', accountId, id)) await dropGuardrail(sql, accountId, text(row, 'id'), { by, nowMs })
  for (const table of ['budgets', 'workspace_members', 'scim_mappings', 'scim_access']) await sql.run(`DELETE FROM ${table} WHERE account_id = $1 AND workspace_id = $2`, accountId, id)
  await sql.run('DELETE FROM workspaces WHERE account_id = $1 AND id = $2', accountId, id)
  await writeAudit(sql, { accountId, by, nowMs, action: 'workspace.delete', target: id, before: seen(workspace) })
  return undefined
}

async function deleteKeysIn(sql: Sql, accountId: string, workspaceId: string, by: Actor, nowMs: number): Promise<void> {
  const rows = await sql.all('SELECT hash FROM keys WHERE account_id = $1 AND workspace_id = $2 AND deleted_ms IS NULL', accountId, workspaceId)
  for (const row of rows) await deleteKey(sql, accountId, text(row, 'hash'), by, nowMs)
}

const MEMBER = `SELECT workspace_members.id, workspace_members.workspace_id, workspace_members.user_id, workspace_members.created_ms, COALESCE((SELECT scim_access.role FROM scim_access WHERE scim_access.account_id = workspace_members.account_id
  AND scim_access.workspace_id = workspace_members.workspace_id AND scim_access.user_id = workspace_members.user_id AND memberships.role <> 'admin'), memberships.role) AS role FROM workspace_members`
const WITH_ROLE = 'JOIN memberships ON memberships.account_id = workspace_members.account_id AND memberships.user_id = workspace_members.user_id'

export async function listWorkspaceMembers(sql: Sql, accountId: string, workspaceId: string, { offset, limit }: Page): Promise<Listed<WorkspaceMember>> {
  const rows = await sql.all(`${MEMBER} ${WITH_ROLE} WHERE workspace_members.account_id = $1 AND workspace_members.workspace_id = $2
    ORDER BY workspace_members.created_ms, workspace_members.id LIMIT $3 OFFSET $4`, accountId, workspaceId, limit, offset)
  const total = await one(sql, 'SELECT COUNT(*) AS total FROM workspace_members WHERE account_id = $1 AND workspace_id = $2', accountId, workspaceId)
  return { rows: rows.map(readMember), total: int(total, 'total') }
}

export async function isWorkspaceMember(sql: Sql, accountId: string, workspaceId: string, userId: string): Promise<boolean> {
  if (workspaceId === defaultWorkspaceId(accountId)) return await one(sql, 'SELECT user_id FROM memberships WHERE account_id = $1 AND user_id = $2', accountId, userId) !== undefined
  return await one(sql, 'SELECT id FROM workspace_members WHERE account_id = $1 AND workspace_id = $2 AND user_id = $3', accountId, workspaceId, userId) !== undefined
}

export async function addWorkspaceMembers(sql: Sql, accountId: string, workspaceId: string, members: readonly { readonly id: string; readonly userId: string }[], { by, nowMs }: Change): Promise<readonly WorkspaceMember[] | WorkspaceMemberRefusal> {
  if (!await findById(sql, accountId, workspaceId)) return { code: 'no_workspace' }
  const strangers: string[] = []
  for (const { userId } of members) if (!await one(sql, 'SELECT user_id FROM memberships WHERE account_id = $1 AND user_id = $2', accountId, userId)) strangers.push(userId)
  if (strangers.length > 0) return { code: 'no_member', userIds: strangers }
  const added: WorkspaceMember[] = []
  for (const { id, userId } of members) {
    const isNew = await sql.run('INSERT INTO workspace_members (account_id, workspace_id, user_id, id, created_ms) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (account_id, workspace_id, user_id) DO NOTHING',
      accountId, workspaceId, userId, id, nowMs) === 1
    const row = isNew && await one(sql, `${MEMBER} ${WITH_ROLE} WHERE workspace_members.account_id = $1 AND workspace_members.workspace_id = $2 AND workspace_members.user_id = $3`, accountId, workspaceId, userId)
    if (!row) continue
    added.push(readMember(row))
    await writeAudit(sql, { accountId, by, nowMs, action: 'workspace_member.add', target: workspaceId, after: { userId } })
  }
  return added
}

export async function removeWorkspaceMembers(sql: Sql, accountId: string, workspaceId: string, userIds: readonly string[], { by, nowMs }: Change): Promise<number | WorkspaceMemberRefusal> {
  if (!await findById(sql, accountId, workspaceId)) return { code: 'no_workspace' }
  const busy: string[] = []
  for (const userId of userIds) if (await one(sql, `SELECT hash FROM keys WHERE account_id = $1 AND workspace_id = $2 AND ${ACTIVE} AND creator_user_id = $4`, accountId, workspaceId, nowMs, userId)) busy.push(userId)
  if (busy.length > 0) return { code: 'has_keys', userIds: busy }
  const mapped: string[] = []
  for (const userId of userIds) if (await one(sql, 'SELECT user_id FROM scim_access WHERE account_id = $1 AND workspace_id = $2 AND user_id = $3', accountId, workspaceId, userId)) mapped.push(userId)
  if (mapped.length > 0) return { code: 'kept_by_directory', userIds: mapped }
  let count = 0
  for (const userId of userIds) {
    const removed = await sql.run('DELETE FROM workspace_members WHERE account_id = $1 AND workspace_id = $2 AND user_id = $3', accountId, workspaceId, userId)
    if (removed > 0) await writeAudit(sql, { accountId, by, nowMs, action: 'workspace_member.remove', target: workspaceId, before: { userId } })
    count += removed
  }
  return count
}

async function findById(sql: Sql, accountId: string, id: string): Promise<Workspace | undefined> {
  const row = await one(sql, `SELECT ${COLUMNS} FROM workspaces WHERE account_id = $1 AND id = $2`, accountId, id)
  return row && readWorkspace(row)
}

/** As the log of changes shows it. */
function seen({ slug, name, description, settings }: Workspace): object {
  return { slug, name, description, settings }
}

/** The fields that a change names: undefined means "as it was". */
function defined<T extends object>(change: T): Partial<T> {
  // Its own fields, fewer of them.
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined)) as Partial<T>
}

function readWorkspace(row: Row): Workspace {
  return {
    id: text(row, 'id'), accountId: text(row, 'account_id'), slug: text(row, 'slug'), name: text(row, 'name'), description: textOrNull(row, 'description'),
    // Written by insertWorkspaceRow and changeWorkspace, from the same type; what is newer than the row is as if never said.
    settings: { ...WORKSPACE_SETTINGS, ...JSON.parse(text(row, 'settings')) as Partial<WorkspaceSettings> },
    includeByokInBudgets: int(row, 'include_byok') !== 0, createdBy: textOrNull(row, 'created_by'), createdMs: int(row, 'created_ms'), updatedMs: intOrNull(row, 'updated_ms'),
  }
}

function readMember(row: Row): WorkspaceMember {
  // The role was written by insertMember, from the same type.
  return { id: text(row, 'id'), workspaceId: text(row, 'workspace_id'), userId: text(row, 'user_id'), role: text(row, 'role') as Role, createdMs: int(row, 'created_ms') }
}
