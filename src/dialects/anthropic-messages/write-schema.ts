import { Fault } from '../../core/fault.ts'
import { isObject, type Json, type JsonObject } from '../../core/json.ts'
import type { Notes } from './wire.ts'

/** Keywords that Anthropic's structured outputs refuse; they are said in the description, as its own SDKs do. */
const SAID_IN_DESCRIPTION = new Set(['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf', 'minLength', 'maxLength', 'pattern',
  'maxItems', 'uniqueItems', 'minProperties', 'maxProperties', 'patternProperties', 'propertyNames', 'contains'])
/** Keywords under which schemas stand by a name of the client's. */
const NAMED_SCHEMAS = new Set(['properties', '$defs', 'definitions'])
const LISTED_SCHEMAS = new Set(['anyOf', 'oneOf', 'allOf'])
const DEPTH_MAX = 100

/** A client's JSON schema as Anthropic's `output_config.format` takes it. */
export function writeSchema(schema: JsonObject, notes: Notes, depth = 0): JsonObject {
  if (depth > DEPTH_MAX) throw new Fault('invalid_request', `response_format.json_schema.schema: is nested deeper than ${DEPTH_MAX} levels`, { metadata: { field: 'response_format' } })
  const written: JsonObject = {}
  const said: string[] = []
  for (const key in schema) {
    const value = schema[key]
    if (value === undefined || key === '$schema') continue
    if (SAID_IN_DESCRIPTION.has(key) || (key === 'minItems' && typeof value === 'number' && value > 1)) said.push(`${key}: ${JSON.stringify(value)}`)
    // Anthropic has no oneOf; of what it can say, anyOf is nearest.
    else setOwn(written, key === 'oneOf' ? 'anyOf' : key, writeKeyword(key, value, notes, depth + 1))
  }
  if (said.length > 0) {
    notes.warn('response_format', 'this provider does not enforce every keyword of the schema; those it does not are said in descriptions')
    written['description'] = [written['description'], `{${said.join(', ')}}`].filter((text) => typeof text === 'string').join(' ')
  }
  if ((written['type'] === 'object' || isObject(written['properties'])) && written['additionalProperties'] !== false) closeObject(written, notes)
  return written
}

function closeObject(written: JsonObject, notes: Notes): void {
  if (written['additionalProperties'] !== undefined) notes.warn('response_format', 'this provider allows no additionalProperties; the schema is sent with false')
  written['additionalProperties'] = false
}

function writeKeyword(key: string, value: Json, notes: Notes, depth: number): Json {
  if (NAMED_SCHEMAS.has(key) && isObject(value)) return eachSchema(value, notes, depth)
  if (LISTED_SCHEMAS.has(key) && Array.isArray(value)) return value.map((one: Json) => (isObject(one) ? writeSchema(one, notes, depth) : one))
  if (key === 'items' && isObject(value)) return writeSchema(value, notes, depth)
  return value
}

function eachSchema(schemas: JsonObject, notes: Notes, depth: number): JsonObject {
  const written: JsonObject = {}
  for (const name in schemas) {
    const schema = schemas[name]
    setOwn(written, name, isObject(schema) ? writeSchema(schema, notes, depth) : schema)
  }
  return written
}

/** A property may be called `__proto__`; plain assignment would lose it. */
function setOwn(object: JsonObject, key: string, value: Json | undefined): void {
  if (key === '__proto__') Object.defineProperty(object, key, { value, enumerable: true, writable: true, configurable: true })
  else object[key] = value
}
