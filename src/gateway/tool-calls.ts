import type { Call } from '../core/call.ts'
import type { Event } from '../core/event.ts'
import { isObject, type Json, type JsonObject } from '../core/json.ts'
import { fitsSchema } from '../core/json-schema.ts'

/** Why a tool call is bad, in the contract's words (C38). */
export type ToolError = 'InvalidJson' | 'UnknownName' | 'SchemaMismatch'

/** More than this of one answer is not looked at, and nothing is held against it. */
const CHARS_MAX = 64 * 1024
const CALLS_MAX = 64

interface Gathered { name: string; arguments: string }

/** The tool calls of one answer, gathered as they come, in any dialect's words where the answer is carried. */
export class ToolCalls {
  private readonly calls = new Map<string, Gathered>()
  private chars = 0

  take(events: readonly Event[]): void {
    for (const event of events) {
      if (event.type === 'tool') this.add(`${event.choice}.${event.index}`, event.name, event.arguments)
      else if (event.type === 'raw') this.takeRaw(event.body)
    }
  }

  /** The first thing that is wrong with them; undefined when nothing is, or when it cannot be told. */
  error(tools: Call['body']['tools']): ToolError | undefined {
    if (this.chars > CHARS_MAX || this.calls.size > CALLS_MAX) return undefined
    const known = schemasOf(tools)
    for (const call of this.calls.values()) {
      const error = known && errorOf(call, known)
      if (error) return error
    }
    return undefined
  }

  private add(key: string, name: string | undefined, text: string): void {
    this.chars += text.length
    if (this.chars > CHARS_MAX || this.calls.size > CALLS_MAX) return
    const call = this.calls.get(key)
    if (!call) this.calls.set(key, { name: name ?? '', arguments: text })
    else {
      call.name ||= name ?? ''
      call.arguments += text
    }
  }

  /** A carried piece is the provider's own: which dialect's is seen by the field that holds what was said. */
  private takeRaw(body: JsonObject): void {
    each(body['choices'], (choice, at) => this.takeChat(choice, at))
    each(body['candidates'], (candidate, at) => this.takeGemini(candidate, at))
    each(body['content'], (block, at) => this.takeBlock(block, at))
    each(body['output'], (item, at) => this.takeItem(item, at))
    const { type, index } = body
    if (type === 'content_block_start') this.takeBlock(body['content_block'], index)
    else if (type === 'content_block_delta' && isObject(body['delta'])) this.takeMore(body['delta']['partial_json'], index)
    else if (type === 'response.output_item.done') this.takeItem(body['item'], body['output_index'])
    else if (type === 'tool-call-start' || type === 'tool-call-delta') this.takeCohere(body['delta'], index)
    else if (isObject(body['message'])) each(body['message']['tool_calls'], (call, at) => this.takeFunction(call, `0.${at}`))
  }

  /** OpenAI's chat: whole, or in deltas that say their index. */
  private takeChat(choice: Json, at: number): void {
    if (!isObject(choice)) return
    const said = isObject(choice['delta']) ? choice['delta'] : choice['message']
    if (!isObject(said)) return
    const of = String(choice['index'] ?? at)
    each(said['tool_calls'], (call, place) => this.takeFunction(call, `${of}.${isObject(call) ? String(call['index'] ?? place) : place}`))
  }

  private takeFunction(call: Json, key: string): void {
    const said = isObject(call) ? call['function'] : undefined
    if (isObject(said)) this.add(key, textOf(said['name']), textOf(said['arguments']) ?? '')
  }

  /** Anthropic's: a block, whose input comes whole, or empty and then in pieces. */
  private takeBlock(block: Json | undefined, at: Json | undefined): void {
    if (!isObject(block) || block['type'] !== 'tool_use') return
    const { input } = block
    this.add(String(at), textOf(block['name']), isObject(input) && Object.keys(input).length > 0 ? JSON.stringify(input) : '')
  }

  private takeMore(piece: Json | undefined, at: Json | undefined): void {
    if (typeof piece === 'string' && this.calls.has(String(at))) this.add(String(at), undefined, piece)
  }

  /** OpenAI's Responses: items are said whole when they are done. */
  private takeItem(item: Json | undefined, at: Json | undefined): void {
    if (isObject(item) && item['type'] === 'function_call') this.add(String(at), textOf(item['name']), textOf(item['arguments']) ?? '')
  }

  private takeGemini(candidate: Json, at: number): void {
    const content = isObject(candidate) ? candidate['content'] : undefined
    if (!isObject(content)) return
    each(content['parts'], (part) => {
      const call = isObject(part) ? part['functionCall'] : undefined
      if (isObject(call)) this.add(`${at}.${this.calls.size}`, textOf(call['name']), JSON.stringify(call['args'] ?? {}))
    })
  }

  private takeCohere(delta: Json | undefined, at: Json | undefined): void {
    const message = isObject(delta) ? delta['message'] : undefined
    if (isObject(message) && message['tool_calls'] !== undefined) this.takeFunction(message['tool_calls'], String(at))
  }
}

/** Schemas of the functions by their names; undefined where there are tools whose calls are told otherwise. */
function schemasOf(tools: Call['body']['tools']): ReadonlyMap<string, Json | undefined> | undefined {
  const schemas = new Map<string, Json | undefined>()
  for (const tool of tools ?? []) {
    const said = tool['function']
    if (!isObject(said) || typeof said['name'] !== 'string') return undefined
    schemas.set(said['name'], said['parameters'])
  }
  return schemas
}

function errorOf(call: Gathered, known: ReadonlyMap<string, Json | undefined>): ToolError | undefined {
  const value = parsed(call.arguments)
  if (value === undefined) return 'InvalidJson'
  if (!known.has(call.name)) return 'UnknownName'
  const schema = known.get(call.name)
  return schema !== undefined && schema !== null && fitsSchema(schema, value) === 'invalid' ? 'SchemaMismatch' : undefined
}

/** Nothing said is no arguments; undefined: no JSON. */
function parsed(text: string): Json | undefined {
  if (text.trim() === '') return {}
  try {
    // What JSON.parse gives is Json.
    return JSON.parse(text) as Json
  } catch {
    // That is what was asked.
    return undefined
  }
}

function each(list: Json | undefined, take: (item: Json, at: number) => void): void {
  if (Array.isArray(list)) list.forEach(take)
}

function textOf(value: Json | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined
}
