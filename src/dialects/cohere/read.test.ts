import { describe, expect, test } from 'bun:test'
import { cohereEndpoint } from '../../../test/wire/cohere-endpoint.ts'
import { foldMessage, geminiCall } from '../../../test/wire/gemini-call.ts'
import type { Event } from '../../core/event.ts'
import { Fault } from '../../core/fault.ts'
import type { JsonObject } from '../../core/json.ts'
import { cohere } from './cohere.ts'

function stream(events: readonly (JsonObject | string)[], carry = false): Event[] {
  const reader = cohere.streamReader(geminiCall({}, { stream: true }), cohereEndpoint(), carry)
  const out: Event[] = []
  for (const event of events) reader.read({ event: '', data: typeof event === 'string' ? event : JSON.stringify(event) }, out)
  reader.end(out)
  return out
}

const whole = (body: JsonObject, carry = false): Event[] => cohere.readReply(geminiCall({}), cohereEndpoint(), body, carry)
const START = { type: 'message-start', id: 'c1', delta: { message: { role: 'assistant' } } }
const begin = (index: number, content: JsonObject): JsonObject => ({ type: 'content-start', index, delta: { message: { content } } })
const say = (index: number, content: JsonObject): JsonObject => ({ type: 'content-delta', index, delta: { message: { content } } })
const close = (index: number): JsonObject => ({ type: 'content-end', index })
const end = (finish_reason: string, more: JsonObject = {}): JsonObject => ({ type: 'message-end', delta: { finish_reason, usage: { billed_units: { input_tokens: 8, output_tokens: 50 }, tokens: { input_tokens: 1394, output_tokens: 54 }, cached_tokens: 1360 }, ...more } })
const callStart = (index: number, id: string, text = ''): JsonObject => ({ type: 'tool-call-start', index, delta: { message: { tool_calls: { id, type: 'function', function: { name: 'f', arguments: text } } } } })
const callMore = (index: number, text: string): JsonObject => ({ type: 'tool-call-delta', index, delta: { message: { tool_calls: { function: { arguments: text } } } } })
const faultIn = (events: readonly Event[]): Fault | undefined => events.flatMap((event) => (event.type === 'fault' ? [event.fault] : []))[0]

describe('an answer', () => {
  test('is the same, streamed and whole', () => {
    const streamed = stream([START, begin(0, { type: 'thinking', thinking: '' }), say(0, { thinking: 'Hm' }), close(0), begin(1, { type: 'text', text: '' }), say(1, { text: 'Four' }), say(1, { text: '.' }), close(1), end('COMPLETE')])
    const plain = whole({ id: 'c1', message: { role: 'assistant', content: [{ type: 'thinking', thinking: 'Hm' }, { type: 'text', text: 'Four.' }] }, finish_reason: 'COMPLETE', usage: { billed_units: { input_tokens: 8, output_tokens: 50 } } })
    expect(foldMessage(streamed)).toEqual(foldMessage(plain))
    expect(foldMessage(plain)).toMatchObject({ content: 'Four.', finish: 'stop', native: 'COMPLETE', reasoning_details: [{ type: 'reasoning.text', text: 'Hm', format: 'unknown' }] })
  })

  test('counts what is billed', () => {
    expect(stream([START, end('COMPLETE')]).find((event) => event.type === 'usage')).toMatchObject({ usage: { promptTokens: 8, completionTokens: 50, cacheReadTokens: 0, estimated: false } })
  })

  test('calls tools after a plan, which is text', () => {
    const events = stream([START, { type: 'tool-plan-delta', delta: { message: { tool_plan: 'I will look.' } } }, callStart(0, 'a'), callMore(0, '{"x"'), callMore(0, ':1}'), { type: 'tool-call-end', index: 0 }, callStart(1, 'b'), { type: 'tool-call-end', index: 1 }, end('TOOL_CALL')])
    expect(foldMessage(events)).toMatchObject({ content: 'I will look.', finish: 'tool_calls', tool_calls: [{ id: 'a', function: { name: 'f', arguments: '{"x":1}' } }, { id: 'b', function: { arguments: '{}' } }] })
  })

  for (const pieces of [['null'], ['n', 'ull'], [' null ', ''], ['']]) {
    test(`arguments ${JSON.stringify(pieces)} are none`, () => {
      expect(foldMessage(stream([START, callStart(0, 'a'), ...pieces.map((piece) => callMore(0, piece)), end('TOOL_CALL')])).tool_calls).toMatchObject([{ function: { arguments: '{}' } }])
    })
  }

  test('arguments that only begin like null are themselves', () => {
    expect(foldMessage(stream([START, callStart(0, 'a', 'nu'), callMore(0, 'mber'), end('TOOL_CALL')])).tool_calls).toMatchObject([{ function: { arguments: 'number' } }])
    expect(foldMessage(whole({ message: { tool_calls: [{ id: 'a', function: { name: 'f', arguments: 'null' } }] }, finish_reason: 'TOOL_CALL' })).tool_calls).toMatchObject([{ function: { arguments: '{}' } }])
  })

  for (const [native, reason] of [['COMPLETE', 'stop'], ['STOP_SEQUENCE', 'stop'], ['MAX_TOKENS', 'length'], ['ERROR_TOXIC', 'content_filter'], ['NEW', 'stop'], ['constructor', 'stop']] as const) {
    test(`ends by ${native}: ${reason}`, () => expect(stream([START, end(native)]).at(-1)).toMatchObject({ type: 'finish', reason }))
  }

  test('cites by places in the text, as JavaScript counts them', () => {
    const citation = { start: 3, end: 6, text: 'sun', sources: [{ type: 'document', id: 'doc:0', document: { id: 'doc:0', title: 'W', text: 'It is sunny.' } }], type: 'TEXT_CONTENT' }
    const events = stream([START, begin(0, { type: 'text', text: '' }), say(0, { text: '😀: sunny' }), { type: 'citation-start', index: 0, delta: { message: { citations: citation } } }, { type: 'citation-end', index: 0 }, end('COMPLETE')])
    expect(events.find((event) => event.type === 'annotation')).toMatchObject({ annotation: { type: 'file_annotation', file_annotation: { file_id: 'doc:0', title: 'W', quote: 'It is sunny.', start_index: 4, end_index: 7 } } })
    const web = whole({ message: { content: [{ type: 'text', text: 'sun' }], citations: [{ start: 0, end: 3, sources: [{ id: 'w', document: { url: 'https://w.example', title: 'T', snippet: 's' } }] }] }, finish_reason: 'COMPLETE' })
    expect(web.find((event) => event.type === 'annotation')).toMatchObject({ annotation: { type: 'url_citation', url_citation: { url: 'https://w.example', title: 'T', content: 's', start_index: 0, end_index: 3 } } })
  })

  test('has log-probabilities', () => {
    expect(stream([START, { ...say(0, { text: 'Hi' }), logprobs: { token_ids: [1], text: 'Hi', logprobs: [-0.5] } }, end('COMPLETE')]).find((event) => event.type === 'logprobs')).toMatchObject({ logprobs: { content: [{ token: 'Hi', logprob: -0.5, bytes: [72, 105] }] } })
  })
})

describe('carried', () => {
  test('every event goes on as it is, its counts said beside it', () => {
    const sent = [START, begin(0, { type: 'text', text: '' }), say(0, { text: 'Hi' }), close(0), end('COMPLETE')]
    const events = stream(sent, true)
    expect(events.flatMap((event) => (event.type === 'raw' ? [event.body] : []))).toEqual(sent)
    expect(events.find((event) => event.type === 'usage')).toMatchObject({ usage: { promptTokens: 8 } })
    expect(events.at(-1)).toMatchObject({ type: 'raw', finishReason: 'stop', nativeFinishReason: 'COMPLETE' })
    const reply = { id: 'c', message: { role: 'assistant', content: [{ type: 'text', text: 'Hi' }] }, finish_reason: 'COMPLETE' }
    expect(whole(reply, true).at(-1)).toMatchObject({ type: 'raw', body: reply, contentChars: 2, finishReason: 'stop' })
  })

  test('what is no answer is none here either', () => {
    expect(faultIn(stream([START, callMore(0, '{')], true))).toMatchObject({ code: 'provider_bad_answer' })
    expect(faultIn(stream([START], true))).toMatchObject({ code: 'provider_cut' })
  })
})

describe('what is no answer', () => {
  test('a stream without its end, noise, a second start, a reply without a message', () => {
    expect(faultIn(stream([START, say(0, { text: 'a' })]))).toMatchObject({ code: 'provider_cut' })
    expect(faultIn(stream(['oops']))).toMatchObject({ code: 'provider_bad_answer' })
    expect(faultIn(stream([START, START]))).toMatchObject({ code: 'provider_bad_answer' })
    expect(() => whole({ id: 'x' })).toThrow(Fault)
  })

  test('errors within the stream and at its end', () => {
    expect(faultIn(stream([START, { message: 'internal error' }]))).toMatchObject({ code: 'provider_error', message: 'Cohere: internal error' })
    expect(faultIn(stream([START, end('ERROR', { error: 'boom' })]))).toMatchObject({ code: 'provider_error', message: 'Cohere: boom' })
    expect(() => whole({ message: 'invalid request' })).toThrow('Cohere: invalid request')
  })

  for (const [status, message, code] of [
    [400, 'invalid request: message must be at least 1 token long', 'provider_bad_request'], [400, 'too many tokens: size limit exceeded by 1200 tokens', 'context_length_exceeded'], [401, 'invalid api token', 'provider_credential'], [402, 'x', 'provider_payment'],
    [404, "model 'command-x' not found, make sure the correct model ID was used", 'provider_model_missing'], [422, 'x', 'provider_bad_request'], [429, 'You are using a Trial key, which is limited to 40 API calls / minute', 'provider_rate_limited'], [498, 'blocked token', 'provider_credential'],
    [500, 'internal server error', 'provider_error'], [503, 'x', 'provider_overloaded'], [504, 'x', 'provider_timeout'], [418, 'x', 'provider_bad_request'],
  ] as const) {
    test(`${status} ${message.slice(0, 30)}`, () => expect(cohere.readFault(status, new Headers(), JSON.stringify({ id: 'e', message }), cohereEndpoint()).code).toBe(code))
  }

  test('a limit says how long to wait', () => {
    expect(cohere.readFault(429, new Headers({ 'retry-after': '2' }), '{"message":"slow"}', cohereEndpoint()).options.retryAfterMs).toBe(2000)
  })
})
