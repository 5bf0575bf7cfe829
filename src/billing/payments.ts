import type { InstanceSettings } from '../accounts/instance.ts'
import { Fault } from '../core/fault.ts'
import type { Nano } from '../core/nano.ts'
import type { Clock } from '../lib/clock.ts'
import { payerIn, type Payer } from './payer.ts'
import { totalCents, type Purchase, type Reversal } from './purchase.ts'
import type { Applied, PaymentRefusal, PurchaseStore } from './purchase-store.ts'
import type { Payment, PaymentEvent, PaymentProvider } from './payment-provider.ts'

export interface PaymentsOptions {
  readonly store: PurchaseStore
  readonly provider: PaymentProvider
  readonly settings: () => InstanceSettings
  readonly clock: Clock
  /** Brings what was used to the store, and what processes hold for calls back to the balance. */
  readonly settleAll: (accountId: string) => Promise<void>
  /** Told what the account's people should know. */
  readonly onApplied?: (applied: Applied) => Promise<void>
  /** Told who buys nothing by itself, because it is less than must be bought at least; again and again, as long as it is so. */
  readonly onPaused?: (payer: Payer, amountMin: Nano) => Promise<void>
  /** Told what the operator should look at. No secret in it. */
  readonly log?: (what: string, detail: string) => void
}

/** Asking the provider a second time with the same key gives the first answer for at least a day. */
const SAME_KEY_MS = 20 * 3_600_000
/** A page takes no longer to be made, all tries together. */
const PAGE_MS_MAX = 600_000
/** How far back events are read again: the provider may write one down late. */
const EVENTS_OVERLAP_MS = 600_000
/** It keeps them no longer. */
const EVENTS_MS_MAX = 29 * 86_400_000

/**
 * Brings what the payment provider says into the books. An event only says that there is something to ask about: what is written is what the
 * provider answers then. So events may come twice, late, in any order or never, and a forged one brings nobody a cent.
 */
export class Payments {
  constructor(private readonly options: PaymentsOptions) {}

  /** An event that was sent to us. Throws Fault `invalid_request` where it is not the provider's, and `unavailable` where it must come again. */
  async takeEvent(body: string, signature: string | null): Promise<'applied' | 'ignored'> {
    const event = this.options.provider.readEvent(body, signature, this.options.clock.wallMs())
    return await this.applyEvent(event)
  }

  /** Asks what became of a purchase, and writes it down. What it is then. Throws Fault `unavailable`. */
  async sync(purchase: Purchase): Promise<Purchase> {
    const { store, provider } = this.options
    if (purchase.provider !== provider.name || purchase.isLive !== provider.isLive) return purchase
    const { customerId, cardId } = payerIn(await store.payer(purchase.accountId), provider.isLive)
    const payment = await provider.payment(purchase, customerId)
    if (payment) return await this.apply(purchase, payment)
    if (purchase.state !== 'open') return purchase
    if (purchase.kind === 'auto') return await this.charge(purchase, customerId, cardId)
    // The process died before it had the page: nobody has its address.
    return this.options.clock.wallMs() - purchase.createdMs > PAGE_MS_MAX ? await this.giveUp(purchase) : purchase
  }

  /** An order whose page could not be made: nobody can pay it. */
  async giveUp(purchase: Purchase): Promise<Purchase> {
    return await this.apply(purchase, this.neverMade(purchase, 'The page to pay on could not be made.'))
  }

  /** Credit for accounts that run out of it and want that. How many orders were made. */
  async topUp(): Promise<number> {
    const { store, provider, settings, clock } = this.options
    const { moneyEnabled, purchases } = settings()
    if (!moneyEnabled) return 0
    const nowMs = clock.wallMs()
    const { purchases: begun, paused } = await store.beginTopUps({ provider: provider.name, isLive: provider.isLive, settings: purchases, nowMs, nextLookMs: nowMs + 60_000 })
    for (const purchase of begun) await this.quietly(`a card could not be charged for account ${purchase.accountId}`, () => this.sync(purchase))
    for (const payer of paused) await this.quietly(`account ${payer.accountId} could not be told that nothing is bought by itself`, async () => await this.options.onPaused?.(payer, purchases.amountMin))
    return begun.length
  }

  /** Finishes what was begun and not heard of again: orders, of which those of closed accounts are called off, and refunds. */
  async look(): Promise<void> {
    const { store, provider, clock } = this.options
    for (const { purchase, isOrphan } of await store.purchasesToLookAt(provider.name, provider.isLive, clock.wallMs())) {
      await this.quietly(`purchase ${purchase.id} could not be looked at`, async () => {
        if (isOrphan && purchase.state === 'open') await provider.cancel(purchase)
        await this.sync(purchase)
      })
    }
    for (const { accountId, purchase, reversal } of await store.refundsToLookAt(clock.wallMs())) {
      if (purchase.provider === provider.name && purchase.isLive === provider.isLive) await this.quietly(`refund ${reversal.id} could not be finished`, () => this.sendRefund(accountId, purchase, reversal))
    }
  }

  /** Reads the provider's own list of what happened, for what was never delivered. */
  async readEvents(): Promise<number> {
    const { store, provider, clock } = this.options
    const nowMs = clock.wallMs()
    const sinceMs = Math.max(await store.eventsReadTo() - EVENTS_OVERLAP_MS, nowMs - EVENTS_MS_MAX)
    const events = await provider.eventsSince(sinceMs)
    const latest = new Map(events.flatMap((event) => (event.of ? [[event.of.purchaseId ?? event.of.paymentId ?? event.id, event] as const] : [])))
    let failed: unknown
    for (const event of latest.values()) {
      // One that cannot be applied keeps none of the others back; all are read again the next time.
      await this.applyEvent(event).catch((error: unknown) => { failed ??= error })
    }
    if (failed !== undefined) throw failed
    await store.noteEventsRead(nowMs)
    return latest.size
  }

  /** Sends the money of a refund on its way. Its credit is gone from the books already; it comes back where the provider will not. Throws Fault. */
  async sendRefund(accountId: string, purchase: Purchase, reversal: Reversal): Promise<Reversal> {
    const { store, provider, clock } = this.options
    const noted = async (refund: { readonly id: string | null; readonly state: Reversal['state'] }): Promise<Reversal> => {
      const applied = await store.noteRefund(accountId, reversal.id, refund, clock.wallMs())
      if (applied) await this.tell(applied)
      return applied?.purchase.reversals.find(({ id }) => id === reversal.id) ?? reversal
    }
    try {
      return await noted(await provider.refund(reversal.id, purchase.paymentId ?? '', reversal.cents))
    } catch (error) {
      if (!(error instanceof Fault)) throw error
      // The provider said no: nothing has left, so the credit is theirs again.
      if (error.code === 'conflict') await noted({ id: null, state: 'undone' })
      // It may have happened: it stays under way, and is asked for again.
      if (error.code === 'unavailable') return reversal
      throw error
    }
  }

  private async applyEvent({ id, type, isLive, of }: PaymentEvent): Promise<'applied' | 'ignored'> {
    const { store, provider, clock } = this.options
    if (!of) return 'ignored'
    if (isLive !== provider.isLive) return this.ignored(`event ${id} (${type}) is of the ${isLive ? 'live' : 'test'} mode, and the key here of the other`)
    const purchase = await store.findPurchase(of)
    // One account at the provider may serve several installs.
    if (!purchase) return 'ignored'
    if (of.accountId !== null && of.accountId !== purchase.accountId) return this.ignored(`event ${id} (${type}) names purchase ${purchase.id} and another account than its own`)
    if (of.sessionId !== null && purchase.sessionId !== null && of.sessionId !== purchase.sessionId) return this.ignored(`event ${id} (${type}) names purchase ${purchase.id} and a payment page that is not its own`)
    const placed = await this.placed(purchase, of, clock.wallMs())
    // Whose account is closed has no customer any more whose payments could be looked through: it is asked for by its name.
    await this.sync({ ...placed, paymentId: placed.paymentId ?? of.paymentId })
    return 'applied'
  }

  /** The process died between the provider's answer and writing it down: the event has what it said. */
  private async placed(purchase: Purchase, of: NonNullable<PaymentEvent['of']>, nowMs: number): Promise<Purchase> {
    if (purchase.sessionId !== null || of.sessionId === null || of.purchaseId !== purchase.id) return purchase
    await this.options.store.placePurchase(purchase.accountId, purchase.id, { sessionId: of.sessionId, nextLookMs: nowMs })
    return await this.options.store.purchase(purchase.accountId, purchase.id) ?? purchase
  }

  private async charge(purchase: Purchase, customerId: string | null, cardId: string | null): Promise<Purchase> {
    const isLate = this.options.clock.wallMs() - purchase.createdMs > SAME_KEY_MS
    // Later the provider may have forgotten the key: rather none than two.
    if (isLate || customerId === null || cardId === null) return await this.apply(purchase, this.neverMade(purchase, 'The card was not charged.'))
    return await this.apply(purchase, await this.options.provider.charge(purchase, customerId, cardId))
  }

  private neverMade(purchase: Purchase, failure: string): Payment {
    const { id, accountId, currency, isLive } = purchase
    return { status: 'failed', purchaseId: id, accountId, sessionId: null, paymentId: null, customerId: null, cents: totalCents(purchase), currency, isLive, card: null, cardId: null, failure, refunds: [], disputes: [] }
  }

  private async apply(purchase: Purchase, payment: Payment): Promise<Purchase> {
    const { store, settings, clock, provider } = this.options
    // What is taken back is taken from the balance: not less of it because processes hold some for calls that may come.
    if (takesBack(purchase, payment)) await this.options.settleAll(purchase.accountId)
    const applied = await store.applyPayment({ accountId: purchase.accountId, purchaseId: purchase.id, payment, seller: settings().seller, nowMs: clock.wallMs() })
    if (typeof applied === 'string') {
      this.options.log?.('a payment was not taken', `${payment.paymentId ?? payment.sessionId ?? ''} for purchase ${purchase.id}: ${REFUSED[applied]}`)
      return purchase
    }
    if (applied.isLate) this.options.log?.('a payment came for an account that is closed: give it back at the payment provider', `${payment.paymentId ?? payment.sessionId ?? ''} for purchase ${purchase.id}`)
    // A charge that failed must not succeed later, on a page that nobody sees.
    if (applied.became === 'failed' && purchase.kind === 'auto') await this.quietly(`the charge of purchase ${purchase.id} could not be cancelled`, () => provider.cancel(applied.purchase))
    await this.tell(applied)
    return applied.purchase
  }

  private async tell(applied: Applied): Promise<void> {
    await this.quietly('people could not be told of a payment', async () => await this.options.onApplied?.(applied))
  }

  private ignored(detail: string): 'ignored' {
    this.options.log?.('an event of the payment provider was not taken', detail)
    return 'ignored'
  }

  private async quietly(what: string, work: () => Promise<unknown>): Promise<void> {
    try {
      await work()
    } catch (error) {
      this.options.log?.(what, error instanceof Fault ? error.options.detail ?? error.message : String(error))
    }
  }
}

/** Whether the payment has a refund or a dispute that is not known here yet. */
function takesBack({ reversals }: Purchase, { refunds, disputes }: Payment): boolean {
  return [...refunds, ...disputes].some(({ id, state }) => state !== 'undone' && !reversals.some(({ providerId }) => providerId === id))
}

const REFUSED: Readonly<Record<PaymentRefusal, string>> = {
  no_purchase: 'there is no such purchase', other_payment: 'it was made for another order', other_amount: 'its amount is not that of the order',
  other_currency: 'its currency is not that of the order', other_mode: "it is of the provider's other mode, test or live",
}
