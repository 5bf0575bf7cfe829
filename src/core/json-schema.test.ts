import { describe, expect, test } from 'bun:test'
import { Ajv } from 'ajv'
import fc from 'fast-check'
import type { Json, JsonObject } from './json.ts'
import { fitsSchema } from './json-schema.ts'

const name = fc.constantFrom('a', 'b', 'c', 'd')
const scalar: fc.Arbitrary<Json> = fc.oneof(fc.integer({ min: -4, max: 9 }), fc.constantFrom(0.5, 1.5, true, false, null, '', 'a', 'ab', 'abc', '😀'))
const { value } = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof({ depthSize: 'small', withCrossShrink: true }, scalar, fc.array(tie('value'), { maxLength: 3 }), fc.dictionary(name, tie('value'), { maxKeys: 3, noNullPrototype: true })),
}))
const type = fc.constantFrom('object', 'array', 'string', 'number', 'integer', 'boolean', 'null')
const small = fc.integer({ min: 0, max: 3 })
const pattern = fc.constantFrom('^a', 'b$', '^[a-c]+$', '^.{1,2}$', 'x|a')
const { schema } = fc.letrec<{ schema: Json; subschemas: JsonObject; list: Json[] }>((tie) => ({
  subschemas: fc.dictionary(name, tie('schema'), { maxKeys: 3, noNullPrototype: true }),
  list: fc.array(tie('schema'), { minLength: 1, maxLength: 3 }),
  schema: fc.oneof({ depthSize: 'small', withCrossShrink: true }, fc.boolean(), fc.record({
    type: fc.oneof(type, fc.uniqueArray(type, { minLength: 1, maxLength: 3 })), enum: fc.uniqueArray(scalar, { minLength: 1, maxLength: 4 }), const: scalar,
    multipleOf: fc.constantFrom(1, 2, 3), maximum: small, minimum: small, exclusiveMaximum: small, exclusiveMinimum: small,
  }, { requiredKeys: [] }), fc.record({
    maxLength: small, minLength: small, pattern, maxItems: small, minItems: small, uniqueItems: fc.boolean(), items: fc.oneof(tie('schema'), tie('list')), additionalItems: tie('schema'),
    // Boolean schemas in `contains` ajv judges otherwise than the draft, of empty lists.
  }, { requiredKeys: [] }), fc.record({ contains: fc.record({ type, maximum: small }, { requiredKeys: ['type'] }) }), fc.record({
    properties: tie('subschemas'), required: fc.uniqueArray(name, { maxLength: 3 }), additionalProperties: tie('schema'), patternProperties: fc.dictionary(pattern, tie('schema'), { maxKeys: 2, noNullPrototype: true }),
    maxProperties: small, minProperties: small, propertyNames: tie('schema'), dependencies: fc.dictionary(name, fc.oneof(fc.uniqueArray(name, { maxLength: 2 }), tie('schema')), { maxKeys: 2, noNullPrototype: true }),
  }, { requiredKeys: [] }),
  // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema
  fc.record({ allOf: tie('list'), anyOf: tie('list'), oneOf: tie('list'), not: tie('schema'), if: tie('schema'), then: tie('schema'), else: tie('schema') }, { requiredKeys: [] })),
}))

test('says what ajv says, of any schema and any value', () => {
  fc.assert(fc.property(schema, value, (one, instance) => {
    const ajv = new Ajv({ strict: false, allErrors: false, logger: false })
    // What is generated is a schema; its type here is only wider.
    expect(fitsSchema(one, instance, 1_000_000)).toBe(ajv.validate(one as JsonObject, instance) ? 'valid' : 'invalid')
  }), { numRuns: 400 })
}, 30_000)

describe('references', () => {
  const tree: Json = { definitions: { 'a/b': { type: 'integer' } }, properties: { next: { $ref: '#' }, size: { $ref: '#/definitions/a~1b' } }, additionalProperties: false }
  test.each([
    [{ next: { next: { size: 1 } } }, 'valid'],
    [{ next: { next: { size: '1' } } }, 'invalid'],
    [{ next: { other: 1 } }, 'invalid'],
  ] as const)('%j is %s', (instance, verdict) => expect(fitsSchema(tree, instance)).toBe(verdict))
})

test.each([
  ['^[a-z0-9_-]+$', 'a-long_name-01', true], ['^\\d{4}-\\d{2}-\\d{2}$', '2026-01-31', true], ['^(?:red|green|blue)$', 'green', true], ['^(?:red|green|blue)$', 'black', false], ['^-?\\d+(?:\\.\\d{1,2})?$', '-1.25', true],
] as const)('pattern %s of %s: %p', (one, text, fits) => expect(fitsSchema({ pattern: one }, text)).toBe(fits ? 'valid' : 'invalid'))

describe('what cannot be told is unknown, and soon', () => {
  const DOUBLING: Json = { definitions: Object.fromEntries(Array.from({ length: 40 }, (_, at) => [`d${at}`, { allOf: [{ $ref: `#/definitions/d${at + 1}` }, { $ref: `#/definitions/d${at + 1}` }] }])), $ref: '#/definitions/d0' }
  test.each<[string, Json, Json]>([
    ['a reference to elsewhere', { $ref: 'http://127.0.0.1:1/schema.json' }, 1],
    ['a reference to nothing', { $ref: '#/definitions/none' }, 1],
    ['a circle', { $ref: '#' }, 1],
    ['references that double', { ...(DOUBLING as JsonObject) }, 1],
    ['a pattern that backtracks', { pattern: '^(a+)+$' }, `${'a'.repeat(40)}!`],
    ['patterns side by side', { pattern: 'a*a*a*a*a*a*b' }, 'a'.repeat(2_000)],
    ['optional things side by side', { pattern: `^${'a?'.repeat(40)}${'a'.repeat(40)}$` }, 'a'.repeat(40)],
    ['alternatives side by side', { pattern: `^${'(a|a)'.repeat(30)}b$` }, 'a'.repeat(40)],
    ['a reference back', { pattern: '^(a+)\\1$' }, 'aa'],
    ['a pattern that is none', { pattern: '[' }, 'a'],
    ['a type of another draft', { type: 'STRING' }, 'a'],
    ['a list that is none', { allOf: 1 }, 1],
    ['a long list without doubles', { uniqueItems: true }, Array.from({ length: 2_000 }, (_, at) => at)],
  ])('%s', (_, one, instance) => expect(fitsSchema(one, instance)).toBe('unknown'))
})
