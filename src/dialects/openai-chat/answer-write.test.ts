import { describe, expect, test } from 'bun:test'
import type { Event } from '../../core/event.ts'
import { Fault } from '../../core/fault.ts'
import type { JsonObject } from '../../core/json.ts'
import { NO_USAGE } from '../../core/usage.ts'
import { ChatReplyWriter, ChatStreamWriter } from './answer-write.ts'
import { testCall } from './fixtures.test-support.ts'

const served: Event = { type: 'served', model: 'acme/tiny', provider: 'Acme', warnings: [] }
const end: Event = { type: 'end', usage: { ...NO_USAGE, promptTokens: 10, cacheReadTokens: 4, completionTokens: 5, reasoningTokens: 2 }, cost: { total: 1_234_567n, prompt: 1_000_000n, completion: 234_567n, byok: false, upstream: 1_234_567n } }
const finish: Event = { type: 'finish', choice: 0, reason: 'stop', native: 'end_turn' }

function stream(events: readonly Event[], body: JsonObject = {}): { chunks: JsonObject[]; done: boolean } {
  const writer = new ChatStreamWriter(testCall({ stream: true, ...body }))
  const lines = events.map((event) => writer.write([event])).join('').split('\n\n').filter((line) => line !== '').map((line) => line.replace('data: ', ''))
  return { chunks: lines.filter((line) => line !== '[DONE]').map((line) => JSON.parse(line) as JsonObject), done: lines.at(-1) === '[DONE]' }
}

function reply(events: readonly Event[], body: JsonObject = {}): JsonObject {
  const writer = new ChatReplyWriter(testCall(body))
  writer.add(events)
  return writer.body()
}

const deltas = (chunks: readonly JsonObject[]) => chunks.map((chunk) => (chunk['choices'] as { delta: JsonObject }[])[0]?.delta)

describe('streams', () => {
  test('the role once, then deltas, the end, the usage alone, [DONE] (B62–B67)', () => {
    const { chunks, done } = stream([served, { type: 'text', choice: 0, text: 'He' }, { type: 'text', choice: 0, text: 'y' }, finish, end])
    expect(deltas(chunks)).toEqual([{ role: 'assistant', content: 'He' }, { content: 'y' }, {}, undefined])
    expect(chunks[2]).toMatchObject({ choices: [{ finish_reason: 'stop', native_finish_reason: 'end_turn' }] })
    expect(chunks[3]).toMatchObject({ choices: [], usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15, cost: 0.001234567, prompt_tokens_details: { cached_tokens: 4 }, completion_tokens_details: { reasoning_tokens: 2 } } })
    expect(chunks.filter((chunk) => chunk['usage'])).toHaveLength(1)
    expect(done).toBe(true)
    for (const chunk of chunks) expect(chunk).toMatchObject({ id: 'gen-1-test', object: 'chat.completion.chunk', model: 'acme/tiny', provider: 'Acme' })
  })

  test('each choice says its role, in its first delta, whatever the provider says (lesson 25)', () => {
    const raw = (index: number, delta: JsonObject): Event => ({ type: 'raw', body: { choices: [{ index, delta, finish_reason: null }] }, contentChars: 1 })
    const roles = (events: readonly Event[]) => deltas(stream([served, ...events, end]).chunks).map((delta) => delta?.['role'])
    expect(roles([raw(0, { content: 'a' }), raw(0, { content: 'b' }), raw(1, { content: 'c' })])).toEqual(['assistant', undefined, 'assistant', undefined])
    expect(roles([raw(0, { content: 'a' }), { type: 'text', choice: 0, text: 'b' }])).toEqual(['assistant', undefined, undefined])
    expect(roles([{ type: 'text', choice: 0, text: 'a' }, { type: 'text', choice: 1, text: 'b' }, { type: 'text', choice: 1, text: 'c' }])).toEqual(['assistant', 'assistant', undefined, undefined])
  })

  test('a fault ends the stream with its error and without [DONE] (M27, lesson 28)', () => {
    const fault = new Fault('provider_overloaded', 'Acme: Overloaded', { provider: 'Acme' })
    const { chunks, done } = stream([served, { type: 'text', choice: 0, text: 'half' }, { type: 'fault', fault }, end])
    expect(done).toBe(false)
    expect(chunks.at(-1)).toMatchObject({ error: { code: 503, message: 'Acme: Overloaded', metadata: { error_type: 'provider_overloaded', provider_name: 'Acme' } }, choices: [{ index: 0, delta: { content: '' }, finish_reason: 'error' }] })
  })

  test('carried chunks keep what we do not know and get our envelope', () => {
    const { chunks } = stream([served, { type: 'raw', body: { id: 'theirs', model: 'tiny-1', created: 5, choices: [{ index: 0, delta: { content: 'x', odd: 1 }, finish_reason: null }] }, contentChars: 1 }, end])
    expect(chunks[0]).toMatchObject({ id: 'gen-1-test', model: 'acme/tiny', provider: 'Acme', created: 1_750_000_000, choices: [{ delta: { content: 'x', odd: 1 } }] })
  })

  test('excluded reasoning is not shown, in neither way', () => {
    const detail = { type: 'reasoning.text' as const, text: 'hm', format: null, index: 0 }
    const raw: Event = { type: 'raw', body: { choices: [{ index: 0, delta: { reasoning: 'hm', reasoning_details: [detail] } }] }, contentChars: 2 }
    const { chunks } = stream([served, { type: 'reasoning', choice: 0, detail }, raw, end], { reasoning: { exclude: true } })
    expect(JSON.stringify(chunks)).not.toContain('hm')
  })

  test('reasoning is said twice: as text and as details, byte for byte', () => {
    const { chunks } = stream([served, { type: 'reasoning', choice: 0, detail: { type: 'reasoning.text', text: '', signature: 'AbC==\u2028', format: 'anthropic-claude-v1', index: 0 } }, end])
    expect(deltas(chunks)[0]).toEqual({ role: 'assistant', reasoning_details: [{ type: 'reasoning.text', text: '', signature: 'AbC==\u2028', format: 'anthropic-claude-v1', index: 0 }] })
  })
})

describe('replies', () => {
  test('fold text, reasoning, parallel tools and annotations', () => {
    const body = reply([
      served,
      { type: 'reasoning', choice: 0, detail: { type: 'reasoning.text', text: 'a', format: 'anthropic-claude-v1', index: 0 } },
      { type: 'reasoning', choice: 0, detail: { type: 'reasoning.text', text: 'b', format: 'anthropic-claude-v1', index: 0 } },
      { type: 'reasoning', choice: 0, detail: { type: 'reasoning.text', signature: 'S', format: 'anthropic-claude-v1', index: 0 } },
      { type: 'tool', choice: 0, index: 0, id: 'a', name: 'f', arguments: '{"x":' }, { type: 'tool', choice: 0, index: 1, id: 'b', name: 'g', arguments: '' }, { type: 'tool', choice: 0, index: 0, arguments: '1}' },
      { type: 'finish', choice: 0, reason: 'tool_calls', native: 'tool_use' }, end,
    ])
    expect(body).toMatchObject({
      object: 'chat.completion', system_fingerprint: null,
      choices: [{ index: 0, finish_reason: 'tool_calls', native_finish_reason: 'tool_use', message: {
        role: 'assistant', content: null, reasoning: 'ab', reasoning_details: [{ text: 'ab', signature: 'S' }],
        tool_calls: [{ id: 'a', type: 'function', function: { name: 'f', arguments: '{"x":1}' } }, { id: 'b', type: 'function', function: { name: 'g', arguments: '{}' } }],
      } }],
      usage: { cost: 0.001234567 },
    })
  })

  test('what came before a fault is kept, with the error beside it (M28)', () => {
    const body = reply([served, { type: 'text', choice: 0, text: 'half' }, { type: 'fault', fault: new Fault('provider_cut', 'Acme closed the stream') }, end])
    expect(body).toMatchObject({ choices: [{ message: { content: 'half' }, finish_reason: 'error', error: { code: 502 } }] })
  })

  test('a bug says nothing of itself (M22)', () => {
    const body = reply([served, { type: 'fault', fault: new Fault('internal', 'secret detail') }, end])
    expect(JSON.stringify(body)).not.toContain('secret detail')
  })
})
