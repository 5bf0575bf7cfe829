import { z } from 'zod'
import { centsToNano } from '../../billing/cents.ts'
import { creditReversed, REFUND_MS, totalCents, type Purchase, type Reversal } from '../../billing/purchase.ts'
import { receiptName } from '../../billing/receipt.ts'
import { parseUsd, usdNumber } from '../../core/nano.ts'
import type { Route, RouteContext } from '../route.ts'
import { readBody } from './body.ts'
import { accessIn } from './caller.ts'
import { timeOrNull } from './key.ts'
import { PAGE, pageOf } from './page.ts'
import { readQuery } from './query.ts'

const USD = { error: 'must be an amount of USD in whole cents, as 25 or "19.99"' }
/** An amount as people write it. What of it is too little or too much is for the one who takes it to say. */
export const usdAmount = z.union([z.string(USD), z.number(USD)], USD).transform((value) => parseUsd(String(value)) ?? -1n).refine((amount) => amount >= 0n, USD)
const REFERENCE = { error: 'must be a text of 1 to 200 characters that names the payment: the same one is counted once' }

const PURCHASE = z.strictObject({ amount_usd: usdAmount, save_card: z.boolean({ error: 'must be true or false' }).optional() })
const REFUND = z.strictObject({ amount_usd: usdAmount.optional() })
const RECORD = z.strictObject({ amount_usd: usdAmount, reference: z.string(REFERENCE).trim().min(1, REFERENCE).max(200, REFERENCE) })

/** `GET /purchases`: what the account has bought, newest first. Only this server has it, as all that follows. */
export const listPurchases: Route = {
  method: 'GET', path: '/purchases', auth: 'management', operation: 'billing.read',
  async handle(context) {
    const { rows, total } = await context.services.billing.list(accessIn(context).accountId, pageOf(readQuery(context.url.searchParams, PAGE)))
    return { data: rows.map(purchaseRow), total_count: total }
  },
}

/** `POST /purchases`: an order of credit, and the page to pay it on (I2, I3). */
export const createPurchase: Route = {
  method: 'POST', path: '/purchases', auth: 'management', operation: 'billing.change',
  async handle(context) {
    const { amount_usd: amount, save_card: savesCard = false } = await readBody(context, PURCHASE)
    const { accountId, actor } = accessIn(context)
    const { purchase, url } = await context.services.billing.buy(accountId, { amount, savesCard }, actor)
    return Response.json({ data: purchaseRow(purchase), url }, { status: 201 })
  },
}

/** `GET /purchases/{id}`: one that is open is asked for at the payment provider first. */
export const getPurchase: Route = {
  method: 'GET', path: '/purchases/{id}', auth: 'management', operation: 'billing.read',
  handle: async (context) => ({ data: purchaseRow(await context.services.billing.purchase(accessIn(context).accountId, idOf(context))) }),
}

/** `POST /purchases/{id}/refund`: unused credit within a day, without the fee (I5). */
export const refundPurchase: Route = {
  method: 'POST', path: '/purchases/{id}/refund', auth: 'management', operation: 'billing.change',
  async handle(context) {
    const hasBody = (context.request.headers.get('content-length') ?? '0') !== '0' || context.request.headers.has('transfer-encoding')
    const { amount_usd: amount } = hasBody ? await readBody(context, REFUND) : { amount_usd: undefined }
    const { accountId, actor } = accessIn(context)
    const reversal = await context.services.billing.refund(accountId, idOf(context), amount, actor)
    return { data: reversalRow(reversal) }
  },
}

/** `GET /purchases/{id}/receipt.pdf` (I17). */
export const getReceipt: Route = {
  method: 'GET', path: '/purchases/{id}/receipt.pdf', auth: 'management', operation: 'billing.read',
  async handle(context) {
    const receipt = await context.services.billing.receipt(accessIn(context).accountId, idOf(context))
    // Few ask for it: it is loaded when somebody does.
    const { receiptPdf } = await import('../../billing/receipt-pdf.ts')
    return new Response(receiptPdf(receipt), { headers: { 'content-type': 'application/pdf', 'content-disposition': `inline; filename="${receiptName(receipt.number)}.pdf"`, 'cache-control': 'private, no-store' } })
  },
}

/** `POST /instance/accounts/{id}/purchases`: credit that was paid elsewhere, with a receipt; the hook for whoever takes other money than cards. */
export const recordPurchase: Route = {
  method: 'POST', path: '/instance/accounts/{id}/purchases', auth: 'operator',
  async handle(context) {
    const { amount_usd: amount, reference } = await readBody(context, RECORD)
    const { id } = await context.services.operator.openAccount(idOf(context))
    const { purchase, isRepeated } = await context.services.billing.record(id, { amount, reference }, accessIn(context).actor)
    return Response.json({ data: { ...purchaseRow(purchase), repeated: isRepeated } }, { status: isRepeated ? 200 : 201 })
  },
}

function idOf({ params }: RouteContext): string {
  return params['id'] ?? ''
}

/** A purchase as the API shows it. */
export function purchaseRow(purchase: Purchase): object {
  const { id, kind, state, provider, isLive, currency, creditCents, feeCents, card, failure, receiptNumber, createdBy, createdMs, paidMs, reversals } = purchase
  return {
    id, kind, state, provider, live: isLive, currency, amount: dollars(creditCents), fee: dollars(feeCents), total: dollars(totalCents(purchase)), card, failure,
    receipt_number: receiptNumber === null ? null : receiptName(receiptNumber), refundable_until: timeOrNull(provider === 'operator' || paidMs === null ? null : paidMs + REFUND_MS),
    amount_reversed: usdNumber(creditReversed(purchase)), reversals: reversals.map(reversalRow), created_by: createdBy, created_at: timeOrNull(createdMs), paid_at: timeOrNull(paidMs),
  }
}

function reversalRow({ id, kind, state, cents, credit, createdMs }: Reversal): object {
  return { id, kind, state, amount: dollars(cents), credit: usdNumber(credit), created_at: timeOrNull(createdMs) }
}

function dollars(cents: number): number {
  return usdNumber(centsToNano(cents))
}
