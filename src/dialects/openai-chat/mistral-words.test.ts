import { describe, expect, test } from 'bun:test'
import { fromMistral } from './mistral-words.ts'

const user = { role: 'user', content: 'x' }

describe("a request in Mistral's words", () => {
  test('is itself where it has none of them', () => {
    const sent = { model: 'a/b', messages: [user, { role: 'assistant', content: [{ type: 'text', text: 'y' }], tool_calls: [{ id: 'c', function: { name: 'f', arguments: '{}' } }] }], seed: 1, tool_choice: 'auto' }
    expect(fromMistral(sent)).toBe(sent)
  })

  test('seed and choice', () => {
    expect(fromMistral({ messages: [user], random_seed: 7, tool_choice: 'any' })).toEqual({ messages: [user], seed: 7, tool_choice: 'required' })
    expect(fromMistral({ messages: [user], random_seed: 7, seed: 8 })).toEqual({ messages: [user], seed: 8 })
  })

  test('links, documents, arguments and thoughts of messages', () => {
    const messages = [
      { role: 'user', content: [{ type: 'image_url', image_url: 'https://x/y.png' }, { type: 'document_url', document_url: 'https://x/y.pdf', document_name: 'y.pdf' }, { type: 'document_url', document_url: 'https://x/z.pdf' }] },
      { role: 'assistant', content: [{ type: 'thinking', thinking: [{ type: 'text', text: 'h' }, { type: 'text', text: 'm' }] }, { type: 'text', text: 'y' }], tool_calls: [{ id: 'c', function: { name: 'f', arguments: { a: 1 } } }] },
    ]
    expect(fromMistral({ messages })['messages']).toEqual([
      { role: 'user', content: [{ type: 'image_url', image_url: { url: 'https://x/y.png' } }, { type: 'file', file: { file_data: 'https://x/y.pdf', filename: 'y.pdf' } }, { type: 'file', file: { file_data: 'https://x/z.pdf' } }] },
      { role: 'assistant', reasoning: 'hm', content: [{ type: 'text', text: 'y' }], tool_calls: [{ id: 'c', function: { name: 'f', arguments: '{"a":1}' } }] },
    ])
  })

  test.each([null, 7, 'x', [null, 7, { role: 'user' }, { content: [null, { type: 'image_url' }], tool_calls: [null, { function: 3 }] }]])('what is none of ours to check goes on: %j', (messages) => {
    expect(fromMistral({ messages })['messages']).toEqual(messages)
  })
})
