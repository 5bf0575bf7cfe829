import type { SignInSecret } from '../../accounts/sign-in-secret.ts'
import type { LiveSession, SignInStore } from '../../accounts/sign-in-store.ts'
import { Fault } from '../../core/fault.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Session, Sessions } from '../session.ts'
import { COOKIE_PREFIX, SESSION_MS } from './names.ts'
import type { Site } from './site.ts'

export interface CookieSessionsOptions { readonly store: Pick<SignInStore, 'liveSession' | 'keepSession'>; readonly secret: Pick<SignInSecret, 'load'>; readonly site: Site; readonly clock: Clock }

/** Methods that change nothing, and that any page may lead to. */
const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS'])

/** Who is signed in, by the cookie that the sign-in library set: looked up afresh for each request. */
export class CookieSessions implements Sessions {
  constructor(private readonly options: CookieSessionsOptions) {}

  async sessionOf(request: Request): Promise<Session | undefined> {
    const live = await this.live(request)
    return live && { id: live.id, user: live.user, accountId: live.accountId, role: live.role, isOperator: live.isOperator, impersonatedBy: live.impersonatedBy }
  }

  /** With what only pages want to know. Throws Fault `permission_denied` as `sessionOf`, and where all accounts of who is signed in are suspended. */
  async live(request: Request): Promise<LiveSession | undefined> {
    const cookie = this.cookieOf(request)
    if (cookie === undefined) return undefined
    const { secret, site, store, clock } = this.options
    const { isSignature } = await secret.load()
    const dot = cookie.lastIndexOf('.')
    const token = cookie.slice(0, dot)
    if (dot < 1 || !isSignature(token, cookie.slice(dot + 1))) return undefined
    if (!SAFE_METHODS.has(request.method)) site.checkOrigin(request)
    const live = await store.liveSession(token, clock.wallMs())
    if (!live) return undefined
    if (!('suspendedReason' in live)) return await this.kept(live)
    throw new Fault('permission_denied', `Your account is suspended${live.suspendedReason === null ? '' : `: ${live.suspendedReason}`}. Whoever runs this server can resume it.`)
  }

  /** A session that is used lasts longer; an operator's look through somebody's eyes does not. */
  private async kept(live: LiveSession): Promise<LiveSession> {
    const untilMs = Math.min(this.options.clock.wallMs() + SESSION_MS.idle, live.createdMs + SESSION_MS.max)
    if (live.impersonatedBy !== null || untilMs - live.expiresMs < SESSION_MS.written) return live
    await this.options.store.keepSession(live.id, untilMs)
    return { ...live, expiresMs: untilMs }
  }

  /** Whether the request has a cookie that may be a session's. Costs nothing. */
  hasCookie(request: Request): boolean {
    return this.cookieOf(request) !== undefined
  }

  /** The cookie that shows this token, as the library sets it. */
  async cookieFor(token: string, lastsMs: number): Promise<string> {
    const { sign } = await this.options.secret.load()
    return `${this.cookieName}=${encodeURIComponent(`${token}.${sign(token)}`)}; Max-Age=${Math.floor(lastsMs / 1000)}; Path=/; HttpOnly; SameSite=Lax${this.options.site.isSecure ? '; Secure' : ''}`
  }

  private get cookieName(): string {
    return `${this.options.site.isSecure ? '__Secure-' : ''}${COOKIE_PREFIX}.session_token`
  }

  private cookieOf(request: Request): string | undefined {
    const header = request.headers.get('cookie')
    if (header === null) return undefined
    const name = `${this.cookieName}=`
    const found = header.split(/;\s*/).find((part) => part.startsWith(name))?.slice(name.length)
    if (found === undefined || found === '') return undefined
    try {
      return decodeURIComponent(found)
    } catch {
      // Not one that we set.
      return undefined
    }
  }
}
