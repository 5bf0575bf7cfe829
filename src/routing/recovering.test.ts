import { describe, expect, test } from 'bun:test'
import { at, callFor, catalogue, plan, tags } from './small-catalogue.test.ts'

const ABC = catalogue({ 'a/m': [at('a', { usd: '1' }), at('b', { usd: '2' }), at('c', { usd: '3' })] })

describe('an endpoint that comes back (lessons 82)', () => {
  test('is drawn for its share, and then stands as if it were well', () => {
    const draws = [0.29, 0.5]
    expect(tags(plan(ABC, callFor('a/m'), { a: { share: 0.3 } }, () => draws.shift() ?? 0))).toEqual(['a', 'b', 'c'])
  })

  test('stands behind the healthy for all other calls, also where the client sorts', () => {
    const order = plan(ABC, callFor('a/m'), { a: { share: 0.3 } }, () => 0.3)
    expect(tags(order).at(-1)).toBe('a')
    expect(order.steps.at(-1)?.reason).toContain('coming back')
    expect(tags(plan(ABC, callFor('a/m', { sort: 'price' }), { a: { share: 0 } }))).toEqual(['b', 'c', 'a'])
  })

  test('is still tried where nothing else is there', () => {
    const alone = catalogue({ 'a/m': [at('a', { usd: '1' })] })
    expect(tags(plan(alone, callFor('a/m'), { a: { share: 0 } }))).toEqual(['a'])
    expect(tags(plan(ABC, callFor('a/m'), { a: { share: 0 }, b: { share: 0 }, c: { share: 0 } }))).toEqual(['a', 'b', 'c'])
    expect(tags(plan(ABC, callFor('a/m', { allowFallbacks: false, only: ['a'] }), { a: { share: 0 } }))).toEqual(['a'])
  })

  test('draws for no other: who is well costs no draw more', () => {
    let draws = 0
    const draw = (): number => {
      draws++
      return 0
    }
    plan(ABC, callFor('a/m'), { a: { share: 0.3 } }, draw)
    expect(draws).toBe(2)
  })
})

test('an endpoint that is full stands behind those that are not, before those that fail', () => {
  const order = plan(ABC, callFor('a/m'), { a: { full: true }, b: { outage: true } })
  expect(tags(order)).toEqual(['c', 'a', 'b'])
  expect(order.steps[1]?.reason).toBe('at its limit of calls at once')
})
