import { NO_FILTERS, type ByokFilters, type ByokKey, type SealedByokKey } from '../accounts/byok/byok-key.ts'
import type { ByokPage, ByokRefusal, StoredByokChange } from '../accounts/byok/byok-store.ts'
import type { Change, Listed } from '../accounts/people-store.ts'
import { defaultWorkspaceId } from '../accounts/workspace.ts'
import type { Nano } from '../core/nano.ts'
import { writeAudit } from './audit-rows.ts'
import { noteRules } from './rule-rows.ts'
import { big, int, intOrNull, one, text, textOrNull, tuples, type Row, type Sql, type SqlValue } from './sql.ts'

const SEEN = 'account_id, id, workspace_id, provider, name, label, sort_order, is_fallback, always_use, disabled, filters, created_ms, updated_ms'
const ORDER = 'provider, is_fallback, sort_order, created_ms, id'

export async function listByokKeys(sql: Sql, accountId: string, { workspaceId, provider, offset, limit }: ByokPage): Promise<Listed<ByokKey>> {
  const values: SqlValue[] = [accountId, workspaceId, ...(provider === undefined ? [] : [provider])]
  const from = `FROM byok_keys WHERE account_id = $1 AND workspace_id = $2 ${provider === undefined ? '' : 'AND provider = $3 '}AND deleted_ms IS NULL`
  const rows = await sql.all(`SELECT ${SEEN} ${from} ORDER BY ${ORDER} LIMIT $${values.length + 1} OFFSET $${values.length + 2}`, ...values, limit, offset)
  return { rows: rows.map(readByokKey), total: int(await one(sql, `SELECT COUNT(*) AS total ${from}`, ...values), 'total') }
}

export async function findByokKey(sql: Sql, accountId: string, id: string): Promise<ByokKey | undefined> {
  const row = await one(sql, `SELECT ${SEEN} FROM byok_keys WHERE account_id = $1 AND id = $2 AND deleted_ms IS NULL`, accountId, id)
  return row && readByokKey(row)
}

export async function readSealedByokKeys(sql: Sql, accountId: string): Promise<readonly SealedByokKey[]> {
  return (await sql.all(`SELECT ${SEEN}, sealed FROM byok_keys WHERE account_id = $1 AND deleted_ms IS NULL ORDER BY ${ORDER}`, accountId)).map(readSealed)
}

export async function insertByokKey(sql: Sql, wish: Omit<SealedByokKey, 'sortOrder'> & { readonly sortOrder: number | undefined }, { by, nowMs }: Change): Promise<ByokKey | ByokRefusal> {
  const { accountId, workspaceId, provider } = wish
  if (!await workspaceIsThere(sql, accountId, workspaceId)) return 'no_workspace'
  const refusal = await filterRefusal(sql, accountId, wish.filters, nowMs)
  if (refusal) return refusal
  const last = await one(sql, 'SELECT MAX(sort_order) AS last FROM byok_keys WHERE account_id = $1 AND workspace_id = $2 AND provider = $3 AND deleted_ms IS NULL', accountId, workspaceId, provider)
  const { sealed, ...rest } = wish
  const key: ByokKey = { ...rest, sortOrder: wish.sortOrder ?? (last?.['last'] === null ? 0 : int(last, 'last') + 1) }
  await sql.run(`INSERT INTO byok_keys (${SEEN}, sealed) VALUES ${tuples(1, 14)}`, accountId, key.id, workspaceId, provider, key.name, key.label, key.sortOrder,
    key.isFallback ? 1 : 0, key.alwaysUse ? 1 : 0, key.disabled ? 1 : 0, JSON.stringify(key.filters), key.createdMs, key.updatedMs, sealed)
  await noteRules(sql, accountId)
  await writeAudit(sql, { accountId, by, nowMs, action: 'byok.create', target: key.id, after: seen(key) })
  return key
}

export async function changeByokKey(sql: Sql, accountId: string, id: string, wish: StoredByokChange, { by, nowMs }: Change): Promise<ByokKey | ByokRefusal> {
  const before = await findByokKey(sql, accountId, id)
  if (!before) return 'no_key'
  const refusal = await filterRefusal(sql, accountId, wish.filters ?? {}, nowMs)
  if (refusal) return refusal
  const { sealed, filters, ...said } = wish
  // Its own fields, fewer of them.
  const fields = Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined)) as Partial<ByokKey>
  const after: ByokKey = { ...before, ...fields, filters: { ...before.filters, ...filters }, updatedMs: nowMs }
  await sql.run(`UPDATE byok_keys SET name = $1, label = $2, sort_order = $3, is_fallback = $4, always_use = $5, disabled = $6, filters = $7, updated_ms = $8 WHERE account_id = $9 AND id = $10`,
    after.name, after.label, after.sortOrder, after.isFallback ? 1 : 0, after.alwaysUse ? 1 : 0, after.disabled ? 1 : 0, JSON.stringify(after.filters), nowMs, accountId, id)
  if (sealed !== undefined) await sql.run('UPDATE byok_keys SET sealed = $1 WHERE account_id = $2 AND id = $3', sealed, accountId, id)
  await noteRules(sql, accountId)
  await writeAudit(sql, { accountId, by, nowMs, action: 'byok.change', target: id, before: seen(before), after: { ...seen(after), ...(sealed !== undefined && { secret: 'replaced' }) } })
  return after
}

export async function deleteByokKey(sql: Sql, accountId: string, id: string, { by, nowMs }: Change): Promise<boolean> {
  const before = await findByokKey(sql, accountId, id)
  if (!before) return false
  await sql.run("UPDATE byok_keys SET sealed = '', deleted_ms = $1 WHERE account_id = $2 AND id = $3", nowMs, accountId, id)
  await noteRules(sql, accountId)
  await writeAudit(sql, { accountId, by, nowMs, action: 'byok.delete', target: id, before: seen(before) })
  return true
}

/** Those of a workspace that goes. */
export async function deleteByokKeysIn(sql: Sql, accountId: string, workspaceId: string, change: Change): Promise<void> {
  const rows = await sql.all('SELECT id FROM byok_keys WHERE account_id = $1 AND workspace_id = $2 AND deleted_ms IS NULL', accountId, workspaceId)
  for (const row of rows) await deleteByokKey(sql, accountId, text(row, 'id'), change)
}

export async function readSealedByOthers(sql: Sql, sealKeyId: string, limit: number): Promise<readonly SealedByokKey[]> {
  const rows = await sql.all(`SELECT ${SEEN}, sealed FROM byok_keys WHERE deleted_ms IS NULL AND sealed NOT LIKE $1 ORDER BY account_id, id LIMIT $2`, `v1.${sealKeyId}.%`, limit)
  return rows.map(readSealed)
}

export async function resealByokKey(sql: Sql, accountId: string, id: string, before: string, after: string): Promise<boolean> {
  return await sql.run('UPDATE byok_keys SET sealed = $1 WHERE account_id = $2 AND id = $3 AND sealed = $4', after, accountId, id, before) === 1
}

export async function anySealed(sql: Sql): Promise<boolean> {
  return await one(sql, "SELECT id FROM byok_keys WHERE sealed <> '' UNION ALL SELECT id FROM webhook_endpoints WHERE sealed <> '' UNION ALL SELECT id FROM sso_connections WHERE sealed <> '' LIMIT 1") !== undefined
}

export async function readByokBill(sql: Sql, accountId: string, monthStartMs: number): Promise<Nano> {
  return big(await one(sql, "SELECT SUM(byok_cost) AS bill FROM key_windows WHERE account_id = $1 AND period = 'monthly' AND start_ms = $2", accountId, monthStartMs), 'bill')
}

/** The default workspace of an account is there before its row is. */
async function workspaceIsThere(sql: Sql, accountId: string, id: string): Promise<boolean> {
  return id === defaultWorkspaceId(accountId) || await one(sql, 'SELECT id FROM workspaces WHERE account_id = $1 AND id = $2', accountId, id) !== undefined
}

/** Whom a key is for is there: one that is for nobody could never be used. */
async function filterRefusal(sql: Sql, accountId: string, { keyHashes, userIds }: Partial<ByokFilters>, nowMs: number): Promise<'foreign_keys' | 'no_member' | undefined> {
  for (const hash of keyHashes ?? []) {
    if (!await one(sql, 'SELECT hash FROM keys WHERE account_id = $1 AND hash = $2 AND deleted_ms IS NULL AND (expires_ms IS NULL OR expires_ms > $3)', accountId, hash, nowMs)) return 'foreign_keys'
  }
  for (const userId of userIds ?? []) {
    if (!await one(sql, 'SELECT user_id FROM memberships WHERE account_id = $1 AND user_id = $2', accountId, userId)) return 'no_member'
  }
  return undefined
}

/** As the log of changes shows it. */
function seen({ workspaceId, provider, name, label, sortOrder, isFallback, alwaysUse, disabled, filters }: ByokKey): object {
  return { workspaceId, provider, name, label, sortOrder, isFallback, alwaysUse, disabled, ...filters }
}

function readSealed(row: Row): SealedByokKey {
  return { ...readByokKey(row), sealed: text(row, 'sealed') }
}

function readByokKey(row: Row): ByokKey {
  return {
    id: text(row, 'id'), accountId: text(row, 'account_id'), workspaceId: text(row, 'workspace_id'), provider: text(row, 'provider'), name: textOrNull(row, 'name'), label: text(row, 'label'),
    sortOrder: int(row, 'sort_order'), isFallback: int(row, 'is_fallback') !== 0, alwaysUse: int(row, 'always_use') !== 0, disabled: int(row, 'disabled') !== 0,
    // Written by insertByokKey and changeByokKey, from the same type.
    filters: { ...NO_FILTERS, ...JSON.parse(text(row, 'filters')) as Partial<ByokFilters> },
    createdMs: int(row, 'created_ms'), updatedMs: intOrNull(row, 'updated_ms'),
  }
}
