import type { KeyWish } from '../../accounts/apps/auth-code.ts'
import { withAnswer } from '../../accounts/apps/callback.ts'
import type { Actor } from '../../accounts/audit-entry.ts'
import type { LiveSession } from '../../accounts/sign-in-store.ts'
import { userName } from '../../accounts/user.ts'
import { Fault } from '../../core/fault.ts'
import { sayUsd } from '../../core/nano.ts'
import { checked } from '../api/body.ts'
import { KEY_WISH, wishOf } from '../api/key-wish.ts'
import { minuteOf, PERIODS } from './account-page.ts'
import { html, type Html } from './html.ts'
import { goTo, page, PAGE_HEADERS } from './layout.ts'
import type { PageContext } from './page-context.ts'

/** `GET /auth`: asks the person whether an app may have a key of theirs (contract H7, H8). */
export async function showConsent(context: PageContext): Promise<Response> {
  const { live, url, appGrants, people, workspaces } = context
  // What is wrong with it is said to whoever made the link, before anybody signs in for nothing.
  const said = checked(saidIn(url.searchParams), KEY_WISH)
  if (!live) {
    await wishOf({ ...said, workspace_id: undefined }, { accountId: '', userId: null, memberId: undefined }, context)
    return goTo(`/sign-in?next=${encodeURIComponent(`${url.pathname}${url.search}`)}`)
  }
  refuseOthersEyes(live)
  const { accountId, user } = live
  const wish = await wishOf(said, { accountId, userId: user.id, memberId: user.id }, context)
  const [account, workspace] = await Promise.all([people.account(accountId), workspaces.get(accountId, wish.workspaceId)])
  const token = await appGrants.ask(wish, live.id, actorOf(live))
  const who = wish.app?.title ?? 'An app'
  return withFormTarget(page({ title: `Let ${who} call models`, body: html`<section><h1>${who} wants a key of yours</h1>
<p>It could then call models, and what they cost is charged to <strong>${account?.name || 'your account'}</strong>${account?.kind === 'organization' && html`, workspace <strong>${workspace.name}</strong>`}. You are signed in as ${user.email}.</p>
<ul class="list">${facts(wish).map(([name, value]) => html`<li><span class="soft">${name}</span><span>${value}</span></li>`)}</ul>
${wish.app?.isLocal && html`<p class="soft">This is a program on the machine that you sit at. If you have not just started one, say no.</p>`}
<form method="post" action="/auth"><input type="hidden" name="token" value="${token}"><button name="answer" value="allow">Allow</button><button class="plain" name="answer" value="deny">Deny</button></form></section>
<p class="soft">You can end it at any time: the key is one of yours. Another account? <a href="/">Switch</a>, and go back to the app.</p>` }), wish.callbackUrl)
}

/** `POST /auth`: yes, or no. */
export async function answerConsent(context: PageContext): Promise<Response> {
  const { live, field, appGrants } = context
  if (!live) throw new Fault('unauthenticated', 'You are not signed in any more. Go back to the app and begin again.')
  refuseOthersEyes(live)
  const session = { sessionId: live.id, accountId: live.accountId, userId: live.user.id }
  const answer = field('answer')
  if (answer === 'deny') {
    const { callbackUrl } = await appGrants.deny(field('token'), session)
    return callbackUrl === null ? page({ title: 'Denied', body: html`<section><h1>Denied</h1><p>No key was made. You can close this page.</p></section>` }) : leaveFor(withAnswer(callbackUrl, { error: 'access_denied' }))
  }
  if (answer !== 'allow') throw new Fault('invalid_request', 'Answer with Allow or Deny.')
  const { code, asked } = await appGrants.allow(field('token'), session, actorOf(live))
  return asked.callbackUrl === null ? showCode(code) : leaveFor(withAnswer(asked.callbackUrl, { code }))
}

/** Where there is nobody to send the person back to, they carry the code over (contract H8). */
function showCode(code: string): Response {
  return page({ title: 'Your code', body: html`<section><h1>Your code</h1><p>Copy it into the program that asked for it, within ten minutes. It works once.</p><p><code>${code}</code></p></section>` })
}

/** The parameters as a body would have them. Each is taken once: which of two is meant nobody can know. */
function saidIn(query: URLSearchParams): Record<string, unknown> {
  const said: Record<string, unknown> = {}
  for (const name of Object.keys(KEY_WISH.shape)) {
    const values = query.getAll(name)
    if (values.length > 1) throw new Fault('invalid_request', `The parameter \`${name}\` is given ${values.length} times; give it once.`)
    const [value] = values
    if (value !== undefined && value !== '') said[name] = name === 'limit' ? Number(value) : value
  }
  return said
}

function facts({ app, callbackUrl, limit, limitReset, keyExpiresMs, keyName }: KeyWish): [string, Html | string][] {
  return [
    ['Who asks', app ? html`<strong>${callbackUrl === null ? app.title : new URL(callbackUrl).host}</strong>` : 'a program that shows you no address: you carry the code over yourself'],
    ['It may use', limit === null ? 'as much as the account has: it asks for no limit' : `${sayUsd(limit)}${limitReset === null ? ' in all' : ` ${PERIODS[limitReset]}`}`],
    ['Until', keyExpiresMs === null ? 'you delete the key' : minuteOf(keyExpiresMs)],
    ['Name of the key', keyName],
  ]
}

function refuseOthersEyes({ impersonatedBy }: LiveSession): void {
  if (impersonatedBy !== null) throw new Fault('permission_denied', "You are looking through somebody's eyes: apps are let in by people themselves.")
}

function actorOf({ user }: LiveSession): Actor {
  return { kind: 'user', id: user.id, name: userName(user), userId: user.id }
}

/** Browsers let a form lead on only to where the page's policy says, and apps may send people on from there. */
function withFormTarget(response: Response, callbackUrl: string | null): Response {
  const target = callbackUrl === null ? '' : ` ${callbackUrl.startsWith('https:') ? 'https:' : 'http:'}`
  response.headers.set('content-security-policy', PAGE_HEADERS['content-security-policy'].replace("form-action 'self'", `form-action 'self'${target}`))
  return response
}

/** Out of here. `url` is a callback that was checked. */
function leaveFor(url: string): Response {
  return new Response(null, { status: 303, headers: { ...PAGE_HEADERS, location: url, 'referrer-policy': 'no-referrer' } })
}
