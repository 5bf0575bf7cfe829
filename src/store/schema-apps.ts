import type { Migration } from './schema.ts'

/** Apps, and the codes that they exchange for keys (OAuth PKCE). */
export const APPS: Migration = {
  version: 13,
  name: 'apps that people let call for them',
  statements: [
    // Programs that an account's calls came from, or that its people let have a key. The id follows from the site; `categories` is JSON.
    `CREATE TABLE apps (
      account_id text NOT NULL, id bigint NOT NULL, site text NOT NULL, title text NOT NULL, local bigint NOT NULL, categories text NOT NULL,
      created_ms bigint NOT NULL, updated_ms bigint NOT NULL, PRIMARY KEY (account_id, id))`,
    // Wishes for keys: `hash` is of the token of the page that asks, then of the code. `wish` is JSON.
    `CREATE TABLE auth_codes (
      account_id text NOT NULL, hash text NOT NULL, state text NOT NULL, user_id text, by_key_hash text, expires_ms bigint NOT NULL, wish text NOT NULL,
      PRIMARY KEY (account_id, hash))`,
    'CREATE UNIQUE INDEX auth_codes_hash ON auth_codes (hash)',
    // The app that a key was made for.
    'ALTER TABLE keys ADD COLUMN app_id bigint',
  ],
}
