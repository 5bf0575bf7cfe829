import { describe, expect, test } from 'bun:test'
import { bedrockEndpoint } from '../../../test/wire/bedrock-call.ts'
import { geminiCall } from '../../../test/wire/gemini-call.ts'
import type { Call } from '../../core/call.ts'
import type { Event } from '../../core/event.ts'
import { LONG_CHARS_MIN } from '../../lib/long-strings.ts'
import { bedrockConverse } from './bedrock-converse.ts'

const NATIVE = { model: 'x', max_tokens: 5, stream: true, messages: [{ role: 'user', content: 'Hi' }], something_new: 1 }
const call = (stream: boolean): Call => ({ ...geminiCall({ max_tokens: 5 }, { stream }), dialect: 'anthropic-messages', native: NATIVE, headers: { anthropicBeta: 'context-1m-2025-08-07' } })
const chunk = (event: object) => ({ event: 'chunk', data: JSON.stringify({ bytes: Buffer.from(JSON.stringify(event)).toString('base64'), p: 'abc' }) })
const MESSAGE = { id: 'm', type: 'message', role: 'assistant', model: 'c', content: [], stop_reason: null, usage: { input_tokens: 3, output_tokens: 1 } }
const STOP = { type: 'message_stop', 'amazon-bedrock-invocationMetrics': { inputTokenCount: 3, outputTokenCount: 2 } }

function read(frames: readonly { event: string; data: string }[]): Event[] {
  const reader = bedrockConverse.streamReader(call(true), bedrockEndpoint(), false)
  const out: Event[] = []
  for (const frame of frames) reader.read(frame, out)
  reader.end(out)
  return out
}

describe('InvokeModel', () => {
  test('has the request as it came, less model and stream, and the betas in the body', () => {
    const wire = bedrockConverse.writeCall(call(true), bedrockEndpoint())
    expect(wire).toMatchObject({ path: '/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/invoke-with-response-stream', isNative: true, headers: {} })
    expect(JSON.parse(wire.body)).toEqual({ anthropic_version: 'bedrock-2023-05-31', anthropic_beta: expect.arrayContaining(['context-1m-2025-08-07']), max_tokens: 5, messages: NATIVE.messages, something_new: 1 })
    expect(bedrockConverse.writeCall(call(false), bedrockEndpoint()).path).toEndWith('/invoke')
  })

  test('takes a large picture as it came, in a piece of its own', () => {
    const data = 'iVBORw0K'.repeat(LONG_CHARS_MIN / 4)
    const asked = call(false)
    const content = [{ type: 'image', source: { type: 'base64', media_type: 'image/png', data } }]
    const wire = bedrockConverse.writeCall({ ...asked, needs: { ...asked.needs, inputs: ['image'] }, native: { ...NATIVE, messages: [{ role: 'user', content }] } }, bedrockEndpoint())
    expect(wire.pieces).toContain(data)
    expect(JSON.parse(wire.body)).toMatchObject({ messages: [{ content }] })
  })

  test('is for Claude alone: other models get Converse', () => {
    expect(bedrockConverse.writeCall(call(false), bedrockEndpoint('us.amazon.nova-pro-v1:0')).path).toEndWith('/converse')
  })

  test('gives Anthropic’s events as they are, without Bedrock’s own times', () => {
    const events = read([chunk({ type: 'message_start', message: MESSAGE }), chunk({ type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 2 } }), chunk(STOP)])
    expect(events.flatMap((event) => (event.type === 'raw' ? [event.body] : []))).toEqual([{ type: 'message_start', message: MESSAGE }, { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 2 } }, { type: 'message_stop' }])
    expect(events.findLast((event) => event.type === 'usage')).toMatchObject({ usage: { promptTokens: 3, completionTokens: 2 } })
  })

  test('what breaks is a fault: an exception, a chunk without content, a stream without its end', () => {
    const start = chunk({ type: 'message_start', message: MESSAGE })
    expect(read([start, { event: 'exception:throttlingException', data: '{"message":"slow"}' }, chunk(STOP)]).at(-1)).toMatchObject({ type: 'fault', fault: { code: 'provider_rate_limited' } })
    expect(read([start, { event: 'chunk', data: '{}' }]).at(-1)).toMatchObject({ type: 'fault', fault: { code: 'provider_bad_answer' } })
    expect(read([start]).at(-1)).toMatchObject({ type: 'fault', fault: { code: 'provider_cut' } })
    expect(read([start, { event: 'unknown', data: '{}' }, chunk(STOP)]).at(-1)?.type).not.toBe('fault')
  })
})
