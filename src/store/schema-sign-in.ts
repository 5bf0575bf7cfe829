import type { Migration } from './schema.ts'

/** Passwords, passkeys, codes, providers of identity, sessions: how people sign in. */
export const SIGN_IN: Migration = {
  version: 8,
  name: 'how people sign in: what they know or have, sessions, links',
  statements: [
    // `operator`: runs this install. `email_verified`: has shown that letters to the address reach them.
    'ALTER TABLE users ADD COLUMN email_verified bigint NOT NULL DEFAULT 0',
    'ALTER TABLE users ADD COLUMN operator bigint NOT NULL DEFAULT 0',
    'ALTER TABLE users ADD COLUMN two_factor bigint NOT NULL DEFAULT 0',
    'ALTER TABLE users ADD COLUMN image text',
    // The account that they looked at last, in any session: where the next one begins.
    'ALTER TABLE users ADD COLUMN last_account_id text',
    // Whether somebody who signs up was invited, by whatever account.
    'CREATE INDEX invitations_email ON invitations (email)',
    // `account_id`: the account that they look at. `impersonated_by`: the operator who looks through this person's eyes.
    `CREATE TABLE sessions (
      id text PRIMARY KEY, user_id text NOT NULL, token text NOT NULL, account_id text, impersonated_by text, ip_address text, user_agent text,
      created_ms bigint NOT NULL, updated_ms bigint NOT NULL, expires_ms bigint NOT NULL)`,
    'CREATE UNIQUE INDEX sessions_token ON sessions (token)',
    'CREATE INDEX sessions_user ON sessions (user_id)',
    'CREATE INDEX sessions_ends ON sessions (expires_ms)',
    // What shows that it is them: a password's hash (provider `credential`), or who they are at a provider of identity.
    `CREATE TABLE identities (
      id text PRIMARY KEY, user_id text NOT NULL, provider text NOT NULL, subject text NOT NULL, password text, access_token text, refresh_token text, id_token text,
      access_ends_ms bigint, refresh_ends_ms bigint, scope text, created_ms bigint NOT NULL, updated_ms bigint NOT NULL)`,
    'CREATE INDEX identities_user ON identities (user_id)',
    'CREATE UNIQUE INDEX identities_subject ON identities (provider, subject)',
    // What was sent or shown to somebody and comes back once: links, challenges. `identifier` is a hash where it is a secret.
    `CREATE TABLE verifications (
      id text PRIMARY KEY, identifier text NOT NULL, value text NOT NULL, created_ms bigint NOT NULL, updated_ms bigint NOT NULL, expires_ms bigint NOT NULL)`,
    'CREATE INDEX verifications_identifier ON verifications (identifier)',
    'CREATE INDEX verifications_ends ON verifications (expires_ms)',
    // `secret` and `backup_codes` are encrypted.
    `CREATE TABLE two_factors (
      id text PRIMARY KEY, user_id text NOT NULL, secret text NOT NULL, backup_codes text NOT NULL, verified bigint NOT NULL, failures bigint, locked_ms bigint)`,
    'CREATE UNIQUE INDEX two_factors_user ON two_factors (user_id)',
    `CREATE TABLE passkeys (
      id text PRIMARY KEY, user_id text NOT NULL, name text, public_key text NOT NULL, credential_id text NOT NULL, counter bigint NOT NULL, device_type text NOT NULL,
      backed_up bigint NOT NULL, transports text, aaguid text, created_ms bigint)`,
    'CREATE INDEX passkeys_user ON passkeys (user_id)',
    'CREATE UNIQUE INDEX passkeys_credential ON passkeys (credential_id)',
    // How often something was tried since `start_ms`: all processes count here.
    'CREATE TABLE sign_in_attempts (id text PRIMARY KEY, count bigint NOT NULL, start_ms bigint NOT NULL, ends_ms bigint NOT NULL)',
    'CREATE INDEX sign_in_attempts_ends ON sign_in_attempts (ends_ms)',
    // One row: the name of the secret that cookies are signed with, so that a node with another one is told.
    'CREATE TABLE sign_in_secret (id text PRIMARY KEY, name text NOT NULL)',
    // Providers of identity of organisations. `settings` is JSON; `sealed` is their secret, under the master key. One is active at a time.
    `CREATE TABLE sso_connections (
      account_id text NOT NULL, id text NOT NULL, name text NOT NULL, settings text NOT NULL, state text NOT NULL, role text NOT NULL, enforced bigint NOT NULL, sealed text,
      created_ms bigint NOT NULL, updated_ms bigint, activated_ms bigint, disabled_ms bigint, PRIMARY KEY (account_id, id))`,
    'CREATE UNIQUE INDEX sso_connections_id ON sso_connections (id)',
    "CREATE UNIQUE INDEX sso_connections_active ON sso_connections (account_id) WHERE state = 'active'",
    // Links that no letter took along, for the operator to pass on. `sealed` is the link.
    'CREATE TABLE waiting_links (id text PRIMARY KEY, email text NOT NULL, purpose text NOT NULL, sealed text NOT NULL, created_ms bigint NOT NULL, expires_ms bigint NOT NULL)',
  ],
}
