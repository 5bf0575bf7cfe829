import { parseObject } from '../../core/json.ts'
import { PASSWORD_CHARS } from '../sign-in/names.ts'
import { html } from './html.ts'
import { goTo, page, said } from './layout.ts'
import { ask, type PageContext } from './page-context.ts'
import { landing, linkTrouble, showSignIn } from './sign-in-pages.ts'

const MADE_COOKIE = 'switchyard.made'
const MADE_SECONDS = 86_400
const TRIES = { windowMs: 15 * 60_000, max: 30 }

/** For the browser that has shown the password of an account whose address is not confirmed yet. Of an id that is nobody's it is worth nothing. */
export async function madeCookie({ signIn: { secret, site } }: Pick<PageContext, 'signIn'>, userId: string): Promise<string> {
  const { sign } = await secret.load()
  return `${MADE_COOKIE}=${sign(made(userId))}; Path=/; Max-Age=${MADE_SECONDS}; HttpOnly; SameSite=Lax${site.isSecure ? '; Secure' : ''}`
}

/** `GET /verify-email`: a button, since machines that look through letters follow links too. */
export async function showConfirm(context: PageContext, trouble?: string, status = 200): Promise<Response> {
  const hash = await passwordToShow(context)
  return page({ title: 'Confirm your address', status, body: html`<section><h1>Confirm your address</h1>${said('bad', trouble)}${hash === undefined ? html`<p>One click, and the address is yours here.</p>`
    : html`<p>The account was made in another browser: type the password that was chosen there. If it was not you, <a href="/forgot-password">set one of your own by letter</a>, and nobody else gets in.</p>`}
<form method="post" action="/verify-email"><input type="hidden" name="token" value="${context.field('token')}">${hash !== undefined && html`<label>Password<input name="password" type="password" autocomplete="current-password" required maxlength="${PASSWORD_CHARS.max}"></label>`}
<button>Confirm your address</button></form></section>` })
}

/**
 * `POST /verify-email`. Who reads the letter need not be who made the account: anybody can make one with the address of somebody else, and would come in
 * with a password of theirs once the owner of the address has confirmed it. So who confirms has shown the password, in this browser before, or now.
 */
export async function verifyEmail(context: PageContext): Promise<Response> {
  const { signIn, field } = context
  const hash = await passwordToShow(context)
  if (hash !== undefined) {
    const password = field('password')
    if (password === '') return await showConfirm(context)
    await signIn.count([{ key: `password to confirm ${field('token').slice(-64)}`, ...TRIES }])
    if (password.length > PASSWORD_CHARS.max || !await Bun.password.verify(password, hash)) return await showConfirm(context, 'This is not the password that the account was made with.', 401)
  }
  const answer = await ask(context, { method: 'GET', path: '/verify-email', query: { token: field('token') } })
  if (!answer.isOk) return showSignIn(context, { trouble: linkTrouble(answer), status: 400 })
  return answer.cookies.length > 0 ? goTo(...landing(context, answer.cookies)) : showSignIn(context, { good: 'Your address is confirmed. Sign in.' })
}

/** The hash of the password that has to be shown; undefined where none has, or the link is none: the sign-in library says so. */
async function passwordToShow({ signIn: { secret, store }, field, request }: PageContext): Promise<string | undefined> {
  const { isSignature } = await secret.load()
  const [, signed = '', payload = '', signature = ''] = /^([\w-]+\.([\w-]+))\.([\w-]+)$/.exec(field('token')) ?? []
  // Of a link that is not ours nothing is looked up: nobody learns who is here.
  if (!isSignature(signed, signature)) return undefined
  const email = parseObject(Buffer.from(payload, 'base64url').toString())?.['email']
  const [user] = await store.findSignIn({ model: 'user', where: [equal('email', String(email).toLowerCase())] })
  if (!user || user['emailVerified'] === true) return undefined
  const [credential] = await store.findSignIn({ model: 'account', where: [equal('userId', String(user['id'])), equal('providerId', 'credential')] })
  const password = credential?.['password']
  return typeof password === 'string' && !isSignature(made(String(user['id'])), shownIn(request)) ? password : undefined
}

function equal(field: string, value: string) {
  return { field, operator: 'eq', value, isOr: false } as const
}

function made(userId: string): string {
  return `made ${userId}`
}

function shownIn(request: Request): string {
  return (request.headers.get('cookie') ?? '').split(/;\s*/).find((part) => part.startsWith(`${MADE_COOKIE}=`))?.slice(MADE_COOKIE.length + 1) ?? ''
}
