import type { Change, Listed, Page } from '../accounts/people-store.ts'
import type { Group, GroupChange, GroupChanged, GroupRefusal, GroupSearch, NewGroup } from '../accounts/scim/scim-store.ts'
import { writeAudit } from './audit-rows.ts'
import { groupBy } from './groups.ts'
import { settleSome } from './scim-access.ts'
import { int, one, pieces, rowsAt, text, textOrNull, tuples, type Row, type Sql, type SqlValue } from './sql.ts'

const COLUMNS = 'account_id, id, name, name_key, external_id, version, created_ms, updated_ms'
/** The log of changes names so many of those who came or went, and counts the others. */
const NAMED_MAX = 100

export async function listGroups(sql: Sql, accountId: string, search: GroupSearch, { offset, limit }: Page): Promise<Listed<Group>> {
  const values: SqlValue[] = [accountId]
  const only = (condition: string, value: string | undefined) => (value === undefined ? '' : ` AND ${condition.replace('?', `$${values.push(value)}`)}`)
  const where = `account_id = $1${only('id = ?', search.id)}${only('name_key = ?', search.name?.toLowerCase())}${only('external_id = ?', search.externalId)}${
    only('id IN (SELECT group_id FROM scim_group_members WHERE scim_group_members.account_id = $1 AND entry_id = ?)', search.memberId)}`
  const total = int(await one(sql, `SELECT COUNT(*) AS total FROM scim_groups WHERE ${where}`, ...values), 'total')
  const rows = limit === 0 ? [] : await sql.all(`SELECT ${COLUMNS} FROM scim_groups WHERE ${where} ORDER BY created_ms, id LIMIT $${values.length + 1} OFFSET $${values.length + 2}`, ...values, limit, offset)
  const groups = rows.map(readGroup)
  return { rows: search.withMembers ? await withMembers(sql, groups) : groups, total }
}

async function withMembers(sql: Sql, groups: readonly Group[]): Promise<Group[]> {
  const rows = await rowsAt(sql, 'SELECT group_id, entry_id FROM scim_group_members WHERE (account_id, group_id)', groups.map(({ accountId, id }) => [accountId, id]))
  const members = groupBy(rows, (row) => text(row, 'group_id'))
  return groups.map((group) => ({ ...group, members: (members.get(group.id) ?? []).map((row) => text(row, 'entry_id')).toSorted() }))
}

export async function insertGroup(sql: Sql, { accountId, id, name, externalId, members }: NewGroup, change: Change): Promise<GroupChanged | GroupRefusal> {
  if (await isTaken(sql, accountId, id, name)) return 'name_taken'
  const strangers = await strangersOf(sql, accountId, members)
  if (strangers.length > 0) return { strangers }
  await sql.run(`INSERT INTO scim_groups (${COLUMNS}) VALUES ($1, $2, $3, $4, $5, 1, $6, $6)`, accountId, id, name, name.toLowerCase(), externalId, change.nowMs)
  await addMembers(sql, accountId, id, members)
  await writeAudit(sql, { accountId, ...change, action: 'directory_group.create', target: id, after: { name, externalId, ...named('added', members) } })
  return { group: await known(sql, accountId, id), unsettled: [] }
}

export async function changeGroup(sql: Sql, accountId: string, id: string, { name, externalId, members }: GroupChange, version: number, change: Change): Promise<GroupChanged | GroupRefusal> {
  const before = await findGroup(sql, accountId, id)
  if (!before) return 'no_group'
  if (before.version !== version) return 'stale'
  if (await isTaken(sql, accountId, id, name)) return 'name_taken'
  const wished = 'only' in members ? members.only : members.add
  const strangers = await strangersOf(sql, accountId, wished)
  if (strangers.length > 0) return { strangers }
  const removed = await membersAmong(sql, accountId, id, 'only' in members ? { notIn: new Set(members.only) } : { in: members.remove })
  await removeMembers(sql, accountId, id, removed)
  const added = await addMembers(sql, accountId, id, wished)
  await sql.run('UPDATE scim_groups SET name = $1, name_key = $2, external_id = $3, version = version + 1, updated_ms = $4 WHERE account_id = $5 AND id = $6', name, name.toLowerCase(), externalId, change.nowMs, accountId, id)
  if (name !== before.name) await touchEntriesOf(sql, accountId, id)
  await touchEntries(sql, accountId, [...added, ...removed])
  await writeAudit(sql, { accountId, ...change, action: 'directory_group.change', target: id, before: { name: before.name, externalId: before.externalId }, after: { name, externalId, ...named('added', added), ...named('removed', removed) } })
  return { group: await known(sql, accountId, id), unsettled: await settleSome(sql, accountId, await usersOf(sql, accountId, [...added, ...removed]), change) }
}

export async function deleteGroup(sql: Sql, accountId: string, id: string, version: number | undefined, change: Change): Promise<GroupRefusal | readonly string[]> {
  const before = await findGroup(sql, accountId, id)
  if (!before) return 'no_group'
  if (version !== undefined && before.version !== version) return 'stale'
  const userIds = await usersOfGroup(sql, accountId, id)
  await touchEntriesOf(sql, accountId, id)
  for (const row of await sql.all('SELECT id, workspace_id, role FROM scim_mappings WHERE account_id = $1 AND group_id = $2', accountId, id)) {
    await writeAudit(sql, { accountId, ...change, action: 'group_mapping.delete', target: text(row, 'id'), before: { groupId: id, workspaceId: text(row, 'workspace_id'), role: text(row, 'role'), keepMembers: false } })
  }
  for (const table of ['scim_mappings', 'scim_group_members']) await sql.run(`DELETE FROM ${table} WHERE account_id = $1 AND group_id = $2`, accountId, id)
  await sql.run('DELETE FROM scim_groups WHERE account_id = $1 AND id = $2', accountId, id)
  await writeAudit(sql, { accountId, ...change, action: 'directory_group.delete', target: id, before: { name: before.name, externalId: before.externalId } })
  return await settleSome(sql, accountId, userIds, change)
}

/** The members that are in a group. */
export async function usersOfGroup(sql: Sql, accountId: string, groupId: string): Promise<readonly string[]> {
  const rows = await sql.all(`SELECT scim_users.user_id FROM scim_group_members
    JOIN scim_users ON scim_users.account_id = scim_group_members.account_id AND scim_users.id = scim_group_members.entry_id
    WHERE scim_group_members.account_id = $1 AND scim_group_members.group_id = $2 AND scim_users.user_id IS NOT NULL ORDER BY scim_users.user_id`, accountId, groupId)
  return rows.map((row) => text(row, 'user_id'))
}

export async function findGroup(sql: Sql, accountId: string, id: string): Promise<Group | undefined> {
  const row = await one(sql, `SELECT ${COLUMNS} FROM scim_groups WHERE account_id = $1 AND id = $2`, accountId, id)
  return row && readGroup(row)
}

async function known(sql: Sql, accountId: string, id: string): Promise<Group> {
  const group = await findGroup(sql, accountId, id)
  if (!group) throw new Error('a group that was written in this transaction is gone')
  const [whole = group] = await withMembers(sql, [group])
  return whole
}

async function isTaken(sql: Sql, accountId: string, id: string, name: string): Promise<boolean> {
  return await one(sql, 'SELECT id FROM scim_groups WHERE account_id = $1 AND name_key = $2 AND id <> $3', accountId, name.toLowerCase(), id) !== undefined
}

/** Of these ids those that are no people of the directory. */
async function strangersOf(sql: Sql, accountId: string, ids: readonly string[]): Promise<readonly string[]> {
  const found = new Set((await rowsAt(sql, 'SELECT id FROM scim_users WHERE (account_id, id)', ids.map((id) => [accountId, id]))).map((row) => text(row, 'id')))
  return ids.filter((id) => !found.has(id))
}

async function usersOf(sql: Sql, accountId: string, entryIds: readonly string[]): Promise<readonly string[]> {
  const rows = await rowsAt(sql, 'SELECT user_id FROM scim_users WHERE user_id IS NOT NULL AND (account_id, id)', entryIds.map((id) => [accountId, id]))
  return rows.map((row) => text(row, 'user_id'))
}

async function membersAmong(sql: Sql, accountId: string, groupId: string, which: { readonly in: readonly string[] } | { readonly notIn: ReadonlySet<string> }): Promise<readonly string[]> {
  const rows = await sql.all('SELECT entry_id FROM scim_group_members WHERE account_id = $1 AND group_id = $2', accountId, groupId)
  const ids = rows.map((row) => text(row, 'entry_id'))
  if ('notIn' in which) return ids.filter((id) => !which.notIn.has(id))
  const wanted = new Set(which.in)
  return ids.filter((id) => wanted.has(id))
}

/** Those who were not in it before. */
async function addMembers(sql: Sql, accountId: string, groupId: string, entryIds: readonly string[]): Promise<readonly string[]> {
  const added: string[] = []
  for (const piece of pieces([...new Set(entryIds)])) {
    const rows = await sql.all(`INSERT INTO scim_group_members (account_id, group_id, entry_id) VALUES ${tuples(piece.length, 3)} ON CONFLICT (account_id, group_id, entry_id) DO NOTHING RETURNING entry_id`,
      ...piece.flatMap((id) => [accountId, groupId, id]))
    added.push(...rows.map((row) => text(row, 'entry_id')))
  }
  return added
}

async function removeMembers(sql: Sql, accountId: string, groupId: string, entryIds: readonly string[]): Promise<void> {
  for (const piece of pieces(entryIds)) {
    await sql.run(`DELETE FROM scim_group_members WHERE (account_id, group_id, entry_id) IN (VALUES ${tuples(piece.length, 3)})`, ...piece.flatMap((id) => [accountId, groupId, id]))
  }
}

/** People show their groups: they are others with another one. */
async function touchEntries(sql: Sql, accountId: string, entryIds: readonly string[]): Promise<void> {
  for (const piece of pieces(entryIds)) await sql.run(`UPDATE scim_users SET version = version + 1 WHERE (account_id, id) IN (VALUES ${tuples(piece.length, 2)})`, ...piece.flatMap((id) => [accountId, id]))
}

async function touchEntriesOf(sql: Sql, accountId: string, groupId: string): Promise<void> {
  await sql.run('UPDATE scim_users SET version = version + 1 WHERE account_id = $1 AND id IN (SELECT entry_id FROM scim_group_members WHERE account_id = $1 AND group_id = $2)', accountId, groupId)
}

function named(word: string, ids: readonly string[]): object {
  return ids.length === 0 ? {} : { [word]: ids.slice(0, NAMED_MAX), ...(ids.length > NAMED_MAX && { [`${word}Count`]: ids.length }) }
}

function readGroup(row: Row): Group {
  return {
    id: text(row, 'id'), accountId: text(row, 'account_id'), name: text(row, 'name'), externalId: textOrNull(row, 'external_id'),
    version: int(row, 'version'), createdMs: int(row, 'created_ms'), updatedMs: int(row, 'updated_ms'),
  }
}
