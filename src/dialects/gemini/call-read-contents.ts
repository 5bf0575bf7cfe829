import type { Message, Part as ChatPart, ToolCall, Warning } from '../../core/call.ts'
import type { ReasoningDetail } from '../../core/event.ts'
import { Fault } from '../../core/fault.ts'
import { asObject, asString, isObject, type Json, type JsonObject } from '../../core/json.ts'
import { refuse } from '../openai-chat/check.ts'
import { chatMedia } from './call-read-media.ts'
import { packetIn } from './packet.ts'
import { serverResultIn, serverToolDetail, serverToolIn, type ServerTool } from './server-tools.ts'
import { emptyTextId, imageId, resultId } from './signatures.ts'
import { either, FORMAT, repeated } from './wire.ts'

/** What a part says beside its data; some clients give it a part of its own. */
const ASIDE = new Set(['videoMetadata', 'video_metadata', 'mediaResolution', 'media_resolution', 'partMetadata', 'part_metadata'])

/** A call that waits for its result. */
interface Asked { readonly id: string; readonly name: string; answered: boolean }

/** What a run of turns of the model says, which is one message of the assistant. */
interface Said {
  readonly texts: string[]
  readonly calls: ToolCall[]
  readonly images: JsonObject[]
  readonly details: ReasoningDetail[]
  extra: JsonObject
  /** A packet has the thoughts of this message as they were: those in its parts are a copy. */
  hasPacket: boolean
  serverTool: ServerTool | undefined
}

/** Reads `systemInstruction` and `contents` as messages. Throws Fault naming the place: `contents[2].parts[0].inlineData`. */
export class ContentsReader {
  readonly messages: Message[] = []
  /** Calls by id; of two with one id the later. */
  private readonly asked = new Map<string, Asked>()
  /** Calls of each function, the oldest first; those that were answered go when it is their turn. */
  private readonly waiting = new Map<string, Asked[]>()
  private said: Said | undefined

  constructor(private readonly unsaid: Warning[]) {}

  instruct(instruction: Json | undefined, field: string): void {
    if (instruction === undefined || instruction === null) return
    const texts = typeof instruction === 'string' ? [instruction] : partsOf(instruction, field).map((part, at) => {
      const text = asString(part['text'])
      return text ?? refuse(`${field}.parts[${at}].text`, 'a string', part['text'])
    })
    const content = texts.filter((text) => text !== '').join('\n')
    if (content !== '') this.messages.push({ role: 'system', content })
  }

  read(contents: Json | undefined): Message[] {
    if (!Array.isArray(contents) && !isObject(contents)) refuse('contents', 'an array of turns', contents)
    const turns = repeated(contents)
    if (turns.length === 0) throw new Fault('invalid_request', 'contents: is empty; send at least one turn', { metadata: { field: 'contents' } })
    for (const [at, content] of turns.entries()) this.turn(content, at)
    this.closeModel()
    return this.messages
  }

  private turn(content: Json, at: number): void {
    const field = `contents[${at}]`
    if (!isObject(content)) refuse(field, 'an object with role and parts', content)
    const role = content['role'] ?? 'user'
    const parts = partsOf(content, field)
    if (role === 'model') {
      const said = (this.said ??= { texts: [], calls: [], images: [], details: [], extra: {}, hasPacket: false, serverTool: undefined })
      for (const [index, part] of parts.entries()) this.modelPart(part, said, at, index)
    } else if (role === 'user' || role === 'function') {
      this.closeModel()
      this.userTurn(parts, field)
    } else refuse(`${field}.role`, '"user" or "model"', role)
  }

  private userTurn(parts: readonly JsonObject[], field: string): void {
    const content: ChatPart[] = []
    for (const [at, part] of parts.entries()) {
      const place = `${field}.parts[${at}]`
      const result = either(part, 'functionResponse', 'function_response')
      if (result !== undefined && result !== null) this.result(result, `${place}.functionResponse`)
      else {
        const said = this.userPart(part, place)
        if (said) content.push(said)
      }
    }
    if (content.length === 0) return
    const [only] = content
    const text = content.length === 1 && only?.type === 'text' ? asString(only['text']) : undefined
    this.messages.push({ role: 'user', content: text ?? content })
  }

  private userPart(part: JsonObject, field: string): ChatPart | undefined {
    const aside = Object.keys(part).filter((key) => ASIDE.has(key))
    for (const key of aside) this.unsaid.push({ field: `${field}.${key}`, why: 'only Gemini can be told this' })
    const text = part['text']
    if (typeof text === 'string') return { type: 'text', text }
    const media = chatMedia(part, field)
    return media || aside.length > 0 ? media : refuse(field, 'a part with text, inlineData, fileData or functionResponse', Object.keys(part)[0] ?? part)
  }

  private result(value: Json, field: string): void {
    if (!isObject(value)) refuse(field, 'an object with name and response', value)
    const id = asString(value['id'])
    const name = asString(value['name']) ?? ''
    // Google's calls may have no ids: then results answer the calls of their name, one after the other.
    const call = (id ? this.asked.get(id) : undefined) ?? this.oldest(name)
    if (!call) throw new Fault('invalid_request', `${field}: no functionCall before it ${id ? `has the id ${JSON.stringify(id)}` : `of ${JSON.stringify(name)} waits for a result`}`, { metadata: { field } })
    call.answered = true
    const text = resultText(value['response'])
    const media = Array.isArray(value['parts']) ? value['parts'].map((part, at) => (isObject(part) ? chatMedia(part, `${field}.parts[${at}]`) : undefined)).filter((part) => part !== undefined) : []
    this.messages.push({ role: 'tool', tool_call_id: call.id, name: call.name, content: media.length === 0 ? text : [...(text === '' ? [] : [{ type: 'text', text }]), ...media] })
  }

  private oldest(name: string): Asked | undefined {
    const calls = this.waiting.get(name)
    while (calls?.[0]?.answered) calls.shift()
    return calls?.[0]
  }

  private modelPart(part: JsonObject, said: Said, at: number, index: number): void {
    const signature = asString(either(part, 'thoughtSignature', 'thought_signature')) || undefined
    const place = `${at}-${index}`
    const own = signature === undefined ? undefined : this.unpack(signature, said)
    const text = asString(part['text'])
    const call = asObject(either(part, 'functionCall', 'function_call'))
    if (call) return this.call(call, own, said, `contents[${at}].parts[${index}].functionCall`, place)
    if (text !== undefined) return part['thought'] === true ? thought(text, own, said) : spoken(text, own, said, place)
    if (this.serverPart(part, own, said)) return
    const media = chatMedia(part, `contents[${at}].parts[${index}]`)
    const url = asString(asObject(media?.['image_url'])?.['url'])
    if (url !== undefined) {
      said.images.push({ type: 'image_url', image_url: { url } })
      if (own !== undefined) sign(own, imageId(place, said.images.length - 1), said)
    } else if (media) this.unsaid.push({ field: `contents[${at}].parts[${index}]`, why: 'media of the model that is no image is not told to other providers' })
  }

  /** A signature of Google's own as it is; what a packet holds goes to the message. */
  private unpack(signature: string, said: Said): string | undefined {
    const packet = packetIn(signature)
    if (!packet) return signature
    said.hasPacket = true
    said.details.push(...packet.details)
    said.extra = { ...said.extra, ...packet.extra }
    return undefined
  }

  private call(call: JsonObject, signature: string | undefined, said: Said, field: string, place: string): void {
    const name = asString(call['name'])
    if (!name) refuse(`${field}.name`, 'the name of a function', call['name'])
    const args = call['args'] ?? {}
    if (!isObject(args)) refuse(`${field}.args`, 'an object', args)
    // The same each time the conversation is sent, and one that Gemini is never told (`isForeignId`).
    const id = asString(call['id']) || `call_${place.replace('-', '_')}`
    if (signature !== undefined) sign(signature, id, said)
    said.calls.push({ id, type: 'function', function: { name, arguments: JSON.stringify(args) } })
    const asked = { id, name, answered: false }
    this.asked.set(id, asked)
    const calls = this.waiting.get(name)
    if (calls) calls.push(asked)
    else this.waiting.set(name, [asked])
  }

  private serverPart(part: JsonObject, signature: string | undefined, said: Said): boolean {
    const tool = serverToolIn(part)
    if (tool) {
      said.serverTool = tool
      if (signature !== undefined) sign(signature, tool.id, said)
      return true
    }
    const result = serverResultIn(part)
    if (result === undefined) return false
    if (!said.serverTool) return true
    said.details.push(serverToolDetail(said.serverTool, result, said.details.length))
    if (signature !== undefined) sign(signature, resultId(said.serverTool.id), said)
    said.serverTool = undefined
    return true
  }

  private closeModel(): void {
    const { said } = this
    if (!said) return
    this.said = undefined
    const text = said.texts.join('')
    const details = said.hasPacket ? said.details.filter((detail) => !isCopy(detail)) : said.details
    if (text === '' && said.calls.length === 0 && said.images.length === 0 && details.length === 0) return
    this.messages.push({
      ...said.extra,
      role: 'assistant', content: text === '' && said.calls.length > 0 ? null : text,
      ...(said.calls.length > 0 ? { tool_calls: said.calls } : {}),
      ...(said.images.length > 0 ? { images: said.images } : {}),
      ...(details.length > 0 ? { reasoning_details: details } : {}),
    })
  }
}

/** A thought as a part says it: text that nobody signed. */
function isCopy(detail: ReasoningDetail): boolean {
  return detail.type === 'reasoning.text' && detail.format === FORMAT && detail['signature'] === undefined
}

function thought(text: string, signature: string | undefined, said: Said): void {
  const last = said.details.at(-1)
  if (last && isCopy(last) && signature === undefined) last['text'] = `${asString(last['text']) ?? ''}${text}`
  else said.details.push({ type: 'reasoning.text', text, format: FORMAT, index: said.details.length, ...(signature === undefined ? {} : { signature }) })
}

function spoken(text: string, signature: string | undefined, said: Said, place: string): void {
  said.texts.push(text)
  if (signature !== undefined) sign(signature, text === '' ? emptyTextId(place) : undefined, said)
}

function sign(data: string, id: string | undefined, said: Said): void {
  said.details.push({ type: 'reasoning.encrypted', data, format: FORMAT, index: said.details.length, ...(id === undefined ? {} : { id }) })
}

/** The result of a function as text: of an object that only wraps text, that text. */
function resultText(response: Json | undefined): string {
  if (response === undefined || response === null) return ''
  if (!isObject(response)) return typeof response === 'string' ? response : JSON.stringify(response)
  const [key, ...others] = Object.keys(response)
  const only = others.length === 0 && (key === 'output' || key === 'result') ? response[key] : undefined
  return typeof only === 'string' ? only : JSON.stringify(response)
}

/** The parts of a turn. A part may be a bare string, as some clients write it. */
function partsOf(content: Json, field: string): readonly JsonObject[] {
  const parts = isObject(content) ? content['parts'] : content
  // Google's own answers have turns without parts, and clients send them back.
  if (parts === undefined || parts === null) return []
  return repeated(parts).map((part: Json, at) => (typeof part === 'string' ? { text: part } : isObject(part) ? part : refuse(`${field}.parts[${at}]`, 'an object', part)))
}
