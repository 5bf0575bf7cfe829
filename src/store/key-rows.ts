import type { KeyChange, KeyRecord, KeyRules, KeyUsage } from '../accounts/accounts.ts'
import type { Actor } from '../accounts/audit-entry.ts'
import type { BudgetCap, Caller, Key, RollingLimit, Tags } from '../accounts/caller.ts'
import type { FoundKey, InsertKey, KeyPage, KeyRefusal, KeyUse, Rotation } from '../accounts/key-store.ts'
import { parseRates, ratesJson, type RatesJson } from '../catalog/rate-limits.ts'
import type { WorkspaceSettings } from '../accounts/workspace.ts'
import { formatUsd } from '../core/nano.ts'
import { windowAt, writeWindow, PERIODS } from '../ledger/window.ts'
import { writeAudit } from './audit-rows.ts'
import { readCaps } from './cap-rows.ts'
import { isClosed } from './closed-accounts.ts'
import { readOverrides } from './override-rows.ts'
import { readKept, rollingStandings, type KeptLimit } from './rolling-rows.ts'
import { putKeyRules, readKeyRules } from './rule-rows.ts'
import { nextRevision } from './schema.ts'
import { big, int, intOrNull, one, text, textOrNull, tuples, type Row, type Sql, type SqlValue } from './sql.ts'

const COLUMNS = 'account_id, hash, name, label, kind, disabled, limit_amount, limit_reset, include_byok, expires_ms, created_ms, updated_ms, workspace_id, creator_user_id, extras, app_id'
const OF_KEYS = COLUMNS.split(', ').map((column) => `keys.${column}`).join(', ')

/** The key of a secret, and what its calls are held on. One that was deleted, whose member may not sign in, or whose account is closed, is not found. */
export async function findKey(sql: Sql, secretHash: string): Promise<FoundKey | undefined> {
  const row = await one(sql, `SELECT ${OF_KEYS}, key_secrets.ends_ms, workspaces.include_byok AS workspace_byok, workspaces.settings, accounts.suspended_reason, accounts.overrides FROM key_secrets
    JOIN keys ON keys.account_id = key_secrets.account_id AND keys.hash = key_secrets.key_hash
    LEFT JOIN workspaces ON workspaces.account_id = keys.account_id AND workspaces.id = keys.workspace_id
    LEFT JOIN users ON users.id = keys.creator_user_id
    LEFT JOIN accounts ON accounts.id = keys.account_id
    WHERE key_secrets.secret_hash = $1 AND keys.deleted_ms IS NULL AND users.disabled_ms IS NULL AND accounts.closed_ms IS NULL`, secretHash)
  if (!row) return undefined
  const key = readKey(row)
  const rows = await sql.all("SELECT period, cap FROM budgets WHERE account_id = $1 AND workspace_id = $2 AND period IN ('ever', 'monthly', 'weekly', 'daily')", key.accountId, key.workspaceId)
  const budgets = BROADEST_FIRST.flatMap((period) => rows.filter((budget) => budget['period'] === period).map((budget): BudgetCap => ({ period, cap: big(budget, 'cap') })))
  // Written with the workspace, from the same type.
  const { defaultTextModel } = JSON.parse(textOrNull(row, 'settings') ?? '{}') as Partial<WorkspaceSettings>
  const [suspended, { rates }] = [textOrNull(row, 'suspended_reason'), readOverrides(textOrNull(row, 'overrides') ?? '{}')]
  const caller: Caller = { key, accountId: key.accountId, ...(suspended !== null && { suspended }), ...(rates && { accountRates: rates }), ...(defaultTextModel && { defaultModel: defaultTextModel }), ...(budgets.length > 0 && { budgets, includeByokInBudgets: int(row, 'workspace_byok') !== 0 }), ...await readCaps(sql, key) }
  const ends = [intOrNull(row, 'ends_ms'), key.expiresMs].filter((end) => end !== null)
  return { caller, endsMs: ends.length === 0 ? null : Math.min(...ends) }
}

const BROADEST_FIRST = ['ever', 'monthly', 'weekly', 'daily'] as const

export async function insertKey(sql: Sql, { key, rules, by }: InsertKey): Promise<KeyRefusal | undefined> {
  const { accountId, hash, workspaceId, creatorUserId, createdMs } = key
  if (await one(sql, 'SELECT secret_hash FROM key_secrets WHERE secret_hash = $1', hash)) return 'hash_taken'
  const values: SqlValue[] = [
    accountId, hash, key.name, key.label, key.kind, key.disabled ? 1 : 0, key.limit, key.limitReset, key.includeByokInLimit ? 1 : 0,
    key.expiresMs, createdMs, key.updatedMs, workspaceId, creatorUserId, extrasOf(key), key.appId ?? null, await nextRevision(sql),
  ]
  if (await sql.run(`INSERT INTO keys (${COLUMNS}, changed) VALUES ${tuples(1, values.length)} ON CONFLICT (hash) DO NOTHING`, ...values) === 0) return 'hash_taken'
  await insertSecret(sql, accountId, hash, hash, createdMs)
  if (Object.keys(rules).length > 0) await putKeyRules(sql, accountId, hash, rules, createdMs)
  await writeAudit(sql, { accountId, by, nowMs: createdMs, action: 'key.create', target: hash, after: seenKey(key, rules) })
  return undefined
}

/** What stands in the way of a new key: an account that is closed, a workspace that the account has not, a member that it or the workspace has not. */
export async function keyRefusal(sql: Sql, { accountId, workspaceId, creatorUserId, wallet }: Key, isDefaultWorkspace: boolean): Promise<KeyRefusal | undefined> {
  if (await isClosed(sql, accountId)) return 'no_account'
  if (wallet !== undefined && !await one(sql, 'SELECT id FROM wallets WHERE account_id = $1 AND id = $2', accountId, wallet)) return 'no_wallet'
  if (!isDefaultWorkspace && !await one(sql, 'SELECT id FROM workspaces WHERE account_id = $1 AND id = $2', accountId, workspaceId)) return 'no_workspace'
  if (creatorUserId === null) return undefined
  const member = isDefaultWorkspace
    ? await one(sql, 'SELECT user_id FROM memberships WHERE account_id = $1 AND user_id = $2', accountId, creatorUserId)
    : await one(sql, 'SELECT user_id FROM workspace_members WHERE account_id = $1 AND workspace_id = $2 AND user_id = $3', accountId, workspaceId, creatorUserId)
  return member ? undefined : 'no_member'
}

async function insertSecret(sql: Sql, accountId: string, secretHash: string, keyHash: string, nowMs: number): Promise<void> {
  await sql.run('INSERT INTO key_secrets (account_id, secret_hash, key_hash, created_ms, ends_ms) VALUES ($1, $2, $3, $4, NULL)', accountId, secretHash, keyHash, nowMs)
}

/** Inserts the key, or gives it its life back. */
export async function keepKey(sql: Sql, insert: InsertKey): Promise<void> {
  if (await insertKey(sql, insert) === undefined) return
  const { hash, createdMs } = insert.key
  await sql.run(`UPDATE keys SET disabled = 0, expires_ms = NULL, deleted_ms = NULL, updated_ms = $1, changed = $2
    WHERE hash = $3 AND (disabled <> 0 OR expires_ms IS NOT NULL OR deleted_ms IS NOT NULL)`, createdMs, await nextRevision(sql), hash)
  await sql.run('UPDATE key_secrets SET ends_ms = NULL WHERE secret_hash = $1', hash)
}

export async function listKeys(sql: Sql, accountId: string, page: KeyPage, nowMs: number): Promise<KeyRecord[]> {
  const values: SqlValue[] = [accountId, page.includeDisabled ? 1 : 0]
  const only = (column: string, value: string | undefined) => (value === undefined ? '' : ` AND ${column} = $${values.push(value)}`)
  const where = `account_id = $1 AND deleted_ms IS NULL AND (disabled = 0 OR disabled = $2)${only('workspace_id', page.workspaceId)}${only('creator_user_id', page.creatorUserId)}`
  const rows = await sql.all(`SELECT ${COLUMNS} FROM keys WHERE ${where} ORDER BY created_ms DESC, hash LIMIT $${values.length + 1} OFFSET $${values.length + 2}`, ...values, page.limit, page.offset)
  return records(sql, accountId, rows.map(readKey), nowMs)
}

export async function keyRecord(sql: Sql, accountId: string, hash: string, nowMs: number): Promise<KeyRecord | undefined> {
  const key = await liveKey(sql, accountId, hash)
  return key && (await records(sql, accountId, [key], nowMs))[0]
}

async function liveKey(sql: Sql, accountId: string, hash: string): Promise<Key | undefined> {
  const row = await one(sql, `SELECT ${COLUMNS} FROM keys WHERE account_id = $1 AND hash = $2 AND deleted_ms IS NULL`, accountId, hash)
  return row && readKey(row)
}

export async function changeKey(sql: Sql, accountId: string, hash: string, change: KeyChange, by: Actor, nowMs: number): Promise<KeyRecord | undefined> {
  const before = await liveKey(sql, accountId, hash)
  if (!before) return undefined
  const rulesBefore = await readKeyRules(sql, accountId, hash)
  const key = changed(before, change)
  await sql.run(`UPDATE keys SET name = $1, disabled = $2, limit_amount = $3, limit_reset = $4, include_byok = $5, expires_ms = $6, updated_ms = $7, changed = $8, extras = $9
    WHERE account_id = $10 AND hash = $11`, key.name, key.disabled ? 1 : 0, key.limit, key.limitReset, key.includeByokInLimit ? 1 : 0, key.expiresMs, nowMs, await nextRevision(sql), extrasOf(key), accountId, hash)
  const rules = change.rules ? await putKeyRules(sql, accountId, hash, change.rules, nowMs) : rulesBefore
  await writeAudit(sql, { accountId, by, nowMs, action: 'key.change', target: hash, before: seenKey(before, rulesBefore), after: seenKey(key, rules) })
  return keyRecord(sql, accountId, hash, nowMs)
}

/** The key as a change makes it: undefined means "as it was", and null takes back what a key need not have. */
function changed(key: Key, wish: KeyChange): Key {
  const { ipRanges, tags, rateLimits, rollingLimits, customers, rules: _, ...change } = wish
  const { ipRanges: rangesBefore, tags: tagsBefore, rateLimits: ratesBefore, rollingLimits: rollingBefore, customers: customersBefore, ...rest } = key
  const rolling = rollingLimits === undefined ? rollingBefore : rollingLimits
  const customersNow = customers === undefined ? customersBefore : customers
  const [ranges, labels, rates] = [ipRanges === undefined ? rangesBefore : ipRanges, tags === undefined ? tagsBefore : tags, rateLimits === undefined ? ratesBefore : rateLimits]
  return { ...rest, ...Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined)), ...(ranges && { ipRanges: ranges }), ...(labels && { tags: labels }), ...(rates && { rateLimits: rates }), ...(rolling && { rollingLimits: rolling }), ...(customersNow && { customers: customersNow }) }
}

export async function rotateKey(sql: Sql, accountId: string, hash: string, { secretHash, label, oldEndsMs, by, nowMs }: Rotation): Promise<KeyRecord | undefined> {
  const before = await liveKey(sql, accountId, hash)
  if (!before) return undefined
  // The secret before this one lives until then; one that was on its way out already goes now.
  await sql.run('UPDATE key_secrets SET ends_ms = $1 WHERE account_id = $2 AND key_hash = $3 AND ends_ms > $1', nowMs, accountId, hash)
  await sql.run('UPDATE key_secrets SET ends_ms = $1 WHERE account_id = $2 AND key_hash = $3 AND ends_ms IS NULL', oldEndsMs, accountId, hash)
  await insertSecret(sql, accountId, secretHash, hash, nowMs)
  await sql.run('UPDATE keys SET label = $1, updated_ms = $2, changed = $3 WHERE account_id = $4 AND hash = $5', label, nowMs, await nextRevision(sql), accountId, hash)
  await writeAudit(sql, { accountId, by, nowMs, action: 'key.rotate', target: hash, before: { label: before.label }, after: { label, old_secret_ends_ms: oldEndsMs } })
  return keyRecord(sql, accountId, hash, nowMs)
}

export async function deleteKey(sql: Sql, accountId: string, hash: string, by: Actor, nowMs: number): Promise<boolean> {
  const before = await liveKey(sql, accountId, hash)
  if (!before) return false
  await sql.run('UPDATE keys SET deleted_ms = $1, changed = $2 WHERE account_id = $3 AND hash = $4', nowMs, await nextRevision(sql), accountId, hash)
  await writeAudit(sql, { accountId, by, nowMs, action: 'key.delete', target: hash, before: seenKey(before, await readKeyRules(sql, accountId, hash)) })
  return true
}

/** Disables keys that are live, all of a person in an account or only those in one workspace, each with its entry in the log. */
export async function disableKeysOf(sql: Sql, accountId: string, userId: string, by: Actor, nowMs: number, workspaceId?: string): Promise<void> {
  const rows = await sql.all(`SELECT ${COLUMNS} FROM keys WHERE account_id = $1 AND creator_user_id = $2 AND deleted_ms IS NULL AND disabled = 0${workspaceId === undefined ? '' : ' AND workspace_id = $3'}`,
    accountId, userId, ...(workspaceId === undefined ? [] : [workspaceId]))
  for (const row of rows) await changeKey(sql, accountId, text(row, 'hash'), { disabled: true }, by, nowMs)
}

/** Lets every process look again at the keys of a person, a workspace or an account: something beside them has changed. */
export async function touchKeys(sql: Sql, which: 'creator_user_id' | 'workspace_id' | 'account_id', id: string): Promise<void> {
  await sql.run(`UPDATE keys SET changed = $1 WHERE ${which} = $2 AND deleted_ms IS NULL`, await nextRevision(sql), id)
}

/** What is known to be later stays. A key that was used a moment ago is not written again: not by another process either. */
export async function noteUses(sql: Sql, uses: readonly KeyUse[]): Promise<void> {
  for (const { accountId, hash, atMs } of uses) {
    await sql.run(`INSERT INTO key_uses (account_id, key_hash, used_ms) VALUES ($1, $2, $3)
      ON CONFLICT (account_id, key_hash) DO UPDATE SET used_ms = excluded.used_ms WHERE key_uses.used_ms < excluded.used_ms`, accountId, hash, atMs)
  }
}

/** The key as the log of changes shows it. Its hash is its id; the secret is known to nobody here. */
function seenKey(key: Key, rules: KeyRules): object {
  const { hash: _, accountId: __, limit, rateLimits, rollingLimits, ...rest } = key
  return { ...rest, limit: limit === null ? null : formatUsd(limit), ...(rollingLimits && { rolling_limits: rollingLimits.map(({ window, limit: most }) => ({ window: writeWindow(window), limit: formatUsd(most) })) }), ...(rateLimits && { rate_limits: ratesJson(rateLimits) }), ...(Object.keys(rules).length > 0 && { rules }) }
}

function rollingText({ window, limit }: RollingLimit): KeptLimit {
  return { window, limit: formatUsd(limit) }
}

function extrasOf({ ipRanges, tags, rateLimits, rollingLimits, wallet, customers }: Key): string {
  return JSON.stringify({ wallet, customers, ipRanges, tags, rateLimits: rateLimits && ratesJson(rateLimits), rollingLimits: rollingLimits?.map(rollingText) })
}

function readExtras(extras: string): Pick<Key, 'ipRanges' | 'tags' | 'rateLimits' | 'rollingLimits' | 'wallet' | 'customers'> {
  // Written by extrasOf.
  const { rateLimits, rollingLimits, ...rest } = JSON.parse(extras) as { wallet?: string; customers?: true | string[]; ipRanges?: string[]; tags?: Tags; rateLimits?: RatesJson; rollingLimits?: KeptLimit[] }
  return { ...rest, ...(rateLimits && { rateLimits: parseRates(rateLimits) }), ...(rollingLimits && { rollingLimits: rollingLimits.map(readKept) }) }
}

function readKey(row: Row): Key {
  return {
    hash: text(row, 'hash'), accountId: text(row, 'account_id'), name: text(row, 'name'), label: text(row, 'label'),
    // Written by insertKey, from the same types.
    kind: text(row, 'kind') as Key['kind'], limitReset: row['limit_reset'] as Key['limitReset'],
    disabled: int(row, 'disabled') !== 0, limit: row['limit_amount'] === null ? null : big(row, 'limit_amount'), includeByokInLimit: int(row, 'include_byok') !== 0,
    expiresMs: intOrNull(row, 'expires_ms'), createdMs: int(row, 'created_ms'), updatedMs: intOrNull(row, 'updated_ms'),
    workspaceId: text(row, 'workspace_id'), creatorUserId: textOrNull(row, 'creator_user_id'),
    ...readExtras(text(row, 'extras')), ...(row['app_id'] !== null && { appId: int(row, 'app_id') }),
  }
}

/** Keys with what they spent in the windows that are open now, what they let themselves use, and their last use. */
async function records(sql: Sql, accountId: string, keys: readonly Key[], nowMs: number): Promise<KeyRecord[]> {
  if (keys.length === 0) return []
  const starts = PERIODS.map((period) => windowAt(period, nowMs).startMs)
  const hashesFrom = (first: number) => keys.map((_, index) => `$${first + index}`).join(', ')
  const hashes = keys.map((key) => key.hash)
  const rows = await sql.all(`SELECT key_hash, period, cost, byok_cost, counted FROM key_windows WHERE account_id = $1 AND (
    (period = 'ever' AND start_ms = $2) OR (period = 'daily' AND start_ms = $3) OR (period = 'weekly' AND start_ms = $4) OR (period = 'monthly' AND start_ms = $5))
    AND key_hash IN (${hashesFrom(starts.length + 2)})`, accountId, ...starts, ...hashes)
  const policies = await sql.all(`SELECT key_hash, body FROM policies WHERE account_id = $1 AND key_hash IN (${hashesFrom(2)})`, accountId, ...hashes)
  const uses = await sql.all(`SELECT key_hash, used_ms FROM key_uses WHERE account_id = $1 AND key_hash IN (${hashesFrom(2)})`, accountId, ...hashes)
  const ends = await sql.all(`SELECT key_hash, MAX(ends_ms) AS ends_ms FROM key_secrets WHERE account_id = $1 AND ends_ms > $2 AND key_hash IN (${hashesFrom(3)}) GROUP BY key_hash`, accountId, nowMs, ...hashes)
  const rolling = await rollingStandings(sql, accountId, keys, nowMs)
  const windows = new Map(rows.map((row) => [`${text(row, 'key_hash')} ${text(row, 'period')}`, row]))
  const [bodies, usedMs, endsMs] = [byKey(policies), byKey(uses), byKey(ends)]
  return keys.map((key) => {
    const [used, end] = [usedMs.get(key.hash), endsMs.get(key.hash)]
    return {
      ...key, ...spentOf(key, (period) => windows.get(`${key.hash} ${period}`)),
      rolling: rolling.get(key.hash) ?? [], rules: keyRulesOf(bodies.get(key.hash)), lastUsedMs: used ? int(used, 'used_ms') : null, oldSecretEndsMs: end ? int(end, 'ends_ms') : null,
    }
  })
}

function byKey(rows: readonly Row[]): Map<string, Row> {
  return new Map(rows.map((row) => [text(row, 'key_hash'), row]))
}

function keyRulesOf(policy: Row | undefined): KeyRules {
  if (!policy) return {}
  // Written by putRules and putKeyRules, from the same type.
  const { allowedModels, allowedProviders, maxPrice } = JSON.parse(text(policy, 'body')) as KeyRules
  return { ...(allowedModels && { allowedModels }), ...(allowedProviders && { allowedProviders }), ...(maxPrice && { maxPrice }) }
}

function spentOf(key: Key, window: (period: string) => Row | undefined): Pick<KeyRecord, 'usage' | 'byokUsage' | 'limitRemaining'> {
  const of = (column: string): KeyUsage => ({ total: big(window('ever'), column), daily: big(window('daily'), column), weekly: big(window('weekly'), column), monthly: big(window('monthly'), column) })
  const left = key.limit === null ? null : key.limit - big(window(key.limitReset ?? 'ever'), 'counted')
  return { usage: of('cost'), byokUsage: of('byok_cost'), limitRemaining: left !== null && left < 0n ? 0n : left }
}
