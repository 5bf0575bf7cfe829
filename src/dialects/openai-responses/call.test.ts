import { describe, expect, test } from 'bun:test'
import { Fault } from '../../core/fault.ts'
import { parseObject, type Json, type JsonObject } from '../../core/json.ts'
import { readCall as readChatCall } from '../openai-chat/call-read.ts'
import { writeCall } from './call-write.ts'
import { seal } from './envelope.ts'
import { testCall, testEndpoint } from './fixtures.test-support.ts'

function refusalOf(body: JsonObject): { message: string; field: Json | undefined } {
  try {
    testCall(body)
  } catch (error) {
    if (error instanceof Fault) return { message: error.message, field: error.options.metadata?.['field'] }
    throw error
  }
  throw new Error('taken')
}

describe('readCall', () => {
  test('a string is a user message, behind the instructions', () => {
    expect(testCall({ instructions: 'Be brief.', input: 'Hi' }).body.messages).toEqual([{ role: 'system', content: 'Be brief.' }, { role: 'user', content: 'Hi' }])
  })

  test('what the model did in one turn is one message', () => {
    const call = testCall({
      input: [
        { role: 'user', content: [{ type: 'input_text', text: 'Look' }, { type: 'input_image', image_url: 'https://a.example/b.png', detail: 'low' }] },
        { type: 'reasoning', id: 'rs_1', summary: [{ type: 'summary_text', text: 'Hm' }], encrypted_content: 'gAAAA' },
        { type: 'message', role: 'assistant', id: 'msg_1', status: 'completed', content: [{ type: 'output_text', text: 'I look.', annotations: [] }] },
        { type: 'function_call', call_id: 'c1', name: 'look', arguments: '{}' },
        { type: 'custom_tool_call', call_id: 'c2', name: 'sql', input: 'SELECT 1' },
        { type: 'function_call_output', call_id: 'c1', output: [{ type: 'input_text', text: 'seen' }] },
        { type: 'custom_tool_call_output', call_id: 'c2', output: '1' },
      ],
    })
    expect(call.body.messages as unknown).toEqual([
      { role: 'user', content: [{ type: 'text', text: 'Look' }, { type: 'image_url', image_url: { url: 'https://a.example/b.png', detail: 'low' } }] },
      {
        role: 'assistant', content: 'I look.',
        reasoning_details: [
          { type: 'reasoning.summary', summary: 'Hm', id: 'rs_1', format: 'openai-responses-v1', index: 0 },
          { type: 'reasoning.encrypted', data: 'gAAAA', id: 'rs_1', format: 'openai-responses-v1', index: 0 },
        ],
        tool_calls: [{ id: 'c1', type: 'function', function: { name: 'look', arguments: '{}' } }, { id: 'c2', type: 'function', function: { name: 'sql', arguments: '{"input":"SELECT 1"}' } }],
      },
      { role: 'tool', tool_call_id: 'c1', content: [{ type: 'text', text: 'seen' }] },
      { role: 'tool', tool_call_id: 'c2', content: '1' },
    ])
    expect(call).toMatchObject({ api: 'responses', dialect: 'openai-responses', needs: { inputs: ['image'] } })
    expect(call.unsaid).toBeUndefined()
  })

  test('sealed reasoning is what it was', () => {
    const details = [{ type: 'reasoning.text' as const, text: 'Hm', signature: 'Eq==', format: 'anthropic-claude-v1', index: 0 }, { type: 'reasoning.encrypted' as const, data: 'x', id: 'call_1', format: 'google-gemini-v1', index: 1 }]
    const { body } = testCall({ input: [{ role: 'user', content: 'Hi' }, { type: 'reasoning', id: 'rs_9', summary: [], encrypted_content: seal(details) }, { role: 'assistant', content: 'Hello' }, { role: 'user', content: 'Go on' }] })
    expect(body.messages[1]?.reasoning_details as unknown).toEqual(details)
  })

  test('parameters by their names in chat completions', () => {
    const { body, reasoning, needs } = testCall({
      max_output_tokens: 99, text: { format: { type: 'json_schema', name: 'a', strict: true, schema: { type: 'object' } }, verbosity: 'low' }, reasoning: { effort: 'high', summary: 'auto' },
      tools: [{ type: 'function', name: 'f', parameters: null, strict: null }, { type: 'custom', name: 'g', format: { type: 'grammar', syntax: 'regex', definition: 'a+' } }], tool_choice: { type: 'custom', name: 'g' },
    })
    expect(body).toMatchObject({ max_tokens: 99, verbosity: 'low', response_format: { type: 'json_schema', json_schema: { name: 'a', strict: true, schema: { type: 'object' } } }, tool_choice: { type: 'function', function: { name: 'g' } } })
    expect(body.tools).toMatchObject([{ type: 'function', function: { name: 'f' } }, { type: 'function', function: { name: 'g', parameters: { required: ['input'], properties: { input: { description: expect.stringContaining('a+') } } } } }])
    expect(reasoning).toMatchObject({ enabled: true, effort: 'high', summary: 'auto' })
    expect(needs.maxTokens).toBe(99)
  })

  test('what chat completions cannot say is a warning', () => {
    const { unsaid, body } = testCall({ tools: [{ type: 'web_search' }], tool_choice: { type: 'web_search' }, context_management: [], input: [{ role: 'user', content: 'Hi' }, { type: 'web_search_call', id: 'ws_1', status: 'completed' }] })
    expect(unsaid?.map((warning) => warning.field)).toEqual(['input[1]', 'tools[0]', 'tool_choice', 'context_management'])
    expect(body.tools).toBeUndefined()
    expect(body.tool_choice).toBeUndefined()
  })

  test.each<[JsonObject, string, RegExp]>([
    [{ store: true }, 'store', /must be false/], [{ previous_response_id: 'resp_1' }, 'previous_response_id', /stores no responses/], [{ background: true }, 'background', /must be false/],
    [{ prompt: { id: 'pmpt_1' } }, 'prompt', /stores no prompts/], [{ input: null }, 'input', /is missing/], [{ input: [] }, 'input', /is empty/], [{ input: 5 }, 'input', /must be a string or an array/],
    [{ input: ['Hi'] }, 'input[0]', /must be an object/], [{ input: [{ role: 'tool', content: '' }] }, 'input[0].role', /one of "user"/],
    [{ input: [{ role: 'user', content: [{ type: 'input_image' }] }] }, 'input[0].content[0].image_url', /URL/], [{ input: [{ role: 'user', content: [{ type: 'nope' }] }] }, 'input[0].content[0].type', /"input_text"/],
    [{ input: [{ type: 'function_call', call_id: 'c', name: 'f' }] }, 'input[0].arguments', /a string/], [{ input: [{ type: 'item_reference', id: 'x' }] }, 'input[0]', /stores none/],
    [{ input: [{ type: 'reasoning', id: 'r', summary: [], encrypted_content: 'swr1.@@' }] }, 'input[0].encrypted_content', /unchanged/],
    [{ max_output_tokens: 0 }, 'max_output_tokens', /at least 1/], [{ text: { format: { type: 'xml' } } }, 'text.format.type', /json_schema/], [{ text: { verbosity: 'loud' } }, 'text.verbosity', /"low"/],
    [{ text: { format: { type: 'json_schema', schema: {} } } }, 'text.format.name', /a string/], [{ tools: [{ type: 'function', name: 'a b' }] }, 'tools[0].name', /letters/],
    [{ tools: [{ type: 'openrouter:web_search' }] }, 'tools[0].type', /not available/], [{ instructions: 5 }, 'instructions', /a string/], [{ include: 'all' }, 'include', /an array/],
    [{ input: [{ type: 'web_search_call', id: 'ws_1' }] }, 'input', /is empty/],
  ])('refuses %j by name', (body, field, says) => {
    const refusal = refusalOf(body)
    expect(refusal.field).toBe(field)
    expect(refusal.message).toStartWith(field)
    expect(refusal.message).toMatch(says)
  })
})

describe('writeCall', () => {
  const chat = (body: JsonObject) => readChatCall({ model: 'acme/tiny', messages: [{ role: 'user', content: 'Hi' }], ...body }, { id: 'gen-1-test', createdMs: 1, headers: {}, bodyBytes: 100 })
  const written = (body: JsonObject, endpoint = testEndpoint()): { body: JsonObject; warnings: string[] } => {
    const wire = writeCall(chat(body), endpoint)
    return { body: parseObject(wire.body) ?? {}, warnings: wire.warnings.map((warning) => warning.field) }
  }
  const thinker = testEndpoint({ reasoning: { efforts: ['low', 'medium', 'high'], budget: false, mandatory: true } })

  test('nothing is stored, and what is thought comes back encrypted', () => {
    expect(written({ reasoning: { effort: 'xhigh' } }, thinker).body).toEqual({ model: 'tiny-1', input: [{ type: 'message', role: 'user', content: 'Hi' }], stream: false, store: false, include: ['reasoning.encrypted_content'], reasoning: { effort: 'high', summary: 'auto' } })
    expect(written({}).body['include']).toBeUndefined()
  })

  test('a function is not strict unless it says so', () => {
    const tools = [{ type: 'function', function: { name: 'f' } }, { type: 'function', function: { name: 'g', parameters: { type: 'object' }, strict: true } }]
    expect(written({ tools, tool_choice: { type: 'function', function: { name: 'f' } } }).body).toMatchObject({
      tools: [{ type: 'function', name: 'f', parameters: { type: 'object', properties: {} }, strict: false }, { type: 'function', name: 'g', strict: true }], tool_choice: { type: 'function', name: 'f' },
    })
  })

  test('thoughts stand where they stood, each before the item it led to', () => {
    const thought = (id: string, index: number) => [{ type: 'reasoning.summary', summary: id, id, index, format: 'openai-responses-v1' }, { type: 'reasoning.encrypted', data: `data of ${id}`, id, index, format: 'openai-responses-v1' }]
    const call = (id: string) => ({ id, type: 'function', function: { name: 'f', arguments: '' } })
    const { body, warnings } = written({
      messages: [
        { role: 'user', content: 'Hi' },
        { role: 'assistant', content: 'I look.', reasoning_details: [...thought('rs_a', 0), ...thought('rs_b', 2), { type: 'reasoning.text', text: 'Hm', signature: 'x', format: 'anthropic-claude-v1', index: 9 }], tool_calls: [call('c1'), call('c2')] },
        { role: 'tool', tool_call_id: 'c1', content: 'one' }, { role: 'tool', tool_call_id: 'c2', content: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,AA==' } }] },
      ],
    })
    expect(body['input']).toMatchObject([
      { role: 'user' }, { type: 'reasoning', id: 'rs_a', encrypted_content: 'data of rs_a', summary: [{ type: 'summary_text', text: 'rs_a' }] }, { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'I look.' }] },
      { type: 'reasoning', id: 'rs_b' }, { type: 'function_call', call_id: 'c1', arguments: '{}' }, { type: 'function_call', call_id: 'c2' },
      { type: 'function_call_output', call_id: 'c1', output: 'one' }, { type: 'function_call_output', call_id: 'c2', output: [{ type: 'input_image', detail: 'auto' }] },
    ])
    expect(warnings).toEqual(['messages[1].reasoning_details'])
  })

  test('a thought that led to nothing, and a summary alone, stay here', () => {
    const details = [{ type: 'reasoning.encrypted', data: 'x', id: 'rs_a', index: 0, format: 'openai-responses-v1' }]
    expect(written({ messages: [{ role: 'user', content: 'Hi' }, { role: 'assistant', content: '', reasoning_details: details }, { role: 'user', content: 'Well?' }] })).toMatchObject({ body: { input: [{ role: 'user' }, { role: 'user' }] }, warnings: ['messages[1].reasoning_details'] })
    const summary = [{ type: 'reasoning.summary', summary: 'x', id: 'rs_a', index: 0, format: 'openai-responses-v1' }]
    expect(written({ messages: [{ role: 'user', content: 'Hi' }, { role: 'assistant', content: 'A', reasoning_details: summary }] }).body['input']).toMatchObject([{ role: 'user' }, { role: 'assistant' }])
  })

  test('what cannot be said is a warning', () => {
    expect(written({ seed: 1, stop: ['a'], n: 1, frequency_penalty: 0.5, max_tokens: 5, presence_penalty: 0 })).toMatchObject({ body: { max_output_tokens: 16 }, warnings: ['max_tokens', 'seed', 'stop', 'frequency_penalty'] })
  })

  test("the client's own request goes as it came, less what is ours", () => {
    const sealed = { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: seal([]) }
    const own = { type: 'reasoning', id: 'rs_2', summary: [], encrypted_content: 'gAAAA', format: 'openai-responses-v1', signature: null }
    const call = testCall({
      input: [{ role: 'user', content: 'Hi' }, sealed, own, { role: 'assistant', content: 'A', phase: 'final_answer' }, { role: 'user', content: 'B' }], truncation: 'auto', prompt_cache_options: { mode: 'explicit' }, models: ['acme/other'], provider: { sort: 'price' },
      session_id: 's', user: 'me', tools: [{ type: 'web_search', filters: null }], reasoning: { effort: 'high', max_tokens: null, context: 'all_turns' }, top_k: 3,
    })
    const wire = writeCall(call, thinker)
    expect(wire.isNative).toBe(true)
    expect(parseObject(wire.body)).toEqual({
      model: 'tiny-1', store: false, truncation: 'auto', prompt_cache_options: { mode: 'explicit' }, user: expect.stringMatching(/^user_[0-9a-f]{32}$/), tools: [{ type: 'web_search', filters: null }],
      input: [{ role: 'user', content: 'Hi' }, { type: 'reasoning', id: 'rs_2', summary: [], encrypted_content: 'gAAAA' }, { role: 'assistant', content: 'A', phase: 'final_answer' }, { role: 'user', content: 'B' }],
      reasoning: { effort: 'high', context: 'all_turns' }, top_k: 3,
    })
    expect(wire.warnings.map((warning) => warning.field)).toEqual(['input[1]'])
  })
})
