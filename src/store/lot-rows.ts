import { nextRevision } from './schema.ts'
import { writeTransfer } from './settlement.ts'
import { rowId } from '../lib/id.ts'
import { big, intOrNull, one, text, type Sql } from './sql.ts'

/** An addition of credit to an account. */
export interface NewLot { readonly accountId: string; readonly id: string; readonly kind: 'granted' | 'bought'; readonly amount: bigint; readonly atMs: number; readonly expiresMs?: number | null }

export async function insertLot(sql: Sql, { accountId, id, kind, amount, atMs, expiresMs = null }: NewLot): Promise<void> {
  await sql.run('INSERT INTO credit_lots (account_id, id, kind, amount, removed, at_ms, expires_ms, due_ms) VALUES ($1, $2, $3, $4, 0, $5, $6, $6)', accountId, id, kind, amount, atMs, expiresMs)
}

/** Notes what was taken out of a lot unused. */
export async function removeFromLot(sql: Sql, accountId: string, id: string, amount: bigint): Promise<void> {
  await sql.run('UPDATE credit_lots SET removed = removed + $1 WHERE account_id = $2 AND id = $3', amount, accountId, id)
}

/** Puts back what was taken out of a lot: there is more of it again, or of a newer one whose credit was taken with it. What of them is too old lapses. */
export async function putBackIntoLot(sql: Sql, accountId: string, id: string, amount: bigint): Promise<void> {
  await sql.run('UPDATE credit_lots SET removed = removed - $1 WHERE account_id = $2 AND id = $3', amount, accountId, id)
  await sql.run('UPDATE credit_lots SET due_ms = expires_ms WHERE account_id = $1', accountId)
}

/** What the account has that no call has used: its balance, and what its leases have left. */
export async function readUnspent(sql: Sql, accountId: string): Promise<bigint> {
  const account = await one(sql, 'SELECT balance FROM accounts WHERE id = $1', accountId)
  const leased = await one(sql, "SELECT SUM(granted - spent) AS unspent FROM leases WHERE account_id = $1 AND key_hash = ''", accountId)
  return big(account, 'balance') + big(leased, 'unspent')
}

/** What came with a lot and was not taken out of it again, used or not. */
export async function netOfLot(sql: Sql, accountId: string, id: string): Promise<bigint> {
  return big(await one(sql, 'SELECT amount - removed AS net FROM credit_lots WHERE account_id = $1 AND id = $2', accountId, id), 'net')
}

/** What is left of a lot: the oldest credit is used first, so the newest lots are those that are still whole. */
export async function leftOfLot(sql: Sql, accountId: string, id: string): Promise<bigint> {
  return (await leftOfLots(sql, accountId)).get(id) ?? 0n
}

/** By lot; those of which nothing is left are not in it. */
async function leftOfLots(sql: Sql, accountId: string): Promise<Map<string, bigint>> {
  let unspent = await readUnspent(sql, accountId)
  const left = new Map<string, bigint>()
  for (const row of await sql.all('SELECT id, amount - removed AS net FROM credit_lots WHERE account_id = $1 ORDER BY at_ms DESC, id DESC', accountId)) {
    if (unspent <= 0n) break
    const net = big(row, 'net')
    left.set(text(row, 'id'), net < unspent ? net : unspent)
    unspent -= net
  }
  return left
}

/** Credit that lapses at once; null: never. */
export interface LotPart { readonly amount: bigint; readonly expiresMs: number | null }

/** What lapses when of this much of what the account has left, the oldest of it: the soonest first. */
export async function oldestLeft(sql: Sql, accountId: string, amount: bigint): Promise<readonly LotPart[]> {
  const left = await leftOfLots(sql, accountId)
  const parts = new Map<number | null, bigint>()
  let rest = amount
  for (const row of await sql.all('SELECT id, expires_ms FROM credit_lots WHERE account_id = $1 ORDER BY at_ms, id', accountId)) {
    const whole = left.get(text(row, 'id')) ?? 0n
    const part = whole < rest ? whole : rest
    const expiresMs = intOrNull(row, 'expires_ms')
    if (part > 0n) parts.set(expiresMs, (parts.get(expiresMs) ?? 0n) + part)
    rest -= part
  }
  return [...parts].map(([expiresMs, part]) => ({ amount: part, expiresMs })).toSorted((a, b) => (a.expiresMs ?? Infinity) - (b.expiresMs ?? Infinity))
}

const EXPIRED_MAX = 200

/** Takes what is left of lots that are too old, as far as no call holds it: the rest goes another time. How many lots lost something. */
export async function expireLots(sql: Sql, nowMs: number): Promise<number> {
  const due = await sql.all(`SELECT account_id, id FROM credit_lots WHERE due_ms <= $1 AND removed < amount ORDER BY due_ms LIMIT ${EXPIRED_MAX}`, nowMs)
  let count = 0
  for (const row of due) {
    const [accountId, id] = [text(row, 'account_id'), text(row, 'id')]
    const left = await leftOfLot(sql, accountId, id)
    const taken = left > 0n ? await takeFree(sql, accountId, left) : 0n
    if (taken > 0n) {
      await removeFromLot(sql, accountId, id, taken)
      await writeTransfer(sql, { accountId, id: rowId(), kind: 'expiry', reason: `unused credit of ${id}`, reference: null, atMs: nowMs, sides: [['balance', -taken], ['expired', taken]] })
      count += 1
    }
    // Nothing is left, nor will be: no lot grows again but by a payment that comes back.
    if (left === taken) await sql.run('UPDATE credit_lots SET due_ms = NULL WHERE account_id = $1 AND id = $2', accountId, id)
  }
  return count
}

/** Takes up to this much from what is free; how much it was. */
export async function takeFree(sql: Sql, accountId: string, amount: bigint): Promise<bigint> {
  const balance = big(await one(sql, 'SELECT balance FROM accounts WHERE id = $1', accountId), 'balance')
  const taken = amount < balance ? amount : balance
  if (taken > 0n) await addCredit(sql, accountId, -taken)
  return taken
}

/** Adds to the free balance, or takes: what it may not go below, the table checks. Processes that refused see it. */
export async function addCredit(sql: Sql, accountId: string, amount: bigint): Promise<void> {
  await sql.run('UPDATE accounts SET balance = balance + $1, granted = granted + $1, changed = $2, wanted_by = NULL WHERE id = $3', amount, await nextRevision(sql), accountId)
}
