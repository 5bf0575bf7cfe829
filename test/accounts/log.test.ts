// Whatever changes something leaves an entry in the log of changes, by who did it, and none has a secret in it.
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { asArray, asObject, asString, type Json, type JsonObject } from '../../src/core/json.ts'
import { routes } from '../../src/server/api/routes.ts'
import { nameOf, requestOf } from './requests.ts'
import { openWorld, type World } from './world.ts'

setDefaultTimeout(60_000)

/** Requests that change nothing that is anybody's to account for, and why. */
const LEAVES_NOTHING: Readonly<Record<string, string>> = {
  'POST /analytics/query': 'reads',
  'POST /generation/feedback': 'what somebody says of a call',
  'POST /notifications/read': 'what a person has read is their own',
  'POST /notifications/webhooks/{id}/test': 'sends a test',
  'POST /guardrails/{id}/assignments/keys/remove': 'nothing was assigned',
  'POST /guardrails/{id}/assignments/members/remove': 'nothing was assigned',
  'DELETE /workspaces/{id}/budgets/{interval}': 'there was none',
  'POST /scim/refresh': 'no access was other than it should be',
  'POST /domains/{id}/verify': 'no name server has the record',
  'POST /sso/{id}/check': 'asks',
  'POST /sso/{id}/activate': 'no domain is proven',
  'PATCH /organization/members/{id}': 'they were a member before',
  'POST /instance/accounts/{id}/resume': 'it was not suspended',
  'POST /instance/people/{id}/impersonate': 'for who is signed in: test/sign-in/impersonation.test.ts',
}

const changing = routes.filter(({ method, auth, path }) => method !== 'GET' && (auth === 'management' || auth === 'operator' || path.startsWith('/presets/')))
let world: World
/** What must be nowhere in the log. */
const secrets = new Set(['sk-test-credential-1234567890'])

beforeAll(async () => { world = await openWorld() })
afterAll(() => world.close())

async function newest(): Promise<readonly JsonObject[]> {
  const { body } = await world.ask(world.ours.owner.secret, 'GET', '/instance/audit?limit=50')
  return (asArray(body['data']) ?? []).map((row) => asObject(row) ?? {})
}

/** Every text of an answer that a name says is a secret. */
function collect(value: Json | undefined, name = ''): void {
  const text = asString(value)
  if (text !== undefined && text.length >= 16 && /^(?:key|token|secret|signing_secret)$/.test(name)) secrets.add(text)
  for (const item of asArray(value) ?? []) collect(item, name)
  for (const [field, inner] of Object.entries(asObject(value) ?? {})) collect(inner, field)
}

test.each(changing.map((route) => [nameOf(route), route] as const))('%s', async (name, route) => {
  if (name === 'POST /instance/people/{id}/impersonate') return
  const isPreset = route.path.startsWith('/presets/')
  const asker = isPreset ? world.ours.plain : world.ours.owner
  const request = isPreset ? presetRequest(route.path) : await requestOf(route, { world, side: world.ours, ownerId: null })
  const before = new Set((await newest()).map(({ id }) => id))
  const { status, body } = await world.ask(asker.secret, route.method, request.path, request.body)
  collect(body)
  // What is refused here (no payment provider, no network) changes nothing either.
  const added = (await newest()).filter(({ id }) => !before.has(id))
  const isLogged = status < 300 && LEAVES_NOTHING[name] === undefined
  expect([name, status, added.length > 0]).toEqual([name, status, isLogged])
  // What follows from it may be the program's own doing.
  if (isLogged) expect([name, added.map((row) => asObject(row['actor'])?.['name'])]).toEqual([name, expect.arrayContaining([isPreset ? 'ours plain' : 'ours owner'])])
})

test('what leaves nothing is a route', () => {
  const names = changing.map(nameOf)
  expect(Object.keys(LEAVES_NOTHING).filter((name) => !names.includes(name))).toEqual([])
})

test('guardrails that are taken from keys are in it', async () => {
  const { ours } = world
  const guardrail = asObject((await world.ask(ours.owner.secret, 'POST', '/guardrails', { name: 'G' })).body['data'])
  const key = asObject((await world.ask(ours.owner.secret, 'POST', '/keys', { name: 'k' })).body['data'])
  const path = `/guardrails/${asString(guardrail?.['id'])}/assignments/keys`
  await world.ask(ours.owner.secret, 'POST', path, { key_hashes: [key?.['hash']] })
  await world.ask(ours.owner.secret, 'POST', `${path}/remove`, { key_hashes: [key?.['hash']] })
  expect((await newest()).slice(0, 2)).toMatchObject([
    { action: 'guardrail.unassign', target: guardrail?.['id'], before: { kind: 'key', target: key?.['hash'] }, after: null },
    { action: 'guardrail.assign', target: guardrail?.['id'], before: null, after: { kind: 'key', target: key?.['hash'] } },
  ])
})

test('no entry has a secret in it, in any form that the log is read', async () => {
  expect(secrets.size).toBeGreaterThan(5)
  for (const query of ['format=ndjson', 'format=csv']) {
    const { text } = await world.ask(world.ours.owner.secret, 'GET', `/instance/audit?${query}`)
    expect(text.length).toBeGreaterThan(10_000)
    for (const secret of secrets) expect(text.includes(secret)).toBe(false)
    expect(text).not.toContain('Write as a pirate')
  }
})

function presetRequest(path: string): { readonly path: string; readonly body: unknown } {
  const said = 'Write as a pirate'
  const body = path.endsWith('/responses') ? { model: 'demo/echo', instructions: said, input: 'Hi' }
    : path.endsWith('/messages') ? { model: 'demo/echo', max_tokens: 10, system: said, messages: [{ role: 'user', content: 'Hi' }] }
      : { model: 'demo/echo', messages: [{ role: 'system', content: said }, { role: 'user', content: 'Hi' }] }
  return { path: path.replace('{slug}', 'pirate'), body }
}
