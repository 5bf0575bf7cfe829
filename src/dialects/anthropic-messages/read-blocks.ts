import type { Event } from '../../core/event.ts'
import { asArray, asString, isObject, type Json, type JsonObject } from '../../core/json.ts'
import { signedBy } from '../signer.ts'
import { BLOCKS_FIELD, OTHER_FORMAT, REASONING_FORMAT } from './wire.ts'

type Kind = 'text' | 'thinking' | 'tool' | 'server' | 'other'

/** A block that has begun. */
interface OpenBlock {
  readonly kind: Kind
  readonly start: JsonObject
  /** Its place among the reasoning details or the tool calls. */
  readonly at: number
  /** Text: where in the message it begins. */
  readonly startChars: number
  /** Tools: pieces of their arguments so far. Other blocks: what their deltas said. */
  said: string
  /** The arguments came whole at the start. */
  whole: boolean
  citations: JsonObject[] | undefined
}

/** A call of one of Anthropic's own tools, waiting for its result. */
interface ServerCall { readonly use: JsonObject; arguments: string }

/** The content of one answer as Events. Blocks that came whole and blocks that come in deltas go the same way. */
export class BlockReader {
  private readonly open = new Map<number, OpenBlock>()
  /** Places of blocks that were told to have ended. */
  private readonly ended = new Set<number>()
  private readonly serverCalls = new Map<string, ServerCall>()
  /** Blocks that the contract has no place for, kept so that the client can send them back. */
  private readonly kept: JsonObject[] = []
  /** UTF-16 units of text so far: citations are places in the joined text of all blocks. */
  private textChars = 0
  private details = 0
  tools = 0
  private readonly format: string

  /** `signer`: who signs these blocks; undefined where it is Anthropic. */
  constructor(private readonly signer?: string) {
    this.format = signer === undefined ? REASONING_FORMAT : OTHER_FORMAT
  }

  /** A block begins, or in a reply that is not streamed: is there. False when it is no block. */
  begin(index: number, block: Json | undefined, out: Event[]): boolean {
    if (!isObject(block)) return false
    // A provider that leaves out the end of a block means it when the next one begins.
    if (this.open.has(index)) this.end(index, out)
    this.ended.delete(index)
    switch (block['type']) {
      case 'text':
        this.enter(index, 'text', block, 0).citations = citationsOf(block)
        this.text(block['text'], out)
        return true
      case 'thinking':
        this.enter(index, 'thinking', block, this.details++)
        this.thinking(index, asString(block['thinking']), asString(block['signature']), out)
        return true
      case 'redacted_thinking':
        out.push({ type: 'reasoning', choice: 0, detail: { type: 'reasoning.encrypted', data: asString(block['data']) ?? '', format: this.format, index: this.details++ } })
        return true
      case 'tool_use':
        this.beginTool(index, block, out)
        return true
      case 'server_tool_use': case 'mcp_tool_use':
        this.enter(index, 'server', block, 0).whole = hasInput(block)
        return true
      default:
        if (typeof block['type'] === 'string' && block['type'].endsWith('_tool_result')) this.serverResult(block, out)
        else this.enter(index, 'other', block, 0)
        return true
    }
  }

  /** A block began there and has ended: nothing of it can follow. */
  hasEnded(index: number): boolean {
    return this.ended.has(index)
  }

  text(text: unknown, out: Event[]): void {
    if (typeof text !== 'string' || text === '') return
    this.textChars += text.length
    out.push({ type: 'text', choice: 0, text })
  }

  /** A piece of thinking or its signature. False when no thinking is open there. */
  thinking(index: number, text: string | undefined, signature: string | undefined, out: Event[]): boolean {
    const block = this.open.get(index)
    if (block?.kind !== 'thinking') return false
    if (text) out.push({ type: 'reasoning', choice: 0, detail: { type: 'reasoning.text', text, format: this.format, index: block.at } })
    // The signature comes in a detail of its own, also when there is no text to sign.
    if (signature) out.push({ type: 'reasoning', choice: 0, detail: { type: 'reasoning.text', signature, format: this.format, index: block.at } })
    return true
  }

  /** A piece of a tool's arguments. False when no tool is open there. */
  input(index: number, json: unknown, out: Event[]): boolean {
    const block = this.open.get(index)
    if (!block || (block.kind !== 'tool' && block.kind !== 'server')) return false
    if (typeof json !== 'string' || json === '' || block.whole) return true
    if (block.kind === 'server') {
      block.said += json
      return true
    }
    // Only whether there was something: the client has the pieces.
    block.said = '…'
    out.push({ type: 'tool', choice: 0, index: block.at, arguments: json })
    return true
  }

  /** It may come before the text that it supports; it is said when its block ends. */
  citation(index: number, citation: Json | undefined): void {
    const block = this.open.get(index)
    if (block && isObject(citation)) (block.citations ??= []).push(citation)
  }

  /** The delta of a block that we only keep (`compaction`). */
  keep(index: number, delta: JsonObject): void {
    const block = this.open.get(index)
    if (block?.kind === 'other' && typeof delta['content'] === 'string') block.said += delta['content']
  }

  end(index: number, out: Event[]): void {
    const block = this.open.get(index)
    if (!block) return
    this.open.delete(index)
    this.ended.add(index)
    switch (block.kind) {
      case 'text': return this.endText(block, out)
      case 'tool':
        if (block.said === '') out.push({ type: 'tool', choice: 0, index: block.at, arguments: '{}' })
        return
      case 'server': return this.endServerUse(block)
      case 'other':
        this.kept.push(block.said === '' ? block.start : { ...block.start, content: (asString(block.start['content']) ?? '') + block.said })
        return
      default:
    }
  }

  /** The message is over: ends what is open, and says what was kept. */
  finish(out: Event[]): void {
    for (const index of this.open.keys()) this.end(index, out)
    for (const call of this.serverCalls.values()) this.serverDetail(call, '', out)
    this.serverCalls.clear()
    if (this.kept.length > 0) out.push({ type: 'extra', choice: 0, field: BLOCKS_FIELD, value: this.kept })
  }

  private enter(index: number, kind: Kind, start: JsonObject, at: number): OpenBlock {
    const block: OpenBlock = { kind, start, at, startChars: this.textChars, said: '', whole: false, citations: undefined }
    this.open.set(index, block)
    return block
  }

  private beginTool(index: number, block: JsonObject, out: Event[]): void {
    const at = this.tools++
    const opened = this.enter(index, 'tool', block, at)
    opened.whole = hasInput(block)
    const whole = opened.whole ? JSON.stringify(block['input']) : ''
    opened.said = whole
    out.push({ type: 'tool', choice: 0, index: at, id: asString(block['id']) ?? `toolu_${at}`, name: asString(block['name']) ?? '', arguments: whole })
    const { caller } = block
    // A call made from within code must go back with its caller.
    if (isObject(caller) && caller['type'] !== 'direct') this.kept.push({ type: 'tool_use', id: block['id'], caller })
  }

  private endText(block: OpenBlock, out: Event[]): void {
    if (!block.citations) return
    for (const citation of block.citations) out.push({ type: 'annotation', choice: 0, annotation: annotationOf(citation, block.startChars, this.textChars) })
  }

  private endServerUse(block: OpenBlock): void {
    const id = asString(block.start['id']) ?? ''
    this.serverCalls.set(id, { use: block.start, arguments: block.whole ? JSON.stringify(block.start['input']) : block.said })
  }

  /** A result stands for itself when its call was in the turn before. */
  private serverResult(result: JsonObject, out: Event[]): void {
    const id = asString(result['tool_use_id']) ?? ''
    const call = this.serverCalls.get(id)
    this.serverCalls.delete(id)
    this.serverDetail(call ?? { use: { id, name: '' }, arguments: '' }, JSON.stringify(result), out)
  }

  private serverDetail(call: ServerCall, result: string, out: Event[]): void {
    const { use } = call
    const name = asString(use['name']) ?? ''
    out.push({
      type: 'reasoning', choice: 0,
      detail: {
        type: 'reasoning.server_tool_call', tool_name: name, arguments: call.arguments === '' && name !== '' ? '{}' : call.arguments, result,
        tool_call_id: asString(use['id']) ?? '', format: this.format, index: this.details++,
        // Nothing in it is signed, so its id says whose it is.
        ...(this.signer === undefined ? {} : { id: signedBy(this.signer, asString(use['id']) ?? '') }),
        ...(use['server_name'] === undefined ? {} : { server_name: use['server_name'] }),
        ...(use['caller'] === undefined ? {} : { caller: use['caller'] }),
      },
    })
  }
}

function hasInput(block: JsonObject): boolean {
  return isObject(block['input']) && Object.keys(block['input']).length > 0
}

function citationsOf(block: JsonObject): JsonObject[] | undefined {
  const citations = asArray(block['citations'])?.filter(isObject)
  return citations && citations.length > 0 ? citations : undefined
}

/** A citation of the web as the contract shows it (D4), one of a document as the shape that clients know for files. */
function annotationOf(citation: JsonObject, start: number, end: number): JsonObject {
  const place = { start_index: start, end_index: end }
  const url = asString(citation['url']) ?? asString(citation['source'])
  const content = asString(citation['cited_text']) ?? ''
  if (url !== undefined) return { type: 'url_citation', url_citation: { url, title: asString(citation['title']) ?? '', content, ...place } }
  const { cited_text: _text, ...rest } = citation
  const id = asString(citation['file_id']) ?? `document_${String(citation['document_index'] ?? 0)}`
  return { type: 'file_annotation', file_annotation: { ...rest, file_id: id, quote: content, ...place } }
}
