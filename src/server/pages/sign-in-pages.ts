import { userName } from '../../accounts/user.ts'
import { asObject, asString } from '../../core/json.ts'
import { PASSWORD_CHARS } from '../sign-in/names.ts'
import { madeCookie } from './confirm-page.ts'
import type { Answer } from './form.ts'
import { html, type Html, type Piece } from './html.ts'
import { externalButtons, organizationOf } from './external-pages.ts'
import { goTo, page, said } from './layout.ts'
import { ask, nextOf, withNext, type PageContext } from './page-context.ts'

const NEXT_COOKIE = 'switchyard.next'
const NEXT_SECONDS = 86_400

interface SignInShown { readonly email?: string; readonly trouble?: string; readonly good?: string; readonly status?: number }

/** `GET /sign-in`. */
export function showSignIn(context: PageContext, { email = context.field('email'), trouble, good, status = 200 }: SignInShown = {}): Response {
  const next = nextOf(context)
  if (context.live && !trouble && !good) return goTo(next)
  return page({ title: 'Sign in', status, hasScript: true, body: html`<section><h1>Sign in</h1>${said('bad', trouble)}${said('good', good)}
<form method="post" action="/sign-in"><input type="hidden" name="next" value="${next}">${context.field('own') === 'yes' && html`<input type="hidden" name="own" value="yes">`}
<label>E-mail<input name="email" type="email" autocomplete="username webauthn" required maxlength="254" value="${email}" autofocus></label>
<label>Password<input name="password" type="password" autocomplete="current-password" required maxlength="${PASSWORD_CHARS.max}"></label>
<button>Sign in</button><button class="plain" formaction="/sign-in/link" formnovalidate>E-mail me a link instead</button>${context.signIn.external && html`<button class="plain" formaction="/sign-in/organization" formnovalidate>Sign in with your organization</button>`}</form>
${externalButtons(context)}
<form class="hidden" data-passkey="use" data-next="${next}"><p class="bad hidden" role="alert" data-trouble></p><button class="plain">Use a passkey</button></form></section>
<p class="soft"><a href="/forgot-password">Forgot your password?</a> · <a href="${withNext('/sign-up', next)}">Make an account</a></p>` })
}

/** `POST /sign-in`. */
export async function signIn(context: PageContext): Promise<Response> {
  const { field } = context
  // The operator gets in though an organization's provider is broken: docs/sso.md.
  const sent = field('own') === 'yes' ? undefined : await organizationOf(context, { isEnforced: true })
  if (sent) return sent
  const answer = await ask(context, { path: '/sign-in/email', body: { email: field('email').trim(), password: field('password') } })
  if (answer.code === 'EMAIL_NOT_VERIFIED') {
    const [user] = await context.signIn.store.findSignIn({ model: 'user', where: [{ field: 'email', operator: 'eq', value: field('email').trim().toLowerCase(), isOr: false }] })
    return checkMail(context, 'Confirm your address first', 'We have sent you a letter with a link. Open it, and you are in.', [await madeCookie(context, String(user?.['id']))])
  }
  if (!answer.isOk) return showSignIn(context, { trouble: troubleOf(answer), status: answer.status })
  return answer.json['twoFactorRedirect'] === true ? goTo(withNext('/two-factor', nextOf(context)), answer.cookies) : goTo(nextOf(context), answer.cookies)
}

/** `POST /sign-in/link`: a link by letter. The answer is the same for everybody. */
export async function sendLink(context: PageContext): Promise<Response> {
  const sent = context.field('own') === 'yes' ? undefined : await organizationOf(context, { isEnforced: true })
  if (sent) return sent
  const answer = await ask(context, { path: '/sign-in/magic-link', body: { email: context.field('email').trim() } })
  if (!answer.isOk) return showSignIn(context, { trouble: troubleOf(answer), status: answer.status })
  return checkMail(context, 'Look into your mail', 'If you may sign in here, a letter with a link is on its way to you. It holds for 15 minutes.')
}

/** `GET /magic-link`: a button, since machines that look through letters follow links too. */
export function showToken(title: string, words: string, action: string): (context: PageContext) => Response {
  return ({ field }) => page({ title, body: html`<section><h1>${title}</h1><p>${words}</p><form method="post" action="${action}"><input type="hidden" name="token" value="${field('token')}"><button>${title}</button></form></section>` })
}

/** `POST /magic-link`. */
export async function useMagicLink(context: PageContext): Promise<Response> {
  const answer = await ask(context, { method: 'GET', path: '/magic-link/verify', query: { token: context.field('token') } })
  if (answer.json['twoFactorRedirect'] === true) return goTo('/two-factor', answer.cookies)
  return answer.isOk ? goTo(...landing(context, answer.cookies)) : showSignIn(context, { trouble: linkTrouble(answer), status: 400 })
}

/** Where somebody wanted to go when they made themselves an account, a letter ago. */
export function landing({ request, signIn }: PageContext, cookies: readonly string[]): [string, string[]] {
  const kept = (request.headers.get('cookie') ?? '').split(/;\s*/).find((part) => part.startsWith(`${NEXT_COOKIE}=`))?.slice(NEXT_COOKIE.length + 1)
  if (kept === undefined) return ['/', [...cookies]]
  return [signIn.site.localPath(decoded(kept)), [...cookies, nextCookie('', 0, signIn.site.isSecure)]]
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    // Not one that we set.
    return '/'
  }
}

function nextCookie(next: string, seconds: number, isSecure: boolean): string {
  return `${NEXT_COOKIE}=${encodeURIComponent(next)}; Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Lax${isSecure ? '; Secure' : ''}`
}

/** `GET /sign-up`. */
export async function showSignUp(context: PageContext, trouble?: string, status = 200): Promise<Response> {
  const { field, live, signIn: { setUp } } = context
  const next = nextOf(context)
  if (live && !trouble) return goTo(next)
  return page({ title: 'Make an account', status, body: html`<section><h1>Make an account</h1>${said('bad', trouble)}
<form method="post" action="/sign-up"><input type="hidden" name="next" value="${next}">
<div class="names"><label>First name<input name="first_name" autocomplete="given-name" maxlength="100" value="${field('first_name')}"></label>
<label>Last name<input name="last_name" autocomplete="family-name" maxlength="100" value="${field('last_name')}"></label></div>
<label>E-mail<input name="email" type="email" autocomplete="username" required maxlength="254" value="${field('email')}"></label>
${newPassword('Password')}${await setUp.isAsked() && setUpField(field('setup_code'))}<button>Make an account</button></form></section>
<p class="soft">You have one? <a href="${withNext('/sign-in', next)}">Sign in</a></p>` })
}

/** `POST /sign-up`. */
export async function signUp(context: PageContext): Promise<Response> {
  const { field, signIn: { site } } = context
  const [firstName, lastName, setupCode] = [field('first_name'), field('last_name'), field('setup_code').trim()]
  const answer = await ask(context, { path: '/sign-up/email', body: { email: field('email').trim(), password: field('password'), name: userName({ firstName, lastName, email: field('email') }), firstName, lastName, setupCode } })
  if (!answer.isOk) return await showSignUp(context, troubleOf(answer), answer.status)
  const next = nextOf(context)
  // Whoever is known already gets an id here that is nobody's.
  const made = await madeCookie(context, asString(asObject(answer.json['user'])?.['id']) ?? '')
  return checkMail(context, 'Look into your mail', 'We have sent you a letter with a link that confirms your address. Open it, and you are in.', [made, ...(next === '/' ? [] : [nextCookie(next, NEXT_SECONDS, site.isSecure)])])
}

/** `GET /forgot-password`. */
export function showForgot({ field }: PageContext, trouble?: string, status = 200): Response {
  return page({ title: 'Forgot your password?', status, body: html`<section><h1>Forgot your password?</h1>${said('bad', trouble)}<p class="soft">We send you a link with which you set a new one.</p>
<form method="post" action="/forgot-password"><label>E-mail<input name="email" type="email" autocomplete="username" required maxlength="254" value="${field('email')}"></label><button>Send the link</button></form></section>${backToSignIn}` })
}

/** `POST /forgot-password`: the answer is the same for everybody. */
export async function forgot(context: PageContext): Promise<Response> {
  const answer = await ask(context, { path: '/request-password-reset', body: { email: context.field('email').trim() } })
  if (!answer.isOk) return showForgot(context, troubleOf(answer), answer.status)
  return checkMail(context, 'Look into your mail', 'If there is an account with this address, a letter with a link is on its way to you. It holds for an hour.')
}

/** `GET /reset-password`. */
export function showReset({ field }: PageContext, trouble?: string, status = 200): Response {
  return page({ title: 'Set a new password', status, body: html`<section><h1>Set a new password</h1>${said('bad', trouble)}<form method="post" action="/reset-password"><input type="hidden" name="token" value="${field('token')}">
${newPassword('New password')}<button>Set it</button></form><p class="soft more">You are signed out everywhere else.</p></section>${backToSignIn}` })
}

/** `POST /reset-password`. */
export async function reset(context: PageContext): Promise<Response> {
  const answer = await ask(context, { path: '/reset-password', body: { token: context.field('token'), newPassword: context.field('password') } })
  if (answer.isOk) return showSignIn(context, { good: 'Your password is set. Sign in with it.' })
  return showReset(context, answer.code === 'INVALID_TOKEN' ? 'This link has been used, or its hour is over. Ask for a new one.' : troubleOf(answer), answer.status)
}

/** `GET /two-factor`: the second step of signing in. */
export function showTwoFactor(context: PageContext, trouble?: string, status = 200): Response {
  const next = nextOf(context)
  return page({ title: 'Your code', status, body: html`<section><h1>Your code</h1>${said('bad', trouble)}
<form method="post" action="/two-factor"><input type="hidden" name="next" value="${next}">
<label>Six digits from your app, or a backup code<input name="code" inputmode="text" autocomplete="one-time-code" required maxlength="20" autofocus></label>
<label><input type="checkbox" name="trust" value="yes">Do not ask on this device for 30 days</label><button>Sign in</button></form></section>${backToSignIn}` })
}

/** `POST /two-factor`. */
export async function twoFactor(context: PageContext): Promise<Response> {
  const code = context.field('code').trim()
  const isTotp = /^\d{6}$/.test(code.replace(/\s/g, ''))
  const answer = await ask(context, { path: isTotp ? '/two-factor/verify-totp' : '/two-factor/verify-backup-code', body: { code: isTotp ? code.replace(/\s/g, '') : code, trustDevice: context.field('trust') === 'yes' } })
  return answer.isOk ? goTo(nextOf(context), answer.cookies) : showTwoFactor(context, troubleOf(answer), answer.status)
}

/** Words of ours for what people meet; those of the library for the rest. */
const TROUBLES: Readonly<Record<string, string>> = {
  INVALID_EMAIL_OR_PASSWORD: 'This e-mail address or this password is wrong.', INVALID_EMAIL: 'The e-mail address must be like name@example.com.',
  PASSWORD_TOO_SHORT: `The password must have at least ${PASSWORD_CHARS.min} characters.`, PASSWORD_TOO_LONG: `The password must have at most ${PASSWORD_CHARS.max} characters.`,
  INVALID_TWO_FACTOR_COOKIE: 'This took too long: sign in again.', INVALID_CODE: 'This code is wrong, or it is over.', INVALID_BACKUP_CODE: 'This code is wrong, or it was used.',
  TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE: 'Too many wrong codes: sign in again.', SESSION_NOT_FRESH: 'You signed in a while ago: sign out and in again for this.', INVALID_PASSWORD: 'This password is wrong.',
}

/** What went wrong, for people. */
export function troubleOf({ code, message, status }: Answer): string {
  if (status === 429 && code !== 'rate_limited') return 'Too many tries: wait a minute.'
  return TROUBLES[code] ?? message
}

export function linkTrouble({ code, message }: Answer): string {
  return ['INVALID_TOKEN', 'TOKEN_EXPIRED', 'USER_NOT_FOUND'].includes(code) ? 'This link has been used, or its time is over. Ask for a new one.' : code === 'NOT_INVITED' ? 'Accounts here are by invitation: ask somebody who is in for one.' : message
}

function checkMail({ signIn: { letters } }: PageContext, title: string, words: string, cookies: readonly string[] = []): Response {
  const operator = 'This server sends no letters. The link is in its log: if you run it, open it there. Otherwise ask who does, who sees it at GET /api/v1/instance/links, too.'
  return page({ title, cookies, body: html`<section><h1>${title}</h1><p>${letters.isByMail ? words : operator}</p></section>${backToSignIn}` })
}

function setUpField(code: string): Html {
  return html`<label>Set-up code<input name="setup_code" autocomplete="off" required maxlength="200" value="${code}"><small>Nobody runs this server yet: you will. The code is in its log, so that nobody else is first.</small></label>`
}

/** A field for a password that is new. */
export function newPassword(label: string): Html {
  return html`<label>${label}<input name="password" type="password" autocomplete="new-password" required minlength="${PASSWORD_CHARS.min}" maxlength="${PASSWORD_CHARS.max}"><small>At least ${PASSWORD_CHARS.min} characters.</small></label>`
}

const backToSignIn: Piece = html`<p class="soft"><a href="/sign-in">Back to sign-in</a></p>`

