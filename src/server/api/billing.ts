import { z } from 'zod'
import { centsToNano } from '../../billing/cents.ts'
import type { BillingChange } from '../../billing/billing.ts'
import { pauseOf, type Payer } from '../../billing/payer.ts'
import type { Card } from '../../billing/payment-provider.ts'
import { usdNumber } from '../../core/nano.ts'
import type { Route, Services } from '../route.ts'
import { readBody } from './body.ts'
import { accessIn } from './caller.ts'
import { usdAmount } from './purchases.ts'

const TEXT = { error: 'must be a text of at most 500 characters' }
const BOOLEAN = { error: 'must be true or false' }
const OBJECT = { error: 'must be an object' }
const text = z.string(TEXT).trim().max(500, TEXT).refine((value) => !/[^\P{Cc}\n]/u.test(value), TEXT).optional()
const BILLING = z.strictObject({
  name: text, address: text, email: text, tax_id: text,
  auto_topup: z.strictObject({ enabled: z.boolean(BOOLEAN).optional(), threshold_usd: usdAmount.optional(), amount_usd: usdAmount.optional(), monthly_max_usd: usdAmount.nullable().optional() }, OBJECT).optional(),
})

/** `GET /billing`: what stands on the receipts, and when credit is bought by itself (I4, I17). Only this server has it, as all that follows. */
export const getBilling: Route = {
  method: 'GET', path: '/billing', auth: 'management', operation: 'billing.read',
  handle: async (context) => ({ data: billingRow(await context.services.billing.payer(accessIn(context).accountId), context.services) }),
}

/** `PATCH /billing`. */
export const changeBilling: Route = {
  method: 'PATCH', path: '/billing', auth: 'management', operation: 'billing.change',
  async handle(context) {
    const { accountId, actor } = accessIn(context)
    const { billing } = context.services
    return { data: billingRow(await billing.changePayer(accountId, changeOf(await readBody(context, BILLING)), actor), context.services) }
  },
}

/** `GET /billing/cards`: saved cards, as the payment provider has them. */
export const listCards: Route = {
  method: 'GET', path: '/billing/cards', auth: 'management', operation: 'billing.read',
  async handle(context) {
    const { cards, chosen } = await context.services.billing.cards(accessIn(context).accountId)
    return { data: cards.map((card) => cardRow(card, chosen)) }
  },
}

/** `POST /billing/cards`: the provider's page on which a card is saved and nothing is paid. */
export const saveCard: Route = {
  method: 'POST', path: '/billing/cards', auth: 'management', operation: 'billing.change',
  handle: async (context) => Response.json({ url: await context.services.billing.saveCard(accessIn(context).accountId) }, { status: 201 }),
}

/** `POST /billing/cards/{id}/default`: the card that is charged by itself. */
export const chooseCard: Route = {
  method: 'POST', path: '/billing/cards/{id}/default', auth: 'management', operation: 'billing.change',
  async handle(context) {
    const { accountId, actor } = accessIn(context)
    await context.services.billing.chooseCard(accountId, context.params['id'] ?? '', actor)
    return { data: billingRow(await context.services.billing.payer(accountId), context.services) }
  },
}

/** `DELETE /billing/cards/{id}`: here and at the provider. Nothing is bought by itself without one. */
export const removeCard: Route = {
  method: 'DELETE', path: '/billing/cards/{id}', auth: 'management', operation: 'billing.change',
  async handle(context) {
    const { accountId, actor } = accessIn(context)
    await context.services.billing.removeCard(accountId, context.params['id'] ?? '', actor)
    return { deleted: true }
  },
}

function changeOf({ auto_topup: topUp, tax_id: taxId, name, address, email }: z.output<typeof BILLING>): BillingChange {
  const details = { ...(name !== undefined && { name }), ...(address !== undefined && { address }), ...(email !== undefined && { email }), ...(taxId !== undefined && { taxId }) }
  return {
    ...(Object.keys(details).length > 0 && { details }),
    ...(topUp && { topUp: {
      ...(topUp.enabled !== undefined && { isOn: topUp.enabled }), ...(topUp.threshold_usd !== undefined && { threshold: topUp.threshold_usd }),
      ...(topUp.amount_usd !== undefined && { amount: topUp.amount_usd }), ...(topUp.monthly_max_usd !== undefined && { monthMax: topUp.monthly_max_usd }),
    } }),
  }
}

function billingRow({ details, cardId, topUp }: Payer, { billing, instance }: Pick<Services, 'billing' | 'instance'>): object {
  return {
    takes_cards: billing.takesCards, name: details.name, address: details.address, email: details.email, tax_id: details.taxId, default_card: cardId,
    auto_topup: {
      enabled: topUp.isOn, threshold: usdNumber(topUp.threshold), amount: usdNumber(centsToNano(topUp.creditCents)), monthly_max: topUp.monthCentsMax === null ? null : usdNumber(centsToNano(topUp.monthCentsMax)),
      failures: topUp.failures, off_reason: topUp.offReason, paused_reason: pauseOf(topUp, instance.settings.purchases.amountMin),
    },
  }
}

function cardRow({ id, brand, last4, expiryMonth, expiryYear }: Card, chosen: string | null): object {
  return { id, brand, last4, exp_month: expiryMonth, exp_year: expiryYear, default: id === chosen }
}
