import { describe, expect, test } from 'bun:test'
import type { SseFrame } from '../../src/dialects/dialect.ts'
import { SseParser } from '../../src/lib/sse.ts'
import { answerOf, CELLS, faultIn, streamed, whole, type CellName } from './cells.ts'

const FRAME_CHARS_MAX = 1 << 20
const called = ({ client, provider }: CellName): string => `${client} → ${provider}`

/** Frames as bytes, as a provider sends them. */
function bytesOf(frames: readonly SseFrame[]): Uint8Array {
  return new TextEncoder().encode(frames.map(({ event, data }) => `${event === '' ? '' : `event: ${event}\n`}data: ${data}\n\n`).join(''))
}

/** What a parser makes of a stream that is cut, for every byte that it can be cut at: each list of frames once. */
function cutsOf(bytes: Uint8Array): SseFrame[][] {
  const cuts = new Map<string, SseFrame[]>()
  for (let at = 0; at < bytes.length; at++) {
    const frames: SseFrame[] = []
    const parser = new SseParser(FRAME_CHARS_MAX)
    parser.push(bytes.subarray(0, at), frames)
    parser.end(frames)
    cuts.set(JSON.stringify(frames), frames)
  }
  return [...cuts.values()]
}

describe.each(CELLS.map((cell) => [called(cell), cell] as const))('%s', (_, cell) => {
  const answer = answerOf(cell)

  test('a stream and a reply come to the same: message, finish, counts and cost, told and on record', () => {
    const one = streamed(cell, answer.frames)
    const other = whole(cell, answer.reply)
    const { text, thinking, finish, usage } = one.told
    expect(text).not.toBe('')
    expect(one.told.error).toBeUndefined()
    expect({ text, thinking, finish, calls: JSON.stringify(one.told.calls), usage: countsOf(usage) }).toEqual({
      text: other.told.text, thinking: other.told.thinking, finish: other.told.finish, calls: JSON.stringify(other.told.calls), usage: countsOf(other.told.usage),
    })
    const recorded = ({ generation: { usage: counted, cost, upstreamCost, finishReason, nativeFinishReason, fault } }: typeof one) => ({ counted, cost, upstreamCost, finishReason, nativeFinishReason, fault })
    expect(recorded(one)).toEqual(recorded(other))
    expect(one.generation.cost).toBeGreaterThan(0n)
    expect(one.generation.usage.estimated).toBe(false)
  })

  test('cut at any byte: what the client has is well formed, says that it is cut, and is not billed', () => {
    const complete = streamed(cell, answer.frames)
    for (const frames of cutsOf(bytesOf(answer.frames))) {
      const cut = streamed(cell, frames)
      const { told, generation } = cut
      expect(complete.told.text.startsWith(told.text)).toBe(true)
      expect(complete.told.thinking.startsWith(told.thinking)).toBe(true)
      if (faultIn(cut)) {
        expect([told.error, generation.finishReason, generation.cost]).toEqual([expect.any(String), 'error', 0n])
        expect(cut.text).not.toContain('[DONE]\n\n'.repeat(2))
      } else {
        // What is missing is behind the end: counts at most, and then they are estimated.
        expect([told.text, told.finish, told.error]).toEqual([complete.told.text, complete.told.finish, undefined])
        expect(generation.cost > 0n && (generation.usage.estimated || generation.cost === complete.generation.cost)).toBe(true)
      }
    }
  })
})

/** Without what only tells of time. */
function countsOf(usage: object): object {
  return Object.fromEntries(Object.entries(usage).filter(([name]) => !name.endsWith('_duration')))
}
