import { describe, expect, test } from 'bun:test'
import type { Model, Snapshot } from '../catalog/endpoint.ts'
import { buildSnapshot } from '../catalog/snapshot.ts'
import { newestOf } from './routers/latest.ts'
import { at, callFor, catalogue, faultOf, plan, tags } from './small-catalogue.test.ts'

/** The same catalogue with each model made on a date of its own. */
function dated(snapshot: Snapshot, dates: Readonly<Record<string, string>>): Snapshot {
  return { ...snapshot, models: new Map([...snapshot.models].map(([id, model]): [string, Model] => [id, { ...model, created: Date.parse(dates[id] ?? '2020-01-01') / 1_000 }])) }
}

const OFF = { notReady: 'no credential: set X' }
const FAMILY = dated(catalogue({
  'anthropic/claude-sonnet-4': [at('anthropic', { usd: '3' })],
  'anthropic/claude-sonnet-4.5': [at('anthropic', { usd: '3' }), at('bedrock', { usd: '4' })],
  'anthropic/claude-sonnet-4.5:free': [at('anthropic')],
  'anthropic/claude-sonnet-5': [at('anthropic', { usd: '3', provider: OFF })],
  'anthropic/claude-opus-4.5': [at('anthropic', { usd: '9' })],
  'google/gemini-3-flash-preview': [at('google', { usd: '1' })],
  'google/gemini-2.5-flash': [at('google', { usd: '1' })],
  'google/gemini-2.5-flash-lite': [at('google', { usd: '1' })],
}), {
  'anthropic/claude-sonnet-4': '2025-05-01', 'anthropic/claude-sonnet-4.5': '2025-09-01', 'anthropic/claude-sonnet-4.5:free': '2025-10-01', 'anthropic/claude-sonnet-5': '2026-02-01',
  'google/gemini-3-flash-preview': '2025-12-01', 'google/gemini-2.5-flash': '2025-06-01', 'google/gemini-2.5-flash-lite': '2025-07-01',
})

describe('C56: the newest of a family', () => {
  test('of those that can be called; the version may stand anywhere in the name', () => {
    expect(plan(FAMILY, callFor('~anthropic/claude-sonnet-latest')).steps.map(({ endpoint, requested }) => [endpoint.modelId, requested])).toEqual([
      ['anthropic/claude-sonnet-4.5', 'anthropic/claude-sonnet-4.5'], ['anthropic/claude-sonnet-4.5', 'anthropic/claude-sonnet-4.5'],
    ])
    expect(newestOf(FAMILY, '~google/gemini-flash-latest')?.id).toBe('google/gemini-3-flash-preview')
    expect(newestOf(FAMILY, '~google/gemini-flash-lite-latest')?.id).toBe('google/gemini-2.5-flash-lite')
  })

  test('C61: the strategy says so, a variant stays', () => {
    expect(plan(FAMILY, callFor('~anthropic/claude-sonnet-latest')).strategy).toBe('latest')
    expect(plan(FAMILY, callFor('~Anthropic/Claude-Sonnet-Latest:floor')).steps[0]).toMatchObject({ requested: 'anthropic/claude-sonnet-4.5:floor', reason: 'by price' })
  })

  test('where none can be called, the newest says what it lacks', () => {
    const off = dated(catalogue({ 'a/x-1': [at('a', { usd: '1', provider: OFF })], 'a/x-2': [at('a', { usd: '1', provider: OFF })] }), { 'a/x-2': '2026-01-01' })
    expect(faultOf(() => plan(off, callFor('~a/x-latest'))).message).toContain('No endpoints found for a/x-2')
  })

  test('a family that nobody knows', () => {
    expect(faultOf(() => plan(FAMILY, callFor('~anthropic/claude-haiku-latest')))).toMatchObject({ code: 'no_endpoints', message: expect.stringContaining('No model of the family ~anthropic/claude-haiku-latest') })
  })

  test('of the same day, the higher version', () => {
    const same = dated(catalogue({ 'a/x-4.9': [at('a', { usd: '1' })], 'a/x-4.10': [at('a', { usd: '1' })] }), {})
    expect(newestOf(same, '~a/x-latest')?.id).toBe('a/x-4.10')
  })

  test('in the built-in catalogue the families of the contract’s examples are there', () => {
    const snapshot = buildSnapshot({ env: {}, version: 1 })
    for (const alias of ['~anthropic/claude-opus-latest', '~anthropic/claude-sonnet-latest', '~openai/gpt-latest', '~openai/gpt-mini-latest', '~google/gemini-pro-latest', '~google/gemini-flash-latest']) {
      expect([alias, newestOf(snapshot, alias)?.id]).toEqual([alias, expect.stringContaining(alias.slice(1, alias.indexOf('-')))])
    }
  })
})

describe('C51: openrouter/free', () => {
  const FREE = catalogue({
    'a/one:free': [at('a')], 'a/two:free': [at('b')], 'a/sees:free': [at('c', { inputs: new Set(['text', 'image']) })], 'a/paid': [at('a', { usd: '1' })],
    'a/off:free': [at('d', { provider: OFF })], 'demo/echo': [at('demo')],
  })

  test('each of those that can is as likely, and the others follow', () => {
    const drawn = [0, 0.34, 0.67].map((draw) => plan(FREE, callFor('openrouter/free'), {}, () => draw).steps.map(({ endpoint }) => endpoint.modelId))
    expect(drawn).toEqual([['a/one:free', 'a/two:free', 'a/sees:free'], ['a/two:free', 'a/sees:free', 'a/one:free'], ['a/sees:free', 'a/one:free', 'a/two:free']])
    expect(plan(FREE, callFor('openrouter/free')).strategy).toBe('free')
  })

  test('what the call needs narrows them', () => {
    expect(tags(plan(FREE, callFor('openrouter/free', {}, { inputs: ['image'] })))).toEqual(['c'])
  })

  test('none that can is said', () => {
    expect(faultOf(() => plan(FREE, callFor('openrouter/free', {}, { inputs: ['video'] })))).toMatchObject({ code: 'no_endpoints', message: expect.stringContaining('No free model here can do') })
  })

  test('C31, C32: a variant behind a router sorts the endpoints of the model that it chooses', () => {
    const snapshot = catalogue({ 'a/m': [at('dear', { usd: '9' }), at('cheap', { usd: '1' })] })
    for (const name of ['openrouter/auto', 'openrouter/auto-beta']) {
      const made = plan(snapshot, callFor(`${name}:floor`), {}, () => 0.999)
      expect([tags(made), made.steps[0]?.reason]).toEqual([['cheap', 'dear'], 'by price'])
    }
  })

  test('C27: no router that may cost something is called by a free name, and what is no variant makes no name', () => {
    const snapshot = catalogue({ 'a/m': [at('one', { usd: '9' })] })
    for (const name of ['openrouter/auto:free', 'switchyard/pareto-code:free', 'openrouter/auto:zip']) expect(faultOf(() => plan(snapshot, callFor(name)))).toMatchObject({ code: 'model_unknown' })
  })

  test('C47, E13, M25: where its models are there and none may serve, the rule that stands in the way is named', () => {
    const keeps = { provider: { retainsPrompts: true } }
    const snapshot = catalogue({ 'a/x:free': [at('one', keeps)], 'a/paid': [at('one', { usd: '2', ...keeps })] })
    for (const name of ['openrouter/free', 'openrouter/auto']) {
      const fault = faultOf(() => plan(snapshot, callFor(name, { zdr: true })))
      expect(fault).toMatchObject({ code: 'no_endpoints', options: { availability: { code: 'privacy_restricted', excluded_by: ['data_policy:zdr'], affected_providers: ['one'], requested_models: [name] } } })
      expect(fault.message).toMatch(/^No models match your request and model restrictions\..* One: keeps prompts\. To go on, set provider\.zdr to false\.$/)
    }
    expect(faultOf(() => plan(snapshot, callFor('openrouter/auto', { maxPrice: { prompt: 1n } })))).toMatchObject({ options: { availability: { code: 'constraint_filtered', excluded_by: ['max_price'] } } })
  })
})
