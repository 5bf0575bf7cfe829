import { describe, expect, test } from 'bun:test'
import type { Event } from '../../core/event.ts'
import { Fault } from '../../core/fault.ts'
import { asObject, type JsonObject } from '../../core/json.ts'
import { readReply } from './answer-read.ts'
import { ResponseReplyWriter, ResponseStreamWriter } from './answer-write.ts'
import { END, eventsOf, objectsIn, SERVED, testCall, testEndpoint } from './fixtures.test-support.ts'

const completed = (fields: JsonObject = {}): JsonObject => ({ type: 'response.completed', response: { id: 'resp_1', model: 'tiny-1', status: 'completed', output: [], usage: { input_tokens: 5, output_tokens: 2, input_tokens_details: { cached_tokens: 1 }, output_tokens_details: { reasoning_tokens: 1 } }, ...fields } })
const textIn = (events: readonly Event[]): string => events.flatMap((event) => (event.type === 'text' ? [event.text] : [])).join('')
const argumentsIn = (events: readonly Event[], index: number): string => events.flatMap((event) => (event.type === 'tool' && event.index === index ? [event.arguments] : [])).join('')

describe('the reader of a stream', () => {
  test('says what is repeated once', () => {
    const item = { id: 'msg_1', type: 'message', role: 'assistant', status: 'completed', content: [{ type: 'output_text', text: 'Hello', annotations: [{ type: 'url_citation', url: 'https://a', title: 'A', start_index: 0, end_index: 5 }] }] }
    const events = eventsOf([
      { type: 'response.created', response: { id: 'resp_1', model: 'tiny-1' } }, { type: 'response.output_item.added', output_index: 0, item: { ...item, content: [] } },
      { type: 'response.output_text.delta', output_index: 0, content_index: 0, delta: 'Hel' }, { type: 'response.output_text.delta', output_index: 0, content_index: 0, delta: 'lo' },
      { type: 'response.output_text.annotation.added', output_index: 0, content_index: 0, annotation: item.content[0]?.annotations[0] ?? {} },
      { type: 'response.output_text.done', output_index: 0, content_index: 0, text: 'Hello' }, { type: 'response.output_item.done', output_index: 0, item }, completed({ output: [item] }),
    ])
    expect(events.map((event) => event.type)).toEqual(['start', 'text', 'text', 'annotation', 'usage', 'finish'])
    expect(events[3]).toMatchObject({ annotation: { type: 'url_citation', url_citation: { url: 'https://a', end_index: 5 } } })
    expect(events.at(-1)).toEqual({ type: 'finish', choice: 0, reason: 'stop', native: 'completed' })
  })

  test('counts the tools that the provider ran: searches, and not what it opened, nor what failed, nor what the client runs', () => {
    const search = (action: JsonObject | undefined, status = 'completed'): JsonObject => ({ id: 'ws', type: 'web_search_call', status, ...(action ? { action } : {}) })
    const output = [search({ type: 'search', query: 'x' }), search(undefined), search({ type: 'open_page' }), search({ type: 'search' }, 'failed'), { id: 'fs', type: 'file_search_call' }, { id: 'f', type: 'function_call', call_id: 'c', name: 'f', arguments: '{}' }]
    const counted = { webSearches: 2, serverToolCalls: 4 }
    for (const carry of [true, false]) {
      expect(eventsOf([completed({ output })], { carry }).find((event) => event.type === 'usage')).toMatchObject({ usage: counted })
      expect(readReply(testCall({}), testEndpoint(), { ...completed({ output })['response'] as JsonObject }, carry).find((event) => event.type === 'usage')).toMatchObject({ usage: counted })
    }
  })

  test('says what comes only whole, in whichever event that is', () => {
    const message = { id: 'msg_1', type: 'message', content: [{ type: 'output_text', text: 'Hello' }] }
    const call = { id: 'fc_1', type: 'function_call', call_id: 'call_0', name: 'f', arguments: '{"a":1}' }
    expect(textIn(eventsOf([{ type: 'response.output_item.done', output_index: 0, item: message }, completed()]))).toBe('Hello')
    expect(textIn(eventsOf([completed({ output: [message] })]))).toBe('Hello')
    expect(textIn(eventsOf([{ type: 'response.output_text.delta', output_index: 0, delta: 'He' }, completed({ output: [message] })]))).toBe('Hello')
    const events = eventsOf([{ type: 'response.output_item.added', output_index: 0, item: { ...call, arguments: '' } }, { type: 'response.function_call_arguments.done', output_index: 0, arguments: '{"a":1}' }, completed({ output: [call] })])
    expect(argumentsIn(events, 0)).toBe('{"a":1}')
    expect(events.at(-1)).toMatchObject({ reason: 'tool_calls', native: 'completed' })
  })

  test('knows items by their place, for ids may change with each event', () => {
    const events = eventsOf([
      { type: 'response.output_item.added', output_index: 0, item: { id: 'x1', type: 'function_call', call_id: 'call_0', name: 'f', arguments: '' } },
      { type: 'response.output_item.added', output_index: 1, item: { id: 'x2', type: 'function_call', call_id: 'call_0', name: 'g', arguments: '' } },
      { type: 'response.function_call_arguments.delta', output_index: 1, item_id: 'x3', delta: '{"b":2}' }, { type: 'response.function_call_arguments.delta', output_index: 0, item_id: 'x4', delta: '{"a":1}' }, completed(),
    ])
    expect([argumentsIn(events, 0), argumentsIn(events, 1)]).toEqual(['{"a":1}', '{"b":2}'])
    const ids = events.flatMap((event) => (event.type === 'tool' && event.id !== undefined ? [event.id] : []))
    expect(new Set(ids).size).toBe(2)
  })

  test('a call without arguments has none', () => {
    expect(argumentsIn(eventsOf([{ type: 'response.output_item.added', output_index: 0, item: { id: 'x', type: 'function_call', call_id: 'c', name: 'f' } }, completed()]), 0)).toBe('{}')
  })

  test('reasoning: summary, text and what is encrypted, with their place and id', () => {
    const item = { id: 'rs_2', type: 'reasoning', summary: [{ type: 'summary_text', text: 'A' }, { type: 'summary_text', text: 'B' }], encrypted_content: 'gAAAA' }
    const events = eventsOf([
      { type: 'response.output_item.added', output_index: 0, item: { id: 'rs_1', type: 'reasoning', summary: [], encrypted_content: '' } },
      { type: 'response.reasoning_summary_text.delta', output_index: 0, summary_index: 0, delta: 'A' }, { type: 'response.reasoning_summary_text.delta', output_index: 0, summary_index: 1, delta: 'B' },
      { type: 'response.output_item.done', output_index: 0, item }, completed({ output: [item] }),
    ], { endpoint: testEndpoint({ slug: 'azure' }) })
    expect(events.flatMap((event) => (event.type === 'reasoning' ? [event.detail] : [])) as unknown).toEqual([
      { type: 'reasoning.summary', summary: 'A', format: 'azure-openai-responses-v1', index: 0, id: 'rs_1' }, { type: 'reasoning.summary', summary: '\n\nB', format: 'azure-openai-responses-v1', index: 0, id: 'rs_1' },
      { type: 'reasoning.encrypted', data: 'gAAAA', format: 'azure-openai-responses-v1', index: 0, id: 'rs_2' },
    ])
  })

  test("what the provider's own tools did is no call of the client's", () => {
    const item = { id: 'ws_1', type: 'web_search_call', status: 'completed', action: { type: 'search', query: 'x' } }
    const events = eventsOf([{ type: 'response.output_item.added', output_index: 0, item: { ...item, status: 'in_progress' } }, { type: 'response.output_item.done', output_index: 0, item }, completed({ output: [item] })])
    expect(events.filter((event) => event.type === 'reasoning')).toMatchObject([{ detail: { type: 'reasoning.server_tool_call', tool_name: 'web_search', tool_call_id: 'ws_1', arguments: '{"type":"search","query":"x"}', result: JSON.stringify(item) } }])
    expect(events.at(-1)).toMatchObject({ reason: 'stop' })
  })

  test.each<[JsonObject, string, string]>([
    [{ status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } }, 'length', 'max_output_tokens'], [{ status: 'incomplete', incomplete_details: { reason: 'content_filter' } }, 'content_filter', 'content_filter'],
    [{ status: 'incomplete' }, 'length', 'incomplete'],
  ])('an end with %j', (fields, reason, native) => {
    expect(eventsOf([completed(fields)]).at(-1)).toEqual({ type: 'finish', choice: 0, reason, native } as Event)
  })

  test('failures: nested, flat, in the response, cut, and no JSON', () => {
    const codeOf = (objects: readonly JsonObject[]): string | undefined => {
      const events = eventsOf(objects)
      const last = events.at(-1)
      expect(events.filter((event) => event.type === 'fault')).toHaveLength(1)
      return last?.type === 'fault' ? last.fault.code : undefined
    }
    const failed = { type: 'response.failed', response: { status: 'failed', error: { code: 'rate_limit_exceeded', message: 'Slow down' } } }
    expect(codeOf([{ type: 'error', error: { code: 'insufficient_quota', message: 'You exceeded your current quota' } }, failed])).toBe('provider_payment')
    expect(codeOf([{ type: 'error', code: 'server_error', message: 'Oops', param: null }])).toBe('provider_error')
    expect(codeOf([failed])).toBe('provider_rate_limited')
    expect(codeOf([{ type: 'response.failed', response: { status: 'failed', error: { code: 'context_length_exceeded', message: 'Your input exceeds the context window' } } }])).toBe('context_length_exceeded')
    expect(codeOf([{ type: 'response.output_text.delta', output_index: 0, delta: 'H' }])).toBe('provider_cut')
  })
})

describe('the reader of a reply', () => {
  test('a reply that failed, or is yet to be written, is thrown', () => {
    const read = (body: JsonObject) => () => readReply(testCall({}), testEndpoint(), body, false)
    expect(read({ status: 'failed', output: [], error: { code: 'server_error', message: 'Oops' } })).toThrow(Fault)
    expect(read({ status: 'queued', output: [] })).toThrow('yet to write')
    expect(read({ choices: [] })).toThrow('without output')
  })
})

const text = (said: string): Event => ({ type: 'text', choice: 0, text: said })
const finish = (reason: 'stop' | 'length' | 'tool_calls' = 'stop'): Event => ({ type: 'finish', choice: 0, reason, native: null })

describe('the writers', () => {
  const stream = (events: readonly Event[], body: JsonObject = {}): { objects: JsonObject[]; text: string } => {
    const writer = new ResponseStreamWriter(testCall({ stream: true, ...body }))
    const said = events.map((event) => writer.write([event])).join('')
    return { objects: objectsIn(said), text: said }
  }

  test('text: every event of it, in order, with its number', () => {
    const { objects, text: said } = stream([SERVED, text('Hel'), text('lo'), finish(), END])
    expect(objects.map((object) => object['type'])).toEqual(['response.created', 'response.in_progress', 'response.output_item.added', 'response.content_part.added', 'response.output_text.delta', 'response.output_text.delta',
      'response.output_text.done', 'response.content_part.done', 'response.output_item.done', 'response.completed'])
    expect(objects.map((object) => object['sequence_number'])).toEqual(objects.map((_, at) => at))
    expect(objects.at(-1)).toMatchObject({ response: { id: 'gen-1-test', status: 'completed', model: 'acme/tiny', usage: { input_tokens: 7, output_tokens: 3, cost: 0.000001 }, output: [{ type: 'message', status: 'completed', content: [{ type: 'output_text', text: 'Hello' }] }] } })
    expect(said).toEndWith('data: [DONE]\n\n')
  })

  test('a reply is what its stream comes to', () => {
    const events: Event[] = [SERVED,
      { type: 'reasoning', choice: 0, detail: { type: 'reasoning.text', text: 'Hm', format: 'anthropic-claude-v1', index: 0 } }, { type: 'reasoning', choice: 0, detail: { type: 'reasoning.text', signature: 'Eq==', format: 'anthropic-claude-v1', index: 0 } },
      { type: 'reasoning', choice: 0, detail: { type: 'reasoning.encrypted', data: 'secret', format: 'anthropic-claude-v1', index: 1 } },
      text('I look.'), { type: 'refusal', choice: 0, text: 'No.' },
      { type: 'tool', choice: 0, index: 0, id: 'c1', name: 'f', arguments: '' }, { type: 'tool', choice: 0, index: 1, id: 'c2', name: 'g', arguments: '{"a"' }, { type: 'tool', choice: 0, index: 1, arguments: ':1}' },
      finish('tool_calls'), END]
    const reply = new ResponseReplyWriter(testCall({}))
    reply.add(events)
    const plain = (output: unknown): unknown => JSON.parse(JSON.stringify(output).replace(/"(rs|msg|fc)_\w{24}"/g, '"$1"'))
    const last = asObject(stream(events).objects.at(-1)?.['response'])
    expect(plain(reply.body()['output'])).toEqual(plain(last?.['output']))
    expect(reply.body()['output']).toMatchObject([
      { type: 'reasoning', content: [{ type: 'reasoning_text', text: 'Hm' }], signature: 'Eq==', format: 'anthropic-claude-v1' }, { type: 'reasoning', summary: [], encrypted_content: expect.stringMatching(/^swr1\./) },
      { type: 'message', content: [{ type: 'output_text', text: 'I look.' }, { type: 'refusal', refusal: 'No.' }] }, { type: 'function_call', call_id: 'c1', arguments: '{}' }, { type: 'function_call', call_id: 'c2', arguments: '{"a":1}' },
    ])
  })

  test('OpenAI encrypts for itself: it is shown to who asks for it, as it is', () => {
    const events: Event[] = [SERVED, { type: 'reasoning', choice: 0, detail: { type: 'reasoning.encrypted', data: 'gAAAA', id: 'rs_abc', format: 'openai-responses-v1', index: 0 } }, text('A'), finish(), END]
    expect(stream(events, { include: ['reasoning.encrypted_content'] }).objects.at(-1)).toMatchObject({ response: { output: [{ type: 'reasoning', id: 'rs_abc', encrypted_content: 'gAAAA' }, {}] } })
    expect(stream(events).text).not.toContain('gAAAA')
  })

  test('the text of a custom tool is said as its function\'s arguments come', () => {
    const piece = (text: string) => ({ type: 'tool', choice: 0, index: 0, id: 'c1', name: 'sql', arguments: text }) as const
    const { objects } = stream([SERVED, piece('{"input":"sel'), piece('ect\\n1'), piece('"}'), finish('tool_calls'), END], { tools: [{ type: 'custom', name: 'sql' }] })
    const inputs = objects.filter((object) => String(object['type']).startsWith('response.custom_tool_call_input'))
    expect(inputs.map((object) => object['delta'] ?? object['input'])).toEqual(['sel', 'ect\n1', 'select\n1'])
  })

  test('a call of a custom tool is one, whether the model wrote the object or the bare text', () => {
    for (const [args, input] of [['{"input":"SELECT 1"}', 'SELECT 1'], ['SELECT 1', 'SELECT 1']] as const) {
      const { objects } = stream([SERVED, { type: 'tool', choice: 0, index: 0, id: 'c1', name: 'sql', arguments: args }, finish('tool_calls'), END], { tools: [{ type: 'custom', name: 'sql' }] })
      expect(objects.map((object) => object['type'])).toContain('response.custom_tool_call_input.done')
      expect(objects.at(-1)).toMatchObject({ response: { output: [{ type: 'custom_tool_call', call_id: 'c1', name: 'sql', input }] } })
    }
  })

  test('a limit makes the response and its last item incomplete', () => {
    expect(stream([SERVED, text('Hel'), finish('length'), END]).objects.at(-1)).toMatchObject({ type: 'response.incomplete', response: { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' }, output: [{ status: 'incomplete' }] } })
  })

  test('a fault: in an event of its own, and in the response with what there was', () => {
    const fault: Event = { type: 'fault', fault: new Fault('provider_rate_limited', 'Acme: slow down') }
    const { objects, text: said } = stream([SERVED, text('Hel'), fault, END])
    expect(objects.at(-2)).toEqual({ type: 'error', sequence_number: objects.length - 2, code: 'rate_limit_exceeded', message: 'Acme: slow down', param: null })
    expect(objects.at(-1)).toMatchObject({ type: 'response.failed', response: { status: 'failed', error: { code: 'rate_limit_exceeded', message: 'Acme: slow down' }, error_type: 'rate_limit_exceeded', output: [{ content: [{ text: 'Hel' }] }] } })
    expect(said).toEndWith('data: [DONE]\n\n')
    // Before anything was said, but after the status was: clients still see a response begin.
    expect(stream([fault, END]).objects.map((object) => object['type'])).toEqual(['response.created', 'response.in_progress', 'error', 'response.failed'])
  })

  test('a limit of length is no fault (M30)', () => {
    const fault: Event = { type: 'fault', fault: new Fault('context_length_exceeded', 'too long') }
    expect(stream([fault, END]).objects.at(-1)).toMatchObject({ type: 'response.incomplete', response: { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' }, error: null } })
  })

  test('carried: the end waits for its cost; a fault after it has begun ends it', () => {
    const carried = eventsOf([{ type: 'response.created', sequence_number: 0, response: { id: 'resp_1', model: 'tiny-1', status: 'in_progress', output: [] } }, { type: 'response.output_text.delta', sequence_number: 1, output_index: 0, delta: 'Hel', obfuscation: 'xx', logprobs: [], new_field: 1 }, { ...completed({ output: [{ type: 'future_item', id: 'f_1' }] }), sequence_number: 2 }], { carry: true })
    const { objects } = stream([SERVED, ...carried, END])
    expect(objects).toMatchObject([{ response: { id: 'gen-1-test', model: 'acme/tiny' } }, { delta: 'Hel', new_field: 1 }, { type: 'response.completed', sequence_number: 2, response: { output: [{ type: 'future_item', id: 'f_1' }], usage: { cost: 0.000001 } } }])
    expect(JSON.stringify(objects)).not.toContain('obfuscation')
    const broken = stream([SERVED, ...carried.slice(0, 3), { type: 'fault', fault: new Fault('provider_cut', 'Acme closed the stream') }, END]).objects
    expect(broken.map((object) => [object['type'], object['sequence_number']])).toEqual([['response.created', 0], ['response.output_text.delta', 1], ['error', 2], ['response.failed', 3]])
  })
})
