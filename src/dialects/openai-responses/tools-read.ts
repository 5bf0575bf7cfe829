import type { Warning } from '../../core/call.ts'
import { Fault } from '../../core/fault.ts'
import { isObject, type Json, type JsonObject } from '../../core/json.ts'
import { refuse } from '../openai-chat/check.ts'
import { CUSTOM_INPUT, objectsOf } from './wire.ts'

/** Reads `tools` and `tool_choice` into a body of the chat shape. Tools of a provider's own cannot be said in it. */
export function readTools(sent: JsonObject, body: JsonObject, unsaid: Warning[]): void {
  const { tools } = sent
  if (tools !== undefined && tools !== null) {
    if (!Array.isArray(tools)) refuse('tools', 'an array of tools', tools)
    const said = tools.flatMap((tool: unknown, at) => readTool(tool, `tools[${at}]`, unsaid))
    if (said.length > 0) body['tools'] = said
  }
  const choice = readChoice(sent['tool_choice'], unsaid)
  if (choice !== undefined && body['tools'] !== undefined) body['tool_choice'] = choice
}

function readTool(tool: unknown, field: string, unsaid: Warning[]): JsonObject[] {
  if (!isObject(tool)) refuse(field, 'an object', tool)
  const { type } = tool
  if (typeof type !== 'string') refuse(`${field}.type`, 'a string', type)
  if (type.startsWith('openrouter:')) {
    throw new Fault('invalid_request', `${field}.type: the server tool ${JSON.stringify(type)} is not available on this server; remove it from tools`, { metadata: { field: `${field}.type` } })
  }
  if (type === 'function') return [functionTool(tool)]
  if (type === 'custom') return [customTool(tool, field)]
  if (type === 'namespace') return objectsOf(tool['tools']).flatMap((inner, at) => readTool(inner, `${field}.tools[${at}]`, unsaid))
  unsaid.push({ field, why: `a tool of type ${JSON.stringify(type)} can only be said to a provider of the Responses API` })
  return []
}

/** The chat reader checks what is in it, and `inOurWords` says its faults by the names used here. */
function functionTool(tool: JsonObject): JsonObject {
  const { type: _type, name, description, parameters, strict, cache_control: mark, ...rest } = tool
  return {
    type: 'function',
    function: { ...rest, name, ...(description === undefined || description === null ? {} : { description }), ...(parameters === undefined || parameters === null ? {} : { parameters }), ...(strict === undefined || strict === null ? {} : { strict }) },
    ...(mark === undefined ? {} : { cache_control: mark }),
  }
}

/** A custom tool takes plain text: where only functions are known it is one with a single string. */
function customTool(tool: JsonObject, field: string): JsonObject {
  const { name, description, format } = tool
  if (typeof name !== 'string') refuse(`${field}.name`, 'a string of 1 to 64 letters, digits, _ and -', name)
  const grammar = isObject(format) && format['type'] === 'grammar' ? `Text that matches this ${String(format['syntax'])} grammar:\n${String(format['definition'])}` : 'The whole input of the tool, as plain text'
  return {
    type: 'function',
    function: {
      name, ...(typeof description === 'string' ? { description } : {}),
      parameters: { type: 'object', properties: { [CUSTOM_INPUT]: { type: 'string', description: grammar } }, required: [CUSTOM_INPUT], additionalProperties: false },
    },
  }
}

function readChoice(choice: Json | undefined, unsaid: Warning[]): Json | undefined {
  if (choice === undefined || choice === null || typeof choice === 'string') return choice ?? undefined
  if (!isObject(choice)) refuse('tool_choice', '"none", "auto", "required" or an object that names a tool', choice)
  switch (choice['type']) {
    case 'function': case 'custom': return { type: 'function', function: { name: choice['name'] } }
    case 'allowed_tools':
      return { type: 'allowed_tools', allowed_tools: { mode: choice['mode'] ?? 'auto', tools: objectsOf(choice['tools']).flatMap((tool) => (typeof tool['name'] === 'string' ? [{ type: 'function', function: { name: tool['name'] } }] : [])) } }
    default:
      unsaid.push({ field: 'tool_choice', why: `the choice of ${JSON.stringify(choice['type'] ?? null)} can only be said to a provider of the Responses API` })
      return undefined
  }
}

/** Names of the custom tools that a request offers: their calls are answered as `custom_tool_call`. */
export function customNames(native: JsonObject | undefined): ReadonlySet<string> {
  const names = objectsOf(native?.['tools']).filter((tool) => tool['type'] === 'custom').map((tool) => tool['name'])
  return new Set(names.filter((name) => typeof name === 'string'))
}
