import type { KeyExtras, KeyRules } from '../accounts/accounts.ts'
import type { WorkspaceSettings } from '../accounts/workspace.ts'
import type { PolicyRules } from '../catalog/policy-rules.ts'
import { NO_BUDGET, NO_RULES, type Assignment, type AssigneeKind, type Guardrail, type GuardrailBudget, type GuardrailRules, type KeptAssignment } from '../guardrails/guardrail.ts'
import type { AccountRules, KeyAssignment, Listed, Page } from '../guardrails/rule-store.ts'
import { nextRevision } from './schema.ts'
import { big, int, intOrNull, one, text, textOrNull, type Row, type Sql, type SqlValue } from './sql.ts'

/** Lets every process look again at who calls with the account's keys: what they are held on depends on guardrails too. */
async function touchKeysOf(sql: Sql, accountId: string): Promise<void> {
  await sql.run('UPDATE keys SET changed = $1 WHERE account_id = $2 AND deleted_ms IS NULL', await nextRevision(sql), accountId)
}

/** Lets every process see that what restricts an account's callers, or their presets, was changed. */
export async function noteRules(sql: Sql, accountId: string): Promise<void> {
  await sql.run('INSERT INTO rules (account_id, changed) VALUES ($1, $2) ON CONFLICT (account_id) DO UPDATE SET changed = excluded.changed', accountId, await nextRevision(sql))
}

export async function readAccountRules(sql: Sql, accountId: string): Promise<AccountRules> {
  const policies = await sql.all('SELECT key_hash, body FROM policies WHERE account_id = $1', accountId)
  const guardrails = await sql.all(`SELECT ${GUARDRAIL} FROM guardrails WHERE account_id = $1`, accountId)
  const assignments = await sql.all(`SELECT ${ASSIGNMENT} FROM guardrail_assignments WHERE account_id = $1`, accountId)
  const workspaces = await sql.all('SELECT id, settings FROM workspaces WHERE account_id = $1', accountId)
  // Written by putRules, from the same type.
  const rules = new Map(policies.map((row) => [text(row, 'key_hash'), JSON.parse(text(row, 'body')) as PolicyRules]))
  const account = rules.get('') ?? {}
  rules.delete('')
  return { account, keys: rules, guardrails: new Map(guardrails.map((row) => [text(row, 'id'), readGuardrail(row)])), assignments: assignments.map(readAssignment), workspaces: new Map(workspaces.flatMap(sortOf)) }
}

/** How a workspace wants endpoints sorted, where it says so. */
function sortOf(row: Row): [string, PolicyRules][] {
  // Written by insertWorkspaceRow and changeWorkspace, from the same type.
  const { defaultProviderSort: sort } = JSON.parse(text(row, 'settings')) as Partial<WorkspaceSettings>
  return sort ? [[text(row, 'id'), { sort }]] : []
}

export async function putRules(sql: Sql, accountId: string, keyHash: string, rules: PolicyRules, nowMs: number): Promise<boolean> {
  if (keyHash !== '' && !await liveKey(sql, accountId, keyHash)) return false
  await noteRules(sql, accountId)
  await sql.run(`INSERT INTO policies (account_id, key_hash, body, updated_ms) VALUES ($1, $2, $3, $4)
    ON CONFLICT (account_id, key_hash) DO UPDATE SET body = excluded.body, updated_ms = excluded.updated_ms`, accountId, keyHash, JSON.stringify(rules), nowMs)
  return true
}

/** What the rules of a key say of what is shown with the key. */
export async function readKeyRules(sql: Sql, accountId: string, keyHash: string): Promise<KeyRules> {
  const { allowedModels, allowedProviders, maxPrice } = await readRules(sql, accountId, keyHash)
  return { ...(allowedModels && { allowedModels }), ...(allowedProviders && { allowedProviders }), ...(maxPrice && { maxPrice }) }
}

/** Changes those of a key's rules that are named, null takes one back; the others stay. Gives what is shown of them with the key. */
export async function putKeyRules(sql: Sql, accountId: string, keyHash: string, change: NonNullable<KeyExtras['rules']>, nowMs: number): Promise<KeyRules> {
  const rules = { ...await readRules(sql, accountId, keyHash), ...Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined)) }
  await putRules(sql, accountId, keyHash, Object.fromEntries(Object.entries(rules).filter(([, value]) => value !== null)), nowMs)
  return readKeyRules(sql, accountId, keyHash)
}

/** What an account ('') or a key of its says of itself. */
export async function readRules(sql: Sql, accountId: string, keyHash: string): Promise<PolicyRules> {
  const row = await one(sql, 'SELECT body FROM policies WHERE account_id = $1 AND key_hash = $2', accountId, keyHash)
  // Written by putRules, from the same type.
  return row ? JSON.parse(text(row, 'body')) as PolicyRules : {}
}

const GUARDRAIL = 'account_id, id, workspace_id, name, description, body, created_ms, updated_ms, limit_amount, reset_interval, include_byok'

/** The workspace's default guardrail first, then the newest. */
export async function listGuardrails(sql: Sql, accountId: string, workspaceId: string, page: Page): Promise<Listed<Guardrail>> {
  const rows = await sql.all(`SELECT ${GUARDRAIL} FROM guardrails WHERE account_id = $1 AND workspace_id = $2 ORDER BY created_ms DESC, id DESC LIMIT $3 OFFSET $4`, accountId, workspaceId, page.limit, page.offset)
  const total = await one(sql, 'SELECT COUNT(*) AS total FROM guardrails WHERE account_id = $1 AND workspace_id = $2', accountId, workspaceId)
  return { rows: rows.map(readGuardrail), total: int(total, 'total') }
}

export async function findGuardrail(sql: Sql, accountId: string, id: string): Promise<Guardrail | undefined> {
  const row = await one(sql, `SELECT ${GUARDRAIL} FROM guardrails WHERE account_id = $1 AND id = $2`, accountId, id)
  return row && readGuardrail(row)
}

export async function putGuardrail(sql: Sql, guardrail: Guardrail): Promise<void> {
  const { accountId, id, workspaceId, name, description, rules, budget = NO_BUDGET, createdMs, updatedMs } = guardrail
  const had = (await findGuardrail(sql, accountId, id))?.budget
  await noteRules(sql, accountId)
  if (budget.limit !== null || had) await touchKeysOf(sql, accountId)
  await sql.run(`INSERT INTO guardrails (${GUARDRAIL}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
    ON CONFLICT (account_id, id) DO UPDATE SET name = excluded.name, description = excluded.description, body = excluded.body, updated_ms = excluded.updated_ms,
    limit_amount = excluded.limit_amount, reset_interval = excluded.reset_interval, include_byok = excluded.include_byok`,
    accountId, id, workspaceId, name, description, JSON.stringify(rules), createdMs, updatedMs, budget.limit, budget.reset, budget.includeByok ? 1 : 0)
}

export async function deleteGuardrail(sql: Sql, accountId: string, id: string): Promise<boolean> {
  await noteRules(sql, accountId)
  if ((await findGuardrail(sql, accountId, id))?.budget) await touchKeysOf(sql, accountId)
  await sql.run('DELETE FROM guardrail_assignments WHERE account_id = $1 AND guardrail_id = $2', accountId, id)
  return await sql.run('DELETE FROM guardrails WHERE account_id = $1 AND id = $2', accountId, id) === 1
}

const ASSIGNMENT = 'id, guardrail_id, kind, target, created_ms, assigned_by'

/** The targets of keys that are not there; then nothing was changed. */
export async function assign(sql: Sql, accountId: string, assignments: readonly Assignment[], assignedBy: string | null): Promise<readonly string[]> {
  const missing: string[] = []
  for (const { kind, target } of assignments) if (kind === 'key' && !await liveKey(sql, accountId, target)) missing.push(target)
  if (missing.length > 0) return missing
  await noteRules(sql, accountId)
  if (await hasBudgets(sql, accountId)) await touchKeysOf(sql, accountId)
  for (const { id, guardrailId, kind, target, createdMs } of assignments) {
    await sql.run('DELETE FROM guardrail_assignments WHERE account_id = $1 AND kind = $2 AND target = $3', accountId, kind, target)
    await sql.run(`INSERT INTO guardrail_assignments (account_id, ${ASSIGNMENT}) VALUES ($1, $2, $3, $4, $5, $6, $7)`, accountId, id, guardrailId, kind, target, createdMs, assignedBy)
  }
  return []
}

/** The targets that it was assigned to until now. */
export async function unassign(sql: Sql, accountId: string, guardrailId: string, kind: AssigneeKind, targets: readonly string[]): Promise<readonly string[]> {
  const had: string[] = []
  for (const target of targets) {
    if (await sql.run('DELETE FROM guardrail_assignments WHERE account_id = $1 AND guardrail_id = $2 AND kind = $3 AND target = $4', accountId, guardrailId, kind, target) > 0) had.push(target)
  }
  if (had.length === 0) return had
  await noteRules(sql, accountId)
  if (await hasBudgets(sql, accountId)) await touchKeysOf(sql, accountId)
  return had
}

/** Oldest first. Those of keys that were deleted are not shown. */
export async function listKeyAssignments(sql: Sql, accountId: string, guardrailId: string | undefined, page: Page): Promise<Listed<KeyAssignment>> {
  const { where, values } = filterOf(accountId, 'key', guardrailId)
  const from = `FROM guardrail_assignments AS a JOIN keys ON keys.account_id = a.account_id AND keys.hash = a.target WHERE ${where} AND keys.deleted_ms IS NULL`
  const rows = await sql.all(`SELECT a.id, a.guardrail_id, a.kind, a.target, a.created_ms, a.assigned_by, keys.name, keys.label ${from}
    ORDER BY a.created_ms, a.id LIMIT $${values.length + 1} OFFSET $${values.length + 2}`, ...values, page.limit, page.offset)
  const total = await one(sql, `SELECT COUNT(*) AS total ${from}`, ...values)
  return { rows: rows.map((row) => ({ ...readAssignment(row), keyName: text(row, 'name'), keyLabel: text(row, 'label') })), total: int(total, 'total') }
}

export async function listMemberAssignments(sql: Sql, accountId: string, guardrailId: string | undefined, page: Page): Promise<Listed<KeptAssignment>> {
  const { where, values } = filterOf(accountId, 'member', guardrailId)
  const rows = await sql.all(`SELECT ${ASSIGNMENT} FROM guardrail_assignments AS a WHERE ${where} ORDER BY created_ms, id LIMIT $${values.length + 1} OFFSET $${values.length + 2}`, ...values, page.limit, page.offset)
  const total = await one(sql, `SELECT COUNT(*) AS total FROM guardrail_assignments AS a WHERE ${where}`, ...values)
  return { rows: rows.map(readAssignment), total: int(total, 'total') }
}

async function hasBudgets(sql: Sql, accountId: string): Promise<boolean> {
  return await one(sql, 'SELECT id FROM guardrails WHERE account_id = $1 AND limit_amount IS NOT NULL LIMIT 1', accountId) !== undefined
}

function filterOf(accountId: string, kind: AssigneeKind, guardrailId: string | undefined): { readonly where: string; readonly values: readonly SqlValue[] } {
  const all = 'a.account_id = $1 AND a.kind = $2'
  return guardrailId === undefined ? { where: all, values: [accountId, kind] } : { where: `${all} AND a.guardrail_id = $3`, values: [accountId, kind, guardrailId] }
}

async function liveKey(sql: Sql, accountId: string, hash: string): Promise<boolean> {
  return await one(sql, 'SELECT hash FROM keys WHERE account_id = $1 AND hash = $2 AND deleted_ms IS NULL', accountId, hash) !== undefined
}

function readGuardrail(row: Row): Guardrail {
  // Written by putGuardrail, from the same type; what is newer than the row says nothing.
  const rules = { ...NO_RULES, ...JSON.parse(text(row, 'body')) as GuardrailRules }
  return {
    id: text(row, 'id'), accountId: text(row, 'account_id'), workspaceId: text(row, 'workspace_id'), name: text(row, 'name'),
    description: row['description'] === null ? null : text(row, 'description'), rules, ...budgetOf(row), createdMs: int(row, 'created_ms'), updatedMs: intOrNull(row, 'updated_ms'),
  }
}

function budgetOf(row: Row): Pick<Guardrail, 'budget'> {
  const [limit, reset, includeByok] = [row['limit_amount'] === null ? null : big(row, 'limit_amount'), textOrNull(row, 'reset_interval'), int(row, 'include_byok') !== 0]
  // Written by putGuardrail, from the same type.
  return limit === null && reset === null && !includeByok ? {} : { budget: { limit, reset: reset as GuardrailBudget['reset'], includeByok } }
}

function readAssignment(row: Row): KeptAssignment {
  // Written by assign, from the same type.
  return { id: text(row, 'id'), guardrailId: text(row, 'guardrail_id'), kind: text(row, 'kind') as AssigneeKind, target: text(row, 'target'), createdMs: int(row, 'created_ms'), assignedBy: textOrNull(row, 'assigned_by') }
}
