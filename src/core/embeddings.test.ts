import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { asVector, base64Of, floatsOf } from './embeddings.ts'

/** JSON has no minus zero either. */
const float32 = fc.float({ noNaN: true, noDefaultInfinity: true }).map((value) => (value === 0 ? 0 : value))

test('numbers and base64 say the same vector, to the last bit of its floats', () => {
  fc.assert(fc.property(fc.array(float32, { minLength: 1 }), (vector) => {
    const packed = base64Of(vector)
    expect(floatsOf(packed).map(Math.fround)).toEqual(vector.map(Math.fround))
    expect(base64Of(floatsOf(packed))).toBe(packed)
  }))
})

test('a vector that is what the client wants is not touched', () => {
  const vector = [0.1, 0.2]
  expect(floatsOf(vector)).toBe(vector)
  expect(base64Of('AACAPw==')).toBe('AACAPw==')
  expect(floatsOf('AACAPwAAAMA=')).toEqual([1, -2])
})

test('only what is a vector is taken for one', () => {
  expect([asVector([1]), asVector('AACAPw==')]).toEqual([[1], 'AACAPw=='])
  for (const wrong of [undefined, null, [], '', 'AAA=', {}, ['1'], [1, null], 7]) expect(asVector(wrong)).toBeUndefined()
})
