import { text, type Sql } from './sql.ts'

const PROBLEMS_MAX = 20

/**
 * Wallets have the books of accounts, which are proven as those are. What is proven here is what ties them to their resellers: each call that a
 * customer was charged for is one of its reseller's. Calls that may have been removed from one of both are left out.
 */
export async function walletProblems(sql: Sql): Promise<string[]> {
  const orphans = await sql.all(`SELECT id FROM accounts WHERE kind = 'wallet' AND id NOT IN (SELECT id FROM wallets) AND closed_ms IS NULL LIMIT ${PROBLEMS_MAX}`)
  const unpaid = await sql.all(`SELECT own.id, wallets.external_id FROM wallets JOIN generations AS own ON own.account_id = wallets.id
    LEFT JOIN generations AS paid ON paid.account_id = wallets.account_id AND paid.id = own.id
    JOIN accounts ON accounts.id = wallets.id
    WHERE accounts.closed_ms IS NULL AND paid.id IS NULL AND own.created_ms >= (SELECT value FROM counters WHERE name = 'pruned_ms') LIMIT ${PROBLEMS_MAX}`)
  return [
    ...orphans.map((row) => `each wallet is a reseller's: ${text(row, 'id')} is nobody's`),
    ...unpaid.map((row) => `what a customer pays its reseller pays: ${text(row, 'external_id')} was charged for ${text(row, 'id')}, and the reseller was not`),
  ]
}
