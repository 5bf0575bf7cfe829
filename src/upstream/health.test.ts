import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { Fault, FAULTS, type FaultCode } from '../core/fault.ts'
import { FakeClock } from '../lib/clock.ts'
import { faultOutcome, type Outcome } from './health-outcome.ts'
import { readMemory } from './health-memory.ts'
import { Health } from './health.ts'

const OK: Outcome = { ok: true, counted: true, rateLimited: false }
const FAILED: Outcome = { ok: false, counted: true, rateLimited: false }
const REFUSED: Outcome = { ok: false, counted: false, rateLimited: false }
const ID = 'a/m@p'
const SECOND = 1_000
const MINUTE = 60_000

function start(): { clock: FakeClock; health: Health; record: (outcome: Outcome, times?: number) => void } {
  const clock = new FakeClock()
  const health = new Health(clock)
  return { clock, health, record: (outcome, times = 1) => { for (let done = 0; done < times; done++) health.record(ID, outcome) } }
}

describe('outage', () => {
  test('an endpoint that was never called is well', () => {
    const { health } = start()
    expect(health.of(ID)).toEqual({ outage: false, state: 'normal' })
    expect(health.stats(ID)).toEqual({})
  })

  const SHARES = [
    [0, 2, false], [0, 3, true], [3, 3, true], [4, 3, false], [100, 4, false], [100, 5, true],
  ] as const
  test.each(SHARES)('C20: %d good, then %d failed calls in 30 seconds: %p', (good, failed, outage) => {
    const { health, record } = start()
    record(OK, good)
    record(FAILED, failed)
    expect(health.of(ID).outage).toBe(outage)
  })

  test('C20: it is seen at once, though the last answer is kept for a while', () => {
    const { health, record } = start()
    record(OK)
    expect(health.of(ID).outage).toBe(false)
    record(FAILED, 3)
    expect(health.of(ID).outage).toBe(true)
  })

  test('C20: it passes by itself after 30 seconds', () => {
    const { clock, health, record } = start()
    record(FAILED, 10)
    clock.advance(29 * SECOND)
    expect(health.of(ID).outage).toBe(true)
    clock.advance(2 * SECOND)
    expect(health.of(ID).outage).toBe(false)
  })

  test('C20: a success ends a row, the share decides then', () => {
    const { clock, health, record } = start()
    record(OK, 100)
    record(FAILED, 5)
    record(OK)
    clock.advance(SECOND)
    expect(health.of(ID).outage).toBe(false)
  })

  test('endpoints do not touch each other', () => {
    const { health, record } = start()
    record(FAILED, 9)
    expect(health.of('a/m@other').outage).toBe(false)
  })
})

describe('uptime', () => {
  const STATES = [
    [100, 0, 'normal'], [95, 5, 'normal'], [94, 6, 'degraded'], [80, 20, 'degraded'], [79, 21, 'down'], [0, 99, 'normal'], [0, 100, 'down'],
  ] as const
  test.each(STATES)('C21: %d good and %d failed calls in 5 minutes: %s', (good, failed, state) => {
    const { clock, health, record } = start()
    record(FAILED, failed)
    record(OK, good)
    clock.advance(MINUTE)
    expect(health.of(ID)).toMatchObject({ state, uptime: good / (good + failed) })
  })

  test('C21: refusals and rate limits count neither way', () => {
    const { health, record } = start()
    record(REFUSED, 500)
    record({ ...REFUSED, rateLimited: true }, 500)
    expect(health.of(ID)).toMatchObject({ state: 'normal', outage: false })
    expect(health.of(ID).uptime).toBeUndefined()
    record(OK)
    expect(health.stats(ID).uptime5m).toBe(1)
  })

  test('J27: 5 minutes, 30 minutes and a day', () => {
    const { clock, health, record } = start()
    record(FAILED)
    clock.advance(60 * MINUTE)
    record(FAILED)
    record(OK)
    clock.advance(10 * MINUTE)
    record(OK)
    expect(health.stats(ID)).toMatchObject({ uptime5m: 1, uptime30m: 2 / 3, uptime1d: 0.5 })
    clock.advance(24 * 60 * MINUTE)
    expect(health.stats(ID)).toEqual({})
  })
})

describe('rate limits', () => {
  const limited = (retryAfterMs?: number): Outcome => ({ ok: false, counted: false, rateLimited: true, retryAfterMs })

  test('a 429 cools until its Retry-After, a good answer meanwhile changes nothing, a later 429 never shortens it', () => {
    const { clock, health, record } = start()
    record(limited(20 * SECOND))
    record(OK)
    record(limited(5 * SECOND))
    expect(health.of(ID)).toMatchObject({ cooling: true, outage: false })
    clock.advance(19 * SECOND)
    expect(health.of(ID).cooling).toBe(true)
    clock.advance(SECOND)
    expect(health.of(ID).cooling).toBe(false)
  })

  test('without a Retry-After for twice as long each time that it comes again on the way back, half a minute at most', () => {
    const { clock, health, record } = start()
    const pauses: number[] = []
    for (let round = 0; round < 7; round++) {
      record(limited())
      // One that was sent before the first came back says nothing new.
      record(limited())
      let seconds = 0
      for (; health.of(ID).cooling; seconds++) clock.advance(SECOND)
      pauses.push(seconds)
    }
    expect(pauses).toEqual([1, 2, 4, 8, 16, 30, 30])
  })

  test('without a Retry-After for a second, with an endless one for ten minutes', () => {
    const { clock, health, record } = start()
    record(limited())
    expect(health.of(ID).cooling).toBe(true)
    clock.advance(SECOND)
    expect(health.of(ID).cooling).toBe(false)
    record(limited(86_400 * SECOND))
    clock.advance(10 * MINUTE)
    expect(health.of(ID).cooling).toBe(false)
  })
})

describe('percentiles', () => {
  test('C16–C18: nine of ten do better than p90, whichever way is better', () => {
    const { health, record } = start()
    for (let step = 1; step <= 100; step++) record({ ...OK, latencyMs: step * 10, throughput: step })
    const { latency, throughput } = health.of(ID)
    const expected = { p50: [500, 50], p75: [750, 25], p90: [900, 10], p99: [990, 1] } as const
    for (const [name, [ms, speed]] of Object.entries(expected)) {
      expect(near(latency?.[name as keyof typeof expected], ms)).toBe(true)
      expect(near(throughput?.[name as keyof typeof expected], speed)).toBe(true)
    }
  })

  test('C18: what is older than five minutes is gone, from `of` and not from the 30 minutes', () => {
    const { clock, health, record } = start()
    record({ ...OK, latencyMs: 100, throughput: 40 })
    clock.advance(5 * MINUTE + 10 * SECOND)
    expect(health.of(ID).latency).toBeUndefined()
    expect(near(health.stats(ID).latency30m?.p50, 100)).toBe(true)
    expect(near(health.stats(ID).throughput30m?.p50, 40)).toBe(true)
    clock.advance(26 * MINUTE)
    expect(health.stats(ID).latency30m).toBeUndefined()
  })

  test('a failed call without a first token says nothing about speed; the ends of the scale hold', () => {
    const { health, record } = start()
    record(FAILED)
    expect(health.of(ID).latency).toBeUndefined()
    record({ ...OK, latencyMs: 0, throughput: 0 })
    record({ ...OK, latencyMs: 1e12, throughput: 1e12 })
    expect(health.stats(ID).latency30m?.p99).toBeLessThan(300_000)
    expect(health.stats(ID).throughput30m?.p50).toBeGreaterThan(0)
  })

  test('within 10 % of the sorted list, in order', () => {
    fc.assert(fc.property(fc.array(fc.double({ min: 2, max: 100_000, noNaN: true }), { minLength: 1, maxLength: 200 }), (values) => {
      const { health, record } = start()
      for (const latencyMs of values) record({ ...OK, latencyMs })
      const sorted = values.toSorted((a, b) => a - b)
      const { latency } = health.of(ID)
      for (const [name, part] of [['p50', 0.5], ['p75', 0.75], ['p90', 0.9], ['p99', 0.99]] as const) {
        expect(near(latency?.[name], sorted[Math.ceil(values.length * part) - 1] ?? 0)).toBe(true)
      }
    }), { numRuns: 100, seed: 5 })
  })
})

/** Within a bucket's width, and the rounding to a tenth. */
function near(measured: number | undefined, wanted: number): boolean {
  return measured !== undefined && Math.abs(measured - wanted) <= wanted * 0.1 + 0.1
}

describe('what faults say', () => {
  const COUNTED: readonly FaultCode[] = ['provider_credential', 'provider_payment', 'provider_model_missing', 'provider_overloaded', 'provider_error', 'provider_unreachable',
    'provider_bad_answer', 'provider_cut', 'provider_timeout', 'provider_too_much']
  // The keys of FAULTS are FaultCodes; Object.keys cannot say so.
  test.each(Object.keys(FAULTS) as FaultCode[])('C21: %s', (code) => {
    const outcome = faultOutcome(new Fault(code, 'x', { retryAfterMs: 7 }))
    const refused = code === 'provider_credential' || code === 'provider_payment'
    expect(outcome).toEqual({ ok: false, counted: COUNTED.includes(code), rateLimited: code === 'provider_rate_limited', ...(refused && { refused }), retryAfterMs: 7 })
  })
})

describe('C35–C38: what Auto Exacto asks', () => {
  test('calls of 30 minutes, answers with tool calls of 2 hours, the share of bad ones of a day', () => {
    const { clock, health, record } = start()
    record(OK, 30)
    for (let done = 0; done < 8; done++) health.recordTools(ID, done < 2)
    expect(health.of(ID)).toMatchObject({ calls30m: 30, toolCalls: { calls2h: 8, errorRate: 0.25 } })
    clock.advance(3 * 60 * MINUTE)
    health.recordTools(ID, false)
    expect(health.of(ID)).toMatchObject({ calls30m: 0, toolCalls: { calls2h: 1, errorRate: 2 / 9 } })
    clock.advance(26 * 60 * MINUTE)
    expect(health.of(ID).toolCalls).toBeUndefined()
  })

  test('checks wait until nobody does, and are so many a second at most', async () => {
    const { clock, health } = start()
    let checked = 0
    const check = (): void => health.checkTools(ID, () => checked++ % 2 === 0)
    for (let call = 0; call < 500; call++) check()
    expect(checked).toBe(0)
    await new Promise((resolve) => setImmediate(resolve))
    expect(checked).toBe(100)
    clock.advance(SECOND)
    check()
    await new Promise((resolve) => setImmediate(resolve))
    expect(health.of(ID).toolCalls?.calls2h).toBe(101)
  })
})

/** Everything that is told and learned at one moment. */
function tellAll(from: Health, to: Health): void {
  to.learn(from.takeNews() ?? {})
}

describe('what others see', () => {
  test('counts as if it had happened here, once', () => {
    const { clock, health, record } = start()
    const other = new Health(clock)
    record({ ...OK, latencyMs: 200, throughput: 50 }, 30)
    record(FAILED, 10)
    health.recordTools(ID, true)
    tellAll(health, other)
    clock.advance(SECOND)
    expect(other.of(ID)).toEqual(health.of(ID))
    expect(other.stats(ID)).toEqual(health.stats(ID))
    expect(health.takeNews()).toBeUndefined()
    expect(other.takeNews()).toBeUndefined()
  })

  test('failures of a row add up over processes', () => {
    const { clock, health, record } = start()
    const other = new Health(clock)
    for (let done = 0; done < 100; done++) other.record(ID, OK)
    record(FAILED, 3)
    tellAll(health, other)
    expect(other.of(ID).outage).toBe(false)
    for (let done = 0; done < 2; done++) other.record(ID, FAILED)
    expect(other.of(ID).outage).toBe(true)
  })

  test('clocks need not agree', () => {
    const { health, record } = start()
    const late = new Health(new FakeClock(0))
    record(FAILED, 3)
    tellAll(health, late)
    expect(late.of(ID).outage).toBe(true)
  })
})

describe('what is kept', () => {
  const restarted = (health: Health, clock: FakeClock): Health => {
    const next = new Health(clock)
    const memory = readMemory(JSON.stringify(health.memory()))
    if (!memory) throw new Error('what was kept can be read')
    next.load(memory)
    return next
  }

  test('is the same after a restart', () => {
    const { clock, health, record } = start()
    record({ ...OK, latencyMs: 300, throughput: 40 }, 200)
    record({ ok: false, counted: false, rateLimited: true, retryAfterMs: 20 * SECOND })
    record(FAILED, 250)
    health.recordTools(ID, true)
    clock.advance(SECOND)
    const next = restarted(health, clock)
    expect(next.of(ID)).toEqual(health.of(ID))
    expect(next.stats(ID)).toEqual(health.stats(ID))
  })

  test('ages meanwhile: what has passed is empty', () => {
    const { clock, health, record } = start()
    record(FAILED, 200)
    clock.advance(40 * SECOND)
    expect(restarted(health, clock).of(ID)).toMatchObject({ outage: false, state: 'down' })
    clock.advance(6 * MINUTE)
    expect(restarted(health, clock).of(ID)).toMatchObject({ outage: false, state: 'normal' })
    expect(restarted(health, clock).stats(ID)).toMatchObject({ uptime30m: 0 })
    clock.advance(25 * 60 * MINUTE)
    expect(restarted(health, clock).stats(ID)).toEqual({})
  })

  test.each(['', '{', '[]', '{"version":2,"savedMs":1,"endpoints":{}}', '{"version":1,"savedMs":1,"endpoints":{"a":{}}}', '{"version":1,"savedMs":1,"endpoints":{"a":{"counts":{},"measures":{"latency5m":[[1,[999,1]]]},"row":0}}}'])('%s is no memory', (text) => {
    expect(readMemory(text)).toBeUndefined()
  })
})

test('memory is bounded: of many endpoints the first called are forgotten', () => {
  const clock = new FakeClock()
  const health = new Health(clock)
  for (let index = 0; index < 1_001; index++) health.record(`a/m@${index}`, OK)
  expect(health.of('a/m@0').uptime).toBeUndefined()
  expect(health.of('a/m@1').uptime).toBe(1)
  expect(health.of('a/m@1000').uptime).toBe(1)
})
