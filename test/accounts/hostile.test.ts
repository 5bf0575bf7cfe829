// What people (or programs that mean harm) may write into any text of the control plane: never a 500, never half of it stored, never code.
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import fc from 'fast-check'
import { connect } from 'node:net'
import { asObject, asString, type Json, type JsonObject } from '../../src/core/json.ts'
import { routes } from '../../src/server/api/routes.ts'
import { BODIES } from './operations.ts'
import { nameOf, requestOf } from './requests.ts'
import { openWorld, type Answer, type World } from './world.ts'

setDefaultTimeout(120_000)

let world: World
beforeAll(async () => { world = await openWorld() })
afterAll(async () => {
  // Whatever was written, the books and every list can still be read.
  expect((await world.ask(world.ours.owner.secret, 'GET', '/keys?include_disabled=true')).status).toBe(200)
  await world.close()
})

const TEXTS: readonly string[] = [
  "'; DROP TABLE keys; --", "' OR '1'='1", '%', '_%_', '\\', '$1', '{{7*7}}', '\0', 'a\0b', '\uD800', '\uFEFF', '\u202E', '\u{1F600}'.repeat(300),
  'x\r\nX-Evil: 1', 'x\nBcc: a@example.com', '"; filename="evil', '../../etc/passwd', '<script>alert(1)</script>', '__proto__', 'constructor', '', ' ', 'x'.repeat(100_000),
]
const OTHERS: readonly Json[] = [null, true, -1, 0, 0.1, 1e300, -1e300, 1e19, 2 ** 53 + 2, [], {}, [null], [[]], { a: 1 }]

/** The paths to all leaves of a body. */
function leaves(value: Json, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [path]
  return Object.entries(value).flatMap(([name, inner]) => leaves(inner ?? null, [...path, name]))
}

/** The same body with another value at a path. */
function withValue(body: JsonObject, path: readonly string[], value: Json): JsonObject {
  const copy = structuredClone(body)
  let at: Record<string, unknown> = copy
  // The path is of this very body: what is on the way are objects and lists.
  for (const name of path.slice(0, -1)) at = at[name] as Record<string, unknown>
  at[path.at(-1) ?? ''] = value
  return copy
}

/** A refusal is a client's fault and says what to change; nothing is answered with more than it was asked for. */
function problemOf(answer: Answer): string | undefined {
  if (answer.status >= 500) return `${answer.status}: ${answer.text.slice(0, 200)}`
  if (answer.status < 400) return undefined
  const message = asString(asObject(answer.body['error'])?.['message']) ?? ''
  if (message.length < 10) return `${answer.status} without a reason: ${answer.text.slice(0, 200)}`
  if (message.length > 3_000) return `${answer.status} with a reason of ${message.length} characters`
  return /SQLite|Postgres|bun:|at \/|TypeError|undefined is not/.test(answer.text) ? `${answer.status} tells of the inside: ${answer.text.slice(0, 200)}` : undefined
}

const written = routes.filter((route) => nameOf(route) in BODIES)

describe('bodies', () => {
  test.each(written.map((route) => [nameOf(route), route] as const))('%s', async (name, route) => {
    const whom = { world, side: world.ours, ownerId: null }
    const asks = async (path: string, body: unknown): Promise<Answer> => await world.ask(world.ours.owner.secret, route.method, path, body)
    const { path, body: given } = await requestOf(route, whom)
    // Bodies of operations.ts are objects.
    const good = given as JsonObject
    const problems: string[] = []
    const check = (what: string, answer: Answer): void => {
      const problem = problemOf(answer)
      if (problem !== undefined) problems.push(`${what.slice(0, 60)}: ${problem}`)
    }
    for (const leaf of leaves(good)) {
      if (leaf.length === 0) continue
      for (const value of [...TEXTS, ...OTHERS]) check(`${leaf.join('.')} = ${JSON.stringify(value)}`, await asks(path, withValue(good, leaf, value)))
    }
    for (const text of ['', 'null', '[]', '"x"', '7', '{', '{"a":', '\u0000', `{"__proto__":{"isAdmin":true}}`, '{"constructor":{"prototype":{"isAdmin":true}}}', `${'['.repeat(5_000)}${']'.repeat(5_000)}`, '{"name":"a","name":"b"}']) check(text, await asks(path, text))
    expect([name, problems.slice(0, 5)]).toEqual([name, []])
  })

  test('a change that is refused has changed nothing', async () => {
    const { path, id } = await requestOf({ method: 'PATCH', path: '/keys/{hash}' }, { world, side: world.ours, ownerId: null })
    const before = await world.ask(world.ours.owner.secret, 'GET', `/keys/${id}`)
    for (const wrong of [{ name: 'new', limit: -1 }, { name: 'new', limit_reset: 'hourly' }, { name: 'new', switchyard: { ip_ranges: ['10.0.0.0/99'] } }, { limit: 5, nothing: 1 }, { limit: 1e300 }]) {
      expect((await world.ask(world.ours.owner.secret, 'PATCH', path, wrong)).status).toBe(400)
    }
    expect(await world.ask(world.ours.owner.secret, 'GET', `/keys/${id}`)).toEqual(before)
  })

  test('what is a text stays that text, whatever it would be elsewhere', async () => {
    for (const name of ["'; DROP TABLE keys; --", '%', '\\', '$1', '{{7*7}}', '\u202E', '__proto__', 'x\r\nX-Evil: 1']) {
      const made = await world.ask(world.ours.owner.secret, 'POST', '/keys', { name })
      if (made.status >= 400) continue
      expect(asObject(made.body['data'])?.['name']).toBe(name.trim())
    }
  })

  test('__proto__ in a body changes nobody', async () => {
    const made = await world.ask(world.ours.owner.secret, 'POST', '/keys', '{"name":"p","__proto__":{"limit":0,"disabled":true},"switchyard":{"tags":{"__proto__":"x"}}}')
    expect([400, 201]).toContain(made.status)
    const next = await world.ask(world.ours.owner.secret, 'POST', '/keys', { name: 'q' })
    expect(asObject(next.body['data'])).toMatchObject({ limit: null, disabled: false })
  })
})

describe('paths and queries', () => {
  test.each(routes.filter(({ method, path }) => method === 'GET' && path.includes('{')).map((route) => [nameOf(route), route.path] as const))('%s', async (name, path) => {
    for (const text of TEXTS.filter((one) => one !== '' && one.length < 5_000)) {
      const answer = await world.ask(world.ours.owner.secret, 'GET', path.replaceAll(/\{\w+\}/g, encodeURIComponent(text.toWellFormed())))
      expect([name, text.slice(0, 30), problemOf(answer)]).toEqual([name, text.slice(0, 30), undefined])
      // A workspace may be called `constructor`, and was by a test above.
      expect([name, text.slice(0, 30), answer.status >= 400 || path.startsWith('/models') || text === 'constructor']).toEqual([name, text.slice(0, 30), true])
    }
  })

  test('a pattern in a filter is no pattern', async () => {
    for (const path of ['/organization/audit?target=%', '/keys?workspace_id=%25', '/instance/accounts?q=%25%25%25', '/instance/people?q=_', '/instance/audit?target=%25']) {
      const { status, body } = await world.ask(world.ours.owner.secret, 'GET', path)
      if (status === 200) expect([path, body['data']]).toEqual([path, []])
      else expect([path, status]).toEqual([path, 400])
    }
  })

  test.each(routes.filter(({ method, path }) => method === 'GET' && !path.includes('{')).map((route) => [nameOf(route), route.path] as const))('%s', async (name, path) => {
    const names = ['limit', 'offset', 'workspace_id', 'from', 'to', 'start', 'end', 'date', 'id', 'type', 'action', 'target', 'q', 'sort', 'format', 'category', 'supported_parameters']
    for (const parameter of names) {
      for (const text of ["' OR 1=1 --", '%', '\0', '-1', '1e99', '99999999999999999999', 'x'.repeat(3_000), '\r\nX-Evil: 1']) {
        const answer = await world.ask(world.ours.owner.secret, 'GET', `${path}?${parameter}=${encodeURIComponent(text)}`)
        expect([name, parameter, text.slice(0, 30), problemOf(answer)]).toEqual([name, parameter, text.slice(0, 30), undefined])
      }
    }
  })
})

/** Sends bytes as they are and gives the head of the answer: `fetch` would not send such headers. */
function raw(head: string): Promise<string> {
  const { hostname, port } = new URL(world.gateway.url)
  return new Promise((resolve) => {
    let answer = ''
    const socket = connect({ host: hostname, port: Number(port) }, () => socket.write(Buffer.from(head, 'latin1')))
    socket.on('data', (bytes: Buffer) => { answer += bytes.toString('latin1') })
    socket.on('error', () => {
      // 'close' comes next, with what there is.
    })
    socket.once('close', () => resolve(answer))
  })
}

describe('the Authorization header', () => {
  const statusOf = async (header: string): Promise<number> => {
    const answer = await raw(`GET /api/v1/keys HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: ${header}\r\n\r\n`)
    return Number(answer.split(' ')[1])
  }

  test('with whatever bytes is no key, and no error of ours', async () => {
    const byte = fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code))
    const text = fc.oneof(fc.constantFrom(...TEXTS.filter((one) => !/[\0\r\n\uD800-\uDFFF]/.test(one) && one.length < 4_000)), fc.array(byte, { maxLength: 200 }).map((bytes) => bytes.join('')))
    await fc.assert(fc.asyncProperty(fc.constantFrom('Bearer ', 'bearer ', 'Basic ', '', 'Bearer sk-sw-v1-'), text, async (scheme, rest) => {
      expect([401, 403]).toContain(await statusOf(scheme + rest))
    }), { numRuns: 300 })
  })

  test('that breaks the head of the request is refused by it', async () => {
    for (const header of ['Bearer \0', 'Bearer x\rX: y', `Bearer ${'k'.repeat(200_000)}`]) expect([400, 401, 403, 431, Number.NaN]).toContain(await statusOf(header))
    expect((await world.ask(world.ours.owner.secret, 'GET', '/keys')).status).toBe(200)
  })
})

describe('the Host header', () => {
  test('opens nothing and appears nowhere', async () => {
    for (const host of ['evil.example.com', 'localhost', '127.0.0.1', 'x@y', 'x/health?', 'x#', '[::1', 'x:99999', '%', '']) {
      const answer = await raw(`GET /api/v1/keys HTTP/1.1\r\nHost: ${host}\r\nX-Forwarded-Host: ${host}\r\nConnection: close\r\n\r\n`)
      expect([host, ['400', '401'].includes(answer.split(' ')[1] ?? '')]).toEqual([host, true])
      const asked = await raw(`GET /api/v1/keys HTTP/1.1\r\nHost: ${host}\r\nX-Forwarded-Host: ${host}\r\nConnection: close\r\nAuthorization: Bearer ${world.ours.owner.secret}\r\n\r\n`)
      if (host.includes('evil')) expect(asked).not.toContain(host)
      // Where the Host is none, not even a good key gets further.
      if (!/^[a-z\d.]*$/.test(host)) expect([host, asked.split(' ')[1]]).toEqual([host, '400'])
    }
  })
})

test('no name that is stored comes to stand in a header', async () => {
  await world.ask(world.ours.owner.secret, 'POST', '/keys', { name: 'x\r\nX-Evil: 1' })
  await world.ask(world.ours.owner.secret, 'POST', '/workspaces', { name: 'x\r\nX-Evil: 1', slug: 'evil' })
  for (const path of ['/organization/audit?format=csv', '/organization/audit?format=ndjson', '/keys', '/instance/audit?format=csv']) {
    const answer = await raw(`GET /api/v1${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer ${world.ours.owner.secret}\r\n\r\n`)
    expect(answer.split('\r\n\r\n')[0]).not.toMatch(/evil/i)
  }
})
