import { describe, expect, test } from 'bun:test'
import type { Endpoint } from '../catalog/endpoint.ts'
import { testEndpoint } from '../dialects/openai-chat/fixtures.test-support.ts'
import { FakeClock } from '../lib/clock.ts'
import type { Outcome } from './health-outcome.ts'
import { Health, type CallUnderWay } from './health.ts'
import { InFlight } from './in-flight.ts'

const OK: Outcome = { ok: true, counted: true, rateLimited: false }
const FAILED: Outcome = { ok: false, counted: true, rateLimited: false }
const REFUSED: Outcome = { ...FAILED, refused: true }
const SECOND = 1_000
const ENDPOINT = testEndpoint({})
const ID = ENDPOINT.id

interface Place {
  readonly clock: FakeClock
  readonly health: Health
  enter(): CallUnderWay
  record(outcome: Outcome, times?: number): void
  share(): number
}

function start(): Place {
  const clock = new FakeClock()
  const health = new Health(clock)
  return {
    clock, health,
    enter: () => {
      const underWay = health.enter(ENDPOINT)
      if (!underWay) throw new Error('nothing limits this endpoint')
      return underWay
    },
    record: (outcome, times = 1) => { for (let done = 0; done < times; done++) health.record(ID, outcome) },
    share: () => health.of(ID).share ?? 1,
  }
}

/** After an outage, and after the pause that follows it. */
function paused(): Place {
  const place = start()
  place.record(FAILED, 3)
  place.clock.advance(30 * SECOND)
  return place
}

describe('half-open (lessons 82)', () => {
  test('nothing during the pause; then one call at a time', () => {
    const { clock, health, enter, record, share } = start()
    record(FAILED, 3)
    expect([health.of(ID).outage, share()]).toEqual([true, 0])
    clock.advance(30 * SECOND)
    expect([health.of(ID).outage, share()]).toEqual([false, 1])
    const probe = enter()
    expect(share()).toBe(0)
    probe.leave()
    expect(share()).toBe(1)
  })

  test('the first word of a probe proves that it works; the share grows from a tenth to all in 30 seconds', () => {
    const { clock, enter, share } = paused()
    const probe = enter()
    probe.spoke()
    expect(share()).toBeCloseTo(0.1)
    clock.advance(15 * SECOND)
    expect(share()).toBeCloseTo(0.55)
    clock.advance(15 * SECOND)
    expect(share()).toBe(1)
  })

  test('a probe that fails doubles the pause, up to four minutes', () => {
    const { clock, enter, record, share } = paused()
    const pauses: number[] = []
    for (let round = 0; round < 5; round++) {
      enter().leave()
      record(FAILED)
      let seconds = 0
      for (; share() === 0; seconds++) clock.advance(SECOND)
      pauses.push(seconds)
    }
    expect(pauses).toEqual([60, 120, 240, 240, 240])
  })

  test('what fails during the pause makes it no longer than 30 seconds from then', () => {
    const { clock, record, share } = start()
    record(FAILED, 3)
    clock.advance(10 * SECOND)
    record(FAILED, 4)
    clock.advance(29 * SECOND)
    expect(share()).toBe(0)
    clock.advance(SECOND)
    expect(share()).toBe(1)
  })

  test('on the ramp one bad call is one bad call, two of few are a relapse', () => {
    const { clock, enter, record, share } = paused()
    enter().spoke()
    record(OK)
    clock.advance(5 * SECOND)
    record(FAILED)
    expect(share()).toBeGreaterThan(0)
    record(FAILED)
    expect(share()).toBe(0)
  })

  test('on the ramp two bad calls of many are none', () => {
    const { clock, enter, record, share } = paused()
    enter().spoke()
    record(OK, 10)
    clock.advance(5 * SECOND)
    record(FAILED, 2)
    expect(share()).toBeGreaterThan(0)
  })

  test('a word to a call from before the fall proves nothing, one since does, even during the pause', () => {
    const { clock, enter, record, share } = start()
    const before = enter()
    clock.advance(SECOND)
    record(FAILED, 3)
    clock.advance(SECOND)
    before.spoke()
    expect(share()).toBe(0)
    enter().spoke()
    expect(share()).toBeCloseTo(0.1)
  })

  test('once well again, a new fall is a first one', () => {
    const { clock, enter, record, share } = paused()
    enter().spoke()
    clock.advance(60 * SECOND)
    record(FAILED, 3)
    clock.advance(30 * SECOND)
    expect(share()).toBe(1)
  })

  test('a refused credential pauses at once, for a minute', () => {
    const { clock, record, share } = start()
    record(OK, 50)
    record(REFUSED)
    expect(share()).toBe(0)
    clock.advance(59 * SECOND)
    expect(share()).toBe(0)
    clock.advance(SECOND)
    expect(share()).toBe(1)
  })

  test('after a rate limit the share grows for five times the pause, 30 seconds at most', () => {
    const { clock, record, share } = start()
    record({ ok: false, counted: false, rateLimited: true, retryAfterMs: 2 * SECOND })
    expect(share()).toBe(0)
    clock.advance(2 * SECOND)
    expect(share()).toBeCloseTo(0.1)
    clock.advance(5 * SECOND)
    expect(share()).toBeCloseTo(0.55)
    clock.advance(5 * SECOND)
    expect(share()).toBe(1)
  })
})

describe('an endpoint that has gone silent', () => {
  function withPast(): Place {
    const place = start()
    place.record({ ...OK, latencyMs: 400 }, 100)
    return place
  }

  test('three that wait far longer than usual, all sent after the last that was answered: it stands behind', () => {
    const { clock, enter, share } = withPast()
    const calls = [enter(), enter(), enter()]
    clock.advance(4 * SECOND)
    expect(share()).toBe(1)
    clock.advance(2 * SECOND)
    expect(share()).toBe(0)
    calls[2]?.spoke()
    expect(share()).toBe(1)
  })

  test('two are a chance; those that are over wait no more', () => {
    const { clock, enter, share } = withPast()
    const calls = [enter(), enter(), enter()]
    calls[0]?.leave()
    clock.advance(20 * SECOND)
    expect(share()).toBe(1)
  })

  test('whoever is slow by nature is given more time, and whoever nobody knows a minute', () => {
    const { clock, enter, record, share } = start()
    record({ ...OK, latencyMs: 20 * SECOND }, 100)
    for (let call = 0; call < 3; call++) enter()
    clock.advance(50 * SECOND)
    expect(share()).toBe(1)
    const unknown = start()
    for (let call = 0; call < 3; call++) unknown.enter()
    unknown.clock.advance(59 * SECOND)
    expect(unknown.share()).toBe(1)
  })
})

describe('concurrency', () => {
  const limited = (own: number | undefined, all?: number): Endpoint => ({
    ...ENDPOINT, ...(own === undefined ? {} : { concurrencyMax: own }), provider: { ...ENDPOINT.provider, ...(all === undefined ? {} : { concurrencyMax: all }) },
  })

  test('as many calls as the operator allows, and one more for each that ends', () => {
    const health = new Health(new FakeClock())
    const calls = [health.enter(limited(2)), health.enter(limited(2))]
    expect(health.of(ID).full).toBe(true)
    expect(health.enter(limited(2))).toBeUndefined()
    calls[0]?.leave()
    expect(health.of(ID).full).toBeUndefined()
    expect(health.enter(limited(2))).toBeDefined()
  })

  test('the limit of a provider holds for all its models together', () => {
    const health = new Health(new FakeClock())
    const other = { ...limited(undefined, 2), id: 'acme/other@acme' }
    health.enter(limited(undefined, 2))
    health.enter(other)
    expect(health.enter(other)).toBeUndefined()
    expect(health.enter(limited(5, 2))).toBeUndefined()
  })

  test('a limit that changes holds at once, and calls that are under way count', () => {
    const health = new Health(new FakeClock())
    health.enter(limited(3))
    health.enter(limited(3))
    expect(health.enter(limited(2))).toBeUndefined()
    expect(health.enter(limited(undefined))).toBeDefined()
    expect(health.enter(limited(3))).toBeUndefined()
  })

  test.each([[1, 4], [4, 4], [10, 4], [7, 3]])('a limit of %d is exactly kept by %d workers', (max, workers) => {
    let places = 0
    for (let worker = 0; worker < workers; worker++) {
      const inFlight = new InFlight({ worker, workers })
      while (inFlight.enter(limited(max))) places++
    }
    expect(places).toBe(max)
  })
})
