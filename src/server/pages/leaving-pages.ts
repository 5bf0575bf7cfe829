import { hashSecret } from '../../accounts/account-book.ts'
import type { LeaveRefusal } from '../../accounts/own-account.ts'
import type { LiveSession } from '../../accounts/sign-in-store.ts'
import { readEmail } from '../../accounts/user.ts'
import { Fault } from '../../core/fault.ts'
import { sayUsd } from '../../core/nano.ts'
import { randomText } from '../../lib/id.ts'
import { lettersTo } from '../sign-in/attempts.ts'
import { html, type Html } from './html.ts'
import { goTo, page, said } from './layout.ts'
import { showSecurity } from './own-pages.ts'
import { ask, type PageContext } from './page-context.ts'
import { showSignIn, troubleOf } from './sign-in-pages.ts'

const HOUR_MS = 3_600_000
const TOKEN_CHARS = 43
/** Without a password, so long after signing in somebody is taken for who they are. */
const FRESH_MS = 24 * HOUR_MS
const PASSWORDS = { windowMs: HOUR_MS / 4, max: 30 }

/** What *Security* shows of the address. */
export function emailForm(email: string, hasPassword: boolean): Html {
  return html`<p>${email}</p><form method="post" action="/security/email"><label>New address<input name="email" type="email" autocomplete="email" required maxlength="254"></label>${hasPassword && passwordField}<button class="plain">Change it</button></form>`
}

const passwordField = html`<label>Password<input name="password" type="password" autocomplete="current-password" required></label>`

/** `POST /security/email`: a link goes to the new address. The page is the same whether somebody has it or not. */
export async function askForEmail(context: PageContext, live: LiveSession): Promise<Response> {
  const { signIn, clock, field } = context
  const { store, letters, site } = signIn
  try {
    const email = readEmail(field('email').trim())
    if (email === live.user.email) throw new Fault('invalid_request', 'This is your address already.')
    // With an address elsewhere they would come in by themselves, also when the organization lets them in no more.
    const connection = await signIn.external?.sso.enforced(live.user.email)
    if (connection) throw new Fault('conflict', `Your organization signs you in with ${connection.name}, by this address: it stays as it is.`)
    await checkItIsThem(context, live)
    await signIn.count([lettersTo('change-email', live.user.id), lettersTo('change-email', email)])
    const token = randomText(TOKEN_CHARS)
    const nowMs = clock.wallMs()
    const refusal = await store.wishEmail({ userId: live.user.id, email, sessionId: live.id, tokenHash: hashSecret(token), expiresMs: nowMs + HOUR_MS }, nowMs)
    if (refusal === 'kept_by_directory') throw keptByDirectory()
    if (refusal === 'taken') await letters.sendKnown(email, `${site.url}/sign-in`)
    else await letters.send({ purpose: 'change_email', email, url: `${site.url}/change-email?token=${token}`, lastsMs: HOUR_MS })
    return await showSecurity(context, live, { good: letters.isByMail ? `We have sent a letter to ${email}. Its link, which holds for an hour, makes it your address.` : 'This server sends no letters: its operator has the link for your new address, and passes it on to you.' })
  } catch (error) {
    return await showSecurity(context, live, troubleIn(error))
  }
}

/** `POST /change-email`: whoever has the link reads what comes to the address. The old one is told. */
export async function changeEmail(context: PageContext): Promise<Response> {
  const { signIn: { store, letters }, clock, live, field } = context
  const changed = await store.changeEmail(hashSecret(field('token')), clock.wallMs())
  if (typeof changed === 'object') {
    await letters.sendMoved(changed)
    return live ? goTo('/security') : showSignIn(context, { email: changed.after, good: 'Your address is changed. Sign in with it.' })
  }
  const words = { over: 'This link has been used, or its time is over. Ask for a new one.', taken: 'Somebody has made an account with this address meanwhile.', kept_by_directory: keptByDirectory().message }[changed]
  return page({ title: 'Nothing was changed', status: 400, body: html`<section><h1>Nothing was changed</h1><p class="bad" role="alert">${words}</p></section><p class="soft"><a href="/security">Security</a></p>` })
}

/** `GET /security/delete`: what goes, what stays, and the money that would be lost. */
export async function showLeave(context: PageContext, live: LiveSession, trouble?: string, status = 200): Promise<Response> {
  const { signIn: { store }, people, accounts } = context
  const [refusal, mine, hasPassword] = await Promise.all([store.whyNotLeave(live.user.id), people.accountsOf(live.user.id), hasPasswordOf(context, live)])
  const own = mine.find(({ account }) => account.kind === 'personal')
  const { total, used } = own ? await accounts.credits(own.account.id) : { total: 0n, used: 0n }
  const left = total - used
  const organizations = mine.filter(({ account }) => account.kind === 'organization')
  return page({ title: 'Delete yourself', status, body: html`<section><h1>Delete yourself</h1>${said('bad', trouble)}
${left > 0n && html`<p class="bad">Your own account has ${sayUsd(left)} left. It is lost with it: nobody pays it out afterwards.</p>`}
<p>Your own account goes, with its keys, workspaces, settings, log and the records of its calls, and so does all with which you sign in.${organizations.length > 0 && html` You leave ${organizations.map(({ account }) => account.name).join(', ')}; keys that you made there are disabled.`}</p>
<p class="soft">What stays is the ledger: what was paid and spent, without your name or address. What you changed stays in the logs of organizations. This cannot be undone.</p>
${refusal ? html`<p class="bad" role="alert">${whyNot(refusal)}</p>` : html`<form method="post" action="/security/delete"><label>Your e-mail address, to be sure<input name="email" type="email" autocomplete="off" required maxlength="254"></label>${hasPassword && passwordField}<button>Delete me for ever</button></form>`}</section><p class="soft"><a href="/security">Back to security</a></p>` })
}

/** `POST /security/delete`. */
export async function leave(context: PageContext, live: LiveSession): Promise<Response> {
  const { signIn: { store }, clock, field } = context
  try {
    if (field('email').trim().toLowerCase() !== live.user.email) throw new Fault('invalid_request', 'This is not your address.')
    await checkItIsThem(context, live)
    const left = await store.leave(live.user.id, clock.wallMs())
    if ('reason' in left) throw new Fault('conflict', whyNot(left))
    for (let removed = 1; removed > 0;) removed = await store.forgetLeft(left.accountId)
    return goTo('/sign-in')
  } catch (error) {
    const { trouble, status } = troubleIn(error)
    return await showLeave(context, live, trouble, status)
  }
}

function whyNot(refusal: LeaveRefusal): string {
  if (refusal.reason === 'last_operator') return 'You are the last who runs this install: make somebody else an operator first.'
  const names = refusal.organizations.join(', ')
  return refusal.reason === 'last_admin' ? `You are the last admin of ${names}: make somebody else one first, or have the operator close it.` : `The directory of ${names} keeps you: whoever runs it takes you out there first.`
}

function keptByDirectory(): Fault {
  return new Fault('conflict', "Your organization's directory keeps your address: it is changed there.")
}

/** Whoever found the browser open changes nothing that matters. Throws Fault. */
async function checkItIsThem(context: PageContext, live: LiveSession): Promise<void> {
  if (!await hasPasswordOf(context, live)) {
    if (context.clock.wallMs() - live.createdMs <= FRESH_MS) return
    throw new Fault('permission_denied', 'You signed in a while ago: sign out and in again for this.')
  }
  await context.signIn.count([{ key: `password of ${live.user.id}`, ...PASSWORDS }])
  const answer = await ask(context, { path: '/verify-password', body: { password: context.field('password') } })
  if (!answer.isOk) throw new Fault('permission_denied', troubleOf(answer))
}

async function hasPasswordOf({ signIn: { store } }: PageContext, live: LiveSession): Promise<boolean> {
  return await store.countSignIn({ model: 'account', where: [{ field: 'userId', operator: 'eq', value: live.user.id, isOr: false }, { field: 'providerId', operator: 'eq', value: 'credential', isOr: false }] }) > 0
}

function troubleIn(error: unknown): { readonly trouble: string; readonly status: number } {
  if (!(error instanceof Fault) || error.status >= 500) throw error
  return { trouble: error.message, status: error.status }
}
