import { describe, expect, test } from 'bun:test'
import { model, endpoint, provider, snapshot } from '../../../test/openapi/fake-services.ts'
import type { OperatorRouters } from '../../catalog/operator-routers.ts'
import type { Call } from '../../core/call.ts'
import { Fault } from '../../core/fault.ts'
import type { JsonObject } from '../../core/json.ts'
import { readCall } from '../../dialects/openai-chat/call-read.ts'
import { answerTokensMax, asksPanel, fusionOf, fusionWarnings } from './fusion.ts'

const acme = provider('acme')
const away = provider('away', { notReady: 'no credential' })
const catalogue = (routers?: OperatorRouters) => ({
  ...snapshot([
    model('openai/gpt-5', [endpoint('openai/gpt-5', acme, { outputMax: 4_000 })]),
    model('openai/gpt-5-mini', [endpoint('openai/gpt-5-mini', acme)]),
    model('anthropic/claude-opus-4', [endpoint('anthropic/claude-opus-4', away)]),
    model('google/gemini-2-pro', [endpoint('google/gemini-2-pro', acme, { price: { state: 'unpriced', prompt: 0n, completion: 0n } })]),
  ]),
  ...(routers ? { routers } : {}),
})
const call = (name: string, plugin?: JsonObject, more: JsonObject = {}): Call =>
  readCall({ model: name, messages: [{ role: 'user', content: 'Hi' }], ...(plugin ? { plugins: [{ id: 'fusion', ...plugin }] } : {}), ...more }, { id: 'gen-1-a', createdMs: 0, headers: {}, bodyBytes: 50 })
const faultOf = (run: () => unknown): Fault => {
  try {
    run()
  } catch (error) {
    if (error instanceof Fault) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

describe('who is asked (D12)', () => {
  test('a preset\'s models that can be called; why the others were not', () => {
    const fusion = fusionOf(call('openrouter/fusion'), catalogue())
    expect(fusion).toMatchObject({ router: 'openrouter/fusion', panel: ['~openai/gpt-latest'], writers: ['~openai/gpt-latest'] })
    expect(fusion.leftOut).toEqual([{ model: '~anthropic/claude-opus-latest', why: 'no credential' }, { model: '~google/gemini-pro-latest', why: 'its price is not known' }])
    expect(fusionWarnings(fusion).map(({ why }) => why)).toEqual(['~anthropic/claude-opus-latest of the preset was not asked: no credential', '~google/gemini-pro-latest of the preset was not asked: its price is not known'])
  })

  test('each name has its preset, and a named one goes before', () => {
    expect(fusionOf(call('switchyard/fusion-flash'), catalogue())).toMatchObject({ router: 'switchyard/fusion-flash', panel: ['~openai/gpt-mini-latest'] })
    expect(fusionOf(call('openrouter/fusion', { preset: 'general-fast' }), catalogue()).panel).toEqual(['~openai/gpt-mini-latest'])
  })

  test('the client\'s models go before the preset\'s, and its writer writes alone; variants and fallbacks hold for who writes', () => {
    expect(fusionOf(call('openrouter/fusion:nitro', { preset: 'general-fast', analysis_models: ['openai/gpt-5', 'openai/gpt-5'], model: 'openai/gpt-5-mini' }, { models: ['openai/gpt-5'] }), catalogue()))
      .toMatchObject({ panel: ['openai/gpt-5', 'openai/gpt-5'], writers: ['openai/gpt-5-mini:nitro', 'openai/gpt-5'], leftOut: [] })
  })

  test('the operator\'s panel stands for the preset of openrouter/fusion, and for no other', () => {
    const routers = { fusion: { panel: ['openai/gpt-5', 'nobody/none'], writer: 'openai/gpt-5-mini' } }
    expect(fusionOf(call('openrouter/fusion'), catalogue(routers))).toMatchObject({ panel: ['openai/gpt-5'], writers: ['openai/gpt-5-mini', 'openai/gpt-5'], leftOut: [{ model: 'nobody/none', why: 'it is not in the catalogue' }] })
    expect(fusionOf(call('openrouter/fusion', { preset: 'general-high' }), catalogue(routers)).panel).toEqual(['~openai/gpt-latest'])
    expect(fusionOf(call('openrouter/fusion-flash'), catalogue(routers)).panel).toEqual(['~openai/gpt-mini-latest'])
  })

  test('the plugin beside a model', () => {
    expect(asksPanel(call('openai/gpt-5', {}))).toBe(true)
    expect(asksPanel(call('openai/gpt-5', { enabled: false }))).toBe(false)
    expect(asksPanel(call('openai/gpt-5'))).toBe(false)
    expect(fusionOf(call('openai/gpt-5', {}), catalogue())).toMatchObject({ panel: ['~openai/gpt-latest'], writers: ['openai/gpt-5'] })
    expect(fusionOf(call('openai/gpt-5', {}), catalogue()).router).toBeUndefined()
  })

  test('no more is asked of a model than it can write', () => {
    expect(answerTokensMax(catalogue(), '~openai/gpt-latest')).toBe(4_000)
    expect(answerTokensMax(catalogue(), 'openrouter/auto')).toBe(Infinity)
  })
})

describe('settings that cannot be followed (D12)', () => {
  const wrong: readonly (readonly [JsonObject, string])[] = [
    [{ enabled: 'yes' }, 'plugins[0].enabled: must be true or false'], [{ preset: 'best' }, 'plugins[0].preset: must be one of "general-high"'],
    [{ analysis_models: 'openai/gpt-5' }, 'plugins[0].analysis_models: must be an array of 1 to 8'], [{ analysis_models: Array.from({ length: 9 }, () => 'openai/gpt-5') }, 'plugins[0].analysis_models: must be an array of 1 to 8'],
    [{ analysis_models: ['openai/gpt-5', ''] }, 'plugins[0].analysis_models[1]: must be the id of a model'], [{ model: 7 }, 'plugins[0].model: must be the id of a model'],
    [{ max_tool_calls: 17 }, 'plugins[0].max_tool_calls: must be a whole number from 1 to 16'], [{ max_completion_tokens: 0 }, 'plugins[0].max_completion_tokens: must be a whole number'],
    [{ temperature: 3 }, 'plugins[0].temperature: must be a number from 0 to 2'], [{ reasoning: { effort: 'much' } }, 'plugins[0].reasoning.effort: must be one of'],
    [{ reasoning: { effort: 'low', max_tokens: 5 } }, 'plugins[0].reasoning: must be an effort or max_tokens'], [{ reasoning: { max_tokens: -1 } }, 'plugins[0].reasoning.max_tokens: must be a whole number'],
    [{ tools: {} }, 'plugins[0].tools: must be an array'], [{ tools: [{}] }, 'plugins[0].tools[0]: must be an object with a type'],
    [{ model: 'openrouter/bodybuilder' }, 'plugins[0].model: openrouter/bodybuilder asks other models itself'], [{ model: 'openai/gpt-55' }, 'plugins[0].model: openai/gpt-55 is not a valid model ID'],
  ]
  test.each(wrong)('%j', (plugin, message) => {
    const fault = faultOf(() => fusionOf(call('openrouter/fusion', plugin), catalogue()))
    expect({ code: fault.code, message: fault.message }).toEqual({ code: 'invalid_request', message: expect.stringContaining(message) })
    expect(String(fault.options.metadata?.['field'])).toBe(message.slice(0, message.indexOf(':')))
  })

  test('tools and how often they may be called are warnings', () => {
    const { settings } = fusionOf(call('openrouter/fusion', { tools: [{ type: 'openrouter:web_search' }], max_tool_calls: 4 }), catalogue())
    expect(settings.unsaid.map((warning) => warning.field)).toEqual(['plugins[0].tools', 'plugins[0].max_tool_calls'])
  })

  test('null is not said; no tools is just what the panel has', () => {
    const { settings } = fusionOf(call('openrouter/fusion', { model: null, tools: [], max_tool_calls: null, reasoning: null }), catalogue())
    expect(settings).toMatchObject({ enabled: true, maxTokens: 16_000, unsaid: [] })
    expect(fusionOf(call('openrouter/fusion', { reasoning: { effort: 'none' } }), catalogue()).settings.reasoning).toMatchObject({ enabled: false, effort: 'none' })
  })
})
