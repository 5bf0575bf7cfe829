import type { Migration } from './schema.ts'

/** What was bought and paid: purchases, refunds, cards, events of the payment provider. */
export const PURCHASES: Migration = {
  version: 9,
  name: 'credit that was bought, its refunds and expiry, cards',
  statements: [
    // Of `granted`: what was bought, less what went back to the buyer. What was used is not taken from it, nor what expired.
    'ALTER TABLE accounts ADD COLUMN bought bigint NOT NULL DEFAULT 0',
    // What was used while money was turned off: nobody paid it.
    'ALTER TABLE accounts ADD COLUMN unbilled bigint NOT NULL DEFAULT 0',
    // Each addition of credit. `removed`: what was taken out of it again, unused. Credit is used in the order in which it came, so what
    // is left of a lot is what the account has left less the newer lots. `due_ms`: when to look for what of it lapses; null where nothing is left that could.
    `CREATE TABLE credit_lots (
      account_id text NOT NULL, id text NOT NULL, kind text NOT NULL, amount bigint NOT NULL, removed bigint NOT NULL, at_ms bigint NOT NULL, expires_ms bigint, due_ms bigint,
      PRIMARY KEY (account_id, id), CHECK (removed >= 0 AND removed <= amount))`,
    'CREATE INDEX credit_lots_time ON credit_lots (account_id, at_ms)',
    'CREATE INDEX credit_lots_expiry ON credit_lots (due_ms)',
    `INSERT INTO credit_lots (account_id, id, kind, amount, removed, at_ms, expires_ms)
      SELECT account_id, id, 'granted', amount, 0, at_ms, NULL FROM entries WHERE book = 'balance' AND kind = 'grant' AND amount > 0`,
    // An order. What is paid must be this many cents of this currency, by what the provider calls `session_id` or `payment_id`, or it is not this order's.
    `CREATE TABLE purchases (
      account_id text NOT NULL, id text NOT NULL, kind text NOT NULL, state text NOT NULL, provider text NOT NULL, live bigint NOT NULL, currency text NOT NULL,
      credit_cents bigint NOT NULL, fee_cents bigint NOT NULL, saves_card bigint NOT NULL, session_id text, payment_id text, card text, failure text, receipt_number bigint,
      created_by text, created_ms bigint NOT NULL, paid_ms bigint, expiry_days bigint, looks bigint NOT NULL, next_look_ms bigint,
      PRIMARY KEY (account_id, id))`,
    'CREATE UNIQUE INDEX purchases_id ON purchases (id)',
    'CREATE INDEX purchases_payment ON purchases (payment_id)',
    'CREATE INDEX purchases_session ON purchases (session_id)',
    'CREATE INDEX purchases_listed ON purchases (account_id, created_ms)',
    'CREATE INDEX purchases_look ON purchases (next_look_ms)',
    'CREATE UNIQUE INDEX purchases_receipt ON purchases (receipt_number)',
    // Money that went back, or that a dispute holds: `cents` of the payment, of which `credit` was credit and `fee` the fee; of the credit
    // `from_balance` was still there. The rest of it is the operator's loss.
    `CREATE TABLE payment_reversals (
      account_id text NOT NULL, id text NOT NULL, purchase_id text NOT NULL, kind text NOT NULL, state text NOT NULL, provider_id text, cents bigint NOT NULL,
      credit bigint NOT NULL, fee bigint NOT NULL, from_balance bigint NOT NULL, created_by text, created_ms bigint NOT NULL, updated_ms bigint NOT NULL,
      next_look_ms bigint, PRIMARY KEY (account_id, id))`,
    'CREATE INDEX payment_reversals_purchase ON payment_reversals (account_id, purchase_id)',
    'CREATE UNIQUE INDEX payment_reversals_provider ON payment_reversals (provider_id)',
    'CREATE INDEX payment_reversals_look ON payment_reversals (next_look_ms)',
    // What a receipt says of seller and buyer, as they were when it was paid: JSON.
    'CREATE TABLE receipts (account_id text NOT NULL, purchase_id text NOT NULL, body text NOT NULL, PRIMARY KEY (account_id, purchase_id))',
    // Who pays for an account, by which card, and when credit is bought by itself. `customer_id` is the provider's, of its mode `live`.
    `CREATE TABLE payers (
      account_id text PRIMARY KEY, customer_id text, card_id text, name text NOT NULL, address text NOT NULL, email text NOT NULL, tax_id text NOT NULL,
      topup_on bigint NOT NULL, topup_threshold bigint NOT NULL, topup_cents bigint NOT NULL, topup_month_cents_max bigint, topup_failures bigint NOT NULL,
      topup_next_ms bigint NOT NULL, topup_off_reason text, live bigint NOT NULL DEFAULT 0, updated_ms bigint NOT NULL)`,
    'CREATE UNIQUE INDEX payers_customer ON payers (customer_id)',
    // A number for each receipt, none left out; up to when events of the payment provider are known to have been read.
    "INSERT INTO counters (name, value) VALUES ('receipt_number', 0), ('payment_events_ms', 0)",
  ],
}
