import type { Endpoint } from '../../catalog/endpoint.ts'
import type { Call, Warning } from '../../core/call.ts'
import { asArray, asObject, asString, isObject, type Json, type JsonObject } from '../../core/json.ts'
import { either, isThird } from './wire.ts'

/** Says tools and their choice. Functions become declarations, in the client's order; tools in Gemini's own shape are carried. */
export function writeTools(body: JsonObject, call: Call, endpoint: Endpoint, warnings: Warning[]): void {
  const declarations: JsonObject[] = []
  const tools: JsonObject[] = []
  for (const [at, tool] of (call.body.tools ?? []).entries()) {
    const declaration = asObject(tool['function'])
    if (tool['type'] === 'function' && declaration) {
      if (declarations.length === 0) tools.push({ functionDeclarations: declarations })
      declarations.push(declarationOf(declaration))
    } else if (tool['type'] === undefined) tools.push(tool)
    else warnings.push({ field: `tools[${at}]`, why: `Gemini has no tool of type ${JSON.stringify(tool['type'])}` })
  }
  if (tools.length > 0) body['tools'] = tools
  if ((call.body.tools ?? []).some((tool) => asObject(tool['function'])?.['strict'] === true)) warnings.push({ field: 'tools.function.strict', why: 'Gemini cannot be held to the schema of a tool' })
  writeToolConfig(body, call, endpoint, declarations.length > 0, tools.length > 1)
  if (call.body.tool_choice && !choiceOf(call.body.tool_choice)) warnings.push({ field: 'tool_choice', why: 'Gemini can be told auto, none, required, or which functions' })
  if (call.body.parallel_tool_calls === false) warnings.push({ field: 'parallel_tool_calls', why: 'Gemini cannot be told to call one tool at a time' })
}

/** `parametersJsonSchema` takes JSON Schema as it is; `parameters` would take a narrower form of it. */
function declarationOf(tool: JsonObject): JsonObject {
  const declaration: JsonObject = { name: tool['name'] }
  if (typeof tool['description'] === 'string') declaration['description'] = tool['description']
  if (isObject(tool['parameters'])) declaration['parametersJsonSchema'] = tool['parameters']
  return declaration
}

function writeToolConfig(body: JsonObject, call: Call, endpoint: Endpoint, hasFunctions: boolean, hasOthers: boolean): void {
  const config: JsonObject = { ...asObject(either(call.body, 'toolConfig', 'tool_config')) }
  const choice = choiceOf(call.body.tool_choice)
  if (choice && hasFunctions) config['functionCallingConfig'] = { ...asObject(config['functionCallingConfig']), ...choice }
  // Gemini 3 mixes functions with its own tools only when it may show what its own did.
  if (hasFunctions && hasOthers && isThird(endpoint)) config['includeServerSideToolInvocations'] ??= true
  if (Object.keys(config).length > 0) body['toolConfig'] = config
}

const MODES = new Map([['auto', 'AUTO'], ['none', 'NONE'], ['required', 'ANY'], ['any', 'ANY']])

function choiceOf(choice: Json | undefined): JsonObject | undefined {
  if (typeof choice === 'string') return MODES.has(choice) ? { mode: MODES.get(choice) } : undefined
  if (!isObject(choice)) return undefined
  const name = asString(asObject(choice['function'])?.['name'])
  if (choice['type'] === 'function' && name !== undefined) return { mode: 'ANY', allowedFunctionNames: [name] }
  const allowed = choice['type'] === 'allowed_tools' ? (asObject(choice['allowed_tools']) ?? choice) : undefined
  const names = (asArray(allowed?.['tools']) ?? []).flatMap((tool) => asString(asObject(asObject(tool)?.['function'])?.['name']) ?? asString(asObject(tool)?.['name']) ?? [])
  // Names are heeded by ANY and VALIDATED only; VALIDATED leaves the model the choice not to call.
  return names.length > 0 ? { mode: allowed?.['mode'] === 'required' ? 'ANY' : 'VALIDATED', allowedFunctionNames: names } : undefined
}
