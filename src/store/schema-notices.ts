import type { Migration } from './schema.ts'

/** What is sent to people and their programs, and what was. */
export const NOTICES: Migration = {
  version: 10,
  name: 'letters and webhooks that wait to be sent, notices, alerts that were',
  statements: [
    // What goes out. `account_id` is '' for letters to people of no account yet. `body` is JSON, or `sealed` where it lets somebody in; both are empty once
    // it is sent. `claimed_by`: the node that sends it now; a node that ends lets go of all. `reference`: the same is taken once for one target.
    `CREATE TABLE outbox (
      account_id text NOT NULL, id text NOT NULL, kind text NOT NULL, target text NOT NULL, reference text, subject text NOT NULL, body text NOT NULL, sealed text NOT NULL,
      state text NOT NULL, tries bigint NOT NULL, next_ms bigint NOT NULL, claimed_by text, error text, created_ms bigint NOT NULL, updated_ms bigint NOT NULL,
      PRIMARY KEY (account_id, id))`,
    'CREATE INDEX outbox_next ON outbox (state, next_ms)',
    'CREATE UNIQUE INDEX outbox_reference ON outbox (account_id, target, reference)',
    'CREATE INDEX outbox_listed ON outbox (account_id, created_ms)',
    'CREATE INDEX outbox_claimed ON outbox (claimed_by) WHERE claimed_by IS NOT NULL',
    // `events` is a JSON list, or null for all. `failures`: tries in a row that failed, since `failing_since_ms`.
    `CREATE TABLE webhook_endpoints (
      account_id text NOT NULL, id text NOT NULL, url text NOT NULL, name text, format text NOT NULL, events text, sealed text NOT NULL, disabled_ms bigint, disabled_reason text,
      failures bigint NOT NULL, failing_since_ms bigint, delivered_ms bigint, error text, created_ms bigint NOT NULL, updated_ms bigint, PRIMARY KEY (account_id, id))`,
    // What people of the account see in the console. `user_id`, `workspace_id`: whom it is about beside the admins. `data` is JSON.
    `CREATE TABLE notices (
      account_id text NOT NULL, id text NOT NULL, kind text NOT NULL, reference text, title text NOT NULL, body text NOT NULL, data text NOT NULL, user_id text, workspace_id text,
      at_ms bigint NOT NULL, PRIMARY KEY (account_id, id))`,
    'CREATE INDEX notices_listed ON notices (account_id, at_ms)',
    'CREATE UNIQUE INDEX notices_reference ON notices (account_id, reference)',
    // `user_id` is '' for keys that are of nobody.
    'CREATE TABLE notice_reads (account_id text NOT NULL, notice_id text NOT NULL, user_id text NOT NULL, read_ms bigint NOT NULL, PRIMARY KEY (account_id, notice_id, user_id))',
    'CREATE TABLE alert_settings (account_id text PRIMARY KEY, body text NOT NULL, updated_ms bigint NOT NULL)',
    // The shares of an allowance, in percent, that were passed in a window. One with another cap is another.
    `CREATE TABLE alerts (
      account_id text NOT NULL, allowance text NOT NULL, start_ms bigint NOT NULL, cap bigint NOT NULL, percent bigint NOT NULL, at_ms bigint NOT NULL,
      PRIMARY KEY (account_id, allowance, start_ms, cap, percent))`,
    // By threshold of an account's balance: 1 when falling below it is to be told.
    'CREATE TABLE balance_alarms (account_id text NOT NULL, threshold bigint NOT NULL, armed bigint NOT NULL, PRIMARY KEY (account_id, threshold))',
  ],
}
