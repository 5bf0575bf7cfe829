import { afterEach, describe, expect, test } from 'bun:test'
import { SYSTEM } from '../accounts/audit-entry.ts'
import type { BudgetCap, Caller, Key } from '../accounts/caller.ts'
import { defaultWorkspaceId, type BudgetInterval } from '../accounts/workspace.ts'
import type { Nano } from '../core/nano.ts'
import type { Hold } from '../ledger/ledger.ts'
import type { LedgerNode } from '../ledger/node.ts'
import { SqlPeople } from './sql-people.ts'
import { ACCOUNT, callerOf, generationOf, TestBench, testKey } from './store.fixture.ts'

const WORKSPACE = defaultWorkspaceId(ACCOUNT)
const [one, two] = [testKey('one'), testKey('two')]
let bench: TestBench
let lastId = 0
const nextId = (): string => `gen-1-${++lastId}`

afterEach(async () => { expect((await bench.close()).problems).toEqual([]) })

async function setBudget(interval: BudgetInterval, cap: Nano, includeByok?: boolean): Promise<void> {
  const set = await new SqlPeople(bench.database).setBudget({ accountId: ACCOUNT, workspaceId: WORKSPACE, interval, cap, id: `b-${interval}`, includeByok }, { by: SYSTEM, nowMs: bench.clock.wallMs() })
  if (!('cap' in set)) throw new Error(`refused: ${set.join(' ')}`)
  await bench.tell({ keys: [], workspaces: [WORKSPACE], accounts: [] })
}

/** Who calls, as the store says it now. */
async function found(key: Key): Promise<Caller> {
  return (await bench.store.findKey(key.hash))?.caller ?? callerOf(key)
}

async function spend(ledger: LedgerNode, key: Key, amount: Nano, more: { readonly byok?: boolean; readonly upstreamCost?: Nano } = {}): Promise<void> {
  const id = nextId()
  const hold = await ledger.hold(await found(key), id, amount)
  if (!hold.ok) throw new Error(`refused: ${hold.code}`)
  ledger.settle(hold, generationOf(key, id, { cost: amount, ...more }))
}

describe('a budget of a workspace', () => {
  test('is the bound of all its keys together, to the last nano-dollar', async () => {
    bench = await TestBench.open(1_000n, [one, two])
    await setBudget('daily', 100n)
    const ledger = await bench.node('a')
    await spend(ledger, one, 60n)
    await spend(ledger, two, 39n)
    await bench.flush()
    expect(await ledger.hold(await found(two), nextId(), 2n)).toEqual({ ok: false, code: 'worst_case', left: 1n, allowance: 'workspace', period: 'daily', cap: 100n, resetsMs: Date.parse('2026-11-21T00:00:00Z') })
    await spend(ledger, two, 1n)
    await bench.flush()
    bench.clock.advance(1_100)
    expect(await ledger.hold(await found(one), nextId(), 1n)).toMatchObject({ ok: false, code: 'workspace_budget', period: 'daily', cap: 100n, left: 0n })
  })

  test('counts what was spent before it was made, and starts anew with its window', async () => {
    bench = await TestBench.open(1_000n, [one])
    const ledger = await bench.node('a')
    await spend(ledger, one, 70n)
    await bench.flush()
    await setBudget('daily', 50n)
    expect(await ledger.hold(await found(one), nextId(), 1n)).toMatchObject({ code: 'workspace_budget', cap: 50n })
    bench.clock.advance(12 * 3_600_000)
    expect(await ledger.hold(await found(one), nextId(), 50n)).toMatchObject({ ok: true })
  })

  test('H28: the broadest that is spent is named; a raise counts at once', async () => {
    bench = await TestBench.open(1_000n, [one])
    await setBudget('monthly', 60n)
    await setBudget('daily', 50n)
    const ledger = await bench.node('a')
    await spend(ledger, one, 50n)
    await bench.flush()
    expect(await ledger.hold(await found(one), nextId(), 1n)).toMatchObject({ code: 'workspace_budget', period: 'daily' })
    await setBudget('monthly', 80n)
    await setBudget('daily', 60n)
    await spend(ledger, one, 10n)
    await bench.flush()
    await setBudget('daily', 5n)
    await setBudget('monthly', 60n)
    expect(await ledger.hold(await found(one), nextId(), 1n)).toMatchObject({ code: 'workspace_budget', period: 'monthly' })
  })

  test('holds over nodes: the sum of what they grant never passes it', async () => {
    bench = await TestBench.open(10_000n, [one, two])
    await setBudget('lifetime', 100n)
    const ledgers = await Promise.all(['a', 'b', 'c', 'd'].map((id) => bench.node(id)))
    const caller = await found(one)
    const answers = await Promise.all(ledgers.flatMap((ledger) => Array.from({ length: 25 }, () => ledger.hold(caller, nextId(), 3n))))
    const held = answers.filter((answer): answer is Hold => answer.ok)
    expect(held.length).toBeLessThanOrEqual(33)
    expect(held.length).toBeGreaterThan(25)
  })

  test('H29: leaves out what was paid at the provider, unless the workspace counts it', async () => {
    bench = await TestBench.open(1_000n, [one])
    await setBudget('daily', 100n)
    const ledger = await bench.node('a')
    await spend(ledger, one, 10n, { byok: true, upstreamCost: 80n })
    await bench.flush()
    const hold = await ledger.hold(await found(one), nextId(), 90n)
    if (!hold.ok) throw new Error(`refused: ${hold.code}`)
    ledger.release(hold)
    await setBudget('daily', 100n, true)
    expect(await ledger.hold(await found(one), nextId(), 11n)).toMatchObject({ ok: false, allowance: 'workspace', left: 10n })
  })

  test('does not touch other workspaces, and goes when it is deleted', async () => {
    const other = testKey('other', { workspaceId: 'w2' })
    bench = await TestBench.open(1_000n, [one])
    const people = new SqlPeople(bench.database)
    await people.insertWorkspace({ id: 'w2', accountId: ACCOUNT, slug: 'two', name: 'Two', description: null, settings: { ...SETTINGS }, includeByokInBudgets: false, createdBy: null, createdMs: 1, updatedMs: null }, { by: SYSTEM, nowMs: 1 })
    expect(await bench.store.insertKey({ key: other, rules: {}, by: SYSTEM })).toBeUndefined()
    await setBudget('daily', 10n)
    const ledger = await bench.node('a')
    await spend(ledger, other, 40n)
    await spend(ledger, one, 10n)
    await bench.flush()
    expect(await ledger.hold(await found(one), nextId(), 1n)).toMatchObject({ code: 'workspace_budget' })
    await spend(ledger, other, 40n)
    await people.deleteBudget(ACCOUNT, WORKSPACE, 'daily', { by: SYSTEM, nowMs: 2 })
    await bench.tell({ keys: [], workspaces: [WORKSPACE], accounts: [] })
    await spend(ledger, one, 10n)
    const caps: readonly BudgetCap[] | undefined = (await found(one)).budgets
    expect(caps).toBeUndefined()
  })
})

const SETTINGS = {
  defaultTextModel: null, defaultImageModel: null, defaultProviderSort: null, ioLoggingApiKeyIds: null, ioLoggingSamplingRate: 1,
  dataDiscountLogging: false, observabilityBroadcast: false, observabilityIoLogging: false,
} as const
