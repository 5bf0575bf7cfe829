import type { Migration } from './schema.ts'

/** What a directory says of people and groups (SCIM 2.0). */
export const SCIM: Migration = {
  version: 12,
  name: 'people and groups that a directory keeps',
  statements: [],
}
