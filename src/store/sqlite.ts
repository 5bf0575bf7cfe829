import { Database as BunDatabase, type Statement } from 'bun:sqlite'
import type { Database, Row, Sql, SqlValue } from './sql.ts'

const BUSY_MS = 5_000
/** Reports read much at once. */
const REPORT_CACHE_KIB = 65_536
/** Statements that stay prepared. A batch of settlements has some thirty, and most of them in seven lengths; Bun keeps the last 20 unless told otherwise. */
const STATEMENTS_MAX = 256

/**
 * SQLite in this thread. Transactions run one after another; other processes may have the file open and wait for each
 * other's writes. WAL with FULL: what was committed is on the disk, which the journal relies on to be shortened.
 */
export class SqliteDatabase implements Database {
  private readonly db: BunDatabase
  private readonly sql: Sql
  private last: Promise<unknown> = Promise.resolve()

  constructor(path: string, busyMs = BUSY_MS, isReadOnly = false) {
    this.db = new BunDatabase(path, isReadOnly ? { readonly: true, safeIntegers: true } : { create: true, safeIntegers: true })
    BunDatabase.MAX_QUERY_CACHE_SIZE = STATEMENTS_MAX
    this.db.run(`PRAGMA busy_timeout = ${busyMs}`)
    if (isReadOnly) this.db.run(`PRAGMA cache_size = -${REPORT_CACHE_KIB}`)
    else for (const pragma of ['journal_mode = WAL', 'synchronous = FULL']) this.db.run(`PRAGMA ${pragma}`)
    this.sql = { all: async (text, ...values) => this.query(text).all(...values), run: async (text, ...values) => this.query(text).run(...values).changes }
  }

  read<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    return this.inTurn('BEGIN', work)
  }

  report<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    return this.read(work)
  }

  /** IMMEDIATE: a transaction that will write waits for others at its start, where nothing can be half done. */
  write<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    return this.inTurn('BEGIN IMMEDIATE', work)
  }

  writeBeside<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    return this.write(work)
  }

  rebuild<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    return this.write(work)
  }

  version(): bigint {
    return (this.db.query('PRAGMA data_version').get() as { data_version: bigint }).data_version
  }

  async close(): Promise<void> {
    // What failed last was told to whoever asked for it.
    await this.last.catch(() => undefined)
    this.db.close()
  }

  private inTurn<T>(begin: string, work: (sql: Sql) => Promise<T>): Promise<T> {
    const turn = this.last.then(() => this.transaction(begin, work))
    // A failed transaction is its caller's matter, the next one goes ahead.
    this.last = turn.catch(() => undefined)
    return turn
  }

  private async transaction<T>(begin: string, work: (sql: Sql) => Promise<T>): Promise<T> {
    this.db.run(begin)
    try {
      const result = await work(this.sql)
      this.db.run('COMMIT')
      return result
    } catch (error) {
      if (this.db.inTransaction) this.db.run('ROLLBACK')
      throw error
    }
  }

  private query(text: string): Statement<Row, SqlValue[]> {
    return this.db.query<Row, SqlValue[]>(text)
  }
}
