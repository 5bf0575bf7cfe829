import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { Fault } from './fault.ts'
import { readTagsHeader, TAGS_MAX, tagsOf } from './tags.ts'

function refusal(text: string): string {
  try {
    readTagsHeader(text)
  } catch (error) {
    if (error instanceof Fault && error.code === 'invalid_request') return error.message
    throw error
  }
  throw new Error('taken')
}

describe('X-Switchyard-Tags', () => {
  test('names and values, with blanks around them, values percent-encoded where they need it', () => {
    expect(readTagsHeader('feature=search, customer = acme%2C%20inc ,env=prod,')).toEqual({ feature: 'search', customer: 'acme, inc', env: 'prod' })
    expect(readTagsHeader('a=b=c')).toEqual({ a: 'b=c' })
    expect(readTagsHeader('customer=M%C3%BCller')).toEqual({ customer: 'Müller' })
    expect(readTagsHeader('')).toEqual({})
  })

  test.each([
    ['feature', 'The header X-Switchyard-Tags has "feature", which is not name=value.'],
    ['=x', 'The header X-Switchyard-Tags has the name "": names are 1 to 64 letters, digits, and _ . - inside.'],
    ['a b=x', 'The header X-Switchyard-Tags has the name "a b": names are 1 to 64 letters, digits, and _ . - inside.'],
    ['a=', 'The header X-Switchyard-Tags has a value of a that is no text of 1 to 256 characters in one line.'],
    ['a=%0A', 'The header X-Switchyard-Tags has a value of a that is no text of 1 to 256 characters in one line.'],
    ['a=100%', 'The header X-Switchyard-Tags has a value of a that is not percent-encoded text: write % as %25.'],
    ['a=1,a=2', 'The header X-Switchyard-Tags says a twice; say it once.'],
    [`a=${'x'.repeat(257)}`, 'The header X-Switchyard-Tags has a value of a that is no text of 1 to 256 characters in one line.'],
    [Array.from({ length: 17 }, (_, at) => `t${at}=x`).join(), 'The header X-Switchyard-Tags has 17 tags; at most 16 are taken.'],
  ])('%p is refused with what to change', (text, message) => {
    expect(refusal(text)).toBe(message)
  })
})

describe('tags of a call', () => {
  test('are the same where they look the same, whoever wrote them; not so upper and lower case', () => {
    const [whole, composed] = ['M\u00fcller', 'Mu\u0308ller']
    expect(tagsOf({ a: composed }, { b: composed }, { c: composed, [composed]: 'x' })).toEqual({ a: whole, b: whole, c: whole, [whole]: 'x' })
    expect(tagsOf(undefined, { a: 'ACME' }, undefined)).toEqual({ a: 'ACME' })
  })

  test('those of the key decide, then those of the header, then metadata', () => {
    expect(tagsOf({ customer: 'acme' }, { customer: 'other', env: 'prod' }, { customer: 'third', env: 'dev', feature: 'search' })).toEqual({ customer: 'acme', env: 'prod', feature: 'search' })
    expect(tagsOf(undefined, undefined, undefined)).toBeUndefined()
    expect(tagsOf(undefined, {}, { empty: '' })).toBeUndefined()
  })

  test('are never more or longer than they may be, whatever metadata says', () => {
    const key = fc.dictionary(fc.string({ minLength: 1, maxLength: 10 }), fc.string({ minLength: 1, maxLength: 20 }), { maxKeys: 16 })
    fc.assert(fc.property(key, fc.dictionary(fc.string({ maxLength: 80, unit: 'binary' }), fc.oneof(fc.string({ maxLength: 600, unit: 'binary' }), fc.integer()), { maxKeys: 20 }), (ofKey, metadata) => {
      const tags = Object.entries(tagsOf(ofKey, undefined, metadata) ?? {})
      expect(tags.length).toBeLessThanOrEqual(TAGS_MAX)
      for (const [name, value] of tags) expect([name.length > 0 && name.length <= 64, value.length > 0 && value.length <= 256]).toEqual([true, true])
      for (const [name, value] of Object.entries(ofKey)) expect(tags).toContainEqual([name, value])
    }))
  })
})
