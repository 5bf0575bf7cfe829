import { SignatureV4 } from '@smithy/signature-v4'
import { frameBytes } from '../../src/lib/event-stream.fixture.ts'
import { Sha256 } from '../../src/upstream/sigv4.fixture.ts'

/** Identities that our AWS knows. */
export const AWS = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY', region: 'eu-central-1', bearer: 'bedrock-api-key-0123456789', sessionToken: 'FwoGZXIvYXdzEXAMPLE==',
} as const

const CLOCK_MS_MAX = 300_000

/** What our Bedrock answers to a call that it lets in. */
export type Answer = (path: string, body: Record<string, unknown>) => Response

/** A Bedrock that lets in whom the real one would: it computes the signature anew with AWS's own signer, or knows the key. */
export function startBedrock(answer: Answer) {
  const seen: { path: string; body: Record<string, unknown>; authorization: string }[] = []
  const server = Bun.serve({
    port: 0, hostname: '127.0.0.1',
    fetch: async (request) => {
      const text = await request.text()
      const url = new URL(request.url)
      const refusal = await refusalOf(request, url, text)
      if (refusal) return Response.json({ message: refusal.message }, { status: refusal.status, headers: { 'x-amzn-errortype': `${refusal.type}:http://internal.amazon.com/coral/com.amazon.coral.service/` } })
      const body = JSON.parse(text) as Record<string, unknown>
      // What came in is the path as it was sent, percent signs and all.
      const path = request.url.slice(request.url.indexOf('/', 8))
      seen.push({ path, body, authorization: request.headers.get('authorization') ?? '' })
      return answer(path, body)
    },
  })
  return { url: `http://127.0.0.1:${server.port}`, seen, stop: () => server.stop(true) }
}

interface Refusal { readonly status: number; readonly type: string; readonly message: string }

async function refusalOf(request: Request, url: URL, body: string): Promise<Refusal | undefined> {
  const shown = request.headers.get('authorization') ?? ''
  if (shown.startsWith('Bearer ')) return shown === `Bearer ${AWS.bearer}` ? undefined : { status: 403, type: 'AccessDeniedException', message: 'Authentication failed: Please make sure your API Key is valid.' }
  const match = /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request, SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/.exec(shown)
  if (!match) return { status: 403, type: 'MissingAuthenticationTokenException', message: 'Missing Authentication Token' }
  const [, accessKeyId, date, region, service, names = ''] = match
  if (accessKeyId !== AWS.accessKeyId) return { status: 403, type: 'UnrecognizedClientException', message: 'The security token included in the request is invalid.' }
  if (service !== 'bedrock' || region !== AWS.region) return { status: 403, type: 'InvalidSignatureException', message: `Credential should be scoped to a valid region: ${region}/${service}` }
  const at = Date.parse((request.headers.get('x-amz-date') ?? '').replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'))
  if (!(Math.abs(Date.now() - at) < CLOCK_MS_MAX) || !(request.headers.get('x-amz-date') ?? '').startsWith(date ?? '-')) return { status: 403, type: 'InvalidSignatureException', message: 'Signature expired' }
  for (const name of ['host', 'x-amz-date']) if (!names.split(';').includes(name)) return { status: 403, type: 'IncompleteSignatureException', message: `${name} is not signed` }
  const sessionToken = request.headers.get('x-amz-security-token') ?? undefined
  if (sessionToken !== undefined && (sessionToken !== AWS.sessionToken || !names.includes('x-amz-security-token'))) return { status: 403, type: 'ExpiredTokenException', message: 'The security token included in the request is expired' }
  const expected = await signatureOf(request, url, body, names.split(';'), at, sessionToken)
  return expected === shown ? undefined : { status: 403, type: 'InvalidSignatureException', message: 'The request signature we calculated does not match the signature you provided.' }
}

async function signatureOf(request: Request, url: URL, body: string, names: readonly string[], atMs: number, sessionToken: string | undefined): Promise<string> {
  const signer = new SignatureV4({ service: 'bedrock', region: AWS.region, credentials: { ...AWS, ...(sessionToken === undefined ? { sessionToken: undefined } : { sessionToken }) }, sha256: Sha256, applyChecksum: false })
  const headers = Object.fromEntries(names.filter((name) => name !== 'x-amz-date' && name !== 'x-amz-security-token').map((name) => [name, request.headers.get(name) ?? '']))
  const signed = await signer.sign({ method: request.method, protocol: 'http:', hostname: url.hostname, path: url.pathname, query: Object.fromEntries(url.searchParams), headers, body }, { signingDate: new Date(atMs) })
  return signed.headers['authorization'] ?? ''
}

/** Anthropic's events as InvokeModel streams them. */
export function invokeStream(events: readonly unknown[]): Response {
  const frames = events.map((event) => frameBytes({ ':event-type': 'chunk', ':content-type': 'application/json', ':message-type': 'event' }, JSON.stringify({ bytes: Buffer.from(JSON.stringify(event)).toString('base64'), p: 'abcd' })))
  return eventStream(frames)
}

/** Frames as a response. */
export function eventStream(frames: readonly Uint8Array[]): Response {
  return new Response(Buffer.concat(frames), { headers: { 'content-type': 'application/vnd.amazon.eventstream' } })
}
