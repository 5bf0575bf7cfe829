import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { parseObject, type JsonObject } from '../../src/core/json.ts'
import type { Heard, Speech, Turn } from './turn.ts'

/** One request as the provider saw it. */
export interface Request {
  readonly url: string
  readonly body: JsonObject
  readonly heard: Heard
  readonly problems: readonly string[]
  /** Ends when the gateway closes the connection before the answer is complete. */
  readonly left: Promise<void>
}

/** A provider that says the turns it was given, one a request, in its dialect; the last again and again. */
export interface ScriptedProvider {
  /** `http://127.0.0.1:<port>` */
  readonly url: string
  /** The turns of the requests that follow; forgets those seen. */
  play(...turns: readonly Turn[]): void
  /** Requests since `play`. */
  seen(): readonly Request[]
  /** Lets a turn that ends badly go on to its end: it waits before, so that what it said is with the client by then. */
  endBadly(): void
  /** The first of them. Throws when there is none, so that no test passes by nothing. */
  first(): Request
  stop(): Promise<void>
}

/** Starts a provider of this dialect on a free port. */
export async function startScripted(speech: Speech): Promise<ScriptedProvider> {
  let turns: readonly Turn[] = []
  let seen: Request[] = []
  let bad = Promise.withResolvers<void>()
  const server = createServer((incoming, response) => {
    void readBody(incoming).then((text) => {
      const body = parseObject(text) ?? {}
      const turn = turns[Math.min(seen.length, turns.length - 1)]
      const left = new Promise<void>((resolve) => response.once('close', () => { if (!response.writableFinished) resolve() }))
      const request = { url: incoming.url ?? '', body, heard: speech.hear(body), problems: speech.problems(body), left }
      seen.push(request)
      answer(response, speech, turn ?? { fault: { status: 500, message: 'nothing to say' } }, speech.isStream(request.url, body), bad.promise)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    play: (...next) => {
      turns = next
      seen = []
      bad = Promise.withResolvers()
    },
    endBadly: () => bad.resolve(),
    seen: () => seen,
    first: () => {
      const [request] = seen
      if (!request) throw new Error('the provider was not called')
      return request
    },
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

function answer(response: ServerResponse, speech: Speech, turn: Turn, isStream: boolean, bad: Promise<void>): void {
  if (turn.fault) {
    response.writeHead(turn.fault.status, { 'content-type': 'application/json' }).end(JSON.stringify(speech.faultBody(turn.fault.status, turn.fault.message)))
    return
  }
  if (!isStream) {
    // A reply that hangs is one that never comes.
    if (turn.ends !== 'hanging') response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(speech.reply(turn)))
    return
  }
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  for (const frame of speech.frames(turn)) response.write(frame)
  if (turn.ends === undefined) response.end()
  else if (turn.ends !== 'hanging') void bad.then(() => response.end(turn.ends === 'faulty' ? speech.faultFrame('Oops in the middle') : ''))
}
