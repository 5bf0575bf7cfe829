import { REPORT_SUMS } from '../ledger/reports.ts'
import { PLACE } from './summed.ts'
import { booksOpenFrom } from './retention.ts'
import { big, int, text, type Sql } from './sql.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000
const PROBLEMS_MAX = 20

/** What a generation's own columns say. */
const OF_GENERATIONS = ['requests', 'faults', 'cost', 'prompt_tokens', 'completion_tokens'] as const
const COUNTED = { requests: 'COUNT(*)', faults: 'SUM(CASE WHEN fault IS NULL THEN 0 ELSE 1 END)' } as const
/** A closed account keeps sums without tags, and no records. */
const LIVE = 'account_id IN (SELECT id FROM accounts WHERE closed_ms IS NULL)'

/**
 * What of the roll-ups is not the sum of the rows under it. Each is compared once, with what is near it: all rows of the largest tables are sorted
 * as seldom as that allows.
 */
export async function rollupProblems(sql: Sql): Promise<string[]> {
  const fromDay = Math.ceil(await booksOpenFrom(sql) / DAY_MS)
  const generations = (bucketMs: number, by: readonly string[]) => summed('generations', `created_ms / ${bucketMs}`, by, OF_GENERATIONS, `tag_set IS NOT NULL AND created_ms >= ${fromDay * DAY_MS} AND ${LIVE}`, COUNTED)
  const all = (table: string, bucket: string, by: readonly string[]) => summed(table, bucket, by, REPORT_SUMS, LIVE)
  const ofSets = ['tag_set', ...PLACE]
  return [
    ...await differences(sql, 'a day of tags is the sum of its generations', ['tag_set'], OF_GENERATIONS, summed('tag_days', 'day', ['tag_set'], OF_GENERATIONS, `day >= ${fromDay} AND ${LIVE}`), generations(DAY_MS, ['tag_set'])),
    ...await differences(sql, 'an hour is the sum of its generations', [], OF_GENERATIONS, summed('rollups', 'hour', [], OF_GENERATIONS, `hour >= ${fromDay * 24} AND ${LIVE}`), generations(HOUR_MS, [])),
    ...await differences(sql, 'a day of tags is the sum of its models', ['tag_set'], REPORT_SUMS, all('tag_days', 'day', ['tag_set']), all('tag_rollups_daily', 'day', ['tag_set'])),
    ...await differences(sql, 'a day is the sum of its tags', PLACE, REPORT_SUMS, all('rollups_daily', 'day', PLACE), all('tag_rollups_daily', 'day', PLACE)),
    ...await differences(sql, 'a day is the sum of its hours', PLACE, REPORT_SUMS, summed('rollups_daily', 'day', PLACE, REPORT_SUMS), summed('rollups', 'hour / 24', PLACE, REPORT_SUMS)),
    ...await differences(sql, 'the spread of a day is of all its calls', PLACE, ['requests'], summed('rollup_spreads', 'day', PLACE, ['requests'], LIVE, { requests: 'SUM(calls)' }), summed('rollups_daily', 'day', PLACE, ['requests'], LIVE)),
    ...await differences(sql, 'a day by tags is the sum of its hours', ofSets, REPORT_SUMS, all('tag_rollups_daily', 'day', ofSets), all('tag_rollups', 'hour / 24', ofSets)),
  ]
}

function summed(table: string, bucket: string, by: readonly string[], sums: readonly string[], where = '1 = 1', of: Readonly<Record<string, string>> = {}): string {
  const columns = ['account_id', `${bucket} AS bucket`, ...by, ...sums.map((name) => `${of[name] ?? `SUM(${name})`} AS ${name}`)]
  return `SELECT ${columns.join(', ')} FROM ${table} WHERE ${where} GROUP BY ${Array.from({ length: by.length + 2 }, (_, at) => at + 1).join(', ')}`
}

async function differences(sql: Sql, rule: string, by: readonly string[], sums: readonly string[], has: string, says: string): Promise<string[]> {
  const key = ['account_id', 'bucket', ...by].join(', ')
  const minus = (query: string) => `SELECT ${key}, ${sums.map((name) => `-${name} AS ${name}`).join(', ')} FROM (${query}) AS sums`
  const rows = await sql.all(`SELECT ${key}, ${sums.map((name) => `SUM(${name}) AS ${name}`).join(', ')} FROM (${has} UNION ALL ${minus(says)}) AS sides
    GROUP BY ${key} HAVING ${sums.map((name) => `SUM(${name}) <> 0`).join(' OR ')} LIMIT ${PROBLEMS_MAX}`)
  return rows.map((row) => {
    const wrong = sums.filter((name) => big(row, name) !== 0n).map((name) => `${name} by ${big(row, name)}`)
    return `${rule}: ${[text(row, 'account_id'), String(int(row, 'bucket')), ...by.map((name) => text(row, name))].join(' ')} differs in ${wrong.join(', ')}`
  })
}
