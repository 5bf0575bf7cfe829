// What roles may do beside what operations.test.ts asks of every operation: what members see, what bodies may name, what the log has.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DEFAULT_ACCOUNT } from '../../src/accounts/accounts.ts'
import { OPERATOR } from '../../src/accounts/audit-entry.ts'
import { OPERATIONS, reachOf, ROLES, type Operation } from '../../src/accounts/roles.ts'
import { asArray, asObject, asString, type JsonObject } from '../../src/core/json.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { openAccounts } from '../../src/store/open.ts'
import { validateResponse } from '../openapi.ts'
import { startGateway, type Gateway } from '../server.ts'
import { databaseUrlOf } from '../engine.ts'
import { describeShared } from '../shared.ts'

/** Who asks, as whom. */
interface Asker { readonly secret: string; readonly userId: string | null }

/** What there is in an account to be asked for. */
interface World { readonly workspace: string; readonly adminKey: string; readonly memberKey: string; readonly adminId: string; readonly memberId: string; readonly spareId: string; readonly guardrail: string; readonly invitation: string }

const dataDir = mkdtempSync(join(tmpdir(), 'switchyard-roles-'))
let gateway: Gateway
const askers = new Map<string, Asker>()
const worlds = new Map<string, World>()

async function api(secret: string, method: string, path: string, body?: unknown): Promise<{ readonly status: number; readonly body: JsonObject }> {
  const response = await fetch(`${gateway.url}/api/v1${path}`, { method, headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' }, ...(body !== undefined && { body: JSON.stringify(body) }) })
  const text = await response.text()
  return { status: response.status, body: text.startsWith('{') ? asObject(JSON.parse(text)) ?? {} : { text } }
}

const idOf = (body: JsonObject, field = 'id'): string => asString(asObject(body['data'])?.[field]) ?? ''

beforeAll(async () => {
  const store = await openAccounts({ dataDir, databaseUrl: databaseUrlOf(dataDir), clock: systemClock })
  const { accounts, people, workspaces } = store
  await accounts.grant(DEFAULT_ACCOUNT, 1_000_000_000n, 'test')
  const other = await people.addUser({ email: 'other@example.com' }, OPERATOR)
  const others = await people.createOrganization('Others', other.id, OPERATOR)
  for (const [name, accountId] of [['ours', DEFAULT_ACCOUNT], ['theirs', others.id]] as const) {
    const secretOf = async (who: string, creatorUserId: string | null): Promise<string> => {
      const { secret } = await accounts.createKey({ accountId, name: `${name} ${who}`, kind: 'management', creatorUserId }, OPERATOR)
      askers.set(`${name} ${who}`, { secret, userId: creatorUserId })
      return secret
    }
    const [admin, member, spare] = await Promise.all(['admin', 'member', 'spare'].map((who) => people.addUser({ email: `${who}@${name}.example.com`, firstName: who }, OPERATOR)))
    if (!admin || !member || !spare) throw new Error('people were not made')
    await people.addMember(accountId, admin.id, 'admin', OPERATOR)
    await people.addMember(accountId, member.id, 'member', OPERATOR)
    await people.addMember(accountId, spare.id, 'member', OPERATOR)
    const workspace = await workspaces.create({ accountId, name: 'Lab', slug: 'lab' }, OPERATOR)
    await workspaces.addMembers(accountId, workspace, [member.id], OPERATOR)
    const key = async (creatorUserId: string) => (await accounts.createKey({ accountId, name: 'k', creatorUserId }, OPERATOR)).key.hash
    const { invitation } = await people.invite(accountId, { email: `guest@${name}.example.com`, role: 'member' }, OPERATOR)
    for (const [who, id] of [['owner', null], ['admin', admin.id], ['member', member.id]] as const) await secretOf(who, id)
    worlds.set(name, { workspace: workspace.id, adminKey: await key(admin.id), memberKey: await key(member.id), adminId: admin.id, memberId: member.id, spareId: spare.id, guardrail: '', invitation: invitation.id })
  }
  await store.close()
  gateway = await startGateway({ dataDir })
  for (const [name, world] of worlds) {
    const made = await api(askers.get(`${name} owner`)?.secret ?? '', 'POST', '/guardrails', { name: 'G' })
    worlds.set(name, { ...world, guardrail: idOf(made.body) })
  }
})

afterAll(async () => {
  await gateway.stop()
  rmSync(dataDir, { recursive: true, force: true })
})

describe('role × operation', () => {
  test('what the table leaves out is for nobody but admins', () => {
    for (const role of ROLES) for (const operation of Object.keys(OPERATIONS) as Operation[]) {
      if (OPERATIONS[operation][role] === 'none') expect(() => reachOf(role, operation)).toThrow('ask one of its admins')
      else expect(reachOf(role, operation)).toBe(OPERATIONS[operation][role])
    }
    expect(Object.values(OPERATIONS).every(({ admin }) => admin === 'all')).toBe(true)
  })
})

describe('a member', () => {
  test('sees and makes only keys of their own', async () => {
    const [world, asker] = [worlds.get('ours'), askers.get('ours member')]
    const { body } = await api(asker?.secret ?? '', 'GET', '/keys?include_disabled=true')
    const rows = (asArray(body['data']) ?? []).map((row) => asObject(row)?.['creator_user_id'])
    expect(rows.length).toBeGreaterThan(0)
    expect(new Set(rows)).toEqual(new Set([world?.memberId ?? '']))
    const admins = askers.get('ours owner')?.secret ?? ''
    const made = await api(admins, 'POST', '/keys', { name: 'of an admin', creator_user_id: world?.adminId })
    for (const [method, path, given] of [['GET', '', undefined], ['PATCH', '', { name: 'mine' }], ['DELETE', '', undefined], ['POST', '/rotate', {}], ['GET', '/policy', undefined]] as const) {
      expect([method, (await api(asker?.secret ?? '', method, `/keys/${idOf(made.body, 'hash')}${path}`, given)).status]).toEqual([method, 404])
    }
    expect((await api(asker?.secret ?? '', 'POST', '/keys', { name: 'x', creator_user_id: world?.adminId })).status).toBe(403)
    expect((await api(asker?.secret ?? '', 'POST', '/keys', { name: 'x', creator_user_id: null })).status).toBe(403)
  })

  test('sees the workspaces that they are in, and no others', async () => {
    const hidden = await api(askers.get('ours owner')?.secret ?? '', 'POST', '/workspaces', { name: 'Hidden', slug: 'hidden' })
    const secret = askers.get('ours member')?.secret ?? ''
    const listed = (asArray((await api(secret, 'GET', '/workspaces')).body['data']) ?? []).map((row) => asObject(row)?.['slug'])
    expect(listed).not.toContain('hidden')
    for (const path of ['', '/budgets', '/budgets/daily', '/members']) expect((await api(secret, 'GET', `/workspaces/hidden${path}`)).status).toBe(404)
    expect((await api(secret, 'POST', '/keys', { name: 'x', workspace_id: idOf(hidden.body) })).status).toBe(400)
    expect((await api(secret, 'GET', `/keys?workspace_id=${idOf(hidden.body)}`)).status).toBe(400)
  })
})

describe('another account', () => {
  test('is not in any list, nor reached by ids in bodies', async () => {
    const [theirs, ours] = [worlds.get('theirs'), askers.get('ours owner')]
    const mine = worlds.get('ours')
    if (!theirs || !ours || !mine) throw new Error('the world was not made')
    for (const path of ['/keys?include_disabled=true', '/workspaces', '/organization/members', '/organization/invitations', '/guardrails', '/guardrails/assignments/keys', '/organization/audit?limit=100']) {
      const text = JSON.stringify((await api(ours.secret, 'GET', path)).body)
      for (const id of Object.values(theirs)) expect([path, text.includes(id)]).toEqual([path, false])
    }
    const lab = await api(ours.secret, 'POST', '/workspaces', { name: 'Bodies', slug: 'bodies' })
    expect((await api(ours.secret, 'POST', `/workspaces/${idOf(lab.body)}/members/add`, { user_ids: [theirs.memberId] })).status).toBe(404)
    expect((await api(ours.secret, 'POST', '/keys', { name: 'x', workspace_id: theirs.workspace })).status).toBe(400)
    expect((await api(ours.secret, 'POST', '/keys', { name: 'x', creator_user_id: theirs.memberId })).status).toBe(400)
    expect((await api(ours.secret, 'GET', `/keys?workspace_id=${theirs.workspace}`)).status).toBe(400)
  })
})

describe('the log of changes', () => {
  test('has who did what, and no secret of what was made', async () => {
    const secret = askers.get('ours owner')?.secret ?? ''
    const made = await api(secret, 'POST', '/keys', { name: 'audited', limit: 5, switchyard: { tags: { env: 'prod' } } })
    const rotated = await api(secret, 'POST', `/keys/${idOf(made.body, 'hash')}/rotate`, { overlap_seconds: 60 })
    const invited = await api(secret, 'POST', '/organization/invitations', { email: 'audit@example.com' })
    const { body } = await api(secret, 'GET', `/organization/audit?target=${idOf(made.body, 'hash')}`)
    const entries = (asArray(body['data']) ?? []).map((row) => asObject(row))
    expect(entries.map((entry) => entry?.['action'])).toEqual(['key.rotate', 'key.create'])
    expect(entries[1]).toMatchObject({ actor: { kind: 'key', name: 'ours owner' }, before: null, after: { name: 'audited', limit: '5', tags: { env: 'prod' } } })
    const exported = await (await fetch(`${gateway.url}/api/v1/organization/audit?format=ndjson`, { headers: { authorization: `Bearer ${secret}` } })).text()
    expect(exported).toContain('"action":"key.rotate"')
    for (const hidden of [asString(made.body['key']), asString(rotated.body['key']), asString(invited.body['token'])]) {
      expect(hidden).toBeTruthy()
      expect(exported).not.toContain(hidden ?? '')
      expect(exported).not.toContain(hidden?.slice(9, 40) ?? '')
    }
  })
})

describeShared('by the document', () => {
  test('every answer of workspaces, budgets and members', async () => {
    const secret = askers.get('ours owner')?.secret ?? ''
    const world = worlds.get('ours')
    const check = async (method: string, path: string, template: string, status: number, given?: unknown): Promise<JsonObject> => {
      const answer = await api(secret, method, path, given)
      expect([template, answer.status, answer.status === status ? validateResponse(method, template, status, answer.body) : answer.body]).toEqual([template, status, []])
      return answer.body
    }
    const id = idOf(await check('POST', '/workspaces', '/workspaces', 201, { name: 'Doc', slug: 'doc', default_provider_sort: 'price', description: null, io_logging_sampling_rate: 0.5 }))
    await check('GET', '/workspaces', '/workspaces', 200)
    await check('GET', '/workspaces/doc', '/workspaces/{id}', 200)
    await check('PATCH', `/workspaces/${id}`, '/workspaces/{id}', 200, { name: 'Document' })
    await check('PUT', '/workspaces/doc/budgets/lifetime', '/workspaces/{id}/budgets/{interval}', 200, { limit_usd: 100 })
    await check('PUT', '/workspaces/doc/budgets/daily', '/workspaces/{id}/budgets/{interval}', 200, { limit_usd: 1.5, include_byok_in_budgets: true })
    await check('GET', '/workspaces/doc/budgets/daily', '/workspaces/{id}/budgets/{interval}', 200)
    await check('GET', '/workspaces/doc/budgets', '/workspaces/{id}/budgets', 200)
    await check('PUT', '/workspaces/doc/budgets/weekly', '/workspaces/{id}/budgets/{interval}', 400, { limit_usd: 1.5 })
    await check('PUT', '/workspaces/doc/budgets/weekly', '/workspaces/{id}/budgets/{interval}', 400, { limit_usd: 0 })
    await check('GET', '/workspaces/doc/budgets/yearly', '/workspaces/{id}/budgets/{interval}', 400)
    for (let again = 0; again < 2; again++) await check('DELETE', '/workspaces/doc/budgets/daily', '/workspaces/{id}/budgets/{interval}', 200)
    await check('POST', '/workspaces/doc/members/add', '/workspaces/{id}/members/add', 200, { user_ids: [world?.adminId] })
    await check('GET', '/workspaces/doc/members', '/workspaces/{id}/members', 200)
    await check('GET', '/workspaces/default/members', '/workspaces/{id}/members', 200)
    const key = await check('POST', '/keys', '/keys', 201, { name: 'in doc', workspace_id: id, creator_user_id: world?.adminId })
    await check('GET', `/keys?workspace_id=${id}`, '/keys', 200)
    await check('POST', '/workspaces/doc/members/remove', '/workspaces/{id}/members/remove', 400, { user_ids: [world?.adminId] })
    await check('DELETE', '/workspaces/doc', '/workspaces/{id}', 400)
    await check('PATCH', `/keys/${idOf(key, 'hash')}`, '/keys/{hash}', 200, { disabled: true })
    await check('POST', '/workspaces/doc/members/remove', '/workspaces/{id}/members/remove', 200, { user_ids: [world?.adminId] })
    await check('DELETE', '/workspaces/doc', '/workspaces/{id}', 200)
    await check('GET', '/workspaces/doc', '/workspaces/{id}', 404)
    await check('DELETE', '/workspaces/default', '/workspaces/{id}', 403)
    await check('POST', '/workspaces', '/workspaces', 400, { name: 'Again', slug: 'default' })
    await check('GET', '/organization/members?limit=1&offset=1', '/organization/members', 200)
  })
})
