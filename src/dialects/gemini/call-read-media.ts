import type { Part as ChatPart } from '../../core/call.ts'
import { asObject, asString, isObject, type JsonObject } from '../../core/json.ts'
import { refuse } from '../openai-chat/check.ts'
import { either } from './wire.ts'

/** Formats of `input_audio` whose name is not the second half of their type. */
const AUDIO_FORMATS: ReadonlyMap<string, string> = new Map([['mpeg', 'mp3'], ['x-wav', 'wav'], ['wave', 'wav'], ['x-m4a', 'm4a'], ['mp4', 'm4a'], ['x-aiff', 'aiff'], ['l16', 'pcm16']])

const YOUTUBE = /^https?:\/\/(?:(?:www|m|music)\.)?(?:youtube\.com|youtu\.be)\//i

/** Media of a part in the chat shape; undefined for a part that holds none. */
export function chatMedia(part: JsonObject, field: string): ChatPart | undefined {
  const inline = either(part, 'inlineData', 'inline_data')
  if (inline !== undefined && inline !== null) return inlinePart(inline, `${field}.inlineData`)
  const file = either(part, 'fileData', 'file_data')
  return file === undefined || file === null ? undefined : filePart(file, `${field}.fileData`)
}

function inlinePart(value: unknown, field: string): ChatPart {
  const blob = asObject(value) ?? refuse(field, 'an object with mimeType and data', value)
  const data = asString(blob['data']) ?? refuse(`${field}.data`, 'base64', blob['data'])
  const mimeType = asString(either(blob, 'mimeType', 'mime_type')) ?? refuse(`${field}.mimeType`, 'a type such as "image/png"', either(blob, 'mimeType', 'mime_type'))
  // Python's client says bytes in base64url.
  const base64 = /[-_]/.test(data) ? data.replaceAll('-', '+').replaceAll('_', '/') : data
  const [kind = '', subtype = ''] = mimeType.toLowerCase().split(';', 1)[0]?.split('/') ?? []
  if (kind === 'audio') return { type: 'input_audio', input_audio: { data: base64, format: AUDIO_FORMATS.get(subtype) ?? subtype } }
  const url = `data:${mimeType};base64,${base64}`
  const name = asString(either(blob, 'displayName', 'display_name'))
  if (kind === 'image') return { type: 'image_url', image_url: { url } }
  if (kind === 'video') return { type: 'video_url', video_url: { url } }
  return { type: 'file', file: { filename: name ?? `file.${EXTENSIONS.get(subtype) ?? (/^[a-z0-9]{1,5}$/.test(subtype) ? subtype : 'txt')}`, file_data: url } }
}

const EXTENSIONS: ReadonlyMap<string, string> = new Map([['plain', 'txt'], ['markdown', 'md'], ['x-python', 'py'], ['javascript', 'js']])

function filePart(value: unknown, field: string): ChatPart {
  const file = isObject(value) ? value : refuse(field, 'an object with fileUri', value)
  const uri = asString(either(file, 'fileUri', 'file_uri')) || refuse(`${field}.fileUri`, 'a URL', either(file, 'fileUri', 'file_uri'))
  const mimeType = asString(either(file, 'mimeType', 'mime_type'))?.toLowerCase() ?? ''
  if (mimeType.startsWith('video/') || YOUTUBE.test(uri)) return { type: 'video_url', video_url: { url: uri } }
  if (!/^(https?|data|gs):/i.test(uri)) return { type: 'file', file: { file_id: uri } }
  if (mimeType.startsWith('image/') || (mimeType === '' && /\.(png|jpe?g|webp|gif|heic|heif)(\?|$)/i.test(uri))) return { type: 'image_url', image_url: { url: uri } }
  return { type: 'file', file: { file_data: uri } }
}
