import { SYSTEM } from '../accounts/audit-entry.ts'
import type { Change } from '../accounts/people-store.ts'
import { afterFailure, NO_PAYER, pauseOf, payerIn, type Payer, type PayerChange } from '../billing/payer.ts'
import { feeCentsOf, freshPurchase, totalCents, type Purchase, type Reversal } from '../billing/purchase.ts'
import type { BegunTopUps, TopUpRules } from '../billing/purchase-store.ts'
import { rowId } from '../lib/id.ts'
import { windowAt } from '../ledger/window.ts'
import { writeAudit } from './audit-rows.ts'
import { readUnspent } from './lot-rows.ts'
import { insertPurchase } from './purchase-rows.ts'
import { big, int, intOrNull, one, text, textOrNull, type Row, type Sql } from './sql.ts'

const COLUMNS = 'account_id, customer_id, card_id, live, name, address, email, tax_id, topup_on, topup_threshold, topup_cents, topup_month_cents_max, topup_failures, topup_next_ms, topup_off_reason'

/** As the account has said; as nobody has said anything where it has not. */
export async function findPayer(sql: Sql, accountId: string): Promise<Payer> {
  const row = await one(sql, `SELECT ${COLUMNS} FROM payers WHERE account_id = $1`, accountId)
  return row ? readPayer(row) : { accountId, ...NO_PAYER }
}

function readPayer(row: Row): Payer {
  return {
    accountId: text(row, 'account_id'), customerId: textOrNull(row, 'customer_id'), cardId: textOrNull(row, 'card_id'), isLive: int(row, 'live') === 1,
    details: { name: text(row, 'name'), address: text(row, 'address'), email: text(row, 'email'), taxId: text(row, 'tax_id') },
    topUp: {
      isOn: int(row, 'topup_on') === 1, threshold: big(row, 'topup_threshold'), creditCents: int(row, 'topup_cents'), monthCentsMax: intOrNull(row, 'topup_month_cents_max'),
      failures: int(row, 'topup_failures'), nextMs: int(row, 'topup_next_ms'), offReason: textOrNull(row, 'topup_off_reason'),
    },
  }
}

export async function changePayer(sql: Sql, accountId: string, { details, topUp, cardId }: PayerChange, { by, nowMs }: Change): Promise<Payer> {
  const before = await findPayer(sql, accountId)
  // A card that is chosen, or a change of what is bought, is a new beginning.
  const isAnew = topUp !== undefined || typeof cardId === 'string'
  const after: Payer = {
    ...before, cardId: cardId === undefined ? before.cardId : cardId, details: { ...before.details, ...details },
    topUp: { ...before.topUp, ...topUp, ...(isAnew && { failures: 0, nextMs: 0 }), ...((topUp?.isOn ?? false) && { offReason: null }), ...(cardId === null && { isOn: false }) },
  }
  await putPayer(sql, after, nowMs)
  await writeAudit(sql, { accountId, by, nowMs, action: 'billing.change', target: accountId, before: seen(before), after: seen(after) })
  return after
}

function seen({ details, cardId, topUp: { isOn, threshold, creditCents, monthCentsMax, offReason } }: Payer): object {
  return { ...details, card: cardId, top_up: { on: isOn, threshold, credit_cents: creditCents, month_cents_max: monthCentsMax, off_reason: offReason } }
}

async function putPayer(sql: Sql, { accountId, customerId, cardId, isLive, details, topUp }: Payer, nowMs: number): Promise<void> {
  await sql.run(`INSERT INTO payers (${COLUMNS}, updated_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
    ON CONFLICT (account_id) DO UPDATE SET customer_id = excluded.customer_id, card_id = excluded.card_id, live = excluded.live, name = excluded.name, address = excluded.address, email = excluded.email,
    tax_id = excluded.tax_id, topup_on = excluded.topup_on, topup_threshold = excluded.topup_threshold, topup_cents = excluded.topup_cents, topup_month_cents_max = excluded.topup_month_cents_max,
    topup_failures = excluded.topup_failures, topup_next_ms = excluded.topup_next_ms, topup_off_reason = excluded.topup_off_reason, updated_ms = excluded.updated_ms`,
    accountId, customerId, cardId, isLive ? 1 : 0, details.name, details.address, details.email, details.taxId, topUp.isOn ? 1 : 0, topUp.threshold, topUp.creditCents, topUp.monthCentsMax,
    topUp.failures, topUp.nextMs, topUp.offReason, nowMs)
}

/** The customer that the account has in this mode: this one, unless it has one. */
export async function keepCustomer(sql: Sql, accountId: string, { customerId, isLive, nowMs }: { readonly customerId: string; readonly isLive: boolean; readonly nowMs: number }): Promise<string> {
  const payer = payerIn(await findPayer(sql, accountId), isLive)
  if (payer.customerId !== null) return payer.customerId
  await putPayer(sql, { ...payer, customerId }, nowMs)
  return customerId
}

/** A card that was saved is the one that is charged by itself, where there is none yet. */
export async function keepCard(sql: Sql, accountId: string, cardId: string, nowMs: number): Promise<void> {
  const payer = await findPayer(sql, accountId)
  if (payer.cardId === null) await putPayer(sql, { ...payer, cardId }, nowMs)
}

/** What became of credit that was bought by itself. True when it is turned off by it: the card was declined too often. */
export async function noteTopUp(sql: Sql, accountId: string, { paid, failure, nowMs }: { readonly paid: boolean; readonly failure: string | null; readonly nowMs: number }): Promise<boolean> {
  const before = await findPayer(sql, accountId)
  const failures = paid ? 0 : before.topUp.failures + 1
  const next = paid ? { nextMs: nowMs } : afterFailure(failures, nowMs)
  const counted = { ...before, topUp: { ...before.topUp, failures, ...(next !== 'off' && next) } }
  const isOff = next === 'off' && before.topUp.isOn
  if (isOff) await turnOff(sql, counted, `The card was declined ${failures} times in a row${failure === null ? '' : `: ${failure}`}`, nowMs)
  else await putPayer(sql, counted, nowMs)
  return isOff
}

/** Money of the account's went back: no card is charged for the same credit a moment later, nor one whose bank took the money. */
export async function stopTopUp(sql: Sql, accountId: string, { kind, receiptNumber, nowMs }: { readonly kind: Reversal['kind']; readonly receiptNumber: number | null; readonly nowMs: number }): Promise<void> {
  const payer = await findPayer(sql, accountId)
  if (!payer.topUp.isOn) return
  if (kind === 'dispute') return turnOff(sql, payer, `The payment of receipt ${receiptNumber ?? ''} is disputed.`, nowMs)
  if (await readUnspent(sql, accountId) < payer.topUp.threshold) await turnOff(sql, payer, `Credit of receipt ${receiptNumber ?? ''} was given back, and would have been bought again.`, nowMs)
}

async function turnOff(sql: Sql, before: Payer, offReason: string, nowMs: number): Promise<void> {
  const { accountId } = before
  const after: Payer = { ...before, topUp: { ...before.topUp, isOn: false, offReason } }
  await putPayer(sql, after, nowMs)
  await writeAudit(sql, { accountId, by: SYSTEM, nowMs, action: 'billing.change', target: accountId, before: seen(before), after: seen(after) })
}

const TOP_UPS_MAX = 100
/** After so long it is looked at again whether what must be bought at least is less now. */
const PAUSE_MS = 600_000

/**
 * Orders credit for accounts that are running out of it. Whoever does this at the same time elsewhere sees the order, or is run again: an account has one
 * open order of this kind, never two. Looks until it has enough: accounts that buy no more this month, or whose credit calls hold, are in nobody's way.
 */
export async function beginTopUps(sql: Sql, rules: TopUpRules): Promise<BegunTopUps> {
  const purchases: Purchase[] = []
  const paused: Payer[] = []
  for (let after = ''; purchases.length < TOP_UPS_MAX;) {
    const payers = await payersRunningOut(sql, after, rules)
    for (const payer of payers) {
      const begun = await beginTopUp(sql, payer, rules)
      if (begun === 'paused') paused.push(payer)
      else if (begun) purchases.push(begun)
    }
    const last = payers.at(-1)
    if (!last || payers.length < TOP_UPS_MAX) break
    after = last.accountId
  }
  return { purchases, paused }
}

async function payersRunningOut(sql: Sql, after: string, { isLive, nowMs }: TopUpRules): Promise<Payer[]> {
  const rows = await sql.all(`SELECT ${COLUMNS} FROM payers WHERE account_id > $1 AND topup_on = 1 AND card_id IS NOT NULL AND customer_id IS NOT NULL AND topup_next_ms <= $2 AND live = $3
    AND NOT EXISTS (SELECT 1 FROM purchases WHERE purchases.account_id = payers.account_id AND purchases.kind = 'auto' AND purchases.state = 'open')
    AND EXISTS (SELECT 1 FROM accounts WHERE accounts.id = payers.account_id AND accounts.suspended_ms IS NULL AND accounts.closed_ms IS NULL AND accounts.balance < payers.topup_threshold)
    ORDER BY account_id LIMIT ${TOP_UPS_MAX}`, after, nowMs, isLive ? 1 : 0)
  return rows.map(readPayer)
}

async function beginTopUp(sql: Sql, { accountId, topUp }: Payer, { provider, isLive, settings, nowMs, nextLookMs }: TopUpRules): Promise<Purchase | 'paused' | undefined> {
  // What processes hold for calls is the account's too.
  if (await readUnspent(sql, accountId) >= topUp.threshold) return undefined
  if (pauseOf(topUp, settings.amountMin) !== null) {
    await sql.run('UPDATE payers SET topup_next_ms = $1 WHERE account_id = $2', nowMs + PAUSE_MS, accountId)
    return 'paused'
  }
  const purchase = freshPurchase({
    accountId, id: rowId(), kind: 'auto', provider, isLive, creditCents: topUp.creditCents, feeCents: feeCentsOf(topUp.creditCents, settings), savesCard: false, createdBy: null, createdMs: nowMs, expiryDays: settings.expiryDays,
  })
  const monthMs = windowAt('monthly', nowMs).startMs
  const month = await one(sql, "SELECT SUM(credit_cents + fee_cents) AS cents FROM purchases WHERE account_id = $1 AND kind = 'auto' AND state = 'paid' AND paid_ms >= $2", accountId, monthMs)
  const isOver = topUp.monthCentsMax !== null && int(month, 'cents') + totalCents(purchase) > topUp.monthCentsMax
  if (isOver) return undefined
  await insertPurchase(sql, purchase, nextLookMs, { by: SYSTEM, nowMs })
  return purchase
}
