import type { Migration } from './schema.ts'

/** Budgets beyond keys and workspaces, and what resellers give their customers. */
export const WALLETS: Migration = {
  version: 11,
  name: 'budgets on tags, of members and of guardrails; wallets of end customers',
  statements: [
    // What each key or member that a guardrail is assigned to may spend in a window; without an interval, ever.
    'ALTER TABLE guardrails ADD COLUMN limit_amount bigint',
    'ALTER TABLE guardrails ADD COLUMN reset_interval text',
    'ALTER TABLE guardrails ADD COLUMN include_byok bigint NOT NULL DEFAULT 0',
    // `kind` is member or tag, `subject` the person's id or the tag's name. A `value` of '' stands for each value by itself.
    `CREATE TABLE shared_budgets (
      account_id text NOT NULL, id text NOT NULL, kind text NOT NULL, subject text NOT NULL, value text NOT NULL, period text NOT NULL, cap bigint NOT NULL,
      mode text NOT NULL, required bigint NOT NULL, include_byok bigint NOT NULL, created_ms bigint NOT NULL, updated_ms bigint NOT NULL, PRIMARY KEY (account_id, id))`,
    'CREATE UNIQUE INDEX shared_budgets_of ON shared_budgets (account_id, kind, subject, value, period)',
    // What each of them counted in a window, and what leases have of it. Unlike a workspace's there are only those that a call was held on.
    `CREATE TABLE budget_windows (
      account_id text NOT NULL, holder text NOT NULL, period text NOT NULL, start_ms bigint NOT NULL, counted bigint NOT NULL,
      leased bigint NOT NULL CHECK (leased >= 0), PRIMARY KEY (account_id, holder, period, start_ms))`,
    // What each value of a tag has used in the window of now: old ones are far more.
    'CREATE INDEX budget_windows_open ON budget_windows (account_id, period, start_ms)',
    // A reseller's customers: `account_id` is the reseller's, `id` that of the account that has the wallet's books. `metadata` and `prices` are JSON.
    // `filled`: what was in it after it was last added to, less what was taken since by hand; alerts say how much of that is used.
    `CREATE TABLE wallets (
      account_id text NOT NULL, id text NOT NULL, external_id text NOT NULL, name text NOT NULL, metadata text NOT NULL, prices text NOT NULL, price_list_id text,
      created_ms bigint NOT NULL, updated_ms bigint, closed_ms bigint, filled bigint NOT NULL DEFAULT 0, filled_ms bigint NOT NULL DEFAULT 0, PRIMARY KEY (account_id, id))`,
    'CREATE UNIQUE INDEX wallets_external ON wallets (account_id, external_id)',
    'CREATE INDEX wallets_list ON wallets (account_id, price_list_id)',
    'CREATE INDEX wallets_listed ON wallets (account_id, created_ms, id)',
    `CREATE TABLE price_lists (
      account_id text NOT NULL, id text NOT NULL, name text NOT NULL, prices text NOT NULL, created_ms bigint NOT NULL, updated_ms bigint NOT NULL, PRIMARY KEY (account_id, id))`,
    'CREATE UNIQUE INDEX price_lists_name ON price_lists (account_id, name)',
  ],
}
