// Loaded when somebody first signs in this way.
import * as client from 'openid-client'
import { nameIn, type Fetch, type Identity } from './identity.ts'
import { refused, type OidcAsk } from './oidc.ts'
import { splitName } from './names.ts'

/** We, at GitHub or at an Enterprise Server. */
export interface GithubParty { readonly label: string; readonly url: string; readonly clientId: string; readonly clientSecret: string; readonly send: Fetch }

const TIMEOUT_MS = 10_000

function configOf({ url, clientId, clientSecret, send }: GithubParty): client.Configuration {
  const config = new client.Configuration({ issuer: url, authorization_endpoint: `${url}/login/oauth/authorize`, token_endpoint: `${url}/login/oauth/access_token` }, clientId, undefined, client.ClientSecretPost(clientSecret))
  // As in oidc.ts.
  config[client.customFetch] = (to, init) => send(to, init as RequestInit)
  config.timeout = TIMEOUT_MS / 1000
  if (url.startsWith('http:')) client.allowInsecureRequests(config)
  return config
}

/** Where the browser goes. */
export async function beginGithub(party: GithubParty, { redirectUrl, state, verifier }: OidcAsk): Promise<string> {
  return client.buildAuthorizationUrl(configOf(party), {
    redirect_uri: redirectUrl, scope: 'read:user user:email', state, response_type: 'code', code_challenge: await client.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256',
  }).href
}

/** Who came back: GitHub says it over its API, since it has no id_token. Throws Fault. */
export async function finishGithub(party: GithubParty, { redirectUrl, state, verifier }: OidcAsk, search: string): Promise<Identity> {
  try {
    const back = new URL(`${redirectUrl}${search}`)
    // GitHub publishes no metadata that this could be compared with; the way back is of this provider alone.
    back.searchParams.delete('iss')
    const { access_token: token } = await client.authorizationCodeGrant(configOf(party), back, { pkceCodeVerifier: verifier, expectedState: state })
    const [user, emails] = await Promise.all([ask(party, '/user', token), ask(party, '/user/emails', token)])
    const { id, name } = asRow(user)
    if (typeof id !== 'number') throw new Error('the user has no id')
    const primary = (Array.isArray(emails) ? emails : []).map(asRow).find((row) => row['primary'] === true)
    return { subject: String(id), email: typeof primary?.['email'] === 'string' ? primary['email'] : undefined, isEmailVerified: primary?.['verified'] === true, ...splitName(nameIn(name) ?? '') }
  } catch (error) {
    throw refused(party.label, error)
  }
}

async function ask({ url, send }: GithubParty, path: string, token: string): Promise<unknown> {
  // An Enterprise Server has its API below its own name.
  const api = url === 'https://github.com' ? 'https://api.github.com' : `${url}/api/v3`
  const answer = await send(`${api}${path}`, { headers: { authorization: `Bearer ${token}`, accept: 'application/vnd.github+json', 'user-agent': 'switchyard' }, redirect: 'error', signal: AbortSignal.timeout(TIMEOUT_MS) })
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}`)
  return await answer.json()
}

function asRow(value: unknown): Readonly<Record<string, unknown>> {
  // Of what JSON gave, whose fields are looked at one by one.
  return typeof value === 'object' && value !== null ? value as Readonly<Record<string, unknown>> : {}
}
