import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { chunksOf, ORIGIN, replyOf, streamOf } from '../../../test/wire/client-call.ts'
import type { Call } from '../../core/call.ts'
import type { Event } from '../../core/event.ts'
import { Fault } from '../../core/fault.ts'
import { asArray, asString, type Json, type JsonObject } from '../../core/json.ts'
import { nestTools } from '../openai-chat/flat-tools.ts'
import { readCompletion } from './call-read.ts'
import { openaiCompletionsClient as client } from './openai-completions.ts'

const read = (more: JsonObject = {}): Call => readCompletion({ model: 'acme/tiny', prompt: 'Once', ...more }, ORIGIN)
const finish: Event = { type: 'finish', choice: 0, reason: 'tool_calls', native: 'x' }
const choiceOf = (body: JsonObject): JsonObject => ((asArray(body['choices']) ?? [])[0] ?? {}) as JsonObject

test('a prompt is a message, alone or in a list of one', () => {
  for (const prompt of ['Once', ['Once']]) expect(read({ prompt, max_tokens: 5, logprobs: 3, best_of: 1, suffix: '' })).toMatchObject({ api: 'completions', dialect: 'openai-completions', body: { messages: [{ role: 'user', content: 'Once' }], max_tokens: 5, logprobs: true, top_logprobs: 3 } })
})

test('several prompts are as many calls, each with its own bound of tokens', () => {
  const call = readCompletion({ model: 'acme/tiny', prompt: ['Once', 'Twice upon', ''], n: 2, max_tokens: 5 }, { ...ORIGIN, bodyBytes: 200 })
  const calls = [call, ...(call.also ?? [])]
  expect(calls.map(({ id, body, needs }) => [id, body.messages, body['n'], needs.maxTokens])).toEqual([['', 'Once'], ['-1', 'Twice upon'], ['-2', '']].map(([end, content]) => [ORIGIN.id + end, [{ role: 'user', content }], 2, 5]))
  const [first, second, third] = calls.map(({ needs }) => needs.promptTokensMax)
  expect((second ?? 0) > (first ?? 0) && (first ?? 0) > (third ?? 0)).toBe(true)
})

test('whatever is sent, it is a call or a fault', () => {
  const json = fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<Json>
  fc.assert(fc.property(fc.dictionary(fc.constantFrom('model', 'prompt', 'suffix', 'echo', 'best_of', 'logprobs', 'n', 'stop', 'stream', 'temperature'), fc.oneof(json, fc.constantFrom<Json>('x', 1, true))), (sent) => {
    try {
      expect(readCompletion(sent, ORIGIN).body.messages).toHaveLength(1)
    } catch (error) {
      expect(error).toBeInstanceOf(Fault)
    }
  }), { numRuns: 400 })
})

describe('an answer', () => {
  test('that called tools just stopped', () => {
    expect(choiceOf(replyOf(client, read(), [{ type: 'text', choice: 0, text: 'a' }, finish]))).toEqual({ index: 0, text: 'a', logprobs: null, finish_reason: 'stop', native_finish_reason: 'x' })
  })

  test('is the likeliest of those made, where best_of asks for more than are returned', () => {
    const made = [-2, -0.5, null, -1].flatMap((logprob, choice): Event[] => [
      { type: 'text', choice, text: `t${choice}` }, ...(logprob === null ? [] : [{ type: 'logprobs' as const, choice, logprobs: { content: [{ token: 't', logprob }, { token: `${choice}`, logprob }] } }]), { ...finish, choice },
    ])
    const choices = (more: JsonObject): unknown => asArray(replyOf(client, read({ n: 2, best_of: 4, echo: true, ...more }), made)['choices'])
    expect(choices({})).toMatchObject([{ index: 0, text: 'Oncet1', logprobs: null }, { index: 1, text: 'Oncet3', logprobs: null }])
    expect(choices({ logprobs: 0, echo: false })).toMatchObject([{ text: 't1', logprobs: { token_logprobs: [-0.5, -0.5], text_offset: [4, 5] } }, { text: 't3' }])
    expect(read({ best_of: 3 })).toMatchObject({ body: { n: 3, logprobs: true }, preferences: { requireParameters: true } })
  })

  test('that breaks off ends in an error, without an end mark', () => {
    const fault = new Fault('provider_cut', 'Acme closed the stream')
    const text = streamOf(client, read(), [{ type: 'text', choice: 0, text: 'a' }, { type: 'fault', fault }])
    expect(text).not.toContain('[DONE]')
    expect(chunksOf(text).at(-1)).toMatchObject({ error: { code: 502 }, choices: [{ finish_reason: 'error' }], usage: { cost: 0.000123 } })
    expect(() => replyOf(client, read(), [{ type: 'fault', fault }])).toThrow(fault)
  })

  test('says the same streamed and not, with an echo or without', () => {
    const event: fc.Arbitrary<Event> = fc.oneof(fc.string().map((text): Event => ({ type: 'text', choice: 0, text })), fc.string().map((text): Event => ({ type: 'reasoning', choice: 0, detail: { type: 'reasoning.text', text, index: 0 } })))
    fc.assert(fc.property(fc.array(event, { maxLength: 8 }), fc.boolean(), (events, echo) => {
      const pieces = chunksOf(streamOf(client, read({ echo }), [...events, finish])).map(choiceOf)
      const whole = choiceOf(replyOf(client, read({ echo }), [...events, finish]))
      for (const field of ['text', 'reasoning']) expect(pieces.map((piece) => asString(piece[field]) ?? '').join('')).toBe(asString(whole[field]) ?? '')
    }))
  })
})

describe("A29: Cursor's flat tools", () => {
  test('are nested; what is nested, or no function, stays', () => {
    const nested = { type: 'function', function: { name: 'f', parameters: {} } }
    expect(nestTools({ tools: [{ type: 'function', name: 'f', parameters: {} }, nested, { type: 'web_search', name: 'c' }, 7], tool_choice: { type: 'function', name: 'f' }, messages: [{ role: 'assistant', tool_calls: [{ id: 'a', type: 'function', name: 'f', arguments: '{}' }] }], x: 1 })).toEqual({
      tools: [nested, nested, { type: 'web_search', name: 'c' }, 7], tool_choice: { type: 'function', function: { name: 'f' } }, messages: [{ role: 'assistant', tool_calls: [{ id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } }] }], x: 1,
    })
    expect(nestTools({ tools: 'x', tool_choice: 'auto' })).toEqual({ tools: 'x', tool_choice: 'auto' })
  })

  test('custom tools are nested as chat has them, and those that are said as Anthropic says them', () => {
    const flat = { type: 'custom', name: 'patch', description: 'd', format: { type: 'grammar', syntax: 'lark', definition: 'start: "x"' } }
    const nested = { type: 'custom', custom: { name: 'patch', description: 'd', format: { type: 'grammar', grammar: { syntax: 'lark', definition: 'start: "x"' } } } }
    const schema = { type: 'object', properties: {} }
    expect(nestTools({ tools: [flat, nested, { type: 'custom', name: 'c', format: { type: 'text' } }, { name: 'f', description: 'd', input_schema: schema, cache_control: { type: 'ephemeral' } }], tool_choice: { type: 'custom', name: 'patch' } })).toEqual({
      tools: [nested, nested, { type: 'custom', custom: { name: 'c', format: { type: 'text' } } }, { type: 'function', cache_control: { type: 'ephemeral' }, function: { name: 'f', description: 'd', parameters: schema } }],
      tool_choice: { type: 'custom', custom: { name: 'patch' } },
    })
  })
})
