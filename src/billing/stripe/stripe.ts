import { Fault } from '../../core/fault.ts'
import { isObject, type JsonObject } from '../../core/json.ts'
import type { Cents } from '../cents.ts'
import type { Card, HostedPage, Payment, PaymentEvent, PaymentProvider, ProviderRefund } from '../payment-provider.ts'
import { totalCents, type Purchase } from '../purchase.ts'
import { signatureProblem, type SignatureProblem } from './signature.ts'
import { StripeApi, StripeError, text, type Form, type StripeFetch } from './stripe-api.ts'
import { cardOf, disputeOf, EVENT_TYPES, eventOf, intentPayment, refundOf, sessionPayment } from './stripe-objects.ts'

/** Where Stripe is, and what we show it. */
export interface StripeSettings {
  readonly apiKey: string
  /** Of our endpoint; two of them while one is changed for another. */
  readonly webhookSecrets: readonly string[]
  /** https://api.stripe.com where nothing else is said. */
  readonly baseUrl: string
}

const EXPAND_INTENT = { 'expand[0]': 'payment_intent.latest_charge' } as const
const EXPAND_CHARGE = { 'expand[0]': 'latest_charge' } as const

/** Stripe, over its REST API. */
export class Stripe implements PaymentProvider {
  readonly name = 'stripe'
  readonly isLive: boolean
  private readonly api: StripeApi

  constructor(private readonly settings: StripeSettings, options: { readonly fetch: StripeFetch; readonly waitMs?: (tries: number) => number }) {
    this.isLive = /^[a-z]+_live_/.test(settings.apiKey)
    this.api = new StripeApi({ ...settings, ...options })
  }

  async createCustomer(accountId: string, { name, email }: { readonly name: string; readonly email: string }): Promise<string> {
    const customer = await this.told(this.api.post('/v1/customers', { name: name || undefined, email: email || undefined, 'metadata[account_id]': accountId }, `customer-${accountId}`))
    return need(customer, 'id')
  }

  async checkout(purchase: Purchase, customerId: string, returnUrl: string): Promise<HostedPage> {
    const { id, currency, creditCents, feeCents, savesCard } = purchase
    const line = (at: number, name: string, cents: Cents): Form => ({
      [`line_items[${at}][price_data][currency]`]: currency, [`line_items[${at}][price_data][unit_amount]`]: cents, [`line_items[${at}][price_data][product_data][name]`]: name, [`line_items[${at}][quantity]`]: 1,
    })
    const session = await this.told(this.api.post('/v1/checkout/sessions', {
      mode: 'payment', customer: customerId, client_reference_id: id, ...madeFor('metadata', purchase), ...madeFor('payment_intent_data[metadata]', purchase),
      ...line(0, 'Credit', creditCents), ...(feeCents > 0 && line(1, 'Fee', feeCents)),
      ...(savesCard && { 'payment_intent_data[setup_future_usage]': 'off_session' }),
      // What is paid is what was ordered, in the currency that it was ordered in.
      'adaptive_pricing[enabled]': false,
      success_url: withQuery(returnUrl, `purchase=${id}`), cancel_url: withQuery(returnUrl, `purchase=${id}&cancelled=true`),
    }, id))
    return pageOf(session)
  }

  async saveCard(accountId: string, customerId: string, returnUrl: string): Promise<HostedPage> {
    return pageOf(await this.told(this.api.post('/v1/checkout/sessions', {
      mode: 'setup', currency: 'usd', customer: customerId, 'payment_method_types[0]': 'card', 'metadata[account_id]': accountId, success_url: withQuery(returnUrl, 'card=saved'), cancel_url: withQuery(returnUrl, 'card=cancelled'),
    })))
  }

  async cards(customerId: string): Promise<readonly Card[]> {
    return await this.told(this.api.list('/v1/payment_methods', { customer: customerId, type: 'card' }, cardOf))
  }

  async removeCard(cardId: string): Promise<void> {
    await this.told(this.api.post(`/v1/payment_methods/${encodeURIComponent(cardId)}/detach`, {}, `detach-${cardId}`))
  }

  async charge(purchase: Purchase, customerId: string, cardId: string): Promise<Payment> {
    try {
      return intentPayment(await this.api.post('/v1/payment_intents', {
        amount: totalCents(purchase), currency: purchase.currency, customer: customerId, payment_method: cardId, off_session: true, confirm: true, description: 'Credit, bought by itself',
        ...madeFor('metadata', purchase), ...EXPAND_CHARGE,
      }, purchase.id))
    } catch (error) {
      if (!(error instanceof StripeError)) throw error
      // The card was declined, or its bank wants to ask its holder.
      if (error.paymentIntent) return { ...intentPayment(error.paymentIntent), status: 'failed', failure: error.message }
      // That the key here may not do it says nothing of the card.
      if (isKeyRefused(error)) throw keyRefused(error)
      return { ...intentPayment({}), cents: totalCents(purchase), currency: purchase.currency, isLive: this.isLive, customerId, purchaseId: purchase.id, accountId: purchase.accountId, status: 'failed', failure: error.message }
    }
  }

  async payment(purchase: Purchase, customerId: string | null): Promise<Payment | undefined> {
    const found = await this.found(purchase, customerId)
    if (!found || found.status !== 'paid' || found.paymentId === null) return found
    const of = { payment_intent: found.paymentId }
    const [refunds, disputes] = await Promise.all([this.refunds(found.paymentId), this.told(this.api.list('/v1/disputes', of, disputeOf))])
    return { ...found, refunds, disputes }
  }

  async cancel({ sessionId, paymentId, id }: Purchase): Promise<void> {
    const path = sessionId === null ? `/v1/payment_intents/${paymentId ?? ''}/cancel` : `/v1/checkout/sessions/${sessionId}/expire`
    if (sessionId === null && paymentId === null) return
    await this.api.post(path, {}, `cancel-${id}`).catch((error: unknown) => {
      // It is paid, or over, already: the next look says so.
      if (!(error instanceof StripeError)) throw error
    })
  }

  async refund(reversalId: string, paymentId: string, cents: Cents): Promise<ProviderRefund> {
    // A key is good for a day: what was asked longer ago is found by its mark.
    const made = (await this.refunds(paymentId)).find((one) => one.reversalId === reversalId)
    return made ?? refundOf(await this.told(this.api.post('/v1/refunds', { payment_intent: paymentId, amount: cents, reason: 'requested_by_customer', 'metadata[refund_id]': reversalId }, `refund-${reversalId}`)))
  }

  /** All of a payment's. Where they cannot be had it is not known whether one was made: that is no refusal. */
  private async refunds(paymentId: string): Promise<readonly ProviderRefund[]> {
    try {
      return await this.api.list('/v1/refunds', { payment_intent: paymentId }, refundOf)
    } catch (error) {
      if (!(error instanceof StripeError)) throw error
      throw new Fault('unavailable', 'The payment provider does not say what was refunded; try again shortly.', { detail: error.message, cause: error })
    }
  }

  readEvent(body: string, signature: string | null, nowMs: number): PaymentEvent {
    const problem = signatureProblem(body, signature, this.settings.webhookSecrets, nowMs)
    if (problem) throw new Fault('invalid_request', PROBLEMS[problem])
    const event = parse(body)
    if (!event) throw new Fault('invalid_request', 'The body is not an event of Stripe.')
    return event
  }

  async eventsSince(sinceMs: number): Promise<readonly PaymentEvent[]> {
    const types = Object.fromEntries(EVENT_TYPES.map((type, at) => [`types[${at}]`, type]))
    return (await this.told(this.api.list('/v1/events', { 'created[gte]': Math.floor(sinceMs / 1_000), ...types }, eventOf))).toReversed()
  }

  private async found(purchase: Purchase, customerId: string | null): Promise<Payment | undefined> {
    if (purchase.sessionId !== null) return sessionPayment(await this.told(this.api.get(`/v1/checkout/sessions/${encodeURIComponent(purchase.sessionId)}`, EXPAND_INTENT)))
    if (purchase.paymentId !== null) return intentPayment(await this.told(this.api.get(`/v1/payment_intents/${encodeURIComponent(purchase.paymentId)}`, EXPAND_CHARGE)))
    if (customerId === null) return undefined
    // The process died between asking and writing down the answer.
    const intents = await this.told(this.api.list('/v1/payment_intents', { customer: customerId, 'created[gte]': Math.floor(purchase.createdMs / 1_000) - 60, 'expand[0]': 'data.latest_charge' }, intentPayment))
    return intents.find((one) => one.purchaseId === purchase.id)
  }

  /** What Stripe refuses as a fault in its words. */
  private async told<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer
    } catch (error) {
      if (!(error instanceof StripeError)) throw error
      if (isKeyRefused(error)) throw keyRefused(error)
      throw new Fault('conflict', `The payment provider refuses this: ${error.message}`, { cause: error })
    }
  }
}

function isKeyRefused({ status }: StripeError): boolean {
  return status === 401 || status === 403
}

function keyRefused(error: StripeError): Fault {
  return new Fault('unavailable', 'The payment provider does not take the key of this install; its operator must mend it.', { detail: error.message, cause: error })
}

const PROBLEMS: Readonly<Record<SignatureProblem, string>> = {
  missing: 'The header Stripe-Signature is missing.', malformed: 'The header Stripe-Signature must be t=<seconds>,v1=<signature>.',
  wrong: 'The signature is not that of this body: the webhook secret here is another than that of the endpoint at Stripe.',
  old: 'The signature is older, or newer, than five minutes: this was sent before, or one of the clocks is wrong.',
}

function parse(body: string): PaymentEvent | undefined {
  try {
    const value: unknown = JSON.parse(body)
    return isObject(value) ? eventOf(value) : undefined
  } catch {
    // Said by the caller.
    return undefined
  }
}

function madeFor(field: string, { id, accountId }: Purchase): Form {
  return { [`${field}[purchase_id]`]: id, [`${field}[account_id]`]: accountId }
}

function withQuery(url: string, query: string): string {
  return `${url}${url.includes('?') ? '&' : '?'}${query}`
}

function pageOf(session: JsonObject): HostedPage {
  return { id: need(session, 'id'), url: need(session, 'url') }
}

function need(object: JsonObject, name: string): string {
  const value = text(object, name)
  if (value === null) throw new Fault('unavailable', 'The payment provider gave an answer that cannot be used; try again shortly.', { detail: `no ${name}` })
  return value
}
