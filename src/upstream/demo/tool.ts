import type { JsonObject } from '../../core/json.ts'
import type { DemoRequest, DemoTool } from './request.ts'
import { hintsOf, valueFor } from './schema.ts'

export interface DemoToolCall { readonly id: string; readonly name: string; readonly arguments: string }

const ASKED = /\b(use|call|invoke|run|try)\b[^.!?]{0,40}\b(tool|function)s?\b/i
/** Parts of tools' names that say what is done, not with what: they don't tell that a tool is meant. */
const VERBS: ReadonlySet<string> = new Set(['call', 'check', 'create', 'current', 'data', 'demo', 'find', 'from', 'function', 'info', 'list', 'look', 'lookup', 'make', 'query', 'read', 'search', 'show', 'tell', 'tool', 'tools', 'update', 'what', 'with', 'write'])
const PROMPT_CHARS_MAX = 10_000

/**
 * The tools that the demo calls for this request: those that it must, or that the prompt mentions or asks for. None
 * once a tool has answered, so that an agent's loop comes to an end.
 */
export function calledTools(request: DemoRequest): readonly DemoTool[] {
  const { tools, toolChoice, toolResults } = request
  if (tools.length === 0 || toolChoice === 'none' || toolResults.length > 0) return []
  if (typeof toolChoice === 'object') return tools.filter((tool) => tool.name === toolChoice.name).slice(0, 1)
  const prompt = request.prompt.slice(0, PROMPT_CHARS_MAX).toLowerCase()
  const named = tools.filter((tool) => mentions(prompt, tool.name))
  const meant = named.length > 0 ? named : toolChoice === 'required' || ASKED.test(prompt) ? tools.slice(0, 1) : []
  return request.parallelTools ? meant : meant.slice(0, 1)
}

/** The name as it is, with spaces for its underscores, or one of its words that says what it is about. */
function mentions(prompt: string, name: string): boolean {
  const words = name.replace(/([a-z\d])([A-Z])/g, '$1 $2').toLowerCase().split(/[^\p{L}\d]+/u).filter((word) => word !== '')
  if (prompt.includes(name.toLowerCase()) || prompt.includes(words.join(' '))) return true
  const said = new Set(prompt.split(/[^\p{L}\d]+/u))
  return words.some((word) => word.length >= 4 && !VERBS.has(word) && (said.has(word) || said.has(`${word}s`)))
}

/** A call of each tool with arguments made from its schema. Ids differ between requests and calls. */
export function toolCalls(request: DemoRequest, tools: readonly DemoTool[]): DemoToolCall[] {
  const hints = hintsOf(request.prompt)
  return tools.map((tool, index) => ({ id: `call_demo_${request.fingerprint}_${index}`, name: tool.name, arguments: JSON.stringify(argumentsFor(tool, hints)) }))
}

function argumentsFor(tool: DemoTool, hints: ReturnType<typeof hintsOf>): JsonObject {
  const made = valueFor(tool.parameters, hints)
  // Arguments are an object whatever the schema says; a tool without parameters takes an empty one.
  return typeof made === 'object' && made !== null && !Array.isArray(made) ? (made as JsonObject) : {}
}
