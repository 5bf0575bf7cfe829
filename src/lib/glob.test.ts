import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { glob } from './glob.ts'

test.each([
  ['a/b', 'a/b', true], ['a/b', 'a/bc', false], ['a/*', 'a/b', true], ['a/*', 'b/a', false], ['*/b', 'a/b', true], ['*', '', true], ['a*a', 'a', false], ['a*a', 'aa', true],
  ['*gpt-4*', 'openai/gpt-4o', true], ['a*b*c', 'a-b-b-c', true], ['a*b*c', 'a-c-b', false], ['a**c', 'abc', true], ['a.c', 'abc', false],
])('%s means %s: %p', (pattern, text, means) => expect(glob(pattern)(text)).toBe(means))

test('a text of the pieces with anything between them is meant', () => {
  fc.assert(fc.property(fc.array(fc.string({ maxLength: 5 }).map((text) => text.replaceAll('*', '')), { minLength: 1, maxLength: 5 }), fc.string({ maxLength: 5 }), (pieces, between) => {
    expect(glob(pieces.join('*'))(pieces.join(pieces.length > 1 ? between : ''))).toBe(true)
  }))
})
