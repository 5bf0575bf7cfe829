import { afterEach, describe, expect, test } from 'bun:test'
import { NodeWatch, SILENT_MS_MAX } from './node-watch.ts'
import { ACCOUNT, callerOf, generationOf, TestBench, testKey } from './store.fixture.ts'

const BEAT_MS = 5_000
const key = testKey('one')
let bench: TestBench

afterEach(async () => {
  expect(await bench.close()).toMatchObject({ ok: true, problems: [] })
})

function watch(nodeId: string, log: string[] = []): NodeWatch {
  return new NodeWatch({ nodeId, bank: bench.store, clock: bench.clock, log: (line) => log.push(line) })
}

describe('NodeWatch', () => {
  test('gives back what a node had leased that shows no life, and not before; its journal is taken when it comes back', async () => {
    bench = await TestBench.open(1_000n, [key])
    const [silent, awake] = [await bench.node('silent'), watch('awake')]
    const hold = await silent.hold(callerOf(key), 'gen-1-a', 100n)
    if (!hold.ok) throw new Error('refused')
    silent.settle(hold, generationOf(key, 'gen-1-a', { cost: 60n }))
    bench.kill('silent')
    await awake.look()
    bench.clock.advance(SILENT_MS_MAX - 1)
    await awake.look()
    expect((await bench.store.verify()).leased).toBeGreaterThan(0n)
    bench.clock.advance(1)
    const log: string[] = []
    const other = watch('awake', log)
    await other.look()
    expect(log).toEqual([])
    await awake.look()
    expect(await bench.store.verify()).toMatchObject({ ok: true, leased: 0n, balance: 1_000n })
    expect(await bench.recover('silent')).toMatchObject({ settled: 1 })
    expect(await bench.store.verify()).toMatchObject({ ok: true, balance: 940n, charged: 60n, writtenOff: 0n })
  })

  test('leaves alone those that beat, however long', async () => {
    bench = await TestBench.open(1_000n, [key])
    const [a, b] = [watch('a'), watch('b')]
    for (let ms = 0; ms < 2 * SILENT_MS_MAX; ms += SILENT_MS_MAX / 2) {
      await a.look()
      await b.look()
      bench.clock.advance(SILENT_MS_MAX / 2)
    }
    expect((await bench.store.beat('c', 1)).map(({ nodeId }) => nodeId).toSorted()).toEqual(['a', 'b', 'c'])
  })

  test('a node that is not heard stops before the others give its leases back, and goes on when it is', async () => {
    bench = await TestBench.open(1_000n, [key])
    const one = watch('a')
    await one.look()
    bench.clock.advance(SILENT_MS_MAX - 120_000)
    expect(one.isHeard()).toBe(true)
    bench.clock.advance(60_000)
    expect(one.isHeard()).toBe(false)
    await one.look()
    expect(one.isHeard()).toBe(true)
    bench.clock.advance(BEAT_MS)
    expect(one.isHeard()).toBe(true)
  })

  test('does not close a node that has beaten since it was looked at', async () => {
    bench = await TestBench.open(1_000n, [key])
    const [before] = await bench.store.beat('a', 1)
    await bench.store.beat('a', 2)
    expect(await bench.store.expireNode('a', before?.beat ?? 0n)).toBe(false)
    expect(await bench.store.credits(ACCOUNT)).toEqual({ total: 1_000n, used: 0n })
  })
})
