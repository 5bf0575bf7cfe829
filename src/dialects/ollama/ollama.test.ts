import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { ORIGIN, replyOf, streamOf } from '../../../test/wire/client-call.ts'
import type { Call } from '../../core/call.ts'
import type { Event } from '../../core/event.ts'
import { Fault } from '../../core/fault.ts'
import { asArray, asObject, asString, parseObject, type Json, type JsonObject } from '../../core/json.ts'
import { readOllamaChat, readOllamaGenerate } from './call-read.ts'
import { ollamaChatClient, ollamaGenerateClient } from './ollama.ts'

const hi = [{ role: 'user', content: 'Hi' }]
const read = (more: JsonObject = {}): Call => readOllamaChat({ model: 'acme/tiny', messages: hi, ...more }, ORIGIN)
const linesOf = (text: string): JsonObject[] => text.split('\n').filter((line) => line !== '').map((line) => parseObject(line) ?? {})
const finish: Event = { type: 'finish', choice: 0, reason: 'stop', native: null }
const tool = (index: number, args: string): Event => ({ type: 'tool', choice: 0, index, id: `id-${index}`, name: 'f', arguments: args })

describe('a request', () => {
  test('streams unless it says no, as Ollama does', () => {
    expect([read().stream, read({ stream: false }).stream]).toEqual([true, false])
  })

  test('options by the names of chat; those of the machine are warnings', () => {
    const call = read({ options: { num_predict: 9, temperature: 0.3, repeat_penalty: 1.1, stop: ['1', '2', '3', '4', '5', '6'], num_ctx: 4096, mirostat: 1, seed: -1 }, keep_alive: '5m' })
    expect(call.body).toMatchObject({ max_tokens: 9, temperature: 0.3, repetition_penalty: 1.1, stop: ['1', '2', '3', '4', '5', '6'] })
    expect(call.unsaid?.map((warning) => warning.field)).toEqual(['options.num_ctx', 'options.mirostat'])
    expect([call.body.seed, read({ options: { num_predict: -1 } }).needs.maxTokens]).toEqual([undefined, undefined])
  })

  test.each<[Json, JsonObject]>([[true, { enabled: true }], [false, { enabled: false }], ['high', { enabled: true, effort: 'high' }]])('think: %j', (think, wish) => expect(read({ think }).reasoning).toMatchObject(wish))

  test('images by their first bytes', () => {
    const { body } = read({ messages: [{ role: 'user', content: '', images: ['/9j/AA', 'iVBORw', 'UklGRA', 'data:image/gif;base64,AA'] }] })
    expect((asArray(body.messages[0]?.content) ?? []).map((part) => asObject(asObject(part)?.['image_url'])?.['url'])).toEqual(['data:image/jpeg;base64,/9j/AA', 'data:image/png;base64,iVBORw', 'data:image/webp;base64,UklGRA', 'data:image/gif;base64,AA'])
  })

  test('results by id, by the name of their function, or one after the other', () => {
    const calls = ['a', 'b', 'c'].map((city) => ({ id: city, function: { name: city === 'c' ? 'g' : 'f', arguments: { city } } }))
    const { body } = read({ messages: [...hi, { role: 'assistant', content: '', tool_calls: calls }, { role: 'tool', tool_name: 'g', content: '3' }, { role: 'tool', tool_call_id: 'b', content: '2' }, { role: 'tool', content: '1' }] })
    expect(body.messages.filter((message) => message.role === 'tool').map((message) => [message.tool_call_id, message.content])).toEqual([['c', '3'], ['b', '2'], ['a', '1']])
  })

  test('generate is a chat of one question', () => {
    expect(readOllamaGenerate({ model: 'acme/tiny:latest', prompt: 'Hi', system: 'Be brief.', context: [1], raw: true }, ORIGIN)).toMatchObject({
      models: ['acme/tiny'], body: { messages: [{ role: 'system', content: 'Be brief.' }, { role: 'user', content: 'Hi' }] }, unsaid: [{ field: 'context' }, { field: 'raw' }],
    })
  })

  test('whatever is sent, it is a call or a fault', () => {
    const json = fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<Json>
    const message = fc.record({ role: fc.constantFrom('system', 'user', 'assistant', 'tool', 'x'), content: fc.oneof(fc.string(), json), images: json, tool_calls: fc.oneof(json, fc.constant([{ function: { name: 'f', arguments: {} } }])), tool_name: json, thinking: json }, { requiredKeys: ['role'] })
    const request = fc.record({ model: fc.oneof(fc.constant('acme/tiny'), json), messages: fc.oneof(fc.array(message, { maxLength: 4 }), json), prompt: json, options: fc.oneof(json, fc.dictionary(fc.constantFrom('num_predict', 'temperature', 'stop', 'seed', 'num_ctx'), json)), format: json, think: json, tools: json, stream: json, images: json }, { requiredKeys: [] })
    for (const reader of [readOllamaChat, readOllamaGenerate]) {
      fc.assert(fc.property(request, (sent) => {
        try {
          expect(reader(sent as JsonObject, ORIGIN).models).toHaveLength(1)
        } catch (error) {
          expect(error).toBeInstanceOf(Fault)
        }
      }), { numRuns: 300 })
    }
  })
})

describe('an answer', () => {
  test('is lines, the last with the counts', () => {
    const lines = linesOf(streamOf(ollamaChatClient, read(), [{ type: 'text', choice: 0, text: 'a\nb' }, { type: 'text', choice: 1, text: 'other' }, finish]))
    expect(lines).toMatchObject([{ model: 'acme/tiny', message: { role: 'assistant', content: 'a\nb' }, done: false }, { message: { content: '' }, done: true, done_reason: 'stop', prompt_eval_count: 12, eval_count: 7, usage: { cost: 0.000123 } }])
  })

  test('has calls with arguments that are objects', () => {
    const { message } = replyOf(ollamaChatClient, read(), [tool(0, '{"a":1}'), tool(1, ''), tool(2, '{"a'), finish])
    expect(asObject(message)?.['tool_calls']).toEqual([{ id: 'id-0', function: { index: 0, name: 'f', arguments: { a: 1 } } }, { id: 'id-1', function: { index: 1, name: 'f', arguments: {} } }, { id: 'id-2', function: { index: 2, name: 'f', arguments: { arguments: '{"a' } } }])
  })

  test('is text alone to generate', () => {
    expect(replyOf(ollamaGenerateClient, read(), [{ type: 'text', choice: 0, text: 'a' }, finish])).toMatchObject({ response: 'a', done: true })
  })

  test('that breaks off is an error, on a line of its own or instead of a reply', () => {
    const fault = new Fault('provider_cut', 'Acme closed the stream')
    expect(linesOf(streamOf(ollamaChatClient, read(), [{ type: 'text', choice: 0, text: 'a' }, { type: 'fault', fault }])).at(-1)).toMatchObject({ error: 'Acme closed the stream', error_type: 'provider_unavailable' })
    expect(() => replyOf(ollamaChatClient, read(), [{ type: 'fault', fault }])).toThrow(fault)
    expect(ollamaChatClient.faultBody(new Fault('internal', 'secret'), 'x')).toEqual({ error: 'Internal Server Error', error_type: 'server' })
  })

  test('says the same streamed and not', () => {
    const event: fc.Arbitrary<Event> = fc.oneof(
      fc.string().map((text): Event => ({ type: 'text', choice: 0, text })), fc.string().map((text): Event => ({ type: 'reasoning', choice: 0, detail: { type: 'reasoning.text', text, index: 0 } })), fc.tuple(fc.nat(2), fc.json({ maxDepth: 1 })).map(([index, args]) => tool(index, args)),
    )
    fc.assert(fc.property(fc.array(event, { maxLength: 10 }), (events) => {
      const lines = linesOf(streamOf(ollamaChatClient, read(), [...events, finish])).map((line) => asObject(line['message']) ?? {})
      const whole = asObject(replyOf(ollamaChatClient, read(), [...events, finish])['message']) ?? {}
      const joined = (field: string): string => lines.map((message) => asString(message[field]) ?? '').join('')
      for (const field of ['content', 'thinking']) expect(joined(field)).toBe(asString(whole[field]) ?? '')
      expect(lines.flatMap((message) => asArray(message['tool_calls']) ?? [])).toEqual([...(asArray(whole['tool_calls']) ?? [])])
    }))
  })
})
