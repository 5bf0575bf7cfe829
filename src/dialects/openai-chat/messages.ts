import type { Message, Modality } from '../../core/call.ts'
import { Fault } from '../../core/fault.ts'
import { asObject, asString, isObject, type JsonObject } from '../../core/json.ts'
import { fileAnnotation, isLink, pdfSourceOf } from '../../core/pdf.ts'
import { refuse } from './check.ts'

/** What the messages hold beside text. */
export interface MessageFacts {
  readonly inputs: readonly Modality[]
  /** Bytes of data inlined in the body (data URLs, base64). */
  readonly mediaBytes: number
  /** What this media may cost in tokens, at most. An estimate for holds, never for bills. */
  readonly mediaTokensMax: number
  /** Characters of text in all messages, tool calls included. */
  readonly textChars: number
  readonly images: number
  /** Images, files, audio and videos together; and the audio of them. */
  readonly mediaItems: number
  readonly audioItems: number
  /** What the files may cost of what all counts together. */
  readonly fileTokensMax: number
  /** There are files, and all of them are PDFs. */
  readonly isPdfOnly: boolean
}

const MESSAGES_MAX = 10_000

interface Tally { readonly inputs: Set<Modality>; mediaBytes: number; mediaTokensMax: number; textChars: number; images: number; mediaItems: number; audioItems: number; fileTokensMax: number; otherFiles: number }

/** Checks every message (contract B50–B57). Throws Fault naming the place, as `messages[3].content[0].image_url.url`. */
export function readMessages(messages: unknown): MessageFacts {
  if (!Array.isArray(messages)) refuse('messages', 'an array of messages', messages)
  if (messages.length === 0) throw new Fault('invalid_request', 'messages: is empty; send at least one message', { metadata: { field: 'messages' } })
  if (messages.length > MESSAGES_MAX) throw new Fault('invalid_request', `messages: has ${messages.length} messages; at most ${MESSAGES_MAX} are taken`, { metadata: { field: 'messages' } })
  const tally: Tally = { inputs: new Set(), mediaBytes: 0, mediaTokensMax: 0, textChars: 0, images: 0, mediaItems: 0, audioItems: 0, fileTokensMax: 0, otherFiles: 0 }
  for (let index = 0; index < messages.length; index++) {
    const message: unknown = messages[index]
    checkMessage(message, index)
    const { content } = message
    if (typeof content === 'string') tally.textChars += content.length
    else if (Array.isArray(content)) for (let at = 0; at < content.length; at++) checkPart(content[at], `messages[${index}].content[${at}]`, message.role, tally)
    if (Array.isArray(message['annotations'])) countRead(message['annotations'], tally)
    if (message.tool_calls) for (const call of message.tool_calls) tally.textChars += call.function?.arguments?.length ?? 0
  }
  const { otherFiles, ...facts } = tally
  return { ...facts, inputs: [...tally.inputs], isPdfOnly: tally.inputs.has('file') && otherFiles === 0 }
}

/** Files that were read for an earlier answer stand beside it (contract B56). Where this server reads them, they count once more as what they say; a provider may be sent them. */
function countRead(annotations: readonly unknown[], tally: Tally): void {
  for (const annotation of annotations) {
    for (const part of fileAnnotation(annotation)?.content ?? []) {
      const tokensMax = part['type'] === 'text' ? Math.floor((asString(part['text'])?.length ?? 0) / 2) : IMAGE_TOKENS_MAX
      tally.fileTokensMax += tokensMax
      if (part['type'] === 'text') continue
      tally.mediaBytes += asString(asObject(part['image_url'])?.['url'])?.length ?? 0
      tally.mediaTokensMax += tokensMax
    }
  }
}

function checkMessage(message: unknown, index: number): asserts message is Message {
  if (!isObject(message)) refuse(`messages[${index}]`, 'an object with role and content', message)
  const content = message['content']
  switch (message['role']) {
    case 'system': case 'developer': case 'user':
      if (typeof content !== 'string' && !Array.isArray(content)) refuse(`messages[${index}].content`, 'a string or an array of parts', content)
      if (content.length === 0 && message['role'] === 'user' && Array.isArray(content)) refuse(`messages[${index}].content`, 'a string or an array of at least one part', content)
      break
    case 'assistant':
      checkAssistant(message, `messages[${index}]`)
      break
    case 'tool':
      if (typeof message['tool_call_id'] !== 'string') refuse(`messages[${index}].tool_call_id`, 'the id of the tool call that this answers', message['tool_call_id'])
      if (typeof content !== 'string' && !Array.isArray(content)) refuse(`messages[${index}].content`, 'a string or an array of parts', content)
      break
    case 'function':
      break
    default:
      refuse(`messages[${index}].role`, 'one of "system", "developer", "user", "assistant", "tool"', message['role'])
  }
  if (message['name'] !== undefined && message['name'] !== null && typeof message['name'] !== 'string') refuse(`messages[${index}].name`, 'a string', message['name'])
}

function checkAssistant(message: JsonObject, field: string): void {
  const { content, tool_calls: calls, reasoning_details: details } = message
  if (content !== undefined && content !== null && typeof content !== 'string' && !Array.isArray(content)) refuse(`${field}.content`, 'a string, an array of parts or null', content)
  if (details !== undefined && details !== null) {
    if (!Array.isArray(details)) refuse(`${field}.reasoning_details`, 'an array', details)
    details.forEach((detail: unknown, at) => {
      if (!isObject(detail)) refuse(`${field}.reasoning_details[${at}]`, 'an object', detail)
    })
  }
  if (calls === undefined || calls === null) return
  if (!Array.isArray(calls)) refuse(`${field}.tool_calls`, 'an array of tool calls', calls)
  calls.forEach((call: unknown, at) => {
    const place = `${field}.tool_calls[${at}]`
    if (!isObject(call)) refuse(place, 'an object', call)
    if (typeof call['id'] !== 'string') refuse(`${place}.id`, 'a string', call['id'])
    if (call['type'] !== undefined && call['type'] !== 'function') return
    const fn = call['function']
    if (!isObject(fn) || typeof fn['name'] !== 'string') refuse(`${place}.function`, 'an object with name and arguments', fn)
    if (fn['arguments'] !== undefined && fn['arguments'] !== null && typeof fn['arguments'] !== 'string') refuse(`${place}.function.arguments`, 'a string of JSON', fn['arguments'])
  })
}

/** Tokens that one picture may cost, at most: that of the dearest detail. */
export const IMAGE_TOKENS_MAX = 3_000
/** And other media: an hour of audio at 16 KB/s, a page of PDF. */
const BYTES_PER_TOKEN = { file: 8, audio: 100, video: 200 }
const LINKED_TOKENS_MAX = { file: 50_000, audio: 20_000, video: 100_000 }

function checkPart(part: unknown, field: string, role: string, tally: Tally): void {
  if (!isObject(part)) refuse(field, 'an object with a type', part)
  switch (part['type']) {
    case 'text':
      if (typeof part['text'] !== 'string') refuse(`${field}.text`, 'a string', part['text'])
      tally.textChars += part['text'].length
      return
    case 'image_url': {
      const image = part['image_url']
      const url = typeof image === 'string' ? image : isObject(image) ? image['url'] : undefined
      if (typeof url !== 'string' || url === '') refuse(`${field}.image_url.url`, 'an http(s) URL or a data URL', url)
      if (!/^(https?|data|gs):/i.test(url.slice(0, 6))) refuse(`${field}.image_url.url`, 'an http(s) URL or a data URL', url)
      return count(tally, 'image', url, IMAGE_TOKENS_MAX)
    }
    case 'file': {
      const file = part['file']
      if (!isObject(file)) refuse(`${field}.file`, 'an object with file_data or file_id', file)
      const data = file['file_data'] ?? file['file_id'] ?? file['file_url']
      if (typeof data !== 'string') refuse(`${field}.file.file_data`, 'a URL or a data URL', data)
      const source = pdfSourceOf(part)
      if (!source) tally.otherFiles++
      const before = tally.mediaTokensMax
      count(tally, 'file', data, undefined, data.startsWith('data:') || (source !== undefined && !isLink(source.said)))
      tally.fileTokensMax += tally.mediaTokensMax - before
      return
    }
    case 'input_audio': {
      const audio = part['input_audio']
      if (!isObject(audio) || typeof audio['data'] !== 'string') refuse(`${field}.input_audio.data`, 'base64', isObject(audio) ? audio['data'] : audio)
      if (typeof audio['format'] !== 'string') refuse(`${field}.input_audio.format`, 'a format such as "wav" or "mp3"', audio['format'])
      return count(tally, 'audio', audio['data'])
    }
    case 'video_url': case 'input_video': {
      const video = part['video_url']
      const url = isObject(video) ? video['url'] : video
      if (typeof url !== 'string') refuse(`${field}.video_url.url`, 'a URL or a data URL', url)
      return count(tally, 'video', url)
    }
    default:
      // What we do not know is carried to a provider that may; it must only name itself.
      if (typeof part['type'] !== 'string') refuse(`${field}.type`, role === 'system' ? '"text"' : 'the name of a kind of content, such as "text" or "image_url"', part['type'])
  }
}

function count(tally: Tally, modality: 'image' | 'file' | 'audio' | 'video', data: string, each?: number, inlined = modality === 'audio' || data.startsWith('data:')): void {
  tally.inputs.add(modality)
  tally.mediaItems++
  if (modality === 'image') tally.images++
  else if (modality === 'audio') tally.audioItems++
  if (inlined) tally.mediaBytes += data.length
  tally.mediaTokensMax += each ?? mediaTokens(modality, inlined ? data.length : undefined)
}

function mediaTokens(modality: 'image' | 'file' | 'audio' | 'video', bytes: number | undefined): number {
  if (modality === 'image') return IMAGE_TOKENS_MAX
  return bytes === undefined ? LINKED_TOKENS_MAX[modality] : IMAGE_TOKENS_MAX + Math.ceil(bytes / BYTES_PER_TOKEN[modality])
}
