import { describe, expect, test } from 'bun:test'
import { problemsOfCohereRequest } from '../../../test/wire/cohere-request.ts'
import { cohereEndpoint } from '../../../test/wire/cohere-endpoint.ts'
import { geminiCall, type CallWishes } from '../../../test/wire/gemini-call.ts'
import type { ChatBody, Message } from '../../core/call.ts'
import { Fault } from '../../core/fault.ts'
import type { JsonObject } from '../../core/json.ts'
import { cohere } from './cohere.ts'

const TOOL = { type: 'function', function: { name: 'get_weather', description: 'Weather.', parameters: { type: 'object', properties: { city: { type: 'string' } } } } } as const
const OTHER = { type: 'function', function: { name: 'other' } } as const

/** The body that is written, and the warnings; what is written must be what Cohere takes. */
function write(body: Partial<ChatBody>, wishes: CallWishes = {}): { body: JsonObject; warnings: string[] } {
  const wire = cohere.writeCall(geminiCall(body, wishes), cohereEndpoint())
  expect(wire.path).toBe('/v2/chat')
  const written = JSON.parse(wire.body) as JsonObject
  expect(problemsOfCohereRequest(written)).toEqual([])
  return { body: written, warnings: wire.warnings.map((warning) => warning.field) }
}

describe('messages', () => {
  test('roles, names, files of text and images', () => {
    const { body } = write({ messages: [
      { role: 'developer', content: 'Be kind.' }, { role: 'user', name: 'Ann', content: [{ type: 'text', text: 'Look' }, { type: 'image_url', image_url: { url: 'https://a.example/b.png', detail: 'low' } }, { type: 'file', file: { filename: 'a.csv', file_data: 'data:text/csv;base64,YSxi' } }] },
    ] })
    expect(body['messages']).toEqual([{ role: 'system', content: 'Be kind.' }, { role: 'user', content: [{ type: 'text', text: 'Ann: Look' }, { type: 'image_url', image_url: { url: 'https://a.example/b.png', detail: 'low' } }, { type: 'text', text: 'a.csv\na,b' }] }])
  })

  test('what stands before calls is their plan, and arguments that are none are an object', () => {
    const messages: Message[] = [
      { role: 'user', content: 'Hi' }, { role: 'assistant', content: 'I will look.', tool_calls: [{ id: 'c1', type: 'function', function: { name: 'get_weather', arguments: '' } }] }, { role: 'tool', tool_call_id: 'c1', content: [{ type: 'text', text: 'Sunny' }] },
    ]
    expect(write({ messages, tools: [TOOL] }).body['messages']).toEqual([{ role: 'user', content: 'Hi' }, { role: 'assistant', tool_plan: 'I will look.', tool_calls: [{ id: 'c1', type: 'function', function: { name: 'get_weather', arguments: '{}' } }] }, { role: 'tool', tool_call_id: 'c1', content: 'Sunny' }])
  })

  test('thinking before calls goes back too, and that of others is told of', () => {
    const calls = [{ id: 'c1', type: 'function', function: { name: 'get_weather', arguments: '{}' } }] as const
    const turn = (reasoning: Partial<Message>) => write({ messages: [{ role: 'user', content: 'Hi' }, { role: 'assistant', content: null, tool_calls: calls, ...reasoning } as Message, { role: 'tool', tool_call_id: 'c1', content: 'Sunny' }], tools: [TOOL] })
    const own = turn({ reasoning: 'Hm' })
    expect(own.body['messages']).toMatchObject([{}, { content: [{ type: 'thinking', thinking: 'Hm' }], tool_calls: calls }, {}])
    expect(own.warnings).toEqual([])
    const foreign = turn({ reasoning_details: [{ type: 'reasoning.text', text: 'Hm', signature: 'S', format: 'anthropic-claude-v1', index: 0 }] })
    expect(foreign.body['messages']).toEqual([{ role: 'user', content: 'Hi' }, { role: 'assistant', tool_calls: calls }, { role: 'tool', tool_call_id: 'c1', content: 'Sunny' }])
    expect(foreign.warnings).toEqual(['reasoning_details'])
  })

  test('a client of the same dialect keeps what others sealed to itself', () => {
    const sealed = [{ type: 'reasoning.text', text: 'Hm', signature: 'S', format: 'anthropic-claude-v1', index: 0 }]
    const thinking = { type: 'thinking', thinking: 'Hm' }
    const call = { id: 'c1', type: 'function', function: { name: 'f', arguments: '{}' } }
    const native: JsonObject = { model: 'a/m', messages: [{ role: 'user', content: 'Hi' }, { role: 'assistant', content: [thinking], tool_calls: [call], reasoning_details: sealed }, { role: 'assistant', content: [thinking, { type: 'text', text: 'Yes' }], reasoning_details: sealed }, { role: 'assistant', content: [thinking] }] }
    const wire = cohere.writeCall({ ...geminiCall({ messages: [{ role: 'user', content: 'Hi' }] }), dialect: 'cohere', native }, cohereEndpoint())
    expect((JSON.parse(wire.body) as JsonObject)['messages']).toEqual([{ role: 'user', content: 'Hi' }, { role: 'assistant', tool_calls: [call] }, { role: 'assistant', content: [{ type: 'text', text: 'Yes' }] }, { role: 'assistant', content: [thinking] }])
    expect(wire.warnings.map((warning) => warning.field)).toEqual(['reasoning_details'])
  })

  test('thinking goes back where nobody else signed it', () => {
    const details = [{ type: 'reasoning.text', text: 'Hm', format: 'unknown', index: 0 }, { type: 'reasoning.text', text: '!', format: 'unknown', index: 0 }, { type: 'reasoning.encrypted', data: 'x', format: 'google-gemini-v1', index: 1 }] as Message['reasoning_details']
    const { body, warnings } = write({ messages: [{ role: 'user', content: 'Hi' }, { role: 'assistant', content: 'Yes', reasoning_details: details }, { role: 'user', content: 'Why?' }] })
    expect(body['messages']).toMatchObject([{}, { content: [{ type: 'thinking', thinking: 'Hm!' }, { type: 'text', text: 'Yes' }] }, {}])
    expect(warnings).toEqual(['reasoning_details'])
  })

  test('a system prompt alone gets a word of the user', () => {
    expect(write({ messages: [{ role: 'system', content: 'x' }] })).toMatchObject({ body: { messages: [{}, { role: 'user', content: 'Begin.' }] }, warnings: ['messages'] })
  })

  test('what Cohere cannot read is another provider’s to take', () => {
    for (const part of [{ type: 'input_audio', input_audio: { data: 'AA', format: 'wav' } }, { type: 'file', file: { file_data: 'data:application/pdf;base64,JVBERi0=' } }, { type: 'file', file: { file_id: 'f' } }]) {
      expect(() => cohere.writeCall(geminiCall({ messages: [{ role: 'user', content: [part] }] }), cohereEndpoint())).toThrow(Fault)
    }
    expect(() => cohere.writeCall(geminiCall({ messages: [{ role: 'tool', tool_call_id: 'x', content: [{ type: 'image_url', image_url: { url: 'https://a.example/b.png' } }] }] }), cohereEndpoint())).toThrow('only text from the role tool')
  })
})

describe('tools', () => {
  test('choices', () => {
    expect(write({ tools: [TOOL, OTHER], tool_choice: 'required' }).body).toMatchObject({ tool_choice: 'REQUIRED', tools: [{}, {}] })
    expect(write({ tools: [TOOL, OTHER], tool_choice: 'none' }).body).toMatchObject({ tool_choice: 'NONE' })
    expect(write({ tools: [TOOL, OTHER], tool_choice: 'auto' }).body).not.toHaveProperty('tool_choice')
    expect(write({ tools: [TOOL, OTHER], tool_choice: { type: 'function', function: { name: 'other' } } }).body).toMatchObject({ tool_choice: 'REQUIRED', tools: [{ function: { name: 'other', parameters: { type: 'object' } } }] })
    expect(write({ tool_choice: 'required' }).body).not.toHaveProperty('tool_choice')
  })

  test('strictness is for all or for none; other tools and one at a time cannot be said', () => {
    const strict = { ...TOOL, function: { ...TOOL.function, strict: true } }
    expect(write({ tools: [strict] }).body).toMatchObject({ strict_tools: true })
    expect(write({ tools: [strict, OTHER] }).warnings).toEqual(['tools.function.strict'])
    expect(write({ tools: [TOOL, { type: 'web_search' }], parallel_tool_calls: false }).warnings).toEqual(['tools', 'parallel_tool_calls'])
  })
})

describe('settings', () => {
  test('in Cohere’s words and bounds', () => {
    const { body, warnings } = write({ max_tokens: 9, temperature: 0.4, top_p: 1, top_k: 900, stop: ['a', 'b', 'c', 'd', 'e', 'f'], seed: 3, frequency_penalty: -1, presence_penalty: 0.5, logprobs: true, top_logprobs: 3 })
    expect(body).toMatchObject({ max_tokens: 9, temperature: 0.4, p: 0.99, k: 500, stop_sequences: ['a', 'b', 'c', 'd', 'e'], seed: 3, frequency_penalty: 0, presence_penalty: 0.5, logprobs: true })
    expect(warnings).toEqual(['top_k', 'frequency_penalty', 'top_logprobs', 'stop'])
  })

  test('a schema, and beside tools only a word for it', () => {
    const format = { type: 'json_schema', json_schema: { name: 'x', schema: { type: 'object' } } }
    expect(write({ response_format: format }).body).toMatchObject({ response_format: { type: 'json_object', json_schema: { type: 'object' } } })
    expect(write({ response_format: { type: 'json_object' } }).body).toMatchObject({ response_format: { type: 'json_object' } })
    const beside = write({ response_format: format, tools: [TOOL] })
    expect(beside.body['messages']).toMatchObject([{ role: 'system', content: expect.stringContaining('JSON schema') }, {}])
    expect(beside.warnings).toEqual(['response_format'])
  })

  test('thinking', () => {
    expect(write({}, { reasoning: { enabled: false } }).body).toMatchObject({ thinking: { type: 'disabled' } })
    expect(write({}, { reasoning: { enabled: true, maxTokens: 500 } }).body).toMatchObject({ thinking: { type: 'enabled', token_budget: 500 } })
    expect(write({}, { reasoning: { enabled: true, effort: 'high' } }).body).toMatchObject({ thinking: { type: 'enabled' } })
    expect(write({}).body).not.toHaveProperty('thinking')
  })

  test('its own fields are carried, and what it has no word for is said', () => {
    const { body, warnings } = write({ documents: [{ data: { text: 'x' } }], safety_mode: 'OFF', min_p: 0.3, n: 1, logit_bias: {} })
    expect(body).toMatchObject({ documents: [{ data: { text: 'x' } }], safety_mode: 'OFF' })
    expect(warnings).toEqual(['min_p'])
  })
})

test('a client of Cohere’s own dialect is passed on as it is', () => {
  const native = { model: 'cohere/command-a', messages: [{ role: 'user', content: 'Hi' }], something_new: 1, provider: { only: ['cohere'] }, stream: true }
  const wire = cohere.writeCall({ ...geminiCall({}, { stream: true }), dialect: 'cohere', native }, cohereEndpoint())
  expect(wire.isNative).toBe(true)
  expect(JSON.parse(wire.body)).toEqual({ model: 'command-a-03-2025', messages: native.messages, something_new: 1, stream: true })
})
