import { describe, expect, test } from 'bun:test'
import { SYSTEM } from '../accounts/audit-entry.ts'
import type { Key } from '../accounts/caller.ts'
import { defaultWorkspaceId } from '../accounts/workspace.ts'
import type { Nano } from '../core/nano.ts'
import { endLine, type BudgetCharge } from '../ledger/line.ts'
import { FakeClock } from '../lib/clock.ts'
import { closeAccount } from '../store/account-data.ts'
import { migrate } from '../store/schema.ts'
import { SqlNotices } from '../store/sql-notices.ts'
import { SqlPeople } from '../store/sql-people.ts'
import { SqlStore } from '../store/sql-store.ts'
import type { Database } from '../store/sql.ts'
import { ACCOUNT, generationOf, testDatabase, testDirectory, testKey } from '../store/store.fixture.ts'
import { Touched } from '../store/touched.ts'
import { AlertWatch } from './alert-watch.ts'
import { NoticeBoard } from './notice-board.ts'

const USD = 1_000_000_000n
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const NOON = Date.parse('2026-11-20T12:00:00Z')
const WORKSPACE = defaultWorkspaceId(ACCOUNT)
const change = { by: SYSTEM, nowMs: 1 }

/** One process: what it settles it looks at. Several stand on one database. */
class Process {
  readonly touched = new Touched()
  readonly store: SqlStore
  readonly notices: SqlNotices
  readonly watch: AlertWatch
  isMoneyOn = true

  constructor(database: Database, clock: FakeClock) {
    this.store = new SqlStore(database, this.touched)
    this.notices = new SqlNotices(database, this.touched)
    const board = new NoticeBoard({ store: this.notices, clock, sendsLetters: true, poke: () => undefined })
    this.watch = new AlertWatch({ store: this.notices, board, clock, sweeps: false, isMoneyOn: () => this.isMoneyOn, log: (line) => { throw new Error(line) } })
  }
}

let calls = 0

class Bench {
  readonly clock = new FakeClock(NOON)
  readonly database = testDatabase(testDirectory())
  readonly people = new SqlPeople(this.database)
  readonly process = new Process(this.database, this.clock)

  static async open({ credits = 0n, keys = [] as readonly Key[] } = {}): Promise<Bench> {
    const bench = new Bench()
    await migrate(bench.database, 1)
    await bench.process.store.grant({ accountId: ACCOUNT, amount: credits, reason: 'test', reference: null, nowMs: 1 })
    for (const key of keys) await bench.process.store.insertKey({ key, rules: {}, by: SYSTEM })
    return bench
  }

  /** Settles one call, here or in another process. */
  async spend(key: Key, cost: Nano, { at = this.process, atMs = this.clock.wallMs(), budgets = [] as readonly BudgetCharge[] } = {}): Promise<void> {
    const generation = generationOf(key, `gen-1762179802-${String(calls++).padStart(20, '0')}`, { cost, createdMs: atMs })
    await at.store.settle([endLine({ atMs, leaseId: null, keyLeaseId: null, counted: cost, budgets, workspaceId: key.workspaceId, generation })], this.clock.wallMs())
  }

  /** The titles of all notices, oldest first. */
  async told(): Promise<string[]> {
    const { rows } = await this.process.notices.listNotices({ accountId: ACCOUNT, userId: null, isAdmin: true }, { offset: 0, limit: 100 })
    return rows.map(({ title }) => title).toReversed()
  }

  async targets(): Promise<string[]> {
    return (await this.process.notices.listDeliveries(ACCOUNT, { offset: 0, limit: 100 })).rows.map(({ target }) => target).toSorted()
  }
}

const key = (more: Partial<Key> = {}) => testKey('prod', { limit: 10n * USD, limitReset: 'daily', ...more })

describe('a key’s limit', () => {
  test('is told at 50, 80, 90 and 100 %, each once (J23)', async () => {
    const prod = key()
    const b = await Bench.open({ keys: [prod] })
    const seen: number[] = []
    for (let spent = 0; spent < 12; spent++) {
      await b.spend(prod, USD)
      seen.push(await b.process.watch.look())
      expect(await b.process.watch.look() + await b.process.watch.sweep()).toBe(0)
    }
    expect(seen).toEqual([0, 0, 0, 0, 1, 0, 0, 1, 1, 1, 0, 0])
    expect(await b.told()).toEqual([
      'The API key “prod” has used 50% of its daily limit of $10.00', 'The API key “prod” has used 80% of its daily limit of $10.00', 'The API key “prod” has used 90% of its daily limit of $10.00',
      'The API key “prod” has used up its daily limit of $10.00',
    ])
    await b.database.close()
  })

  test('that passes several at once is told the highest, and begins anew in the next window', async () => {
    const prod = key()
    const b = await Bench.open({ keys: [prod] })
    await b.spend(prod, 9n * USD)
    await b.process.watch.look()
    b.clock.advance(DAY_MS)
    expect(await b.process.watch.sweep()).toBe(0)
    await b.spend(prod, 5n * USD)
    await b.process.watch.look()
    expect(await b.told()).toEqual(['The API key “prod” has used 90% of its daily limit of $10.00', 'The API key “prod” has used 50% of its daily limit of $10.00'])
    await b.database.close()
  })

  test('is told once by many processes that look at the same time, and once more by none after a restart', async () => {
    const prod = key()
    const b = await Bench.open({ keys: [prod] })
    const others = [1, 2, 3].map(() => new Process(b.database, b.clock))
    await Promise.all([b.process, ...others].map((at) => b.spend(prod, 2n * USD, { at })))
    const counts = await Promise.all([b.process, ...others].flatMap(({ watch }) => [watch.look(), watch.sweep()]))
    expect(counts.reduce((sum, count) => sum + count)).toBe(1)
    expect(await new Process(b.database, b.clock).watch.sweep()).toBe(0)
    expect(await b.told()).toEqual(['The API key “prod” has used 80% of its daily limit of $10.00'])
    await b.database.close()
  })

  test('is found by the look at everything where the process that noted it has died, and after the limit was lowered', async () => {
    const prod = key()
    const b = await Bench.open({ keys: [prod, testKey('other', { limit: 4n * USD })] })
    await b.spend(prod, 5n * USD)
    const survivor = new Process(b.database, b.clock)
    expect([await survivor.watch.look(), await survivor.watch.sweep()]).toEqual([0, 1])
    await b.process.store.changeKey(ACCOUNT, prod.hash, { limit: 6n * USD }, SYSTEM, NOON)
    expect(await survivor.watch.sweep()).toBe(1)
    expect((await b.told()).at(-1)).toBe('The API key “prod” has used 80% of its daily limit of $6.00')
    await b.database.close()
  })

  test('that was reached in the last second of its day is told of that day', async () => {
    const prod = key()
    const b = await Bench.open({ keys: [prod] })
    const midnight = NOON + DAY_MS / 2
    b.clock.advance(DAY_MS / 2 + 2_000)
    await b.spend(prod, 10n * USD, { atMs: midnight - 500 })
    await b.spend(prod, USD, { atMs: midnight + 500 })
    await b.process.watch.look()
    expect(await b.told()).toEqual(['The API key “prod” has used up its daily limit of $10.00'])
    // One that is replayed long after its day is over is no news.
    await b.spend(testKey('prod', { limit: 10n * USD, limitReset: 'daily' }), 10n * USD, { atMs: midnight - 3 * DAY_MS })
    expect(await b.process.watch.look()).toBe(0)
    await b.database.close()
  })

  test('is told once though the clock is put back into an earlier day and forth again', async () => {
    const prod = key()
    const b = await Bench.open({ keys: [prod] })
    await b.spend(prod, 5n * USD)
    await b.process.watch.look()
    b.clock.advance(-2 * DAY_MS)
    expect(await b.process.watch.look() + await b.process.watch.sweep()).toBe(0)
    b.clock.advance(2 * DAY_MS)
    await b.spend(prod, 1n)
    expect(await b.process.watch.look() + await b.process.watch.sweep()).toBe(0)
    expect(await b.told()).toHaveLength(1)
    await b.database.close()
  })

  test('goes to the admins, the key’s owner and named addresses, each once; not to who is disabled, nor where the settings say no (J23)', async () => {
    const person = async (id: string, role: 'admin' | 'member') => {
      await b.people.insertUser({ id, email: `${id}@example.com`, firstName: null, lastName: null, createdMs: 1, updatedMs: null, disabledMs: null }, { id: `own-${id}`, kind: 'personal', name: id, createdMs: 1 }, change)
      await b.people.insertMember({ accountId: ACCOUNT, userId: id, role, createdMs: 1 }, change)
    }
    const b = await Bench.open()
    for (const [id, role] of [['anna', 'admin'], ['ben', 'member'], ['carl', 'admin'], ['dora', 'member']] as const) await person(id, role)
    await b.people.setUserDisabled('carl', true, change)
    const prod = key({ creatorUserId: 'ben' })
    await b.process.store.insertKey({ key: prod, rules: {}, by: SYSTEM })
    await b.process.notices.changeAlertSettings(ACCOUNT, { recipients: { addresses: ['ops@example.com', 'anna@example.com'] } }, change)
    await b.spend(prod, 5n * USD)
    await b.process.watch.look()
    expect(await b.targets()).toEqual(['anna@example.com', 'ben@example.com', 'ops@example.com'])
    await b.process.notices.changeAlertSettings(ACCOUNT, { thresholds: { percent: [100, 60] }, recipients: { admins: false, key_owner: false }, channels: {} }, change)
    await b.spend(prod, USD)
    await b.process.watch.look()
    expect((await b.targets()).filter((target) => target === 'anna@example.com' || target === 'ops@example.com')).toHaveLength(4)
    await b.process.notices.changeAlertSettings(ACCOUNT, { channels: { email: false } }, change)
    await b.spend(prod, 4n * USD)
    await b.process.watch.look()
    expect([(await b.targets()).length, (await b.told()).length]).toEqual([5, 3])
    await b.database.close()
  })
})

describe('who sees a notification', () => {
  test('admins all, members what is about them and their workspaces; each marks their own as read (J23)', async () => {
    const b = await Bench.open()
    const tell = (title: string, more: object) => b.process.notices.announce({ notice: { accountId: ACCOUNT, kind: 'allowance.threshold', title, text: '', data: {}, reference: title, ...more }, letter: undefined, webhook: { standard: '', slack: '' } }, NOON)
    await tell('all', {})
    await tell('ben', { userId: 'ben' })
    await tell('default workspace', { workspaceId: WORKSPACE })
    await tell('lab', { workspaceId: 'lab' })
    await tell('secret lab', { workspaceId: 'secret' })
    for (const id of ['lab', 'secret']) await b.database.write((sql) => sql.run("INSERT INTO workspace_members (account_id, workspace_id, user_id, id, created_ms) VALUES ($1, $2, $3, $4, 1)", ACCOUNT, id, id === 'lab' ? 'ben' : 'carl', id))
    const seen = async (userId: string | null, isAdmin: boolean, accountId = ACCOUNT) => {
      const { rows, unread, total } = await b.process.notices.listNotices({ accountId, userId, isAdmin }, { offset: 0, limit: 10 })
      expect(total).toBe(rows.length)
      return { titles: rows.map(({ title }) => title).toSorted(), unread }
    }
    expect(await seen('anna', true)).toEqual({ titles: ['all', 'ben', 'default workspace', 'lab', 'secret lab'], unread: 5 })
    expect(await seen('ben', false)).toEqual({ titles: ['ben', 'default workspace', 'lab'], unread: 3 })
    expect(await seen('dora', false)).toEqual({ titles: ['default workspace'], unread: 1 })
    expect(await seen('ben', true, 'other')).toEqual({ titles: [], unread: 0 })
    const all = await b.process.notices.listNotices({ accountId: ACCOUNT, userId: 'anna', isAdmin: true }, { offset: 0, limit: 10 })
    const hidden = all.rows.filter(({ title }) => title === 'secret lab' || title === 'lab').map(({ id }) => id)
    expect(await b.process.notices.markRead({ accountId: ACCOUNT, userId: 'ben', isAdmin: false }, hidden, NOON)).toBe(1)
    expect(await b.process.notices.markRead({ accountId: ACCOUNT, userId: 'ben', isAdmin: false }, undefined, NOON)).toBe(2)
    expect([(await seen('ben', false)).unread, (await seen('anna', true)).unread]).toEqual([0, 5])
    expect((await b.process.notices.listNotices({ accountId: ACCOUNT, userId: 'ben', isAdmin: false }, { offset: 0, limit: 10, unread: true })).rows).toEqual([])
    await b.database.close()
  })
})

describe('a workspace’s budgets', () => {
  test('are told each by itself, in the windows of H27', async () => {
    const free = testKey('free')
    const b = await Bench.open({ keys: [free] })
    const budget = (interval: 'daily' | 'monthly', cap: Nano) => b.people.setBudget({ accountId: ACCOUNT, workspaceId: WORKSPACE, interval, cap, id: interval, includeByok: undefined }, change)
    await budget('monthly', 20n * USD)
    await budget('daily', 10n * USD)
    await b.spend(free, 8n * USD)
    await b.process.watch.look()
    b.clock.advance(DAY_MS)
    await b.spend(free, 3n * USD)
    await b.process.watch.look()
    expect(await b.told()).toEqual(['The workspace “Default” has used 80% of its daily budget of $10.00', 'The workspace “Default” has used 50% of its monthly budget of $20.00'])
    await b.database.close()
  })
})

describe('budgets of tags, members and guardrails', () => {
  test('are told as soon as their windows are counted, by what they are called', async () => {
    const free = testKey('free')
    const b = await Bench.open({ keys: [free] })
    const id = '019a0000-0000-7000-8000-000000000001'
    await b.database.write((sql) => sql.run(`INSERT INTO shared_budgets (account_id, id, kind, subject, value, period, cap, mode, required, include_byok, created_ms, updated_ms)
      VALUES ($1, $2, 'tag', 'customer', '', 'monthly', $3, 'alert', 0, 0, 1, 1)`, ACCOUNT, id, 10n * USD))
    for (const value of ['acme', 'umbrella']) await b.spend(free, 5n * USD, { budgets: [['', 5n * USD, `tag:${id}:${value}`, 'monthly']] })
    await b.spend(free, 4n * USD, { budgets: [['', 4n * USD, `tag:${id}:acme`, 'monthly']] })
    await b.process.watch.look()
    expect((await b.told()).toSorted()).toEqual(['The tag “customer=acme” has used 90% of its monthly budget of $10.00', 'The tag “customer=umbrella” has used 50% of its monthly budget of $10.00'])
    expect(await new Process(b.database, b.clock).watch.sweep()).toBe(0)
    const listed = await b.process.notices.allowances(ACCOUNT, { limit: 10 }, NOON)
    expect(listed.map(({ kind, name, used }) => [kind, name, used])).toEqual([['balance', '', expect.anything()], ['tag', 'customer=acme', 9n * USD], ['tag', 'customer=umbrella', 5n * USD]])
    await b.database.close()
  })
})

describe('what is said of a cap that is used up', () => {
  const textOf = async (b: Bench): Promise<string> => (await b.process.notices.listNotices({ accountId: ACCOUNT, userId: null, isAdmin: true }, { offset: 0, limit: 10 })).rows[0]?.text ?? ''

  test.each([['alert', 'It only counts: no call is refused because of it.'], ['cap', 'Calls that would go beyond it are refused until it is raised.']] as const)('a budget of the kind %s, that never starts anew', async (mode, said) => {
    const free = testKey('free')
    const b = await Bench.open({ keys: [free] })
    const id = '019a0000-0000-7000-8000-000000000001'
    await b.database.write((sql) => sql.run(`INSERT INTO shared_budgets (account_id, id, kind, subject, value, period, cap, mode, required, include_byok, created_ms, updated_ms)
      VALUES ($1, $2, 'tag', 'env', 'prod', 'ever', $3, $4, 0, 0, 1, 1)`, ACCOUNT, id, USD, mode))
    await b.spend(free, USD, { budgets: [['', USD, `tag:${id}`, 'ever']] })
    await b.process.watch.look()
    expect(await textOf(b)).toBe(`The tag “env=prod” has used $1.00 (100%) of its budget of $1.00. It does not reset.\n\n${said}`)
    await b.database.close()
  })

  test('a limit that starts anew', async () => {
    const prod = key()
    const b = await Bench.open({ keys: [prod] })
    await b.spend(prod, 10n * USD)
    await b.process.watch.look()
    expect(await textOf(b)).toEndWith('It resets on 2026-11-21 00:00 UTC.\n\nCalls that would go beyond it are refused until then, or until it is raised.')
    await b.database.close()
  })
})

describe('the balance', () => {
  test('is told when it falls below a threshold, and again only after it was clearly above (J23)', async () => {
    const free = testKey('free')
    const b = await Bench.open({ credits: 200n * USD, keys: [free] })
    const grant = (amount: Nano) => b.process.store.grant({ accountId: ACCOUNT, amount, reason: 'more', reference: null, nowMs: NOON })
    const steps: (readonly [() => Promise<unknown>, number])[] = [
      [() => b.spend(free, 99n * USD), 0], [() => b.spend(free, 2n * USD), 1], [() => b.spend(free, USD), 0],
      // 98 → 120 is above 100, and not clearly: back below it nothing is told.
      [() => grant(22n * USD), 0], [() => b.spend(free, 30n * USD), 0],
      [() => grant(60n * USD), 0], [() => b.spend(free, 60n * USD), 1],
    ]
    for (const [step, told] of steps) {
      await step()
      expect(await b.process.watch.look()).toBe(told)
      expect(await b.process.watch.sweep()).toBe(0)
    }
    expect(await b.told()).toEqual(['Credit is low: $99.00 left', 'Credit is low: $90.00 left'])
    await b.database.close()
  })

  test('of a closed account is nobody’s any more', async () => {
    const free = testKey('free')
    const b = await Bench.open({ credits: 200n * USD, keys: [free] })
    await b.spend(free, 150n * USD)
    await b.database.write((sql) => closeAccount(sql, ACCOUNT, NOON))
    expect(await b.process.watch.look() + await b.process.watch.sweep()).toBe(0)
    expect(await b.database.read((sql) => sql.all('SELECT threshold FROM balance_alarms'))).toEqual([])
    await b.database.close()
  })

  test('that begins at the threshold or below is not told, nor where money is turned off', async () => {
    const free = testKey('free')
    const small = await Bench.open({ credits: 100n * USD, keys: [free] })
    await small.spend(free, 60n * USD)
    expect(await small.process.watch.look() + await small.process.watch.sweep()).toBe(0)
    await small.database.close()
    const off = await Bench.open({ credits: 200n * USD, keys: [free] })
    off.process.isMoneyOn = false
    await off.spend(free, 150n * USD)
    expect(await off.process.watch.look() + await off.process.watch.sweep()).toBe(0)
    await off.database.close()
  })

  test('has thresholds of the account’s own; of several the lowest is told, and to one address alone where one is named', async () => {
    const free = testKey('free')
    const b = await Bench.open({ credits: 50n * USD, keys: [free] })
    await b.process.notices.changeAlertSettings(ACCOUNT, { thresholds: { balance_usd: [5n * USD, 20n * USD] }, recipients: { addresses: ['ops@example.com'], balance_address: 'money@example.com' } }, change)
    await b.spend(free, 46n * USD)
    expect([await b.process.watch.look(), await b.process.watch.look()]).toEqual([1, 0])
    const { rows } = await b.process.notices.listNotices({ accountId: ACCOUNT, userId: null, isAdmin: true }, { offset: 0, limit: 1 })
    expect(rows[0]?.data).toMatchObject({ threshold_usd: 5, allowance: { kind: 'balance', remaining_usd: 4, percent: 92 } })
    expect(await b.targets()).toEqual(['money@example.com'])
    await b.database.close()
  })
})
