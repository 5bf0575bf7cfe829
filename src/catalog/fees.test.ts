import { describe, expect, test } from 'bun:test'
import { NO_USAGE } from '../core/usage.ts'
import type { Price } from './endpoint.ts'
import { besidesOf, withFees } from './fees.ts'
import { costOf, FREE, UNPRICED, worstCost } from './price.ts'

const PRICE: Price = { state: 'priced', prompt: 1_000_000_000n, completion: 2_000_000_000n }
const searched = (webSearches: number, chargedNano = 0) => ({ ...NO_USAGE, promptTokens: 1000, completionTokens: 10, webSearches, serverToolCalls: webSearches, chargedNano })

describe('the fee of a search', () => {
  test('is known by the provider and its name for the model', () => {
    expect(withFees(PRICE, 'anthropic', 'claude-sonnet-4-5').webSearch).toBe(10_000_000n)
    expect(['gemini-2.5-flash', 'gemini-3-pro-preview'].map((model) => withFees(PRICE, 'google', model).webSearch)).toEqual([35_000_000n, 14_000_000n])
    expect(['gpt-4o-search-preview', 'gpt-5', 'text-embedding-3-small'].map((model) => withFees(PRICE, 'openai', model).webSearch)).toEqual([25_000_000n, 10_000_000n, undefined])
    expect(withFees(PRICE, 'groq', 'gpt-5')).toBe(PRICE)
    // Nobody could be found who quotes Google Cloud's list.
    for (const model of ['gemini-2.5-pro', 'claude-sonnet-4-5']) expect(withFees(PRICE, 'google-vertex', model)).toBe(PRICE)
  })

  test("leaves the operator's, and what has no price", () => {
    expect(withFees({ ...PRICE, webSearch: 1n }, 'anthropic', 'claude-x').webSearch).toBe(1n)
    for (const price of [FREE, UNPRICED]) expect(withFees(price, 'anthropic', 'claude-x')).toBe(price)
  })

  test('is added for each search, to the nano-dollar', () => {
    const price = { ...PRICE, webSearch: 10_000_000n }
    expect(costOf(price, searched(3))).toEqual({ total: 31_020_000n, prompt: 31_000_000n, completion: 20_000n, state: 'priced' })
    expect(worstCost(price, 1000, 10, 1, 0, 3)).toBe(31_020_000n)
  })
})

describe('what is billed beside tokens, where the price does not know it', () => {
  test.each([
    ['nothing was used', searched(0, 5_000_000), PRICE, { more: 0n, unknown: false }],
    ['the provider says its charge', searched(1, 5_000_000), PRICE, { more: 3_980_000n, unknown: false }],
    ['its charge is less than the tokens', searched(1, 500), PRICE, { more: 0n, unknown: false }],
    ['nobody says', searched(2), PRICE, { more: 0n, unknown: true }],
    ['the price knows', searched(2, 99_000_000), { ...PRICE, webSearch: 1n }, { more: 0n, unknown: false }],
    ['the price is of requests', searched(2), { ...PRICE, request: 5_000_000n }, { more: 0n, unknown: false }],
    ['it is free', searched(2), FREE, { more: 0n, unknown: false }],
  ] as const)('%s', (_, usage, price, besides) => expect(besidesOf(price, usage, 1_020_000n)).toEqual(besides))
})
