// Writes down the schema of a release, so that every later one is tested on what it finds: `npm run schema:release`.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { MIGRATIONS, type Migration } from '../src/store/schema.ts'

/** Books of schema 1 that add up: a grant, two charges of one key, one of them written off in part, an open lease. */
const SAMPLE = [
  "INSERT INTO accounts (id, balance, granted, written_off, created_ms, changed, wanted_by) VALUES ('default', 50, 1000, 10, 1700000000000, 1, NULL)",
  `INSERT INTO keys (account_id, hash, name, label, kind, disabled, limit_amount, limit_reset, include_byok, expires_ms, created_ms, updated_ms, deleted_ms, changed)
VALUES ('default', 'aa11', 'First key', 'sk-sw-v1-abc...xyz', 'inference', 0, 5000, 'daily', 0, NULL, 1700000000000, NULL, NULL, 2)`,
  `INSERT INTO entries (account_id, id, book, amount, kind, reason, reference, at_ms, day) VALUES
('default', 'grant-1', 'balance', 1000, 'grant', 'initial credits', 'first-start', 1700000000000, 19675),
('default', 'grant-1', 'funding', -1000, 'grant', 'initial credits', 'first-start', 1700000000000, 19675),
('default', 'charge-1', 'balance', -900, 'charge', '2 generations', NULL, 1700000100000, 19675),
('default', 'charge-1', 'write-off', -10, 'charge', '2 generations', NULL, 1700000100000, 19675),
('default', 'charge-1', 'revenue', 910, 'charge', '2 generations', NULL, 1700000100000, 19675)`,
  "INSERT INTO nodes (id, opened_ms) VALUES ('node-0', 1700000000000)",
  `INSERT INTO leases (account_id, id, node_id, key_hash, period, start_ms, granted, spent, opened_ms) VALUES ('default', 'lease-1', 'node-0', '', '', 0, 950, 900, 1700000000000)`,
  ...[['gen-1700000050-a', 600], ['gen-1700000060-b', 310]].map(([id, cost]) => `INSERT INTO generations (account_id, id, created_ms, day, key_hash, model, provider, cost, fault, prompt_tokens, completion_tokens, entry_id, record)
VALUES ('default', '${id}', 1700000050000, 19675, 'aa11', 'acme/tiny', 'Acme', ${cost}, NULL, 10, 20, 'charge-1',
'{"id":"${id}","accountId":"default","keyHash":"aa11","createdMs":1700000050000,"model":"acme/tiny","requestedModel":"acme/tiny","endpointId":"acme/tiny@acme","provider":"Acme","upstreamId":null,"api":"chat","streamed":false,"cancelled":false,"finishReason":"stop","nativeFinishReason":null,"usage":{"promptTokens":10,"completionTokens":20},"cost":"${cost}","upstreamCost":"0","byok":false,"attempts":[],"latencyMs":1,"generationMs":1,"fault":null,"referer":null,"title":null,"user":null,"sessionId":null}')`),
  ...[['ever', 0], ['daily', 1699920000000], ['weekly', 1699833600000], ['monthly', 1698796800000]].map(([period, startMs]) =>
    `INSERT INTO key_windows (account_id, key_hash, period, start_ms, cost, byok_cost, counted, leased) VALUES ('default', 'aa11', '${period}', ${startMs}, 910, 0, 910, 0)`),
  `INSERT INTO rollups (account_id, hour, key_hash, model, provider, endpoint_id, requests, faults, cost, byok_cost, prompt_tokens, completion_tokens, reasoning_tokens, cache_read_tokens)
VALUES ('default', 472222, 'aa11', 'acme/tiny', 'Acme', 'acme/tiny@acme', 2, 0, 910, 0, 20, 40, 0, 0)`,
  "UPDATE counters SET value = 2 WHERE name = 'revision'",
]

/** What a store went through that was made by schema 1, was used, and was brought to this version: statements, each behind a line of its own. */
export function releasedSql(migrations: readonly Migration[]): string {
  const [first, ...later] = migrations
  if (!first) throw new Error('a schema has at least one version')
  const table = 'CREATE TABLE migrations (version bigint PRIMARY KEY, name text NOT NULL, state text NOT NULL, at_ms bigint NOT NULL)'
  const done = ({ version, name }: Migration) => `INSERT INTO migrations (version, name, state, at_ms) VALUES (${version}, '${name.replaceAll("'", "''")}', 'done', 1)`
  const statements = [table, ...first.statements, done(first), ...SAMPLE, ...later.flatMap((migration) => [...migration.statements, done(migration)])]
  return `${statements.join('\n;\n')}\n;\n`
}

if (import.meta.main) {
  const version = Number(process.argv[2] ?? MIGRATIONS.length)
  const path = join(import.meta.dir, '..', 'src', 'store', 'released', `schema-${version}.sql`)
  writeFileSync(path, releasedSql(MIGRATIONS.slice(0, version)))
  console.log(path)
}
