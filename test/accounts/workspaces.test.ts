// Workspaces of an organization, by the whole program: what is in them, who changes them, and what they may spend.
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { asArray, asObject } from '../../src/core/json.ts'
import { dataOf, openWorld, type Answer, type World } from './world.ts'

setDefaultTimeout(60_000)

let world: World
let admin: string
beforeAll(async () => {
  world = await openWorld()
  admin = world.ours.admin.secret
})
afterAll(() => world?.close())

const ask = (method: string, path: string, body?: unknown, secret = admin): Promise<Answer> => world.ask(secret, method, path, body)
const rowsOf = ({ body }: Answer) => (asArray(body['data']) ?? []).map((row) => asObject(row) ?? {})
const message = ({ body }: Answer): string => String(asObject(body['error'])?.['message'])

test('H23: the default workspace is there and has everybody; keys are of one workspace and listed by it', async () => {
  const [first] = rowsOf(await ask('GET', '/workspaces', undefined, world.ours.member.secret))
  expect(first?.['slug']).toBe('default')
  const bay = dataOf(await ask('POST', '/workspaces', { name: 'Bay', slug: 'bay' }))
  const refused = await ask('POST', '/keys', { name: 'in the bay', workspace_id: bay }, world.ours.member.secret)
  expect([refused.status, message(refused)]).toEqual([400, expect.stringContaining('is no member of this workspace')])
  const { body } = await ask('POST', '/keys', { name: 'in the bay', workspace_id: bay, creator_user_id: null })
  expect(asObject(body['data'])?.['workspace_id']).toBe(bay)
  expect(rowsOf(await ask('GET', `/keys?workspace_id=${bay}`)).map(({ name }) => name)).toEqual(['in the bay'])
  expect(rowsOf(await ask('GET', '/keys')).map(({ name }) => name)).not.toContain('in the bay')
})

test('H4: a management key is the account\'s, in every workspace, and calls no models', async () => {
  expect((await ask('POST', '/workspaces', { name: 'Cape', slug: 'cape' })).status).toBe(201)
  expect((await ask('GET', '/workspaces/cape', undefined, world.ours.owner.secret)).status).toBe(200)
  const call = await ask('POST', '/chat/completions', { model: 'demo/echo', messages: [{ role: 'user', content: 'Hi' }] })
  expect([call.status, message(call)]).toEqual([403, expect.stringContaining('management')])
})

test('H24: admins make and delete them, by id or slug; not with live keys in them, and never the default one', async () => {
  expect((await ask('POST', '/workspaces', { name: 'Mine', slug: 'mine' }, world.ours.member.secret)).status).toBe(403)
  const pier = dataOf(await ask('POST', '/workspaces', { name: 'Pier', slug: 'pier' }))
  expect(dataOf(await ask('GET', '/workspaces/pier'))).toBe(pier)
  const hash = dataOf(await ask('POST', '/keys', { name: 'lamp', workspace_id: pier, creator_user_id: null }), 'hash')
  const refused = await ask('DELETE', '/workspaces/pier')
  expect([refused.status, message(refused)]).toEqual([400, expect.stringContaining('key')])
  expect((await ask('PATCH', `/keys/${hash}`, { disabled: true })).status).toBe(200)
  expect((await ask('DELETE', `/workspaces/${pier}`)).status).toBe(200)
  expect((await ask('GET', '/workspaces/pier')).status).toBe(404)
  expect((await ask('DELETE', '/workspaces/default')).status).toBe(403)
})

test('H24: who has live keys in a workspace stays in it', async () => {
  await ask('POST', '/workspaces', { name: 'Quay', slug: 'quay' })
  const guest = await world.ours.newMember()
  expect((await ask('POST', '/workspaces/quay/members/add', { user_ids: [guest] })).status).toBe(200)
  const key = await ask('POST', '/keys', { name: 'rope', workspace_id: dataOf(await ask('GET', '/workspaces/quay')), creator_user_id: guest })
  expect((await ask('POST', '/workspaces/quay/members/remove', { user_ids: [guest] })).status).toBe(400)
  expect((await ask('DELETE', `/keys/${dataOf(key, 'hash')}`)).status).toBe(200)
  expect((await ask('POST', '/workspaces/quay/members/remove', { user_ids: [guest] })).status).toBe(200)
})

test('H25: a key that an admin makes is theirs, or the workspace\'s own', async () => {
  const [own, system] = [await ask('POST', '/keys', { name: 'own' }), await ask('POST', '/keys', { name: 'system', creator_user_id: null })]
  expect([own, system].map(({ status, body }) => [status, asObject(body['data'])?.['creator_user_id']])).toEqual([[201, world.ours.admin.userId], [201, null]])
  expect((await ask('POST', '/keys', { name: 'system', creator_user_id: null }, world.ours.member.secret)).status).toBe(403)
})

test('H27, H29: four budgets, the shorter the less; the flag for own keys is the workspace\'s; deleting one twice is no error', async () => {
  await ask('POST', '/workspaces', { name: 'Reef', slug: 'reef' })
  const put = (interval: string, usd: number, more = {}) => ask('PUT', `/workspaces/reef/budgets/${interval}`, { limit_usd: usd, ...more })
  for (const [interval, usd] of [['lifetime', 1000], ['monthly', 100], ['weekly', 50], ['daily', 10]] as const) expect((await put(interval, usd)).status).toBe(200)
  for (const [interval, usd] of [['daily', 50], ['weekly', 10], ['weekly', 100], ['monthly', 1000], ['lifetime', 100]] as const) expect([interval, usd, (await put(interval, usd)).status]).toEqual([interval, usd, 400])
  expect((await put('hourly', 1)).status).toBe(400)
  expect((await put('daily', 20, { include_byok_in_budgets: true })).body['include_byok_in_budgets']).toBe(true)
  expect((await put('daily', 15)).body['include_byok_in_budgets']).toBe(true)
  const { body } = await ask('GET', '/workspaces/reef/budgets')
  expect([asArray(body['data'])?.length, body['include_byok_in_budgets']]).toEqual([4, true])
  for (let times = 0; times < 2; times++) expect((await ask('DELETE', '/workspaces/reef/budgets/daily')).body).toEqual({ deleted: true })
})

test('H31: members are listed by pages, with names, address and role', async () => {
  const all = await ask('GET', '/organization/members?limit=100')
  const count = rowsOf(all).length
  expect(rowsOf(all)).toContainEqual({ id: world.ours.admin.userId, email: 'admin@ours.example.com', first_name: 'admin', last_name: null, role: 'org:admin' })
  const pages = [...rowsOf(await ask('GET', '/organization/members?limit=1')), ...rowsOf(await ask('GET', `/organization/members?limit=100&offset=1`))]
  expect(pages.map(({ id }) => id)).toEqual(rowsOf(all).map(({ id }) => id))
  expect([all.body['total_count'], (await ask('GET', '/organization/members?limit=101')).status]).toEqual([count, 400])
})
