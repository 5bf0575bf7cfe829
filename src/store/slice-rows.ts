import { sliceOf } from '../ledger/lease.ts'
import type { Cap, SliceAnswer, SliceAsk, WantedSlice, WindowRef, WindowUse } from '../limits/slice-bank.ts'
import { nextRevision } from './schema.ts'
import { big, int, one, text, type Row, type Sql } from './sql.ts'

/** How often a statement is tried again whose numbers another transaction changed under it. SQLite has one writer: once is enough there. */
const TRIES_MAX = 5

const READ = 'SELECT taken, unused FROM limit_windows WHERE account_id = $1 AND counter = $2 AND start_ms = $3'
const TAKE = 'UPDATE limit_windows SET taken = taken + $1, unused = unused + $1 WHERE account_id = $2 AND counter = $3 AND start_ms = $4 AND taken + $1 <= $5'

/** Notes what became of a slice, and grants more of it. What may be taken is decided by the statement that takes it. */
export async function takeSlice(sql: Sql, ask: SliceAsk, nodes: number): Promise<SliceAnswer> {
  const window = [ask.accountId, ask.counter, ask.startMs] as const
  await sql.run('INSERT INTO limit_windows (account_id, counter, start_ms, end_ms, taken, unused, changed) VALUES ($1, $2, $3, $4, 0, 0, 0) ON CONFLICT (account_id, counter, start_ms) DO NOTHING', ...window, ask.endMs)
  const change = ask.over - ask.back
  if (change !== 0n || ask.leftChange !== 0n) {
    await sql.run('UPDATE limit_windows SET taken = taken + $1, unused = unused + $2 WHERE account_id = $3 AND counter = $4 AND start_ms = $5', change, ask.leftChange, ...window)
  }
  const limit = await limitOf(sql, ask.accountId, ask)
  for (let tries = 0; ; tries++) {
    const row = await one(sql, READ, ...window)
    const free = limit - big(row, 'taken')
    const granted = ask.asked === 0n ? 0n : sliceOf({ free, asked: ask.asked, least: ask.least, nodes })
    if (granted <= 0n) return { granted: 0n, free, left: big(row, 'unused'), limit, nodes }
    const taken = await sql.run(TAKE, granted, ...window, limit)
    if (taken === 1) return { granted, free: free - granted, left: big(row, 'unused') + granted, limit, nodes }
    if (tries === TRIES_MAX) throw new Error('a slice could not be granted: its window never stood still')
  }
}

/** Lets every process see that this one wants what others have of a window. */
export async function recallSlice(sql: Sql, { accountId, counter, startMs }: WindowRef, nodeId: string): Promise<void> {
  await sql.run('UPDATE limit_windows SET wanted_by = $1, changed = $2 WHERE account_id = $3 AND counter = $4 AND start_ms = $5', nodeId, await nextRevision(sql), accountId, counter, startMs)
}

/** Windows that somebody wanted since a revision, each with the revision of that. */
export async function wantedSince(sql: Sql, revision: bigint): Promise<{ readonly slices: readonly WantedSlice[]; readonly rows: readonly Row[] }> {
  const rows = await sql.all('SELECT account_id, counter, start_ms, wanted_by, changed FROM limit_windows WHERE changed > $1', revision)
  const slices = rows.map((row) => ({ accountId: text(row, 'account_id'), counter: text(row, 'counter'), startMs: int(row, 'start_ms'), wantedBy: text(row, 'wanted_by') }))
  return { slices, rows }
}

export async function readWindowUse(sql: Sql, { accountId, counter, startMs }: WindowRef, cap: Cap): Promise<WindowUse> {
  const row = await one(sql, READ, accountId, counter, startMs)
  const used = big(row, 'taken') - big(row, 'unused')
  return { used: used < 0n ? 0n : used, limit: await limitOf(sql, accountId, cap) }
}

export async function pruneLimitWindows(sql: Sql, beforeMs: number): Promise<void> {
  await sql.run('DELETE FROM limit_windows WHERE end_ms < $1', beforeMs)
}

async function limitOf(sql: Sql, accountId: string, { limit, raised }: Cap): Promise<bigint> {
  if (!raised) return limit
  const account = await one(sql, 'SELECT bought FROM accounts WHERE id = $1', accountId)
  return big(account, 'bought') >= raised.creditsMin ? raised.limit : limit
}
