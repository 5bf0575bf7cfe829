// Loaded before the tests of `npm run test:postgres`: every store that they open is a database of a Postgres started for them.
import { SERVER_VARIABLE } from './engine.ts'
import { postgresPrograms, startPostgres } from './postgres-server.ts'

// What is missing was said there.
if (postgresPrograms() === undefined) process.exit(0)
process.env[SERVER_VARIABLE] = (await startPostgres()).url
