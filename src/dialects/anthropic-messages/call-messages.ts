import type { Message, Part, ToolCall } from '../../core/call.ts'
import type { ReasoningDetail } from '../../core/event.ts'
import { Fault } from '../../core/fault.ts'
import { asString, isObject, type Json, type JsonObject } from '../../core/json.ts'
import { refuse } from '../openai-chat/check.ts'
import { blocksOf, partsOf, textIn } from './call-blocks.ts'
import { detailOfRedacted, detailOfThinking, type Place } from './seal.ts'
import { REASONING_FORMAT, type Notes } from './wire.ts'

/** `system` and `messages` of a request in the contract's chat shape. Throws the fault that names the block in Anthropic's words. */
export function readMessages(sent: JsonObject, unsaid: Notes): Message[] {
  const messages = sent['messages']
  if (!Array.isArray(messages)) refuse('messages', 'an array of messages', messages)
  if (messages.length === 0) throw new Fault('invalid_request', 'messages: is empty; send at least one message', { metadata: { field: 'messages' } })
  const out: Message[] = []
  if (sent['system'] !== undefined && sent['system'] !== null) addSystem(sent['system'], 'system', out, unsaid)
  let assistant: AssistantTurn | undefined
  messages.forEach((message: unknown, at) => {
    const field = `messages[${at}]`
    if (!isObject(message)) refuse(field, 'an object with role and content', message)
    if (message['role'] === 'assistant') {
      // Two turns of the model's in a row are one: the results of all their calls follow them.
      if (!assistant) out.push((assistant = new AssistantTurn()).message)
      assistant.add(blocksOf(message['content'], `${field}.content`), `${field}.content`, unsaid)
      return
    }
    assistant?.close()
    assistant = undefined
    if (message['role'] === 'user') addUser(message['content'], `${field}.content`, out, unsaid)
    else if (message['role'] === 'system') addSystem(message['content'], `${field}.content`, out, unsaid)
    else refuse(`${field}.role`, 'one of "user", "assistant", "system"', message['role'])
  })
  assistant?.close()
  return out
}

/** Text that needs no parts is a string: not every provider takes parts everywhere. */
function contentOf(parts: readonly Part[]): string | readonly Part[] {
  const [only] = parts
  if (!only) return ''
  return parts.length === 1 && only.type === 'text' && only['cache_control'] === undefined ? (asString(only['text']) ?? '') : parts
}

function addSystem(content: Json | undefined, field: string, out: Message[], unsaid: Notes): void {
  const parts: Part[] = []
  blocksOf(content, field).forEach((block, at) => {
    if (block['type'] === 'text') parts.push(...partsOf(block, `${field}[${at}]`, unsaid))
    else unsaid.warn(`${field}[${at}]`, `a system block of type ${JSON.stringify(block['type'])} is Anthropic's own and was left out`)
  })
  if (parts.some((part) => part['text'] !== '')) out.push({ role: 'system', content: contentOf(parts) })
}

/** A turn of the user: results of tools are messages of their own, and stand before what the user says. */
function addUser(content: Json | undefined, field: string, out: Message[], unsaid: Notes): void {
  const parts: Part[] = []
  let results = 0
  blocksOf(content, field).forEach((block, at) => {
    if (block['type'] !== 'tool_result') return parts.push(...partsOf(block, `${field}[${at}]`, unsaid))
    results++
    return out.push(resultMessage(block, `${field}[${at}]`, unsaid))
  })
  if (parts.length > 0 || results === 0) out.push({ role: 'user', content: contentOf(parts) })
}

function resultMessage(block: JsonObject, field: string, unsaid: Notes): Message {
  const { content, cache_control: mark } = block
  const parts = content === undefined || content === null ? [] : blocksOf(content, `${field}.content`).flatMap((inner, at) => partsOf(inner, `${field}.content[${at}]`, unsaid))
  return {
    role: 'tool', tool_call_id: textIn(block, 'tool_use_id', field), content: contentOf(parts),
    ...(block['is_error'] === true ? { is_error: true } : {}),
    ...(mark === undefined || mark === null ? {} : { cache_control: mark }),
  }
}

/** A turn of the model's, as it grows block by block. */
class AssistantTurn {
  readonly message: Message = { role: 'assistant', content: '' }
  private readonly parts: Part[] = []
  private readonly details: ReasoningDetail[] = []
  private readonly calls: ToolCall[] = []
  private readonly images: JsonObject[] = []
  /** The first index of the details of the message that is being read. */
  private from = 0
  /** Calls of Anthropic's own tools that wait for their results, by id. */
  private readonly serverCalls = new Map<string, JsonObject>()

  add(blocks: readonly JsonObject[], field: string, unsaid: Notes): void {
    this.from = this.details.reduce((next, detail) => Math.max(next, (detail.index ?? 0) + 1), 0)
    blocks.forEach((block, at) => this.block(block, `${field}[${at}]`, unsaid))
  }

  close(): void {
    for (const use of this.serverCalls.values()) this.details.push(serverDetail(use, undefined, this.details.length))
    const { message, parts, details, calls, images } = this
    const isPlain = parts.every((part) => part['cache_control'] === undefined)
    message.content = parts.length === 0 ? (calls.length > 0 ? null : '') : isPlain ? parts.map((part) => part['text']).join('') : parts
    if (details.length > 0) message.reasoning_details = details
    if (calls.length > 0) message.tool_calls = calls
    if (images.length > 0) message['images'] = images
  }

  private block(block: JsonObject, field: string, unsaid: Notes): void {
    const type = block['type']
    switch (type) {
      case 'text':
        this.parts.push(...partsOf(block, field, unsaid))
        return
      case 'thinking':
        this.details.push(detailOfThinking(textIn(block, 'thinking', field), asString(block['signature']) ?? '', this.place()))
        return
      case 'redacted_thinking': return this.redacted(textIn(block, 'data', field))
      case 'tool_use':
        this.calls.push({ id: textIn(block, 'id', field), type: 'function', function: { name: textIn(block, 'name', field), arguments: JSON.stringify(block['input'] ?? {}) } })
        return
      case 'server_tool_use': case 'mcp_tool_use':
        this.serverCalls.set(textIn(block, 'id', field), block)
        return
      // A model's picture, as our own writer says it.
      case 'image':
        this.images.push(...partsOf(block, field, unsaid).filter((part) => part.type === 'image_url'))
        return
      // It stands for all that was said before it.
      case 'compaction':
        if (typeof block['content'] === 'string') this.parts.push({ type: 'text', text: block['content'] })
        return
      default:
        if (typeof type === 'string' && type.endsWith('_tool_result')) return this.serverResult(block, field)
        unsaid.warn(field, `content of type ${JSON.stringify(type)} is Anthropic's own and was left out`)
    }
  }

  private redacted(data: string): void {
    const detail = detailOfRedacted(data, this.place())
    if (detail) this.details.push(detail)
  }

  private place(): Place {
    return { at: Math.max(this.from, this.details.length), from: this.from }
  }

  private serverResult(block: JsonObject, field: string): void {
    const id = textIn(block, 'tool_use_id', field)
    const use = this.serverCalls.get(id)
    this.serverCalls.delete(id)
    this.details.push(serverDetail(use ?? { id, name: '' }, block, this.details.length))
  }
}

/** A call of a server tool with its result, as `BlockReader` reads it from an answer. */
function serverDetail(use: JsonObject, result: JsonObject | undefined, index: number): ReasoningDetail {
  return {
    type: 'reasoning.server_tool_call', tool_name: asString(use['name']) ?? '', arguments: JSON.stringify(use['input'] ?? {}), result: result === undefined ? '' : JSON.stringify(result),
    tool_call_id: asString(use['id']) ?? '', format: REASONING_FORMAT, index,
    ...(use['server_name'] === undefined ? {} : { server_name: use['server_name'] }),
    ...(use['caller'] === undefined ? {} : { caller: use['caller'] }),
  }
}
