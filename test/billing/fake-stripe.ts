// Stripe as its REST API is (docs.stripe.com/api), as far as we speak it: customers, Checkout sessions, PaymentIntents, saved cards, refunds, disputes,
// events. It refuses fields that it does not know and keys that it did not give, and repeats what it answered to a request with the same key.
import type { JsonObject } from '../../src/core/json.ts'
import { FormError, readForm, type Fields } from './form.ts'

export const API_KEY = 'sk_test_4eC39HqLyjWDarjtT1zdp7dc'
export const LIVE_API_KEY = 'sk_live_4eC39HqLyjWDarjtT1zdp7dc'

/** Cards of Stripe's test mode, and what comes of them (docs.stripe.com/testing). */
export const CARDS = {
  visa: { number: '4242424242424242', brand: 'visa', offSession: 'ok' },
  /** Can be saved, and is declined when it is charged. */
  declining: { number: '4000000000000341', brand: 'visa', offSession: 'card_declined' },
  /** Its bank asks its holder each time. */
  asking: { number: '4000002760003184', brand: 'visa', offSession: 'authentication_required' },
} as const
export type CardName = keyof typeof CARDS

interface Stored { readonly form: string; readonly status: number; readonly body: JsonObject }

/** What happens to the answer of a request whose work is done: it is lost, or another one comes. */
export type Trouble = 'lost' | 'failed' | 'busy'

export class FakeStripe {
  readonly objects = new Map<string, JsonObject>()
  readonly events: JsonObject[] = []
  /** Requests as they came: method and path. */
  readonly requests: string[] = []
  /** Requests that the key may not make: method and path. */
  readonly forbidden = new Set<string>()
  /** Each answer in turn takes one. */
  readonly troubles: Trouble[] = []
  private readonly answers = new Map<string, Stored>()
  private readonly cards = new Map<string, CardName>()
  private last = 0

  constructor(private readonly nowMs: () => number = () => 1_800_000_000_000, readonly livemode = false) {}

  /** Answers a request as Stripe's servers would. */
  async handle(request: Request): Promise<Response> {
    const url = new URL(request.url)
    const form = await request.text()
    this.requests.push(`${request.method} ${url.pathname}`)
    const { status, body } = this.answer(request, url, form)
    const trouble = this.troubles.shift()
    if (trouble === 'lost') throw new Error('the connection broke')
    if (trouble) return Response.json({ error: { type: 'api_error', message: 'Something went wrong.' } }, { status: trouble === 'busy' ? 429 : 500 })
    return Response.json(body, { status })
  }

  /** What a client's `fetch` would do. */
  readonly fetch = (url: string, init: RequestInit): Promise<Response> => this.handle(new Request(url, init))

  /** Somebody pays on the page of a Checkout session. */
  pay(sessionId: string, card: CardName = 'visa', change: { readonly cents?: number; readonly currency?: string; readonly later?: boolean } = {}): JsonObject {
    const session = this.get(sessionId)
    const setup = session['mode'] === 'setup'
    const method = this.newCard(card)
    if (setup || field(session, 'setup_future_usage') !== null) this.patch(method, { customer: session['customer'] ?? null })
    if (setup) return this.emit('checkout.session.completed', this.patch(sessionId, { status: 'complete' }))
    const amount = change.cents ?? Number(session['amount_total'])
    const currency = change.currency ?? String(session['currency'])
    const intent = this.newIntent({ amount, currency, customer: session['customer'] ?? null, payment_method: method, metadata: session['intent_metadata'] ?? {} }, change.later ? 'processing' : 'succeeded')
    this.patch(sessionId, { status: 'complete', payment_status: change.later ? 'unpaid' : 'paid', payment_intent: intent['id'] ?? null, amount_total: amount, currency })
    if (!change.later) this.emit('payment_intent.succeeded', intent)
    return this.emit('checkout.session.completed', this.get(sessionId))
  }

  /** A bank's transfer that was under way has come, or will not. */
  finish(sessionId: string, ok: boolean): JsonObject {
    const intentId = String(this.get(sessionId)['payment_intent'])
    if (ok) this.succeed(intentId)
    else this.patch(intentId, { status: 'requires_payment_method', last_payment_error: { message: 'The bank refused the payment.' } })
    return this.emit(ok ? 'checkout.session.async_payment_succeeded' : 'checkout.session.async_payment_failed', this.patch(sessionId, { payment_status: ok ? 'paid' : 'unpaid' }))
  }

  /** Nobody paid in time. */
  expire(sessionId: string): JsonObject {
    return this.emit('checkout.session.expired', this.patch(sessionId, { status: 'expired' }))
  }

  /** The operator gives money back in Stripe's dashboard. */
  refundByHand(intentId: string, cents: number): JsonObject {
    return this.newRefund(intentId, cents, {})
  }

  setRefund(refundId: string, status: string): JsonObject {
    return this.emit(status === 'failed' ? 'refund.failed' : 'refund.updated', this.patch(refundId, { status }))
  }

  /** The card's bank takes the money, for the time being. */
  dispute(intentId: string, cents = Number(this.get(intentId)['amount']), status = 'needs_response'): JsonObject {
    const dispute = this.put('dp', { object: 'dispute', payment_intent: intentId, charge: this.get(intentId)['latest_charge'] ?? null, amount: cents, status })
    return this.emit('charge.dispute.created', dispute)
  }

  closeDispute(disputeId: string, status: 'won' | 'lost'): JsonObject {
    return this.emit('charge.dispute.closed', this.patch(disputeId, { status }))
  }

  get(id: string): JsonObject {
    const found = this.objects.get(id)
    if (!found) throw new FormError(404, `No such object: '${id}'`, 'resource_missing')
    return found
  }

  patch(id: string, change: JsonObject): JsonObject {
    const after = { ...this.get(id), ...change }
    this.objects.set(id, after)
    return after
  }

  /** All objects of a kind, oldest first. */
  all(kind: string): JsonObject[] {
    return [...this.objects.values()].filter((object) => object['object'] === kind)
  }

  private answer(request: Request, url: URL, form: string): Stored {
    const key = request.headers.get('idempotency-key')
    try {
      if (request.headers.get('authorization') !== `Bearer ${this.livemode ? LIVE_API_KEY : API_KEY}`) throw new FormError(401, 'Invalid API Key provided')
      if (this.forbidden.has(`${request.method} ${url.pathname}`)) throw new FormError(403, 'The provided key does not have the required permissions for this endpoint.')
      if (!/^20\d\d-\d\d-\d\d\./.test(request.headers.get('stripe-version') ?? '')) throw new FormError(400, 'Invalid Stripe API version')
      if (request.method === 'POST' && request.headers.get('content-type') !== 'application/x-www-form-urlencoded') throw new FormError(400, 'Invalid request body')
      const known = key === null ? undefined : this.answers.get(key)
      if (known && known.form !== `${url.pathname} ${form}`) throw new FormError(400, 'Keys for idempotent requests can only be used with the same parameters they were first used with.', null, 'idempotency_error')
      if (known) return known
      const stored = { form: `${url.pathname} ${form}`, ...this.done(request.method, url.pathname, readForm(request.method === 'GET' ? url.search.slice(1) : form)) }
      if (key !== null) this.answers.set(key, stored)
      return stored
    } catch (error) {
      if (!(error instanceof FormError)) throw error
      return { form, status: error.status, body: { error: { type: error.type, code: error.code, message: error.message } } }
    }
  }

  /** The work of a request; a declined card is an answer, and is repeated as one. */
  private done(method: string, path: string, fields: Fields): { status: number; body: JsonObject } {
    const [, , kind = '', id = '', action = ''] = path.split('/')
    if (kind === 'checkout') return ok(this.checkout(method, action === '' ? path.split('/')[4] ?? '' : action, path.split('/')[5] ?? '', fields))
    switch (`${method} ${kind}${id === '' ? '' : '/id'}${action === '' ? '' : `/${action}`}`) {
      case 'POST customers': return ok(this.put('cus', { object: 'customer', ...fields.take('name', 'email', 'metadata') }))
      case 'GET payment_methods': return ok(list(this.all('payment_method').filter((one) => one['customer'] === fields.text('customer')), fields))
      case 'POST payment_methods/id/detach': return ok(this.patch(id, { customer: null }))
      case 'POST payment_intents': return this.charge(fields)
      case 'GET payment_intents/id': return ok(this.expanded(this.get(id)))
      case 'POST payment_intents/id/cancel': return ok(this.cancel(id))
      case 'GET payment_intents': return ok(list(this.all('payment_intent').filter((one) => one['customer'] === fields.text('customer')).map((one) => this.expanded(one)), fields))
      case 'POST refunds': return ok(this.newRefund(fields.text('payment_intent'), fields.number('amount'), fields.take('payment_intent', 'amount', 'metadata', 'reason')['metadata'] ?? {}))
      case 'GET refunds': return ok(list(this.all('refund').filter((one) => one['payment_intent'] === fields.text('payment_intent')), fields))
      case 'GET disputes': return ok(list(this.all('dispute').filter((one) => one['payment_intent'] === fields.text('payment_intent')), fields))
      case 'GET events': return ok(list(this.events.filter((one) => Number(one['created']) >= fields.number('created[gte]')), fields))
      default: throw new FormError(404, `Unrecognized request URL (${method}: ${path}).`)
    }
  }

  private checkout(method: string, id: string, action: string, fields: Fields): JsonObject {
    if (method === 'GET') {
      const session = this.get(id)
      const intent = session['payment_intent']
      return typeof intent === 'string' ? { ...session, payment_intent: this.expanded(this.get(intent)) } : session
    }
    if (action === 'expire') {
      if (this.get(id)['status'] !== 'open') throw new FormError(400, 'Only Checkout Sessions with a status of open can be expired.')
      return this.patch(id, { status: 'expired' })
    }
    const mode = fields.text('mode')
    this.get(fields.text('customer'))
    const { line_items: items, metadata, payment_intent_data: data } = fields.take('mode', 'customer', 'client_reference_id', 'metadata', 'payment_intent_data', 'line_items', 'adaptive_pricing', 'success_url', 'cancel_url', 'currency', 'payment_method_types')
    for (const name of ['success_url', 'cancel_url']) if (!URL.canParse(fields.text(name))) throw new FormError(400, 'Not a valid URL')
    const intent = data as JsonObject | undefined
    const session = this.put('cs_test', {
      object: 'checkout.session', mode, customer: fields.text('customer'), metadata: metadata ?? {}, status: 'open', payment_status: mode === 'setup' ? 'no_payment_required' : 'unpaid', payment_intent: null,
      amount_total: mode === 'setup' ? null : total(items), currency: 'usd', expires_at: this.seconds() + 86_400, success_url: fields.text('success_url'), intent_metadata: intent?.['metadata'] ?? {}, setup_future_usage: intent?.['setup_future_usage'] ?? null,
    })
    return this.patch(String(session['id']), { url: `https://checkout.stripe.com/c/pay/${String(session['id'])}` })
  }

  private charge(fields: Fields): { status: number; body: JsonObject } {
    const { metadata } = fields.take('amount', 'currency', 'customer', 'payment_method', 'off_session', 'confirm', 'description', 'metadata', 'expand')
    const [amount, currency, customer, method] = [fields.number('amount'), fields.text('currency'), fields.text('customer'), fields.text('payment_method')]
    if (this.get(method)['customer'] !== customer) throw new FormError(400, 'The customer does not have a payment method with this ID.', 'payment_method_customer_mismatch')
    const outcome = CARDS[this.cards.get(method) ?? 'visa'].offSession
    const intent = this.newIntent({ amount, currency, customer, payment_method: method, metadata: metadata ?? {} }, outcome === 'ok' ? 'succeeded' : 'requires_payment_method')
    if (outcome === 'ok') {
      this.emit('payment_intent.succeeded', intent)
      return ok(this.expanded(intent))
    }
    const message = outcome === 'card_declined' ? 'Your card was declined.' : 'This transaction requires authentication.'
    const failed = this.patch(String(intent['id']), { last_payment_error: { code: outcome, message } })
    this.emit('payment_intent.payment_failed', failed)
    return { status: 402, body: { error: { type: 'card_error', code: outcome, message, payment_intent: failed } } }
  }

  private cancel(id: string): JsonObject {
    if (this.get(id)['status'] === 'succeeded') throw new FormError(400, 'You cannot cancel this PaymentIntent because it has a status of succeeded.', 'payment_intent_unexpected_state')
    return this.patch(id, { status: 'canceled' })
  }

  private newRefund(intentId: string, cents: number, metadata: unknown): JsonObject {
    const intent = this.get(intentId)
    const gone = this.all('refund').filter((one) => one['payment_intent'] === intentId && one['status'] !== 'failed').reduce((sum, one) => sum + Number(one['amount']), 0)
    if (intent['status'] !== 'succeeded' || cents > Number(intent['amount']) - gone) throw new FormError(400, `Refund amount (${cents}) is greater than unrefunded amount on charge`)
    const refund = this.put('re', { object: 'refund', payment_intent: intentId, charge: intent['latest_charge'] ?? null, amount: cents, currency: intent['currency'] ?? null, status: 'succeeded', metadata: metadata as JsonObject })
    this.emit('refund.created', refund)
    this.emit('charge.refunded', this.get(String(intent['latest_charge'])))
    return refund
  }

  private newCard(card: CardName): string {
    const { number, brand } = CARDS[card]
    const method = this.put('pm', { object: 'payment_method', type: 'card', customer: null, card: { brand, last4: number.slice(-4), exp_month: 12, exp_year: 2034 } })
    this.cards.set(String(method['id']), card)
    return String(method['id'])
  }

  private newIntent(of: JsonObject, status: string): JsonObject {
    const intent = this.put('pi', { object: 'payment_intent', ...of, amount_received: 0, status: 'processing', latest_charge: null, last_payment_error: null })
    return status === 'succeeded' ? this.succeed(String(intent['id'])) : this.patch(String(intent['id']), { status })
  }

  private succeed(intentId: string): JsonObject {
    const intent = this.get(intentId)
    const method = this.get(String(intent['payment_method']))
    const charge = this.put('ch', { object: 'charge', payment_intent: intentId, amount: intent['amount'] ?? 0, payment_method_details: { type: 'card', card: method['card'] ?? {} } })
    return this.patch(intentId, { status: 'succeeded', amount_received: intent['amount'] ?? 0, latest_charge: charge['id'] ?? null })
  }

  private expanded(intent: JsonObject): JsonObject {
    const charge = intent['latest_charge']
    return typeof charge === 'string' ? { ...intent, latest_charge: this.get(charge) } : intent
  }

  private put(prefix: string, object: JsonObject): JsonObject {
    const id = `${prefix}_${this.livemode ? 'live' : ''}${String(++this.last).padStart(8, '0')}`
    const made = { id, livemode: this.livemode, created: this.seconds(), ...object }
    this.objects.set(id, made)
    return made
  }

  private emit(type: string, object: JsonObject): JsonObject {
    const event = { id: `evt_${String(++this.last).padStart(8, '0')}`, object: 'event', api_version: '2025-06-30.basil', created: this.seconds(), livemode: this.livemode, type, data: { object } }
    this.events.push(event)
    return event
  }

  private seconds(): number {
    return Math.floor(this.nowMs() / 1_000)
  }
}

function field(object: JsonObject, name: string): unknown {
  return object[name] ?? null
}

function ok(body: JsonObject): { status: number; body: JsonObject } {
  return { status: 200, body }
}

/** A page of them, newest first, after the one that is named. */
function list(all: readonly JsonObject[], fields: Fields): JsonObject {
  const after = fields.textIf('starting_after')
  const rows = all.toReversed()
  const from = after === undefined ? 0 : rows.findIndex(({ id }) => id === after) + 1
  const end = from + Math.min(fields.number('limit'), 100)
  return { object: 'list', data: rows.slice(from, end), has_more: end < rows.length }
}

function total(items: unknown): number {
  const rows = Object.values(items as Record<string, { readonly quantity: string; readonly price_data: { readonly unit_amount: string } }>)
  return rows.reduce((sum, { quantity, price_data: { unit_amount: amount } }) => sum + Number(quantity) * Number(amount), 0)
}
