import { pieces, tuples, type Row, type Sql, type SqlValue } from './sql.ts'
import type { Table } from './tables.ts'

const PAGE_ROWS = 1_000

/** Every row of a table, in the order of its key, a page at a time. `only`: those of one account. */
export async function* rowsOf(sql: Sql, { name, key }: Table, only?: { readonly accountId: string }): AsyncGenerator<Row, void, undefined> {
  let last: SqlValue[] | undefined
  for (;;) {
    const values: SqlValue[] = [...(only ? [only.accountId] : []), ...(last ?? [])]
    const [account, after] = [only ? ['account_id = $1'] : [], last ? [`(${key.join(', ')}) > ${tuple(key.length, only ? 2 : 1)}`] : []]
    const where = [...account, ...after].length > 0 ? `WHERE ${[...account, ...after].join(' AND ')}` : ''
    const page = await sql.all(`SELECT * FROM ${name} ${where} ORDER BY ${key.join(', ')} LIMIT ${PAGE_ROWS}`, ...values)
    yield* page
    const end = page.at(-1)
    if (!end || page.length < PAGE_ROWS) return
    last = key.map((column) => end[column] ?? null)
  }
}

function tuple(columns: number, first: number): string {
  return `(${Array.from({ length: columns }, (_, at) => `$${first + at}`).join(', ')})`
}

/** Inserts rows of one table, all with these columns. */
export async function insertRows(sql: Sql, table: string, columns: readonly string[], rows: readonly (readonly SqlValue[])[]): Promise<void> {
  for (const piece of pieces(rows)) await sql.run(`INSERT INTO ${table} (${columns.join(', ')}) VALUES ${tuples(piece.length, columns.length)}`, ...piece.flat())
}

/** Values as JSON holds them: texts as they are, integers as numbers, or in a list of one where a number would not be exact. */
export function writeValues(values: readonly SqlValue[]): string {
  return JSON.stringify(values.map((value) => (typeof value === 'bigint' ? (BigInt(Number(value)) === value && Number.isSafeInteger(Number(value)) ? Number(value) : [String(value)]) : value)))
}

/** The values back. Throws on anything that `writeValues` does not make. */
export function readValues(json: unknown): SqlValue[] {
  if (!Array.isArray(json)) throw new Error('a row is a list of values')
  return json.map((value: unknown) => {
    if (value === null || typeof value === 'string') return value
    if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value)
    if (Array.isArray(value) && typeof value[0] === 'string' && /^-?\d+$/.test(value[0])) return BigInt(value[0])
    throw new Error('a value is a text, an integer or null')
  })
}
