import type { Change } from '../accounts/people-store.ts'
import { SYSTEM, type Actor } from '../accounts/audit-entry.ts'
import { centsIn, centsToNano } from '../billing/cents.ts'
import type { Payment, ProviderRefund } from '../billing/payment-provider.ts'
import { creditReversed, REFUND_MS, type Purchase, type Reversal } from '../billing/purchase.ts'
import type { Applied, RefundRefusal, RefundWish } from '../billing/purchase-store.ts'
import { rowId } from '../lib/id.ts'
import { writeAudit } from './audit-rows.ts'
import { addCredit, leftOfLot, netOfLot, putBackIntoLot, removeFromLot, takeFree } from './lot-rows.ts'
import { setSuspended } from './operator-rows.ts'
import { stopTopUp } from './payer-rows.ts'
import { findPurchase } from './purchase-rows.ts'
import { writeTransfer } from './settlement.ts'
import { big, int, intOrNull, one, text, textOrNull, type Row, type Sql } from './sql.ts'

const COLUMNS = 'id, purchase_id, kind, state, provider_id, cents, credit, fee, from_balance, created_ms'
const RANK: Readonly<Record<Reversal['state'], number>> = { pending: 0, done: 1, undone: 2 }
const LOOK_MS = 120_000

export async function readReversals(sql: Sql, accountId: string, purchaseId: string): Promise<Reversal[]> {
  return (await sql.all(`SELECT ${COLUMNS} FROM payment_reversals WHERE account_id = $1 AND purchase_id = $2 ORDER BY created_ms, id`, accountId, purchaseId)).map(readReversal)
}

function readReversal(row: Row): Reversal {
  return {
    // Written below, from the same types.
    id: text(row, 'id'), kind: text(row, 'kind') as Reversal['kind'], state: text(row, 'state') as Reversal['state'],
    providerId: textOrNull(row, 'provider_id'), cents: int(row, 'cents'), credit: big(row, 'credit'), fee: big(row, 'fee'), fromBalance: big(row, 'from_balance'), createdMs: int(row, 'created_ms'),
  }
}

/**
 * Takes unused credit of a purchase out of the books, so that its money may go back: what calls hold or have used stays. The fee is not given back
 * (contract I5).
 */
export async function beginRefund(sql: Sql, { accountId, purchaseId, id, cents: wished }: RefundWish, change: Change): Promise<Reversal | RefundRefusal> {
  const purchase = await findPurchase(sql, accountId, purchaseId)
  if (!purchase) return 'no_purchase'
  if (purchase.state !== 'paid' || purchase.paidMs === null) return 'not_paid'
  if (change.nowMs - purchase.paidMs > REFUND_MS) return 'too_late'
  if (purchase.reversals.some(({ kind, state }) => kind === 'dispute' && state !== 'undone')) return 'disputed'
  const left = least(await leftOfLot(sql, accountId, purchaseId), centsToNano(purchase.creditCents) - creditReversed(purchase))
  const cents = wished ?? centsIn(left)
  if (cents <= 0 || centsToNano(cents) > left) return 'used'
  const credit = centsToNano(cents)
  const free = big(await one(sql, 'SELECT balance FROM accounts WHERE id = $1', accountId), 'balance')
  if (free < credit) return 'in_calls'
  const reversal: Reversal = { id, kind: 'refund', state: 'pending', providerId: null, cents, credit, fee: 0n, fromBalance: credit, createdMs: change.nowMs }
  await addCredit(sql, accountId, -credit)
  await insertReversal(sql, purchase, reversal, change.by)
  return reversal
}

function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b
}

/** Refunds and disputes of a payment that are new here, or that came to another end. */
export async function applyReversals(sql: Sql, purchase: Purchase, { refunds, disputes }: Payment, nowMs: number): Promise<Reversal[]> {
  const changed: Reversal[] = []
  for (const refund of refunds) changed.push(...await applyOne(sql, purchase.accountId, purchase.id, { ...refund, kind: 'refund' }, nowMs))
  for (const dispute of disputes) changed.push(...await applyOne(sql, purchase.accountId, purchase.id, { ...dispute, reversalId: null, kind: 'dispute' }, nowMs))
  return changed
}

async function applyOne(sql: Sql, accountId: string, purchaseId: string, seen: ProviderRefund & { readonly kind: Reversal['kind'] }, nowMs: number): Promise<Reversal[]> {
  // Read anew each time: the one before may be of the same purchase.
  const purchase = await findPurchase(sql, accountId, purchaseId)
  if (!purchase) return []
  // One that the provider would not make, and has after all, is a new one.
  const known = purchase.reversals.find(({ providerId }) => providerId === seen.id) ?? purchase.reversals.find(({ id, providerId, state }) => id === seen.reversalId && providerId === null && state !== 'undone')
  if (known) return changeReversal(sql, purchase, known, seen, nowMs)
  // What failed, or was won, before we heard of it has changed nothing.
  if (seen.state === 'undone') return []
  return [await takeBack(sql, purchase, seen, nowMs)]
}

/** Somebody refunded it at the provider's, or its card's bank took it: credit goes as far as it is there, never below zero. */
async function takeBack(sql: Sql, purchase: Purchase, seen: ProviderRefund & { readonly kind: Reversal['kind'] }, nowMs: number): Promise<Reversal> {
  const { accountId } = purchase
  const money = centsToNano(seen.cents)
  const credit = least(money, centsToNano(purchase.creditCents) - creditReversed(purchase))
  const reversal: Reversal = { id: rowId(), kind: seen.kind, state: seen.state, providerId: seen.id, cents: seen.cents, credit, fee: money - credit, fromBalance: await takeFree(sql, accountId, least(credit, await netOfLot(sql, accountId, purchase.id))), createdMs: nowMs }
  await insertReversal(sql, purchase, reversal, SYSTEM)
  if (seen.kind === 'dispute') await setSuspended(sql, accountId, true, { by: SYSTEM, nowMs, reason: disputeReason(purchase) })
  return reversal
}

/** What its members are told. */
function disputeReason({ receiptNumber }: Pick<Purchase, 'receiptNumber'>): string {
  return `The payment of receipt ${receiptNumber ?? ''} is disputed.`
}

async function insertReversal(sql: Sql, { accountId, id: purchaseId, receiptNumber }: Purchase, reversal: Reversal, by: Actor): Promise<void> {
  const { id, kind, state, providerId, cents, credit, fee, fromBalance, createdMs } = reversal
  await sql.run(`INSERT INTO payment_reversals (account_id, id, purchase_id, kind, state, provider_id, cents, credit, fee, from_balance, created_by, created_ms, updated_ms, next_look_ms)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12, $13)`, accountId, id, purchaseId, kind, state, providerId, cents, credit, fee, fromBalance, by.userId, createdMs, providerId === null ? createdMs + LOOK_MS : null)
  await removeFromLot(sql, accountId, purchaseId, fromBalance)
  await sql.run('UPDATE accounts SET bought = bought - $1 WHERE id = $2', credit, accountId)
  await writeTransfer(sql, { accountId, id: rowId(), kind, reason: `${kind} of receipt ${receiptNumber ?? ''}`, reference: `${kind}:${id}`, atMs: createdMs, sides: sidesOf(reversal, 1n) })
  await stopTopUp(sql, accountId, { kind, receiptNumber, nowMs: createdMs })
  await writeAudit(sql, { accountId, by, nowMs: createdMs, action: kind === 'refund' ? 'purchase.refund' : 'purchase.dispute', target: purchaseId, after: { state, cents, credit_taken: fromBalance } })
}

/** The money that leaves, and whose it was: what of the credit is not there any more is lost. */
function sidesOf({ cents, credit, fee, fromBalance }: Reversal, sign: 1n | -1n): readonly (readonly [string, bigint])[] {
  return [['payment', sign * centsToNano(cents)], ['balance', -sign * fromBalance], ['fee', -sign * fee], ['loss', -sign * (credit - fromBalance)]]
}

async function changeReversal(sql: Sql, purchase: Purchase, known: Reversal, seen: { readonly id: string | null; readonly state: Reversal['state'] }, nowMs: number): Promise<Reversal[]> {
  const { accountId } = purchase
  // What is heard late, of an earlier state, changes nothing; what is heard twice happened the first time.
  const state = RANK[seen.state] > RANK[known.state] ? seen.state : known.state
  const after: Reversal = { ...known, state, providerId: known.providerId ?? seen.id }
  await sql.run(`UPDATE payment_reversals SET state = $1, provider_id = $2, updated_ms = CASE WHEN state = $1 THEN updated_ms ELSE $3 END, next_look_ms = CASE WHEN $1 = 'pending' AND kind = 'refund' THEN next_look_ms ELSE NULL END
    WHERE account_id = $4 AND id = $5`, state, after.providerId, nowMs, accountId, known.id)
  if (state === known.state) return []
  if (state === 'undone') await giveBack(sql, purchase, known, nowMs)
  await writeAudit(sql, { accountId, by: SYSTEM, nowMs, action: known.kind === 'refund' ? 'purchase.refund' : 'purchase.dispute', target: purchase.id, before: { state: known.state }, after: { state, cents: known.cents } })
  return [after]
}

/** The money came back: so does the credit. */
async function giveBack(sql: Sql, purchase: Purchase, reversal: Reversal, nowMs: number): Promise<void> {
  const { accountId } = purchase
  await addCredit(sql, accountId, reversal.fromBalance)
  await putBackIntoLot(sql, accountId, purchase.id, reversal.fromBalance)
  await sql.run('UPDATE accounts SET bought = bought + $1 WHERE id = $2', reversal.credit, accountId)
  await writeTransfer(sql, { accountId, id: rowId(), kind: reversal.kind, reason: `${reversal.kind} of receipt ${purchase.receiptNumber ?? ''} came back`, reference: `${reversal.kind}-back:${reversal.id}`, atMs: nowMs, sides: sidesOf(reversal, -1n) })
  if (reversal.kind === 'dispute') await resume(sql, purchase, reversal.id, nowMs)
}

/** Undoes what a dispute that was won did, and no more: an operator's own suspension stays, and so does that of another dispute. */
async function resume(sql: Sql, { accountId, receiptNumber }: Purchase, reversalId: string, nowMs: number): Promise<void> {
  const account = await one(sql, 'SELECT suspended_ms, suspended_reason FROM accounts WHERE id = $1', accountId)
  if (!account || account['suspended_reason'] !== disputeReason({ receiptNumber })) return
  // One that was lost earlier than the account was suspended is settled with the operator. One that was lost since stays the reason, whatever is won later.
  const other = await one(sql, `SELECT purchases.receipt_number FROM payment_reversals JOIN purchases ON purchases.account_id = payment_reversals.account_id AND purchases.id = payment_reversals.purchase_id
    WHERE payment_reversals.account_id = $1 AND payment_reversals.kind = 'dispute' AND payment_reversals.id <> $2 AND (payment_reversals.state = 'pending' OR (payment_reversals.state = 'done' AND payment_reversals.updated_ms >= $3))
    ORDER BY payment_reversals.state, payment_reversals.created_ms LIMIT 1`, accountId, reversalId, intOrNull(account, 'suspended_ms') ?? 0)
  await setSuspended(sql, accountId, false, { by: SYSTEM, nowMs, reason: 'The dispute was won.' })
  if (other) await setSuspended(sql, accountId, true, { by: SYSTEM, nowMs, reason: disputeReason({ receiptNumber: intOrNull(other, 'receipt_number') }) })
}

/** What the provider made of a refund of ours. Without an id: it would not. */
export async function noteRefund(sql: Sql, accountId: string, id: string, seen: { readonly id: string | null; readonly state: Reversal['state'] }, nowMs: number): Promise<Applied | undefined> {
  const row = await one(sql, `SELECT ${COLUMNS} FROM payment_reversals WHERE account_id = $1 AND id = $2`, accountId, id)
  const purchase = row && await findPurchase(sql, accountId, text(row, 'purchase_id'))
  if (!row || !purchase) return undefined
  const reversals = await changeReversal(sql, purchase, readReversal(row), seen, nowMs)
  return { purchase: await findPurchase(sql, accountId, purchase.id) ?? purchase, became: null, reversals, topUpOff: false, isLate: false }
}

export interface RefundUnderWay { readonly accountId: string; readonly purchase: Purchase; readonly reversal: Reversal }

/** Refunds that were begun, and whose process may have died before it asked the provider. */
export async function refundsToLookAt(sql: Sql, nowMs: number): Promise<readonly RefundUnderWay[]> {
  const rows = await sql.all(`SELECT account_id, ${COLUMNS} FROM payment_reversals WHERE next_look_ms <= $1 ORDER BY next_look_ms LIMIT 50`, nowMs)
  const found: RefundUnderWay[] = []
  for (const row of rows) {
    const accountId = text(row, 'account_id')
    const purchase = await findPurchase(sql, accountId, text(row, 'purchase_id'))
    await sql.run('UPDATE payment_reversals SET next_look_ms = $1 WHERE account_id = $2 AND id = $3', nowMs + LOOK_MS, accountId, text(row, 'id'))
    if (purchase) found.push({ accountId, purchase, reversal: readReversal(row) })
  }
  return found
}
