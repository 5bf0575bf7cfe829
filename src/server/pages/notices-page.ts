import { mayDo } from '../../accounts/roles.ts'
import type { LiveSession } from '../../accounts/sign-in-store.ts'
import { formatUsd, sayUsd } from '../../core/nano.ts'
import type { AlertSettings } from '../../notices/alert-settings.ts'
import { sayAllowance, sayForecast } from '../../notices/alert-text.ts'
import type { PacedAllowance } from '../../notices/allowance.ts'
import { percentUsed } from '../../notices/forecast.ts'
import type { NoticeRow } from '../../notices/notice-store.ts'
import { ownerOnly } from '../access.ts'
import { changeNotificationSettings, readerOf, readNotifications } from '../api/notifications.ts'
import { accessOfSession } from '../session.ts'
import { accountPage, doneIn, facts, minuteOf, offsetIn, paging } from './account-page.ts'
import { html, type Html, type Piece } from './html.ts'
import { goTo } from './layout.ts'
import { operate, typedIn, withTrouble, type Shown } from './operate.ts'
import type { PageContext } from './page-context.ts'

const ROWS = 20
const ALLOWANCES = 50

const DONE = { read: 'All are read.', settings: 'Saved.' }

/** `GET /notifications`: what people were told, and what is left and until when it lasts; admins say when, and who, is told. */
export async function showNotices(context: PageContext, live: LiveSession, shown?: Shown): Promise<Response> {
  const { api: { notices: { desk } } } = context
  const offset = offsetIn(context)
  const [{ rows, total, unread }, allowances, settings] = await Promise.all([
    desk.list(readerOf(accessOfSession(live, 'notifications.read')), { offset, limit: ROWS }),
    desk.allowances(live.accountId, { userId: ownerOnly(accessOfSession(live, 'forecast.read')), limit: ALLOWANCES }),
    mayDo(live.role, 'notification_settings.change') ? desk.settings(live.accountId) : undefined,
  ])
  const nowMs = context.clock.wallMs()
  return await accountPage(context, live, { title: 'Notifications', shown, good: doneIn(context, DONE), body: html`<section><h2>What you were told</h2>
${rows.length === 0 ? html`<p class="soft">Nothing yet.</p>` : html`<ul class="list">${rows.map((row) => html`<li class="entry">${noticeEntry(row)}</li>`)}</ul>`}${paging('/notifications', { offset, size: ROWS, hasMore: offset + rows.length < total })}
${unread > 0 && html`<form method="post" action="/notifications/read"><button class="plain">Mark all as read</button></form>`}</section>
<section><h2>What is left</h2>${allowances.length === 0 ? html`<p class="soft">Nothing here has a limit.</p>` : html`<ul class="list">${allowances.map((allowance) => html`<li class="entry">${allowanceEntry(allowance, nowMs)}</li>`)}</ul>`}</section>
${settings && html`<section><h2>Who is told, and when</h2>${settingsForm(typedIn(context, shown, 'settings'), settings, shown?.form === 'settings')}</section>`}` })
}

/** `POST /notifications/read`: all that they see. */
export const readNotices = withTrouble('read', showNotices, async (context, live) => {
  await operate(context, live, readNotifications)
  return goTo('/notifications?done=read')
})

/** `POST /notifications/settings`. */
export const setNotices = withTrouble('settings', showNotices, async (context, live) => {
  const { field } = context
  const wordsOf = (name: string): string[] => field(name).split(/[\s,;]+/).filter((word) => word !== '')
  // What is no number is the API's to refuse.
  const numbersOf = (name: string): number[] => wordsOf(name).map((word) => Number(word.replace(/^\$|%$/g, '')))
  await operate(context, live, changeNotificationSettings, { body: {
    thresholds: { percent: numbersOf('percent'), balance_usd: numbersOf('balance') },
    recipients: { admins: field('admins') === 'yes', key_owner: field('key_owner') === 'yes', addresses: wordsOf('addresses') },
    channels: { email: field('email') === 'yes', webhook: field('webhook') === 'yes' },
  } })
  return goTo('/notifications?done=settings')
})

function noticeEntry({ title, text, atMs, readMs }: NoticeRow): Html {
  return html`<div class="head"><strong>${title}</strong>${readMs === null && html`<span class="badge">new</span>`}</div><small>${minuteOf(atMs)}</small>${text.split('\n\n').map((paragraph) => html`<p class="soft">${paragraph}</p>`)}`
}

function allowanceEntry(allowance: PacedAllowance, nowMs: number): Html {
  const { cap, used } = allowance
  const name = sayAllowance(allowance)
  const forecast = sayForecast(allowance, nowMs)
  return html`<strong>${name.charAt(0).toUpperCase()}${name.slice(1)}</strong>${facts([['Used', `${sayUsd(used)} (${percentUsed(allowance)}%)`], ['Of', sayUsd(cap)], ['Left', sayUsd(cap > used ? cap - used : 0n)]])}${forecast !== '' && html`<p class="soft more">${forecast}</p>`}`
}

function settingsForm(typed: (name: string, fresh?: string) => string, { percents, balances, recipients, channels }: AlertSettings, isSent: boolean): Html {
  const check = (name: string, isOn: boolean, words: string): Piece => html`<label class="check"><input name="${name}" type="checkbox" value="yes"${(isSent ? typed(name) === 'yes' : isOn) && html` checked`}>${words}</label>`
  return html`<form method="post" action="/notifications/settings"><div class="names"><label>At so many percent of a limit or budget<input name="percent" maxlength="100" value="${typed('percent', percents.join(', '))}"></label>
<label>Below so many USD of credit<input name="balance" maxlength="200" value="${typed('balance', balances.map(formatUsd).join(', '))}"></label></div>
${check('admins', recipients.admins, 'Admins are told of everything')}${check('key_owner', recipients.keyOwner, 'Whose key it is, of the key')}
<label>And these addresses, of everything<input name="addresses" maxlength="4000" placeholder="finance@example.com" value="${typed('addresses', recipients.addresses.join(', '))}"></label>
${check('email', channels.email, 'By letter')}${check('webhook', channels.webhook, 'By webhook')}<button class="plain">Save</button></form>`
}
