import type { Key, CallerCap, TagCap } from '../accounts/caller.ts'
import { OWNER, defaultGuardrailId } from '../guardrails/guardrail.ts'
import { holderOf, type AllowanceWindow, type Period } from '../ledger/bank.ts'
import type { End } from '../ledger/line.ts'
import { windowAt } from '../ledger/window.ts'
import { sorted, valueOf } from './groups.ts'
import { big, int, one, text, textOrNull, type Row, type Sql } from './sql.ts'

/** More than anybody spends, and still an exact 64-bit sum with what was counted. */
export const UNLIMITED = 1n << 60n

/**
 * An allowance as it stood at one moment: what nobody has leased or spent, and what all leases have of it. Were they read one
 * after the other, what goes from a lease to what is free in between would be in neither. A limit of null: it was just lifted, and
 * who asks still has an old copy of it.
 */
export interface AllowanceNow { readonly free: bigint; readonly leased: bigint; readonly limit: bigint | null; readonly freesMs?: number }

/** Ids of guardrails and budgets are UUIDs; whom a guardrail is assigned to, or a tag's value, stands behind them. */
const ID_CHARS = 36

/** What a guardrail, a member or a tag may spend in a window: a query, by the numbers of its parameters. */
function capText(kind: CapKind, account: number, id: number, period: number): string {
  return kind === 'guardrail'
    ? `SELECT limit_amount AS cap FROM guardrails WHERE account_id = $${account} AND id = $${id} AND COALESCE(reset_interval, 'ever') = $${period}`
    : `SELECT cap FROM shared_budgets WHERE account_id = $${account} AND id = $${id} AND period = $${period} AND mode = 'cap'`
}

type CapKind = Exclude<CallerCap['kind'], 'rolling'>
type CapWindow = AllowanceWindow & { readonly kind: CapKind }

/** A window that is neither a key's nor a workspace's, nor a rolling one. */
export function isCapWindow(window: AllowanceWindow): window is CapWindow {
  return window.kind !== 'key' && window.kind !== 'workspace' && window.kind !== 'rolling'
}

/** A window as it stands. A limit of null: it was lifted, and who asks still has an old copy of it. */
export async function readCapWindow(sql: Sql, accountId: string, window: CapWindow): Promise<AllowanceNow> {
  const row = await one(sql, capText(window.kind, 1, 2, 3), accountId, window.id.slice(0, ID_CHARS), window.period)
  const limit = row && row['cap'] !== null ? big(row, 'cap') : null
  const used = await one(sql, 'SELECT counted, leased FROM budget_windows WHERE account_id = $1 AND holder = $2 AND period = $3 AND start_ms = $4', accountId, holderOf(window), window.period, window.startMs)
  const leased = big(used, 'leased')
  return { free: (limit ?? UNLIMITED) - big(used, 'counted') - leased, leased, limit }
}

/** Leases that much of the window if it has it. */
export async function takeFromCap(sql: Sql, accountId: string, window: CapWindow, amount: bigint): Promise<boolean> {
  const holder = holderOf(window)
  await sql.run(`INSERT INTO budget_windows (account_id, holder, period, start_ms, counted, leased) VALUES ($1, $2, $3, $4, 0, 0)
    ON CONFLICT (account_id, holder, period, start_ms) DO NOTHING`, accountId, holder, window.period, window.startMs)
  return await sql.run(`UPDATE budget_windows SET leased = leased + $1 WHERE account_id = $2 AND holder = $3 AND period = $4 AND start_ms = $5
    AND counted + leased + $1 <= COALESCE((${capText(window.kind, 2, 6, 4)}), $7)`, amount, accountId, holder, window.period, window.startMs, window.id.slice(0, ID_CHARS), UNLIMITED) === 1
}

/** What the leases of a window have spent or returned is not leased any more. */
export async function freeCapWindow(sql: Sql, accountId: string, holder: string, { period, startMs }: { readonly period: string; readonly startMs: number }, amount: bigint): Promise<void> {
  await sql.run('UPDATE budget_windows SET leased = leased - $1 WHERE account_id = $2 AND holder = $3 AND period = $4 AND start_ms = $5', amount, accountId, holder, period, startMs)
}

/** Adds to each window that an end names. Those that name none cost nothing here. */
export async function countCaps(sql: Sql, accountId: string, ends: readonly End[]): Promise<void> {
  const sums = new Map<string, { readonly holder: string; readonly period: AllowanceWindow['period']; readonly startMs: number; counted: bigint }>()
  for (const { budgets, atMs } of ends) {
    for (const [, counted, holder, period] of budgets) {
      if (holder === undefined || period === undefined) continue
      const { startMs } = windowAt(period, atMs)
      valueOf(sums, `${holder}\n${period}\n${startMs}`, () => ({ holder, period, startMs, counted: 0n })).counted += counted
    }
  }
  for (const [, { holder, period, startMs, counted }] of sorted(sums)) {
    await sql.run(`INSERT INTO budget_windows (account_id, holder, period, start_ms, counted, leased) VALUES ($1, $2, $3, $4, $5, 0)
      ON CONFLICT (account_id, holder, period, start_ms) DO UPDATE SET counted = budget_windows.counted + excluded.counted`, accountId, holder, period, startMs, counted)
  }
}

/** What the calls of a key are held on beside its limit and its workspace's budgets. */
export async function readCaps(sql: Sql, key: Key): Promise<{ readonly caps?: readonly CallerCap[]; readonly tagCaps?: readonly TagCap[] }> {
  const budgets = await sql.all("SELECT id, kind, subject, value, period, mode, required, include_byok FROM shared_budgets WHERE account_id = $1 AND (kind = 'tag' OR (kind = 'member' AND subject = $2)) ORDER BY kind, subject, value, period",
    key.accountId, key.creatorUserId ?? '')
  const caps = [...await guardrailCaps(sql, key), ...budgets.filter((row) => row['kind'] === 'member').map(memberCap), ...rollingCaps(key)]
  const tagCaps = budgets.filter((row) => row['kind'] === 'tag').map(tagCap)
  return { ...(caps.length > 0 && { caps }), ...(tagCaps.length > 0 && { tagCaps }) }
}

/** Of guardrails with a budget that hold for the key: each counts for the key, or for all keys of its member together, never for others it is assigned to (contract F5). */
async function guardrailCaps(sql: Sql, { accountId, hash, workspaceId, creatorUserId }: Key): Promise<CallerCap[]> {
  const rows = await sql.all(`SELECT g.id, g.name, g.reset_interval, g.include_byok, a.kind, a.target FROM guardrails AS g
    JOIN guardrail_assignments AS a ON a.account_id = g.account_id AND a.guardrail_id = g.id
    WHERE g.account_id = $1 AND g.limit_amount IS NOT NULL AND ((a.kind = 'key' AND a.target = $2) OR (a.kind = 'member' AND a.target = $3)) ORDER BY a.kind`, accountId, hash, creatorUserId ?? OWNER)
  const ofWorkspace = await one(sql, 'SELECT id, name, reset_interval, include_byok FROM guardrails WHERE account_id = $1 AND id = $2 AND limit_amount IS NOT NULL', accountId, defaultGuardrailId(workspaceId))
  // It is assigned to nobody: it counts for each member of the workspace, and for each key that is of none.
  const target = creatorUserId === null ? { kind: 'key', target: hash } : { kind: 'member', target: creatorUserId }
  return [...rows, ...(ofWorkspace ? [{ ...ofWorkspace, ...target }] : [])].map(guardrailCap)
}

function guardrailCap(row: Row): CallerCap {
  const ofMember = row['kind'] === 'member'
  return {
    kind: 'guardrail', id: `${text(row, 'id')}:${text(row, 'kind')}:${text(row, 'target')}`, period: periodOf(textOrNull(row, 'reset_interval') ?? 'ever'), includeByok: int(row, 'include_byok') !== 0,
    name: `guardrail "${text(row, 'name')}" for ${ofMember ? 'the keys of this member' : 'this key'}`,
  }
}

function rollingCaps({ hash, rollingLimits = [], includeByokInLimit }: Key): CallerCap[] {
  return rollingLimits.map(({ window }) => ({ kind: 'rolling', id: hash, period: window, includeByok: includeByokInLimit, name: 'this key' }))
}

function memberCap(row: Row): CallerCap {
  return { kind: 'member', id: text(row, 'id'), period: periodOf(text(row, 'period')), includeByok: int(row, 'include_byok') !== 0, name: 'the keys of this member' }
}

function tagCap(row: Row): TagCap {
  const [tag, value] = [text(row, 'subject'), text(row, 'value') || null]
  return {
    kind: 'tag', id: text(row, 'id'), period: periodOf(text(row, 'period')), includeByok: int(row, 'include_byok') !== 0, name: value === null ? tag : `${tag}=${value}`,
    tag, value, isRequired: int(row, 'required') !== 0, isAlert: row['mode'] === 'alert',
  }
}

function periodOf(period: string): Period {
  // Written by ourselves, from the same type.
  return period as Period
}
