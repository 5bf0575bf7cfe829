// A certified provider of OpenID Connect, and what speaks GitHub's OAuth, both on this machine.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import Provider from 'oidc-provider'

/** Somebody who is known at a provider. */
export interface Somebody { readonly sub: string; readonly email?: string; readonly emailVerified?: boolean; readonly name?: string }

/** A provider that signs in whoever stands in `now`. */
export interface TestProvider {
  readonly url: string
  now: Somebody | undefined
  close(): Promise<void>
}

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // Listening on a port, so it has one.
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function ended(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}

export const CLIENT = { id: 'switchyard', secret: 'a-secret-of-the-client-that-is-long-enough' } as const

/** Starts one whose client may come back to these addresses. */
export async function startOidc(redirectUrls: () => readonly string[]): Promise<TestProvider> {
  const waiting: { handle?: (request: IncomingMessage, response: ServerResponse) => void } = {}
  const server = createServer((request, response) => waiting.handle?.(request, response))
  const url = await listening(server)
  const people = new Map<string, Somebody>()
  const made: TestProvider = { url, now: undefined, close: () => ended(server) }
  const provider = new Provider(url, {
    clients: [{ client_id: CLIENT.id, client_secret: CLIENT.secret, token_endpoint_auth_method: 'client_secret_post', redirect_uris: ['http://placeholder.example/'], grant_types: ['authorization_code'], response_types: ['code'] }],
    claims: { email: ['email', 'email_verified'], profile: ['name', 'given_name', 'family_name'] },
    conformIdTokenClaims: false, pkce: { required: () => true }, cookies: { keys: ['cookies of a test'] },
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_context: unknown, interaction: { readonly uid: string }) => `/interaction/${interaction.uid}` },
    findAccount: (_context: unknown, id: string) => ({
      accountId: id,
      claims: () => {
        const { email, emailVerified, name } = people.get(id) ?? { sub: id }
        const [given, family] = (name ?? '').split(' ')
        return { sub: id, email, ...(emailVerified !== undefined && { email_verified: emailVerified }), ...(name && { name, given_name: given, family_name: family }) }
      },
    }),
  })
  // Its port is known before the gateway's, whose address the client comes back to.
  provider.Client.prototype.redirectUriAllowed = (uri: string) => redirectUrls().includes(uri)
  const callback = provider.callback()
  waiting.handle = (request, response) => {
    if (!request.url?.startsWith('/interaction/')) return void callback(request, response)
    void interact(provider, request, response, made.now, people)
  }
  return made
}

async function interact(provider: Provider, request: IncomingMessage, response: ServerResponse, somebody: Somebody | undefined, people: Map<string, Somebody>): Promise<void> {
  const { prompt, params, session } = await provider.interactionDetails(request, response)
  if (!somebody) return await provider.interactionFinished(request, response, { error: 'access_denied', error_description: '<b>no</b>' })
  people.set(somebody.sub, somebody)
  if (prompt.name === 'login') return await provider.interactionFinished(request, response, { login: { accountId: somebody.sub, remember: false } })
  const grant = new provider.Grant({ accountId: session?.accountId ?? somebody.sub, clientId: String(params['client_id']) })
  grant.addOIDCScope('openid email profile')
  await provider.interactionFinished(request, response, { consent: { grantId: await grant.save() } })
}

/** What GitHub answers, as far as we ask it. */
export async function startGithub(): Promise<TestProvider> {
  const codes = new Map<string, { readonly challenge: string; readonly somebody: Somebody }>()
  const tokens = new Map<string, Somebody>()
  const server = createServer((request, response) => void answerGithub(request, response))
  const url = await listening(server)
  const made: TestProvider = { url, now: undefined, close: () => ended(server) }
  const json = (response: ServerResponse, body: unknown, status = 200) => { response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body)) }
  async function answerGithub(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const asked = new URL(request.url ?? '/', url)
    const { searchParams } = asked
    if (asked.pathname === '/login/oauth/authorize') {
      const back = new URL(searchParams.get('redirect_uri') ?? '')
      const code = crypto.randomUUID()
      if (made.now) codes.set(code, { challenge: searchParams.get('code_challenge') ?? '', somebody: made.now })
      back.search = new URLSearchParams({ state: searchParams.get('state') ?? '', ...(made.now ? { code } : { error: 'access_denied' }) }).toString()
      return void response.writeHead(302, { location: back.href }).end()
    }
    if (asked.pathname === '/login/oauth/access_token') {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk as Buffer)
      const form = new URLSearchParams(Buffer.concat(chunks).toString())
      const kept = codes.get(form.get('code') ?? '')
      codes.delete(form.get('code') ?? '')
      const challenge = new Bun.CryptoHasher('sha256').update(form.get('code_verifier') ?? '').digest('base64url')
      // GitHub says what is wrong with 200.
      if (!kept || kept.challenge !== challenge || form.get('client_secret') !== CLIENT.secret) return json(response, { error: 'bad_verification_code' })
      const token = `gho_${crypto.randomUUID()}`
      tokens.set(token, kept.somebody)
      return json(response, { access_token: token, token_type: 'bearer', scope: 'read:user,user:email' })
    }
    const somebody = tokens.get((request.headers.authorization ?? '').replace('Bearer ', ''))
    if (!somebody) return json(response, { message: 'Bad credentials' }, 401)
    if (asked.pathname === '/api/v3/user') return json(response, { id: Number(somebody.sub), login: 'somebody', name: somebody.name ?? null, email: null })
    if (asked.pathname === '/api/v3/user/emails') return json(response, [{ email: 'other@example.net', primary: false, verified: true }, { email: somebody.email, primary: true, verified: somebody.emailVerified === true }])
    json(response, { message: 'Not Found' }, 404)
  }
  return made
}
