import type { Migration } from './schema.ts'

/** What people say of answers. */
export const FEEDBACK: Migration = {
  version: 15,
  name: 'what people say of answers',
  statements: [],
}
