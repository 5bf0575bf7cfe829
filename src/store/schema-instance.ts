import type { Migration } from './schema.ts'

/** What the operator decides for the whole instance, and of single accounts. */
export const INSTANCE: Migration = {
  version: 14,
  name: 'settings of the instance, accounts that are suspended',
  statements: [
    // One row, once anything was changed. `settings` is JSON, without secrets.
    'CREATE TABLE instance (id text PRIMARY KEY, settings text NOT NULL, updated_ms bigint NOT NULL, changed bigint NOT NULL)',
    // Not null: the account's keys are refused, and nobody is signed in to it. The reason is for its members too.
    'ALTER TABLE accounts ADD COLUMN suspended_ms bigint',
    'ALTER TABLE accounts ADD COLUMN suspended_reason text',
    // What holds for this account in place of the instance's settings, as JSON: members, rates.
    "ALTER TABLE accounts ADD COLUMN overrides text NOT NULL DEFAULT '{}'",
    // The operator lists accounts, the newest first.
    'CREATE INDEX accounts_created ON accounts (created_ms, id)',
    // An operator who looks through somebody's eyes: which session that is, and which they came from.
    `CREATE TABLE operator_views (
      session_id text PRIMARY KEY, operator_id text NOT NULL, user_id text NOT NULL, return_session_id text, started_ms bigint NOT NULL, ends_ms bigint NOT NULL)`,
    'CREATE INDEX users_created ON users (created_ms, id)',
    // Why somebody did something, where they must say it; and the operator who did it through another's eyes.
    'ALTER TABLE audit_log ADD COLUMN reason text',
    'ALTER TABLE audit_log ADD COLUMN impersonated_by text',
    // Entries of no account (account_id '') are the instance's own. The operator reads the log of all accounts by time.
    'CREATE INDEX audit_log_at ON audit_log (at_ms)',
  ],
}
