import type { Migration } from './schema.ts'

/** What was bought and paid: purchases, refunds, cards, events of the payment provider. */
export const PURCHASES: Migration = {
  version: 9,
  name: 'credit that was bought, its refunds and expiry, cards',
  statements: [],
}
