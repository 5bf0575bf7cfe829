import { Fault } from '../../core/fault.ts'
import type { Clock } from '../../lib/clock.ts'
import { randomText } from '../../lib/id.ts'
import { hashSecret, type AccountBook } from '../account-book.ts'
import type { Actor } from '../audit-entry.ts'
import { Attempts } from './attempts.ts'
import type { AppStore, AuthCode, Challenge, ChallengeMethod, KeyWish, RedeemRefusal } from './auth-code.ts'

/** So long lives a code, and a page that asks (contract H9). */
const CODE_MS = 600_000
/** So long after a yes the same yes leads to the same code: a form that is sent twice at once (a double click), of whose answers the browser shows the second. */
const AGAIN_MS = 10_000
const CODE_CHARS = 40
const CODE_CHARS_MAX = 200

export interface AppGrantsOptions {
  readonly store: AppStore
  readonly accounts: Pick<AccountBook, 'prepareKey'>
  readonly clock: Clock
}

/** A code as its app exchanges it. */
export interface Exchange { readonly code: string; readonly verifier: string | undefined; readonly method: ChallengeMethod | null; readonly address: string | undefined }

/** Who answers a page. */
export interface AnsweringSession { readonly sessionId: string; readonly accountId: string; readonly userId: string }

/** Keys that people let apps have: asked on a page, allowed with a code, exchanged for a key (OAuth PKCE; contract H7–H10). */
export class AppGrants {
  private readonly failures: Attempts

  constructor(private readonly options: AppGrantsOptions) {
    this.failures = new Attempts(options.clock)
  }

  /** What a page is about to ask of somebody, and the token that its form must bring back, in the same session. */
  async ask(wish: KeyWish, sessionId: string, by: Actor): Promise<string> {
    const token = randomText(CODE_CHARS)
    const isKept = await this.options.store.insertAuthCode(tokenHash(token, sessionId), this.kept(wish, 'asked', null), this.change(by))
    if (!isKept) throw new Fault('rate_limited', 'You have many pages of this kind open: wait ten minutes.', { retryAfterMs: CODE_MS })
    return token
  }

  /** The person says yes: one code, however often they say it. */
  async allow(token: string, session: AnsweringSession, by: Actor): Promise<{ readonly code: string; readonly asked: AuthCode }> {
    const { sessionId, accountId, userId } = session
    const code = codeOf(token, sessionId)
    const codeHash = hashSecret(code)
    const { nowMs } = this.change(by)
    const asked = await this.options.store.allowAuthCode(tokenHash(token, sessionId), { accountId, userId, codeHash, expiresMs: nowMs + CODE_MS }, { by, nowMs })
      ?? await this.justAllowed(codeHash, session, nowMs)
    if (!asked) throw notAsked()
    return { code, asked }
  }

  /** What this person allowed a moment ago, as long as the app has not come for it. */
  private async justAllowed(codeHash: string, { accountId, userId }: AnsweringSession, nowMs: number): Promise<AuthCode | undefined> {
    const found = await this.options.store.authCode(codeHash)
    const isTheirs = found?.state === 'open' && found.accountId === accountId && found.userId === userId
    return isTheirs && found.expiresMs > nowMs + CODE_MS - AGAIN_MS ? found : undefined
  }

  /** The person says no. */
  async deny(token: string, { sessionId, accountId, userId }: AnsweringSession): Promise<AuthCode> {
    const hash = tokenHash(token, sessionId)
    const found = await this.options.store.authCode(hash)
    if (found?.state !== 'asked' || found.accountId !== accountId || found.userId !== userId || !await this.options.store.endAuthCode(hash)) throw notAsked()
    return found
  }

  /** A code without a page: who has the key that asks has said yes. */
  async makeCode(wish: KeyWish, byKeyHash: string, by: Actor): Promise<{ readonly code: string; readonly createdMs: number }> {
    const code = `auth_code_${randomText(CODE_CHARS)}`
    const change = this.change(by)
    await this.options.store.insertAuthCode(hashSecret(code), this.kept(wish, 'open', byKeyHash), change)
    return { code, createdMs: change.nowMs }
  }

  /** The key that a code was made for: the only time that it is shown. Throws Fault with the contract's words (H9). */
  async exchange({ code, verifier, method, address = '' }: Exchange): Promise<{ readonly secret: string; readonly userId: string | null }> {
    this.failures.check(address)
    try {
      return await this.redeem(code, verifier, method)
    } catch (error) {
      if (error instanceof Fault && error.code === 'permission_denied') this.failures.count(address)
      throw error
    }
  }

  private async redeem(code: string, verifier: string | undefined, method: ChallengeMethod | null): Promise<{ readonly secret: string; readonly userId: string | null }> {
    const { store, accounts, clock } = this.options
    const hash = hashSecret(code)
    const found = code.length > CODE_CHARS_MAX ? undefined : await store.authCode(hash)
    if (found?.state !== 'open') throw invalidCode()
    if (found.expiresMs <= clock.wallMs()) throw new Fault('permission_denied', 'Authorization code expired')
    if (method !== null && method !== found.challenge?.method) throw invalidMethod()
    if (found.challenge && !meets(found.challenge, verifier)) {
      // Whoever has the code and not the verifier is not who asked: it is of no use to anybody now.
      await store.endAuthCode(hash)
      throw invalidCode()
    }
    const { accountId, workspaceId, userId, keyName, limit, limitReset, keyExpiresMs, app } = found
    const { secret, key, rules } = accounts.prepareKey({ accountId, workspaceId, creatorUserId: userId, name: keyName, limit, limitReset, expiresMs: keyExpiresMs, ...(app && { appId: app.id }) })
    const by: Actor = { kind: 'app', id: app ? String(app.id) : '', name: app?.title ?? '', userId }
    const refusal = await store.redeemAuthCode(hash, { key, rules, by })
    if (refusal) throw refused(refusal)
    return { secret, userId }
  }

  private kept(wish: KeyWish, state: AuthCode['state'], byKeyHash: string | null): AuthCode {
    return { ...wish, state, byKeyHash, expiresMs: this.options.clock.wallMs() + CODE_MS }
  }

  private change(by: Actor): { readonly by: Actor; readonly nowMs: number } {
    return { by, nowMs: this.options.clock.wallMs() }
  }
}

/** Another session's token is another. */
function tokenHash(token: string, sessionId: string): string {
  return hashSecret(`${token.slice(0, CODE_CHARS_MAX)} ${sessionId}`)
}

/** The code of a page: its token cannot be guessed, and so neither can this. Only who has both token and session comes to the same one. */
function codeOf(token: string, sessionId: string): string {
  return `auth_code_${hashSecret(`${tokenHash(token, sessionId)} ${token.slice(0, CODE_CHARS_MAX)}`)}`
}

/** Compared by their hashes, so that the time it takes says nothing. */
function meets({ method, text }: Challenge, verifier: string | undefined): boolean {
  if (verifier === undefined) return false
  const shown = method === 'plain' ? verifier : new Bun.CryptoHasher('sha256').update(verifier).digest('base64url')
  return hashSecret(shown) === hashSecret(text.replace(/=+$/, ''))
}

function invalidCode(): Fault {
  return new Fault('permission_denied', 'Invalid code or code_verifier')
}

/** The contract's words (H9): none but those of the first step will do. */
export function invalidMethod(): Fault {
  return new Fault('invalid_request', 'Invalid code_challenge_method', { metadata: { field: 'code_challenge_method' } })
}

function notAsked(): Fault {
  return new Fault('invalid_request', 'This page has been answered, was open for more than ten minutes, or was asked of somebody else. Go back to the app and begin again.')
}

function refused(refusal: RedeemRefusal): Fault {
  if (refusal === 'no_code' || refusal === 'hash_taken') return invalidCode()
  return new Fault('permission_denied', 'Who allowed this may not any more: they have left the organization or the workspace, or their key was disabled.')
}
