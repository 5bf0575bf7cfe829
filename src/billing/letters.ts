import type { Letter, Mailer } from '../accounts/mailer.ts'
import type { Notice, Notices } from '../accounts/notice.ts'
import type { People } from '../accounts/people.ts'
import { usdNumber, type Nano } from '../core/nano.ts'
import { centsToNano, sayCents, type Cents } from './cents.ts'
import { pauseOf, type Payer } from './payer.ts'
import { totalCents, type Purchase, type Reversal } from './purchase.ts'
import type { Applied, PurchaseStore } from './purchase-store.ts'
import { receiptName } from './receipt.ts'

export interface BillingLettersOptions {
  readonly mailer: Mailer
  /** Told of charges that failed. */
  readonly notices: Notices
  readonly people: Pick<People, 'listMembers'>
  readonly store: Pick<PurchaseStore, 'payer'>
  /** Where people see what they bought. */
  readonly pageUrl: () => string
}

/** Letters about payments: to the address of the receipts, or to the account's admins. Each once. That a card could not be charged by itself is a notice, as all is that somebody must see to. */
export class BillingLetters {
  constructor(private readonly options: BillingLettersOptions) {}

  /** Says what was new. */
  async tell({ purchase, became, reversals, topUpOff }: Applied): Promise<void> {
    if (became === 'failed' && purchase.kind === 'auto') await this.options.notices.tell(failedNotice(purchase, topUpOff, this.options.pageUrl()))
    if (!this.options.mailer.isConfigured || (became !== 'paid' && reversals.length === 0)) return
    const payer = await this.options.store.payer(purchase.accountId)
    const page = this.options.pageUrl()
    if (became === 'paid') await this.send(payer, paidLetter(purchase, page), `paid:${purchase.id}`)
    for (const reversal of reversals) await this.send(payer, reversalLetter(purchase, reversal, payer, page), `${reversal.kind}:${reversal.id}:${reversal.state}`)
  }

  /** Says, once for each amount that is too little and each that must be bought, that nothing is bought by itself until another is chosen. */
  async tellPaused({ accountId, topUp }: Payer, amountMin: Nano): Promise<void> {
    const why = pauseOf(topUp, amountMin)
    if (why === null) return
    await this.options.notices.tell({
      accountId, kind: 'payment.failed', reference: `payment.paused:${accountId}:${topUp.creditCents}:${amountMin}`, title: 'Automatic top-up buys nothing',
      text: `Credit runs low, and none is bought by itself. ${why}\n\nChoose a larger amount, or buy credit by hand:\n\n${this.options.pageUrl()}`,
      data: { purchase_id: null, amount_usd: usdNumber(centsToNano(topUp.creditCents)), failure: why, auto_topup: 'paused' },
    })
  }

  private async send({ accountId, details: { email } }: Payer, letter: Omit<Letter, 'to'>, reference: string): Promise<void> {
    for (const to of email === '' ? await this.admins(accountId) : [email]) await this.options.mailer.send({ ...letter, to }, `${reference}:${to}`)
  }

  private async admins(accountId: string): Promise<readonly string[]> {
    const found: string[] = []
    for (let offset = 0; ; offset += PAGE) {
      const { rows } = await this.options.people.listMembers(accountId, { offset, limit: PAGE })
      found.push(...rows.flatMap(({ role, user }) => (role === 'admin' && user.disabledMs === null ? [user.email] : [])))
      if (rows.length < PAGE) return found
    }
  }
}

const PAGE = 100

function paidLetter(purchase: Purchase, page: string): Omit<Letter, 'to'> {
  const { creditCents, feeCents, receiptNumber, kind, card } = purchase
  const name = receiptName(receiptNumber ?? 0)
  const fee = feeCents > 0 ? ` and a fee of ${sayCents(feeCents)}` : ''
  const how = kind === 'auto' ? `Credit ran low, so ${card ?? 'your card'} was charged by itself.` : 'Thank you for your payment.'
  return { subject: `Receipt ${name}: ${sayCents(creditCents)} of credit`, text: `${how}\n\n${sayCents(creditCents)} of credit${fee}: ${sayCents(totalCents(purchase))} in all. The receipt as a PDF:\n\n${page}` }
}

function failedNotice({ accountId, id, failure, creditCents }: Purchase, isOff: boolean, page: string): Notice {
  const why = failure ?? 'The card was not charged.'
  const next = isOff ? 'No card is charged by itself any more. Turn it on again once the card is in order, or buy credit by hand:' : 'It is tried again later. See to the card, or buy credit by hand:'
  return {
    accountId, kind: 'payment.failed', reference: `payment.failed:${id}`, title: isOff ? 'Automatic top-up was turned off' : 'Automatic top-up failed',
    text: `${sayCents(creditCents)} of credit could not be bought: ${why}\n\n${next}\n\n${page}`, data: { purchase_id: id, amount_usd: usdNumber(centsToNano(creditCents)), failure: why, auto_topup: isOff ? 'off' : 'on' },
  }
}

function reversalLetter({ receiptNumber }: Purchase, { kind, state, cents }: Reversal, { topUp: { offReason } }: Payer, page: string): Omit<Letter, 'to'> {
  const name = receiptName(receiptNumber ?? 0)
  return { subject: `${kind === 'refund' ? 'Refund' : 'Dispute'} of receipt ${name}`, text: [SAID[kind][state](sayCents(cents satisfies Cents)), ...(offReason === null ? [] : [`Automatic top-up is off: ${offReason}`]), page].join('\n\n') }
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
