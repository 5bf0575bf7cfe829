import type { InstanceSettings } from '../../accounts/instance.ts'
import { centsToNano, sayCents } from '../../billing/cents.ts'
import { pauseOf, type Payer } from '../../billing/payer.ts'
import type { Card } from '../../billing/payment-provider.ts'
import { creditReversed, feeCentsOf, REFUND_MS, totalCents, type Purchase } from '../../billing/purchase.ts'
import { formatUsd, maxNano, parseUsd, sayUsd, type Nano } from '../../core/nano.ts'
import { behind, dayOf, minuteOf, unseen } from './account-page.ts'
import { html, type Html, type Piece } from './html.ts'

/** What is in a field: what was typed, or what it begins with. */
type Typed = (name: string, fresh?: string) => string

/** Amounts in cents whose sums are shown before anybody buys. */
const EXAMPLES = [1_000, 2_000, 10_000]
/** What the form begins with, where less may be bought. */
const AMOUNT = centsToNano(2_000)

/** How much, and what comes on top. */
export function buyForm(typed: Typed, purchases: InstanceSettings['purchases']): Html {
  return html`<form method="post" action="/billing/order"><label>Amount in USD<input name="amount" inputmode="decimal" required maxlength="20" aria-describedby="fee" value="${typed('amount', formatUsd(maxNano(purchases.amountMin, AMOUNT)))}"></label>
<p class="soft" id="fee">At least ${sayUsd(purchases.amountMin)}. ${feeSaid(purchases)} You see the sum before you pay.</p>
<label class="check"><input name="save_card" type="checkbox" value="yes"${typed('save_card') === 'yes' && html` checked`}>Save the card, for automatic top-up</label><button>Buy</button></form>`
}

function feeSaid(purchases: InstanceSettings['purchases']): string {
  const { feePpm, feeMin, amountMin } = purchases
  if (feePpm === 0n && feeMin === 0n) return 'There is no fee.'
  const sums = EXAMPLES.filter((cents) => centsToNano(cents) >= amountMin).map((cents) => `${sayCents(cents)} costs ${sayCents(totalCents({ creditCents: cents, feeCents: feeCentsOf(cents, purchases) }))}`)
  // Parts per million are read as an amount is: a percent is ten thousand of them.
  return `On top comes a fee of ${formatUsd(feePpm * 100_000n)}%, at least ${sayUsd(feeMin)}${sums.length === 0 ? '.' : `: ${sums.join(', ')}.`}`
}

/** Saved cards; `null`: the payment provider could not be asked. */
export function cardsBody(saved: { readonly cards: readonly Card[]; readonly chosen: string | null } | null): Html {
  if (!saved) return html`<p class="soft">The payment provider cannot be reached now: your cards are safe with it. Try again shortly.</p>`
  return html`${saved.cards.length === 0 ? html`<p class="soft">There is none. It is needed for automatic top-up alone.</p>` : html`<ul class="list">${saved.cards.map((card) => html`<li>${cardEntry(card, card.id === saved.chosen)}</li>`)}</ul>`}
<form method="post" action="/billing/card"><button class="plain">Save a card</button></form>`
}

function cardEntry({ id, brand, last4, expiryMonth, expiryYear }: Card, isChosen: boolean): Html {
  const button = (action: string, word: string) => html`<form method="post" action="/billing/${action}"><input type="hidden" name="id" value="${id}"><button class="plain small">${word}${unseen(`${brand} ${last4}`)}</button></form>`
  return html`<span>${brand} ···· ${last4} ${isChosen && html`<span class="badge">for top-up</span>`}<br><small>until ${String(expiryMonth).padStart(2, '0')}/${expiryYear}</small></span><span class="acts">${!isChosen && button('card-choose', 'Use for top-up')}${button('card-remove', 'Remove')}</span>`
}

/** When credit is bought by itself. `isSent`: the form was sent, and what is ticked is what was ticked then. */
export function topUpForm(typed: Typed, { cardId, topUp }: Payer, amountMin: Nano, isSent: boolean): Html {
  const isOn = isSent ? typed('enabled') === 'yes' : topUp.isOn
  const pause = pauseOf(topUp, amountMin)
  return html`${pause !== null && html`<p class="bad">Nothing is bought by itself. ${pause}</p>`}${topUp.offReason !== null && html`<p class="bad">It was turned off: ${topUp.offReason}</p>`}<form method="post" action="/billing/top-up"><label class="check"><input name="enabled" type="checkbox" value="yes"${isOn && html` checked`}${cardId === null && !topUp.isOn && html` disabled`}>Buy credit by itself when it runs low</label>
${cardId === null && html`<p class="soft">Save a card first, and choose it for top-up.</p>`}
<div class="names"><label>When less than this is left, in USD<input name="threshold" inputmode="decimal" required maxlength="20" value="${typed('threshold', formatUsd(topUp.threshold))}"></label>
<label>Buy this much, in USD<input name="amount" inputmode="decimal" required maxlength="20" value="${typed('amount', formatUsd(centsToNano(topUp.creditCents)))}"></label></div>
<label>At most in a month, in USD <small>(with fees; empty: no bound)</small><input name="month" inputmode="decimal" maxlength="20" value="${typed('month', topUp.monthCentsMax === null ? '' : formatUsd(centsToNano(topUp.monthCentsMax)))}"></label><button class="plain">Save</button></form>`
}

/** What stands on receipts. */
export function payerForm(typed: Typed, { details }: Payer, isSent: boolean): Html {
  return html`<details${isSent && html` open`}><summary>What receipts say of you</summary><form method="post" action="/billing/payer"><label>Name<input name="name" autocomplete="organization" maxlength="500" value="${typed('name', details.name)}"></label>
<label>Address<textarea name="address" rows="3" autocomplete="street-address" maxlength="500">${typed('address', details.address)}</textarea></label>
<div class="names"><label>Tax id<input name="tax_id" maxlength="500" value="${typed('tax_id', details.taxId)}"></label><label>E-mail for letters<input name="email" type="email" autocomplete="email" maxlength="254" value="${typed('email', details.email)}"></label></div><button class="plain">Save</button></form></details>`
}

const STATES: Readonly<Record<Purchase['state'], string>> = { open: 'waiting for the payment', paid: 'paid', failed: 'not paid', expired: 'not paid' }

/** One purchase in the list. */
export function purchaseEntry(purchase: Purchase, nowMs: number, mayRefund: boolean): Html {
  const { id, kind, state, isLive, creditCents, card, failure, paidMs, createdMs, receiptNumber } = purchase
  const reversed = creditReversed(purchase)
  const said: readonly Piece[] = [kind === 'auto' && 'automatic', kind === 'recorded' && 'paid elsewhere', `${sayCents(totalCents(purchase))} with the fee`, card, !isLive && 'test mode', failure, reversed > 0n && `${sayUsd(reversed)} given back`]
  const isRefundable = mayRefund && state === 'paid' && kind !== 'recorded' && paidMs !== null && nowMs < paidMs + REFUND_MS && reversed < centsToNano(creditCents)
  return html`<div class="head"><span><strong>${sayCents(creditCents)}</strong> <span class="badge">${STATES[state]}</span><br><small>${minuteOf(paidMs ?? createdMs)}${said.filter(Boolean).map((one) => html` · ${one}`)}</small></span>
<span class="acts">${receiptNumber !== null && html`<a href="/api/v1/purchases/${id}/receipt.pdf">Receipt${unseen(`of ${dayOf(paidMs ?? createdMs)}`)}</a>`}${state === 'open' && html`<a href="/billing?purchase=${id}">Refresh</a>`}</span></div>
${isRefundable && behind('Give back', html`<form method="post" action="/billing/refund"><input type="hidden" name="id" value="${id}"><p class="soft">What is unused of this credit goes back to the card. The fee does not. Possible until ${minuteOf(paidMs + REFUND_MS)}.</p><button class="plain small">Give back what is unused</button></form>`)}`
}

/** What became of the purchase that they come back from. */
export function outcome(purchase: Purchase, isCancelled: boolean): Html {
  const { id, state, creditCents, failure } = purchase
  if (state === 'paid') return html`<p class="good" role="status">Paid: ${sayCents(creditCents)} added.</p>`
  if (state === 'failed') return html`<p class="bad" role="alert">The payment failed${failure !== null && `: ${failure}`}. Nothing was added.</p>`
  if (state === 'expired') return html`<p class="bad" role="status">The page to pay on has expired. Nothing was charged.</p>`
  if (isCancelled) return html`<p class="wait" role="status">You came back without paying ${sayCents(totalCents(purchase))}. Nothing was charged.</p>`
  return html`<p class="wait" role="status">Waiting for the payment of ${sayCents(totalCents(purchase))}. Credit is here when the money is: mostly within seconds. <a href="/billing?purchase=${id}">Refresh</a></p>`
}

/** An amount of an answer of the API, as people read it. */
export function sayDollars(amount: unknown): string {
  return sayUsd(parseUsd(String(amount)) ?? 0n)
}
