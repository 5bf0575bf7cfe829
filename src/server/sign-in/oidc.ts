// Loaded when somebody first signs in this way.
import * as client from 'openid-client'
import { Fault } from '../../core/fault.ts'
import type { Clock } from '../../lib/clock.ts'
import { nameIn, type Fetch, type Identity } from './identity.ts'

/** We, at a provider. */
export interface OidcParty {
  /** For people. */
  readonly label: string
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: string | undefined
  readonly send: Fetch
  readonly clock: Pick<Clock, 'monotonicMs'>
  /** Plain http, for where the operator has said so. */
  readonly isHttpAllowed: boolean
}

/** What is asked of a provider, and must come back from it. */
export interface OidcAsk { readonly redirectUrl: string; readonly state: string; readonly nonce: string; readonly verifier: string; readonly loginHint?: string | undefined }

/** A verifier of PKCE and a nonce, both random. */
export function newOidcSecrets(): { readonly verifier: string; readonly nonce: string } {
  return { verifier: client.randomPKCECodeVerifier(), nonce: client.randomNonce() }
}

const CONFIG_MS_MAX = 3_600_000
const TIMEOUT_SECONDS = 10
const SKEW_SECONDS = 60
const known = new Map<string, { readonly config: Promise<client.Configuration>; readonly untilMs: number }>()
const KNOWN_MAX = 200

/** What the provider says of itself, asked for once an hour. Throws Fault. */
async function configOf(party: OidcParty): Promise<client.Configuration> {
  const { issuer, clientId, clientSecret, isHttpAllowed } = party
  const key = JSON.stringify([issuer, clientId, clientSecret ?? null, isHttpAllowed])
  const nowMs = party.clock.monotonicMs()
  const found = known.get(key)
  if (found && found.untilMs > nowMs) return await found.config
  const config = discovered(party)
  known.delete(key)
  known.set(key, { config, untilMs: nowMs + CONFIG_MS_MAX })
  if (known.size > KNOWN_MAX) known.delete(known.keys().next().value ?? '')
  // What failed is asked for again by who comes next.
  config.catch(() => known.delete(key))
  return await config
}

async function discovered(party: OidcParty): Promise<client.Configuration> {
  const config = await asked(party)
  if (config.serverMetadata().issuer.includes('{tenantid}')) {
    throw new Fault('permission_denied', `${party.label} is not set up here in a way that we can trust. Tell who set it up.`, {
      detail: `${party.issuer} signs in people of every tenant, and each tenant says of its people what it likes: name one tenant as the issuer, as https://login.microsoftonline.com/<tenant id>/v2.0`,
    })
  }
  return config
}

async function asked({ label, issuer, clientId, clientSecret, send, isHttpAllowed }: OidcParty): Promise<client.Configuration> {
  try {
    return await client.discovery(new URL(issuer), clientId, { [client.clockTolerance]: SKEW_SECONDS }, clientSecret === undefined ? client.None() : client.ClientSecretPost(clientSecret), {
      // The library's requests are those of the platform's, with fewer kinds of bodies.
      [client.customFetch]: (url, init) => send(url, init as RequestInit), timeout: TIMEOUT_SECONDS, execute: [client.enableNonRepudiationChecks, ...(isHttpAllowed ? [client.allowInsecureRequests] : [])],
    })
  } catch (error) {
    throw new Fault('unavailable', `${label} cannot be reached, or does not say how people sign in there. Try again shortly.`, { detail: `${issuer}: ${causesOf(error)}`, cause: error })
  }
}

/** Whether the provider can be asked at all. Throws Fault. */
export async function checkOidc(party: OidcParty): Promise<void> {
  await configOf(party)
}

/** Where the browser goes. Throws Fault. */
export async function beginOidc(party: OidcParty, { redirectUrl, state, nonce, verifier, loginHint }: OidcAsk): Promise<string> {
  const config = await configOf(party)
  const challenge = await client.calculatePKCECodeChallenge(verifier)
  return client.buildAuthorizationUrl(config, {
    redirect_uri: redirectUrl, scope: 'openid email profile', state, nonce, code_challenge: challenge, code_challenge_method: 'S256', response_type: 'code',
    ...(loginHint !== undefined && { login_hint: loginHint }),
  }).href
}

/**
 * Who came back. `search` is what the provider sent along. State, PKCE, nonce, issuer, audience, times and the signature of the id_token, by a key of
 * the provider, are checked. Throws Fault.
 */
export async function finishOidc(party: OidcParty, { redirectUrl, state, nonce, verifier }: OidcAsk, search: string): Promise<Identity> {
  const config = await configOf(party)
  try {
    const tokens = await client.authorizationCodeGrant(config, new URL(`${redirectUrl}${search}`), { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true })
    const claims = tokens.claims()
    if (!claims) throw new Error('no id_token')
    // An id_token may leave out what the scopes are of; the provider says it when it is asked.
    const said = claims['email'] === undefined && config.serverMetadata().userinfo_endpoint !== undefined ? { ...await client.fetchUserInfo(config, tokens.access_token, claims.sub), sub: claims.sub } : claims
    const { email, email_verified: isVerified } = said
    return {
      subject: claims.sub, email: typeof email === 'string' ? email : undefined,
      // Some say it as a text.
      isEmailVerified: isVerified === undefined ? undefined : String(isVerified) === 'true',
      firstName: nameIn(said['given_name']) ?? nameIn(said['name']), lastName: nameIn(said['family_name']),
    }
  } catch (error) {
    throw refused(party.label, error)
  }
}

/** What went wrong, in our own words: what a provider or a link says is shown to nobody. */
export function refused(label: string, error: unknown): Fault {
  const code = error instanceof client.AuthorizationResponseError ? error.error : undefined
  if (code === 'access_denied') return new Fault('permission_denied', `${label} did not let you in, or you stopped there.`)
  return new Fault('permission_denied', `${label} did not show who you are in a way that we can trust. Begin again; if it stays so, tell who runs this server.`, { detail: `${label}: ${causesOf(error)}`, cause: error })
}

const CAUSES_MAX = 3
const DETAIL_CHARS_MAX = 300

/** For the log: what our own code and library say, not what came from outside. */
function causesOf(error: unknown): string {
  const messages: string[] = []
  for (let at: unknown = error; at instanceof Error && messages.length < CAUSES_MAX; at = at.cause) messages.push(at.message)
  return messages.join(': ').replace(/[^\x20-\x7e]/g, ' ').slice(0, DETAIL_CHARS_MAX)
}
