import type { Cents } from './cents.ts'
import type { Purchase } from './purchase.ts'

/** What the provider says of a purchase's payment now. Never what somebody else says that it said. */
export interface Payment {
  readonly status: 'open' | 'paid' | 'failed' | 'expired'
  /** The order that it was made for, as the provider was told then. */
  readonly purchaseId: string | null
  readonly accountId: string | null
  readonly sessionId: string | null
  readonly paymentId: string | null
  readonly customerId: string | null
  readonly cents: Cents
  /** In lower case. */
  readonly currency: string
  readonly isLive: boolean
  /** `visa 4242`, and the provider's name for the card; null where it is none, or not known. */
  readonly card: string | null
  readonly cardId: string | null
  /** Why it failed, in words for the card's holder. */
  readonly failure: string | null
  readonly refunds: readonly ProviderRefund[]
  readonly disputes: readonly ProviderDispute[]
}

export interface ProviderRefund {
  readonly id: string
  /** Our id of it; null: somebody made it at the provider's. */
  readonly reversalId: string | null
  readonly cents: Cents
  readonly state: 'pending' | 'done' | 'undone'
}

export interface ProviderDispute {
  readonly id: string
  readonly cents: Cents
  /** `pending`: the money is held · `done`: lost · `undone`: won. Inquiries, which hold nothing, are left out. */
  readonly state: 'pending' | 'done' | 'undone'
}

/** A saved card. */
export interface Card { readonly id: string; readonly brand: string; readonly last4: string; readonly expiryMonth: number; readonly expiryYear: number }

/** Something happened at the provider to a payment of ours: which, as far as the provider says it. */
export interface PaymentEvent {
  readonly id: string
  readonly type: string
  readonly isLive: boolean
  /** null: it is of no kind that we act on. */
  readonly of: { readonly purchaseId: string | null; readonly accountId: string | null; readonly sessionId: string | null; readonly paymentId: string | null } | null
}

/** A page of the provider's, for a person's browser. */
export interface HostedPage { readonly id: string; readonly url: string }

/**
 * Who takes money for us. What it is asked a second time with the same ids happens once. Throws Fault `unavailable` while it cannot be reached, and
 * `conflict` with its words where it refuses.
 */
export interface PaymentProvider {
  readonly name: string
  readonly isLive: boolean
  createCustomer(accountId: string, details: { readonly name: string; readonly email: string }): Promise<string>
  /** A page on which the purchase is paid. */
  checkout(purchase: Purchase, customerId: string, returnUrl: string): Promise<HostedPage>
  /** A page on which a card is saved and nothing is paid. */
  saveCard(accountId: string, customerId: string, returnUrl: string): Promise<HostedPage>
  cards(customerId: string): Promise<readonly Card[]>
  removeCard(cardId: string): Promise<void>
  /** Charges a saved card, its holder not being there. */
  charge(purchase: Purchase, customerId: string, cardId: string): Promise<Payment>
  /** What became of it; undefined: there is no such payment. */
  payment(purchase: Purchase, customerId: string | null): Promise<Payment | undefined>
  /** So that it cannot be paid any more. */
  cancel(purchase: Purchase): Promise<void>
  refund(reversalId: string, paymentId: string, cents: Cents): Promise<ProviderRefund>
  /** Reads what the provider sent. Throws Fault `invalid_request` where it is not signed by it, or too old. */
  readEvent(body: string, signature: string | null, nowMs: number): PaymentEvent
  /** What happened since then, oldest first. */
  eventsSince(sinceMs: number): Promise<readonly PaymentEvent[]>
}
