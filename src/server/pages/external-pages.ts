import { Fault } from '../../core/fault.ts'
import type { Back, External, Sent } from '../sign-in/external.ts'
import { FINISH_PATH } from '../sign-in/identity.ts'
import { html, type Piece } from './html.ts'
import { goTo, PAGE_HEADERS, page } from './layout.ts'
import { ask, nextOf, withNext, type PageContext } from './page-context.ts'
import { troubleOf } from './sign-in-pages.ts'

/** What these pages need of a context. */
type Context = Pick<PageContext, 'request' | 'url' | 'address' | 'signIn' | 'field'>
type Handler = (context: Context, external: External, id: string) => Promise<Response>

/** An answer of a provider of SAML, with whatever stands beside it. */
const ASSERTION_BYTES_MAX = 400 << 10

/** From one address, which may be a whole office's: a sign-in is two or three. */
const STEPS = { windowMs: 15 * 60_000, max: 1_000 } as const

/** Ways to other providers and back, by what stands around their name. */
const WAYS: Readonly<Record<string, { readonly method: 'GET' | 'POST'; readonly handle: Handler }>> = {
  '/sign-in/with/*': { method: 'GET', handle: async (context, external, name) => away(await external.begin(name, goingOf(context))) },
  '/sign-in/callback/*': { method: 'GET', handle: async (context, external, name) => await enter(context, await external.finish(name, context.request)) },
  '/sso/*/start': { method: 'GET', handle: async (context, external, id) => away(await external.beginSso(id, goingOf(context))) },
  '/sso/*/callback': { method: 'GET', handle: async (context, external, id) => await enter(context, await external.finishOidcSso(id, context.request)) },
  '/sso/*/acs': { method: 'POST', handle: takeAssertion },
  '/sso/*/finish': { method: 'GET', handle: async (context, external, id) => await enter(context, await external.finishSamlSso(id, context.field('code'), context.request)) },
  '/sso/*/metadata': { method: 'GET', handle: async (_context, external, id) => new Response(await external.metadata(id), { headers: { 'content-type': 'application/samlmetadata+xml', 'x-content-type-options': 'nosniff' } }) },
}

/** Answers ways to providers and back; undefined: the path is none of them. */
export async function externalPage(request: Request, path: string, { address, signIn }: Pick<Context, 'address' | 'signIn'>): Promise<Response | undefined> {
  const [, front = '', id = '', back = ''] = /^(\/sign-in\/with\/|\/sign-in\/callback\/|\/sso\/)([\w-]{1,64})(\/[a-z]+)?$/.exec(path) ?? []
  const pattern = `${front}*${back}`
  const way = Object.hasOwn(WAYS, pattern) ? WAYS[pattern] : undefined
  if (!way || !signIn.external) return undefined
  const url = new URL(request.url)
  try {
    // The answers of providers come from pages of other sites: what they are believed by is in them.
    if ((request.method === 'HEAD' ? 'GET' : request.method) !== way.method) throw new Fault('method_not_allowed', `This page does not take ${request.method}.`)
    await signIn.count([{ key: `outside from ${address ?? 'nowhere'}`, ...STEPS }])
    return await way.handle({ request, url, address, signIn, field: (name) => url.searchParams.get(name) ?? '' }, signIn.external, id)
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    signIn.noteTrouble(error)
    return page({ title: 'You are not signed in', status: error.status, cookies: [signIn.flows.endCookie], body: html`<section><h1>You are not signed in</h1><p class="bad" role="alert">${error.message}</p><p><a href="/sign-in">Back to sign-in</a></p></section>` })
  }
}

async function takeAssertion({ request }: Context, external: External, id: string): Promise<Response> {
  if (!(request.headers.get('content-type') ?? '').startsWith('application/x-www-form-urlencoded')) throw new Fault('unsupported_media_type', 'Answers come as application/x-www-form-urlencoded.')
  if (!(Number(request.headers.get('content-length') ?? Number.NaN) <= ASSERTION_BYTES_MAX)) throw new Fault('payload_too_large', `An answer has at most ${ASSERTION_BYTES_MAX} bytes.`)
  const fields = new URLSearchParams(await request.text())
  return goTo(await external.takeAssertion(id, fields.get('SAMLResponse') ?? '', fields.get('RelayState') ?? ''))
}

function goingOf(context: Context): Parameters<External['begin']>[1] {
  const { field } = context
  return { next: nextOf(context), setUpCode: field('setup_code') || undefined, email: field('email') || undefined }
}

/** To the provider. `url` is of it, or of what it says of itself. */
function away({ url, cookie }: Sent): Response {
  return new Response(null, { status: 303, headers: { ...PAGE_HEADERS, location: url, 'set-cookie': cookie } })
}

/** The ticket becomes a session, after a second factor where there is one. */
async function enter(context: Context, { ticket, next }: Back): Promise<Response> {
  const answer = await ask(context, { path: FINISH_PATH, body: { ticket } })
  if (!answer.isOk) throw new Fault('permission_denied', troubleOf(answer))
  const cookies = [...answer.cookies, context.signIn.flows.endCookie]
  return goTo(answer.json['twoFactorRedirect'] === true ? withNext('/two-factor', next) : next, cookies)
}

/** Buttons to the providers of the install, and to that of one's organization. */
export function externalButtons(context: Pick<PageContext, 'signIn' | 'field'>): Piece {
  const { signIn: { external }, field } = context
  if (!external) return null
  const next = nextOf(context)
  const code = field('setup_code')
  const to = (name: string) => `/sign-in/with/${name}?${new URLSearchParams({ next, ...(code !== '' && { setup_code: code }) }).toString()}`
  return external.providers.map(({ name, label }) => html`<p><a class="button plain" href="${to(name)}">Continue with ${label}</a></p>`)
}

/** `POST /sign-in/organization`: to the provider of the organization whose domain the address is of. */
export async function toOrganization(context: PageContext): Promise<Response> {
  const sent = await organizationOf(context)
  if (sent) return sent
  return page({ title: 'Sign in', status: 404, body: html`<section><h1>No organization signs you in</h1><p>None here has set up single sign-on for this address.</p><p><a href="${withNext('/sign-in', nextOf(context))}">Back to sign-in</a></p></section>` })
}

/** Where the address of the form is of an active domain: a page that leads to its organization's provider. `isEnforced`: only where people have to go there. */
export async function organizationOf(context: PageContext, only: { readonly isEnforced?: true } = {}): Promise<Response | undefined> {
  const { signIn: { external }, field } = context
  const email = field('email').trim().toLowerCase()
  const connection = await external?.sso.forAddress(email)
  if (!connection || (only.isEnforced && !connection.isEnforced)) return undefined
  const to = `/sso/${connection.id}/start?${new URLSearchParams({ next: nextOf(context), email }).toString()}`
  // Forms lead nowhere else (Content-Security-Policy), links do.
  const answer = page({ title: 'Sign in', body: html`<section><h1>${connection.name} signs you in</h1><p>You go on there.</p><p><a class="button" href="${to}">Continue</a></p></section>` })
  answer.headers.set('refresh', `0; url=${to}`)
  return answer
}
