import type { InstanceSettings } from '../accounts/instance.ts'
import type { Nano } from '../core/nano.ts'
import { centsCovering, centsToNano, type Cents } from './cents.ts'

/** What everything is sold in. */
export const CURRENCY = 'usd'

/** An order of credit, and what became of it. */
export interface Purchase {
  readonly id: string
  readonly accountId: string
  /** `checkout`: a person pays on the provider's page · `auto`: a saved card is charged when credit runs low · `recorded`: paid elsewhere, the operator says so. */
  readonly kind: 'checkout' | 'auto' | 'recorded'
  /** `open`: not paid yet. Money that comes after `failed` or `expired` is taken all the same. */
  readonly state: 'open' | 'paid' | 'failed' | 'expired'
  readonly provider: string
  /** false: the provider's test mode, no real money. */
  readonly isLive: boolean
  readonly currency: string
  readonly creditCents: Cents
  readonly feeCents: Cents
  /** The card may be charged again later, without its holder being there. */
  readonly savesCard: boolean
  /** The provider's names for the page to pay on and for the payment; null as long as there is none. */
  readonly sessionId: string | null
  readonly paymentId: string | null
  /** `visa 4242`: enough to recognise it. */
  readonly card: string | null
  /** Why it was not paid, for people. */
  readonly failure: string | null
  /** Numbers have no gaps; null until it is paid. */
  readonly receiptNumber: number | null
  /** The person, where one is known. */
  readonly createdBy: string | null
  readonly createdMs: number
  readonly paidMs: number | null
  /** How long the credit lasts once it is paid; null: for ever. As it was when it was ordered. */
  readonly expiryDays: number | null
  readonly reversals: readonly Reversal[]
}

/** Money that went back to the buyer, or that the buyer's bank holds. */
export interface Reversal {
  readonly id: string
  readonly kind: 'refund' | 'dispute'
  /** `pending`: under way, or not decided; the credit is gone already · `done`: it is theirs · `undone`: it came back, and the credit with it. */
  readonly state: 'pending' | 'done' | 'undone'
  readonly providerId: string | null
  readonly cents: Cents
  /** Of it: credit, fee. */
  readonly credit: Nano
  readonly fee: Nano
  /** Of the credit: what was still there to be taken. */
  readonly fromBalance: Nano
  readonly createdMs: number
}

/** What the buyer pays in all. */
export function totalCents({ creditCents, feeCents }: Pick<Purchase, 'creditCents' | 'feeCents'>): Cents {
  return creditCents + feeCents
}

const PPM = 1_000_000n

/** The fee on a purchase (contract I2): a part of the amount, at least the minimum, rounded up to the cent. */
export function feeCentsOf(creditCents: Cents, { feePpm, feeMin }: InstanceSettings['purchases']): Cents {
  const part = centsToNano(creditCents) * feePpm
  const fee = (part + PPM - 1n) / PPM
  return centsCovering(fee > feeMin ? fee : feeMin)
}

/** Credit of the purchase that went back, or that a dispute holds. */
export function creditReversed({ reversals }: Pick<Purchase, 'reversals'>): Nano {
  return reversals.reduce((sum, { state, credit }) => (state === 'undone' ? sum : sum + credit), 0n)
}

/** Unused credit goes back within this long after it was paid (contract I5). */
export const REFUND_MS = 86_400_000

/** An order that nothing was done for yet. */
export function freshPurchase(wish: Pick<Purchase, 'accountId' | 'id' | 'kind' | 'provider' | 'isLive' | 'creditCents' | 'feeCents' | 'savesCard' | 'createdBy' | 'createdMs' | 'expiryDays'>): Purchase {
  return { ...wish, state: 'open', currency: CURRENCY, sessionId: null, paymentId: null, card: null, failure: null, receiptNumber: null, paidMs: null, reversals: [] }
}
