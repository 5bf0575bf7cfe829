import { describe, expect, test } from 'bun:test'
import type { Modality } from '../core/call.ts'
import { at, callFor, catalogue, exclusions, nano, plan, priced, tags } from './small-catalogue.test.ts'

const THREE = catalogue({ 'a/m': [at('openai', { usd: '1' }), at('azure', { usd: '2' }), at('groq', { usd: '3' })] })
const REGIONS = catalogue({
  'a/m': [
    at('google-vertex', { usd: '1', provider: { name: 'Google Vertex' } }), at('google-vertex/us-east5', { usd: '2', provider: { name: 'Google Vertex' } }),
    at('google-vertex/flex', { usd: '0.5', provider: { name: 'Google Vertex' } }), at('togetherai', { usd: '4', provider: { name: 'Together' } }), at('deepinfra/turbo', { usd: '5', provider: { name: 'DeepInfra' } }),
  ],
})

describe('names of providers', () => {
  const NAMES: readonly (readonly [string, readonly string[]])[] = [
    ['google-vertex', ['google-vertex', 'google-vertex/us-east5']],
    ['google-vertex/us-east5', ['google-vertex/us-east5']],
    ['google-vertex/flex', ['google-vertex/flex']],
    ['Google-Vertex', ['google-vertex', 'google-vertex/us-east5']],
    ['Google Vertex', ['google-vertex', 'google-vertex/us-east5']],
    ['vertex', ['google-vertex', 'google-vertex/us-east5']],
    ['together', ['togetherai']],
    ['Together', ['togetherai']],
    ['deepinfra', ['deepinfra/turbo']],
    ['DeepInfra/Turbo', ['deepinfra/turbo']],
  ]
  test.each(NAMES)('C23: only %s means %p', (name, expected) => {
    expect(tags(plan(REGIONS, callFor('a/m', { only: [name] })))).toEqual([...expected])
  })

  test('C23: a base slug in ignore leaves the tier to its own rule', () => {
    expect(exclusions(plan(REGIONS, callFor('a/m', { ignore: ['google-vertex'] })))).toEqual({
      'google-vertex': 'ignored', 'google-vertex/us-east5': 'ignored', 'google-vertex/flex': 'service_tier',
    })
  })
})

describe('rules', () => {
  test('C10: only keeps what it names', () => {
    const kept = plan(THREE, callFor('a/m', { only: ['azure', 'groq', 'nobody'] }))
    expect(tags(kept)).toEqual(['azure', 'groq'])
    expect(exclusions(kept)).toEqual({ openai: 'not_in_only' })
  })

  test('C11: ignore takes out what it names, and goes before only', () => {
    expect(exclusions(plan(THREE, callFor('a/m', { ignore: ['openai'], only: ['openai', 'azure'] })))).toEqual({ openai: 'ignored', groq: 'not_in_only' })
  })

  test('empty lists demand nothing', () => {
    expect(tags(plan(THREE, callFor('a/m', { ignore: [], only: [], order: [], quantizations: [] })))).toHaveLength(3)
  })

  test('C2, C3: order without fallbacks keeps the listed', () => {
    const kept = plan(THREE, callFor('a/m', { order: ['groq', 'openai'], allowFallbacks: false }))
    expect(tags(kept)).toEqual(['groq', 'openai'])
    expect(exclusions(kept)).toEqual({ azure: 'not_in_order' })
  })

  test('C4: require_parameters takes out what lacks any of them; null takes everything; names that mean the same count', () => {
    const snapshot = catalogue({
      'a/m': [
        at('openai', { parameters: new Set(['tools', 'reasoning', 'structured_outputs']) }), at('azure', { parameters: new Set(['tools']) }), at('own', { parameters: null }),
      ],
    })
    const needs = { parameters: ['tools', 'include_reasoning', 'response_format'] }
    const kept = plan(snapshot, callFor('a/m', { requireParameters: true }, needs))
    expect(tags(kept).sort()).toEqual(['openai', 'own'])
    expect(kept.excluded).toMatchObject([{ rule: 'require_parameters', detail: 'include_reasoning' }])
  })

  test('C5: endpoints with tools are used alone where there are some, and all are where there are none', () => {
    const some = catalogue({ 'a/m': [at('openai', { parameters: new Set(['tools']) }), at('azure', { parameters: new Set() })] })
    expect(exclusions(plan(some, callFor('a/m', {}, { parameters: ['tools'] })))).toEqual({ azure: 'soft_parameters' })
    const none = catalogue({ 'a/m': [at('openai', { parameters: new Set() }), at('azure', { parameters: new Set() })] })
    expect(tags(plan(none, callFor('a/m', {}, { parameters: ['tools'] })))).toHaveLength(2)
  })

  test('C5: of those left after tools, those with structured outputs; a parameter that is not soft prefers nobody', () => {
    const snapshot = catalogue({
      'a/m': [
        at('openai', { parameters: new Set(['tools']) }), at('azure', { parameters: new Set(['tools', 'structured_outputs']) }), at('groq', { parameters: new Set(['structured_outputs']) }),
      ],
    })
    const parameters = ['tools', 'response_format', 'structured_outputs', 'seed']
    expect(tags(plan(snapshot, callFor('a/m', {}, { parameters })))).toEqual(['azure'])
    expect(tags(plan(snapshot, callFor('a/m', {}, { parameters: ['seed'] })))).toHaveLength(3)
  })

  test('C5: an endpoint that is not ready prefers nobody', () => {
    const snapshot = catalogue({ 'a/m': [at('openai', { parameters: new Set() }), at('azure', { parameters: new Set(['tools']), provider: { notReady: 'no credential' } })] })
    expect(tags(plan(snapshot, callFor('a/m', {}, { parameters: ['tools'] })))).toEqual(['openai'])
  })

  test('C6: max_tokens above what an endpoint answers takes it out; without a limit of its own the window is it', () => {
    const snapshot = catalogue({ 'a/m': [at('openai', { outputMax: 4_000 }), at('azure', { outputMax: 8_000 }), at('groq', { outputMax: undefined, contextMax: 5_000 })] })
    expect(exclusions(plan(snapshot, callFor('a/m', {}, { maxTokens: 8_000 })))).toEqual({ openai: 'max_tokens', groq: 'max_tokens' })
    expect(exclusions(plan(snapshot, callFor('a/m', {}, { maxTokens: 4_000 })))).toEqual({})
  })

  test('C7: data_collection deny takes out who keeps or trains', () => {
    const snapshot = catalogue({ 'a/m': [at('openai', { provider: { retainsPrompts: true } }), at('azure'), at('groq', { provider: { mayTrain: true } })] })
    expect(exclusions(plan(snapshot, callFor('a/m', { dataCollection: 'deny' })))).toEqual({ openai: 'data_policy:training', groq: 'data_policy:training' })
  })

  test('C8: zdr takes out who keeps', () => {
    const snapshot = catalogue({ 'a/m': [at('openai', { provider: { retainsPrompts: true } }), at('azure')] })
    expect(exclusions(plan(snapshot, callFor('a/m', { zdr: true })))).toEqual({ openai: 'data_policy:zdr' })
  })

  const QUANTIZATIONS: readonly (readonly [string, readonly string[]])[] = [
    ['fp4', ['fp4', 'mxfp4', 'nvfp4']], ['fp8', ['fp8', 'mxfp8']], ['mxfp4', ['mxfp4']], ['bf16', ['bf16']], ['unknown', ['unknown']],
  ]
  test.each(QUANTIZATIONS)('C12: %s means %p', (name, expected) => {
    const all = ['fp4', 'mxfp4', 'nvfp4', 'fp8', 'mxfp8', 'bf16', 'unknown']
    const snapshot = catalogue({ 'a/m': all.map((quantization) => at(`p/${quantization}`, { quantization })) })
    expect(tags(plan(snapshot, callFor('a/m', { quantizations: [name] }))).sort()).toEqual(expected.map((one) => `p/${one}`).sort())
  })

  test('C19: a price at the cap is allowed, above it is not, for each cap', () => {
    const price = { ...priced(nano('1'), nano('2')), request: nano('0.01'), image: nano('0.02'), audioInput: nano('3') }
    const snapshot = catalogue({ 'a/m': [at('openai', { price })], 'a/other': [at('azure', { usd: '0.01' })] })
    const caps = { prompt: '1', completion: '2', request: '0.01', image: '0.02', audio: '3' }
    for (const [name, usd] of Object.entries(caps)) {
      const models = ['a/m', 'a/other']
      expect(exclusions(plan(snapshot, callFor(models, { maxPrice: { [name]: nano(usd) } })))).toEqual({})
      expect(plan(snapshot, callFor(models, { maxPrice: { [name]: nano(usd) - 1n } })).excluded)
        .toMatchObject([{ endpoint: { tag: 'openai' }, rule: 'max_price', detail: name }])
    }
  })

  test('C19, C59: prices of long prompts count when the prompt may be that long', () => {
    const price = { ...priced(nano('1'), nano('1')), overrides: [{ promptTokensOver: 200_000, prompt: nano('2') }] }
    const snapshot = catalogue({ 'a/m': [at('openai', { price, contextMax: 1_000_000 }), at('azure', { usd: '1', contextMax: 1_000_000 })] })
    const capped = { maxPrice: { prompt: nano('1') } }
    expect(exclusions(plan(snapshot, callFor('a/m', capped, { promptTokensMax: 200_000 })))).toEqual({})
    expect(exclusions(plan(snapshot, callFor('a/m', capped, { promptTokensMax: 200_001 })))).toEqual({ openai: 'max_price' })
  })

  test('C64: only a prompt that is surely too long takes an endpoint out', () => {
    const snapshot = catalogue({ 'a/m': [at('openai', { contextMax: 10_000 }), at('azure', { contextMax: 1_000_000, promptMax: 9_000 }), at('groq', { contextMax: 1_000_000 })] })
    expect(exclusions(plan(snapshot, callFor('a/m', {}, { promptTokensMax: 36_000 })))).toEqual({})
    expect(exclusions(plan(snapshot, callFor('a/m', {}, { promptTokensMax: 36_004 })))).toEqual({ azure: 'context_length' })
    expect(exclusions(plan(snapshot, callFor('a/m', {}, { promptTokensMax: 40_004 })))).toEqual({ azure: 'context_length', openai: 'context_length' })
  })

  test('B61: modalities in and out', () => {
    const snapshot = catalogue({
      'a/m': [at('openai', { inputs: new Set<Modality>(['text', 'image']) }), at('azure'), at('own', { inputs: null }), at('draws', { inputs: null, outputs: new Set<Modality>(['image']) })],
    })
    expect(exclusions(plan(snapshot, callFor('a/m', {}, { inputs: ['image'] })))).toEqual({ azure: 'modality', draws: 'modality' })
    expect(tags(plan(snapshot, callFor('a/m', {}, { outputs: ['image'] })))).toEqual(['draws'])
  })

  test('an unpriced endpoint is called only where the operator allows it', () => {
    const endpoints = { 'a/m': [at('openai', { usd: '1' }), at('azure', { price: { state: 'unpriced' as const, prompt: 0n, completion: 0n } })] }
    expect(exclusions(plan(catalogue(endpoints), callFor('a/m')))).toEqual({ azure: 'unpriced' })
    expect(tags(plan(catalogue(endpoints, {}, true), callFor('a/m'), {}, () => 0.999))).toEqual(['openai', 'azure'])
    expect(exclusions(plan(catalogue(endpoints, {}, true), callFor('a/m', { maxPrice: { prompt: nano('9') } })))).toEqual({ azure: 'max_price' })
  })

  test('C31–C33: tiers come in by :nitro and :floor, not by themselves, not with order, not with the default tier', () => {
    const snapshot = catalogue({ 'a/m': [at('openai', { usd: '2' }), at('openai/priority', { usd: '4' }), at('openai/flex', { usd: '1' })] })
    expect(tags(plan(snapshot, callFor('a/m')))).toEqual(['openai'])
    expect(tags(plan(snapshot, callFor('a/m:floor')))).toEqual(['openai/flex', 'openai'])
    expect(tags(plan(snapshot, callFor('a/m:nitro'))).sort()).toEqual(['openai', 'openai/priority'])
    expect(tags(plan(snapshot, callFor('a/m:floor', { order: ['openai'] })))).toEqual(['openai'])
    expect(tags(plan(snapshot, callFor('a/m:floor', {}, {}, { service_tier: 'default' })))).toEqual(['openai'])
  })

  test('C41: a tier named in order stands at its place', () => {
    const snapshot = catalogue({ 'a/m': [at('openai', { usd: '2' }), at('openai/priority', { usd: '4' })] })
    expect(tags(plan(snapshot, callFor('a/m', { order: ['openai/priority', 'openai'] })))).toEqual(['openai/priority', 'openai'])
  })

  test('a client’s demand is named before a missing credential', () => {
    const unready = { provider: { notReady: 'no credential: set AZURE_API_KEY' } }
    const snapshot = catalogue({ 'a/m': [at('openai'), at('azure', unready), at('groq', unready)] })
    expect(exclusions(plan(snapshot, callFor('a/m', { ignore: ['groq'] })))).toEqual({ azure: 'not_ready', groq: 'ignored' })
  })
})
