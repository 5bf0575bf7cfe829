import { describe, expect, test } from 'bun:test'
import { findModel, nearestModels, parseModelName, providerSlug } from './names.ts'
import { buildSnapshot } from './snapshot.ts'

const snapshot = buildSnapshot({ env: {}, version: 1 })
const idOf = (name: string) => findModel(snapshot, name)?.model.id

describe('parseModelName', () => {
  test('takes a name apart', () => {
    expect(parseModelName('OpenAI/GPT-4o:nitro')).toEqual({ base: 'openai/gpt-4o', variants: ['nitro'] })
    expect(parseModelName('a/b:free:online@preset/Mine')).toEqual({ base: 'a/b', variants: ['free', 'online'], preset: 'Mine' })
    expect(parseModelName('@preset/mine')).toEqual({ base: '', variants: [], preset: 'mine' })
    expect(parseModelName('demo/writer?speed=20&fail=503')).toEqual({ base: 'demo/writer', variants: [], query: 'speed=20&fail=503' })
  })

  test('never throws', () => {
    for (const name of ['', ':', '/', '@preset/', '???', ':::', 'a/b:']) expect(parseModelName(name)).toBeDefined()
  })
})

describe('findModel', () => {
  test('by id in any case, by alias, by date, by a bare slug', () => {
    for (const name of ['anthropic/claude-sonnet-4.5', 'Anthropic/Claude-Sonnet-4.5', 'anthropic/claude-sonnet-4-5', 'anthropic/claude-sonnet-4.5-20250929', 'anthropic/claude-sonnet-4-5-20250929',
      'anthropic/claude-4.5-sonnet', 'claude-sonnet-4.5', 'claude-sonnet-4-5-20250929']) expect(idOf(name)).toBe('anthropic/claude-sonnet-4.5')
    expect(idOf('gpt-4o-mini')).toBe('openai/gpt-4o-mini')
  })

  test('a dated name that is a model of its own stays one', () => {
    expect(idOf('openai/gpt-4o-2024-08-06')).toBe('openai/gpt-4o-2024-08-06')
    expect(idOf('openai/gpt-4o')).toBe('openai/gpt-4o')
  })

  test('variants that work on every model come back; a row of its own is found as such', () => {
    expect(findModel(snapshot, 'openai/gpt-4o:nitro')?.variants).toEqual(['nitro'])
    expect(idOf('openai/gpt-oss-120b:free')).toBe('openai/gpt-oss-120b:free')
    const found = findModel(snapshot, 'openai/gpt-oss-120b:floor:free')
    expect([found?.model.id, found?.variants]).toEqual(['openai/gpt-oss-120b:free', ['floor']])
  })

  test('a suffix that is none, and a free row that is none, name no model', () => {
    expect([idOf('openai/gpt-4o:bogus'), idOf('anthropic/claude-opus-4.5:free'), idOf('nobody/nothing'), idOf('')]).toEqual([undefined, undefined, undefined, undefined])
  })

  test('a bare slug that two makers have is not guessed', () => {
    const rows = ['a/same', 'b/same', 'b/other'].map((id) => ({ id, name: id, endpoints: [{ provider: 'p', upstream: id }] }))
    const two = buildSnapshot({ env: {}, version: 1, rows: { models: rows, providers: [{ slug: 'p', name: 'P', url: 'https://p.test', dialect: 'openai-chat', env: [] }] } })
    expect([findModel(two, 'same'), findModel(two, 'other')?.model.id]).toEqual([undefined, 'b/other'])
  })

  test('the demo is called by the name with its parameters; nobody else has any', () => {
    const found = findModel(snapshot, 'demo/writer?speed=20&fail=503')
    expect(found?.model.id).toBe('demo/writer')
    expect(found?.model.endpoints.map((endpoint) => endpoint.upstreamId)).toEqual(['writer?speed=20&fail=503'])
    expect(idOf('openai/gpt-4o?speed=20')).toBeUndefined()
  })
})

describe('nearestModels', () => {
  test.each([
    ['anthropic/claude-4.5-sonet', 'anthropic/claude-sonnet-4.5'], ['openai/gpt4-omini', 'openai/gpt-4o-mini'], ['gemini-flash-2.5', 'google/gemini-2.5-flash'],
    ['gpt-4o-mni', 'openai/gpt-4o-mini'], ['demo/wrter', 'demo/writer'], ['deepseek/deepsek-r1', 'deepseek/deepseek-r1'],
  ])('%s → %s', (name, id) => {
    expect(nearestModels(snapshot, name, 3)).toContain(id)
  })

  test('gives as many as asked for, none twice, and none for nonsense', () => {
    const found = nearestModels(snapshot, 'claude', 5)
    expect(new Set(found).size).toBe(5)
    expect(nearestModels(snapshot, 'ÆØÅ☃', 3)).toEqual([])
    expect(nearestModels(snapshot, '@preset/x', 3)).toEqual([])
  })

  test('takes names of any length', () => {
    expect(nearestModels(snapshot, `openai/gpt-4o-mini${'x'.repeat(100_000)}`, 3).length).toBeLessThanOrEqual(3)
  })
})

test('providers are known by what OpenRouter calls them', () => {
  expect(['google-ai-studio', 'Together', 'google-vertex/us-east5', 'fireworks', 'amazon-bedrock/us', 'together/lite'].map(providerSlug))
    .toEqual(['google', 'togetherai', 'google-vertex/us-east5', 'fireworks-ai', 'amazon-bedrock/us', 'togetherai/lite'])
})
