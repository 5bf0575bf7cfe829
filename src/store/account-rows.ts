import { SYSTEM } from '../accounts/audit-entry.ts'
import type { Credits, Granted } from '../accounts/accounts.ts'
import type { Grant } from '../accounts/key-store.ts'
import type { Account } from '../accounts/organization.ts'
import { DEFAULT_SLUG, defaultWorkspaceId, WORKSPACE_SETTINGS } from '../accounts/workspace.ts'
import type { StoreChanges } from './protocol.ts'
import type { AllowanceChanges } from '../ledger/leases.ts'
import { CREDIT_NANO_MAX, formatUsd } from '../core/nano.ts'
import { rowId } from '../lib/id.ts'
import { writeAudit } from './audit-rows.ts'
import { insertLot, type LotPart } from './lot-rows.ts'
import { nextRevision } from './schema.ts'
import { wantedSince } from './slice-rows.ts'
import { writeTransfer, type Transfer } from './settlement.ts'
import { big, one, text, textOrNull, type Row, type Sql } from './sql.ts'
import { insertWorkspaceRow } from './workspace-rows.ts'

/** Makes the account, with its default workspace, unless it is there. */
export async function insertAccount(sql: Sql, { id, kind, name, createdMs }: Account): Promise<void> {
  const made = await sql.run('INSERT INTO accounts (id, balance, granted, written_off, created_ms, changed, kind, name) VALUES ($1, 0, 0, 0, $2, $3, $4, $5) ON CONFLICT (id) DO NOTHING',
    id, createdMs, await nextRevision(sql), kind, name)
  if (made === 0) return
  await insertWorkspaceRow(sql, {
    id: defaultWorkspaceId(id), accountId: id, slug: DEFAULT_SLUG, name: 'Default', description: null, settings: WORKSPACE_SETTINGS, includeByokInBudgets: false,
    createdBy: null, createdMs, updatedMs: null,
  })
}

/** Bought and used credits. What the operator wrote off was used, but not of these; nor was what was used while money was turned off. */
export async function readCredits(sql: Sql, accountId: string): Promise<Credits> {
  return (await readCreditsOf(sql, [accountId])).get(accountId) ?? { total: 0n, used: 0n }
}

/** By account, in one question. What was given is free, or in nodes' hands, or used: so no window of a key is read. */
export async function readCreditsOf(sql: Sql, accountIds: readonly string[]): Promise<ReadonlyMap<string, Credits>> {
  if (accountIds.length === 0) return new Map()
  const rows = await sql.all(`SELECT id, granted, balance, (SELECT SUM(leases.granted - leases.spent) FROM leases WHERE leases.account_id = accounts.id AND leases.key_hash = '') AS leased
    FROM accounts WHERE id IN (${accountIds.map((_, at) => `$${at + 1}`).join(', ')})`, ...accountIds)
  return new Map(rows.map((row) => [text(row, 'id'), { total: big(row, 'granted'), used: big(row, 'granted') - big(row, 'balance') - big(row, 'leased') }]))
}

/** What a change of a balance is, where its sign does not say it; `parts`: what of it lapses when, the soonest first. */
interface GrantAs { readonly kind?: Transfer['kind'] | undefined; readonly parts?: readonly LotPart[] }

/** Adds to the free balance or takes from it; undefined when it has not that much, or would have more than a balance may. A known reference changes nothing. */
export async function grantCredits(sql: Sql, { accountId, amount, reason, reference, nowMs, by = SYSTEM }: Grant, { kind = amount > 0n ? 'grant' : 'take', parts = [{ amount, expiresMs: null }] }: GrantAs = {}): Promise<Granted | undefined> {
  // Only a fresh install's own account is there before anybody made it.
  await insertAccount(sql, { id: accountId, kind: 'organization', name: 'Default', createdMs: nowMs })
  const known = reference !== null && await one(sql, "SELECT id FROM entries WHERE account_id = $1 AND reference = $2 AND book = 'balance'", accountId, reference)
  if (known) return { ...await readCredits(sql, accountId), isRepeated: true }
  if (amount !== 0n) {
    const changed = await sql.run('UPDATE accounts SET balance = balance + $1, granted = granted + $1, changed = $2, wanted_by = NULL WHERE id = $3 AND balance + $1 >= 0 AND granted <= $4',
      amount, await nextRevision(sql), accountId, CREDIT_NANO_MAX - (amount > 0n ? amount : 0n))
    if (changed === 0) return undefined
    const id = rowId()
    await writeAudit(sql, { accountId, by, nowMs, action: amount > 0n ? 'credit.grant' : 'credit.take', target: id, after: { usd: formatUsd(amount), reference }, reason })
    await writeTransfer(sql, { accountId, id, kind, reason, reference, atMs: nowMs, sides: [['balance', amount], ['funding', -amount]] })
    // What lapses sooner is the older lot, and is used first.
    if (amount > 0n) for (const [at, part] of parts.entries()) await insertLot(sql, { accountId, id: at === 0 ? id : `${id}.${String(at).padStart(4, '0')}`, kind: 'granted', ...part, atMs: nowMs })
  }
  return readCredits(sql, accountId)
}

/** What was changed by hand since a revision, and the newest revision in it. */
export async function changesSince(sql: Sql, revision: bigint): Promise<StoreChanges & { readonly revision: bigint }> {
  const keys = await sql.all(`SELECT keys.hash, key_secrets.secret_hash, keys.changed FROM keys
    LEFT JOIN key_secrets ON key_secrets.account_id = keys.account_id AND key_secrets.key_hash = keys.hash WHERE keys.changed > $1`, revision)
  const workspaces = await sql.all('SELECT id, changed FROM workspaces WHERE changed > $1', revision)
  const accounts = await sql.all('SELECT id, wanted_by, changed FROM accounts WHERE changed > $1', revision)
  const rules = await sql.all('SELECT account_id, changed FROM rules WHERE changed > $1', revision)
  const wanted = await wantedSince(sql, revision)
  const instance = await sql.all('SELECT changed FROM instance WHERE changed > $1', revision)
  const newest = [...keys, ...workspaces, ...accounts, ...rules, ...wanted.rows, ...instance].reduce((max, row) => (big(row, 'changed') > max ? big(row, 'changed') : max), revision)
  const hashes = new Set(keys.flatMap((row) => [text(row, 'hash'), textOrNull(row, 'secret_hash') ?? text(row, 'hash')]))
  return { revision: newest, keys: [...hashes], workspaces: workspaces.map((row) => text(row, 'id')), accounts: accounts.map(readChanged), rules: rules.map((row) => text(row, 'account_id')), slices: wanted.slices, isInstance: instance.length > 0 }
}

function readChanged(row: Row): AllowanceChanges['accounts'][number] {
  return { id: text(row, 'id'), wantedBy: row['wanted_by'] === null ? null : text(row, 'wanted_by') }
}
