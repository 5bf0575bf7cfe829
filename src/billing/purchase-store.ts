import type { InstanceSettings, Seller } from '../accounts/instance.ts'
import type { Change, Listed, Page } from '../accounts/people-store.ts'
import type { Cents } from './cents.ts'
import type { Payer, PayerChange } from './payer.ts'
import type { Payment, ProviderRefund } from './payment-provider.ts'
import type { Purchase, Reversal } from './purchase.ts'
import type { Receipt } from './receipt.ts'

/** What a purchase may be known by. */
export interface PurchaseNames { readonly purchaseId?: string | null; readonly sessionId?: string | null; readonly paymentId?: string | null }

/** What the provider calls the page to pay on, as soon as there is one. */
export interface Placed { readonly sessionId: string; readonly nextLookMs: number }

/** What the provider says of a purchase, to be written into the books. */
export interface ApplyPayment {
  readonly accountId: string
  readonly purchaseId: string
  readonly payment: Payment
  /** Who sends the receipt. */
  readonly seller: Seller
  readonly nowMs: number
}

/**
 * Why a payment is not taken for the purchase that it names: it is another order's, of another amount or currency, or no real money. `over`: nothing of
 * what it says is new.
 */
export type PaymentRefusal = 'no_purchase' | 'other_payment' | 'other_amount' | 'other_currency' | 'other_mode'

/** What was new in what the provider said. */
export interface Applied {
  readonly purchase: Purchase
  readonly became: 'paid' | 'failed' | 'expired' | null
  /** Refunds and disputes that were new, or that came to another end. */
  readonly reversals: readonly Reversal[]
  /** Cards are not charged by themselves any more: it went wrong too often. */
  readonly topUpOff: boolean
  /** It was paid on a page that was open still when its account was closed: nobody can use the credit. */
  readonly isLate: boolean
}

/** `used`: what is left of the purchase is less than a cent, or less than was asked for · `in_calls`: it is there, and calls that run hold it. */
export type RefundRefusal = 'no_purchase' | 'not_paid' | 'too_late' | 'disputed' | 'used' | 'in_calls'

export interface RefundWish { readonly accountId: string; readonly purchaseId: string; readonly id: string; /** All that is left, where it is not said. */ readonly cents: Cents | undefined }

/** `isRepeated`: its reference was recorded before, as this purchase. */
export interface Recorded { readonly purchase: Purchase; readonly isRepeated: boolean }

/** `isOrphan`: its account is closed, so that nobody may pay for it any more. */
export interface DuePurchase { readonly purchase: Purchase; readonly isOrphan: boolean }

export interface TopUpRules { readonly provider: string; readonly isLive: boolean; readonly settings: InstanceSettings['purchases']; readonly nowMs: number; readonly nextLookMs: number }

/** `paused`: who would have bought, and wants less than must be bought at least (`pauseOf`). They are looked at again after a while. */
export interface BegunTopUps { readonly purchases: readonly Purchase[]; readonly paused: readonly Payer[] }

/** What purchases need stored. Every method is one transaction, its entries in the ledger and in the log of changes too; a method that fails throws Fault `unavailable`. */
export interface PurchaseStore {
  insertPurchase(purchase: Purchase, nextLookMs: number, change: Change): Promise<void>
  placePurchase(accountId: string, id: string, placed: Placed): Promise<void>
  purchase(accountId: string, id: string): Promise<Purchase | undefined>
  /** Of any account. */
  findPurchase(names: PurchaseNames): Promise<Purchase | undefined>
  /** Newest first. */
  listPurchases(accountId: string, page: Page): Promise<Listed<Purchase>>
  /** Writes down what is new in it. Doing it again, or late, changes nothing. */
  applyPayment(apply: ApplyPayment): Promise<Applied | PaymentRefusal>
  /** Credit that was paid elsewhere: an order that is paid at once. `reference` is of the account: a second time gives the first one. */
  recordPayment(purchase: Purchase, reference: string, seller: Seller, change: Change): Promise<Recorded | 'closed'>
  /** Takes unused credit out of the books: the money has to follow. */
  beginRefund(wish: RefundWish, change: Change): Promise<Reversal | RefundRefusal>
  /** What the provider made of a refund that was begun; undefined: there is none of this id. */
  noteRefund(accountId: string, id: string, refund: Pick<ProviderRefund, 'state'> & { readonly id: string | null }, nowMs: number): Promise<Applied | undefined>
  receipt(accountId: string, purchaseId: string): Promise<Receipt | undefined>

  /** Orders that nothing was heard of for long enough, of this provider and mode; the next look is set. */
  purchasesToLookAt(provider: string, isLive: boolean, nowMs: number): Promise<readonly DuePurchase[]>
  /** Refunds that were begun and whose end is not known. */
  refundsToLookAt(nowMs: number): Promise<readonly { readonly accountId: string; readonly purchase: Purchase; readonly reversal: Reversal }[]>

  payer(accountId: string): Promise<Payer>
  changePayer(accountId: string, wish: PayerChange, change: Change): Promise<Payer>
  /** Gives the customer that the account has in this mode of the provider, which is another where somebody was faster. What was of the other mode is forgotten. */
  keepCustomer(accountId: string, customerId: string, isLive: boolean, nowMs: number): Promise<string>
  /** Orders credit for accounts that have too little and want that; never a second order while one is open. */
  beginTopUps(rules: TopUpRules): Promise<BegunTopUps>

  /** Takes bought credit that is too old. How many lots lost something. */
  expireCredit(nowMs: number): Promise<number>
  /** Up to when events were read, ms since the epoch; 0: never. */
  eventsReadTo(): Promise<number>
  noteEventsRead(toMs: number): Promise<void>
}
