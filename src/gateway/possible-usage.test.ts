import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import type { Caller } from '../accounts/caller.ts'
import type { JsonObject } from '../core/json.ts'
import { NO_USAGE, type Usage } from '../core/usage.ts'
import { testCall, testEndpoint } from '../dialects/openai-chat/fixtures.test-support.ts'
import { FakeClock } from '../lib/clock.ts'
import { Meter } from './meter.ts'
import { possible } from './possible-usage.ts'

// Its window is 128,000, which is also what the catalogue guesses: it is judged as the 400,000 that it may be.
const endpoint = testEndpoint({})
const WINDOW = 400_000
const ask = { role: 'user', content: 'x' } as const
const judged = (said: Partial<Usage>, more: JsonObject = {}, answerChars = 5): Usage => possible({ ...NO_USAGE, ...said }, { call: testCall({ messages: [ask], ...more }), endpoint, answerChars })

describe('counts that a call can have are not touched', () => {
  test('whatever is in the window: hidden reasoning beyond the longest answer, cached prompts', () => {
    fc.assert(fc.property(fc.nat({ max: WINDOW }), fc.nat({ max: WINDOW }), fc.nat({ max: WINDOW }), (promptTokens, completionTokens, part) => {
      const usage = { ...NO_USAGE, promptTokens, completionTokens, cacheReadTokens: Math.min(part, promptTokens), reasoningTokens: Math.min(part, completionTokens) }
      expect(possible(usage, { call: testCall({ messages: [ask] }), endpoint, answerChars: 1 })).toBe(usage)
    }))
  })

  test('nor more, where more was sent, written or asked for than the catalogue says that fits', () => {
    expect(judged({ promptTokens: 1_000_000 }, { messages: [{ role: 'user', content: 'x'.repeat(1_000_000) }] }).estimated).toBe(false)
    expect(judged({ completionTokens: 900_000 }, {}, 900_000).estimated).toBe(false)
    expect(judged({ completionTokens: 1_900_000 }, { n: 4 }).estimated).toBe(false)
  })

  test('nor those of a provider that worked by itself', () => {
    expect(judged({ promptTokens: 3_000_000, webSearches: 1 }).promptTokens).toBe(3_000_000)
    expect(judged({ promptTokens: 3_000_000, chargedNano: 7 }).promptTokens).toBe(3_000_000)
    for (const more of [{ tools: [{ type: 'web_search_20250305', name: 'web_search' }] }, { web_search_options: {} }, { mcp_servers: [{}] }]) expect(judged({ promptTokens: 3_000_000 }, more).promptTokens).toBe(3_000_000)
  })
})

describe('counts that no call can have', () => {
  test('are counted as far as they can be, each part within its whole, and marked', () => {
    expect(judged({ promptTokens: 1e8, cacheReadTokens: 9e7, cacheWriteTokens: 1e7, completionTokens: 5e8, reasoningTokens: 5e8 })).toMatchObject({
      promptTokens: WINDOW * 1.25, cacheReadTokens: WINDOW * 1.25, cacheWriteTokens: 0, completionTokens: WINDOW * 1.25, reasoningTokens: WINDOW * 1.25, estimated: true,
    })
    expect(judged({ promptTokens: 3, completionTokens: 5e8 }, { tools: [{ type: 'function', function: { name: 'f' } }] })).toMatchObject({ promptTokens: 3, completionTokens: WINDOW * 1.25, estimated: true })
  })

  test('are said in a warning', () => {
    // The meter notes who calls, and reads no more of it.
    const meter = new Meter(testCall({ messages: [ask] }), { accountId: 'a', key: { hash: 'h' } } as Caller, new FakeClock())
    meter.begin(endpoint, 'a/m')
    meter.count([{ type: 'text', choice: 0, text: 'Hello' }, { type: 'usage', usage: { ...NO_USAGE, promptTokens: 3, completionTokens: 5e8 } }, { type: 'finish', choice: 0, reason: 'stop', native: 'stop' }])
    expect(meter.notes().map(({ field, why }) => [field, why.includes('500000000')])).toEqual([['usage', true]])
    expect(meter.used()).toMatchObject({ promptTokens: 3, completionTokens: WINDOW * 1.25, estimated: true })
  })
})
