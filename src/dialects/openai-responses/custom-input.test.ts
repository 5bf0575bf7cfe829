import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { CustomInput } from './custom-input.ts'

function take(pieces: readonly string[]): { readonly deltas: readonly string[]; readonly input: string } {
  const taken = new CustomInput()
  const deltas = pieces.map((piece) => taken.add(piece))
  const { input, rest } = taken.end(pieces.join(''))
  return { deltas: [...deltas, rest].filter((delta) => delta !== ''), input }
}

describe('the text of a custom tool', () => {
  test('is said as it comes', () => {
    expect(take(['{"inp', 'ut": "sel', 'ect\\', 'n1', '"}'])).toEqual({ deltas: ['sel', 'ect', '\n1'], input: 'select\n1' })
  })

  test('is the same however it is cut, and its deltas are it; no delta ends in half a sign', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 30 }), fc.boolean(), fc.array(fc.nat({ max: 60 }), { maxLength: 8 }), (text, escaped, cuts) => {
      const json = JSON.stringify({ input: text })
      const args = escaped ? json.replace(/[\u0080-\uffff]/g, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`) : json
      const at = [0, ...cuts.map((cut) => Math.min(cut, args.length)).toSorted((a, b) => a - b), args.length]
      const { deltas, input } = take(at.slice(1).map((end, index) => args.slice(at[index], end)))
      expect([input, deltas.join('')]).toEqual([text, text])
    }))
  })

  test.each([
    ['select 1', 'select 1'], ['{"a":1}', '{"a":1}'], ['{"a":1,"input":"x"}', 'x'], ['{"input":{"b":2}}', '{"b":2}'], ['{"input":"cut sho', 'cut sho'], ['{"input":"x"}}', 'x'], ['{"input":"a\nb"}', 'a\nb'],
    [`${' '.repeat(99)}{"input":"late"}`, 'late'], ['', ''],
  ])('%j is %j', (args, input) => {
    for (const pieces of [[args], [...args]]) {
      const taken = take(pieces)
      expect([taken.input, taken.deltas.join('')]).toEqual([input, input])
    }
  })
})
