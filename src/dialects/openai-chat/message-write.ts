import { createHash } from 'node:crypto'
import type { Message, Part, ToolCall, Warning } from '../../core/call.ts'
import type { ReasoningDetail } from '../../core/event.ts'
import { isObject, type JsonObject } from '../../core/json.ts'
import type { Endpoint } from '../../catalog/endpoint.ts'
import { has } from './quirks.ts'

/** The messages in the provider's words. Those that need no change are the client's own objects, not copies. */
export function writeMessages(messages: readonly Message[], endpoint: Endpoint, warnings: Warning[]): readonly Message[] {
  const written: Message[] = []
  let changed = false
  let media: Part[] = []
  for (const message of messages) {
    if (media.length > 0 && message.role !== 'tool') media = show(media, written)
    let next = withoutForeign(writeMessage(message, endpoint, warnings), endpoint, warnings)
    if (message.role === 'tool' && !has(endpoint, 'reasoning_object')) next = textsOnly(next, media)
    changed ||= next !== message
    written.push(next)
  }
  if (media.length > 0) show(media, written)
  return changed ? written : messages
}

/** OpenAI takes only text as the result of a tool; what else there is, the user shows after the results. */
function textsOnly(message: Message, media: Part[]): Message {
  const { content } = message
  if (typeof content === 'string' || !content || content.every((part) => part.type === 'text')) return message
  const texts = content.filter((part) => part.type === 'text')
  media.push({ type: 'text', text: `From the tool call ${message.tool_call_id ?? ''}:` }, ...content.filter((part) => part.type !== 'text'))
  return { ...message, content: texts.length > 0 ? texts : 'The user shows the result.' }
}

function show(media: readonly Part[], written: Message[]): Part[] {
  written.push({ role: 'user', content: media })
  return []
}

/** Fields that stand on messages for other dialects: OpenAI refuses those that it does not know. */
function withoutForeign(message: Message, endpoint: Endpoint, warnings: Warning[]): Message {
  const { is_error: isError, cache_control: mark, ...rest } = message
  const keepsMark = mark !== undefined && keepsMarks(endpoint)
  if (isError === undefined && (mark === undefined || keepsMark)) return message
  if (isError === true) warnOnce(warnings, 'is_error', `${endpoint.provider.name} cannot be told that a result is an error; it has to say so itself`)
  if (mark !== undefined && !keepsMark) warnOnce(warnings, 'cache_control', `${endpoint.provider.name} caches by itself and takes no marks`)
  // `rest` is the message but for two fields that are not its role.
  return (keepsMark ? { ...rest, cache_control: mark } : rest) as Message
}

/** True for a provider that takes cache marks. */
export function keepsMarks(endpoint: Endpoint): boolean {
  return has(endpoint, 'keeps_cache_control') || has(endpoint, 'reasoning_object')
}

function warnOnce(warnings: Warning[], field: string, why: string): void {
  if (!warnings.some((warning) => warning.field === field)) warnings.push({ field, why })
}

/** The tools in the provider's words: those that need no change are the client's own objects. */
export function writeTools(tools: readonly JsonObject[], endpoint: Endpoint, warnings: Warning[]): readonly JsonObject[] {
  if (keepsMarks(endpoint) || tools.every((tool) => tool['cache_control'] === undefined)) return tools
  warnOnce(warnings, 'cache_control', `${endpoint.provider.name} caches by itself and takes no marks`)
  return tools.map(({ cache_control: _mark, ...tool }) => tool)
}

function writeMessage(message: Message, endpoint: Endpoint, warnings: Warning[]): Message {
  let next = message
  if (message.role === 'assistant') next = writeAssistant(next, endpoint, warnings)
  else if (message.role === 'developer' && has(endpoint, 'no_developer_role')) next = { ...next, role: 'system' }
  else if (message.role === 'tool' && has(endpoint, 'mistral_tool_ids')) next = { ...next, tool_call_id: nineSigns(message.tool_call_id ?? '') }
  if (typeof next.content === 'string' || !next.content) return next
  const parts = writeParts(next.content, endpoint, warnings)
  if (has(endpoint, 'string_content') && parts.every((part) => part.type === 'text')) return { ...next, content: parts.map((part) => part['text']).join('\n') }
  return parts === next.content ? next : { ...next, content: parts }
}

/** Fields of an assistant message that only OpenRouter's own dialect has. */
const OURS = ['reasoning', 'reasoning_details', 'reasoning_content', 'annotations', 'images', 'model', 'native_finish_reason'] as const

/** Reasoning that a Claude behind chat completions signed, and reads back. */
const CLAUDES = 'anthropic-claude-v1'

function writeAssistant(sent: Message, endpoint: Endpoint, warnings: Warning[]): Message {
  const message = sent.tool_calls?.length === 0 ? withoutCalls(sent) : sent
  if (has(endpoint, 'reasoning_object')) return message
  const strip = OURS.some((field) => message[field] !== undefined)
  const ids = has(endpoint, 'mistral_tool_ids') && message.tool_calls
  if (!strip && !ids) return message
  const next: Message = { ...message }
  for (const field of OURS) delete next[field]
  const details = has(endpoint, 'reasoning_details') ? (message.reasoning_details ?? []).filter((detail) => detail.format === CLAUDES) : []
  if (details.length > 0) next.reasoning_details = details
  if (details.length === 0 || details.length < (message.reasoning_details ?? []).length) warnOfLost(message, endpoint, warnings)
  if (has(endpoint, 'reasoning_content')) {
    const text = reasoningText(message)
    if (text) next.reasoning_content = text
  }
  if (has(endpoint, 'mistral_thinking')) {
    const text = reasoningText(message)
    const said = typeof next.content === 'string' ? (next.content === '' ? [] : [{ type: 'text', text: next.content }]) : (next.content ?? [])
    if (text) next.content = [{ type: 'thinking', thinking: [{ type: 'text', text }] }, ...said]
  }
  if (ids) next.tool_calls = ids.map((call): ToolCall => ({ ...call, id: nineSigns(call.id) }))
  return next
}

/** Earlier reasoning and pictures that this provider is not told of (fidelity: no silent loss). */
function warnOfLost(message: Message, endpoint: Endpoint, warnings: Warning[]): void {
  const { name } = endpoint.provider
  const takesText = has(endpoint, 'reasoning_content') || has(endpoint, 'mistral_thinking')
  const details = message.reasoning_details ?? []
  if (details.some(isOfResponses)) warnOnce(warnings, 'reasoning_details', 'encrypted reasoning goes back in the Responses dialect only; it was left out')
  else if (details.length > 0 && (!takesText || reasoningText(message) === '')) warnOnce(warnings, 'reasoning_details', `${name} takes no earlier reasoning back; it was left out`)
  else if (!takesText && reasoningText(message) !== '') warnOnce(warnings, 'reasoning', `${name} takes no earlier reasoning back; it was left out`)
  if (Array.isArray(message['images']) && message['images'].length > 0) warnOnce(warnings, 'images', `${name} takes no pictures of its own back; they were left out`)
}

/** What a provider of Responses encrypted, of which nothing can be said here; of other reasoning there is at least the text. */
function isOfResponses(detail: ReasoningDetail): boolean {
  return detail.type === 'reasoning.encrypted' && /-responses-v\d+$/.test(detail.format ?? '')
}

/** An assistant that called nothing, said as an empty list: providers refuse the list. */
function withoutCalls(message: Message): Message {
  const { tool_calls: _none, ...rest } = message
  return rest
}

function reasoningText(message: Message): string {
  const details = message.reasoning_details ?? []
  const text = details.map((detail) => (typeof detail['text'] === 'string' ? detail['text'] : '')).join('')
  return text || message.reasoning_content || message.reasoning || ''
}

function writeParts(parts: readonly Part[], endpoint: Endpoint, warnings: Warning[]): readonly Part[] {
  if (!parts.some((part) => needsChange(part, endpoint))) return parts
  return parts.map((part) => (needsChange(part, endpoint) ? writePart(part, endpoint, warnings) : part))
}

function needsChange(part: Part, endpoint: Endpoint): boolean {
  if (part['cache_control'] !== undefined && !keepsMarks(endpoint)) return true
  return (part.type === 'file' && has(endpoint, 'mistral_documents')) || (part.type === 'image_url' && isOriginal(part))
}

function isOriginal(part: Part): boolean {
  return isObject(part['image_url']) && part['image_url']['detail'] === 'original'
}

function writePart(part: Part, endpoint: Endpoint, warnings: Warning[]): Part {
  const { cache_control: cacheControl, ...rest } = part
  const keep = keepsMarks(endpoint)
  if (cacheControl !== undefined && !keep) warnOnce(warnings, 'cache_control', `${endpoint.provider.name} caches by itself and takes no marks`)
  // `rest` is the part but for one field that is not its type.
  const next = (keep ? { ...part } : rest) as Part
  if (isOriginal(next)) next['image_url'] = { ...(next['image_url'] as JsonObject), detail: 'high' }
  if (next.type === 'file' && has(endpoint, 'mistral_documents')) return asDocument(next)
  return next
}

function asDocument(part: Part): Part {
  const file = isObject(part['file']) ? part['file'] : {}
  return { type: 'document_url', document_url: file['file_data'] ?? file['file_url'], ...(file['filename'] === undefined ? {} : { document_name: file['filename'] }) }
}

/** A tool call id as Mistral takes it: nine letters and digits, always the same for the same id. */
function nineSigns(id: string): string {
  return /^[A-Za-z0-9]{9}$/.test(id) ? id : createHash('sha256').update(id).digest('hex').slice(0, 9)
}
