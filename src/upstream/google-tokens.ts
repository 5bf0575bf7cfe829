import { sign } from 'node:crypto'
import type { GoogleAccount } from '../catalog/endpoint.ts'
import { Fault } from '../core/fault.ts'
import { asCount, asString, parseObject, type JsonObject } from '../core/json.ts'
import { scrub } from '../core/scrub.ts'
import type { Clock } from '../lib/clock.ts'

/** What a token may do: all that the service account may. */
const SCOPE = 'https://www.googleapis.com/auth/cloud-platform'
const GRANT = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
/** Google takes no assertion that lives longer. */
const ASSERTION_S_MAX = 3600
/** A token is renewed so long before its end, while it still serves; and not used when it would end on the way. */
const RENEW_MS = 300_000
const LAST_MS = 20_000
/** After a renewal that failed, while the token still holds. */
const AGAIN_MS = 15_000
const EXCHANGE_MS_MAX = 10_000

interface Held {
  token: string | undefined
  expiresMs: number
  renewMs: number
  /** The exchange that is under way: all who wait, wait for the same one. */
  exchange: Promise<string> | undefined
}

/** Access tokens of service accounts (RFC 7523): one exchange for all calls, renewed before its end and behind their backs. */
export class GoogleTokens {
  private readonly held = new Map<string, Held>()

  constructor(private readonly clock: Clock) {}

  /** The account's token: at once while one holds, else when Google has given it. Throws Fault. `provider` is for messages. */
  token(account: GoogleAccount, provider: string): string | Promise<string> {
    const held = this.of(account)
    const nowMs = this.clock.wallMs()
    const holds = held.token !== undefined && nowMs < held.expiresMs - LAST_MS
    if (holds && nowMs < held.renewMs) return held.token ?? ''
    const exchange = (held.exchange ??= this.renew(held, account, provider))
    if (!holds) return exchange
    exchange.catch(() => {
      // The token still holds; another call tries again.
      held.renewMs = this.clock.wallMs() + AGAIN_MS
    })
    return held.token ?? ''
  }

  /** Google refused the token before its end (revoked, the account's rights changed): the next call asks for another. */
  forget(account: GoogleAccount): void {
    this.of(account).token = undefined
  }

  private of(account: GoogleAccount): Held {
    const name = `${account.tokenUrl}\n${account.email}\n${account.privateKey}`
    const known = this.held.get(name)
    if (known) return known
    const held: Held = { token: undefined, expiresMs: 0, renewMs: 0, exchange: undefined }
    this.held.set(name, held)
    return held
  }

  private async renew(held: Held, account: GoogleAccount, provider: string): Promise<string> {
    try {
      const { token, livesMs } = await exchange(account, provider, this.clock.wallMs())
      const nowMs = this.clock.wallMs()
      held.token = token
      held.expiresMs = nowMs + livesMs
      held.renewMs = held.expiresMs - Math.min(RENEW_MS, livesMs / 2)
      return token
    } finally {
      held.exchange = undefined
    }
  }
}

/** Trades a signed assertion for a token. */
async function exchange(account: GoogleAccount, provider: string, nowMs: number): Promise<{ readonly token: string; readonly livesMs: number }> {
  const body = new URLSearchParams({ grant_type: GRANT, assertion: assertionOf(account, provider, nowMs) }).toString()
  const headers = { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' }
  let response: Response
  let text: string
  try {
    response = await fetch(account.tokenUrl, { method: 'POST', headers, body, redirect: 'manual', signal: AbortSignal.timeout(EXCHANGE_MS_MAX) })
    text = await response.text()
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error)
    throw new Fault('provider_unreachable', `${provider}: its token endpoint cannot be reached`, { provider, detail, cause: error })
  }
  const json = parseObject(text) ?? {}
  const token = asString(json['access_token'])
  if (!response.ok || !token) throw refusal(response.status, json, provider)
  return { token, livesMs: (asCount(json['expires_in']) ?? ASSERTION_S_MAX) * 1000 }
}

/** The account's claim to be itself, signed RS256 (developers.google.com/identity/protocols/oauth2/service-account). */
function assertionOf(account: GoogleAccount, provider: string, nowMs: number): string {
  const iat = Math.floor(nowMs / 1000)
  const header = { alg: 'RS256', typ: 'JWT', ...(account.keyId === undefined ? {} : { kid: account.keyId }) }
  const claims = { iss: account.email, scope: SCOPE, aud: account.tokenUrl, iat, exp: iat + ASSERTION_S_MAX }
  const text = `${base64url(header)}.${base64url(claims)}`
  try {
    return `${text}.${sign('RSA-SHA256', Buffer.from(text), account.privateKey).toString('base64url')}`
  } catch (error) {
    throw new Fault('provider_credential', `${provider}: the service account's private key is no RSA key`, { provider, detail: error instanceof Error ? error.name : '' })
  }
}

function base64url(value: JsonObject): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

/** Google refuses a bad assertion with 400 or 401; anything else is its own trouble, and may pass. */
function refusal(status: number, json: JsonObject, provider: string): Fault {
  const said = scrub([asString(json['error']), asString(json['error_description'])].filter(Boolean).join(': ')).slice(0, 500)
  const detail = `the token endpoint answered ${status} ${said}`
  if (status === 429) return new Fault('provider_rate_limited', `${provider} limits how often tokens are asked for`, { provider, detail })
  if (status >= 400 && status < 500) return new Fault('provider_credential', `${provider} refused this server's credential`, { provider, detail })
  return new Fault('provider_error', `${provider}: its token endpoint answered ${status}`, { provider, detail })
}
