import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { appendFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FakeClock, systemClock, type Clock } from '../lib/clock.ts'
import type { Outcome } from './health-outcome.ts'
import { SharedHealth, type OpenExchange } from './health-exchange.ts'
import { healthFiles } from './health-files.ts'
import { Health } from './health.ts'

const FAILED: Outcome = { ok: false, counted: true, rateLimited: false }
const ID = 'a/m@p'
const MINUTE_MS = 60_000

async function until(holds: () => boolean): Promise<void> {
  for (let looks = 0; looks < 400 && !holds(); looks++) await Bun.sleep(10)
  expect(holds()).toBe(true)
}

describe('news', () => {
  /** A way that brings everything to everybody at once, its own teller too. */
  function way(): OpenExchange {
    const ears: ((message: string) => void)[] = []
    return (hear) => {
      ears.push(hear)
      return { tell: (message) => { for (const ear of ears) ear(message) }, close: () => Promise.resolve() }
    }
  }

  test('that come by two ways count once, and nobody hears himself', async () => {
    const clock = new FakeClock()
    const [one, other] = [new Health(clock), new Health(clock)]
    const ways = [way(), way()]
    const shared = [new SharedHealth({ health: one, processId: 'one', ways }), new SharedHealth({ health: other, processId: 'other', ways })]
    for (let round = 0; round < 2; round++) {
      one.record(ID, FAILED)
      shared[0]?.tell()
    }
    expect([one.of(ID).outage, other.of(ID).outage]).toEqual([false, false])
    one.record(ID, FAILED)
    shared[0]?.tell()
    expect([one.of(ID).outage, other.of(ID).outage]).toEqual([true, true])
    await Promise.all(shared.map((each) => each.close()))
  })

  test('of another form are left', async () => {
    const health = new Health(new FakeClock())
    const words: ((message: string) => void)[] = []
    const shared = new SharedHealth({ health, processId: 'one', ways: [(hear) => {
      words.push(hear)
      return { tell: () => undefined, close: () => Promise.resolve() }
    }] })
    const news = { ok: 0, failed: 9, row: 9, latency: [], throughput: [], coolMs: 0, refusedMs: 0, proofs: 0, toolsOk: 0, toolsBad: 0 }
    const message = { version: 1, from: 'other', number: 0, endpoints: { [ID]: news } }
    for (const wrong of ['', 'x', '[]', JSON.stringify({ ...message, version: 2 }), JSON.stringify({ ...message, endpoints: { [ID]: { ...news, failed: -1 } } }), JSON.stringify({ ...message, endpoints: { [ID]: { ...news, latency: [900, 1] } } })]) words[0]?.(wrong)
    expect(health.of(ID).outage).toBe(false)
    words[0]?.(JSON.stringify(message))
    expect(health.of(ID).outage).toBe(true)
    await shared.close()
  })
})

describe('files', () => {
  let directory: string
  beforeEach(() => { directory = mkdtempSync(join(tmpdir(), 'switchyard-news-')) })
  afterEach(() => rmSync(directory, { recursive: true, force: true }))

  function open(heard: string[], clock: Clock = systemClock, troubles: unknown[] = []) {
    return healthFiles({ directory, clock, onTrouble: (error) => troubles.push(error) })((message) => heard.push(message))
  }

  test('bring each line to all who were there, whole, in order and once', async () => {
    const clock = new FakeClock(7 * MINUTE_MS)
    appendFileSync(join(directory, 'news-7.log'), 'from before\n')
    const heard: string[][] = [[], []]
    const exchanges = heard.map((list) => open(list, clock))
    // Both have looked at what was there.
    await Bun.sleep(50)
    exchanges[0]?.tell('a')
    exchanges[1]?.tell('b')
    await until(() => heard.every((list) => list.length === 2))
    appendFileSync(join(directory, 'news-7.log'), 'hal')
    clock.advance(MINUTE_MS)
    exchanges[0]?.tell('c')
    await until(() => heard.every((list) => list.includes('c')))
    appendFileSync(join(directory, 'news-7.log'), 'f\n')
    await until(() => heard.every((list) => list.includes('half')))
    for (const list of heard) expect(list.toSorted()).toEqual(['a', 'b', 'c', 'half'])
    await Promise.all(exchanges.map((exchange) => exchange.close()))
  })

  test('of minutes that are over are taken away, others are not touched', async () => {
    const clock = new FakeClock(9 * MINUTE_MS)
    for (const name of ['news-3.log', 'news-8.log', 'kept.json']) writeFileSync(join(directory, name), '')
    const exchange = open([], clock)
    await until(() => !existsSync(join(directory, 'news-3.log')))
    expect(['news-8.log', 'kept.json'].map((name) => existsSync(join(directory, name)))).toEqual([true, true])
    await exchange.close()
  })

  test('that cannot be written are told once', async () => {
    writeFileSync(join(directory, 'taken'), '')
    const troubles: unknown[] = []
    const exchange = healthFiles({ directory: join(directory, 'taken'), clock: systemClock, onTrouble: (error) => troubles.push(error) })(() => undefined)
    exchange.tell('a')
    exchange.tell('b')
    await exchange.close()
    expect(troubles).toHaveLength(1)
  })
})
