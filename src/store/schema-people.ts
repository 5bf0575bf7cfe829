import type { Migration } from './schema.ts'

/** The default workspace of the account that a fresh install starts with: its id is as old as the first key. */
const DEFAULT_WORKSPACE = '00000000-0000-4000-8000-000000000001'

/** People, what they belong to, and what they did; workspaces and their budgets; secrets of keys. */
export const PEOPLE: Migration = {
  version: 3,
  name: 'people, workspaces, budgets, secrets of keys, the log of changes',
  statements: [
    "ALTER TABLE accounts ADD COLUMN kind text NOT NULL DEFAULT 'organization'",
    "ALTER TABLE accounts ADD COLUMN name text NOT NULL DEFAULT 'Default'",
    // `email` is in lower case: one person has one. People stand above accounts.
    `CREATE TABLE users (
      id text PRIMARY KEY, email text NOT NULL, first_name text, last_name text, created_ms bigint NOT NULL, updated_ms bigint, disabled_ms bigint)`,
    'CREATE UNIQUE INDEX users_email ON users (email)',
    `CREATE TABLE memberships (
      account_id text NOT NULL, user_id text NOT NULL, role text NOT NULL, created_ms bigint NOT NULL, PRIMARY KEY (account_id, user_id))`,
    'CREATE INDEX memberships_user ON memberships (user_id)',
    // Only the hash of an invitation's token is kept. It is open until it is accepted, revoked or over.
    `CREATE TABLE invitations (
      account_id text NOT NULL, id text NOT NULL, email text NOT NULL, role text NOT NULL, token_hash text NOT NULL, invited_by text,
      created_ms bigint NOT NULL, expires_ms bigint NOT NULL, accepted_ms bigint, revoked_ms bigint, PRIMARY KEY (account_id, id))`,
    'CREATE UNIQUE INDEX invitations_token ON invitations (token_hash)',
    'CREATE INDEX invitations_listed ON invitations (account_id, created_ms)',
    // `settings` is JSON. `changed`: the revision of the last change that the callers of the workspace must see.
    `CREATE TABLE workspaces (
      account_id text NOT NULL, id text NOT NULL, slug text NOT NULL, name text NOT NULL, description text, settings text NOT NULL, include_byok bigint NOT NULL,
      created_by text, created_ms bigint NOT NULL, updated_ms bigint, changed bigint NOT NULL, PRIMARY KEY (account_id, id))`,
    'CREATE UNIQUE INDEX workspaces_slug ON workspaces (account_id, slug)',
    'CREATE INDEX workspaces_changed ON workspaces (changed)',
    `INSERT INTO workspaces (account_id, id, slug, name, description, settings, include_byok, created_by, created_ms, updated_ms, changed)
      SELECT id, '${DEFAULT_WORKSPACE}', 'default', 'Default', NULL, '{}', 0, NULL, created_ms, NULL, 0 FROM accounts WHERE id = 'default'`,
    `CREATE TABLE workspace_members (
      account_id text NOT NULL, workspace_id text NOT NULL, user_id text NOT NULL, id text NOT NULL, created_ms bigint NOT NULL,
      PRIMARY KEY (account_id, workspace_id, user_id))`,
    // `period` as in key_windows: what a workspace may spend in a day, a week, a month, and ever.
    `CREATE TABLE budgets (
      account_id text NOT NULL, workspace_id text NOT NULL, period text NOT NULL, id text NOT NULL, cap bigint NOT NULL,
      created_ms bigint NOT NULL, updated_ms bigint NOT NULL, PRIMARY KEY (account_id, workspace_id, period))`,
    // What a workspace spent in each window, with a budget or without; `byok_cost` counts where the workspace says so.
    `CREATE TABLE workspace_windows (
      account_id text NOT NULL, workspace_id text NOT NULL, period text NOT NULL, start_ms bigint NOT NULL, cost bigint NOT NULL,
      byok_cost bigint NOT NULL, leased bigint NOT NULL CHECK (leased >= 0), PRIMARY KEY (account_id, workspace_id, period, start_ms))`,
    `INSERT INTO workspace_windows (account_id, workspace_id, period, start_ms, cost, byok_cost, leased)
      SELECT account_id, '${DEFAULT_WORKSPACE}', period, start_ms, SUM(cost), SUM(byok_cost), 0 FROM key_windows WHERE account_id = 'default'
      GROUP BY account_id, period, start_ms`,
    `ALTER TABLE keys ADD COLUMN workspace_id text NOT NULL DEFAULT '${DEFAULT_WORKSPACE}'`,
    'ALTER TABLE keys ADD COLUMN creator_user_id text',
    // What goes beyond the contract, as JSON: address ranges, tags.
    "ALTER TABLE keys ADD COLUMN extras text NOT NULL DEFAULT '{}'",
    'CREATE INDEX keys_workspace ON keys (account_id, workspace_id, created_ms)',
    // A key has one secret, and for a while after a rotation the one before. Its hash is that of its first.
    `CREATE TABLE key_secrets (
      account_id text NOT NULL, secret_hash text NOT NULL, key_hash text NOT NULL, created_ms bigint NOT NULL, ends_ms bigint, PRIMARY KEY (account_id, secret_hash))`,
    'CREATE UNIQUE INDEX key_secrets_hash ON key_secrets (secret_hash)',
    'CREATE INDEX key_secrets_key ON key_secrets (account_id, key_hash)',
    'INSERT INTO key_secrets (account_id, secret_hash, key_hash, created_ms, ends_ms) SELECT account_id, hash, hash, created_ms, NULL FROM keys',
    // Apart from the keys, whose rows calls and people wait for.
    'CREATE TABLE key_uses (account_id text NOT NULL, key_hash text NOT NULL, used_ms bigint NOT NULL, PRIMARY KEY (account_id, key_hash))',
    // Who did what. `before` and `after` are JSON of what can be seen, never of a secret.
    `CREATE TABLE audit_log (
      account_id text NOT NULL, id text NOT NULL, at_ms bigint NOT NULL, actor_kind text NOT NULL, actor_id text NOT NULL, actor_name text NOT NULL, user_id text,
      action text NOT NULL, target text NOT NULL, before text, after text, PRIMARY KEY (account_id, id))`,
    'CREATE INDEX audit_log_time ON audit_log (account_id, at_ms)',
  ],
}
