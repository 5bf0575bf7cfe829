import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import type { Call } from '../../core/call.ts'
import type { Event } from '../../core/event.ts'
import { Fault } from '../../core/fault.ts'
import type { JsonObject } from '../../core/json.ts'
import { SseParser, type Frame } from '../../lib/sse.ts'
import { describeShared, hasShared, sharedPath } from '../../../test/shared.ts'
import { ChatStreamReader, readReply } from './answer-read.ts'
import { testCall, testEndpoint } from './fixtures.test-support.ts'

interface Exchange { readonly id: string; readonly provider: string; readonly response: { readonly status: number; readonly sse?: string; readonly body?: JsonObject } }

function exchanges(folder: 'dev' | 'constructed'): Exchange[] {
  if (!hasShared) return []
  const directory = sharedPath('corpus', folder, 'openai.chat')
  return readdirSync(directory).map((name) => ({ ...(JSON.parse(readFileSync(`${directory}/${name}`, 'utf8')) as Exchange), id: name }))
}

function readStream(bytes: Uint8Array, cut: number, carry: boolean, quirks: readonly string[] = []): Event[] {
  const parser = new SseParser(1 << 24)
  const reader = new ChatStreamReader(testEndpoint({ quirks }), carry)
  const out: Event[] = []
  const frames: Frame[] = []
  for (let at = 0; at < bytes.length; at += cut) {
    parser.push(bytes.subarray(at, at + cut), frames)
    for (const frame of frames.splice(0)) reader.read(frame, out)
  }
  parser.end(frames)
  for (const frame of frames) reader.read(frame, out)
  reader.end(out)
  return out
}

/** Ids that we mint ourselves differ from run to run. */
function comparable(events: readonly Event[]): string {
  return JSON.stringify(events, (key, value: unknown) => (key === 'fault' ? (value as Fault).code : value)).replace(/call_[A-Za-z0-9]{24}/g, 'call_minted')
}

function wire(...chunks: (JsonObject | string)[]): Uint8Array {
  return new TextEncoder().encode(chunks.map((chunk) => `data: ${typeof chunk === 'string' ? chunk : JSON.stringify(chunk)}\n\n`).join(''))
}

const delta = (fields: JsonObject, finish: string | null = null): JsonObject => ({ id: 'x', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta: fields, finish_reason: finish }] })

const textOf = (events: readonly Event[]) => events.map((event) => (event.type === 'text' ? event.text : '')).join('')
const typesOf = (events: readonly Event[]) => events.map((event) => event.type)
const argumentsOf = (events: readonly Event[], index = 0) => events.map((event) => (event.type === 'tool' && event.index === index ? event.arguments : '')).join('')

describeShared('recorded answers of OpenAI-compatible providers', () => {
  const all = [...exchanges('dev'), ...exchanges('constructed')].filter((exchange) => exchange.response.status === 200)
  const streams = all.filter((exchange) => exchange.response.sse !== undefined)

  test('there are recordings to read', () => {
    expect(streams.length).toBeGreaterThan(30)
    expect(all.length).toBeGreaterThan(200)
  })

  for (const exchange of streams) {
    test(`${exchange.id}: the same Events wherever the stream is cut`, () => {
      const bytes = new TextEncoder().encode(exchange.response.sse)
      const whole = comparable(readStream(bytes, bytes.length, true))
      // Every cut in two is every place that a network may cut; pieces of one byte are all of them at once.
      expect(comparable(readStream(bytes, 1, true))).toBe(whole)
      for (const cut of [2, 3, 5, 7, 13, 64, 1000]) expect(comparable(readStream(bytes, cut, true))).toBe(whole)
      const events = readStream(bytes, bytes.length, false)
      expect(events.some((event) => event.type === 'finish' || event.type === 'fault')).toBe(true)
    })
  }

  test('every reply says a choice and its end, carried or not', () => {
    for (const exchange of all) {
      if (!exchange.response.body) continue
      const read = (carry: boolean) => readReply(testCall({}), testEndpoint({}), structuredClone(exchange.response.body) as JsonObject, carry)
      expect(typesOf(read(true)), exchange.id).toContain('raw')
      expect(typesOf(read(false)), exchange.id).toContain('finish')
    }
  })
})

describe('streams', () => {
  test('a tool call ends tool_calls though the provider says stop (lesson 1)', () => {
    const events = readStream(wire(delta({ tool_calls: [{ index: 0, id: 'a', function: { name: 'f', arguments: '{}' } }] }), delta({}, 'stop'), '[DONE]'), 999, false)
    expect(events.at(-1)).toEqual({ type: 'finish', choice: 0, reason: 'tool_calls', native: 'stop' })
  })

  test('a call without arguments has {} (lesson 18)', () => {
    const events = readStream(wire(delta({ tool_calls: [{ index: 0, id: 'a', function: { name: 'f' } }] }), delta({}, 'tool_calls'), '[DONE]'), 999, false)
    expect(argumentsOf(events)).toBe('{}')
  })

  test('empty ids and names of later pieces are not a new call (Alibaba, Mistral)', () => {
    const events = readStream(wire(
      delta({ tool_calls: [{ index: 0, id: 'a', type: 'function', function: { name: 'f', arguments: '' } }] }),
      delta({ tool_calls: [{ index: 0, id: '', type: 'function', function: { name: '', arguments: '{"x"' } }] }),
      delta({ tool_calls: [{ id: '', function: { arguments: ':1}' } }] }), delta({}, 'tool_calls'), '[DONE]'), 999, false)
    expect(argumentsOf(events)).toBe('{"x":1}')
    expect(events.filter((event) => event.type === 'tool' && event.id !== undefined)).toHaveLength(1)
  })

  test('repeated ids get ids of our own', () => {
    const events = readStream(wire(delta({ tool_calls: [{ index: 0, id: 'same', function: { name: 'f', arguments: '{}' } }, { index: 1, id: 'same', function: { name: 'g', arguments: '{}' } }] }), delta({}, 'tool_calls'), '[DONE]'), 999, false)
    const ids = events.flatMap((event) => (event.type === 'tool' && event.id !== undefined ? [event.id] : []))
    expect(new Set(ids).size).toBe(2)
  })

  test('DeepSeek: reasoning_content is reasoning; Groq: usage in x_groq', () => {
    const events = readStream(wire(delta({ role: 'assistant', content: null, reasoning_content: 'hm' }), delta({ content: 'ok' }, 'stop'), { choices: [], x_groq: { usage: { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 } } }, '[DONE]'), 999, false)
    expect(events.find((event) => event.type === 'reasoning')).toMatchObject({ detail: { type: 'reasoning.text', text: 'hm' } })
    expect(events.find((event) => event.type === 'usage')).toMatchObject({ usage: { promptTokens: 3, completionTokens: 4 } })
  })

  test('xAI: reasoning beside the completion is added to it', () => {
    const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 115, completion_tokens_details: { reasoning_tokens: 100 } }
    const events = readStream(wire(delta({ content: 'ok' }, 'stop'), { choices: [], usage }, '[DONE]'), 999, false, ['reasoning_outside_completion'])
    expect(events.find((event) => event.type === 'usage')).toMatchObject({ usage: { completionTokens: 105, reasoningTokens: 100 } })
  })

  test('an error event in a 200 is a fault, and nothing follows it (lesson 68)', () => {
    const events = readStream(wire({ error: { message: 'Overloaded', code: 503 } }, delta({ content: 'late' }), '[DONE]'), 999, true)
    expect(comparable(events)).toBe('[{"type":"fault","fault":"provider_overloaded"}]')
  })

  test('a stream that just stops is a cut, never an end (lesson 3)', () => {
    const events = readStream(wire(delta({ content: 'half' })), 999, false)
    expect(textOf(events)).toBe('half')
    expect(comparable(events.slice(-1))).toContain('provider_cut')
  })

  test('an end without a reason is stop (Snowflake)', () => {
    expect(readStream(wire(delta({ content: 'x' }, ''), '[DONE]'), 999, false).at(-1)).toEqual({ type: 'finish', choice: 0, reason: 'stop', native: null })
  })

  test('no frame makes the reader throw', () => {
    fc.assert(fc.property(fc.array(fc.oneof(fc.json(), fc.string()), { maxLength: 8 }), fc.boolean(), (frames, carry) => {
      const reader = new ChatStreamReader(testEndpoint({}), carry)
      const out: Event[] = []
      for (const data of frames) reader.read({ event: '', data }, out)
      reader.end(out)
      return true
    }), { numRuns: 300 })
  })

  test('no object makes readReply throw anything but a Fault', () => {
    const choice = fc.record({ index: fc.anything(), message: fc.anything(), finish_reason: fc.anything(), logprobs: fc.anything() }, { requiredKeys: [] })
    fc.assert(fc.property(fc.record({ choices: fc.oneof(fc.array(choice), fc.anything()), usage: fc.anything(), error: fc.anything() }, { requiredKeys: [] }), fc.boolean(), (body, carry) => {
      try {
        readReply({} as Call, testEndpoint({}), JSON.parse(JSON.stringify(body)) as JsonObject, carry)
      } catch (error) {
        // Anything else is what this test is for.
        if (!(error instanceof Fault)) throw error
      }
      return true
    }), { numRuns: 500 })
  })
})
