import { expect, test } from 'bun:test'
import { describeShared } from '../../../test/shared.ts'
import { recordings } from '../../../test/wire/anthropic.ts'
import type { JsonObject } from '../../core/json.ts'
import { estimateTokens } from './count-tokens.ts'

test('more words, more tokens; nothing is no tokens but the frame', () => {
  const of = (content: string): number => estimateTokens({ messages: [{ role: 'user', content }] })
  expect(of('')).toBeLessThan(10)
  expect(of('Hello')).toBeGreaterThan(of(''))
  expect(of('The quick brown fox jumps over the lazy dog. '.repeat(100))).toBeWithin(850, 1_150)
  expect(of('日本語のテキスト'.repeat(10))).toBeWithin(40, 120)
})

test('content of every kind counts, and content of none is no error', () => {
  expect(estimateTokens({})).toBeGreaterThan(0)
  const block = (content: JsonObject): number => estimateTokens({ messages: [{ role: 'user', content: [content] }] })
  expect(block({ type: 'image', source: {} })).toBeGreaterThan(1_000)
  expect(block({ type: 'document', source: { type: 'base64', data: 'A'.repeat(100_000) } })).toBeGreaterThan(5_000)
  expect(block({ type: 'document', source: { type: 'text', data: 'one two three' } })).toBeLessThan(20)
  expect(block({ type: 'tool_result', content: [{ type: 'text', text: 'one two three' }] })).toBeGreaterThan(20)
})

describeShared('against Anthropic’s own counts', () => {
  test('most estimates are within a third', () => {
    const shares = recordings().flatMap(({ request: { body }, response }): number[] => {
      const usage = response.body?.['usage'] as { readonly input_tokens?: number; readonly cache_read_input_tokens?: number; readonly cache_creation_input_tokens?: number } | undefined
      // Pictures have sizes that nobody reads here, and Anthropic's own tools a prompt that nobody knows.
      if (!body || usage?.input_tokens === undefined || /"(?:image|server_tool_use)"|_20\d{6}"/.test(JSON.stringify(body))) return []
      return [estimateTokens(body) / (usage.input_tokens + (usage.cache_read_input_tokens ?? 0) + (usage.cache_creation_input_tokens ?? 0))]
    }).toSorted((a, b) => a - b)
    expect(shares.length).toBeGreaterThan(80)
    expect(shares.filter((share) => share > 0.66 && share < 1.34).length / shares.length).toBeGreaterThan(0.85)
    expect(shares[Math.floor(shares.length / 2)]).toBeWithin(0.9, 1.2)
  })
})
