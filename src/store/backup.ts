import { once } from 'node:events'
import { createReadStream, createWriteStream, existsSync, fsyncSync, openSync, closeSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { isDeepStrictEqual } from 'node:util'
import { createGunzip, createGzip } from 'node:zlib'
import { readJournal } from '../ledger/journal.ts'
import { settleJournal } from '../ledger/recovery.ts'
import type { Clock } from '../lib/clock.ts'
import type { Audit } from './audit.ts'
import { openDatabase } from './database.ts'
import { journalPath } from './node-locks.ts'
import type { StorePlace } from './protocol.ts'
import { migrate, migrateWithin, MIGRATIONS } from './schema.ts'
import { releaseSecret } from './session-rows.ts'
import { SqlStore } from './sql-store.ts'
import type { Sql, SqlValue } from './sql.ts'
import { insertRows, readValues, rowsOf, writeValues } from './table-rows.ts'
import { tablesOf, type Table } from './tables.ts'

/** A restore of many rows is one transaction. */
const RESTORE_MS_MAX = 24 * 3_600_000
const BATCH_ROWS = 512
const FORMAT = 1

/** A backup that cannot be made or restored. The message says what to change. */
export class BackupError extends Error {
  override readonly name = 'BackupError'
}

/** What a backup holds, or a restore has taken. */
export interface BackedUp { readonly rows: number; readonly journalLines: number }

/** A line of a backup: what it is, a table with its columns, a row of the last table, or a line of a journal. */
type Line =
  | { readonly switchyard: 'backup'; readonly format: number; readonly schema: readonly string[]; readonly madeMs: number }
  | { readonly table: string; readonly columns: readonly string[] }
  | readonly unknown[]
  | { readonly journal: string }
  | { readonly end: BackedUp }

/**
 * Writes everything that the store has to one file: JSON lines, gzipped, the same for both engines. Beside a running
 * gateway it is consistent: one snapshot of the database, and before it the journals of this directory, so that every call
 * that was acknowledged before the backup began is in it, once. Nodes on other machines have their own journals.
 */
export async function backUp(place: StorePlace, path: string, clock: Clock): Promise<BackedUp> {
  const database = openDatabase(place)
  const partial = `${path}.part`
  try {
    const journals = journalLines(join(place.dataDir, 'journal'))
    const counts = await writeFile(partial, async (write) => {
      await write(JSON.stringify({ switchyard: 'backup', format: FORMAT, schema: MIGRATIONS.map(({ name }) => name), madeMs: clock.wallMs() } satisfies Line))
      const rows = await database.report((sql) => writeTables(sql, write))
      for (const line of journals) await write(JSON.stringify({ journal: line } satisfies Line))
      const end = { rows, journalLines: journals.length }
      await write(JSON.stringify({ end } satisfies Line))
      return end
    })
    renameSync(partial, path)
    return counts
  } finally {
    rmSync(partial, { force: true })
    await database.close()
  }
}

async function writeTables(sql: Sql, write: (line: string) => Promise<void>): Promise<number> {
  const done = await sql.all('SELECT name FROM migrations ORDER BY version')
  if (!isDeepStrictEqual(done.map((row) => row['name']), MIGRATIONS.map(({ name }) => name))) throw new BackupError('the store has the schema of another version of Switchyard: make the backup with that one, or start this one on it first')
  let count = 0
  for (const table of tablesOf()) {
    let columns: string[] | undefined
    for await (const row of rowsOf(sql, table)) {
      if (!columns) await write(JSON.stringify({ table: table.name, columns: columns = Object.keys(row) } satisfies Line))
      await write(writeValues(columns.map((column) => row[column] ?? null)))
      count += 1
    }
  }
  return count
}

function journalLines(directory: string): string[] {
  const nodes = existsSync(directory) ? readdirSync(directory).flatMap((file) => /^(.*)\.log(?:\.old)?$/.exec(file)?.[1] ?? []) : []
  return [...new Set(nodes)].flatMap((nodeId) => readJournal(journalPath(directory, nodeId)))
}

async function writeFile<T>(path: string, work: (write: (line: string) => Promise<void>) => Promise<T>): Promise<T> {
  const gzip = createGzip()
  const file = createWriteStream(path, { mode: 0o600 })
  const done = once(file, 'close')
  gzip.pipe(file)
  const failed = Promise.race([once(gzip, 'error'), once(file, 'error')]).then(([error]) => { throw error })
  // Heard below, or there was none.
  failed.catch(() => undefined)
  const write = async (line: string): Promise<void> => {
    if (!gzip.write(`${line}\n`)) await Promise.race([once(gzip, 'drain'), failed])
  }
  const result = await work(write)
  gzip.end()
  await Promise.race([done, failed])
  const fd = openSync(path, 'r+')
  fsyncSync(fd)
  closeSync(fd)
  return result
}

/**
 * Fills an empty store from a backup, of either engine: the schema that the backup had, its rows, then what came after in
 * the schema, then what the journals say. No node of it is left, and nothing is leased. All of it or nothing.
 */
export async function restore(place: StorePlace, path: string, clock: Clock): Promise<BackedUp & { readonly audit: Audit }> {
  mkdirSync(place.dataDir, { recursive: true, mode: 0o700 })
  const database = openDatabase(place, RESTORE_MS_MAX)
  try {
    const { counts, journals } = await database.write((sql) => readRows(sql, path, clock.wallMs()))
    await migrate(database, clock.wallMs())
    const store = new SqlStore(database)
    await settleJournal(journals, store, clock.wallMs())
    for (const { nodeId } of await store.beats()) await store.closeNode(nodeId)
    await database.write(releaseSecret)
    return { ...counts, audit: await store.verify() }
  } finally {
    await database.close()
  }
}

async function readRows(sql: Sql, path: string, nowMs: number): Promise<Loaded> {
  const loader = new Loader(sql, nowMs)
  const lines = createInterface({ input: createReadStream(path).pipe(createGunzip()), crlfDelay: Number.POSITIVE_INFINITY })
  try {
    // What is not a line of ours is refused by the loader.
    for await (const line of lines) await loader.take(JSON.parse(line) as Line)
  } catch (error) {
    if (error instanceof SyntaxError || codeOf(error) === 'Z_DATA_ERROR') throw new BackupError(`${path} is not a backup of Switchyard`, { cause: error })
    if (codeOf(error) === 'Z_BUF_ERROR') throw new BackupError(notWhole(path), { cause: error })
    throw error
  } finally {
    lines.close()
  }
  return loader.end(path)
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}

function notWhole(path: string): string {
  return `${path} is not whole: its end is missing`
}

interface Loaded { readonly counts: BackedUp; readonly journals: readonly string[] }

/** Takes a backup line by line. */
class Loader {
  private hasBegun = false
  private tables = new Map<string, Table>()
  private table: { readonly name: string; readonly columns: readonly string[] } | undefined
  private rows: SqlValue[][] = []
  private count = 0
  private readonly journals: string[] = []
  private counts: BackedUp | undefined

  constructor(private readonly sql: Sql, private readonly nowMs: number) {}

  async take(line: Line): Promise<void> {
    if (Array.isArray(line)) return this.takeRow(readValues(line))
    // A list was a row, above.
    const named = line as Exclude<Line, readonly unknown[]>
    if ('switchyard' in named) return this.begin(named)
    if (!this.hasBegun) throw new BackupError('this is not a backup of Switchyard')
    await this.flush()
    if ('table' in named) this.beginTable(named)
    if ('journal' in named) this.journals.push(named.journal)
    if ('end' in named) this.counts = named.end
  }

  end(path: string): Loaded {
    if (!this.counts || this.counts.rows !== this.count || this.counts.journalLines !== this.journals.length) throw new BackupError(notWhole(path))
    return { counts: this.counts, journals: this.journals }
  }

  private async begin({ format, schema }: { readonly format: number; readonly schema: readonly string[] }): Promise<void> {
    const known = MIGRATIONS.slice(0, schema.length)
    if (format !== FORMAT || schema.some((name, at) => known[at]?.name !== name)) throw new BackupError('the backup was made by a newer Switchyard, or another program: restore it with that one')
    if (await migrateWithin(this.sql, this.nowMs, known) > 0) throw new BackupError('there is a store already: restore into an empty data directory or database')
    this.hasBegun = true
    this.tables = new Map(tablesOf(known).map((table) => [table.name, table]))
    // What migrations put in themselves is in the backup too.
    for (const name of this.tables.keys()) await this.sql.run(`DELETE FROM ${name}`)
  }

  private beginTable(table: { readonly table: string; readonly columns: readonly string[] }): void {
    // They become part of statements.
    if (!this.tables.has(table.table) || !table.columns.every((column) => /^\w+$/.test(column))) throw new BackupError(`the backup has a table ${JSON.stringify(table.table)} that is not ours`)
    this.table = { name: table.table, columns: table.columns }
  }

  private async takeRow(row: SqlValue[]): Promise<void> {
    if (!this.table || row.length !== this.table.columns.length) throw new BackupError('the backup has a row that is not of its table')
    this.rows.push(row)
    this.count += 1
    if (this.rows.length >= BATCH_ROWS) await this.flush()
  }

  private async flush(): Promise<void> {
    if (this.table && this.rows.length > 0) await insertRows(this.sql, this.table.name, this.table.columns, this.rows)
    this.rows = []
  }
}
