import { createHash, timingSafeEqual } from 'node:crypto'
import type { SignInStore } from '../../accounts/sign-in-store.ts'
import { Fault } from '../../core/fault.ts'
import type { Clock } from '../../lib/clock.ts'
import { randomText, rowId } from '../../lib/id.ts'
import type { Site } from './site.ts'

/** What we remember while somebody is away at a provider of identity. */
export interface Flow {
  /** Where they went: the way back must be from there. */
  readonly way: string
  /** Where they wanted to go: a path of ours. */
  readonly next: string
  /** The secret half of PKCE, and what the id_token must repeat. */
  readonly verifier?: string
  readonly nonce?: string
  /** The id of the question that an assertion must answer. */
  readonly requestId?: string
  /** What they show to be the first person of the install. */
  readonly setUpCode?: string
}

interface Kept extends Flow { readonly browser: string | null }

/** One for each browser: who comes back is who went. */
const COOKIE = 'switchyard.flow'
const FLOW_MS = 10 * 60_000
const SECRET_CHARS = 43

/** Keeps flows, each to be taken once, by the browser that began it. What stands in the store opens nothing by itself. */
export class Flows {
  constructor(private readonly options: { readonly store: Pick<SignInStore, 'insertSignIn' | 'takeSignIn'>; readonly site: Site; readonly clock: Clock }) {}

  /** Keeps one; `state` goes to the provider and back, the cookie to the browser. */
  async begin(flow: Flow): Promise<{ readonly state: string; readonly cookie: string }> {
    const browser = randomText(SECRET_CHARS)
    return { state: await this.keep({ ...flow, browser: hash(browser) }), cookie: this.cookie(browser, FLOW_MS / 1000) }
  }

  /** Keeps something of a flow that was taken, for the same browser; of none (`null`) for any. */
  async goOn<T extends object>(value: T, browser: string | null): Promise<string> {
    return await this.keep({ ...value, browser })
  }

  /** Takes the flow of a state. Throws Fault where it is over, was used, or began in another browser. */
  async take(state: string, way: string, request: Request): Promise<Flow> {
    const flow = await this.takeUnseen(state, way)
    this.checkBrowser(flow.browser, request)
    return flow
  }

  /** As `take`, where the browser shows no cookie: whoever goes on with it asks `checkBrowser`. */
  async takeUnseen<T extends object = Flow>(state: string, way: string): Promise<T & { readonly browser: string | null }> {
    const row = await this.options.store.takeSignIn({ model: 'verification', where: [{ field: 'identifier', operator: 'eq', value: identifier(state), isOr: false }] })
    const ends = row?.['expiresAt']
    if (!row || !(ends instanceof Date) || ends.getTime() <= this.options.clock.wallMs()) throw over()
    // Written by `keep`, which was given one of these.
    const kept = JSON.parse(String(row['value'])) as T & Pick<Kept, 'way' | 'browser'>
    if (kept.way !== way) throw over()
    return kept
  }

  checkBrowser(browser: string | null, request: Request): void {
    if (browser === null) return
    const shown = (request.headers.get('cookie') ?? '').split(/;\s*/).find((part) => part.startsWith(`${COOKIE}=`))?.slice(COOKIE.length + 1) ?? ''
    if (!timingSafeEqual(Buffer.from(hash(shown)), Buffer.from(browser))) throw new Fault('permission_denied', 'This sign-in began in another browser or tab, or took too long. Begin again.')
  }

  /** Takes the cookie away. */
  get endCookie(): string {
    return this.cookie('', 0)
  }

  private async keep(value: object): Promise<string> {
    const state = randomText(SECRET_CHARS)
    const nowMs = this.options.clock.wallMs()
    const row = { id: rowId(), identifier: identifier(state), value: JSON.stringify(value), createdAt: nowMs, updatedAt: nowMs, expiresAt: nowMs + FLOW_MS }
    if (!await this.options.store.insertSignIn([{ model: 'verification', row }], nowMs)) throw new Error('a sign-in that began could not be kept')
    return state
  }

  private cookie(value: string, seconds: number): string {
    return `${COOKIE}=${value}; Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Lax${this.options.site.isSecure ? '; Secure' : ''}`
  }
}

function identifier(state: string): string {
  return `flow:${hash(state)}`
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}

function over(): Fault {
  return new Fault('permission_denied', 'This sign-in is over, or was used already. Begin again.')
}
