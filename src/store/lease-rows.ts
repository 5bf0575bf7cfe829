import type { LeaseAnswer, LeaseAsk, LeaseReturn } from '../ledger/bank.ts'
import { sliceOf } from '../ledger/lease.ts'
import { nextRevision } from './schema.ts'
import { big, int, one, text, type Row, type Sql } from './sql.ts'

/** How often a statement is tried again whose numbers another transaction changed under it. SQLite has one writer: once is enough there. */
const TRIES_MAX = 5

/** Grants or refuses one ask. What it may take is decided by the statement that takes it; what was read before only sizes it. */
export async function grantLease(sql: Sql, ask: LeaseAsk, nodes: number, nowMs: number): Promise<LeaseAnswer> {
  for (let tries = 0; ; tries++) {
    const closed = ask.opened && !await lockLease(sql, ask.allowance.accountId, ask.leaseId)
    const allowance = await readAllowance(sql, ask)
    const granted = closed ? 0n : sliceOf({ free: allowance.free, asked: ask.asked, least: ask.least, nodes })
    const others = await leasedByOthers(sql, ask)
    if (granted <= 0n) return { granted: 0n, free: allowance.free, others, limit: allowance.limit, closed }
    const taken = ask.allowance.key ? await takeFromKey(sql, ask, granted) : await takeFromBalance(sql, ask.allowance.accountId, granted)
    if (taken) {
      await addToLease(sql, ask, granted, nowMs)
      return { granted, free: allowance.free - granted, others, limit: allowance.limit, closed }
    }
    if (tries === TRIES_MAX) throw new Error('a lease could not be granted: its allowance never stood still')
  }
}

/** Lowers the balance if it holds that much. */
export async function takeFromBalance(sql: Sql, accountId: string, amount: bigint): Promise<boolean> {
  return await sql.run('UPDATE accounts SET balance = balance - $1 WHERE id = $2 AND balance >= $1', amount, accountId) === 1
}

/** A lease as it is until this transaction ends: written, so that nobody else's writing comes between what is read of it and what follows. */
export async function lockLease(sql: Sql, accountId: string, leaseId: string): Promise<Row | undefined> {
  return one(sql, 'UPDATE leases SET spent = spent WHERE account_id = $1 AND id = $2 RETURNING key_hash, period, start_ms, granted, spent', accountId, leaseId)
}

/** Puts back into the allowance what a lease has not spent, and takes it off the lease. */
export async function returnLease(sql: Sql, { accountId, leaseId, amount, close }: LeaseReturn): Promise<void> {
  const lease = await lockLease(sql, accountId, leaseId)
  if (!lease) return
  const unspent = big(lease, 'granted') - big(lease, 'spent')
  const returned = close || amount > unspent ? unspent : amount
  if (close) await sql.run('DELETE FROM leases WHERE account_id = $1 AND id = $2', accountId, leaseId)
  else await sql.run('UPDATE leases SET granted = granted - $1 WHERE account_id = $2 AND id = $3', returned, accountId, leaseId)
  await freeAllowance(sql, accountId, { keyHash: text(lease, 'key_hash'), period: text(lease, 'period'), startMs: int(lease, 'start_ms') }, returned)
}

/** Closes all leases of a node. Its journal has been settled. */
export async function closeNodeLeases(sql: Sql, nodeId: string): Promise<void> {
  const leases = await sql.all('SELECT account_id, id FROM leases WHERE node_id = $1 ORDER BY id', nodeId)
  for (const lease of leases) await returnLease(sql, { accountId: text(lease, 'account_id'), leaseId: text(lease, 'id'), amount: 0n, close: true })
  await sql.run('DELETE FROM nodes WHERE id = $1', nodeId)
}

/** Lets every node see that this one wants an account's leases back. */
export async function recallLeases(sql: Sql, accountId: string, nodeId: string): Promise<void> {
  await sql.run('UPDATE accounts SET wanted_by = $1, changed = $2 WHERE id = $3', nodeId, await nextRevision(sql), accountId)
}

async function readAllowance(sql: Sql, { allowance: { accountId, key } }: LeaseAsk): Promise<{ readonly free: bigint; readonly limit: bigint | null }> {
  if (!key) return { free: big(await one(sql, 'SELECT balance FROM accounts WHERE id = $1', accountId), 'balance'), limit: null }
  const row = await one(sql, `SELECT keys.limit_amount, key_windows.counted, key_windows.leased FROM keys
    LEFT JOIN key_windows ON key_windows.account_id = keys.account_id AND key_windows.key_hash = keys.hash AND key_windows.period = $1 AND key_windows.start_ms = $2
    WHERE keys.account_id = $3 AND keys.hash = $4 AND keys.deleted_ms IS NULL`, key.period, key.startMs, accountId, key.hash)
  if (!row) return { free: 0n, limit: 0n }
  // A limit that was just lifted: the caller is still an old copy of the key.
  const limit = row['limit_amount'] === null ? null : big(row, 'limit_amount')
  return { free: (limit ?? UNLIMITED) - big(row, 'counted') - big(row, 'leased'), limit }
}

/** More than anybody spends, and still an exact 64-bit sum with what was counted. */
const UNLIMITED = 1n << 60n

async function takeFromKey(sql: Sql, ask: LeaseAsk, amount: bigint): Promise<boolean> {
  const { accountId, key } = ask.allowance
  if (!key) return false
  await sql.run(`INSERT INTO key_windows (account_id, key_hash, period, start_ms, cost, byok_cost, counted, leased) VALUES ($1, $2, $3, $4, 0, 0, 0, 0)
    ON CONFLICT (account_id, key_hash, period, start_ms) DO NOTHING`, accountId, key.hash, key.period, key.startMs)
  return await sql.run(`UPDATE key_windows SET leased = leased + $1 WHERE account_id = $2 AND key_hash = $3 AND period = $4 AND start_ms = $5 AND counted + leased + $1 <=
    (SELECT COALESCE(keys.limit_amount, $6) FROM keys WHERE keys.account_id = $2 AND keys.hash = $3 AND keys.deleted_ms IS NULL)`,
    amount, accountId, key.hash, key.period, key.startMs, UNLIMITED) === 1
}

async function addToLease(sql: Sql, { leaseId, nodeId, allowance: { accountId, key } }: LeaseAsk, amount: bigint, nowMs: number): Promise<void> {
  await sql.run(`INSERT INTO leases (account_id, id, node_id, key_hash, period, start_ms, granted, spent, opened_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8)
    ON CONFLICT (account_id, id) DO UPDATE SET granted = leases.granted + excluded.granted`,
    accountId, leaseId, nodeId, key?.hash ?? '', key?.period ?? '', key?.startMs ?? 0, amount, nowMs)
}

async function leasedByOthers(sql: Sql, { leaseId, allowance: { accountId, key } }: LeaseAsk): Promise<bigint> {
  const row = await one(sql, `SELECT SUM(granted - spent) AS unspent FROM leases
    WHERE account_id = $1 AND key_hash = $2 AND period = $3 AND start_ms = $4 AND id <> $5`,
    accountId, key?.hash ?? '', key?.period ?? '', key?.startMs ?? 0, leaseId)
  return big(row, 'unspent')
}

async function freeAllowance(sql: Sql, accountId: string, lease: KeyWindow, amount: bigint): Promise<void> {
  if (amount === 0n) return
  if (lease.keyHash === '') await sql.run('UPDATE accounts SET balance = balance + $1 WHERE id = $2', amount, accountId)
  else await freeKeyWindow(sql, accountId, lease, amount)
}

/** A window of a key's limit. */
export interface KeyWindow { readonly keyHash: string; readonly period: string; readonly startMs: number }

/** What a key's leases have spent or returned is not leased any more. */
export async function freeKeyWindow(sql: Sql, accountId: string, lease: KeyWindow, amount: bigint): Promise<void> {
  await sql.run('UPDATE key_windows SET leased = leased - $1 WHERE account_id = $2 AND key_hash = $3 AND period = $4 AND start_ms = $5',
    amount, accountId, lease.keyHash, lease.period, lease.startMs)
}
