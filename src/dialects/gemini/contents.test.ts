import { describe, expect, test } from 'bun:test'
import { geminiCall, geminiEndpoint } from '../../../test/wire/gemini-call.ts'
import { problemsOfGeminiRequest } from '../../../test/wire/gemini-request.ts'
import type { Endpoint } from '../../catalog/endpoint.ts'
import type { Message, Part as ChatPart, ToolCall } from '../../core/call.ts'
import type { ReasoningDetail } from '../../core/event.ts'
import { Fault } from '../../core/fault.ts'
import { gemini } from './gemini.ts'
import { NO_SIGNATURE, type Content, type Part } from './wire.ts'

const second = geminiEndpoint('gemini-2.5-flash')
const third = geminiEndpoint('gemini-3-flash-preview')
const ask: Message = { role: 'user', content: 'Hi' }

function contents(messages: readonly Message[], endpoint: Endpoint = second): Content[] {
  const body = JSON.parse(gemini.writeCall(geminiCall({ messages: [ask, ...messages] }), endpoint).body) as { contents: Content[] }
  expect(problemsOfGeminiRequest(body)).toEqual([])
  return body.contents.slice(1)
}

const call = (id: string, args: string, name = 'f'): ToolCall => ({ id, type: 'function', function: { name, arguments: args } })
const calls = (...toolCalls: readonly ToolCall[]): Message => ({ role: 'assistant', content: null, tool_calls: toolCalls })
const result = (id: string, content: string | readonly ChatPart[]): Message => ({ role: 'tool', tool_call_id: id, content })
const signed = (data: string, id?: string): ReasoningDetail => ({ type: 'reasoning.encrypted', data, format: 'google-gemini-v1', ...(id === undefined ? {} : { id }) })

describe('arguments', () => {
  test('are an object: "", null, and nothing are {}', () => {
    for (const args of ['', ' ', 'null', '{}', undefined, null]) {
      // A client may leave them out, or say null.
      expect(contents([calls(call('call_a', args as string)), result('call_a', 'x')])[0]?.parts).toEqual([{ functionCall: { name: 'f', args: {} } }])
    }
    expect(contents([calls(call('call_a', '{"a":[1,{"b":null}]}')), result('call_a', 'x')])[0]?.parts).toEqual([{ functionCall: { name: 'f', args: { a: [1, { b: null }] } } }])
  })

  test('that are no object are shown to the model as what they are', () => {
    const written = gemini.writeCall(geminiCall({ messages: [ask, calls(call('call_a', '{"a":')), result('call_a', 'bad JSON')] }), second)
    expect(written.body).toContain('"args":{"arguments":"{\\"a\\":"}')
    expect(written.warnings.map((warning) => warning.field)).toEqual(['tool_calls'])
  })
})

describe('ids', () => {
  test('that are ours are not said, any other is said twice', () => {
    const [model, user] = contents([calls(call('call_0123456789', '{}'), call('x8i00o1q', '{}', 'g')), result('call_0123456789', 'a'), result('x8i00o1q', 'b')])
    expect(model?.parts).toEqual([{ functionCall: { name: 'f', args: {} } }, { functionCall: { id: 'x8i00o1q', name: 'g', args: {} } }])
    expect(user?.parts).toEqual([{ functionResponse: { name: 'f', response: { output: 'a' } } }, { functionResponse: { id: 'x8i00o1q', name: 'g', response: { output: 'b' } } }])
  })

  test('bring results into the order of their calls', () => {
    const [, user] = contents([calls(call('call_a', '{}'), call('call_b', '{}'), call('call_c', '{}', 'g')), result('call_c', '3'), result('call_b', '2'), result('call_a', '1')])
    expect(user?.parts.map((part) => part.functionResponse?.response)).toEqual([{ output: '1' }, { output: '2' }, { output: '3' }])
  })

  test('that no call has are refused, unless the result says its function', () => {
    expect(() => contents([calls(call('call_a', '{}')), result('call_x', '1')])).toThrow(Fault)
    expect(() => contents([result('call_x', '1')])).toThrow(/messages\[1\].tool_call_id/)
    expect(contents([calls(call('call_a', '{}')), { ...result('call_x', '1'), name: 'f' }])[1]?.parts[0]?.functionResponse?.name).toBe('f')
  })
})

describe('results', () => {
  const response = (content: string | readonly ChatPart[]) => contents([calls(call('call_a', '{}')), result('call_a', content)])[1]?.parts[0]?.functionResponse?.response

  test('are an object: text and lists are the output of one', () => {
    expect(response('sunny')).toEqual({ output: 'sunny' })
    expect(response('')).toEqual({ output: '' })
    expect(response('[1,{"a":2}]')).toEqual({ output: [1, { a: 2 }] })
    expect(response('{"a":{"b":1}}')).toEqual({ a: { b: 1 } })
    expect(response('{"a":')).toEqual({ output: '{"a":' })
    expect(response('42')).toEqual({ output: '42' })
    expect(response('[1],"x":[2]')).toEqual({ output: '[1],"x":[2]' })
    expect(response([{ type: 'text', text: 'a' }, { type: 'text', text: 'b' }])).toEqual({ output: 'a\nb' })
  })

  test('with numbers that a float cannot hold stay text', () => {
    expect(response('{"id":12345678901234567890}')).toEqual({ output: '{"id":12345678901234567890}' })
  })

  test('with files hold them from Gemini 3 on, and are followed by them before', () => {
    const messages = [calls(call('call_a', '{}')), result('call_a', [{ type: 'text', text: 'see' }, { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } }])]
    const image = { inlineData: { mimeType: 'image/png', data: 'AAAA' } }
    expect(contents(messages, third)[1]).toEqual({ role: 'user', parts: [{ functionResponse: { name: 'f', response: { output: 'see' }, parts: [image] } }] })
    expect(contents(messages, second).slice(1)).toEqual([{ role: 'user', parts: [{ functionResponse: { name: 'f', response: { output: 'see' } } }] }, { role: 'user', parts: [image] }])
  })

  test('are a turn of their own', () => {
    expect(contents([calls(call('call_a', '{}')), result('call_a', '1'), { role: 'user', content: 'Go on' }]).slice(1)).toEqual([
      { role: 'user', parts: [{ functionResponse: { name: 'f', response: { output: '1' } } }] }, { role: 'user', parts: [{ text: 'Go on' }] },
    ])
  })
})

describe('signatures', () => {
  const parts = (message: Message, endpoint = third): Part[] => contents([message, ...(message.tool_calls ?? []).map((one) => result(one.id, 'x'))], endpoint)[0]?.parts ?? []

  test('go back on their call', () => {
    expect(parts({ ...calls(call('call_a', '{}'), call('abc', '{}')), reasoning_details: [signed('YQ==', 'call_a'), signed('Yg==', 'abc')] }))
      .toEqual([{ functionCall: { name: 'f', args: {} }, thoughtSignature: 'YQ==' }, { functionCall: { id: 'abc', name: 'f', args: {} }, thoughtSignature: 'Yg==' }])
  })

  test('go back on the text, or on an empty part behind it', () => {
    expect(parts({ role: 'assistant', content: 'Hi', reasoning_details: [signed('YQ==')] })).toEqual([{ text: 'Hi', thoughtSignature: 'YQ==' }])
    expect(parts({ role: 'assistant', content: 'Hi', reasoning_details: [signed('YQ==', 'r1/empty')] })).toEqual([{ text: 'Hi' }, { text: '', thoughtSignature: 'YQ==' }])
    expect(parts({ role: 'assistant', content: '', reasoning_details: [signed('YQ==', 'r1/empty')] })).toEqual([{ text: '', thoughtSignature: 'YQ==' }])
  })

  test('go back on their image', () => {
    const images = ['AAAA', 'BBBB'].map((data) => ({ type: 'image_url', image_url: { url: `data:image/png;base64,${data}` } }))
    expect(parts({ role: 'assistant', content: 'Two', images, reasoning_details: [signed('YQ=='), signed('Yg==', 'r1/image/1')] })).toEqual([
      { text: 'Two', thoughtSignature: 'YQ==' }, { inlineData: { mimeType: 'image/png', data: 'AAAA' }, thoughtSignature: NO_SIGNATURE }, { inlineData: { mimeType: 'image/png', data: 'BBBB' }, thoughtSignature: 'Yg==' },
    ])
  })

  test('of thoughts go back with them, unsigned thoughts do not', () => {
    const details: ReasoningDetail[] = [{ type: 'reasoning.text', text: 'Hm', format: 'google-gemini-v1', signature: 'YQ==' }, { type: 'reasoning.text', text: 'Aha', format: 'google-gemini-v1' }]
    expect(parts({ role: 'assistant', content: 'Hi', reasoning_details: details })).toEqual([{ text: 'Hm', thought: true, thoughtSignature: 'YQ==' }, { text: 'Hi' }])
  })

  test('that Gemini 3 misses are stood in for on the first call, others miss none', () => {
    const message = calls(call('call_a', '{}'), call('call_b', '{}'))
    expect(parts(message, third).map((part) => part.thoughtSignature)).toEqual([NO_SIGNATURE, undefined])
    expect(parts(message, second).map((part) => part.thoughtSignature)).toEqual([undefined, undefined])
    expect(Buffer.from(NO_SIGNATURE, 'base64').toString()).toBe('skip_thought_signature_validator')
  })

  test('of other providers are left out, with a warning', () => {
    const message: Message = { role: 'assistant', content: 'Hi', reasoning_details: [{ type: 'reasoning.text', text: 'Hm', signature: 's', format: 'anthropic-claude-v1' }] }
    const written = gemini.writeCall(geminiCall({ messages: [ask, message] }), third)
    expect((JSON.parse(written.body) as { contents: Content[] }).contents[1]?.parts).toEqual([{ text: 'Hi' }])
    expect(written.warnings.map((warning) => warning.field)).toEqual(['reasoning_details'])
  })

  test('and tools that Gemini ran itself go back as their parts', () => {
    const tool: ReasoningDetail = { type: 'reasoning.server_tool_call', format: 'google-gemini-v1', tool_name: 'GOOGLE_SEARCH_WEB', tool_call_id: 'd6v', arguments: '{"queries":["x"]}', result: '{"a":1}' }
    expect(parts({ role: 'assistant', content: 'Hi', reasoning_details: [signed('YQ==', 'd6v'), tool, signed('Yg==', 'd6v/result')] })).toEqual([
      { toolCall: { toolType: 'GOOGLE_SEARCH_WEB', args: { queries: ['x'] }, id: 'd6v' }, thoughtSignature: 'YQ==' },
      { toolResponse: { toolType: 'GOOGLE_SEARCH_WEB', response: { a: 1 }, id: 'd6v' }, thoughtSignature: 'Yg==' }, { text: 'Hi' },
    ])
  })
})

describe('calls without a result', () => {
  const missing = { error: 'No result was given for this call.' }
  const responses = (turns: readonly Content[]) => turns.map((turn) => turn.parts.flatMap((part) => (part.functionResponse ? [part.functionResponse.response] : [])))

  test('get one that says so: between the others in the order of the calls, or in a turn of its own', () => {
    const three = calls(call('a', '{}'), call('b', '{}'), call('c', '{}'))
    expect(responses(contents([three, result('c', 'C'), result('a', 'A'), ask]))).toEqual([[], [{ output: 'A' }, missing, { output: 'C' }], []])
    expect(responses(contents([calls(call('a', '{}')), ask]))).toEqual([[], [missing], []])
    expect(responses(contents([calls(call('a', '{}'))]))).toEqual([[], [missing]])
  })

  test('are a warning; those that have one by name, or after instructions, are not', () => {
    const warned = (...messages: readonly Message[]) => gemini.writeCall(geminiCall({ messages: [ask, ...messages] }), second).warnings.map((warning) => warning.why.slice(0, 11))
    expect(warned(calls(call('a', '{}')), ask)).toEqual(['a tool call'])
    expect(warned(calls(call('a', '{}')), { role: 'function', name: 'f', content: '1' }, ask)).toEqual([])
    expect(warned(calls(call('a', '{}'), call('b', '{}')), result('a', '1'), { role: 'system', content: 'x' }, result('b', '2'), ask)).toEqual(['Gemini take'])
  })
})
