import type { Migration } from './schema.ts'

/** Apps, and the codes that they exchange for keys (OAuth PKCE). */
export const APPS: Migration = {
  version: 13,
  name: 'apps that people let call for them',
  statements: [],
}
