import { describe, expect, test } from 'bun:test'
import { bedrockEndpoint } from '../../../test/wire/bedrock-call.ts'
import { problemsOfConverseRequest } from '../../../test/wire/converse-request.ts'
import { geminiCall, type CallWishes } from '../../../test/wire/gemini-call.ts'
import type { ChatBody, Message } from '../../core/call.ts'
import { Fault } from '../../core/fault.ts'
import type { JsonObject } from '../../core/json.ts'
import { bedrockConverse } from './bedrock-converse.ts'

const CLAUDE = 'us.anthropic.claude-sonnet-4-5-20250929-v1:0'
const NOVA = 'us.amazon.nova-pro-v1:0'
const MISTRAL = 'mistral.pixtral-large-2502-v1:0'
const LLAMA = 'us.meta.llama4-maverick-17b-instruct-v1:0'
const TOOL = { type: 'function', function: { name: 'get_weather', description: 'Weather.', parameters: { type: 'object', properties: { city: { type: 'string' } } }, strict: true } } as const
const CALL = { id: 'call_1', type: 'function', function: { name: 'get_weather', arguments: '{"city":"Paris"}' } } as const

/** The body that is written, and the warnings; what is written must be what Bedrock takes. */
function write(body: Partial<ChatBody>, upstreamId = CLAUDE, wishes: CallWishes = {}): { body: JsonObject; path: string; warnings: string[] } {
  const wire = bedrockConverse.writeCall(geminiCall(body, wishes), bedrockEndpoint(upstreamId))
  const written = JSON.parse(wire.body) as JsonObject
  expect(problemsOfConverseRequest(written, upstreamId)).toEqual([])
  return { body: written, path: wire.path, warnings: wire.warnings.map((warning) => warning.field) }
}

function faultOf(body: Partial<ChatBody>): Fault {
  try {
    bedrockConverse.writeCall(geminiCall(body), bedrockEndpoint())
  } catch (error) {
    if (error instanceof Fault) return error
  }
  throw new Error('no fault')
}

const asked = (...more: Message[]): Message[] => [{ role: 'user', content: 'Hi' }, { role: 'assistant', content: null, tool_calls: [CALL] }, ...more]
const answered = asked({ role: 'tool', tool_call_id: 'call_1', content: 'Sunny' })

describe('paths', () => {
  test('the model is percent-encoded; a stream has its own operation', () => {
    expect(write({}).path).toBe('/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse')
    expect(write({}, 'arn:aws:bedrock:us-east-1:1:inference-profile/x', { stream: true }).path).toBe('/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Fx/converse-stream')
  })
})

describe('messages', () => {
  test('leading system messages stand apart, later ones are marked text of the user', () => {
    const { body, warnings } = write({ messages: [{ role: 'system', content: 'Be kind.' }, { role: 'developer', content: 'Be short.' }, { role: 'user', content: 'Hi' }, { role: 'system', content: 'Now!' }] })
    expect(body).toMatchObject({ system: [{ text: 'Be kind.' }, { text: 'Be short.' }], messages: [{ role: 'user', content: [{ text: 'Hi' }, { text: '<system>\nNow!\n</system>' }] }] })
    expect(warnings).toEqual(['messages'])
  })

  test('turns of one role are joined, blanks are left out, names are said', () => {
    const { body } = write({ messages: [{ role: 'user', content: 'a' }, { role: 'user', content: '  ' }, { role: 'user', content: [{ type: 'text', text: 'b' }], name: 'Ann' }] })
    expect(body['messages']).toEqual([{ role: 'user', content: [{ text: 'a' }, { text: 'Ann: b' }] }])
  })

  test('a message of blanks is left out with a warning: what was before it, is last', () => {
    const { body, warnings } = write({ messages: [{ role: 'user', content: 'a' }, { role: 'assistant', content: 'b' }, { role: 'user', content: '  ' }] })
    expect(body['messages']).toEqual([{ role: 'user', content: [{ text: 'a' }] }, { role: 'assistant', content: [{ text: 'b' }] }])
    expect(warnings).toEqual(['messages[2]'])
  })

  test('a mark of the whole request is not said again behind a last block that has one', () => {
    const mark = { type: 'ephemeral' }
    const content = (marked: JsonObject) => (write({ cache_control: mark, messages: [{ role: 'user', content: [{ type: 'text', text: 'q', ...marked }] }] }).body['messages'] as JsonObject[])[0]?.['content']
    expect(content({ cache_control: mark })).toEqual([{ text: 'q' }, { cachePoint: { type: 'default' } }])
    expect(content({})).toEqual([{ text: 'q' }, { cachePoint: { type: 'default' } }])
  })

  test('a conversation begins with the user, who says so where the client has the assistant begin; but for Claude', () => {
    const messages: Message[] = [{ role: 'assistant', content: 'Hello!' }, { role: 'user', content: 'Bye' }]
    expect(write({ messages }).body['messages']).toHaveLength(2)
    const { body, warnings } = write({ messages }, NOVA)
    expect(body['messages']).toMatchObject([{ role: 'user', content: [{ text: 'Begin.' }] }, {}, {}])
    expect(warnings).toEqual(['messages'])
    expect(write({ messages: [{ role: 'system', content: 'x' }] }).warnings).toEqual(['messages'])
  })

  test('a last message of the assistant is continued where the model can, elsewhere it is asked to', () => {
    const messages: Message[] = [{ role: 'user', content: 'Count' }, { role: 'assistant', content: 'One, two, ' }]
    expect(write({ messages }).body['messages']).toMatchObject([{}, { content: [{ text: 'One, two,' }] }])
    const { body, warnings } = write({ messages }, LLAMA)
    expect(body['messages']).toHaveLength(3)
    expect(warnings).toEqual(['messages'])
  })
})

describe('tools', () => {
  test('a call and its result', () => {
    const { body } = write({ messages: answered, tools: [TOOL], tool_choice: 'required' })
    expect(body).toMatchObject({
      messages: [{}, { role: 'assistant', content: [{ toolUse: { toolUseId: 'call_1', name: 'get_weather', input: { city: 'Paris' } } }] }, { role: 'user', content: [{ toolResult: { toolUseId: 'call_1', content: [{ text: 'Sunny' }], status: 'success' } }] }],
      toolConfig: { tools: [{ toolSpec: { name: 'get_weather', description: 'Weather.', strict: true, inputSchema: { json: TOOL.function.parameters } } }], toolChoice: { any: {} } },
    })
  })

  test('every call gets a result, and a result without a call is text', () => {
    const missing = write({ messages: [...asked(), { role: 'user', content: 'And?' }], tools: [TOOL] })
    expect(missing.body['messages']).toMatchObject([{}, {}, { content: [{ toolResult: { status: 'error' } }, { text: 'And?' }] }])
    expect(missing.warnings).toEqual(['messages'])
    const stray = write({ messages: [{ role: 'user', content: 'Hi' }, { role: 'tool', tool_call_id: 'x', content: 'Sunny' }], tools: [TOOL] })
    expect(stray.body['messages']).toMatchObject([{ content: [{ text: 'Hi' }, { text: 'Result of the tool call x:' }, { text: 'Sunny' }] }])
  })

  test('ids are made fit, and the same id twice becomes two', () => {
    const long = `call.${'x'.repeat(100)}`
    const calls = [{ ...CALL, id: long }, { ...CALL, id: long }]
    const results: Message[] = [1, 2].map((n) => ({ role: 'tool', tool_call_id: long, content: `r${n}` }))
    write({ messages: [{ role: 'user', content: 'Hi' }, { role: 'assistant', content: null, tool_calls: calls }, ...results], tools: [TOOL] })
    const { body } = write({ messages: answered, tools: [TOOL] }, MISTRAL)
    expect(JSON.stringify(body)).toMatch(/"toolUse":\{"toolUseId":"[A-Za-z0-9]{9}"/)
  })

  test('Mistral takes results alone, with a word of the assistant before what follows', () => {
    const { body } = write({ messages: [...answered, { role: 'user', content: 'Thanks' }], tools: [TOOL] }, MISTRAL)
    expect(body['messages']).toMatchObject([{}, {}, { role: 'user', content: [{ toolResult: {} }] }, { role: 'assistant', content: [{ text: '.' }] }, { role: 'user', content: [{ text: 'Thanks' }] }])
  })

  test('without tools to call, those of the history are told in words', () => {
    for (const more of [{}, { tools: [TOOL], tool_choice: 'none' as const }]) {
      const { body, warnings } = write({ messages: answered, ...more })
      expect(body).not.toHaveProperty('toolConfig')
      expect(JSON.stringify(body['messages'])).toContain('get_weather({\\"city\\":\\"Paris\\"})')
      expect(warnings).toEqual(['tools'])
    }
  })

  test('a choice that the model cannot be held to is said', () => {
    expect(write({ tools: [TOOL], tool_choice: 'required' }, LLAMA)).toMatchObject({ warnings: expect.arrayContaining(['tool_choice']), body: { toolConfig: expect.not.objectContaining({ toolChoice: expect.anything() }) } })
    expect(write({ tools: [TOOL], tool_choice: { type: 'function', function: { name: 'get_weather' } } }).body).toMatchObject({ toolConfig: { toolChoice: { tool: { name: 'get_weather' } } } })
    expect(write({ tools: [TOOL], parallel_tool_calls: false }).body).toMatchObject({ additionalModelRequestFields: { tool_choice: { type: 'auto', disable_parallel_tool_use: true } } })
    expect(write({ tools: [TOOL], parallel_tool_calls: false }, NOVA).warnings).toContain('parallel_tool_calls')
  })

  test('allowed_tools leaves only those', () => {
    const other = { type: 'function', function: { name: 'other' } } as const
    const { body } = write({ tools: [TOOL, other], tool_choice: { type: 'allowed_tools', allowed_tools: { mode: 'required', tools: [{ type: 'function', function: { name: 'other' } }] } } })
    expect(body).toMatchObject({ toolConfig: { tools: [{ toolSpec: { name: 'other' } }], toolChoice: { any: {} } } })
  })
})

describe('media', () => {
  const PNG = 'data:image/png;base64,iVBORw0KGgo='
  test('images, documents, videos and audio', () => {
    const { body } = write({ messages: [{ role: 'user', content: [
      { type: 'image_url', image_url: { url: PNG } }, { type: 'file', file: { filename: 'My (final) report_v2.pdf', file_data: 'data:application/pdf;base64,JVBERi0=' } },
      { type: 'video_url', video_url: { url: 's3://bucket/clip.mov' } }, { type: 'input_audio', input_audio: { data: 'AAAA', format: 'mp3' } }, { type: 'text', text: 'Look' },
    ] }] }, NOVA)
    expect(body['messages']).toEqual([{ role: 'user', content: [
      { image: { format: 'png', source: { bytes: 'iVBORw0KGgo=' } } }, { document: { name: 'My (final) report-v2', format: 'pdf', source: { bytes: 'JVBERi0=' } } },
      { video: { format: 'mov', source: { s3Location: { uri: 's3://bucket/clip.mov' } } } }, { audio: { format: 'mp3', source: { bytes: 'AAAA' } } }, { text: 'Look' },
    ] }])
  })

  test('a document alone gets a word beside it', () => {
    expect(write({ messages: [{ role: 'user', content: [{ type: 'file', file: { filename: 'a.csv', file_data: 'data:text/csv,a%2Cb' } }] }] }).body['messages']).toMatchObject([{ content: [{ document: { format: 'csv', source: { bytes: 'YSxi' } } }, { text: 'See the attached file.' }] }])
  })

  test('what the model takes in no result stands beside it', () => {
    const image: Message = { role: 'tool', tool_call_id: 'call_1', content: [{ type: 'text', text: 'Here' }, { type: 'image_url', image_url: { url: PNG } }] }
    expect(write({ messages: asked(image), tools: [TOOL] }).body['messages']).toMatchObject([{}, {}, { content: [{ toolResult: { content: [{ text: 'Here' }, { image: {} }] } }] }])
    expect(write({ messages: asked(image), tools: [TOOL] }, MISTRAL).body['messages']).toMatchObject([{}, {}, { content: [{ toolResult: { content: [{ text: 'Here' }] } }] }, { content: [{ text: '.' }] }, { content: [{ image: {} }] }])
  })

  test('addresses elsewhere and unknown types are another provider’s to take', () => {
    for (const part of [{ type: 'image_url', image_url: { url: 'https://a.example/b.png' } }, { type: 'image_url', image_url: { url: 'data:image/tiff;base64,AA' } }, { type: 'file', file: { file_id: 'f1' } }, { type: 'image_url', image_url: { url: 'data:image/constructor;base64,AA' } }]) {
      expect(faultOf({ messages: [{ role: 'user', content: [part] }] })).toMatchObject({ code: 'invalid_request', retry: 'next', message: expect.stringContaining('messages[0].content[0]') })
    }
  })
})

describe('cache marks', () => {
  const mark = { cache_control: { type: 'ephemeral' } } as const
  test('are points behind what they cover, at most four, the oldest go first', () => {
    const { body, warnings } = write({
      tools: [{ ...TOOL, ...mark }], messages: [{ role: 'system', content: [{ type: 'text', text: 's', ...mark }] }, { role: 'user', content: [{ type: 'text', text: 'a', ...mark }, { type: 'text', text: 'b', cache_control: { type: 'ephemeral', ttl: '1h' } }, { type: 'text', text: 'c', ...mark }] }],
    })
    expect(body).toMatchObject({ toolConfig: { tools: [{ toolSpec: {} }] }, system: [{ text: 's' }, { cachePoint: { type: 'default' } }], messages: [{ content: [{ text: 'a' }, { cachePoint: {} }, { text: 'b' }, { cachePoint: { type: 'default', ttl: '1h' } }, { text: 'c' }, { cachePoint: {} }] }] })
    expect(warnings).toEqual(['cache_control'])
  })

  test('a mark on the request is one at its end; models without a cache get none', () => {
    expect(write({ cache_control: { type: 'ephemeral' } }).body['messages']).toMatchObject([{ content: [{ text: 'Hello' }, { cachePoint: {} }] }])
    expect(write({ cache_control: { type: 'ephemeral' } }, LLAMA)).toMatchObject({ warnings: ['cache_control'], body: { messages: [{ content: [{ text: 'Hello' }] }] } })
  })
})

describe('reasoning', () => {
  test('Claude is told in Anthropic’s words, others in their own', () => {
    expect(write({ max_tokens: 4000 }, CLAUDE, { reasoning: { enabled: true, maxTokens: 2000 } }).body).toMatchObject({ inferenceConfig: { maxTokens: 4000 }, additionalModelRequestFields: { thinking: { type: 'enabled', budget_tokens: 2000 } } })
    expect(write({}, 'us.anthropic.claude-sonnet-4-6', { reasoning: { enabled: true, effort: 'high' } }).body).toMatchObject({ additionalModelRequestFields: { thinking: { type: 'adaptive' }, output_config: { effort: 'high' } } })
    expect(write({}, 'openai.gpt-oss-120b-1:0', { reasoning: { enabled: true, effort: 'xhigh' } }).body).toMatchObject({ additionalModelRequestFields: { reasoning_effort: 'high' } })
    expect(write({}, 'amazon.nova-2-lite-v1:0', { reasoning: { enabled: true, effort: 'low' } }).body).toMatchObject({ additionalModelRequestFields: { reasoningConfig: { type: 'enabled', maxReasoningEffort: 'low' } } })
    expect(write({}, LLAMA, { reasoning: { enabled: true } }).warnings).toEqual(['reasoning'])
  })

  test('a thinking Claude is not sampled, nor forced to a tool', () => {
    const { body, warnings } = write({ temperature: 0.5, top_k: 5, tools: [TOOL], tool_choice: 'required' }, CLAUDE, { reasoning: { enabled: true, maxTokens: 2000 } })
    expect(warnings).toEqual(expect.arrayContaining(['temperature', 'top_k', 'tool_choice']))
    expect(body).not.toHaveProperty('inferenceConfig')
  })

  test('goes back as it came: text with its signature, and what was hidden as bytes', () => {
    const reasoning_details = [
      { type: 'reasoning.text', text: 'Hm', format: 'anthropic-claude-v1', index: 0 }, { type: 'reasoning.text', text: ', yes', signature: 'sig', format: 'anthropic-claude-v1', index: 0 },
      { type: 'reasoning.encrypted', data: 'EtkE', format: 'anthropic-claude-v1', index: 1 }, { type: 'reasoning.text', text: 'other', format: 'google-gemini-v1', index: 2 },
    ] as Message['reasoning_details']
    const { body, warnings } = write({ messages: [{ role: 'user', content: 'Hi' }, { role: 'assistant', content: 'Yes', reasoning_details }, { role: 'user', content: 'Why?' }] })
    expect(body['messages']).toMatchObject([{}, { content: [{ reasoningContent: { reasoningText: { text: 'Hm, yes', signature: 'sig' } } }, { reasoningContent: { redactedContent: 'RXRrRQ==' } }, { text: 'Yes' }] }, {}])
    expect(warnings).toEqual(['reasoning_details'])
  })

  test('without it, a call that is being answered ends thinking by a budget', () => {
    const { body, warnings } = write({ messages: answered, tools: [TOOL] }, CLAUDE, { reasoning: { enabled: true, maxTokens: 2000 } })
    expect(body).not.toHaveProperty('additionalModelRequestFields')
    expect(warnings).toContain('reasoning')
  })
})

describe('formats and the rest', () => {
  const schema = { type: 'object', properties: { a: { type: 'integer', minimum: 1 } } }
  test('a schema is held to where the model can be', () => {
    const format = { type: 'json_schema', json_schema: { name: 'it', schema } }
    expect(write({ response_format: format }, NOVA).body).toMatchObject({ outputConfig: { textFormat: { type: 'json_schema', structure: { jsonSchema: { name: 'it', schema: JSON.stringify(schema) } } } } })
    const old = write({ response_format: format }, 'anthropic.claude-3-haiku-20240307-v1:0')
    expect(old.body['system']).toMatchObject([{ text: expect.stringContaining('"minimum":1') }])
    expect(old.warnings).toEqual(['response_format'])
    expect(write({ response_format: { type: 'json_object' } }).warnings).toEqual(['response_format'])
  })

  test('sampling is bounded, and what Converse cannot be told is said', () => {
    const { body, warnings } = write({ temperature: 1.7, top_p: 0.5, stop: ['a', ' '], seed: 4, frequency_penalty: 0.5, n: 1 }, NOVA)
    expect(body['inferenceConfig']).toEqual({ temperature: 1, topP: 0.5, stopSequences: ['a'] })
    expect(warnings).toEqual(expect.arrayContaining(['temperature', 'stop', 'seed', 'frequency_penalty']))
    expect(warnings).not.toContain('n')
  })

  test('its own fields are carried; a tier is said by the endpoint that is of it (C39)', () => {
    expect(write({ guardrailConfig: { guardrailIdentifier: 'g', guardrailVersion: '1' }, additionalModelRequestFields: { x: 1 } }).body).toMatchObject({ guardrailConfig: { guardrailIdentifier: 'g' }, additionalModelRequestFields: { x: 1 } })
    expect(JSON.parse(bedrockConverse.writeCall(geminiCall({}), { ...bedrockEndpoint(CLAUDE), tier: 'flex' }).body)).toMatchObject({ serviceTier: { type: 'flex' } })
    const { body, warnings } = write({ service_tier: 'flex' })
    expect([body['serviceTier'], warnings]).toEqual([undefined, ['service_tier']])
    expect(write({ top_k: 3 }, NOVA).body).toMatchObject({ additionalModelRequestFields: { inferenceConfig: { topK: 3 } } })
    expect(write({ top_k: 3 }).body).toMatchObject({ additionalModelRequestFields: { top_k: 3 } })
  })
})
