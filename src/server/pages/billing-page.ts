import { sayCents } from '../../billing/cents.ts'
import { totalCents, type Purchase } from '../../billing/purchase.ts'
import type { LiveSession } from '../../accounts/sign-in-store.ts'
import { sayUsd } from '../../core/nano.ts'
import { accessOfSession } from '../session.ts'
import { html, type Html } from './html.ts'
import { page, said } from './layout.ts'
import type { PageContext } from './page-context.ts'

const ROWS = 20

/** `GET /billing`: where people come back to from the payment provider's pages, and what their account has bought. */
export async function showBilling({ accounts, billing, people, field }: PageContext, live: LiveSession): Promise<Response> {
  // For admins alone: it throws for others.
  accessOfSession(live, 'billing.read')
  // Before the rest: who comes from the provider's page asks it what became of the payment, and the credit is there.
  const back = field('purchase') === '' ? undefined : await billing.purchase(live.accountId, field('purchase'))
  const [account, { total, used }, { rows }] = await Promise.all([people.account(live.accountId), accounts.credits(live.accountId), billing.list(live.accountId, { offset: 0, limit: ROWS })])
  return page({ title: 'Credit', isWide: true, body: html`<h1>Credit</h1>${back && outcome(back, field('cancelled') !== '')}${said('good', field('card') === 'saved' ? 'Your card is saved.' : null)}
<section><p>${account?.name || 'The account'} has <strong>${sayUsd(total - used)}</strong> left of ${sayUsd(total)}.</p>
<p class="soft more">Credit is bought over the <a href="/docs/billing">API</a>.</p></section>
${rows.length > 0 && html`<section><h2>Bought</h2><ul class="list">${rows.map((row) => html`<li>${line(row)}</li>`)}</ul></section>`}
<p class="soft"><a href="/">Home</a></p>` })
}

function outcome(purchase: Purchase, isCancelled: boolean): Html | null {
  if (purchase.state === 'paid') return said('good', `Paid: ${sayCents(purchase.creditCents)} of credit.`)
  if (purchase.state === 'failed') return said('bad', `The payment failed${purchase.failure === null ? '' : `: ${purchase.failure}`}`)
  if (isCancelled || purchase.state === 'expired') return said('bad', 'You have not paid, and nothing was charged.')
  return said('good', 'The payment is under way. Credit comes when the money has come.')
}

function line(purchase: Purchase): Html {
  const { id, state, createdMs, creditCents, receiptNumber } = purchase
  const receipt = receiptNumber === null ? html`<small>${state}</small>` : html`<a href="/api/v1/purchases/${id}/receipt.pdf">Receipt</a>`
  return html`<span>${sayCents(creditCents)}<br><small>${new Date(createdMs).toISOString().slice(0, 10)} · ${sayCents(totalCents(purchase))} with the fee</small></span>${receipt}`
}
