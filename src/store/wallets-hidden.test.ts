// A wallet has the books of an account, and is none: the operator's lists, data sets and reports of the install do not know it.
import { afterEach, beforeEach, expect, test } from 'bun:test'
import { SYSTEM } from '../accounts/audit-entry.ts'
import { NO_PRICES } from '../catalog/price-list.ts'
import { NO_USAGE } from '../core/usage.ts'
import { endLine } from '../ledger/line.ts'
import { rowId } from '../lib/id.ts'
import { readAppUses, readModelDays, readSessionCells } from './data-set-rows.ts'
import { SqlOperator } from './sql-operator.ts'
import { SqlWallets } from './sql-wallets.ts'
import { ACCOUNT, generationOf, TestBench, testKey } from './store.fixture.ts'

const DAY_MS = 86_400_000
const DAY = Date.parse('2026-11-10') / DAY_MS
const key = testKey('reseller')
const change = { by: SYSTEM, nowMs: 1 }
let bench: TestBench
let wallets: SqlWallets
let operator: SqlOperator
let walletId: string

beforeEach(async () => {
  bench = await TestBench.open(2n ** 40n, [key])
  wallets = new SqlWallets(bench.database)
  operator = new SqlOperator(bench.database)
  walletId = rowId()
  await wallets.insertWallet({ id: walletId, accountId: ACCOUNT, externalId: 'acme', name: 'Acme', metadata: {}, prices: NO_PRICES, priceListId: null, createdMs: 1, updatedMs: null, closedMs: null }, change)
  await wallets.moveWallets([{ accountId: ACCOUNT, walletId, amount: 1_000n, reason: 'start', reference: null }], change)
  for (const id of ['gen-1-1', 'gen-1-2']) {
    const generation = generationOf(key, id, {
      createdMs: DAY * DAY_MS + 5, usage: { ...NO_USAGE, promptTokens: 10, completionTokens: 5 }, cost: 20n, wallet: { id: walletId, cost: 30n }, referer: 'https://app.example', title: 'App', sessionId: 'one-session', finishReason: 'stop',
    })
    await bench.store.settle([endLine({ atMs: generation.createdMs, leaseId: null, keyLeaseId: null, counted: 30n, budgets: [], workspaceId: null, generation })], 1)
  }
})

afterEach(async () => { expect((await bench.close()).problems).toEqual([]) })

test('the operator\'s accounts are without wallets, whatever is asked for, and nothing that is done to an account is done to one', async () => {
  for (const page of [{}, { search: walletId }, { search: 'Acme' }, { sort: 'balance' as const }, { state: 'live' as const }]) {
    const { rows, total } = await operator.listAccounts({ offset: 0, limit: 100, ...page })
    expect([rows.some(({ id }) => id === walletId), total]).toEqual([false, rows.length])
  }
  expect((await operator.listAccounts({ offset: 0, limit: 100 })).rows.map(({ id }) => id)).toEqual([ACCOUNT])
  expect(await operator.accountSummary(walletId)).toBeUndefined()
  expect(await operator.setSuspended(walletId, true, change)).toBe(false)
  expect(await operator.setOverrides(walletId, { membersMax: 5 }, change)).toBe(false)
  expect(await operator.closeAccount(walletId, change)).toBe(false)
  expect(await wallets.wallet(ACCOUNT, { id: walletId })).toMatchObject({ closedMs: null, credits: { total: 1_000n, used: 60n } })
})

test('J26: data sets have a customer\'s call once, of the account that made it and of all together', async () => {
  const days = { fromDay: DAY, untilDay: DAY + 1 }
  for (const accountId of [null, ACCOUNT]) {
    expect(await bench.database.read((sql) => readModelDays(sql, { accountId, ...days, context: null }))).toEqual([{ day: DAY, model: 'acme/tiny', tokens: 30n, requests: 2n, toolCalls: 0n }])
    const apps = await bench.database.read((sql) => readAppUses(sql, { accountId, ...days, beforeDay: DAY - 1 }))
    expect(apps.map(({ requests, tokens }) => [requests, tokens])).toEqual([[2n, 30n]])
    // At what it cost the account, not what the customer paid.
    const cells = await bench.database.read((sql) => readSessionCells(sql, { accountId, ...days }))
    expect(cells.map(({ turnRange, sessions, median }) => [turnRange, sessions, median])).toEqual([['2-9-turns', 1, 40n]])
  }
})
