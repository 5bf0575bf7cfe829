import type { Actor } from '../accounts/audit-entry.ts'
import type { InstanceSettings } from '../accounts/instance.ts'
import type { Change, Listed, Page } from '../accounts/people-store.ts'
import { readEmail } from '../accounts/user.ts'
import { Fault } from '../core/fault.ts'
import { sayUsd, type Nano } from '../core/nano.ts'
import type { Clock } from '../lib/clock.ts'
import { rowId } from '../lib/id.ts'
import { centsToNano, sayCents, wholeCents, type Cents } from './cents.ts'
import { payerIn, type Payer, type PayerChange, type PayerDetails, type TopUp } from './payer.ts'
import type { Card, HostedPage, PaymentProvider } from './payment-provider.ts'
import type { Payments } from './payments.ts'
import { feeCentsOf, freshPurchase, type Purchase, type Reversal } from './purchase.ts'
import type { PurchaseStore, Recorded, RefundRefusal } from './purchase-store.ts'
import type { Receipt } from './receipt.ts'

export interface BillingOptions {
  readonly store: PurchaseStore
  /** Who takes cards; absent where the operator has configured nobody. */
  readonly provider?: PaymentProvider | undefined
  readonly payments?: Payments | undefined
  readonly settings: () => InstanceSettings
  readonly clock: Clock
  /** Where browsers come back to from the provider's pages. */
  readonly returnUrl: () => string
  /** Brings what was used to the store, and what processes hold for calls back to the balance. */
  readonly settleAll: (accountId: string) => Promise<void>
}

/** How long after an order the provider is asked what became of it, should it not say so by itself. */
export const FIRST_LOOK_MS = 120_000
/** The largest amount at once: more is one digit too many. */
const CENTS_MAX = 10_000_000

/** What of a payer is changed; amounts in Nano as people say them. */
export interface BillingChange {
  readonly details?: Partial<PayerDetails>
  readonly topUp?: { readonly isOn?: boolean; readonly threshold?: Nano; readonly amount?: Nano; readonly monthMax?: Nano | null }
}

/** Credit that people buy: orders, refunds, receipts, cards. */
export class Billing {
  constructor(private readonly options: BillingOptions) {}

  /** False where nobody takes cards: then the operator gives credit. */
  get takesCards(): boolean { return this.options.provider !== undefined }

  /** Orders credit, and a page to pay it on. Throws Fault. */
  async buy(accountId: string, wish: { readonly amount: Nano; readonly savesCard: boolean }, by: Actor): Promise<{ readonly purchase: Purchase; readonly url: string }> {
    const provider = this.open()
    const { store, clock } = this.options
    const purchase = this.order(accountId, 'checkout', provider, wish, by)
    const change = { by, nowMs: purchase.createdMs }
    await store.insertPurchase(purchase, purchase.createdMs + FIRST_LOOK_MS, change)
    const page = await this.pageFor(purchase, provider)
    await store.placePurchase(accountId, purchase.id, { sessionId: page.id, nextLookMs: clock.wallMs() + FIRST_LOOK_MS })
    return { purchase: { ...purchase, sessionId: page.id }, url: page.url }
  }

  private async pageFor(purchase: Purchase, provider: PaymentProvider): Promise<HostedPage> {
    try {
      return await provider.checkout(purchase, await this.customer(purchase.accountId), this.options.returnUrl())
    } catch (error) {
      // Whether it is written down or not, the buyer hears why there is no page: what is still open is looked at later.
      await this.options.payments?.giveUp(purchase).catch(() => undefined)
      throw error
    }
  }

  /** Credit that was paid elsewhere: a bank's transfer, an invoice, a currency that no card is in. Once for each reference. */
  async record(accountId: string, { amount, reference }: { readonly amount: Nano; readonly reference: string }, by: Actor): Promise<Recorded> {
    const settings = this.options.settings()
    const creditCents = centsOf(amount, 'amount_usd')
    if (reference.trim() === '' || reference.length > 200) throw wrong('reference', 'must name the payment in at most 200 characters, so that it is counted once')
    const nowMs = this.options.clock.wallMs()
    const purchase = freshPurchase({
      accountId, id: rowId(), kind: 'recorded', provider: 'operator', isLive: true, creditCents, feeCents: 0, savesCard: false, createdBy: by.userId, createdMs: nowMs, expiryDays: settings.purchases.expiryDays,
    })
    const recorded = await this.options.store.recordPayment(purchase, reference.trim(), settings.seller, { by, nowMs })
    if (recorded === 'closed') throw new Fault('conflict', 'This account is closed for ever: no payment is recorded for it any more.')
    return recorded
  }

  list(accountId: string, page: Page): Promise<Listed<Purchase>> {
    return this.options.store.listPurchases(accountId, page)
  }

  /** As it is; one that is open is asked for at the provider first. Throws Fault `not_found`. */
  async purchase(accountId: string, id: string): Promise<Purchase> {
    const purchase = await this.options.store.purchase(accountId, id)
    if (!purchase) throw noPurchase()
    if (purchase.state !== 'open' || !this.options.payments) return purchase
    // Who comes back from the provider's page is faster than its event. Where it cannot be reached, what is known is shown.
    return await this.options.payments.sync(purchase).catch(() => purchase)
  }

  /** Throws Fault `not_found`. */
  async receipt(accountId: string, id: string): Promise<Receipt> {
    const receipt = await this.options.store.receipt(accountId, id)
    if (receipt) return receipt
    if (await this.options.store.purchase(accountId, id)) throw new Fault('not_found', 'There is no receipt: this purchase has not been paid.')
    throw noPurchase()
  }

  /** Gives unused credit of a purchase back: all of it, where no amount is said; not the fee (contract I5). Throws Fault. */
  async refund(accountId: string, purchaseId: string, amount: Nano | undefined, by: Actor): Promise<Reversal> {
    const { store, settleAll, clock, provider, payments } = this.options
    const cents = amount === undefined ? undefined : centsOf(amount, 'amount_usd')
    const purchase = await store.purchase(accountId, purchaseId)
    if (!purchase) throw noPurchase()
    if (!provider || !payments || purchase.provider !== provider.name) throw new Fault('conflict', 'This was not paid by card here: ask the operator to give it back.')
    if (purchase.isLive !== provider.isLive) throw new Fault('conflict', `This was paid in the ${purchase.isLive ? 'live' : 'test'} mode of the payment provider, and the key here is of the other: ask the operator to give it back.`)
    await settleAll(accountId)
    const change: Change = { by, nowMs: clock.wallMs() }
    const reversal = await store.beginRefund({ accountId, purchaseId, id: rowId(), cents }, change)
    if (typeof reversal === 'string') throw refundFault(reversal, cents)
    return await payments.sendRefund(accountId, purchase, reversal)
  }

  /** As it is for the provider of now. */
  async payer(accountId: string): Promise<Payer> {
    const payer = await this.options.store.payer(accountId)
    return payerIn(payer, this.options.provider?.isLive ?? payer.isLive)
  }

  /** Throws Fault `invalid_request`, and `conflict` where credit is to be bought by itself and no card is chosen. */
  async changePayer(accountId: string, wish: BillingChange, by: Actor): Promise<Payer> {
    const before = await this.payer(accountId)
    const topUp = wish.topUp && this.readTopUp(wish.topUp)
    if (topUp?.isOn && before.cardId === null) throw new Fault('conflict', 'No card is chosen that could be charged: save one (POST /api/v1/billing/cards), and choose it (POST /api/v1/billing/cards/{id}/default); or tick `save_card` when you buy credit.')
    const email = wish.details?.email
    const details = wish.details && { ...wish.details, ...(email !== undefined && email !== '' && { email: readEmail(email) }) }
    const change: PayerChange = { ...(details && { details }), ...(topUp && { topUp }) }
    return await this.options.store.changePayer(accountId, change, this.change(by))
  }

  async cards(accountId: string): Promise<{ readonly cards: readonly Card[]; readonly chosen: string | null }> {
    const { customerId, cardId } = await this.payer(accountId)
    if (customerId === null || !this.options.provider) return { cards: [], chosen: null }
    return { cards: await this.options.provider.cards(customerId), chosen: cardId }
  }

  /** A page on which a card is saved. */
  async saveCard(accountId: string): Promise<string> {
    const provider = this.open()
    const page = await provider.saveCard(accountId, await this.customer(accountId), this.options.returnUrl())
    return page.url
  }

  /** The card that is charged by itself from now on. Throws Fault `not_found` for one that is not the account's. */
  async chooseCard(accountId: string, cardId: string, by: Actor): Promise<void> {
    await this.ownCard(accountId, cardId)
    await this.options.store.changePayer(accountId, { cardId }, this.change(by))
  }

  async removeCard(accountId: string, cardId: string, by: Actor): Promise<void> {
    const chosen = await this.ownCard(accountId, cardId)
    // First here: from now on it is not charged, whatever the provider says.
    if (chosen === cardId) await this.options.store.changePayer(accountId, { cardId: null }, this.change(by))
    await this.open().removeCard(cardId)
  }

  private async ownCard(accountId: string, cardId: string): Promise<string | null> {
    const { cards, chosen } = await this.cards(accountId)
    if (!cards.some(({ id }) => id === cardId)) throw new Fault('not_found', 'There is no such card. GET /api/v1/billing/cards lists them.')
    return chosen
  }

  /** The provider's customer for an account. */
  private async customer(accountId: string): Promise<string> {
    const { store, clock } = this.options
    const { customerId, details } = await this.payer(accountId)
    const provider = this.open()
    return customerId ?? await store.keepCustomer(accountId, await provider.createCustomer(accountId, details), provider.isLive, clock.wallMs())
  }

  private order(accountId: string, kind: 'checkout', provider: PaymentProvider, { amount, savesCard }: { readonly amount: Nano; readonly savesCard: boolean }, by: Actor): Purchase {
    const { purchases } = this.options.settings()
    const creditCents = this.amount(amount, 'amount_usd')
    return freshPurchase({
      accountId, id: rowId(), kind, provider: provider.name, isLive: provider.isLive, creditCents, feeCents: feeCentsOf(creditCents, purchases), savesCard, createdBy: by.userId, createdMs: this.options.clock.wallMs(), expiryDays: purchases.expiryDays,
    })
  }

  private readTopUp({ isOn, threshold, amount, monthMax }: NonNullable<BillingChange['topUp']>): Partial<TopUp> {
    if (isOn) this.open()
    return {
      ...(isOn !== undefined && { isOn }), ...(threshold !== undefined && { threshold }), ...(amount !== undefined && { creditCents: this.amount(amount, 'auto_topup.amount_usd') }),
      ...(monthMax !== undefined && { monthCentsMax: monthMax === null ? null : centsOf(monthMax, 'auto_topup.monthly_max_usd') }),
    }
  }

  /** What may be bought at once. */
  private amount(amount: Nano, field: string): Cents {
    const { amountMin } = this.options.settings().purchases
    const cents = centsOf(amount, field)
    if (centsToNano(cents) < amountMin) throw wrong(field, `must be at least ${sayUsd(amountMin)}`)
    return cents
  }

  /** Who takes cards. Throws Fault `conflict` where nobody does. */
  private open(): PaymentProvider {
    if (!this.options.settings().moneyEnabled) throw new Fault('conflict', 'Money is turned off here: nothing has to be bought. Budgets and limits hold all the same.')
    if (!this.options.provider) throw new Fault('conflict', 'Nobody takes cards here: ask the operator for credit. They can configure Stripe, or grant it (docs/billing.md).')
    return this.options.provider
  }

  private change(by: Actor): Change {
    return { by, nowMs: this.options.clock.wallMs() }
  }
}

function centsOf(amount: Nano, field: string): Cents {
  const cents = wholeCents(amount)
  if (cents === undefined || cents <= 0) throw wrong(field, 'must be a positive amount of USD in whole cents, as 25 or 19.99')
  if (cents > CENTS_MAX) throw wrong(field, `must be at most ${sayCents(CENTS_MAX)}`)
  return cents
}

function wrong(field: string, why: string): Fault {
  return new Fault('invalid_request', `The field \`${field}\` ${why}.`, { metadata: { field } })
}

function noPurchase(): Fault {
  return new Fault('not_found', 'There is no such purchase. GET /api/v1/purchases lists them.')
}

const REFUSED: Readonly<Record<RefundRefusal, string>> = {
  no_purchase: 'There is no such purchase. GET /api/v1/purchases lists them.',
  not_paid: 'Nothing can be given back: this purchase has not been paid.',
  too_late: 'Nothing can be given back: credit is refunded within 24 hours of its payment.',
  disputed: 'Nothing can be given back while the payment is disputed at its bank.',
  used: 'Nothing can be given back: the credit of this purchase is used. The fee is not refunded.',
  in_calls: 'Running calls may still use this credit; try again when they have ended.',
}

function refundFault(refusal: RefundRefusal, cents: Cents | undefined): Fault {
  if (refusal === 'no_purchase') return noPurchase()
  if (refusal === 'used' && cents !== undefined) return new Fault('conflict', `Nothing was given back: less than ${sayCents(cents)} of this purchase is unused. Leave \`amount_usd\` out for all that is left; the fee is not refunded.`)
  return new Fault('conflict', REFUSED[refusal])
}
