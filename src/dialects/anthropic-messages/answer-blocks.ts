import type { Event, ReasoningDetail } from '../../core/event.ts'
import { asArray, asObject, asString, isObject, parseObject, type Json, type JsonObject } from '../../core/json.ts'
import { dataFor, isAnthropic, signatureFor } from './seal.ts'
import { BLOCKS_FIELD } from './wire.ts'

/** Takes the blocks of an answer one after another, never two at once. */
export interface BlockSink {
  begin(index: number, block: JsonObject): void
  /** A piece of text, by far the most frequent; `json` is the same as JSON, where it is at hand. */
  text(index: number, text: string, json: string | undefined): void
  delta(index: number, delta: JsonObject): void
  end(index: number): void
}

type ToolEvent = Extract<Event, { type: 'tool' }>

type Open =
  | { readonly kind: 'text' }
  | { readonly kind: 'thinking'; readonly detail: ReasoningDetail; isSaid: boolean }
  | { readonly kind: 'tool'; readonly tool: number; json: string }

/** Says the Events of an answer as content blocks: one open at a time, each with its own number. Streams and replies go this way. */
export class BlockWriter {
  private open: Open | undefined
  private at = 0
  /** Tool calls that were begun, by their own number. */
  private readonly tools = new Set<number>()
  /** Pieces of calls that began within another call, by call: said when that one is over. */
  private waiting = new Map<number, ToolEvent[]>()
  /** Sealed reasoning that came within text: said after it, so that one text stays one block. */
  private later: JsonObject[] = []

  /** `excludeThinking`: what the model thinks is not shown; what it needs back goes out all the same. */
  constructor(private readonly sink: BlockSink, private readonly excludeThinking: boolean) {}

  text(text: string, json: string | undefined): void {
    if (text === '') return
    this.enterText()
    this.sink.text(this.at, text, json)
  }

  /** A citation of the text before it. */
  annotation(annotation: JsonObject): void {
    const citation = citationOf(annotation)
    if (!citation) return
    this.enterText()
    this.sink.delta(this.at, { type: 'citations_delta', citation })
  }

  reasoning(detail: ReasoningDetail): void {
    if (detail.type === 'reasoning.encrypted' || detail.type === 'reasoning.server_tool_call') return this.opaque(detail)
    const text = asString(detail['text'] ?? detail['summary']) ?? ''
    const thinking = this.enterThinking(detail)
    if (text !== '' && !this.excludeThinking) {
      this.sayThinking(thinking)
      this.sink.delta(this.at, { type: 'thinking_delta', thinking: text })
    }
  }

  tool(event: ToolEvent): void {
    const { open, waiting } = this
    if (open?.kind === 'tool' && open.tool === event.index) return this.argue(open, event.arguments)
    const waits = waiting.get(event.index)
    if (waits) {
      waits.push(event)
      return
    }
    // What comes for a call that is over can only be blanks behind its last brace.
    if (this.tools.has(event.index)) return
    this.tools.add(event.index)
    // Providers may begin several calls before they end one; Messages has no two blocks at once.
    if (open?.kind === 'tool' && (waiting.size > 0 || !isWhole(open.json))) {
      waiting.set(event.index, [event])
      return
    }
    this.close()
    const begun: Open = { kind: 'tool', tool: event.index, json: '' }
    this.open = begun
    this.sink.begin(this.at, { type: 'tool_use', id: event.id ?? '', name: event.name ?? '', input: {}, caller: { type: 'direct' } })
    this.argue(begun, event.arguments)
  }

  /** The chat shape's `images` have no block of Anthropic's answers; the block that its requests have says the same. */
  image(url: string): void {
    const data = /^data:([^;,]+);base64,/i.exec(url.slice(0, 128))
    this.whole({ type: 'image', source: data ? { type: 'base64', media_type: data[1], data: url.slice(data[0].length) } : { type: 'url', url } })
  }

  /** Blocks of Anthropic's that came by the chat shape. */
  kept(value: Json): void {
    for (const block of asArray(value) ?? []) if (isObject(block) && block['type'] !== 'tool_use') this.whole(block)
  }

  /** Ends what is open. */
  close(): void {
    const { open } = this
    if (!open) return
    this.open = undefined
    if (open.kind === 'thinking' && !this.sign(open)) return
    this.sink.end(this.at++)
    const { later, waiting } = this
    if (later.length > 0) {
      this.later = []
      for (const block of later) this.whole(block)
    }
    if (waiting.size === 0) return
    this.waiting = new Map()
    for (const pieces of waiting.values()) this.late(pieces)
  }

  private enterText(): void {
    if (this.open?.kind === 'text') return
    this.close()
    this.open = { kind: 'text' }
    this.sink.begin(this.at, { type: 'text', text: '', citations: null })
  }

  /** The block that a piece of thinking belongs to: the open one, if it has the same kind and number and is not signed yet. */
  private enterThinking(piece: ReasoningDetail): Extract<Open, { kind: 'thinking' }> {
    const { text: _text, summary: _summary, ...fields } = piece
    const { open } = this
    if (open?.kind === 'thinking' && open.detail.type === piece.type && open.detail.index === piece.index && !open.detail['signature']) {
      for (const field in fields) if (fields[field] !== null && fields[field] !== undefined) open.detail[field] = fields[field]
      return open
    }
    this.close()
    const begun: Open = { kind: 'thinking', detail: { ...fields, type: piece.type }, isSaid: false }
    this.open = begun
    return begun
  }

  private sayThinking(open: { isSaid: boolean }): void {
    if (open.isSaid) return
    open.isSaid = true
    this.sink.begin(this.at, { type: 'thinking', thinking: '', signature: '' })
  }

  /** The last of a thinking block. False where there is no block: nothing was shown, and nothing need come back. */
  private sign(open: Extract<Open, { kind: 'thinking' }>): boolean {
    const signature = signatureFor(open.detail)
    if (signature === '') return open.isSaid
    this.sayThinking(open)
    this.sink.delta(this.at, { type: 'signature_delta', signature })
    return true
  }

  private opaque(detail: ReasoningDetail): void {
    const result = detail.type === 'reasoning.server_tool_call' && isAnthropic(detail) ? parseObject(asString(detail['result']) ?? '') : undefined
    if (result) return this.serverTool(detail, result)
    const block = { type: 'redacted_thinking', data: dataFor(detail) }
    if (this.open?.kind === 'text' && !isAnthropic(detail)) this.later.push(block)
    else this.whole(block)
  }

  /** A call of one of Anthropic's own tools, with its result. */
  private serverTool(detail: ReasoningDetail, result: JsonObject): void {
    const name = asString(detail['tool_name']) ?? ''
    if (name !== '') {
      const type = typeof detail['server_name'] === 'string' ? 'mcp_tool_use' : 'server_tool_use'
      const more = Object.fromEntries(['server_name', 'caller'].flatMap((field) => (detail[field] === undefined ? [] : [[field, detail[field]]])))
      this.whole({ type, id: detail['tool_call_id'], name, input: parseObject(asString(detail['arguments']) ?? '') ?? {}, ...more })
    }
    this.whole(result)
  }

  private whole(block: JsonObject): void {
    this.close()
    this.sink.begin(this.at, block)
    this.sink.end(this.at++)
  }

  private argue(open: Extract<Open, { kind: 'tool' }>, json: string): void {
    if (json === '') return
    open.json += json
    this.sink.delta(this.at, { type: 'input_json_delta', partial_json: json })
  }

  /** A call that waited, all of it. */
  private late(pieces: readonly ToolEvent[]): void {
    this.sink.begin(this.at, { type: 'tool_use', id: pieces[0]?.id ?? '', name: pieces[0]?.name ?? '', input: {}, caller: { type: 'direct' } })
    const json = pieces.map((piece) => piece.arguments).join('')
    if (json !== '') this.sink.delta(this.at, { type: 'input_json_delta', partial_json: json })
    this.sink.end(this.at++)
  }
}

function isWhole(json: string): boolean {
  try {
    JSON.parse(json)
    return true
  } catch {
    // More of it is to come.
    return false
  }
}

/** The chat shape's annotations as Anthropic's citations; undefined for those that are none. */
function citationOf(annotation: JsonObject): JsonObject | undefined {
  const web = asObject(annotation['url_citation'])
  if (annotation['type'] === 'url_citation' && web) {
    return { type: 'web_search_result_location', url: asString(web['url']) ?? '', title: asString(web['title']) ?? null, cited_text: asString(web['content']) ?? '', encrypted_index: '' }
  }
  const { quote, file_id: id, start_index: _start, end_index: _end, ...place } = asObject(annotation['file_annotation']) ?? {}
  if (!String(place['type'] ?? '').endsWith('_location')) return undefined
  return { ...place, cited_text: quote ?? '', file_id: String(id).startsWith('document_') ? null : id }
}

/** Whether a field of the message is the list that `kept` takes. */
export function isKept(field: string): boolean {
  return field === BLOCKS_FIELD
}
