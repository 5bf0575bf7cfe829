import { asArray, asCount, asObject, asString, isObject, type Json, type JsonObject } from '../../core/json.ts'
import { matchingText } from './pattern.ts'

/** What the prompt offers to fill a schema with. `numbers` and `words` are used up in their order. */
export interface Hints { readonly text: string; readonly numbers: number[]; readonly words: string[] }

/** From this depth on only what is required is filled, so that schemas which refer to themselves come to an end. */
const DEPTH_FULL_MAX = 5
const DEPTH_MAX = 40
const ITEMS_MAX = 1_000
/** A schema is a client's: one that never ends, or branches for ever, ends here with nulls. */
const VALUES_MAX = 20_000
const TEXT_CHARS_MAX = 10_000

const NAMES = /"([^"]{1,80})"|“([^”]{1,80})”|'([^']{1,80})'|(?<!^)(?<![.!?]\s)\b(\p{Lu}[\p{L}\d-]+(?:\s\p{Lu}[\p{L}\d-]+)*)/gu

/** Numbers, quoted texts and names of a prompt. */
export function hintsOf(prompt: string): Hints {
  const text = prompt.slice(0, TEXT_CHARS_MAX)
  const numbers = (text.match(/-?\d+(?:\.\d+)?/g) ?? []).map(Number).slice(0, 50)
  const words = Array.from(text.matchAll(NAMES), (match) => match.slice(1).find((group) => group !== undefined) ?? '').slice(0, 50)
  return { text, numbers, words }
}

/** A value that is valid for the JSON schema, filled from the hints where they fit. */
export function valueFor(schema: Json, hints: Hints): Json {
  return value(schema, { root: schema, hints, made: 0 }, 0, '')
}

interface Context { readonly root: Json; readonly hints: Hints; made: number }

function value(given: Json, context: Context, depth: number, name: string): Json {
  if (depth > DEPTH_MAX || ++context.made > VALUES_MAX || !isObject(given)) return null
  const schema = resolved(given, context, depth)
  if (schema['const'] !== undefined) return schema['const']
  const choices = asArray(schema['enum'])
  if (choices && choices.length > 0) return chosen(choices, context.hints)
  switch (typeOf(schema)) {
    case 'object': return objectFor(schema, context, depth)
    case 'array': return arrayFor(schema, context, depth, name)
    case 'integer': return numberFor(schema, context.hints, true)
    case 'number': return numberFor(schema, context.hints, false)
    case 'boolean': return true
    case 'null': return null
    default: return textFor(schema, context.hints, name)
  }
}

/** The schema with references followed, `allOf` joined and one branch of `anyOf` or `oneOf` taken. */
function resolved(schema: JsonObject, context: Context, depth: number): JsonObject {
  let out = schema
  for (let hops = 0; hops < DEPTH_MAX; hops++) {
    const { $ref: ref, allOf, anyOf, oneOf, ...rest } = out
    const branches = asArray(anyOf) ?? asArray(oneOf)
    if (typeof ref === 'string') out = joined({ ...rest, ...carried({ allOf, anyOf, oneOf }) }, asObject(lookUp(context.root, ref)) ?? {})
    else if (allOf !== undefined) out = (asArray(allOf) ?? []).reduce<JsonObject>((sum, part) => joined(sum, asObject(part) ?? {}), { ...rest, ...carried({ anyOf, oneOf }) })
    else if (branches) out = joined(rest, asObject(branch(branches, depth)) ?? {})
    else return out
  }
  return out
}

function carried(fields: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(fields).filter(([, field]) => field !== undefined))
}

/** The first branch that says more than `null`; deep inside, the first that ends. */
function branch(branches: readonly Json[], depth: number): Json {
  const isNull = (item: Json): boolean => isObject(item) && (item['type'] === 'null' || item['const'] === null)
  const isSimple = (item: Json): boolean => isObject(item) && item['$ref'] === undefined && item['type'] !== 'object' && item['type'] !== 'array'
  const found = depth < DEPTH_FULL_MAX ? branches.find((item) => !isNull(item)) : branches.find(isSimple)
  return found ?? branches[0] ?? {}
}

function joined(a: JsonObject, b: JsonObject): JsonObject {
  const properties = a['properties'] !== undefined && b['properties'] !== undefined ? { properties: { ...asObject(a['properties']), ...asObject(b['properties']) } } : {}
  const required = [...(asArray(a['required']) ?? []), ...(asArray(b['required']) ?? [])]
  const nested = [...(asArray(a['allOf']) ?? []), ...(asArray(b['allOf']) ?? [])]
  return { ...a, ...b, ...properties, ...(required.length > 0 && { required: [...new Set(required)] }), ...(nested.length > 0 && { allOf: nested }) }
}

/** `#/$defs/node/items` in the schema it stands in. */
function lookUp(root: Json, ref: string): Json | undefined {
  let at: Json | undefined = root
  for (const step of ref.replace(/^#\/?/, '').split('/').filter((part) => part !== '')) {
    const key = decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~')
    at = Array.isArray(at) ? at[Number(key)] : asObject(at)?.[key]
  }
  return at
}

function typeOf(schema: JsonObject): string {
  const type = schema['type']
  const listed = asArray(type)
  if (listed) return asString(listed.find((item) => item !== 'null')) ?? 'null'
  if (typeof type === 'string') return type
  if (schema['properties'] !== undefined || schema['required'] !== undefined || schema['additionalProperties'] !== undefined) return 'object'
  if (schema['items'] !== undefined || schema['prefixItems'] !== undefined) return 'array'
  if (schema['minimum'] !== undefined || schema['maximum'] !== undefined || schema['multipleOf'] !== undefined) return 'number'
  return 'string'
}

/** The one that the prompt mentions, else the first. */
function chosen(choices: readonly Json[], hints: Hints): Json {
  const text = hints.text.toLowerCase()
  return choices.find((choice) => typeof choice === 'string' && choice !== '' && text.includes(choice.toLowerCase())) ?? choices[0] ?? null
}

function objectFor(schema: JsonObject, context: Context, depth: number): JsonObject {
  const properties = asObject(schema['properties']) ?? {}
  const required = (asArray(schema['required']) ?? []).filter((name): name is string => typeof name === 'string')
  const names = required.length > 0 || depth >= DEPTH_FULL_MAX ? required : Object.keys(properties)
  const out: JsonObject = {}
  for (const name of names) out[name] = value(properties[name] ?? extraSchema(schema), context, depth + 1, name)
  const missing = (asCount(schema['minProperties']) ?? (names.length === 0 && isObject(schema['additionalProperties']) && depth < DEPTH_FULL_MAX ? 1 : 0)) - names.length
  const unused = Object.keys(properties).filter((name) => !names.includes(name))
  for (let index = 0; index < Math.min(missing, ITEMS_MAX); index++) {
    const name = unused[index] ?? `key${index + 1}`
    out[name] = value(properties[name] ?? extraSchema(schema), context, depth + 1, name)
  }
  return out
}

function extraSchema(schema: JsonObject): Json {
  return asObject(schema['additionalProperties']) ?? { type: 'string' }
}

function arrayFor(schema: JsonObject, context: Context, depth: number, name: string): Json[] {
  const least = asCount(schema['minItems']) ?? 0
  const most = Math.min(asCount(schema['maxItems']) ?? ITEMS_MAX, ITEMS_MAX)
  const prefix = asArray(schema['prefixItems']) ?? asArray(schema['items']) ?? []
  const items = Array.isArray(schema['items']) ? schema['additionalItems'] : schema['items']
  const free = depth >= DEPTH_FULL_MAX || items === false ? 0 : 2
  const count = Math.min(Math.max(least, prefix.length === 0 ? free : prefix.length), most)
  const out: Json[] = []
  for (let index = 0; index < count; index++) out.push(value(prefix[index] ?? asObject(items) ?? { type: 'string' }, context, depth + 1, name))
  return schema['uniqueItems'] === true ? distinct(out, asObject(items) ?? {}, least) : out
}

/** Makes items that came out alike different, in ways that keep them valid: the next member, number or text. */
function distinct(items: readonly Json[], schema: JsonObject, least: number): Json[] {
  const choices = asArray(schema['enum']) ?? []
  const seen = new Map<string, Json>()
  for (const item of items) {
    let next: Json | undefined = item
    for (let index = 0; next !== undefined && seen.has(JSON.stringify(next)); index++) {
      if (choices.length > 0) next = choices[index]
      else if (typeof item === 'number') next = item + (index + 1) * (asCount(schema['multipleOf']) ?? 1)
      else if (typeof item === 'string') next = `${item.slice(0, Math.max((asCount(schema['maxLength']) ?? 1_000) - 4, 0))}${index + 2}`
      else next = undefined
    }
    if (next !== undefined) seen.set(JSON.stringify(next), next)
    else if (seen.size >= least) break
  }
  return [...seen.values()]
}

function numberFor(schema: JsonObject, hints: Hints, whole: boolean): number {
  const low = lowest(schema, whole)
  const high = highest(schema, whole)
  const step = asCount(schema['multipleOf']) ?? 0
  const fits = (number: number): boolean => number >= low && number <= high && (!whole || Number.isInteger(number)) && (step === 0 || Number.isInteger(number / step))
  const at = hints.numbers.findIndex(fits)
  // A number of the prompt is used once: two fields get two numbers.
  if (at !== -1) return hints.numbers.splice(at, 1)[0] ?? 0
  const start = fits(1) ? 1 : Number.isFinite(low) ? low : Number.isFinite(high) ? high : 0
  if (step === 0 || fits(start)) return start
  const up = Math.ceil(start / step) * step
  return fits(up) ? up : Math.floor(high / step) * step
}

function lowest(schema: JsonObject, whole: boolean): number {
  const minimum = asNumber(schema['minimum']) ?? Number.NEGATIVE_INFINITY
  const exclusive = schema['exclusiveMinimum'] === true ? minimum : asNumber(schema['exclusiveMinimum'])
  if (exclusive === undefined || exclusive < minimum) return whole ? Math.ceil(minimum) : minimum
  return whole ? Math.floor(exclusive) + 1 : exclusive + gap(schema, exclusive)
}

function highest(schema: JsonObject, whole: boolean): number {
  const maximum = asNumber(schema['maximum']) ?? Number.POSITIVE_INFINITY
  const exclusive = schema['exclusiveMaximum'] === true ? maximum : asNumber(schema['exclusiveMaximum'])
  if (exclusive === undefined || exclusive > maximum) return whole ? Math.floor(maximum) : maximum
  return whole ? Math.ceil(exclusive) - 1 : exclusive - gap(schema, exclusive)
}

/** A step into an open interval: small enough for its width, large enough to be another number. */
function gap(schema: JsonObject, edge: number): number {
  const low = asNumber(schema['exclusiveMinimum']) ?? asNumber(schema['minimum'])
  const high = asNumber(schema['exclusiveMaximum']) ?? asNumber(schema['maximum'])
  if (low !== undefined && high !== undefined && high > low) return (high - low) / 4
  return Math.max(1, Math.abs(edge) * 1e-6)
}

function asNumber(field: Json | undefined): number | undefined {
  return typeof field === 'number' ? field : undefined
}

const FORMATS: Readonly<Record<string, string>> = {
  date: '2026-01-31', time: '12:00:00Z', 'date-time': '2026-01-31T12:00:00Z', duration: 'P1D', email: 'demo@example.com', hostname: 'example.com',
  uri: 'https://example.com/demo', 'uri-reference': '/demo', url: 'https://example.com/demo', uuid: '00000000-0000-4000-8000-000000000000',
  ipv4: '127.0.0.1', ipv6: '::1', 'json-pointer': '/demo', regex: '^demo$',
}

function textFor(schema: JsonObject, hints: Hints, name: string): string {
  const format = asString(schema['format'])
  if (format !== undefined && FORMATS[format] !== undefined) return FORMATS[format]
  const least = asCount(schema['minLength']) ?? 0
  const most = Math.min(asCount(schema['maxLength']) ?? TEXT_CHARS_MAX, TEXT_CHARS_MAX)
  const pattern = asString(schema['pattern'])
  if (pattern !== undefined) return matchingText(pattern, least, most)
  const fits = hints.words.findIndex((word) => word.length <= most)
  const text = fits === -1 ? (name === '' ? 'demo' : `demo ${name}`) : (hints.words.splice(fits, 1)[0] ?? '')
  return Array.from(text.padEnd(Math.min(least, most), ' demo')).slice(0, most).join('')
}
