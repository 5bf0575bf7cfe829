import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { worstCost } from '../catalog/price.ts'
import type { Preferences } from '../core/call.ts'
import { Fault } from '../core/fault.ts'
import type { EndpointHealth } from './health.ts'
import { explain } from './plan.ts'
import { route } from './route.ts'
import { at, callFor, catalogue, healthOf, nano, plan, priced, viewOf } from './small-catalogue.test.ts'

describe('costMax', () => {
  const price = priced(nano('1'), nano('10'))

  test('the dearest of the steps, whatever the order', () => {
    const snapshot = catalogue({ 'a/m': [at('openai', { usd: '1' }), at('azure', { usd: '7' }), at('groq', { usd: '3' }), at('dear', { usd: '100' })] })
    const made = plan(snapshot, callFor('a/m', { ignore: ['dear'], sort: 'price' }, { promptTokensMax: 1_000, maxTokens: 500 }))
    // 1,500 tokens at 7 USD a million.
    expect(made.costMax).toBe(nano('0.0105'))
  })

  const BOUNDS = [
    ['max_tokens', { maxTokens: 100 }, {}, 1_000, 100],
    ['the endpoint’s own limit', {}, {}, 1_000, 8_000],
    ['the window, where it says no limit', {}, { outputMax: undefined }, 1_000, 100_000],
    ['no more of the prompt than the window', { promptTokensMax: 150_000, maxTokens: 1 }, {}, 100_000, 1],
    ['a guess, where nobody says anything', {}, { outputMax: undefined, contextMax: 0 }, 1_000, 16_384],
  ] as const
  test.each(BOUNDS)('bounded by %s', (_name, needs, endpoint, prompt, completion) => {
    const made = plan(catalogue({ 'a/m': [at('openai', { price, ...endpoint })] }), callFor('a/m', {}, needs))
    expect(made.costMax).toBe(worstCost(price, prompt, completion))
  })

  test('each choice counts', () => {
    const made = plan(catalogue({ 'a/m': [at('openai', { price })] }), callFor('a/m', {}, { promptTokensMax: 0, maxTokens: 1_000, choices: 3 }))
    expect(made.costMax).toBe(nano('0.03'))
  })
})

test('J11: router metadata of a Plan', () => {
  const snapshot = catalogue({ 'a/m': [at('openai', { usd: '1' }), at('azure', { usd: '2' }), at('groq', { usd: '3' })] })
  const call = callFor('a/m:floor', { ignore: ['groq'] })
  const made = plan(snapshot, call)
  const [first, second] = made.steps.map(({ endpoint }) => endpoint)
  if (!first || !second) throw new Error('two steps were planned')
  expect(explain(call, made, [{ endpoint: first, status: 503 }, { endpoint: second, status: 200 }], second)).toEqual({
    requested: 'a/m:floor', strategy: 'direct', region: null, summary: 'available=2, selected=Azure', attempt: 2, is_byok: false,
    endpoints: { total: 3, available: [{ provider: 'Openai', model: 'a/m', selected: false }, { provider: 'Azure', model: 'a/m', selected: true }] },
    attempts: [{ provider: 'Openai', model: 'a/m', status: 503 }, { provider: 'Azure', model: 'a/m', status: 200 }],
  })
})

const TAGS = ['openai', 'azure', 'groq', 'v', 'v/one', 'v/two', 'v/flex', 'v/priority']
const sketch = fc.record({
  usd: fc.option(fc.constantFrom('0.1', '1', '2', '5'), { nil: undefined }),
  outputMax: fc.option(fc.constantFrom(100, 4_000), { nil: undefined }),
  contextMax: fc.constantFrom(100, 8_000, 200_000),
  parameters: fc.constantFrom(null, new Set<string>(), new Set(['tools']), new Set(['tools', 'response_format'])),
  quantization: fc.constantFrom('unknown', 'fp8', 'mxfp8'),
  deprecated: fc.boolean(),
  provider: fc.record({ retainsPrompts: fc.boolean(), mayTrain: fc.boolean(), notReady: fc.constantFrom(undefined, undefined, 'no credential: set X') }),
})
const endpoints = fc.uniqueArray(fc.constantFrom(...TAGS), { maxLength: TAGS.length }).chain((tags) => fc.tuple(...tags.map((tag) => sketch.map((made) => at(tag, made)))))
const names = fc.array(fc.constantFrom(...TAGS, 'nobody', 'Azure'), { maxLength: 5 })
const few = <T>(some: fc.Arbitrary<T>) => fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: some })
const preferences = fc.record({
  order: names, only: few(names), ignore: few(names), allowFallbacks: fc.boolean(), requireParameters: fc.boolean(),
  quantizations: few(fc.constant(['fp8'])),
  sort: few(fc.constantFrom('price', 'throughput', 'latency', 'exacto')),
  partition: fc.constantFrom('model', 'none'),
  maxPrice: few(fc.constant({ prompt: nano('1') })),
  dataCollection: fc.constantFrom('allow', 'deny'), zdr: fc.boolean(),
  preferredMinThroughput: few(fc.constant({ p50: 50 })),
} satisfies { [name in keyof Preferences]?: fc.Arbitrary<Preferences[name]> }, { requiredKeys: [] })
const needs = fc.record({ parameters: fc.subarray(['tools', 'response_format', 'seed']), promptTokensMax: fc.constantFrom(10, 40_000), maxTokens: fc.constantFrom(undefined, 50, 5_000) })
const flat = (value: number) => ({ p50: value, p75: value, p90: value, p99: value })
const state: fc.Arbitrary<Partial<EndpointHealth>> = fc.record({
  outage: fc.boolean(), cooling: fc.boolean(), state: fc.constantFrom('normal' as const, 'degraded' as const, 'down' as const),
  throughput: fc.constantFrom(undefined, flat(10), flat(100)), latency: fc.constantFrom(undefined, flat(100), flat(900)),
})
const scene = fc.record({
  m: endpoints, n: endpoints, states: fc.dictionary(fc.constantFrom(...TAGS), state), preferences, needs,
  models: fc.array(fc.constantFrom('a/m', 'a/n', 'a/m:floor', 'a/n:nitro', 'a/gone'), { minLength: 1, maxLength: 4 }),
  draws: fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), { minLength: 4, maxLength: 4 }),
})

describe('whatever is asked', () => {
  test('each endpoint of the models is a step or excluded, exactly once; nothing else is; the same in gives the same out', () => {
    let planned = 0
    fc.assert(fc.property(scene, (given) => {
      const snapshot = catalogue({ 'a/m': given.m, 'a/n': given.n })
      const call = Object.freeze(callFor(given.models, given.preferences, given.needs))
      const once = (): unknown => {
        const draws = [...given.draws]
        try {
          return route(call, viewOf(snapshot, healthOf(given.states), () => draws.shift() ?? 0))
        } catch (error) {
          // Only a Fault may come out; what else is thrown fails the property.
          if (error instanceof Fault) return { code: error.code, message: error.message, availability: error.options.availability }
          throw error
        }
      }
      const made = once()
      expect(once()).toEqual(made)
      // `once` returns a Plan or what a Fault says.
      const { steps, excluded, costMax } = made as Partial<ReturnType<typeof route>>
      if (!steps || !excluded) return
      planned++
      const wanted = [...new Set(given.models.map((name) => name.split(':')[0] ?? ''))].flatMap((id) => snapshot.models.get(id)?.endpoints ?? []).map(({ id }) => id)
      expect([...steps, ...excluded].map(({ endpoint }) => endpoint.id).sort()).toEqual(wanted.sort())
      for (const { endpoint } of steps) {
        expect(endpoint.provider.notReady).toBeUndefined()
        expect(costMax).toBeGreaterThanOrEqual(worstCost(endpoint.price, Math.min(call.needs.promptTokensMax, endpoint.contextMax), call.needs.maxTokens ?? endpoint.outputMax ?? endpoint.contextMax))
      }
    }), { numRuns: 1_000, seed: 20 })
    expect(planned).toBeGreaterThan(100)
  })
})
