// Loaded before the tests of `npm run test:postgres`: every store that they open is a database of a Postgres started for them.
import { migrate } from '../src/store/schema.ts'
import { PostgresDatabase } from '../src/store/postgres.ts'
import { MIGRATED, SERVER_VARIABLE } from './engine.ts'
import { createDatabase, postgresPrograms, startPostgres } from './postgres-server.ts'

// What is missing was said there.
if (postgresPrograms() === undefined) process.exit(0)
const { url } = await startPostgres()
const migrated = new PostgresDatabase(createDatabase(url, MIGRATED))
await migrate(migrated, 1)
await migrated.close()
process.env[SERVER_VARIABLE] = url
