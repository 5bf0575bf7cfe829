import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import type { Generation } from './generation.ts'
import { beginLine, endLine, interruptedGeneration, readEnd, readGeneration, readLine, releaseLine, writeGeneration } from './line.ts'

const begin = { callId: 'gen-1-a', accountId: 'acme "x"\n', keyHash: 'f'.repeat(64), atMs: 1_700_000_000_123 }
const generation: Generation = { ...interruptedGeneration(begin), fault: null, model: 'a/b","generation":{', cost: 12_345_678_901_234_567_890n, upstreamCost: 7n, title: 'naïve 😀 "quotes"\n' }
const end = { atMs: 5, leaseId: 'lease', keyLeaseId: null, counted: 9n, budgets: [['budget', 8n]] as const, workspaceId: 'w', generation }

describe('lines of the journal', () => {
  test('are one line each, whatever is in them', () => {
    for (const line of [beginLine(begin), releaseLine('x'), endLine(end)]) expect(line).not.toContain('\n')
  })

  test('read back as they were written', () => {
    expect(readLine(beginLine(begin))).toEqual({ kind: 'begin', begin })
    expect(readLine(releaseLine('gen-1-a'))).toEqual({ kind: 'release', callId: 'gen-1-a' })
    expect(readLine(endLine(end))).toEqual({ kind: 'end', callId: 'gen-1-a', text: endLine(end) })
    expect(readEnd(endLine(end))).toEqual({ ...end, callId: 'gen-1-a', record: writeGeneration(generation) })
    expect(readGeneration(readEnd(endLine(end)).record)).toEqual(generation)
  })

  test('a call that was noted and never ended says its model, and whether it streamed', () => {
    const noted = { ...begin, note: { model: 'acme/"tiny"\n', streamed: true } }
    expect(readLine(beginLine(noted))).toEqual({ kind: 'begin', begin: noted })
    expect(interruptedGeneration(noted)).toMatchObject({ model: noted.note.model, requestedModel: noted.note.model, streamed: true, fault: 'interrupted' })
    expect(beginLine({ ...begin, note: { model: 'x'.repeat(10_000), streamed: false } }).length).toBeLessThan(500)
  })

  test('carry money of any size without a float', () => {
    fc.assert(fc.property(fc.bigInt({ min: 0n, max: (1n << 63n) - 1n }), fc.string(), (cost, title) => {
      const back = readEnd(endLine({ ...end, generation: { ...generation, cost, title } })).generation
      expect(back.cost).toBe(cost)
      expect(back.title).toBe(title)
    }))
  })

  test('torn anywhere are not lines', () => {
    const line = endLine(end)
    for (let cut = 0; cut < line.length; cut += 1) expect(readLine(line.slice(0, cut))).toBeUndefined()
    expect(readLine('null')).toBeUndefined()
    expect(readLine('{"end":7}')).toBeUndefined()
  })
})
