import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { OPERATOR } from '../accounts/audit-entry.ts'
import type { Account } from '../accounts/organization.ts'
import type { DirectoryCaller, WrittenUser } from '../accounts/scim/directory.ts'
import { readPatch } from '../accounts/scim/patch.ts'
import type { User } from '../accounts/user.ts'
import { Fault } from '../core/fault.ts'
import { FakeClock } from '../lib/clock.ts'
import { openLedger, type OpenLedger } from './open.ts'
import { testDirectory } from './store.fixture.ts'
import { databaseUrlOf } from '../../test/engine.ts'

const page = { offset: 0, limit: 100 }
const records = new Map<string, readonly string[]>()
let clock: FakeClock
let store: OpenLedger
let acme: Account
let admin: User
let directory: DirectoryCaller

beforeEach(async () => {
  clock = new FakeClock(Date.parse('2026-11-20T12:00:00Z'))
  const dataDir = testDirectory()
  records.clear()
  store = await openLedger({ dataDir, databaseUrl: databaseUrlOf(dataDir), clock, fsync: 'never', txt: { txt: async (name) => records.get(name) ?? [] } })
  admin = await store.people.addUser({ email: 'admin@acme.example', firstName: 'Ad', lastName: 'Min' }, OPERATOR)
  acme = await store.people.createOrganization('Acme', admin.id, OPERATOR)
  const { secret } = await store.scim.tokens.create(acme.id, 'Okta', OPERATOR)
  const found = await store.scim.tokens.find(secret)
  if (!found) throw new Error('the token is not found')
  directory = found
})

afterEach(() => store.close())

async function codeOf(work: Promise<unknown>): Promise<string> {
  return await work.then(() => 'ok', (error: unknown) => (error instanceof Fault ? error.code : String(error)))
}

const put = (email: string, more: object = {}): Promise<WrittenUser> => store.scim.directory.createUser(directory, { userName: email, emails: [{ value: email }], ...more })
const setActive = (id: string, active: boolean) => store.scim.directory.patchUser(directory, id, readPatch({ Operations: [{ op: 'replace', path: 'active', value: active }] }), undefined)
const actions = async () => (await store.people.audit(acme.id, page)).rows.map(({ action, actor }) => `${actor.kind} ${action}`)

async function prove(domain: string): Promise<void> {
  const added = await store.domains.add(acme.id, domain, OPERATOR)
  records.set(`_switchyard.${domain}`, [added.proof])
  await store.domains.verify(acme.id, added.id, OPERATOR)
}

async function mapped(entryIds: readonly string[], slug: string, role: 'admin' | 'member' = 'member') {
  const workspace = await store.workspaces.create({ accountId: acme.id, name: slug, slug }, OPERATOR)
  const group = await store.scim.directory.createGroup(directory, { displayName: `Of ${slug}`, members: entryIds.map((value) => ({ value })) })
  await store.scim.mappings.create({ accountId: acme.id, groupId: group.id, workspaceId: workspace.id, role }, OPERATOR)
  return { workspace, group }
}

describe('who is invited by a directory', () => {
  test('is asked once, and theirs is the entry when they accept, with what its groups give', async () => {
    const jane = await store.people.addUser({ email: 'jane@home.example' }, OPERATOR)
    const { entry, asked } = await put('Jane@Home.Example')
    expect([entry.state, asked?.email]).toEqual(['invited', 'jane@home.example'])
    const { workspace } = await mapped([entry.id], 'lab')
    expect((await store.workspaces.listMembers(acme.id, workspace, page)).total).toBe(0)
    expect(await setActive(entry.id, true)).not.toHaveProperty('asked')
    await store.people.acceptInvitation(asked?.token ?? '', jane)
    expect(await store.scim.directory.user(directory, entry.id)).toMatchObject({ state: 'member', userId: jane.id })
    expect((await store.workspaces.listMembers(acme.id, workspace, page)).rows).toMatchObject([{ userId: jane.id, role: 'member' }])
  })

  test('is called as they call themselves', async () => {
    const jane = await store.people.addUser({ email: 'jane@home.example', firstName: 'Jane' }, OPERATOR)
    const { entry, asked } = await put('jane@home.example', { name: { givenName: 'Other', familyName: 'Name' } })
    await store.people.acceptInvitation(asked?.token ?? '', jane)
    await store.scim.directory.patchUser(directory, entry.id, readPatch({ Operations: [{ op: 'replace', path: 'name.givenName', value: 'Another' }, { op: 'replace', path: 'emails', value: [{ value: 'x@home.example' }] }] }), undefined)
    expect(await store.people.user(jane.id)).toMatchObject({ email: 'jane@home.example', firstName: 'Jane', lastName: null })
  })

  test('is in without being asked once the domain is proven, and the invitation is over', async () => {
    const { entry, asked } = await put('kay@acme.example', { name: { givenName: 'Kay', familyName: 'O' } })
    expect(asked).toBeDefined()
    expect(await store.scim.mappings.refresh(acme.id, OPERATOR)).toEqual({ takenIn: 0, changed: 0 })
    await prove('acme.example')
    expect(await store.scim.mappings.refresh(acme.id, OPERATOR)).toEqual({ takenIn: 1, changed: 0 })
    expect(await store.scim.directory.user(directory, entry.id)).toMatchObject({ state: 'member' })
    expect(await store.people.userByEmail('kay@acme.example')).toMatchObject({ firstName: 'Kay', lastName: 'O' })
    expect((await store.people.listInvitations(acme.id, page)).rows).toMatchObject([{ email: 'kay@acme.example', revokedMs: clock.wallMs() }])
  })

  test('has an entry that is theirs when an admin lets them in by hand', async () => {
    const { entry } = await put('lee@home.example')
    const lee = await store.people.addUser({ email: 'lee@home.example' }, OPERATOR)
    await store.people.addMember(acme.id, lee.id, 'member', OPERATOR)
    expect(await store.scim.directory.user(directory, entry.id)).toMatchObject({ state: 'member', userId: lee.id })
  })
})

describe('who is deactivated (H22)', () => {
  test('comes back as they were, but for their keys; the last admin goes too', async () => {
    const { entry } = await put('admin@acme.example')
    expect(entry).toMatchObject({ state: 'member', userId: admin.id })
    const { workspace } = await mapped([entry.id], 'lab', 'admin')
    const den = await store.workspaces.create({ accountId: acme.id, name: 'Den', slug: 'den' }, OPERATOR)
    await store.workspaces.addMembers(acme.id, den, [admin.id], OPERATOR)
    const { secret, key } = await store.accounts.createKey({ accountId: acme.id, name: 'hers', creatorUserId: admin.id })
    expect(await store.accounts.find(secret)).toBeDefined()
    expect((await setActive(entry.id, false)).entry.state).toBe('inactive')
    expect([await store.accounts.find(secret), await store.people.roleOf(acme.id, admin.id), (await store.accounts.key(acme.id, key.hash))?.disabled]).toEqual([undefined, undefined, true])
    expect((await store.people.user(admin.id))?.disabledMs).toBeNull()
    expect((await store.people.accountsOf(admin.id)).map(({ account }) => account.kind)).toEqual(['personal'])
    for (const place of [workspace, den]) expect((await store.workspaces.listMembers(acme.id, place, page)).total).toBe(0)
    expect((await setActive(entry.id, true)).entry.state).toBe('member')
    expect([await store.people.roleOf(acme.id, admin.id), await store.accounts.find(secret)]).toEqual(['admin', undefined])
    for (const place of [workspace, den]) expect((await store.workspaces.listMembers(acme.id, place, page)).rows).toMatchObject([{ userId: admin.id, role: 'admin' }])
    expect(await actions()).toEqual(expect.arrayContaining(['directory member.remove', 'directory key.change', 'directory member.add', 'directory directory_user.change', 'directory workspace_member.add']))
  })

  test('stays so through changes that do not say otherwise, and does not come in by the back door', async () => {
    await prove('acme.example')
    const { entry } = await put('max@acme.example')
    const userId = entry.userId ?? ''
    await setActive(entry.id, false)
    await store.scim.directory.patchUser(directory, entry.id, readPatch({ Operations: [{ op: 'remove', path: 'active' }] }), undefined)
    expect((await store.scim.directory.replaceUser(directory, entry.id, { userName: 'max@acme.example', title: 'Boss' }, undefined)).entry).toMatchObject({ active: false, state: 'inactive', userId })
    await store.scim.mappings.refresh(acme.id, OPERATOR)
    expect(await store.people.roleOf(acme.id, userId)).toBeUndefined()
  })

  test('and deleted is nobody here; made anew they are a member without anything', async () => {
    await prove('acme.example')
    const { entry } = await put('nan@acme.example')
    await mapped([entry.id], 'lab', 'admin')
    await store.scim.directory.deleteUser(directory, entry.id, undefined)
    expect(await store.people.roleOf(acme.id, entry.userId ?? '')).toBeUndefined()
    const again = await put('nan@acme.example')
    expect(again.entry).toMatchObject({ state: 'member', userId: entry.userId, groups: [] })
    expect(await store.scim.mappings.roleIn(acme.id, (await store.workspaces.get(acme.id, 'lab')).id, entry.userId ?? '')).toBeUndefined()
  })
})

describe('an organization that is full (H20)', () => {
  beforeEach(async () => {
    await prove('acme.example')
    await store.operator.setOverrides(acme.id, { membersMax: 2 }, 'small', OPERATOR)
  })

  test('takes nobody in, and keeps nothing of who was refused; who is invited may wait', async () => {
    const { entry } = await put('one@acme.example')
    expect(await codeOf(put('two@acme.example'))).toBe('permission_denied')
    expect([await store.people.userByEmail('two@acme.example'), (await store.scim.mappings.users(acme.id, page)).total]).toEqual([undefined, 1])
    expect(await codeOf(put('three@home.example'))).toBe('ok')
    await setActive(entry.id, false)
    expect(await codeOf(put('two@acme.example'))).toBe('ok')
    expect(await codeOf(setActive(entry.id, true))).toBe('permission_denied')
    expect(await store.scim.directory.user(directory, entry.id)).toMatchObject({ active: false, state: 'inactive' })
  })

  test('takes in as many as it may when a domain is proven', async () => {
    await put('one@other.example')
    await put('two@other.example')
    await prove('other.example')
    expect(await store.scim.mappings.refresh(acme.id, OPERATOR)).toMatchObject({ takenIn: 1 })
    expect((await store.people.listMembers(acme.id, page)).total).toBe(2)
  })
})

describe('a directory', () => {
  test('of many people in one group settles all of them', async () => {
    await prove('acme.example')
    await store.operator.setOverrides(acme.id, { membersMax: 400 }, 'many', OPERATOR)
    const entries: string[] = []
    for (let index = 0; index < 350; index += 1) entries.push((await put(`p${index}@acme.example`)).entry.id)
    const { workspace, group } = await mapped(entries, 'lab')
    const inIt = async () => (await store.workspaces.listMembers(acme.id, workspace, page)).total
    expect(await inIt()).toBe(350)
    await store.scim.directory.patchGroup(directory, group.id, readPatch({ Operations: [{ op: 'remove', path: 'members' }] }), undefined)
    expect(await inIt()).toBe(0)
    expect((await store.people.audit(acme.id, { ...page, action: 'directory_group.change' })).rows[0]?.after).toMatchObject({ removedCount: 350 })
  }, 60_000)

  test('is let in until its token is revoked; only the hash of it is kept', async () => {
    const { secret, token } = await store.scim.tokens.create(acme.id, 'Entra', OPERATOR)
    expect(await store.scim.tokens.find(secret)).toEqual({ accountId: acme.id, actor: { kind: 'directory', id: token.id, name: 'Entra', userId: null } })
    const lastUse = async () => (await store.scim.tokens.list(acme.id, page)).rows.find(({ id }) => id === token.id)?.lastUsedMs
    const firstMs = clock.wallMs()
    clock.advance(30_000)
    await store.scim.tokens.find(secret)
    expect(await lastUse()).toBe(firstMs)
    clock.advance(30_000)
    await store.scim.tokens.find(secret)
    expect(await lastUse()).toBe(firstMs + 60_000)
    await store.scim.tokens.revoke(acme.id, token.id, OPERATOR)
    expect([await store.scim.tokens.find(secret), await codeOf(store.scim.tokens.revoke(acme.id, token.id, OPERATOR))]).toEqual([undefined, 'not_found'])
    expect(JSON.stringify([await store.scim.tokens.list(acme.id, page), await store.people.audit(acme.id, page)])).not.toContain(secret)
  })

  test('goes with its account, and its domains are free again', async () => {
    await prove('acme.example')
    await put('ori@acme.example')
    await store.operator.close(acme.id, 'test', OPERATOR)
    expect(await store.domains.ownerOf('x@acme.example')).toBeUndefined()
    expect((await store.domains.list(acme.id, page)).total).toBe(0)
  })
})
