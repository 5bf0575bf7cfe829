import { describe, expect, test } from 'bun:test'
import type { Modality } from '../core/call.ts'
import { AVAILABILITY, availability } from './availability.ts'
import { at, callFor, catalogue, faultOf, nano, plan } from './small-catalogue.test.ts'

const NO_KEY = (name: string) => ({ provider: { notReady: `no credential: set ${name}` } })

describe('unknown models', () => {
  const snapshot = catalogue({ 'openai/gpt-4o': [at('openai')], 'openai/gpt-4o-mini': [at('openai')], 'google/gemma:free': [at('google')] })

  test('M26: 400, with the nearest names', () => {
    const fault = faultOf(() => plan(snapshot, callFor('openai/gpt-4p')))
    expect(fault).toMatchObject({ code: 'model_unknown', status: 400 })
    expect(fault.message).toStartWith('openai/gpt-4p is not a valid model ID. Did you mean openai/gpt-4o or openai/gpt-4o-mini?')
    expect(fault.options.availability).toMatchObject({
      code: 'model_not_found', retryable: false, requested_models: ['openai/gpt-4p'], fallback_models: ['openai/gpt-4o', 'openai/gpt-4o-mini'], docs_url: expect.stringContaining('#model_not_found'),
    })
  })

  test('a few letters in common are no likeness', () => {
    const small = catalogue({ 'acme/tool': [at('acme')], 'acme/tiny': [at('acme')] })
    expect(faultOf(() => plan(small, callFor('nope/foo'))).options.availability).not.toHaveProperty('fallback_models')
    expect(faultOf(() => plan(small, callFor('acm/tool'))).options.availability).toMatchObject({ fallback_models: ['acme/tool'] })
    expect(faultOf(() => plan(small, callFor('acme/tol'))).options.availability).toMatchObject({ fallback_models: ['acme/tool'] })
  })

  test('M26: nothing like it, an unknown suffix, an endless name', () => {
    expect(faultOf(() => plan(snapshot, callFor('zzz/qqq'))).message).toBe('zzz/qqq is not a valid model ID. GET /api/v1/models lists them.')
    expect(faultOf(() => plan(snapshot, callFor('openai/gpt-4o:turbo'))).code).toBe('model_unknown')
    expect(faultOf(() => plan(snapshot, callFor('x'.repeat(100_000)))).message.length).toBeLessThan(500)
  })

  test('C25: when none of several is known, the first is named', () => {
    expect(faultOf(() => plan(snapshot, callFor(['no/one', 'no/two']))).message).toStartWith('no/one is not')
  })

  test('C27: a free variant that is gone never becomes the paid model', () => {
    const fault = faultOf(() => plan(snapshot, callFor('openai/gpt-4o:free')))
    expect(fault).toMatchObject({ code: 'no_endpoints', status: 404 })
    expect(fault.options.availability).toMatchObject({ code: 'free_variant_ended', fallback_models: ['openai/gpt-4o'] })
    expect(plan(snapshot, callFor('google/gemma:free')).steps).toHaveLength(1)
  })
})

describe('nothing is left', () => {
  test('no credential: which variable to set', () => {
    const fault = faultOf(() => plan(catalogue({ 'a/m': [at('anthropic', NO_KEY('ANTHROPIC_API_KEY'))], 'a/n': [at('demo')] }), callFor('a/m')))
    expect(fault).toMatchObject({ code: 'no_endpoints', status: 404 })
    expect(fault.message).toBe('No endpoints found for a/m. Anthropic serves it and has no credential here: set ANTHROPIC_API_KEY in the environment or .env, or write providers.anthropic.api_key in switchyard.yaml.')
    expect(fault.options.availability).toMatchObject({ code: 'no_endpoints', requested_models: ['a/m'], affected_providers: ['anthropic'] })
    expect(fault.options.availability).not.toHaveProperty('excluded_by')
  })

  test('no credential at several providers, and another that is turned off', () => {
    const snapshot = catalogue({ 'a/m': [at('anthropic', NO_KEY('x')), at('amazon-bedrock', NO_KEY('y')), at('azure', { provider: { notReady: 'turned off' } })] })
    const { message } = faultOf(() => plan(snapshot, callFor('a/m')))
    expect(message).toContain('Anthropic (ANTHROPIC_API_KEY), Amazon-bedrock (AMAZON_BEDROCK_API_KEY) serve it and have no credential here')
    expect(message).toEndWith('Not ready: Azure (turned off).')
  })

  test('the maker’s own provider is named first', () => {
    const snapshot = catalogue({ 'x-ai/grok': [at('azure', NO_KEY('x')), at('azure/eu', NO_KEY('x')), at('xai', NO_KEY('y'))] })
    expect(faultOf(() => plan(snapshot, callFor('x-ai/grok'))).message).toContain('grok. Xai (XAI_API_KEY), Azure (AZURE_API_KEY) serve it')
  })

  test('a ready model of a like name is offered', () => {
    const snapshot = catalogue({ 'a/model-2': [at('anthropic', NO_KEY('x'))], 'a/model-1': [at('demo')], 'a/model-3': [at('anthropic', NO_KEY('x'))] })
    expect(faultOf(() => plan(snapshot, callFor('a/model-2'))).options.availability).toMatchObject({ fallback_models: ['a/model-1'] })
  })

  test('unpriced: the operator is told both ways out', () => {
    const price = { state: 'unpriced', prompt: 0n, completion: 0n } as const
    const { message } = faultOf(() => plan(catalogue({ 'a/m': [at('own', { price })] }), callFor('a/m')))
    expect(message).toContain('Own: the price is not known; give one in switchyard.yaml, or write `unpriced: allow` there')
  })

  test('an unpriced model is offered neither for itself nor for another, unless it may be called', () => {
    const price = { state: 'unpriced', prompt: 0n, completion: 0n } as const
    const snapshot = catalogue({ 'a/model-1': [at('own', { price })], 'a/model-2': [at('own', { price })], 'a/model-3': [at('own')] })
    expect(faultOf(() => plan(snapshot, callFor('a/model-1'))).options.availability).toMatchObject({ fallback_models: ['a/model-3'] })
  })

  const RULES = [
    ['only', { only: ['nobody'] }, {}, 'constraint_filtered', 'allowed_providers', 'provider.only'],
    ['ignore', { ignore: ['openai', 'azure'] }, {}, 'constraint_filtered', 'allowed_providers', 'provider.ignore'],
    ['order', { order: ['nobody'], allowFallbacks: false }, {}, 'constraint_filtered', 'allowed_providers', 'provider.order'],
    ['require_parameters', { requireParameters: true }, { parameters: ['tools'] }, 'constraint_filtered', 'require_parameters', 'provider.require_parameters'],
    ['quantizations', { quantizations: ['fp4'] }, {}, 'constraint_filtered', 'quantization', 'provider.quantizations'],
    ['max_price', { maxPrice: { prompt: nano('0.5') } }, {}, 'constraint_filtered', 'max_price', 'provider.max_price'],
    ['data_collection', { dataCollection: 'deny' }, {}, 'privacy_restricted', 'data_policy:training', 'provider.data_collection'],
    ['zdr', { zdr: true }, {}, 'privacy_restricted', 'data_policy:zdr', 'provider.zdr'],
    ['max_tokens', {}, { maxTokens: 9_000 }, 'constraint_filtered', 'context_length', 'max_tokens'],
    ['image', {}, { inputs: ['image'] }, 'constraint_filtered', 'require_parameters', 'messages'],
  ] as const
  test.each(RULES)('M23–M25: %s', (_name, preferences, needs, code, excludedBy, field) => {
    const keeps = { usd: '1', provider: { retainsPrompts: true } }
    const fault = faultOf(() => plan(catalogue({ 'a/m': [at('openai', keeps), at('azure', keeps)] }), callFor('a/m', preferences, needs)))
    expect(fault).toMatchObject({ code: 'no_endpoints', status: 404 })
    expect(fault.options.availability).toEqual({
      code, retryable: false, requested_models: ['a/m'], affected_providers: ['openai', 'azure'], excluded_by: [excludedBy],
      constraint: { field, detail: expect.stringContaining('openai: ') }, docs_url: expect.stringMatching(/^\/docs\/errors#/),
    })
    expect(fault.message).toContain('Openai, Azure: ')
    expect(fault.message).toMatch(/To go on, \w+/)
  })

  test('max_price: the message says the price', () => {
    const { message } = faultOf(() => plan(catalogue({ 'a/m': [at('openai', { usd: '3' })] }), callFor('a/m', { maxPrice: { prompt: nano('1') } })))
    expect(message).toContain('$3.00 for prompts and $3.00 for answers per million tokens, above provider.max_price.prompt')
  })

  test('M25: several rules are all named, the model’s unready providers too', () => {
    const snapshot = catalogue({ 'a/m': [at('openai', { usd: '9' }), at('azure', { quantization: 'bf16' }), at('groq', { quantization: 'fp8', ...NO_KEY('GROQ_API_KEY') })] })
    const fault = faultOf(() => plan(snapshot, callFor('a/m', { quantizations: ['fp8'], ignore: ['openai'] })))
    expect(fault.options.availability).toMatchObject({ code: 'constraint_filtered', excluded_by: ['allowed_providers', 'quantization'], affected_providers: ['openai', 'azure'] })
    expect(fault.message).toContain('Openai: in provider.ignore. Azure: quantization bf16.')
    expect(fault.message).toContain('Groq serves it and has no credential here: set GROQ_API_KEY')
  })

  test('a demand that keeps out only what is not ready is the operator’s to mend', () => {
    const snapshot = catalogue({ 'a/m': [at('openai', NO_KEY('x')), at('azure', NO_KEY('y'))] })
    const fault = faultOf(() => plan(snapshot, callFor('a/m', { only: ['openai'] })))
    expect(fault.options.availability).toMatchObject({ code: 'no_endpoints', affected_providers: ['openai'] })
    expect(fault.message).toContain('set OPENAI_API_KEY')
    expect(fault.message).not.toContain('AZURE')
  })

  test('where nobody is ready and the demand fits nobody, both are named', () => {
    const snapshot = catalogue({ 'a/m': [at('openai', { provider: { retainsPrompts: true, ...NO_KEY('x').provider } })] })
    const fault = faultOf(() => plan(snapshot, callFor('a/m', { zdr: true })))
    expect(fault.options.availability).toMatchObject({ code: 'privacy_restricted', excluded_by: ['data_policy:zdr'] })
    expect(fault.message).toContain('Openai: keeps prompts. To go on, set provider.zdr to false. Openai serves it and has no credential here: set OPENAI_API_KEY')
  })

  test('a model without endpoints says so', () => {
    expect(faultOf(() => plan(catalogue({ 'a/m': [] }), callFor('a/m'))).message).toBe('No endpoints found for a/m. No provider serves it.')
  })

  test('C64: too long for every window is 400 context_length_exceeded, with the longest window', () => {
    const snapshot = catalogue({ 'a/m': [at('openai', { contextMax: 8_000 }), at('azure', { contextMax: 16_000 })] })
    const fault = faultOf(() => plan(snapshot, callFor('a/m', {}, { promptTokensMax: 1_000_000 })))
    expect(fault).toMatchObject({ code: 'context_length_exceeded', status: 400 })
    expect(fault.message).toStartWith("This model's maximum context length is 16000 tokens")
    expect(fault.options.availability).toMatchObject({ excluded_by: ['context_length'], constraint: { field: 'messages' } })
  })

  test('C64: the next model takes a prompt that is too long for the first', () => {
    const snapshot = catalogue({ 'a/m': [at('openai', { contextMax: 8_000 })], 'a/n': [at('azure', { contextMax: 1_000_000 })] })
    expect(plan(snapshot, callFor(['a/m', 'a/n'], {}, { promptTokensMax: 100_000 })).steps).toMatchObject([{ requested: 'a/n' }])
  })

  test('M24: a model that does not speak is at the wrong endpoint', () => {
    const snapshot = catalogue({ 'a/draws': [at('openai', { outputs: new Set<Modality>(['image']) })] }, { outputs: ['image'] })
    const fault = faultOf(() => plan(snapshot, callFor('a/draws')))
    expect(fault).toMatchObject({ code: 'invalid_request', status: 400 })
    expect(fault.options.availability).toMatchObject({ code: 'wrong_endpoint' })
  })

  test('M24: words are asked of models that write, vectors of those that embed; each refusal says where to go', () => {
    const snapshot = catalogue({ 'a/embeds': [at('openai', { outputs: new Set<Modality>(['embeddings']) })] }, { outputs: ['embeddings'] })
    const words = faultOf(() => plan(snapshot, callFor('a/embeds')))
    expect(words).toMatchObject({ status: 400, message: expect.stringContaining('POST /api/v1/embeddings') as string })
    expect(words.options.availability).toMatchObject({ code: 'wrong_endpoint', constraint: { field: 'model' } })
    const vectors = faultOf(() => plan(catalogue({ 'a/m': [at('openai')] }), callFor('a/m', {}, { outputs: ['embeddings'], maxTokens: 0 })))
    expect(vectors).toMatchObject({ status: 400, message: expect.stringContaining('GET /api/v1/embeddings/models') as string })
    expect(plan(snapshot, callFor('a/embeds', {}, { outputs: ['embeddings'], maxTokens: 0 })).steps).toHaveLength(1)
  })

  test('C64: each of several prompts has the window to itself', () => {
    const snapshot = catalogue({ 'a/m': [at('openai', { contextMax: 1_000 })] })
    const many = { promptTokensMax: 400_000, maxTokens: 0, prompts: { count: 100, tokensMax: 4_000 } }
    expect(plan(snapshot, callFor('a/m', {}, many)).steps).toHaveLength(1)
    expect(faultOf(() => plan(snapshot, callFor('a/m', {}, { ...many, prompts: { count: 2, tokensMax: 4_004 } }))).code).toBe('context_length_exceeded')
  })

  test('C60, M24: a model past its date, which without a time is 13:00 UTC', () => {
    const models = { 'a/m': [at('openai')] }
    expect(plan(catalogue(models, { expirationDate: '2026-06-01' }), callFor('a/m')).steps).toHaveLength(1)
    expect(plan(catalogue(models, { expirationDate: 'soon' }), callFor('a/m')).steps).toHaveLength(1)
    const fault = faultOf(() => plan(catalogue(models, { expirationDate: '2026-05-31' }), callFor('a/m')))
    expect(fault.options.availability).toMatchObject({ code: 'model_deprecated' })
    expect(fault.status).toBe(404)
  })

  test('a long list of providers is cut', () => {
    const many = Array.from({ length: 30 }, (_, index) => at(`provider${index}`, NO_KEY('x')))
    expect(faultOf(() => plan(catalogue({ 'a/m': many }), callFor('a/m'))).message).toContain('and 22 more serve it')
  })
})

test('a long list of reasons is cut', () => {
  const many = Array.from({ length: 40 }, (_, index) => at(`provider${index}`, { usd: `${index + 1}` }))
  const { message } = faultOf(() => plan(catalogue({ 'a/m': many }), callFor('a/m', { maxPrice: { prompt: nano('0.1') } })))
  expect(message.length).toBeLessThan(1_500)
  expect(message).toContain('The others: likewise.')
})

describe('availability', () => {
  test('M24: eleven codes, two of them worth a retry', () => {
    expect(Object.keys(AVAILABILITY)).toHaveLength(11)
    expect(Object.entries(AVAILABILITY).flatMap(([code, { retryable }]) => (retryable ? code : []))).toEqual(['capacity_exhausted', 'temporarily_unavailable'])
  })

  test('M11, M23: seconds, rounded up; what is not known is left out', () => {
    expect(availability('capacity_exhausted', { requestedModels: ['a/m'], retryAfterMs: 1_001 })).toEqual({
      code: 'capacity_exhausted', retryable: true, retry_after: 2, requested_models: ['a/m'], docs_url: expect.stringContaining('#capacity_exhausted'),
    })
  })
})
