import type { Call } from '../../core/call.ts'
import type { Event, ReasoningDetail } from '../../core/event.ts'
import { asString, type Json, type JsonObject } from '../../core/json.ts'
import { foldDetail } from '../fold.ts'
import { responsesAnnotation } from './annotation.ts'
import { continues, opaqueFields } from './thought-write.ts'
import { CustomInput } from './custom-input.ts'
import { customNames } from './tools-read.ts'
import { itemId } from './wire.ts'

/** Says one event of the stream. The number of the event is put in by whoever sends it. */
export type Say = (type: string, fields: JsonObject) => void

/** A part of a message that is being written. */
interface OpenPart { readonly type: 'output_text' | 'refusal'; text: string; readonly annotations: JsonObject[]; readonly logprobs: Json[] }
interface OpenMessage { readonly kind: 'message'; readonly at: number; readonly id: string; readonly parts: OpenPart[] }
interface OpenThought { readonly kind: 'reasoning'; readonly at: number; readonly id: string; readonly details: ReasoningDetail[]; summary: string | undefined; text: string | undefined }
interface OpenCall { readonly at: number; readonly id: string; readonly callId: string; readonly name: string; readonly custom: CustomInput | undefined; arguments: string }

/**
 * An answer's Events as output items, and the events of a stream that tell of their growth. The one path of both: a
 * reply that is not streamed is these items, without the telling.
 */
export class Output {
  readonly items: JsonObject[] = []
  private open: OpenMessage | OpenThought | undefined
  private readonly calls: (OpenCall | undefined)[] = []
  private readonly custom: ReadonlySet<string>
  private readonly encrypted: boolean
  private readonly hidesReasoning: boolean

  constructor(call: Call, private readonly say: Say) {
    const include = call.native?.['include']
    this.custom = customNames(call.native)
    this.encrypted = Array.isArray(include) && include.includes('reasoning.encrypted_content')
    this.hidesReasoning = call.reasoning.exclude
  }

  event(event: Event): void {
    switch (event.type) {
      case 'text': if (event.text !== '') this.text('output_text', event.text); return
      case 'refusal': if (event.text !== '') this.text('refusal', event.text); return
      case 'reasoning': if (!this.hidesReasoning) this.thought(event.detail); return
      case 'tool': return this.tool(event)
      case 'annotation': return this.annotation(event.annotation)
      case 'logprobs': return this.logprobs(event.logprobs)
      case 'image': return this.image(event.url)
      default:
    }
  }

  /** The answer is over: ends what is open. `status` is that of the last item: `incomplete` when the answer was cut short. */
  finish(status: 'completed' | 'incomplete'): void {
    this.close(this.calls.length === 0 ? status : 'completed')
    const open = this.calls.filter((call) => call !== undefined)
    for (const [at, call] of open.entries()) this.closeCall(call, at === open.length - 1 ? status : 'completed')
    this.calls.length = 0
  }

  private add(item: JsonObject): number {
    const at = this.items.push(item) - 1
    this.say('response.output_item.added', { output_index: at, item })
    return at
  }

  private done(at: number, item: JsonObject): void {
    this.items[at] = item
    this.say('response.output_item.done', { output_index: at, item })
  }

  private text(type: OpenPart['type'], text: string): void {
    const message = this.message()
    let part = message.parts.at(-1)
    if (part?.type !== type) {
      if (part) this.closePart(message, part)
      part = this.openPart(message, type)
    }
    part.text += text
    const place = { item_id: message.id, output_index: message.at, content_index: message.parts.length - 1 }
    if (type === 'output_text') this.say('response.output_text.delta', { ...place, delta: text, logprobs: [] })
    else this.say('response.refusal.delta', { ...place, delta: text })
  }

  private message(): OpenMessage {
    if (this.open?.kind === 'message') return this.open
    this.close('completed')
    const id = itemId('msg')
    const message: OpenMessage = { kind: 'message', id, parts: [], at: this.add({ id, type: 'message', role: 'assistant', status: 'in_progress', content: [] }) }
    this.open = message
    return message
  }

  private openPart(message: OpenMessage, type: OpenPart['type']): OpenPart {
    const part: OpenPart = { type, text: '', annotations: [], logprobs: [] }
    const content_index = message.parts.push(part) - 1
    this.say('response.content_part.added', { item_id: message.id, output_index: message.at, content_index, part: partBody(part) })
    return part
  }

  private closePart(message: OpenMessage, part: OpenPart): void {
    const place = { item_id: message.id, output_index: message.at, content_index: message.parts.indexOf(part) }
    if (part.type === 'output_text') this.say('response.output_text.done', { ...place, text: part.text, logprobs: part.logprobs })
    else this.say('response.refusal.done', { ...place, refusal: part.text })
    this.say('response.content_part.done', { ...place, part: partBody(part) })
  }

  private annotation(annotation: JsonObject): void {
    const message = this.message()
    const part = message.parts.findLast((one) => one.type === 'output_text') ?? this.openPart(message, 'output_text')
    const said = responsesAnnotation(annotation, part.text.length)
    if (!said) return
    const annotation_index = part.annotations.push(said) - 1
    this.say('response.output_text.annotation.added', { item_id: message.id, output_index: message.at, content_index: message.parts.indexOf(part), annotation_index, annotation: said })
  }

  /** They come after their text: the whole part has them, its deltas have not. */
  private logprobs(logprobs: JsonObject): void {
    if (this.open?.kind !== 'message' || !Array.isArray(logprobs['content'])) return
    this.open.parts.findLast((part) => part.type === 'output_text')?.logprobs.push(...logprobs['content'])
  }

  private thought(detail: ReasoningDetail): void {
    const thought = this.open?.kind === 'reasoning' && continues(this.open.details, detail) ? this.open : this.openThought(detail)
    foldDetail(thought.details, detail)
    const place = { item_id: thought.id, output_index: thought.at }
    const summary = detail.type === 'reasoning.summary' ? asString(detail['summary']) : undefined
    const text = detail.type === 'reasoning.text' ? asString(detail['text']) : undefined
    if (summary) {
      if (thought.summary === undefined) this.say('response.reasoning_summary_part.added', { ...place, summary_index: 0, part: { type: 'summary_text', text: '' } })
      thought.summary = (thought.summary ?? '') + summary
      this.say('response.reasoning_summary_text.delta', { ...place, summary_index: 0, delta: summary })
    }
    if (text) {
      if (thought.text === undefined) this.say('response.content_part.added', { ...place, content_index: 0, part: { type: 'reasoning_text', text: '' } })
      thought.text = (thought.text ?? '') + text
      this.say('response.reasoning_text.delta', { ...place, content_index: 0, delta: text })
    }
  }

  private openThought(detail: ReasoningDetail): OpenThought {
    this.close('completed')
    const own = asString(detail['id'])
    // Ids of other providers' details name other things (a tool call, a part).
    const id = own?.startsWith('rs_') && !this.items.some((item) => item['id'] === own) ? own : itemId('rs')
    const thought: OpenThought = { kind: 'reasoning', id, details: [], summary: undefined, text: undefined, at: this.add({ id, type: 'reasoning', status: 'in_progress', summary: [] }) }
    this.open = thought
    return thought
  }

  private closeThought(thought: OpenThought, status: string): void {
    const { id, at, summary, text } = thought
    const place = { item_id: id, output_index: at }
    if (summary !== undefined) {
      this.say('response.reasoning_summary_text.done', { ...place, summary_index: 0, text: summary })
      this.say('response.reasoning_summary_part.done', { ...place, summary_index: 0, part: { type: 'summary_text', text: summary } })
    }
    if (text !== undefined) {
      this.say('response.reasoning_text.done', { ...place, content_index: 0, text })
      this.say('response.content_part.done', { ...place, content_index: 0, part: { type: 'reasoning_text', text } })
    }
    this.done(at, {
      id, type: 'reasoning', status, summary: summary === undefined ? [] : [{ type: 'summary_text', text: summary }],
      ...(text === undefined ? {} : { content: [{ type: 'reasoning_text', text }] }), ...opaqueFields(thought.details, this.encrypted),
    })
  }

  /** Ends the message or the thought that is open: something else begins, or nothing more comes. */
  private close(status: 'completed' | 'incomplete'): void {
    const { open } = this
    this.open = undefined
    if (open?.kind === 'reasoning') return this.closeThought(open, status)
    if (!open) return
    const last = open.parts.at(-1)
    if (last) this.closePart(open, last)
    this.done(open.at, { id: open.id, type: 'message', role: 'assistant', status, content: open.parts.map(partBody) })
  }

  private tool(event: Extract<Event, { type: 'tool' }>): void {
    const call = this.calls[event.index] ?? this.openCall(event)
    if (event.arguments === '') return
    call.arguments += event.arguments
    const place = { item_id: call.id, output_index: call.at }
    if (!call.custom) return this.say('response.function_call_arguments.delta', { ...place, delta: event.arguments })
    const delta = call.custom.add(event.arguments)
    if (delta !== '') this.say('response.custom_tool_call_input.delta', { ...place, delta })
  }

  private openCall(event: Extract<Event, { type: 'tool' }>): OpenCall {
    this.close('completed')
    const name = event.name ?? ''
    const custom = this.custom.has(name)
    const id = itemId(custom ? 'ctc' : 'fc')
    const callId = event.id ?? itemId('call')
    const item: JsonObject = custom ? { id, type: 'custom_tool_call', call_id: callId, name, input: '' } : { id, type: 'function_call', status: 'in_progress', call_id: callId, name, arguments: '' }
    const call: OpenCall = { id, callId, name, custom: custom ? new CustomInput() : undefined, arguments: '', at: this.add(item) }
    this.calls[event.index] = call
    return call
  }

  private closeCall(call: OpenCall, status: string): void {
    const { id, at, callId, name } = call
    const place = { item_id: id, output_index: at }
    if (call.custom) {
      const { input, rest } = call.custom.end(call.arguments)
      if (rest !== '') this.say('response.custom_tool_call_input.delta', { ...place, delta: rest })
      this.say('response.custom_tool_call_input.done', { ...place, input })
      return this.done(at, { id, type: 'custom_tool_call', call_id: callId, name, input })
    }
    const args = call.arguments.trim() || '{}'
    this.say('response.function_call_arguments.done', { ...place, name, arguments: args })
    this.done(at, { id, type: 'function_call', status, call_id: callId, name, arguments: args })
  }

  private image(url: string): void {
    this.close('completed')
    const id = itemId('ig')
    const at = this.add({ id, type: 'image_generation_call', status: 'in_progress', result: null })
    const place = { item_id: id, output_index: at }
    this.say('response.image_generation_call.completed', place)
    this.done(at, { id, type: 'image_generation_call', status: 'completed', result: /^data:[^,]*;base64,/.test(url) ? url.slice(url.indexOf(',') + 1) : url })
  }
}

function partBody(part: OpenPart): JsonObject {
  return part.type === 'refusal' ? { type: 'refusal', refusal: part.text } : { type: 'output_text', text: part.text, annotations: part.annotations, logprobs: part.logprobs }
}
