import type { Event, ReasoningDetail } from '../../core/event.ts'
import { asArray, asObject, asString, isObject, type Json, type JsonObject } from '../../core/json.ts'
import { REASONING_FORMAT } from '../anthropic-messages/wire.ts'
import { UNKNOWN_FORMAT } from './wire.ts'

/** A block that has begun. Text and reasoning begin with their first delta, tools with a start. */
interface OpenBlock {
  readonly kind: 'text' | 'reasoning' | 'tool' | 'serverCall' | 'serverResult' | 'image' | 'other'
  /** Its place among the tool calls, or the reasoning details. */
  readonly at: number
  /** Where in the answer's text it begins. */
  readonly startChars: number
  readonly start: JsonObject
  /** Whether something was said of a tool's arguments; of a server tool and an image, what. */
  said: string
  readonly items: Json[]
}

/** The content of one answer as Events. What came whole and what comes in deltas goes the same way. */
export class BlockReader {
  private readonly open = new Map<number, OpenBlock>()
  private readonly serverCalls = new Map<string, { readonly use: JsonObject; readonly arguments: string }>()
  private textChars = 0
  private details = 0
  tools = 0

  constructor(private readonly isClaude: boolean) {}

  /** A block of a reply that was not streamed. */
  whole(index: number, block: JsonObject, out: Event[]): void {
    const { text, toolUse, toolResult, reasoningContent, image, citationsContent } = block
    if (typeof text === 'string') this.delta(index, { text }, out)
    else if (isObject(toolUse)) {
      this.begin(index, { toolUse }, out)
      this.delta(index, { toolUse: { input: argumentsOf(toolUse['input']) } }, out)
    } else if (isObject(toolResult)) {
      this.begin(index, { toolResult }, out)
      this.delta(index, { toolResult: asArray(toolResult['content']) ?? [] }, out)
    } else if (isObject(reasoningContent)) {
      const said = asObject(reasoningContent['reasoningText'])
      for (const field of ['text', 'signature'] as const) if (typeof said?.[field] === 'string') this.delta(index, { reasoningContent: { [field]: said[field] } }, out)
      if (reasoningContent['redactedContent'] !== undefined) this.delta(index, { reasoningContent }, out)
    } else if (isObject(image)) {
      this.begin(index, { image }, out)
      this.delta(index, { image }, out)
    } else if (isObject(citationsContent)) this.cited(index, citationsContent, out)
    this.end(index, out)
  }

  /** A tool call, a tool's result or an image begins. */
  begin(index: number, start: JsonObject, out: Event[]): void {
    this.end(index, out)
    const toolUse = asObject(start['toolUse'])
    if (toolUse && toolUse['type'] === 'server_tool_use') this.enter(index, 'serverCall', toolUse)
    else if (toolUse) {
      const block = this.enter(index, 'tool', toolUse, this.tools++)
      out.push({ type: 'tool', choice: 0, index: block.at, id: asString(toolUse['toolUseId']) || `tooluse_${block.at}`, name: asString(toolUse['name']) ?? '', arguments: '' })
    } else if (isObject(start['toolResult'])) this.enter(index, 'serverResult', start['toolResult'])
    else if (isObject(start['image'])) this.enter(index, 'image', start['image'])
    else this.enter(index, 'other', start)
  }

  /** A piece of a block. False for one that needed a start and had none. */
  delta(index: number, delta: JsonObject, out: Event[]): boolean {
    const { text, toolUse, toolResult, reasoningContent, image, citation } = delta
    if (typeof text === 'string') this.text(index, text, out)
    else if (isObject(toolUse)) return this.input(index, asString(toolUse['input']) ?? '', out)
    else if (isObject(reasoningContent)) this.reasoning(index, reasoningContent, out)
    else if (Array.isArray(toolResult)) this.open.get(index)?.items.push(...toolResult)
    else if (isObject(citation)) (this.open.get(index) ?? this.enter(index, 'text', {})).items.push(citation)
    else if (isObject(image)) {
      const block = this.open.get(index)
      if (block?.kind === 'image') block.said += asString(asObject(image['source'])?.['bytes']) ?? ''
    }
    return true
  }

  end(index: number, out: Event[]): void {
    const block = this.open.get(index)
    if (!block) return
    this.open.delete(index)
    switch (block.kind) {
      case 'tool':
        if (block.said === '') out.push({ type: 'tool', choice: 0, index: block.at, arguments: '{}' })
        return
      case 'text':
        for (const citation of block.items) if (isObject(citation)) out.push({ type: 'annotation', choice: 0, annotation: annotationOf(citation, block.startChars, this.textChars) })
        return
      case 'serverCall':
        this.serverCalls.set(asString(block.start['toolUseId']) ?? '', { use: block.start, arguments: block.said === '' ? '{}' : block.said })
        return
      case 'serverResult': return this.serverResult(block, out)
      case 'image':
        if (block.said !== '') out.push({ type: 'image', choice: 0, url: `data:image/${asString(block.start['format']) ?? 'png'};base64,${block.said}` })
        return
      default:
    }
  }

  /** The message is over: ends what is open, and says calls of server tools that have no result. */
  finish(out: Event[]): void {
    for (const index of this.open.keys()) this.end(index, out)
    for (const { use, arguments: text } of this.serverCalls.values()) this.serverDetail(use, text, '', out)
    this.serverCalls.clear()
  }

  private enter(index: number, kind: OpenBlock['kind'], start: JsonObject, at = 0): OpenBlock {
    const block: OpenBlock = { kind, at, startChars: this.textChars, start, said: '', items: [] }
    this.open.set(index, block)
    return block
  }

  private text(index: number, text: string, out: Event[]): void {
    if (!this.open.has(index)) this.enter(index, 'text', {})
    if (text === '') return
    this.textChars += text.length
    out.push({ type: 'text', choice: 0, text })
  }

  private input(index: number, input: string, out: Event[]): boolean {
    const block = this.open.get(index)
    if (block?.kind !== 'tool' && block?.kind !== 'serverCall') return false
    if (input === '') return true
    // Of a client's call only whether there was something: the client has the pieces.
    block.said = block.kind === 'tool' ? '…' : block.said + input
    if (block.kind === 'tool') out.push({ type: 'tool', choice: 0, index: block.at, arguments: input })
    return true
  }

  private reasoning(index: number, content: JsonObject, out: Event[]): void {
    const { text, signature, redactedContent } = content
    if (typeof redactedContent === 'string') {
      this.detail({ type: 'reasoning.encrypted', ...this.unsealed(redactedContent), index: this.details++ }, out)
      return
    }
    let block = this.open.get(index)
    if (block?.kind !== 'reasoning') block = this.enter(index, 'reasoning', {}, this.details++)
    const format = this.isClaude ? REASONING_FORMAT : UNKNOWN_FORMAT
    if (typeof text === 'string' && text !== '') this.detail({ type: 'reasoning.text', text, format, index: block.at }, out)
    if (typeof signature === 'string' && signature !== '') this.detail({ type: 'reasoning.text', signature, format, index: block.at }, out)
  }

  /** What Claude hid is a text of Anthropic's that Converse writes in base64: as text, Anthropic itself can read it back too. */
  private unsealed(base64: string): { readonly data: string; readonly format: string } {
    const text = this.isClaude ? Buffer.from(base64, 'base64').toString('latin1') : ''
    return /^[\x21-\x7e]+$/.test(text) ? { data: text, format: REASONING_FORMAT } : { data: base64, format: UNKNOWN_FORMAT }
  }

  private detail(detail: ReasoningDetail, out: Event[]): void {
    out.push({ type: 'reasoning', choice: 0, detail })
  }

  private cited(index: number, content: JsonObject, out: Event[]): void {
    const text = (asArray(content['content']) ?? []).map((piece) => (isObject(piece) ? (asString(piece['text']) ?? '') : '')).join('')
    this.delta(index, { text }, out)
    for (const citation of asArray(content['citations']) ?? []) if (isObject(citation)) this.delta(index, { citation }, out)
  }

  private serverResult(block: OpenBlock, out: Event[]): void {
    const id = asString(block.start['toolUseId']) ?? ''
    const call = this.serverCalls.get(id)
    this.serverCalls.delete(id)
    this.serverDetail(call?.use ?? { toolUseId: id }, call?.arguments ?? '', JSON.stringify({ ...block.start, content: block.items }), out)
  }

  private serverDetail(use: JsonObject, text: string, result: string, out: Event[]): void {
    this.detail({ type: 'reasoning.server_tool_call', tool_name: asString(use['name']) ?? '', arguments: text, result, tool_call_id: asString(use['toolUseId']) ?? '', format: UNKNOWN_FORMAT, index: this.details++ }, out)
  }
}

/** An object as its text; some models give text already. Nothing is nothing, so that the end says `{}`. */
function argumentsOf(input: Json | undefined): string {
  if (typeof input === 'string') return input
  return isObject(input) && Object.keys(input).length > 0 ? JSON.stringify(input) : ''
}

/** A citation of the web as the contract shows it (D4), one of a document as the shape that clients know for files. */
function annotationOf(citation: JsonObject, start: number, end: number): JsonObject {
  const place = { start_index: start, end_index: end }
  const sources = (asArray(citation['sourceContent']) ?? []).map((source) => (isObject(source) ? (asString(source['text']) ?? '') : '')).join('')
  const url = asString(asObject(asObject(citation['location'])?.['web'])?.['url'])
  const title = asString(citation['title']) ?? ''
  if (url !== undefined) return { type: 'url_citation', url_citation: { url, title, content: sources, ...place } }
  return { type: 'file_annotation', file_annotation: { title, quote: sources, ...(isObject(citation['location']) ? { location: citation['location'] } : {}), ...place } }
}
