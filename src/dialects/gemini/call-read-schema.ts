import { asArray, isObject, type Json, type JsonObject } from '../../core/json.ts'
import { either } from './wire.ts'

/** Fields that hold one schema, lists of schemas, and schemas by name. */
const ONE = new Set(['items', 'additionalProperties', 'additional_properties'])
const LISTS = new Set(['anyOf', 'any_of', 'oneOf', 'allOf', 'prefixItems'])
const NAMED = new Set(['properties', '$defs', 'defs'])
/** int64 fields, which Google's JSON says as strings. */
const COUNTS = new Set(['minItems', 'maxItems', 'minLength', 'maxLength', 'minProperties', 'maxProperties'])
const NESTED_MAX = 100

/**
 * Google's own form of a schema (`responseSchema`, `parameters`) as JSON Schema: types in lower case, `nullable` as a
 * type, properties in the order that `propertyOrdering` asks for.
 */
export function jsonSchemaOf(schema: JsonObject, depth = 0): JsonObject {
  if (depth > NESTED_MAX) return {}
  const written: JsonObject = {}
  for (const [sent, value] of Object.entries(schema)) {
    const key = sent.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
    if (key === 'nullable' || key === 'propertyOrdering' || value === undefined || value === null) continue
    written[key] = fieldOf(key, value, depth)
  }
  orderProperties(written, either(schema, 'propertyOrdering', 'property_ordering'))
  return schema['nullable'] === true ? orNull(written) : written
}

function fieldOf(key: string, value: Json, depth: number): Json {
  const schema = (one: Json): Json => (isObject(one) ? jsonSchemaOf(one, depth + 1) : one)
  if (key === 'type' && typeof value === 'string') return value.toLowerCase()
  if (COUNTS.has(key) && typeof value === 'string' && /^\d{1,15}$/.test(value)) return Number(value)
  if (ONE.has(key)) return schema(value)
  if (LISTS.has(key) && Array.isArray(value)) return value.map(schema)
  if (NAMED.has(key) && isObject(value)) return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, schema(one ?? {})]))
  return value
}

function orderProperties(schema: JsonObject, order: Json | undefined): void {
  const properties = schema['properties']
  const names = asArray(order)?.filter((name) => typeof name === 'string') ?? []
  if (!isObject(properties) || names.length === 0) return
  const ordered: JsonObject = {}
  for (const name of [...names, ...Object.keys(properties)]) if (Object.hasOwn(properties, name)) ordered[name] = properties[name]
  schema['properties'] = ordered
}

function orNull(schema: JsonObject): JsonObject {
  const { type } = schema
  if (typeof type === 'string') return { ...schema, type: [type, 'null'], ...(Array.isArray(schema['enum']) ? { enum: [...schema['enum'], null] } : {}) }
  return Array.isArray(schema['anyOf']) ? { ...schema, anyOf: [...schema['anyOf'], { type: 'null' }] } : schema
}
