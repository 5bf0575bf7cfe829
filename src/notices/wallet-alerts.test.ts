import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { SYSTEM } from '../accounts/audit-entry.ts'
import { NO_PRICES } from '../catalog/price-list.ts'
import type { Nano } from '../core/nano.ts'
import { endLine } from '../ledger/line.ts'
import { FakeClock } from '../lib/clock.ts'
import { rowId } from '../lib/id.ts'
import { pruneAlerts } from '../store/alert-rows.ts'
import { migrate } from '../store/schema.ts'
import { SqlNotices } from '../store/sql-notices.ts'
import { SqlStore } from '../store/sql-store.ts'
import { SqlWallets } from '../store/sql-wallets.ts'
import type { Database } from '../store/sql.ts'
import { ACCOUNT, generationOf, testDatabase, testDirectory, testKey } from '../store/store.fixture.ts'
import { Touched } from '../store/touched.ts'
import { AlertWatch } from './alert-watch.ts'
import { NoticeBoard } from './notice-board.ts'

const USD = 1_000_000_000n
const NOON = Date.parse('2026-11-20T12:00:00Z')
const key = testKey('resellers')

let database: Database
let clock: FakeClock
let store: SqlStore
let notices: SqlNotices
let wallets: SqlWallets
let watch: AlertWatch
let calls = 0
let isMoneyOn = true

beforeEach(async () => {
  database = testDatabase(testDirectory())
  clock = new FakeClock(NOON)
  isMoneyOn = true
  await migrate(database, 1)
  const touched = new Touched()
  store = new SqlStore(database, touched)
  notices = new SqlNotices(database, touched)
  wallets = new SqlWallets(database)
  const board = new NoticeBoard({ store: notices, clock, sendsLetters: true, poke: () => undefined })
  watch = new AlertWatch({ store: notices, board, clock, sweeps: false, isMoneyOn: () => isMoneyOn, log: (line) => { throw new Error(line) } })
  await store.grant({ accountId: ACCOUNT, amount: 1_000n * USD, reason: 'test', reference: null, nowMs: 1 })
  await store.insertKey({ key, rules: {}, by: SYSTEM })
})

afterEach(() => database.close())

async function wallet(name: string, amount: Nano): Promise<string> {
  const id = rowId()
  await wallets.insertWallet({ id, accountId: ACCOUNT, externalId: name, name, metadata: {}, prices: NO_PRICES, priceListId: null, createdMs: clock.wallMs(), updatedMs: null, closedMs: null }, { by: SYSTEM, nowMs: clock.wallMs() })
  if (amount > 0n) await move(id, amount)
  return id
}

async function move(walletId: string, amount: Nano): Promise<void> {
  clock.advance(1)
  expect(await wallets.moveWallets([{ accountId: ACCOUNT, walletId, amount, reason: 'test', reference: null }], { by: SYSTEM, nowMs: clock.wallMs() })).toMatchObject({ isRepeated: false })
}

/** A call that costs the reseller a cent. */
async function spend(walletId: string, price: Nano): Promise<void> {
  const generation = generationOf(key, `gen-1762179802-${String(calls++).padStart(20, '0')}`, { cost: USD / 100n, createdMs: clock.wallMs(), wallet: { id: walletId, cost: price } })
  await store.settle([endLine({ atMs: clock.wallMs(), leaseId: null, keyLeaseId: null, counted: generation.cost, budgets: [], workspaceId: key.workspaceId, generation })], clock.wallMs())
}

async function told(): Promise<string[]> {
  const { rows } = await notices.listNotices({ accountId: ACCOUNT, userId: null, isAdmin: true }, { offset: 0, limit: 100 })
  return rows.map(({ title }) => title).toReversed()
}

describe('a customer’s wallet', () => {
  test('is told to the reseller at 50, 80, 90 and 100 % of what was there after it was last added to, each once (J23)', async () => {
    const id = await wallet('Acme', 10n * USD)
    const seen: number[] = []
    for (let spent = 0; spent < 10; spent++) {
      await spend(id, USD)
      seen.push(await watch.look())
      expect(await watch.look() + await watch.sweep()).toBe(0)
    }
    expect(seen).toEqual([0, 0, 0, 0, 1, 0, 0, 1, 1, 1])
    expect(await told()).toEqual(['The wallet “Acme” has used 50% of its credit of $10.00', 'The wallet “Acme” has used 80% of its credit of $10.00', 'The wallet “Acme” has used 90% of its credit of $10.00', 'The wallet “Acme” has used up its credit of $10.00'])
    // Added to, even with the same amount, it begins anew.
    await move(id, 10n * USD)
    expect(await watch.sweep()).toBe(0)
    await spend(id, 6n * USD)
    await watch.look()
    expect((await told()).at(-1)).toBe('The wallet “Acme” has used 50% of its credit of $10.00')
    expect(await told()).toHaveLength(5)
    // What is left and what is added are what counts then: 4 and 1.
    await move(id, USD)
    await spend(id, 4n * USD)
    await watch.look()
    expect((await told()).at(-1)).toBe('The wallet “Acme” has used 80% of its credit of $5.00')
  })

  test('is told with its forecast, also while money is turned off, and not once it is closed', async () => {
    isMoneyOn = false
    const id = await wallet('Acme', 10n * USD)
    const closed = await wallet('Gone', 10n * USD)
    // Two days after the first of them was made.
    clock.advance(2 * 86_400_000 - 2)
    await spend(id, 8n * USD)
    await spend(closed, 9n * USD)
    await wallets.changeWallet(ACCOUNT, closed, { isClosed: true }, { by: SYSTEM, nowMs: clock.wallMs() })
    expect([await watch.look(), await watch.sweep()]).toEqual([1, 0])
    const { rows: [notice] } = await notices.listNotices({ accountId: ACCOUNT, userId: null, isAdmin: true }, { offset: 0, limit: 1 })
    expect(notice?.data).toMatchObject({ threshold_percent: 80, allowance: { kind: 'wallet', id, name: 'Acme', limit_usd: 10, used_usd: 8, remaining_usd: 2, reset_interval: null, resets_at: null, forecast: { outcome: 'ends', usd_per_day: '4' } } })
    expect(notice?.text).toContain('after it was last added to')
    // Members are not told of the account's customers.
    expect((await notices.allowances(ACCOUNT, { userId: 'somebody', limit: 10 }, clock.wallMs())).some(({ kind }) => kind === 'wallet')).toBe(false)
    expect((await notices.allowances(ACCOUNT, { limit: 10 }, clock.wallMs())).filter(({ kind }) => kind === 'wallet').map(({ name }) => name)).toEqual(['Acme'])
  })

  test('that stays nearly empty is not told again when old alerts are forgotten; taking from it looks anew', async () => {
    const id = await wallet('Acme', 10n * USD)
    await spend(id, 9n * USD)
    expect(await watch.look()).toBe(1)
    clock.advance(400 * 86_400_000)
    await database.write((sql) => pruneAlerts(sql, clock.wallMs()))
    expect(await watch.sweep()).toBe(0)
    await move(id, -(USD / 2n))
    expect(await watch.sweep()).toBe(1)
    expect((await told()).at(-1)).toBe('The wallet “Acme” has used 90% of its credit of $9.50')
  })

  test('is no account that is told of a low balance, and none of its own keys or workspaces', async () => {
    const id = await wallet('Acme', 200n * USD)
    await spend(id, 195n * USD)
    await watch.look()
    await watch.sweep()
    expect(await told()).toEqual(['The wallet “Acme” has used 90% of its credit of $200.00'])
    expect((await notices.listNotices({ accountId: id, userId: null, isAdmin: true }, { offset: 0, limit: 10 })).rows).toEqual([])
    expect((await notices.allowances(id, { limit: 10 }, clock.wallMs()))).toEqual([])
  })
})
