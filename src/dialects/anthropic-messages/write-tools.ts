import type { Call } from '../../core/call.ts'
import { asArray, asObject, asString, isObject, type Json, type JsonObject } from '../../core/json.ts'
import type { Generation } from './generations.ts'
import type { Notes } from './wire.ts'
import { marked } from './write-parts.ts'

/** Under this beta Anthropic holds the model to a schema: of its answer, and of strict tools (contract B16, B19). */
export const STRUCTURED_BETA = 'structured-outputs-2025-11-13'

/** Tools in Anthropic's own words, by how their type begins, and the beta each needs. */
const OWN_TOOLS: readonly { readonly type: string; readonly beta?: string }[] = [
  { type: 'web_search_' }, { type: 'bash_2025' }, { type: 'text_editor_' }, { type: 'tool_search_tool_' }, { type: 'custom' },
  { type: 'code_execution_20260' },
  { type: 'code_execution_20250522', beta: 'code-execution-2025-05-22' },
  { type: 'code_execution_', beta: 'code-execution-2025-08-25' },
  { type: 'web_fetch_20250910', beta: 'web-fetch-2025-09-10' },
  { type: 'web_fetch_' },
  { type: 'memory_', beta: 'context-management-2025-06-27' },
  { type: 'computer_20251124', beta: 'computer-use-2025-11-24' },
  { type: 'computer_', beta: 'computer-use-2025-01-24' },
  { type: 'advisor_', beta: 'advisor-tool-2026-03-01' },
  { type: 'mcp_toolset', beta: 'mcp-client-2025-11-20' },
]

/** Fields of a function tool that Anthropic knows by the same name. */
const CARRIED = ['defer_loading', 'allowed_callers', 'input_examples', 'eager_input_streaming'] as const

/** The beta that a tool of Anthropic's own needs, by its type. */
export function betaOfTool(type: string | undefined): string | undefined {
  return OWN_TOOLS.find((known) => type?.startsWith(known.type))?.beta
}

/** `tools` and `tool_choice` of a request; both undefined without tools, for a choice alone is refused. */
export interface Tools { readonly tools?: JsonObject[]; readonly choice?: JsonObject }

/** The client's tools in its own order (contract B17–B19, B73), and what it says about choosing among them. */
export function writeTools(call: Call, generation: Generation, thinking: JsonObject | undefined, notes: Notes): Tools {
  const strict = (call.headers.anthropicBeta ?? '').includes(STRUCTURED_BETA) && generation.structured
  const allowed = allowedTools(call.body.tool_choice)
  const tools: JsonObject[] = []
  for (const tool of asArray(call.body.tools) ?? []) {
    const written = isObject(tool) ? writeTool(tool, call.stream && generation.eagerTools, strict, notes) : undefined
    if (written && (!allowed || allowed.has(asString(written['name']) ?? ''))) tools.push(written)
  }
  if (tools.length === 0) {
    if (isForced(choiceOf(call.body.tool_choice))) notes.warn('tool_choice', 'there is no tool to choose')
    return {}
  }
  return { tools, choice: writeChoice(call, thinking, notes) }
}

function writeTool(tool: JsonObject, eager: boolean, strict: boolean, notes: Notes): JsonObject | undefined {
  const type = asString(tool['type'])
  if (type === 'function' || (type === undefined && isObject(tool['function']))) return functionTool(tool, eager, strict, notes)
  // A custom tool of chat's has its fields in an object of its own, one of Anthropic's has them beside its type.
  const own = isObject(tool['custom']) ? undefined : OWN_TOOLS.find((known) => type?.startsWith(known.type))
  if (!own && !(type === undefined && isObject(tool['input_schema']))) {
    notes.warn('tools', `a tool of type ${JSON.stringify(type ?? null)} is unknown to this provider and was left out`)
    return undefined
  }
  if (own?.beta) notes.betas.add(own.beta)
  const { cache_control: _mark, ...rest } = tool
  return marked(rest, tool, notes)
}

function functionTool(tool: JsonObject, eager: boolean, strict: boolean, notes: Notes): JsonObject {
  const fn = asObject(tool['function']) ?? {}
  const written: JsonObject = { name: asString(fn['name']) ?? '' }
  if (typeof fn['description'] === 'string' && fn['description'] !== '') written['description'] = fn['description']
  written['input_schema'] = inputSchema(fn['parameters'])
  if (fn['strict'] === true) {
    if (strict) written['strict'] = true
    else notes.warn('tools.function.strict', `is not said to this provider without the header x-anthropic-beta: ${STRUCTURED_BETA}`)
  }
  for (const field of CARRIED) {
    const value = tool[field] ?? fn[field]
    if (value !== undefined && value !== null) written[field] = value
  }
  if (eager && written['eager_input_streaming'] === undefined) written['eager_input_streaming'] = true
  return marked(written, isObject(tool['cache_control']) ? tool : fn, notes)
}

/** Anthropic wants the schema of an object, also for a tool without parameters. */
function inputSchema(parameters: Json | undefined): JsonObject {
  if (!isObject(parameters) || Object.keys(parameters).length === 0) return { type: 'object', properties: {} }
  return parameters['type'] === undefined ? { type: 'object', ...parameters } : parameters
}

function writeChoice(call: Call, thinking: JsonObject | undefined, notes: Notes): JsonObject | undefined {
  const parallelOff = call.body.parallel_tool_calls === false
  let choice = choiceOf(call.body.tool_choice)
  if (choice === undefined && call.body.tool_choice !== undefined && call.body.tool_choice !== null) notes.warn('tool_choice', 'is unknown to this provider and was left out')
  // "Thinking may not be enabled when tool_choice forces tool use": of budgets only; adaptive thinking takes it.
  if (isForced(choice) && thinking?.['type'] === 'enabled') {
    notes.warn('tool_choice', 'a tool cannot be forced while this model thinks by a budget; the choice is left to it')
    choice = { ...choice, type: 'auto' }
    delete choice['name']
  }
  if (!parallelOff || choice?.['type'] === 'none') return choice
  return { ...(choice ?? { type: 'auto' }), disable_parallel_tool_use: true }
}

function isForced(choice: JsonObject | undefined): boolean {
  return choice?.['type'] === 'any' || choice?.['type'] === 'tool'
}

/** The contract's choice, or Anthropic's own, in Anthropic's words. */
function choiceOf(choice: Json | undefined): JsonObject | undefined {
  if (choice === 'auto') return { type: 'auto' }
  if (choice === 'none') return { type: 'none' }
  if (choice === 'required' || choice === 'any') return { type: 'any' }
  if (!isObject(choice)) return undefined
  const name = asString(asObject(choice['function'])?.['name'])
  switch (choice['type']) {
    case 'function': return name === undefined ? undefined : { type: 'tool', name }
    case 'tool': return typeof choice['name'] === 'string' ? { ...choice } : undefined
    case 'auto': case 'any': case 'none': return { ...choice }
    case 'allowed_tools': return { type: allowedOf(choice)['mode'] === 'required' ? 'any' : 'auto' }
    default: return undefined
  }
}

function allowedOf(choice: JsonObject): JsonObject {
  return asObject(choice['allowed_tools']) ?? choice
}

/** Names of the tools that `allowed_tools` leaves; Anthropic has no such choice, so only these are offered. */
function allowedTools(choice: Json | undefined): ReadonlySet<string> | undefined {
  if (!isObject(choice) || choice['type'] !== 'allowed_tools') return undefined
  const tools = asArray(allowedOf(choice)['tools']) ?? []
  return new Set(tools.flatMap((tool) => asString(asObject(asObject(tool)?.['function'])?.['name']) ?? asString(asObject(tool)?.['name']) ?? []))
}
