import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { Fault } from '../../core/fault.ts'
import type { JsonObject } from '../../core/json.ts'
import { readCall } from './call-read.ts'

const ORIGIN = { id: 'gen-1-test', createdMs: 1_750_000_000_000, headers: {}, bodyBytes: 1_000 }
const USER = { role: 'user', content: 'Hi' }
const PIXEL = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAAA' } }
const read = (more: JsonObject) => readCall({ model: 'acme/tiny', max_tokens: 100, messages: [USER], ...more }, ORIGIN)
const messagesOf = (...messages: readonly JsonObject[]) => read({ messages }).body.messages
const said = (content: JsonObject[]) => messagesOf({ role: 'assistant', content })[0]

function faultOf(more: JsonObject): Fault {
  try {
    read(more)
  } catch (error) {
    if (error instanceof Fault) return error
    throw error
  }
  throw new Error('was accepted')
}

describe('what is wrong is named in Anthropic’s words', () => {
  const inUser = (block: unknown): JsonObject => ({ messages: [{ role: 'user', content: [block as JsonObject] }] })
  const wrong: [field: string, more: JsonObject][] = [
    ['model', { model: 7 }], ['messages', { messages: 'Hi' }], ['messages', { messages: [] }], ['messages[1]', { messages: [USER, 7] }], ['messages[0].role', { messages: [{ role: 'tool', content: 'x' }] }],
    ['messages[0].content', { messages: [{ role: 'user' }] }], ['messages[0].content[0]', inUser('x')], ['messages[0].content[0].type', inUser({})], ['messages[0].content[0].text', inUser({ type: 'text' })],
    ['messages[0].content[0].source', inUser({ type: 'image' })], ['messages[0].content[0].source.type', inUser({ type: 'image', source: { type: 'fax' } })],
    ['messages[0].content[0].source.data', inUser({ type: 'image', source: { type: 'base64', media_type: 'image/png' } })], ['messages[0].content[0].source.url', inUser({ type: 'image', source: { type: 'url', url: 'file:///etc/passwd' } })],
    ['messages[0].content[0].source.content[0].text', inUser({ type: 'document', source: { type: 'content', content: [{ type: 'text' }] } })], ['messages[0].content[0].tool_use_id', inUser({ type: 'tool_result' })],
    ['messages[0].content[0].content[0].source', inUser({ type: 'tool_result', tool_use_id: 'a', content: [{ type: 'image' }] })],
    ['messages[0].content[0].id', { messages: [{ role: 'assistant', content: [{ type: 'tool_use', name: 'f', input: {} }] }] }], ['messages[0].content[0].thinking', { messages: [{ role: 'assistant', content: [{ type: 'thinking' }] }] }],
    ['system', { system: 7 }], ['system[0]', { system: ['x'] }], ['tools', { tools: {} }], ['tools[0]', { tools: ['x'] }], ['tools[0].name', { tools: [{ name: 'get weather', input_schema: {} }] }], ['tools[0].input_schema', { tools: [{ name: 'f' }] }],
    ['tools[0].type', { tools: [{ type: 'openrouter:web_search' }] }], ['tool_choice', { tool_choice: 'auto' }], ['tool_choice.type', { tool_choice: { type: 'required' } }], ['tool_choice.name', { tools: [{ name: 'f', input_schema: {} }], tool_choice: { type: 'tool' } }],
    ['thinking', { thinking: true }], ['thinking.type', { thinking: { type: 'deep' } }], ['thinking.budget_tokens', { thinking: { type: 'enabled' } }], ['output_config', { output_config: 7 }], ['output_config.effort', { output_config: { effort: 'huge' } }],
    ['output_config.format.schema', { output_config: { format: { type: 'json_schema' } } }], ['stop_sequences', { stop_sequences: 'END' }], ['stop_sequences[1]', { stop_sequences: ['a', 1] }], ['metadata', { metadata: 7 }], ['metadata.user_id', { metadata: { user_id: 7 } }],
    ['speed', { speed: 'slow' }], ['service_tier', { service_tier: 'gold' }], ['temperature', { temperature: 3 }], ['stream', { stream: 'yes' }], ['max_tokens', { max_tokens: 1.5 }], ['thread', { thread: { type: 'create' } }],
    ['fallbacks', { fallbacks: [{ model: 'a/b' }, { model: 'a/b' }, { model: 'a/b' }, { model: 'a/b' }] }], ['fallbacks', { fallbacks: [{ model: 'a/b' }], models: ['a/c'] }], ['fallbacks[0]', { fallbacks: ['a/b'] }], ['fallbacks[0].model', { fallbacks: [{}] }],
    ['provider.order[0]', { provider: { order: [1] } }],
  ]
  test.each(wrong)('%s', (field, more) => {
    const fault = faultOf(more)
    expect(fault.status).toBe(400)
    expect(fault.message).toStartWith(`${field}:`)
  })
})

describe('messages in the chat shape', () => {
  test('the system prompt, as text and as blocks', () => {
    const mark = { type: 'ephemeral' }
    expect(read({ system: 'Be brief.' }).body.messages).toEqual([{ role: 'system', content: 'Be brief.' }, { role: 'user', content: 'Hi' }])
    expect(read({ system: [{ type: 'text', text: 'a', cache_control: mark }, { type: 'text', text: 'b' }] }).body.messages[0]).toEqual({ role: 'system', content: [{ type: 'text', text: 'a', cache_control: mark }, { type: 'text', text: 'b' }] })
    expect(messagesOf(USER, { role: 'system', content: [{ type: 'text', text: 'Now in French.' }] })[1]).toEqual({ role: 'system', content: 'Now in French.' })
  })

  test('results of tools are messages of their own, before what the user says', () => {
    const results = [{ type: 'tool_result', tool_use_id: 'a', content: 'one' }, { type: 'tool_result', tool_use_id: 'b', is_error: true, content: [{ type: 'text', text: 'two' }, PIXEL] }, { type: 'tool_result', tool_use_id: 'c' }]
    expect(messagesOf({ role: 'user', content: [{ type: 'text', text: 'Well?' }, ...results] })).toEqual([
      { role: 'tool', tool_call_id: 'a', content: 'one' },
      { role: 'tool', tool_call_id: 'b', is_error: true, content: [{ type: 'text', text: 'two' }, { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } }] },
      { role: 'tool', tool_call_id: 'c', content: '' },
      { role: 'user', content: 'Well?' },
    ])
  })

  test('turns of the model in a row are one, so that results follow all calls', () => {
    const call = (id: string): JsonObject => ({ role: 'assistant', content: [{ type: 'tool_use', id, name: 'f', input: { x: id } }] })
    expect(messagesOf(USER, call('a'), call('b'), { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'a' }] })).toMatchObject([{ role: 'user' }, { role: 'assistant', content: null, tool_calls: [{ id: 'a' }, { id: 'b', function: { name: 'f', arguments: '{"x":"b"}' } }] }, { role: 'tool' }])
  })

  test('reasoning of Anthropic goes back as it came', () => {
    expect(said([{ type: 'thinking', thinking: 'Hm', signature: 's' }, { type: 'redacted_thinking', data: 'd' }, { type: 'text', text: 'a' }, { type: 'text', text: 'b' }])).toEqual({
      role: 'assistant', content: 'ab',
      reasoning_details: [{ type: 'reasoning.text', text: 'Hm', signature: 's', format: 'anthropic-claude-v1', index: 0 }, { type: 'reasoning.encrypted', data: 'd', format: 'anthropic-claude-v1', index: 1 }],
    })
  })

  test('calls of server tools with their results, as our reader of answers says them', () => {
    const result = { type: 'web_search_tool_result', tool_use_id: 's', content: [] }
    expect(said([{ type: 'server_tool_use', id: 's', name: 'web_search', input: { query: 'x' } }, result])?.reasoning_details).toEqual([
      { type: 'reasoning.server_tool_call', tool_name: 'web_search', arguments: '{"query":"x"}', result: JSON.stringify(result), tool_call_id: 's', format: 'anthropic-claude-v1', index: 0 },
    ])
  })

  test('documents: files stay files, text is text', () => {
    const document = (source: JsonObject): JsonObject => ({ type: 'document', title: 'Notes', source })
    const [message] = messagesOf({ role: 'user', content: [document({ type: 'base64', media_type: 'application/pdf', data: 'JVBE' }), document({ type: 'url', url: 'https://a.b/c.pdf' }), document({ type: 'text', media_type: 'text/plain', data: 'Sky' }), document({ type: 'content', content: [{ type: 'text', text: 'Sea' }] })] })
    expect(message?.content).toEqual([
      { type: 'file', file: { filename: 'Notes', file_data: 'data:application/pdf;base64,JVBE' } }, { type: 'file', file: { filename: 'Notes', file_data: 'https://a.b/c.pdf' } },
      { type: 'text', text: '<document title="Notes">\nSky\n</document>' }, { type: 'text', text: 'Sea' },
    ])
  })
})

describe('parameters in the chat shape', () => {
  const wishes: [sent: JsonObject, reasoning: JsonObject][] = [
    [{ thinking: { type: 'enabled', budget_tokens: 2_000 } }, { enabled: true, maxTokens: 2_000, exclude: false }], [{ thinking: { type: 'disabled' } }, { enabled: false }], [{ thinking: { type: 'adaptive' } }, { enabled: true }],
    [{ thinking: { type: 'adaptive', display: 'omitted' }, output_config: { effort: 'low' } }, { effort: 'low', exclude: true }], [{ output_config: { effort: 'max' } }, { effort: 'max', enabled: true }], [{}, { exclude: false }],
  ]
  test.each(wishes)('%j', (sent, reasoning) => expect(read(sent).reasoning).toMatchObject(reasoning))

  test('tools, and the choice among them', () => {
    const tool = { name: 'f', description: 'd', input_schema: { type: 'object', properties: {} }, cache_control: { type: 'ephemeral' } }
    const call = read({ tools: [tool, { type: 'custom', name: 'g', input_schema: { type: 'object' } }, { type: 'bash_20250124', name: 'bash' }], tool_choice: { type: 'tool', name: 'g', disable_parallel_tool_use: true } })
    expect(call.body.tools).toMatchObject([{ type: 'function', function: { name: 'f', description: 'd', parameters: tool.input_schema }, cache_control: { type: 'ephemeral' } }, { function: { name: 'g' } }, { function: { name: 'bash', parameters: { properties: { command: {}, restart: {} } } } }])
    expect(call.body).toMatchObject({ tool_choice: { type: 'function', function: { name: 'g' } }, parallel_tool_calls: false })
    expect(call.needs.parameters).toEqual(expect.arrayContaining(['tools', 'tool_choice', 'parallel_tool_calls', 'max_tokens']))
    expect(read({ tools: [tool], tool_choice: { type: 'any' } }).body.tool_choice).toBe('required')
  })

  test('a schema is enforced where it can be everywhere', () => {
    const closed = { type: 'object', properties: { a: { type: 'string' } }, required: ['a'], additionalProperties: false }
    expect(read({ output_config: { format: { type: 'json_schema', schema: closed } } }).body.response_format).toEqual({ type: 'json_schema', json_schema: { name: 'answer', schema: closed, strict: true } })
    expect(read({ output_config: { format: { type: 'json_schema', schema: { ...closed, required: [], title: 'My report' } } } }).body.response_format).toMatchObject({ json_schema: { name: 'My_report' } })
  })

  test('the rest, by its other name', () => {
    const call = read({ stop_sequences: ['a', 'b', 'c', 'd', 'e'], metadata: { user_id: 'jo' }, service_tier: 'standard_only', fallbacks: [{ model: 'a/b' }] })
    expect(call.body).toMatchObject({ stop: ['a', 'b', 'c', 'd', 'e'], user: 'jo', service_tier: 'default' })
    expect(call.models).toEqual(['acme/tiny', 'a/b'])
    expect(read({ speed: 'fast' }).body['service_tier']).toBe('fast')
    expect(call).toMatchObject({ api: 'messages', dialect: 'anthropic-messages' })
  })

  test('media count as what they are', () => {
    expect(read({ messages: [{ role: 'user', content: [PIXEL] }] }).needs.inputs).toEqual(['image'])
    expect(read({ messages: [{ role: 'user', content: [{ type: 'tool_result', tool_use_id: 'x', content: [{ type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: 'JVBE' } }] }] }] }).needs.inputs).toEqual(['file'])
  })
})

describe('what the chat shape has no words for', () => {
  test('is said to be left out', () => {
    const call = read({
      container: 'c', mcp_servers: [], context_management: {}, tools: [{ type: 'web_search_20250305', name: 'web_search' }, { name: 'f', input_schema: {}, defer_loading: true }], tool_choice: { type: 'tool', name: 'web_search' },
      output_config: { task_budget: { type: 'tokens', total: 20_000 } }, messages: [{ role: 'user', content: [{ type: 'container_upload', file_id: 'f' }, { type: 'document', citations: { enabled: true }, source: { type: 'text', data: 'x' } }] }],
    })
    expect(call.unsaid?.map((warning) => warning.field).toSorted()).toEqual(['container', 'context_management', 'mcp_servers', 'messages[0].content[0]', 'messages[0].content[1].citations', 'output_config.task_budget', 'tool_choice', 'tools[0]', 'tools[1].defer_loading'].toSorted())
    expect(call.native).toMatchObject({ container: 'c' })
  })
})

test('whatever is sent is a call or a fault', () => {
  const block = fc.record({ type: fc.constantFrom('text', 'image', 'document', 'tool_use', 'tool_result', 'thinking', 'redacted_thinking', 'server_tool_use', 'web_search_tool_result', 'search_result', 'x'), text: fc.jsonValue({ maxDepth: 1 }), id: fc.constantFrom('a', 1), name: fc.constant('f'), input: fc.jsonValue({ maxDepth: 1 }), tool_use_id: fc.constantFrom('a', null), content: fc.jsonValue({ maxDepth: 2 }), source: fc.jsonValue({ maxDepth: 1 }), data: fc.string(), thinking: fc.string(), signature: fc.jsonValue({ maxDepth: 0 }) }, { requiredKeys: ['type'] })
  const message = fc.record({ role: fc.constantFrom('user', 'assistant', 'system', 'x'), content: fc.oneof(fc.string(), fc.array(block, { maxLength: 3 }), fc.jsonValue({ maxDepth: 2 })) })
  const anything = fc.jsonValue({ maxDepth: 2 })
  const body = fc.record({ model: fc.oneof(fc.constant('a/b'), anything), messages: fc.oneof(fc.array(message, { maxLength: 4 }), anything), system: anything, tools: fc.oneof(fc.array(anything, { maxLength: 2 }), anything), tool_choice: anything, thinking: anything, output_config: anything, stop_sequences: anything, metadata: anything, fallbacks: anything, user: anything, speed: anything, cache_control: anything }, { requiredKeys: ['model', 'messages'] })
  fc.assert(fc.property(body, (sent) => {
    try {
      // It is JSON.
      readCall(sent as JsonObject, ORIGIN)
    } catch (error) {
      if (!(error instanceof Fault)) throw error
    }
  }), { numRuns: 1_000 })
})
