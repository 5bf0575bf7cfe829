import { userName } from '../../accounts/user.ts'
import type { LiveSession } from '../../accounts/sign-in-store.ts'
import { readerOf } from '../api/notifications.ts'
import { accessOfSession } from '../session.ts'
import { minuteOf, pageLinks } from './account-page.ts'
import { html, type Html, type Piece } from './html.ts'
import { goTo, page, said } from './layout.ts'
import { emailForm } from './leaving-pages.ts'
import { ask, type PageContext } from './page-context.ts'
import { secondFactor } from './second-factor-pages.ts'
import { newPassword, troubleOf } from './sign-in-pages.ts'

/** A handler for those who are signed in; others sign in first, and come back. */
export function forPerson(handle: (context: PageContext, live: LiveSession) => Promise<Response> | Response): (context: PageContext) => Promise<Response> | Response {
  return (context) => (context.live ? handle(context, context.live) : goTo(context.request.method === 'GET' && context.url.pathname !== '/' ? `/sign-in?next=${encodeURIComponent(context.url.pathname)}` : '/sign-in'))
}

/** `GET /`. */
export async function showHome({ people, api: { notices } }: PageContext, live: LiveSession): Promise<Response> {
  const [accounts, { unread }] = await Promise.all([people.accountsOf(live.user.id), notices.desk.list(readerOf(accessOfSession(live, 'notifications.read')), { offset: 0, limit: 1 })])
  const current = accounts.find(({ account }) => account.id === live.accountId)
  return page({ title: 'Home', isWide: true, body: html`<section><h1>${userName(live.user)}</h1>${live.impersonatedBy !== null && said('bad', "You are looking through this person's eyes. Sign out to end it.")}
<p class="soft">${live.user.email}${live.isOperator && html` · runs this install`}</p>
<form method="post" action="/account" class="row"><label>Account<select name="account_id">${accounts.map(({ account, role }) => html`<option value="${account.id}"${account.id === live.accountId && html` selected`}>${account.name || 'Personal'} (${account.kind === 'personal' ? 'your own' : role})</option>`)}</select></label><button class="plain">Switch</button></form>
<p class="soft more">You are in <strong>${current?.account.name ?? ''}</strong>.</p></section>
<section><ul class="list ways"><li><a href="/keys">Keys</a><small>what programs call models with, and what each may spend</small></li><li><a href="/members">Members</a><small>who is in, and who is invited</small></li>
<li><a href="/billing">Billing</a><small>credit, cards, receipts</small></li><li><a href="/notifications">Notifications</a><small>what is used up, and what is left${unread > 0 && html`: <strong>${unread} new</strong>`}</small></li><li><a href="/security">Security</a><small>password, second factor, passkeys, where you are signed in</small></li></ul>
<p class="soft">There is more in the <a href="/docs/api">API</a> and at the command line.</p></section>
<form method="post" action="/sign-out"><button class="plain">Sign out</button></form>` })
}

/** `POST /account`: looks at another account from now on. */
export async function switchAccount({ field, signIn }: PageContext, live: LiveSession): Promise<Response> {
  // Where it is none of theirs nothing changes, and the page shows it.
  await signIn.store.chooseAccount(live.id, field('account_id'))
  return goTo('/')
}

/** `POST /sign-out`. */
export async function signOut(context: PageContext): Promise<Response> {
  const answer = await ask(context, { path: '/sign-out', body: {} })
  return goTo('/sign-in', answer.cookies)
}

interface SecurityShown { readonly trouble?: string; readonly good?: string; readonly status?: number; readonly cookies?: readonly string[] }

/** `GET /security`. */
export async function showSecurity(context: PageContext, live: LiveSession, { trouble, good, status = 200, cookies = [] }: SecurityShown = {}): Promise<Response> {
  const { signIn, clock } = context
  const mine = [{ field: 'userId', operator: 'eq', value: live.user.id, isOr: false }] as const
  const [sessions, passkeys, passwords, user] = await Promise.all([
    signIn.store.sessionsOf(live.user.id, clock.wallMs()), signIn.store.findSignIn({ model: 'passkey', where: mine }), signIn.store.countSignIn({ model: 'account', where: [...mine, { field: 'providerId', operator: 'eq', value: 'credential', isOr: false }] }),
    signIn.store.findSignIn({ model: 'user', where: [{ field: 'id', operator: 'eq', value: live.user.id, isOr: false }] }),
  ])
  const hasTwoFactor = user[0]?.['twoFactorEnabled'] === true
  return page({ title: 'Security', isWide: true, hasScript: true, status, cookies, body: html`${pageLinks('/security')}<h1>Security</h1>${said('bad', trouble)}${said('good', good)}
<section><h2>E-mail address</h2>${emailForm(String(user[0]?.['email'] ?? live.user.email), passwords > 0)}</section>
${passwords > 0 ? html`<section><h2>Password</h2><form method="post" action="/security/password"><label>Password now<input name="current" type="password" autocomplete="current-password" required></label>${newPassword('New password')}<button class="plain">Change it</button></form></section>
<section><h2>Second factor</h2>${secondFactor(hasTwoFactor)}</section>` : html`<section><h2>Password</h2><p class="soft">You have none. <a href="/forgot-password">Set one by letter</a>; a second factor comes with it.</p></section>`}
<section><h2>Passkeys</h2>${list(passkeys.map((key) => html`<span>${String(key['name'] ?? 'Passkey')}</span><form method="post" action="/security/passkey-remove"><input type="hidden" name="id" value="${String(key['id'])}"><button class="plain small">Remove</button></form>`))}
<form class="hidden" data-passkey="add" data-next="/security"><p class="bad hidden" role="alert" data-trouble></p><label>Name<input name="name" maxlength="100" placeholder="Laptop"></label><button class="plain">Add a passkey</button></form></section>
<section><h2>Where you are signed in</h2>${list(sessions.map(({ id, ipAddress, userAgent, createdMs }) => html`<span>${browserOf(userAgent ?? '')}<br><small>${ipAddress || 'unknown address'} · since ${minuteOf(createdMs)}</small></span>${id === live.id ? html`<small>here</small>` : html`<form method="post" action="/security/end"><input type="hidden" name="id" value="${id}"><button class="plain small">End</button></form>`}`))}
${sessions.length > 1 && html`<form method="post" action="/security/end"><button class="plain">End all others</button></form>`}</section>
<p class="soft"><a href="/security/delete">Delete yourself</a></p>` })
}

/** `Firefox on Linux`, as far as browsers say so. Each of them claims to be most of the others: the first that fits is the one. */
function browserOf(userAgent: string): string {
  const named = (pairs: readonly (readonly [sign: RegExp, name: string])[]) => pairs.find(([sign]) => sign.test(userAgent))?.[1]
  const browser = named([[/Edg\//, 'Edge'], [/OPR\//, 'Opera'], [/Firefox\//, 'Firefox'], [/Chrome\//, 'Chrome'], [/Safari\//, 'Safari']]) ?? (userAgent.slice(0, 60) || 'Unknown')
  const system = named([[/iPhone|iPad/, 'iOS'], [/Android/, 'Android'], [/Windows/, 'Windows'], [/Mac OS X/, 'macOS'], [/Linux/, 'Linux']])
  return system === undefined ? browser : `${browser} on ${system}`
}

function list(rows: readonly Html[]): Piece {
  return rows.length > 0 && html`<ul class="list">${rows.map((row) => html`<li>${row}</li>`)}</ul>`
}

/** `POST /security/password`. */
export async function changePassword(context: PageContext, live: LiveSession): Promise<Response> {
  const answer = await ask(context, { path: '/change-password', body: { currentPassword: context.field('current'), newPassword: context.field('password'), revokeOtherSessions: true } })
  return answer.isOk ? goTo('/security', answer.cookies) : await showSecurity(context, live, { trouble: troubleOf(answer), status: answer.status })
}

/** `POST /security/passkey-remove`. */
export async function removePasskey(context: PageContext, live: LiveSession): Promise<Response> {
  const answer = await ask(context, { path: '/passkey/delete-passkey', body: { id: context.field('id') } })
  return answer.isOk ? goTo('/security') : await showSecurity(context, live, { trouble: troubleOf(answer), status: answer.status })
}

/** `POST /security/end`: one session, or all others. */
export async function endSession({ field, signIn }: PageContext, live: LiveSession): Promise<Response> {
  const id = field('id')
  await signIn.store.endSessions(live.user.id, id === '' ? { exceptId: live.id } : { id })
  return goTo('/security')
}
