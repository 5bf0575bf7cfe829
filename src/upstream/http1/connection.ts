import type { Socket, SocketHandler } from 'bun'
import { Http1Error } from './error.ts'
import type { Exchange, Wire } from './exchange.ts'
import type { Origin } from './target.ts'

/** A request as it is sent. */
export interface WireRequest {
  /** Characters are bytes of Latin-1. */
  readonly head: string
  readonly body: string | Uint8Array | readonly string[]
  /** Of the body, in UTF-8. */
  readonly bodyBytes: number
}

/** Who opened a connection, and hears what becomes of it. */
export interface ConnectionOwner {
  /** Ready for another exchange, for at most this long. */
  idle(connection: Connection, keepMs: number): void
  /** Closed, or never opened. */
  gone(connection: Connection): void
  /** More (1) or fewer (-1) attempts to connect that were given up and that the system has not ended yet. */
  forsaken(change: 1 | -1): void
}

/** How connections are opened. */
export interface ConnectOptions {
  /** From the look-up of the name to the end of the TLS handshake. */
  readonly connectMsMax: number
  /** Certificates to trust in place of the system's. */
  readonly ca?: string | readonly string[]
}

/** Up to this size head and body go into one string or one buffer, and so into one packet. */
const JOINED_BYTES_MAX = 64 << 10
/** A large string is encoded so many characters at a time, as the socket takes them: there is never a second one of it. */
const ENCODED_CHARS = 128 << 10
/** UTF-8 takes at most so many for one unit of UTF-16. */
const BYTES_PER_CHAR_MAX = 3
/** RFC 7301: a length, then the name. Some servers take no answer for HTTP/2. */
const ALPN = Buffer.from('\x08http/1.1', 'latin1')

/** Every socket's callbacks; the connection is the socket's data. */
const CALLBACKS: SocketHandler<Connection, 'buffer'> = {
  binaryType: 'buffer',
  open(socket) { socket.data.opened(socket) },
  handshake(socket, authorized, error) { socket.data.shookHands(authorized, error) },
  data(socket, bytes) { socket.data.received(bytes) },
  drain(socket) { socket.data.flush() },
  close(socket, error) { socket.data.closed(error) },
  // A TLS session that breaks later; the close that follows tells no reason.
  error(socket, error) { socket.data.closed(error) },
  connectError(socket, error) { socket.data.refused(error) },
}

/** One socket to one origin. Carries one exchange at a time. */
export class Connection implements Wire {
  /** Set by the pool while it is idle, on the monotonic clock. */
  idleUntilMs = 0

  private socket: Socket<Connection> | undefined
  private state: 'connecting' | 'open' | 'closed' = 'connecting'
  private exchange: Exchange | undefined
  private request: WireRequest | undefined
  private exchanges = 0
  /** What of the request the socket has not taken yet. */
  private unsent: (Uint8Array | string)[] = []
  private sentOfFirst = 0
  /** Where large strings are encoded, piece after piece. */
  private scratch: Buffer | undefined
  private timer: ReturnType<typeof setTimeout> | undefined
  private isBroken = false
  /** The system has opened a socket or said why not. Bun cannot call an attempt off before that. */
  private settled = false

  constructor(readonly origin: Origin, private readonly owner: ConnectionOwner) {}

  /** Opens the socket; what was started is sent when it is there. */
  connect({ connectMsMax, ca }: ConnectOptions): void {
    this.timer = setTimeout(() => this.closed(new Http1Error('ConnectTimeout', `no connection within ${connectMsMax} ms`)), connectMsMax)
    const { hostname, port, secure, serverName } = this.origin
    const names = { ...(serverName !== undefined && { serverName }), ...(ca !== undefined && { ca: typeof ca === 'string' ? ca : [...ca] }) }
    const tls = secure ? { tls: { ...names, rejectUnauthorized: true, ALPNProtocols: ALPN } } : {}
    try {
      Bun.connect<Connection>({ hostname, port, data: this, socket: CALLBACKS, ...tls }).catch((error: unknown) => this.refused(error))
    } catch (error) {
      this.refused(error)
    }
  }

  /** Sends a request, at once or when connected; the exchange gets the answer. */
  start(exchange: Exchange, request: WireRequest): void {
    this.exchange = exchange
    exchange.attach(this, this.exchanges > 0)
    this.exchanges += 1
    if (this.state === 'open') {
      this.socket?.ref()
      this.send(request)
    } else this.request = request
  }

  pause(): void {
    this.socket?.pause()
  }

  resume(): void {
    this.socket?.resume()
  }

  release(keepMs: number): void {
    this.exchange = undefined
    // A request that was answered before it was sent leaves the server in the middle of it.
    if (keepMs <= 0 || this.unsent.length > 0 || this.isBroken || this.state !== 'open') return this.close()
    // An idle connection does not keep the process alive.
    this.socket?.unref()
    this.owner.idle(this, keepMs)
  }

  abandon(): void {
    this.exchange = undefined
    if (this.state === 'closed') return
    this.toClosed()
    this.socket?.terminate()
  }

  /** Closes an idle or no longer wanted connection in good order. */
  close(): void {
    if (this.state === 'closed') return
    this.toClosed()
    // Over TLS, `end` would wait for the server to say goodbye too.
    this.socket?.close()
  }

  /** For the socket's callbacks. */
  opened(socket: Socket<Connection>): void {
    this.socket = socket
    this.settle()
    if (this.state === 'closed') {
      socket.terminate()
      return
    }
    socket.setNoDelay(true)
    if (!this.origin.secure) this.ready()
  }

  /** For the socket's callbacks: there will be no socket. Comes twice, as a callback and as a rejection. */
  refused(error: unknown): void {
    this.settle()
    this.closed(connectError(error))
  }

  /** For the socket's callbacks. `authorized` alone does not say that the certificate was found good. */
  shookHands(authorized: boolean, error: Error | null): void {
    if (this.state !== 'connecting') return
    if (authorized && !error) this.ready()
    else this.closed(tlsError(error))
  }

  /** For the socket's callbacks. */
  received(bytes: Buffer): void {
    const { exchange } = this
    // Bytes that nobody asked for: the next exchange must not take them for its answer.
    if (!exchange) {
      this.abandon()
      // Also when it is closed on our side: a server that goes on sending would keep it.
      this.socket?.terminate()
      return
    }
    try {
      exchange.receive(bytes)
    } catch (error) {
      exchange.fail(error)
    }
  }

  /** For the socket's callbacks: sends on where the socket stopped taking. */
  flush(): void {
    const { socket, unsent } = this
    while (this.state === 'open' && socket) {
      const first = this.nextBytes()
      if (!first) {
        this.scratch = undefined
        return
      }
      const left = first.length - this.sentOfFirst
      const taken = socket.write(first, this.sentOfFirst, left)
      if (taken < 0) return this.unsendable()
      this.sentOfFirst += taken
      if (taken < left) return
      unsent.shift()
      this.sentOfFirst = 0
    }
  }

  /** For the socket's callbacks: the connection is no more, or never came about. */
  closed(error: Error | undefined): void {
    const { exchange, state } = this
    if (state === 'closed') return
    this.toClosed()
    this.exchange = undefined
    if (state === 'connecting') exchange?.fail(error instanceof Http1Error ? error : connectError(error))
    else exchange?.closed(error)
    this.socket?.terminate()
  }

  private ready(): void {
    this.state = 'open'
    clearTimeout(this.timer)
    this.timer = undefined
    const { request } = this
    this.request = undefined
    if (request) this.send(request)
  }

  private send(request: WireRequest): void {
    const { head, body, bodyBytes } = request
    const bytes = head.length + bodyBytes
    const isAscii = Buffer.byteLength(head) === head.length
    // Set before the state was open.
    const socket = this.socket as Socket<Connection>
    if (typeof body === 'string' && isAscii && bytes <= JOINED_BYTES_MAX) {
      const text = head + body
      const taken = socket.write(text)
      if (taken === bytes) return
      if (taken < 0) return this.unsendable()
      this.unsent = [Buffer.from(text).subarray(taken)]
      return
    }
    this.unsent = partsOf(head, body, bodyBytes)
    this.sentOfFirst = 0
    this.flush()
  }

  /** The first of what is unsent as bytes. Of a string, its beginning: what was encoded before it is sent. */
  private nextBytes(): Uint8Array | undefined {
    const [first] = this.unsent
    if (typeof first !== 'string') return first
    let chars = Math.min(first.length, ENCODED_CHARS)
    // A character of two units is encoded whole.
    if (chars < first.length && (first.charCodeAt(chars - 1) & 0xfc00) === 0xd800) chars++
    this.scratch ??= Buffer.allocUnsafeSlow((ENCODED_CHARS + 1) * BYTES_PER_CHAR_MAX)
    const bytes = this.scratch.subarray(0, this.scratch.write(first.slice(0, chars)))
    this.unsent.splice(0, 1, ...(chars < first.length ? [bytes, first.slice(chars)] : [bytes]))
    return bytes
  }

  /** The server takes no more. It may have said why, which is read before the close comes. */
  private unsendable(): void {
    this.isBroken = true
    this.unsent = []
    if ((this.socket?.readyState ?? 0) <= 0) this.closed(undefined)
  }

  private settle(): void {
    if (!this.settled && this.state === 'closed') this.owner.forsaken(-1)
    this.settled = true
  }

  private toClosed(): void {
    if (!this.settled) this.owner.forsaken(1)
    this.state = 'closed'
    this.unsent = []
    this.scratch = undefined
    this.request = undefined
    clearTimeout(this.timer)
    this.timer = undefined
    this.owner.gone(this)
  }
}

/** What is sent: head and body in one, or a large body from where it is, strings as strings. */
function partsOf(head: string, body: WireRequest['body'], bodyBytes: number): (Uint8Array | string)[] {
  const isBytes = body instanceof Uint8Array
  if (head.length + bodyBytes > JOINED_BYTES_MAX) return [Buffer.from(head, 'latin1'), ...(isBytes || typeof body === 'string' ? [body] : body)]
  const joined = Buffer.allocUnsafe(head.length + bodyBytes)
  joined.write(head, 0, 'latin1')
  if (isBytes) joined.set(body, head.length)
  else joined.write(typeof body === 'string' ? body : body.join(''), head.length, 'utf8')
  return [joined]
}

function connectError(error: unknown): Http1Error {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'FailedToOpenSocket'
  return new Http1Error(code, error instanceof Error ? error.message : 'the connection could not be opened', { cause: error })
}

/** BoringSSL's reasons have names in the message only: `error:100000f7:SSL routines:OPENSSL_internal:WRONG_VERSION_NUMBER`. */
function tlsError(error: Error | null): Http1Error {
  const reason = /SSL routines:[^:]*:(\w+)/.exec(error?.message ?? '')?.[1]
  if (reason !== undefined) return new Http1Error(`ERR_SSL_${reason}`, 'the TLS handshake failed', { cause: error })
  if (!error) return new Http1Error('ERR_TLS_HANDSHAKE', 'the certificate was not found good')
  return connectError(error)
}
