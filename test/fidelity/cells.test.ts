import { describe, expect, test } from 'bun:test'
import type { SseFrame } from '../../src/dialects/dialect.ts'
import { SseParser } from '../../src/lib/sse.ts'
import { PROVIDERS } from './columns.ts'
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

/** The same frames, each moved to each other place. */
function reordered(frames: readonly SseFrame[]): SseFrame[][] {
  return frames.flatMap((frame, from) => frames.flatMap((_, to) => {
    const others = frames.filter((__, at) => at !== from)
    return from === to ? [] : [[...others.slice(0, to), frame, ...others.slice(to)]]
  }))
}

describe('events that come in another order, as networks never have them', () => {
  const ofProviders = PROVIDERS.map((provider) => ({ client: 'openai-chat', provider }) as const)
  const letters = (text: string): string => [...text].toSorted().join('')

  test.each(ofProviders.map((cell) => [cell.provider, cell] as const))('%s: are refused, or change nothing; only pieces of one text may change places unseen', (_, cell) => {
    const { frames } = answerOf(cell)
    const right = streamed(cell, frames)
    let refused = 0
    for (const moved of reordered(frames)) {
      const other = streamed(cell, moved)
      if (faultIn(other)) {
        refused++
        expect([other.generation.cost, other.told.error]).toEqual([0n, expect.any(String)])
        continue
      }
      // Nothing is lost, nothing is made up, and the end is the same.
      expect([letters(other.told.text), letters(other.told.thinking), other.told.finish, other.told.calls.length]).toEqual([letters(right.told.text), letters(right.told.thinking), right.told.finish, right.told.calls.length])
    }
    // Gemini's chunks have no order that could be seen, but for their own.
    if (!['gemini', 'vertex'].includes(cell.provider)) expect(refused).toBeGreaterThan(0)
    // Numbered events can't change places unseen at all.
    if (cell.provider === 'openai-responses') expect(refused).toBe(frames.length * (frames.length - 1))
  })
})
