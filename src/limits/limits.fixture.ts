// What the tests of limits stand on: several processes in one, over one real store, on a clock that is set by hand.
import { OPERATOR } from '../accounts/audit-entry.ts'
import { INSTANCE_SETTINGS } from '../accounts/instance.ts'
import { freshPurchase } from '../billing/purchase.ts'
import { DEFAULT_RATE_LIMITS, type RateLimits } from '../catalog/rate-limits.ts'
import { Fault } from '../core/fault.ts'
import { FakeClock } from '../lib/clock.ts'
import { migrate } from '../store/schema.ts'
import { SqlPurchases } from '../store/sql-purchases.ts'
import { SqlStore } from '../store/sql-store.ts'
import { ACCOUNT, callerOf, testDatabase, testDirectory, testKey } from '../store/store.fixture.ts'
import { Limits, type LimitRefusal, type Passed } from './limits.ts'
import type { Metric } from './rule.ts'
import type { SliceBank, WantedSlice } from './slice-bank.ts'

/** 12:00:00 UTC: a minute and no day begins. */
export const NOON_MS = Date.parse('2026-11-20T12:00:00Z')

export const CALLER = callerOf(testKey('first'))

/** Settings that limit nothing but what is said. */
export function settings(change: Partial<RateLimits>): RateLimits {
  return { ...DEFAULT_RATE_LIMITS, ...change }
}

/** The store as one process sees it: until the process dies, or the store is away. */
class NodeSlices implements SliceBank {
  dead = false
  away = false
  asks = 0
  /** What is given back comes to the store after this: later than what was asked after it, as on another connection. */
  returnsAfter: Promise<void> | undefined
  constructor(private readonly bench: LimitBench, private readonly limits: () => readonly Limits[]) {}
  takeSlices(...args: Parameters<SliceBank['takeSlices']>) {
    this.asks++
    const isReturn = args[0].some(({ back }) => back > 0n)
    return this.reach(async () => {
      if (isReturn) await this.returnsAfter
      return await this.bench.store.takeSlices(...args)
    })
  }

  windowUse(...args: Parameters<SliceBank['windowUse']>) { return this.reach(() => this.bench.store.windowUse(...args)) }
  pruneWindows(...args: Parameters<SliceBank['pruneWindows']>) { return this.reach(() => this.bench.store.pruneWindows(...args)) }

  /** Reaches the other processes before it ends. */
  recallSlices(...[windows, nodeId]: Parameters<SliceBank['recallSlices']>) {
    return this.reach(async () => {
      await this.bench.store.recallSlices(windows, nodeId)
      const slices: WantedSlice[] = windows.map((window) => ({ ...window, wantedBy: nodeId }))
      await Promise.all(this.limits().map((limits) => limits.noteChanges({ slices, accounts: [] })))
    })
  }

  private reach<T>(work: () => Promise<T>): Promise<T> {
    if (this.dead) return new Promise<never>(() => undefined)
    if (this.away) return Promise.reject(new Fault('unavailable', 'the store is away'))
    const done = work()
    const ended = done.then(() => undefined, () => undefined).finally(() => this.bench.underWay.delete(ended))
    this.bench.underWay.add(ended)
    return done
  }
}

export interface LimitNode {
  readonly limits: Limits
  readonly bank: { away: boolean; asks: number; returnsAfter: Promise<void> | undefined }
}

/** Several processes over one store. */
export class LimitBench {
  readonly clock = new FakeClock(NOON_MS)
  readonly database = testDatabase(testDirectory())
  readonly store = new SqlStore(this.database)
  /** Questions to the store that have no answer yet. */
  readonly underWay = new Set<Promise<void>>()
  private readonly nodes = new Map<string, { readonly limits: Limits; readonly bank: NodeSlices }>()

  static async open(): Promise<LimitBench> {
    const bench = new LimitBench()
    await migrate(bench.database, NOON_MS)
    return bench
  }

  /** Credit that the first account pays for elsewhere. */
  async buy(creditCents: number): Promise<void> {
    const nowMs = this.clock.wallMs()
    const purchase = freshPurchase({ accountId: ACCOUNT, id: 'purchase', kind: 'recorded', provider: 'operator', isLive: true, creditCents, feeCents: 0, savesCard: false, createdBy: null, createdMs: nowMs, expiryDays: null })
    await new SqlPurchases(this.database).recordPayment(purchase, 'transfer 1', INSTANCE_SETTINGS.seller, { by: OPERATOR, nowMs })
  }

  async node(nodeId: string): Promise<LimitNode> {
    const bank = new NodeSlices(this, () => [...this.nodes.values()].flatMap(({ limits, bank: { away, dead } }) => (away || dead ? [] : [limits])))
    await this.store.openNode(nodeId, this.clock.wallMs())
    const limits = new Limits({ nodeId, bank, clock: this.clock, recallWaitsMs: [0] })
    this.nodes.set(nodeId, { limits, bank })
    return { limits, bank }
  }

  /** Ends when what processes do behind the calls' backs is done. */
  async quiet(): Promise<void> {
    do {
      // What was decided in this turn is asked at its end.
      await Promise.resolve()
      await Promise.all(this.underWay)
      await Bun.sleep(0)
    } while (this.underWay.size > 0)
  }

  /** What kill -9 leaves: nothing is told or given back. */
  async kill(nodeId: string): Promise<void> {
    const node = this.nodes.get(nodeId)
    if (node) node.bank.dead = true
    this.nodes.delete(nodeId)
    await this.store.closeNode(nodeId)
  }

  async close(): Promise<void> {
    for (const { limits } of this.nodes.values()) await limits.close()
    await this.database.close()
  }
}

/** A call that wants so much of every limit of a metric that holds for the caller. */
export function pass(limits: Limits, rates: RateLimits, metric: Metric = 'requests', amount = 1n): Passed | LimitRefusal | Promise<Passed | LimitRefusal> {
  return limits.pass(limits.rulesOf(CALLER, rates).always.filter((rule) => rule.metric === metric).map((rule) => ({ rule, amount })))
}

/** How many of so many calls pass, one after another. */
export async function passing(limits: Limits, rates: RateLimits, calls: number): Promise<number> {
  let passed = 0
  for (let call = 0; call < calls; call++) if ((await pass(limits, rates)).ok) passed++
  return passed
}
