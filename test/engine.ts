// Which engine the store of a test stands on: SQLite, or the Postgres that `npm run test:postgres` starts.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { randomUUID } from 'node:crypto'
import { createDatabase } from './postgres-server.ts'

/** The variable that holds the address of the server, in this process and in those that tests start. */
export const SERVER_VARIABLE = 'SWITCHYARD_TEST_POSTGRES'

/** A database of the server that has our schema: made before the tests, and copied for those that begin with it. */
export const MIGRATED = 'migrated'

/** What the stores of this run stand on. */
export function engine(): 'SQLite' | 'Postgres' {
  return process.env[SERVER_VARIABLE] === undefined ? 'SQLite' : 'Postgres'
}

/** The address of the database that belongs to a data directory, made when it has none, empty or migrated; undefined on SQLite. It goes with the directory. */
export function databaseUrlOf(dataDir: string, isMigrated = false): string | undefined {
  const server = process.env[SERVER_VARIABLE]
  if (server === undefined) return undefined
  const path = join(dataDir, 'test-database')
  if (existsSync(path)) return readFileSync(path, 'utf8')
  const url = createDatabase(server, `t_${randomUUID().replaceAll('-', '')}`, isMigrated ? MIGRATED : undefined)
  mkdirSync(dataDir, { recursive: true })
  writeFileSync(path, url)
  return url
}
