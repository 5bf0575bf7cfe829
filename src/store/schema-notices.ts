import type { Migration } from './schema.ts'

/** What is sent to people and their programs, and what was. */
export const NOTICES: Migration = {
  version: 10,
  name: 'letters and notices that wait to be sent, alerts that were',
  statements: [],
}
