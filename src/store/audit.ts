import { formatUsd, type Nano } from '../core/nano.ts'
import { PURCHASE_RULES } from './purchase-audit.ts'
import { rollupProblems } from './rollup-audit.ts'
import { walletProblems } from './wallet-audit.ts'
import { big, text, type Row, type Sql } from './sql.ts'

/** What was given, and where it is. */
export type AuditSums = Pick<Audit, 'granted' | 'balance' | 'leased' | 'charged' | 'writtenOff' | 'unbilled'>

/** What the books say, and what in them does not fit. */
export interface Audit {
  /** Of resellers' customers; all other sums are of accounts. */
  readonly wallets: AuditSums
  readonly ok: boolean
  readonly problems: readonly string[]
  readonly granted: bigint
  readonly balance: bigint
  /** In nodes' hands, not spent. */
  readonly leased: bigint
  readonly charged: bigint
  readonly writtenOff: bigint
  /** Used while money was turned off. */
  readonly unbilled: bigint
  /** Those that are still on record, and those of which only the sums stay. */
  readonly generations: bigint
}

const PROBLEMS_MAX = 20

/**
 * The account, not as a column: a table is read once in its own order and sorted. By the order of its key SQLite would look up
 * each row for itself, which takes three times as long where there are millions.
 */
const ACCOUNT = "account_id || ''"

/** Sums of money by account, by transfer or by key. */
type Sums = Map<string, Nano>

/**
 * Recomputes every sum from the rows under it: one pass over the entries by book, one by transfer, one over the generations by
 * key, one over both together. Reads everything: for people and tests, not for calls.
 */
export async function audit(sql: Sql): Promise<Audit> {
  const problems: string[] = []
  const accounts = await sql.all('SELECT id, kind, balance, granted, written_off, bought, unbilled FROM accounts')
  const columns = (name: string): Sums => new Map(accounts.map((row) => [text(row, 'id'), big(row, name)]))
  const [balance, granted, writtenOff, unbilled] = [columns('balance'), columns('granted'), columns('written_off'), columns('unbilled')]
  const leased = sumsOf(await sql.all("SELECT account_id, SUM(granted - spent) AS amount FROM leases WHERE key_hash = '' GROUP BY account_id"), ['account_id'], 'amount')
  const books = await sql.all(`SELECT ${ACCOUNT} AS account_id, book, SUM(amount) AS amount FROM entries GROUP BY ${ACCOUNT}, book`)
  const book = (name: string): Sums => sumsOf(books.filter((row) => row['book'] === name), ['account_id'], 'amount')
  const kept = await sql.all(`SELECT ${ACCOUNT} AS account_id, key_hash, SUM(cost) AS cost, COUNT(*) AS generations FROM generations GROUP BY ${ACCOUNT}, key_hash`)
  const pruned = await sql.all('SELECT account_id, key_hash, SUM(cost) AS cost, SUM(generations) AS generations FROM pruned GROUP BY account_id, key_hash')
  const used = [...kept, ...pruned]
  const charged = sumsOf(used, ['account_id'], 'cost')
  const windows = await sql.all("SELECT account_id, key_hash, cost FROM key_windows WHERE period = 'ever'")
  const hours = await sql.all('SELECT account_id, SUM(cost) AS cost FROM rollups GROUP BY account_id')

  compare(problems, 'balance and open leases are the sum of the entries', merged(balance, leased), book('balance'))
  compare(problems, 'granted credits are the entries that fund them', granted, negated(FUNDS.map(book).reduce(merged)))
  compare(problems, 'bought credits are what was paid, less the fees', columns('bought'), negated(merged(book('payment'), book('fee'))))
  compare(problems, 'what was used while money was off is the entries that say so', unbilled, negated(book('unbilled')))
  compare(problems, 'write-offs are the entries of the operator', writtenOff, negated(book('write-off')))
  compare(problems, 'charged is the sum of the generations', book('revenue'), charged)
  compare(problems, "a key's use is the sum of its generations", sumsOf(windows, ['account_id', 'key_hash'], 'cost'), sumsOf(used, ['account_id', 'key_hash'], 'cost'))
  compare(problems, 'the hours are the sum of the generations', sumsOf(hours, ['account_id'], 'cost'), charged)
  for (const [rule, query] of RULES) {
    for (const row of await sql.all(`${query} LIMIT ${PROBLEMS_MAX}`)) problems.push(say(rule, text(row, 'what'), big(row, 'got'), big(row, 'want')))
  }
  problems.push(...await rollupProblems(sql))
  // What resellers gave their customers is no money of the operator's: it is told apart, and proven by the same rules.
  const ofCustomers = new Set(accounts.filter((row) => row['kind'] === 'wallet').map((row) => text(row, 'id')))
  const sumsWhere = (isWallet: boolean): AuditSums => {
    const only = (all: Sums) => total(new Map([...all].filter(([id]) => ofCustomers.has(id) === isWallet)))
    return { granted: only(granted), balance: only(balance), leased: only(leased), charged: only(charged), writtenOff: only(writtenOff), unbilled: only(unbilled) }
  }
  const [sums, wallets] = [sumsWhere(false), sumsWhere(true)]
  problems.push(...await walletProblems(sql))
  for (const one of [sums, wallets]) {
    const rest = one.granted - (one.balance + one.leased + one.charged - one.writtenOff - one.unbilled)
    if (rest !== 0n) problems.push(`granted credits are balances, leases and charges: ${formatUsd(rest)} is not accounted for`)
  }
  return { ok: problems.length === 0, problems, ...sums, wallets, generations: used.filter((row) => !ofCustomers.has(text(row, 'account_id'))).reduce((sum, row) => sum + big(row, 'generations'), 0n) }
}

/** Books that credit comes from, and that it goes back to: what the operator grants, what buyers pay and their fees, what lapsed, what a dispute took and was used. */
const FUNDS = ['funding', 'payment', 'fee', 'expired', 'loss'] as const

/** Rules whose sums are too many to be gathered here: each query gives the rows that break one. */
const RULES: readonly (readonly [string, string])[] = [
  ...PURCHASE_RULES,
  ['the sides of a transfer sum to zero', `SELECT id AS what, SUM(amount) AS got, 0 AS want FROM entries GROUP BY ${ACCOUNT}, id HAVING SUM(amount) <> 0`],
  ['each transfer is the sum of its generations', `SELECT id AS what, SUM(entry) AS got, SUM(cost) AS want FROM (
    SELECT account_id, id, amount AS entry, 0 AS cost FROM entries WHERE book = 'revenue'
    UNION ALL SELECT account_id, entry_id, 0, cost FROM generations WHERE entry_id IS NOT NULL
    UNION ALL SELECT account_id, entry_id, 0, cost FROM pruned WHERE entry_id <> '') AS sides GROUP BY account_id, id HAVING SUM(entry) <> SUM(cost)`],
  ["what is leased of a key's limit is its open leases", `SELECT what, got, want FROM (SELECT key_hash AS what, leased AS got,
    COALESCE((SELECT SUM(granted - spent) FROM leases WHERE leases.account_id = key_windows.account_id AND leases.key_hash = key_windows.key_hash
    AND leases.period = key_windows.period AND leases.start_ms = key_windows.start_ms), 0) AS want FROM key_windows) AS sums WHERE got <> want`],
  ["what is leased of a workspace's budgets is its open leases", `SELECT what, got, want FROM (SELECT workspace_id AS what, leased AS got,
    COALESCE((SELECT SUM(granted - spent) FROM leases WHERE leases.account_id = workspace_windows.account_id AND leases.key_hash = 'workspace:' || workspace_windows.workspace_id
    AND leases.period = workspace_windows.period AND leases.start_ms = workspace_windows.start_ms), 0) AS want FROM workspace_windows) AS sums WHERE got <> want`],
  ['what is leased of a budget is its open leases', `SELECT what, got, want FROM (SELECT holder AS what, leased AS got,
    COALESCE((SELECT SUM(granted - spent) FROM leases WHERE leases.account_id = budget_windows.account_id AND leases.key_hash = budget_windows.holder
    AND leases.period = budget_windows.period AND leases.start_ms = budget_windows.start_ms), 0) AS want FROM budget_windows) AS sums WHERE got <> want`],
  ['what workspaces spent is what their keys did', `SELECT account_id AS what, SUM(workspace_cost) AS got, SUM(key_cost) AS want FROM (
    SELECT account_id, cost AS workspace_cost, 0 AS key_cost FROM workspace_windows WHERE period = 'ever'
    UNION ALL SELECT account_id, 0, cost FROM key_windows WHERE period = 'ever') AS sides GROUP BY account_id HAVING SUM(workspace_cost) <> SUM(key_cost)`],
]

/** By the values of these columns; rows that share them are added up. */
function sumsOf(rows: readonly Row[], by: readonly string[], column: string): Sums {
  const sums: Sums = new Map()
  for (const row of rows) add(sums, by.map((name) => text(row, name)).join(' '), big(row, column))
  return sums
}

function add(sums: Sums, what: string, amount: Nano): void {
  sums.set(what, (sums.get(what) ?? 0n) + amount)
}

function merged(a: Sums, b: Sums): Sums {
  const sums = new Map(a)
  for (const [what, amount] of b) add(sums, what, amount)
  return sums
}

function negated(sums: Sums): Sums {
  return new Map([...sums].map(([what, amount]) => [what, -amount]))
}

function total(sums: Sums): Nano {
  return [...sums.values()].reduce((sum, amount) => sum + amount, 0n)
}

function compare(problems: string[], rule: string, got: Sums, want: Sums): void {
  let found = 0
  for (const what of new Set([...got.keys(), ...want.keys()])) {
    const [has, says] = [got.get(what) ?? 0n, want.get(what) ?? 0n]
    if (has !== says && ++found <= PROBLEMS_MAX) problems.push(say(rule, what, has, says))
  }
}

function say(rule: string, what: string, got: Nano, want: Nano): string {
  return `${rule}: ${what} has ${formatUsd(got)}, its rows say ${formatUsd(want)}`
}
