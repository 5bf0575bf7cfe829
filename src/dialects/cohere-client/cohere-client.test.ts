import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { chunksOf, ORIGIN, replyOf, streamOf } from '../../../test/wire/client-call.ts'
import type { Call } from '../../core/call.ts'
import type { Event } from '../../core/event.ts'
import { Fault } from '../../core/fault.ts'
import { asArray, asObject, asString, type Json, type JsonObject } from '../../core/json.ts'
import { readCohereChat } from './call-read.ts'
import { cohereClient } from './cohere-client.ts'

const hi = [{ role: 'user', content: 'Hi' }]
const read = (more: JsonObject = {}): Call => readCohereChat({ model: 'acme/tiny', messages: hi, ...more }, ORIGIN)
const finish: Event = { type: 'finish', choice: 0, reason: 'stop', native: null }
const text = (said: string): Event => ({ type: 'text', choice: 0, text: said })
const think = (said: string): Event => ({ type: 'reasoning', choice: 0, detail: { type: 'reasoning.text', text: said, index: 0 } })
const tool = (index: number, args: string): Event => ({ type: 'tool', choice: 0, index, id: `id-${index}`, name: 'f', arguments: args })

describe('a request', () => {
  test('by the names of chat; the request itself is kept', () => {
    const sent = { k: 5, p: 0.5, stop_sequences: ['1', '2', '3', '4', '5'], tool_choice: 'REQUIRED', tools: [{ type: 'function', function: { name: 'f' } }], strict_tools: true, thinking: { type: 'disabled' }, safety_mode: 'STRICT' }
    const call = read(sent)
    expect(call).toMatchObject({ api: 'cohere', dialect: 'cohere', native: sent, reasoning: { enabled: false }, unsaid: [{ field: 'safety_mode' }] })
    expect(call.body).toMatchObject({ top_k: 5, top_p: 0.5, stop: ['1', '2', '3', '4', '5'], tool_choice: 'required', tools: [{ function: { name: 'f', strict: true } }] })
  })

  test('documents are read as text, and that they are not cited is a warning', () => {
    const call = read({ documents: ['It rains.', { id: 'b', data: { text: 'It snows.' } }] })
    expect(call.body.messages[0]).toEqual({ role: 'system', content: 'Answer from these documents where they help:\n\n<document id="doc:0">\nIt rains.\n</document>\n\n<document id="b">\n{"text":"It snows."}\n</document>' })
    expect(call.unsaid).toMatchObject([{ field: 'documents' }])
  })

  test('what the model planned, thought and said', () => {
    const { body } = read({ messages: [...hi, { role: 'assistant', tool_plan: 'I look.', content: [{ type: 'thinking', thinking: 'Hm' }, { type: 'text', text: 'So' }], tool_calls: [{ id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } }] }, { role: 'tool', tool_call_id: 'a', content: [{ type: 'document', document: { data: '21' } }, { type: 'text', text: 'x' }] }] })
    expect(body.messages.slice(1)).toEqual([
      { role: 'assistant', content: 'I look.\nSo', reasoning: 'Hm', tool_calls: [{ id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } }] },
      { role: 'tool', tool_call_id: 'a', content: '<document id="doc:0">\n21\n</document>\nx' },
    ])
  })

  test('whatever is sent, it is a call or a fault', () => {
    const json = fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<Json>
    const message = fc.record({ role: fc.constantFrom('system', 'user', 'assistant', 'tool', 'x'), content: fc.oneof(fc.string(), json, fc.array(fc.record({ type: fc.constantFrom('text', 'document', 'image_url', 'thinking'), text: json, document: json, image_url: json }))), tool_calls: json, tool_call_id: json, tool_plan: json }, { requiredKeys: ['role'] })
    const request = fc.record({ model: fc.oneof(fc.constant('acme/tiny'), json), messages: fc.oneof(fc.array(message, { maxLength: 4 }), json), documents: json, tools: json, tool_choice: json, response_format: json, thinking: json, stop_sequences: json, k: json, stream: json }, { requiredKeys: [] })
    fc.assert(fc.property(request, (sent) => {
      try {
        expect(readCohereChat(sent as JsonObject, ORIGIN).models).toHaveLength(1)
      } catch (error) {
        expect(error).toBeInstanceOf(Fault)
      }
    }), { numRuns: 400 })
  })
})

describe('an answer', () => {
  test('as events: what is opened is closed, before the next', () => {
    const events = chunksOf(streamOf(cohereClient, read(), [think('Hm'), text('a'), text('b'), tool(0, '{'), { type: 'tool', choice: 0, index: 0, arguments: '}' }, tool(1, '{}'), { ...finish, reason: 'tool_calls' }]))
    expect(events.map((event) => [event['type'], event['index']])).toEqual([
      ['message-start', undefined], ['content-start', 0], ['content-delta', 0], ['content-end', 0], ['content-start', 1], ['content-delta', 1], ['content-delta', 1], ['content-end', 1],
      ['tool-call-start', 0], ['tool-call-delta', 0], ['tool-call-delta', 0], ['tool-call-end', 0], ['tool-call-start', 1], ['tool-call-delta', 1], ['tool-call-end', 1], ['message-end', undefined],
    ])
    expect(events.at(-1)).toMatchObject({ delta: { finish_reason: 'TOOL_CALL', usage: { tokens: { input_tokens: 12, output_tokens: 7 }, cached_tokens: 2, cost: 0.000123 } } })
  })

  test.each([['stop', 'stop_sequence', 'STOP_SEQUENCE'], ['stop', 'end_turn', 'COMPLETE'], ['length', null, 'MAX_TOKENS'], ['content_filter', null, 'ERROR']] as const)('ends for %s (%s) as %s', (reason, native, word) => {
    expect(replyOf(cohereClient, read(), [text('a'), { type: 'finish', choice: 0, reason, native }])['finish_reason']).toBe(word)
  })

  test('with its citations', () => {
    const annotation: Event = { type: 'annotation', choice: 0, annotation: { type: 'url_citation', url_citation: { url: 'https://a.example', title: 'A', start_index: 0, end_index: 2 } } }
    const cited = { start: 0, end: 2, text: 'It', sources: [{ type: 'document', id: 'https://a.example', document: { id: 'https://a.example', url: 'https://a.example', title: 'A' } }], type: 'TEXT_CONTENT' }
    expect(asObject(replyOf(cohereClient, read(), [text('It rains'), annotation, finish])['message'])?.['citations']).toEqual([cited])
    const start = chunksOf(streamOf(cohereClient, read(), [text('It rains'), annotation, finish])).find((event) => event['type'] === 'citation-start')
    expect(asObject(asObject(start?.['delta'])?.['message'])?.['citations']).toEqual(cited)
  })

  test("in Cohere's own events stays as it is, but for the id and the cost", () => {
    const raw = (body: JsonObject): Event => ({ type: 'raw', body, contentChars: 1 })
    const events = chunksOf(streamOf(cohereClient, read(), [raw({ id: 'theirs', type: 'message-start', delta: { message: { role: 'assistant' } } }), raw({ type: 'tool-plan-delta', delta: { message: { tool_plan: 'I' } } }), raw({ type: 'message-end', delta: { finish_reason: 'TOOL_CALL', usage: { billed_units: { input_tokens: 3, output_tokens: 4 } } } })]))
    expect(events).toMatchObject([{ id: 'gen-1-test', type: 'message-start' }, { type: 'tool-plan-delta', delta: { message: { tool_plan: 'I' } } }, { type: 'message-end', delta: { finish_reason: 'TOOL_CALL', usage: { billed_units: { input_tokens: 3, output_tokens: 4 }, cost: 0.000123 } } }])
    expect(replyOf(cohereClient, read(), [raw({ id: 'theirs', finish_reason: 'COMPLETE', message: { role: 'assistant', citations: [{ start: 0 }] } })])).toMatchObject({ id: 'gen-1-test', message: { citations: [{ start: 0 }] }, usage: { cost: 0.000123 } })
  })

  test('that breaks off says so in its end, and is no reply', () => {
    const fault = new Fault('provider_cut', 'Acme closed the stream')
    expect(chunksOf(streamOf(cohereClient, read(), [text('a'), { type: 'fault', fault }])).at(-1)).toMatchObject({ type: 'message-end', delta: { finish_reason: 'ERROR', error: 'Acme closed the stream' } })
    expect(() => replyOf(cohereClient, read(), [{ type: 'fault', fault }])).toThrow(fault)
  })

  test('says the same streamed and not', () => {
    const event = fc.oneof(fc.string().map(text), fc.string().map(think), fc.tuple(fc.nat(2), fc.json({ maxDepth: 1 })).map(([index, args]) => tool(index, args)))
    fc.assert(fc.property(fc.array(event, { maxLength: 10 }), (events) => {
      const pieces = chunksOf(streamOf(cohereClient, read(), [...events, finish]))
      const contents = pieces.filter((piece) => piece['type'] === 'content-delta').map((piece) => asObject(asObject(asObject(piece['delta'])?.['message'])?.['content']) ?? {})
      const whole = (asArray(asObject(replyOf(cohereClient, read(), [...events, finish])['message'])?.['content']) ?? []) as JsonObject[]
      const joined = (list: readonly JsonObject[], field: string): string => list.map((content) => asString(content[field]) ?? '').join('')
      for (const field of ['text', 'thinking']) expect(joined(contents, field)).toBe(joined(whole, field))
      const opened = pieces.filter((piece) => String(piece['type']).endsWith('-start')).length - 1
      expect(pieces.filter((piece) => String(piece['type']).endsWith('-end')).length - 1).toBe(opened)
    }))
  })
})
