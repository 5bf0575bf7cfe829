import type { Generation } from '../ledger/generation.ts'
import type { End } from '../ledger/line.ts'
import { REPORT_SUMS } from '../ledger/reports.ts'
import { sorted, valueOf } from './groups.ts'
import { countSessions } from './session-cost-rows.ts'
import { spreadOut } from './spread-rows.ts'
import { isSummed, PLACE } from './summed.ts'
import { pieces, tuples, type Sql, type SqlValue } from './sql.ts'

const HOUR_MS = 3_600_000
const HOURS_OF_DAY = 24

interface Rollup {
  readonly table: string
  readonly bucket: 'hour' | 'day'
  /** Its key, beside the account and the bucket. */
  readonly by: readonly ('tag_set' | (typeof PLACE)[number])[]
}

/** Few rows for what is asked most, and rows for each set of tags beside them; each by hour and, for long ranges, by day. */
const ROLLUPS: readonly Rollup[] = [
  { table: 'rollups', bucket: 'hour', by: PLACE },
  { table: 'rollups_daily', bucket: 'day', by: PLACE },
  { table: 'tag_rollups', bucket: 'hour', by: ['tag_set', ...PLACE] },
  { table: 'tag_rollups_daily', bucket: 'day', by: ['tag_set', ...PLACE] },
  { table: 'tag_days', bucket: 'day', by: ['tag_set'] },
]

/** Adds to the sums of each hour and day, so that lists and charts never read generations. */
export async function rollUp(sql: Sql, accountId: string, ends: readonly End[], tagSets: ReadonlyMap<string, string>): Promise<void> {
  const summed = ends.filter(isSummed)
  const parts = partsOf(summed, tagSets)
  for (const rollup of ROLLUPS) await addTo(sql, rollup, rowsOf(rollup, accountId, parts))
  await spreadOut(sql, accountId, summed)
  await countSessions(sql, accountId, summed)
}

/** What calls of one hour have in common that any sum tells apart, and their sums: calls are added up once, and these few into each table. */
interface Part { readonly hour: number; readonly place: Readonly<Record<Rollup['by'][number], string>>; readonly sums: bigint[] }

function partsOf(ends: readonly End[], tagSets: ReadonlyMap<string, string>): readonly Part[] {
  const parts = new Map<string, Part>()
  for (const { callId, generation } of ends) {
    const { createdMs, keyHash, model, provider, endpointId } = generation
    const hour = Math.floor(createdMs / HOUR_MS)
    const tagSet = tagSets.get(callId) ?? ''
    const part = valueOf(parts, `${hour}\n${tagSet}\n${keyHash}\n${model}\n${provider}\n${endpointId}`, () => (
      { hour, place: { tag_set: tagSet, key_hash: keyHash, model, provider, endpoint_id: endpointId }, sums: REPORT_SUMS.map(() => 0n) }))
    add(part.sums, sumsOf(generation))
  }
  return [...parts.values()]
}

interface SumRow { readonly key: readonly SqlValue[]; readonly sums: bigint[] }

function rowsOf({ bucket, by }: Rollup, accountId: string, parts: readonly Part[]): SumRow[] {
  const rows = new Map<string, SumRow>()
  for (const { hour, place, sums } of parts) {
    const at = bucket === 'hour' ? hour : Math.floor(hour / HOURS_OF_DAY)
    const key = [accountId, at, ...by.map((column) => place[column])]
    add(valueOf(rows, key.join('\n'), () => ({ key, sums: REPORT_SUMS.map(() => 0n) })).sums, sums)
  }
  return sorted(rows).map(([, row]) => row)
}

function add(sums: bigint[], more: readonly bigint[]): void {
  for (let at = 0; at < more.length; at++) sums[at] = (sums[at] ?? 0n) + (more[at] ?? 0n)
}

/** What a call adds to the sums, in the order of REPORT_SUMS. */
export function sumsOf({ fault, cost, byok, upstreamCost, cancelled, usage, latencyMs, generationMs, finishReason, cacheNano, webNano }: Generation): bigint[] {
  const isTimed = latencyMs !== null && generationMs !== null
  return [
    1n, fault === null ? 0n : 1n, cost, byok ? upstreamCost : 0n, whole(usage.promptTokens), whole(usage.completionTokens), whole(usage.reasoningTokens), whole(usage.cacheReadTokens),
    upstreamCost, cancelled ? 1n : 0n, whole(usage.webSearches), whole(usage.serverToolCalls), isTimed ? 1n : 0n, isTimed ? whole(latencyMs) : 0n, isTimed ? whole(generationMs) : 0n, isTimed ? whole(usage.completionTokens) : 0n,
    byok ? 1n : 0n, byok ? cost : 0n, finishReason === 'tool_calls' ? 1n : 0n, whole(cacheNano ?? 0), whole(webNano ?? 0),
  ]
}

function whole(count: number): bigint {
  return BigInt(Math.round(count))
}

/** By table and number of rows: the engine finds its prepared statement by the text. */
const texts = new Map<string, string>()

async function addTo(sql: Sql, rollup: Rollup, rows: readonly SumRow[]): Promise<void> {
  for (const piece of pieces(rows)) {
    const statement = valueOf(texts, `${rollup.table} ${piece.length}`, () => addText(rollup, piece.length))
    await sql.run(statement, ...piece.flatMap(({ key, sums }) => [...key, ...sums]))
  }
}

function addText({ table, bucket, by }: Rollup, rows: number): string {
  const key = ['account_id', bucket, ...by]
  return `INSERT INTO ${table} (${[...key, ...REPORT_SUMS].join(', ')}) VALUES ${tuples(rows, key.length + REPORT_SUMS.length)}
    ON CONFLICT (${key.join(', ')}) DO UPDATE SET ${REPORT_SUMS.map((name) => `${name} = ${table}.${name} + excluded.${name}`).join(', ')}`
}
