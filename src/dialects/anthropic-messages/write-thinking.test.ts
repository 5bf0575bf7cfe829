import { describe, expect, test } from 'bun:test'
import { asObject, type JsonObject } from '../../core/json.ts'
import { endpointOf } from '../../../test/wire/anthropic.ts'
import { FABLE, faultOf, OPUS_46, OPUS_48, OPUS_5, write } from '../../../test/wire/anthropic-written.ts'
import { GENERATIONS, generationOf } from './generations.ts'

describe('reasoning by a budget', () => {
  const budget = (chat: JsonObject): unknown => asObject(write(chat).body['thinking'])?.['budget_tokens']

  test.each([['max', 9500], ['xhigh', 9500], ['high', 8000], ['medium', 5000], ['low', 2000], ['minimal', 1024]])('effort %s of 10000 is %d tokens (B24)', (effort, tokens) => {
    expect(budget({ max_tokens: 10_000, reasoning: { effort } })).toBe(tokens)
    expect(budget({ max_tokens: 10_000, reasoning_effort: effort })).toBe(tokens)
  })

  test('enabled is medium (B25), none and false are no thinking, silence is no thinking', () => {
    expect(budget({ max_tokens: 10_000, reasoning: { enabled: true } })).toBe(5000)
    for (const reasoning of [{ effort: 'none' }, { enabled: false }, { max_tokens: 0 }, {}]) expect(write({ reasoning }).body).not.toHaveProperty('thinking')
  })

  test('is at least 1024 and at most 128000 when an effort asks', () => {
    expect(budget({ reasoning: { max_tokens: 10 } })).toBe(1024)
    expect(asObject(write({ reasoning: { effort: 'high' } }, endpointOf('claude-sonnet-4-5', { outputMax: 400_000 })).body['thinking'])?.['budget_tokens']).toBe(128_000)
  })

  test('stays below max_tokens, which is never raised', () => {
    expect(write({ max_tokens: 3000, reasoning: { max_tokens: 5000 } })).toMatchObject({ body: { max_tokens: 3000, thinking: { type: 'enabled', budget_tokens: 2999 } }, warned: ['reasoning'] })
    const small = write({ max_tokens: 500, reasoning: { effort: 'high' } })
    expect([small.body['thinking'], small.body['max_tokens'], small.warned]).toEqual([undefined, 500, ['reasoning']])
  })

  test('drops what cannot be set while thinking, with a warning', () => {
    const { body, warned } = write({ reasoning: { effort: 'high' }, temperature: 0.2, top_p: 0.5, top_k: 10 })
    expect([body['temperature'], body['top_p'], body['top_k'], warned]).toEqual([undefined, undefined, undefined, ['temperature', 'top_p', 'top_k']])
    expect(write({ reasoning: { effort: 'high' }, temperature: 1 }).warned).toEqual([])
  })

  test('is not asked of a model that does not reason', () => {
    expect(write({ reasoning: { effort: 'high' } }, endpointOf('claude-3-5-haiku-20241022', { outputMax: 8192 }))).toMatchObject({ warned: ['reasoning'] })
  })
})

describe('adaptive reasoning (B31)', () => {
  test('is adaptive with the effort in output_config from 4.6 on', () => {
    expect(write({ reasoning: { effort: 'minimal' } }, OPUS_46).body).toMatchObject({ thinking: { type: 'adaptive' }, output_config: { effort: 'low' } })
    expect(write({ reasoning: { enabled: true } }, OPUS_46).body).not.toHaveProperty('output_config')
    expect(write({ reasoning: { effort: 'xhigh' } }, OPUS_46).body['output_config']).toEqual({ effort: 'high' })
    expect(write({ reasoning: { effort: 'xhigh' } }, OPUS_48).body['output_config']).toEqual({ effort: 'xhigh' })
  })

  test('is a budget on 4.6 when the client names one, and ignored with a warning on 4.7', () => {
    expect(write({ reasoning: { max_tokens: 5000 } }, OPUS_46).body['thinking']).toEqual({ type: 'enabled', budget_tokens: 5000 })
    expect(write({ reasoning: { max_tokens: 5000 } }, OPUS_48)).toMatchObject({ body: { thinking: { type: 'adaptive', display: 'summarized' } }, warned: ['reasoning.max_tokens'] })
  })

  test('verbosity sets the same field and wins', () => {
    expect(write({ reasoning: { effort: 'low' }, verbosity: 'max' }, OPUS_46).body['output_config']).toEqual({ effort: 'max' })
    expect(write({ verbosity: 'low' }, OPUS_46).body).toMatchObject({ output_config: { effort: 'low' } })
    expect(write({ verbosity: 'xhigh' }, endpointOf('claude-opus-4-5'))).toMatchObject({ body: { output_config: { effort: 'high' } }, headers: { 'anthropic-beta': 'effort-2025-11-24' } })
    expect(write({ verbosity: 'low' }).warned).toEqual(['verbosity'])
  })

  test('shows its summary, unless it is to be excluded', () => {
    expect(write({}, OPUS_5).body['thinking']).toEqual({ type: 'adaptive', display: 'summarized' })
    expect(write({ reasoning: { exclude: true } }, OPUS_5).body['thinking']).toEqual({ type: 'adaptive', display: 'omitted' })
    expect(write({}, OPUS_48).body).not.toHaveProperty('thinking')
  })

  test('is turned off where it can be, and a fault where it cannot (B26)', () => {
    expect(write({ reasoning: { effort: 'none' } }, OPUS_5).body['thinking']).toEqual({ type: 'disabled' })
    const fault = faultOf({ reasoning: { effort: 'none' } }, FABLE)
    expect([fault.code, fault.status, fault.options.metadata?.['field']]).toEqual(['invalid_request', 400, 'reasoning.effort'])
    expect(write({ model: '~anthropic/fable-latest', reasoning: { enabled: false } }, FABLE)).toMatchObject({ body: { thinking: { type: 'adaptive' }, output_config: { effort: 'low' } }, warned: ['reasoning'] })
  })

  test('takes no sampling parameters from 4.7 on', () => {
    expect(write({ temperature: 0.2, top_k: 4, top_p: 0.9 }, OPUS_48).warned).toEqual(['temperature', 'top_p', 'top_k'])
  })

  test('in Anthropic\'s words goes as it came, but for a budget that cannot be', () => {
    expect(write({ thinking: { type: 'enabled', budget_tokens: 2000 }, output_config: { task_budget: { type: 'tokens', total: 20_000 } } })).toMatchObject({
      body: { thinking: { type: 'enabled', budget_tokens: 2000 }, output_config: { task_budget: { total: 20_000 } } }, headers: { 'anthropic-beta': 'task-budgets-2026-03-13' },
    })
    expect(write({ max_tokens: 1500, thinking: { type: 'enabled', budget_tokens: 2000 } }).body['thinking']).toEqual({ type: 'enabled', budget_tokens: 1499 })
  })
})

describe('generations', () => {
  const name = (upstreamId: string) => generationOf(endpointOf(upstreamId))

  test.each([
    ['claude-3-haiku-20240307', 'none', 'both', true], ['claude-3-7-sonnet-20250219', 'budget', 'both', true], ['claude-opus-4-20250514', 'budget', 'both', true],
    ['claude-sonnet-4@20250514', 'budget', 'both', true], ['claude-opus-4-1-20250805', 'budget', 'one', true], ['anthropic.claude-sonnet-4-5-20250929-v1:0', 'budget', 'one', true],
    ['claude-sonnet-4-6', 'both', 'one', false], ['claude-opus-4.7', 'adaptive', 'none', false], ['claude-4.8-opus', 'adaptive', 'none', false], ['claude-sonnet-5', 'adaptive', 'none', false],
    ['claude-opus-7-1', 'adaptive', 'none', false], ['claude-latest', 'adaptive', 'none', false],
  ] as const)('%s thinks by %s, samples %s, prefill %p', (id, thinking, sampling, prefill) => {
    expect(name(id)).toMatchObject({ thinking, sampling, prefill })
  })

  test('are found by the model\'s own id when the provider\'s says nothing', () => {
    expect(generationOf(endpointOf('prod-1', { modelId: 'anthropic/claude-opus-4.8' })).midSystem).toBe(true)
  })

  test('of other makers take what the catalogue says, or everything where it says nothing', () => {
    const other = { modelId: 'minimax/minimax-m2', reasoning: { budget: true, mandatory: false } }
    expect(generationOf(endpointOf('minimax-m2', { ...other, parameters: new Set(['tools']) }))).toMatchObject({ thinking: 'budget', structured: false, sampling: 'both' })
    expect(generationOf(endpointOf('plain-1', { modelId: 'acme/plain', parameters: new Set(['tools']) }))).toMatchObject({ thinking: 'none', structured: false })
    expect(generationOf(endpointOf('tiny-1', { modelId: 'acme/tiny' }))).toMatchObject({ thinking: 'budget', structured: true })
  })

  test('are each found by a model of theirs', () => {
    for (const row of GENERATIONS) {
      const found = (row.families ?? ['opus', 'sonnet', 'haiku']).some((family) => name(`claude-${family}-${row.from.join('-')}`) === row)
      expect([row.families, row.from, found]).toEqual([row.families, row.from, true])
    }
  })
})
