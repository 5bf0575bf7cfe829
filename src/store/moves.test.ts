// What organizations may have of people (contract H20): so many members, and credit of their own.
import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { OPERATOR, type Actor } from '../accounts/audit-entry.ts'
import { INSTANCE_CHANGE } from '../accounts/instance.ts'
import type { Account } from '../accounts/organization.ts'
import type { User } from '../accounts/user.ts'
import { CREDIT_NANO_MAX } from '../core/nano.ts'
import { Fault } from '../core/fault.ts'
import { FakeClock } from '../lib/clock.ts'
import { openLedger, type OpenLedger } from './open.ts'
import { expireLots } from './lot-rows.ts'
import { testDatabase, testDirectory } from './store.fixture.ts'
import { databaseUrlOf } from '../../test/engine.ts'

const DAY_MS = 86_400_000
const USD = 1_000_000_000n
let clock: FakeClock
let store: OpenLedger
let jane: User
let acme: Account
/** Jane's own. */
let own = ''
let dataDir = ''

beforeEach(async () => {
  clock = new FakeClock(Date.parse('2026-11-20T12:00:00Z'))
  dataDir = testDirectory()
  store = await openLedger({ dataDir, databaseUrl: databaseUrlOf(dataDir), clock, fsync: 'never' })
  jane = await store.people.addUser({ email: 'jane@example.com', firstName: 'Jane' }, OPERATOR)
  acme = await store.people.createOrganization('Acme', jane.id, OPERATOR)
  own = (await store.people.accountsOf(jane.id)).find(({ account }) => account.kind === 'personal')?.account.id ?? ''
  await store.accounts.grant(own, 10n * USD, 'a gift')
})

afterEach(async () => {
  expect((await store.verify()).problems).toEqual([])
  await store.close()
})

async function said(work: Promise<unknown>): Promise<string> {
  return await work.then(() => 'ok', (error: unknown) => (error instanceof Fault ? `${error.code}: ${error.message}` : String(error)))
}

function move(amount: bigint, reference: string, toAccountId = acme.id, user = jane): Promise<unknown> {
  const by: Actor = { kind: 'user', id: user.id, name: 'Jane', userId: user.id }
  return store.accounts.moveCredit({ userId: user.id, toAccountId, amount, reference, by })
}

async function balances(): Promise<readonly bigint[]> {
  return await Promise.all([own, acme.id].map(async (id) => (await store.accounts.credits(id)).total))
}

describe('H20: credit of a member’s own', () => {
  test('goes to an organization, once for a reference, with an entry on both sides and in both logs', async () => {
    clock.advance(7 * DAY_MS)
    expect(await move(3n * USD, 'r')).toEqual({ total: 7n * USD, used: 0n })
    expect(await move(3n * USD, 'r')).toEqual({ total: 7n * USD, used: 0n, isRepeated: true })
    expect(await balances()).toEqual([7n * USD, 3n * USD])
    const log = async (id: string) => (await store.people.audit(id, { offset: 0, limit: 1 })).rows.map(({ action, actor, after, reason }) => [action, actor.userId, after, reason])
    expect(await log(own)).toEqual([['credit.take', jane.id, { usd: '-3', reference: 'move:r' }, 'moved to Acme']])
    expect(await log(acme.id)).toEqual([['credit.grant', jane.id, { usd: '3', reference: `move:${jane.id}:r` }, 'moved by Jane']])
  })

  test('not before they have been in it for a week, and not again within a day; the operator may say otherwise', async () => {
    clock.advance(7 * DAY_MS - 1)
    expect(await said(move(USD, 'a'))).toBe('permission_denied: You are not in this organization for long enough to move credit to it; you may from 2026-11-27T12:00:00.000Z.')
    clock.advance(1)
    expect(await said(move(USD, 'a'))).toBe('ok')
    clock.advance(DAY_MS - 1)
    expect(await said(move(USD, 'b'))).toContain('you may again from 2026-11-28T12:00:00.000Z')
    await store.instance.change({ credit_moves: { cooldown_days: 0 } }, OPERATOR)
    expect(await said(move(USD, 'b'))).toBe('ok')
    expect(await balances()).toEqual([8n * USD, 2n * USD])
  })

  test('never more than there is, and only to an organization that they are in', async () => {
    clock.advance(7 * DAY_MS)
    expect(await said(move(10n * USD + 1n, 'a'))).toStartWith('conflict: Nothing was moved')
    const joe = await store.people.addUser({ email: 'joe@example.com' }, OPERATOR)
    const his = (await store.people.accountsOf(joe.id))[0]?.account.id ?? ''
    for (const to of [his, own, 'default', 'nobody']) expect([to, (await said(move(USD, 'a', to))).slice(0, 9)]).toEqual([to, 'not_found'])
    expect((await said(move(USD, 'a', acme.id, joe))).slice(0, 9)).toBe('not_found')
    await store.operator.setSuspended(acme.id, true, 'unpaid', OPERATOR)
    expect((await said(move(USD, 'a'))).slice(0, 9)).toBe('not_found')
    expect(await balances()).toEqual([10n * USD, 0n])
  })

  test('lapses there when it would have lapsed here, the oldest going first', async () => {
    const lapse = async () => {
      const database = testDatabase(dataDir)
      await database.write((sql) => expireLots(sql, clock.wallMs()))
      await database.close()
    }
    for (const days of [60, 30]) {
      clock.advance(1)
      await store.instance.change(INSTANCE_CHANGE.parse({ purchases: { expiry_days: days } }), OPERATOR)
      await store.billing.record(own, { amount: 5n * USD, reference: `r${days}` }, OPERATOR)
    }
    clock.advance(7 * DAY_MS)
    // The gift of ten, five that last for 60 days, and two of those that last for 30.
    expect(await said(move(17n * USD, 'a'))).toBe('ok')
    clock.advance(30 * DAY_MS)
    await lapse()
    expect(await balances()).toEqual([0n, 15n * USD])
    clock.advance(30 * DAY_MS)
    await lapse()
    expect(await balances()).toEqual([0n, 10n * USD])
  })

  test('not where the organization would have more than an account may: nothing is taken then', async () => {
    clock.advance(7 * DAY_MS)
    await store.accounts.grant(acme.id, CREDIT_NANO_MAX - USD, 'much')
    expect(await said(move(USD + 1n, 'a'))).toBe('conflict: Nothing was moved: an account has at most $1000000000.00 altogether.')
    expect(await said(move(USD, 'b'))).toBe('ok')
    expect(await balances()).toEqual([9n * USD, CREDIT_NANO_MAX])
  })
})

describe('I13: the own account of a new person', () => {
  test('has a trial credit where the operator says so, once, and none where money is off', async () => {
    const creditOf = async (email: string) => {
      const user = await store.people.addUser({ email }, OPERATOR)
      return (await store.accounts.credits((await store.people.accountsOf(user.id))[0]?.account.id ?? '')).total
    }
    expect(await creditOf('a@example.com')).toBe(0n)
    await store.instance.change(INSTANCE_CHANGE.parse({ trial_credit_usd: '0.25' }), OPERATOR)
    expect(await creditOf('b@example.com')).toBe(USD / 4n)
    await store.instance.change({ money: false }, OPERATOR)
    expect(await creditOf('c@example.com')).toBe(0n)
  })
})

describe('H20: members', () => {
  async function join(count: number): Promise<readonly string[]> {
    const answers: string[] = []
    for (let at = 0; at < count; at++) {
      const user = await store.people.addUser({ email: `p${at}@example.com` }, OPERATOR)
      answers.push((await said(store.people.addMember(acme.id, user.id, 'member', OPERATOR))).split(':')[0] ?? '')
    }
    return answers
  }

  test('ten at most, unless the operator says otherwise for all or for one', async () => {
    expect(await join(10)).toEqual([...Array.from({ length: 9 }, () => 'ok'), 'conflict'])
    const late = await store.people.userByEmail('p9@example.com')
    const { token } = await store.people.invite(acme.id, { email: 'p9@example.com', role: 'member' }, OPERATOR)
    if (!late) throw new Error('nobody has come late')
    expect(await said(store.people.acceptInvitation(token, late))).toContain('as many members as it may have')
    // Who is in it already is not refused.
    expect(await said(store.people.addMember(acme.id, jane.id, 'admin', OPERATOR))).toBe('ok')
    await store.operator.setOverrides(acme.id, { membersMax: 11 }, 'grown', OPERATOR)
    expect(await said(store.people.acceptInvitation(token, late))).toBe('ok')
    await store.operator.setOverrides(acme.id, { membersMax: null }, undefined, OPERATOR)
    await store.instance.change({ members_max: 12 }, OPERATOR)
    const more = await store.people.addUser({ email: 'q@example.com' }, OPERATOR)
    expect(await said(store.people.addMember(acme.id, more.id, 'member', OPERATOR))).toBe('ok')
  })
})
