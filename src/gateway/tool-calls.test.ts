import { describe, expect, test } from 'bun:test'
import type { Event } from '../core/event.ts'
import type { Json, JsonObject } from '../core/json.ts'
import { ToolCalls, type ToolError } from './tool-calls.ts'

const SCHEMA: JsonObject = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] }
const TOOLS = [{ type: 'function', function: { name: 'weather', parameters: SCHEMA } }, { type: 'function', function: { name: 'now' } }]

function errorOf(events: readonly Event[], tools: readonly JsonObject[] = TOOLS): ToolError | undefined {
  const calls = new ToolCalls()
  for (const event of events) calls.take([event])
  return calls.error(tools)
}

const said = (name: string, ...pieces: readonly string[]): Event[] => pieces.map((text, at) => ({ type: 'tool', choice: 0, index: 0, ...(at === 0 ? { id: 'c', name } : {}), arguments: text }))
const raw = (...bodies: readonly JsonObject[]): Event[] => bodies.map((body) => ({ type: 'raw', body, contentChars: 1 }))

describe('C38: an answer with a bad tool call', () => {
  test.each<[string, Event[], ToolError | undefined]>([
    ['a good one, in pieces', said('weather', '{"ci', 'ty":"Rom"}'), undefined],
    ['arguments that break off', said('weather', '{"city":'), 'InvalidJson'],
    ['a name that is not in the request', said('wether', '{"city":"Rom"}'), 'UnknownName'],
    ['arguments that are not of the schema', said('weather', '{"town":"Rom"}'), 'SchemaMismatch'],
    ['no arguments, where some are required', said('weather', ''), 'SchemaMismatch'],
    ['no arguments and no schema', said('now', ''), undefined],
    ['any arguments and no schema', said('now', '{"zone":1}'), undefined],
    ['one bad among good ones', [...said('now', '{}'), { type: 'tool', choice: 0, index: 1, name: 'weather', arguments: '[]' }], 'SchemaMismatch'],
    ['no tool call at all', [{ type: 'text', choice: 0, text: 'Rom' }], undefined],
    ['more than anyone looks at', said('weather', `{"city":"${'a'.repeat(70_000)}`), undefined],
  ])('%s: %p', (_, events, error) => expect(errorOf(events)).toBe(error))

  test('a schema that cannot be read counts as valid, and so do tools of other kinds', () => {
    expect(errorOf(said('weather', '1'), [{ type: 'function', function: { name: 'weather', parameters: { $ref: 'https://example.com/schema' } } }])).toBeUndefined()
    expect(errorOf(said('anything', '{'), [...TOOLS, { type: 'web_search' }])).toBeUndefined()
  })
})

describe('C38: carried answers, in the words of each dialect', () => {
  const STREAMS: Readonly<Record<string, (name: string, city: Json) => readonly JsonObject[]>> = {
    'chat, streamed': (name, city) => [
      { choices: [{ index: 0, delta: { tool_calls: [{ index: 0, id: 'c', type: 'function', function: { name, arguments: '{"city":' } }] } }] },
      { choices: [{ index: 0, delta: { tool_calls: [{ index: 0, function: { arguments: `${JSON.stringify(city)}}` } }] } }] },
    ],
    'chat, whole': (name, city) => [{ choices: [{ index: 0, message: { tool_calls: [{ id: 'c', type: 'function', function: { name, arguments: JSON.stringify({ city }) } }] } }] }],
    'messages, streamed': (name, city) => [
      { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
      { type: 'content_block_start', index: 1, content_block: { type: 'tool_use', id: 't', name, input: {} } },
      { type: 'content_block_delta', index: 1, delta: { type: 'input_json_delta', partial_json: '{"city":' } },
      { type: 'content_block_delta', index: 1, delta: { type: 'input_json_delta', partial_json: `${JSON.stringify(city)}}` } },
    ],
    'messages, whole': (name, city) => [{ type: 'message', content: [{ type: 'tool_use', id: 't', name, input: { city } }] }],
    'responses, streamed': (name, city) => [{ type: 'response.output_item.done', output_index: 1, item: { type: 'function_call', name, arguments: JSON.stringify({ city }) } }],
    'responses, whole': (name, city) => [{ object: 'response', output: [{ type: 'reasoning' }, { type: 'function_call', name, arguments: JSON.stringify({ city }) }] }],
    gemini: (name, city) => [{ candidates: [{ content: { parts: [{ text: 'so' }, { functionCall: { name, args: { city } } }] } }] }],
    'cohere, streamed': (name, city) => [
      { type: 'tool-call-start', index: 0, delta: { message: { tool_calls: { id: 't', type: 'function', function: { name, arguments: '' } } } } },
      { type: 'tool-call-delta', index: 0, delta: { message: { tool_calls: { function: { arguments: JSON.stringify({ city }) } } } } },
    ],
    'cohere, whole': (name, city) => [{ message: { role: 'assistant', tool_calls: [{ id: 't', type: 'function', function: { name, arguments: JSON.stringify({ city }) } }] } }],
  }
  test.each(Object.entries(STREAMS))('%s', (_, bodies) => {
    expect(errorOf(raw(...bodies('weather', 'Rom')))).toBeUndefined()
    expect(errorOf(raw(...bodies('weather', 7)))).toBe('SchemaMismatch')
    expect(errorOf(raw(...bodies('wether', 'Rom')))).toBe('UnknownName')
  })
})
