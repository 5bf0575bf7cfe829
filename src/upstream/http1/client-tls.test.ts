import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'bun:test'
import { systemClock } from '../../lib/clock.ts'
import { Http1Client } from './client.ts'
import { answerOf, ScriptedServer, until, type Script } from './scripted-server.fixture.ts'

interface Certificate { readonly cert: string; readonly key: string; readonly path: string }

const folder = mkdtempSync(join(tmpdir(), 'switchyard-http1-'))
const opened: (() => void)[] = [() => rmSync(folder, { recursive: true })]
afterAll(() => { for (const close of opened) close() })

const openssl = Bun.which('openssl') !== null
if (!openssl && process.env['CI']) throw new Error('openssl is needed to make a certificate')
const describeTls = openssl ? describe : describe.skip
const local = openssl ? certificate('local', 'DNS:localhost,IP:127.0.0.1') : undefined
const elsewhere = openssl ? certificate('elsewhere', 'DNS:elsewhere.test') : undefined

function certificate(name: string, altNames: string): Certificate {
  const [key, path] = [join(folder, `${name}.key`), join(folder, `${name}.pem`)]
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', key, '-out', path, '-days', '2', '-subj', `/CN=${name}`, '-addext', `subjectAltName=${altNames}`], { stdio: 'ignore' })
  return { cert: readFileSync(path, 'utf8'), key: readFileSync(key, 'utf8'), path }
}

async function serve(certified: Certificate | undefined, script: Script = (arrived, socket) => socket.write(answerOf(String(arrived.onConnection)))): Promise<ScriptedServer> {
  const server = await ScriptedServer.start(script, certified)
  opened.push(() => server.stop())
  return server
}

function clientOf(ca?: string): Http1Client {
  const client = new Http1Client({ clock: systemClock, ...(ca !== undefined && { ca }) })
  opened.push(() => client.close())
  return client
}

async function ask(client: Http1Client, url: string, body: string | Uint8Array = '{}', signal = new AbortController().signal): Promise<string> {
  const answer = await client.request({ url, method: 'POST', headers: {}, body, signal })
  return (await answer.text(64 << 20)).text
}

const failureOf = (act: Promise<unknown>): Promise<unknown> => act.then(() => 'no failure', (error: unknown) => error)

describeTls('over TLS', () => {
  test('a certificate that nobody vouches for is refused, and nothing is sent', async () => {
    const server = await serve(local)
    for (const host of ['localhost', '127.0.0.1']) {
      expect(await failureOf(ask(clientOf(), `https://${host}:${server.port}/`))).toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT', answerBegun: false })
    }
    expect(server.arrived).toEqual([])
  })

  test('a certificate that we are told to trust is good, by name and by address, and the connection is kept', async () => {
    const server = await serve(local)
    const client = clientOf(local?.cert)
    for (const host of ['localhost', '127.0.0.1']) {
      const url = `https://${host}:${server.port}/`
      expect([await ask(client, url), await ask(client, url), await ask(client, url)]).toEqual(['1', '2', '3'])
    }
    expect(server.connections).toBe(2)
  })

  test.each(['localhost', '127.0.0.1'])('a certificate of another host is refused (%s)', async (host) => {
    const server = await serve(elsewhere)
    expect(await failureOf(ask(clientOf(elsewhere?.cert), `https://${host}:${server.port}/`))).toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' })
    expect(server.arrived).toEqual([])
  })

  test('NODE_EXTRA_CA_CERTS is trusted', async () => {
    const server = await serve(local)
    const script = `import { Http1Client } from ${JSON.stringify(join(import.meta.dir, 'client.ts'))}
      const client = new Http1Client({ clock: { wallMs: () => 0, monotonicMs: () => 0 } })
      const answer = await client.request({ url: 'https://localhost:${server.port}/', method: 'POST', headers: {}, body: '', signal: new AbortController().signal })
      console.log(answer.status)`
    const child = spawn(process.execPath, ['-e', script], { env: { ...process.env, NODE_EXTRA_CA_CERTS: local?.path }, stdio: ['ignore', 'pipe', 'inherit'] })
    let said = ''
    child.stdout.on('data', (bytes: Buffer) => { said += bytes.toString() })
    // It ends by itself: an idle connection does not keep a process alive.
    await new Promise((resolve) => child.once('close', resolve))
    expect(said.trim()).toBe('200')
  }, 20_000)

  test('20 MB go and come whole', async () => {
    const body = '0123456789'.repeat(2_000_000)
    const server = await serve(local, (arrived, socket) => socket.write(answerOf(arrived.body)))
    const client = clientOf(local?.cert)
    for (const sent of [body, Buffer.from(body)]) expect((await ask(client, `https://localhost:${server.port}/`, sent)) === body).toBe(true)
    expect(server.connections).toBe(1)
  }, 30_000)

  test('a server that speaks no TLS is named as such', async () => {
    const server = await ScriptedServer.start(() => undefined)
    opened.push(() => server.stop())
    const answered = failureOf(ask(clientOf(), `https://localhost:${server.port}/`))
    await until(() => server.open === 1)
    for (const socket of server.sockets) socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')
    expect(await answered).toMatchObject({ code: expect.stringContaining('SSL') })
  })

  test.each(['end', 'resetAndDestroy'] as const)('a server that leaves in the handshake is reset (%s)', async (leave) => {
    const server = await ScriptedServer.start(() => undefined)
    opened.push(() => server.stop())
    const answered = failureOf(ask(clientOf(), `https://localhost:${server.port}/`))
    await until(() => server.open === 1)
    for (const socket of server.sockets) socket[leave]()
    expect(await answered).toMatchObject({ code: 'ECONNRESET', reused: false, answerBegun: false })
  })

  test('an abort in the handshake, before the head and in the body closes the connection', async () => {
    const silent = await ScriptedServer.start(() => undefined)
    const headless = await serve(local, () => undefined)
    const endless = await serve(local, (_arrived, socket) => socket.write('HTTP/1.1 200 OK\r\n\r\nhello'))
    opened.push(() => silent.stop())
    for (const server of [silent, headless, endless]) {
      const controller = new AbortController()
      const answered = failureOf(ask(clientOf(local?.cert), `https://localhost:${server.port}/`, '{}', controller.signal))
      await until(() => (server === silent ? server.open === 1 : server.arrived.length === 1))
      await Bun.sleep(10)
      controller.abort(new Error('enough'))
      expect(await answered).toMatchObject({ message: 'enough' })
      await until(() => server.open === 0)
    }
  })

  test('a server that does not say goodbye is left all the same', async () => {
    let gone = false
    const server = await ScriptedServer.start((_arrived, socket) => {
      socket.write(answerOf('hi', 'connection: close'))
      // Its half stays open for as long as writing works.
      const timer = setInterval(() => { socket.write('x') }, 1)
      socket.on('error', () => undefined).on('close', () => {
        clearInterval(timer)
        gone = true
      })
    }, { ...local, allowHalfOpen: true })
    opened.push(() => server.stop())
    expect(await ask(clientOf(local?.cert), `https://localhost:${server.port}/`)).toBe('hi')
    await until(() => gone)
  })

  test('a stale connection is known as one', async () => {
    const server = await serve(local, (arrived, socket) => {
      if (arrived.onConnection === 1) socket.write(answerOf('1'))
      else socket.destroy()
    })
    const client = clientOf(local?.cert)
    expect(await ask(client, `https://localhost:${server.port}/`)).toBe('1')
    expect(await failureOf(ask(client, `https://localhost:${server.port}/`))).toMatchObject({ code: 'ECONNRESET', reused: true, answerBegun: false })
  })
})
