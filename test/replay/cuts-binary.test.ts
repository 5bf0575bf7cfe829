import { expect, test } from 'bun:test'
import type { Event } from '../../src/core/event.ts'
import { bedrockConverse } from '../../src/dialects/bedrock-converse/bedrock-converse.ts'
import { EventStreamParser } from '../../src/lib/event-stream.ts'
import type { Frame } from '../../src/lib/sse.ts'
import { describeShared } from '../shared.ts'
import { bedrockEndpoint } from '../wire/bedrock-call.ts'
import { geminiCall } from '../wire/gemini-call.ts'
import { answerBytes, exchangesOf, isStream } from './exchange.ts'

const FRAME_BYTES_MAX = 1_000_000
const streams = exchangesOf('bedrock.converse').filter(isStream)

describeShared('every recorded binary stream', () => {
  test('there are some', () => expect(streams.length).toBeGreaterThan(10))

  test('gives the same frames when it is cut in two at any byte', () => {
    for (const exchange of streams) {
      const bytes = answerBytes(exchange)
      // A cut is tried on the frame it falls into and the first bytes after: between two frames the parser knows nothing of what came before.
      for (let start = 0; start < bytes.length; start += bytes.readUInt32BE(start)) {
        const window = bytes.subarray(start, start + bytes.readUInt32BE(start) + 16)
        const whole = framesOf([window])
        for (let at = 1; at < window.length; at++) {
          const cut = framesOf([window.subarray(0, at), window.subarray(at)])
          if (!Bun.deepEquals(cut, whole)) expect({ id: exchange.id, byte: start + at, frames: cut }).toEqual({ id: exchange.id, byte: start + at, frames: whole })
        }
      }
    }
  })

  test('gives the same Events in pieces of any size', () => {
    for (const exchange of streams) {
      const bytes = answerBytes(exchange)
      const whole = eventsOf(framesOf([bytes]))
      expect(whole.at(-1)?.type).not.toBe('fault')
      for (const size of [1, 2, 3, 5, 7, 64, 1000]) {
        const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) => bytes.subarray(at * size, (at + 1) * size))
        expect({ id: exchange.id, size, events: eventsOf(framesOf(pieces)) }).toEqual({ id: exchange.id, size, events: whole })
      }
    }
  })

  test('never ends well when it breaks off before its stop', () => {
    for (const exchange of streams) {
      const frames = framesOf([answerBytes(exchange)])
      const stop = frames.findIndex((frame) => frame.event === 'messageStop')
      for (let kept = 0; kept <= stop; kept++) expect(eventsOf(frames.slice(0, kept)).at(-1)?.type).toBe('fault')
    }
  })
})

function framesOf(pieces: readonly Uint8Array[]): Frame[] {
  const parser = new EventStreamParser(FRAME_BYTES_MAX)
  const out: Frame[] = []
  for (const piece of pieces) parser.push(piece, out)
  parser.end(out)
  return out
}

function eventsOf(frames: readonly Frame[]): Event[] {
  const reader = bedrockConverse.streamReader(geminiCall({}, { stream: true }), bedrockEndpoint(), false)
  const out: Event[] = []
  for (const frame of frames) reader.read(frame, out)
  reader.end(out)
  return out
}
