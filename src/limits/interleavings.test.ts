import { describe, expect, test } from 'bun:test'
import { LimitBench, NOON_MS, pass, settings, type LimitNode } from './limits.fixture.ts'
import type { Taken } from './limits.ts'
import type { Metric } from './rule.ts'

const MINUTE_MS = 60_000
const NODES = 3
const STEPS = 250

/** Numbers in [0, 1) that are the same for the same seed (mulberry32). */
function numbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

interface Open { readonly node: number; readonly taken: readonly Taken[]; readonly amount: bigint; readonly window: number }

/** Random calls, ends, kills, outages and steps of the clock. What passed in each window, by its beginning. */
async function run(seed: number, metric: Metric, limit: bigint): Promise<{ readonly passed: Map<number, bigint>; readonly bench: LimitBench; readonly nodes: LimitNode[] }> {
  const random = numbers(seed)
  const bench = await LimitBench.open()
  const rates = settings({ perKey: metric === 'requests' ? { requestsPerMinute: limit } : { tokensPerMinute: limit } })
  const nodes: LimitNode[] = []
  for (let node = 0; node < NODES; node++) nodes.push(await bench.node(`node-${node}`))
  const passed = new Map<number, bigint>()
  const open: Open[] = []
  const call = async (at: number): Promise<void> => {
    const amount = metric === 'requests' ? 1n : BigInt(1 + Math.floor(random() * Number(limit) / 3))
    const answer = await pass(nodes[at % NODES]?.limits ?? never(), rates, metric, amount)
    if (!answer.ok) return
    // The window in which it was taken, which may not be that in which it was asked.
    const window = answer.taken[0]?.slice.startMs ?? never()
    passed.set(window, (passed.get(window) ?? 0n) + amount)
    open.push({ node: at % NODES, taken: answer.taken, amount, window })
  }
  const end = (): void => {
    const [one] = open.splice(Math.floor(random() * open.length), 1)
    if (!one || metric === 'requests') return
    // Never more than was taken: what passes beyond is bounded by nothing.
    const truth = one.amount * BigInt(Math.floor(random() * 101)) / 100n
    for (const taken of one.taken) nodes[one.node]?.limits.correct(taken, truth)
    passed.set(one.window, (passed.get(one.window) ?? 0n) - (one.amount - truth))
  }
  for (let step = 0; step < STEPS; step++) {
    const dice = random()
    const at = Math.floor(random() * NODES)
    if (dice < 0.6) await Promise.all(Array.from({ length: 1 + Math.floor(random() * 8) }, () => call(Math.floor(random() * NODES))))
    else if (dice < 0.8) end()
    else if (dice < 0.9) bench.clock.advance(Math.floor(random() * MINUTE_MS / 2))
    else if (dice < 0.93) bench.clock.advance(-Math.floor(random() * 2 * MINUTE_MS))
    else if (dice < 0.96) {
      const { bank } = nodes[at] ?? never()
      bank.away = !bank.away
    } else if (dice < 0.98) {
      await bench.kill(`node-${at}`)
      for (let index = open.length - 1; index >= 0; index--) if (open[index]?.node === at) open.splice(index, 1)
      nodes[at] = await bench.node(`node-${at}`)
    }
    for (const [window, amount] of passed) expect({ seed, step, window, over: amount > limit }).toEqual({ seed, step, window, over: false })
  }
  for (const { bank } of nodes) bank.away = false
  return { passed, bench, nodes }
}

function never(): never {
  throw new Error('there are as many nodes as there are numbers for them')
}

describe('whatever happens in whichever order', () => {
  test.each([
    ['requests', 7n], ['requests', 60n], ['tokens', 10_000n],
  ] as const)('no window lets more %s pass than %d, and one that nobody used lets all of it pass', async (metric, limit) => {
    for (let seed = 1; seed <= 12; seed++) {
      const { bench, nodes, passed } = await run(seed, metric, limit)
      expect(passed.size).toBeGreaterThan(2)
      bench.clock.advance(Math.max(0, NOON_MS - bench.clock.wallMs()) + 3_600_000)
      // One after another ask for a part, until the window is full: no part of it lies idle.
      const rates = settings({ perKey: metric === 'requests' ? { requestsPerMinute: limit } : { tokensPerMinute: limit } })
      const part = metric === 'requests' ? 1n : limit / 10n
      let all = 0n
      for (let turn = 0; turn < Number(limit / part) + 4; turn++) if ((await pass(nodes[turn % NODES]?.limits ?? never(), rates, metric, part)).ok) all += part
      expect({ seed, all }).toEqual({ seed, all: limit })
      await bench.close()
    }
  }, 60_000)
})
