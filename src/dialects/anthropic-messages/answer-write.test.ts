import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import type { Event, ReasoningDetail } from '../../core/event.ts'
import { Fault } from '../../core/fault.ts'
import { isObject, type JsonObject } from '../../core/json.ts'
import { NO_USAGE } from '../../core/usage.ts'
import { dataOf } from '../../../test/replay/exchange.ts'
import { listOf, objectOf } from '../../../test/replay/meaning.ts'
import { foldEvents } from '../../../test/replay/messages-meaning.ts'
import { MessagesReplyWriter, MessagesStreamWriter } from './answer-write.ts'
import { readCall } from './call-read.ts'

const ORIGIN = { id: 'gen-1-test', createdMs: 1_750_000_000_000, headers: {}, bodyBytes: 400 }
const callOf = (more: JsonObject = {}) => readCall({ model: 'acme/tiny', max_tokens: 100, messages: [{ role: 'user', content: 'Hi' }], ...more }, ORIGIN)

const SERVED: Event = { type: 'served', model: 'acme/tiny', provider: 'Acme', warnings: [] }
const USAGE = { ...NO_USAGE, promptTokens: 120, cacheReadTokens: 20, cacheWriteTokens: 10, cacheWriteHourTokens: 4, completionTokens: 40, reasoningTokens: 15 }
const END: Event = { type: 'end', usage: USAGE, cost: { total: 1_500n, prompt: 500n, completion: 1_000n, byok: false, upstream: 1_500n } }
const text = (said: string): Event => ({ type: 'text', choice: 0, text: said })
const tool = (index: number, json: string, id?: string): Event => ({ type: 'tool', choice: 0, index, ...(id === undefined ? {} : { id, name: `f${index}` }), arguments: json })
const thought = (detail: ReasoningDetail): Event => ({ type: 'reasoning', choice: 0, detail })
const finish = (reason: 'stop' | 'length' | 'tool_calls' | 'content_filter' | 'error', native: string | null = null): Event => ({ type: 'finish', choice: 0, reason, native })

function streamed(events: readonly Event[], more: JsonObject = {}): JsonObject[] {
  const writer = new MessagesStreamWriter(callOf({ stream: true, ...more }))
  return dataOf([SERVED, ...events, END].map((event) => writer.write([event])).join(''))
}

function replied(events: readonly Event[], more: JsonObject = {}): JsonObject {
  const writer = new MessagesReplyWriter(callOf(more))
  writer.add([SERVED, ...events, END])
  return writer.body()
}

const kindsOf = (events: readonly JsonObject[]): string[] => events.map((event) => String(event['type'] === 'content_block_start' ? objectOf(event['content_block'])['type'] : event['type'])).filter((kind) => !kind.startsWith('content_block'))

describe('a stream', () => {
  test('has the whole life cycle, the prompt’s counts early, and the cost at its end', () => {
    const events = streamed([text('Hel'), text('lo'), finish('stop', 'stop')])
    expect(events.map((event) => event['type'])).toEqual(['message_start', 'ping', 'content_block_start', 'content_block_delta', 'content_block_delta', 'content_block_stop', 'message_delta', 'message_stop'])
    expect(events[0]).toMatchObject({ message: { id: 'gen-1-test', model: 'acme/tiny', provider: 'Acme', content: [], usage: { input_tokens: 100, output_tokens: 0, estimated: true } } })
    expect(events.at(-2)).toEqual({
      type: 'message_delta', delta: { stop_reason: 'end_turn', stop_sequence: null, stop_details: null, container: null },
      usage: {
        input_tokens: 90, cache_creation_input_tokens: 10, cache_read_input_tokens: 20, cache_creation: { ephemeral_5m_input_tokens: 6, ephemeral_1h_input_tokens: 4 }, output_tokens: 40,
        output_tokens_details: { thinking_tokens: 15 }, server_tool_use: null, cost: 0.0000015, is_byok: false,
        cost_details: { upstream_inference_cost: null, upstream_inference_prompt_cost: 5e-7, upstream_inference_completions_cost: 0.000001 },
      },
    })
  })

  test('says the provider’s own counts of the prompt where it has them', () => {
    expect(streamed([{ type: 'usage', usage: USAGE }, text('x'), finish('stop')])[0]).toMatchObject({ message: { usage: { input_tokens: 90, cache_read_input_tokens: 20 } } })
  })

  test('ends with an error after a fault, and with no end', () => {
    const fault = new Fault('provider_cut', 'Acme closed the stream', { provider: 'Acme' })
    expect(streamed([text('x'), { type: 'fault', fault }]).at(-1)).toEqual({ type: 'error', error: { type: 'api_error', message: 'Acme closed the stream', error_type: 'provider_unavailable', metadata: { provider_name: 'Acme' } } })
    expect(streamed([text('x'), finish('error', 'network_error')]).at(-1)).toMatchObject({ type: 'error', error: { type: 'api_error' } })
    expect(kindsOf(streamed([{ type: 'fault', fault }]))).toEqual(['error'])
  })

  test('of nothing but an end is a message all the same', () => {
    expect(kindsOf(streamed([finish('stop')]))).toEqual(['message_start', 'ping', 'message_delta', 'message_stop'])
  })

  test('router metadata stands on the last event', () => {
    const writer = new MessagesStreamWriter(callOf({ stream: true }))
    const events = dataOf(writer.write([SERVED, text('x'), finish('stop'), { ...END, router: { strategy: 'direct' } }]))
    expect(events.at(-1)).toEqual({ type: 'message_stop', openrouter_metadata: { strategy: 'direct' } })
  })
})

describe('blocks', () => {
  test('follow each other, one open at a time, in the order of the answer', () => {
    expect(kindsOf(streamed([thought({ type: 'reasoning.text', text: 'Hm', index: 0 }), text('a'), tool(0, '{}', 'c0'), text('b'), finish('tool_calls')]))).toEqual(['message_start', 'ping', 'thinking', 'text', 'tool_use', 'text', 'message_delta', 'message_stop'])
  })

  test('calls that come interleaved are said one after another, whole', () => {
    const events = [tool(0, '{"a":', 'c0'), tool(1, '{"b":', 'c1'), tool(0, '1}'), tool(1, '2}'), finish('tool_calls')]
    const wanted = [{ type: 'tool_use', id: 'c0', name: 'f0', input: { a: 1 } }, { type: 'tool_use', id: 'c1', name: 'f1', input: { b: 2 } }]
    expect(foldEvents(streamed(events)).message['content']).toMatchObject(wanted)
    expect(replied(events)['content']).toMatchObject(wanted)
  })

  test('blanks behind the last brace of a call that is over are no more of it', () => {
    expect(replied([tool(0, '{}', 'c0'), tool(1, '{}', 'c1'), tool(0, ' \n'), finish('tool_calls')])['content']).toMatchObject([{ id: 'c0', input: {} }, { id: 'c1', input: {} }])
  })

  test('arguments that are no object stand in the only field of one', () => {
    expect(replied([tool(0, '{"a', 'c0'), finish('tool_calls')])['content']).toMatchObject([{ input: { arguments: '{"a' } }])
  })

  test('citations stand on the text that they support', () => {
    const web: Event = { type: 'annotation', choice: 0, annotation: { type: 'url_citation', url_citation: { url: 'https://a.b', title: 'A', content: 'c', start_index: 0, end_index: 3 } } }
    const page: Event = { type: 'annotation', choice: 0, annotation: { type: 'file_annotation', file_annotation: { type: 'page_location', document_index: 0, start_page_number: 1, end_page_number: 2, document_title: null, file_id: 'document_0', quote: 'q', start_index: 0, end_index: 3 } } }
    const wanted = [{
      type: 'text', text: 'abc', citations: [
        { type: 'web_search_result_location', url: 'https://a.b', title: 'A', cited_text: 'c', encrypted_index: '' },
        { type: 'page_location', document_index: 0, start_page_number: 1, end_page_number: 2, document_title: null, cited_text: 'q', file_id: null },
      ],
    }]
    expect(replied([text('abc'), web, page, finish('stop')])['content']).toEqual(wanted)
    expect(foldEvents(streamed([text('abc'), web, page, finish('stop')])).message['content']).toEqual(wanted)
  })

  test('reasoning of Anthropic stands as it is; that of others is sealed, also within text', () => {
    const gemini: ReasoningDetail = { type: 'reasoning.encrypted', data: 'c2ln', id: 'call_1', format: 'google-gemini-v1', index: 1 }
    const content = listOf(replied([thought({ type: 'reasoning.text', text: 'Hm', index: 0 }), thought({ type: 'reasoning.text', signature: 'sig', format: 'anthropic-claude-v1', index: 0 }), text('a'), thought(gemini), text('b'), finish('stop')])['content'])
    expect(content.map((block) => block['type'])).toEqual(['thinking', 'text', 'redacted_thinking'])
    expect(content[0]).toEqual({ type: 'thinking', thinking: 'Hm', signature: 'sig' })
    expect(content[1]).toMatchObject({ text: 'ab' })
    expect(String(content[2]?.['data'])).toMatch(/^sw1:[\w-]+$/)
  })

  test('thinking that is not to be shown is not, while its signature is', () => {
    const events = [thought({ type: 'reasoning.text', text: 'Secret', index: 0 }), thought({ type: 'reasoning.text', signature: 'sig', format: 'anthropic-claude-v1', index: 0 }), thought({ type: 'reasoning.text', text: 'More', index: 1 }), text('a'), finish('stop')]
    const hidden = { thinking: { type: 'adaptive', display: 'omitted' } }
    expect(replied(events, hidden)['content']).toEqual([{ type: 'thinking', thinking: '', signature: 'sig' }, { type: 'text', text: 'a', citations: null }])
    expect(JSON.stringify(streamed(events, hidden))).not.toContain('Secret')
  })

  test('a call of Anthropic’s own tools comes with its result', () => {
    const result = { type: 'web_search_tool_result', tool_use_id: 's1', content: [] }
    const detail: ReasoningDetail = { type: 'reasoning.server_tool_call', tool_name: 'web_search', arguments: '{"query":"x"}', result: JSON.stringify(result), tool_call_id: 's1', format: 'anthropic-claude-v1', index: 0 }
    expect(replied([thought(detail), text('a'), finish('stop')])['content']).toMatchObject([{ type: 'server_tool_use', id: 's1', name: 'web_search', input: { query: 'x' } }, result, { type: 'text' }])
  })

  test('a picture is a block of the kind that requests have', () => {
    expect(replied([{ type: 'image', choice: 0, url: 'data:image/png;base64,AAAA' }, finish('stop')])['content']).toEqual([{ type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAAA' } }])
  })
})

describe('the stop reason', () => {
  const cases: [reason: Parameters<typeof finish>[0], native: string | null, said: string][] = [
    ['stop', 'stop', 'end_turn'], ['stop', 'stop_sequence', 'stop_sequence'], ['stop', 'pause_turn', 'pause_turn'], ['tool_calls', 'end_turn', 'tool_use'], ['tool_calls', 'tool_calls', 'tool_use'],
    ['length', 'MAX_TOKENS', 'max_tokens'], ['length', 'model_context_window_exceeded', 'model_context_window_exceeded'], ['content_filter', 'SAFETY', 'refusal'], ['stop', null, 'end_turn'], ['stop', 'constructor', 'end_turn'],
  ]
  test.each(cases)('%s, natively %p, is %s', (reason, native, said) => {
    expect(replied([text('x'), finish(reason, native)])['stop_reason']).toBe(said)
    expect(streamed([text('x'), finish(reason, native)]).at(-2)).toMatchObject({ delta: { stop_reason: said } })
  })

  test('a refusal in words is told where Anthropic tells it', () => {
    expect(replied([{ type: 'refusal', choice: 0, text: 'I will ' }, { type: 'refusal', choice: 0, text: 'not.' }, finish('stop', 'stop')])).toMatchObject({ content: [], stop_reason: 'refusal', stop_details: { type: 'refusal', explanation: 'I will not.' } })
  })
})

describe('whatever an answer says', () => {
  const words = fc.string({ minLength: 1, maxLength: 6 })
  const detail = fc.oneof(
    fc.record({ type: fc.constantFrom('reasoning.text' as const), text: words, format: fc.constantFrom('unknown', 'google-gemini-v1', 'openai-responses-v1'), signature: fc.option(words, { nil: undefined }) }),
    fc.record({ type: fc.constantFrom('reasoning.text' as const), text: words, format: fc.constant('anthropic-claude-v1'), signature: fc.base64String({ minLength: 4 }) }),
    fc.record({ type: fc.constantFrom('reasoning.summary' as const), summary: words, format: fc.constant('openai-responses-v1'), id: fc.option(words, { nil: undefined }) }),
    fc.record({ type: fc.constantFrom('reasoning.encrypted' as const), data: words, format: fc.constantFrom('google-gemini-v1', 'openai-responses-v1', 'xai-responses-v1'), id: fc.option(words, { nil: undefined }) }),
    fc.record({ type: fc.constantFrom('reasoning.encrypted' as const), data: fc.base64String({ minLength: 4 }), format: fc.constant('anthropic-claude-v1') }),
  )
  type Piece = { readonly kind: 'text' | 'thought' | 'tool'; readonly text: string; readonly detail: ReasoningDetail; readonly input: JsonObject }
  const pieces: fc.Arbitrary<Piece[]> = fc.array(fc.record({ kind: fc.constantFrom('text' as const, 'thought' as const, 'tool' as const), text: words, detail, input: fc.dictionary(fc.constantFrom('a', 'b'), fc.jsonValue({ maxDepth: 1 }) as fc.Arbitrary<string>) }), { maxLength: 8 })

  /** The pieces as Events, each detail and call with its number, as readers give them. */
  function eventsOf(answer: readonly Piece[]): Event[] {
    let tools = 0
    let details = 0
    return [...answer.flatMap((piece): Event[] => {
      if (piece.kind === 'text') return [text(piece.text)]
      if (piece.kind === 'thought') return [thought(JSON.parse(JSON.stringify({ ...piece.detail, index: details++ })) as ReasoningDetail)]
      const json = JSON.stringify(piece.input)
      return [tool(tools, json.slice(0, 1), `call_${tools}`), tool(tools++, json.slice(1))]
    }), finish(tools > 0 ? 'tool_calls' : 'stop')]
  }

  test('the stream and the reply are the same message', () => {
    fc.assert(fc.property(pieces, (answer) => {
      const events = eventsOf(answer)
      const { usage: _early, ...whole } = foldEvents(streamed(events)).message
      const { usage: _usage, ...reply } = replied(events)
      expect(whole).toEqual(reply)
    }), { numRuns: 300 })
  })

  test('what the client sends back is what was said: text, calls with their ids, and reasoning, byte for byte', () => {
    fc.assert(fc.property(pieces, (answer) => {
      const events = eventsOf(answer)
      const content = replied(events)['content']
      const message = callOf({ messages: [{ role: 'user', content: 'Hi' }, { role: 'assistant', content }, { role: 'user', content: 'And?' }] }).body.messages[1]
      const said = events.filter((event) => event.type === 'text').map((event) => event.text).join('')
      expect(message?.content ?? '').toBe(said)
      expect((message?.tool_calls ?? []).map((call) => ({ id: call.id, input: JSON.parse(call.function.arguments) as unknown }))).toEqual(answer.filter((piece) => piece.kind === 'tool').map((piece, at) => ({ id: `call_${at}`, input: JSON.parse(JSON.stringify(piece.input)) as unknown })))
      expect(message?.reasoning_details ?? []).toEqual(events.flatMap((event) => (event.type === 'reasoning' ? [event.detail] : [])))
    }), { numRuns: 300 })
  })

  test('a seal that a client broke is no reason to fail', () => {
    fc.assert(fc.property(fc.string(), (broken) => {
      const content = [{ type: 'thinking', thinking: 'x', signature: `sw1:${broken}` }, { type: 'redacted_thinking', data: `sw1:${broken}` }]
      expect(isObject(callOf({ messages: [{ role: 'assistant', content }] }).body)).toBe(true)
    }))
  })
})
