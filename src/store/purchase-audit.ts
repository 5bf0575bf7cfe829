const CENT = 10_000_000

/** What must hold of purchases, and of the lots of credit: each query gives the rows that break the rule. */
export const PURCHASE_RULES: readonly (readonly [string, string])[] = [
  ['bought credits are the purchases that were paid, less what went back', `SELECT account_id AS what, SUM(bought) AS got, SUM(paid) AS want FROM (
    SELECT id AS account_id, bought, 0 AS paid FROM accounts
    UNION ALL SELECT account_id, 0, credit_cents * ${CENT} FROM purchases WHERE state = 'paid'
    UNION ALL SELECT account_id, 0, -credit FROM payment_reversals WHERE state <> 'undone') AS sides GROUP BY account_id HAVING SUM(bought) <> SUM(paid)`],
  ['what is not used came with a lot', `SELECT account_id AS what, SUM(unspent) AS got, SUM(net) AS want FROM (
    SELECT id AS account_id, balance AS unspent, 0 AS net FROM accounts
    UNION ALL SELECT account_id, granted - spent, 0 FROM leases WHERE key_hash = ''
    UNION ALL SELECT account_id, 0, amount - removed FROM credit_lots) AS sides GROUP BY account_id HAVING SUM(unspent) > SUM(net)`],
  ['receipts have numbers without gaps', `SELECT 'receipts' AS what, COUNT(receipt_number) AS got, (SELECT value FROM counters WHERE name = 'receipt_number') AS want FROM purchases
    HAVING COUNT(receipt_number) <> (SELECT value FROM counters WHERE name = 'receipt_number')`],
  ['each payment that was taken has its entry', `SELECT purchases.id AS what, 0 AS got, (credit_cents + fee_cents) * ${CENT} AS want FROM purchases
    WHERE state = 'paid' AND NOT EXISTS (SELECT 1 FROM entries WHERE entries.account_id = purchases.account_id AND entries.id = purchases.id AND book = 'payment' AND amount = -(purchases.credit_cents + purchases.fee_cents) * ${CENT})`],
]
