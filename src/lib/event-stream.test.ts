import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { EventStreamParser, FrameBroken } from './event-stream.ts'
import { eventBytes, exceptionBytes, frameBytes, frameOf } from './event-stream.fixture.ts'
import { FrameTooLarge, type Frame } from './sse.ts'

const BYTES_MAX = 1_000_000

function read(pieces: Iterable<Uint8Array>, bytesMax = BYTES_MAX): Frame[] {
  const parser = new EventStreamParser(bytesMax)
  const out: Frame[] = []
  for (const piece of pieces) parser.push(piece, out)
  parser.end(out)
  return out
}

const STREAM = Buffer.concat([eventBytes('messageStart', { role: 'assistant' }), eventBytes('contentBlockDelta', { delta: { text: 'Grüß Gott ✓' } }), eventBytes('messageStop', { stopReason: 'end_turn' })])

describe('frames', () => {
  test('an event has its type and its payload', () => {
    expect(read([STREAM])).toEqual([
      { event: 'messageStart', data: '{"role":"assistant"}' }, { event: 'contentBlockDelta', data: '{"delta":{"text":"Grüß Gott ✓"}}' }, { event: 'messageStop', data: '{"stopReason":"end_turn"}' },
    ])
  })

  test('an exception and an error say that they are', () => {
    expect(read([exceptionBytes('throttlingException', { message: 'slow' })])).toEqual([{ event: 'exception:throttlingException', data: '{"message":"slow"}' }])
    expect(read([frameBytes({ ':message-type': 'error', ':error-code': 'InternalError', ':error-message': 'An "internal" error' }, '')]))
      .toEqual([{ event: 'error:InternalError', data: '{"message":"An \\"internal\\" error"}' }])
  })

  test('headers of every type are passed over', () => {
    const header = (type: number, value: number[]) => Buffer.from([1, 0x61, type, ...value])
    const others = [header(0, []), header(1, []), header(2, [9]), header(3, [1, 2]), header(4, [1, 2, 3, 4]), header(5, Array.from({ length: 8 }, () => 1)), header(6, [0, 2, 5, 5]), header(8, Array.from({ length: 8 }, () => 1)), header(9, Array.from({ length: 16 }, () => 1))]
    const type = Buffer.concat([Buffer.from([11]), Buffer.from(':event-type'), Buffer.from([7, 0, 1]), Buffer.from('x')])
    expect(read([frameOf(Buffer.concat([...others, type]), Buffer.from('{}'))])).toEqual([{ event: 'x', data: '{}' }])
  })

  test('an empty stream has none, and a frame that was cut off is none', () => {
    expect(read([])).toEqual([])
    for (let at = 0; at < STREAM.length; at++) expect(read([STREAM.subarray(0, at)]).length).toBeLessThan(3)
  })
})

describe('however the network cuts it', () => {
  test('two pieces, at every byte', () => {
    const whole = read([STREAM])
    for (let at = 0; at <= STREAM.length; at++) expect(read([STREAM.subarray(0, at), STREAM.subarray(at)])).toEqual(whole)
  })

  test('byte by byte', () => {
    expect(read([...STREAM].map((byte) => new Uint8Array([byte])))).toEqual(read([STREAM]))
  })

  test('any frames in any pieces', () => {
    const frame = fc.tuple(fc.string({ minLength: 1, maxLength: 20 }), fc.string({ unit: 'grapheme' }))
    fc.assert(fc.property(fc.array(frame, { maxLength: 5 }), fc.array(fc.nat(60), { minLength: 1 }), (frames, sizes) => {
      const bytes = Buffer.concat(frames.map(([event, data]) => frameBytes({ ':event-type': event, ':message-type': 'event' }, data)))
      const pieces: Uint8Array[] = []
      for (let at = 0, n = 0; at < bytes.length; n++) {
        const size = (sizes[n % sizes.length] ?? 0) + 1
        pieces.push(bytes.subarray(at, at + size))
        at += size
      }
      expect(read(pieces)).toEqual(frames.map(([event, data]) => ({ event, data })))
    }))
  })
})

describe('what is broken', () => {
  test('any byte that is changed is found out: no frame is read from it', () => {
    const bytes = eventBytes('contentBlockDelta', { delta: { text: 'hello' } })
    for (let at = 0; at < bytes.length; at++) {
      const wrong = Buffer.from(bytes)
      wrong[at] = (wrong[at] ?? 0) ^ 0x41
      expect(() => read([wrong])).toThrow(FrameBroken)
    }
  })

  test('lengths that contradict each other', () => {
    const prelude = frameOf(Buffer.alloc(0), Buffer.alloc(0)).subarray(0, 12)
    const lying = frameOf(Buffer.alloc(0), Buffer.alloc(30))
    lying.writeUInt32BE(100, 4)
    expect(() => read([lying])).toThrow(FrameBroken)
    expect(read([prelude])).toEqual([])
  })

  test('headers that are cut off, or of no known type', () => {
    for (const headers of [[5, 0x61], [1, 0x61], [1, 0x61, 7], [1, 0x61, 7, 0], [1, 0x61, 7, 0, 9, 1], [1, 0x61, 4, 1], [1, 0x61, 77]]) {
      expect(() => read([frameOf(Buffer.from(headers), Buffer.alloc(0))])).toThrow(FrameBroken)
    }
  })

  test('a frame over the limit is refused by its length, before it is held', () => {
    expect(() => read([frameBytes({}, 'x'.repeat(200)).subarray(0, 12)], 100)).toThrow(FrameTooLarge)
  })

  test('noise throws nothing else', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
      try {
        read([noise])
      } catch (error) {
        expect(error instanceof FrameBroken || error instanceof FrameTooLarge).toBe(true)
      }
    }))
  })
})
