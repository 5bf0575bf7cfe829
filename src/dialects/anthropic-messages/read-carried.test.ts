import { describe, expect, test } from 'bun:test'
import type { Event } from '../../core/event.ts'
import type { JsonObject } from '../../core/json.ts'
import { callOf, endpointOf } from '../../../test/wire/anthropic.ts'
import { anthropicMessages } from './anthropic-messages.ts'

const CALL = callOf({ messages: [{ role: 'user', content: 'x' }] })
const START = { type: 'message_start', message: { id: 'msg_1', type: 'message', role: 'assistant', content: [], usage: { input_tokens: 5, output_tokens: 1 } } }
const BLOCK = { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }
const DELTA = { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hello' } }
const STOP = { type: 'content_block_stop', index: 0 }
const END = { type: 'message_delta', delta: { stop_reason: 'max_tokens' }, usage: { output_tokens: 7 } }
const LAST = { type: 'message_stop' }

function carried(...events: readonly JsonObject[]): Event[] {
  const out: Event[] = []
  const reader = anthropicMessages.streamReader(CALL, endpointOf(), true)
  for (const event of events) reader.read({ event: String(event['type']), data: JSON.stringify(event) }, out)
  reader.end(out)
  return out
}

const raw = (events: readonly Event[]) => events.filter((event) => event.type === 'raw')

describe('a carried stream', () => {
  test('is every event as it is, with what the meter must know beside it', () => {
    const sent = [START, BLOCK, { type: 'ping' }, DELTA, { type: 'novelty', x: 1 }, STOP, END, LAST]
    const events = carried(...sent)
    expect(raw(events).map((event) => event.body)).toEqual(sent)
    expect(raw(events).map((event) => event.contentChars)).toEqual([0, 0, 0, 5, 0, 0, 0, 0])
    expect(raw(events).at(-1)).toMatchObject({ finishReason: 'length', nativeFinishReason: 'max_tokens' })
    expect(events.findLast((event) => event.type === 'usage')).toMatchObject({ usage: { promptTokens: 5, completionTokens: 7, estimated: false } })
    expect(events.filter((event) => event.type === 'start')).toHaveLength(1)
  })

  test.each([
    ['cut before its end', [START, BLOCK, DELTA], 'provider_cut'],
    ['with an error in it', [START, { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }, DELTA], 'provider_overloaded'],
    ['with arguments of a call that was not begun', [START, { type: 'content_block_delta', index: 3, delta: { type: 'input_json_delta', partial_json: '{' } }, LAST], 'provider_bad_answer'],
    ['with a second message in it', [START, BLOCK, DELTA, { ...START, message: { ...START.message, id: 'msg_2' } }, LAST], 'provider_bad_answer'],
  ] as const)('%s is a fault, and nothing follows', (_name, sent, code) => {
    const events = carried(...sent)
    expect(events.at(-1)).toMatchObject({ type: 'fault', fault: { code } })
    expect(raw(events).every((event) => event.finishReason === undefined)).toBe(true)
  })

  test('what is no JSON is a fault', () => {
    const out: Event[] = []
    anthropicMessages.streamReader(CALL, endpointOf(), true).read({ event: 'ping', data: '{' }, out)
    expect(out).toMatchObject([{ type: 'fault', fault: { code: 'provider_bad_answer' } }])
  })
})

describe('a carried reply', () => {
  test('is itself', () => {
    const body = { id: 'msg_1', type: 'message', content: [{ type: 'tool_use', id: 't', name: 'fn', input: { a: 1 } }], stop_reason: 'tool_use', usage: { input_tokens: 5, output_tokens: 7 } }
    expect(raw(anthropicMessages.readReply(CALL, endpointOf(), structuredClone(body), true))).toEqual([{ type: 'raw', body, contentChars: 9, finishReason: 'tool_calls', nativeFinishReason: 'tool_use' }])
  })

  test('that is an error in a 200, or nothing, is a fault', () => {
    expect(anthropicMessages.readReply(CALL, endpointOf(), { type: 'error', error: { type: 'api_error', message: 'x' } }, true)).toMatchObject([{ type: 'fault' }])
    expect(anthropicMessages.readReply(CALL, endpointOf(), {}, true)).toMatchObject([{ type: 'fault' }])
  })
})
