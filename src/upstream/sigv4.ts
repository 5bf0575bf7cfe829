import { createHash, createHmac } from 'node:crypto'
import type { AwsAccount } from '../catalog/endpoint.ts'

/** A request as it is about to be sent. */
export interface Signable {
  readonly method: string
  readonly host: string
  /** As it is sent, percent signs and all. */
  readonly path: string
  readonly query: Iterable<[string, string]>
  readonly headers: Readonly<Record<string, string>>
  /** In pieces, where it is large. */
  readonly body: string | readonly string[]
}

/** What is signed for: a service of AWS in one region. */
export interface Scope { readonly region: string; readonly service: string }

/** Headers that proxies and clients add or change on the way; they must not be in what is signed. */
const UNSIGNED = new Set(['accept-encoding', 'authorization', 'connection', 'expect', 'keep-alive', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'user-agent', 'x-amzn-trace-id'])

/**
 * The headers that sign a request by AWS's Signature Version 4 (docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html):
 * authorization, x-amz-date and, for a temporary identity, x-amz-security-token. `nowMs` is since the epoch.
 */
export function signRequest(request: Signable, account: AwsAccount, scope: Scope, nowMs: number): Record<string, string> {
  const time = new Date(nowMs).toISOString().replace(/[-:]|\.\d{3}/g, '')
  const added: Record<string, string> = { 'x-amz-date': time, ...(account.sessionToken === undefined ? {} : { 'x-amz-security-token': account.sessionToken }) }
  const date = time.slice(0, 8)
  const credential = `${date}/${scope.region}/${scope.service}/aws4_request`
  const { text, names } = canonicalRequest({ ...request, headers: { ...request.headers, ...added, host: request.host } })
  const toSign = `AWS4-HMAC-SHA256\n${time}\n${credential}\n${sha256(text)}`
  const signature = hmac(signingKey(account.secretAccessKey, date, scope), toSign).toString('hex')
  return { ...added, authorization: `AWS4-HMAC-SHA256 Credential=${account.accessKeyId}/${credential}, SignedHeaders=${names}, Signature=${signature}` }
}

/** The request in the one form that both sides sign, and the names of its headers. */
function canonicalRequest(request: Signable): { readonly text: string; readonly names: string } {
  const entries = Object.entries(request.headers).map(([name, value]): [string, string] => [name.toLowerCase(), value.trim().replace(/\s+/g, ' ')])
  const signed = entries.filter(([name]) => !UNSIGNED.has(name)).toSorted(([a], [b]) => (a < b ? -1 : 1))
  const names = signed.map(([name]) => name).join(';')
  const headers = signed.map(([name, value]) => `${name}:${value}\n`).join('')
  return { text: `${request.method}\n${canonicalPath(request.path)}\n${canonicalQuery(request.query)}\n${headers}\n${names}\n${sha256(request.body)}`, names }
}

/** A path as it is sent, encoded once more (all services but S3 ask for that) and without `.`, `..` and empty segments. */
function canonicalPath(path: string): string {
  const kept: string[] = []
  for (const segment of path.split('/')) {
    if (segment === '..') kept.pop()
    else if (segment !== '' && segment !== '.') kept.push(encode(segment))
  }
  const end = kept.length > 0 && path.endsWith('/') ? '/' : ''
  return `/${kept.join('/')}${end}`
}

/** A query in the order of its encoded names, then values. */
function canonicalQuery(query: Iterable<[string, string]>): string {
  return [...query].map(([name, value]) => [encode(name), encode(value)] as const).toSorted(([a, x], [b, y]) => (a < b || (a === b && x < y) ? -1 : 1)).map((pair) => pair.join('=')).join('&')
}

/** Everything but RFC 3986's unreserved characters as %XX; encodeURIComponent leaves five more. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`)
}

/** The key of a day, region and service: the same for all its requests, so the last ones are kept. */
function signingKey(secret: string, date: string, { region, service }: Scope): Buffer {
  const name = `${date}/${region}/${service}/${secret}`
  const known = keys.get(name)
  if (known) return known
  const key = [date, region, service, 'aws4_request'].reduce<Buffer | string>((from, part) => hmac(from, part), `AWS4${secret}`)
  if (keys.size >= KEYS_MAX) keys.clear()
  // `reduce` over a list that is not empty ends with what hmac gives.
  keys.set(name, key as Buffer)
  return key as Buffer
}

const KEYS_MAX = 64
const keys = new Map<string, Buffer>()

function hmac(key: Buffer | string, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}

/** A hash takes bytes. They are made in here, a part at a time: those of a picture would be its size once more. */
const ROOM = new Uint8Array(1 << 16)
const ENCODER = new TextEncoder()

function sha256(text: string | readonly string[]): string {
  const hash = createHash('sha256')
  for (const piece of typeof text === 'string' ? [text] : text) {
    for (let at = 0; at < piece.length;) {
      const { read, written } = ENCODER.encodeInto(piece.slice(at), ROOM)
      hash.update(ROOM.subarray(0, written))
      at += read
    }
  }
  return hash.digest('hex')
}
