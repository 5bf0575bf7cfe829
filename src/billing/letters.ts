import type { Letter, Mailer } from '../accounts/mailer.ts'
import type { People } from '../accounts/people.ts'
import { sayCents, type Cents } from './cents.ts'
import type { Payer } from './payer.ts'
import { totalCents, type Purchase, type Reversal } from './purchase.ts'
import type { Applied, PurchaseStore } from './purchase-store.ts'
import { receiptName } from './receipt.ts'

export interface BillingLettersOptions {
  readonly mailer: Mailer
  readonly people: Pick<People, 'listMembers'>
  readonly store: Pick<PurchaseStore, 'payer'>
  /** Where people see what they bought. */
  readonly pageUrl: () => string
}

/** Letters about payments: to the address of the receipts, or to the account's admins. Each once. */
export class BillingLetters {
  constructor(private readonly options: BillingLettersOptions) {}

  /** Says what was new. Nothing where no letters are sent. */
  async tell({ purchase, became, reversals, topUpOff }: Applied): Promise<void> {
    if (!this.options.mailer.isConfigured) return
    const payer = await this.options.store.payer(purchase.accountId)
    const page = this.options.pageUrl()
    if (became === 'paid') await this.send(payer, paidLetter(purchase, page), `paid:${purchase.id}`)
    if (became === 'failed' && purchase.kind === 'auto') await this.send(payer, failedLetter(purchase, topUpOff, page), `failed:${purchase.id}`)
    for (const reversal of reversals) await this.send(payer, reversalLetter(purchase, reversal, page), `${reversal.kind}:${reversal.id}:${reversal.state}`)
  }

  private async send({ accountId, details: { email } }: Payer, letter: Omit<Letter, 'to'>, reference: string): Promise<void> {
    for (const to of email === '' ? await this.admins(accountId) : [email]) await this.options.mailer.send({ ...letter, to }, `${reference}:${to}`)
  }

  private async admins(accountId: string): Promise<readonly string[]> {
    const { rows } = await this.options.people.listMembers(accountId, { offset: 0, limit: 100 })
    return rows.flatMap(({ role, user }) => (role === 'admin' && user.disabledMs === null ? [user.email] : []))
  }
}

function paidLetter(purchase: Purchase, page: string): Omit<Letter, 'to'> {
  const { creditCents, feeCents, receiptNumber, kind, card } = purchase
  const name = receiptName(receiptNumber ?? 0)
  const fee = feeCents > 0 ? ` and a fee of ${sayCents(feeCents)}` : ''
  const how = kind === 'auto' ? `Credit ran low, so ${card ?? 'your card'} was charged by itself.` : 'Thank you for your payment.'
  return { subject: `Receipt ${name}: ${sayCents(creditCents)} of credit`, text: `${how}\n\n${sayCents(creditCents)} of credit${fee}: ${sayCents(totalCents(purchase))} in all. The receipt as a PDF:\n\n${page}` }
}

function failedLetter({ failure, creditCents }: Purchase, isOff: boolean, page: string): Omit<Letter, 'to'> {
  const why = failure ?? 'The card was not charged.'
  const next = isOff ? 'No card is charged by itself any more. Turn it on again once the card is in order, or buy credit by hand:' : 'It is tried again later. See to the card, or buy credit by hand:'
  return { subject: isOff ? 'Automatic top-up was turned off' : 'Automatic top-up failed', text: `${sayCents(creditCents)} of credit could not be bought: ${why}\n\n${next}\n\n${page}` }
}

function reversalLetter({ receiptNumber }: Purchase, { kind, state, cents }: Reversal, page: string): Omit<Letter, 'to'> {
  const name = receiptName(receiptNumber ?? 0)
  return { subject: `${kind === 'refund' ? 'Refund' : 'Dispute'} of receipt ${name}`, text: `${SAID[kind][state](sayCents(cents satisfies Cents))}\n\n${page}` }
}

const SAID: Readonly<Record<Reversal['kind'], Readonly<Record<Reversal['state'], (amount: string) => string>>>> = {
  refund: {
    pending: (amount) => `${amount} is on its way back to the card it was paid with.`, done: (amount) => `${amount} went back to the card it was paid with.`,
    undone: (amount) => `${amount} could not be given back to the card; its credit is yours again.`,
  },
  dispute: {
    pending: (amount) => `The card's bank disputes the payment of ${amount}. The account is suspended until that is settled.`, done: (amount) => `The card's bank took ${amount} back.`,
    undone: (amount) => `The dispute over ${amount} is settled in your favour: the credit is there again.`,
  },
}
