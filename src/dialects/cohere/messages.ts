import type { Message, Part, Warning } from '../../core/call.ts'
import { Fault } from '../../core/fault.ts'
import { asArray, asObject, asString, isObject, type JsonObject } from '../../core/json.ts'
import { lostAudio, withRefusal } from '../assistant-said.ts'
import { UNKNOWN_FORMAT } from './wire.ts'

/** Media types beside `text/…` that are read as text. */
const TEXT_TYPES = /^(?:text\/|application\/(?:json|xml|yaml|x-yaml|javascript|x-ndjson|toml|sql)\b|[^;]+\+(?:json|xml)\b)/

/** The contract's messages (B50–B57) as Cohere's: roles and tool results are the same; what stands before calls is their plan. */
export function writeMessages(messages: readonly Message[], warnings: Warning[]): JsonObject[] {
  const written: JsonObject[] = []
  for (const [index, message] of messages.entries()) {
    const field = `messages[${index}]`
    switch (message.role) {
      case 'system': case 'developer':
        written.push({ role: 'system', content: named(message, textOf(message, field)) })
        break
      case 'assistant':
        written.push(...assistant(message, field, warnings))
        break
      case 'tool': case 'function':
        written.push({ role: 'tool', tool_call_id: message.tool_call_id ?? message.name ?? '', content: textOf(message, field) })
        break
      default: written.push({ role: 'user', content: userContent(message, field) })
    }
  }
  if (!written.some((message) => message['role'] !== 'system')) {
    written.push({ role: 'user', content: 'Begin.' })
    warnings.push({ field: 'messages', why: 'Cohere needs a message beside the system prompt; the user says "Begin."' })
  }
  if (messages.some(isMarked)) warnings.push({ field: 'cache_control', why: 'Cohere caches by itself and takes no marks' })
  return written
}

function isMarked(message: Message): boolean {
  return Boolean(message['cache_control']) || (Array.isArray(message.content) && message.content.some((part) => isObject(part) && part['cache_control']))
}

function named(message: Message, text: string): string {
  return message.name ? `${message.name}: ${text}` : text
}

/** All text of a message, for roles that say nothing else. */
function textOf(message: Message, field: string): string {
  const { content } = message
  if (typeof content === 'string') return content
  return (content ?? []).map((part, at) => {
    const block = contentPart(part, `${field}.content[${at}]`)
    const text = asString(block?.['text'])
    if (block && text === undefined) throw unsayable(`${field}.content[${at}]`, `Cohere takes only text from the role ${message.role}`)
    return text ?? ''
  }).join('\n')
}

function userContent(message: Message, field: string): string | JsonObject[] {
  const { content } = message
  if (typeof content === 'string') return named(message, content)
  const parts = (content ?? []).flatMap((part, at): JsonObject[] => {
    const written = contentPart(part, `${field}.content[${at}]`)
    return written ? [written] : []
  })
  const first = parts.find((part) => part['type'] === 'text')
  if (message.name && first) first['text'] = named(message, String(first['text']))
  return parts
}

/** A part as Cohere's: text and images. A file of text is text; other files are not read. */
function contentPart(part: Part, field: string): JsonObject | undefined {
  switch (part.type) {
    case 'text': case 'input_text': case 'output_text': return { type: 'text', text: asString(part['text']) ?? '' }
    case 'refusal': return { type: 'text', text: asString(part['refusal']) ?? '' }
    case 'image_url': case 'input_image': {
      const image = part['image_url']
      return { type: 'image_url', image_url: typeof image === 'string' ? { url: image } : image }
    }
    case 'file': case 'input_file': return { type: 'text', text: fileText(asObject(part['file']) ?? part, `${field}.file`) }
    case 'thinking': case 'redacted_thinking': case 'reasoning': return undefined
    default: throw unsayable(`${field}.type`, `Cohere has no content of type ${JSON.stringify(part.type)}`)
  }
}

function fileText(file: JsonObject, field: string): string {
  const data = asString(file['file_data']) ?? ''
  const match = /^data:([^;,]*)((?:;[^;,]*)*),/i.exec(data.slice(0, 512))
  if (!match || !TEXT_TYPES.test(match[1] || 'text/plain')) throw unsayable(`${field}.file_data`, 'Cohere reads no files but those of text')
  const rest = data.slice(match[0].length)
  const text = /;base64$/i.test(match[2] ?? '') ? Buffer.from(rest, 'base64').toString('utf8') : fromPercent(rest, field)
  const name = asString(file['filename'])
  return name === undefined ? text : `${name}\n${text}`
}

function fromPercent(text: string, field: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    // decodeURIComponent throws on a stray percent sign, and on nothing else.
    throw unsayable(field, 'is a data URL whose percent-encoding is broken')
  }
}

/** An assistant message that says nothing is left out: Cohere refuses it. */
function assistant(message: Message, field: string, warnings: Warning[]): JsonObject[] {
  const text = named(message, textOf({ ...message, content: withRefusal(message) ?? null }, field))
  const lost = lostAudio(message)
  if (lost !== undefined) warnings.push({ field: `${field}.audio`, why: lost })
  const calls = toolCalls(message)
  const thinking = thinkingOf(message, warnings)
  if (calls.length > 0) return [{ role: 'assistant', tool_calls: calls, ...(text === '' ? {} : { tool_plan: text }), ...(thinking === '' ? {} : { content: [{ type: 'thinking', thinking }] }) }]
  if (text === '' && thinking === '') return []
  return [{ role: 'assistant', content: thinking === '' ? text : [{ type: 'thinking', thinking }, ...(text === '' ? [] : [{ type: 'text', text }])] }]
}

function toolCalls(message: Message): JsonObject[] {
  const older = message['function_call']
  const calls = message.tool_calls ?? (isObject(older) && typeof older['name'] === 'string' ? [{ id: older['name'], function: { name: older['name'], arguments: asString(older['arguments']) ?? '' } }] : [])
  return calls.map((call) => ({ id: call.id, type: 'function', function: { name: call.function.name, arguments: call.function.arguments.trim() === '' ? '{}' : call.function.arguments } }))
}

/** Thinking that Cohere wrote, or that nobody signed; it goes back as text. */
function thinkingOf(message: Message, warnings: Warning[]): string {
  const details = (asArray(message.reasoning_details) ?? []).filter(isObject)
  if (details.length === 0) return message.reasoning ?? message.reasoning_content ?? ''
  const own = details.filter((detail) => detail['type'] === 'reasoning.text' && detail['format'] === UNKNOWN_FORMAT)
  if (own.length < details.length) warnings.push({ field: 'reasoning_details', why: 'reasoning of another provider cannot be read by this one and was left out' })
  return own.map((detail) => asString(detail['text']) ?? '').join('')
}

/** Another provider may take it, so the next endpoint is tried. */
function unsayable(field: string, why: string): Fault {
  return new Fault('invalid_request', `${field}: ${why}`, { retry: 'next', metadata: { field } })
}
