import type { Migration } from './schema.ts'

/** Keys of providers that people bring. */
export const BYOK: Migration = {
  version: 6,
  name: 'keys of providers that workspaces bring',
  statements: [
    // `sealed` is the secret under a master key that is not in the store; '' once the key was deleted. `filters` is JSON.
    `CREATE TABLE byok_keys (
      account_id text NOT NULL, id text NOT NULL, workspace_id text NOT NULL, provider text NOT NULL, name text, label text NOT NULL, sealed text NOT NULL,
      sort_order bigint NOT NULL, is_fallback bigint NOT NULL, always_use bigint NOT NULL, disabled bigint NOT NULL, filters text NOT NULL,
      created_ms bigint NOT NULL, updated_ms bigint, deleted_ms bigint, PRIMARY KEY (account_id, id))`,
    'CREATE INDEX byok_keys_listed ON byok_keys (account_id, workspace_id, provider, sort_order)',
  ],
}
