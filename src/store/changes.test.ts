import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { SYSTEM } from '../accounts/audit-entry.ts'
import type { Caller, Key, LimitReset } from '../accounts/caller.ts'
import { defaultWorkspaceId, type BudgetInterval } from '../accounts/workspace.ts'
import { Fault } from '../core/fault.ts'
import type { Hold } from '../ledger/ledger.ts'
import type { LedgerNode } from '../ledger/node.ts'
import { SqlPeople } from './sql-people.ts'
import { engine } from '../../test/engine.ts'
import { ACCOUNT, callerOf, generationOf, TestBench, testKey } from './store.fixture.ts'

/**
 * What people change, what clocks do and what answers are lost while calls are under way, in any order: the books are whole at every moment,
 * what was billed is charged once, and a limit that nobody changed is never passed.
 */

/** A database of its own for each takes its time on Postgres. */
const RUNS = engine() === 'SQLite' ? 20 : 6
const CREDITS = 800n
const LIMIT = 200n
const DAY_MS = 86_400_000
const WORKSPACE = defaultWorkspaceId(ACCOUNT)
const NODES = ['a', 'b', 'c'] as const
const keys = [testKey('steady', { limit: LIMIT }), testKey('changing', { limit: 100n, includeByokInLimit: true }), testKey('doomed', { limit: 150n, limitReset: 'weekly' }), testKey('plain')]
const CHANGING = 1
const DOOMED = 2

type Step =
  | { readonly do: 'hold'; readonly node: number; readonly key: number; readonly amount: bigint; readonly own: bigint }
  | { readonly do: 'end'; readonly which: number; readonly part: number }
  | { readonly do: 'flush' | 'idle' | 'crash' | 'deaf' | 'hears'; readonly node: number }
  | { readonly do: 'pass' | 'step'; readonly ms: number }
  | { readonly do: 'limit'; readonly limit: bigint | null; readonly reset: LimitReset | null }
  | { readonly do: 'budget'; readonly interval: BudgetInterval; readonly cap: bigint | null; readonly includeByok: boolean }
  | { readonly do: 'credit'; readonly amount: bigint }
  | { readonly do: 'delete' | 'rotate' | 'prune' }

const node = fc.nat({ max: NODES.length - 1 })
const amount = fc.bigInt({ min: 0n, max: 90n })
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ do: fc.constant('hold' as const), node, key: fc.nat({ max: keys.length - 1 }), amount, own: fc.oneof(fc.constant(0n), amount) }) },
  { weight: 10, arbitrary: fc.record({ do: fc.constant('end' as const), which: fc.nat(), part: fc.nat({ max: 110 }) }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constantFrom('flush' as const, 'idle' as const, 'crash' as const, 'deaf' as const, 'hears' as const), node }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('pass' as const, 'step' as const), ms: fc.constantFrom(600, 20_000, DAY_MS, 40 * DAY_MS) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('step' as const), ms: fc.constantFrom(-3_600_000, -DAY_MS, -40 * DAY_MS) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('limit' as const), limit: fc.option(fc.constantFrom(0n, 40n, 100n, 400n)), reset: fc.option(fc.constantFrom('daily' as const, 'weekly' as const, 'monthly' as const)) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('budget' as const), interval: fc.constantFrom('daily' as const, 'monthly' as const), cap: fc.option(fc.constantFrom(100n, 300n, 500n)), includeByok: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('credit' as const), amount: fc.constantFrom(50n, -50n, -300n) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('delete' as const, 'rotate' as const, 'prune' as const) }) },
)

/** What a node that hears nothing says. */
function unheard(error: unknown): void {
  if (!(error instanceof Fault) || error.code !== 'unavailable') throw error
}

class Run {
  readonly nodes: LedgerNode[] = []
  readonly open: { hold: Hold; node: number; key: Key; own: bigint }[] = []
  readonly bill = new Map<string, bigint>()
  steadyBill = 0n
  granted = CREDITS
  private revision = 0n
  private lastId = 0

  constructor(readonly bench: TestBench) {}

  async take(one: Step): Promise<void> {
    const { store, clock } = this.bench
    switch (one.do) {
      case 'hold': return await this.hold(one)
      case 'end': return this.end(one)
      case 'flush': return await this.at(one.node).flush().catch(unheard)
      case 'idle': return await this.at(one.node).returnIdle().catch(unheard)
      case 'crash': return await this.crash(one.node)
      case 'deaf': case 'hears': return this.bench.setDeaf(NODES[one.node] ?? '', one.do === 'deaf')
      case 'pass': return clock.advance(one.ms)
      case 'step': return clock.step(one.ms)
      case 'limit': await store.changeKey(ACCOUNT, this.key(CHANGING).hash, { limit: one.limit, limitReset: one.reset }, SYSTEM, clock.wallMs()); break
      case 'budget': await this.budget(one); break
      case 'credit': if (await store.grant({ accountId: ACCOUNT, amount: one.amount, reason: 'test', reference: null, nowMs: clock.wallMs() })) this.granted += one.amount; break
      case 'delete': await store.deleteKey(ACCOUNT, this.key(DOOMED).hash, SYSTEM, clock.wallMs()); break
      case 'rotate': await store.rotateKey(ACCOUNT, this.key(CHANGING).hash, { secretHash: `${++this.lastId}`, label: 'l', oldEndsMs: clock.wallMs(), by: SYSTEM, nowMs: clock.wallMs() }); break
      case 'prune': await this.prune()
    }
    await this.tell()
  }

  /** What the watching thread of each process does. */
  async tell(): Promise<void> {
    const { revision, ...changes } = await this.bench.store.changesSince(this.revision)
    this.revision = revision
    for (const one of this.nodes) await one.noteChanges(changes).catch(unheard)
  }

  /** Every node hears again, and has heard the end of what it asked before. */
  async hearAgain(): Promise<void> {
    for (const nodeId of NODES) this.bench.setDeaf(nodeId, false)
    for (const one of this.nodes) await one.flush().catch(unheard)
    for (const one of this.nodes) await one.returnIdle().catch(unheard)
  }

  at(index: number): LedgerNode {
    const found = this.nodes[index]
    if (!found) throw new Error('no such node')
    return found
  }

  key(index: number): Key {
    const found = keys[index]
    if (!found) throw new Error('no such key')
    return found
  }

  private async hold({ node: index, key: which, amount: most, own }: Extract<Step, { do: 'hold' }>): Promise<void> {
    const known = this.key(which)
    // A process may know a key for a moment longer than it lives.
    const caller: Caller = (await this.bench.store.findKey(known.hash))?.caller ?? callerOf(known)
    const note = own > 0n ? { note: { model: 'm', streamed: false, ownKeysMax: own } } : {}
    const hold = await this.at(index).hold(caller, `gen-${++this.lastId}`, most, note.note)
    if (hold.ok) this.open.push({ hold, node: index, key: caller.key, own })
  }

  private end({ which, part }: Extract<Step, { do: 'end' }>): void {
    const [one] = this.open.splice(which % Math.max(1, this.open.length), 1)
    if (!one) return
    if (part > 100) return this.at(one.node).release(one.hold)
    const byok = one.own > 0n && part % 2 === 0
    const cost = byok ? 0n : one.hold.amount * BigInt(part) / 100n
    const generation = generationOf(one.key, one.hold.callId, { cost, byok, upstreamCost: byok ? one.own * BigInt(part) / 100n : cost, createdMs: this.bench.clock.wallMs() })
    this.at(one.node).settle(one.hold, generation)
    this.bill.set(one.hold.callId, cost)
    if (one.key.hash === this.key(0).hash) this.steadyBill += cost
  }

  private async crash(index: number): Promise<void> {
    const nodeId = NODES[index] ?? ''
    this.bench.kill(nodeId)
    await this.bench.recover(nodeId)
    this.nodes[index] = await this.bench.node(nodeId)
    for (let at = this.open.length - 1; at >= 0; at--) if (this.open[at]?.node === index) this.open.splice(at, 1)
  }

  private async budget({ interval, cap, includeByok }: Extract<Step, { do: 'budget' }>): Promise<void> {
    const [people, change] = [new SqlPeople(this.bench.database), { by: SYSTEM, nowMs: this.bench.clock.wallMs() }]
    if (cap === null) await people.deleteBudget(ACCOUNT, WORKSPACE, interval, change)
    // Where it is not less than the broader one it is refused.
    else await people.setBudget({ accountId: ACCOUNT, workspaceId: WORKSPACE, interval, cap, id: `b-${interval}`, includeByok }, change)
  }

  /** What the retainer does with windows, by whatever the clock says. */
  private async prune(): Promise<void> {
    await this.bench.store.prune({ windowsMs: this.bench.clock.wallMs() - 62 * DAY_MS })
  }
}

describe('any interleaving of calls, changes, stepping clocks and lost answers', () => {
  test('keeps the books whole, charges the bill once, and passes no limit that nobody changed', async () => {
    await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 40, maxLength: 140, size: 'max' }), async (steps) => {
      const run = new Run(await TestBench.open(CREDITS, keys))
      for (const nodeId of NODES) run.nodes.push(await run.bench.node(nodeId))
      for (const one of steps) await run.take(one)
      expect((await run.bench.store.verify()).problems).toEqual([])
      await run.hearAgain()
      for (const { hold, node: index } of run.open) run.at(index).release(hold)
      await run.bench.flush()
      const charged = [...run.bill.values()].reduce((sum, cost) => sum + cost, 0n)
      expect(run.steadyBill).toBeLessThanOrEqual(LIMIT)
      expect(await run.bench.close()).toMatchObject({ ok: true, problems: [], charged, balance: run.granted - charged, leased: 0n, writtenOff: 0n })
    }), { numRuns: RUNS })
  }, 120_000)

  test('leaves nothing parked: when all is quiet, all that is left can be held at once', async () => {
    await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 80, size: 'max' }), async (steps) => {
      const run = new Run(await TestBench.open(CREDITS, keys))
      for (const nodeId of NODES) run.nodes.push(await run.bench.node(nodeId))
      for (const one of steps) await run.take(one)
      await run.hearAgain()
      for (const { hold, node: index } of run.open.splice(0)) run.at(index).release(hold)
      // A refusal is remembered for a second; leases of which an answer was lost are closed by the next look at idle ones.
      run.bench.clock.advance(11_000)
      for (const one of run.nodes) await one.returnIdle()
      await run.tell()
      const left = run.granted - [...run.bill.values()].reduce((sum, cost) => sum + cost, 0n)
      const plain = run.key(3)
      const hold = await run.at(0).hold(callerOf(plain), 'gen-last', left)
      expect(hold.ok).toBe(true)
      await run.bench.close()
    }), { numRuns: RUNS / 2 })
  }, 120_000)
})
