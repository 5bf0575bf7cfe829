import type { Migration } from './schema.ts'

/** What the operator decides for the whole instance. */
export const INSTANCE: Migration = {
  version: 14,
  name: 'settings of the instance, accounts that are suspended',
  statements: [],
}
