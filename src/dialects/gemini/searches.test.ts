import { describe, expect, test } from 'bun:test'
import type { Event } from '../../core/event.ts'
import type { JsonObject } from '../../core/json.ts'
import { testCall, testEndpoint } from '../openai-chat/fixtures.test-support.ts'
import { CarryReader } from './carry.ts'
import { AnswerReader } from './read.ts'

const chunk = (webSearchQueries: string[] | undefined, more: JsonObject = {}) => ({ event: '', data: JSON.stringify({ candidates: [{ content: { parts: [{ text: 'x' }] }, ...(webSearchQueries ? { groundingMetadata: { webSearchQueries } } : {}) }], ...more }) })
const usageMetadata = { promptTokenCount: 10, candidatesTokenCount: 2, totalTokenCount: 12 }
const finish = { event: '', data: JSON.stringify({ candidates: [{ finishReason: 'STOP' }] }) }
const searchesOf = (events: readonly Event[]) => events.findLast((event) => event.type === 'usage')?.usage

describe.each([['read', AnswerReader], ['carried', CarryReader]] as const)('searches of an answer that is %s', (_, Reader) => {
  const run = (upstreamId: string, ...frames: ReturnType<typeof chunk>[]) => {
    const endpoint = testEndpoint({ upstreamId })
    const reader = Reader === AnswerReader ? new AnswerReader(testCall({}), endpoint) : new CarryReader(endpoint)
    const out: Event[] = []
    for (const frame of [...frames, finish]) reader.read(frame, out)
    reader.end(out)
    return searchesOf(out)
  }

  test('count once, though every chunk repeats them, and are billed as Google does', () => {
    const frames = [chunk(['a'], { usageMetadata }), chunk(['a', 'b', ''], { usageMetadata })]
    expect(run('gemini-3-pro-preview', ...frames)).toMatchObject({ promptTokens: 10, webSearches: 2, serverToolCalls: 2 })
    expect(run('gemini-2.5-flash', ...frames)).toMatchObject({ promptTokens: 10, webSearches: 1, serverToolCalls: 2 })
  })

  test('count also where they come after the last count of tokens', () => {
    expect(run('gemini-3-flash', chunk(undefined, { usageMetadata }), chunk(['late']))).toMatchObject({ completionTokens: 2, webSearches: 1 })
    expect(run('gemini-3-flash', chunk(undefined, { usageMetadata }))).toMatchObject({ webSearches: 0, serverToolCalls: 0 })
  })
})
