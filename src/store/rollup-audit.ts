import { REPORT_SUMS } from '../ledger/reports.ts'
import { booksOpenFrom } from './retention.ts'
import { big, int, text, type Sql } from './sql.ts'

const HOUR_MS = 3_600_000
const PROBLEMS_MAX = 20

const PLACE = ['key_hash', 'model', 'provider', 'endpoint_id']
/** What a generation's own columns say. */
const OF_GENERATIONS = ['requests', 'faults', 'cost', 'prompt_tokens', 'completion_tokens'] as const
/** A closed account keeps sums without tags, and no records. */
const LIVE = 'account_id IN (SELECT id FROM accounts WHERE closed_ms IS NULL)'

/** What of the roll-ups is not the sum of the rows under it: hours by tags are generations; hours are hours by tags; days are hours. */
export async function rollupProblems(sql: Sql): Promise<string[]> {
  const fromHour = Math.ceil(await booksOpenFrom(sql) / HOUR_MS)
  const generations = `SELECT account_id, created_ms / ${HOUR_MS} AS bucket, tag_set, COUNT(*) AS requests, SUM(CASE WHEN fault IS NULL THEN 0 ELSE 1 END) AS faults, SUM(cost) AS cost,
    SUM(prompt_tokens) AS prompt_tokens, SUM(completion_tokens) AS completion_tokens FROM generations WHERE tag_set IS NOT NULL AND created_ms >= ${fromHour * HOUR_MS} AND ${LIVE} GROUP BY 1, 2, 3`
  return [
    ...await differences(sql, 'an hour by tags is the sum of its generations', ['tag_set'], OF_GENERATIONS, summed('tag_rollups', 'hour', ['tag_set'], OF_GENERATIONS, `hour >= ${fromHour} AND ${LIVE}`), generations),
    ...await differences(sql, 'an hour is the sum of its tags', PLACE, REPORT_SUMS, summed('rollups', 'hour', PLACE, REPORT_SUMS, LIVE), summed('tag_rollups', 'hour', PLACE, REPORT_SUMS, LIVE)),
    ...await differences(sql, 'a day is the sum of its hours', PLACE, REPORT_SUMS, summed('rollups_daily', 'day', PLACE, REPORT_SUMS), summed('rollups', 'hour / 24', PLACE, REPORT_SUMS)),
    ...await differences(sql, 'a day by tags is the sum of its hours', ['tag_set', ...PLACE], REPORT_SUMS,
      summed('tag_rollups_daily', 'day', ['tag_set', ...PLACE], REPORT_SUMS), summed('tag_rollups', 'hour / 24', ['tag_set', ...PLACE], REPORT_SUMS)),
    ...await differences(sql, 'a day of tags is the sum of its models', ['tag_set'], REPORT_SUMS, summed('tag_days', 'day', ['tag_set'], REPORT_SUMS), summed('tag_rollups_daily', 'day', ['tag_set'], REPORT_SUMS)),
  ]
}

function summed(table: string, bucket: string, by: readonly string[], sums: readonly string[], where = '1 = 1'): string {
  const group = [2, ...by.map((_, at) => at + 3)]
  return `SELECT account_id, ${bucket} AS bucket, ${by.join(', ')}, ${sums.map((name) => `SUM(${name}) AS ${name}`).join(', ')} FROM ${table} WHERE ${where} GROUP BY 1, ${group.join(', ')}`
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
