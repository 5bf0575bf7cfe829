import { afterEach, describe, expect, test } from 'bun:test'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'
import { systemClock } from '../../lib/clock.ts'
import { Http1Client } from './client.ts'
import { answerOf, ScriptedServer, until, type Script } from './scripted-server.fixture.ts'

const MEGABYTE = 1 << 20

const opened: (() => void)[] = []
afterEach(() => { for (const close of opened.splice(0)) close() })

async function serve(script: Script): Promise<ScriptedServer> {
  const server = await ScriptedServer.start(script)
  opened.push(() => server.stop())
  return server
}

function begin(url: string, options: { readonly body?: string | Uint8Array; readonly connectMsMax?: number; readonly client?: Http1Client } = {}) {
  const client = options.client ?? new Http1Client({ clock: systemClock, ...(options.connectMsMax !== undefined && { connectMsMax: options.connectMsMax }) })
  opened.push(() => client.close())
  const controller = new AbortController()
  const answered = client.request({ url, method: 'POST', headers: {}, body: options.body ?? '{}', signal: controller.signal })
  return { client, controller, answered, failure: answered.then(() => 'no failure', (error: unknown) => error) }
}

/** A port that the kernel takes no more connections for: its queue is full, and whoever listens accepts none. */
async function deafPort(): Promise<number> {
  const script = `const net = require('net'), fs = require('fs'); const server = net.createServer(); server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
    fs.writeSync(1, server.address().port + '\\n'); Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
  })`
  const child = spawn('node', ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  opened.push(() => child.kill('SIGKILL'))
  const [line] = await once(createInterface({ input: child.stdout }), 'line')
  const port = Number(line)
  let taken = 0
  const fillers = Array.from({ length: 5 }, () => connect(port, '127.0.0.1', () => { taken += 1 }).on('error', () => undefined))
  opened.push(() => { for (const filler of fillers) filler.destroy() })
  // One more than the backlog says.
  await until(() => taken === 2)
  return port
}

describe('an abort', () => {
  test('before the request sends nothing', async () => {
    const server = await serve(() => undefined)
    const controller = new AbortController()
    const reason = new Error('enough')
    controller.abort(reason)
    const client = new Http1Client({ clock: systemClock })
    expect(await client.request({ url: server.url, method: 'POST', headers: {}, body: '', signal: controller.signal }).catch((error: unknown) => error)).toBe(reason)
    expect(server.connections).toBe(0)
  })

  test('while connecting sends nothing', async () => {
    const server = await serve(() => undefined)
    const { controller, failure } = begin(server.url)
    controller.abort(new Error('enough'))
    expect(await failure).toMatchObject({ message: 'enough' })
    // The kernel of a local server has taken the connection by now: it closes without a byte.
    await until(() => server.connections === 1 && server.open === 0)
    expect(server.arrived).toEqual([])
  })

  test('while the other side does not take the connection ends at once', async () => {
    const { controller, failure } = begin(`http://127.0.0.1:${await deafPort()}/`)
    await Bun.sleep(5)
    controller.abort(new Error('enough'))
    expect(await failure).toMatchObject({ message: 'enough' })
  })

  test('in the request body closes the connection', async () => {
    const server = await serve(() => undefined)
    const { controller, failure } = begin(server.url, { body: new Uint8Array(64 * MEGABYTE) })
    await until(() => server.open === 1)
    for (const socket of server.sockets) socket.pause()
    await Bun.sleep(5)
    controller.abort(new Error('enough'))
    expect(await failure).toMatchObject({ message: 'enough' })
    for (const socket of server.sockets) socket.resume()
    await until(() => server.open === 0)
  })

  test.each(['', 'HTTP/1.1 200', 'HTTP/1.1 100 Continue\r\n\r\n'])('before the head closes the connection (%j)', async (begun) => {
    const server = await serve((_arrived, socket) => socket.write(begun))
    const { client, controller, failure } = begin(server.url)
    await until(() => server.arrived.length === 1)
    await Bun.sleep(5)
    controller.abort(new Error('enough'))
    expect(await failure).toMatchObject({ message: 'enough' })
    await until(() => server.open === 0)
    expect(client.idleCount).toBe(0)
  })

  test('in the body closes the connection, whether a read waits or not', async () => {
    const server = await serve((_arrived, socket) => socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n'))
    for (const waits of [true, false]) {
      const { controller, answered } = begin(server.url)
      const answer = await answered
      await answer.read()
      const read = waits ? answer.read() : undefined
      const failure = read?.catch((error: unknown) => error)
      controller.abort(new Error('enough'))
      expect(await (failure ?? answer.read().catch((error: unknown) => error))).toMatchObject({ message: 'enough' })
      await until(() => server.open === 0)
    }
  })

  test('of a paused answer closes the connection', async () => {
    const server = await serve((_arrived, socket) => socket.write(Buffer.concat([Buffer.from('HTTP/1.1 200 OK\r\n\r\n'), Buffer.alloc(32 * MEGABYTE)])))
    const { controller, answered } = begin(server.url)
    await answered
    await Bun.sleep(20)
    controller.abort(new Error('enough'))
    await until(() => server.open === 0)
  })

  test('after a complete answer leaves its connection in the pool', async () => {
    const server = await serve((arrived, socket) => socket.write(answerOf(String(arrived.connection))))
    const first = begin(server.url)
    await (await first.answered).text(10)
    first.controller.abort()
    expect(await (await begin(server.url, { client: first.client }).answered).text(10)).toEqual({ text: '1', cut: false })
  })

  test('of one request leaves the others alone', async () => {
    const server = await serve((arrived, socket) => { setTimeout(() => socket.write(answerOf(arrived.body)), 10) })
    const client = new Http1Client({ clock: systemClock })
    const calls = Array.from({ length: 20 }, (_, at) => begin(server.url, { client, body: String(at) }))
    await until(() => server.arrived.length === 20)
    for (const [at, call] of calls.entries()) if (at % 2 === 0) call.controller.abort()
    for (const [at, call] of calls.entries()) {
      if (at % 2 === 0) expect(await call.failure).toBeInstanceOf(DOMException)
      else expect(await (await call.answered).text(10)).toEqual({ text: String(at), cut: false })
    }
  })
})

describe('what is never there', () => {
  test('a host that takes no connection is a time-out', async () => {
    const { failure } = begin(`http://127.0.0.1:${await deafPort()}/`, { connectMsMax: 50 })
    expect(await failure).toMatchObject({ code: 'ConnectTimeout', reused: false, answerBegun: false })
  })

  test('attempts that hang do not pile up without end', async () => {
    const url = `http://127.0.0.1:${await deafPort()}/`
    const { client, failure } = begin(url, { connectMsMax: 20 })
    const failures = await Promise.all(Array.from({ length: 300 }, () => begin(url, { client }).failure))
    expect(await failure).toMatchObject({ code: 'ConnectTimeout' })
    expect(new Set(failures.map((error) => error instanceof Error && 'code' in error && error.code))).toEqual(new Set(['ConnectTimeout']))
    expect(await begin(url, { client }).failure).toMatchObject({ code: 'ConnectTimeout', message: expect.stringContaining('hang') })
  })

  test('a TLS server that says nothing is a time-out', async () => {
    const server = await serve(() => undefined)
    const { failure } = begin(`https://127.0.0.1:${server.port}/`, { connectMsMax: 50 })
    expect(await failure).toMatchObject({ code: 'ConnectTimeout' })
    await until(() => server.open === 0)
  })

  test.each(['http', 'https'])('a port that nobody listens on is refused (%s)', async (scheme) => {
    const server = await serve(() => undefined)
    server.stop()
    await Bun.sleep(5)
    for (const host of ['127.0.0.1', 'localhost', '[::1]']) expect(await begin(`${scheme}://${host}:${server.port}/`).failure).toMatchObject({ code: 'ECONNREFUSED', answerBegun: false })
  })

  test('a name that is none is not found', async () => {
    expect(await begin('http://nobody.invalid/').failure).toMatchObject({ code: expect.stringMatching(/^(?:ENOTFOUND|EAI_AGAIN|ESERVFAIL|ETIMEOUT)$/) })
  })
})

describe('a reader that stops', () => {
  test('stops an endless sender, and goes on where it stopped', async () => {
    let sent = 0
    const block = Buffer.concat([Buffer.from('10000\r\n'), Buffer.alloc(0x10000, 'x'), Buffer.from('\r\n')])
    const server = await serve((_arrived, socket) => {
      const pump = (): void => {
        while (sent < 256 * MEGABYTE) {
          sent += 0x10000
          if (!socket.write(block)) return
        }
        socket.write('0\r\n\r\n')
      }
      socket.on('drain', pump)
      socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n')
      pump()
    })
    const { answered } = begin(server.url)
    const answer = await answered
    let last = -1
    while (last !== sent) {
      last = sent
      await Bun.sleep(50)
    }
    // What the kernel holds for both sides, and what we hold: far from all.
    expect(sent).toBeLessThan(32 * MEGABYTE)
    const first = await answer.read()
    expect(first?.length).toBeLessThan(2 * MEGABYTE)
    let bytes = first?.length ?? 0
    for (let piece = await answer.read(); piece; piece = await answer.read()) bytes += piece.length
    expect(bytes).toBe(256 * MEGABYTE)
  }, 20_000)

  test('gets everything that a sender left behind when it closed', async () => {
    const server = await serve((_arrived, socket) => socket.end(Buffer.concat([Buffer.from('HTTP/1.1 200 OK\r\n\r\n'), Buffer.alloc(2 * MEGABYTE)])))
    const answer = await begin(server.url).answered
    await Bun.sleep(50)
    let bytes = 0
    for (let piece = await answer.read(); piece; piece = await answer.read()) {
      bytes += piece.length
      await Bun.sleep(1)
    }
    expect(bytes).toBe(2 * MEGABYTE)
  })
})
