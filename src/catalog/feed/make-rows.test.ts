import { describe, expect, test } from 'bun:test'
import type { JsonObject } from '../../core/json.ts'
import { readCost } from './cost.ts'
import { readFeedApi, readFeedFile } from './feed.ts'
import { makeRows } from './make-rows.ts'

const offering = (cost: JsonObject | undefined, more: JsonObject = {}): JsonObject => ({ name: 'M', limit: { context: 1000, output: 100 }, modalities: { input: ['text'], output: ['text'] }, ...(cost && { cost }), ...more })
const provider = (models: JsonObject): JsonObject => ({ name: 'P', env: ['P_KEY'], api: 'https://p.test/v1', npm: '@ai-sdk/openai-compatible', models })
const rows = (feed: JsonObject) => makeRows(readFeedApi(feed))

describe('readCost', () => {
  test('keeps decimals as they stand, and mends what floats made of them', () => {
    expect(readCost({ input: 0.15, output: 3, cache_read: 0.0028 })).toEqual({ input: '0.15', output: '3', cache_read: '0.0028' })
    expect(readCost({ input: 0.7999999999999999, output: 0.060000000000000005 })).toEqual({ input: '0.8', output: '0.06' })
    expect(readCost({ input: 1e-7, output: 1 })).toEqual({ input: '0.0000001', output: '1' })
  })

  test('knows the names that caches go by, and that a write for nothing is a read', () => {
    expect(readCost({ input: 1, output: 2, cached_input: 0.1, cached_write: 1.25 })).toEqual({ input: '1', output: '2', cache_read: '0.1', cache_write: '1.25' })
    expect(readCost({ input: 1, output: 2, cache_write: 0 })).toEqual({ input: '1', output: '2' })
  })

  test('tiers, in both spellings', () => {
    expect(readCost({ input: 1, output: 2, tiers: [{ input: 4, tier: { size: 9 } }, { input: 2, output: 3, tier: { size: 5 } }] })).toMatchObject({ tiers: [{ over: 5, input: '2', output: '3' }, { over: 9, input: '4' }] })
    expect(readCost({ input: 1, output: 2, context_over_200k: { input: 2, output: 3 } })).toMatchObject({ tiers: [{ over: 200_000, input: '2', output: '3' }] })
  })

  test('tells nothing, zero and wrong apart', () => {
    expect([readCost(undefined), readCost({ input: 0, output: 0 }), readCost({ input: -1, output: 1 }), readCost({ input: 1 })]).toEqual([undefined, 'zero', 'wrong', 'wrong'])
  })
})

describe('makeRows', () => {
  test('spellings of one model are one row with an endpoint each', () => {
    const { models } = rows({
      one: provider({ 'claude-sonnet-4-5-20250929': offering({ input: 3, output: 15 }) }), two: provider({ 'anthropic/claude-4.5-sonnet': offering({ input: 3, output: 15 }) }),
      openrouter: provider({ 'anthropic/claude-sonnet-4.5': offering({ input: 3, output: 15 }) }),
    })
    expect(models.map((model) => model.id)).toEqual(['anthropic/claude-sonnet-4.5'])
    expect(models[0]?.endpoints.map((row) => row.provider).toSorted()).toEqual(['one', 'openrouter', 'two'])
    expect(models[0]?.canonical).toBe('anthropic/claude-sonnet-4.5-20250929')
  })

  test('an older date of a name is another model', () => {
    const { models } = rows({ one: provider({ 'claude-3-5-sonnet-20240620': offering({ input: 3, output: 15 }), 'claude-3-5-sonnet-20241022': offering({ input: 3, output: 15 }) }) })
    expect(models.map((model) => model.id)).toEqual(['anthropic/claude-3.5-sonnet', 'anthropic/claude-3.5-sonnet-20240620'])
  })

  test("a tuner's bare names are its own, but for those that only their maker may give", () => {
    const cost = { input: 1, output: 2 }
    const { models } = rows({ 'nano-gpt': provider({ 'gemini-exp-1206': offering(cost), 'ernie-5.1': offering(cost), 'gemma-4-31b-darkidol': offering(cost), 'glm-4.6-derestricted-v5': offering(cost) }) })
    expect(models.map((model) => model.id)).toEqual(['baidu/ernie-5.1', 'google/gemini-exp-1206', 'nano-gpt/gemma-4-31b-darkidol', 'nano-gpt/glm-4.6-derestricted-v5'])
  })

  test('offers of a mode of thinking are one row, which does not hide the variant of the model', () => {
    const cost = { input: 5, output: 25 }
    const { models } = rows({ anthropic: provider({ 'claude-opus-4-6': offering(cost) }), one: provider({ 'claude-opus-4-6-think': offering(cost) }), two: provider({ 'anthropic/claude-opus-4.6:thinking': offering(cost) }), three: provider({ 'claude-opus-4-6-thinking': offering(cost) }) })
    expect(models.map((model) => [model.id, model.endpoints.length])).toEqual([['anthropic/claude-opus-4.6', 1], ['anthropic/claude-opus-4.6-thinking', 3]])
  })

  test('a zero is free in a free row, and no price elsewhere, also where nobody sells it', () => {
    const { models, notes } = rows({
      seller: provider({ 'qwen/qwen9': offering({ input: 1, output: 2 }), 'qwen/qwen9:free': offering({ input: 0, output: 0 }) }),
      promo: provider({ 'qwen/qwen9': offering({ input: 0, output: 0 }), 'own/thing': offering({ input: 0, output: 0 }) }),
      'x-coding-plan': provider({ 'own/other': offering({ input: 0, output: 0 }) }), nvidia: provider({ 'qwen/qwen9': offering({ input: 0, output: 0 }) }),
    })
    const price = (id: string, slug: string) => models.find((model) => model.id === id)?.endpoints.find((row) => row.provider === slug)?.price
    expect([price('qwen/qwen9', 'seller'), price('qwen/qwen9', 'promo'), price('qwen/qwen9:free', 'seller'), price('qwen/qwen9:free', 'nvidia'), price('own/thing', 'promo'), price('own/other', 'x-coding-plan')])
      .toEqual([{ input: '1', output: '2' }, undefined, 'free', 'free', undefined, undefined])
    expect(notes.filter((note) => note.kind === 'unpriced').map((note) => note.id)).toEqual(['qwen/qwen9', 'own/thing', 'own/other'])
  })

  test('a price of another size than all others is told and not taken', () => {
    const { models, notes } = rows(Object.fromEntries(['1', '1.1', '0.9', '300'].map((input, at) => [`p${at}`, provider({ 'qwen/qwen9': offering({ input: Number(input), output: 1 }) })])))
    expect(models[0]?.endpoints.map((row) => row.price !== undefined)).toEqual([true, true, true, false])
    expect(notes).toMatchObject([{ kind: 'outlier', id: 'qwen/qwen9' }])
  })

  test('embeddings are made of inputs alone, whatever the feed calls their output', () => {
    const { models } = rows({ openai: provider({ 'text-embedding-3-small': offering({ input: 1, output: 1 }, { limit: { context: 8191, output: 1536 } }) }), huggingface: provider({ 'openai/text-embedding-3-small': offering({ input: 1, output: 0 }) }) })
    expect(models).toEqual([{ id: 'openai/text-embedding-3-small', name: 'M', inputs: 'text', outputs: 'embeddings', context: 8191, can: '', endpoints: [{ provider: 'openai', upstream: 'text-embedding-3-small', price: { input: '1', output: '1' } }] }])
  })

  test('what no call of ours can be sent to is left out', () => {
    const { models } = rows({ one: provider({ 'bge-reranker-base': offering({ input: 1, output: 0 }), 'gpt-4o': offering({ input: 1, output: 1 }), 'whisper-1': offering(undefined) }) })
    expect(models.map((model) => model.id)).toEqual(['openai/gpt-4o'])
  })

  test('a provider without an address is left out', () => {
    expect(rows({ nowhere: { name: 'N', env: [], models: { 'gpt-4o': offering({ input: 1, output: 1 }) } } }).providers).toEqual([])
  })
})

test('an offering leans on the registry, limits and modalities part by part', () => {
  const feed = readFeedFile({
    models: { 'm/base': { name: 'Base', limit: { context: 100, output: 50 }, modalities: { input: ['text', 'image'], output: ['text'] }, reasoning: true, knowledge: '2025' } },
    offerings: { p: { x: { base_model: 'm/base', base_model_omit: ['knowledge'], limit: { output: 10 }, modalities: { input: ['text'] } } } },
    providers: { p: { name: 'P', env: [], api: 'https://p.test' } },
  })
  const found = feed.providers[0]?.offerings.get('x')
  expect(found).toMatchObject({ name: 'Base', limit: { context: 100, output: 10 }, inputs: ['text'], outputs: ['text'], reasoning: true })
  expect(found?.knowledge).toBeUndefined()
})
