import type { Migration } from './schema.ts'

/** What a directory says of people and groups (SCIM 2.0), what follows from it, and the domains that are proven to be an organisation's. */
export const SCIM: Migration = {
  version: 12,
  name: 'people and groups that a directory keeps',
  statements: [
    // Only the hash of a token is kept.
    `CREATE TABLE scim_tokens (
      account_id text NOT NULL, id text NOT NULL, name text NOT NULL, label text NOT NULL, token_hash text NOT NULL, created_by text, created_ms bigint NOT NULL,
      last_used_ms bigint, revoked_ms bigint, PRIMARY KEY (account_id, id))`,
    'CREATE UNIQUE INDEX scim_tokens_hash ON scim_tokens (token_hash)',
    // `body` is the resource as the directory wrote it, in JSON; the columns are those of it that are searched. `name_key` is the name in lower case.
    // `user_id`: the member that it is of, once there is one. `is_owner`: this directory made that person. `parked` is JSON: what a deactivated member was.
    `CREATE TABLE scim_users (
      account_id text NOT NULL, id text NOT NULL, name_key text NOT NULL, external_id text, email text, active bigint NOT NULL, body text NOT NULL, user_id text,
      is_owner bigint NOT NULL, parked text, invitation_id text, version bigint NOT NULL, created_ms bigint NOT NULL, updated_ms bigint NOT NULL, PRIMARY KEY (account_id, id))`,
    'CREATE UNIQUE INDEX scim_users_name ON scim_users (account_id, name_key)',
    'CREATE UNIQUE INDEX scim_users_email ON scim_users (account_id, email)',
    'CREATE UNIQUE INDEX scim_users_user ON scim_users (account_id, user_id)',
    'CREATE INDEX scim_users_external ON scim_users (account_id, external_id)',
    'CREATE INDEX scim_users_listed ON scim_users (account_id, created_ms, id)',
    `CREATE TABLE scim_groups (
      account_id text NOT NULL, id text NOT NULL, name text NOT NULL, name_key text NOT NULL, external_id text, version bigint NOT NULL,
      created_ms bigint NOT NULL, updated_ms bigint NOT NULL, PRIMARY KEY (account_id, id))`,
    'CREATE UNIQUE INDEX scim_groups_name ON scim_groups (account_id, name_key)',
    'CREATE INDEX scim_groups_external ON scim_groups (account_id, external_id)',
    'CREATE INDEX scim_groups_listed ON scim_groups (account_id, created_ms, id)',
    'CREATE TABLE scim_group_members (account_id text NOT NULL, group_id text NOT NULL, entry_id text NOT NULL, PRIMARY KEY (account_id, group_id, entry_id))',
    'CREATE INDEX scim_group_members_entry ON scim_group_members (account_id, entry_id)',
    // One role for a group in a workspace.
    `CREATE TABLE scim_mappings (
      account_id text NOT NULL, id text NOT NULL, group_id text NOT NULL, workspace_id text NOT NULL, role text NOT NULL, created_ms bigint NOT NULL, updated_ms bigint NOT NULL,
      PRIMARY KEY (account_id, id))`,
    'CREATE UNIQUE INDEX scim_mappings_pair ON scim_mappings (account_id, group_id, workspace_id)',
    // What a member has in a workspace by mappings, the highest role of all. `by_hand`: they were in it without one too.
    `CREATE TABLE scim_access (
      account_id text NOT NULL, workspace_id text NOT NULL, user_id text NOT NULL, role text NOT NULL, by_hand bigint NOT NULL, PRIMARY KEY (account_id, workspace_id, user_id))`,
    'CREATE INDEX scim_access_user ON scim_access (account_id, user_id)',
    // `proof` is what the domain's TXT record must say: everybody may read it there.
    `CREATE TABLE domains (
      account_id text NOT NULL, id text NOT NULL, domain text NOT NULL, state text NOT NULL, proof text NOT NULL, created_ms bigint NOT NULL,
      activated_ms bigint, disabled_ms bigint, PRIMARY KEY (account_id, id))`,
    'CREATE UNIQUE INDEX domains_name ON domains (account_id, domain)',
    // An active domain is one organisation's.
    "CREATE UNIQUE INDEX domains_active ON domains (domain) WHERE state = 'active'",
  ],
}
