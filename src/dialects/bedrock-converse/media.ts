import { Fault } from '../../core/fault.ts'
import { asObject, asString, type JsonObject } from '../../core/json.ts'
import type { Block } from './wire.ts'

type Formats = Readonly<Record<string, string>>

/** Media types and file names → the formats of Converse's blocks. */
const IMAGES: Formats = { png: 'png', jpeg: 'jpeg', jpg: 'jpeg', gif: 'gif', webp: 'webp' }
const VIDEOS: Formats = {
  mp4: 'mp4', mov: 'mov', quicktime: 'mov', mkv: 'mkv', 'x-matroska': 'mkv', webm: 'webm', flv: 'flv', 'x-flv': 'flv', mpeg: 'mpeg', mpg: 'mpg', wmv: 'wmv', 'x-ms-wmv': 'wmv', '3gp': 'three_gp', '3gpp': 'three_gp',
}
const AUDIOS: Formats = { mp3: 'mp3', mpeg: 'mp3', wav: 'wav', 'x-wav': 'wav', wave: 'wav', aac: 'aac', flac: 'flac', ogg: 'ogg', opus: 'opus', m4a: 'm4a', 'x-m4a': 'm4a', mp4: 'mp4', webm: 'webm' }
const DOCUMENTS: Formats = {
  pdf: 'pdf', csv: 'csv', doc: 'doc', msword: 'doc', docx: 'docx', 'vnd.openxmlformats-officedocument.wordprocessingml.document': 'docx', xls: 'xls', 'vnd.ms-excel': 'xls',
  xlsx: 'xlsx', 'vnd.openxmlformats-officedocument.spreadsheetml.sheet': 'xlsx', html: 'html', htm: 'html', txt: 'txt', plain: 'txt', md: 'md', markdown: 'md', 'x-markdown': 'md',
}

/** A part that holds a file as Converse's block, undefined when it is none. `field` names it in faults. */
export function mediaBlock(part: JsonObject, field: string): Block | undefined {
  switch (part['type']) {
    case 'image_url': case 'input_image': return { image: fileOf(urlOf(part['image_url']), IMAGES, '', `${field}.image_url.url`) }
    case 'video_url': case 'input_video': return { video: fileOf(urlOf(part['video_url']), VIDEOS, '', `${field}.video_url.url`) }
    case 'input_audio': return audioBlock(asObject(part['input_audio']) ?? {}, `${field}.input_audio`)
    case 'file': case 'input_file': return fileBlock(asObject(part['file']) ?? part, `${field}.file`)
    default: return undefined
  }
}

function urlOf(value: unknown): string {
  return asString(value) ?? asString(asObject(value)?.['url']) ?? ''
}

function audioBlock(audio: JsonObject, field: string): Block {
  const format = formatOf(AUDIOS, asString(audio['format']) ?? '')
  const data = asString(audio['data'])
  if (format === undefined || data === undefined) throw unsayable(field, 'needs data and a format such as wav or mp3')
  return { audio: { format, source: { bytes: data.replace(/^data:[^,]*,/, '') } } }
}

/** An image or a video in a file part is one all the same; everything else is a document. */
function fileBlock(file: JsonObject, field: string): Block {
  const name = asString(file['filename']) ?? ''
  const data = asString(file['file_data']) ?? asString(file['file_url'])
  if (data === undefined) throw unsayable(field, 'needs file_data: this provider keeps no uploaded files')
  const type = /^data:(\w+)\//.exec(data.slice(0, 100))?.[1] ?? kindOf(extensionOf(name)) ?? kindOf(extensionOf(data))
  if (type === 'image') return { image: fileOf(data, IMAGES, name, `${field}.file_data`) }
  if (type === 'video') return { video: fileOf(data, VIDEOS, name, `${field}.file_data`) }
  return { document: { name: documentName(name), ...fileOf(data, DOCUMENTS, name, `${field}.file_data`) } }
}

function kindOf(extension: string): 'image' | 'video' | undefined {
  return formatOf(IMAGES, extension) !== undefined ? 'image' : formatOf(VIDEOS, extension) !== undefined ? 'video' : undefined
}

function formatOf(formats: Formats, name: string): string | undefined {
  return Object.hasOwn(formats, name) ? formats[name] : undefined
}

/** A file's format and where it is: in the request, or in S3. Converse fetches nothing else. */
function fileOf(url: string, formats: Formats, name: string, field: string): JsonObject {
  const data = /^data:[\w.+-]+\/([\w.+-]+)((?:;[^;,]*)*),/i.exec(url.slice(0, 512))
  const isBase64 = !data && !url.includes(':')
  const names = [(data?.[1] ?? '').toLowerCase(), extensionOf(name), data || isBase64 ? '' : extensionOf(url), isBase64 && url.startsWith('JVBERi') ? 'pdf' : '']
  const format = names.map((one) => formatOf(formats, one)).find((one) => one !== undefined)
  if (!data && !isBase64 && !url.startsWith('s3://')) throw unsayable(field, 'must be a data URL or in S3 (s3://…): this provider fetches nothing else')
  if (format === undefined) throw unsayable(field, 'is of a type that this provider does not read')
  if (url.startsWith('s3://')) return { format, source: { s3Location: { uri: url } } }
  const rest = data ? url.slice(data[0].length) : url
  return { format, source: { bytes: !data || /;base64$/i.test(data[2] ?? '') ? rest : fromPercent(rest, field) } }
}

function fromPercent(text: string, field: string): string {
  try {
    return Buffer.from(decodeURIComponent(text), 'utf8').toString('base64')
  } catch {
    // decodeURIComponent throws on a stray percent sign, and on nothing else.
    throw unsayable(field, 'is a data URL whose percent-encoding is broken')
  }
}

function extensionOf(name: string): string {
  return (/\.(\w{1,5})(?:[?#]|$)/.exec(name.slice(-300))?.[1] ?? '').toLowerCase()
}

/** Converse takes letters, digits, single blanks, hyphens, parentheses and brackets in a document's name. */
function documentName(filename: string): string {
  const name = filename.replace(/\.\w{1,5}$/, '').replace(/[^A-Za-z0-9\s\-()[\]]+/g, '-').replace(/\s+/g, ' ').trim().slice(0, 200)
  return name === '' ? 'document' : name
}

/** Another provider may take it, so the next endpoint is tried. */
export function unsayable(field: string, why: string): Fault {
  return new Fault('invalid_request', `${field}: ${why}`, { retry: 'next', metadata: { field } })
}
