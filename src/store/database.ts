import { join } from 'node:path'
import { PostgresDatabase } from './postgres.ts'
import type { StorePlace } from './protocol.ts'
import type { Database } from './sql.ts'
import { SqliteDatabase } from './sqlite.ts'

/** The file of the embedded store in a data directory. */
export function databasePath(dataDir: string): string {
  return join(dataDir, 'switchyard.db')
}

/** The database of a store. `waitMsMax`: how long others, or a server that does not answer, are waited for. */
export function openDatabase({ dataDir, databaseUrl }: StorePlace, waitMsMax?: number): Database {
  return databaseUrl === undefined ? new SqliteDatabase(databasePath(dataDir), waitMsMax) : new PostgresDatabase(databaseUrl, waitMsMax)
}

/** The same store, to be read beside those who write: on SQLite neither waits for the other. The store is there, with its schema. */
export function openForReports({ dataDir, databaseUrl }: StorePlace): Database {
  return databaseUrl === undefined ? new SqliteDatabase(databasePath(dataDir), undefined, true) : new PostgresDatabase(databaseUrl)
}
