import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { OPERATOR } from '../accounts/audit-entry.ts'
import type { Account } from '../accounts/organization.ts'
import type { User } from '../accounts/user.ts'
import { FakeClock } from '../lib/clock.ts'
import { CookieSessions } from '../server/sign-in/cookie-sessions.ts'
import { Site } from '../server/sign-in/site.ts'
import { databaseUrlOf } from '../../test/engine.ts'
import { openLedger, type OpenLedger } from './open.ts'
import { testDirectory } from './store.fixture.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
let clock: FakeClock
let store: OpenLedger
let admin: User
let jane: User
let acme: Account

beforeEach(async () => {
  clock = new FakeClock(Date.parse('2026-11-20T12:00:00Z'))
  const dataDir = testDirectory()
  store = await openLedger({ dataDir, databaseUrl: databaseUrlOf(dataDir), clock, fsync: 'never', txt: { txt: async (name) => (name === '_switchyard.acme.example' ? [proof] : []) } })
  admin = await store.people.addUser({ email: 'admin@acme.example', firstName: 'Ad', lastName: 'Min' }, OPERATOR)
  jane = await store.people.addUser({ email: 'jane@acme.example', firstName: 'Jane', lastName: null }, OPERATOR)
  acme = await store.people.createOrganization('Acme', admin.id, OPERATOR)
})

afterEach(() => store.close())

let proof = ''

/** A session whose token is its id's. */
async function session(userId: string, id: string, expiresMs = clock.wallMs() + DAY_MS): Promise<void> {
  const now = new Date(clock.wallMs())
  await store.signIn.insertSignIn([{ model: 'session', row: { id, userId, token: `token-${id}`, createdAt: now, updatedAt: now, expiresAt: new Date(expiresMs) } }], clock.wallMs())
}

const sessionsOf = (userId: string): Promise<string[]> => store.signIn.sessionsOf(userId, clock.wallMs()).then((all) => all.map(({ id }) => id))
const wish = (user: User, email: string, tokenHash = 'hash', sessionId = 'here') => store.signIn.wishEmail({ userId: user.id, email, sessionId, tokenHash, expiresMs: clock.wallMs() + HOUR_MS }, clock.wallMs())
const follow = (tokenHash = 'hash') => store.signIn.changeEmail(tokenHash, clock.wallMs())

/** Jane is a member whom Acme's directory keeps. */
async function keepJane(): Promise<void> {
  const { secret } = await store.scim.tokens.create(acme.id, 'Okta', OPERATOR)
  const directory = await store.scim.tokens.find(secret)
  if (!directory) throw new Error('the token is not found')
  const domain = await store.domains.add(acme.id, 'acme.example', OPERATOR)
  proof = domain.proof
  await store.domains.verify(acme.id, domain.id, OPERATOR)
  await store.scim.directory.createUser(directory, { userName: jane.email, emails: [{ value: jane.email }] })
}

describe('another address', () => {
  test('comes true once, for whom it was wished, and ends all sessions but the one that it came from', async () => {
    for (const id of ['here', 'there']) await session(jane.id, id)
    await session(admin.id, 'of another')
    expect(await wish(jane, 'j@home.example')).toBeUndefined()
    expect(await follow('another hash')).toBe('over')
    expect(await follow()).toEqual({ before: 'jane@acme.example', after: 'j@home.example' })
    expect(await follow()).toBe('over')
    expect([await sessionsOf(jane.id), await sessionsOf(admin.id)]).toEqual([['here'], ['of another']])
    const [row] = await store.signIn.findSignIn({ model: 'user', where: [{ field: 'id', operator: 'eq', value: jane.id, isOr: false }] })
    expect(row).toMatchObject({ email: 'j@home.example', emailVerified: true })
  })

  test('ends with its hour, with a newer wish, and with what the person could sign in with', async () => {
    await wish(jane, 'late@home.example')
    clock.advance(HOUR_MS)
    expect(await follow()).toBe('over')
    await wish(jane, 'first@home.example', 'first')
    await wish(jane, 'second@home.example', 'second')
    expect(await follow('first')).toBe('over')
    await store.people.setDisabled(jane.id, true, OPERATOR)
    expect(await follow('second')).toBe('over')
  })

  test('is one person’s, however many follow their links at once', async () => {
    await wish(jane, 'one@home.example', 'of jane')
    await wish(admin, 'one@home.example', 'of admin')
    const answers = await Promise.all([follow('of jane'), follow('of admin')])
    expect(answers.filter((answer) => typeof answer === 'object')).toHaveLength(1)
    expect(answers).toContain('taken')
    expect(await wish(jane, 'admin@acme.example')).toBe('taken')
  })

  test('of those whom a directory keeps is the directory’s', async () => {
    await wish(jane, 'before@home.example', 'before')
    await keepJane()
    expect([await wish(jane, 'j@home.example'), await follow('before')]).toEqual(['kept_by_directory', 'kept_by_directory'])
    expect(await store.signIn.leave(jane.id, clock.wallMs())).toEqual({ reason: 'kept_by_directory', organizations: ['Acme'] })
  })
})

describe('leaving', () => {
  test('takes the person out of organizations, with their keys; their account is closed, and its books are whole', async () => {
    const { token } = await store.people.invite(acme.id, { email: jane.email, role: 'member' }, OPERATOR)
    await store.people.acceptInvitation(token, jane)
    const made = await store.accounts.createKey({ accountId: acme.id, name: 'hers', creatorUserId: jane.id }, OPERATOR)
    const own = (await store.people.accountsOf(jane.id)).find(({ account }) => account.kind === 'personal')?.account.id ?? ''
    await store.accounts.grant(own, 1_000n, 'a gift')
    await session(jane.id, 'here')
    await wish(jane, 'j@home.example')
    expect(await store.accounts.find(made.secret)).toMatchObject({ key: { name: 'hers' } })

    expect(await store.signIn.leave(jane.id, clock.wallMs())).toEqual({ accountId: own })
    // At once: this process has seen the key live, and hears of no other's change.
    expect(await store.accounts.find(made.secret)).toBeUndefined()
    expect(await store.signIn.forgetLeft(own)).toBe(0)
    expect(await store.accounts.key(acme.id, made.key.hash)).toMatchObject({ disabled: true })
    expect((await store.people.listMembers(acme.id, { offset: 0, limit: 10 })).rows.map(({ userId }) => userId)).toEqual([admin.id])
    expect([await store.signIn.countSignIn({ model: 'user', where: [{ field: 'id', operator: 'eq', value: jane.id, isOr: false }] }), await store.signIn.countSignIn({ model: 'verification', where: [] }), await sessionsOf(jane.id)]).toEqual([0, 0, []])
    expect(await follow()).toBe('over')
    expect((await store.operator.audit({ offset: 0, limit: 1 })).rows).toMatchObject([{ action: 'account.close', actor: { id: jane.id, name: '' } }])
    expect(await store.verify()).toMatchObject({ ok: true })
  })

  test('is refused to the last admin: of two who go at once, one stays', async () => {
    const { token } = await store.people.invite(acme.id, { email: jane.email, role: 'admin' }, OPERATOR)
    await store.people.acceptInvitation(token, jane)
    const answers = await Promise.all([jane, admin].map(({ id }) => store.signIn.leave(id, clock.wallMs())))
    expect(answers.filter((answer) => 'accountId' in answer)).toHaveLength(1)
    expect(answers.find((answer) => 'reason' in answer)).toEqual({ reason: 'last_admin', organizations: ['Acme'] })
  })
})

test('a session lasts 30 days from its last use and 90 days in all, and is written at most once an hour', async () => {
  const site = new Site({ publicUrl: 'http://localhost:1', host: 'localhost' })
  const sessions = new CookieSessions({ store: store.signIn, site, clock, secret: { load: async () => ({ isSignature: () => true }) as never } })
  const request = new Request('http://localhost:1/', { headers: { cookie: 'switchyard.session_token=token-here.x' } })
  const ends = async (): Promise<number | undefined> => (await sessions.live(request)) && (await store.signIn.sessionsOf(jane.id, clock.wallMs()))[0]?.expiresMs
  const beganMs = clock.wallMs()
  await session(jane.id, 'here', beganMs + 30 * DAY_MS)
  clock.advance(HOUR_MS - 1)
  expect(await ends()).toBe(beganMs + 30 * DAY_MS)
  clock.advance(1)
  expect(await ends()).toBe(beganMs + HOUR_MS + 30 * DAY_MS)
  for (const days of [29, 58, 87]) {
    clock.advance(beganMs + days * DAY_MS - clock.wallMs())
    expect(await ends()).toBe(beganMs + Math.min(days + 30, 90) * DAY_MS)
  }
  clock.advance(3 * DAY_MS)
  expect(await ends()).toBeUndefined()
  // Who is away for 30 days signs in anew.
  await session(jane.id, 'here', clock.wallMs() + 30 * DAY_MS)
  clock.advance(30 * DAY_MS)
  expect(await ends()).toBeUndefined()
})
