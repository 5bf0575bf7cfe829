import { afterEach, describe, expect, test } from 'bun:test'
import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto'
import type { GoogleAccount } from '../catalog/endpoint.ts'
import { Fault } from '../core/fault.ts'
import { FakeClock } from '../lib/clock.ts'
import { GoogleTokens } from './google-tokens.ts'

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048, privateKeyEncoding: { type: 'pkcs8', format: 'pem' }, publicKeyEncoding: { type: 'spki', format: 'pem' } })

/** Google's token endpoint: it takes what the real one takes, and nothing else. */
function startGoogle(clock: FakeClock, answer?: () => Response | undefined) {
  let exchanges = 0
  const server = Bun.serve({
    port: 0, hostname: '127.0.0.1',
    fetch: async (request) => {
      exchanges++
      const other = answer?.()
      if (other) return other
      const why = refusalOf(request, new URLSearchParams(await request.text()), clock.wallMs(), account.tokenUrl)
      return why ? Response.json({ error: 'invalid_grant', error_description: why }, { status: 400 }) : Response.json({ access_token: `ya29.${exchanges}`, expires_in: 3599, token_type: 'Bearer' })
    },
  })
  const account: GoogleAccount = { kind: 'google', email: 'sw@p.iam.gserviceaccount.com', privateKey, keyId: 'key-1', tokenUrl: `http://127.0.0.1:${server.port}/token` }
  servers.push(server)
  return { account, exchanges: () => exchanges }
}

/** Why Google would refuse this exchange; undefined when it would not. */
function refusalOf(request: Request, form: URLSearchParams, nowMs: number, audience: string): string | undefined {
  if (request.method !== 'POST' || request.headers.get('content-type') !== 'application/x-www-form-urlencoded') return 'not a form'
  if (form.get('grant_type') !== 'urn:ietf:params:oauth:grant-type:jwt-bearer') return 'unsupported grant'
  const [head = '', body = '', signature = ''] = (form.get('assertion') ?? '').split('.')
  if (!verify('RSA-SHA256', Buffer.from(`${head}.${body}`), createPublicKey(publicKey), Buffer.from(signature, 'base64url'))) return 'Invalid JWT Signature.'
  const header: unknown = JSON.parse(Buffer.from(head, 'base64url').toString())
  // The signature says that the claims are those of our own code.
  const claims = JSON.parse(Buffer.from(body, 'base64url').toString()) as { iss: string; scope: string; aud: string; iat: number; exp: number }
  expect(header).toEqual({ alg: 'RS256', typ: 'JWT', kid: 'key-1' })
  if (claims.aud !== audience) return 'Invalid audience'
  if (claims.iss !== 'sw@p.iam.gserviceaccount.com' || claims.scope !== 'https://www.googleapis.com/auth/cloud-platform') return 'Invalid issuer or scope'
  if (Math.abs(claims.iat - nowMs / 1000) > 30 || claims.exp - claims.iat > 3600 || claims.exp * 1000 < nowMs) return 'Invalid JWT: Token must be a short-lived token'
  return undefined
}

const servers: { stop(closeActive: boolean): unknown }[] = []
afterEach(() => { for (const server of servers.splice(0)) void server.stop(true) })

async function faultOf(promise: string | Promise<string>): Promise<Fault> {
  const fault = await Promise.resolve(promise).then(() => undefined, (error: unknown) => error)
  if (!(fault instanceof Fault)) throw new Error('no fault')
  return fault
}

/** Waits for what happens behind the back of a call. */
async function until(happened: () => boolean): Promise<void> {
  while (!happened()) await Bun.sleep(1)
}

describe('a token', () => {
  test('is exchanged once, for all who wait, and then at hand', async () => {
    const clock = new FakeClock()
    const google = startGoogle(clock)
    const tokens = new GoogleTokens(clock)
    expect(await Promise.all([1, 2, 3].map(() => tokens.token(google.account, 'Vertex')))).toEqual(['ya29.1', 'ya29.1', 'ya29.1'])
    expect(tokens.token(google.account, 'Vertex')).toBe('ya29.1')
    expect(google.exchanges()).toBe(1)
  })

  test('is renewed before its end, while it still serves', async () => {
    const clock = new FakeClock()
    const google = startGoogle(clock)
    const tokens = new GoogleTokens(clock)
    await tokens.token(google.account, 'Vertex')
    clock.advance(3_299_000 + 1_000)
    expect(tokens.token(google.account, 'Vertex')).toBe('ya29.1')
    await until(() => tokens.token(google.account, 'Vertex') === 'ya29.2')
    expect(google.exchanges()).toBe(2)
  })

  test('is waited for when it has ended, or is about to', async () => {
    const clock = new FakeClock()
    const google = startGoogle(clock)
    const tokens = new GoogleTokens(clock)
    await tokens.token(google.account, 'Vertex')
    clock.advance(3_590_000)
    const next = tokens.token(google.account, 'Vertex')
    expect(next).toBeInstanceOf(Promise)
    expect(await next).toBe('ya29.2')
  })

  test('goes on serving when its renewal fails', async () => {
    const clock = new FakeClock()
    let down = false
    const google = startGoogle(clock, () => (down ? new Response('', { status: 503 }) : undefined))
    const tokens = new GoogleTokens(clock)
    await tokens.token(google.account, 'Vertex')
    down = true
    clock.advance(3_400_000)
    expect(tokens.token(google.account, 'Vertex')).toBe('ya29.1')
    await until(() => google.exchanges() === 2)
    expect(tokens.token(google.account, 'Vertex')).toBe('ya29.1')
  })

  test('that Google refused is not used again', async () => {
    const clock = new FakeClock()
    const google = startGoogle(clock)
    const tokens = new GoogleTokens(clock)
    await tokens.token(google.account, 'Vertex')
    tokens.forget(google.account)
    expect(await tokens.token(google.account, 'Vertex')).toBe('ya29.2')
  })
})

describe('refusals', () => {
  test('another key than the account’s is the operator’s to mend, and its words are for the log', async () => {
    const clock = new FakeClock()
    const google = startGoogle(clock)
    const other = generateKeyPairSync('rsa', { modulusLength: 2048, privateKeyEncoding: { type: 'pkcs8', format: 'pem' }, publicKeyEncoding: { type: 'spki', format: 'pem' } }).privateKey
    const fault = await faultOf(new GoogleTokens(clock).token({ ...google.account, privateKey: other }, 'Vertex'))
    expect(fault).toMatchObject({ code: 'provider_credential', message: "Vertex refused this server's credential", options: { detail: 'the token endpoint answered 400 invalid_grant: Invalid JWT Signature.' } })
  })

  test('a key that is none, and an endpoint that is not there', async () => {
    const clock = new FakeClock()
    const google = startGoogle(clock)
    expect(await faultOf(new GoogleTokens(clock).token({ ...google.account, privateKey: 'no key' }, 'Vertex'))).toMatchObject({ code: 'provider_credential' })
    expect(await faultOf(new GoogleTokens(clock).token({ ...google.account, tokenUrl: 'http://127.0.0.1:1/token' }, 'Vertex'))).toMatchObject({ code: 'provider_unreachable', retry: 'next' })
  })

  for (const [status, code] of [[429, 'provider_rate_limited'], [500, 'provider_error'], [302, 'provider_error'], [401, 'provider_credential']] as const) {
    test(`${status} is ${code}, and the next call asks again`, async () => {
      const clock = new FakeClock()
      let first = true
      const google = startGoogle(clock, () => {
        const answer = first ? new Response('{}', { status, headers: { location: 'http://127.0.0.1:1/' } }) : undefined
        first = false
        return answer
      })
      const tokens = new GoogleTokens(clock)
      expect((await faultOf(tokens.token(google.account, 'Vertex'))).code).toBe(code)
      expect(await tokens.token(google.account, 'Vertex')).toBe('ya29.2')
    })
  }
})
