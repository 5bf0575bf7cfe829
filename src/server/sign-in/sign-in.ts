import type { Instance } from '../../accounts/instance.ts'
import type { Mailer } from '../../accounts/mailer.ts'
import { SignInSecret } from '../../accounts/sign-in-secret.ts'
import type { AttemptRule, SignInStore } from '../../accounts/sign-in-store.ts'
import { readEmail } from '../../accounts/user.ts'
import { Fault } from '../../core/fault.ts'
import type { JsonObject } from '../../core/json.ts'
import type { Clock } from '../../lib/clock.ts'
import { readBody } from '../body.ts'
import { jsonResponse } from '../respond.ts'
import type { Auth, Ways } from './auth.ts'
import { CookieSessions } from './cookie-sessions.ts'
import { External, type ExternalOptions } from './external.ts'
import { Flows } from './flows.ts'
import { Letters, type InvitationLetter } from './letters.ts'
import { attemptsOf, INVITATION } from './attempts.ts'
import { CLIENT_ADDRESS, SET_UP_CODE } from './names.ts'
import { SetUp } from './set-up.ts'
import { maySignUp, readSignUp, whyNotSignUp } from './sign-up.ts'
import { Site } from './site.ts'

/** Below this path is the sign-in library. */
export const AUTH_PATH = '/api/auth'

export interface SignInOptions {
  readonly store: SignInStore
  readonly instance: Pick<Instance, 'maySignUp' | 'settings'>
  readonly mailer: Mailer
  readonly clock: Clock
  readonly dataDir: string
  /** SWITCHYARD_AUTH_SECRET. */
  readonly authSecret: string | undefined
  /** SWITCHYARD_SETUP_CODE. */
  readonly setUpCode?: string | undefined
  /** SWITCHYARD_PUBLIC_URL. */
  readonly publicUrl: string | undefined
  readonly host: string
  /** Providers of identity, of the install and of organizations; nobody signs in elsewhere where it is not said. */
  readonly outside?: Pick<ExternalOptions, 'sso' | 'providers' | 'fetch' | 'guardedFetch' | 'isHttpAllowed'>
  /** More ways to sign in, made when they are first needed. */
  readonly ways?: () => Promise<Ways>
  readonly onTrouble: (what: string, detail: string) => void
  /** Told of links that no letter takes along: for the operator's eyes. */
  readonly onLink: (what: string, detail: string) => void
}

/** What is asked of the library by a page of ours. */
export interface AuthCall { readonly method?: 'GET' | 'POST'; readonly path: string; readonly query?: Readonly<Record<string, string>>; readonly body?: JsonObject }

/** A request, and where it comes from. */
export interface Asked { readonly request: Request; readonly address: string | undefined }

const BODY_BYTES_MAX = 64 << 10

/** Links of letters lead to pages of ours, which ask before they do anything: what follows links by itself changes nothing. */
const PAGES_ONLY = /^\/(?:verify-email|magic-link\/verify|reset-password\/[^/]+)$/

/** What answers before it is done, in the same time and words for those who are known here and those who are not. */
const BEHIND = new Set(['/request-password-reset', '/sign-in/magic-link', '/send-verification-email'])

/** How people make themselves known, and who is signed in. One for each process. */
export class SignIn {
  readonly site: Site
  readonly letters: Letters
  readonly sessions: CookieSessions
  readonly secret: SignInSecret
  readonly setUp: SetUp
  readonly flows: Flows
  /** People who show who they are at a provider of identity. */
  readonly external: External | undefined
  private auth: Promise<Auth> | undefined

  constructor(private readonly options: SignInOptions) {
    const { store, mailer, clock, dataDir, authSecret, publicUrl, host, onLink, setUpCode } = options
    this.site = new Site({ publicUrl, host })
    this.secret = new SignInSecret({ dataDir, fromEnvironment: authSecret, store })
    this.letters = new Letters({ mailer, store, secret: this.secret, clock, onLink })
    this.setUp = new SetUp({ fromEnvironment: setUpCode, store, secret: this.secret, mailer, site: this.site, onLink })
    this.sessions = new CookieSessions({ store, secret: this.secret, site: this.site, clock })
    this.flows = new Flows({ store, site: this.site, clock })
    const rules = { ...options, setUp: this.setUp }
    this.external = options.outside && new External({ ...options.outside, store, clock, site: this.site, flows: this.flows, maySignUp: (email, comes) => maySignUp(email, comes, rules), whyNotSignUp: () => whyNotSignUp(options.instance) })
  }

  get store(): SignInStore {
    return this.options.store
  }

  /** What was refused, and only the operator should know why. */
  noteTrouble({ code, options: { detail } }: Fault): void {
    if (detail !== undefined) this.options.onTrouble(`signing in elsewhere: ${code}`, detail)
  }

  /** Answers a request below `/api/auth`. Throws Fault. */
  async handle(asked: Asked, path: string): Promise<Response> {
    const { request } = asked
    const method = request.method === 'HEAD' ? 'GET' : request.method
    if (method !== 'GET' && method !== 'POST') throw new Fault('method_not_allowed', `${AUTH_PATH}${path} does not take ${request.method}`)
    if (method === 'GET' && PAGES_ONLY.test(path)) throw new Fault('not_found', 'Links of letters lead to pages: open the link as it stands in the letter.')
    // A page of another site can sign nobody in, either: what a form sends without a cookie is refused as well.
    if (method === 'POST' && (this.sessions.hasCookie(request) || request.headers.has('origin') || request.headers.has('sec-fetch-site'))) this.site.checkOrigin(request)
    const hasBody = method === 'POST' && request.body !== null && request.headers.get('content-length') !== '0'
    const body = hasBody ? (await readBody(request, BODY_BYTES_MAX)).json : undefined
    const query = Object.fromEntries(new URL(request.url).searchParams)
    return await this.call(asked, { method, path, query, ...(body && { body }) })
  }

  /** Asks the library, for a page whose origin was checked. Its answer has the cookies. */
  async call(asked: Asked, { method = 'POST', path, query = {}, body: sent }: AuthCall): Promise<Response> {
    await this.count(attemptsOf(path, sent, asked.address))
    await this.refuseGuests(asked.request, path)
    const body = path === '/sign-up/email' ? await readSignUp(sent, { ...this.options, setUp: this.setUp }) : sent
    const made = this.requestOf(asked, method, path, query, body)
    if (typeof sent?.['setupCode'] === 'string' && /^[\x21-\x7e]+$/.test(sent['setupCode'])) made.headers.set(SET_UP_CODE, sent['setupCode'])
    if (path === '/sign-up/email') return await this.signUp(made)
    if (!BEHIND.has(path)) return await (await this.load()).handler(made)
    if (typeof body?.['email'] === 'string') readEmail(body['email'])
    else throw new Fault('invalid_request', '`email` is missing.', { metadata: { field: 'email' } })
    this.load().then(({ handler }) => handler(made)).catch((error: unknown) => this.options.onTrouble('a letter could not be sent', String(error)))
    return jsonResponse({ status: true })
  }

  /** Of a form that is sent twice at once, the second one meets the first: it is answered as it is a moment later, like any address that is known. */
  private async signUp(made: Request): Promise<Response> {
    const { handler } = await this.load()
    const again = made.clone()
    const answer = await handler(made)
    return answer.status === 409 ? await handler(again) : answer
  }

  /** Before an invitation is made whose letter follows. Throws Fault `rate_limited`: nobody's mailbox is flooded from here. */
  async countInvitation(email: string, address: string | undefined): Promise<void> {
    if (this.letters.isByMail) await this.count(attemptsOf(INVITATION, { email }, address))
  }

  /** The link of an invitation, and whether a letter takes it along. */
  async sendInvitation(token: string, letter: Omit<InvitationLetter, 'url'>): Promise<{ readonly url: string; readonly isByMail: boolean }> {
    const url = `${this.site.url}/invitations/${token}`
    await this.letters.sendInvitation({ ...letter, url })
    return { url, isByMail: this.letters.isByMail }
  }

  /** Who looks through somebody's eyes changes nothing of how they sign in. Throws Fault `permission_denied`. */
  private async refuseGuests(request: Request, path: string): Promise<void> {
    if (path === '/sign-out' || !this.sessions.hasCookie(request)) return
    const live = await this.sessions.live(request)
    if (live && live.impersonatedBy !== null) throw new Fault('permission_denied', 'You look through the eyes of somebody else: sign out before you sign in or change how anybody does.')
  }

  /** Counts tries; throws Fault `rate_limited` where there were too many. */
  async count(rules: readonly AttemptRule[]): Promise<void> {
    if (rules.length === 0) return
    const waitMs = await this.options.store.countAttempt(rules, this.options.clock.wallMs())
    if (waitMs > 0) throw new Fault('rate_limited', `Too many tries: wait ${waitMs < 120_000 ? `${Math.ceil(waitMs / 1000)} seconds` : `${Math.ceil(waitMs / 60_000)} minutes`}.`, { retryAfterMs: waitMs })
  }

  /** The request as the library gets it: from our own page, with no word of the client's about hosts and addresses. */
  private requestOf({ request, address }: Asked, method: string, path: string, query: Readonly<Record<string, string>>, body: JsonObject | undefined): Request {
    const headers = new Headers({ origin: this.site.url, 'sec-fetch-site': 'same-origin' })
    for (const name of ['cookie', 'user-agent', 'accept', 'accept-language']) {
      const value = request.headers.get(name)
      if (value !== null) headers.set(name, value)
    }
    if (address !== undefined) headers.set(CLIENT_ADDRESS, address)
    if (body) headers.set('content-type', 'application/json')
    const search = new URLSearchParams(query).toString()
    return new Request(`${this.site.url}${AUTH_PATH}${path}${search === '' ? '' : `?${search}`}`, { method, headers, ...(body && { body: JSON.stringify(body) }) })
  }

  private load(): Promise<Auth> {
    const loading = this.auth ??= this.make()
    // What failed is tried again by who comes next.
    loading.catch((error: unknown) => {
      if (this.auth === loading) this.auth = undefined
      if (error instanceof Fault && error.options.detail !== undefined) this.options.onTrouble('nobody can sign in', error.options.detail)
    })
    return loading
  }

  private async make(): Promise<Auth> {
    const { ways = () => Promise.resolve({}), ...options } = this.options
    const [{ makeAuth }, secret, more] = await Promise.all([import('./auth.ts'), this.secret.load(), ways()])
    return makeAuth({ ...options, flows: this.flows, mustUse: async (email) => (await this.external?.sso.enforced(email))?.name, publicUrl: this.site.url, secret, letters: this.letters, setUp: this.setUp, ways: more })
  }
}
