import { isObject, type Json, type JsonObject } from './json.ts'

/** `unknown`: the schema is none that we can read, or it would take too long to tell. */
export type SchemaVerdict = 'valid' | 'invalid' | 'unknown'

/** Some thousand steps are less than a millisecond. */
const STEPS_MAX = 5_000
const DEPTH_MAX = 100
const PATTERN_CHARS_MAX = 200
/** About a millisecond. */
const PATTERN_CHOICES_MAX = 200_000

/**
 * Whether a value fits a JSON Schema (draft 7; `format` says nothing, as that draft has it). Schemas are the clients': none
 * is compiled to code, references lead nowhere outside of it, and whatever it takes, it ends after `stepsMax` steps.
 */
export function fitsSchema(schema: Json, value: Json, stepsMax = STEPS_MAX): SchemaVerdict {
  try {
    return new Check(schema, stepsMax).fits(schema, value, 0) ? 'valid' : 'invalid'
  } catch (error) {
    if (error instanceof Undecided) return 'unknown'
    throw error
  }
}

/** Thrown through a whole check: nothing can be said. */
class Undecided extends Error {}

type Keyword = (check: Check, said: Json, value: Json, schema: JsonObject, depth: number) => boolean

class Check {
  constructor(private readonly root: Json, private stepsLeft: number) {}

  fits(schema: Json | undefined, value: Json, depth: number): boolean {
    this.step()
    if (depth > DEPTH_MAX) throw new Undecided()
    if (typeof schema === 'boolean') return schema
    if (!isObject(schema)) throw new Undecided()
    // In draft 7 nothing beside a $ref counts.
    if (schema['$ref'] !== undefined) return this.fits(this.resolve(schema['$ref']), value, depth + 1)
    for (const name in schema) {
      const keyword = Object.hasOwn(KEYWORDS, name) ? KEYWORDS[name] : undefined
      const said = schema[name]
      this.step()
      if (keyword && said !== undefined && !keyword(this, said, value, schema, depth + 1)) return false
    }
    return true
  }

  step(): void {
    if (--this.stepsLeft < 0) throw new Undecided()
  }

  /** A place in the same document: `#`, or a JSON pointer behind it. */
  private resolve(ref: Json): Json | undefined {
    if (typeof ref !== 'string' || !/^#(?:\/|$)/.test(ref)) throw new Undecided()
    let at: Json | undefined = this.root
    for (const part of ref.split('/').slice(1)) {
      this.step()
      const name = decoded(part).replaceAll('~1', '/').replaceAll('~0', '~')
      at = Array.isArray(at) ? at[Number(name)] : isObject(at) && Object.hasOwn(at, name) ? at[name] : undefined
    }
    return at
  }

  equal(a: Json | undefined, b: Json | undefined): boolean {
    this.step()
    if (a === b) return true
    if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((item, at) => this.equal(item, b[at]))
    if (!isObject(a) || !isObject(b)) return false
    const names = Object.keys(a)
    return names.length === Object.keys(b).length && names.every((name) => Object.hasOwn(b, name) && this.equal(a[name], b[name]))
  }

  /** Patterns that could run for ever are not run. */
  matches(pattern: string, text: string): boolean {
    this.step()
    if (!isTame(pattern, text.length)) throw new Undecided()
    try {
      return new RegExp(pattern, 'u').test(text)
    } catch {
      // No regular expression: such a schema says nothing.
      throw new Undecided()
    }
  }
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    // A stray percent sign stands for itself.
    return part
  }
}

/**
 * Its time is known to be short: no group repeats, nothing looks ahead or back, and all its choices multiplied (where it
 * begins, how far it repeats, what is left out, which alternative) are few for a text of this length.
 */
function isTame(pattern: string, chars: number): boolean {
  if (pattern.length > PATTERN_CHARS_MAX || /\\\d/.test(pattern)) return false
  const bare = pattern.replace(/\\./g, 'x').replace(/\[[^\]]*\]/g, 'x')
  if (/\(\?[<=!]|\)[*+{]/.test(bare)) return false
  const said = bare.replaceAll('(?:', '(')
  const count = (what: RegExp): number => said.match(what)?.length ?? 0
  const places = count(/\(/g) + 1
  const choices = chars ** (1 + count(/[*+]|\{\d*,\d*\}/g)) * 2 ** count(/\?/g) * (count(/\|/g) / places + 1) ** places
  return choices <= PATTERN_CHOICES_MAX
}

const isNumber = (value: Json): value is number => typeof value === 'number'
const lengthOf = (text: string): number => [...text].length
/** A bound of a number that the value must have; values of another kind pass. */
const bound = (measure: (value: Json, check: Check) => number | undefined, holds: (measured: number, said: number) => boolean): Keyword => (check, said, value) => {
  const measured = measure(value, check)
  // Draft 4 has booleans for exclusiveMaximum; they change what stands beside them, which we leave be.
  if (measured === undefined || typeof said === 'boolean') return true
  if (!isNumber(said)) throw new Undecided()
  return holds(measured, said)
}
const number = (value: Json): number | undefined => (isNumber(value) ? value : undefined)
const text = (value: Json): number | undefined => (typeof value === 'string' ? lengthOf(value) : undefined)
const items = (value: Json): number | undefined => (Array.isArray(value) ? value.length : undefined)
const names = (value: Json): number | undefined => (isObject(value) ? Object.keys(value).length : undefined)
const most = (measured: number, said: number): boolean => measured <= said
const least = (measured: number, said: number): boolean => measured >= said

const KEYWORDS: Readonly<Record<string, Keyword>> = {
  type: (_check, said, value) => (Array.isArray(said) ? said : [said]).some((name) => isType(name, value)),
  enum: (check, said, value) => listOf(said).some((item) => check.equal(item, value)),
  const: (check, said, value) => check.equal(said, value),
  multipleOf: bound(number, (value, said) => Number.isInteger(value / said)),
  maximum: bound(number, most), minimum: bound(number, least),
  exclusiveMaximum: bound(number, (value, said) => value < said), exclusiveMinimum: bound(number, (value, said) => value > said),
  maxLength: bound(text, most), minLength: bound(text, least),
  maxItems: bound(items, most), minItems: bound(items, least),
  maxProperties: bound(names, most), minProperties: bound(names, least),
  pattern: (check, said, value) => typeof value !== 'string' || check.matches(stringOf(said), value),
  items: (check, said, value, _schema, depth) => {
    if (!Array.isArray(value)) return true
    return Array.isArray(said) ? value.every((item, at) => at >= said.length || check.fits(said[at], item, depth)) : value.every((item) => check.fits(said, item, depth))
  },
  additionalItems: (check, said, value, schema, depth) => {
    const places = schema['items']
    return !Array.isArray(value) || !Array.isArray(places) || value.slice(places.length).every((item) => check.fits(said, item, depth))
  },
  contains: (check, said, value, _schema, depth) => !Array.isArray(value) || value.some((item) => check.fits(said, item, depth)),
  uniqueItems: (check, said, value) => said !== true || !Array.isArray(value) || value.every((item, at) => value.every((other, place) => place <= at || !check.equal(item, other))),
  required: (_check, said, value) => !isObject(value) || listOf(said).every((name) => Object.hasOwn(value, stringOf(name))),
  properties: (check, said, value, _schema, depth) => {
    if (!isObject(value)) return true
    const known = objectOf(said)
    return Object.entries(value).every(([name, item]) => item === undefined || !Object.hasOwn(known, name) || check.fits(known[name], item, depth))
  },
  patternProperties: (check, said, value, _schema, depth) => !isObject(value)
    || Object.entries(objectOf(said)).every(([pattern, schema]) => Object.entries(value).every(([name, item]) => item === undefined || !check.matches(pattern, name) || check.fits(schema, item, depth))),
  additionalProperties: (check, said, value, schema, depth) => {
    if (!isObject(value)) return true
    const known = schema['properties'] === undefined ? {} : objectOf(schema['properties'])
    const patterns = schema['patternProperties'] === undefined ? [] : Object.keys(objectOf(schema['patternProperties']))
    return Object.entries(value).every(([name, item]) => {
      check.step()
      return item === undefined || Object.hasOwn(known, name) || patterns.some((pattern) => check.matches(pattern, name)) || check.fits(said, item, depth)
    })
  },
  propertyNames: (check, said, value, _schema, depth) => !isObject(value) || Object.keys(value).every((name) => check.fits(said, name, depth)),
  dependencies: (check, said, value, _schema, depth) => !isObject(value) || Object.entries(objectOf(said)).every(([name, needs]) => {
    if (!Object.hasOwn(value, name)) return true
    return Array.isArray(needs) ? needs.every((other) => Object.hasOwn(value, stringOf(other))) : check.fits(needs, value, depth)
  }),
  if: (check, said, value, schema, depth) => {
    const then = schema[check.fits(said, value, depth) ? 'then' : 'else']
    return then === undefined || check.fits(then, value, depth)
  },
  allOf: (check, said, value, _schema, depth) => listOf(said).every((schema) => check.fits(schema, value, depth)),
  anyOf: (check, said, value, _schema, depth) => listOf(said).some((schema) => check.fits(schema, value, depth)),
  oneOf: (check, said, value, _schema, depth) => listOf(said).filter((schema) => check.fits(schema, value, depth)).length === 1,
  not: (check, said, value, _schema, depth) => !check.fits(said, value, depth),
}

function isType(name: Json, value: Json): boolean {
  switch (name) {
    case 'object': return isObject(value)
    case 'array': return Array.isArray(value)
    case 'null': return value === null
    case 'integer': return Number.isInteger(value)
    case 'string': case 'number': case 'boolean': return typeof value === name
    default: throw new Undecided()
  }
}

function listOf(said: Json): readonly Json[] {
  if (!Array.isArray(said)) throw new Undecided()
  return said
}

function objectOf(said: Json): JsonObject {
  if (!isObject(said)) throw new Undecided()
  return said
}

function stringOf(said: Json): string {
  if (typeof said !== 'string') throw new Undecided()
  return said
}
