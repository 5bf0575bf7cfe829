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

/** `{ type, name, … }` as `{ type, function: { name, … } }`, the same of custom tools; anything else as it is. */
function nested(one: Json): Json {
  if (!isObject(one) || isObject(one['function']) || isObject(one['custom']) || typeof one['name'] !== 'string') return one
  const type = one['type'] ?? 'function'
  if (type !== 'function' && type !== 'custom') return one
  // Cursor says tools as Anthropic does where the model's name is one of Anthropic's.
  const isSchema = isObject(one['input_schema'])
  const kind = isSchema ? 'function' : type
  const outer: JsonObject = { type: kind }
  const inner: JsonObject = {}
  for (const [key, value] of Object.entries(one)) {
    if (BESIDE.has(key)) outer[key] = value
    else inner[isSchema && key === 'input_schema' ? 'parameters' : key] = kind === 'custom' && key === 'format' ? nestedGrammar(value) : value
  }
  return { ...outer, type: kind, [kind]: inner }
}

/** Chat nests a grammar, the Responses API, whose words these are, does not. */
function nestedGrammar(format: Json | undefined): Json | undefined {
  if (!isObject(format) || format['type'] !== 'grammar' || format['grammar'] !== undefined) return format
  const { type, ...grammar } = format
  return { type, grammar }
}
