import type { Message, Part, ToolCall, Warning } from '../../core/call.ts'
import type { ReasoningDetail } from '../../core/event.ts'
import { Fault } from '../../core/fault.ts'
import { asString, isObject, type JsonObject } from '../../core/json.ts'
import { refuse } from '../openai-chat/check.ts'
import { isSealed, unseal } from './envelope.ts'
import { readContent } from './parts-read.ts'
import { signedIn } from '../signer.ts'
import { customArguments, DEFAULT_FORMAT, isResponsesFormat, objectsOf, OTHER_FORMAT } from './wire.ts'

/** The messages of an input, and which of its items they cannot say. */
export interface Conversation { readonly messages: Message[]; readonly unsaid: Warning[] }

const ITEMS_MAX = 20_000

/** Reads `input` (contract B81): a string, or items, which become messages. Throws Fault naming the item. */
export function readInput(input: unknown, instructions: string | undefined): Conversation {
  const reader = new InputReader()
  if (instructions !== undefined) reader.messages.push({ role: 'system', content: instructions })
  if (input === undefined || input === null) throw wrong('input', 'is missing; send a string or an array of items')
  if (typeof input === 'string') {
    reader.messages.push({ role: 'user', content: input })
    return reader
  }
  if (!Array.isArray(input)) refuse('input', 'a string or an array of items', input)
  if (input.length === 0) throw wrong('input', 'is empty; send at least one item')
  if (input.length > ITEMS_MAX) throw wrong('input', `has ${input.length} items; at most ${ITEMS_MAX} are taken`)
  for (let at = 0; at < input.length; at++) reader.item(input[at], `input[${at}]`)
  reader.endTurn()
  return reader
}

function wrong(field: string, what: string): Fault {
  return new Fault('invalid_request', `${field}: ${what}`, { metadata: { field } })
}

/** The model's turn as it grows: what it thought, said and called, which is one message in the chat shape. */
interface Turn { text: string | undefined; refusal: string | undefined; readonly calls: ToolCall[]; readonly details: ReasoningDetail[]; items: number; /** How many details came before the text. */ textAt: number }

class InputReader implements Conversation {
  readonly messages: Message[] = []
  readonly unsaid: Warning[] = []
  private turn: Turn | undefined

  item(item: unknown, field: string): void {
    if (!isObject(item)) refuse(field, 'an object', item)
    const type = item['type'] ?? (item['role'] === undefined ? undefined : 'message')
    switch (type) {
      case 'message': return this.message(item, field)
      case 'reasoning': return this.reasoning(item, field)
      case 'function_call': return this.call(item, field, text(item, 'arguments', field))
      case 'custom_tool_call': return this.call(item, field, customArguments(text(item, 'input', field)))
      case 'function_call_output': case 'custom_tool_call_output': return this.output(item, field)
      case 'item_reference':
        throw wrong(field, 'refers to an item that was stored; this API stores none, so send the item itself')
      default:
        if (typeof type !== 'string') refuse(`${field}.type`, 'the type of an item, such as "message" or "function_call"', type)
        // Calls and results of a provider's own tools: only a provider of this dialect knows what they are.
        this.unsaid.push({ field, why: `an item of type ${JSON.stringify(type)} can only be said to a provider of the Responses API` })
    }
  }

  /** What the model said is whole: others speak next. */
  endTurn(): void {
    const { turn } = this
    if (!turn) return
    this.turn = undefined
    this.messages.push({
      role: 'assistant', content: turn.text ?? (turn.calls.length > 0 || turn.refusal !== undefined ? null : ''),
      ...(turn.details.length > 0 ? { reasoning_details: turn.details } : {}),
      ...(turn.refusal === undefined ? {} : { refusal: turn.refusal }),
      ...(turn.calls.length > 0 ? { tool_calls: turn.calls } : {}),
    })
  }

  private open(): Turn {
    return (this.turn ??= { text: undefined, refusal: undefined, calls: [], details: [], items: 0, textAt: 0 })
  }

  private message(item: JsonObject, field: string): void {
    const { role } = item
    if (role === 'assistant') return this.said(item, field)
    if (role !== 'user' && role !== 'system' && role !== 'developer') refuse(`${field}.role`, 'one of "user", "assistant", "system", "developer"', role)
    this.endTurn()
    this.messages.push({ role, content: readContent(item['content'], `${field}.content`) })
  }

  private said(item: JsonObject, field: string): void {
    const content = item['content'] === undefined || item['content'] === null ? '' : readContent(item['content'], `${field}.content`)
    // Two messages in a row are two messages; but nothing may stand between a call and its result.
    const before = this.turn?.text !== undefined && this.turn.calls.length === 0 ? this.turn : undefined
    // What was thought since the text led to this message.
    const since = before?.details.splice(before.textAt) ?? []
    if (before) this.endTurn()
    const turn = this.open()
    turn.details.push(...since)
    turn.items++
    turn.textAt = turn.details.length
    const refused = refusalIn(item)
    if (refused !== undefined) turn.refusal = (turn.refusal ?? '') + refused
    const spoken = plain(content, refused !== undefined ? item : undefined)
    if (spoken !== '' || refused === undefined) turn.text = turn.text === undefined ? spoken : `${turn.text}\n\n${spoken}`
  }

  private reasoning(item: JsonObject, field: string): void {
    const turn = this.open()
    turn.details.push(...detailsOf(item, turn.items++, field))
  }

  private call(item: JsonObject, field: string, args: string): void {
    const turn = this.open()
    turn.items++
    turn.calls.push({ id: text(item, 'call_id', field), type: 'function', function: { name: text(item, 'name', field), arguments: args } })
  }

  private output(item: JsonObject, field: string): void {
    this.endTurn()
    this.messages.push({ role: 'tool', tool_call_id: text(item, 'call_id', field), content: readContent(item['output'], `${field}.output`) })
  }
}

function text(item: JsonObject, name: string, field: string): string {
  const value = item[name]
  return typeof value === 'string' ? value : refuse(`${field}.${name}`, 'a string', value)
}

function refusalIn(item: JsonObject): string | undefined {
  const parts = objectsOf(item['content']).filter((part) => part['type'] === 'refusal')
  return parts.length === 0 ? undefined : parts.map((part) => asString(part['refusal']) ?? '').join('')
}

/** The text of an assistant's content; of one with refusals, what is not refusal. */
function plain(content: string | readonly Part[], refusing: JsonObject | undefined): string {
  if (typeof content === 'string') return content
  const said = refusing ? objectsOf(refusing['content']).filter((part) => part['type'] !== 'refusal') : content
  return said.map((part) => asString(part['text']) ?? '').join('')
}

/** A reasoning item as details: sealed ones as they were, OpenAI's with summary, text and what is encrypted. */
function detailsOf(item: JsonObject, index: number, field: string): ReasoningDetail[] {
  const { encrypted_content: encrypted, id, signature } = item
  if (isSealed(encrypted)) return unseal(encrypted) ?? refuse(`${field}.encrypted_content`, 'what was sent, unchanged', encrypted)
  if (encrypted !== undefined && encrypted !== null && typeof encrypted !== 'string') refuse(`${field}.encrypted_content`, 'a string', encrypted)
  const signed = signedIn(encrypted)
  const isKnown = signed !== undefined && isResponsesFormat(signed.signer)
  const format = isKnown ? signed.signer : signed ? OTHER_FORMAT : (asString(item['format']) ?? (encrypted ? DEFAULT_FORMAT : undefined))
  const common = { ...(typeof id === 'string' ? { id } : {}), format: format ?? DEFAULT_FORMAT, index }
  const summary = objectsOf(item['summary']).map((part) => asString(part['text']) ?? '').join('\n\n')
  const thought = objectsOf(item['content']).map((part) => asString(part['text']) ?? '').join('')
  const isSigned = typeof signature === 'string' && signature !== ''
  const details: ReasoningDetail[] = []
  if (summary !== '') details.push({ type: 'reasoning.summary', summary, ...common })
  if (thought !== '' || isSigned) details.push({ type: 'reasoning.text', text: thought, ...(isSigned ? { signature } : {}), ...common, format: format ?? DEFAULT_FORMAT })
  if (encrypted) details.push({ type: 'reasoning.encrypted', data: isKnown ? signed.text : encrypted, ...common })
  return details
}
