import { Http1Error } from './error.ts'

/** Where connections are opened to: what they have in common may be shared. */
export interface Origin {
  /** `scheme://host:port`, by which connections are pooled. */
  readonly key: string
  /** As the resolver wants it: an IPv6 address has no brackets. */
  readonly hostname: string
  readonly port: number
  readonly secure: boolean
  /** For SNI and the check of the certificate; addresses are not sent as names (RFC 6066 §3). */
  readonly serverName: string | undefined
}

/** A URL as the head of a request says it. */
export interface Target {
  readonly origin: Origin
  /** What follows the method, up to the end of the Host line. */
  readonly path: string
  readonly host: string
  /** From `user:password@` of the URL. */
  readonly authorization: string | undefined
}

/** Reads an http or https URL. Throws Http1Error BadUrl. */
export function readTarget(text: string): Target {
  // The URL parser would silently take tab, CR and LF out: whoever wrote them meant something else than is sent.
  // eslint-disable-next-line no-control-regex
  if (/[\x00-\x20\x7f]/.test(text)) throw new Http1Error('BadUrl', 'the URL has a space or a control character in it')
  const url = URL.parse(text)
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:')) throw new Http1Error('BadUrl', 'the URL is not one of http or https')
  const secure = url.protocol === 'https:'
  const hostname = url.hostname.replace(/^\[|\]$/g, '')
  const port = Number(url.port) || (secure ? 443 : 80)
  const isAddress = hostname.includes(':') || /^[\d.]+$/.test(hostname)
  return {
    origin: { key: `${url.protocol}//${url.hostname}:${port}`, hostname, port, secure, serverName: isAddress ? undefined : hostname },
    path: url.pathname + url.search,
    host: url.host,
    authorization: url.username || url.password ? `Basic ${basic(url)}` : undefined,
  }
}

/** The same target behind one address of its host: the name stays in Host, SNI and the check of the certificate. */
export function atAddress(target: Target, address: string): Target {
  const { origin } = target
  return { ...target, origin: { ...origin, key: `${origin.key} at ${address}`, hostname: address } }
}

function basic(url: URL): string {
  return Buffer.from(`${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`).toString('base64')
}
