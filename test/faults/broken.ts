import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer as createTlsServer } from 'node:tls'
import { gzipSync } from 'node:zlib'

/**
 * A provider on raw sockets that breaks in the ways that providers break: its base URL's path says how. What it sends
 * is OpenAI's chat completions up to the point where it goes wrong.
 */
export interface BrokenProvider {
  /** `http://127.0.0.1:<port>`; the behaviour is the first part of the path below it. */
  readonly url: string
  /** The same behind a certificate that nobody vouches for; undefined where there is no openssl to make one. */
  readonly untrustedUrl: string | undefined
  /** A port that nobody listens on. */
  readonly closedUrl: string
  /** Requests that came, by behaviour. */
  count(behaviour: string): number
  /** Calls whose other side has closed the connection before the answer was whole, by behaviour. */
  left(behaviour: string): number
  stop(): Promise<void>
}

/** One request as a behaviour sees it. `closed` is true once the other side has left. */
interface Asked { readonly socket: Socket; readonly stream: boolean; closed: boolean }

type Behaviour = (asked: Asked) => void | Promise<void>

const SHARED = '"id":"chatcmpl-1","created":1780000000,"model":"broken-1"'
const USAGE = '{"prompt_tokens":7,"completion_tokens":3,"total_tokens":10}'

/** A chunk of a stream, as the wire has it. */
function event(delta: object, finish: string | null = null): string {
  return `data: {${SHARED},"object":"chat.completion.chunk","choices":[{"index":0,"delta":${JSON.stringify(delta)},"finish_reason":${JSON.stringify(finish)}}]}\n\n`
}

const ROLE = event({ role: 'assistant', content: '' })
const HELLO = event({ content: 'Hello' })
const END = `${event({}, 'stop')}data: {${SHARED},"object":"chat.completion.chunk","choices":[],"usage":${USAGE}}\n\ndata: [DONE]\n\n`
const REPLY = `{${SHARED},"object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"Hello"},"finish_reason":"stop"}],"usage":${USAGE}}`

function head(type: string, more = '', status = '200 OK'): string {
  return `HTTP/1.1 ${status}\r\ncontent-type: ${type}\r\n${more}\r\n`
}

const SSE_HEAD = head('text/event-stream', 'transfer-encoding: chunked\r\n')

function chunk(text: string): string {
  return text === '' ? '' : `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`
}

/** A whole answer with its length; streams too may have one. */
function whole(type: string, body: string | Buffer, more = '', status?: string): Buffer {
  return Buffer.concat([Buffer.from(head(type, `content-length: ${Buffer.byteLength(body)}\r\n${more}`, status)), Buffer.from(body)])
}

function good(asked: Asked): Buffer {
  return asked.stream ? whole('text/event-stream', ROLE + HELLO + END) : whole('application/json', REPLY)
}

/** Keeps writing as fast as it is read, until the other side leaves. */
async function endless(asked: Asked, first: string, piece: string): Promise<void> {
  asked.socket.write(first)
  const bytes = Buffer.from(piece)
  while (!asked.closed) {
    if (asked.socket.write(bytes)) continue
    await new Promise<void>((resolve) => {
      const go = (): void => {
        asked.socket.off('drain', go).off('close', go)
        resolve()
      }
      asked.socket.on('drain', go).on('close', go)
    })
  }
}

const BEHAVIOURS: Readonly<Record<string, Behaviour>> = {
  'healthy': (asked) => { asked.socket.write(good(asked)) },
  'closes-after-answer': (asked) => {
    asked.socket.write(good(asked))
    asked.socket.end()
  },
  'closes-at-once': ({ socket }) => { socket.destroy() },
  'stalls-before-head': () => undefined,
  'stalls-before-first-event': ({ socket, stream }) => { socket.write(stream ? SSE_HEAD : head('application/json', 'content-length: 500\r\n')) },
  'pings-then-stalls': ({ socket }) => { socket.write(SSE_HEAD + chunk(': PROCESSING\n\n') + chunk(ROLE)) },
  'stalls-between-events': ({ socket }) => { socket.write(SSE_HEAD + chunk(ROLE + HELLO)) },
  'half-a-chunk': ({ socket, stream }) => {
    socket.write(stream ? SSE_HEAD + chunk(ROLE + HELLO) + chunk('data: {"id":"chatcmpl-1","cho') : `${head('application/json', 'content-length: 500\r\n')}{"id":"chatcmpl-1","cho`)
    setTimeout(() => socket.end(), 30)
  },
  'half-a-chunk-first': ({ socket }) => {
    socket.write(SSE_HEAD + chunk('data: {"id":"chatcmpl-1","cho'))
    setTimeout(() => socket.end(), 30)
  },
  'ends-without-finish': ({ socket }) => { socket.write(`${SSE_HEAD}${chunk(ROLE + HELLO)}0\r\n\r\n`) },
  'empty-stream': ({ socket }) => { socket.write(`${SSE_HEAD}0\r\n\r\n`) },
  'wrong-content-type': ({ socket }) => { socket.write(whole('text/html', '<html><body>Welcome to nginx!</body></html>')) },
  'json-as-text': (asked) => { asked.socket.write(asked.stream ? good(asked) : whole('text/plain', REPLY)) },
  'error-in-200': ({ socket }) => { socket.write(whole('application/json', '{"error":{"message":"The engine is busy","type":"server_error","code":503}}')) },
  'error-event-first': ({ socket }) => { socket.write(`${SSE_HEAD}${chunk('data: {"error":{"message":"The engine is busy","code":503}}\n\n')}0\r\n\r\n`) },
  'error-event-after-role': ({ socket }) => {
    socket.write(SSE_HEAD + chunk(ROLE))
    setTimeout(() => socket.write(`${chunk('event: error\ndata: {"error":{"message":"The engine is busy","code":503}}\n\n')}0\r\n\r\n`), 30)
  },
  'error-event-after-text': ({ socket }) => {
    socket.write(SSE_HEAD + chunk(ROLE + HELLO))
    setTimeout(() => socket.write(`${chunk('data: {"error":{"message":"The engine is busy","code":503}}\n\n')}0\r\n\r\n`), 30)
  },
  'endless-stream': (asked) => endless(asked, SSE_HEAD, chunk(event({ content: 'x'.repeat(250_000) }).repeat(4))),
  'endless-reply': (asked) => endless(asked, head('application/json', 'transfer-encoding: chunked\r\n'), chunk(' '.repeat(1_000_000))),
  'event-10-mb': (asked) => { asked.socket.write(whole('text/event-stream', ROLE + event({ content: 'x'.repeat(10 << 20) }) + END)) },
  'event-without-end': (asked) => endless(asked, `${SSE_HEAD}${chunk('data: {"id":"')}`, chunk('x'.repeat(1_000_000))),
  'invalid-json': ({ socket, stream }) => { socket.write(stream ? whole('text/event-stream', 'data: {"id": oops}\n\ndata: [DONE]\n\n') : whole('application/json', '{"id": oops}')) },
  'invalid-json-after-text': ({ socket }) => {
    socket.write(SSE_HEAD + chunk(ROLE + HELLO))
    setTimeout(() => socket.write(`${chunk('data: {"id": oops}\n\n')}0\r\n\r\n`), 30)
  },
  'json-array': ({ socket }) => { socket.write(whole('application/json', '[1,2,3]')) },
  'no-choices': ({ socket, stream }) => { socket.write(stream ? whole('text/event-stream', 'data: {"object":"x"}\n\ndata: [DONE]\n\n') : whole('application/json', '{"object":"x"}')) },
  'no-usage': ({ socket, stream }) => { socket.write(stream ? whole('text/event-stream', `${ROLE}${HELLO}${event({}, 'stop')}data: [DONE]\n\n`) : whole('application/json', REPLY.replace(`,"usage":${USAGE}`, ''))) },
  'gzip': ({ socket, stream }) => { socket.write(whole(stream ? 'text/event-stream' : 'application/json', gzipSync(stream ? ROLE + HELLO + END : REPLY), 'content-encoding: gzip\r\n')) },
  'broken-gzip': ({ socket, stream }) => { socket.write(whole(stream ? 'text/event-stream' : 'application/json', 'this is no gzip', 'content-encoding: gzip\r\n')) },
  'redirect': ({ socket }) => { socket.write(whole('text/plain', 'elsewhere', 'location: http://127.0.0.1:1/stolen\r\n', '307 Temporary Redirect')) },
  'bad-status-line': ({ socket }) => { socket.end('SSH-2.0-OpenSSH_9.2\r\n') },
  'status-500': ({ socket }) => { socket.write(whole('text/html', '<h1>Internal Server Error</h1>', '', '500 Internal Server Error')) },
  'status-429': ({ socket }) => { socket.write(whole('application/json', '{"error":{"message":"Slow down","type":"rate_limit"}}', 'retry-after: 7\r\n', '429 Too Many Requests')) },
  'status-401': ({ socket }) => { socket.write(whole('application/json', '{"error":{"message":"Incorrect API key provided: sk-secret1234567890abcdef"}}', '', '401 Unauthorized')) },
  'status-400': ({ socket }) => { socket.write(whole('application/json', '{"error":{"message":"temperature is too hot"}}', '', '400 Bad Request')) },
  'endless-error': (asked) => endless(asked, head('application/json', 'transfer-encoding: chunked\r\n', '500 Internal Server Error'), chunk('x'.repeat(100_000))),
}

const TLS_HANDSHAKE = 0x16

/** Every way to break that the server knows. */
export const BEHAVIOUR_NAMES: readonly string[] = Object.keys(BEHAVIOURS)

/** Starts it on a free port. */
export async function startBroken(): Promise<BrokenProvider> {
  const counts = new Map<string, number>()
  const leavers = new Map<string, number>()
  const sockets = new Set<Socket>()
  const converse = (socket: Socket): void => {
    sockets.add(socket)
    let open: { readonly asked: Asked; readonly name: string } | undefined
    let pending = ''
    socket.setNoDelay(true)
    socket.on('close', () => {
      sockets.delete(socket)
      if (!open) return
      open.asked.closed = true
      leavers.set(open.name, (leavers.get(open.name) ?? 0) + 1)
    })
    // A reset by the other side is one way of leaving.
    socket.on('error', () => socket.destroy())
    socket.on('data', (bytes) => {
      // A TLS handshake, to a port that speaks plain HTTP.
      if (bytes[0] === TLS_HANDSHAKE) return void socket.end('HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n')
      pending += bytes.toString('latin1')
      const request = takeRequest(pending)
      if (!request) return
      pending = request.rest
      counts.set(request.behaviour, (counts.get(request.behaviour) ?? 0) + 1)
      open = { name: request.behaviour, asked: { socket, stream: request.body.includes('"stream":true'), closed: false } }
      void BEHAVIOURS[request.behaviour]?.(open.asked)
    })
  }
  const server = createServer(converse)
  const certificate = selfSigned()
  const untrusted = certificate && createTlsServer(certificate, converse)
  // Its clients break off the handshake: that is the point of it.
  untrusted?.on('tlsClientError', () => undefined)
  return {
    url: `http://127.0.0.1:${await listen(server)}`,
    untrustedUrl: untrusted && `https://127.0.0.1:${await listen(untrusted)}`,
    closedUrl: `http://127.0.0.1:${await closedPort()}`,
    count: (behaviour) => counts.get(behaviour) ?? 0,
    left: (behaviour) => leavers.get(behaviour) ?? 0,
    stop: () => new Promise((resolve) => {
      untrusted?.close()
      server.close(() => resolve())
      for (const socket of sockets) socket.destroy()
    }),
  }
}

/** A certificate for 127.0.0.1 that is signed by itself, made anew for each run. */
function selfSigned(): { readonly key: string; readonly cert: string } | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'switchyard-test-tls-'))
  const [keyFile, certFile] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const made = spawnSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', keyFile, '-out', certFile])
  const pair = made.status === 0 ? { key: readFileSync(keyFile, 'utf8'), cert: readFileSync(certFile, 'utf8') } : undefined
  rmSync(folder, { recursive: true, force: true })
  return pair
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return portOf(server.address()).port
}

function takeRequest(text: string): { readonly behaviour: string; readonly body: string; readonly rest: string } | undefined {
  const end = text.indexOf('\r\n\r\n')
  const length = Number(/\r\ncontent-length: *(\d+)/i.exec(text)?.[1] ?? 0)
  if (end === -1 || text.length < end + 4 + length) return undefined
  return { behaviour: /^POST \/([\w-]+)\//.exec(text)?.[1] ?? '', body: text.slice(end + 4, end + 4 + length), rest: text.slice(end + 4 + length) }
}

function portOf(address: unknown): { readonly port: number } {
  if (typeof address === 'object' && address !== null && 'port' in address && typeof address.port === 'number') return { port: address.port }
  throw new Error('no port')
}

async function closedPort(): Promise<number> {
  const server = createServer()
  const port = await listen(server)
  await new Promise<void>((resolve) => server.close(() => resolve()))
  return port
}
