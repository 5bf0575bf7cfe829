import { isObject, type Json, type JsonObject } from '../../core/json.ts'
import { attributeNamed, COMMON, type Attribute, type ResourceSchema } from './schema.ts'
import { extensionNamed } from './path.ts'
import { quoted, scimFault } from './scim-fault.ts'

const TEXT_CHARS_MAX = 1_000
const EXTERNAL_ID = COMMON.filter(({ name }) => name === 'externalId')

/**
 * What a client says a resource is, by the schema's names and types, with nothing in it that is ours to say or that nobody has described.
 * Throws Fault `invalidValue`. Unassigned values (null, empty lists) are left out.
 */
export function readResource(body: JsonObject, schema: ResourceSchema): JsonObject {
  const found: JsonObject = readAttributes(body, [...EXTERNAL_ID, ...schema.attributes])
  for (const [name, value] of Object.entries(body)) {
    const extension = schema.extensions.find(({ id }) => id === extensionNamed(name, schema))
    if (!extension || value === null || value === undefined) continue
    if (!isObject(value)) throw wrongType(extension.id, 'an object')
    const inner = readAttributes(value, extension.attributes)
    if (Object.keys(inner).length > 0) found[extension.id] = inner
  }
  for (const { name, isRequired } of schema.attributes) if (isRequired && found[name] === undefined) throw scimFault('invalidValue', `The attribute ${quoted(name)} is required.`)
  return found
}

function readAttributes(body: JsonObject, attributes: readonly Attribute[]): JsonObject {
  const found: JsonObject = {}
  for (const [name, value] of Object.entries(body)) {
    const attribute = attributeNamed(attributes, name)
    if (!attribute || attribute.mutability === 'readOnly') continue
    const read = readValue(attribute, value ?? null)
    if (read !== undefined) found[attribute.name] = read
  }
  return found
}

/** One attribute's value as it is kept; undefined: it has none. A list is taken for a single value and the other way round, as some directories send it. */
export function readValue(attribute: Attribute, value: Json): Json | undefined {
  if (attribute.isMany) {
    const values = (Array.isArray(value) ? value : [value]).flatMap((one: Json) => readOne(attribute, one) ?? [])
    return values.length === 0 ? undefined : onePrimary(withoutTwins(values))
  }
  if (!Array.isArray(value)) return readOne(attribute, value)
  if (value.length > 1) throw wrongType(attribute.name, 'one value, not a list')
  return readOne(attribute, value[0] ?? null)
}

function readOne(attribute: Attribute, value: Json): Json | undefined {
  if (value === null || value === '') return undefined
  if (attribute.type === 'complex') return readComplex(attribute, value)
  if (attribute.type === 'boolean') return readBoolean(attribute, value)
  // Numbers in the place of texts: of employees, of postal codes. What a resource is known by is a text as its schema has it.
  const text = typeof value === 'number' && !attribute.isRequired ? String(value) : value
  if (typeof text !== 'string') throw wrongType(attribute.name, 'a text')
  // The engines keep no NUL in a text.
  if (text.length > TEXT_CHARS_MAX || text.includes('\u0000')) throw wrongType(attribute.name, `a text of at most ${TEXT_CHARS_MAX} characters`)
  return text
}

function readComplex(attribute: Attribute, value: Json): Json | undefined {
  const parts = attribute.parts ?? []
  // Entra sends the id of a manager as a text, and others so the only part that counts.
  const whole = isObject(value) ? value : attributeNamed(parts, 'value') && (typeof value === 'string' || typeof value === 'number') ? { value } : undefined
  if (!whole) throw wrongType(attribute.name, 'an object')
  const read = readAttributes(whole, parts)
  return Object.keys(read).length === 0 ? undefined : read
}

/** Entra writes "True" and "False" in quotes. */
function readBoolean({ name }: Attribute, value: Json): boolean {
  if (typeof value === 'boolean') return value
  const word = typeof value === 'string' ? value.trim().toLowerCase() : ''
  if (word !== 'true' && word !== 'false') throw wrongType(name, 'true or false')
  return word === 'true'
}

function withoutTwins(values: readonly Json[]): readonly Json[] {
  const seen = new Set<string>()
  return values.filter((value) => {
    const text = JSON.stringify(value)
    return !seen.has(text) && seen.add(text)
  })
}

/** Of several that say to be primary the last one is: what was added last (RFC 7644 §3.5.2). */
function onePrimary(values: readonly Json[]): readonly Json[] {
  const last = values.findLastIndex((value) => isObject(value) && value['primary'] === true)
  return values.map((value, at) => (isObject(value) && value['primary'] === true && at !== last ? { ...value, primary: false } : value))
}

function wrongType(name: string, expected: string) {
  return scimFault('invalidValue', `The attribute ${quoted(name)} must be ${expected}.`)
}
