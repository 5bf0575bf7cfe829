import { Fault } from '../core/fault.ts'
import type { Provider } from '../catalog/endpoint.ts'
import type { Clock } from '../lib/clock.ts'
import { GoogleTokens } from './google-tokens.ts'
import { signRequest } from './sigv4.ts'

/** A request without our credential. All are POST. */
export interface Bare { readonly url: string; readonly headers: Readonly<Record<string, string>>; readonly body: string | readonly string[] }

type Shown = Readonly<Record<string, string>>

const NOTHING: Shown = {}

/** Shows our credentials to providers. Keeps the tokens that credentials were traded for. */
export class Auth {
  private readonly tokens: GoogleTokens

  constructor(private readonly clock: Clock) {
    this.tokens = new GoogleTokens(clock)
  }

  /** The headers that show our credential: at once, but for a token that must be fetched first. Throws Fault. */
  headers(provider: Provider, request: Bare): Shown | Promise<Shown> {
    const { auth, credential, account } = provider
    if (auth === 'none' || credential === undefined) return NOTHING
    switch (auth) {
      case 'bearer': return bearer(credential)
      case 'x-api-key': return { 'x-api-key': credential }
      case 'x-goog-api-key': return { 'x-goog-api-key': credential }
      case 'api-key': return { 'api-key': credential }
      case 'google-jwt': {
        if (account?.kind !== 'google') throw noAccount(provider, 'a service_account')
        const token = this.tokens.token(account, provider.name)
        return typeof token === 'string' ? bearer(token) : token.then(bearer)
      }
      case 'sigv4': {
        if (account?.kind !== 'aws' || provider.region === undefined) throw noAccount(provider, 'access_key_id, secret_access_key and region')
        const { host, pathname, searchParams } = new URL(request.url)
        return signRequest({ method: 'POST', host, path: pathname, query: searchParams, headers: request.headers, body: request.body }, account, { region: provider.region, service: 'bedrock' }, this.clock.wallMs())
      }
    }
  }

  /** The provider refused our credential. True when that was a token, which counts no more: another try has another. */
  refused(provider: Provider): boolean {
    if (provider.account?.kind !== 'google') return false
    this.tokens.forget(provider.account)
    return true
  }
}

function bearer(token: string): Shown {
  return { authorization: `Bearer ${token}` }
}

function noAccount(provider: Provider, what: string): Fault {
  return new Fault('provider_credential', `${provider.name} needs ${what}`, { provider: provider.name })
}
