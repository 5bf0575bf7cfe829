import { Fault } from '../../core/fault.ts'
import { ACCOUNT_FILES, ACCOUNT_PAGES } from './account-routes.ts'
import { showConfirm, verifyEmail } from './confirm-page.ts'
import { answerConsent, showConsent } from './consent-page.ts'
import { externalPage, toOrganization } from './external-pages.ts'
import { readForm } from './form.ts'
import { html } from './html.ts'
import { acceptInvitation, showInvitation } from './invitation-pages.ts'
import { endKey, showKey, showLogs } from './key-page.ts'
import { ICON, PAGE_HEADERS, page } from './layout.ts'
import { askForEmail, changeEmail, leave, showLeave } from './leaving-pages.ts'
import { changePassword, endSession, forPerson, removePasskey, showHome, showSecurity, signOut, switchAccount } from './own-pages.ts'
import type { PageContext, PageHandler } from './page-context.ts'
import { PASSKEY_SCRIPT } from './passkey-script.ts'
import { confirmTwoFactor, endTwoFactor, newBackupCodes, setUpTwoFactor } from './second-factor-pages.ts'
import { forgot, reset, sendLink, showForgot, showReset, showSignIn, showSignUp, showToken, showTwoFactor, signIn, signUp, twoFactor, useMagicLink } from './sign-in-pages.ts'
import { STYLE } from './style.ts'

interface PageRoute { readonly GET?: PageHandler; readonly POST?: PageHandler }

const PAGES: Readonly<Record<string, PageRoute>> = {
  '/': { GET: forPerson(showHome) },
  '/sign-in': { GET: (context) => showSignIn(context), POST: signIn },
  '/sign-in/link': { POST: sendLink },
  '/sign-in/organization': { POST: toOrganization },
  '/sign-up': { GET: (context) => showSignUp(context), POST: signUp },
  '/magic-link': { GET: showToken('Sign in', 'You asked for this link.', '/magic-link'), POST: useMagicLink },
  '/verify-email': { GET: (context) => showConfirm(context), POST: verifyEmail },
  '/forgot-password': { GET: (context) => showForgot(context), POST: forgot },
  '/reset-password': { GET: (context) => showReset(context), POST: reset },
  '/two-factor': { GET: (context) => showTwoFactor(context), POST: twoFactor },
  '/sign-out': { POST: signOut },
  '/auth': { GET: showConsent, POST: answerConsent },
  '/keys/{token}': { GET: showKey, POST: endKey },
  '/logs': { GET: showLogs },
  ...ACCOUNT_PAGES,
  '/account': { POST: forPerson(switchAccount) },
  '/security': { GET: forPerson((context, live) => showSecurity(context, live)) },
  '/security/password': { POST: forPerson(changePassword) },
  '/security/two-factor': { POST: forPerson(setUpTwoFactor) },
  '/security/two-factor-confirm': { POST: forPerson((context) => confirmTwoFactor(context)) },
  '/security/two-factor-off': { POST: forPerson(endTwoFactor) },
  '/security/email': { POST: forPerson(askForEmail) },
  '/change-email': { GET: showToken('Confirm your new address', 'You sign in with it from now on; your old address is told.', '/change-email'), POST: changeEmail },
  '/security/delete': { GET: forPerson((context, live) => showLeave(context, live)), POST: forPerson(leave) },
  '/security/backup-codes': { POST: forPerson(newBackupCodes) },
  '/security/passkey-remove': { POST: forPerson(removePasskey) },
  '/security/end': { POST: forPerson(endSession) },
  '/invitations/{token}': { GET: (context) => showInvitation(context), POST: acceptInvitation },
}

const FILES: Readonly<Record<string, readonly [text: string, type: string]>> = {
  '/pages/style.css': [STYLE, 'text/css; charset=utf-8'], '/pages/icon.svg': [ICON, 'image/svg+xml'], '/pages/passkeys.js': [PASSKEY_SCRIPT, 'text/javascript; charset=utf-8'], ...ACCOUNT_FILES,
}

/** What pages stand on. */
export type PageServices = Pick<PageContext, 'people' | 'accounts' | 'workspaces' | 'appGrants' | 'api' | 'signIn' | 'clock'>

/** The page of a path; undefined where there is none. Faults are pages here too. */
export async function pageOf(request: Request, path: string, address: string | undefined, services: PageServices): Promise<Response | undefined> {
  const file = Object.hasOwn(FILES, path) ? FILES[path] : undefined
  if (file) return new Response(file[0], { headers: { 'content-type': file[1], 'cache-control': 'public, max-age=300', 'x-content-type-options': PAGE_HEADERS['x-content-type-options'] } })
  const outside = await externalPage(request, path, { address, signIn: services.signIn })
  if (outside) return outside
  const [, folder = '', token] = (!Object.hasOwn(PAGES, path) && /^\/(invitations|keys)\/([^/]+)$/.exec(path)) || []
  const pattern = token === undefined ? path : `/${folder}/{token}`
  const route = Object.hasOwn(PAGES, pattern) ? PAGES[pattern] : undefined
  if (!route) return undefined
  try {
    return await answer(request, route, token === undefined ? {} : { token }, address, services)
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    return page({ title: 'That did not work', status: error.status, body: html`<section><h1>That did not work</h1><p>${error.message}</p><p><a href="/">Home</a></p></section>${services.signIn.sessions.hasCookie(request) && html`<form method="post" action="/sign-out"><button class="plain">Sign out</button></form>`}` })
  }
}

async function answer(request: Request, route: PageRoute, params: PageContext['params'], address: string | undefined, services: PageServices): Promise<Response> {
  const method = request.method === 'HEAD' ? 'GET' : request.method
  const handle = method === 'GET' ? route.GET : method === 'POST' ? route.POST : undefined
  if (!handle) throw new Fault('method_not_allowed', `This page does not take ${request.method}.`)
  const { signIn: { site, sessions } } = services
  // Also where nobody is signed in: nobody is to be signed in by another site's page.
  if (method === 'POST') site.checkOrigin(request)
  const url = new URL(request.url)
  const field = method === 'POST' ? await readForm(request) : (name: string) => url.searchParams.get(name) ?? ''
  // Whoever is let in nowhere can leave.
  const live = url.pathname === '/sign-out' ? undefined : await sessions.live(request)
  if (method === 'POST' && live && live.impersonatedBy !== null && !['/account', '/sign-out'].includes(url.pathname)) throw new Fault('permission_denied', "You look through somebody's eyes: what is theirs alone stays as it is. Sign out to end it.")
  return await handle({ request, url, params, address, ...services, live, field })
}
