import type { Part as ChatPart } from '../../core/call.ts'
import { Fault } from '../../core/fault.ts'
import { asObject, asString, type Json } from '../../core/json.ts'
import type { Part } from './wire.ts'

/** By file extension, which is also what most of the formats of input_audio (B57) are. */
const MIME_TYPES: ReadonlyMap<string, string> = new Map(Object.entries({
  png: 'image/png', jpg: 'image/jpeg', jpeg: 'image/jpeg', webp: 'image/webp', gif: 'image/gif', heic: 'image/heic', heif: 'image/heif', bmp: 'image/bmp',
  pdf: 'application/pdf', txt: 'text/plain', md: 'text/markdown', csv: 'text/csv', html: 'text/html', htm: 'text/html', xml: 'text/xml', json: 'application/json',
  css: 'text/css', js: 'text/javascript', ts: 'text/plain', py: 'text/x-python', rtf: 'text/rtf',
  mp3: 'audio/mp3', wav: 'audio/wav', aiff: 'audio/aiff', aac: 'audio/aac', ogg: 'audio/ogg', flac: 'audio/flac', m4a: 'audio/m4a',
  mp4: 'video/mp4', mpeg: 'video/mpeg', mpg: 'video/mpeg', mov: 'video/quicktime', webm: 'video/webm', avi: 'video/x-msvideo', wmv: 'video/wmv', flv: 'video/x-flv', '3gp': 'video/3gpp', pcm16: 'audio/pcm', pcm24: 'audio/pcm',
}))

const YOUTUBE = /^https?:\/\/(?:(?:www|m|music)\.)?(?:youtube\.com|youtu\.be)\//i
/** Files of Google's Files API and of Cloud Storage, which it reads itself. */
const GOOGLE_FILE = /^https:\/\/generativelanguage\.googleapis\.com\/\S*files\/|^gs:\/\//

/** True for a web address that AI Studio cannot read: it knows YouTube's and those of its own files. */
export function isForeign(url: string): boolean {
  return !YOUTUBE.test(url) && !GOOGLE_FILE.test(url)
}

/** An image, file, audio or video part; undefined for a part of another type. `field` says where it stands. */
export function mediaPart(part: ChatPart, field: string): Part | undefined {
  switch (part.type) {
    case 'image_url': return locate(urlIn(part['image_url'], `${field}.image_url`), 'image/jpeg', `${field}.image_url`)
    case 'input_audio': return audio(part['input_audio'], `${field}.input_audio`)
    case 'video_url': return video(urlIn(part['video_url'], `${field}.video_url`), `${field}.video_url`)
    case 'file': return file(part['file'], `${field}.file`)
    default: return undefined
  }
}

/** An image by its URL, as it stands in `images` of an assistant message. */
export function imagePart(url: string, field: string): Part {
  return locate(url, 'image/png', field)
}

function urlIn(value: Json | undefined, field: string): string {
  const url = asString(value) ?? asString(asObject(value)?.['url'])
  if (!url) throw new Fault('invalid_request', `${field}.url: must be a URL or a data URL`)
  return url
}

function locate(url: string, fallback: string, field: string): Part {
  if (url.startsWith('data:')) return { inlineData: inline(url, fallback, field) }
  if (YOUTUBE.test(url)) return { fileData: { fileUri: url } }
  if (/^https?:\/\//i.test(url) || GOOGLE_FILE.test(url)) {
    const mimeType = mimeTypeOf(url)
    // Google knows the type of its own files; what it fetches elsewhere we have to name.
    return { fileData: mimeType === undefined && GOOGLE_FILE.test(url) ? { fileUri: url } : { fileUri: url, mimeType: mimeType ?? fallback } }
  }
  throw new Fault('invalid_request', `${field}: must be an http(s) URL or a data URL`)
}

/** AI Studio reads videos from YouTube, its own files and data URLs, and fetches no others (B59): another provider may. */
function video(url: string, field: string): Part {
  if (/^https?:/i.test(url) && !YOUTUBE.test(url) && !GOOGLE_FILE.test(url)) {
    throw new Fault('invalid_request', `${field}.url: Gemini reads videos from YouTube or from data URLs; send this one as a data URL`, { retry: 'next' })
  }
  return locate(url, 'video/mp4', field)
}

function audio(value: Json | undefined, field: string): Part {
  const input = asObject(value) ?? {}
  const data = asString(input['data'])
  if (!data) throw new Fault('invalid_request', `${field}.data: must be base64`)
  const format = asString(input['format'])?.toLowerCase() ?? 'wav'
  const mimeType = MIME_TYPES.get(format) ?? `audio/${format}`
  return { inlineData: data.startsWith('data:') ? inline(data, mimeType, field) : { mimeType, data } }
}

function file(value: Json | undefined, field: string): Part {
  const input = asObject(value) ?? {}
  const named = mimeTypeOf(asString(input['filename']) ?? '')
  const data = asString(input['file_data']) ?? asString(input['file_url']) ?? asString(input['url'])
  const id = asString(input['file_id'])
  if (data && /^(data:|https?:|gs:)/i.test(data)) return locate(data, named ?? 'application/pdf', field)
  if (data) return { inlineData: { mimeType: named ?? 'application/pdf', data } }
  if (id && GOOGLE_FILE.test(id)) return { fileData: { fileUri: id } }
  if (id?.startsWith('files/')) return { fileData: { fileUri: `https://generativelanguage.googleapis.com/v1beta/${id}` } }
  throw new Fault('invalid_request', `${field}.file_data: must be a URL or a data URL${id ? '; Gemini does not know this file_id' : ''}`)
}

/** A data URL as type and base64. Looks at its head only, for the rest may be megabytes. */
function inline(url: string, fallback: string, field: string): { mimeType: string; data: string } {
  const comma = url.indexOf(',')
  if (comma === -1 || comma > 300) throw new Fault('invalid_request', `${field}: the data URL has no data`)
  const head = url.slice('data:'.length, comma)
  const mimeType = head.slice(0, head.includes(';') ? head.indexOf(';') : undefined) || fallback
  const data = url.slice(comma + 1)
  return { mimeType, data: /;base64$/i.test(head) ? data : encoded(data, field) }
}

function encoded(text: string, field: string): string {
  try {
    return Buffer.from(decodeURIComponent(text)).toString('base64')
  } catch {
    throw new Fault('invalid_request', `${field}: the data URL is neither base64 nor percent-encoded`)
  }
}

function mimeTypeOf(url: string): string | undefined {
  const path = url.replace(/[?#].*$/s, '')
  const extension = /\.([a-z0-9]{2,5})$/i.exec(path)?.[1]?.toLowerCase()
  return extension === undefined ? undefined : MIME_TYPES.get(extension)
}
