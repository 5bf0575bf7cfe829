import { describe, expect, test } from 'bun:test'
import { mergePreset, presetOf } from './preset-config.ts'

const merge = (config: Parameters<typeof mergePreset>[0]['config'], request: Parameters<typeof mergePreset>[1], systemPrompt: string | null = null) => mergePreset({ config, systemPrompt }, request)
const fn = (name: string, description: string) => ({ type: 'function', function: { name, description } })

describe('mergePreset', () => {
  test('B43: the request holds field by field, what only the preset says is kept, null says nothing', () => {
    expect(merge({ model: 'a/m', temperature: 0.2, top_p: 0.9, provider: { only: ['x'], zdr: true } }, { model: 'b/n', temperature: 1, top_p: null, provider: { sort: 'price' }, preset: 'p', messages: [] })).toEqual(
      { model: 'b/n', temperature: 1, top_p: 0.9, provider: { sort: 'price' }, messages: [] })
  })

  test('B43: of fields that say one thing in several ways only the request\'s are left', () => {
    expect(merge({ max_tokens: 5, reasoning_effort: 'high' }, { max_completion_tokens: 9, reasoning: { enabled: false } })).toEqual({ max_completion_tokens: 9, reasoning: { enabled: false } })
  })

  test('the system prompt comes before the request\'s messages', () => {
    const messages = [{ role: 'system', content: 'mine' }, { role: 'user', content: 'hi' }]
    expect(merge({}, { messages }, 'theirs')['messages']).toEqual([{ role: 'system', content: 'theirs' }, ...messages])
  })

  test('B44: tools are united by identity, the preset\'s order kept, the request\'s put at the end', () => {
    const preset = [fn('a', 'preset'), { type: 'openrouter:web_search', parameters: { max_results: 1 } }, fn('b', 'preset'), { type: 'openrouter:advisor', name: 'one', x: 1 }, { type: 'openrouter:advisor', name: 'two', x: 1 }]
    const request = [fn('c', 'request'), fn('b', 'request'), { type: 'openrouter:web_search', parameters: { max_results: 9 } }, { type: 'openrouter:advisor', name: 'two', x: 2 }]
    expect(merge({ tools: preset }, { tools: request })['tools']).toEqual([
      fn('a', 'preset'), { type: 'openrouter:web_search', parameters: { max_results: 9 } }, fn('b', 'request'), { type: 'openrouter:advisor', name: 'one', x: 1 }, { type: 'openrouter:advisor', name: 'two', x: 2 }, fn('c', 'request'),
    ])
    expect(merge({ tools: preset }, {})['tools']).toEqual(preset)
  })
})

test('A28: of a request a preset keeps the configuration, and the system messages at its beginning as the prompt', () => {
  const body = {
    model: 'a/m', temperature: 0.5, stream: true, user: 'u', metadata: { a: 'b' }, session_id: 's', seed: null,
    messages: [{ role: 'system', content: 'one' }, { role: 'developer', content: [{ type: 'text', text: 'two' }] }, { role: 'user', content: 'secret' }, { role: 'system', content: 'late' }],
  }
  expect(presetOf(body)).toEqual({ config: { model: 'a/m', temperature: 0.5 }, systemPrompt: 'one\n\ntwo' })
  expect(presetOf({ messages: [{ role: 'user', content: 'x' }] })).toEqual({ config: {}, systemPrompt: null })
})
