import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { DEFAULT_ACCOUNT } from '../accounts/accounts.ts'
import { OPERATOR } from '../accounts/audit-entry.ts'
import { INSTANCE_CHANGE, INSTANCE_SETTINGS, readSettings, settingsJson, withChange } from '../accounts/instance.ts'
import type { AccountPage } from '../accounts/operator-store.ts'
import { Fault } from '../core/fault.ts'
import { FakeClock } from '../lib/clock.ts'
import { openLedger, type OpenLedger } from './open.ts'
import { callerOf, generationOf, testDirectory } from './store.fixture.ts'
import { databaseUrlOf } from '../../test/engine.ts'

const USD = 1_000_000_000n
const NOW_MS = Date.parse('2026-11-20T12:00:00Z')
let dataDir = ''
let store: OpenLedger
let clock: FakeClock

beforeEach(async () => {
  dataDir = testDirectory()
  clock = new FakeClock(NOW_MS)
  store = await open()
})

afterEach(() => store.close())

async function open(): Promise<OpenLedger> {
  return await openLedger({ dataDir, databaseUrl: databaseUrlOf(dataDir), clock, fsync: 'never' })
}

async function organization(name: string, email: string): Promise<string> {
  const owner = await store.people.addUser({ email }, OPERATOR)
  return (await store.people.createOrganization(name, owner.id, OPERATOR)).id
}

async function names(page: Partial<AccountPage>): Promise<readonly string[]> {
  return (await store.operator.listAccounts({ offset: 0, limit: 100, ...page })).rows.map(({ name }) => name)
}

describe('accounts, from above', () => {
  test('say what their credit says, with calls that were charged and calls that run', async () => {
    const { accounts, ledger, operator } = store
    await accounts.grant(DEFAULT_ACCOUNT, 10n * USD, 'test')
    const { key } = await accounts.createKey({ accountId: DEFAULT_ACCOUNT, name: 'k' }, OPERATOR)
    const ask = (callId: string) => ledger.hold(callerOf(key), callId, 2n * USD)
    const [done, running] = [await ask('a'), await ask('b')]
    if (!done.ok || !running.ok) throw new Error('there is enough')
    ledger.settle(done, generationOf(key, 'a', { cost: USD / 3n }))
    const summary = await operator.account(DEFAULT_ACCOUNT)
    const credits = await accounts.credits(DEFAULT_ACCOUNT)
    expect([summary.total, summary.used]).toEqual([credits.total, credits.used])
    expect(summary.used).toBe(USD / 3n)
    ledger.release(running)
  })

  test('are found without regard to case, in any script that is written alike, and are never patterns', async () => {
    await organization('Zürich & Co_100%', 'anne@example.com')
    await organization('Élan', 'bob@EXAMPLE.org')
    expect(await names({ search: 'zürich' })).toEqual(['Zürich & Co_100%'])
    expect(await names({ search: 'Élan' })).toEqual(['Élan'])
    expect(await names({ search: 'BOB@example' })).toEqual(expect.arrayContaining(['Élan']))
    expect(await names({ search: '_100%' })).toEqual(['Zürich & Co_100%'])
    for (const search of ['%', '_', '!', '%%', 'Z%h', "'", '\\', '"; DROP TABLE accounts; --']) expect([search, (await names({ search })).filter((name) => !name.includes(search))]).toEqual([search, []])
  })

  test('come in pages, in the order that is asked for', async () => {
    const rich = await organization('Rich', 'r@example.com')
    const poor = await organization('Poor', 'p@example.com')
    await store.accounts.grant(rich, 5n * USD, 'test')
    await store.accounts.grant(poor, USD, 'test')
    expect((await names({ sort: 'balance' })).slice(0, 2)).toEqual(['Rich', 'Poor'])
    expect(await names({ sort: 'name', kind: 'organization', search: 'example.com' })).toEqual(['Poor', 'Rich'])
    const { rows, total } = await store.operator.listAccounts({ offset: 1, limit: 1, sort: 'balance' })
    expect([rows.map(({ name }) => name), total]).toEqual([['Poor'], 4])
    await store.operator.setSuspended(poor, true, 'unpaid', OPERATOR)
    expect([await names({ state: 'suspended' }), (await names({ state: 'live' })).includes('Poor')]).toEqual([['Poor'], false])
    await store.operator.close(poor, 'asked for', OPERATOR)
    expect([await names({ state: 'suspended' }), await names({ state: 'closed' })]).toEqual([[], ['']])
  })

  test('that are closed are not changed any more', async () => {
    const id = await organization('Gone', 'g@example.com')
    await store.operator.close(id, 'asked for', OPERATOR)
    for (const work of [() => store.operator.setSuspended(id, true, 'x', OPERATOR), () => store.operator.setOverrides(id, { membersMax: 1 }, undefined, OPERATOR), () => store.operator.close(id, 'x', OPERATOR)]) {
      expect(await work().then(() => 'ok', (error: unknown) => (error instanceof Fault ? error.code : String(error)))).toBe('not_found')
    }
  })
})

test('a view whose time is over has ended in the log when it did, whenever that is found out', async () => {
  const { operator, people } = store
  const [olga, ada] = [await people.addUser({ email: 'olga@example.com' }, OPERATOR), await people.addUser({ email: 'ada@example.com' }, OPERATOR)]
  await operator.startView({ userId: ada.id, operatorId: olga.id, returnSessionId: 'none', address: '', userAgent: '', lastsMs: 60_000 }, 'ticket 4711', OPERATOR)
  await operator.endOverViews()
  const [own] = await people.accountsOf(ada.id)
  const ends = async () => (await people.audit(own?.account.id ?? '', { offset: 0, limit: 10, action: 'impersonation.end' })).rows
  expect(await ends()).toEqual([])
  clock.advance(3_600_000)
  await operator.endOverViews()
  await operator.endOverViews()
  const rows = await ends()
  expect(rows).toMatchObject([{ action: 'impersonation.end', target: ada.id, atMs: NOW_MS + 60_000, reason: 'its time was over' }])
})

describe('settings of the install', () => {
  test('are kept, and seen by a process that was running', async () => {
    const other = await open()
    await store.instance.change(INSTANCE_CHANGE.parse({ sign_up: { mode: 'open' }, purchases: { expiry_days: 365 } }), OPERATOR)
    for (let tries = 0; other.instance.settings.signUp.mode !== 'open' && tries < 1_000; tries++) await Bun.sleep(10)
    expect(other.instance.settings).toEqual(store.instance.settings)
    await other.close()
    const later = await open()
    expect(later.instance.settings).toMatchObject({ signUp: { mode: 'open' }, purchases: { expiryDays: 365, feePpm: 55_000n } })
    await later.close()
  })

  test('are written and read back as they are, and what they lack is as on a fresh install', () => {
    const settings = withChange(INSTANCE_SETTINGS, INSTANCE_CHANGE.parse({ sign_up: { mode: 'domains', domains: ['a.example'] }, money: false, purchases: { fee_percent: '0.0001', fee_min_usd: 0, amount_min_usd: '0.000000001' }, seller: { name: 'A', tax_id: 'B' } }))
    expect(readSettings(JSON.stringify(settingsJson(settings)))).toEqual(settings)
    expect(readSettings('{"members_max":3}')).toEqual({ ...INSTANCE_SETTINGS, membersMax: 3 })
    expect(readSettings(undefined)).toBe(INSTANCE_SETTINGS)
  })

  test('say who may sign up', async () => {
    const may = (email: string, isInvited: boolean) => store.instance.maySignUp(email, isInvited)
    expect([may('a@x.example', false), may('a@x.example', true)]).toEqual([false, true])
    await store.instance.change({ sign_up: { mode: 'domains', domains: ['x.example'] } }, OPERATOR)
    expect([may('A@X.example', false), may('a@y.x.example', false), may('a@notx.example', false), may('a@x.example.evil', false), may('a@y.example', true)]).toEqual([true, false, false, false, true])
    await store.instance.change({ sign_up: { mode: 'closed' } }, OPERATOR)
    expect([may('a@x.example', false), may('a@x.example', true)]).toEqual([false, false])
    await store.instance.change({ sign_up: { mode: 'open' } }, OPERATOR)
    expect(may('a@z.example', false)).toBe(true)
  })
})
