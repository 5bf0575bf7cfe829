import type { Socket } from 'bun'
import { dialectOfPath, streamAnswer, streamModelIn, type StreamModel } from './dialect-traffic.ts'
import { plainAnswer, streamEvents } from './traffic.ts'

/**
 * The provider that all lanes call, in a process of its own: OpenAI's chat completions on raw sockets, so that it costs
 * a fraction of any gateway; streams in the other dialects as well. It counts what it is asked, and how many of its
 * streams are open.
 *
 *     bun bench/mock.ts        prints `listening on http://127.0.0.1:<port>`
 *     GET /counts              the counters, as JSON
 */

/** What the mock has seen since it started. */
export interface MockCounts {
  readonly requests: number
  /** Streams that are being written. */
  readonly open: number
  /** Streams whose reader left before the end. */
  readonly aborted: number
}

interface Connection {
  /** Bytes of a request that has not come whole. */
  pending: Buffer
  stream: OpenStream | undefined
  /** What the socket could not take yet. */
  unsent: Buffer
}

interface OpenStream { readonly socket: Socket<Connection>; readonly pieces: readonly Buffer[]; next: number; dueMs: number; readonly delayMs: number }

const counts = { requests: 0, open: 0, aborted: 0 }
const open = new Set<OpenStream>()

const plain = plainAnswer()
const PLAIN = Buffer.from(`HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(plain)}\r\nconnection: keep-alive\r\n\r\n${plain}`)
const STREAM_HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-cache\r\nconnection: keep-alive\r\ntransfer-encoding: chunked\r\n\r\n'
const EVENTS = streamEvents()
// The role and the first word leave together: what a client waits for is the word.
const STREAM = inPieces(EVENTS.slice(0, 2), EVENTS.slice(2, -1), EVENTS.slice(-1))
const streams = new Map<string, readonly Buffer[]>()

/** A stream as it is written, piece by piece: the head and what opens it, the middle one by one, the last with all that closes it. */
function inPieces(open: readonly string[], middle: readonly string[], close: readonly string[]): readonly Buffer[] {
  const chunked = (events: readonly string[]): string => events.map((event) => `${Buffer.byteLength(event).toString(16)}\r\n${event}\r\n`).join('')
  const pieces = [STREAM_HEAD + chunked(open), ...middle.slice(0, -1).map((event) => chunked([event])), `${chunked([...middle.slice(-1), ...close])}0\r\n\r\n`]
  return pieces.map((piece) => Buffer.from(piece))
}

/** The streamed answer in the dialect that it is asked for in; made once. */
function streamPieces(path: string, model: StreamModel): readonly Buffer[] {
  const dialect = dialectOfPath(path)
  const key = `${dialect} ${model.kind} ${model.pieces}`
  const known = streams.get(key)
  if (known) return known
  const { open, pieces, close } = streamAnswer(dialect, model.kind, model.pieces)
  const made = inPieces([...open, ...pieces.slice(0, 1)], pieces.slice(1), close)
  streams.set(key, made)
  return made
}

function send(socket: Socket<Connection>, bytes: Buffer): void {
  const { data } = socket
  if (data.unsent.length > 0) data.unsent = Buffer.concat([data.unsent, bytes])
  else data.unsent = bytes.subarray(socket.write(bytes))
}

function answer(socket: Socket<Connection>, head: string, body: string): void {
  if (head.startsWith('GET ')) {
    const text = JSON.stringify(counts)
    send(socket, Buffer.from(`HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${text.length}\r\n\r\n${text}`))
    return
  }
  counts.requests++
  const delay = /"model":"mock-stream-(\d+)"/.exec(body)?.[1]
  if (delay !== undefined) return stream(socket, STREAM, Number(delay))
  const path = head.slice(0, head.indexOf('\r\n')).split(' ')[1]?.split('?')[0] ?? ''
  const model = streamModelIn(path) ?? streamModelIn(body)
  if (model) stream(socket, streamPieces(path, model), model.delayMs)
  else send(socket, PLAIN)
}

/** Begins a stream. */
function stream(socket: Socket<Connection>, pieces: readonly Buffer[], delayMs: number): void {
  const begun: OpenStream = { socket, pieces, next: 1, delayMs, dueMs: performance.now() + delayMs }
  socket.data.stream = begun
  counts.open++
  open.add(begun)
  const [first] = pieces
  if (first) send(socket, first)
}

/** Writes the pieces that are due. One timer for all streams: a thousand of them cost what one does. */
function tick(): void {
  const nowMs = performance.now()
  for (const stream of open) {
    if (stream.dueMs > nowMs) continue
    const piece = stream.pieces[stream.next++]
    if (piece) send(stream.socket, piece)
    // A late tick does not make the ones after it early.
    stream.dueMs = Math.max(stream.dueMs + stream.delayMs, nowMs)
    if (stream.next < stream.pieces.length) continue
    close(stream)
    stream.socket.data.stream = undefined
  }
}

function close(stream: OpenStream): void {
  if (open.delete(stream)) counts.open--
}

/** Takes whole requests off what has come; what remains is the beginning of the next one. */
function takeRequests(socket: Socket<Connection>, bytes: Buffer): Buffer {
  let rest = bytes
  for (;;) {
    const end = rest.indexOf('\r\n\r\n')
    if (end === -1) return rest
    const head = rest.toString('latin1', 0, end)
    const lower = head.toLowerCase()
    const from = end + 4
    let to = from + Number(/\r\ncontent-length: *(\d+)/.exec(lower)?.[1] ?? 0)
    if (lower.includes('\r\ntransfer-encoding: chunked')) {
      const last = rest.indexOf('0\r\n\r\n', from)
      if (last === -1) return rest
      to = last + 5
    }
    if (rest.length < to) return rest
    answer(socket, head, rest.toString('latin1', from, to))
    rest = rest.subarray(to)
  }
}

const server = Bun.listen<Connection>({
  hostname: '127.0.0.1',
  port: Number(process.argv[2] ?? 0),
  socket: {
    open(socket) {
      socket.data = { pending: Buffer.alloc(0), stream: undefined, unsent: Buffer.alloc(0) }
      socket.setNoDelay(true)
    },
    data(socket, bytes) {
      const { pending } = socket.data
      const rest = takeRequests(socket, pending.length === 0 ? bytes : Buffer.concat([pending, bytes]))
      socket.data.pending = rest.length === 0 ? rest : Buffer.from(rest)
    },
    drain(socket) {
      const { data } = socket
      data.unsent = data.unsent.subarray(socket.write(data.unsent))
    },
    close(socket) {
      const { stream } = socket.data
      if (!stream) return
      counts.aborted++
      close(stream)
    },
  },
})

setInterval(tick, 1)
console.log(`listening on http://127.0.0.1:${server.port}`)
