import type { Settled } from '../ledger/bank.ts'
import { readEnd, type BudgetCharge, type End } from '../ledger/line.ts'
import { defaultWorkspaceId } from '../accounts/workspace.ts'
import { PERIODS, windowAt } from '../ledger/window.ts'
import { rowId } from '../lib/id.ts'
import { countCaps } from './cap-rows.ts'
import { closedAmong } from './closed-accounts.ts'
import { groupBy, sorted, valueOf } from './groups.ts'
import { freeKeyWindow, lockLease, takeFromBalance, type KeyWindow } from './lease-rows.ts'
import { booksOpenFrom } from './retention.ts'
import { rollUp } from './rollup-rows.ts'
import { sidesOf } from './wallet-side.ts'
import { big, int, one, pieces, text, tuples, type Row, type Sql, type SqlValue } from './sql.ts'
import type { TagBook } from './tag-book.ts'
import type { Touched } from './touched.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000

/** What is kept in memory beside the rows: which tags are known, and what was used since somebody looked for alerts. */
interface Beside { readonly tagBook: TagBook; readonly touched: Touched }

/** Records and charges the ends that the store does not know yet, with all their sums. Repeating it changes nothing. */
export async function settleEnds(sql: Sql, lines: readonly string[], nowMs: number, { tagBook, touched }: Beside): Promise<Settled> {
  const ends = new Map(lines.flatMap((line) => sidesOf(readEnd(line))).map((end) => [end.callId, end]))
  const entryIds = new Map<string, string>()
  const taken = await open(sql, [...ends.values()], nowMs)
  const tagSets = await tagBook.setsOf(sql, taken)
  const fresh = await insertGenerations(sql, taken, { entryIds, tagSets })
  const unpaid: { leaseId: string; amount: bigint }[] = []
  const closed: string[] = []
  // Rows in one order everywhere: tags, leases, balance, windows, hours, each in the order of their keys. So nobody waits in a circle.
  for (const [accountId, ofAccount] of sorted(groupBy(fresh, (end) => end.generation.accountId))) {
    const charged = await chargeLeases(sql, accountId, ofAccount.map((end) => [end.leaseId ?? '', end.unbilled ? 0n : end.generation.cost]))
    const counted = await chargeLeases(sql, accountId, ofAccount.flatMap((end) => [[end.keyLeaseId ?? '', end.counted] as const, ...end.budgets]))
    unpaid.push(...charged.unpaid, ...counted.unpaid)
    closed.push(...charged.closed, ...counted.closed)
    await writeEntries(sql, accountId, ofAccount, { unpaid: charged.total, entryId: entryIds.get(accountId) ?? rowId(), nowMs })
    for (const { window, amount } of counted.freed) await freeKeyWindow(sql, accountId, window, amount)
    await countKeys(sql, accountId, ofAccount)
    await countWorkspaces(sql, accountId, ofAccount)
    await countCaps(sql, accountId, ofAccount)
    await rollUp(sql, accountId, ofAccount, tagSets)
    touched.noteEnds(accountId, ofAccount)
  }
  return { unpaid, closed }
}

/**
 * Those whose record may still come: a journal that is replayed late must not charge again what was here and has been removed.
 * Books that are closed beyond this moment were closed by a clock that was ahead: nothing is free because of that.
 */
async function open(sql: Sql, ends: readonly End[], nowMs: number): Promise<End[]> {
  const closedMs = await booksOpenFrom(sql)
  const fromMs = closedMs > nowMs ? 0 : closedMs
  const closed = await closedAmong(sql, [...new Set(ends.map(({ generation }) => generation.accountId))])
  return ends.filter(({ generation }) => generation.createdMs >= fromMs && !closed.has(generation.accountId))
}

/** What rows of a batch are given beside what their ends say: transfers by account, sets of tags by call. */
interface Marks { readonly entryIds: Map<string, string>; readonly tagSets: ReadonlyMap<string, string> }

/** Inserts those that are not there, and gives those: a generation's id is what makes its charge happen once. */
async function insertGenerations(sql: Sql, ends: readonly End[], marks: Marks): Promise<End[]> {
  const fresh: End[] = []
  for (const piece of pieces(ends)) {
    const values = piece.flatMap((end) => generationRow(end, marks))
    const rows = await sql.all(insertGenerationsText(piece.length), ...values)
    fresh.push(...(rows.length === piece.length ? piece : insertedOf(piece, rows)))
  }
  return fresh
}

/** Both of its names: a call of a reseller's customer is in two accounts. */
function insertedOf(ends: readonly End[], rows: readonly Row[]): End[] {
  const inserted = new Set(rows.map((row) => `${text(row, 'account_id')} ${text(row, 'id')}`))
  return ends.filter(({ generation: { accountId, id } }) => inserted.has(`${accountId} ${id}`))
}

const GENERATION_COLUMNS = ['account_id', 'id', 'created_ms', 'day', 'key_hash', 'model', 'provider', 'cost', 'fault', 'prompt_tokens', 'completion_tokens', 'entry_id', 'tag_set', 'record'] as const

/** By number of rows: there are seven, and the engine finds its prepared statement by the text. */
const insertTexts = new Map<number, string>()

function insertGenerationsText(rows: number): string {
  return valueOf(insertTexts, rows, () => `INSERT INTO generations (${GENERATION_COLUMNS.join(', ')})
    VALUES ${tuples(rows, GENERATION_COLUMNS.length)} ON CONFLICT (account_id, id) DO NOTHING RETURNING account_id, id`)
}

function generationRow({ callId, generation, record }: End, { entryIds, tagSets }: Marks): SqlValue[] {
  const { accountId, id, createdMs, keyHash, model, provider, cost, fault, usage } = generation
  if (!entryIds.has(accountId)) entryIds.set(accountId, rowId())
  const entryId = cost > 0n ? entryIds.get(accountId) ?? null : null
  const tagSet = generation.mirrorOf === undefined ? tagSets.get(callId) ?? '' : null
  return [accountId, id, Math.floor(createdMs), Math.floor(createdMs / DAY_MS), keyHash, model, provider, cost, fault, Math.round(usage.promptTokens), Math.round(usage.completionTokens), entryId, tagSet, record]
}

interface Charged {
  readonly unpaid: readonly { leaseId: string; amount: bigint }[]
  readonly closed: readonly string[]
  /** What leases of keys and budgets paid: their windows have it leased no more. */
  readonly freed: readonly Freed[]
  /** What no lease paid, charges without a lease included. */
  readonly total: bigint
}

interface Freed { readonly window: KeyWindow; readonly amount: bigint }

/** Takes each lease's charges from it as far as they go. Leases in the order of their ids: the lock order everywhere. */
async function chargeLeases(sql: Sql, accountId: string, charges: readonly BudgetCharge[]): Promise<Charged> {
  const unpaid: { leaseId: string; amount: bigint }[] = []
  const closed: string[] = []
  const freed = new Map<string, Freed>()
  let total = 0n
  for (const [leaseId, ofLease] of sorted(groupBy(charges, ([id]) => id))) {
    const charge = ofLease.reduce((sum, [, amount]) => sum + amount, 0n)
    if (charge === 0n) continue
    const lease = leaseId === '' ? undefined : await chargeLease(sql, accountId, leaseId, charge)
    if (!lease && leaseId !== '') closed.push(leaseId)
    const rest = charge - (lease?.paid ?? 0n)
    total += rest
    if (leaseId !== '' && rest > 0n) unpaid.push({ leaseId, amount: rest })
    if (lease && lease.window.keyHash !== '') freed.set(`${Object.values(lease.window).join(' ')} ${leaseId}`, { window: lease.window, amount: lease.paid })
  }
  return { unpaid, closed, total, freed: sorted(freed).map(([, one]) => one) }
}

/** What the lease paid of the charge; undefined when it is not open. */
async function chargeLease(sql: Sql, accountId: string, leaseId: string, charge: bigint): Promise<{ readonly paid: bigint; readonly window: KeyWindow } | undefined> {
  const whole = await one(sql, `UPDATE leases SET spent = spent + $1 WHERE account_id = $2 AND id = $3 AND granted - spent >= $1
    RETURNING key_hash, period, start_ms`, charge, accountId, leaseId)
  const lease = whole ?? await lockLease(sql, accountId, leaseId)
  if (!lease) return undefined
  const window = { keyHash: text(lease, 'key_hash'), period: text(lease, 'period'), startMs: int(lease, 'start_ms') }
  if (whole) return { paid: charge, window }
  const left = big(lease, 'granted') - big(lease, 'spent')
  const paid = charge < left ? charge : left
  await sql.run('UPDATE leases SET spent = spent + $1 WHERE account_id = $2 AND id = $3', paid, accountId, leaseId)
  return { paid, window }
}

/**
 * The transfer of a batch: from the account (its leases, then its free balance), and from the operator what neither could
 * pay, to the revenue; what was used while money was turned off is nobody's debt, in a book of its own. Its sides sum to zero.
 */
async function writeEntries(sql: Sql, accountId: string, ends: readonly End[], batch: { readonly unpaid: bigint; readonly entryId: string; readonly nowMs: number }): Promise<void> {
  const charge = ends.reduce((sum, end) => sum + end.generation.cost, 0n)
  if (charge === 0n) return
  const fromBalance = await takeUpTo(sql, accountId, batch.unpaid)
  const writtenOff = batch.unpaid - fromBalance
  const unbilled = ends.reduce((sum, end) => (end.unbilled ? sum + end.generation.cost : sum), 0n)
  if (writtenOff > 0n) await sql.run('UPDATE accounts SET written_off = written_off + $1 WHERE id = $2', writtenOff, accountId)
  if (unbilled > 0n) await sql.run('UPDATE accounts SET unbilled = unbilled + $1 WHERE id = $2', unbilled, accountId)
  const sides: readonly [string, bigint][] = [['balance', writtenOff + unbilled - charge], ['write-off', -writtenOff], ['unbilled', -unbilled], ['revenue', charge]]
  await writeTransfer(sql, { accountId, id: batch.entryId, kind: 'charge', reason: `${ends.length} generations`, reference: null, atMs: batch.nowMs, sides })
}

export interface Transfer {
  readonly accountId: string
  readonly id: string
  /** `grant` and `take`: by hand · `transfer`: from another balance, or to one. */
  readonly kind: 'charge' | 'grant' | 'take' | 'transfer' | 'purchase' | 'refund' | 'dispute' | 'expiry'
  readonly reason: string
  readonly reference: string | null
  readonly atMs: number
  /** Book and amount of each side. Sides of nothing are left out. */
  readonly sides: readonly (readonly [string, bigint])[]
}

/** Writes the sides of a transfer. Entries are never changed afterwards. */
export async function writeTransfer(sql: Sql, transfer: Transfer): Promise<void> {
  const { accountId, id, kind, reason, reference, atMs } = transfer
  for (const [book, amount] of transfer.sides) {
    if (amount === 0n) continue
    await sql.run('INSERT INTO entries (account_id, id, book, amount, kind, reason, reference, at_ms, day) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)',
      accountId, id, book, amount, kind, reason, reference, atMs, Math.floor(atMs / DAY_MS))
  }
}

/** Takes the amount from the free balance, or what is there. */
async function takeUpTo(sql: Sql, accountId: string, amount: bigint): Promise<bigint> {
  let rest = amount
  while (rest > 0n && !await takeFromBalance(sql, accountId, rest)) {
    const balance = big(await one(sql, 'SELECT balance FROM accounts WHERE id = $1', accountId), 'balance')
    if (balance < rest) rest = balance
  }
  return rest
}

/** Adds to what each key spent in the day, week and month of its calls, and ever. */
async function countKeys(sql: Sql, accountId: string, ends: readonly End[]): Promise<void> {
  // By hours first: a window of any period begins with an hour.
  const hours = new Map<string, { readonly keyHash: string; readonly atMs: number; cost: bigint; byok: bigint; counted: bigint }>()
  for (const { generation, atMs, counted } of ends) {
    const { keyHash, cost, upstreamCost } = generation
    const sum = valueOf(hours, `${keyHash} ${Math.floor(atMs / HOUR_MS)}`, () => ({ keyHash, atMs, cost: 0n, byok: 0n, counted: 0n }))
    sum.cost += cost
    sum.counted += counted
    if (generation.byok) sum.byok += upstreamCost
  }
  for (const [, sum] of sorted(hours)) {
    for (const period of PERIODS) {
      await sql.run(`INSERT INTO key_windows (account_id, key_hash, period, start_ms, cost, byok_cost, counted, leased) VALUES ($1, $2, $3, $4, $5, $6, $7, 0)
        ON CONFLICT (account_id, key_hash, period, start_ms) DO UPDATE SET cost = key_windows.cost + excluded.cost, byok_cost = key_windows.byok_cost + excluded.byok_cost,
        counted = key_windows.counted + excluded.counted`, accountId, sum.keyHash, period, windowAt(period, sum.atMs).startMs, sum.cost, sum.byok, sum.counted)
    }
  }
}

/** Adds to what each workspace spent in the same windows, with a budget or without: one that is made later counts what was before. */
async function countWorkspaces(sql: Sql, accountId: string, ends: readonly End[]): Promise<void> {
  const hours = new Map<string, { readonly id: string; readonly atMs: number; cost: bigint; byok: bigint }>()
  for (const { generation: { cost, upstreamCost, byok }, atMs, workspaceId } of ends) {
    const id = workspaceId ?? defaultWorkspaceId(accountId)
    const sum = valueOf(hours, `${id} ${Math.floor(atMs / HOUR_MS)}`, () => ({ id, atMs, cost: 0n, byok: 0n }))
    sum.cost += cost
    if (byok) sum.byok += upstreamCost
  }
  for (const [, { id, atMs, cost, byok }] of sorted(hours)) {
    if (cost === 0n && byok === 0n) continue
    for (const period of PERIODS) {
      await sql.run(`INSERT INTO workspace_windows (account_id, workspace_id, period, start_ms, cost, byok_cost, leased) VALUES ($1, $2, $3, $4, $5, $6, 0)
        ON CONFLICT (account_id, workspace_id, period, start_ms) DO UPDATE SET cost = workspace_windows.cost + excluded.cost, byok_cost = workspace_windows.byok_cost + excluded.byok_cost`,
        accountId, id, period, windowAt(period, atMs).startMs, cost, byok)
    }
  }
}
