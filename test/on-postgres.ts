// Loaded before the tests of `npm run test:postgres`: every store that they open is a database of a Postgres started for them.
import { SERVER_VARIABLE } from './engine.ts'
import { postgresPrograms, startPostgres } from './postgres-server.ts'

if (postgresPrograms() === undefined) {
  console.log('skipped: the store on Postgres; it is not installed (apt-get install postgresql)')
  process.exit(process.env['CI'] ? 1 : 0)
}
process.env[SERVER_VARIABLE] = (await startPostgres()).url
