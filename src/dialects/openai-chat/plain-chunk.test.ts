import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import type { Event } from '../../core/event.ts'
import { ChatStreamReader } from './answer-read.ts'
import { ChatStreamWriter } from './answer-write.ts'
import { testCall, testEndpoint } from './fixtures.test-support.ts'
import { PlainChunk } from './plain-chunk.ts'

const chunk = (delta: object, more: object = {}) => JSON.stringify({ id: 'x', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta, logprobs: null, finish_reason: null }], ...more })

/** What a client of ours gets for these frames, chunk by chunk. */
function relayed(frames: readonly string[]): { text: string; events: Event[] } {
  const reader = new ChatStreamReader(testEndpoint({}), true)
  const writer = new ChatStreamWriter(testCall({ stream: true }))
  const events: Event[] = []
  for (const data of frames) reader.read({ event: '', data }, events)
  const chunks = writer.write(events).split('\n\n').filter((line) => line.startsWith('data: {')).map((line) => JSON.parse(line.slice(6)) as { choices: { delta: { content?: string } }[] })
  return { text: chunks.map((one) => one.choices[0]?.delta.content ?? '').join(''), events }
}

describe('PlainChunk', () => {
  test('cuts the text out of chunks like the first', () => {
    const plain = new PlainChunk()
    const first = chunk({ content: 'a' })
    plain.learn(first, JSON.parse(first))
    expect(plain.textOf(chunk({ content: 'b"\\\n' }))).toBe(JSON.stringify('b"\\\n'))
    expect(plain.textOf(chunk({ content: '' }))).toBe('""')
  })

  const others: [name: string, data: string][] = [
    ['a finish', JSON.stringify({ id: 'x', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta: { content: 'b' }, logprobs: null, finish_reason: 'stop' }] })],
    ['a tool call', chunk({ content: 'b', tool_calls: [] })], ['another choice', chunk({ content: 'b' }).replace('"index":0', '"index":1')],
    ['a usage', chunk({ content: 'b' }, { usage: { prompt_tokens: 1 } })], ['another model', chunk({ content: 'b' }).replace('"m"', '"n"')], ['an unknown field', chunk({ content: 'b' }, { odd: 1 })],
    ['a cut one', chunk({ content: 'b' }).slice(0, -3)], ['two objects', `${chunk({ content: 'b' })}{}`], ['null', chunk({ content: null })],
  ]
  for (const [name, data] of others) {
    test(`leaves ${name} to the reader`, () => {
      const plain = new PlainChunk()
      const first = chunk({ content: 'a' })
      plain.learn(first, JSON.parse(first))
      expect(plain.textOf(data)).toBeUndefined()
    })
  }

  for (const first of [chunk({ role: 'assistant', content: 'a' }), chunk({ content: 'a' }, { odd: 1 }), chunk({ content: 'a', reasoning: 'x' })]) {
    test('learns nothing from a chunk that says more', () => {
      const plain = new PlainChunk()
      plain.learn(first, JSON.parse(first))
      expect(plain.textOf(first)).toBeUndefined()
    })
  }

  test('bears padding that differs in each chunk', () => {
    const plain = new PlainChunk()
    const first = chunk({ content: 'a' }, { usage: null, obfuscation: 'Xy12' })
    plain.learn(first, JSON.parse(first))
    expect(plain.textOf(chunk({ content: 'b' }, { usage: null, obfuscation: 'q' }))).toBe('"b"')
    expect(plain.textOf(chunk({ content: 'b' }, { usage: null, obfuscation: 'q', odd: 1 }))).toBeUndefined()
  })

  test('what a client gets is the text, whatever it is', () => {
    fc.assert(fc.property(fc.array(fc.oneof(fc.string(), fc.string({ unit: 'binary' })), { minLength: 1, maxLength: 12 }), (texts) => {
      const { text } = relayed(texts.map((content) => chunk({ content })))
      // Lone surrogates cannot be said in UTF-8; JSON escapes them, and both ways give the same string.
      expect(text).toBe(texts.join(''))
    }), { numRuns: 300 })
  })

  test('a control character in a string is not JSON, and is refused as such', () => {
    const { events } = relayed([chunk({ content: 'a' }), chunk({ content: 'TAB' }).replace('TAB', '\t')])
    expect(events.at(-1)?.type).toBe('fault')
  })
})
