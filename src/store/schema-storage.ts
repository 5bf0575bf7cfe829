import type { Migration } from './schema.ts'

/** What nodes on several machines need, and what stays of rows that were removed. */
export const STORAGE: Migration = {
  version: 4,
  name: 'nodes that beat, accounts that are closed, sums of removed generations',
  statements: [
    // Moved every few seconds by a node that others cannot see by its lock file, since it is on another machine.
    'ALTER TABLE nodes ADD COLUMN beat bigint NOT NULL DEFAULT 0',
    // The account was closed and what was personal in it is gone. Its money stays on record.
    'ALTER TABLE accounts ADD COLUMN closed_ms bigint',
    // What generations that were removed by their age cost, so that every sum over generations can still be proven. `entry_id` is '' where nothing was charged.
    `CREATE TABLE pruned (
      account_id text NOT NULL, key_hash text NOT NULL, entry_id text NOT NULL, cost bigint NOT NULL, generations bigint NOT NULL,
      PRIMARY KEY (account_id, key_hash, entry_id))`,
    // No generation that began before this is taken any more: it may have been here, and removed.
    "INSERT INTO counters (name, value) VALUES ('pruned_ms', 0)",
  ],
}
