import { int, one, text, type Row, type Sql } from './sql.ts'

/** How old rows may get, in ms since the epoch of the oldest that stays. What is not said stays for ever. */
export interface Cutoffs {
  /** Records of calls. What they cost stays, in every sum. */
  readonly generationsMs?: number
  /** What keys and workspaces spent in each day, week and month. What they spent ever stays. */
  readonly windowsMs?: number
  /** The log of changes. */
  readonly changesMs?: number
}

const BATCH_ROWS = 500

/**
 * From now on no generation is taken that began before this: it may have been here, and be removed. Done some time before the
 * removal, so that nothing that was begun before is still under way.
 */
export async function closeBooksBefore(sql: Sql, generationsMs: number): Promise<void> {
  await sql.run("UPDATE counters SET value = $1 WHERE name = 'pruned_ms' AND value < $1", generationsMs)
}

/** The beginning of the first call that is still taken. */
export async function booksOpenFrom(sql: Sql): Promise<number> {
  return int(await one(sql, "SELECT value FROM counters WHERE name = 'pruned_ms'"), 'value')
}

/** Removes one batch of what is too old. How many rows went; 0 when there is nothing left to do. */
export async function pruneBatch(sql: Sql, cutoffs: Cutoffs): Promise<number> {
  for (const step of STEPS) {
    const count = await step(sql, cutoffs)
    if (count > 0) return count
  }
  return 0
}

const STEPS: readonly ((sql: Sql, cutoffs: Cutoffs) => Promise<number>)[] = [pruneGenerations, pruneFeedback, pruneWindows, pruneChanges]

async function pruneGenerations(sql: Sql, { generationsMs }: Cutoffs): Promise<number> {
  if (generationsMs === undefined) return 0
  const beforeMs = Math.min(generationsMs, await booksOpenFrom(sql))
  // One question: a reseller's customers are as many accounts.
  const due = await one(sql, 'SELECT id FROM accounts WHERE EXISTS (SELECT 1 FROM generations WHERE generations.account_id = accounts.id AND generations.created_ms < $1) LIMIT 1', beforeMs)
  return due ? removeGenerations(sql, text(due, 'id'), beforeMs) : 0
}

/** Removes a batch of an account's generations that began before then, and keeps what they cost. */
export async function removeGenerations(sql: Sql, accountId: string, beforeMs: number): Promise<number> {
  const removed = await sql.all(`DELETE FROM generations WHERE account_id = $1 AND id IN (
    SELECT id FROM generations WHERE account_id = $1 AND created_ms < $2 ORDER BY created_ms LIMIT ${BATCH_ROWS}) RETURNING key_hash, entry_id, cost`, accountId, beforeMs)
  // Sums of what this statement has removed, not of what was looked at: another process may do the same.
  for (const { keyHash, entryId, cost, count } of sumsOf(removed)) {
    await sql.run(`INSERT INTO pruned (account_id, key_hash, entry_id, cost, generations) VALUES ($1, $2, $3, $4, $5)
      ON CONFLICT (account_id, key_hash, entry_id) DO UPDATE SET cost = pruned.cost + excluded.cost, generations = pruned.generations + excluded.generations`,
      accountId, keyHash, entryId, cost, count)
  }
  return removed.length
}

interface PrunedSum { readonly keyHash: string; readonly entryId: string; cost: bigint; count: bigint }

function sumsOf(rows: readonly Row[]): PrunedSum[] {
  const sums = new Map<string, PrunedSum>()
  for (const row of rows) {
    const [keyHash, entryId] = [text(row, 'key_hash'), row['entry_id'] === null ? '' : text(row, 'entry_id')]
    const sum = sums.get(`${keyHash} ${entryId}`) ?? { keyHash, entryId, cost: 0n, count: 0n }
    sum.cost += BigInt(row['cost'] ?? 0)
    sum.count += 1n
    sums.set(`${keyHash} ${entryId}`, sum)
  }
  return [...sums].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, sum]) => sum)
}

/** What was said of a call goes with its record. */
async function pruneFeedback(sql: Sql, { generationsMs }: Cutoffs): Promise<number> {
  return generationsMs === undefined ? 0 : sql.run('DELETE FROM feedback WHERE created_ms < $1 AND NOT EXISTS (SELECT 1 FROM generations WHERE generations.account_id = feedback.account_id AND generations.id = feedback.generation_id)', generationsMs)
}

/** Windows that are over and that no lease is a slice of. Audits read the windows that have no end. */
async function pruneWindows(sql: Sql, { windowsMs }: Cutoffs): Promise<number> {
  if (windowsMs === undefined) return 0
  let count = 0
  for (const table of ['key_windows', 'workspace_windows', 'budget_windows']) count += await sql.run(`DELETE FROM ${table} WHERE period <> 'ever' AND start_ms < $1 AND leased = 0`, windowsMs)
  return count
}

async function pruneChanges(sql: Sql, { changesMs }: Cutoffs): Promise<number> {
  return changesMs === undefined ? 0 : sql.run('DELETE FROM audit_log WHERE at_ms < $1', changesMs)
}
