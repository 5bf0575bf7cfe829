import { describe, expect, test } from 'bun:test'
import type { Caller } from '../accounts/caller.ts'
import type { Endpoint } from '../catalog/endpoint.ts'
import { markedUp } from '../catalog/markup.ts'
import { NO_USAGE } from '../core/usage.ts'
import { testCall, testEndpoint } from '../dialects/openai-chat/fixtures.test-support.ts'
import { FakeClock } from '../lib/clock.ts'
import { Meter } from './meter.ts'

// The meter notes who calls, and reads no more of it.
const CALLER = { accountId: 'a', key: { hash: 'h' } } as Caller

describe('C22: how fast an endpoint is', () => {
  test('its tokens by all the time of its attempt: until its first token, and from there to the end', () => {
    const clock = new FakeClock()
    const meter = new Meter(testCall({ stream: true }), CALLER, clock)
    clock.advance(5_000) // an attempt before this one took as long
    meter.begin(testEndpoint({}), 'a/m')
    clock.advance(500)
    meter.count([{ type: 'text', choice: 0, text: 'Hello' }])
    clock.advance(1_500)
    meter.count([{ type: 'finish', choice: 0, reason: 'stop', native: 'stop' }, { type: 'usage', usage: { ...NO_USAGE, promptTokens: 10, completionTokens: 100 } }])
    expect(meter.speed()).toEqual({ latencyMs: 500, throughput: 50 })
  })

  test('nothing is said of an attempt that wrote nothing', () => {
    const clock = new FakeClock()
    const meter = new Meter(testCall({}), CALLER, clock)
    meter.begin(testEndpoint({}), 'a/m')
    clock.advance(500)
    expect(meter.speed()).toEqual({})
  })
})

describe('what a customer of a reseller pays', () => {
  const list = testEndpoint({})
  const price = { state: 'priced' as const, prompt: 1_000_000_000n, completion: 4_000_000_000n }
  const at = { ...list, price }
  const marked = { ...at, price: markedUp(price, 2_000), markup: { basisPoints: 2_000, list: at } }
  const own = { ...at, ownKey: { id: 'k', label: 'k', order: 0, isFallback: false, feeBasisPoints: 0 }, sharedBasisPoints: 2_000 }

  /** Tokens for $0.002, and searches that the provider charges at its own price: $0.003 in all. */
  const paid = (endpoint: Endpoint, markupBasisPoints: number) => {
    const meter = new Meter(testCall({ messages: [{ role: 'user', content: 'x' }] }), { ...CALLER, wallet: { id: 'w', externalId: 'acme', prices: [{ markupBasisPoints, models: {} }] } }, new FakeClock())
    meter.begin(endpoint, 'a/m')
    const usage = { ...NO_USAGE, promptTokens: 1_000, completionTokens: 250, webSearches: 1, chargedNano: 3_000_000 }
    meter.count([{ type: 'text', choice: 0, text: 'Hello' }, { type: 'usage', usage }, { type: 'finish', choice: 0, reason: 'stop', native: 'stop' }])
    return [meter.cost(usage, 1_000_000_000n).total, meter.charged(usage, 1_000_000_000n)?.cost]
  }

  test('is over all that the call costs the reseller, what is billed beside tokens too', () => {
    expect(paid(at, 0)).toEqual([3_000_000n, 3_000_000n])
    expect(paid(marked, 0)).toEqual([3_600_000n, 3_600_000n])
    expect(paid(marked, 5_000)).toEqual([3_600_000n, 5_400_000n])
  })

  test('is the same on a key of the reseller\'s own', () => {
    expect(paid(own, 5_000)).toEqual([0n, 5_400_000n])
  })
})

describe('what a provider says that was used', () => {
  const used = (usage: Partial<typeof NO_USAGE>) => {
    const meter = new Meter(testCall({ messages: [{ role: 'user', content: 'x' }] }), CALLER, new FakeClock())
    meter.begin(testEndpoint({}), 'a/m')
    meter.count([{ type: 'text', choice: 0, text: 'Hello' }, { type: 'usage', usage: { ...NO_USAGE, ...usage } }, { type: 'finish', choice: 0, reason: 'stop', native: 'stop' }])
    return meter.used()
  }

  test('is whole: a part of a token is one', () => {
    expect(used({ promptTokens: 10.7, completionTokens: 5.2, reasoningTokens: 1 })).toEqual({ ...NO_USAGE, promptTokens: 11, completionTokens: 6, reasoningTokens: 1 })
  })

  test('is not believed where no model could have used it: our estimate stands, marked', () => {
    expect(used({ promptTokens: 1e15, completionTokens: 5 })).toMatchObject({ completionTokens: 2, estimated: true })
    expect(used({ promptTokens: 100_000, completionTokens: 100_000, reasoningTokens: 99_999 })).toMatchObject({ promptTokens: 100_000, completionTokens: 100_000, estimated: false })
  })
})
