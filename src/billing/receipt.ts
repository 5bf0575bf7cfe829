import type { Seller } from '../accounts/instance.ts'
import type { Cents } from './cents.ts'
import type { PayerDetails } from './payer.ts'
import type { Purchase } from './purchase.ts'

/** What a receipt says, as it was when the purchase was paid: it never changes. */
export interface Receipt {
  readonly number: number
  readonly purchaseId: string
  readonly seller: Seller
  readonly buyer: PayerDetails
  readonly creditCents: Cents
  readonly feeCents: Cents
  readonly currency: string
  readonly paidMs: number
  readonly card: string | null
  /** When the credit lapses; null: never. */
  readonly expiresMs: number | null
  /** false: paid in the provider's test mode. */
  readonly isLive: boolean
}

/** `SW-000042`: how a receipt's number is written. */
export function receiptName(number: number): string {
  return `SW-${String(number).padStart(6, '0')}`
}

const DAY_MS = 86_400_000

/** When what was bought lapses. */
export function expiresMsOf({ expiryDays }: Pick<Purchase, 'expiryDays'>, paidMs: number): number | null {
  return expiryDays === null ? null : paidMs + expiryDays * DAY_MS
}
