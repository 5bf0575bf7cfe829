import type { Call, Warning } from '../../core/call.ts'
import { asArray, asObject, asString, isObject, type Json, type JsonObject } from '../../core/json.ts'
import type { Endpoint } from '../../catalog/endpoint.ts'
import { objectsOf } from './wire.ts'

/** Says the tools of a chat body, and the choice among them. */
export function writeTools(body: JsonObject, call: Call, endpoint: Endpoint, warnings: Warning[]): void {
  const tools = (asArray(call.body.tools) ?? []).flatMap((tool, at) => (isObject(tool) ? writeTool(tool, at, endpoint, warnings) : []))
  const search = call.body['web_search_options']
  if (isObject(search)) tools.push({ type: 'web_search', ...search, ...(isObject(search['user_location']) ? { user_location: { type: 'approximate', ...asObject(search['user_location']['approximate']) } } : {}) })
  if (tools.length === 0) {
    delete body['parallel_tool_calls']
    return
  }
  body['tools'] = tools
  const choice = writeChoice(call.body.tool_choice, warnings)
  if (choice !== undefined) body['tool_choice'] = choice
}

function writeTool(tool: JsonObject, at: number, endpoint: Endpoint, warnings: Warning[]): JsonObject[] {
  const { type } = tool
  const fn = asObject(tool['function'])
  if (fn && (type === 'function' || type === undefined)) {
    const { name, description, parameters, strict } = fn
    // Without a word this API is strict, and chat completions are not.
    return [{ type: 'function', name, ...(typeof description === 'string' ? { description } : {}), parameters: isObject(parameters) ? parameters : { type: 'object', properties: {} }, strict: strict === true }]
  }
  const custom = asObject(tool['custom'])
  if (type === 'custom' && custom) return [{ type, ...custom, ...(isObject(custom['format']) ? { format: customFormat(custom['format']) } : {}) }]
  // Tools in this API's own words.
  if (typeof type === 'string' && type !== 'function') return [tool]
  warnings.push({ field: `tools[${at}]`, why: `${endpoint.provider.name} has no such tool` })
  return []
}

/** Chat completions nest the grammar, this API does not. */
function customFormat(format: JsonObject): JsonObject {
  const { grammar, ...rest } = format
  return isObject(grammar) ? { ...rest, ...grammar } : format
}

function writeChoice(choice: Json | undefined, warnings: Warning[]): Json | undefined {
  if (choice === undefined || choice === null || typeof choice === 'string') return choice ?? undefined
  if (!isObject(choice)) return undefined
  const name = asString(asObject(choice['function'])?.['name']) ?? asString(asObject(choice['custom'])?.['name'])
  if ((choice['type'] === 'function' || choice['type'] === 'custom') && name !== undefined) return { type: choice['type'], name }
  if (choice['type'] === 'allowed_tools') {
    const allowed = asObject(choice['allowed_tools']) ?? choice
    return { type: 'allowed_tools', mode: allowed['mode'] ?? 'auto', tools: objectsOf(allowed['tools']).map((tool) => ({ type: tool['type'] ?? 'function', name: asObject(tool['function'])?.['name'] ?? tool['name'] })) }
  }
  if (typeof choice['type'] === 'string') return choice
  warnings.push({ field: 'tool_choice', why: 'this provider can be told auto, none, required, or which tools' })
  return undefined
}

/** Names of the custom tools that a chat body offers: earlier calls of them are said as such. */
export function customToolNames(tools: Json | undefined): ReadonlySet<string> {
  const names = objectsOf(tools).filter((tool) => tool['type'] === 'custom').map((tool) => asString(asObject(tool['custom'])?.['name']) ?? asString(tool['name']))
  return new Set(names.filter((name) => name !== undefined))
}
