import type { Message, ToolCall } from '../../core/call.ts'
import { asArray, asString, isObject, parseObject, type Json, type JsonObject } from '../../core/json.ts'
import { lostAudio, withRefusal } from '../assistant-said.ts'
import { isSignedBy, unsigned } from '../signer.ts'
import { BLOCKS_FIELD, OTHER_FORMAT, REASONING_FORMAT, type Block, type Notes } from './wire.ts'
import { cacheMark, writeContent } from './write-parts.ts'

/** What the conversation so far decides about an assistant message. */
export interface AssistantContext {
  /** Ids of server tool calls whose result a later message brings. */
  readonly answeredLater: ReadonlySet<string>
  readonly isLast: boolean
  /** Who signs at the endpoint; undefined: Anthropic. */
  readonly signer: string | undefined
  /** The id that a call goes by on the wire. */
  nameCall(id: string): string
}

/** An assistant message as blocks, in the order that Anthropic asks for: reasoning, text, tool calls. */
export function writeAssistant(message: Message, place: string, context: AssistantContext, notes: Notes): Block[] {
  const own = ownBlocks(message)
  const blocks: Block[] = own.filter((block) => block.type === 'compaction')
  const { replayed, unanswered } = writeReasoning(message, context, notes)
  blocks.push(...replayed)
  const text = writeContent(withRefusal(message), `${place}.content`, notes).filter((block) => saidByAssistant(block, place, notes))
  blocks.push(...text, ...unanswered)
  const lost = lostAudio(message)
  if (lost !== undefined) notes.warn(`${place}.audio`, lost)
  for (const call of toolCalls(message)) {
    const fn = isObject(call.function) ? call.function : { name: '', arguments: '' }
    const block: Block = { type: 'tool_use', id: context.nameCall(asString(call.id) ?? ''), name: asString(fn.name) ?? '', input: writeArguments(fn.arguments, notes) }
    const caller = own.find((one) => one.type === 'tool_use' && one['id'] === call.id)?.['caller']
    if (caller !== undefined) block['caller'] = caller
    blocks.push(block)
  }
  const mark = cacheMark(message, notes)
  const last = blocks.findLast((block) => !isThinking(block))
  if (mark && last && last['cache_control'] === undefined) last['cache_control'] = mark
  return withoutTrailingThinking(blocks, notes)
}

/** The calls of a message; the older `function_call` is one of them, named by its function. */
function toolCalls(message: Message): readonly ToolCall[] {
  if (message.tool_calls && message.tool_calls.length > 0) return message.tool_calls
  const older = message['function_call']
  if (!isObject(older) || typeof older['name'] !== 'string') return []
  return [{ id: older['name'], type: 'function', function: { name: older['name'], arguments: asString(older['arguments']) ?? '' } }]
}

function ownBlocks(message: Message): readonly Block[] {
  // Our reader wrote them; what a client made of them since is checked here for what we read.
  return (asArray(message[BLOCKS_FIELD]) ?? []).filter((block): block is Block => isObject(block) && typeof block['type'] === 'string')
}

function saidByAssistant(block: Block, place: string, notes: Notes): boolean {
  if (block.type === 'text' || block.type === 'search_result') return true
  notes.warn(`${place}.content`, `this provider takes no ${block.type} from the assistant; it was left out`)
  return false
}

/** Anthropic wants an object. What is none is kept under a name, so that the model still sees what it wrote. */
function writeArguments(text: unknown, notes: Notes): JsonObject {
  if (isObject(text)) return text
  if (typeof text !== 'string' || text.trim() === '' || text.trim() === 'null') return {}
  const object = parseObject(text)
  if (object) return object
  const inner = parseString(text)
  const nested = inner === undefined ? undefined : parseObject(inner)
  if (nested) return nested
  notes.warn('tool_calls.function.arguments', 'is no JSON object; it is sent as the text of one field')
  return { arguments: text }
}

/** The string that a text of JSON is, for arguments that were encoded twice. */
function parseString(text: string): string | undefined {
  return asString(parseObject(`{"text":${text}}`)?.['text'])
}

interface Replay { readonly replayed: readonly Block[]; readonly unanswered: readonly Block[] }

/** Reasoning goes back byte for byte and in its order, when it is Anthropic's (contract B29). */
function writeReasoning(message: Message, context: AssistantContext, notes: Notes): Replay {
  const replayed: Block[] = []
  const unanswered: Block[] = []
  const details = message.reasoning_details ?? []
  for (let at = 0; at < details.length; at++) {
    const detail: JsonObject | undefined = details[at]
    if (!isObject(detail)) continue
    const end = detail['type'] === 'reasoning.text' ? lastPiece(details, at) : at
    const pieces = details.slice(at, end + 1)
    at = end
    if (!isOwn(pieces, context.signer)) {
      notes.warn('reasoning_details', 'reasoning of another provider cannot be read by this one and was left out')
    } else if (detail['type'] === 'reasoning.text') {
      const block = thinkingBlock(pieces)
      if (block) replayed.push(block)
      else notes.warn('reasoning_details', 'reasoning without its signature is not taken back and was left out')
    } else if (detail['type'] === 'reasoning.encrypted' && typeof detail['data'] === 'string') {
      replayed.push({ type: 'redacted_thinking', data: unsigned(detail['data']) })
    } else if (detail['type'] === 'reasoning.server_tool_call') {
      serverToolBlocks(detail, context, replayed, unanswered, notes)
    }
  }
  if (details.length === 0 && (message.reasoning || message.reasoning_content)) notes.warn('reasoning', 'reasoning without reasoning_details has no signature and was left out')
  return { replayed, unanswered }
}

/** True for what this endpoint wrote: of Anthropic's its format tells, of others the name in what they signed. */
function isOwn(pieces: readonly JsonObject[], signer: string | undefined): boolean {
  const opaque = pieces.map((piece) => piece['signature'] ?? piece['data'] ?? (piece['type'] === 'reasoning.server_tool_call' ? piece['id'] : undefined)).find((one) => typeof one === 'string' && one !== '')
  if (signer === undefined) return pieces[0]?.['format'] === REASONING_FORMAT
  return pieces[0]?.['format'] === OTHER_FORMAT && (opaque === undefined || isSignedBy(opaque, signer))
}

/** Index of the last detail that is a piece of the same thinking: clients may send the pieces of a stream as they came. */
export function lastPiece(details: readonly JsonObject[], from: number): number {
  const index = details[from]?.['index']
  let end = from
  while (index !== undefined && typeof details[end]?.['signature'] !== 'string') {
    const next = details[end + 1]
    if (!next || next['type'] !== 'reasoning.text' || next['index'] !== index || next['format'] !== details[from]?.['format']) break
    end++
  }
  return end
}

function thinkingBlock(pieces: readonly JsonObject[]): Block | undefined {
  let thinking = ''
  let signature = ''
  for (const piece of pieces) {
    thinking += asString(piece['text']) ?? ''
    signature += asString(piece['signature']) ?? ''
  }
  return signature === '' ? undefined : { type: 'thinking', thinking, signature: unsigned(signature) }
}

/** A call of Anthropic's own tools and its result. The result says in its own words what block it is. */
function serverToolBlocks(detail: JsonObject, context: AssistantContext, replayed: Block[], unanswered: Block[], notes: Notes): void {
  const id = asString(detail['tool_call_id']) ?? ''
  const result = parseObject(asString(detail['result']) ?? '')
  const name = asString(detail['tool_name']) ?? ''
  if (name !== '') {
    const use: Block = { type: typeof detail['server_name'] === 'string' ? 'mcp_tool_use' : 'server_tool_use', id, name, input: parseObject(asString(detail['arguments']) ?? '') ?? {} }
    for (const field of ['server_name', 'caller'] as const) if (detail[field] !== undefined && detail[field] !== null) use[field] = detail[field]
    if (result) replayed.push(use)
    else if (context.isLast || context.answeredLater.has(id)) unanswered.push(use)
    else notes.warn('reasoning_details', 'a call of a server tool that was never answered was left out')
  }
  if (result && typeof result['type'] === 'string') replayed.push({ ...result, type: result['type'] })
}

function isThinking(block: Block): boolean {
  return block.type === 'thinking' || block.type === 'redacted_thinking'
}

/** Anthropic refuses a message that ends in thinking, as one does whose answer was cut there. */
function withoutTrailingThinking(blocks: Block[], notes: Notes): Block[] {
  const end = blocks.findLastIndex((block) => !isThinking(block)) + 1
  if (end === blocks.length) return blocks
  notes.warn('reasoning_details', 'reasoning that nothing follows is not taken back and was left out')
  return blocks.slice(0, end)
}

/** Ids of server tool calls whose result stands in a message of its own, after the call. */
export function resultsBroughtLater(messages: readonly Message[]): ReadonlySet<string> {
  const ids = new Set<string>()
  for (const message of messages) {
    for (const detail of (message.reasoning_details ?? []) as readonly Json[]) {
      if (isObject(detail) && detail['type'] === 'reasoning.server_tool_call' && detail['tool_name'] === '' && typeof detail['tool_call_id'] === 'string') ids.add(detail['tool_call_id'])
    }
  }
  return ids
}
