import { isObject, type JsonObject } from '../../core/json.ts'
import type { Card, Payment, PaymentEvent, ProviderDispute, ProviderRefund } from '../payment-provider.ts'
import { idOf, inner, number, text } from './stripe-api.ts'

/** A Checkout session, with its payment_intent and that one's latest_charge expanded. */
export function sessionPayment(session: JsonObject): Payment {
  const intent = inner(session, 'payment_intent')
  const paid = session['payment_status'] === 'paid'
  return {
    ...intentPayment(intent), ...madeFor(session), sessionId: text(session, 'id'), paymentId: idOf(session, 'payment_intent'), customerId: idOf(session, 'customer'),
    status: paid ? 'paid' : unpaidStatus(text(session, 'status'), text(intent, 'status')),
    cents: number(session, 'amount_total'), currency: text(session, 'currency') ?? '', isLive: session['livemode'] === true,
  }
}

/** A payment that takes days (a bank's) leaves the session `complete` and `unpaid`, until it has come or will not. */
function unpaidStatus(session: string | null, intent: string | null): Payment['status'] {
  if (session === 'expired') return 'expired'
  return session === 'complete' && (intent === 'requires_payment_method' || intent === 'canceled') ? 'failed' : 'open'
}

/** A PaymentIntent, with its latest_charge expanded. */
export function intentPayment(intent: JsonObject): Payment {
  const charge = inner(intent, 'latest_charge')
  const error = inner(intent, 'last_payment_error')
  const status = text(intent, 'status')
  const isPaid = status === 'succeeded'
  return {
    ...madeFor(intent), sessionId: null, paymentId: text(intent, 'id'), customerId: idOf(intent, 'customer'),
    status: isPaid ? 'paid' : status === 'processing' ? 'open' : 'failed',
    cents: isPaid ? number(intent, 'amount_received') : number(intent, 'amount'), currency: text(intent, 'currency') ?? '', isLive: intent['livemode'] === true,
    card: cardLabel(charge), cardId: idOf(intent, 'payment_method'), failure: text(error, 'message'),
    refunds: [], disputes: [],
  }
}

function madeFor(object: JsonObject): Pick<Payment, 'purchaseId' | 'accountId'> {
  const metadata = inner(object, 'metadata')
  return { purchaseId: text(metadata, 'purchase_id'), accountId: text(metadata, 'account_id') }
}

function cardLabel(charge: JsonObject): string | null {
  const details = inner(charge, 'payment_method_details')
  const card = inner(details, 'card')
  const last4 = text(card, 'last4')
  return last4 === null ? text(details, 'type') : `${text(card, 'brand') ?? 'card'} ${last4}`
}

export function refundOf(refund: JsonObject): ProviderRefund {
  const status = text(refund, 'status')
  const state = status === 'succeeded' ? 'done' : status === 'failed' || status === 'canceled' ? 'undone' : 'pending'
  return { id: text(refund, 'id') ?? '', reversalId: text(inner(refund, 'metadata'), 'refund_id'), cents: number(refund, 'amount'), state }
}

/** undefined: an inquiry, for which no money is held, or what its bank took back before it began. */
export function disputeOf(dispute: JsonObject): ProviderDispute | undefined {
  const status = text(dispute, 'status') ?? ''
  if (status.startsWith('warning_') || status === 'prevented') return undefined
  const state = status === 'won' ? 'undone' : status === 'lost' ? 'done' : 'pending'
  return { id: text(dispute, 'id') ?? '', cents: number(dispute, 'amount'), state }
}

export function cardOf(method: JsonObject): Card {
  const card = inner(method, 'card')
  return { id: text(method, 'id') ?? '', brand: text(card, 'brand') ?? 'card', last4: text(card, 'last4') ?? '', expiryMonth: number(card, 'exp_month'), expiryYear: number(card, 'exp_year') }
}

/** Kinds of events that may change what became of a payment. All others are thanked for and left alone. */
export const EVENT_TYPES = [
  'checkout.session.completed', 'checkout.session.async_payment_succeeded', 'checkout.session.async_payment_failed', 'checkout.session.expired',
  'payment_intent.succeeded', 'payment_intent.payment_failed', 'payment_intent.canceled',
  'charge.refunded', 'refund.created', 'refund.updated', 'refund.failed', 'charge.refund.updated',
  'charge.dispute.created', 'charge.dispute.updated', 'charge.dispute.closed', 'charge.dispute.funds_withdrawn', 'charge.dispute.funds_reinstated',
] as const
const KNOWN: ReadonlySet<string> = new Set(EVENT_TYPES)

/** undefined: it is no event at all. */
export function eventOf(event: JsonObject): PaymentEvent | undefined {
  const [id, type] = [text(event, 'id'), text(event, 'type')]
  const { object } = inner(event, 'data')
  if (id === null || type === null || !isObject(object)) return undefined
  return { id, type, isLive: event['livemode'] === true, of: KNOWN.has(type) ? paymentOf(object) : null }
}

function paymentOf(object: JsonObject): PaymentEvent['of'] {
  const kind = text(object, 'object')
  return {
    ...madeFor(object), sessionId: kind === 'checkout.session' ? text(object, 'id') : null,
    paymentId: kind === 'payment_intent' ? text(object, 'id') : idOf(object, 'payment_intent'),
  }
}
