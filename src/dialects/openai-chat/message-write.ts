import { createHash } from 'node:crypto'
import type { Message, Part, ToolCall, Warning } from '../../core/call.ts'
import { isObject, type JsonObject } from '../../core/json.ts'
import type { Endpoint } from '../../catalog/endpoint.ts'
import { has } from './quirks.ts'

/** The messages in the provider's words. Those that need no change are the client's own objects, not copies. */
export function writeMessages(messages: readonly Message[], endpoint: Endpoint, warnings: Warning[]): readonly Message[] {
  const written: Message[] = []
  let changed = false
  for (const message of messages) {
    const next = writeMessage(message, endpoint, warnings)
    changed ||= next !== message
    written.push(next)
  }
  return changed ? written : messages
}

function writeMessage(message: Message, endpoint: Endpoint, warnings: Warning[]): Message {
  let next = message
  if (message.role === 'assistant') next = writeAssistant(next, endpoint)
  else if (message.role === 'developer' && has(endpoint, 'no_developer_role')) next = { ...next, role: 'system' }
  else if (message.role === 'tool' && has(endpoint, 'mistral_tool_ids')) next = { ...next, tool_call_id: nineSigns(message.tool_call_id ?? '') }
  if (typeof next.content === 'string' || !next.content) return next
  const parts = writeParts(next.content, endpoint, warnings)
  if (has(endpoint, 'string_content') && parts.every((part) => part.type === 'text')) return { ...next, content: parts.map((part) => part['text']).join('\n') }
  return parts === next.content ? next : { ...next, content: parts }
}

/** Fields of an assistant message that only OpenRouter's own dialect has. */
const OURS = ['reasoning', 'reasoning_details', 'reasoning_content', 'annotations', 'images', 'model', 'native_finish_reason'] as const

function writeAssistant(sent: Message, endpoint: Endpoint): Message {
  const message = sent.tool_calls?.length === 0 ? withoutCalls(sent) : sent
  if (has(endpoint, 'reasoning_object')) return message
  const strip = OURS.some((field) => message[field] !== undefined)
  const ids = has(endpoint, 'mistral_tool_ids') && message.tool_calls
  if (!strip && !ids) return message
  const next: Message = { ...message }
  for (const field of OURS) delete next[field]
  if (has(endpoint, 'reasoning_content')) {
    const text = reasoningText(message)
    if (text) next.reasoning_content = text
  }
  if (ids) next.tool_calls = ids.map((call): ToolCall => ({ ...call, id: nineSigns(call.id) }))
  return next
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
  if (part['cache_control'] !== undefined && !has(endpoint, 'keeps_cache_control') && !has(endpoint, 'reasoning_object')) return true
  return (part.type === 'file' && has(endpoint, 'mistral_documents')) || (part.type === 'image_url' && isOriginal(part))
}

function isOriginal(part: Part): boolean {
  return isObject(part['image_url']) && part['image_url']['detail'] === 'original'
}

function writePart(part: Part, endpoint: Endpoint, warnings: Warning[]): Part {
  const { cache_control: cacheControl, ...rest } = part
  const keep = has(endpoint, 'keeps_cache_control') || has(endpoint, 'reasoning_object')
  if (cacheControl !== undefined && !keep && !warnings.some((warning) => warning.field === 'cache_control')) {
    warnings.push({ field: 'cache_control', why: `${endpoint.provider.name} caches by itself and takes no marks` })
  }
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
