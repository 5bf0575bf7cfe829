import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { Fault } from '../../core/fault.ts'
import type { Json, JsonObject } from '../../core/json.ts'
import { PartialArguments } from './partial-arguments.ts'

function assemble(...chunks: readonly JsonObject[][]): Json {
  const reader = new PartialArguments()
  const text = chunks.map((pieces) => reader.add(pieces)).join('') + reader.end()
  return JSON.parse(text) as Json
}

/** The pieces that a model which writes `value` front to back would send. */
function piecesOf(value: Json | undefined, path: string): JsonObject[] {
  if (Array.isArray(value)) return value.flatMap((item: Json, at) => piecesOf(item, `${path}[${at}]`))
  if (typeof value === 'object' && value !== null) return Object.entries(value).flatMap(([key, inner]) => piecesOf(inner, `${path}['${key.replace(/[\\']/g, '\\$&')}']`))
  if (typeof value === 'number') return [{ jsonPath: path, numberValue: value }]
  if (typeof value === 'boolean') return [{ jsonPath: path, boolValue: value }]
  if (typeof value !== 'string') return [{ jsonPath: path, nullValue: null }]
  const half = Math.floor(value.length / 2)
  return [{ jsonPath: path, stringValue: value.slice(0, half), willContinue: true }, { jsonPath: path, stringValue: value.slice(half), willContinue: true }, { jsonPath: path, stringValue: '' }]
}

/** JSON whose containers are not empty: nothing is ever said of an empty one. */
const { value } = fc.letrec<{ value: Json; leaf: Json }>((tie) => ({
  leaf: fc.oneof(fc.string({ unit: 'binary' }), fc.integer(), fc.boolean(), fc.constant(null)),
  value: fc.oneof({ maxDepth: 4 }, tie('leaf'), fc.array(tie('value'), { minLength: 1, maxLength: 3 }), fc.dictionary(fc.string({ minLength: 1 }).filter((key) => key !== '__proto__'), tie('value'), { minKeys: 1, maxKeys: 3 })),
}))
const object = fc.dictionary(fc.string({ minLength: 1 }).filter((key) => key !== '__proto__'), value, { minKeys: 1, maxKeys: 4 })

describe('PartialArguments', () => {
  test('says back whatever was written front to back', () => {
    fc.assert(fc.property(object, fc.integer({ min: 1, max: 5 }), (args, size) => {
      const pieces = piecesOf(args, '$')
      const chunks: JsonObject[][] = []
      for (let at = 0; at < pieces.length; at += size) chunks.push(pieces.slice(at, at + size))
      expect(assemble(...chunks)).toEqual(JSON.parse(JSON.stringify(args)))
    }))
  })

  test('is {} when nothing came', () => {
    expect(assemble()).toEqual({})
  })

  test('closes a string that another path interrupts, and one that nothing closes', () => {
    expect(assemble([{ jsonPath: '$.a', stringValue: 'x', willContinue: true }], [{ jsonPath: '$.b.c', stringValue: 'y', willContinue: true }])).toEqual({ a: 'x', b: { c: 'y' } })
  })

  test('lets an empty last piece follow a string that was closed', () => {
    expect(assemble([{ jsonPath: '$.a', stringValue: 'x' }], [{ jsonPath: '$.a', stringValue: '' }])).toEqual({ a: 'x' })
  })

  test('puts null for items that no piece came for', () => {
    expect(assemble([{ jsonPath: '$.a[2].b', numberValue: 1 }])).toEqual({ a: [null, null, { b: 1 }] })
  })

  test('refuses what is no order of one text', () => {
    const wrong: JsonObject[][] = [
      [{ jsonPath: '$.a.b', numberValue: 1 }, { jsonPath: '$.c', numberValue: 1 }, { jsonPath: '$.a.d', numberValue: 1 }],
      [{ jsonPath: '$.a', numberValue: 1 }, { jsonPath: '$.a', numberValue: 2 }],
      [{ jsonPath: '$.a[1]', numberValue: 1 }, { jsonPath: '$.a[0]', numberValue: 2 }],
      [{ jsonPath: '$.a[0]', numberValue: 1 }, { jsonPath: '$.a.b', numberValue: 2 }],
      [{ jsonPath: '$.a[999999999]', numberValue: 1 }], [{ jsonPath: '$', numberValue: 1 }], [{ jsonPath: '$[0]', numberValue: 1 }], [{ jsonPath: '$.a[*]', numberValue: 1 }],
    ]
    for (const pieces of wrong) expect(() => assemble(pieces)).toThrow(Fault)
  })
})
