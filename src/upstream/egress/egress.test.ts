import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { Fault } from '../../core/fault.ts'
import { systemClock } from '../../lib/clock.ts'
import { Egress, type EgressLimits, type Wanted } from './egress.ts'

const PNG = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64')
const asked: { path: string; headers: Record<string, string> }[] = []
let server: ReturnType<typeof Bun.serve>

const to = (location: string) => new Response(null, { status: 302, headers: { location } })
const typed = (body: BodyInit | null, type: string) => new Response(body, { headers: { 'content-type': type } })
const PATHS: Readonly<Record<string, () => Response>> = {
  png: () => typed(PNG, 'image/png'), lies: () => typed(PNG, 'image/jpeg; charset=x'), page: () => typed('<!doctype html><p>no picture</p>', 'image/png'), svg: () => typed('<svg xmlns="a"/>', 'image/svg+xml'),
  pdf: () => typed('%PDF-1.4\n', 'application/octet-stream'), csv: () => typed('a,b\n', 'text/csv; charset=utf-8'), text: () => typed('words', 'application/octet-stream'), empty: () => typed('', 'image/png'),
  missing: () => new Response('no', { status: 404 }), large: () => typed(Buffer.alloc(5_000), 'image/png'),
  endless: () => new Response(new ReadableStream({ async pull(c) { await Bun.sleep(1); c.enqueue(PNG) } })), silent: () => new Response(new ReadableStream({ async pull() { await Bun.sleep(60_000) } })),
  once: () => to('/png'), metadata: () => to('http://169.254.169.254/latest/meta-data/'), file: () => to('file:///etc/passwd'),
}

beforeAll(() => {
  server = Bun.serve({ port: 0, hostname: '127.0.0.1', idleTimeout: 60, fetch(request) {
    const { pathname } = new URL(request.url)
    asked.push({ path: pathname, headers: Object.fromEntries(request.headers) })
    const hops = /^\/hops(\d)$/.exec(pathname)?.[1]
    if (hops !== undefined) return to(hops === '0' ? '/png' : `/hops${Number(hops) - 1}`)
    return PATHS[pathname.slice(1)]?.() ?? new Response('no', { status: 500 })
  } })
})
afterAll(async () => await server.stop(true))

const NAMES: Readonly<Record<string, readonly string[]>> = { 'pictures.test': ['127.0.0.1'], 'intern.test': ['10.1.2.3'], 'trap.test': ['93.184.216.34', '127.0.0.1'], 'metadata.test': ['169.254.169.254'], 'mapped.test': ['::ffff:127.0.0.1'], 'nothing.test': [] }

async function resolve(name: string): Promise<readonly string[]> {
  const found = NAMES[name]
  if (!found) throw new Error('ENOTFOUND')
  return found
}

const make = (limits: Partial<EgressLimits> = {}, privateAllowed = true) => new Egress({ clock: systemClock, resolve, limits, privateAllowed })
const wanted = (kind: Wanted['kind'] = 'image', signal = new AbortController().signal): Wanted => ({ kind, field: 'messages[0].content[1].image_url.url', signal })
const at = (path: string, host = 'pictures.test') => `http://${host}:${server.port}/${path}`

async function faultOf(promise: Promise<unknown>): Promise<{ code: string; message: string }> {
  const error = await promise.then(() => undefined, (thrown: unknown) => thrown)
  if (!(error instanceof Fault)) throw new Error(`no Fault but ${String(error)}`)
  return { code: error.code, message: error.message }
}

describe('content', () => {
  test('comes with the type that its bytes show, whatever the server says', async () => {
    expect(await make().fetch(at('png'), wanted())).toEqual({ bytes: PNG, mediaType: 'image/png' })
    expect((await make().fetch(at('lies'), wanted())).mediaType).toBe('image/png')
    expect((await make().fetch(at('pdf'), wanted('file'))).mediaType).toBe('application/pdf')
  })

  test('of a file whose bytes show nothing is of the declared type, or is text', async () => {
    expect((await make().fetch(at('csv'), wanted('file'))).mediaType).toBe('text/csv')
    expect((await make().fetch(at('text'), wanted('file'))).mediaType).toBe('text/plain')
  })

  const bad: readonly (readonly [string, string, RegExp])[] = [
    ['page', 'invalid_image', /is not an image but text\/html/], ['empty', 'invalid_image', /is empty/], ['svg', 'unsupported_image_format', /svg\+xml/], ['missing', 'image_download_failed', /404/],
    ['large', 'image_too_large', /more than 4000 bytes/], ['endless', 'image_too_large', /more than 4000 bytes/],
  ]
  for (const [path, code, message] of bad) {
    test(`M18: /${path} is no picture to send: ${code}`, async () => {
      const fault = await faultOf(make({ bytesMax: 4_000 }).fetch(at(path), wanted()))
      expect(fault).toEqual({ code, message: expect.stringMatching(message) })
      expect(fault.message).toStartWith('messages[0].content[1].image_url.url: ')
    })
  }

  test('that does not come in time is given up', async () => {
    expect(await faultOf(make({ fetchMsMax: 50 }).fetch(at('silent'), wanted()))).toEqual({ code: 'image_download_failed', message: expect.stringContaining('took more than 0.05 s') })
  })

  test('is let go when the client leaves, with its reason', async () => {
    const client = new AbortController()
    const gone = new Error('gone')
    const fetched = make().fetch(at('silent'), wanted('image', client.signal))
    client.abort(gone)
    expect(await fetched.catch((error: unknown) => error)).toBe(gone)
  })

  test('is asked for without credentials, and not with those of the URL', async () => {
    asked.length = 0
    await make().fetch(at('png'), wanted())
    expect(Object.keys(asked[0]?.headers ?? {}).filter((name) => /auth|cookie|key|referer/.test(name))).toEqual([])
    expect(await faultOf(make().fetch(`http://me:secret@pictures.test:${server.port}/png`, wanted()))).toMatchObject({ code: 'image_download_failed', message: expect.not.stringContaining('secret') })
    expect(asked).toHaveLength(1)
  })
})

describe('redirects', () => {
  test('are followed, three at most', async () => {
    expect((await make().fetch(at('once'), wanted())).mediaType).toBe('image/png')
    expect((await make().fetch(at('hops2'), wanted())).mediaType).toBe('image/png')
    expect(await faultOf(make().fetch(at('hops3'), wanted()))).toMatchObject({ code: 'image_download_failed', message: expect.stringContaining('more than 3 times') })
  })

  for (const path of ['metadata', 'file']) {
    test(`to where nothing may be fetched are not followed: /${path}`, async () => {
      expect(await faultOf(make().fetch(at(path), wanted()))).toMatchObject({ code: 'image_download_failed' })
    })
  }
})

describe('addresses', () => {
  const hosts = ['intern.test', 'trap.test', 'metadata.test', 'mapped.test', 'pictures.test', 'nothing.test', 'unknown.test', '127.0.0.1', '[::1]', '[::ffff:127.0.0.1]', '0.0.0.0', '2130706433', '0x7f.1', 'localhost']
  test('that are not public are not connected to, and all are told in the same words', async () => {
    asked.length = 0
    const egress = make({}, false)
    const messages = new Set<string>()
    for (const host of hosts) {
      const fault = await faultOf(egress.fetch(at('png', host), wanted()))
      expect(fault.code).toBe('image_download_failed')
      messages.add(fault.message)
    }
    expect(messages.size).toBe(1)
    expect(asked).toEqual([])
  })

  test('that are private are open where the operator says so, metadata services never', async () => {
    expect((await make().fetch(at('png', '127.0.0.1'), wanted())).mediaType).toBe('image/png')
    for (const host of ['metadata.test', '169.254.169.254', '0.0.0.0']) expect(await faultOf(make().fetch(at('png', host), wanted()))).toMatchObject({ message: expect.stringContaining('has no address that may be fetched from') })
  })

  test('are those that were checked: a name is looked up once, and what it says later is not asked', async () => {
    let lookUps = 0
    const rebinding = new Egress({ clock: systemClock, privateAllowed: true, resolve: async () => (lookUps++ === 0 ? ['127.0.0.1'] : ['169.254.169.254']) })
    expect((await rebinding.fetch(at('png', 'rebinds.test'), wanted())).mediaType).toBe('image/png')
    expect(lookUps).toBe(1)
    expect(asked.at(-1)?.headers['host']).toBe(`rebinds.test:${server.port}`)
  })

  test('of other schemes are not even read', async () => {
    for (const url of ['file:///etc/passwd', 'ftp://pictures.test/a', 'gopher://pictures.test/', 'data:image/png;base64,AAAA']) expect(await faultOf(make().fetch(url, wanted()))).toMatchObject({ code: 'image_download_failed' })
  })
})

describe('fetches at once', () => {
  test('are so many and no more; the others wait', async () => {
    let now = 0
    let most = 0
    const egress = new Egress({ clock: systemClock, privateAllowed: true, limits: { fetchesMax: 2 }, resolve: async () => {
      most = Math.max(most, ++now)
      await Bun.sleep(5)
      now--
      return ['127.0.0.1']
    } })
    await Promise.all(Array.from({ length: 6 }, () => egress.fetch(at('png'), wanted())))
    expect(most).toBe(2)
  })
})

const openssl = Bun.which('openssl') !== null
if (!openssl && process.env['CI']) throw new Error('openssl is needed to make a certificate')
describe.skipIf(!openssl)('over TLS', () => {
  test('the certificate must be of the name, not of the address', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'switchyard-egress-'))
    const [key, cert] = [join(folder, 'a.key'), join(folder, 'a.pem')]
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', key, '-out', cert, '-days', '2', '-subj', '/CN=a', '-addext', 'subjectAltName=DNS:pictures.test'], { stdio: 'ignore' })
    const ca = readFileSync(cert, 'utf8')
    const secure = Bun.serve({ port: 0, hostname: '127.0.0.1', tls: { key: readFileSync(key), cert: ca }, fetch: () => typed(PNG, 'image/png') })
    rmSync(folder, { recursive: true })
    const egress = new Egress({ clock: systemClock, privateAllowed: true, ca, resolve: async () => ['127.0.0.1'] })
    try {
      expect((await egress.fetch(`https://pictures.test:${secure.port}/`, wanted())).mediaType).toBe('image/png')
      expect(await faultOf(egress.fetch(`https://others.test:${secure.port}/`, wanted()))).toMatchObject({ code: 'image_download_failed' })
      expect(await faultOf(egress.fetch(`https://127.0.0.1:${secure.port}/`, wanted()))).toMatchObject({ code: 'image_download_failed' })
    } finally {
      await secure.stop(true)
    }
  })
})
