import { draw } from '../lib/random.ts'
import type { Database, Row, Sql, SqlValue } from './sql.ts'

/** Connections of one process: what calls need is in memory, so that few are ever busy. */
const CONNECTIONS_MAX = 8
const CONNECT_SECONDS_MAX = 5
/** A transaction that takes longer is given up, with its connection: whoever waits is told that the store is away. */
const TRANSACTION_MS_MAX = 15_000
/** Reports and changes of the schema end when they are done, and some day all the same. */
const LONG_MS_MAX = 24 * 3_600_000

const READ = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY'
const SERIALIZABLE = 'BEGIN ISOLATION LEVEL SERIALIZABLE'
const READ_COMMITTED = 'BEGIN ISOLATION LEVEL READ COMMITTED'

/**
 * What others' transactions may do to ours: serialization failure, deadlock, and a unique key that another one has just
 * taken (a second try sees its row). The server has rolled back: trying again is safe.
 */
const CONFLICTS: Readonly<Record<string, number>> = { '40001': 12, '40P01': 12, '23505': 2, '42P07': 2 }
const RETRY_MS_MAX = 200

/**
 * Postgres, or an engine that speaks its wire. Transactions run side by side on a few connections. `write` is serializable
 * and one at a time in this process; `writeBeside` is read committed, so that settlements of many nodes wait for a row and
 * do not start over.
 */
export class PostgresDatabase implements Database {
  private readonly pool: Bun.SQL
  private last: Promise<unknown> = Promise.resolve()

  /** `transactionMsMax`: how long a server that does not answer is waited for. */
  constructor(url: string, private readonly transactionMsMax = TRANSACTION_MS_MAX) {
    const { address, connectionsMax, prepare } = readUrl(url)
    this.pool = new Bun.SQL(address, {
      bigint: true, max: connectionsMax, prepare, connectionTimeout: CONNECT_SECONDS_MAX,
      // The server ends what a process that is gone left behind, so that its locks hold up nobody.
      connection: { application_name: 'switchyard', statement_timeout: String(transactionMsMax), idle_in_transaction_session_timeout: String(transactionMsMax) },
    })
  }

  read<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    return this.again(READ, work, this.transactionMsMax)
  }

  report<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    return this.again(READ, unhurried(work), LONG_MS_MAX)
  }

  write<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    return this.inTurn(work, this.transactionMsMax)
  }

  rebuild<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    return this.inTurn(unhurried(work), LONG_MS_MAX)
  }

  writeBeside<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    return this.again(READ_COMMITTED, work, this.transactionMsMax)
  }

  version(): undefined {
    return undefined
  }

  async close(): Promise<void> {
    // What failed last was told to whoever asked for it.
    await this.last.catch(() => undefined)
    await this.pool.close({ timeout: 5 })
  }

  private inTurn<T>(work: (sql: Sql) => Promise<T>, msMax: number): Promise<T> {
    const turn = this.last.then(() => this.again(SERIALIZABLE, work, msMax))
    // A failed transaction is its caller's matter, the next one goes ahead.
    this.last = turn.catch(() => undefined)
    return turn
  }

  private async again<T>(begin: string, work: (sql: Sql) => Promise<T>, msMax: number): Promise<T> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.transaction(begin, work, msMax)
      } catch (error) {
        if (tries >= triesMax(error)) throw error
        await Bun.sleep(Math.min(RETRY_MS_MAX, 2 ** tries) * draw())
      }
    }
  }

  private async transaction<T>(begin: string, work: (sql: Sql) => Promise<T>, msMax: number): Promise<T> {
    const connection = await this.pool.reserve({ signal: AbortSignal.timeout(Math.min(msMax, this.transactionMsMax)) })
    try {
      return await within(run(connection, begin, work), msMax, () => void connection.close({ timeout: 0 }))
    } finally {
      connection.release()
    }
  }
}

/** The server, too, lets it take its time. */
function unhurried<T>(work: (sql: Sql) => Promise<T>): (sql: Sql) => Promise<T> {
  return async (sql) => {
    for (const name of ['statement_timeout', 'idle_in_transaction_session_timeout']) await sql.run(`SET LOCAL ${name} = 0`)
    return work(sql)
  }
}

async function run<T>(connection: Bun.ReservedSQL, begin: string, work: (sql: Sql) => Promise<T>): Promise<T> {
  await connection.unsafe(begin)
  try {
    const result = await work(sqlOf(connection))
    await connection.unsafe('COMMIT')
    return result
  } catch (error) {
    // A connection that is gone has rolled back by itself.
    await connection.unsafe('ROLLBACK').catch(() => undefined)
    throw error
  }
}

function sqlOf(connection: Bun.ReservedSQL): Sql {
  return {
    all: async (text, ...values) => await connection.unsafe(text, values.map(valueOf)) as readonly Row[],
    run: async (text, ...values) => (await connection.unsafe(text, values.map(valueOf)) as { readonly count: number | null }).count ?? 0,
  }
}

/** Integers go as 64-bit ones, whatever column they meet; the one character that a text of Postgres cannot hold goes as its replacement. */
function valueOf(value: SqlValue): string | bigint | null {
  if (typeof value === 'number') return BigInt(value)
  return typeof value === 'string' && value.includes('\0') ? value.replaceAll('\0', '\uFFFD') : value
}

function triesMax(error: unknown): number {
  if (!(error instanceof Bun.SQL.PostgresError)) return 1
  return CONFLICTS[String(error.errno)] ?? 1
}

/** Waits no longer than that; then `giveUp` is called, and the error says so. */
async function within<T>(work: Promise<T>, msMax: number, giveUp: () => void): Promise<T> {
  let timer: Timer | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      giveUp()
      reject(new Error(`the database did not answer within ${msMax} ms`))
    }, msMax)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

/** Our own settings are parameters of the address, beside those of Postgres: `connections` and `prepare=false`, for poolers that have no prepared statements. */
function readUrl(text: string): { readonly address: string; readonly connectionsMax: number; readonly prepare: boolean } {
  const url = new URL(text)
  const connections = Number(url.searchParams.get('connections') ?? CONNECTIONS_MAX)
  const prepare = url.searchParams.get('prepare') !== 'false'
  for (const name of ['connections', 'prepare']) url.searchParams.delete(name)
  return { address: url.href, connectionsMax: Number.isInteger(connections) && connections > 0 ? connections : CONNECTIONS_MAX, prepare }
}
