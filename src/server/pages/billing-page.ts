import { mayDo } from '../../accounts/roles.ts'
import type { LiveSession } from '../../accounts/sign-in-store.ts'
import { userName } from '../../accounts/user.ts'
import { asObject, asString } from '../../core/json.ts'
import { Fault } from '../../core/fault.ts'
import { sayUsd } from '../../core/nano.ts'
import { changeBilling, chooseCard, removeCard, saveCard } from '../api/billing.ts'
import { createPurchase, refundPurchase } from '../api/purchases.ts'
import { accessOfSession } from '../session.ts'
import { accountPage, doneIn, facts, leavePage, offsetIn, paging } from './account-page.ts'
import { buyForm, cardsBody, outcome, payerForm, purchaseEntry, sayDollars, topUpForm } from './billing-forms.ts'
import { html, type Html, type Piece } from './html.ts'
import { goTo, said } from './layout.ts'
import { operate, typedIn, withTrouble, type Shown } from './operate.ts'
import type { PageContext } from './page-context.ts'

const ROWS = 20
const MEMBERS = 100

const DONE = { topup: 'Automatic top-up is saved.', payer: 'Saved. Receipts that are there already stay as they are.', refund: 'It is on its way back to the card.', chosen: 'That card is charged for automatic top-up from now on.', removed: 'The card is removed.' }

/** `GET /billing`: credit, and for admins how it is bought; people come back to it from the payment provider's pages. */
export async function showBilling(context: PageContext, live: LiveSession, shown?: Shown): Promise<Response> {
  const { api: { accounts, instance: { settings } } } = context
  const { accountId } = accessOfSession(live, 'credits.read')
  const isBuyer = mayDo(live.role, 'billing.read')
  // Before the rest: who comes from the provider's page asks it what became of the payment, and the credit is there.
  const back = isBuyer ? await comeBack(context, accountId) : null
  const told = back && 'trouble' in back ? back : shown
  const [{ total, used }, more] = await Promise.all([accounts.credits(accountId), isBuyer ? buyerBody(context, live, shown) : memberBody(context, live)])
  const balance = settings.moneyEnabled ? html`<p class="amount">${sayUsd(total - used)}</p>${facts([['Credit in all', sayUsd(total)], ['Used', sayUsd(used)]])}`
    : html`<p>Money is turned off here: nothing has to be bought, and no balance is asked. Limits and budgets hold as ever.</p>${facts([['Used', sayUsd(used)]])}`
  return await accountPage(context, live, { title: 'Billing', shown: told, good: doneIn(context, DONE), body: html`${back && 'text' in back && back}<section><h2>${settings.moneyEnabled ? 'Credit left' : 'Credit'}</h2>${balance}</section>${more}` })
}

/** `POST /billing/order`: an order, its sum, and the way to the page on which it is paid. */
export const order = withTrouble('buy', showBilling, async (context, live) => {
  const { field } = context
  const { data, url } = await operate(context, live, createPurchase, { body: { amount_usd: amountIn(field('amount')), save_card: field('save_card') === 'yes' } })
  const { amount, fee, total, live: isLive } = asObject(data) ?? {}
  return leavePage({ title: 'Your order', url: asString(url) ?? '', to: `Pay ${sayDollars(total)}`, body: html`<ul class="list"><li><span>Credit</span><span>${sayDollars(amount)}</span></li><li><span>Fee</span><span>${sayDollars(fee)}</span></li><li><strong>In all</strong><strong>${sayDollars(total)}</strong></li></ul>
<p class="soft">You pay on a page of Stripe's, and come back here. Nothing is charged until then.${isLive === false && ' This is its test mode: no real money.'}</p>` })
})

/** `POST /billing/card`: the way to the page on which a card is saved. */
export const keepCard = withTrouble('card', showBilling, async (context, live) => {
  const { url } = await operate(context, live, saveCard)
  return leavePage({ title: 'Save a card', url: asString(url) ?? '', to: 'Go to the page of Stripe', body: html`<p class="soft">You type it on a page of Stripe's, and come back here. Nothing is charged; no number of a card is ever seen or kept here.</p>` })
})

/** `POST /billing/card-choose`. */
export const useCard = withTrouble('card', showBilling, async (context, live) => {
  await operate(context, live, chooseCard, { params: { id: context.field('id') } })
  return goTo('/billing?done=chosen')
})

/** `POST /billing/card-remove`. */
export const dropCard = withTrouble('card', showBilling, async (context, live) => {
  await operate(context, live, removeCard, { params: { id: context.field('id') } })
  return goTo('/billing?done=removed')
})

/** `POST /billing/top-up`. */
export const setTopUp = withTrouble('topup', showBilling, async (context, live) => {
  const { field } = context
  const month = field('month').trim()
  await operate(context, live, changeBilling, { body: { auto_topup: {
    enabled: field('enabled') === 'yes', threshold_usd: amountIn(field('threshold')), amount_usd: amountIn(field('amount')), monthly_max_usd: month === '' ? null : amountIn(month),
  } } })
  return goTo('/billing?done=topup')
})

/** `POST /billing/payer`: what receipts say from now on. */
export const setPayer = withTrouble('payer', showBilling, async (context, live) => {
  const { field } = context
  // Browsers end lines of a form with two characters.
  await operate(context, live, changeBilling, { body: { name: field('name'), address: field('address').replaceAll('\r\n', '\n'), tax_id: field('tax_id'), email: field('email') } })
  return goTo('/billing?done=payer')
})

/** `POST /billing/refund`: what is unused of a purchase. */
export const giveBack = withTrouble('refund', showBilling, async (context, live) => {
  await operate(context, live, refundPurchase, { params: { id: context.field('id') } })
  return goTo('/billing?done=refund')
})

/** An amount as people write it; what is none is the API's to refuse. */
function amountIn(text: string): string {
  return text.trim().replace(/^\$\s*/, '')
}

async function comeBack({ api: { billing }, url }: PageContext, accountId: string): Promise<Html | Shown | null> {
  const id = url.searchParams.get('purchase')
  const card = url.searchParams.get('card')
  if (id === null) return said('good', card === 'saved' ? 'Your card is saved.' : null) ?? said('bad', card === 'cancelled' ? 'You came back without saving a card.' : null)
  try {
    return outcome(await billing.purchase(accountId, id), url.searchParams.get('cancelled') === 'true')
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== 'not_found') throw error
    return { form: '', trouble: 'There is no such purchase in the account that you look at. If you have several, switch to the one that you bought for.', status: error.status }
  }
}

async function buyerBody(context: PageContext, live: LiveSession, shown: Shown | undefined): Promise<Html> {
  const { api: { billing, instance: { settings } }, clock } = context
  const { accountId } = accessOfSession(live, 'billing.read')
  const offset = offsetIn(context)
  const isOpen = settings.moneyEnabled && billing.takesCards
  const [payer, { rows, total }, saved] = await Promise.all([billing.payer(accountId), billing.list(accountId, { offset, limit: ROWS }), isOpen ? savedCards(context, accountId) : null])
  const typed = (form: string) => typedIn(context, shown, form)
  return html`${isOpen ? html`<section><h2>Buy credit</h2>${buyForm(typed('buy'), settings.purchases)}</section>
<section><h2>Saved cards</h2>${cardsBody(saved)}</section>
<section><h2>Automatic top-up</h2>${topUpForm(typed('topup'), payer, settings.purchases.amountMin, shown?.form === 'topup')}</section>` : settings.moneyEnabled && noCards(live)}
${(isOpen || total > 0) && html`<section><h2>Purchases</h2>${rows.length === 0 ? html`<p class="soft">There are none yet.</p>` : html`<ul class="list">${rows.map((row) => html`<li class="entry">${purchaseEntry(row, clock.wallMs(), isOpen)}</li>`)}</ul>`}
${paging('/billing', { offset, size: ROWS, hasMore: offset + rows.length < total })}${payerForm(typed('payer'), payer, shown?.form === 'payer')}</section>`}`
}

/** Without the payment provider the rest of the page is there all the same. */
async function savedCards({ api: { billing } }: PageContext, accountId: string): Promise<Parameters<typeof cardsBody>[0]> {
  try {
    return await billing.cards(accountId)
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    return null
  }
}

function noCards(live: LiveSession): Html {
  return html`<section><h2>Buy credit</h2><p>Nobody takes cards here: the operator of this install gives credit.</p>${live.isOperator && html`<p class="soft">That is you: <code>switchyard accounts grant ${live.accountId} 25</code>, or <a href="/docs/billing">set up Stripe</a>.</p>`}</section>`
}

async function memberBody({ people, api: { billing, instance: { settings } } }: PageContext, live: LiveSession): Promise<Piece> {
  if (!settings.moneyEnabled) return null
  if (!billing.takesCards) return noCards(live)
  const { rows } = await people.listMembers(live.accountId, { offset: 0, limit: MEMBERS })
  const admins = rows.filter(({ role, user }) => role === 'admin' && user.disabledMs === null)
  return html`<section><h2>Buy credit</h2><p>Admins do that. Ask one of them:</p><ul class="list">${admins.map(({ user }) => html`<li><span>${userName(user)}</span><small>${user.email}</small></li>`)}</ul></section>`
}
