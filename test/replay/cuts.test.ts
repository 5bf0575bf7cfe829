import { describe, expect, test } from 'bun:test'
import type { Endpoint } from '../../src/catalog/endpoint.ts'
import type { Event } from '../../src/core/event.ts'
import { anthropicMessages } from '../../src/dialects/anthropic-messages/anthropic-messages.ts'
import { cohere } from '../../src/dialects/cohere/cohere.ts'
import type { ProviderDialect } from '../../src/dialects/dialect.ts'
import { gemini } from '../../src/dialects/gemini/gemini.ts'
import { readCall } from '../../src/dialects/openai-chat/call-read.ts'
import { openaiChat } from '../../src/dialects/openai-chat/openai-chat.ts'
import { openaiResponses } from '../../src/dialects/openai-responses/openai-responses.ts'
import { vertex } from '../../src/dialects/vertex/vertex.ts'
import { SseParser, type Frame } from '../../src/lib/sse.ts'
import { describeShared } from '../shared.ts'
import { exchangesOf, isStream, recordedModel, type Exchange } from './exchange.ts'

const DIALECTS: readonly { readonly name: Exchange['dialect']; readonly dialect: ProviderDialect; readonly carries: boolean }[] = [
  { name: 'openai.chat', dialect: openaiChat, carries: true },
  { name: 'anthropic.messages', dialect: anthropicMessages, carries: false },
  { name: 'google.generateContent', dialect: gemini, carries: false },
  { name: 'openai.responses', dialect: openaiResponses, carries: true },
  { name: 'google.vertex', dialect: vertex, carries: false },
  { name: 'cohere.chat', dialect: cohere, carries: true },
  { name: 'mistral.chat', dialect: openaiChat, carries: true },
]
const FRAME_CHARS_MAX = 1_000_000
const MS_MAX = 60_000

describeShared('every recorded stream', () => {
  for (const { name, dialect, carries } of DIALECTS) {
    const streams = exchangesOf(name).filter(isStream)
    describe(name, () => {
      test('there are some', () => expect(streams.length).toBeGreaterThan(1))

      test('gives the same frames when it is cut in two at any byte', () => {
        for (const exchange of streams) cutEverywhere(exchange.id, bytesOf(exchange))
      }, MS_MAX)

      for (const carry of carries ? [true, false] : [false]) {
        test(`gives the same Events in pieces of any size${carry ? ', carried' : ''}`, () => {
          for (const exchange of streams) {
            const whole = eventsOf(dialect, exchange, FRAME_CHARS_MAX, carry)
            for (const size of [1, 2, 3, 5, 7, 64, 1000]) {
              const pieces = eventsOf(dialect, exchange, size, carry)
              if (!Bun.deepEquals(pieces, whole, true)) expect({ id: exchange.id, size, events: pieces }).toEqual({ id: exchange.id, size, events: whole })
            }
          }
        }, MS_MAX)
      }
    })
  }
})

function bytesOf(exchange: Exchange): Uint8Array {
  return new TextEncoder().encode(exchange.response.sse)
}

/**
 * Every cut of a stream, each by itself. Between two events a parser knows nothing of what came before, so that a cut
 * is tried on the event it falls into (and the first byte after), not on the whole stream: the same proof in linear time.
 */
function cutEverywhere(id: string, bytes: Uint8Array): void {
  for (const { start, end } of eventWindows(bytes)) {
    const window = bytes.subarray(start, end)
    const whole = framesOf([window])
    for (let at = 1; at < window.length; at++) {
      const cut = framesOf([window.subarray(0, at), window.subarray(at)])
      if (!sameFrames(cut, whole)) expect({ id, byte: start + at, frames: cut }).toEqual({ id, byte: start + at, frames: whole })
    }
  }
}

/** From each event's first byte to a little way into the next one. */
function eventWindows(bytes: Uint8Array): { start: number; end: number }[] {
  const text = new TextDecoder('latin1').decode(bytes)
  const starts = [0, ...[...text.matchAll(/\r\n\r\n|\n\n|\r\r/g)].map((blank) => blank.index + blank[0].length)].filter((start) => start < bytes.length)
  return starts.map((start, at) => ({ start, end: Math.min(bytes.length, (starts[at + 1] ?? bytes.length) + 8) }))
}

function framesOf(pieces: readonly Uint8Array[]): Frame[] {
  const parser = new SseParser(FRAME_CHARS_MAX)
  const out: Frame[] = []
  for (const piece of pieces) parser.push(piece, out)
  parser.end(out)
  return out
}

function sameFrames(a: readonly Frame[], b: readonly Frame[]): boolean {
  return a.length === b.length && a.every((frame, at) => frame.data === b[at]?.data && frame.event === b[at]?.event)
}

/** The Events of a recording that arrives in pieces of `size` bytes, with the ids that we make up made equal. */
function eventsOf(dialect: ProviderDialect, exchange: Exchange, size: number, carry: boolean): Event[] {
  const call = readCall({ model: 'test/model', stream: true, messages: [{ role: 'user', content: 'hi' }] }, { id: 'gen-1-a', createdMs: 1, headers: {}, bodyBytes: 100 })
  const reader = dialect.streamReader(call, endpointOf(exchange), carry)
  const parser = new SseParser(FRAME_CHARS_MAX)
  const bytes = bytesOf(exchange)
  const events: Event[] = []
  const frames: Frame[] = []
  for (let at = 0; at < bytes.length; at += size) {
    parser.push(bytes.subarray(at, at + size), frames)
    for (const frame of frames.splice(0)) reader.read(frame, events)
  }
  parser.end(frames)
  for (const frame of frames) reader.read(frame, events)
  reader.end(events)
  return sameIds(events)
}

/** Ids that the reader made up, because the provider gave none, are drawn anew in each run: they are numbered instead. */
function sameIds(events: readonly Event[]): Event[] {
  const numbers = new Map<string, string>()
  const text = JSON.stringify(events, (_key, value: unknown) => (value instanceof Error ? { fault: value.name, message: value.message } : value))
  // What was serialised a line above comes back as it was.
  return JSON.parse(text.replace(/\b(?:call|toolu|tool)_[A-Za-z0-9]{16,32}\b/g, (id) => {
    if (!numbers.has(id)) numbers.set(id, `id-${numbers.size}`)
    return numbers.get(id) ?? id
  })) as Event[]
}

function endpointOf(exchange: Exchange): Endpoint {
  return {
    id: 'test/model@test', modelId: 'test/model', tag: 'test', upstreamId: recordedModel(exchange), contextMax: 100_000, parameters: null, inputs: null,
    outputs: new Set(['text'] as const), quantization: 'unknown', deprecated: false,
    price: { state: 'free', prompt: 0n, completion: 0n },
    provider: {
      slug: 'test', name: 'Test', baseUrl: 'http://127.0.0.1:1', dialect: 'openai-chat', auth: 'bearer', env: [], quirks: new Set<string>(), headers: {},
      retainsPrompts: true, mayTrain: true,
    },
  }
}
