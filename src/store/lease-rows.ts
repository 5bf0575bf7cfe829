import { holderOf, type AllowanceWindow, type LeaseAnswer, type LeaseAsk, type LeaseReturn } from '../ledger/bank.ts'
import { sliceOf } from '../ledger/lease.ts'
import { freeCapWindow, isCapWindow, readCapWindow, takeFromCap, UNLIMITED, type AllowanceNow } from './cap-rows.ts'
import { groupBy, sorted } from './groups.ts'
import { letGoOfMessages } from './outbox-rows.ts'
import { isRollingStep, readRolling, takeFromRolling } from './rolling-rows.ts'
import { nextRevision } from './schema.ts'
import { big, int, one, rowsAt, text, type Row, type Sql } from './sql.ts'

/** How often a statement is tried again whose numbers another transaction changed under it. SQLite has one writer: once is enough there. */
const TRIES_MAX = 5

/** Grants or refuses one ask. What it may take is decided by the statement that takes it; what was read before only sizes it. */
export async function grantLease(sql: Sql, ask: LeaseAsk, nodes: number, nowMs: number): Promise<LeaseAnswer> {
  for (let tries = 0; ; tries++) {
    const lease = await lockLease(sql, ask.allowance.accountId, ask.leaseId)
    const closed = ask.opened && !lease
    const allowance = await readAllowance(sql, ask)
    const granted = closed ? 0n : sliceOf({ free: allowance.free, asked: ask.asked, least: ask.least, nodes })
    const others = allowance.leased - (lease ? big(lease, 'granted') - big(lease, 'spent') : 0n)
    const answer = { others, limit: allowance.limit, closed, ...(allowance.freesMs !== undefined && { freesMs: allowance.freesMs }) }
    if (granted <= 0n) return { granted: 0n, free: allowance.free, ...answer }
    const taken = ask.allowance.window ? await takeFromWindow(sql, ask, ask.allowance.window, granted) : await takeFromBalance(sql, ask.allowance.accountId, granted)
    if (taken) {
      await addToLease(sql, ask, granted, nowMs)
      return { granted, free: allowance.free - granted, ...answer }
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

/** Puts back into their allowances what leases have not spent, and takes it off them. Rows in the order of a settlement: an account's leases, its balance, its windows. */
export async function returnLeases(sql: Sql, returns: readonly LeaseReturn[]): Promise<void> {
  for (const [accountId, ofAccount] of sorted(groupBy(returns, (one) => one.accountId))) {
    const freed = new Map<string, { readonly window: KeyWindow; readonly amount: bigint }>()
    for (const one of await inOrder(sql, accountId, ofAccount)) {
      const lease = await lockLease(sql, accountId, one.leaseId)
      if (!lease) continue
      const window = { keyHash: text(lease, 'key_hash'), period: text(lease, 'period'), startMs: int(lease, 'start_ms') }
      freed.set(`${Object.values(window).join(' ')} ${one.leaseId}`, { window, amount: await takeOff(sql, lease, one) })
    }
    for (const [, { window, amount }] of sorted(freed)) await freeAllowance(sql, accountId, window, amount)
  }
}

/** Leases of the balance first, then those of windows, each in the order of their ids. */
async function inOrder(sql: Sql, accountId: string, returns: readonly LeaseReturn[]): Promise<readonly LeaseReturn[]> {
  if (returns.length === 1) return returns
  const byId = new Map(returns.map((one) => [one.leaseId, one]))
  const rows = await rowsAt(sql, 'SELECT id, key_hash FROM leases WHERE (account_id, id)', [...byId.keys()].map((id) => [accountId, id]))
  const known = rows.flatMap((row) => {
    const one = byId.get(text(row, 'id'))
    return one ? [[`${text(row, 'key_hash') === '' ? 0 : 1} ${one.leaseId}`, one] as const] : []
  })
  return sorted(new Map(known)).map(([, one]) => one)
}

/** How much of what the lease has left goes back: all of it when it is closed. */
async function takeOff(sql: Sql, lease: Row, { accountId, leaseId, amount, close }: LeaseReturn): Promise<bigint> {
  const unspent = big(lease, 'granted') - big(lease, 'spent')
  const returned = close || amount > unspent ? unspent : amount
  if (close) await sql.run('DELETE FROM leases WHERE account_id = $1 AND id = $2', accountId, leaseId)
  else await sql.run('UPDATE leases SET granted = granted - $1 WHERE account_id = $2 AND id = $3', returned, accountId, leaseId)
  return returned
}

/** Closes all leases of a node. Its journal has been settled. */
export async function closeNodeLeases(sql: Sql, nodeId: string): Promise<void> {
  const leases = await sql.all('SELECT account_id, id FROM leases WHERE node_id = $1', nodeId)
  await returnLeases(sql, leases.map((lease) => ({ accountId: text(lease, 'account_id'), leaseId: text(lease, 'id'), amount: 0n, close: true })))
  await letGoOfMessages(sql, nodeId)
  await sql.run('DELETE FROM nodes WHERE id = $1', nodeId)
}

/** Lets every node see that this one wants an account's leases back. */
export async function recallLeases(sql: Sql, accountId: string, nodeId: string): Promise<void> {
  await sql.run('UPDATE accounts SET wanted_by = $1, changed = $2 WHERE id = $3', nodeId, await nextRevision(sql), accountId)
}

async function readAllowance(sql: Sql, { allowance: { accountId, window } }: LeaseAsk): Promise<AllowanceNow> {
  if (!window) return readBalance(sql, accountId)
  if (isRollingStep(window)) return readRolling(sql, accountId, window)
  if (isCapWindow(window)) return readCapWindow(sql, accountId, window)
  return window.kind === 'key' ? readKeyWindow(sql, accountId, window) : readBudget(sql, accountId, window)
}

async function readBalance(sql: Sql, accountId: string): Promise<AllowanceNow> {
  const row = await one(sql, `SELECT balance, (SELECT SUM(granted - spent) FROM leases WHERE leases.account_id = $1 AND leases.key_hash = '') AS leased FROM accounts WHERE id = $1`, accountId)
  return { free: big(row, 'balance'), leased: big(row, 'leased'), limit: null }
}

async function readKeyWindow(sql: Sql, accountId: string, window: AllowanceWindow): Promise<AllowanceNow> {
  const row = await one(sql, `SELECT keys.limit_amount, key_windows.counted, key_windows.leased FROM keys
    LEFT JOIN key_windows ON key_windows.account_id = keys.account_id AND key_windows.key_hash = keys.hash AND key_windows.period = $1 AND key_windows.start_ms = $2
    WHERE keys.account_id = $3 AND keys.hash = $4 AND keys.deleted_ms IS NULL`, window.period, window.startMs, accountId, window.id)
  if (!row) return { free: 0n, leased: 0n, limit: 0n }
  const limit = row['limit_amount'] === null ? null : big(row, 'limit_amount')
  const leased = big(row, 'leased')
  return { free: (limit ?? UNLIMITED) - big(row, 'counted') - leased, leased, limit }
}

async function readBudget(sql: Sql, accountId: string, { id, period, startMs }: AllowanceWindow): Promise<AllowanceNow> {
  const budget = await one(sql, 'SELECT cap FROM budgets WHERE account_id = $1 AND workspace_id = $2 AND period = $3', accountId, id, period)
  const used = await one(sql, `SELECT workspace_windows.cost + workspace_windows.byok_cost * workspaces.include_byok AS counted, workspace_windows.leased FROM workspace_windows
    JOIN workspaces ON workspaces.account_id = workspace_windows.account_id AND workspaces.id = workspace_windows.workspace_id
    WHERE workspace_windows.account_id = $1 AND workspace_windows.workspace_id = $2 AND workspace_windows.period = $3 AND workspace_windows.start_ms = $4`, accountId, id, period, startMs)
  const limit = budget ? big(budget, 'cap') : null
  const leased = big(used, 'leased')
  return { free: (limit ?? UNLIMITED) - big(used, 'counted') - leased, leased, limit }
}

function takeFromWindow(sql: Sql, { allowance: { accountId } }: LeaseAsk, window: AllowanceWindow, amount: bigint): Promise<boolean> {
  if (isRollingStep(window)) return takeFromRolling(sql, accountId, window, amount)
  if (isCapWindow(window)) return takeFromCap(sql, accountId, window, amount)
  return window.kind === 'key' ? takeFromKey(sql, accountId, window, amount) : takeFromBudget(sql, accountId, window, amount)
}

async function takeFromBudget(sql: Sql, accountId: string, { id, period, startMs }: AllowanceWindow, amount: bigint): Promise<boolean> {
  await sql.run(`INSERT INTO workspace_windows (account_id, workspace_id, period, start_ms, cost, byok_cost, leased) VALUES ($1, $2, $3, $4, 0, 0, 0)
    ON CONFLICT (account_id, workspace_id, period, start_ms) DO NOTHING`, accountId, id, period, startMs)
  return await sql.run(`UPDATE workspace_windows SET leased = leased + $1 WHERE account_id = $2 AND workspace_id = $3 AND period = $4 AND start_ms = $5
    AND cost + byok_cost * (SELECT include_byok FROM workspaces WHERE account_id = $2 AND id = $3) + leased + $1 <=
    COALESCE((SELECT cap FROM budgets WHERE account_id = $2 AND workspace_id = $3 AND period = $4), $6)`, amount, accountId, id, period, startMs, UNLIMITED) === 1
}

async function takeFromKey(sql: Sql, accountId: string, key: AllowanceWindow, amount: bigint): Promise<boolean> {
  await sql.run(`INSERT INTO key_windows (account_id, key_hash, period, start_ms, cost, byok_cost, counted, leased) VALUES ($1, $2, $3, $4, 0, 0, 0, 0)
    ON CONFLICT (account_id, key_hash, period, start_ms) DO NOTHING`, accountId, key.id, key.period, key.startMs)
  return await sql.run(`UPDATE key_windows SET leased = leased + $1 WHERE account_id = $2 AND key_hash = $3 AND period = $4 AND start_ms = $5 AND counted + leased + $1 <=
    (SELECT COALESCE(keys.limit_amount, $6) FROM keys WHERE keys.account_id = $2 AND keys.hash = $3 AND keys.deleted_ms IS NULL)`,
    amount, accountId, key.id, key.period, key.startMs, UNLIMITED) === 1
}

async function addToLease(sql: Sql, { leaseId, nodeId, allowance: { accountId, window } }: LeaseAsk, amount: bigint, nowMs: number): Promise<void> {
  await sql.run(`INSERT INTO leases (account_id, id, node_id, key_hash, period, start_ms, granted, spent, opened_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8)
    ON CONFLICT (account_id, id) DO UPDATE SET granted = leases.granted + excluded.granted`,
    accountId, leaseId, nodeId, holderOf(window), window?.period ?? '', window?.startMs ?? 0, amount, nowMs)
}

async function freeAllowance(sql: Sql, accountId: string, lease: KeyWindow, amount: bigint): Promise<void> {
  if (amount === 0n) return
  if (lease.keyHash === '') await sql.run('UPDATE accounts SET balance = balance + $1 WHERE id = $2', amount, accountId)
  else await freeKeyWindow(sql, accountId, lease, amount)
}

const WORKSPACE = 'workspace:'

/** A window of a key's limit, or of a budget: as its leases name it, by `holderOf`. */
export interface KeyWindow { readonly keyHash: string; readonly period: string; readonly startMs: number }

/** What the leases of a window have spent or returned is not leased any more. */
export async function freeKeyWindow(sql: Sql, accountId: string, lease: KeyWindow, amount: bigint): Promise<void> {
  if (lease.keyHash.startsWith(WORKSPACE)) {
    await sql.run('UPDATE workspace_windows SET leased = leased - $1 WHERE account_id = $2 AND workspace_id = $3 AND period = $4 AND start_ms = $5',
      amount, accountId, lease.keyHash.slice(WORKSPACE.length), lease.period, lease.startMs)
    return
  }
  if (lease.keyHash.includes(':')) return freeCapWindow(sql, accountId, lease.keyHash, lease, amount)
  await sql.run('UPDATE key_windows SET leased = leased - $1 WHERE account_id = $2 AND key_hash = $3 AND period = $4 AND start_ms = $5',
    amount, accountId, lease.keyHash, lease.period, lease.startMs)
}
