import type { Event, ReasoningDetail } from '../../core/event.ts'
import { asArray, asObject, asString, isObject, type Json, type JsonObject } from '../../core/json.ts'
import { citationsOf } from './citations.ts'
import { finishReason, spoilsCalls } from './finish.ts'
import { readLogprobs } from './logprobs.ts'
import { PartialArguments } from './partial-arguments.ts'
import { serverResultIn, serverToolDetail, serverToolIn, type ServerTool } from './server-tools.ts'
import { emptyTextId, imageId, resultId } from './signatures.ts'
import { either, FORMAT, mintId } from './wire.ts'

/** A function call whose arguments may still come. */
interface ToolCall {
  readonly id: string
  readonly name: string
  /** Of the Event; undefined while it is held back. */
  readonly index: number | undefined
  readonly partial: PartialArguments | undefined
}

/** A call of a function that was never declared: handed out only when the turn ends well. */
interface HeldCall { readonly call: ToolCall; arguments: string; readonly signature: string | undefined }

/** What is known of the answer as a whole. */
export interface AnswerContext {
  readonly responseId: string
  /** True for the name of a function that the call declared, or may have. */
  declares(name: string): boolean
}

/** One candidate, as its chunks come. */
export class Candidate {
  /** Gemini said why it finished. Early models say so with every chunk, so nothing ends before the stream does. */
  ended = false
  private native: string | null = null
  private finishMessage: string | undefined
  /** The answer so far, for the offsets of citations. */
  private text = ''
  private groundings: JsonObject[] | undefined
  private tools = 0
  private images = 0
  private open: ToolCall | undefined
  private held: HeldCall[] | undefined
  private ids: Set<string> | undefined
  private serverTool: ServerTool | undefined
  /** Index of the next reasoning detail, and whether thought text is being appended to the one before it. */
  private details = 0
  private inThought = false

  constructor(private readonly choice: number, private readonly answer: AnswerContext) {}

  /** Adds what a chunk says of this candidate. */
  take(chunk: JsonObject, out: Event[]): void {
    if (typeof chunk['finishReason'] === 'string' && chunk['finishReason'] !== '') {
      this.ended = true
      this.native = chunk['finishReason']
      this.finishMessage = asString(chunk['finishMessage'])
    }
    const content = chunk['content']
    const parts = isObject(content) ? content['parts'] : undefined
    if (Array.isArray(parts)) for (const part of parts) if (isObject(part)) this.part(part, out)
    const grounding = chunk['groundingMetadata']
    if (isObject(grounding)) (this.groundings ??= []).push(grounding)
    const logprobs = chunk['logprobsResult']
    if (isObject(logprobs)) out.push({ type: 'logprobs', choice: this.choice, logprobs: readLogprobs(logprobs) })
  }

  /** Adds what can be said only at the end: what was held back, citations, and the finish. */
  end(out: Event[]): void {
    const reason = finishReason(this.native, this.tools > 0)
    this.closeCall(out)
    this.closeServerTool('', out)
    if (!spoilsCalls(this.native) && reason !== 'error') for (const held of this.held ?? []) this.release(held, out)
    if (this.groundings) for (const annotation of citationsOf(this.text, this.groundings)) out.push({ type: 'annotation', choice: this.choice, annotation })
    if (reason === 'content_filter' && this.finishMessage) out.push({ type: 'refusal', choice: this.choice, text: this.finishMessage })
    out.push({ type: 'finish', choice: this.choice, reason: finishReason(this.native, this.tools > 0), native: this.native })
  }

  private part(part: JsonObject, out: Event[]): void {
    const sent = either(part, 'thoughtSignature', 'thought_signature')
    const signature = typeof sent === 'string' && sent !== '' ? sent : undefined
    const { text } = part
    if (typeof text === 'string') return part['thought'] === true ? this.thought(text, signature, out) : this.said(text, signature, out)
    const call = part['functionCall']
    if (isObject(call)) return this.functionCall(call, signature, out)
    const data = part['inlineData']
    if (isObject(data)) return this.inline(data, signature, out)
    const tool = serverToolIn(part)
    if (tool) return this.callServerTool(tool, signature, out)
    const result = serverResultIn(part)
    if (result !== undefined) return this.closeServerTool(result, out, signature)
    if (signature !== undefined) this.sign(emptyTextId(this.answer.responseId), signature, out)
  }

  private said(text: string, signature: string | undefined, out: Event[]): void {
    if (text !== '') {
      this.text += text
      this.inThought = false
      out.push({ type: 'text', choice: this.choice, text })
    }
    if (signature !== undefined) this.sign(text === '' ? emptyTextId(this.answer.responseId) : undefined, signature, out)
  }

  private thought(text: string, signature: string | undefined, out: Event[]): void {
    if (text === '' && signature === undefined) return
    if (!this.inThought) this.details++
    this.inThought = signature === undefined
    const detail: ReasoningDetail = { type: 'reasoning.text', text, format: FORMAT, index: this.details - 1 }
    if (signature !== undefined) detail['signature'] = signature
    out.push({ type: 'reasoning', choice: this.choice, detail })
  }

  private sign(id: string | undefined, data: string, out: Event[]): void {
    const detail: ReasoningDetail = { type: 'reasoning.encrypted', data, format: FORMAT, index: this.nextDetail() }
    if (id !== undefined) detail['id'] = id
    out.push({ type: 'reasoning', choice: this.choice, detail })
  }

  private nextDetail(): number {
    this.inThought = false
    return this.details++
  }

  private inline(data: JsonObject, signature: string | undefined, out: Event[]): void {
    const mimeType = asString(either(data, 'mimeType', 'mime_type')) ?? ''
    const base64 = asString(data['data']) ?? ''
    if (mimeType.startsWith('audio/')) out.push({ type: 'extra', choice: this.choice, field: 'audio', value: { data: base64, format: mimeType } })
    else {
      out.push({ type: 'image', choice: this.choice, url: `data:${mimeType};base64,${base64}` })
      this.images++
    }
    if (signature !== undefined) this.sign(imageId(this.answer.responseId, this.images - 1), signature, out)
  }

  private functionCall(call: JsonObject, signature: string | undefined, out: Event[]): void {
    const name = asString(call['name']) ?? ''
    const id = asString(call['id'])
    const continues = this.open !== undefined && (name === '' || (id !== undefined && id === this.open.id))
    if (continues) return this.continueCall(call, out)
    this.closeCall(out)
    if (name === '' || spoilsCalls(this.native)) return
    const pieces = asArray(call['partialArgs'])
    const isPartial = pieces !== undefined || call['willContinue'] === true
    const declared = this.answer.declares(name)
    const opened: ToolCall = { id: this.ownId(id), name, index: declared ? this.tools++ : undefined, partial: isPartial ? new PartialArguments() : undefined }
    const text = opened.partial ? opened.partial.add(pieces ?? []) : JSON.stringify(asObject(call['args']) ?? {})
    if (declared) {
      if (signature !== undefined) this.sign(opened.id, signature, out)
      out.push({ type: 'tool', choice: this.choice, index: this.tools - 1, id: opened.id, name, arguments: text })
    } else (this.held ??= []).push({ call: opened, arguments: text, signature })
    this.open = opened.partial && opened
    if (call['willContinue'] !== true) this.closeCall(out)
  }

  private continueCall(call: JsonObject, out: Event[]): void {
    const pieces = asArray(call['partialArgs'])
    // `functionCall` asks only with a call open, and an open call has partial arguments.
    if (pieces) this.moreArguments(this.open?.partial?.add(pieces) ?? '', out)
    if (call['willContinue'] !== true) this.closeCall(out)
  }

  private closeCall(out: Event[]): void {
    const { open } = this
    if (!open) return
    this.moreArguments(open.partial?.end() ?? '', out)
    this.open = undefined
  }

  private moreArguments(text: string, out: Event[]): void {
    const { open } = this
    if (!open || text === '') return
    const held = open.index === undefined ? this.held?.at(-1) : undefined
    if (held) held.arguments += text
    else if (open.index !== undefined) out.push({ type: 'tool', choice: this.choice, index: open.index, arguments: text })
  }

  /** The id that Gemini gave; ours where it gave none, or one that an earlier call has. */
  private ownId(id: string | undefined): string {
    const ids = (this.ids ??= new Set())
    const own = id && !ids.has(id) ? id : mintId()
    ids.add(own)
    return own
  }

  private release(held: HeldCall, out: Event[]): void {
    const { id, name } = held.call
    if (held.signature !== undefined) this.sign(id, held.signature, out)
    out.push({ type: 'tool', choice: this.choice, index: this.tools++, id, name, arguments: held.arguments })
  }

  private callServerTool(tool: ServerTool, signature: string | undefined, out: Event[]): void {
    this.closeServerTool('', out)
    this.serverTool = tool
    if (signature !== undefined) this.sign(tool.id, signature, out)
  }

  /** Says the run of the server tool whose call came before; a result without a call is not said. */
  private closeServerTool(result: string, out: Event[], signature?: string): void {
    const tool = this.serverTool
    if (!tool) return
    this.serverTool = undefined
    out.push({ type: 'reasoning', choice: this.choice, detail: serverToolDetail(tool, result, this.nextDetail()) })
    if (signature !== undefined) this.sign(resultId(tool.id), signature, out)
  }
}

/** Which choice a candidate belongs to: its index, or its place in the list where it says none. */
export function choiceOf(candidate: Json, at: number): number {
  const index = isObject(candidate) ? candidate['index'] : undefined
  return typeof index === 'number' && Number.isInteger(index) && index >= 0 && index < 128 ? index : Math.min(at, 127)
}
