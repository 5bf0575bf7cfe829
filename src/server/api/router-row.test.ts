import { describe, expect, test } from 'bun:test'
import { validateResponse } from '../../../test/openapi.ts'
import { ask, endpoint, fakeServices, keyRecord, model, PRICE, provider, snapshot } from '../../../test/openapi/fake-services.ts'
import { hasShared } from '../../../test/shared.ts'
import { isObject, type JsonObject } from '../../core/json.ts'

const acme = provider('acme', { name: 'Acme' })
const away = provider('away', { notReady: 'no credential' })
const parameters = new Set(['temperature', 'tools', 'structured_outputs'])

const catalogue = (notReady = false) => {
  const at = (id: string, more = {}) => endpoint(id, notReady ? away : acme, { parameters, ...more })
  return snapshot([
    model('openai/gpt-5', [at('openai/gpt-5')], { created: 100 }),
    model('openai/gpt-6', [at('openai/gpt-6', { contextMax: 2_000_000, price: { ...PRICE, prompt: 3_000_000_000n } })], { created: 200, name: 'OpenAI: GPT-6', inputs: ['text', 'image'] }),
    model('openai/gpt-7', [endpoint('openai/gpt-7', away)], { created: 300 }),
    model('anthropic/claude-solo-1', [at('anthropic/claude-solo-1')]),
  ])
}
const services = fakeServices(catalogue())

const get = async (path: string, from = services): Promise<JsonObject[]> => {
  const { status, body } = await ask(from, 'GET', path, { as: keyRecord() })
  expect(status).toBe(200)
  const data = isObject(body) ? body['data'] : undefined
  return Array.isArray(data) ? data.filter(isObject) : isObject(data) ? [data] : []
}
const others = (rows: readonly JsonObject[]) => rows.filter(({ id }) => /^openrouter\/|^~/.test(String(id)))

describe('routers and aliases among the models (C51–C56)', () => {
  test('those that can answer here, after the models', async () => {
    expect((await get('/models')).map(({ id }) => id)).toEqual([
      'openai/gpt-5', 'openai/gpt-6', 'openai/gpt-7', 'anthropic/claude-solo-1',
      'openrouter/auto', 'openrouter/auto-beta', 'openrouter/bodybuilder', 'openrouter/fusion', '~openai/gpt-latest',
    ])
    expect(others(await get('/models', fakeServices(catalogue(true))))).toEqual([])
  })

  test('a row says that the price varies, or whose it is', async () => {
    const [auto] = await get('/models?q=openrouter/auto')
    expect(auto).toMatchObject({
      id: 'openrouter/auto', pricing: { prompt: '-1', completion: '-1' }, context_length: 2_000_000, supported_parameters: ['temperature', 'structured_outputs', 'tools'],
      architecture: { tokenizer: 'Router', modality: 'text+image->text', input_modalities: ['text', 'image'] }, top_provider: { context_length: null },
    })
    expect(await get('/model/openrouter/bodybuilder')).toMatchObject([{ pricing: { prompt: '0.000001' } }])
    expect(await get('/model/switchyard/fusion')).toMatchObject([{ id: 'openrouter/fusion', pricing: { prompt: '-1' } }])
  })

  test('C56: an alias has the row of the newest that can be called, and names it', async () => {
    const [target] = await get('/model/openai/gpt-6')
    expect(await get('/model/~openai/gpt-latest')).toEqual([{
      ...target, id: '~openai/gpt-latest', name: 'OpenAI: GPT-6 (latest)', alias_target: { slug: 'openai/gpt-6', name: 'OpenAI: GPT-6' },
      links: { details: '/api/v1/models/~openai/gpt-latest/endpoints' },
    }])
    // A family of one is not listed, and works.
    expect(await get('/model/~anthropic/claude-solo-latest')).toMatchObject([{ alias_target: { slug: 'anthropic/claude-solo-1' } }])
    expect((await ask(services, 'GET', '/model/~openai/nothing-latest', { as: keyRecord() })).status).toBe(404)
  })

  test('endpoints: those of what an alias means, none of a router', async () => {
    expect(await get('/models/~openai/gpt-latest/endpoints')).toMatchObject([{ id: '~openai/gpt-latest', endpoints: [{ model_id: 'openai/gpt-6' }] }])
    expect(await get('/models/openrouter/fusion/endpoints')).toMatchObject([{ id: 'openrouter/fusion', architecture: { tokenizer: 'Router' }, endpoints: [] }])
  })

  test('filters and orders hold for them; they stay behind the models', async () => {
    expect(others(await get('/models?arch=router&sort=newest')).map(({ id }) => id)).toHaveLength(4)
    expect(others(await get('/models?min_price=2')).map(({ id }) => id)).toEqual(['~openai/gpt-latest'])
    expect(others(await get('/models?providers=acme')).map(({ id }) => id)).toEqual(['~openai/gpt-latest'])
    expect((await get('/models?sort=context-high-to-low')).slice(0, 4).every(({ id }) => !String(id).startsWith('openrouter/'))).toBe(true)
    expect((await get('/models/user')).map(({ id }) => id)).toContain('openrouter/fusion')
  })

  test.if(hasShared)('by the contract\'s document', async () => {
    const { body } = await ask(services, 'GET', '/models', { as: keyRecord() })
    expect(validateResponse('GET', '/models', 200, body)).toEqual([])
  })
})
