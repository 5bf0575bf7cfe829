import { describe, expect, test } from 'bun:test'
import type { Percentiles } from './health.ts'
import { route } from './route.ts'
import { at, callFor, catalogue, exclusions, nano, NOW_MS, plan, priced, tags, viewOf } from './small-catalogue.test.ts'

const ABC = catalogue({ 'a/m': [at('a', { usd: '1' }), at('b', { usd: '2' }), at('c', { usd: '3' })] })
const OUTAGE = { outage: true }
const DEGRADED = { state: 'degraded' } as const
const DOWN = { state: 'down' } as const

function flat(value: number): Percentiles {
  return { p50: value, p75: value, p90: value, p99: value }
}

/** Draws that walk evenly over [0, 1). */
function evenly(count: number): () => number {
  let at = 0
  return () => (at++ % count) / count
}

describe('load balancing', () => {
  test('C20: prices 1, 2 and 3 with 2 unhealthy: A is drawn nine times as often as C, and the order is A, C, B', () => {
    const draw = evenly(1_000)
    const firsts: Record<string, number> = {}
    for (let call = 0; call < 1_000; call++) {
      const order = tags(plan(ABC, callFor('a/m'), { b: OUTAGE }, draw))
      expect([['a', 'c', 'b'], ['c', 'a', 'b']]).toContainEqual(order)
      firsts[order[0] ?? ''] = (firsts[order[0] ?? ''] ?? 0) + 1
    }
    expect(firsts).toEqual({ a: 900, c: 100 })
  })

  test('C20: those not drawn follow by price', () => {
    expect(tags(plan(ABC, callFor('a/m'), {}, () => 0.999))).toEqual(['c', 'a', 'b'])
    expect(plan(ABC, callFor('a/m'), {}, () => 0.999).steps.map(({ reason }) => reason)).toEqual(['drawn by price among 3 healthy', 'next by price', 'next by price'])
  })

  test('C20, C21: standings, best first', () => {
    const snapshot = catalogue({
      'a/m': [at('cooling', { usd: '1' }), at('down', { usd: '2' }), at('outage', { usd: '3' }), at('old', { usd: '4', deprecated: true }), at('degraded', { usd: '5' }), at('well', { usd: '6' })],
    })
    const order = plan(snapshot, callFor('a/m'), { cooling: { cooling: true }, down: DOWN, outage: OUTAGE, degraded: DEGRADED })
    expect(tags(order)).toEqual(['well', 'degraded', 'old', 'outage', 'down', 'cooling'])
    expect(order.steps[0]?.reason).toBe('the only healthy endpoint')
    expect(order.steps[5]?.reason).toContain('Retry-After')
  })

  test('C20: where none is healthy, the load is still shared', () => {
    expect(tags(plan(ABC, callFor('a/m'), { a: OUTAGE, b: OUTAGE, c: OUTAGE }, () => 0.999))).toEqual(['c', 'a', 'b'])
  })

  test('C20: free endpoints share the draw evenly, the paid ones follow', () => {
    const snapshot = catalogue({ 'a/m': [at('paid', { usd: '1' }), at('free1'), at('free2')] })
    expect(tags(plan(snapshot, callFor('a/m'), {}, () => 0.49))).toEqual(['free1', 'free2', 'paid'])
    expect(tags(plan(snapshot, callFor('a/m'), {}, () => 0.51))).toEqual(['free2', 'free1', 'paid'])
  })

  test('C20: prices that nobody knows are drawn only among themselves', () => {
    const price = { state: 'unpriced', prompt: 0n, completion: 0n } as const
    const mixed = catalogue({ 'a/m': [at('dark', { price }), at('paid', { usd: '1' })] }, {}, true)
    expect(tags(plan(mixed, callFor('a/m'), {}, () => 0.9999))).toEqual(['paid', 'dark'])
    const dark = catalogue({ 'a/m': [at('dark1', { price }), at('dark2', { price })] }, {}, true)
    expect(tags(plan(dark, callFor('a/m'), {}, () => 0.51))).toEqual(['dark2', 'dark1'])
  })
})

describe('order', () => {
  test('C2: strictly as listed, whatever their health; who does not serve the model is skipped; the rest follow by price', () => {
    const order = plan(ABC, callFor('a/m', { order: ['c', 'nobody', 'b'] }), { c: DOWN }, () => { throw new Error('order turns the draw off') })
    expect(tags(order)).toEqual(['c', 'b', 'a'])
    expect(order.steps.map(({ reason }) => reason)).toEqual(['place 1 in provider.order', 'place 3 in provider.order', 'next by price'])
  })

  test('C2, C23: one name with several endpoints goes by health, then price', () => {
    const snapshot = catalogue({ 'a/m': [at('v/one', { usd: '1' }), at('v/two', { usd: '2' }), at('v/three', { usd: '3' }), at('x', { usd: '0.1' })] })
    expect(tags(plan(snapshot, callFor('a/m', { order: ['v'] }), { 'v/one': OUTAGE }))).toEqual(['v/two', 'v/three', 'v/one', 'x'])
  })

  test('C2: a name twice is one place', () => {
    expect(tags(plan(ABC, callFor('a/m', { order: ['b', 'B', 'b'] })))).toEqual(['b', 'a', 'c'])
  })

  test('C2: for each model', () => {
    const snapshot = catalogue({ 'a/m': [at('a', { usd: '1' }), at('b', { usd: '2' })], 'a/n': [at('a', { usd: '1' }), at('b', { usd: '2' })] })
    const { steps } = plan(snapshot, callFor(['a/m', 'a/n'], { order: ['b'], partition: 'none', sort: 'price' }))
    expect(steps.map(({ endpoint }) => endpoint.id)).toEqual(['a/m@b', 'a/m@a', 'a/n@b', 'a/n@a'])
  })

  test('C3: without fallbacks and order, the cheapest healthy one alone', () => {
    const one = plan(ABC, callFor('a/m', { allowFallbacks: false }), { a: OUTAGE }, () => 0.999)
    expect(tags(one)).toEqual(['b'])
    expect(exclusions(one)).toEqual({ a: 'allow_fallbacks', c: 'allow_fallbacks' })
  })
})

describe('sort', () => {
  const measured = {
    a: { throughput: flat(10), latency: flat(300) },
    b: { throughput: flat(30), latency: flat(900) },
  }
  const SORTS = [
    ['price', ['a', 'b', 'c']],
    ['throughput', ['b', 'a', 'c']],
    ['latency', ['a', 'b', 'c']],
    ['exacto', ['a', 'b', 'c']],
  ] as const
  test.each(SORTS)('C13: %s gives %p; what was never measured is last, nothing is drawn', (sort, expected) => {
    expect(tags(plan(ABC, callFor('a/m', { sort }), measured, () => { throw new Error('a sort turns the draw off') }))).toEqual([...expected])
  })

  test('C13: the unhealthy stay behind', () => {
    expect(tags(plan(ABC, callFor('a/m', { sort: 'price' }), { a: OUTAGE }))).toEqual(['b', 'c', 'a'])
  })

  test('C13: price is three prompt tokens to one of the answer', () => {
    const snapshot = catalogue({ 'a/m': [at('a', { price: priced(2n, 1n) }), at('b', { price: priced(1n, 3n) })] })
    expect(tags(plan(snapshot, callFor('a/m', { sort: 'price' })))).toEqual(['b', 'a'])
  })

  test('C31, C32, C34: variants sort, and an explicit sort goes before them', () => {
    expect(tags(plan(ABC, callFor('a/m:floor'), measured, () => 0.999))).toEqual(['a', 'b', 'c'])
    expect(tags(plan(ABC, callFor('a/m:nitro'), measured))).toEqual(['b', 'a', 'c'])
    expect(tags(plan(ABC, callFor('a/m:exacto'), measured, () => 0.999))).toEqual(['a', 'b', 'c'])
    expect(tags(plan(ABC, callFor('a/m:exacto', { sort: 'throughput' }), measured))).toEqual(['b', 'a', 'c'])
  })
})

describe('several models', () => {
  const TWO = catalogue({ 'a/m': [at('a', { usd: '5' }), at('b', { usd: '6' })], 'a/n': [at('a', { usd: '1' }), at('c', { usd: '9' })] })
  const ids = (...given: Parameters<typeof plan>): string[] => plan(...given).steps.map(({ endpoint }) => endpoint.id)

  test('C25: model by model, in the client’s order', () => {
    expect(ids(TWO, callFor(['a/n', 'a/m']))).toEqual(['a/n@a', 'a/n@c', 'a/m@a', 'a/m@b'])
    expect(plan(TWO, callFor(['a/n', 'a/m']))).toMatchObject({ strategy: 'fallback', steps: [{ requested: 'a/n' }, {}, { requested: 'a/m' }, {}] })
  })

  test('C14: partition none puts all of them into one order', () => {
    expect(ids(TWO, callFor(['a/m', 'a/n'], { sort: 'price', partition: 'none' }))).toEqual(['a/n@a', 'a/m@a', 'a/m@b', 'a/n@c'])
    expect(ids(TWO, callFor(['a/m', 'a/n'], { sort: 'price' }))).toEqual(['a/m@a', 'a/m@b', 'a/n@a', 'a/n@c'])
  })

  test('C25: a model named twice counts once (lesson 74)', () => {
    expect(ids(TWO, callFor(['a/m', 'A/M', 'a/m:floor', 'm']))).toEqual(['a/m@a', 'a/m@b'])
  })

  test('C25: a variant on one entry sorts that one', () => {
    expect(ids(TWO, callFor(['a/m', 'a/n:nitro']), { c: { throughput: flat(9) } })).toEqual(['a/m@a', 'a/m@b', 'a/n@c', 'a/n@a'])
  })

  test('C25: a model that is unknown or shut leaves the call to the next one', () => {
    const order = plan(TWO, callFor(['a/gone', 'a/m', 'a/n'], { only: ['c'] }))
    expect(order).toMatchObject({ unknownModels: ['a/gone'], steps: [{ endpoint: { id: 'a/n@c' } }] })
    expect(order.excluded.map(({ endpoint }) => endpoint.id)).toEqual(['a/m@a', 'a/m@b', 'a/n@a'])
  })

  test('C3: without fallbacks, one endpoint for each model', () => {
    expect(ids(TWO, callFor(['a/m', 'a/n'], { allowFallbacks: false }))).toEqual(['a/m@a', 'a/n@a'])
  })

  test('C16, C17: endpoints that miss a cutoff go behind the next model’s, and those in trouble behind them', () => {
    const slow = { a: { throughput: flat(10) }, b: OUTAGE, c: { throughput: flat(90) } }
    expect(ids(TWO, callFor(['a/m', 'a/n'], { preferredMinThroughput: { p50: 50 } }), slow)).toEqual(['a/n@c', 'a/m@a', 'a/n@a', 'a/m@b'])
  })
})

describe('cutoffs', () => {
  const states = { a: { throughput: { p50: 50, p75: 40, p90: 30, p99: 10 }, latency: { p50: 800, p75: 900, p90: 2_500, p99: 5_000 } } }
  const CASES = [
    [{ preferredMinThroughput: { p50: 50 } }, 'a'],
    [{ preferredMinThroughput: { p50: 51 } }, 'b'],
    [{ preferredMinThroughput: { p50: 40, p90: 31 } }, 'b'],
    [{ preferredMaxLatency: { p50: 0.8 } }, 'a'],
    [{ preferredMaxLatency: { p50: 0.79 } }, 'b'],
    [{ preferredMaxLatency: { p50: 1, p99: 4.9 } }, 'b'],
  ] as const
  test.each(CASES)('C16, C17: with %p the first is %s', (preferences, first) => {
    const order = tags(plan(ABC, callFor('a/m', preferences), states))
    expect(order[0]).toBe(first)
    expect(order).toHaveLength(3)
  })

  test('C16, C20: the load is shared by price among those that meet the cutoffs', () => {
    const snapshot = catalogue({ 'a/m': [at('slow', { usd: '1' }), at('b', { usd: '2' }), at('c', { usd: '4' })] })
    const made = (draw: number) => plan(snapshot, callFor('a/m', { preferredMaxLatency: { p50: 1 } }), { slow: { latency: flat(5_000) } }, () => draw)
    expect(tags(made(0.79))).toEqual(['b', 'c', 'slow'])
    expect(tags(made(0.81))).toEqual(['c', 'b', 'slow'])
    expect(made(0).steps.map(({ endpoint, share }) => [endpoint.tag, share])).toEqual([['b', 0.8], ['c', 0.2], ['slow', undefined]])
  })
})

const TIERS = catalogue({
  'a/m': [at('openai', { usd: '2' }), at('openai/priority', { usd: '4' }), at('azure/priority', { usd: '4' }), at('openai/flex', { usd: '1' }), at('groq', { usd: '3' })],
  'a/plain': [at('openai', { usd: '2' }), at('groq', { usd: '3' })],
})

describe('service_tier', () => {
  const tier = (service_tier: string, preferences = {}, model = 'a/m') => callFor(model, preferences, {}, { service_tier })

  test('C39: priority endpoints first, the fastest of them first, then the normal ones', () => {
    const made = plan(TIERS, tier('priority'), { 'openai/priority': { throughput: flat(10) }, 'azure/priority': { throughput: flat(90) } })
    expect(tags(made)).toEqual(['azure/priority', 'openai/priority', 'openai', 'groq'])
    expect(made.steps[0]?.reason).toBe('service_tier is priority')
  })

  test('C39: a priority endpoint in an outage is no better than another', () => {
    expect(tags(plan(TIERS, tier('priority'), { 'openai/priority': OUTAGE, 'azure/priority': OUTAGE }))).toEqual(['openai', 'groq', 'openai/priority', 'azure/priority'])
  })

  test('C40: flex endpoints alone', () => {
    const made = plan(TIERS, tier('flex'))
    expect(tags(made)).toEqual(['openai/flex'])
    expect(exclusions(made)).toMatchObject({ openai: 'service_tier', groq: 'service_tier', 'openai/priority': 'service_tier' })
  })

  test('C40: a model without flex endpoints is routed as ever', () => {
    expect(tags(plan(TIERS, tier('flex', {}, 'a/plain')))).toEqual(['openai', 'groq'])
  })

  test('C40: whoever is ordered or allowed besides, flex has no fallback to the normal tier', () => {
    expect(tags(plan(TIERS, tier('flex', { order: ['groq', 'openai'] })))).toEqual(['openai/flex'])
    expect(tags(plan(TIERS, tier('flex', { only: ['openai'] })))).toEqual(['openai/flex'])
    expect(() => plan(TIERS, tier('flex', { only: ['groq'] }))).toThrow('Groq: service_tier is flex, which has no fallback to the normal tier.')
  })

  test('C39, C41: a provider’s name means its tier, too, where service_tier asks for that tier', () => {
    expect(tags(plan(TIERS, tier('priority', { only: ['openai'] })))).toEqual(['openai/priority', 'openai'])
    expect(tags(plan(TIERS, tier('priority', { order: ['groq', 'openai'], allowFallbacks: false })))).toEqual(['groq', 'openai/priority', 'openai'])
    expect(tags(plan(TIERS, callFor('a/m', { only: ['openai'] })))).toEqual(['openai'])
  })

  test('C39: who is first by the tier is not drawn', () => {
    expect(plan(TIERS, tier('priority')).steps.map(({ share }) => share)).toEqual([undefined, undefined, undefined, undefined])
  })

  test('C41: by its tag alone, and at its place in order', () => {
    expect(tags(plan(TIERS, callFor('a/m', { only: ['openai/priority'] })))).toEqual(['openai/priority'])
    expect(tags(plan(TIERS, callFor('a/m', { order: ['groq', 'openai/flex'] })))).toEqual(['groq', 'openai/flex', 'openai'])
  })

  test('C31–C33: :nitro and :floor let a tier compete, unless service_tier says default', () => {
    expect(tags(plan(TIERS, callFor('a/m:floor')))).toEqual(['openai/flex', 'openai', 'groq'])
    expect(tags(plan(TIERS, callFor('a/m:nitro'), { groq: { throughput: flat(50) }, 'openai/priority': { throughput: flat(20) } }))).toEqual(['groq', 'openai/priority', 'openai', 'azure/priority'])
    expect(tags(plan(TIERS, callFor('a/m:floor', {}, {}, { service_tier: 'default' })))).toEqual(['openai', 'groq'])
  })
})

test('C59: at its cheap hours an endpoint is compared by what it costs then', () => {
  const night = { ...priced(nano('4'), nano('4')), overrides: [{ promptTokensOver: -1, hours: { fromMinute: 23 * 60, toMinute: 60 }, prompt: nano('1'), completion: nano('1') }] }
  const snapshot = catalogue({ 'a/m': [at('day', { usd: '2' }), at('night', { price: night })] })
  // The tests' clock stands at midnight UTC.
  expect(tags(plan(snapshot, callFor('a/m', { sort: 'price' })))).toEqual(['night', 'day'])
  const noon = { ...viewOf(snapshot), nowMs: NOW_MS + 12 * 3_600_000 }
  expect(tags(route(callFor('a/m', { sort: 'price' }), noon))).toEqual(['day', 'night'])
})
