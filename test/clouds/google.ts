import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto'

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048, privateKeyEncoding: { type: 'pkcs8', format: 'pem' }, publicKeyEncoding: { type: 'spki', format: 'pem' } })
const EMAIL = 'switchyard@example-project.iam.gserviceaccount.com'
export const EXPRESS_KEY = 'AIzaExpressKeyOfTests'

export type Answer = (path: string, body: Record<string, unknown>) => Response

/** A Vertex that lets in whom the real one would: who shows a token that its token endpoint gave for a good assertion, or the express key. */
export function startVertex(answer: Answer) {
  const seen: { path: string; body: Record<string, unknown>; token: string }[] = []
  const tokens = new Set<string>()
  let exchanges = 0
  const server = Bun.serve({
    port: 0, hostname: '127.0.0.1',
    fetch: async (request) => {
      const url = new URL(request.url)
      if (url.pathname === '/token') {
        exchanges++
        const why = assertionProblem(new URLSearchParams(await request.text()), request.url)
        if (why) return Response.json({ error: 'invalid_grant', error_description: why }, { status: 400 })
        const token = `ya29.test-${exchanges}`
        tokens.add(token)
        return Response.json({ access_token: token, expires_in: 3599, token_type: 'Bearer' })
      }
      const token = request.headers.get('authorization')?.replace(/^Bearer /, '') ?? ''
      const isExpress = request.headers.get('x-goog-api-key') === EXPRESS_KEY && url.pathname.startsWith('/v1beta1/publishers/google/')
      if (!isExpress && !tokens.has(token)) return Response.json({ error: { code: 401, message: 'Request had invalid authentication credentials.', status: 'UNAUTHENTICATED', details: [{ '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: 'ACCESS_TOKEN_EXPIRED' }] } }, { status: 401 })
      const body = JSON.parse(await request.text()) as Record<string, unknown>
      seen.push({ path: url.pathname + url.search, body, token })
      return answer(url.pathname + url.search, body)
    },
  })
  const url = `http://127.0.0.1:${server.port}`
  return {
    url, seen, exchanges: () => exchanges, revoke: () => tokens.clear(), stop: () => server.stop(true),
    /** The service account, as Google's console gives it. */
    serviceAccount: { type: 'service_account', project_id: 'example-project', private_key_id: 'abcdef0123456789', private_key: privateKey, client_email: EMAIL, client_id: '1234567890', token_uri: `${url}/token` },
  }
}

/** Why Google would refuse an assertion; undefined when it would not. */
function assertionProblem(form: URLSearchParams, audience: string): string | undefined {
  const [head = '', body = '', signature = ''] = (form.get('assertion') ?? '').split('.')
  if (form.get('grant_type') !== 'urn:ietf:params:oauth:grant-type:jwt-bearer') return 'unsupported grant'
  if (!verify('RSA-SHA256', Buffer.from(`${head}.${body}`), createPublicKey(publicKey), Buffer.from(signature, 'base64url'))) return 'Invalid JWT Signature.'
  // Signed with the account's own key, it is what our gateway wrote.
  const claims = JSON.parse(Buffer.from(body, 'base64url').toString()) as { iss?: string; scope?: string; aud?: string; iat: number; exp: number }
  const nowS = Date.now() / 1000
  if (claims.aud !== audience) return 'Invalid audience'
  if (claims.iss !== EMAIL) return 'Invalid issuer'
  if (claims.scope !== 'https://www.googleapis.com/auth/cloud-platform') return 'Invalid scope'
  return claims.exp - claims.iat > 3600 || claims.exp < nowS || claims.iat > nowS + 60 ? 'Invalid JWT: Token must be a short-lived token' : undefined
}

/** Events of a server-sent event stream, as Google writes them (CRLF, no names) or as Anthropic does (names). */
export function sse(events: readonly object[], isAnthropics: boolean): Response {
  const text = events.map((event) => (isAnthropics && 'type' in event ? `event: ${String(event.type)}\ndata: ${JSON.stringify(event)}\n\n` : `data: ${JSON.stringify(event)}\r\n\r\n`)).join('')
  return new Response(text, { headers: { 'content-type': 'text/event-stream' } })
}
