import type { Migration } from './schema.ts'

/** Budgets beyond keys and workspaces, and what resellers give their customers. */
export const WALLETS: Migration = {
  version: 11,
  name: 'budgets on tags, of members and of guardrails; wallets of end customers',
  statements: [],
}
