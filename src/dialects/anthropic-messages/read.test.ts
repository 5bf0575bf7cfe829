import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import type { Event } from '../../core/event.ts'
import { Fault } from '../../core/fault.ts'
import { isObject, type JsonObject } from '../../core/json.ts'
import { describeShared } from '../../../test/shared.ts'
import { endpointOf, eventsOf, fold, framesOf, recordings, replyOf, streamOf, type Recording } from '../../../test/wire/anthropic.ts'
import { anthropicMessages } from './anthropic-messages.ts'

/** Frames of a stream, from the objects of its events. */
function frames(...events: readonly JsonObject[]): { event: string; data: string }[] {
  return events.map((event) => ({ event: String(event['type']), data: JSON.stringify(event) }))
}

const START: JsonObject = { type: 'message_start', message: { id: 'msg_1', type: 'message', role: 'assistant', model: 'claude-x', content: [], stop_reason: null, usage: { input_tokens: 10, output_tokens: 1 } } }
const STOP: JsonObject = { type: 'message_stop' }

function block(index: number, start: JsonObject, ...deltas: readonly JsonObject[]): JsonObject[] {
  return [{ type: 'content_block_start', index, content_block: start }, ...deltas.map((delta) => ({ type: 'content_block_delta', index, delta })), { type: 'content_block_stop', index }]
}

function ending(reason: string, usage: JsonObject = { output_tokens: 7 }): JsonObject[] {
  return [{ type: 'message_delta', delta: { stop_reason: reason, stop_sequence: null }, usage }, STOP]
}

const text = (value: string): JsonObject => ({ type: 'text_delta', text: value })
const json = (value: string): JsonObject => ({ type: 'input_json_delta', partial_json: value })

describe('a stream', () => {
  test('gives start, text, usage and finish, once each and in their order', () => {
    const events = eventsOf(frames(START, ...block(0, { type: 'text', text: '' }, text('Hel'), text('lo')), ...ending('end_turn')))
    expect(events.map((event) => event.type)).toEqual(['start', 'usage', 'text', 'text', 'usage', 'finish'])
    expect(events[0]).toEqual({ type: 'start', providerId: 'msg_1', model: 'claude-x', serviceTier: undefined })
    expect(events.at(-1)).toEqual({ type: 'finish', choice: 0, reason: 'stop', native: 'end_turn' })
  })

  test('shows a ping as a sign of life wherever it falls, never as content', () => {
    const ping: JsonObject = { type: 'ping' }
    const [begin, delta, end] = block(0, { type: 'text', text: '' }, text('a')) as [JsonObject, JsonObject, JsonObject]
    const events = eventsOf(frames(START, ping, begin, ping, delta, ping, end, ping, ...ending('end_turn')))
    expect(events.filter((event) => event.type === 'ping')).toHaveLength(4)
    expect(fold(events).message.content).toBe('a')
  })

  test('parses data lines with blanks before the brace and spaced differently', () => {
    const events = eventsOf(framesOf(`event: message_start\ndata: ${JSON.stringify(START).slice(0, -1)}          }\n\nevent: ping\ndata: {"type": "ping"}\n\nevent: message_stop\ndata: {"type":"message_stop"    }\n\n`))
    expect(events.map((event) => event.type)).toEqual(['start', 'usage', 'ping', 'usage', 'finish'])
  })

  test('passes on pieces of arguments as they come, and does not wait for the rest', () => {
    const out: Event[] = []
    const reader = anthropicMessages.streamReader({} as never, endpointOf(), false)
    for (const frame of frames(START, ...block(0, { type: 'tool_use', id: 't1', name: 'f', input: {} }, json(''), json('{"a"')).slice(0, 3))) reader.read(frame, out)
    expect(out.slice(2)).toEqual([
      { type: 'tool', choice: 0, index: 0, id: 't1', name: 'f', arguments: '' },
      { type: 'tool', choice: 0, index: 0, arguments: '{"a"' },
    ])
  })

  test('gives {} for a tool without arguments, whether one empty piece came or none', () => {
    const tool = (id: string): JsonObject => ({ type: 'tool_use', id, name: 'f', input: {} })
    const { message } = fold(eventsOf(frames(START, ...block(0, tool('a'), json('')), ...block(1, tool('b')), ...ending('tool_use'))))
    expect(message.tool_calls?.map((call) => call.function.arguments)).toEqual(['{}', '{}'])
  })

  test('takes arguments that came whole when the block began', () => {
    const { message, finish } = fold(eventsOf(frames(START, ...block(0, { type: 'tool_use', id: 'a', name: 'f', input: { x: 1 } }, json('')), ...ending('tool_use'))))
    expect(message.tool_calls).toEqual([{ id: 'a', type: 'function', function: { name: 'f', arguments: '{"x":1}' } }])
    expect(finish?.reason).toBe('tool_calls')
  })

  test('takes content and end that are already inside message_start', () => {
    const message = { ...(START['message'] as JsonObject), content: [{ type: 'text', text: 'hi' }, { type: 'tool_use', id: 'a', name: 'f', input: { x: 1 }, caller: { type: 'code_execution_20250825', tool_id: 's1' } }], stop_reason: 'tool_use', container: { id: 'c1' } }
    const folded = fold(eventsOf(frames({ type: 'message_start', message }, STOP)))
    expect(folded.message).toMatchObject({ content: 'hi', container: { id: 'c1' }, anthropic_blocks: [{ type: 'tool_use', id: 'a', caller: { type: 'code_execution_20250825', tool_id: 's1' } }] })
    expect(folded.finish).toEqual({ reason: 'tool_calls', native: 'tool_use' })
    expect(folded.usage).toMatchObject({ promptTokens: 10, completionTokens: 1, estimated: false })
  })

  test('numbers tool calls by themselves, not by their blocks', () => {
    const tool = (id: string): JsonObject => ({ type: 'tool_use', id, name: 'f', input: {} })
    const events = eventsOf(frames(START, ...block(0, { type: 'thinking', thinking: '', signature: '' }, { type: 'signature_delta', signature: 's' }), ...block(1, { type: 'text', text: '' }, text('x')), ...block(2, tool('a')), ...block(3, tool('b')), ...ending('tool_use')))
    expect(events.flatMap((event) => (event.type === 'tool' && event.id ? [[event.id, event.index]] : []))).toEqual([['a', 0], ['b', 1]])
  })

  test('keeps blocks apart that overlap', () => {
    const [a0, a1, a2] = block(0, { type: 'tool_use', id: 'a', name: 'f', input: {} }, json('{"n":1}')) as [JsonObject, JsonObject, JsonObject]
    const [b0, b1, b2] = block(1, { type: 'tool_use', id: 'b', name: 'g', input: {} }, json('{"n":2}')) as [JsonObject, JsonObject, JsonObject]
    const { message } = fold(eventsOf(frames(START, a0, b0, b1, a1, b2, a2, ...ending('tool_use'))))
    expect(message.tool_calls?.map((call) => [call.id, call.function.arguments])).toEqual([['a', '{"n":1}'], ['b', '{"n":2}']])
  })

  test('ends in tool_calls when there are any, also when the provider says end_turn', () => {
    const tool = block(0, { type: 'tool_use', id: 'a', name: 'f', input: {} }, json('{}'))
    expect(fold(eventsOf(frames(START, ...tool, ...ending('end_turn')))).finish).toEqual({ reason: 'tool_calls', native: 'end_turn' })
    expect(fold(eventsOf(frames(START, ...tool, ...ending('max_tokens')))).finish?.reason).toBe('length')
  })

  test('is a fault when it closes without message_stop, and says nothing after it', () => {
    const events = eventsOf(frames(START, ...block(0, { type: 'text', text: '' }, text('half')), { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 2 } }))
    expect(events.some((event) => event.type === 'finish')).toBe(false)
    expect(fold(events).fault?.code).toBe('provider_cut')
    expect(fold(eventsOf([])).fault?.code).toBe('provider_cut')
  })

  test.each([
    ['overloaded_error', 'provider_overloaded', 'next'], ['rate_limit_error', 'provider_rate_limited', 'next'], ['api_error', 'provider_error', 'next'],
    ['authentication_error', 'provider_credential', 'next'], ['invalid_request_error', 'provider_bad_request', 'never'], ['timeout_error', 'provider_timeout', 'next'], ['no_such_error', 'provider_error', 'next'],
  ])('turns the event error of type %s into the fault %s', (type, code, retry) => {
    const events = eventsOf(frames(START, { type: 'error', error: { type, message: 'Overloaded' } }, ...block(0, { type: 'text', text: 'never' }), ...ending('end_turn')))
    expect(events.map((event) => event.type)).toEqual(['start', 'usage', 'fault'])
    const { fault } = fold(events)
    expect([fault?.code, fault?.retry, fault?.options.providerCode]).toEqual([code, retry, type] as never)
  })

  test.each(['not json', '[1]', '"text"', '{"type":"content_block_start","index":0}', '{"type":"content_block_delta","index":9,"delta":{"type":"input_json_delta","partial_json":"x"}}', '{"type":"content_block_delta","index":9,"delta":{"type":"thinking_delta","thinking":"x"}}'])('is a bad answer with the event %s', (data) => {
    expect(fold(eventsOf([...frames(START), { event: '', data }])).fault?.code).toBe('provider_bad_answer')
  })

  test('is a bad answer with arguments that nest without end', () => {
    const input = `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`
    expect(fold(eventsOf([...frames(START), { event: '', data: `{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"a","name":"f","input":${input}}}` }])).fault?.code).toBe('provider_bad_answer')
  })

  test('passes over kinds of events that are new', () => {
    expect(fold(eventsOf(frames(START, { type: 'thinking_update', progress: 1 }, ...block(0, { type: 'text', text: 'a' }), ...ending('end_turn')))).finish?.reason).toBe('stop')
  })

  test('takes a start that is said twice as one, and refuses a second message within the first', () => {
    const other = { ...START, message: { ...(START['message'] as JsonObject), id: 'msg_2' } }
    expect(eventsOf(frames(START, START, ...ending('end_turn'))).filter((event) => event.type === 'start')).toHaveLength(1)
    expect(fold(eventsOf(frames(START, ...block(0, { type: 'text', text: 'a' }), other, ...ending('end_turn')))).fault?.code).toBe('provider_bad_answer')
  })
})

describe('stop reasons', () => {
  test.each([
    ['end_turn', 'stop'], ['stop_sequence', 'stop'], ['max_tokens', 'length'], ['model_context_window_exceeded', 'length'],
    ['refusal', 'content_filter'], ['pause_turn', 'stop'], ['compaction', 'stop'], ['something_new', 'stop'], ['toString', 'stop'],
  ])('%s is %s, and shown as native', (native, reason) => {
    expect(fold(eventsOf(frames(START, ...block(0, { type: 'text', text: 'a' }), ...ending(native)))).finish).toEqual({ reason, native })
  })
})

describe('thinking', () => {
  const thinking: JsonObject = { type: 'thinking', thinking: '', signature: '' }

  test('comes in deltas of one detail, its signature by itself', () => {
    const events = eventsOf(frames(START, ...block(0, thinking, { type: 'thinking_delta', thinking: 'a' }, { type: 'thinking_delta', thinking: 'b' }, { type: 'signature_delta', signature: 'sig==' }), ...ending('end_turn')))
    const format = 'anthropic-claude-v1'
    expect(events.flatMap((event) => (event.type === 'reasoning' ? [event.detail] : []))).toEqual([
      { type: 'reasoning.text', text: 'a', format, index: 0 }, { type: 'reasoning.text', text: 'b', format, index: 0 }, { type: 'reasoning.text', signature: 'sig==', format, index: 0 },
    ])
  })

  test('without text keeps its signature', () => {
    const { message } = fold(eventsOf(frames(START, ...block(0, thinking, { type: 'signature_delta', signature: 'sig==' }), ...ending('end_turn'))))
    expect(message.reasoning_details).toEqual([{ type: 'reasoning.text', signature: 'sig==', format: 'anthropic-claude-v1', index: 0 }])
  })

  test('that is redacted is data, never text', () => {
    const { message } = fold(eventsOf(frames(START, ...block(0, { type: 'redacted_thinking', data: 'opaque' }), ...ending('end_turn'))))
    expect(message.reasoning_details).toEqual([{ type: 'reasoning.encrypted', data: 'opaque', format: 'anthropic-claude-v1', index: 0 }])
  })

  test('in two blocks is two details', () => {
    const signed = (signature: string): JsonObject => ({ type: 'signature_delta', signature })
    const { message } = fold(eventsOf(frames(START, ...block(0, thinking, signed('one')), ...block(1, { type: 'text', text: 'x' }), ...block(2, thinking, signed('two')), ...ending('end_turn'))))
    expect(message.reasoning_details?.map((detail) => [detail['index'], detail['signature']])).toEqual([[0, 'one'], [1, 'two']])
  })

  test('costs bytes in proportion to its length: each delta says only what is new', () => {
    const deltas = Array.from({ length: 500 }, () => ({ type: 'thinking_delta', thinking: 'abcdefghij' }))
    const said = eventsOf(frames(START, ...block(0, thinking, ...deltas), ...ending('end_turn'))).flatMap((event) => (event.type === 'reasoning' ? [String(event.detail['text'] ?? '')] : []))
    expect(said.join('')).toHaveLength(5_000)
  })
})

describe('tools of the provider', () => {
  const call: JsonObject = { type: 'server_tool_use', id: 's1', name: 'web_search', input: {} }
  const result: JsonObject = { type: 'web_search_tool_result', tool_use_id: 's1', content: [{ type: 'web_search_result', url: 'http://a', encrypted_content: 'e' }] }

  test('are no tool calls: a call and its result are one detail', () => {
    const { message, finish } = fold(eventsOf(frames(START, ...block(0, call, json('{"query":'), json('"x"}')), ...block(1, result), ...block(2, { type: 'text', text: 'done' }), ...ending('end_turn'))))
    expect(message.tool_calls).toBeUndefined()
    expect(message.reasoning_details).toEqual([{
      type: 'reasoning.server_tool_call', tool_name: 'web_search', arguments: '{"query":"x"}', result: JSON.stringify(result), tool_call_id: 's1', format: 'anthropic-claude-v1', index: 0,
    }])
    expect(finish?.reason).toBe('stop')
  })

  test('beside the client\'s: only the client\'s are called, the other waits without a result', () => {
    const { message, finish } = fold(eventsOf(frames(START, ...block(0, call), ...block(1, { type: 'tool_use', id: 't1', name: 'f', input: {} }, json('{}')), ...ending('tool_use'))))
    expect(message.tool_calls?.map((one) => one.id)).toEqual(['t1'])
    expect(message.reasoning_details).toMatchObject([{ tool_name: 'web_search', arguments: '{}', result: '' }])
    expect(finish?.reason).toBe('tool_calls')
  })

  test('whose result opens the next message stand there by their id', () => {
    const { message } = fold(eventsOf(frames(START, ...block(0, result), ...ending('end_turn'))))
    expect(message.reasoning_details).toMatchObject([{ tool_name: '', arguments: '', tool_call_id: 's1', result: JSON.stringify(result) }])
  })

  test('that fail end the turn as any other', () => {
    const failed = { type: 'bash_code_execution_tool_result', tool_use_id: 's1', content: { type: 'bash_code_execution_tool_result_error', error_code: 'unavailable' } }
    expect(fold(eventsOf(frames(START, ...block(0, call), ...block(1, failed), ...ending('end_turn')))).finish).toEqual({ reason: 'stop', native: 'end_turn' })
  })

  test('of an MCP server keep its name', () => {
    const { message } = fold(eventsOf(frames(START, ...block(0, { ...call, type: 'mcp_tool_use', server_name: 'deepwiki' }), ...block(1, { type: 'mcp_tool_result', tool_use_id: 's1', is_error: false, content: [] }), ...ending('end_turn'))))
    expect(message.reasoning_details).toMatchObject([{ tool_name: 'web_search', server_name: 'deepwiki' }])
  })
})

describe('what has no place of its own', () => {
  test('a compaction block is kept whole, as it must go back', () => {
    const { message } = fold(eventsOf(frames(START, ...block(0, { type: 'compaction', content: null }, { type: 'compaction_delta', content: 'The ' }, { type: 'compaction_delta', content: 'gist' }), ...block(1, { type: 'text', text: 'x' }), ...ending('end_turn'))))
    expect(message['anthropic_blocks']).toEqual([{ type: 'compaction', content: 'The gist' }])
  })

  test('container, context management, stop sequence and refusal details are carried', () => {
    const end: JsonObject = { type: 'message_delta', delta: { stop_reason: 'refusal', stop_sequence: null, container: { id: 'c' }, stop_details: { type: 'refusal', explanation: 'No.' } }, usage: { output_tokens: 1 }, context_management: { applied_edits: [] } }
    const { message } = fold(eventsOf(frames(START, end, STOP)))
    expect(message).toMatchObject({ container: { id: 'c' }, context_management: { applied_edits: [] }, stop_details: { type: 'refusal' }, refusal: 'No.' })
    expect(message).not.toHaveProperty('stop_sequence')
  })
})

describe('citations', () => {
  test('are places in the joined text, also when they come before it', () => {
    const citation = { type: 'web_search_result_location', url: 'http://a', title: 'A', cited_text: 'quote', encrypted_index: 'e' }
    const { message, annotations } = fold(eventsOf(frames(START,
      ...block(0, { type: 'text', text: '' }, text('It is ')),
      ...block(1, { type: 'text', text: '', citations: [] }, { type: 'citations_delta', citation }, text('sunny'), text(' today')),
      ...block(2, { type: 'text', text: '' }, text('.')), ...ending('end_turn'))))
    expect(message.content).toBe('It is sunny today.')
    expect(annotations).toEqual([{ type: 'url_citation', url_citation: { url: 'http://a', title: 'A', content: 'quote', start_index: 6, end_index: 17 } }])
    expect(message.content.slice(6, 17)).toBe('sunny today')
  })

  test('of a document have the shape that clients know for files', () => {
    const reply = { type: 'message', role: 'assistant', id: 'm', content: [{ type: 'text', text: 'Green.', citations: [{ type: 'char_location', cited_text: 'grass is green', document_index: 1, document_title: 'Lawn', start_char_index: 0, end_char_index: 14 }] }], stop_reason: 'end_turn', usage: {} }
    expect(fold(replyOf(reply)).annotations).toEqual([{ type: 'file_annotation', file_annotation: { file_id: 'document_1', quote: 'grass is green', type: 'char_location', document_index: 1, document_title: 'Lawn', start_char_index: 0, end_char_index: 14, start_index: 0, end_index: 6 } }])
  })
})

describe('usage', () => {
  const usageAfter = (start: JsonObject, end: JsonObject) => fold(eventsOf(frames({ ...START, message: { ...(START['message'] as JsonObject), usage: start } }, ...ending('end_turn', end)))).usage

  test('of message_delta replaces, key by key, and never adds', () => {
    expect(usageAfter({ input_tokens: 10, output_tokens: 5, cache_read_input_tokens: 3 }, { input_tokens: 40, output_tokens: 7 })).toMatchObject({ promptTokens: 43, completionTokens: 7, cacheReadTokens: 3, estimated: false })
    expect(usageAfter({ input_tokens: 10, output_tokens: 5 }, { input_tokens: null, output_tokens: 7 })).toMatchObject({ promptTokens: 10, completionTokens: 7 })
  })

  test('counts what was read from and written to the cache beside input_tokens', () => {
    expect(usageAfter({ input_tokens: 1, cache_creation_input_tokens: 30, cache_read_input_tokens: 200, cache_creation: { ephemeral_5m_input_tokens: 10, ephemeral_1h_input_tokens: 20 }, output_tokens: 1 }, { output_tokens: 4 }))
      .toMatchObject({ promptTokens: 231, cacheReadTokens: 200, cacheWriteTokens: 30, cacheWriteHourTokens: 20 })
  })

  test('sums the passes where the counters at the top leave some out', () => {
    expect(usageAfter({ input_tokens: 60_385, output_tokens: 5 }, { input_tokens: 612, output_tokens: 2819, iterations: [{ type: 'compaction', input_tokens: 60_385, output_tokens: 522 }, { type: 'message', input_tokens: 612, output_tokens: 2819 }] }))
      .toMatchObject({ promptTokens: 60_997, completionTokens: 3341 })
  })

  test('has thinking inside the output', () => {
    expect(usageAfter({ input_tokens: 1, output_tokens: 1 }, { output_tokens: 50, output_tokens_details: { thinking_tokens: 33 } })).toMatchObject({ completionTokens: 50, reasoningTokens: 33 })
  })

  test('is there early, said to be an estimate, for the output is not counted yet', () => {
    expect(eventsOf(frames(START))[1]).toMatchObject({ type: 'usage', usage: { promptTokens: 10, estimated: true } })
  })

  test('holds its invariants on whatever is sent', () => {
    fc.assert(fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
      const usage = usageAfter(isObject(a) ? a : { input_tokens: 1, cache_creation: a as never }, isObject(b) ? b : { output_tokens_details: b as never })
      if (!usage) return
      expect(usage.cacheReadTokens + usage.cacheWriteTokens).toBeLessThanOrEqual(usage.promptTokens)
      expect(usage.cacheWriteHourTokens).toBeLessThanOrEqual(usage.cacheWriteTokens)
      expect(usage.reasoningTokens).toBeLessThanOrEqual(usage.completionTokens)
    }))
  })
})

describe('a reply', () => {
  test('that is an error in a 200 is the error\'s fault', () => {
    expect(fold(replyOf({ type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } })).fault?.code).toBe('provider_overloaded')
  })

  test('that is no message is a bad answer', () => {
    for (const body of [{}, { type: 'message' }, { content: 'text' }, { content: [1] }]) expect(fold(replyOf(body)).fault?.code).toBe('provider_bad_answer')
  })
})

describe('the reader', () => {
  const piece = fc.oneof(fc.constantFrom('text', 'thinking', 'redacted_thinking', 'tool_use', 'server_tool_use', 'web_search_tool_result', 'compaction', 'fallback'), fc.string({ maxLength: 5 }))
  const arbitraryBlock = fc.oneof(fc.jsonValue(), fc.record({ type: piece, id: fc.string(), name: fc.string(), text: fc.jsonValue(), thinking: fc.jsonValue(), signature: fc.jsonValue(), data: fc.jsonValue(), input: fc.jsonValue(), content: fc.jsonValue(), citations: fc.jsonValue(), tool_use_id: fc.jsonValue(), caller: fc.jsonValue() }, { requiredKeys: ['type'] }))
  const arbitraryDelta = fc.oneof(fc.jsonValue(), fc.record({ type: fc.constantFrom('text_delta', 'input_json_delta', 'thinking_delta', 'signature_delta', 'citations_delta', 'compaction_delta'), text: fc.jsonValue(), partial_json: fc.jsonValue(), thinking: fc.jsonValue(), signature: fc.jsonValue(), citation: fc.jsonValue(), content: fc.jsonValue() }, { requiredKeys: ['type'] }))
  const arbitraryEvent = fc.oneof(
    fc.record({ type: fc.constant('message_start'), message: fc.oneof(fc.jsonValue(), fc.record({ id: fc.constantFrom('a', 'b'), content: fc.array(arbitraryBlock, { maxLength: 3 }), usage: fc.jsonValue(), stop_reason: fc.jsonValue() })) }),
    fc.record({ type: fc.constant('content_block_start'), index: fc.oneof(fc.nat(3), fc.jsonValue()), content_block: arbitraryBlock }),
    fc.record({ type: fc.constant('content_block_delta'), index: fc.nat(3), delta: arbitraryDelta }),
    fc.record({ type: fc.constant('content_block_stop'), index: fc.nat(3) }),
    fc.record({ type: fc.constant('message_delta'), delta: fc.jsonValue(), usage: fc.jsonValue() }),
    fc.record({ type: fc.constantFrom('message_stop', 'ping') }), fc.record({ type: fc.constant('error'), error: fc.jsonValue() }), fc.jsonValue(),
  )

  test('throws nothing, finishes or faults exactly once, or faults after its end, and is silent after it, on any frames', () => {
    fc.assert(fc.property(fc.array(fc.oneof(arbitraryEvent.map((event) => JSON.stringify(event)), fc.string()), { maxLength: 12 }), (datas) => {
      const events = eventsOf(datas.map((data) => ({ event: '', data })))
      const ends = events.filter((event) => event.type === 'finish' || event.type === 'fault')
      // What goes on behind its end is a fault too, and the last word.
      expect(ends.map((event) => event.type).join(' ')).toMatch(/^(?:finish|fault|finish fault)$/)
      expect(events.at(-1)).toBe(ends.at(-1) as Event)
    }), { numRuns: 500 })
  })

  test('throws nothing on any reply', () => {
    fc.assert(fc.property(fc.oneof(fc.dictionary(fc.string(), fc.jsonValue()), fc.record({ content: fc.array(arbitraryBlock), usage: fc.jsonValue(), stop_reason: fc.jsonValue() })), (body) => {
      // fast-check's JSON values are JSON.
      expect(replyOf(body as JsonObject).length).toBeGreaterThan(0)
    }), { numRuns: 300 })
  })
})

describeShared('recorded answers', () => {
  const all = recordings()
  const named = (name: string): Recording => {
    const found = all.find((one) => one.name === name)
    if (!found) throw new Error(`no recording ${name}`)
    return found
  }
  const streams = all.filter((one) => one.response.sse !== undefined)
  const replies = all.filter((one) => one.response.body !== undefined && one.response.status === 200)

  test('there are many', () => expect([streams.length > 40, replies.length > 150]).toEqual([true, true]))

  test('end well, each with a finish and its usage, but for the one that is spliced', () => {
    const bad = [...streams.map((one) => [one.name, fold(eventsOf(framesOf(one.response.sse ?? '')))] as const), ...replies.map((one) => [one.name, fold(replyOf(one.response.body ?? {}))] as const)]
      .filter(([, folded]) => folded.fault !== undefined || folded.finish === undefined || folded.usage === undefined || folded.usage.estimated)
    expect(bad.map(([name, folded]) => [name, folded.fault?.code])).toEqual([['spliced-message-start-stream', 'provider_bad_answer']])
  })

  test('cut at every byte give the same Events', () => {
    for (const one of streams.filter((stream) => (stream.response.sse?.length ?? 0) < 60_000)) {
      const sse = one.response.sse ?? ''
      const whole = eventsOf(framesOf(sse))
      for (const size of [1, 2, 3, 7, 64, 1_021]) {
        if (!Bun.deepEquals(eventsOf(framesOf(sse, size)), whole)) throw new Error(`${one.name} differs in pieces of ${size}`)
      }
    }
  })

  test('say the same streamed as not streamed: message, annotations, finish and usage', () => {
    for (const one of replies) {
      const body = one.response.body ?? {}
      // `stop_sequence` and what else is null in a reply is null in the stream.
      expect({ name: one.name, ...fold(eventsOf(streamOf(body))) }).toEqual({ name: one.name, ...fold(replyOf(body)) })
    }
  })

  test('with tools of the provider call none of the client\'s', () => {
    for (const one of replies) {
      const content = one.response.body?.['content']
      const calls = (Array.isArray(content) ? content : []).filter((block) => isObject(block) && block['type'] === 'tool_use').length
      const { message, finish } = fold(replyOf(one.response.body ?? {}))
      expect([one.name, message.tool_calls?.length ?? 0, finish?.reason === 'tool_calls']).toEqual([one.name, calls, calls > 0])
    }
  })

  test('cite places of the text that was given', () => {
    for (const one of [...replies.map((reply) => fold(replyOf(reply.response.body ?? {}))), ...streams.map((stream) => fold(eventsOf(framesOf(stream.response.sse ?? ''))))]) {
      for (const annotation of one.annotations) {
        const { start_index: start, end_index: end, url } = annotation['url_citation'] as { start_index: number; end_index: number; url: string }
        expect(url).toStartWith('http')
        expect(end).toBeGreaterThan(start)
        expect(one.message.content.slice(start, end).trim()).not.toBe('')
      }
    }
  })

  test.each([
    ['advisor-tool-stream', { promptTokens: 4954, completionTokens: 163, reasoningTokens: 47 }],
    ['compaction-1-stream', { promptTokens: 60_997, completionTokens: 3341 }],
    ['message-delta-input-tokens-stream', { promptTokens: 61, completionTokens: 2 }],
    ['duplicate-message-start-stream', { promptTokens: 17, completionTokens: 227 }],
    ['code-execution-20260120-prompt-cache-1-stream', { promptTokens: 9632, cacheReadTokens: 6289, cacheWriteTokens: 3337, completionTokens: 198 }],
    ['pause-turn-web-search-streaming-vcr--1', { promptTokens: 404_500, completionTokens: 943, reasoningTokens: 261 }],
  ])('%s is billed for %o', (name, usage) => {
    expect(fold(eventsOf(framesOf(named(name).response.sse ?? ''))).usage).toMatchObject(usage)
  })

  test('of a wrong model is the fault that tries the next endpoint', () => {
    const { status, body } = named('name-suggestion-anthropic').response
    const fault = anthropicMessages.readFault(status, new Headers(), JSON.stringify(body), endpointOf())
    expect(fault).toBeInstanceOf(Fault)
    expect([fault.code, fault.retry, fault.message]).toEqual(['provider_model_missing', 'next', 'Anthropic: model: claude-sonet-4-5'])
  })
})
