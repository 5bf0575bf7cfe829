import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { DEFAULT_ACCOUNT } from '../accounts/accounts.ts'
import type { AnsweringSession } from '../accounts/apps/app-grants.ts'
import type { AuthCode, ChallengeMethod, KeyWish } from '../accounts/apps/auth-code.ts'
import { OPERATOR, type Actor } from '../accounts/audit-entry.ts'
import type { User } from '../accounts/user.ts'
import { defaultWorkspaceId } from '../accounts/workspace.ts'
import { appOfCallback } from '../core/app.ts'
import { Fault } from '../core/fault.ts'
import { FakeClock } from '../lib/clock.ts'
import { openLedger, type OpenLedger } from './open.ts'
import { testDatabase, testDirectory } from './store.fixture.ts'
import { databaseUrlOf } from '../../test/engine.ts'

const VERIFIER = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'
/** RFC 7636, appendix B. */
const CHALLENGE = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'
const CALLBACK = 'https://my.app/cb'

let clock: FakeClock
let dataDir = ''
let store: OpenLedger
let jane: User

beforeEach(async () => {
  clock = new FakeClock(Date.parse('2026-11-20T12:00:00Z'))
  dataDir = testDirectory()
  store = await openLedger({ dataDir, databaseUrl: databaseUrlOf(dataDir), clock, fsync: 'never' })
  await store.accounts.grant(DEFAULT_ACCOUNT, 1_000n, 'test')
  jane = await store.people.addUser({ email: 'jane@example.com' }, OPERATOR)
  await store.people.addMember(DEFAULT_ACCOUNT, jane.id, 'member', OPERATOR)
})

afterEach(() => store.close())

function wish(more: Partial<KeyWish> = {}): KeyWish {
  return {
    accountId: DEFAULT_ACCOUNT, workspaceId: defaultWorkspaceId(DEFAULT_ACCOUNT), userId: jane.id, callbackUrl: CALLBACK, app: appOfCallback(new URL(CALLBACK)), challenge: { method: 'S256', text: CHALLENGE },
    keyName: 'My App', limit: 5_000_000_000n, limitReset: 'monthly', keyExpiresMs: null, ...more,
  }
}

const her = (): Actor => ({ kind: 'user', id: jane.id, name: 'Jane', userId: jane.id })

async function code(more: Partial<KeyWish> = {}): Promise<string> {
  const token = await store.appGrants.ask(wish(more), 's-1', her())
  return (await store.appGrants.allow(token, { sessionId: 's-1', accountId: DEFAULT_ACCOUNT, userId: jane.id }, her())).code
}

async function exchange(given: string, verifier: string | undefined = VERIFIER, method: ChallengeMethod | null = null, address = '192.0.2.1'): Promise<string> {
  return await store.appGrants.exchange({ code: given, verifier, method, address }).then(({ secret }) => secret, (error: unknown) => {
    if (!(error instanceof Fault)) throw error
    return `${error.status} ${error.message}`
  })
}

const INVALID = '403 Invalid code or code_verifier'

describe('a code (H9)', () => {
  test('becomes a key, once: of the person, with name, limit, reset, expiry and app', async () => {
    const expires = clock.wallMs() + 86_400_000
    const given = await code({ keyExpiresMs: expires })
    const secret = await exchange(given, VERIFIER, 'S256')
    const caller = await store.accounts.find(secret)
    expect(caller?.key).toMatchObject({ name: 'My App', kind: 'inference', creatorUserId: jane.id, limit: 5_000_000_000n, limitReset: 'monthly', expiresMs: expires, appId: appOfCallback(new URL(CALLBACK)).id })
    expect(await exchange(given)).toBe(INVALID)
    expect((await store.accounts.listKeys(DEFAULT_ACCOUNT, { offset: 0, limit: 10, includeDisabled: true })).length).toBe(1)
  })

  test('is used once, however many ask at the same moment', async () => {
    const given = await code()
    const answers = await Promise.all(Array.from({ length: 8 }, (_, at) => exchange(given, VERIFIER, 'S256', `192.0.2.${at}`)))
    expect(answers.filter((answer) => answer.startsWith('sk-sw-')).length).toBe(1)
    expect(answers.filter((answer) => answer === INVALID).length).toBe(7)
  })

  test('lives for ten minutes', async () => {
    const given = await code()
    clock.advance(599_999)
    const late = await code()
    expect(await exchange(given)).toStartWith('sk-sw-')
    clock.advance(600_000)
    expect(await exchange(late)).toBe('403 Authorization code expired')
  })

  test('is of no use without the verifier, and of none to anybody after a wrong one', async () => {
    for (const wrong of ['x'.repeat(43), '', CHALLENGE]) {
      const given = await code()
      expect(await exchange(given, wrong)).toBe(INVALID)
      expect(await exchange(given)).toBe(INVALID)
    }
    expect(await store.appGrants.exchange({ code: await code(), verifier: undefined, method: null, address: '' }).then(() => 'a key', () => 'none')).toBe('none')
  })

  test('with the method of another step is a request that is wrong, and lives on', async () => {
    const given = await code()
    expect(await exchange(given, VERIFIER, 'plain')).toBe('400 Invalid code_challenge_method')
    expect(await exchange(given, VERIFIER, 'S256')).toStartWith('sk-sw-')
  })

  test('plain, padded, and without a challenge', async () => {
    expect(await exchange(await code({ challenge: { method: 'plain', text: VERIFIER } }), VERIFIER, 'plain')).toStartWith('sk-sw-')
    expect(await exchange(await code({ challenge: { method: 'S256', text: `${CHALLENGE}=` } }))).toStartWith('sk-sw-')
    expect(await exchange(await code({ challenge: null }), 'whatever')).toStartWith('sk-sw-')
  })

  test('is refused where it was guessed, and after twenty wrong ones from there nothing is looked at until the minute ends', async () => {
    for (let count = 0; count < 20; count++) expect(await exchange(`auth_code_${count}`)).toBe(INVALID)
    const given = await code()
    expect(await exchange(given)).toStartWith('429 ')
    expect(await exchange(given, VERIFIER, null, '192.0.2.2')).toStartWith('sk-sw-')
    clock.advance(60_000)
    expect(await exchange('auth_code_x')).toBe(INVALID)
  })

  test('dies with who allowed it', async () => {
    const given = await code()
    await store.people.removeMember(DEFAULT_ACCOUNT, jane.id, OPERATOR)
    expect(await exchange(given)).toStartWith('403 Who allowed this may not any more')
    const { key } = await store.accounts.createKey({ accountId: DEFAULT_ACCOUNT, name: 'maker' })
    const { code: byKey } = await store.appGrants.makeCode(wish({ userId: null }), key.hash, { kind: 'key', id: key.hash, name: 'maker', userId: null })
    await store.accounts.deleteKey(DEFAULT_ACCOUNT, key.hash)
    expect(await exchange(byKey)).toStartWith('403 Who allowed this may not any more')
    expect(await exchange(byKey)).toBe(INVALID)
  })
})

describe('a page that asks (H7)', () => {
  test('is answered once, by the person it asked, in the account it asked them in', async () => {
    const other = await store.people.addUser({ email: 'other@example.com' }, OPERATOR)
    await store.people.addMember(DEFAULT_ACCOUNT, other.id, 'admin', OPERATOR)
    const token = await store.appGrants.ask(wish(), 's-1', her())
    const allow = (accountId: string, userId: string, sessionId = 's-1') => store.appGrants.allow(token, { sessionId, accountId, userId }, her()).then(() => 'ok', (error: unknown) => (error instanceof Fault ? error.code : 'bug'))
    expect(await allow(DEFAULT_ACCOUNT, other.id)).toBe('invalid_request')
    expect(await allow('another', jane.id)).toBe('invalid_request')
    expect(await allow(DEFAULT_ACCOUNT, jane.id, 's-2')).toBe('invalid_request')
    expect(await allow(DEFAULT_ACCOUNT, jane.id)).toBe('ok')
    clock.advance(10_000)
    expect(await allow(DEFAULT_ACCOUNT, jane.id)).toBe('invalid_request')
    // A token of a page is no code.
    expect(await exchange(await store.appGrants.ask(wish(), 's-1', her()))).toBe(INVALID)
  })

  test('leads to one code when a yes is said several times at once, to who said it, until the app has come for it', async () => {
    const token = await store.appGrants.ask(wish(), 's-1', her())
    const allow = (more: Partial<AnsweringSession> = {}) => store.appGrants.allow(token, { sessionId: 's-1', accountId: DEFAULT_ACCOUNT, userId: jane.id, ...more }, her()).then(({ code: made, asked }) => `${asked.callbackUrl} ${made}`, () => 'no')
    const [first = '', ...others] = await Promise.all([allow(), allow(), allow()])
    expect([first, ...others]).toEqual(Array.from({ length: 3 }, () => expect.stringMatching(/^https:\/\/my\.app\/cb auth_code_\w{64}$/)))
    expect(new Set([first, ...others]).size).toBe(1)
    expect((await store.people.audit(DEFAULT_ACCOUNT, { offset: 0, limit: 10, action: 'app.allow' })).total).toBe(1)
    expect([await allow({ sessionId: 's-2' }), await allow({ userId: 'another' }), await allow({ accountId: 'another' })]).toEqual(['no', 'no', 'no'])
    clock.advance(9_999)
    expect(await allow()).toBe(first)
    const given = first.split(' ')[1] ?? ''
    expect(await exchange(given)).toStartWith('sk-sw-')
    expect([await allow(), await exchange(given)]).toEqual(['no', INVALID])
  })

  test('is over after ten minutes, and after a no', async () => {
    const [late, refused] = [await store.appGrants.ask(wish(), 's-1', her()), await store.appGrants.ask(wish(), 's-1', her())]
    expect(await store.appGrants.deny(refused, { sessionId: 's-1', accountId: DEFAULT_ACCOUNT, userId: jane.id })).toMatchObject({ callbackUrl: CALLBACK })
    const allow = (token: string) => store.appGrants.allow(token, { sessionId: 's-1', accountId: DEFAULT_ACCOUNT, userId: jane.id }, her()).then(() => 'ok', () => 'no')
    expect(await allow(refused)).toBe('no')
    clock.advance(600_000)
    expect(await allow(late)).toBe('no')
  })

  test('is one of twenty that somebody may have open', async () => {
    for (let count = 0; count < 20; count++) await store.appGrants.ask(wish(), 's-1', her())
    expect(await store.appGrants.ask(wish(), 's-1', her()).then(() => 'ok', (error: unknown) => (error instanceof Fault ? error.code : 'bug'))).toBe('rate_limited')
    clock.advance(600_001)
    expect((await store.appGrants.ask(wish(), 's-1', her())).length).toBe(40)
  })
})

test('who allowed which app what is in the log, and neither code nor key is anywhere', async () => {
  const given = await code()
  const secret = await exchange(given)
  const { rows } = await store.people.audit(DEFAULT_ACCOUNT, { offset: 0, limit: 3 })
  const appId = String(appOfCallback(new URL(CALLBACK)).id)
  expect(rows.map(({ action, actor, target }) => [action, actor.kind, actor.userId, target])).toEqual([
    ['key.create', 'app', jane.id, expect.any(String)], ['app.allow', 'user', jane.id, appId], ['member.add', 'operator', null, jane.id],
  ])
  expect(rows[1]?.after).toMatchObject({ app: 'my.app', callback_host: 'my.app', limit: '5', limit_reset: 'monthly' })
  const database = testDatabase(dataDir)
  const kept = await database.read(async (sql) => [await sql.all('SELECT * FROM auth_codes'), await sql.all('SELECT * FROM audit_log'), await sql.all('SELECT * FROM keys')])
  await database.close()
  const text = JSON.stringify(kept, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))
  expect([text.includes(given.slice('auth_code_'.length)), text.includes(secret)]).toEqual([false, false])
  const found: AuthCode['state'] | undefined = kept[0]?.[0]?.['state'] as AuthCode['state'] | undefined
  expect(found).toBe('used')
})
