import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { DEFAULT_ACCOUNT } from '../accounts/accounts.ts'
import { OPERATOR } from '../accounts/audit-entry.ts'
import type { User } from '../accounts/user.ts'
import { defaultWorkspaceId } from '../accounts/workspace.ts'
import { Fault } from '../core/fault.ts'
import { FakeClock } from '../lib/clock.ts'
import { openLedger, type OpenLedger } from './open.ts'
import { testDatabase, testDirectory } from './store.fixture.ts'
import { databaseUrlOf } from '../../test/engine.ts'

const DAY_MS = 86_400_000
const page = { offset: 0, limit: 100 }
let clock: FakeClock
let dataDir = ''
let store: OpenLedger

beforeEach(async () => {
  clock = new FakeClock(Date.parse('2026-11-20T12:00:00Z'))
  dataDir = testDirectory()
  store = await openLedger({ dataDir, databaseUrl: databaseUrlOf(dataDir), clock, fsync: 'never' })
  await store.accounts.grant(DEFAULT_ACCOUNT, 1_000n, 'test')
})

afterEach(() => store.close())

async function person(email: string): Promise<User> {
  return await store.people.addUser({ email, firstName: 'A', lastName: 'B' }, OPERATOR)
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  return await work.then(() => 'ok', (error: unknown) => (error instanceof Fault ? error.code : String(error)))
}

describe('people', () => {
  test('have one address each, whatever its case, and an account of their own', async () => {
    const jane = await person(' Jane@Example.com ')
    expect(jane).toMatchObject({ email: 'jane@example.com', firstName: 'A' })
    expect(await codeOf(person('JANE@example.com'))).toBe('conflict')
    expect(await store.people.userByEmail('JANE@EXAMPLE.COM')).toEqual(jane)
    expect(await store.people.accountsOf(jane.id)).toMatchObject([{ role: 'admin', account: { kind: 'personal', name: 'A B' } }])
    for (const email of ['', 'jane', 'a@b c', 'a@b\r\nBcc: x@y', '<a@b>', 'a@b,c@d', `${'x'.repeat(250)}@example.com`]) expect([email, await codeOf(person(email))]).toEqual([email, 'invalid_request'])
  })

  test('are in several organisations, with a role in each', async () => {
    const jane = await person('jane@example.com')
    const acme = await store.people.createOrganization('Acme', jane.id, OPERATOR)
    await store.people.addMember(DEFAULT_ACCOUNT, jane.id, 'member', OPERATOR)
    expect((await store.people.accountsOf(jane.id)).map(({ account, role }) => [account.name, role]).toSorted()).toEqual([['A B', 'admin'], ['Acme', 'admin'], ['Default', 'member']])
    expect(await store.people.roleOf(acme.id, jane.id)).toBe('admin')
    expect(await store.people.roleOf(DEFAULT_ACCOUNT, jane.id)).toBe('member')
    expect((await store.workspaces.list(acme.id, page)).rows).toMatchObject([{ id: defaultWorkspaceId(acme.id), slug: 'default' }])
    expect(defaultWorkspaceId(acme.id)).not.toBe(defaultWorkspaceId(DEFAULT_ACCOUNT))
  })

  test('who are disabled have no role, and their keys are refused at once; enabled again, they live again', async () => {
    const jane = await person('jane@example.com')
    await store.people.addMember(DEFAULT_ACCOUNT, jane.id, 'admin', OPERATOR)
    const { secret } = await store.accounts.createKey({ accountId: DEFAULT_ACCOUNT, name: 'hers', creatorUserId: jane.id })
    expect(await store.accounts.find(secret)).toBeDefined()
    await store.people.setDisabled(jane.id, true, OPERATOR)
    expect(await store.accounts.find(secret)).toBeUndefined()
    expect(await store.people.roleOf(DEFAULT_ACCOUNT, jane.id)).toBeUndefined()
    await store.people.setDisabled(jane.id, false, OPERATOR)
    expect(await store.accounts.find(secret)).toBeDefined()
  })

  test('who leave take no keys with them; the last admin cannot leave', async () => {
    const [jane, joe] = [await person('jane@example.com'), await person('joe@example.com')]
    await store.people.addMember(DEFAULT_ACCOUNT, jane.id, 'admin', OPERATOR)
    await store.people.addMember(DEFAULT_ACCOUNT, joe.id, 'member', OPERATOR)
    const { secret, key } = await store.accounts.createKey({ accountId: DEFAULT_ACCOUNT, name: 'his', creatorUserId: joe.id })
    expect(await store.accounts.find(secret)).toBeDefined()
    expect(await codeOf(store.people.removeMember(DEFAULT_ACCOUNT, jane.id, OPERATOR))).toBe('conflict')
    expect(await codeOf(store.people.changeRole(DEFAULT_ACCOUNT, jane.id, 'member', OPERATOR))).toBe('conflict')
    await store.people.removeMember(DEFAULT_ACCOUNT, joe.id, OPERATOR)
    expect(await store.accounts.find(secret)).toBeUndefined()
    expect(await store.accounts.key(DEFAULT_ACCOUNT, key.hash)).toMatchObject({ disabled: true })
    expect(await codeOf(store.people.removeMember(DEFAULT_ACCOUNT, joe.id, OPERATOR))).toBe('not_found')
  })
})

describe('an invitation', () => {
  test('lets in once, in time, and only whom it names', async () => {
    const [jane, joe] = [await person('jane@example.com'), await person('joe@example.com')]
    const { token } = await store.people.invite(DEFAULT_ACCOUNT, { email: 'Jane@example.com', role: 'admin' }, OPERATOR)
    expect(await codeOf(store.people.acceptInvitation(token, joe))).toBe('permission_denied')
    expect(await codeOf(store.people.acceptInvitation(`${token}x`, jane))).toBe('not_found')
    const both = await Promise.all([codeOf(store.people.acceptInvitation(token, jane)), codeOf(store.people.acceptInvitation(token, jane))])
    expect(both.toSorted()).toEqual(['conflict', 'ok'])
    expect(await store.people.roleOf(DEFAULT_ACCOUNT, jane.id)).toBe('admin')
    expect(await codeOf(store.people.invite(DEFAULT_ACCOUNT, { email: 'jane@example.com', role: 'member' }, OPERATOR))).toBe('conflict')
  })

  test('is over after a week, when it is revoked, and when a newer one goes to the same address', async () => {
    const joe = await person('joe@example.com')
    const invite = () => store.people.invite(DEFAULT_ACCOUNT, { email: 'joe@example.com', role: 'member' }, OPERATOR)
    const first = await invite()
    const second = await invite()
    expect(await codeOf(store.people.acceptInvitation(first.token, joe))).toBe('conflict')
    await store.people.revokeInvitation(DEFAULT_ACCOUNT, second.invitation.id, OPERATOR)
    expect(await codeOf(store.people.acceptInvitation(second.token, joe))).toBe('conflict')
    const third = await invite()
    clock.advance(7 * DAY_MS)
    expect(await codeOf(store.people.acceptInvitation(third.token, joe))).toBe('conflict')
    expect(await codeOf(store.people.revokeInvitation('elsewhere', third.invitation.id, OPERATOR))).toBe('not_found')
  })

  test('keeps no token', async () => {
    const { token } = await store.people.invite(DEFAULT_ACCOUNT, { email: 'joe@example.com', role: 'member' }, OPERATOR)
    const database = testDatabase(dataDir)
    const kept = await database.read(async (sql) => JSON.stringify([await sql.all('SELECT id, email, token_hash FROM invitations'), await sql.all('SELECT id, before, after FROM audit_log')]))
    expect(kept).not.toContain(token)
    await database.close()
  })
})

describe('the log of changes', () => {
  test('is of the transaction: what was refused is not in it', async () => {
    const { total: before } = await store.people.audit(DEFAULT_ACCOUNT, page)
    expect(await codeOf(store.workspaces.create({ accountId: DEFAULT_ACCOUNT, name: 'x', slug: 'default' }, OPERATOR))).toBe('invalid_request')
    expect(await codeOf(store.accounts.createKey({ accountId: DEFAULT_ACCOUNT, name: 'x', workspaceId: 'none' }))).toBe('invalid_request')
    expect((await store.people.audit(DEFAULT_ACCOUNT, page)).total).toBe(before)
    const lab = await store.workspaces.create({ accountId: DEFAULT_ACCOUNT, name: 'Lab', slug: 'lab' }, OPERATOR)
    await store.workspaces.change(DEFAULT_ACCOUNT, lab.id, { name: 'Laboratory' }, OPERATOR)
    const { rows } = await store.people.audit(DEFAULT_ACCOUNT, { ...page, target: lab.id })
    expect(rows).toMatchObject([
      { action: 'workspace.change', actor: { kind: 'operator' }, before: { name: 'Lab' }, after: { name: 'Laboratory' } },
      { action: 'workspace.create', before: null, after: { name: 'Lab', slug: 'lab' } },
    ])
  })

  test('is found by time and kind, newest first', async () => {
    const { key } = await store.accounts.createKey({ accountId: DEFAULT_ACCOUNT, name: 'one' })
    clock.advance(DAY_MS)
    await store.accounts.changeKey(DEFAULT_ACCOUNT, key.hash, { disabled: true })
    await store.accounts.deleteKey(DEFAULT_ACCOUNT, key.hash)
    const actions = async (filter: object) => (await store.people.audit(DEFAULT_ACCOUNT, { ...page, target: key.hash, ...filter })).rows.map(({ action }) => action)
    expect(await actions({})).toEqual(['key.delete', 'key.change', 'key.create'])
    expect(await actions({ fromMs: clock.wallMs() })).toEqual(['key.delete', 'key.change'])
    expect(await actions({ untilMs: clock.wallMs() })).toEqual(['key.create'])
    expect(await actions({ action: 'key.change' })).toEqual(['key.change'])
  })
})
