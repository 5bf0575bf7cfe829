import type { Change, Listed, Page } from '../accounts/people-store.ts'
import type { Purchase } from '../billing/purchase.ts'
import type { DuePurchase, Placed, PurchaseNames } from '../billing/purchase-store.ts'
import type { Receipt } from '../billing/receipt.ts'
import { writeAudit } from './audit-rows.ts'
import { closedAmong } from './closed-accounts.ts'
import { readReversals } from './reversal-rows.ts'
import { int, intOrNull, one, text, textOrNull, type Row, type Sql } from './sql.ts'

const COLUMNS = `account_id, id, kind, state, provider, live, currency, credit_cents, fee_cents, saves_card, session_id, payment_id, card, failure, receipt_number,
  created_by, created_ms, paid_ms, expiry_days`

/** An order, before anything was paid. */
export async function insertPurchaseRow(sql: Sql, purchase: Purchase, nextLookMs: number | null): Promise<void> {
  const { accountId, id, kind, state, provider, isLive, currency, creditCents, feeCents, savesCard, createdBy, createdMs, expiryDays } = purchase
  await sql.run(`INSERT INTO purchases (account_id, id, kind, state, provider, live, currency, credit_cents, fee_cents, saves_card, created_by, created_ms, expiry_days, looks, next_look_ms)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 0, $14)`,
    accountId, id, kind, state, provider, isLive ? 1 : 0, currency, creditCents, feeCents, savesCard ? 1 : 0, createdBy, createdMs, expiryDays, nextLookMs)
}

export async function insertPurchase(sql: Sql, purchase: Purchase, nextLookMs: number | null, { by, nowMs }: Change): Promise<void> {
  await insertPurchaseRow(sql, purchase, nextLookMs)
  await writeAudit(sql, { accountId: purchase.accountId, by, nowMs, action: 'purchase.create', target: purchase.id, after: seenPurchase(purchase) })
}

/** What of a purchase is shown in the log of changes. */
export function seenPurchase({ kind, state, provider, isLive, currency, creditCents, feeCents, card, failure, receiptNumber }: Purchase): object {
  return { kind, state, provider, live: isLive, currency, credit_cents: creditCents, fee_cents: feeCents, card, failure, receipt_number: receiptNumber }
}

export async function placePurchase(sql: Sql, accountId: string, id: string, { sessionId, nextLookMs }: Placed): Promise<void> {
  await sql.run("UPDATE purchases SET session_id = COALESCE(session_id, $1), next_look_ms = $2 WHERE account_id = $3 AND id = $4 AND state = 'open'", sessionId, nextLookMs, accountId, id)
}

export async function findPurchase(sql: Sql, accountId: string, id: string): Promise<Purchase | undefined> {
  const row = await one(sql, `SELECT ${COLUMNS} FROM purchases WHERE account_id = $1 AND id = $2`, accountId, id)
  return row && readPurchase(sql, row)
}

/** By whichever of its names is known, in whatever account. */
export async function findPurchaseBy(sql: Sql, { purchaseId, sessionId, paymentId }: PurchaseNames): Promise<Purchase | undefined> {
  for (const [column, name] of [['id', purchaseId], ['session_id', sessionId], ['payment_id', paymentId]] as const) {
    const row = name ? await one(sql, `SELECT ${COLUMNS} FROM purchases WHERE ${column} = $1`, name) : undefined
    if (row) return readPurchase(sql, row)
  }
  return undefined
}

export async function listPurchases(sql: Sql, accountId: string, { offset, limit }: Page): Promise<Listed<Purchase>> {
  const total = int(await one(sql, 'SELECT COUNT(*) AS total FROM purchases WHERE account_id = $1', accountId), 'total')
  const rows = await sql.all(`SELECT ${COLUMNS} FROM purchases WHERE account_id = $1 ORDER BY created_ms DESC, id DESC LIMIT $2 OFFSET $3`, accountId, limit, offset)
  return { rows: await readAll(sql, rows), total }
}

const LOOKS_MAX = 50
const MINUTE_MS = 60_000
/** A page to pay on lives for a day, and a bank may take days. The n-th look in vain waits until the next; then only an event tells. */
const WAITS_MS = [2, 5, 15, 60, 6 * 60, 24 * 60, 48 * 60, 96 * 60].map((minutes) => minutes * MINUTE_MS)

/** Orders whose time has come, each with its next look set: another process that looks now sees others. */
export async function purchasesToLookAt(sql: Sql, provider: string, isLive: boolean, nowMs: number): Promise<readonly DuePurchase[]> {
  const rows = await sql.all(`SELECT ${COLUMNS}, looks FROM purchases WHERE next_look_ms <= $1 AND provider = $2 AND live = $3 ORDER BY next_look_ms LIMIT ${LOOKS_MAX}`, nowMs, provider, isLive ? 1 : 0)
  for (const row of rows) {
    const waitMs = WAITS_MS[int(row, 'looks')]
    await sql.run('UPDATE purchases SET looks = looks + 1, next_look_ms = $1 WHERE account_id = $2 AND id = $3', waitMs === undefined ? null : nowMs + waitMs, text(row, 'account_id'), text(row, 'id'))
  }
  const closed = await closedAmong(sql, rows.map((row) => text(row, 'account_id')))
  return (await readAll(sql, rows)).map((purchase) => ({ purchase, isOrphan: closed.has(purchase.accountId) }))
}

/** The account is closed: what it ordered and did not pay is looked at at once, and can be paid no more from then on. */
export async function orphanPurchases(sql: Sql, accountId: string, nowMs: number): Promise<void> {
  await sql.run("UPDATE purchases SET looks = 0, next_look_ms = $1 WHERE account_id = $2 AND state = 'open'", nowMs, accountId)
}

export async function findReceipt(sql: Sql, accountId: string, purchaseId: string): Promise<Receipt | undefined> {
  const row = await one(sql, 'SELECT body FROM receipts WHERE account_id = $1 AND purchase_id = $2', accountId, purchaseId)
  // Written by insertReceipt.
  return row && JSON.parse(text(row, 'body')) as Receipt
}

export async function insertReceipt(sql: Sql, accountId: string, purchaseId: string, receipt: Receipt): Promise<void> {
  await sql.run('INSERT INTO receipts (account_id, purchase_id, body) VALUES ($1, $2, $3)', accountId, purchaseId, JSON.stringify(receipt))
}

async function readAll(sql: Sql, rows: readonly Row[]): Promise<Purchase[]> {
  const purchases: Purchase[] = []
  for (const row of rows) purchases.push(await readPurchase(sql, row))
  return purchases
}

async function readPurchase(sql: Sql, row: Row): Promise<Purchase> {
  const [accountId, id] = [text(row, 'account_id'), text(row, 'id')]
  return {
    // Written by insertPurchaseRow, from the same types.
    accountId, id, kind: text(row, 'kind') as Purchase['kind'], state: text(row, 'state') as Purchase['state'],
    provider: text(row, 'provider'), isLive: int(row, 'live') === 1, currency: text(row, 'currency'), creditCents: int(row, 'credit_cents'), feeCents: int(row, 'fee_cents'),
    savesCard: int(row, 'saves_card') === 1, sessionId: textOrNull(row, 'session_id'), paymentId: textOrNull(row, 'payment_id'), card: textOrNull(row, 'card'), failure: textOrNull(row, 'failure'),
    receiptNumber: intOrNull(row, 'receipt_number'), createdBy: textOrNull(row, 'created_by'), createdMs: int(row, 'created_ms'), paidMs: intOrNull(row, 'paid_ms'), expiryDays: intOrNull(row, 'expiry_days'),
    reversals: await readReversals(sql, accountId, id),
  }
}
