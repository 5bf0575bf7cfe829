import { isObject, type Json, type JsonObject } from '../../core/json.ts'

/** The request with functions as chat nests them, where a client (Cursor, contract A29) sends their fields side by side. */
export function nestTools(sent: JsonObject): JsonObject {
  const body = { ...sent }
  if (Array.isArray(sent['tools'])) body['tools'] = sent['tools'].map(nested)
  if (isObject(sent['tool_choice']) && typeof sent['tool_choice']['name'] === 'string') body['tool_choice'] = nested(sent['tool_choice'])
  if (Array.isArray(sent['messages'])) body['messages'] = sent['messages'].map(withNestedCalls)
  return body
}

function withNestedCalls(message: Json): Json {
  if (!isObject(message) || !Array.isArray(message['tool_calls'])) return message
  return { ...message, tool_calls: message['tool_calls'].map(nested) }
}

const BESIDE = new Set(['id', 'type', 'index', 'cache_control'])

/** `{ type, name, … }` as `{ type, function: { name, … } }`; anything else as it is. */
function nested(one: Json): Json {
  if (!isObject(one) || isObject(one['function']) || typeof one['name'] !== 'string' || (one['type'] !== undefined && one['type'] !== 'function')) return one
  const outer: JsonObject = { type: 'function' }
  const inner: JsonObject = {}
  for (const [key, value] of Object.entries(one)) (BESIDE.has(key) ? outer : inner)[key] = value
  return { ...outer, function: inner }
}
