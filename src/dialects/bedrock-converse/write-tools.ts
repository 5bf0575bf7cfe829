import type { Call } from '../../core/call.ts'
import { asArray, asObject, asString, isObject, type Json, type JsonObject } from '../../core/json.ts'
import type { Notes } from '../anthropic-messages/wire.ts'
import type { Family } from './families.ts'
import { cachePoint } from './write-content.ts'
import type { ConverseBody } from './wire.ts'

/** Entries of `toolConfig.tools` in Converse's own words, which go as they came. */
const OWN_TOOLS = ['toolSpec', 'systemTool', 'cachePoint'] as const

/**
 * True when the request offers no tool: none are given, or the client wants none called. Converse has no such choice and no
 * place for calls without `toolConfig`, so that those of the history are told in words.
 */
export function offersNone(call: Call): boolean {
  return call.body.tool_choice === 'none' || (asObject(call.body.tool_choice)?.['type'] === 'none') || (asArray(call.body.tools) ?? []).length === 0
}

/** `toolConfig` of a request: the client's tools in its own order, and what it says about choosing among them. */
export function writeTools(call: Call, family: Family, thinks: boolean, notes: Notes): ConverseBody['toolConfig'] {
  const choice = call.body.tool_choice
  if (offersNone(call)) {
    if (isForced(choice)) notes.warn('tool_choice', 'there is no tool to choose')
    if (hasCalls(call)) notes.warn('tools', 'without tools to call, the calls and results of the conversation are told to the model as text')
    return undefined
  }
  const allowed = allowedTools(choice)
  const tools = (asArray(call.body.tools) ?? []).filter(isObject).flatMap((tool) => writeTool(tool, family, allowed, notes))
  if (!tools.some((tool) => tool['cachePoint'] === undefined)) return undefined
  const toolChoice = writeChoice(choice, family, thinks, notes)
  return { tools, ...(toolChoice ? { toolChoice } : {}) }
}

function hasCalls(call: Call): boolean {
  return call.body.messages.some((message) => message.role === 'tool' || (message.tool_calls?.length ?? 0) > 0)
}

function writeTool(tool: JsonObject, family: Family, allowed: ReadonlySet<string> | undefined, notes: Notes): JsonObject[] {
  if (OWN_TOOLS.some((kind) => isObject(tool[kind]))) return [tool]
  const fn = asObject(tool['function'])
  if (!fn || (tool['type'] !== undefined && tool['type'] !== 'function')) {
    notes.warn('tools', `a tool of type ${JSON.stringify(tool['type'] ?? null)} is unknown to this provider and was left out`)
    return []
  }
  const name = asString(fn['name']) ?? ''
  if (allowed && !allowed.has(name)) return []
  const spec: JsonObject = { name, inputSchema: { json: inputSchema(fn['parameters']) } }
  if (typeof fn['description'] === 'string' && fn['description'].trim() !== '') spec['description'] = fn['description']
  if (fn['strict'] === true) {
    if (family.name === 'claude') spec['strict'] = true
    else notes.warn('tools.function.strict', 'this model cannot be held to a tool’s schema')
  }
  // Nova caches messages and the system prompt, not tools.
  return [{ toolSpec: spec }, ...cachePoint(isObject(tool['cache_control']) ? tool : fn, family.caches && family.name !== 'nova', notes)]
}

/** Converse wants the schema of an object, also for a tool without parameters. */
function inputSchema(parameters: Json | undefined): JsonObject {
  if (!isObject(parameters) || Object.keys(parameters).length === 0) return { type: 'object', properties: {} }
  return parameters['type'] === undefined ? { type: 'object', ...parameters } : parameters
}

function writeChoice(choice: Json | undefined, family: Family, thinks: boolean, notes: Notes): JsonObject | undefined {
  const written = choiceOf(choice)
  if (!written) {
    if (choice !== undefined && choice !== null && choice !== 'auto' && allowedTools(choice) === undefined) notes.warn('tool_choice', 'is unknown to this provider and was left out')
    return undefined
  }
  if (!family.forcesTools) {
    notes.warn('tool_choice', 'this model cannot be made to call a tool; the choice is left to it')
    return undefined
  }
  if (!thinks) return written
  notes.warn('tool_choice', 'a tool cannot be forced while this model thinks; the choice is left to it')
  return undefined
}

/** A choice that forces; to leave it to the model is what holds without one. */
function choiceOf(choice: Json | undefined): JsonObject | undefined {
  if (choice === 'required' || choice === 'any') return { any: {} }
  if (!isObject(choice)) return undefined
  const name = asString(asObject(choice['function'])?.['name']) ?? asString(choice['name'])
  if ((choice['type'] === 'function' || choice['type'] === 'tool') && name !== undefined) return { tool: { name } }
  if (choice['type'] === 'any' || (choice['type'] === 'allowed_tools' && allowedOf(choice)['mode'] === 'required')) return { any: {} }
  return undefined
}

function isForced(choice: Json | undefined): boolean {
  return choiceOf(choice) !== undefined
}

function allowedOf(choice: JsonObject): JsonObject {
  return asObject(choice['allowed_tools']) ?? choice
}

/** Names of the tools that `allowed_tools` leaves; Converse has no such choice, so only these are offered. */
function allowedTools(choice: Json | undefined): ReadonlySet<string> | undefined {
  if (!isObject(choice) || choice['type'] !== 'allowed_tools') return undefined
  const tools = asArray(allowedOf(choice)['tools']) ?? []
  return new Set(tools.flatMap((tool) => asString(asObject(asObject(tool)?.['function'])?.['name']) ?? asString(asObject(tool)?.['name']) ?? []))
}
