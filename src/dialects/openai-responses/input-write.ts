import type { ChatBody, Message, Part, ToolCall, Warning } from '../../core/call.ts'
import type { ReasoningDetail } from '../../core/event.ts'
import { asObject, asString, isObject, parseObject, type Json, type JsonObject } from '../../core/json.ts'
import type { Endpoint } from '../../catalog/endpoint.ts'
import { customToolNames } from './tools-write.ts'
import { lostAudio } from '../assistant-said.ts'
import { isSignedBy, unsigned } from '../signer.ts'
import { customInput, formatOf, itemId, OTHER_FORMAT, signerOf, type Item } from './wire.ts'

interface Context { readonly format: string; readonly signer: string | undefined; readonly custom: ReadonlySet<string>; readonly customIds: Set<string>; readonly provider: string; readonly warnings: Warning[] }

/** Says the messages as input items: what the model thought, said and called go back as the items they were. */
export function writeInput(body: ChatBody, endpoint: Endpoint, warnings: Warning[]): Item[] {
  const context: Context = { format: formatOf(endpoint), signer: signerOf(endpoint), custom: customToolNames(body.tools ?? undefined), customIds: new Set(), provider: endpoint.provider.name, warnings }
  return body.messages.flatMap((message, at) => writeMessage(message, `messages[${at}]`, context))
}

function writeMessage(message: Message, field: string, context: Context): Item[] {
  switch (message.role) {
    case 'assistant': return writeAssistant(message, field, context)
    case 'tool': return [writeResult(message, field, context)]
    case 'function': {
      context.warnings.push({ field, why: 'results of the older function calls have no id; it was said as a user message' })
      return [{ type: 'message', role: 'user', content: textOf(message.content) }]
    }
    default: {
      const named = typeof message.name === 'string' && message.name !== '' ? `${message.name}: ` : ''
      const content = writeContent(message.content ?? '', field, context)
      return [{ type: 'message', role: message.role, content: named === '' ? content : nameFirst(named, content) }]
    }
  }
}

/** This API's messages have no name: it stands before what is said (contract B50). */
function nameFirst(named: string, content: string | JsonObject[]): string | JsonObject[] {
  return typeof content === 'string' ? named + content : [{ type: 'input_text', text: named.trimEnd() }, ...content]
}

function writeResult(message: Message, field: string, context: Context): Item {
  const id = message.tool_call_id ?? ''
  const output = writeContent(message.content ?? '', field, context)
  return { type: context.customIds.has(id) ? 'custom_tool_call_output' : 'function_call_output', call_id: id, output }
}

function writeContent(content: string | readonly Part[], field: string, context: Context): string | JsonObject[] {
  if (typeof content === 'string') return content
  const parts = content.flatMap((part, at) => writePart(part, `${field}.content[${at}]`, context))
  // A list that would be empty is not taken.
  return parts.length > 0 ? parts : ''
}

function writePart(part: Part, field: string, { warnings, provider }: Context): JsonObject[] {
  switch (part.type) {
    case 'text': return [{ type: 'input_text', text: asString(part['text']) ?? '', ...(isObject(part['prompt_cache_breakpoint']) ? { prompt_cache_breakpoint: part['prompt_cache_breakpoint'] } : {}) }]
    case 'image_url': {
      const { image_url: image } = part
      const url = isObject(image) ? image['url'] : image
      const detail = isObject(image) ? asString(image['detail']) : undefined
      return [{ type: 'input_image', image_url: url, detail: detail ?? 'auto' }]
    }
    case 'file': return [writeFile(asObject(part['file']) ?? {})]
    case 'input_audio': return [{ type: 'input_audio', input_audio: part['input_audio'] }]
    case 'refusal': return [{ type: 'input_text', text: asString(part['refusal']) ?? '' }]
    default:
      if (part.type.startsWith('input_')) return [part]
      warnings.push({ field, why: `${provider} takes no content of type ${JSON.stringify(part.type)}` })
      return []
  }
}

function writeFile(file: JsonObject): JsonObject {
  const { filename, file_data: data, file_url: url, file_id: id } = file
  const said = asString(data) ?? asString(url)
  if (said === undefined) return { type: 'input_file', file_id: id }
  if (/^https?:/i.test(said)) return { type: 'input_file', file_url: said }
  // Data without a name is refused.
  return { type: 'input_file', filename: asString(filename) ?? 'file.pdf', file_data: said }
}

function writeAssistant(message: Message, field: string, context: Context): Item[] {
  const said: Item[] = []
  const content = assistantParts(message, field, context)
  if (content.length > 0) said.push({ type: 'message', role: 'assistant', content, ...(typeof message['phase'] === 'string' ? { phase: message['phase'] } : {}) })
  for (const call of message.tool_calls ?? []) said.push(writeToolCall(call, context))
  const thoughts = thoughtItems(message.reasoning_details ?? [], field, context)
  return said.length === 0 ? unfollowed(thoughts, field, context) : woven(thoughts, said)
}

function assistantParts(message: Message, field: string, { warnings }: Context): JsonObject[] {
  const { content, refusal } = message
  const lost = lostAudio(message)
  if (lost !== undefined) warnings.push({ field: `${field}.audio`, why: lost })
  const parts: JsonObject[] = []
  if (typeof content === 'string' && content !== '') parts.push({ type: 'output_text', text: content })
  else if (Array.isArray(content)) {
    for (const [at, part] of content.entries()) {
      if (part.type === 'text') parts.push({ type: 'output_text', text: asString(part['text']) ?? '' })
      else if (part.type === 'refusal') parts.push({ type: 'refusal', refusal: asString(part['refusal']) ?? '' })
      else warnings.push({ field: `${field}.content[${at}]`, why: 'an assistant message is text to this provider' })
    }
  }
  if (typeof refusal === 'string' && refusal !== '') parts.push({ type: 'refusal', refusal })
  return parts
}

function writeToolCall(call: ToolCall, context: Context): Item {
  const { name, arguments: args } = call.function ?? { name: asString(asObject(call['custom'])?.['name']) ?? '', arguments: asString(asObject(call['custom'])?.['input']) ?? '' }
  if (!context.custom.has(name)) return { type: 'function_call', call_id: call.id, name, arguments: args?.trim() || '{}' }
  context.customIds.add(call.id)
  return { type: 'custom_tool_call', call_id: call.id, name, input: customInput(args) }
}

interface Thought { readonly at: number; readonly item: Item }

/** The details that this provider wrote, as the items they were. Those of others it could not read. */
function thoughtItems(details: readonly ReasoningDetail[], field: string, context: Context): Thought[] {
  const isOwn = (detail: ReasoningDetail): boolean => detail.format === context.format && (context.format !== OTHER_FORMAT || [detail['signature'], detail['data']].every((opaque) => !opaque || isSignedBy(opaque, context.signer)))
  const own = details.filter(isOwn)
  const foreign = details.some((detail) => !isOwn(detail) && (detail['signature'] || detail.type === 'reasoning.encrypted'))
  if (foreign) context.warnings.push({ field: `${field}.reasoning_details`, why: `${context.provider} cannot read the reasoning of another provider; it was left out` })
  const groups = new Map<number | string, ReasoningDetail[]>()
  for (const detail of own) {
    const key = detail.index ?? asString(detail['id']) ?? 0
    const group = groups.get(key)
    if (group) group.push(detail)
    else groups.set(key, [detail])
  }
  return [...groups.values()].flatMap((group) => {
    const item = thoughtItem(group)
    return item ? [{ at: group[0]?.index ?? 0, item }] : []
  })
}

/** One reasoning item. A summary alone is none: without what is encrypted the provider looks for it by its id, in vain. */
function thoughtItem(group: readonly ReasoningDetail[]): Item | undefined {
  const tool = group.find((detail) => detail.type === 'reasoning.server_tool_call')
  if (tool) return serverItem(tool)
  const joined = (type: string, field: string): string => group.filter((detail) => detail.type === type).map((detail) => asString(detail[field]) ?? '').join('')
  const data = group.map((detail) => asString(detail['data'])).find((one) => one)
  const thought = joined('reasoning.text', 'text')
  if (data === undefined && thought === '') return undefined
  const summary = joined('reasoning.summary', 'summary')
  const id = group.map((detail) => asString(detail['id'])).find((one) => one)
  return {
    type: 'reasoning', id: id ?? itemId('rs'), summary: summary === '' ? [] : [{ type: 'summary_text', text: summary }],
    ...(thought === '' ? {} : { content: [{ type: 'reasoning_text', text: thought }] }),
    ...(data === undefined ? {} : { encrypted_content: unsigned(data) }),
  }
}

function serverItem(detail: ReasoningDetail): Item | undefined {
  const item = parseObject(asString(detail['result']) ?? '')
  return item && typeof item['type'] === 'string' ? { ...item, type: item['type'] } : undefined
}

/** Each thought at the place that its index names among the items of its turn, and always with an item behind it. */
function woven(thoughts: readonly Thought[], said: readonly Item[]): Item[] {
  const items: Item[] = []
  let next = 0
  said.forEach((item, at) => {
    const last = at === said.length - 1
    for (let thought = thoughts[next]; thought && (last || thought.at <= items.length); thought = thoughts[++next]) items.push(thought.item)
    items.push(item)
  })
  return items
}

/** A reasoning item without the item it led to is refused; what a server tool did stands for itself. */
function unfollowed(thoughts: readonly Thought[], field: string, { warnings }: Context): Item[] {
  const last = thoughts.findLastIndex((thought) => thought.item.type !== 'reasoning')
  if (last < thoughts.length - 1) warnings.push({ field: `${field}.reasoning_details`, why: 'reasoning that led to nothing is not taken back' })
  return thoughts.slice(0, last + 1).map((thought) => thought.item)
}

function textOf(content: Json | undefined): string {
  if (typeof content === 'string') return content
  return Array.isArray(content) ? content.map((part: Json) => (isObject(part) ? (asString(part['text']) ?? '') : '')).join('') : ''
}
