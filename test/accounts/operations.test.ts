// Every operation of the control plane over the real program: as each role, with no key, with an API key, and from another account.
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { OPERATIONS, type Role } from '../../src/accounts/roles.ts'
import { asObject } from '../../src/core/json.ts'
import { routes } from '../../src/server/api/routes.ts'
import { operations, validateResponse } from '../openapi.ts'
import { hasShared } from '../shared.ts'
import { ANSWERS, COLLECTIONS } from './operations.ts'
import { collectionOf, managed, nameOf, pathOf, requestOf } from './requests.ts'
import { openWorld, type World } from './world.ts'

setDefaultTimeout(60_000)

/** Those that the contract's document has: their answers are checked by it. */
const documented = new Set(hasShared ? operations().map(([method, path]) => `${method.toUpperCase()} ${path}`) : [])

let world: World
beforeAll(async () => { world = await openWorld() })
afterAll(() => world.close())

describe.each(['member', 'admin'] as const satisfies readonly Role[])('%s', (role) => {
  test.each(managed.map((route) => [nameOf(route), route] as const))('%s', async (name, route) => {
    const { method, path, operation = 'account.administer' } = route
    const asker = world.ours[role]
    const request = await requestOf(route, { world, side: world.ours, ownerId: asker.userId })
    const answer = await world.ask(asker.secret, method, request.path, request.body)
    if (OPERATIONS[operation][role] === 'none') return expect([name, answer.status, asObject(asObject(answer.body['error'])?.['metadata'])]).toMatchObject([name, 403, { operation, role }])
    const good = ANSWERS[name] ?? [200, 201, 202, 204]
    expect([name, good.includes(answer.status) || answer.text]).toEqual([name, true])
    if (documented.has(name)) expect([name, answer.status, validateResponse(method, path, answer.status, answer.body)]).toEqual([name, answer.status, []])
  })
})

test("a member's own is not another member's", async () => {
  const own = managed.filter(({ path, operation }) => operation && OPERATIONS[operation].member === 'own' && /^\/(?:keys|workspaces)\/\{/.test(path))
  expect(own.length).toBeGreaterThan(5)
  for (const route of own) {
    const request = await requestOf(route, { world, side: world.ours, ownerId: null })
    expect([nameOf(route), (await world.ask(world.ours.member.secret, route.method, request.path, request.body)).status]).toEqual([nameOf(route), 404])
  }
})

describe('A34: who is nobody here', () => {
  test.each(routes.filter(({ auth }) => auth !== 'public').map((route) => [nameOf(route), route] as const))('%s', async (name, route) => {
    const path = route.path.replaceAll(/\{\w+\}/g, 'x')
    const body = route.method === 'GET' ? undefined : {}
    for (const secret of [undefined, '', 'sk-sw-v1-' + '0'.repeat(64)]) expect([name, secret, (await world.ask(secret, route.method, path, body)).status]).toEqual([name, secret, 401])
    // An API key calls models, and does not administer. What is only for people is not for keys, whatever they may.
    if (route.auth !== 'key') expect([name, [401, 403].includes((await world.ask(world.ours.plain.secret, route.method, path, body)).status)]).toEqual([name, true])
    if (route.auth === 'person') expect([name, [401, 403].includes((await world.ask(world.ours.owner.secret, route.method, path, body)).status)]).toEqual([name, true])
    if (route.auth === 'operator') for (const secret of [world.theirs.owner.secret, world.theirs.admin.secret, world.ours.member.secret, world.ours.admin.secret]) expect([name, (await world.ask(secret, route.method, path, body)).status]).toEqual([name, 403])
  })
})

describe('another account', () => {
  test.each(managed.filter(({ path }) => path.includes('{')).map((route) => [nameOf(route), route] as const))('%s', async (name, route) => {
    const whom = { world, side: world.theirs, ownerId: null }
    const request = await requestOf(route, whom)
    for (const asker of [world.ours.owner, world.ours.admin]) expect([name, (await world.ask(asker.secret, route.method, request.path, request.body)).status]).toEqual([name, 404])
    // It is there, and was not touched: its own account still finds it.
    const reading = managed.find(({ method, path }) => method === 'GET' && path === route.path.slice(0, route.path.indexOf('}') + 1))
    if (reading) expect([name, (await world.ask(world.theirs.owner.secret, 'GET', pathOf(reading, request.id ?? ''))).status]).toEqual([name, 200])
  })

  test('is in no list', async () => {
    const ids = new Set<string>()
    for (const collection of new Set(managed.flatMap(({ path }) => collectionOf(path) ?? []))) {
      for (const side of [world.ours, world.theirs]) {
        const id = await COLLECTIONS[collection]?.({ world, side, ownerId: null }) ?? ''
        if (side === world.theirs) ids.add(id)
      }
    }
    const lists = managed.filter(({ method, path }) => method === 'GET' && !path.includes('{'))
    for (const { path } of lists) {
      const { text, status } = await world.ask(world.ours.owner.secret, 'GET', path)
      expect([path, status]).toEqual([path, 200])
      for (const id of ids) expect([path, id, text.includes(id)]).toEqual([path, id, false])
    }
  })

  test('gives nothing to calls: its generations, presets and keys are not there', async () => {
    const messages = [{ role: 'user', content: 'Hello' }]
    const { body } = await world.ask(world.theirs.plain.secret, 'POST', '/chat/completions', { model: 'demo/echo', messages })
    const id = String(body['id'])
    await world.ask(world.theirs.plain.secret, 'POST', '/presets/theirs/chat/completions', { model: 'demo/echo', messages })
    const paths = [`/generation?id=${id}`, `/generation/content?id=${id}`, '/presets/theirs', '/presets/theirs/versions', '/presets/theirs/versions/1']
    for (const path of paths) {
      expect([path, (await world.ask(world.theirs.plain.secret, 'GET', path)).status]).not.toEqual([path, 401])
      expect([path, (await world.ask(world.ours.plain.secret, 'GET', path)).status]).toEqual([path, 404])
    }
    expect((await world.ask(world.theirs.plain.secret, 'GET', `/generation?id=${id}`)).status).toBe(200)
    expect((await world.ask(world.ours.plain.secret, 'POST', '/chat/completions', { model: '@preset/theirs', messages })).status).toBeGreaterThanOrEqual(400)
  })
})
