// What Okta and Entra ID send, in their order and with their ways, and what becomes of people by it.
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { at, openStage, type Answer, type Organization, type Stage } from './organization.ts'
import { startDns, type DnsServer } from './dns-server.ts'

setDefaultTimeout(60_000)

const USER = 'urn:ietf:params:scim:schemas:core:2.0:User'
const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User'
const GROUP = 'urn:ietf:params:scim:schemas:core:2.0:Group'
const PATCH = 'urn:ietf:params:scim:api:messages:2.0:PatchOp'

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
})

afterAll(async () => {
  await stage.stop()
  dns.close()
})

async function prove(organization: Organization, domain: string): Promise<Answer> {
  const { body } = await organization.api('POST', '/domains', { domain })
  dns.records.set(String(at(body, 'data', 'txt_record', 'name')), [String(at(body, 'data', 'txt_record', 'value'))])
  return await organization.api('POST', `/domains/${String(at(body, 'data', 'id'))}/verify`)
}

const patch = (...operations: readonly object[]) => ({ schemas: [PATCH], Operations: operations })
const person = (userName: string, more: object = {}) => ({ schemas: [USER], userName, emails: [{ value: userName, type: 'work', primary: true }], active: true, ...more })
const made = async (organization: Organization, userName: string, more: object = {}): Promise<string> => String((await organization.scim('POST', '/Users', person(userName, more))).body['id'])
const stateOf = async (organization: Organization, id: string): Promise<unknown> => at((await organization.api('GET', '/scim/users?limit=100')).body, 'data', await indexOf(organization, id), 'state')
const userIdOf = async (organization: Organization, id: string): Promise<string> => String(at((await organization.api('GET', '/scim/users?limit=100')).body, 'data', await indexOf(organization, id), 'user_id'))

async function indexOf(organization: Organization, id: string): Promise<number> {
  const { body } = await organization.api('GET', '/scim/users?limit=100')
  const rows = body['data']
  return Array.isArray(rows) ? rows.findIndex((row) => at(row, 'id') === id) : -1
}

/** A key of somebody, and whether it lives. */
async function keyOf(organization: Organization, userId: string, workspaceId?: string): Promise<() => Promise<boolean>> {
  const { body, status } = await organization.api('POST', '/keys', { name: 'k', creator_user_id: userId, ...(workspaceId !== undefined && { workspace_id: workspaceId }) })
  expect([status, body]).toEqual([201, body])
  return async () => (await stage.ask('GET', `${stage.gateway.url}/api/v1/key`, String(body['key']))).status === 200
}

const memberIds = async (organization: Organization): Promise<readonly unknown[]> => ((await organization.api('GET', '/organization/members?limit=100')).body['data'] as readonly object[]).map((row) => at(row, 'id'))

describe('a domain (H21)', () => {
  test('is pending until its TXT record is there, then active, then disabled', async () => {
    const added = await acme.api('POST', '/domains', { domain: 'Acme.Example.' })
    expect(added).toMatchObject({ status: 201, body: { data: { domain: 'acme.example', state: 'pending', txt_record: { name: '_switchyard.acme.example' }, activated_at: null } } })
    const path = `/domains/${String(at(added.body, 'data', 'id'))}`
    expect(await acme.api('POST', `${path}/verify`)).toMatchObject({ status: 409 })
    dns.records.set('_switchyard.acme.example', ['something else', 'switchyard-domain-verification=wrong'])
    expect(await acme.api('POST', `${path}/verify`)).toMatchObject({ status: 409 })
    dns.records.set('_switchyard.acme.example', ['something else', String(at(added.body, 'data', 'txt_record', 'value'))])
    expect(await acme.api('POST', `${path}/verify`)).toMatchObject({ status: 200, body: { data: { state: 'active' } } })
    expect(await acme.api('POST', `${path}/disable`)).toMatchObject({ status: 200, body: { data: { state: 'disabled' } } })
    expect(await acme.api('POST', `${path}/verify`)).toMatchObject({ status: 200, body: { data: { state: 'active', disabled_at: null } } })
    expect(await acme.api('POST', '/domains', { domain: 'acme.example' })).toMatchObject({ status: 409 })
    for (const [method, more] of [['GET', ''], ['POST', '/verify'], ['POST', '/disable'], ['DELETE', '']] as const) expect((await other.api(method, `${path}${more}`)).status).toBe(404)
  })

  test('is one organization\'s as long as its record stands', async () => {
    expect((await prove(acme, 'shared.example')).status).toBe(200)
    const proof = dns.records.get('_switchyard.shared.example') ?? []
    const { body } = await other.api('POST', '/domains', { domain: 'shared.example' })
    const theirs = [String(at(body, 'data', 'txt_record', 'value'))]
    const verify = () => other.api('POST', `/domains/${String(at(body, 'data', 'id'))}/verify`)
    dns.records.set('_switchyard.shared.example', [...proof, ...theirs])
    expect((await verify()).status).toBe(409)
    dns.records.set('_switchyard.shared.example', theirs)
    expect((await verify()).status).toBe(200)
    const domains = (await acme.api('GET', '/domains')).body['data'] as readonly object[]
    expect(domains.map((domain) => [at(domain, 'domain'), at(domain, 'state')])).toEqual([['acme.example', 'active'], ['shared.example', 'disabled']])
  })

  test('is a name and nothing else', async () => {
    for (const domain of ['', 'localhost', 'a..b', '-a.example', '192.0.2.1', 'a b.example', 'exa_mple.com', `${'x'.repeat(64)}.example`, 'a.example/x', "a.example' OR 1=1"]) expect([domain, (await acme.api('POST', '/domains', { domain })).status]).toEqual([domain, 400])
  })
})

describe("Okta's sequence", () => {
  test('looks for the person, makes them, puts their profile, deactivates and reactivates them', async () => {
    expect((await acme.scim('GET', `/Users?filter=${encodeURIComponent('userName eq "ida@acme.example"')}&startIndex=1&count=100`)).body).toMatchObject({ totalResults: 0, Resources: [] })
    const profile = { schemas: [USER], userName: 'ida@acme.example', name: { givenName: 'Ida', familyName: 'B' }, emails: [{ primary: true, value: 'ida@acme.example', type: 'work' }], displayName: 'Ida B', locale: 'en-US', externalId: '00u1', groups: [], password: '1mz050nq', active: true }
    const { status, body, headers } = await acme.scim('POST', '/Users', profile)
    expect([status, headers.get('content-type'), headers.get('location'), headers.get('etag')]).toEqual([201, 'application/scim+json', String(at(body, 'meta', 'location')), 'W/"2"'])
    expect(body).toMatchObject({ schemas: [USER], userName: 'ida@acme.example', externalId: '00u1', active: true, meta: { resourceType: 'User' } })
    expect(JSON.stringify(body)).not.toContain('1mz050nq')
    const path = `/Users/${String(body['id'])}`
    expect((await acme.scim('POST', '/Users', profile))).toMatchObject({ status: 409, body: { schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'], status: '409', scimType: 'uniqueness' } })
    expect((await acme.scim('PUT', path, { ...profile, ...body, name: { givenName: 'Ida', familyName: 'Bell' } })).body).toMatchObject({ name: { familyName: 'Bell' }, active: true })
    const userId = await userIdOf(acme, String(body['id']))
    expect((await acme.api('GET', '/organization/members')).body['data']).toContainEqual({ id: userId, email: 'ida@acme.example', first_name: 'Ida', last_name: 'Bell', role: 'org:member' })
    const lives = await keyOf(acme, userId)
    expect(await lives()).toBe(true)
    expect((await acme.scim('PATCH', path, patch({ op: 'replace', value: { active: false } }))).body).toMatchObject({ active: false })
    expect([await lives(), await memberIds(acme)]).toEqual([false, expect.not.arrayContaining([userId])])
    expect((await acme.scim('PATCH', path, patch({ op: 'replace', value: { active: true } }))).body).toMatchObject({ active: true })
    expect([await lives(), await memberIds(acme)]).toEqual([false, expect.arrayContaining([userId])])
  })

  test('makes a group, changes who is in it, and deletes it', async () => {
    const [one, two] = [await made(acme, 'one@acme.example'), await made(acme, 'two@acme.example')]
    const { status, body } = await acme.scim('POST', '/Groups', { schemas: [GROUP], displayName: 'Okta team', members: [{ value: one, display: 'one@acme.example' }] })
    expect([status, body]).toMatchObject([201, { displayName: 'Okta team', members: [{ value: one, type: 'User' }] }])
    const path = `/Groups/${String(body['id'])}`
    expect((await acme.scim('PATCH', path, patch({ op: 'remove', path: `members[value eq "${one}"]` }, { op: 'add', path: 'members', value: [{ value: two, display: 'two@acme.example' }] }))).body['members']).toMatchObject([{ value: two }])
    expect((await acme.scim('PATCH', path, patch({ op: 'replace', value: { id: body['id'], displayName: 'Okta team 2' } }))).body).toMatchObject({ displayName: 'Okta team 2', members: [{ value: two }] })
    expect((await acme.scim('GET', `/Users/${two}`)).body['groups']).toMatchObject([{ value: body['id'], display: 'Okta team 2' }])
    expect((await acme.scim('PUT', path, { schemas: [GROUP], displayName: 'Okta team', members: [{ value: one }, { value: two }] })).body['members']).toHaveLength(2)
    expect((await acme.scim('DELETE', path)).status).toBe(204)
    expect((await acme.scim('GET', path))).toMatchObject({ status: 404, body: { status: '404' } })
    expect((await acme.scim('GET', `/Users/${two}`)).body).not.toHaveProperty('groups')
  })
})

describe("Entra ID's sequence", () => {
  test('tests the connection with a person who is not there, matches by externalId, patches one attribute after the other', async () => {
    expect(await acme.scim('GET', '/Users?filter=userName+eq+%22non-existing-user%22')).toMatchObject({ status: 200, body: { totalResults: 0, Resources: [] } })
    const { body } = await acme.scim('POST', '/Users', {
      schemas: [USER, ENTERPRISE], externalId: '0a21f0f2', userName: 'Test_User_ab@acme.example', active: true, emails: [{ primary: true, type: 'work', value: 'Test_User_ab@acme.example' }], meta: { resourceType: 'User' },
      name: { formatted: 'given family', familyName: 'family', givenName: 'given' }, roles: [],
    })
    const path = `/Users/${String(body['id'])}`
    for (const filter of ['externalId eq "0a21f0f2"', 'userName eq "TEST_USER_AB@acme.example"', 'emails[type eq "work"].value eq "test_user_ab@ACME.example"', `id eq "${String(body['id'])}"`]) {
      expect([filter, (await acme.scim('GET', `/Users?filter=${encodeURIComponent(filter)}`)).body]).toMatchObject([filter, { totalResults: 1, Resources: [{ userName: 'Test_User_ab@acme.example' }] }])
    }
    const patched = await acme.scim('PATCH', path, patch(
      { op: 'Replace', path: 'emails[type eq "work"].value', value: 'updated@acme.example' }, { op: 'Replace', path: 'name.familyName', value: 'updatedFamilyName' },
      { op: 'Add', path: `${ENTERPRISE}:department`, value: 'Sales' }, { op: 'Add', path: `${ENTERPRISE}:manager`, value: 'boss' }, { op: 'Add', path: 'addresses[type eq "work"].country', value: 'NO' },
    ))
    expect(patched).toMatchObject({ status: 200, body: { schemas: [USER, ENTERPRISE], name: { familyName: 'updatedFamilyName', givenName: 'given' }, [ENTERPRISE]: { department: 'Sales', manager: { value: 'boss' } }, addresses: [{ type: 'work', country: 'NO' }] } })
    expect((await acme.scim('PATCH', path, patch({ op: 'Replace', path: 'active', value: 'False' }))).body).toMatchObject({ active: false })
    expect((await acme.scim('DELETE', path)).status).toBe(204)
    expect((await acme.scim('DELETE', path)).status).toBe(404)
  })

  test('asks for groups without their members, and whether somebody is in one', async () => {
    const id = await made(acme, 'entra@acme.example')
    const { body } = await acme.scim('POST', '/Groups', { schemas: [GROUP, 'http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group'], externalId: '8aa1a0c0', displayName: 'Entra team', meta: { resourceType: 'Group' } })
    const path = `/Groups/${String(body['id'])}`
    expect((await acme.scim('PATCH', path, patch({ op: 'Add', path: 'members', value: [{ value: id }] }))).status).toBe(200)
    expect((await acme.scim('GET', `/Groups?excludedAttributes=members&filter=${encodeURIComponent('displayName eq "entra TEAM"')}`)).body).toMatchObject({ totalResults: 1, Resources: [{ externalId: '8aa1a0c0' }] })
    expect((await acme.scim('GET', `${path}?excludedAttributes=members`)).body).not.toHaveProperty('members')
    const isIn = async (userId: string) => (await acme.scim('GET', `/Groups?attributes=id&filter=${encodeURIComponent(`id eq "${String(body['id'])}" and members eq "${userId}"`)}`)).body['totalResults']
    expect([await isIn(id), await isIn('somebody')]).toEqual([1, 0])
    expect((await acme.scim('PATCH', path, patch({ op: 'Remove', path: 'members', value: [{ value: id }] }))).body).not.toHaveProperty('members')
    expect(await isIn(id)).toBe(0)
  })
})

describe('a directory takes over nobody', () => {
  test('who is known elsewhere is asked, and stays as they are', async () => {
    const { status, body } = await acme.scim('POST', '/Users', person('admin@other.example', { name: { givenName: 'Not', familyName: 'Them' } }))
    expect([status, await stateOf(acme, String(body['id']))]).toEqual([201, 'invited'])
    expect(await memberIds(acme)).not.toContain(other.adminId)
    expect((await acme.api('GET', '/organization/invitations')).body['data']).toContainEqual(expect.objectContaining({ email: 'admin@other.example', state: 'open', invited_by: null }))
    await acme.scim('PATCH', `/Users/${String(body['id'])}`, patch({ op: 'replace', path: 'active', value: false }))
    expect((await acme.api('GET', '/organization/invitations')).body['data']).toContainEqual(expect.objectContaining({ email: 'admin@other.example', state: 'revoked' }))
    await acme.scim('DELETE', `/Users/${String(body['id'])}`)
    expect((await other.api('GET', '/organization/members')).body['data']).toEqual([{ id: other.adminId, email: 'admin@other.example', first_name: null, last_name: null, role: 'org:admin' }])
  })

  test('who is a member of two organizations loses the one alone', async () => {
    await prove(other, 'both.example')
    const there = await made(other, 'b@both.example')
    const userId = await userIdOf(other, there)
    // The domain is sold, and the new owner takes the person in too.
    dns.records.delete('_switchyard.both.example')
    await prove(acme, 'both.example')
    const here = await made(acme, 'b@both.example', { name: { givenName: 'New' } })
    expect(await userIdOf(acme, here)).toBe(userId)
    const [livesHere, livesThere] = [await keyOf(acme, userId), await keyOf(other, userId)]
    await acme.scim('DELETE', `/Users/${here}`)
    expect([await livesHere(), await livesThere()]).toEqual([false, true])
    expect((await other.api('GET', '/organization/members')).body['data']).toContainEqual({ id: userId, email: 'b@both.example', first_name: null, last_name: null, role: 'org:member' })
  })

  test('the address of a person follows it from one proven domain to another, and no further', async () => {
    const id = await made(acme, 'mover@acme.example')
    const userId = await userIdOf(acme, id)
    const emailOf = async () => ((await acme.api('GET', '/organization/members?limit=100')).body['data'] as readonly object[]).flatMap((row) => (at(row, 'id') === userId ? [at(row, 'email')] : []))
    const move = (email: string) => acme.scim('PATCH', `/Users/${id}`, patch({ op: 'replace', path: 'emails[type eq "work"].value', value: email }))
    expect([(await move('moved@acme.example')).status, await emailOf()]).toEqual([200, ['moved@acme.example']])
    expect([(await move('ida@acme.example')).status, await emailOf()]).toEqual([409, ['moved@acme.example']])
    expect([(await move('admin@acme.example')).status, await emailOf()]).toEqual([409, ['moved@acme.example']])
    expect([(await move('admin@other.example')).status, await emailOf()]).toEqual([200, ['moved@acme.example']])
  })

  test('what is of another organization is not there', async () => {
    const theirs = await made(other, 'theirs@other.example')
    const group = String((await other.scim('POST', '/Groups', { displayName: 'Theirs' })).body['id'])
    for (const [method, path, body] of [
      ['GET', `/Users/${theirs}`, undefined], ['PUT', `/Users/${theirs}`, person('x')], ['PATCH', `/Users/${theirs}`, patch({ op: 'remove', path: 'title' })], ['DELETE', `/Users/${theirs}`, undefined],
      ['GET', `/Groups/${group}`, undefined], ['PUT', `/Groups/${group}`, { displayName: 'x' }], ['PATCH', `/Groups/${group}`, patch({ op: 'replace', path: 'displayName', value: 'x' })], ['DELETE', `/Groups/${group}`, undefined],
    ] as const) expect([method, path, (await acme.scim(method, path, body)).status]).toEqual([method, path, 404])
    expect((await acme.scim('GET', `/Users?filter=${encodeURIComponent(`id eq "${theirs}" or userName eq "theirs@other.example"`)}`)).body['totalResults']).toBe(0)
    expect(await acme.scim('POST', '/Groups', { displayName: 'Mixed', members: [{ value: theirs }] })).toMatchObject({ status: 400, body: { scimType: 'invalidValue' } })
    expect((await other.scim('GET', `/Users/${theirs}`)).body).toMatchObject({ userName: 'theirs@other.example' })
  })
})
