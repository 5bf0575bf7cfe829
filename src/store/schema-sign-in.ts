import type { Migration } from './schema.ts'

/** Passwords, passkeys, codes, providers of identity, sessions: how people sign in. */
export const SIGN_IN: Migration = {
  version: 8,
  name: 'how people sign in: what they know or have, sessions, links',
  statements: [],
}
