import { describe, expect, test } from 'bun:test'
import { geminiCall, geminiEndpoint } from '../../../test/wire/gemini-call.ts'
import type { Endpoint } from '../../catalog/endpoint.ts'
import type { ReasoningWish, Warning } from '../../core/call.ts'
import { Fault } from '../../core/fault.ts'
import { thinkingConfig } from './thinking.ts'

function thinking(model: string | Endpoint, wish: Partial<ReasoningWish>, maxTokens?: number, models: readonly string[] = ['google/gemini']) {
  const endpoint = typeof model === 'string' ? geminiEndpoint(model) : model
  return thinkingConfig(geminiCall({ max_tokens: maxTokens ?? null }, { reasoning: wish, models }), endpoint, [])
}

describe('thinking', () => {
  test('is left to the model, and shown, when the client says nothing', () => {
    expect(thinking('gemini-2.5-flash', {})).toEqual({ includeThoughts: true })
    expect(thinking('gemini-3-pro-preview', {})).toEqual({ includeThoughts: true })
    expect(thinking('gemini-3-pro-preview', { exclude: true })).toBeUndefined()
    expect(thinking('gemini-2.0-flash', {})).toBeUndefined()
    expect(thinking('gemini-2.5-flash-preview-tts', {})).toBeUndefined()
    expect(thinking('my-own-model', {})).toBeUndefined()
  })

  test('is not shown when the client excludes it', () => {
    expect(thinking('gemini-2.5-flash', { enabled: true, effort: 'low', exclude: true }, 10_000)).toEqual({ includeThoughts: false, thinkingBudget: 2_000 })
  })

  test('of Gemini 3 is a level, one to one, the nearest that it has (B30, B26)', () => {
    const levels = (model: string) => (['minimal', 'low', 'medium', 'high', 'xhigh', 'max'] as const).map((effort) => thinking(model, { enabled: true, effort })?.['thinkingLevel'])
    expect(levels('gemini-3-flash-preview')).toEqual(['minimal', 'low', 'medium', 'high', 'high', 'high'])
    expect(levels('gemini-3.1-pro-preview')).toEqual(['low', 'low', 'medium', 'high', 'high', 'high'])
    expect(levels('gemini-3-pro-preview')).toEqual(['low', 'low', 'low', 'high', 'high', 'high'])
    expect(thinking('gemini-3-flash-preview', { enabled: true })).toEqual({ includeThoughts: true, thinkingLevel: 'medium' })
  })

  test('of Gemini 3 is a budget when the client names one (B30)', () => {
    expect(thinking('gemini-3-flash-preview', { enabled: true, maxTokens: 2_000 })).toEqual({ includeThoughts: true, thinkingBudget: 2_000 })
  })

  test('of Gemini 2.5 is a share of the answer, within what the model takes (B24)', () => {
    const budgets = (model: string, maxTokens?: number) => (['minimal', 'low', 'medium', 'high', 'xhigh'] as const).map((effort) => thinking(model, { enabled: true, effort }, maxTokens)?.['thinkingBudget'])
    expect(budgets('gemini-2.5-flash', 10_000)).toEqual([1_000, 2_000, 5_000, 8_000, 9_500])
    expect(budgets('gemini-2.5-flash')).toEqual([6_553, 13_107, 24_576, 24_576, 24_576])
    expect(budgets('gemini-2.5-pro', 1_000)).toEqual([128, 200, 500, 800, 950])
    expect(thinking('gemini-2.5-pro', { enabled: true, maxTokens: 100_000 })).toEqual({ includeThoughts: true, thinkingBudget: 32_768 })
    expect(thinking('gemini-2.5-flash-lite', { enabled: true, maxTokens: 10 })).toEqual({ includeThoughts: true, thinkingBudget: 512 })
    expect(thinking('gemini-2.5-flash', { enabled: true }, 10_000)).toEqual({ includeThoughts: true, thinkingBudget: 5_000 })
  })

  test('is turned off where it can be', () => {
    expect(thinking('gemini-2.5-flash', { enabled: false })).toEqual({ thinkingBudget: 0 })
    expect(thinking('gemini-2.5-flash-lite', { enabled: true, maxTokens: 0 })).toEqual({ thinkingBudget: 0 })
    expect(thinking('gemini-3-flash-preview', { enabled: false, effort: 'none' })).toEqual({ thinkingLevel: 'minimal' })
    expect(thinking('gemini-2.0-flash', { enabled: false })).toBeUndefined()
  })

  test('is not turned off where it cannot be: 400, or the least for the newest of a family (B26)', () => {
    expect(() => thinking('gemini-2.5-pro', { enabled: false })).toThrow(Fault)
    expect(() => thinking('gemini-3-pro-preview', { enabled: false, effort: 'none' })).toThrow(/cannot answer without reasoning/)
    expect(thinking('gemini-3-pro-preview', { enabled: false, effort: 'none' }, undefined, ['~google/gemini-pro-latest'])).toEqual({ thinkingLevel: 'low' })
    expect(thinking('gemini-2.5-pro', { enabled: true, maxTokens: 0 }, undefined, ['~google/gemini-pro-latest'])).toEqual({ thinkingBudget: 128 })
  })

  test('follows the catalogue where it knows more', () => {
    const flash = geminiEndpoint('gemini-3-flash-preview', { reasoning: { efforts: ['low', 'high'], budget: false, mandatory: true } })
    expect(thinking(flash, { enabled: true, effort: 'medium' })).toMatchObject({ thinkingLevel: 'low' })
    expect(() => thinking(flash, { enabled: false })).toThrow(Fault)
    const everything = { efforts: ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'], budget: true, mandatory: false } as const
    expect(thinking(geminiEndpoint('gemini-3-pro-preview', { reasoning: everything }), { enabled: true, effort: 'max' })).toMatchObject({ thinkingLevel: 'high' })
    expect(thinking(geminiEndpoint('house-model', { reasoning: everything }), { enabled: true, effort: 'xhigh' })).toEqual({ includeThoughts: true, thinkingLevel: 'high' })
    expect(thinking(geminiEndpoint('house-model', { reasoning: everything }), {})).toBeUndefined()
    expect(thinking(geminiEndpoint('house-model', { parameters: new Set(), reasoning: everything }), {})).toEqual({ includeThoughts: true })
    const other = geminiEndpoint('house-model', { parameters: new Set(), reasoning: { budget: true, mandatory: false } })
    expect(thinking(other, { enabled: true, maxTokens: 900 })).toEqual({ includeThoughts: true, thinkingBudget: 900 })
  })

  test('of a model that does not think is a warning', () => {
    const warnings: Warning[] = []
    expect(thinkingConfig(geminiCall({}, { reasoning: { enabled: true } }), geminiEndpoint('gemini-2.0-flash'), warnings)).toBeUndefined()
    expect(warnings.map((warning) => warning.field)).toEqual(['reasoning'])
  })
})
