import { describe, expect, test } from 'bun:test'
import { bedrockEndpoint } from '../../../test/wire/bedrock-call.ts'
import { foldMessage, geminiCall } from '../../../test/wire/gemini-call.ts'
import type { Event } from '../../core/event.ts'
import { Fault } from '../../core/fault.ts'
import type { JsonObject } from '../../core/json.ts'
import { bedrockConverse } from './bedrock-converse.ts'

type Said = readonly [event: string, payload: JsonObject]

function stream(frames: readonly Said[], upstreamId?: string): Event[] {
  const reader = bedrockConverse.streamReader(geminiCall({}, { stream: true }), bedrockEndpoint(upstreamId), false)
  const out: Event[] = []
  for (const [event, payload] of frames) reader.read({ event, data: JSON.stringify(payload) }, out)
  reader.end(out)
  return out
}

function whole(content: readonly JsonObject[], stopReason = 'end_turn', more: JsonObject = {}, upstreamId?: string): Event[] {
  return bedrockConverse.readReply(geminiCall({}), bedrockEndpoint(upstreamId), { output: { message: { role: 'assistant', content } }, stopReason, usage: { inputTokens: 3, outputTokens: 2 }, ...more }, false)
}

const delta = (contentBlockIndex: number, delta: JsonObject): Said => ['contentBlockDelta', { contentBlockIndex, delta }]
const start = (contentBlockIndex: number, start: JsonObject): Said => ['contentBlockStart', { contentBlockIndex, start }]
const stop = (contentBlockIndex: number): Said => ['contentBlockStop', { contentBlockIndex }]
const end = (stopReason: string): Said => ['messageStop', { stopReason }]
const USAGE: Said = ['metadata', { usage: { inputTokens: 3, outputTokens: 2, cacheReadInputTokens: 10, cacheWriteInputTokens: 5, cacheDetails: [{ inputTokens: 4, ttl: '1h' }] } }]
const faultIn = (events: readonly Event[]): Fault | undefined => events.flatMap((event) => (event.type === 'fault' ? [event.fault] : []))[0]

describe('an answer', () => {
  test('is the same, streamed and whole', () => {
    const streamed = stream([
      ['messageStart', { role: 'assistant', p: 'abc' }], delta(0, { reasoningContent: { text: 'Hm' } }), delta(0, { reasoningContent: { signature: 'sig' } }), stop(0),
      delta(1, { text: 'It is ' }), delta(1, { text: 'sunny.' }), stop(1), start(2, { toolUse: { toolUseId: 't1', name: 'f' } }), delta(2, { toolUse: { input: '{"a"' } }), delta(2, { toolUse: { input: ':1}' } }), stop(2),
      start(3, { toolUse: { toolUseId: 't2', name: 'g' } }), stop(3), end('tool_use'), ['metadata', { usage: { inputTokens: 3, outputTokens: 2 } }],
    ])
    const plain = whole([{ reasoningContent: { reasoningText: { text: 'Hm', signature: 'sig' } } }, { text: 'It is sunny.' }, { toolUse: { toolUseId: 't1', name: 'f', input: { a: 1 } } }, { toolUse: { toolUseId: 't2', name: 'g', input: {} } }], 'tool_use')
    expect(foldMessage(streamed)).toEqual(foldMessage(plain))
    expect(foldMessage(plain)).toMatchObject({
      content: 'It is sunny.', finish: 'tool_calls', native: 'tool_use', tool_calls: [{ id: 't1', function: { name: 'f', arguments: '{"a":1}' } }, { id: 't2', function: { arguments: '{}' } }],
      reasoning_details: [{ type: 'reasoning.text', text: 'Hm', signature: 'sig', format: 'anthropic-claude-v1', index: 0 }],
    })
  })

  test('counts the cache beside its input', () => {
    expect(stream([delta(0, { text: 'a' }), end('end_turn'), USAGE]).at(-1)).toMatchObject({ type: 'usage', usage: { promptTokens: 18, cacheReadTokens: 10, cacheWriteTokens: 5, cacheWriteHourTokens: 4, completionTokens: 2 } })
  })

  test('may have its counts before its stop, or none', () => {
    expect(stream([delta(0, { text: 'a' }), USAGE, end('end_turn')]).map((event) => event.type)).toEqual(['text', 'usage', 'finish'])
    expect(stream([delta(0, { text: 'a' }), end('end_turn')]).map((event) => event.type)).toEqual(['text', 'finish'])
  })

  for (const [native, reason] of [['end_turn', 'stop'], ['stop_sequence', 'stop'], ['max_tokens', 'length'], ['model_context_window_exceeded', 'length'], ['guardrail_intervened', 'content_filter'], ['content_filtered', 'content_filter'], ['malformed_tool_use', 'error'], ['tool_use', 'stop'], ['new_one', 'stop'], ['constructor', 'stop']] as const) {
    test(`stops by ${native}: ${reason}`, () => expect(stream([delta(0, { text: 'a' }), end(native)]).at(-1)).toMatchObject({ type: 'finish', reason, native }))
  }

  test('hides reasoning in a text of Anthropic’s, which Anthropic can read back', () => {
    expect(stream([delta(0, { reasoningContent: { redactedContent: 'RXRrRUNrZ0k=' } }), delta(1, { text: 'a' }), end('end_turn')])[0]).toMatchObject({ type: 'reasoning', detail: { type: 'reasoning.encrypted', data: 'EtkECkgI', format: 'anthropic-claude-v1' } })
    expect(stream([delta(0, { reasoningContent: { redactedContent: 'AAECAw==' } }), delta(1, { text: 'a' }), end('end_turn')], 'us.amazon.nova-2-lite-v1:0')[0]).toMatchObject({ detail: { data: 'AAECAw==', format: 'unknown' } })
  })

  test('of a server’s own tool is no call of the client’s', () => {
    const events = stream([
      start(0, { toolUse: { toolUseId: 's1', name: 'nova_code_interpreter', type: 'server_tool_use' } }), delta(0, { toolUse: { input: '{"snippet":"1+1"}' } }), stop(0),
      start(1, { toolResult: { toolUseId: 's1', status: 'success', type: 'nova_code_interpreter_result' } }), delta(1, { toolResult: [{ json: { stdOut: '2' } }] }), stop(1), delta(2, { text: 'Two.' }), end('tool_use'),
    ], 'us.amazon.nova-2-lite-v1:0')
    const message = foldMessage(events)
    expect(message).toMatchObject({ content: 'Two.', finish: 'stop', reasoning_details: [{ type: 'reasoning.server_tool_call', tool_name: 'nova_code_interpreter', arguments: '{"snippet":"1+1"}', tool_call_id: 's1' }] })
    // And it goes back as it came.
    const { body } = bedrockConverse.writeCall(geminiCall({ messages: [{ role: 'user', content: '1+1?' }, message, { role: 'user', content: 'And?' }] }), bedrockEndpoint('us.amazon.nova-2-lite-v1:0'))
    expect(JSON.parse(body)).toMatchObject({ messages: [{}, { content: [{ toolUse: { toolUseId: 's1', type: 'server_tool_use', input: { snippet: '1+1' } } }, { toolResult: { toolUseId: 's1', status: 'success', content: [{ json: { stdOut: '2' } }] } }, { text: 'Two.' }] }, {}] })
  })

  test('has citations and images', () => {
    const events = whole([{ citationsContent: { content: [{ text: 'Sunny.' }], citations: [{ title: 'W', sourceContent: [{ text: 'sun' }], location: { web: { url: 'https://w.example' } } }, { title: 'D', sourceContent: [{ text: 'doc' }], location: { documentPage: { documentIndex: 0 } } }] } }, { image: { format: 'png', source: { bytes: 'AAAA' } } }])
    expect(events.filter((event) => event.type === 'annotation').map((event) => event.annotation)).toMatchObject([{ type: 'url_citation', url_citation: { url: 'https://w.example', title: 'W', content: 'sun', start_index: 0, end_index: 6 } }, { type: 'file_annotation', file_annotation: { title: 'D', quote: 'doc' } }])
    expect(events.find((event) => event.type === 'image')).toMatchObject({ url: 'data:image/png;base64,AAAA' })
  })
})

describe('what is no answer', () => {
  test('a stream without its stop is cut, whatever was said', () => {
    for (const frames of [[], [delta(0, { text: 'a' })], [delta(0, { text: 'a' }), stop(0), USAGE]]) expect(faultIn(stream(frames))).toMatchObject({ code: 'provider_cut' })
  })

  test('a second message, arguments of no tool, content after the end', () => {
    expect(faultIn(stream([['messageStart', {}], ['messageStart', {}]]))).toMatchObject({ code: 'provider_bad_answer' })
    expect(faultIn(stream([delta(0, { toolUse: { input: '{' } })]))).toMatchObject({ code: 'provider_bad_answer' })
    expect(faultIn(stream([delta(0, { text: 'a' }), end('end_turn'), delta(1, { text: 'b' })]))).toMatchObject({ code: 'provider_bad_answer' })
  })

  for (const [type, code] of [['throttlingException', 'provider_rate_limited'], ['modelStreamErrorException', 'provider_error'], ['internalServerException', 'provider_error'], ['serviceUnavailableException', 'provider_overloaded'], ['validationException', 'provider_bad_request'], ['modelTimeoutException', 'provider_timeout']] as const) {
    test(`an exception in the stream: ${type}`, () => {
      const events = stream([delta(0, { text: 'a' }), [`exception:${type}`, { message: 'oh' }], end('end_turn')])
      expect(events.at(-1)).toMatchObject({ type: 'fault', fault: { code, message: 'Amazon Bedrock: oh' } })
    })
  }

  test('a reply without content', () => {
    expect(() => bedrockConverse.readReply(geminiCall({}), bedrockEndpoint(), { output: {} }, false)).toThrow(Fault)
  })
})

describe('errors', () => {
  const fault = (status: number, type: string, message: string) => bedrockConverse.readFault(status, new Headers(type === '' ? {} : { 'x-amzn-errortype': `${type}:http://internal.amazon.com/` }), JSON.stringify({ message }), bedrockEndpoint())

  for (const [status, type, message, code] of [
    [400, 'ValidationException', 'The provided model identifier is invalid.', 'provider_model_missing'],
    [400, 'ValidationException', 'Invocation of model ID x with on-demand throughput isn’t supported. Retry with an inference profile', 'provider_model_missing'],
    [400, 'ValidationException', 'Input is too long for requested model.', 'context_length_exceeded'],
    [400, 'ValidationException', "This model doesn't support the video content block that you provided.", 'provider_bad_request'],
    [400, '', 'The model returned the following errors: x', 'provider_bad_request'],
    [403, 'AccessDeniedException', "You don't have access to the model with the specified model ID.", 'provider_forbidden'],
    [403, 'AccessDeniedException', 'User: arn:aws:iam::123456789012:user/x is not authorized to perform: bedrock:InvokeModel', 'provider_credential'],
    [403, 'UnrecognizedClientException', 'The security token included in the request is invalid.', 'provider_credential'],
    [403, 'ExpiredTokenException', 'expired', 'provider_credential'],
    [403, '', 'Missing Authentication Token', 'provider_credential'],
    [404, 'ResourceNotFoundException', 'Could not resolve the foundation model from the provided model identifier.', 'provider_model_missing'],
    [429, 'ThrottlingException', 'Too many tokens, please wait before trying again.', 'provider_rate_limited'],
    [429, 'ModelNotReadyException', 'not ready', 'provider_overloaded'],
    [408, 'ModelTimeoutException', 'timed out', 'provider_timeout'],
    [424, 'ModelErrorException', 'oh', 'provider_error'],
    [500, 'InternalServerException', 'oh', 'provider_error'],
    [503, 'ServiceUnavailableException', 'busy', 'provider_overloaded'],
    [502, '', '', 'provider_error'],
  ] as const) {
    test(`${status} ${type} ${message.slice(0, 40)}`, () => expect(fault(status, type, message).code).toBe(code))
  }

  test('AWS’s words about accounts are for the log', () => {
    const refused = fault(403, 'AccessDeniedException', 'User: arn:aws:iam::123456789012:user/x is not authorized')
    expect(refused.message).toBe("Amazon Bedrock refused this server's credential")
    expect(refused.options.raw).toBeUndefined()
    expect(refused.options.detail).toContain('123456789012')
  })

  test('in any spelling of the class', () => {
    for (const body of [{ __type: 'com.amazon.coral.service#ThrottlingException', message: 'm' }, { code: 'ThrottlingException', Message: 'm' }]) {
      expect(bedrockConverse.readFault(400, new Headers({ 'retry-after': '3' }), JSON.stringify(body), bedrockEndpoint())).toMatchObject({ code: 'provider_rate_limited', message: 'Amazon Bedrock: m', options: { retryAfterMs: 3000 } })
    }
  })
})
