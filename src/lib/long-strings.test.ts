import { describe, expect, test } from 'bun:test'
import { fill, hollow, jsonPieces, LONG_CHARS_MIN } from './long-strings.ts'

const long = (of: string, chars = LONG_CHARS_MIN * 2): string => of.repeat(Math.ceil(chars / of.length))
const LONG = long('aZ3+/k09')
const URL = `data:image/png;base64,${LONG}`

/** What the bytes of a JSON text come to by way of the hollow text; undefined where nothing was kept apart. */
function throughHollow(text: string): unknown {
  const found = hollow(Buffer.from(text))
  if (!found) return undefined
  expect(found.text.length).toBeLessThan(LONG_CHARS_MIN)
  return fill(JSON.parse(found.text), found.strings)
}

describe('hollow and fill', () => {
  const values: Readonly<Record<string, unknown>> = {
    'a picture among words': { model: 'x', messages: [{ role: 'user', content: [{ type: 'text', text: 'é€😀 "quoted" \\ ' }, { image_url: { url: URL } }] }] },
    'several, one after another': [LONG, URL, { a: LONG, b: [long('Q', LONG_CHARS_MIN * 5)] }],
    'one that fills the text': LONG,
    'a field named __proto__': JSON.parse(`{"__proto__":"${LONG}","a":1}`),
  }
  for (const [name, value] of Object.entries(values)) {
    test(`${name}: nothing changes`, () => {
      for (const indent of [undefined, 2]) expect(JSON.stringify(throughHollow(JSON.stringify(value, null, indent)))).toBe(JSON.stringify(value))
    })
    test(`${name}: written in pieces it is the same text`, () => expect(jsonPieces(value)?.join('')).toBe(JSON.stringify(value)))
  }

  test('finds a long string wherever it begins', () => {
    for (let at = 0; at < 200; at += 7) {
      const value = { pad: 'x'.repeat(at * 997), data: LONG, end: 'x'.repeat(at) }
      expect(throughHollow(JSON.stringify(value))).toEqual(value)
    }
  })

  const left: Readonly<Record<string, string>> = {
    'short strings': JSON.stringify({ a: 'x'.repeat(1000) }),
    'text that is not base64': JSON.stringify({ a: long('some words, ') }),
    'text with escapes': JSON.stringify({ a: `${LONG}\n${LONG}` }),
    'characters outside ASCII': JSON.stringify({ a: long('é') }),
    'a long key': JSON.stringify({ [LONG]: 1 }),
    'a long key before blanks': `{"${LONG}" \n\t: 1}`,
    'what follows an escaped quote': JSON.stringify({ a: `x"${LONG}` }),
    'numbers between strings': `{"a":[${Array.from({ length: LONG_CHARS_MIN }, () => '0').join(',')}],"b":"c"}`,
    'a string without an end': `{"a":"${LONG}`,
  }
  for (const [name, text] of Object.entries(left)) test(`leaves alone: ${name}`, () => expect(hollow(Buffer.from(text))).toBeUndefined())

  test('what is no JSON is none without its long strings', () => {
    for (const text of [`{"a":"b"${LONG}"c"}`, `{"a":"${LONG}"`, `["${LONG}""${LONG}"]`, `{"a" "${LONG}"}`]) {
      expect(() => JSON.parse(text)).toThrow()
      const found = hollow(Buffer.from(text))
      if (found) expect(() => JSON.parse(found.text)).toThrow()
    }
  })
})

describe('jsonPieces', () => {
  test('has long strings as pieces of their own, the same strings, and leaves its value as it was', () => {
    const value = { a: { b: [1, URL] }, c: undefined, d: LONG }
    const before = JSON.stringify(value)
    const pieces = jsonPieces(value) ?? []
    expect(pieces).toHaveLength(5)
    expect([pieces[1], pieces[3]]).toEqual([URL, LONG])
    expect(JSON.stringify(value)).toBe(before)
  })
  test('has none where nothing is long, or what is long must be escaped', () => {
    expect(jsonPieces({ a: 'x'.repeat(1000), b: [1, null, true] })).toBeUndefined()
    expect(jsonPieces({ a: long('"') })).toBeUndefined()
  })
})
