import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { jsonTrouble } from './json-guard.ts'

describe('jsonTrouble', () => {
  const twice: [text: string, key: string][] = [
    ['{"a":1,"a":2}', 'a'], ['{"m":[{"x":{"b":1,"c":[1,2,{"d":"}"}],"b":2}}]}', 'b'], ['{"q\\"":1,"z":"\\\\","q\\"":2}', 'q\\"'], ['{"a":{"k":1},"b":[],"a":0}', 'a'],
  ]
  for (const [text, key] of twice) {
    test(`sees the key that stands twice in ${text}`, () => expect(jsonTrouble(text, 100)?.field).toBe(key))
  }

  test('the same key in different objects, in strings and as a value is fine', () => {
    for (const text of ['[{"a":1},{"a":1}]', '{"a":{"a":{"a":1}}}', '{"a":"a","b":"\\"a\\":1,"}', '{"a":["a","a"],"b":"a"}', '"a"', '[]', '{}']) expect(jsonTrouble(text, 100)).toBeUndefined()
  })

  test('sees nesting over the limit, not under it', () => {
    expect(jsonTrouble('['.repeat(128) + ']'.repeat(128), 128)).toBeUndefined()
    expect(jsonTrouble('['.repeat(129) + ']'.repeat(129), 128)?.what).toContain('128')
    expect(jsonTrouble('{"a":'.repeat(200) + '1' + '}'.repeat(200), 128)?.what).toContain('128')
  })

  test('has nothing to say against what JSON.stringify writes', () => {
    fc.assert(fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => jsonTrouble(JSON.stringify(value), 64) === undefined))
  })
})
