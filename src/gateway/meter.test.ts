import { describe, expect, test } from 'bun:test'
import type { Caller } from '../accounts/caller.ts'
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
