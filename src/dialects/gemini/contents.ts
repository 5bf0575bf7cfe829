import type { Endpoint } from '../../catalog/endpoint.ts'
import type { Message, Part as ChatPart, ToolCall, Warning } from '../../core/call.ts'
import { Fault } from '../../core/fault.ts'
import { asArray, asObject, asString, isObject, parseObject, type JsonObject } from '../../core/json.ts'
import { lostAudio, withRefusal } from '../assistant-said.ts'
import { AskedCalls } from './asked-calls.ts'
import { imagePart, mediaPart } from './media.ts'
import { serverToolParts } from './server-tools.ts'
import { signaturesOf, type Signatures } from './signatures.ts'
import { writeResults } from './tool-results.ts'
import { isForeignId, isThird, modelName, NO_SIGNATURE, type Content, type Part } from './wire.ts'

/** What is sent for the result that a client has not. */
const NO_RESULT = JSON.stringify({ error: 'No result was given for this call.' })

/** The messages as Gemini takes them. */
export interface Conversation { readonly system: Part[]; readonly contents: Content[] }

/** Messages → turns of user and model. System messages stand apart; results of tools are a turn of the user. */
export function writeContents(messages: readonly Message[], endpoint: Endpoint, warnings: Warning[]): Conversation {
  return new ContentsWriter(endpoint, warnings).write(messages)
}

class ContentsWriter {
  private readonly system: Part[] = []
  private readonly contents: Content[] = []
  private readonly asked = new AskedCalls()
  private readonly isThird: boolean

  constructor(private readonly endpoint: Endpoint, private readonly warnings: Warning[]) {
    this.isThird = isThird(endpoint)
  }

  write(messages: readonly Message[]): Conversation {
    for (let at = 0; at < messages.length; at++) {
      const message = messages[at]
      if (!message) continue
      const field = `messages[${at}]`
      if (isResult(message)) {
        const run = runOfResults(messages, at)
        for (const result of run) this.asked.answer(result)
        this.answer([...run, ...(resultsFollow(messages, at + run.length) ? [] : this.missing())], at)
        at += run.length - 1
      } else if (isSystem(message)) this.instruct(message, field)
      // Two turns of the model are one to Gemini: the results of both may follow the second.
      else if (message.role === 'assistant') this.say('model', this.assistant(message, field))
      else this.closeCalls().say('user', named(message, parts(message, field)))
    }
    this.closeCalls()
    if (/^gemma-[123]/.test(modelName(this.endpoint))) this.instructInTurn()
    // With instructions alone there is still a turn to answer.
    if (this.contents.length === 0) this.contents.push({ role: 'user', parts: [{ text: '' }] })
    return { system: this.system, contents: this.contents }
  }

  private answer(run: readonly Message[], from: number): void {
    const written = writeResults(run, from, this.asked, this.isThird)
    this.contents.push({ role: 'user', parts: written.results })
    if (written.media.length > 0) this.contents.push({ role: 'user', parts: written.media })
  }

  /** Gemini refuses a turn that has not as many results as calls: one that the client has not, says so. */
  private missing(): Message[] {
    const ids = this.asked.close()
    if (ids.length > 0) this.warn('messages', 'a tool call has no tool message that answers it; its result is sent as missing')
    return ids.map((id) => ({ role: 'tool', tool_call_id: id, content: NO_RESULT }))
  }

  private closeCalls(): this {
    const missing = this.missing()
    if (missing.length > 0) this.answer(missing, 0)
    return this
  }

  private instruct(message: Message, field: string): void {
    if (this.contents.length > 0) this.warn('messages', 'Gemini takes system messages only before the conversation: later ones are said there too')
    for (const part of named(message, parts(message, field))) {
      if (part.text === undefined) throw new Fault('invalid_request', `${field}.content: system messages are text`)
      if (part.text !== '') this.system.push(part)
    }
  }

  /** Small models that have no system instruction get it at the head of the first turn. */
  private instructInTurn(): void {
    const first = this.contents[0]
    if (first?.role === 'user') first.parts.unshift(...this.system.splice(0))
    else if (this.system.length > 0) this.contents.unshift({ role: 'user', parts: this.system.splice(0) })
  }

  /** Adds to the turn that is on, unless that one has results: Gemini counts these against the calls before them. */
  private say(role: Content['role'], said: Part[]): void {
    const last = this.contents.at(-1)
    const joins = last?.role === role && !last.parts.some((part) => part.functionResponse)
    const kept = said.filter((part) => part.text !== '' || part.thoughtSignature !== undefined)
    if (joins) last.parts.push(...kept)
    else this.contents.push({ role, parts: kept.length > 0 ? kept : [{ text: '' }] })
  }

  private assistant(message: Message, field: string): Part[] {
    const signatures = signaturesOf(message.reasoning_details ?? [])
    if (signatures.hasOthers) this.warn('reasoning_details', 'reasoning of another provider cannot be read by Gemini and is left out')
    const said: Part[] = signatures.thoughts.map(({ text, signature }) => ({ text, thought: true, thoughtSignature: signature }))
    for (const detail of signatures.serverTools) said.push(...serverToolParts(detail, signatures))
    const texts = named(message, parts({ ...message, content: withRefusal(message) ?? null }, field)).filter((part) => part.text !== '')
    const lost = lostAudio(message)
    if (lost !== undefined) this.warn(`${field}.audio`, lost)
    const calls = this.calls(message, signatures)
    signTexts(texts, calls, signatures)
    said.push(...texts, ...this.images(message, field, signatures), ...calls)
    for (const signature of signatures.onEmpty) said.push({ text: '', thoughtSignature: signature })
    return said
  }

  private calls(message: Message, signatures: Signatures): Part[] {
    const calls: Part[] = []
    for (const call of message.tool_calls ?? []) {
      if (!isObject(call.function)) continue
      const { name } = call.function
      const args = this.arguments(call)
      const part: Part = { functionCall: isForeignId(call.id) ? { id: call.id, name, args } : { name, args } }
      const signature = signatures.byId.get(call.id)
      if (signature !== undefined) part.thoughtSignature = signature
      this.asked.add(call.id, name)
      calls.push(part)
    }
    const legacy = asObject(message['function_call'])
    if (calls.length === 0 && legacy) calls.push({ functionCall: { name: asString(legacy['name']) ?? '', args: parseObject(asString(legacy['arguments']) ?? '') ?? {} } })
    return this.isThird ? withSignature(calls) : calls
  }

  /** Gemini takes an object only. What a model wrote that is none is shown to it as text. */
  private arguments(call: ToolCall): JsonObject {
    const said: unknown = call.function.arguments
    if (isObject(said)) return said
    if (typeof said !== 'string' || said.trim() === '' || said.trim() === 'null') return {}
    const args = parseObject(said)
    if (args) return args
    this.warn('tool_calls', 'arguments that are no JSON object are sent as { "arguments": <text> }')
    return { arguments: said }
  }

  private images(message: Message, field: string, signatures: Signatures): Part[] {
    const urls = (asArray(message['images']) ?? []).flatMap((image) => asString(asObject(asObject(image)?.['image_url'])?.['url']) ?? [])
    return urls.map((url, at) => {
      const part = imagePart(url, `${field}.images[${at}]`)
      const signature = signatures.onImage.get(at) ?? (this.isThird ? NO_SIGNATURE : undefined)
      return signature === undefined ? part : { ...part, thoughtSignature: signature }
    })
  }

  private warn(field: string, why: string): void {
    if (!this.warnings.some((warning) => warning.field === field && warning.why === why)) this.warnings.push({ field, why })
  }
}

function isResult(message: Message | undefined): boolean {
  return message?.role === 'tool' || message?.role === 'function'
}

/** Instructions stand apart, so results that follow them are of this turn too. */
function resultsFollow(messages: readonly Message[], from: number): boolean {
  let at = from
  while (isSystem(messages[at])) at++
  return isResult(messages[at])
}

function isSystem(message: Message | undefined): boolean {
  return message?.role === 'system' || message?.role === 'developer'
}

function runOfResults(messages: readonly Message[], from: number): Message[] {
  const run: Message[] = []
  for (let at = from; at < messages.length; at++) {
    const message = messages[at]
    if (message === undefined || !isResult(message)) break
    run.push(message)
  }
  return run
}

/** The first call of a turn must be signed; history that is not Gemini's own says so (`NO_SIGNATURE`). */
function withSignature(calls: Part[]): Part[] {
  const first = calls[0]
  if (first) first.thoughtSignature ??= NO_SIGNATURE
  return calls
}

/** Signatures of text go on the text; where it has gone (a client may drop it), on the first call, else on an empty part. */
function signTexts(texts: Part[], calls: readonly Part[], signatures: Signatures): void {
  const [signature, ...others] = signatures.onText
  if (signature === undefined) return
  const last = texts.at(-1) ?? calls.find((call) => call.thoughtSignature === undefined || call.thoughtSignature === NO_SIGNATURE)
  if (last) last.thoughtSignature = signature
  else texts.push({ text: '', thoughtSignature: signature })
  for (const other of others) texts.push({ text: '', thoughtSignature: other })
}

/** Providers that have no field for it get a speaker's name before the words (B50). */
function named(message: Message, said: Part[]): Part[] {
  if (!message.name) return said
  const first = said.find((part) => part.text !== undefined && part.text !== '')
  if (first) first.text = `${message.name}: ${first.text}`
  else if (message.role === 'user') said.unshift({ text: `${message.name}:` })
  return said
}

/** The content of a message as parts. Empty text is a part too: a turn must have one. */
function parts(message: Message, field: string): Part[] {
  const { content } = message
  if (typeof content === 'string') return [{ text: content }]
  const said: Part[] = []
  for (const [at, part] of (content ?? []).entries()) {
    const written = contentPart(part, `${field}.content[${at}]`)
    if (written) said.push(written)
  }
  return said
}

/** Parts that hold an answer's reasoning: it goes back by `reasoning_details`. */
const REASONING = new Set(['thinking', 'redacted_thinking', 'reasoning'])

function contentPart(part: ChatPart, field: string): Part | undefined {
  const text = part['text'] ?? part['refusal']
  if (typeof text === 'string' && /^(text|input_text|output_text|refusal)$/.test(part.type)) return { text }
  if (REASONING.has(part.type)) return undefined
  const media = mediaPart(part, field)
  if (media) return media
  throw new Fault('invalid_request', `${field}.type: Gemini has no content of type ${JSON.stringify(part.type)}`)
}
