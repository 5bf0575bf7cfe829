import { describe, expect, test } from 'bun:test'
import type { Caller } from '../accounts/caller.ts'
import { NO_USAGE, type Usage } from '../core/usage.ts'
import { at, callFor } from '../routing/small-catalogue.test.ts'
import { Conversations } from './conversations.ts'
import { Meter } from './meter.ts'

// Only the account is looked at.
const caller = (accountId: string): Caller => ({ accountId }) as Caller
const ADA = caller('ada')

function start() {
  let nowMs = 0
  const clock = { monotonicMs: () => nowMs, wallMs: () => nowMs }
  const conversations = new Conversations(clock)
  const answered = (call: ReturnType<typeof callFor>, tag: string, usage: Partial<Usage> = {}, finished = true, who = ADA) => {
    const meter = new Meter(call, who, clock)
    meter.begin(at(tag, { usd: '1' })('a/m'), 'a/m')
    meter.count([{ type: 'usage', usage: { ...NO_USAGE, ...usage } }])
    if (finished) meter.count([{ type: 'finish', choice: 0, reason: 'stop', native: 'stop' }])
    conversations.learn(who, call, meter)
  }
  return { conversations, answered, pass: (ms: number) => { nowMs += ms } }
}

const HELLO = callFor('a/m', {}, {}, { messages: [{ role: 'user', content: 'hello' }] })
const NAMED = callFor('a/m', {}, {}, { messages: [{ role: 'user', content: 'hello' }], session_id: 's' })
const MINUTE_MS = 60_000

describe('C42: what is remembered', () => {
  test('an answer that read or wrote the prompt cache', () => {
    const { conversations, answered } = start()
    answered(HELLO, 'a')
    expect(conversations.affinity(ADA, HELLO).of('a/m')).toBeUndefined()
    answered(HELLO, 'a', { cacheReadTokens: 1 })
    expect(conversations.affinity(ADA, HELLO).of('a/m')).toBe('a/m@a')
    answered(HELLO, 'b', { cacheWriteTokens: 1 })
    expect(conversations.affinity(ADA, HELLO).of('a/m')).toBe('a/m@b')
  })

  test('C43: the first answer of a conversation that the client named', () => {
    const { conversations, answered } = start()
    answered(NAMED, 'a')
    expect(conversations.affinity(ADA, NAMED).of('a/m')).toBe('a/m@a')
    expect(conversations.affinity(ADA, HELLO).of('a/m')).toBeUndefined()
  })

  test('a failure changes nothing', () => {
    const { conversations, answered } = start()
    answered(NAMED, 'a')
    answered(NAMED, 'b', {}, false)
    expect(conversations.affinity(ADA, NAMED).of('a/m')).toBe('a/m@a')
  })

  test('each account has its own, each model too', () => {
    const { conversations, answered } = start()
    answered(NAMED, 'a')
    expect(conversations.affinity(caller('bob'), NAMED).of('a/m')).toBeUndefined()
    expect(conversations.affinity(ADA, NAMED).of('a/n')).toBeUndefined()
  })

  test('ten idle minutes end it, each answer starts them anew', () => {
    const { conversations, answered, pass } = start()
    answered(NAMED, 'a')
    pass(9 * MINUTE_MS)
    answered(NAMED, 'a')
    pass(9 * MINUTE_MS)
    expect(conversations.affinity(ADA, NAMED).of('a/m')).toBe('a/m@a')
    pass(MINUTE_MS)
    expect(conversations.affinity(ADA, NAMED).of('a/m')).toBeUndefined()
  })

  test('where the client orders providers it is off', () => {
    const { conversations, answered } = start()
    answered(NAMED, 'a')
    expect(conversations.affinity(ADA, { ...NAMED, preferences: { ...NAMED.preferences, order: ['b'] } }).of('a/m')).toBeUndefined()
  })
})
