import type { Part } from '../../core/call.ts'
import { Fault } from '../../core/fault.ts'
import { asObject, asString, isObject, type Json, type JsonObject } from '../../core/json.ts'
import type { Block, Notes } from './wire.ts'

const IMAGE_TYPES = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp'])
/** Media types beside `text/…` that are sent as a text document. */
const TEXT_TYPES = /^(?:text\/|application\/(?:json|xml|yaml|x-yaml|javascript|x-ndjson|toml|sql)\b|[^;]+\+(?:json|xml)\b)/
/** Blocks in Anthropic's own words that a message may carry. */
const OWN_BLOCKS = new Set(['image', 'document', 'search_result', 'container_upload', 'tool_reference', 'tool_addition', 'tool_removal'])
const FILES_BETA = 'files-api-2025-04-14'

/** The content of a message as blocks. Text of nothing but blanks is left out, for Anthropic refuses it. `place` names the content in faults. */
export function writeContent(content: string | readonly Part[] | null | undefined, place: string, notes: Notes): Block[] {
  if (content === null || content === undefined) return []
  if (typeof content === 'string') return content.trim() === '' ? [] : [{ type: 'text', text: content }]
  const blocks: Block[] = []
  for (let index = 0; index < content.length; index++) {
    const part = content[index]
    const block = isObject(part) ? writePart(part, `${place}[${index}]`, notes) : undefined
    if (block) blocks.push(marked(block, part, notes))
  }
  return blocks
}

/** The block with the cache mark of what it was made from (contract B74, B77). Alters and returns it. */
export function marked<T extends JsonObject>(block: T, source: unknown, notes: Notes): T {
  const mark = cacheMark(source, notes)
  // T is an object of ours, made in this call; its cache_control is Anthropic's.
  if (mark) (block as JsonObject)['cache_control'] = mark
  return block
}

/** The cache mark that a part, tool or message carries, in Anthropic's words. */
export function cacheMark(source: unknown, notes: Notes): JsonObject | undefined {
  if (!isObject(source)) return undefined
  const mark = source['cache_control'] ?? source['prompt_cache_breakpoint']
  if (mark === undefined || mark === null) return undefined
  if (source['cache_control'] === undefined || source['cache_control'] === null) return { type: 'ephemeral' }
  if (isObject(mark) && mark['type'] === 'ephemeral') {
    const { ttl } = mark
    if (ttl === undefined || ttl === null) return { type: 'ephemeral' }
    if (ttl === '5m' || ttl === '1h') return { type: 'ephemeral', ttl }
  }
  notes.warn('cache_control', 'only {"type":"ephemeral"} with ttl "5m" or "1h" is known; another mark was left out')
  return undefined
}

function writePart(part: JsonObject, place: string, notes: Notes): Block | undefined {
  const type = asString(part['type']) ?? ''
  switch (type) {
    case 'text': case 'input_text': case 'output_text': return textBlock(part['text'])
    // An assistant's refusal is what it said.
    case 'refusal': return textBlock(part['refusal'])
    case 'image_url': case 'input_image': return imageBlock(part, place, notes)
    case 'file': case 'input_file': return fileBlock(part, place, notes)
    case 'input_audio': case 'video_url': case 'input_video':
      throw new Fault('invalid_request', `${place}: this model takes no ${type === 'input_audio' ? 'audio' : 'video'}`, { retry: 'next', metadata: { field: place } })
    default:
      if (OWN_BLOCKS.has(type)) return ownBlock(part, type, notes)
      notes.warn(place, `content of type ${JSON.stringify(type)} is unknown to this provider and was left out`)
      return undefined
  }
}

function textBlock(text: Json | undefined): Block | undefined {
  return typeof text === 'string' && text.trim() !== '' ? { type: 'text', text } : undefined
}

/** Carried as it came; its cache mark is put on by the caller once it is checked. */
function ownBlock(part: JsonObject, type: string, notes: Notes): Block {
  const { cache_control: _mark, ...rest } = part
  if (asObject(part['source'])?.['type'] === 'file' || type === 'container_upload') notes.betas.add(FILES_BETA)
  return { ...rest, type }
}

function imageBlock(part: JsonObject, place: string, notes: Notes): Block {
  const image = part['image_url']
  const url = asString(image) ?? asString(asObject(image)?.['url']) ?? ''
  const detail = asObject(image)?.['detail'] ?? part['detail']
  if (detail !== undefined && detail !== null && detail !== 'auto') notes.warn('image_url.detail', 'this provider chooses the detail of images by itself')
  return { type: 'image', source: imageSource(url, `${place}.image_url.url`) }
}

function imageSource(url: string, field: string): JsonObject {
  if (!url.startsWith('data:')) return urlSource(url, field)
  const data = readDataUrl(url, field)
  const mediaType = data.mediaType === 'image/jpg' ? 'image/jpeg' : data.mediaType
  if (!IMAGE_TYPES.has(mediaType)) throw unsayable(field, `images of type ${mediaType} are not taken by this provider; send PNG, JPEG, GIF or WebP`)
  return { type: 'base64', media_type: mediaType, data: data.base64 }
}

function urlSource(url: string, field: string): JsonObject {
  if (!/^https?:\/\//i.test(url)) throw unsayable(field, 'must be an http(s) URL or a base64 data URL for this provider')
  return { type: 'url', url }
}

/** PDFs and text become documents, images in a file part become images (contract B54). */
function fileBlock(part: JsonObject, place: string, notes: Notes): Block {
  const file = asObject(part['file']) ?? part
  const title = asString(file['filename'])
  const source = fileSource(file, title, `${place}.file`, notes)
  if (source['type'] === 'image') return source as Block
  const block: Block = { type: 'document', source }
  if (title) block['title'] = title
  for (const field of ['citations', 'context'] as const) if (part[field] !== undefined && part[field] !== null) block[field] = part[field]
  return block
}

function fileSource(file: JsonObject, filename: string | undefined, field: string, notes: Notes): JsonObject {
  const id = asString(file['file_id'])
  const data = asString(file['file_data']) ?? asString(file['file_url'])
  if (data === undefined) {
    if (id === undefined) throw unsayable(field, 'needs file_data (a URL or a data URL) or file_id')
    notes.betas.add(FILES_BETA)
    return { type: 'file', file_id: id }
  }
  if (/^https?:\/\//i.test(data)) return isImageName(data) ? { type: 'image', source: { type: 'url', url: data } } : { type: 'url', url: data }
  const { mediaType, base64 } = data.startsWith('data:') ? readDataUrl(data, `${field}.file_data`) : { mediaType: guessedType(data, filename), base64: data }
  if (mediaType === 'application/pdf') return { type: 'base64', media_type: mediaType, data: base64 }
  if (mediaType.startsWith('image/')) return { type: 'image', source: imageSource(`data:${mediaType};base64,${base64}`, `${field}.file_data`) }
  if (TEXT_TYPES.test(mediaType)) return { type: 'text', media_type: 'text/plain', data: Buffer.from(base64, 'base64').toString('utf8') }
  throw unsayable(`${field}.file_data`, `files of type ${mediaType || 'unknown'} are not read by this provider; send a PDF, text or an image`)
}

function isImageName(url: string): boolean {
  return /\.(?:png|jpe?g|gif|webp)(?:[?#]|$)/i.test(url)
}

/** Bare base64: by its first bytes (`%PDF`), else by the name of the file. */
function guessedType(base64: string, filename = ''): string {
  if (base64.startsWith('JVBERi') || /\.pdf$/i.test(filename)) return 'application/pdf'
  return /\.(?:txt|md|csv|json|xml|ya?ml|html?|log|tsv)$/i.test(filename) ? 'text/plain' : ''
}

const DATA_URL = /^data:([^;,]*)((?:;[^;,]*)*),/i

function readDataUrl(url: string, field: string): { readonly mediaType: string; readonly base64: string } {
  const match = DATA_URL.exec(url.slice(0, 512))
  if (!match) throw unsayable(field, 'is not a data URL: it must look like data:<type>;base64,<data>')
  const [head, mediaType = '', parameters = ''] = match
  const rest = url.slice(head.length)
  const type = mediaType === '' ? 'text/plain' : mediaType.toLowerCase()
  return { mediaType: type, base64: /;base64$/i.test(parameters) ? rest : percentToBase64(rest, field) }
}

function percentToBase64(text: string, field: string): string {
  try {
    return Buffer.from(decodeURIComponent(text), 'utf8').toString('base64')
  } catch {
    // decodeURIComponent throws on a stray percent sign, and on nothing else.
    throw unsayable(field, 'is a data URL whose percent-encoding is broken')
  }
}

/** Another provider may take it, so the next endpoint is tried. */
function unsayable(field: string, why: string): Fault {
  return new Fault('invalid_request', `${field}: ${why}`, { retry: 'next', metadata: { field } })
}
