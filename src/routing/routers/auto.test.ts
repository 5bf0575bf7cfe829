import { describe, expect, test } from 'bun:test'
import type { Model, Snapshot } from '../../catalog/endpoint.ts'
import type { Call } from '../../core/call.ts'
import { route } from '../route.ts'
import { at, callFor, catalogue, faultOf, priced, nano, viewOf, type EndpointSketch } from '../small-catalogue.test.ts'

const TOOLS = new Set(['tools', 'max_tokens', 'temperature'])
const made = (usd: string, more: EndpointSketch = {}) => [at('one', { usd, parameters: TOOLS, ...more }), at('two', { usd, parameters: TOOLS, ...more })]

/** Ten models of one day at ten prices, so that each stands in a decile of its own: m0 is the cheapest and m9 the dearest. */
function ten(more: Readonly<Record<string, EndpointSketch>> = {}): Snapshot {
  const models = Object.fromEntries(Array.from({ length: 10 }, (_, index) => [`a/m${index}`, made(String(2 ** index / 100), more[`a/m${index}`])]))
  const snapshot = catalogue(models)
  return { ...snapshot, models: new Map([...snapshot.models].map(([id, model]): [string, Model] => [id, { ...model, created: Date.UTC(2026, 0, 1) / 1_000 }])) }
}

const EASY = 'hi'
const HARD = 'Tom has 3 times as many apples as Ann, who has 12 more than Bob. Bob sold half of his 40 apples at $2 each and bought 15 more for $1 each. How many apples do the three of them have together, and how much more money than before does Bob have?'

function auto(plugin: object = {}, more: Partial<Call> = {}, text = EASY): Call {
  return { ...callFor('openrouter/auto', {}, {}, { messages: [{ role: 'user', content: text }], plugins: [{ id: 'auto-router', ...plugin }] }), ...more }
}

const modelsOf = (call: Call, snapshot = ten(), sticky?: string) => [...new Set(route(call, { ...viewOf(snapshot), affinity: { of: (name) => (name === call.models[0] ? sticky : undefined) } }).steps.map(({ endpoint }) => endpoint.modelId))]

describe('C48: cost bands', () => {
  test.each([['low', ['a/m1', 'a/m0']], ['medium', ['a/m3', 'a/m2']], ['high', ['a/m5', 'a/m4']], ['xhigh', ['a/m7', 'a/m6']], ['max', ['a/m9', 'a/m8']]])('%s is a band, its strongest first', (cost_tier, models) => {
    expect(modelsOf(auto({ cost_tier }))).toEqual([...models])
  })

  test('the older number is a ceiling, and the tier goes before it', () => {
    expect(modelsOf(auto({ cost_quality_tradeoff: 5 }))[0]).toBe('a/m4')
    expect(modelsOf(auto({ cost_quality_tradeoff: 0 }))[0]).toBe('a/m8')
    expect(modelsOf(auto({ cost_quality_tradeoff: 10 }))).toEqual(['a/m0'])
    expect(modelsOf(auto({ cost_quality_tradeoff: 10, cost_tier: 'max' }))[0]).toBe('a/m9')
  })

  test('a band whose models cannot serve the call gives way to the nearest', () => {
    const sees = new Set(['text', 'image'] as const)
    const snapshot = ten({ 'a/m6': { inputs: sees }, 'a/m8': { inputs: sees } })
    const call = auto({ cost_tier: 'low' })
    expect(modelsOf({ ...call, needs: { ...call.needs, inputs: ['image'] } }, snapshot)).toEqual(['a/m6'])
  })
})

describe('C45, C50: the prompt chooses', () => {
  test('an easy one goes to the cheap, a hard one to the dear; metadata says why', () => {
    expect(modelsOf(auto())[0]).toBe('a/m1')
    const plan = route(auto({}, {}, HARD), viewOf(ten()))
    expect(plan.strategy).toBe('auto')
    expect(plan.stages).toMatchObject([{ type: 'router', name: 'auto-router', data: { task_type: 'math', cost_tier: 'high', cost_tier_because: 'looks hard', candidates: 10, models: ['a/m5', 'a/m4'] } }])
    expect(plan.steps[0]?.endpoint.modelId).toBe('a/m5')
  })

  test('without text it never fails, and says no task', () => {
    const plan = route(auto({}, {}, ''), viewOf(ten()))
    expect(plan.stages[0]?.data).toMatchObject({ cost_tier: 'low' })
    expect(plan.stages[0]?.data).not.toHaveProperty('task_type')
  })
})

describe('C46, C47: settings', () => {
  test('patterns allow, and exclusion goes before allowance', () => {
    expect(modelsOf(auto({ allowed_models: ['a/m7', 'A/M2*'] }))).toEqual(['a/m2'])
    expect(modelsOf(auto({ excluded_models: ['*/m1', 'a/m0'] }))[0]).toBe('a/m3')
    expect(faultOf(() => modelsOf(auto({ allowed_models: ['a/*'], excluded_models: ['a/m*'] })))).toMatchObject({ status: 404, message: expect.stringContaining('No models match your request and model restrictions') })
  })

  test.each([[{ allowed_models: 'a/*' }], [{ allowed_models: Array.from({ length: 1_025 }, () => 'x') }], [{ excluded_models: ['x'.repeat(1_025)] }], [{ cost_tier: 'cheap' }], [{ cost_quality_tradeoff: 11 }]])('%p is refused', (plugin) => {
    expect(faultOf(() => modelsOf(auto(plugin)))).toMatchObject({ code: 'invalid_request', status: 400 })
  })

  test('of the other slug they are taken and ignored, and so are those that are turned off', () => {
    expect(modelsOf(auto({ id: 'auto-beta-router', cost_tier: 'max' }))[0]).toBe('a/m1')
    expect(modelsOf({ ...auto({ id: 'auto-beta-router', cost_tier: 'max' }), models: ['openrouter/auto-beta'] })[0]).toBe('a/m9')
    expect(modelsOf(auto({ cost_tier: 'max', enabled: false }))[0]).toBe('a/m1')
  })
})

describe('C44: a conversation keeps its model', () => {
  test('while it is among those that would be tried', () => {
    expect(modelsOf(auto(), ten(), 'a/m0')).toEqual(['a/m0', 'a/m1'])
    expect(modelsOf(auto(), ten(), 'a/m9')).toEqual(['a/m1', 'a/m0'])
  })

  test('pin_model goes by the client’s own history', () => {
    const call = auto({ pin_model: true })
    const body = { ...call.body, messages: [...call.body.messages, { role: 'assistant' as const, content: 'x', model: 'a/m0' }, { role: 'user' as const, content: 'hi' }] }
    expect(modelsOf({ ...call, body })[0]).toBe('a/m0')
  })
})

test('a server with nothing but a local model has a router, too', () => {
  const local = catalogue({ 'me/local': [at('ollama')] })
  expect(modelsOf(auto(), local)).toEqual(['me/local'])
  expect(faultOf(() => modelsOf(auto(), catalogue({ 'demo/echo': [at('demo')] })))).toMatchObject({ message: expect.stringContaining('No provider here is ready') })
})

describe('C55: openrouter/pareto-code', () => {
  const thinks = { reasoning: { budget: true, mandatory: false } }
  const coders = ten(Object.fromEntries(Array.from({ length: 10 }, (_, index) => [`a/m${index}`, thinks])))
  const pareto = (plugin: object = {}, name = 'openrouter/pareto-code') => callFor(name, {}, {}, { messages: [], plugins: [{ id: 'pareto-router', ...plugin }] })

  test('the cheapest of the tier; high without a word', () => {
    expect(modelsOf(pareto(), coders)).toEqual(['a/m8', 'a/m9'])
    expect(modelsOf(pareto({ min_coding_score: 0.5 }), coders)[0]).toBe('a/m6')
    expect(modelsOf(pareto({ min_coding_score: 0.1 }), coders)[0]).toBe('a/m5')
    expect(route(pareto(), viewOf(coders))).toMatchObject({ strategy: 'pareto', stages: [{ name: 'pareto-router', data: { tier: 'high', by: 'price' } }] })
  })

  test('with :nitro the fastest', () => {
    const speeds: Readonly<Record<string, number>> = { 'a/m9@two': 90, 'a/m8@one': 20 }
    const health = { of: (id: string) => ({ outage: false, state: 'normal' as const, throughput: { p50: speeds[id] ?? 1, p75: 1, p90: 1, p99: 1 } }) }
    expect(route(pareto({}, 'openrouter/pareto-code:nitro'), viewOf(coders, health)).steps[0]?.endpoint.modelId).toBe('a/m9')
  })

  test('a tier of which nobody can serve gives way to its neighbour', () => {
    const off = { ...thinks, provider: { notReady: 'no credential' } }
    const snapshot = ten({ ...Object.fromEntries(Array.from({ length: 8 }, (_, index) => [`a/m${index}`, thinks])), 'a/m8': off, 'a/m9': off })
    expect(route(pareto(), viewOf(snapshot)).stages[0]?.data).toMatchObject({ tier: 'medium', asked_tier: 'high' })
  })

  test('N8: under a price cap the best of the frontier, then cheaper ones; none is a 404', () => {
    expect(modelsOf(pareto({ max_price: 0.4 }), coders)).toEqual(['a/m5', 'a/m4', 'a/m3'])
    expect(faultOf(() => modelsOf(pareto({ max_price: 0.001 }), coders))).toMatchObject({ status: 404 })
    expect(faultOf(() => modelsOf(pareto({ min_coding_score: 2 }), coders))).toMatchObject({ status: 400 })
  })
})

test('what is dearer is on the frontier only when it is stronger', () => {
  const same = catalogue({ 'a/old': made('4', { reasoning: { budget: true, mandatory: false } }), 'a/new': made('2', { reasoning: { budget: true, mandatory: false } }) })
  const dated = { ...same, models: new Map([...same.models].map(([id, model]): [string, Model] => [id, { ...model, created: Date.UTC(id === 'a/new' ? 2026 : 2025, 0, 1) / 1_000 }])) }
  const call = callFor('openrouter/pareto-code', {}, {}, { messages: [], plugins: [{ id: 'pareto-router', max_price: 5 }] })
  expect(route(call, viewOf(dated)).stages[0]?.data).toMatchObject({ on_frontier: 1, models: ['a/new', 'a/old'] })
  expect(priced(nano('1'), nano('1')).state).toBe('priced')
})

describe('a server of models that are its own', () => {
  const own = catalogue({ 'own/free': [at('ollama')], 'own/small': [at('ollama', { usd: '1' })], 'own/large': [at('ollama', { usd: '9' })] })

  test('C48: what is free is the cheapest, and never the dearest', () => {
    expect(modelsOf(auto({ cost_tier: 'low' }), own)).toEqual(['own/free'])
    expect(modelsOf(auto({ cost_tier: 'max' }), own)[0]).toBe('own/large')
  })

  test('variants, of which the free ones have limits, are chosen only where nothing else is there', () => {
    const free = { 'own/large:free': [at('other')] }
    expect(modelsOf(auto({ cost_tier: 'low' }), catalogue({ 'own/large': [at('ollama', { usd: '9' })], ...free }))).toEqual(['own/large'])
    expect(modelsOf(auto({ cost_tier: 'low' }), catalogue(free))).toEqual(['own/large:free'])
  })

  test('C55: what is free costs less than any cap', () => {
    const reasons = { reasoning: { efforts: [], budget: false, mandatory: false }, parameters: null }
    const coders = catalogue({ 'own/free': [at('ollama', reasons)], 'own/large': [at('ollama', { usd: '9', ...reasons })] })
    const call = callFor('openrouter/pareto-code', {}, {}, { plugins: [{ id: 'pareto-router', max_price: 1 }] })
    expect(modelsOf(call, coders)).toEqual(['own/free'])
  })

  test('C46: both names of the beta are one', () => {
    expect(modelsOf(callFor('switchyard/auto-beta'), own)).toEqual(modelsOf(callFor('openrouter/auto-beta'), own))
  })
})
