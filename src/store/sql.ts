/** A value as both engines take and give it. Every integer of a column comes back as a bigint. */
export type SqlValue = string | bigint | number | null

/** One row, by column name. */
export type Row = Readonly<Record<string, SqlValue>>

/**
 * A connection inside a transaction. Statements are written once for SQLite and Postgres: parameters are `$1`, `$2`, … and
 * appear in that order for the first time (SQLite numbers them as they come).
 */
export interface Sql {
  all(text: string, ...values: readonly SqlValue[]): Promise<readonly Row[]>
  /** How many rows it changed. */
  run(text: string, ...values: readonly SqlValue[]): Promise<number>
}

/** A database that gives transactions, one after another where the engine wants it so. */
export interface Database {
  /** Sees one state throughout. */
  read<T>(work: (sql: Sql) => Promise<T>): Promise<T>
  /** As `read`, and may take as long as it needs. */
  report<T>(work: (sql: Sql) => Promise<T>): Promise<T>
  /** All of it or nothing, as if nobody else wrote meanwhile. `work` may be run again from its start. */
  write<T>(work: (sql: Sql) => Promise<T>): Promise<T>
  /**
   * As `write`, but beside others where the engine can: each statement sees what was committed before it, and a row that was
   * read may change until a statement of this transaction has written it. For the work of calls, whose statements decide by themselves.
   */
  writeBeside<T>(work: (sql: Sql) => Promise<T>): Promise<T>
  /** As `write`, and may take as long as it needs: a schema that is brought forward over millions of rows. */
  rebuild<T>(work: (sql: Sql) => Promise<T>): Promise<T>
  /** Something that differs whenever another connection has committed; undefined where looking costs a question. */
  version(): bigint | undefined
  close(): Promise<void>
}

/** The first row of a query. */
export async function one(sql: Sql, text: string, ...values: readonly SqlValue[]): Promise<Row | undefined> {
  const [row] = await sql.all(text, ...values)
  return row
}

/** Money and counters: an integer column. */
export function big(row: Row | undefined, column: string): bigint {
  const value = row?.[column]
  if (typeof value === 'bigint') return value
  // A sum over no rows, and the sums that Postgres gives as numeric text.
  return value === null || value === undefined ? 0n : BigInt(value)
}

/** Times and small counts: an integer column that a JS number holds exactly. */
export function int(row: Row | undefined, column: string): number {
  return Number(big(row, column))
}

export function intOrNull(row: Row, column: string): number | null {
  return row[column] === null ? null : int(row, column)
}

export function text(row: Row, column: string): string {
  const value = row[column]
  if (typeof value !== 'string') throw new Error(`column ${column} is not text`)
  return value
}

export function textOrNull(row: Row, column: string): string | null {
  return row[column] === null ? null : text(row, column)
}

/** `($1, $2), ($3, $4)`: the values of `rows` rows of `columns` columns. */
export function tuples(rows: number, columns: number): string {
  const tuple = (row: number) => `(${Array.from({ length: columns }, (_, column) => `$${row * columns + column + 1}`).join(', ')})`
  return Array.from({ length: rows }, (_, row) => tuple(row)).join(', ')
}

/** Cuts rows into pieces of 64 and then powers of two, so that few different statements are ever prepared. */
export function pieces<T>(rows: readonly T[]): T[][] {
  const out: T[][] = []
  for (let at = 0, size = 64; at < rows.length; at += size) {
    while (size > rows.length - at) size /= 2
    out.push(rows.slice(at, at + size))
  }
  return out
}

/** The rows that these keys are of: `query` ends in the columns they stand for, as `… WHERE (account_id, hash)`. */
export async function rowsAt(sql: Sql, query: string, keys: readonly (readonly (string | number | bigint)[])[]): Promise<Row[]> {
  const found: Row[] = []
  for (const piece of pieces(keys)) {
    const values: SqlValue[] = []
    // Postgres takes a parameter in VALUES for text, whatever stands on the other side.
    const tuple = (key: readonly (string | number | bigint)[]) => `(${key.map((value) => `CAST($${values.push(value)} AS ${typeof value === 'string' ? 'text' : 'bigint'})`).join(', ')})`
    found.push(...await sql.all(`${query} IN (VALUES ${piece.map(tuple).join(', ')})`, ...values))
  }
  return found
}
