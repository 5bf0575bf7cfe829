import type { Migration } from './schema.ts'

/** Rate limits. */
export const LIMITS: Migration = {
  version: 5,
  name: 'windows of rate limits',
  statements: [
    // What processes have taken of a window (account_id is '' where all accounts share it), and what of that they had not used when
    // they last said so. `changed` moves with the revision when a process wants what others have of it.
    `CREATE TABLE limit_windows (
      account_id text NOT NULL, counter text NOT NULL, start_ms bigint NOT NULL, end_ms bigint NOT NULL, taken bigint NOT NULL, unused bigint NOT NULL,
      changed bigint NOT NULL, wanted_by text, PRIMARY KEY (account_id, counter, start_ms))`,
    'CREATE INDEX limit_windows_changed ON limit_windows (changed)',
    'CREATE INDEX limit_windows_end ON limit_windows (end_ms)',
  ],
}
