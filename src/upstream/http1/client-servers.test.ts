import { once } from 'node:events'
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { systemClock } from '../../lib/clock.ts'
import { Http1Client } from './client.ts'

// Answers with what came, in three ways that differ on the wire: by length, in chunks, until close.
const NODE_SERVER = `const http = require('http')
  http.createServer(async (request, response) => {
    const pieces = []
    for await (const piece of request) pieces.push(piece)
    const body = Buffer.concat(pieces)
    if (request.url === '/length') return response.writeHead(200, { 'content-length': body.length }).end(body)
    if (request.url === '/close') response.shouldKeepAlive = false
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    for (let at = 0; at < body.length; at += 100) {
      response.write(body.subarray(at, at + 100))
      if (at % 300 === 0) await new Promise((go) => setImmediate(go))
    }
    response.end()
  }).listen(0, '127.0.0.1', function () { console.log(this.address().port) })`

async function nodeServer(): Promise<{ readonly origin: string; stop(): void }> {
  const child = spawn('node', ['-e', NODE_SERVER], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = await once(createInterface({ input: child.stdout }), 'line')
  return { origin: `http://127.0.0.1:${line}`, stop: () => void child.kill('SIGKILL') }
}

function bunServer(): { readonly origin: string; stop(): void } {
  const server = Bun.serve({
    port: 0, hostname: '127.0.0.1',
    async fetch(request) {
      const body = await request.bytes()
      const { pathname } = new URL(request.url)
      if (pathname === '/length') return new Response(body)
      const pieces = async function* (): AsyncGenerator<Uint8Array> {
        for (let at = 0; at < body.length; at += 100) {
          yield body.slice(at, at + 100)
          if (at % 300 === 0) await Bun.sleep(0)
        }
      }
      // Bun takes a generator as a body; its types say so for a stream only.
      return new Response(pieces() as unknown as ReadableStream, { headers: pathname === '/close' ? { connection: 'close' } : {} })
    },
  })
  return { origin: `http://127.0.0.1:${server.port}`, stop: () => void server.stop(true) }
}

describe.each([['Bun.serve', bunServer], ['node:http', nodeServer]] as const)('with %s', (_name, start) => {
  let server: { readonly origin: string; stop(): void } | undefined
  let client: Http1Client | undefined
  beforeAll(async () => {
    server = await start()
    client = new Http1Client({ clock: systemClock })
  })
  afterAll(() => {
    client?.close()
    server?.stop()
  })

  const echo = async (path: string, body: string, fresh = false): Promise<string | undefined> => {
    const answer = await client?.request({ url: `${server?.origin}${path}`, method: 'POST', headers: { 'content-type': 'text/plain' }, body, signal: new AbortController().signal, fresh })
    return answer && (await answer.text(1 << 20)).text
  }

  test('1,000 calls in turn use one connection', async () => {
    for (let at = 0; at < 1_000; at++) {
      const body = `${at} `.repeat(at % 50)
      if (await echo(at % 2 === 0 ? '/length' : '/chunks', body) !== body) expect.unreachable(`call ${at}`)
    }
    expect(client?.idleCount).toBe(1)
  }, 30_000)

  test('200 calls at once each get their own answer', async () => {
    const bodies = Array.from({ length: 200 }, (_, at) => `${at} `.repeat(1 + at * 3))
    const paths = ['/length', '/chunks', '/close']
    expect(await Promise.all(bodies.map((body, at) => echo(paths[at % 3] ?? '', body)))).toEqual(bodies)
    expect(client?.idleCount).toBeLessThanOrEqual(200)
  }, 30_000)

  test('aborted calls between them spoil none', async () => {
    const calls = Array.from({ length: 300 }, async (_, at) => {
      const body = `${at} `.repeat(200)
      if (at % 3 !== 0) return (await echo('/chunks', body)) === body
      const controller = new AbortController()
      const answered = client?.request({ url: `${server?.origin}/chunks`, method: 'POST', headers: {}, body, signal: controller.signal })
      if (at % 2 === 0) setTimeout(() => controller.abort(), at % 7)
      const read = answered?.then(async (answer) => {
        await answer.read()
        controller.abort()
        return true
      })
      return read?.catch(() => true)
    })
    expect((await Promise.all(calls)).every((right) => right === true)).toBe(true)
    expect(await echo('/length', 'after')).toBe('after')
  }, 30_000)
})
