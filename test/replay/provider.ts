import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import { parseObject, type JsonObject } from '../../src/core/json.ts'
import { answerBytes, isStream, type Exchange } from './exchange.ts'

/** A request as the provider saw it. */
export interface Seen {
  readonly method: string
  /** Path and query. */
  readonly url: string
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly text: string
  /** The body as JSON, undefined when it is no JSON object. */
  readonly body: JsonObject | undefined
}

export interface PlayOptions {
  /** Cut the answer's body into pieces of this many bytes, each written by itself. */
  readonly pieceBytes?: number
  /** Compress the answer, and say so. */
  readonly gzip?: boolean
}

/** A provider that answers every request with one recorded answer, until it is given another. */
export interface ReplayProvider {
  /** `http://127.0.0.1:<port>` */
  readonly url: string
  /** Sets the answer of the requests that follow, and forgets those seen. */
  play(exchange: Exchange, options?: PlayOptions): void
  /** Requests since `play`. */
  seen(): readonly Seen[]
  stop(): Promise<void>
}

/** Starts a replaying provider on a free port. */
export async function startReplay(): Promise<ReplayProvider> {
  let playing: { readonly exchange: Exchange; readonly options: PlayOptions } | undefined
  let seen: Seen[] = []
  const server = createServer((request, response) => {
    void readBody(request).then(async (text) => {
      seen.push({ method: request.method ?? '', url: request.url ?? '', headers: flat(request), text, body: parseObject(text) })
      if (playing) await answer(response, playing.exchange, playing.options)
      else response.writeHead(500).end('nothing to play')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    play: (exchange, options = {}) => {
      playing = { exchange, options }
      seen = []
    },
    seen: () => seen,
    stop: () => new Promise((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    }),
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = []
  for await (const piece of request) pieces.push(Buffer.from(piece))
  return Buffer.concat(pieces).toString()
}

function flat(request: IncomingMessage): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]))
}

async function answer(response: ServerResponse, exchange: Exchange, options: PlayOptions): Promise<void> {
  const plain = answerBytes(exchange)
  const bytes = options.gzip ? gzipSync(plain) : plain
  const { 'content-length': _length, 'transfer-encoding': _transfer, 'content-encoding': _encoding, ...headers } = exchange.response.headers
  response.writeHead(exchange.response.status, {
    ...headers,
    ...(options.gzip ? { 'content-encoding': 'gzip' } : {}),
    ...(isStream(exchange) ? {} : { 'content-length': String(bytes.length) }),
  })
  const step = options.pieceBytes ?? bytes.length
  response.socket?.setNoDelay(true)
  for (let at = 0; at < bytes.length && !response.destroyed; at += step) {
    // Pieces that are written in one turn of the loop may leave as one packet: a turn between them keeps most apart.
    if (at > 0) await new Promise((resolve) => setImmediate(resolve))
    response.write(bytes.subarray(at, at + step))
  }
  response.end()
}
