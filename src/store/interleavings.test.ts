import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import type { Hold } from '../ledger/ledger.ts'
import type { LedgerNode } from '../ledger/node.ts'
import { ACCOUNT, callerOf, generationOf, TestBench, testKey } from './store.fixture.ts'

const CREDITS = 500n
const LIMIT = 200n
const keys = [testKey('plain'), testKey('limited', { limit: LIMIT }), testKey('daily', { limit: LIMIT, limitReset: 'daily' })]
const nodeIds = ['a', 'b', 'c']

type Step =
  | { readonly do: 'hold'; readonly node: number; readonly key: number; readonly amount: bigint }
  | { readonly do: 'settle' | 'release'; readonly which: number; readonly part: number }
  | { readonly do: 'flush' | 'idle' | 'crash'; readonly node: number }
  | { readonly do: 'pass'; readonly ms: number }

const node = fc.nat({ max: nodeIds.length - 1 })
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('hold' as const), node, key: fc.nat({ max: keys.length - 1 }), amount: fc.bigInt({ min: 0n, max: 120n }) }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constantFrom('settle' as const, 'release' as const), which: fc.nat(), part: fc.nat({ max: 100 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('flush' as const, 'idle' as const, 'crash' as const), node }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.constantFrom(500, 20_000, 86_400_000) }) },
)

/** Runs steps on real nodes, and keeps the provider's own bill beside them. */
class Run {
  readonly nodes: LedgerNode[] = []
  readonly open: { hold: Hold; node: number; key: number }[] = []
  readonly bill = new Map<string, bigint>()
  private lastId = 0

  constructor(readonly bench: TestBench) {}

  async take(step: Step): Promise<void> {
    switch (step.do) {
      case 'hold': return this.hold(step)
      case 'settle': case 'release': return this.end(step)
      case 'flush': return this.at(step.node).flush()
      case 'idle': return this.at(step.node).returnIdle()
      case 'crash': return this.crash(step.node)
      case 'pass': return this.bench.clock.advance(step.ms)
    }
  }

  private async hold({ node, key, amount }: Extract<Step, { do: 'hold' }>): Promise<void> {
    const hold = await this.at(node).hold(callerOf(this.key(key)), `gen-${++this.lastId}`, amount)
    if (hold.ok) this.open.push({ hold, node, key })
    else expect(hold.left).toBeLessThan(amount)
  }

  private end({ which, part, do: how }: Extract<Step, { do: 'settle' | 'release' }>): void {
    const [one] = this.open.splice(which % Math.max(1, this.open.length), 1)
    if (!one) return
    const { hold } = one
    if (how === 'release') return this.at(one.node).release(hold)
    const cost = hold.amount * BigInt(part) / 100n
    this.at(one.node).settle(hold, generationOf(this.key(one.key), hold.callId, { cost, createdMs: this.bench.clock.wallMs() }))
    this.bill.set(hold.callId, cost)
  }

  private async crash(index: number): Promise<void> {
    const nodeId = nodeIds[index] ?? ''
    this.bench.kill(nodeId)
    await this.bench.recover(nodeId)
    this.nodes[index] = await this.bench.node(nodeId)
    for (let at = this.open.length - 1; at >= 0; at--) if (this.open[at]?.node === index) this.open.splice(at, 1)
  }

  at(index: number): LedgerNode {
    const found = this.nodes[index]
    if (!found) throw new Error('no such node')
    return found
  }

  key(index: number): (typeof keys)[number] {
    const found = keys[index]
    if (!found) throw new Error('no such key')
    return found
  }
}

describe('any interleaving of holds, ends, crashes and time over three nodes', () => {
  test('keeps every sum, charges exactly the bill, and passes no cap', async () => {
    await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 30, maxLength: 120, size: 'max' }), async (steps) => {
      const run = new Run(await TestBench.open(CREDITS, keys))
      for (const nodeId of nodeIds) run.nodes.push(await run.bench.node(nodeId))
      for (const one of steps) await run.take(one)
      await run.bench.flush()
      const during = await run.bench.store.verify()
      expect(during.problems).toEqual([])
      for (const { hold, node: index } of run.open) run.at(index).release(hold)
      await run.bench.flush()
      for (const [id, cost] of run.bill) expect((await run.bench.store.generation(ACCOUNT, id))?.cost).toBe(cost)
      const limited = await run.bench.store.keyRecord(ACCOUNT, run.key(1).hash, run.bench.clock.wallMs())
      expect(limited?.usage.total).toBeLessThanOrEqual(LIMIT)
      const charged = [...run.bill.values()].reduce((sum, cost) => sum + cost, 0n)
      expect(charged).toBeLessThanOrEqual(CREDITS)
      expect(await run.bench.close()).toMatchObject({ ok: true, charged, balance: CREDITS - charged, leased: 0n, writtenOff: 0n })
    }), { numRuns: 60 })
  }, 120_000)
})
