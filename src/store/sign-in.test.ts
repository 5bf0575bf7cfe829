import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { DEFAULT_ACCOUNT } from '../accounts/accounts.ts'
import { INSTANCE_ACCOUNT, OPERATOR } from '../accounts/audit-entry.ts'
import type { SignInCondition, SignInModel, SignInRow, SignInValue } from '../accounts/sign-in-store.ts'
import { databaseUrlOf, engine } from '../../test/engine.ts'
import { closeAccount } from './account-data.ts'
import { enqueue } from './outbox-rows.ts'
import { changePayer } from './payer-rows.ts'
import { migrate } from './schema.ts'
import { SqlPeople } from './sql-people.ts'
import { SqlSignIn } from './sql-sign-in.ts'
import { int, one, type Database } from './sql.ts'
import { testDatabase, testDirectory } from './store.fixture.ts'
import { startView } from './view-rows.ts'

const NOW_MS = Date.parse('2026-11-20T12:00:00Z')
const NOW = new Date(NOW_MS)
let dataDir = ''
let database: Database
let store: SqlSignIn
let people: SqlPeople

beforeEach(async () => {
  dataDir = testDirectory()
  databaseUrlOf(dataDir)
  database = testDatabase(dataDir)
  await migrate(database, NOW_MS)
  store = new SqlSignIn(database)
  people = new SqlPeople(database)
})

afterEach(() => database.close())

const is = (field: string, value: SignInValue, operator: SignInCondition['operator'] = 'eq', isOr = false): SignInCondition => ({ field, operator, value, isOr })
const user = (id: string, more: SignInRow = {}): { readonly model: SignInModel; readonly row: SignInRow } => ({ model: 'user', row: { id, email: `${id}@example.com`, firstName: 'A', lastName: null, emailVerified: true, image: null, createdAt: NOW, updatedAt: NOW, ...more } })
const identity = (id: string, userId: string, more: SignInRow = {}): { readonly model: SignInModel; readonly row: SignInRow } => ({ model: 'account', row: { id, userId, providerId: 'credential', accountId: userId, password: 'hash', createdAt: NOW, updatedAt: NOW, ...more } })
const session = (id: string, userId: string, more: SignInRow = {}): { readonly model: SignInModel; readonly row: SignInRow } => ({ model: 'session', row: { id, userId, token: `token-${id}`, createdAt: NOW, updatedAt: NOW, expiresAt: new Date(NOW_MS + 1_000), ...more } })

/** The same at once: on Postgres each in a connection of its own, as processes have them; SQLite's wait for each other in one thread. */
async function atOnce<T>(count: number, work: (store: SqlSignIn, at: number) => Promise<T>): Promise<T[]> {
  const others = engine() === 'Postgres' ? Array.from({ length: count }, () => testDatabase(dataDir)) : []
  const done = await Promise.all(Array.from({ length: count }, (_, at) => work(new SqlSignIn(others[at] ?? database), at)))
  for (const other of others) await other.close()
  return done
}

async function rows(table: string): Promise<number> {
  return await database.read(async (sql) => int(await one(sql, `SELECT COUNT(*) AS rows FROM ${table}`), 'rows'))
}

describe('a person', () => {
  test('comes with an account of their own and what they sign in with, or not at all', async () => {
    expect(await store.insertSignIn([user('ada'), identity('i1', 'ada')], NOW_MS)).toBe(true)
    expect(await people.accountsOf('ada')).toMatchObject([{ account: { kind: 'personal', name: 'A' }, role: 'admin' }, { account: { id: DEFAULT_ACCOUNT } }])
    const before = [await rows('users'), await rows('accounts'), await rows('identities'), await rows('audit_log')]
    // The second of the two clashes: nothing of the first stays.
    expect(await store.insertSignIn([user('grace'), identity('i1', 'grace')], NOW_MS)).toBe(false)
    expect(await store.insertSignIn([identity('i2', 'linus', { accountId: 'linus' }), user('ada2', { email: 'ada@example.com' })], NOW_MS)).toBe(false)
    const broken = await store.insertSignIn([user('grace'), { model: 'verification', row: { nothing: 'such' } }], NOW_MS).then(() => 'inserted', (error: unknown) => String(error))
    expect(broken).toContain('verification.nothing')
    expect([await rows('users'), await rows('accounts'), await rows('identities'), await rows('audit_log')]).toEqual(before)
  })

  test('who shows first that the address is theirs runs a fresh install, whoever came first; of several at once, one', async () => {
    const names = Array.from({ length: 8 }, (_, at) => `p${at}`)
    for (const name of names) await store.insertSignIn([user(name, { emailVerified: false })], NOW_MS)
    expect(await store.isFresh()).toBe(true)
    await atOnce(names.length, (other, at) => other.updateSignIn({ model: 'user', where: [is('email', `p${at}@example.com`)] }, { emailVerified: true }, NOW_MS))
    expect(await store.isFresh()).toBe(false)
    expect(await database.read(async (sql) => int(await one(sql, 'SELECT COUNT(*) AS rows FROM users WHERE operator = 1'), 'rows'))).toBe(1)
    const { rows: members } = await people.listMembers(DEFAULT_ACCOUNT, { offset: 0, limit: 10 })
    expect(members).toMatchObject([{ role: 'admin' }])
    expect((await people.audit(DEFAULT_ACCOUNT, { offset: 0, limit: 10, action: 'operator.add' })).rows).toMatchObject([{ target: members[0]?.userId }])
  })

  test('runs no install that the command line has let somebody into', async () => {
    await people.insertUser({ id: 'cli', email: 'cli@example.com', firstName: null, lastName: null, createdMs: NOW_MS, updatedMs: null, disabledMs: null }, { id: 'cli-account', kind: 'personal', name: 'cli', createdMs: NOW_MS }, { by: OPERATOR, nowMs: NOW_MS })
    await people.insertMember({ accountId: DEFAULT_ACCOUNT, userId: 'cli', role: 'admin', createdMs: NOW_MS }, { by: OPERATOR, nowMs: NOW_MS })
    await store.insertSignIn([user('eve')], NOW_MS)
    expect([await store.isFresh(), (await people.accountsOf('eve')).length]).toEqual([false, 1])
  })
})

describe('rows', () => {
  test('are found, counted, sorted, changed and removed by fields that are known; values come back as they were', async () => {
    await store.insertSignIn([user('ada'), user('grace', { emailVerified: false, lastName: "O'Neil" }), session('s1', 'ada'), session('s2', 'ada', { expiresAt: new Date(NOW_MS + 5_000) }), session('s3', 'grace')], NOW_MS)
    const tokens = async (where: SignInCondition[]) => (await store.findSignIn({ model: 'session', where, sortBy: { field: 'token', isDescending: true } })).map((row) => row['token'])
    expect(await tokens([is('userId', 'ada')])).toEqual(['token-s2', 'token-s1'])
    expect(await tokens([is('userId', 'ada'), is('expiresAt', new Date(NOW_MS + 2_000), 'gt')])).toEqual(['token-s2'])
    expect(await tokens([is('id', 's1', 'eq', true), is('id', 's3', 'eq', true)])).toEqual(['token-s3', 'token-s1'])
    expect(await tokens([{ field: 'token', operator: 'in', value: ['token-s1', 'token-s3', "' OR 1=1 --"], isOr: false }, is('userId', 'grace', 'ne')])).toEqual(['token-s1'])
    expect([await tokens([{ field: 'token', operator: 'in', value: [], isOr: false }]), (await tokens([{ field: 'token', operator: 'not_in', value: [], isOr: false }])).length]).toEqual([[], 3])
    expect(await store.findSignIn({ model: 'user', where: [is('lastName', "O'Neil")] })).toMatchObject([{ id: 'grace', emailVerified: false, createdAt: NOW, image: null }])
    expect(await store.countSignIn({ model: 'user', where: [is('lastName', null)] })).toBe(1)
    expect((await store.updateSignIn({ model: 'session', where: [is('userId', 'ada')] }, { userAgent: 'x' }, NOW_MS)).count).toBe(2)
    expect(await store.deleteSignIn({ model: 'session', where: [is('userAgent', 'x')] }, NOW_MS)).toBe(2)
  })

  test('that are asked for by other names are refused before the database hears of it', async () => {
    const refused = async (work: Promise<unknown>) => await work.then(() => 'taken', (error: unknown) => String(error))
    for (const field of ['password', 'disabledMs', 'id = id --', 'constructor', '__proto__', 'operator']) {
      expect(await refused(store.findSignIn({ model: 'user', where: [is(field, 'x')] }))).toContain(`user.${field}`)
      expect(await refused(store.updateSignIn({ model: 'user', where: [] }, Object.fromEntries([[field, 'x']]), NOW_MS))).not.toBe('thrown')
      expect(await refused(store.findSignIn({ model: 'user', where: [], sortBy: { field, isDescending: false } }))).toContain(`user.${field}`)
    }
    // What a caller without types could send.
    expect(await refused(store.findSignIn({ model: 'keys' as SignInModel, where: [] }))).toContain('keys')
  })

  test('that are taken are taken once, by whoever comes first', async () => {
    await store.insertSignIn([{ model: 'verification', row: { id: 'v1', identifier: 'link', value: 'ada', createdAt: NOW, updatedAt: NOW, expiresAt: new Date(NOW_MS + 1_000) } }], NOW_MS)
    const taken = await atOnce(4, (other) => other.takeSignIn({ model: 'verification', where: [is('identifier', 'link')] }))
    expect(taken.filter((row) => row !== null)).toMatchObject([{ value: 'ada', expiresAt: new Date(NOW_MS + 1_000) }])
  })

  test('are counted up in one statement, while their conditions hold', async () => {
    await store.insertSignIn([user('ada'), { model: 'twoFactor', row: { id: 't', userId: 'ada', secret: 's', backupCodes: 'b', verified: true, failedVerificationCount: null, lockedUntil: null } }], NOW_MS)
    const add = (max: number) => store.addSignIn({ model: 'twoFactor', where: [is('userId', 'ada'), is('failedVerificationCount', max, 'lt')] }, { failedVerificationCount: 1 }, {})
    expect(await store.addSignIn({ model: 'twoFactor', where: [is('userId', 'ada')] }, { failedVerificationCount: 1 }, {})).toMatchObject({ failedVerificationCount: 1 })
    await Promise.all(Array.from({ length: 10 }, () => add(5)))
    expect(await add(5)).toBeNull()
    expect((await store.findSignIn({ model: 'twoFactor', where: [] }))[0]).toMatchObject({ failedVerificationCount: 5, lockedUntil: null, verified: true })
  })
})

describe('sessions', () => {
  beforeEach(async () => {
    await store.insertSignIn([user('ada'), session('s1', 'ada')], NOW_MS)
  })

  test('are of somebody who may sign in, in an account that is theirs and open', async () => {
    const [own] = await people.accountsOf('ada')
    // The first person of all begins where the credit of a fresh install is.
    expect(await store.liveSession('token-s1', NOW_MS)).toMatchObject({ id: 's1', user: { id: 'ada' }, isOperator: true, accountId: DEFAULT_ACCOUNT, role: 'admin', impersonatedBy: null })
    expect(await store.chooseAccount('s1', own?.account.id ?? '')).toBe(true)
    expect(await store.liveSession('token-s1', NOW_MS)).toMatchObject({ accountId: own?.account.id })
    expect(await store.chooseAccount('s1', DEFAULT_ACCOUNT)).toBe(true)
    expect(await store.chooseAccount('s1', 'another')).toBe(false)
    expect(await store.liveSession('token-s1', NOW_MS)).toMatchObject({ accountId: DEFAULT_ACCOUNT })
    await database.write(async (sql) => { await sql.run('UPDATE accounts SET suspended_ms = 1 WHERE id = $1', DEFAULT_ACCOUNT) })
    expect(await store.liveSession('token-s1', NOW_MS)).toMatchObject({ accountId: own?.account.id })
    expect(await store.chooseAccount('s1', DEFAULT_ACCOUNT)).toBe(false)
    await database.write(async (sql) => { await sql.run("UPDATE accounts SET suspended_ms = 1, suspended_reason = 'unpaid'") })
    expect(await store.liveSession('token-s1', NOW_MS)).toEqual({ suspendedReason: 'unpaid' })
    expect(await store.liveSession('token-of-nobody', NOW_MS)).toBeUndefined()
  })

  test('end with their time, and with the person', async () => {
    expect(await store.liveSession('token-s1', NOW_MS + 1_000)).toBeUndefined()
    expect(await store.liveSession('token-s2', NOW_MS)).toBeUndefined()
    await people.setUserDisabled('ada', true, { by: OPERATOR, nowMs: NOW_MS })
    expect(await store.liveSession('token-s1', NOW_MS)).toBeUndefined()
    expect(await store.insertSignIn([session('s2', 'ada')], NOW_MS)).toBe(false)
    await people.setUserDisabled('ada', false, { by: OPERATOR, nowMs: NOW_MS })
    expect(await store.liveSession('token-s1', NOW_MS)).toBeUndefined()
    expect(await store.insertSignIn([session('s3', 'ada')], NOW_MS)).toBe(true)
  })

  test('in which an operator looks through the eyes of somebody are shown to nobody, and theirs alone to end', async () => {
    await store.insertSignIn([user('grace'), session('s2', 'grace', { impersonatedBy: 'ada' }), session('s3', 'grace')], NOW_MS)
    expect((await store.sessionsOf('grace', NOW_MS)).map(({ id }) => id)).toEqual(['s3'])
    expect([await store.endSessions('grace', { id: 's2' }), await store.endSessions('grace', { exceptId: 's3' }), await store.endSessions('grace', { id: 's1' })]).toEqual([0, 0, 0])
    expect(await store.liveSession('token-s2', NOW_MS)).toMatchObject({ impersonatedBy: 'ada' })
  })
})

test('somebody whose own account is closed is forgotten with all that they signed in with, unless they are somewhere else', async () => {
  await store.insertSignIn([user('ada'), session('s1', 'ada'), user('grace'), identity('i1', 'grace'), session('s2', 'grace')], NOW_MS)
  await store.keepLink({ id: 'l', email: 'grace@example.com', purpose: 'reset', sealed: 'x', createdMs: NOW_MS, expiresMs: NOW_MS + 1 })
  for (const id of ['ada', 'grace']) {
    const [own] = await people.accountsOf(id)
    await database.write((sql) => closeAccount(sql, own?.account.id ?? '', NOW_MS))
  }
  expect([(await people.user('ada'))?.email, await people.user('grace')]).toEqual(['ada@example.com', undefined])
  expect([await rows('sessions'), await rows('identities'), await rows('waiting_links')]).toEqual([1, 0, 0])
})

test('with an account go the letters that name it: to whom it invited, who got its receipts, and who was there alone', async () => {
  await store.insertSignIn([user('ada'), user('grace'), user('ben')], NOW_MS)
  const [account] = await people.accountsOf('grace')
  const id = account?.account.id ?? ''
  const letter = (to: string) => ({ accountId: '', kind: 'letter', target: to, subject: 'Grace invites you', body: 'x', sealed: '', reference: null } as const)
  await database.write(async (sql) => {
    await enqueue(sql, ['grace@example.com', 'guest@example.com', 'bill@example.com', 'ben@example.com'].map(letter), NOW_MS)
    await sql.run("UPDATE outbox SET state = 'sent'")
    await enqueue(sql, [letter('guest@example.com')], NOW_MS)
    await changePayer(sql, id, { details: { email: 'bill@example.com' } }, { by: OPERATOR, nowMs: NOW_MS })
  })
  await people.insertInvitation({ id: 'i', accountId: id, email: 'guest@example.com', role: 'member', invitedBy: null, createdMs: NOW_MS, expiresMs: NOW_MS + 1, acceptedMs: null, revokedMs: null }, 'hash', { by: OPERATOR, nowMs: NOW_MS })
  await database.write((sql) => closeAccount(sql, id, NOW_MS))
  // What is on its way is not torn from the hands of whoever sends it.
  expect((await database.read((sql) => sql.all('SELECT target, state FROM outbox ORDER BY target'))).map(({ target, state }) => `${String(target)} ${String(state)}`)).toEqual(['ben@example.com sent', 'guest@example.com waiting'])
})

describe('tries', () => {
  const rule = { key: 'reset for ada', windowMs: 1_000, max: 3 }

  test('are counted over all processes, and start anew when their window is over', async () => {
    const waits = await atOnce(5, (other) => other.countAttempt([rule], NOW_MS))
    expect(waits.toSorted((a, b) => a - b)).toEqual([0, 0, 0, 1_000, 1_000])
    expect([await store.countAttempt([rule], NOW_MS + 400), await store.countAttempt([rule], NOW_MS + 1_000)]).toEqual([600, 0])
    expect(await rows('sign_in_attempts')).toBe(1)
  })

  test('that one rule refuses count for no other', async () => {
    const other = { key: 'reset from here', windowMs: 1_000, max: 4 }
    for (let round = 0; round < 3; round++) expect(await store.countAttempt([rule, other], NOW_MS)).toBe(0)
    expect(await store.countAttempt([rule, other], NOW_MS)).toBe(1_000)
    expect(await store.countAttempt([other], NOW_MS)).toBe(0)
  })
})

test('the secret is one for all nodes, until a new one comes with the old beside it', async () => {
  expect([await store.claimSecret('a', []), await store.claimSecret('a', []), await store.claimSecret('b', [])]).toEqual([true, true, false])
  expect([await store.claimSecret('b', ['a']), await store.claimSecret('a', []), await store.claimSecret('b', [])]).toEqual([true, false, true])
})

test('a secret that is lost is renewed once: sessions, views and links end, second factors stay, and it is in the log; one that is not lost stays', async () => {
  const factor = (userId: string, verified: boolean): { readonly model: SignInModel; readonly row: SignInRow } => ({ model: 'twoFactor', row: { id: userId, userId, secret: 's', backupCodes: 'b', verified, failedVerificationCount: null, lockedUntil: null } })
  await store.insertSignIn([user('ada'), user('grace'), session('s1', 'ada'), session('s2', 'grace'), factor('ada', true), factor('grace', false)], NOW_MS)
  await database.write((sql) => startView(sql, { sessionId: 'view', token: 'token-view', userId: 'grace', operatorId: 'ada', returnSessionId: 's1', address: '', userAgent: '', endsMs: NOW_MS + 1_000 }, { by: OPERATOR, nowMs: NOW_MS }))
  await store.keepLink({ id: 'l1', email: 'ada@example.com', purpose: 'reset', sealed: 's', createdMs: NOW_MS, expiresMs: NOW_MS + 1_000 })
  await store.claimSecret('lost', [])
  const change = { by: OPERATOR, nowMs: NOW_MS, reason: 'the disk broke' }

  expect([await store.renewSecret('lost', [], change), await store.renewSecret('newer', ['lost'], change), await rows('sessions')]).toEqual([undefined, undefined, 3])
  const renewed = await atOnce(3, (other) => other.renewSecret('new', [], change))
  expect(renewed.filter((one) => one !== undefined)).toEqual([{ sessions: 3, secondFactors: 1 }])
  expect([await rows('sessions'), await rows('operator_views'), await rows('waiting_links'), await rows('two_factors'), await store.claimSecret('new', []), await store.claimSecret('newer', [])]).toEqual([0, 0, 0, 2, true, false])
  const { rows: log } = await people.audit(INSTANCE_ACCOUNT, { offset: 0, limit: 10, action: 'sign_in_secret.renew' })
  expect(log).toMatchObject([{ actor: OPERATOR, target: 'new', after: { sessions_ended: 3, second_factors_lost: 1 }, reason: 'the disk broke' }])
})
