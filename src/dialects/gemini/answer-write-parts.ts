import type { Event, FinishReason, ReasoningDetail } from '../../core/event.ts'
import { asString, parseObject, type Json, type JsonObject } from '../../core/json.ts'
import { foldDetail, foldTool, spokenReasoning, type FoldedTool } from '../fold.ts'
import { groundingOf } from './answer-write-grounding.ts'
import { nativeFinish } from './finish.ts'
import { packetSignature } from './packet.ts'
import { serverToolParts } from './server-tools.ts'
import { signaturesOf } from './signatures.ts'
import { FORMAT, type Part } from './wire.ts'

type ChoiceEvent = Extract<Event, { readonly choice: number }>

/** One choice of an answer as a candidate: its Events → parts, which a stream takes as they come and a reply at the end. */
export class CandidateWriter {
  finished = false
  private parts: Part[] = []
  private logprobs: { chosen: JsonObject[]; top: JsonObject[] } | undefined
  private readonly tools: FoldedTool[] = []
  /** Google's signatures of calls, by the id of the call. */
  private readonly signatures = new Map<string, string>()
  /** What only another provider can read: it travels in a signature of ours. */
  private readonly details: ReasoningDetail[] = []
  private readonly extra: JsonObject = {}
  private text = ''
  private readonly annotations: JsonObject[] = []
  private finish: { readonly finishReason: string; readonly finishMessage?: string } | undefined

  constructor(private readonly index: number, private readonly showsThoughts: boolean) {}

  add(event: ChoiceEvent): void {
    switch (event.type) {
      case 'text': case 'refusal': this.say(event.text); break
      case 'reasoning': this.reason(event.detail); break
      case 'tool': foldTool(this.tools, event); break
      case 'image': this.parts.push(imagePart(event.url)); break
      case 'annotation': this.annotations.push(event.annotation); break
      case 'logprobs': this.count(event.logprobs); break
      case 'extra': this.note(event.field, event.value); break
      case 'finish': this.end(event.reason, event.native); break
    }
  }

  /** True when there is something that a chunk could say now. */
  hasNews(): boolean {
    return !this.finished && (this.parts.length > 0 || this.logprobs !== undefined)
  }

  /** What was said since the last time, as a candidate. A turn has a part, if an empty one: clients forget one without. */
  take(): JsonObject {
    const { index, parts, logprobs } = this
    this.parts = []
    this.logprobs = undefined
    return {
      content: { role: 'model', parts: parts.length > 0 ? parts : [{ text: '' }] },
      ...this.finish,
      index,
      ...(this.finish && this.annotations.length > 0 ? { groundingMetadata: groundingOf(this.annotations, this.text) } : {}),
      ...(logprobs ? { logprobsResult: { chosenCandidates: logprobs.chosen, topCandidates: logprobs.top } } : {}),
    }
  }

  private say(text: string): void {
    if (text === '') return
    this.text += text
    this.append({ text })
  }

  /** Text goes on where text stands, unless that was signed. */
  private append(part: { text: string; thought?: true }): void {
    const last = this.parts.at(-1)
    if (last?.text !== undefined && last.thought === part.thought && last.thoughtSignature === undefined) last.text += part.text
    else this.parts.push(part)
  }

  private reason(detail: ReasoningDetail): void {
    const isGoogles = detail.format === FORMAT
    if (isGoogles && detail.type === 'reasoning.encrypted') return this.sign(asString(detail['data']) ?? '', asString(detail['id']))
    if (isGoogles && detail.type === 'reasoning.server_tool_call') {
      this.parts.push(...serverToolParts(detail, signaturesOf([])))
      return
    }
    const text = spokenReasoning(detail)
    if (text !== '' && this.showsThoughts) this.append({ text, thought: true })
    if (!isGoogles || detail['signature'] !== undefined) foldDetail(this.details, detail)
  }

  private sign(thoughtSignature: string, id: string | undefined): void {
    const image = id !== undefined && /\/image\/\d+$/.test(id) ? this.parts.findLast((part) => part.inlineData !== undefined && part.thoughtSignature === undefined) : undefined
    if (image) image.thoughtSignature = thoughtSignature
    else if (id === undefined || id.endsWith('/empty') || /\/image\/\d+$/.test(id)) this.parts.push({ text: '', thoughtSignature })
    else this.signatures.set(id, thoughtSignature)
  }

  private note(field: string, value: Json): void {
    const audio = field === 'audio' ? (value as JsonObject | null) : undefined
    const data = asString(audio?.['data'])
    if (field !== 'audio') this.extra[field] = value
    else if (data) this.parts.push({ inlineData: { mimeType: mimeTypeOf(asString(audio?.['format'])), data } })
  }

  private count(logprobs: JsonObject): void {
    const { content } = logprobs
    if (!Array.isArray(content)) return
    const all = (this.logprobs ??= { chosen: [], top: [] })
    for (const token of content as readonly JsonObject[]) {
      all.chosen.push(tokenOf(token))
      const top = token['top_logprobs']
      all.top.push({ candidates: Array.isArray(top) ? (top as readonly JsonObject[]).map(tokenOf) : [] })
    }
  }

  /** Calls are said whole, for their arguments are an object: so at the end, when all of them are known. */
  private end(reason: FinishReason, native: string | null): void {
    const spoiled = this.tools.find((tool) => tool !== undefined && argumentsOf(tool) === undefined)
    const calls = this.tools.filter((tool) => tool !== undefined).map((tool) => callPart(tool, this.signatures.get(tool.id))).filter((call) => call !== undefined)
    this.parts.push(...calls)
    this.attachPacket(calls)
    const finishReason = spoiled && reason !== 'length' ? 'MALFORMED_FUNCTION_CALL' : nativeFinish(reason, native)
    this.finish = { finishReason, ...(spoiled ? { finishMessage: `The arguments of ${spoiled.name} are not a JSON object: ${spoiled.arguments}` } : {}) }
    this.finished = true
  }

  private attachPacket(calls: readonly Part[]): void {
    const isSigned = this.details.some((detail) => (detail['signature'] ?? detail['data'] ?? null) !== null)
    const isWorth = isSigned || Object.keys(this.extra).length > 0 || (calls.length > 0 && this.details.length > 0)
    if (!isWorth) return
    const thoughtSignature = packetSignature({ details: this.details, extra: this.extra })
    const first = calls.find((call) => call.thoughtSignature === undefined)
    if (first) first.thoughtSignature = thoughtSignature
    else this.parts.push({ text: '', thoughtSignature })
  }
}

function argumentsOf(tool: FoldedTool): JsonObject | undefined {
  const text = tool.arguments.trim()
  return text === '' || text === 'null' ? {} : parseObject(text)
}

/** The call; undefined for one whose arguments are cut off or no object. */
function callPart(tool: FoldedTool, signature: string | undefined): Part | undefined {
  const args = argumentsOf(tool)
  return args && { functionCall: { id: tool.id, name: tool.name, args }, ...(signature === undefined ? {} : { thoughtSignature: signature }) }
}

function imagePart(url: string): Part {
  const data = /^data:([^;,]*)(?:;[^,]*)?,/.exec(url.slice(0, 300))
  if (!data) return { fileData: { mimeType: 'image/png', fileUri: url } }
  return { inlineData: { mimeType: data[1] || 'image/png', data: url.slice(data[0].length) } }
}

function mimeTypeOf(format: string | undefined): string {
  if (format?.includes('/')) return format
  return `audio/${format ?? 'wav'}`
}

function tokenOf(token: JsonObject): JsonObject {
  return { token: token['token'], logProbability: token['logprob'] }
}
