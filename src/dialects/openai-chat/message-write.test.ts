import { describe, expect, test } from 'bun:test'
import type { JsonObject } from '../../core/json.ts'
import { writeCall } from './call-write.ts'
import { testCall, testEndpoint } from './fixtures.test-support.ts'

const PIXEL = { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } }
const CALLS = { role: 'assistant', content: null, tool_calls: ['a', 'b'].map((id) => ({ id, type: 'function', function: { name: 'look', arguments: '{}' } })) }
const user = { role: 'user', content: 'Look' }

function written(body: JsonObject, quirks: readonly string[] = []) {
  const wire = writeCall(testCall(body), testEndpoint({ quirks }))
  // It is what `writeCall` has just made.
  const { messages, tools } = JSON.parse(wire.body) as { messages: JsonObject[]; tools?: JsonObject[] }
  return { messages, tools, warnings: wire.warnings.map((warning) => warning.field) }
}

describe('what other dialects say of messages and OpenAI does not', () => {
  const results = [user, CALLS, { role: 'tool', tool_call_id: 'a', content: [{ type: 'text', text: 'A dot' }, PIXEL] }, { role: 'tool', tool_call_id: 'b', content: [PIXEL] }, { role: 'user', content: 'Well?' }]

  test('pictures in results are shown by the user, after all results', () => {
    expect(written({ messages: results }).messages.slice(2)).toEqual([
      { role: 'tool', tool_call_id: 'a', content: [{ type: 'text', text: 'A dot' }] },
      { role: 'tool', tool_call_id: 'b', content: 'The user shows the result.' },
      { role: 'user', content: [{ type: 'text', text: 'From the tool call a:' }, PIXEL, { type: 'text', text: 'From the tool call b:' }, PIXEL] },
      { role: 'user', content: 'Well?' },
    ])
    expect(written({ messages: results.slice(0, 4) }).messages.at(-1)).toMatchObject({ role: 'user' })
  })

  test('a provider of the contract’s own shape gets them as they are', () => {
    expect(written({ messages: results }, ['reasoning_object']).messages).toEqual(results)
  })

  test('an error of a tool and its cache mark are left out with a warning', () => {
    const said = written({ messages: [user, CALLS, { role: 'tool', tool_call_id: 'a', content: 'no', is_error: true, cache_control: { type: 'ephemeral' } }, { role: 'tool', tool_call_id: 'b', content: 'yes', is_error: false }] })
    expect(said.messages.slice(2)).toEqual([{ role: 'tool', tool_call_id: 'a', content: 'no' }, { role: 'tool', tool_call_id: 'b', content: 'yes' }])
    expect(said.warnings).toEqual(['is_error', 'cache_control'])
  })

  test('cache marks of tools too, but where they are kept', () => {
    const tool = { type: 'function', function: { name: 'look' } }
    const marked = { ...tool, cache_control: { type: 'ephemeral' } }
    const body = { messages: [user], tools: [tool, marked] }
    expect(written(body)).toMatchObject({ tools: [tool, tool], warnings: ['cache_control'] })
    expect(written(body, ['keeps_cache_control'])).toMatchObject({ tools: [tool, marked], warnings: [] })
  })
})
