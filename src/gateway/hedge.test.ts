import { describe, expect, test } from 'bun:test'
import type { Event } from '../core/event.ts'
import { Fault } from '../core/fault.ts'
import { UNKNOWN_HEALTH } from '../routing/health.ts'
import { at as endpointAt } from '../routing/small-catalogue.test.ts'
import { HedgeBudget, patienceMs, race, type Entrant } from './hedge.ts'

/** An endpoint of the race, which does what it is told when it is told. */
class Runner implements Entrant {
  won = false
  lost = false
  left = false
  readonly answer: Entrant['answer']
  private tell: (move: string | Fault | undefined) => void = () => undefined
  private told = this.next()

  constructor(readonly at: number) {
    this.answer = this.run()
  }

  /** Says a word, fails, or comes to its end. */
  move(move: string | Fault | undefined): void { this.tell(move) }
  win(): void { this.won = true }
  lose(): void {
    this.lost = true
    this.tell(new Fault('client_gone', 'lost'))
  }

  private next() { return new Promise<string | Fault | undefined>((resolve) => { this.tell = resolve }) }

  private async *run(): AsyncGenerator<Event[], Fault | undefined> {
    try {
      for (;;) {
        const move = await this.told
        this.told = this.next()
        if (typeof move !== 'string') return move
        yield [{ type: 'text', choice: 0, text: move }]
      }
    } finally {
      this.left = true
    }
  }
}

const IMPATIENT = () => 0
const PATIENT = () => 60_000
const DOWN = new Fault('provider_error', 'down')

function start(runners: readonly Runner[], patience: () => number) {
  const [first, ...others] = runners
  if (!first) throw new Error('a race has a first')
  return race(first, patience, () => others.shift())
}

const textOf = (events: readonly Event[]): string => events.map((event) => (event.type === 'text' ? event.text : '')).join('')

describe('race', () => {
  test('who speaks first is heard to the end, the other is let go', async () => {
    const [a, b] = [new Runner(0), new Runner(1)]
    const running = start([a, b], IMPATIENT)
    const first = running.next()
    await Bun.sleep(5)
    b.move('b1')
    expect((await first).value).toEqual([{ type: 'text', choice: 0, text: 'b1' }])
    expect([a.lost, a.left, b.won, b.lost]).toEqual([true, true, true, false])
    b.move('b2')
    expect(textOf((await running.next()).value as Event[])).toBe('b2')
    b.move(undefined)
    expect(await running.next()).toEqual({ done: true, value: [] })
  })

  test('who is quick enough runs alone', async () => {
    const [a, b] = [new Runner(0), new Runner(1)]
    const running = start([a, b], PATIENT)
    a.move('a1')
    expect(textOf((await running.next()).value as Event[])).toBe('a1')
    a.move(undefined)
    await running.next()
    expect([a.won, b.won, b.left]).toEqual([true, false, false])
  })

  test('one that fails leaves the race to the other', async () => {
    const [a, b] = [new Runner(0), new Runner(1)]
    const running = start([a, b], IMPATIENT)
    const first = running.next()
    await Bun.sleep(5)
    a.move(DOWN)
    b.move('b1')
    expect(textOf((await first).value as Event[])).toBe('b1')
    b.move(undefined)
    expect(await running.next()).toEqual({ done: true, value: [] })
  })

  test('where all fail, each says why, in the order in which they did', async () => {
    const [a, b] = [new Runner(0), new Runner(1)]
    const running = start([a, b], IMPATIENT)
    const end = running.next()
    await Bun.sleep(5)
    b.move(DOWN)
    await Bun.sleep(1)
    a.move(DOWN)
    expect(await end).toEqual({ done: true, value: [{ at: 1, fault: DOWN }, { at: 0, fault: DOWN }] })
  })

  test('a first that fails at once starts no other: that is failover’s', async () => {
    const [a, b] = [new Runner(0), new Runner(1)]
    const running = start([a, b], PATIENT)
    a.move(DOWN)
    expect(await running.next()).toEqual({ done: true, value: [{ at: 0, fault: DOWN }] })
    expect(b.left).toBe(false)
  })

  test('a client that leaves in the middle ends the winner too', async () => {
    const [a, b] = [new Runner(0), new Runner(1)]
    const running = start([a, b], IMPATIENT)
    const first = running.next()
    await Bun.sleep(5)
    b.move('b1')
    await first
    await running.return([])
    expect([a.left, b.left]).toEqual([true, true])
  })

  test('with nobody left to start, those that run are waited for', async () => {
    const a = new Runner(0)
    const running = start([a], IMPATIENT)
    const first = running.next()
    await Bun.sleep(5)
    a.move('late')
    expect(textOf((await first).value as Event[])).toBe('late')
    await running.return([])
  })
})

test('the budget: one extra call for every twenty, and one to begin with', () => {
  const budget = new HedgeBudget()
  let extra = 0
  for (let call = 0; call < 1_000; call++) {
    budget.ask()
    while (budget.take()) extra++
    expect(extra).toBeLessThanOrEqual(1 + (call + 1) / 20)
  }
  expect(extra).toBe(51)
})

test('patience is the client’s, or the endpoint’s own pace', () => {
  const latency = { p50: 100, p75: 200, p90: 400, p99: 900 }
  const step = { endpoint: endpointAt('openai', { usd: '1' })('a/m'), requested: 'a/m', reason: '' }
  const health = { of: () => ({ ...UNKNOWN_HEALTH, latency }) }
  expect(patienceMs({ after: 'p90', max: 2 }, step, health)).toBe(400)
  expect(patienceMs({ after: 150, max: 2 }, step, health)).toBe(150)
  expect(patienceMs({ after: 'p90', max: 2 }, step, { of: () => UNKNOWN_HEALTH })).toBe(2_000)
})
