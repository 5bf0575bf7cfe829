import { describe, expect, test } from 'bun:test'
import type { Json, JsonObject } from '../../core/json.ts'
import { endpointOf } from '../../../test/wire/anthropic.ts'
import { assistant, call, faultOf, MARK, OPUS_46, OPUS_48, result, text, user, write, type Written } from '../../../test/wire/anthropic-written.ts'

describe('system messages', () => {
  const LEADING = [{ role: 'system', content: 'One' }, { role: 'developer', content: [text('Two', MARK), text(' ')] }]

  test('that lead are the system prompt, with their cache marks, without blank text', () => {
    expect(write({ messages: [...LEADING, user('Hi')] }).body['system']).toEqual([text('One'), text('Two', MARK)])
  })

  test('in mid-conversation stay where they are: as marked user text, with a warning', () => {
    const written = write({ messages: [user('Hi'), assistant('Yo'), { role: 'system', content: 'Be brief' }, user('Go')] })
    expect(written.messages[2]).toEqual({ role: 'user', content: [text('<system>\nBe brief\n</system>'), text('Go')] })
    expect(written.warned).toEqual(['messages'])
  })

  test('in mid-conversation are system turns for models that take them', () => {
    const written = write({ messages: [user('Hi'), { role: 'system', content: 'A' }, { role: 'developer', content: 'B' }, assistant('Yo'), user('Go'), { role: 'system', content: 'C' }] }, OPUS_48)
    expect(written.messages.map((message) => message.role)).toEqual(['user', 'system', 'assistant', 'user', 'system'])
    expect(written.messages[1]?.content).toEqual([text('A'), text('B')])
    expect(written.warned).toEqual([])
  })

  test('never stand between a tool call and its result, or before a user', () => {
    const between = write({ messages: [user('Hi'), assistant(null, { tool_calls: [call('a')] }), { role: 'system', content: 'A' }, result('a'), user('Go')] }, OPUS_48)
    expect(between.messages[2]?.content.map((block) => block['type'])).toEqual(['tool_result', 'text', 'text'])
    const before = write({ messages: [user('Hi'), { role: 'system', content: 'A' }, user('Go')] }, OPUS_48)
    expect(before.messages).toHaveLength(1)
  })

  test('alone get a user who begins', () => {
    expect(write({ messages: [{ role: 'system', content: 'One' }] })).toMatchObject({ messages: [{ role: 'user', content: [text('Begin.')] }], warned: ['messages'] })
  })
})

describe('turns', () => {
  test('of one role are joined', () => {
    expect(write({ messages: [user('a'), user([text('b'), text('')]), assistant('c'), assistant('d'), user('e')] }).messages).toEqual([
      { role: 'user', content: [text('a'), text('b')] }, { role: 'assistant', content: [text('c'), text('d')] }, { role: 'user', content: [text('e')] },
    ])
  })

  test('with nothing in them are left out', () => {
    expect(write({ messages: [user('a'), assistant(''), user(''), assistant('  \n'), user('b')] }).messages).toEqual([{ role: 'user', content: [text('a'), text('b')] }])
  })

  test('say the name before the text (B50)', () => {
    expect(write({ messages: [{ ...user('Hi'), name: 'Ann' }] }).messages[0]?.content).toEqual([text('Ann: Hi')])
  })

  test('may begin with the assistant', () => {
    expect(write({ messages: [assistant('Welcome'), user('Hi')] }).messages.map((message) => message.role)).toEqual(['assistant', 'user'])
  })
})

describe('a last message of the assistant (B51)', () => {
  test('is a prefill, without blanks at its end', () => {
    const written = write({ messages: [user('a'), assistant('The answer is \n')] })
    expect(written.messages[1]).toEqual({ role: 'assistant', content: [text('The answer is')] })
    expect(written.warned).toEqual(['messages'])
    expect(write({ messages: [user('a'), assistant('The answer is')] }).warned).toEqual([])
  })

  test('that is last because the user behind it says nothing, is told of', () => {
    const written = write({ messages: [user('a'), assistant('b'), user('')] })
    expect(written.messages).toHaveLength(2)
    expect(written.warned).toEqual(['messages[2]'])
  })

  test.each([['a model without prefill', OPUS_46, {}], ['thinking by a budget', endpointOf(), { reasoning: { max_tokens: 2000 } }]])('is continued by a user who asks, for %s', (_name, endpoint, more) => {
    const written = write({ messages: [user('a'), assistant('The answer is')], ...more }, endpoint)
    expect(written.messages.at(-1)?.role).toBe('user')
    expect(written.warned).toContain('messages')
  })
})

describe('tool calls and results', () => {
  test('become tool_use with an object and tool_result, all results in one user turn right after', () => {
    const { messages } = write({ messages: [user('q'), assistant('Let me see', { tool_calls: [call('a', '{"x":1}'), call('b')] }), result('b', 'B'), result('a', 'A', { is_error: true }), user('and?')] })
    expect(messages[1]?.content).toEqual([text('Let me see'), { type: 'tool_use', id: 'a', name: 'f', input: { x: 1 } }, { type: 'tool_use', id: 'b', name: 'f', input: {} }])
    expect(messages[2]?.content).toEqual([{ type: 'tool_result', tool_use_id: 'b', content: 'B' }, { type: 'tool_result', tool_use_id: 'a', content: 'A', is_error: true }, text('and?')])
  })

  test.each([['', {}], ['null', {}], [null, {}], [' ', {}], ['{"a":1}', { a: 1 }], ['"{\\"a\\":1}"', { a: 1 }], ['[1]', { arguments: '[1]' }], ['{"a":', { arguments: '{"a":' }]] as const)('have the arguments %j as the object %j', (args, input) => {
    expect(write({ messages: [user('q'), assistant(null, { tool_calls: [call('a', args)] }), result('a')] }).messages[1]?.content[0]?.['input']).toEqual(input)
  })

  test('without arguments at all have an empty object', () => {
    expect(write({ messages: [user('q'), assistant(null, { tool_calls: [{ id: 'a', type: 'function', function: { name: 'f' } }] }), result('a')] }).messages[1]?.content[0]?.['input']).toEqual({})
  })

  test('get ids that Anthropic takes, each once, and their results find them', () => {
    const { messages } = write({ messages: [user('q'), assistant(null, { tool_calls: [call('call.0'), call('call.0')] }), result('call.0', '1'), result('call.0', '2'), assistant(null, { tool_calls: [call('call.0')] }), result('call.0', '3')] })
    const ids = messages.flatMap((message) => message.content.map((block) => [block['id'] ?? block['tool_use_id'], block['content']]))
    expect(ids).toEqual([[undefined, undefined], ['call_0', undefined], ['call_0_2', undefined], ['call_0', '1'], ['call_0_2', '2'], ['call_0_3', undefined], ['call_0_3', '3']])
  })

  test('without a result get one that says so', () => {
    const written = write({ messages: [user('q'), assistant(null, { tool_calls: [call('a'), call('b')] }), result('a'), assistant('Done'), user('x'), assistant(null, { tool_calls: [call('c')] })] })
    expect(written.messages[2]?.content[1]).toMatchObject({ type: 'tool_result', tool_use_id: 'b', is_error: true })
    expect(written.messages.at(-1)?.content).toMatchObject([{ type: 'tool_result', tool_use_id: 'c', is_error: true }])
    expect(written.warned).toEqual(['messages'])
  })

  test('results that answer no call are text of the user', () => {
    const written = write({ messages: [user('q'), result('zzz', 'late')] })
    expect(written.messages[0]?.content).toEqual([text('q'), text('Result of the tool call zzz:'), text('late')])
    expect(written.warned).toEqual(['messages[1]'])
  })

  test('results hold images, documents, and a cache mark on themselves', () => {
    const { messages } = write({ messages: [user('q'), assistant(null, { tool_calls: [call('a')] }), result('a', [text('see', MARK), { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } }, { type: 'file', file: { file_data: 'https://a/b.pdf' } }])] })
    expect(messages[2]?.content).toEqual([{
      type: 'tool_result', tool_use_id: 'a', ...MARK,
      content: [text('see'), { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAAA' } }, { type: 'document', source: { type: 'url', url: 'https://a/b.pdf' } }],
    }])
  })

  test('an empty result has no content', () => {
    expect(write({ messages: [user('q'), assistant(null, { tool_calls: [call('a')] }), result('a', '')] }).messages[2]?.content).toEqual([{ type: 'tool_result', tool_use_id: 'a' }])
  })

  test('of the older form (function_call) are tool calls', () => {
    const { messages } = write({ messages: [user('q'), assistant(null, { function_call: { name: 'f', arguments: '{"x":1}' } }), { role: 'function', name: 'f', content: 'ok' }] })
    expect(messages.slice(1).map((message) => message.content[0])).toEqual([{ type: 'tool_use', id: 'f', name: 'f', input: { x: 1 } }, { type: 'tool_result', tool_use_id: 'f', content: 'ok' }])
  })
})

describe('parts', () => {
  const partOf = (part: JsonObject): JsonObject | undefined => write({ messages: [user([part])] }).messages[0]?.content[0]

  test.each([
    ['a data URL', { type: 'image_url', image_url: { url: 'data:image/jpg;base64,AAAA' } }, { type: 'image', source: { type: 'base64', media_type: 'image/jpeg', data: 'AAAA' } }],
    ['a URL', { type: 'image_url', image_url: { url: 'https://a/b' }, ...MARK }, { type: 'image', source: { type: 'url', url: 'https://a/b' }, ...MARK }],
    ['a PDF', { type: 'file', file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,JVBERi0=' } }, { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: 'JVBERi0=' }, title: 'a.pdf' }],
    ['bare base64 of a PDF', { type: 'file', file: { file_data: 'JVBERi0=' } }, { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: 'JVBERi0=' } }],
    ['a text file', { type: 'file', file: { filename: 'a.txt', file_data: 'data:text/plain;charset=utf-8;base64,w6k=' } }, { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'é' }, title: 'a.txt' }],
    ['plain text in a data URL', { type: 'file', file: { file_data: 'data:text/csv,a%2Cb' } }, { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'a,b' } }],
    ['an image in a file part', { type: 'file', file: { file_data: 'data:image/webp;base64,AAAA' } }, { type: 'image', source: { type: 'base64', media_type: 'image/webp', data: 'AAAA' } }],
    ['a document in Anthropic\'s words', { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'x' }, citations: { enabled: true } }, { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'x' }, citations: { enabled: true } }],
    ['a cache breakpoint in OpenAI\'s words (B77)', { ...text('x'), prompt_cache_breakpoint: { mode: 'explicit' } }, text('x', MARK)],
  ] as const)('%s', (_name, part, block) => expect(partOf(part)).toEqual(block as JsonObject))

  test('a file by id needs the beta of files', () => {
    const { messages, headers } = write({ messages: [user([{ type: 'file', file: { file_id: 'file_1' } }])] })
    expect(messages[0]?.content).toEqual([{ type: 'document', source: { type: 'file', file_id: 'file_1' } }])
    expect(headers['anthropic-beta']).toBe('files-api-2025-04-14')
  })

  test.each([
    ['messages[0].content[1]', { type: 'input_audio', input_audio: { data: 'AAAA', format: 'wav' } }],
    ['messages[0].content[1]', { type: 'video_url', video_url: { url: 'https://a/b.mp4' } }],
    ['messages[0].content[1].image_url.url', { type: 'image_url', image_url: { url: 'data:image/tiff;base64,AAAA' } }],
    ['messages[0].content[1].image_url.url', { type: 'image_url', image_url: { url: 'data:nonsense' } }],
    ['messages[0].content[1].file.file_data', { type: 'file', file: { filename: 'a.docx', file_data: 'data:application/msword;base64,AAAA' } }],
  ])('what cannot be said at all is a fault that names %s and leaves the call to other endpoints', (field, part) => {
    const fault = faultOf({ messages: [user([text('x'), part])] })
    expect([fault.code, fault.retry, fault.options.metadata?.['field']]).toEqual(['invalid_request', 'next', field])
    expect(fault.message).toStartWith(`${field}: `)
  })

  test('of an unknown type are left out with a warning', () => {
    expect(write({ messages: [user([text('x'), { type: 'hologram' }])] }).warned).toEqual(['messages[0].content[1]'])
  })
})

describe('reasoning that comes back', () => {
  const thought = (more: JsonObject): JsonObject => ({ format: 'anthropic-claude-v1', ...more })
  const written = (details: Json, more: JsonObject = {}): Written => write({ messages: [user('q'), assistant('A', { reasoning_details: details, ...more }), user('r')] })

  test('is thinking and redacted thinking before the text, in its order, byte for byte', () => {
    expect(written([thought({ type: 'reasoning.text', text: ' a\n', signature: 's+/=', index: 0 }), thought({ type: 'reasoning.encrypted', data: 'd==', index: 1 }), thought({ type: 'reasoning.text', text: '', signature: 't', index: 2 })]).messages[1]?.content).toEqual([
      { type: 'thinking', thinking: ' a\n', signature: 's+/=' }, { type: 'redacted_thinking', data: 'd==' }, { type: 'thinking', thinking: '', signature: 't' }, text('A'),
    ])
  })

  test('in the pieces of a stream is put together', () => {
    const pieces = [{ text: 'a', index: 0 }, { text: 'b', index: 0 }, { signature: 's', index: 0 }, { text: 'c', index: 1 }, { signature: 't', index: 1 }].map((piece) => thought({ type: 'reasoning.text', ...piece }))
    expect(written(pieces).messages[1]?.content.slice(0, 2)).toEqual([{ type: 'thinking', thinking: 'ab', signature: 's' }, { type: 'thinking', thinking: 'c', signature: 't' }])
  })

  test.each([
    ['of another provider', [{ type: 'reasoning.encrypted', data: 'x', format: 'google-gemini-v1' }]],
    ['of no known format', [{ type: 'reasoning.text', text: 'x', signature: 'y' }]],
    ['without a signature', [{ type: 'reasoning.text', text: 'x', format: 'anthropic-claude-v1' }]],
  ])('%s is left out with a warning', (_name, details) => {
    const { messages, warned } = written(details)
    expect(messages[1]?.content).toEqual([text('A')])
    expect(warned).toEqual(['reasoning_details'])
  })

  test('as plain text is left out with a warning', () => expect(written(null, { reasoning: 'because' }).warned).toEqual(['reasoning']))

  test('that nothing follows is left out', () => {
    const { messages } = write({ messages: [user('q'), assistant('', { reasoning_details: [thought({ type: 'reasoning.text', text: 'a', signature: 's' })] }), user('r')] })
    expect(messages).toHaveLength(1)
  })

  test('holds the calls of the provider\'s own tools, with their results', () => {
    const block = { type: 'web_search_tool_result', tool_use_id: 's1', content: [{ encrypted_content: 'e' }] }
    expect(written([thought({ type: 'reasoning.server_tool_call', tool_name: 'web_search', arguments: '{"query":"x"}', result: JSON.stringify(block), tool_call_id: 's1' })]).messages[1]?.content).toEqual([
      { type: 'server_tool_use', id: 's1', name: 'web_search', input: { query: 'x' } }, block, text('A'),
    ])
  })

  test('ends in the call that a paused turn goes on from', () => {
    const pending = thought({ type: 'reasoning.server_tool_call', tool_name: 'web_search', arguments: '{}', result: '', tool_call_id: 's1' })
    expect(write({ messages: [user('q'), assistant('A', { reasoning_details: [pending] })] }).messages.at(-1)?.content).toEqual([text('A'), { type: 'server_tool_use', id: 's1', name: 'web_search', input: {} }])
    expect(written([pending]).messages[1]?.content).toEqual([text('A')])
  })

  test('missing before the tool calls that are being answered, ends thinking by a budget for this turn', () => {
    const messages = [user('q'), assistant(null, { tool_calls: [call('a')] }), result('a')]
    const written_ = write({ messages, reasoning: { max_tokens: 2000 } })
    expect([written_.body['thinking'], written_.warned]).toEqual([undefined, ['reasoning']])
    expect(write({ messages, reasoning: { effort: 'low' } }, OPUS_46).body['thinking']).toEqual({ type: 'adaptive' })
  })

  test('puts a compaction first', () => {
    expect(write({ messages: [user('q'), assistant('A', { anthropic_blocks: [{ type: 'compaction', content: 'gist' }] }), user('r')] }).messages[1]?.content).toEqual([{ type: 'compaction', content: 'gist' }, text('A')])
  })
})
