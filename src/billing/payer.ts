import { sayUsd, type Nano } from '../core/nano.ts'
import { centsToNano, sayCents, type Cents } from './cents.ts'

/** Who pays for an account: what stands on its receipts, and which card is charged by itself. */
export interface Payer {
  readonly accountId: string
  /** The payment provider's name for it; null until there was something to pay. */
  readonly customerId: string | null
  /** The saved card that is charged by itself; null: none. */
  readonly cardId: string | null
  /** Customer and card are of the provider's live mode; false: of its test mode, or there are none. */
  readonly isLive: boolean
  readonly details: PayerDetails
  readonly topUp: TopUp
}

/** What a receipt says of the buyer; '' for what they have not said. */
export interface PayerDetails { readonly name: string; readonly address: string; readonly email: string; readonly taxId: string }

/** Credit that is bought by itself (contract I4). */
export interface TopUp {
  readonly isOn: boolean
  /** As soon as less than this is left. */
  readonly threshold: Nano
  /** This much credit, and the fee on top. */
  readonly creditCents: Cents
  /** Fees included, in a calendar month (UTC); null: no limit. */
  readonly monthCentsMax: Cents | null
  /** In a row. */
  readonly failures: number
  /** Not before. */
  readonly nextMs: number
  /** Why it was turned off, where nobody did. */
  readonly offReason: string | null
}

export const NO_PAYER: Omit<Payer, 'accountId'> = Object.freeze({
  customerId: null, cardId: null, isLive: false, details: { name: '', address: '', email: '', taxId: '' },
  topUp: { isOn: false, threshold: 5_000_000_000n, creditCents: 2_000, monthCentsMax: null, failures: 0, nextMs: 0, offReason: null },
})

/** As it is for one mode of the provider: that knows nothing of the other's customers and cards. */
export function payerIn(payer: Payer, isLive: boolean): Payer {
  return payer.isLive === isLive ? payer : { ...payer, customerId: null, cardId: null, isLive, topUp: { ...payer.topUp, isOn: false } }
}

/** A change of who pays; what is left out stays. */
export interface PayerChange { readonly details?: Partial<PayerDetails>; readonly topUp?: Partial<Pick<TopUp, 'isOn' | 'threshold' | 'creditCents' | 'monthCentsMax'>>; readonly cardId?: string | null }

/** How long a card that was declined is left alone: the n-th time in a row. After the last it is turned off. */
const BACK_OFF_MS = [3_600_000, 6 * 3_600_000, 24 * 3_600_000] as const

/** What follows a failure: when to try again, or that it is turned off. */
export function afterFailure(failures: number, nowMs: number): { readonly nextMs: number } | 'off' {
  const waitMs = BACK_OFF_MS[failures - 1]
  return waitMs === undefined ? 'off' : { nextMs: nowMs + waitMs }
}

/** Why nothing is bought by itself though that is on, in words for people: the operator has raised what must be bought at least. null: it is bought. */
export function pauseOf({ isOn, creditCents }: TopUp, amountMin: Nano): string | null {
  return isOn && centsToNano(creditCents) < amountMin ? `At least ${sayUsd(amountMin)} must be bought at once now, and ${sayCents(creditCents)} is what you chose.` : null
}
