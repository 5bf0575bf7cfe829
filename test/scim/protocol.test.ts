// RFC 7644 beyond single resources: lists, versions, errors, and what is sent to do harm.
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { at, openStage, type Answer, type Organization, type Stage } from './organization.ts'

setDefaultTimeout(60_000)

let stage: Stage
let acme: Organization
const NAMES = ['ada', 'Bea', 'cyd', 'dot', 'Eve', "f'oo", 'g%h', 'i_j']
const ids = new Map<string, string>()

beforeAll(async () => {
  stage = await openStage(['acme', 'other'])
  const [first, second] = stage.organizations
  if (!first || !second) throw new Error('there are no organizations')
  acme = first
  for (const [index, name] of NAMES.entries()) {
    const { body } = await acme.scim('POST', '/Users', { userName: name, externalId: `e${index}`, displayName: `Name ${NAMES.length - index}`, ...(index % 2 === 0 && { title: 'Guide' }), emails: [{ value: `${index}@acme.example`, type: index < 4 ? 'work' : 'home' }] })
    ids.set(name, String(body['id']))
  }
  await second.scim('POST', '/Users', { userName: 'ada', title: 'Guide', externalId: 'e0' })
})

afterAll(() => stage.stop())

const list = async (query: Readonly<Record<string, string>>, path = '/Users'): Promise<Answer> => await acme.scim('GET', `${path}?${new URLSearchParams(query)}`)
const names = ({ body }: Answer): readonly unknown[] => (body['Resources'] as readonly object[]).map((resource) => at(resource, 'userName'))

describe('a list', () => {
  test('is in pages that are counted from 1', async () => {
    const all = await list({})
    expect(all.body).toMatchObject({ schemas: ['urn:ietf:params:scim:api:messages:2.0:ListResponse'], totalResults: 8, startIndex: 1, itemsPerPage: 8 })
    expect(names(all)).toEqual(NAMES)
    const second = await list({ startIndex: '3', count: '2' })
    expect([names(second), second.body['startIndex'], second.body['itemsPerPage'], second.body['totalResults']]).toEqual([['cyd', 'dot'], 3, 2, 8])
    expect(names(await list({ startIndex: '0', count: '1' }))).toEqual(['ada'])
    expect(names(await list({ startIndex: '-7', count: '1' }))).toEqual(['ada'])
    for (const [name, value] of [['count', '0'], ['count', '-3'], ['startIndex', '99']] as const) expect((await list({ [name]: value })).body).toMatchObject({ totalResults: 8, itemsPerPage: 0, Resources: [] })
    expect((await list({ count: '100000' })).body['itemsPerPage']).toBe(8)
    for (const [name, value] of [['count', 'x'], ['startIndex', '1.5']] as const) expect(await list({ [name]: value })).toMatchObject({ status: 400, body: { scimType: 'invalidValue' } })
  })

  test('is filtered and sorted before it is cut into pages', async () => {
    const guides = await list({ filter: 'title eq "guide"', startIndex: '2', count: '2' })
    expect([names(guides), guides.body['totalResults']]).toEqual([['cyd', 'Eve'], 4])
    expect(names(await list({ sortBy: 'displayName', count: '3' }))).toEqual(['i_j', 'g%h', "f'oo"])
    expect(names(await list({ sortBy: 'userName', sortOrder: 'descending', count: '2' }))).toEqual(['i_j', 'g%h'])
    expect(names(await list({ sortBy: 'title', count: '5' }))).toEqual(['ada', 'cyd', 'Eve', 'g%h', 'Bea'])
    expect(names(await list({ sortBy: 'emails.value', sortOrder: 'DESCENDING', count: '1', filter: 'emails[type eq "work"]' }))).toEqual(['dot'])
    expect(names(await list({ sortBy: 'meta.created', count: '1' }))).toEqual(['ada'])
    expect(await list({ sortBy: 'nobody' })).toMatchObject({ status: 400, body: { scimType: 'invalidPath' } })
  })

  test('shows what is asked for', async () => {
    const [first] = (await list({ attributes: 'userName,emails.type', count: '1' })).body['Resources'] as readonly object[]
    expect(first).toEqual({ schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'], id: ids.get('ada'), userName: 'ada', emails: [{ type: 'work' }] })
    expect((await acme.scim('GET', `/Users/${ids.get('ada')}?excludedAttributes=emails,meta,id`)).body).toEqual({ schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'], id: ids.get('ada'), userName: 'ada', externalId: 'e0', displayName: 'Name 8', title: 'Guide', active: true })
  })

  test('can be asked for in a body', async () => {
    const found = await acme.scim('POST', '/Users/.search', { schemas: ['urn:ietf:params:scim:api:messages:2.0:SearchRequest'], filter: 'userName sw "b"', attributes: ['userName'], startIndex: 1, count: 5 })
    expect([found.status, names(found)]).toEqual([200, ['Bea']])
    await acme.scim('POST', '/Groups', { displayName: 'Name of a group' })
    const both = await acme.scim('POST', '/.search', { filter: 'displayName sw "Name"', startIndex: 8, count: 5 })
    expect([both.body['totalResults'], (both.body['Resources'] as readonly object[]).map((resource) => at(resource, 'displayName'))]).toEqual([9, ['Name 1', 'Name of a group']])
    expect((await acme.scim('POST', '/.search', { filter: 'userName pr and title pr', count: 1 })).body).toMatchObject({ totalResults: 4 })
    expect((await acme.scim('POST', '/.search', { filter: 'nobody pr' })).status).toBe(400)
  })
})

describe('a filter that is meant to harm', () => {
  test.each([
    ["userName eq \"' OR '1'='1\"", 0], ['userName eq "ada\\"; DROP TABLE scim_users; --"', 0], ['externalId eq "e0\' UNION SELECT token_hash FROM scim_tokens --"', 0], ['userName eq "%"', 0], ['userName co "%"', 1], ['userName co "_"', 1],
    ['userName sw "%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%"', 0], ['userName eq "f\'oo"', 1], ['userName eq "g%h"', 1], ['userName eq "g_h"', 0], ['userName eq "a\\u0000da"', 0], ['id eq "\\u0000"', 0], ['userName eq "\\ud800"', 0],
  ] as const)('%s', async (filter, total) => {
    expect(await list({ filter })).toMatchObject({ status: 200, body: { totalResults: total } })
    expect((await list({ filter: filter.replace('userName', 'displayName').replace('externalId', 'externalId') }, '/Groups')).status).toBe(200)
  })

  test('is refused when it is too deep or too long', async () => {
    for (const filter of [`${'('.repeat(500)}title pr${')'.repeat(500)}`, `${'not ('.repeat(300)}title pr${')'.repeat(300)}`, Array.from({ length: 300 }, () => 'title pr').join(' or '), `title eq "${'x'.repeat(4_000)}"`]) {
      expect(await list({ filter })).toMatchObject({ status: 400, body: { schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'], status: '400', scimType: 'invalidFilter' } })
    }
    expect(names(await list({}))).toEqual(NAMES)
  })
})

describe('versions', () => {
  test('are taken at their word', async () => {
    const path = `/Users/${ids.get('dot')}`
    const { headers, body } = await acme.scim('GET', path)
    const tag = headers.get('etag') ?? ''
    expect(at(body, 'meta', 'version')).toBe(tag)
    expect((await acme.scim('GET', path, undefined, { 'if-none-match': tag })).status).toBe(304)
    const titled = (title: string, match: string) => acme.scim('PATCH', path, { Operations: [{ op: 'replace', path: 'title', value: title }] }, { 'if-match': match })
    expect(await titled('Old', 'W/"999"')).toMatchObject({ status: 412, body: { status: '412' } })
    expect((await titled('Old', '"nonsense"')).status).toBe(412)
    expect((await titled('New', tag)).status).toBe(200)
    expect((await titled('Newer', tag)).status).toBe(412)
    expect((await titled('Newest', '*')).body['title']).toBe('Newest')
    expect((await acme.scim('DELETE', path, undefined, { 'if-match': tag })).status).toBe(412)
    expect((await acme.scim('PUT', path, { userName: 'dot' }, { 'if-match': tag })).status).toBe(412)
    expect((await acme.scim('GET', path, undefined, { 'if-none-match': tag })).status).toBe(200)
  })

  test('of changes at once none is lost', async () => {
    const group = `/Groups/${String((await acme.scim('POST', '/Groups', { displayName: 'Busy' })).body['id'])}`
    const answers = await Promise.all([...ids.values()].slice(0, 4).map((id) => acme.scim('PATCH', group, { Operations: [{ op: 'add', path: 'members', value: [{ value: id }] }] })))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200])
    expect((await acme.scim('GET', group)).body['members']).toHaveLength(4)
  })
})

describe('errors', () => {
  test.each([
    ['POST', '/Users', '{', 400, 'invalidSyntax'], ['POST', '/Users', '[]', 400, 'invalidSyntax'], ['POST', '/Users', {}, 400, 'invalidValue'], ['POST', '/Users', { userName: 7 }, 400, 'invalidValue'], ['POST', '/Groups', { displayName: 7 }, 400, 'invalidValue'], ['POST', '/Users', { userName: 'numbered', externalId: 7 }, 201, undefined], ['POST', '/Users', { userName: 'x', emails: [{ value: 'no address' }] }, 400, 'invalidValue'],
    ['POST', '/Users', { userName: 'ADA' }, 409, 'uniqueness'], ['POST', '/Users', { userName: 'new', emails: [{ value: '0@ACME.example' }] }, 409, 'uniqueness'], ['POST', '/Users', { userName: 'new', active: 'perhaps' }, 400, 'invalidValue'],
    ['POST', '/Groups', {}, 400, 'invalidValue'], ['POST', '/Groups', { displayName: 'x', members: [{ value: 'nobody' }] }, 400, 'invalidValue'], ['GET', '/Nobody', undefined, 404, undefined], ['GET', '/Users/a/b', undefined, 404, undefined], ['GET', '/Users/%00', undefined, 404, undefined],
    ['DELETE', '/Users', undefined, 405, undefined], ['POST', '/Schemas', {}, 405, undefined], ['GET', '/Schemas/nobody', undefined, 404, undefined], ['GET', '/Bulk', undefined, 404, undefined],
  ] as const)('%s %s %j: %d %s', async (method, path, body, status, scimType) => {
    const answer = await acme.scim(method, path, body)
    expect(answer.status).toBe(status)
    if (status >= 400) expect(answer.body).toEqual({ schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'], status: String(status), ...(scimType && { scimType }), detail: expect.any(String) })
    expect(answer.headers.get('content-type')).toBe('application/scim+json')
  })

  test('what is made of it is said', async () => {
    expect((await acme.scim('GET', '/ServiceProviderConfig')).body).toMatchObject({ patch: { supported: true }, bulk: { supported: false }, filter: { supported: true, maxResults: 200 }, sort: { supported: true }, etag: { supported: true } })
    expect((await acme.scim('GET', '/ResourceTypes/User')).body).toMatchObject({ endpoint: '/Users', schemaExtensions: [{ schema: 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User', required: false }] })
    expect((await acme.scim('GET', '/Schemas')).body['totalResults']).toBe(3)
    expect((await acme.scim('GET', '/Schemas/urn:ietf:params:scim:schemas:core:2.0:Group')).body).toMatchObject({ name: 'Group' })
  })
})
