import type { End } from '../ledger/line.ts'
import { throughputUnits } from '../ledger/metrics.ts'
import { addSpread, addTo, bucketOf, CONTEXT_COUNTS, contextBucketOf, writeSpread, type Spread } from '../ledger/spread.ts'
import { sorted, valueOf } from './groups.ts'
import { PLACE } from './summed.ts'
import { int, pieces, text, tuples, type Row, type Sql, type SqlValue } from './sql.ts'

const DAY_MS = 86_400_000
const KEY = ['account_id', 'day', ...PLACE] as const

/** What a batch adds to a row. */
interface Added { readonly key: readonly SqlValue[]; calls: number; readonly latency: Spread; readonly throughput: Spread; readonly contexts: Spread }

/** Adds to how the calls of each day were spread, in the transaction that settles them. */
export async function spreadOut(sql: Sql, accountId: string, ends: readonly End[]): Promise<void> {
  const rows = sorted(addedBy(accountId, ends))
  for (const piece of pieces(rows)) {
    const added = new Map(piece)
    // Written first, so that the rows are ours until the end: what is read of them is what nobody else adds to meanwhile.
    const found = await sql.all(textOf(piece.length, 'calls = rollup_spreads.calls + excluded.calls'), ...piece.flatMap(([, { key, calls }]) => [...key, calls, '', '', '']))
    const whole = found.flatMap((row) => rowOf(row, added))
    await sql.all(textOf(whole.length, 'latency = excluded.latency, throughput = excluded.throughput, contexts = excluded.contexts'), ...whole.flat())
  }
}

function addedBy(accountId: string, ends: readonly End[]): Map<string, Added> {
  const rows = new Map<string, Added>()
  for (const { generation } of ends) {
    const { createdMs, keyHash, model, provider, endpointId, latencyMs, generationMs, usage } = generation
    const key = [accountId, Math.floor(createdMs / DAY_MS), keyHash, model, provider, endpointId]
    const row = valueOf(rows, key.join('\n'), () => ({ key, calls: 0, latency: new Map(), throughput: new Map(), contexts: new Map() }))
    row.calls += 1
    if (latencyMs !== null) addTo(row.latency, bucketOf(latencyMs), 1)
    if (generationMs !== null && generationMs > 0 && usage.completionTokens > 0) addTo(row.throughput, bucketOf(throughputUnits(usage.completionTokens, generationMs)), 1)
    const tokens = Math.round(usage.promptTokens) + Math.round(usage.completionTokens)
    const size = contextBucketOf(usage.promptTokens)
    if (tokens > 0) addTo(row.contexts, size, tokens)
    if (tokens > 0) addTo(row.contexts, CONTEXT_COUNTS + size, 1)
  }
  return rows
}

/** The row as it must be now. */
function rowOf(row: Row, added: ReadonlyMap<string, Added>): SqlValue[][] {
  const key = [text(row, 'account_id'), int(row, 'day'), ...PLACE.map((column) => text(row, column))]
  const more = added.get(key.join('\n'))
  if (!more) return []
  const sum = (column: 'latency' | 'throughput' | 'contexts'): string => {
    addSpread(more[column], text(row, column))
    return writeSpread(more[column])
  }
  return [[...key, 0, sum('latency'), sum('throughput'), sum('contexts')]]
}

/** By its number of rows: the engine finds its prepared statement by the text. */
const texts = new Map<string, string>()

function textOf(rows: number, set: string): string {
  return valueOf(texts, `${rows} ${set}`, () => `INSERT INTO rollup_spreads (${KEY.join(', ')}, calls, latency, throughput, contexts) VALUES ${tuples(rows, KEY.length + 4)}
    ON CONFLICT (${KEY.join(', ')}) DO UPDATE SET ${set} RETURNING ${KEY.join(', ')}, latency, throughput, contexts`)
}
