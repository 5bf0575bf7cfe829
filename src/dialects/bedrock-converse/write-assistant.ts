import type { Message, ToolCall } from '../../core/call.ts'
import { asArray, asString, isObject, parseObject, type JsonObject } from '../../core/json.ts'
import { REASONING_FORMAT, type Notes } from '../anthropic-messages/wire.ts'
import { lastPiece } from '../anthropic-messages/write-assistant.ts'
import { lostAudio, withRefusal } from '../assistant-said.ts'
import { signedIn } from '../signer.ts'
import type { Family } from './families.ts'
import { cachePoint, writeContent } from './write-content.ts'
import { UNKNOWN_FORMAT, type Block } from './wire.ts'

/** What the conversation decides about an assistant message. */
export interface AssistantContext {
  readonly family: Family
  readonly toolsTold: boolean
  /** The id that a call goes by on the wire. */
  nameCall(id: string): string
}

/** An assistant message as blocks: reasoning, text, tool calls. */
export function writeAssistant(message: Message, place: string, context: AssistantContext, notes: Notes): Block[] {
  const { family } = context
  const reasoning = writeReasoning(message, family, notes)
  const text = writeContent(withRefusal(message), `${place}.content`, family.caches, notes).filter((block) => saidByAssistant(block, place, notes))
  const lost = lostAudio(message)
  if (lost !== undefined) notes.warn(`${place}.audio`, lost)
  const first = text.find((block) => typeof block['text'] === 'string')
  if (message.name && first) first['text'] = `${message.name}: ${String(first['text'])}`
  const calls = toolCalls(message).map((call) => (context.toolsTold ? toldCall(call) : toolUse(call, context, notes)))
  const point = text.at(-1)?.['cachePoint'] ? [] : cachePoint(message, family.caches, notes)
  const said = [...text, ...calls]
  // Reasoning that nothing follows is refused.
  if (said.length === 0 && reasoning.length > 0) notes.warn('reasoning_details', 'reasoning that nothing follows is not taken back and was left out')
  return said.length === 0 ? [] : [...reasoning, ...said, ...point]
}

/** The calls of a message; the older `function_call` is one of them, named by its function. */
function toolCalls(message: Message): readonly ToolCall[] {
  if (message.tool_calls && message.tool_calls.length > 0) return message.tool_calls
  const older = message['function_call']
  if (!isObject(older) || typeof older['name'] !== 'string') return []
  return [{ id: older['name'], type: 'function', function: { name: older['name'], arguments: asString(older['arguments']) ?? '' } }]
}

function toolUse(call: ToolCall, context: AssistantContext, notes: Notes): Block {
  return { toolUse: { toolUseId: context.nameCall(call.id), name: call.function.name, input: writeArguments(call.function.arguments, notes) } }
}

function toldCall(call: ToolCall): Block {
  return { text: `Tool call ${call.id}: ${call.function.name}(${call.function.arguments})` }
}

/** Converse wants an object. What is none is kept under a name, so that the model still sees what it wrote. */
function writeArguments(text: string, notes: Notes): JsonObject {
  if (text.trim() === '' || text.trim() === 'null') return {}
  const object = parseObject(text)
  if (object) return object
  notes.warn('tool_calls.function.arguments', 'is no JSON object; it is sent as the text of one field')
  return { arguments: text }
}

function saidByAssistant(block: Block, place: string, notes: Notes): boolean {
  if (block['text'] !== undefined || block['cachePoint'] !== undefined) return true
  notes.warn(`${place}.content`, `this provider takes no ${Object.keys(block)[0] ?? 'such content'} from the assistant; it was left out`)
  return false
}

/** Reasoning goes back byte for byte and in its order, when it is this family's (contract B29). */
function writeReasoning(message: Message, family: Family, notes: Notes): Block[] {
  const details = (asArray(message.reasoning_details) ?? []).filter(isObject)
  const blocks: Block[] = []
  const wanted = family.name === 'claude' ? REASONING_FORMAT : UNKNOWN_FORMAT
  for (let at = 0; at < details.length; at++) {
    const detail = details[at] ?? {}
    // Of other writers without a format of their own, what they signed says whose it is.
    const isOwn = detail['format'] === wanted && !signedIn(detail['signature'] ?? detail['data'])
    if (detail['type'] === 'reasoning.server_tool_call') blocks.push(...serverTool(detail, notes))
    else if (!isOwn) notes.warn('reasoning_details', 'reasoning of another provider cannot be read by this one and was left out')
    else if (detail['type'] === 'reasoning.encrypted' && typeof detail['data'] === 'string') blocks.push({ reasoningContent: { redactedContent: sealed(detail['data'], family) } })
    else if (detail['type'] === 'reasoning.text') {
      const end = lastPiece(details, at)
      blocks.push(...reasoningText(details.slice(at, end + 1), family, notes))
      at = end
    }
  }
  if (details.length === 0 && (message.reasoning || message.reasoning_content)) notes.warn('reasoning', 'reasoning without reasoning_details has no signature and was left out')
  return blocks
}

/** What Claude hid is a text of Anthropic's, and bytes to Converse, which writes bytes in base64. */
function sealed(data: string, family: Family): string {
  return family.name === 'claude' ? Buffer.from(data, 'utf8').toString('base64') : data
}

function reasoningText(pieces: readonly JsonObject[], family: Family, notes: Notes): Block[] {
  const text = pieces.map((piece) => asString(piece['text']) ?? '').join('')
  const signature = pieces.map((piece) => asString(piece['signature']) ?? '').join('')
  if (signedIn(signature)) {
    notes.warn('reasoning_details', 'reasoning of another provider cannot be read by this one and was left out')
    return []
  }
  if (family.name === 'claude' && signature === '') {
    notes.warn('reasoning_details', 'reasoning without its signature is not taken back and was left out')
    return []
  }
  return [{ reasoningContent: { reasoningText: { text, ...(signature === '' ? {} : { signature }) } } }]
}

/** A call of one of the cloud's own tools and its result, as our reader said them. */
function serverTool(detail: JsonObject, notes: Notes): Block[] {
  const result = parseObject(asString(detail['result']) ?? '')
  const id = asString(detail['tool_call_id'])
  if (id === undefined || typeof result?.['toolUseId'] !== 'string') {
    notes.warn('reasoning_details', "a call of another provider's own tool was left out")
    return []
  }
  return [
    { toolUse: { toolUseId: id, name: asString(detail['tool_name']) ?? '', input: parseObject(asString(detail['arguments']) ?? '') ?? {}, type: 'server_tool_use' } },
    { toolResult: result },
  ]
}
