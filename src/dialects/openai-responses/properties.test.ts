import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import type { Event } from '../../core/event.ts'
import { Fault } from '../../core/fault.ts'
import { asObject, parseObject, type JsonObject } from '../../core/json.ts'
import { problemsOfResponsesRequest } from '../../../test/wire/responses-request.ts'
import { readReply } from './answer-read.ts'
import { ResponseReplyWriter, ResponseStreamWriter } from './answer-write.ts'
import { writeCall } from './call-write.ts'
import { END, eventsOf, objectsIn, SERVED, testCall, testEndpoint } from './fixtures.test-support.ts'

const RUNS = 300
const words = fc.string({ maxLength: 12 })
const id = fc.stringMatching(/^[a-z0-9]{4,12}$/)

/** One step of a model's turn, as Events. */
const step: fc.Arbitrary<(at: number) => Event[]> = fc.oneof(
  words.map((said) => () => [{ type: 'text', choice: 0, text: said } satisfies Event]),
  words.map((said) => () => [{ type: 'refusal', choice: 0, text: said } satisfies Event]),
  fc.tuple(words, fc.constantFrom('openai-responses-v1', 'anthropic-claude-v1', 'unknown')).map(([said, format]) => (at: number) => [{ type: 'reasoning', choice: 0, detail: { type: 'reasoning.text', text: said, format, index: at } } satisfies Event]),
  id.map((data) => (at: number) => [{ type: 'reasoning', choice: 0, detail: { type: 'reasoning.encrypted', data, format: 'openai-responses-v1', index: at } } satisfies Event]),
  words.map((said) => (at: number) => [{ type: 'tool', choice: 0, index: at, id: `call_${at}`, name: 'f', arguments: '' } satisfies Event, { type: 'tool', choice: 0, index: at, arguments: JSON.stringify({ said }) } satisfies Event]),
)

/** An answer of steps; tool calls are counted among themselves. */
const answer = fc.array(step, { maxLength: 8 }).map((steps) => {
  let tools = 0
  return steps.flatMap((make, at) => {
    const events = make(at)
    if (events[0]?.type !== 'tool') return events
    const index = tools++
    return events.map((event) => (event.type === 'tool' ? { ...event, index, ...(event.id === undefined ? {} : { id: `call_${index}` }) } : event))
  })
})

const said = (events: readonly Event[]): unknown => {
  const all = { text: '', refusal: '', reasoning: '', opaque: [] as unknown[], tools: [] as string[] }
  for (const event of events) {
    if (event.type === 'text') all.text += event.text
    else if (event.type === 'refusal') all.refusal += event.text
    else if (event.type === 'reasoning' && event.detail.type === 'reasoning.encrypted') all.opaque.push(event.detail['data'])
    else if (event.type === 'reasoning') all.reasoning += String(event.detail['text'] ?? '')
    else if (event.type === 'tool') all.tools[event.index] = (all.tools[event.index] ?? '') + (event.id ?? '') + (event.name ?? '') + event.arguments
  }
  return all
}

describe('read after write', () => {
  // Thoughts that OpenAI cannot have written go sealed: those are read by the request's reader, and tested there.
  const own = answer.map((events) => events.map((event) => (event.type === 'reasoning' ? { ...event, detail: { ...event.detail, format: 'openai-responses-v1' } } : event)))
  const asked: JsonObject = { include: ['reasoning.encrypted_content'] }

  test('a stream says what was said', () => {
    fc.assert(fc.property(own, (events) => {
      const writer = new ResponseStreamWriter(testCall({ stream: true, ...asked }))
      const objects = objectsIn(writer.write([SERVED, ...events, { type: 'finish', choice: 0, reason: 'stop', native: null }, END]))
      expect(said(eventsOf(objects))).toEqual(said(events))
    }), { numRuns: RUNS })
  })

  test('a reply says what was said', () => {
    fc.assert(fc.property(own, (events) => {
      const writer = new ResponseReplyWriter(testCall(asked))
      writer.add([SERVED, ...events, { type: 'finish', choice: 0, reason: 'stop', native: null }, END])
      expect(said(readReply(testCall({}), testEndpoint(), writer.body(), false))).toEqual(said(events))
    }), { numRuns: RUNS })
  })

  test('what a client sends back is what the next provider is told, in order', () => {
    fc.assert(fc.property(own, (events) => {
      const writer = new ResponseReplyWriter(testCall(asked))
      writer.add([SERVED, ...events, { type: 'finish', choice: 0, reason: 'stop', native: null }, END])
      const output = writer.body()['output']
      const calls = Array.isArray(output) ? output.map(asObject).filter((item) => item?.['type'] === 'function_call') : []
      const results = calls.map((call) => ({ type: 'function_call_output', call_id: call?.['call_id'] ?? '', output: 'ok' }))
      const call = testCall({ input: [{ role: 'user', content: 'Hi' }, ...(Array.isArray(output) ? output : []), ...results, { role: 'user', content: 'Go on' }] })
      const { native: _native, ...asChat } = call
      const written = parseObject(writeCall({ ...asChat, dialect: 'openai-chat' }, testEndpoint()).body) ?? {}
      expect(problemsOfResponsesRequest(written)).toEqual([])
    }), { numRuns: RUNS })
  })
})

describe('whatever comes', () => {
  const json = fc.jsonValue({ maxDepth: 4 })
  const types = fc.constantFrom('response.created', 'response.output_item.added', 'response.output_item.done', 'response.output_text.delta', 'response.output_text.done', 'response.refusal.delta', 'response.function_call_arguments.delta',
    'response.function_call_arguments.done', 'response.reasoning_summary_text.delta', 'response.reasoning_text.delta', 'response.output_text.annotation.added', 'response.custom_tool_call_input.delta', 'response.completed', 'response.failed', 'error', 'response.future')
  const item = fc.record({ type: fc.constantFrom('message', 'reasoning', 'function_call', 'custom_tool_call', 'web_search_call', 'image_generation_call'), id: json, content: json, summary: json, arguments: json, encrypted_content: json, call_id: json, name: json, result: json, input: json }, { requiredKeys: ['type'] })
  const event = fc.record({ type: types, output_index: fc.oneof(fc.integer({ min: -1, max: 4 }), json), content_index: json, delta: fc.oneof(words, json), text: json, item: fc.oneof(item, json), response: fc.oneof(fc.record({ status: json, output: fc.oneof(fc.array(item), json), usage: json, error: json }), json), annotation: json }, { requiredKeys: ['type'] })
  // fast-check's values are JSON: what parses back is what a provider could send.
  const objects = fc.array(event, { maxLength: 12 }).map((list) => JSON.parse(JSON.stringify(list)) as JsonObject[])

  test('a reader of a stream says one end or one fault, or a fault after an end, and never throws', () => {
    fc.assert(fc.property(objects, fc.boolean(), (list, carry) => {
      const events = eventsOf(list, { carry })
      // What goes on behind its end is a fault too, and the last word.
      const faults = events.filter((one) => one.type === 'fault')
      if (faults.length > 0) expect(events.indexOf(faults[0] ?? SERVED)).toBe(events.length - 1)
      const ends = events.filter((one) => one.type === 'fault' || one.type === 'finish' || (one.type === 'raw' && one.finishReason !== undefined))
      expect(ends.length - (faults.length > 0 && ends.length > 1 ? 1 : 0)).toBe(1)
      const writer = new ResponseStreamWriter(testCall({ stream: true }))
      expect(writer.write([SERVED, ...events, END])).toEndWith('data: [DONE]\n\n')
    }), { numRuns: RUNS })
  })

  test('a request and a reply are read, or refused by a fault', () => {
    const body = fc.record({ input: fc.oneof(words, fc.array(fc.oneof(item, fc.record({ role: fc.constantFrom('user', 'assistant', 'system', 'x'), content: json }), json)), json), instructions: json, tools: json, tool_choice: json, text: json, reasoning: json, include: json, store: json, max_output_tokens: json }, { requiredKeys: [] })
    fc.assert(fc.property(body, objects, (sent, list) => {
      for (const read of [() => testCall(JSON.parse(JSON.stringify(sent)) as JsonObject), () => readReply(testCall({}), testEndpoint(), list[0] ?? {}, false)]) {
        try {
          read()
        } catch (error) {
          expect(error).toBeInstanceOf(Fault)
        }
      }
    }), { numRuns: RUNS })
  })
})
