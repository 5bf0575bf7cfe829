import type { Clock } from '../../lib/clock.ts'
import type { Http1Answer } from './answer.ts'
import type { WireRequest } from './connection.ts'
import { decodeAnswer } from './encoding.ts'
import { Http1Error } from './error.ts'
import { Exchange } from './exchange.ts'
import { Pool } from './pool.ts'
import { writeHead } from './request-head.ts'
import { atAddress, readTarget, type Target } from './target.ts'

/** What a client may use, in time, bytes and connections. */
export interface Http1Limits {
  /** From the look-up of the name to the end of the TLS handshake. */
  readonly connectMsMax: number
  /** How long a connection waits for another request; a server that says less is obeyed. */
  readonly idleMsMax: number
  readonly idlePerOriginMax: number
  /** All heads of an answer together; also trailers, and the extensions of one chunk. */
  readonly headBytesMax: number
}

/**
 * A server that closes a waiting connection is seen at once, so that the time it waits is no risk by itself; what is left is
 * a request that crosses the close on the wire (ECONNRESET, reused). Balancers forget a connection after 60 s and more.
 */
export const HTTP1_LIMITS: Http1Limits = { connectMsMax: 10_000, idleMsMax: 30_000, idlePerOriginMax: 512, headBytesMax: 64 << 10 }

export interface Http1Options extends Partial<Http1Limits> {
  readonly clock: Clock
  /** PEM certificates to trust in place of the system's. Those of NODE_EXTRA_CA_CERTS are trusted without it. */
  readonly ca?: string | readonly string[]
}

export interface Http1Request {
  readonly url: string
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  /** A list of strings is one body in pieces. */
  readonly body: string | Uint8Array | readonly string[]
  /** Ends the exchange at any point of it, with the signal's reason. */
  readonly signal: AbortSignal
  /** Not on a connection that has been used before. */
  readonly fresh?: boolean
  /** The IP address to connect to, in place of looking the host up: the caller has done that, and has checked what it found. */
  readonly address?: string
}

/** Different URLs that are kept as read. */
const TARGETS_MAX = 4_096

/**
 * An HTTP/1.1 client straight on sockets (RFC 9110, 9112): one exchange at a time on a connection, and a connection is used
 * again only after an answer that was complete beyond doubt. No redirects, no cookies, no proxies, no retries.
 */
export class Http1Client {
  private readonly limits: Http1Limits
  private readonly targets = new Map<string, { readonly target: Target; readonly pool: Pool }>()
  private readonly pools = new Map<string, Pool>()
  private sweepTimer: ReturnType<typeof setTimeout> | undefined
  private isClosed = false
  private readonly onIdle = (): void => {
    if (this.sweepTimer !== undefined || this.isClosed) return
    this.sweepTimer = setTimeout(() => this.sweep(), this.limits.idleMsMax)
    this.sweepTimer.unref()
  }

  constructor(private readonly options: Http1Options) {
    this.limits = { ...HTTP1_LIMITS, ...options }
  }

  /** Sends a request. Settles with the head of its answer; rejects with Http1Error, or with the signal's reason. */
  async request(request: Http1Request): Promise<Http1Answer> {
    const { signal, method, body } = request
    signal.throwIfAborted()
    if (this.isClosed) throw new Http1Error('ClientClosed', 'the client is closed')
    const { target, pool } = this.target(request.url, request.address)
    const bodyBytes = bytesOf(body)
    const wire: WireRequest = { head: writeHead(target, method, request.headers, bodyBytes), body, bodyBytes }
    const reusable = request.fresh === true ? undefined : pool.take()
    const connection = reusable ?? pool.make()
    const exchange = new Exchange(method, signal, this.limits.headBytesMax)
    connection.start(exchange, wire)
    if (!reusable) connection.connect({ connectMsMax: this.limits.connectMsMax, ca: this.options.ca })
    return decodeAnswer(await exchange.answered)
  }

  /** Takes no more requests and closes idle connections; answers that are being read go on. */
  close(): void {
    this.isClosed = true
    clearTimeout(this.sweepTimer)
    for (const pool of this.pools.values()) pool.close()
  }

  /** Connections that wait for another request. */
  get idleCount(): number {
    let count = 0
    for (const pool of this.pools.values()) count += pool.idleCount
    return count
  }

  private target(url: string, address: string | undefined): { readonly target: Target; readonly pool: Pool } {
    const key = address === undefined ? url : `${address} ${url}`
    const known = this.targets.get(key)
    if (known) return known
    const target = address === undefined ? readTarget(url) : atAddress(readTarget(url), address)
    const entry = { target, pool: this.pool(target) }
    if (this.targets.size >= TARGETS_MAX) this.targets.clear()
    this.targets.set(key, entry)
    return entry
  }

  private pool({ origin }: Target): Pool {
    const known = this.pools.get(origin.key)
    if (known) return known
    const { idleMsMax, idlePerOriginMax } = this.limits
    const pool = new Pool(origin, { clock: this.options.clock, idleMsMax, idlePerOriginMax }, this.onIdle)
    this.pools.set(origin.key, pool)
    return pool
  }

  private sweep(): void {
    this.sweepTimer = undefined
    let anyLeft = false
    for (const pool of this.pools.values()) anyLeft = pool.sweep() || anyLeft
    if (anyLeft) this.onIdle()
  }
}

function bytesOf(body: Http1Request['body']): number {
  if (typeof body === 'string') return Buffer.byteLength(body)
  return body instanceof Uint8Array ? body.length : body.reduce((sum, piece) => sum + Buffer.byteLength(piece), 0)
}

/** A body as one thing, for who cannot send it in pieces. */
export function joinedBody(body: Http1Request['body']): string | Blob {
  if (typeof body === 'string') return body
  return body instanceof Uint8Array ? new Blob([new Uint8Array(body)]) : body.join('')
}
