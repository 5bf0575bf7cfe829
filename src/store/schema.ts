import { ANALYTICS } from './schema-analytics.ts'
import { APPS } from './schema-apps.ts'
import { BYOK } from './schema-byok.ts'
import { FEEDBACK } from './schema-feedback.ts'
import { INSTANCE } from './schema-instance.ts'
import { LIMITS } from './schema-limits.ts'
import { MAKERS } from './schema-makers.ts'
import { NOTICES } from './schema-notices.ts'
import { PEOPLE } from './schema-people.ts'
import { PURCHASES } from './schema-purchases.ts'
import { SCIM } from './schema-scim.ts'
import { SIGN_IN } from './schema-sign-in.ts'
import { STORAGE } from './schema-storage.ts'
import { WALLETS } from './schema-wallets.ts'
import { one, int, text, type Database, type Row, type Sql } from './sql.ts'

/** One step of the schema. */
export interface Migration { readonly version: number; readonly name: string; readonly statements: readonly string[] }

/**
 * Times are ms since the epoch, money is nano-dollars, both 64-bit integers; ids are text that we make; JSON is text that
 * SQL does not look into; the account's id comes first in every primary key of an account's rows.
 */
export const MIGRATIONS: readonly Migration[] = [{
  version: 1,
  name: 'accounts, keys, leases, entries, generations',
  statements: [
    // `balance` is what nobody has leased or spent. `changed` moves with the revision at every change made by hand.
    `CREATE TABLE accounts (
      id text PRIMARY KEY, balance bigint NOT NULL CHECK (balance >= 0), granted bigint NOT NULL, written_off bigint NOT NULL,
      created_ms bigint NOT NULL, changed bigint NOT NULL, wanted_by text)`,
    'CREATE INDEX accounts_changed ON accounts (changed)',
    // A deleted key stays, without its life: its generations have its name, and its secret is never given again.
    `CREATE TABLE keys (
      account_id text NOT NULL, hash text NOT NULL, name text NOT NULL, label text NOT NULL, kind text NOT NULL, disabled bigint NOT NULL,
      limit_amount bigint, limit_reset text, include_byok bigint NOT NULL, expires_ms bigint, created_ms bigint NOT NULL, updated_ms bigint,
      deleted_ms bigint, changed bigint NOT NULL, PRIMARY KEY (account_id, hash))`,
    'CREATE UNIQUE INDEX keys_hash ON keys (hash)',
    'CREATE INDEX keys_listed ON keys (account_id, created_ms, hash)',
    'CREATE INDEX keys_changed ON keys (changed)',
    // What a key spent in a day, a week, a month and ever; `counted` is the part of it that its limit counts.
    `CREATE TABLE key_windows (
      account_id text NOT NULL, key_hash text NOT NULL, period text NOT NULL, start_ms bigint NOT NULL, cost bigint NOT NULL,
      byok_cost bigint NOT NULL, counted bigint NOT NULL, leased bigint NOT NULL CHECK (leased >= 0),
      PRIMARY KEY (account_id, key_hash, period, start_ms))`,
    // A slice of an account's balance (key_hash is '') or of one window of a key's limit, in the hands of one node. A lease that
    // was closed is gone: a settlement that names it is paid from the balance.
    `CREATE TABLE leases (
      account_id text NOT NULL, id text NOT NULL, node_id text NOT NULL, key_hash text NOT NULL, period text NOT NULL, start_ms bigint NOT NULL,
      granted bigint NOT NULL, spent bigint NOT NULL, opened_ms bigint NOT NULL,
      PRIMARY KEY (account_id, id), CHECK (spent >= 0 AND spent <= granted))`,
    'CREATE INDEX leases_allowance ON leases (account_id, key_hash)',
    'CREATE INDEX leases_node ON leases (node_id)',
    'CREATE TABLE nodes (id text PRIMARY KEY, opened_ms bigint NOT NULL)',
    // Never changed and never deleted. The rows of one id are the sides of one transfer and sum to zero.
    `CREATE TABLE entries (
      account_id text NOT NULL, id text NOT NULL, book text NOT NULL, amount bigint NOT NULL, kind text NOT NULL, reason text NOT NULL,
      reference text, at_ms bigint NOT NULL, day bigint NOT NULL, PRIMARY KEY (account_id, id, book))`,
    'CREATE UNIQUE INDEX entries_reference ON entries (account_id, reference, book)',
    // `record` is the whole generation; the columns are those of it that are searched or summed.
    `CREATE TABLE generations (
      account_id text NOT NULL, id text NOT NULL, created_ms bigint NOT NULL, day bigint NOT NULL, key_hash text NOT NULL, model text NOT NULL,
      provider text NOT NULL, cost bigint NOT NULL, fault text, prompt_tokens bigint NOT NULL, completion_tokens bigint NOT NULL,
      entry_id text, record text NOT NULL, PRIMARY KEY (account_id, id))`,
    'CREATE INDEX generations_time ON generations (account_id, created_ms)',
    `CREATE TABLE rollups (
      account_id text NOT NULL, hour bigint NOT NULL, key_hash text NOT NULL, model text NOT NULL, provider text NOT NULL, endpoint_id text NOT NULL,
      requests bigint NOT NULL, faults bigint NOT NULL, cost bigint NOT NULL, byok_cost bigint NOT NULL, prompt_tokens bigint NOT NULL,
      completion_tokens bigint NOT NULL, reasoning_tokens bigint NOT NULL, cache_read_tokens bigint NOT NULL,
      PRIMARY KEY (account_id, hour, key_hash, model, provider, endpoint_id))`,
    // The revision: a counter that every change to keys and balances made by hand moves, so that nodes see it.
    'CREATE TABLE counters (name text PRIMARY KEY, value bigint NOT NULL)',
    "INSERT INTO counters (name, value) VALUES ('revision', 0)",
  ],
}, {
  version: 2,
  name: 'rules of accounts and keys, guardrails, presets',
  statements: [
    // One row for an account whose rules or presets were ever touched: `changed` is the revision of the last change, deletions too.
    'CREATE TABLE rules (account_id text PRIMARY KEY, changed bigint NOT NULL)',
    'CREATE INDEX rules_changed ON rules (changed)',
    // What an account (key_hash is '') or a key lets itself use, as JSON.
    'CREATE TABLE policies (account_id text NOT NULL, key_hash text NOT NULL, body text NOT NULL, updated_ms bigint NOT NULL, PRIMARY KEY (account_id, key_hash))',
    `CREATE TABLE guardrails (
      account_id text NOT NULL, id text NOT NULL, workspace_id text NOT NULL, name text NOT NULL, description text, body text NOT NULL,
      created_ms bigint NOT NULL, updated_ms bigint, PRIMARY KEY (account_id, id))`,
    // Whom a guardrail restricts: at most one for a key, and for a member.
    `CREATE TABLE guardrail_assignments (
      account_id text NOT NULL, id text NOT NULL, guardrail_id text NOT NULL, kind text NOT NULL, target text NOT NULL, created_ms bigint NOT NULL,
      PRIMARY KEY (account_id, id))`,
    'CREATE UNIQUE INDEX guardrail_assignments_target ON guardrail_assignments (account_id, kind, target)',
    // `designated` is the number of the version that calls get, and of the newest.
    `CREATE TABLE presets (
      account_id text NOT NULL, id text NOT NULL, slug text NOT NULL, designated bigint NOT NULL, created_ms bigint NOT NULL, updated_ms bigint NOT NULL,
      PRIMARY KEY (account_id, id))`,
    'CREATE UNIQUE INDEX presets_slug ON presets (account_id, slug)',
    `CREATE TABLE preset_versions (
      account_id text NOT NULL, preset_id text NOT NULL, version bigint NOT NULL, id text NOT NULL, system_prompt text, config text NOT NULL,
      created_ms bigint NOT NULL, PRIMARY KEY (account_id, preset_id, version))`,
  ],
}, PEOPLE, STORAGE, LIMITS, BYOK, ANALYTICS, SIGN_IN, PURCHASES, NOTICES, WALLETS, SCIM, APPS, INSTANCE, FEEDBACK, MAKERS]

/**
 * Brings the schema to this version, in one transaction. Refuses one that is newer, that another program made, or that an
 * interrupted migration left half done.
 */
export async function migrate(database: Database, nowMs: number, migrations = MIGRATIONS): Promise<void> {
  await database.rebuild((sql) => migrateWithin(sql, nowMs, migrations))
}

/** As `migrate`, in a transaction of the caller's. How many versions the schema had before. */
export async function migrateWithin(sql: Sql, nowMs: number, migrations = MIGRATIONS): Promise<number> {
  await sql.run('CREATE TABLE IF NOT EXISTS migrations (version bigint PRIMARY KEY, name text NOT NULL, state text NOT NULL, at_ms bigint NOT NULL)')
  const done = await sql.all('SELECT version, name, state FROM migrations ORDER BY version')
  done.forEach((row, at) => checkMigration(row, at, migrations))
  // Its row is also the lock: two that start at once wait for each other here.
  for (const migration of migrations.slice(done.length)) await apply(sql, migration, nowMs)
  return done.length
}

async function apply(sql: Sql, migration: Migration, nowMs: number): Promise<void> {
  await sql.run("INSERT INTO migrations (version, name, state, at_ms) VALUES ($1, $2, 'started', $3)", migration.version, migration.name, nowMs)
  for (const statement of migration.statements) await sql.run(statement)
  await sql.run("UPDATE migrations SET state = 'done' WHERE version = $1", migration.version)
}

function checkMigration(row: Row, at: number, migrations: readonly Migration[]): void {
  const version = int(row, 'version')
  const known = migrations[at]
  if (!known) throw new SchemaError(`the store has schema version ${version}, made by a newer Switchyard; this one knows ${migrations.length}`)
  if (version !== known.version || text(row, 'name') !== known.name) throw new SchemaError(`the store's migration ${version} is not one of ours: it belongs to another program or version`)
  if (text(row, 'state') !== 'done') throw new SchemaError(`the store's migration ${version} was not finished: restore a backup, or finish it by hand`)
}

/** The store's schema is not one that this version can work with. The message says why. */
export class SchemaError extends Error {
  override readonly name = 'SchemaError'
}

let moves = 0

/** How often this thread has moved a revision. Whoever finds that it did meanwhile has something to tell. */
export function revisionMoves(): number {
  return moves
}

/** Moves the revision and gives its new value. Its row is locked until the transaction ends, so that revisions become visible in order. */
export async function nextRevision(sql: Sql): Promise<bigint> {
  moves += 1
  const row = await one(sql, "UPDATE counters SET value = value + 1 WHERE name = 'revision' RETURNING value")
  return BigInt(row?.['value'] ?? 0)
}
