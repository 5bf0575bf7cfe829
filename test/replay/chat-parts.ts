import { isObject, type Json, type JsonObject } from '../../src/core/json.ts'

/** A JSON schema as `response_format`. */
export function schemaFormat(schema: Json | undefined): JsonObject | undefined {
  return isObject(schema) ? { type: 'json_schema', json_schema: { name: 'answer', strict: true, schema } } : undefined
}

/** The object without the fields that are undefined. */
export function clean(fields: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}
