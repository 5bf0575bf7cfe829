import { formatUsd } from '../core/nano.ts'
import { big, one, type Sql } from './sql.ts'

/** What the books say, and what in them does not fit. */
export interface Audit {
  readonly ok: boolean
  readonly problems: readonly string[]
  readonly granted: bigint
  readonly balance: bigint
  /** In nodes' hands, not spent. */
  readonly leased: bigint
  readonly charged: bigint
  readonly writtenOff: bigint
  readonly generations: bigint
}

/** Each row of these is an account (or transfer, or key) whose sums differ: name of the rule, and the query. */
const RULES: readonly (readonly [string, string])[] = [
  ['balance and open leases are the sum of the entries', `SELECT accounts.id AS what,
    accounts.balance + COALESCE((SELECT SUM(granted - spent) FROM leases WHERE account_id = accounts.id AND key_hash = ''), 0) AS got,
    COALESCE((SELECT SUM(amount) FROM entries WHERE account_id = accounts.id AND book = 'balance'), 0) AS want FROM accounts`],
  ['granted credits are the entries that fund them', `SELECT accounts.id AS what, accounts.granted AS got,
    COALESCE((SELECT -SUM(amount) FROM entries WHERE account_id = accounts.id AND book = 'funding'), 0) AS want FROM accounts`],
  ['write-offs are the entries of the operator', `SELECT accounts.id AS what, accounts.written_off AS got,
    COALESCE((SELECT -SUM(amount) FROM entries WHERE account_id = accounts.id AND book = 'write-off'), 0) AS want FROM accounts`],
  ['the sides of a transfer sum to zero', 'SELECT account_id AS what, SUM(amount) AS got, 0 AS want FROM entries GROUP BY account_id, id'],
  ['charged is the sum of the generations', `SELECT account_id AS what, SUM(cost) AS got,
    COALESCE((SELECT SUM(amount) FROM entries WHERE entries.account_id = generations.account_id AND book = 'revenue'), 0) AS want FROM generations GROUP BY account_id`],
  ['each transfer is the sum of its generations', `SELECT entries.id AS what, entries.amount AS got, COALESCE(SUM(generations.cost), 0) AS want FROM entries
    LEFT JOIN generations ON generations.account_id = entries.account_id AND generations.entry_id = entries.id
    WHERE entries.book = 'revenue' GROUP BY entries.account_id, entries.id, entries.amount`],
  ["a key's use is the sum of its generations", `SELECT key_hash AS what, SUM(cost) AS got,
    COALESCE((SELECT cost FROM key_windows WHERE key_windows.account_id = generations.account_id AND key_windows.key_hash = generations.key_hash AND period = 'ever'), 0) AS want
    FROM generations GROUP BY account_id, key_hash`],
  ['the hours are the sum of the generations', `SELECT account_id AS what, SUM(cost) AS got,
    COALESCE((SELECT SUM(cost) FROM rollups WHERE rollups.account_id = generations.account_id), 0) AS want FROM generations GROUP BY account_id`],
  ["what is leased of a key's limit is its open leases", `SELECT key_hash AS what, leased AS got,
    COALESCE((SELECT SUM(granted - spent) FROM leases WHERE leases.account_id = key_windows.account_id AND leases.key_hash = key_windows.key_hash
    AND leases.period = key_windows.period AND leases.start_ms = key_windows.start_ms), 0) AS want FROM key_windows`],
]

/** Recomputes every sum from the rows under it. Reads everything: for people and tests, not for calls. */
export async function audit(sql: Sql): Promise<Audit> {
  const problems: string[] = []
  for (const [rule, query] of RULES) {
    const rows = await sql.all(`SELECT what, got, want FROM (${query}) AS sums WHERE got <> want LIMIT 20`)
    for (const row of rows) problems.push(`${rule}: ${String(row['what'])} has ${formatUsd(big(row, 'got'))}, its rows say ${formatUsd(big(row, 'want'))}`)
  }
  const accounts = await one(sql, 'SELECT SUM(balance) AS balance, SUM(granted) AS granted, SUM(written_off) AS written_off FROM accounts')
  const leases = await one(sql, "SELECT SUM(granted - spent) AS leased FROM leases WHERE key_hash = ''")
  const generations = await one(sql, 'SELECT SUM(cost) AS charged, COUNT(*) AS generations FROM generations')
  const sums = {
    granted: big(accounts, 'granted'), balance: big(accounts, 'balance'), leased: big(leases, 'leased'), charged: big(generations, 'charged'),
    writtenOff: big(accounts, 'written_off'), generations: big(generations, 'generations'),
  }
  const rest = sums.granted - (sums.balance + sums.leased + sums.charged - sums.writtenOff)
  if (rest !== 0n) problems.push(`granted credits are balances, leases and charges: ${formatUsd(rest)} is not accounted for`)
  return { ok: problems.length === 0, problems, ...sums }
}
