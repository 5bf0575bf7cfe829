import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { FakeClock } from '../../lib/clock.ts'
import { Outbound, PostFailed, type OutboundOptions } from './outbound.ts'

const asked: { path: string; body: string; headers: Record<string, string> }[] = []
let server: ReturnType<typeof Bun.serve>

beforeAll(() => {
  server = Bun.serve({ port: 0, hostname: '127.0.0.1', async fetch(request) {
    const { pathname } = new URL(request.url)
    asked.push({ path: pathname, body: await request.text(), headers: Object.fromEntries(request.headers) })
    if (pathname === '/redirect') return new Response(null, { status: 302, headers: { location: '/taken' } })
    if (pathname === '/silent') await Bun.sleep(60_000)
    if (pathname === '/endless') return new Response(new ReadableStream({ async pull(controller) { await Bun.sleep(1); controller.enqueue(Buffer.alloc(1_000, 'x')) } }))
    return new Response('thanks', { status: 200 })
  } })
})
afterAll(async () => await server.stop(true))

const NAMES: Readonly<Record<string, readonly string[]>> = { 'hooks.test': ['127.0.0.1'], 'intern.test': ['10.1.2.3'], 'trap.test': ['93.184.216.34', '127.0.0.1'], 'metadata.test': ['169.254.169.254'], 'mapped.test': ['::ffff:127.0.0.1'], 'nothing.test': [] }

async function resolve(name: string): Promise<readonly string[]> {
  const found = NAMES[name]
  if (!found) throw new Error('ENOTFOUND')
  return found
}

const make = (more: Partial<OutboundOptions> = {}) => new Outbound({ clock: new FakeClock(), privateAllowed: true, resolve, ...more })
const at = (path: string, host = 'hooks.test', scheme = 'http') => `${scheme}://${host}:${server.port}/${path}`

async function failureOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(() => undefined, (thrown: unknown) => thrown)
  if (!(error instanceof PostFailed)) throw new Error(`no PostFailed but ${String(error)}`)
  return error.message
}

describe('a post', () => {
  test('arrives whole, with its headers, and none of ours that tell anything', async () => {
    asked.length = 0
    expect(await make().post(at('taken'), { 'webhook-id': '1' }, '{"ü":1}')).toEqual({ status: 200, text: 'thanks' })
    expect(asked).toMatchObject([{ path: '/taken', body: '{"ü":1}', headers: { 'webhook-id': '1', 'content-type': 'application/json', host: `hooks.test:${server.port}` } }])
    expect(Object.keys(asked[0]?.headers ?? {}).filter((name) => /auth|cookie|key|referer/.test(name))).toEqual([])
  })

  test('follows no redirect, waits for no silence, and reads no endless answer', async () => {
    asked.length = 0
    expect((await make().post(at('redirect'), {}, '')).status).toBe(302)
    expect(asked.map(({ path }) => path)).toEqual(['/redirect'])
    expect(await failureOf(make({ postMsMax: 50 }).post(at('silent'), {}, ''))).toContain('no answer within 0.05 s')
    expect((await make().post(at('endless'), {}, '')).text.length).toBeLessThanOrEqual(2_048)
  })

  test('goes to no address that is not public, and all are refused in the same words', async () => {
    asked.length = 0
    const closed = make({ privateAllowed: false })
    const messages = new Set<string>()
    for (const host of ['intern.test', 'trap.test', 'metadata.test', 'mapped.test', 'hooks.test', 'nothing.test', 'unknown.test', '127.0.0.1', '[::1]', '[::ffff:127.0.0.1]', '0.0.0.0', '2130706433', 'localhost']) {
      messages.add(await failureOf(closed.post(at('taken', host, 'https'), {}, '')))
    }
    expect([messages.size, asked]).toEqual([1, []])
    for (const host of ['metadata.test', '169.254.169.254']) expect(await failureOf(make().post(at('taken', host), {}, ''))).toContain('no address that may be posted to')
  })

  test('goes to the address that was checked: a name is looked up once', async () => {
    let lookUps = 0
    expect((await make({ resolve: async () => (lookUps++ === 0 ? ['127.0.0.1'] : ['169.254.169.254']) }).post(at('taken', 'rebinds.test'), {}, '')).status).toBe(200)
    expect(lookUps).toBe(1)
  })

  test('goes over https alone, where the operator has not opened private addresses', async () => {
    asked.length = 0
    expect(make({ privateAllowed: false }).refusal(at('taken'))).toContain('must be https')
    expect(await failureOf(make({ privateAllowed: false }).post(at('taken'), {}, ''))).toContain('must be https')
    for (const text of ['', 'nonsense', 'file:///etc/passwd', 'gopher://a.example', 'javascript:1']) expect([text, make().refusal(text)]).toEqual([text, 'must be an https address'])
    expect(make().refusal('https://me:secret@a.example/')).toContain('no user or password')
    expect(asked).toEqual([])
  })
})
