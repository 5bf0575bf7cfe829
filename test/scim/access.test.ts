// What groups of a directory may do in workspaces, and what people may no longer do by hand.
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { systemClock } from '../../src/lib/clock.ts'
import { openAccounts } from '../../src/store/open.ts'
import { databaseUrlOf } from '../engine.ts'
import { operations, validateResponse } from '../openapi.ts'
import { hasShared } from '../shared.ts'
import { at, openStage, type Answer, type Organization, type Stage } from './organization.ts'
import { startDns, type DnsServer } from './dns-server.ts'

setDefaultTimeout(60_000)

let dns: DnsServer
let stage: Stage
let acme: Organization
let other: Organization

beforeAll(async () => {
  dns = await startDns()
  stage = await openStage(['acme', 'other'], { SWITCHYARD_DNS_SERVERS: dns.address })
  const [first, second] = stage.organizations
  if (!first || !second) throw new Error('there are no organizations')
  acme = first
  other = second
  for (const organization of [acme, other]) {
    const { body } = await organization.api('POST', '/domains', { domain: organization === acme ? 'acme.example' : 'other.example' })
    dns.records.set(String(at(body, 'data', 'txt_record', 'name')), [String(at(body, 'data', 'txt_record', 'value'))])
    expect((await organization.api('POST', `/domains/${String(at(body, 'data', 'id'))}/verify`)).status).toBe(200)
  }
})

afterAll(async () => {
  await stage.stop()
  dns.close()
})

/** Asks as an admin; every answer is as the contract has it. */
async function asked(method: string, path: string, body?: unknown, by: Organization = acme): Promise<Answer> {
  const answer = await by.api(method, path, body)
  if (hasShared && operations().some(([, known]) => new RegExp(`^${known.replace('{id}', '[^/]+')}$`).test(path.split('?')[0] ?? ''))) expect([path, answer.status, validateResponse(method, path.split('?')[0] ?? '', answer.status, answer.body)]).toEqual([path, answer.status, []])
  return answer
}

interface Person { readonly entry: string; readonly userId: string }

async function person(name: string): Promise<Person> {
  const entry = String((await acme.scim('POST', '/Users', { userName: `${name}@acme.example`, emails: [{ value: `${name}@acme.example` }] })).body['id'])
  const rows = (await acme.api('GET', '/scim/users?limit=100')).body['data'] as readonly object[]
  return { entry, userId: String(rows.flatMap((row) => (at(row, 'id') === entry ? [at(row, 'user_id')] : []))[0]) }
}

const group = async (displayName: string, people: readonly Person[]): Promise<string> => String((await acme.scim('POST', '/Groups', { displayName, members: people.map(({ entry }) => ({ value: entry })) })).body['id'])
const workspace = async (slug: string, by: Organization = acme): Promise<string> => String(at((await by.api('POST', '/workspaces', { name: slug, slug })).body, 'data', 'id'))
const map = async (scim_group_id: string, workspace_id: string, role: 'admin' | 'member'): Promise<string> => String(at((await asked('POST', '/scim/group-mappings', { scim_group_id, workspace_id, role })).body, 'data', 'id'))
/** But for the admin, who made it. */
const members = async (slug: string): Promise<Readonly<Record<string, unknown>>> => Object.fromEntries(((await acme.api('GET', `/workspaces/${slug}/members?limit=100`)).body['data'] as readonly object[]).filter((row) => at(row, 'user_id') !== acme.adminId).map((row) => [String(at(row, 'user_id')), at(row, 'role')]))
const leave = (id: string, { entry }: Person) => acme.scim('PATCH', `/Groups/${id}`, { Operations: [{ op: 'remove', path: `members[value eq "${entry}"]` }] })
const actions = async (): Promise<readonly unknown[]> => ((await acme.api('GET', '/organization/audit?limit=100')).body['data'] as readonly object[]).map((row) => at(row, 'action'))

async function keyOf(userId: string, workspaceId: string): Promise<() => Promise<boolean>> {
  const { body } = await acme.api('POST', '/keys', { name: 'k', creator_user_id: userId, workspace_id: workspaceId })
  return async () => (await stage.ask('GET', `${stage.gateway.url}/api/v1/key`, String(body['key']))).status === 200
}

describe('a mapping (H22)', () => {
  test('gives the role to who is in the group, the highest of all; leaving takes it, and the keys', async () => {
    const [ann, bob] = [await person('ann'), await person('bob')]
    const [lab, readers, leads] = [await workspace('lab'), await group('Readers', [ann, bob]), await group('Leads', [ann])]
    await map(readers, lab, 'member')
    expect(await members('lab')).toEqual({ [ann.userId]: 'member', [bob.userId]: 'member' })
    const leadMapping = await map(leads, lab, 'admin')
    expect(await members('lab')).toEqual({ [ann.userId]: 'admin', [bob.userId]: 'member' })
    expect((await asked('PATCH', `/scim/group-mappings/${leadMapping}`, { role: 'member' })).body).toMatchObject({ data: { role: 'member' } })
    expect(await members('lab')).toEqual({ [ann.userId]: 'member', [bob.userId]: 'member' })
    await asked('PATCH', `/scim/group-mappings/${leadMapping}`, { role: 'admin' })
    await leave(leads, ann)
    expect(await members('lab')).toEqual({ [ann.userId]: 'member', [bob.userId]: 'member' })
    const lives = await keyOf(bob.userId, lab)
    expect(await lives()).toBe(true)
    await leave(readers, bob)
    expect([await members('lab'), await lives()]).toEqual([{ [ann.userId]: 'member' }, false])
    await acme.scim('PATCH', `/Groups/${readers}`, { Operations: [{ op: 'Add', path: 'members', value: [{ value: bob.entry }] }] })
    expect([await members('lab'), await lives()]).toEqual([{ [ann.userId]: 'member', [bob.userId]: 'member' }, false])
    expect(await actions()).toEqual(expect.arrayContaining(['group_mapping.create', 'group_mapping.change', 'directory_group.change', 'workspace_member.add', 'workspace_member.change', 'workspace_member.remove', 'key.change']))
  })

  test('who is in the workspace by hand too stays when the mapping does not', async () => {
    const cat = await person('cat')
    const [den, team] = [await workspace('den'), await group('Team', [cat])]
    await acme.api('POST', '/workspaces/den/members/add', { user_ids: [cat.userId] })
    await map(team, den, 'admin')
    expect(await members('den')).toEqual({ [cat.userId]: 'admin' })
    await leave(team, cat)
    expect(await members('den')).toEqual({ [cat.userId]: 'member' })
  })

  test('is deleted only with the word what becomes of its members', async () => {
    const dan = await person('dan')
    const [hut, crew] = [await workspace('hut'), await group('Crew', [dan])]
    const first = await map(crew, hut, 'member')
    const path = `/scim/group-mappings/${first}`
    for (const query of ['', '?keep_members=', '?keep_members=perhaps']) expect((await asked('DELETE', `${path}${query}`)).status).toBe(400)
    expect((await asked('DELETE', `${path}?keep_members=true`)).body).toEqual({ deleted: true })
    expect(await members('hut')).toEqual({ [dan.userId]: 'member' })
    expect((await acme.api('POST', '/workspaces/hut/members/remove', { user_ids: [dan.userId] })).body).toEqual({ removed_count: 1 })
    const second = await map(crew, hut, 'member')
    expect((await asked('DELETE', `/scim/group-mappings/${second}?keep_members=false`)).status).toBe(200)
    expect(await members('hut')).toEqual({})
    expect((await asked('DELETE', `${path}?keep_members=true`)).status).toBe(404)
  })

  test('is one for a pair, of groups and workspaces of this organization', async () => {
    const [bay, staff] = [await workspace('bay'), await group('Staff', [])]
    const mapping = await map(staff, bay, 'member')
    expect((await asked('POST', '/scim/group-mappings', { scim_group_id: staff, workspace_id: bay, role: 'admin' })).status).toBe(409)
    const theirs = await workspace('theirs', other)
    expect((await asked('POST', '/scim/group-mappings', { scim_group_id: staff, workspace_id: theirs, role: 'admin' })).status).toBe(404)
    expect((await asked('POST', '/scim/group-mappings', { scim_group_id: staff, workspace_id: theirs, role: 'admin' }, other)).status).toBe(404)
    for (const body of [{}, { scim_group_id: staff, workspace_id: bay }, { scim_group_id: 'x', workspace_id: bay, role: 'admin' }, { scim_group_id: staff, workspace_id: bay, role: 'owner' }, { scim_group_id: staff, workspace_id: bay, role: 'admin', more: 1 }]) expect((await asked('POST', '/scim/group-mappings', body)).status).toBe(400)
    expect((await asked('GET', `/scim/group-mappings/${mapping}`)).body).toMatchObject({ data: { id: mapping, organization_id: acme.id, scim_group_id: staff, workspace_id: bay, role: 'member' } })
    for (const [method, query, body] of [['GET', '', undefined], ['PATCH', '', { role: 'admin' }], ['DELETE', '?keep_members=false', undefined]] as const) expect((await asked(method, `/scim/group-mappings/${mapping}${query}`, body, other)).status).toBe(404)
    const listed = await asked('GET', '/scim/group-mappings?limit=2')
    expect([listed.status, at(listed.body, 'data', 'length'), Number(listed.body['total_count']) > 2]).toEqual([200, 2, true])
    expect((await asked('GET', '/scim/groups')).body['data']).toContainEqual(expect.objectContaining({ id: staff, display_name: 'Staff', external_id: null, organization_id: acme.id }))
    expect((await asked('GET', '/scim/groups?limit=101')).status).toBe(400)
  })

  test('goes with its group, and with its workspace', async () => {
    const eve = await person('eve')
    const [pit, gang] = [await workspace('pit'), await group('Gang', [eve])]
    const mapping = await map(gang, pit, 'member')
    await acme.scim('DELETE', `/Groups/${gang}`)
    expect([await members('pit'), (await asked('GET', `/scim/group-mappings/${mapping}`)).status]).toEqual([{}, 404])
    const again = await map(await group('Gang', [eve]), pit, 'member')
    expect((await acme.api('DELETE', '/workspaces/pit')).status).toBe(200)
    expect((await asked('GET', `/scim/group-mappings/${again}`)).status).toBe(404)
  })

  test('an admin of a workspace manages that one, and no other', async () => {
    const fay = await person('fay')
    const [ours, theirs] = [await workspace('fays'), await workspace('not-fays')]
    await map(await group('Fays', [fay]), ours, 'admin')
    await acme.api('POST', '/workspaces/not-fays/members/add', { user_ids: [fay.userId] })
    const secret = await managementKeyOf(fay.userId)
    const as = async (method: string, path: string, sent?: unknown) => (await stage.ask(method, `${stage.gateway.url}/api/v1${path}`, secret, sent)).status
    expect([await as('PATCH', `/workspaces/${ours}`, { description: 'mine' }), await as('PATCH', '/workspaces/fays', { description: 'by slug' }), await as('PUT', '/workspaces/fays/budgets/monthly', { limit_usd: 5 })]).toEqual([200, 200, 200])
    expect([await as('PATCH', `/workspaces/${theirs}`, { description: 'x' }), await as('PUT', '/workspaces/not-fays/budgets/monthly', { limit_usd: 5 }), await as('DELETE', '/workspaces/fays'), await as('POST', '/workspaces', { name: 'n', slug: 'n' }), await as('GET', '/scim/groups')]).toEqual([403, 403, 403, 403, 403])
    await acme.scim('PATCH', `/Users/${fay.entry}`, { Operations: [{ op: 'replace', path: 'active', value: false }] })
    expect(await as('PATCH', `/workspaces/${ours}`, { description: 'gone' })).toBe(401)
  })

  test('a refresh changes nothing where all is as it should be', async () => {
    expect((await acme.api('POST', '/scim/refresh')).body).toEqual({ taken_in: 0, changed: 0 })
  })
})

/** Over the API keys are made for calls: as the command line does it. */
async function managementKeyOf(userId: string, kind: 'personal' | 'organization' = 'organization'): Promise<string> {
  const store = await openAccounts({ dataDir: stage.gateway.dataDir, databaseUrl: databaseUrlOf(stage.gateway.dataDir), clock: systemClock })
  const { account } = (await store.people.accountsOf(userId)).find((one) => one.account.kind === kind) ?? { account: { id: acme.id } }
  const { secret } = await store.accounts.createKey({ accountId: account.id, name: 'hers', kind: 'management', creatorUserId: userId })
  await store.close()
  return secret
}

describe('whom a directory keeps (H24)', () => {
  test('nobody removes by hand, as long as it has a token', async () => {
    const gus = await person('gus')
    const den = await workspace('gus-den')
    await map(await group('Guses', [gus]), den, 'member')
    expect((await acme.api('POST', '/workspaces/gus-den/members/remove', { user_ids: [gus.userId] }))).toMatchObject({ status: 400, body: { error: { metadata: { field: 'user_ids' } } } })
    expect((await acme.api('DELETE', `/organization/members/${gus.userId}`)).status).toBe(409)
    const tokens = (await acme.api('GET', '/scim/tokens')).body['data'] as readonly object[]
    expect(tokens).toMatchObject([{ name: 'Directory', created_by: acme.adminId, revoked_at: null }])
    expect(typeof at(tokens, 0, 'last_used_at')).toBe('string')
    expect(JSON.stringify(tokens)).not.toContain(acme.scimToken)
    const path = `/scim/tokens/${String(at(tokens, 0, 'id'))}`
    expect((await other.api('DELETE', path)).status).toBe(404)
    expect((await acme.api('DELETE', path)).body).toEqual({ deleted: true })
    expect((await acme.api('DELETE', path)).status).toBe(404)
    expect(await acme.scim('GET', '/Users')).toMatchObject({ status: 401, body: { schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'], status: '401' } })
    expect((await acme.api('DELETE', `/organization/members/${gus.userId}`)).status).toBe(200)
  })

  test('is nothing for keys, and keys are nothing for it', async () => {
    expect((await stage.ask('GET', `${stage.gateway.url}/scim/v2/Users`, acme.adminKey)).status).toBe(401)
    expect((await stage.ask('GET', `${stage.gateway.url}/scim/v2/Users`, 'sk-scim-v1-guess')).status).toBe(401)
    expect((await stage.ask('GET', `${stage.gateway.url}/api/v1/scim/groups`, other.scimToken)).status).toBe(401)
    expect((await fetch(`${stage.gateway.url}/scim/v2/ServiceProviderConfig`)).headers.get('www-authenticate')).toBe('Bearer')
  })

  test('an account of one person has no directory', async () => {
    const secret = await managementKeyOf(acme.adminId, 'personal')
    for (const path of ['/scim/groups', '/scim/group-mappings', '/scim/tokens', '/scim/users', '/domains']) expect([path, (await stage.ask('GET', `${stage.gateway.url}/api/v1${path}`, secret)).status]).toEqual([path, 404])
    expect((await stage.ask('POST', `${stage.gateway.url}/api/v1/scim/tokens`, secret, { name: 'x' })).status).toBe(404)
  })
})
