import { isObject, type Json, type JsonObject } from '../../src/core/json.ts'

/** Keys that recorded requests to Vertex spell in snake case. */
const SPELLINGS: Readonly<Record<string, string>> = {
  function_call: 'functionCall', function_response: 'functionResponse', thought_signature: 'thoughtSignature', inline_data: 'inlineData', file_data: 'fileData', mime_type: 'mimeType', file_uri: 'fileUri',
}
/** What stands under these is the user's own. */
const OPAQUE = new Set(['args', 'response', 'parameters', 'parametersJsonSchema'])

/** The request in the spelling that Google's own documentation has. */
export function camelled(body: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(body).map(([key, value]) => [SPELLINGS[key] ?? key, OPAQUE.has(key) ? value : spelled(value)]))
}

function spelled(value: Json | undefined): Json | undefined {
  if (Array.isArray(value)) return value.map((one: Json) => spelled(one) ?? null)
  return isObject(value) ? camelled(value) : value
}
