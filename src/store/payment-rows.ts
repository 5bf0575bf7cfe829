import { SYSTEM } from '../accounts/audit-entry.ts'
import type { Seller } from '../accounts/instance.ts'
import type { Change } from '../accounts/people-store.ts'
import { centsToNano } from '../billing/cents.ts'
import type { Payment } from '../billing/payment-provider.ts'
import { totalCents, type Purchase } from '../billing/purchase.ts'
import type { Applied, ApplyPayment, PaymentRefusal, Recorded } from '../billing/purchase-store.ts'
import { expiresMsOf } from '../billing/receipt.ts'
import { insertAccount } from './account-rows.ts'
import { writeAudit } from './audit-rows.ts'
import { isClosed } from './closed-accounts.ts'
import { addCredit, insertLot } from './lot-rows.ts'
import { findPayer, keepCard, noteTopUp } from './payer-rows.ts'
import { findPurchase, insertPurchase, insertReceipt, seenPurchase } from './purchase-rows.ts'
import { applyReversals } from './reversal-rows.ts'
import { writeTransfer } from './settlement.ts'
import { int, one, text, type Sql } from './sql.ts'

/** Writes down what is new in what the provider says of a purchase. What it says twice, late or in another order changes nothing. */
export async function applyPayment(sql: Sql, { accountId, purchaseId, payment: said, seller, nowMs }: ApplyPayment): Promise<Applied | PaymentRefusal> {
  const before = await findPurchase(sql, accountId, purchaseId)
  if (!before) return 'no_purchase'
  const refusal = refusalOf(before, said)
  if (refusal) return refusal
  const isOrphan = await isClosed(sql, accountId)
  // Of an account that is closed nothing comes to be kept that went with it.
  const payment: Payment = isOrphan ? { ...said, card: null, cardId: null, failure: null } : said
  const became = await changeState(sql, before, payment, nowMs)
  if (became === 'paid') await takePayment(sql, before, payment, { seller, nowMs })
  const topUpOff = before.kind === 'auto' && became !== null && await noteTopUp(sql, accountId, { paid: became === 'paid', failure: payment.failure, nowMs })
  const paid = await findPurchase(sql, accountId, purchaseId) ?? before
  const reversals = paid.state === 'paid' ? await applyReversals(sql, paid, payment, nowMs) : []
  return { purchase: await findPurchase(sql, accountId, purchaseId) ?? paid, became, reversals, topUpOff, isLate: became === 'paid' && isOrphan }
}

/** A payment is of the order that it was made for, all of it, in its currency, with real money or without as the order: or it is not taken. */
function refusalOf(purchase: Purchase, payment: Payment): PaymentRefusal | undefined {
  if (payment.purchaseId !== purchase.id || payment.accountId !== purchase.accountId) return 'other_payment'
  if (purchase.sessionId !== null && payment.sessionId !== null && payment.sessionId !== purchase.sessionId) return 'other_payment'
  if (purchase.paymentId !== null && payment.paymentId !== null && payment.paymentId !== purchase.paymentId) return 'other_payment'
  if (payment.isLive !== purchase.isLive) return 'other_mode'
  if (payment.status !== 'paid') return undefined
  if (payment.currency !== purchase.currency) return 'other_currency'
  return payment.cents === totalCents(purchase) ? undefined : 'other_amount'
}

/** Moves it on, where that is on. Money that came late is money: `failed` and `expired` become `paid`, and nothing else. */
async function changeState(sql: Sql, { accountId, id, state }: Purchase, payment: Payment, nowMs: number): Promise<Applied['became']> {
  const to = payment.status
  if (to === 'open' || to === state || state === 'paid' || (to !== 'paid' && state !== 'open')) return null
  const changed = await sql.run(`UPDATE purchases SET state = $1, payment_id = COALESCE(payment_id, $2), card = COALESCE($3, card), failure = $4, paid_ms = $5, next_look_ms = NULL
    WHERE account_id = $6 AND id = $7 AND state = $8`, to, payment.paymentId, payment.card, to === 'paid' ? null : payment.failure, to === 'paid' ? nowMs : null, accountId, id, state)
  if (changed === 0) return null
  const after = await findPurchase(sql, accountId, id)
  if (to !== 'paid') await writeAudit(sql, { accountId, by: SYSTEM, nowMs, action: 'purchase.fail', target: id, before: { state }, after: after && seenPurchase(after) })
  return to
}

/** Credit that was paid elsewhere. The same reference gives what it gave the first time. */
export async function recordPayment(sql: Sql, purchase: Purchase, reference: string, seller: Seller, change: Change): Promise<Recorded | 'closed'> {
  const { accountId, id, provider } = purchase
  if (await isClosed(sql, accountId)) return 'closed'
  const known = await one(sql, 'SELECT id FROM purchases WHERE account_id = $1 AND provider = $2 AND payment_id = $3', accountId, provider, reference)
  if (known) return { purchase: await findPurchase(sql, accountId, text(known, 'id')) ?? purchase, isRepeated: true }
  await insertAccount(sql, { id: accountId, kind: 'organization', name: 'Default', createdMs: change.nowMs })
  await insertPurchase(sql, purchase, null, change)
  await sql.run("UPDATE purchases SET state = 'paid', payment_id = $1, paid_ms = $2 WHERE account_id = $3 AND id = $4", reference, change.nowMs, accountId, id)
  await takePayment(sql, purchase, { paymentId: reference, card: null, cardId: null }, { seller, nowMs: change.nowMs })
  return { purchase: await findPurchase(sql, accountId, id) ?? purchase, isRepeated: false }
}

/** The credit, its lot, the entries, the receipt with the next number: all with the state, or none of it. */
async function takePayment(sql: Sql, purchase: Purchase, payment: Pick<Payment, 'paymentId' | 'card' | 'cardId'>, { seller, nowMs }: Pick<ApplyPayment, 'seller' | 'nowMs'>): Promise<void> {
  const { accountId, id, creditCents, feeCents, currency, isLive } = purchase
  const credit = centsToNano(creditCents)
  const expiresMs = expiresMsOf(purchase, nowMs)
  const number = int(await one(sql, "UPDATE counters SET value = value + 1 WHERE name = 'receipt_number' RETURNING value"), 'value')
  await sql.run('UPDATE purchases SET receipt_number = $1 WHERE account_id = $2 AND id = $3', number, accountId, id)
  await addCredit(sql, accountId, credit)
  await sql.run('UPDATE accounts SET bought = bought + $1 WHERE id = $2', credit, accountId)
  await insertLot(sql, { accountId, id, kind: 'bought', amount: credit, atMs: nowMs, expiresMs })
  await writeTransfer(sql, {
    accountId, id, kind: 'purchase', reason: `receipt ${number}`, reference: `${purchase.provider}:${payment.paymentId ?? id}`, atMs: nowMs,
    sides: [['payment', -centsToNano(totalCents(purchase))], ['balance', credit], ['fee', centsToNano(feeCents)]],
  })
  const { details } = await findPayer(sql, accountId)
  await insertReceipt(sql, accountId, id, { number, purchaseId: id, seller, buyer: details, creditCents, feeCents, currency, paidMs: nowMs, card: payment.card, expiresMs, isLive })
  if (purchase.savesCard && payment.cardId !== null) await keepCard(sql, accountId, payment.cardId, nowMs)
  const after = await findPurchase(sql, accountId, id)
  await writeAudit(sql, { accountId, by: SYSTEM, nowMs, action: 'purchase.pay', target: id, before: { state: purchase.state }, after: after && seenPurchase(after) })
}
