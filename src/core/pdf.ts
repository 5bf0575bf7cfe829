import { asObject, asString, type JsonObject } from './json.ts'

/** The file of a message's part that is a PDF, or that an address leads to which may be one: what it says, and in which field. */
export interface PdfSource { readonly field: 'file_data' | 'file_url' | 'url'; readonly said: string; readonly name: string | undefined }

const FIELDS = ['file_data', 'file_url', 'url'] as const
const WEB = /^https?:\/\//i
/** `%PDF-` in base64, as far as it does not hang on what follows. */
const BASE64_MARK = 'JVBERi0'

/** Where a part of type `file` has its PDF: a data URL, bare base64, or an address of the web. Undefined for any other file. */
export function pdfSourceOf(part: JsonObject): PdfSource | undefined {
  const file = asObject(part['file'])
  const field = file && FIELDS.find((one) => asString(file[one]) !== undefined)
  const said = file && field && asString(file[field])
  if (said === undefined || field === undefined) return undefined
  const name = asString(file?.['filename']) || undefined
  return isPdf(said, name) ? { field, said, name } : undefined
}

function isPdf(said: string, name: string | undefined): boolean {
  if (isLink(said)) return hasNoOtherEnding(name ?? URL.parse(said)?.pathname ?? '')
  if (!said.startsWith('data:')) return said.startsWith(BASE64_MARK)
  const comma = said.indexOf(',')
  return /^data:application\/(?:x-)?pdf[;,]/i.test(said.slice(0, 64)) || said.startsWith(BASE64_MARK, comma + 1)
}

/** True for an address of the web, where the file must be fetched first. */
export function isLink(said: string): boolean {
  return WEB.test(said)
}

/** What is called `report.docx` is no PDF; what is called `download` may be one. */
function hasNoOtherEnding(name: string): boolean {
  const ending = /\.([a-z][a-z0-9]{1,4})$/i.exec(name)?.[1]?.toLowerCase()
  return ending === undefined || ending === 'pdf' || PAGES.has(ending)
}

/** Endings of programs that make what they send. */
const PAGES: ReadonlySet<string> = new Set(['php', 'asp', 'aspx', 'cgi', 'jsp', 'do'])

/** The bytes of a PDF that stands in the message; undefined where it is no base64. */
export function pdfBytes(said: string): Uint8Array | undefined {
  const comma = said.startsWith('data:') ? said.indexOf(',') : -1
  const base64 = said.slice(comma + 1)
  if (comma !== -1 && !said.slice(0, comma).toLowerCase().endsWith(';base64')) return undefined
  return /^[A-Za-z0-9+/_=\s-]*$/.test(base64) ? Buffer.from(base64, 'base64') : undefined
}

/** What an assistant's message says of files that were read for it (contract B56): their content by the hash of their bytes. */
export function fileAnnotation(annotation: unknown): { readonly hash: string; readonly content: readonly JsonObject[] } | undefined {
  const said = asObject(annotation)
  const file = said?.['type'] === 'file' ? asObject(said['file']) : undefined
  const hash = asString(file?.['hash'])
  const content = file?.['content']
  if (hash === undefined || !Array.isArray(content) || content.length === 0) return undefined
  // `isContent` has looked at each of them.
  return content.every(isContent) ? { hash, content: content as readonly JsonObject[] } : undefined
}

function isContent(part: unknown): boolean {
  const said = asObject(part)
  if (said?.['type'] === 'text') return typeof said['text'] === 'string'
  return said?.['type'] === 'image_url' && /^(?:data|https?):/i.test(asString(asObject(said['image_url'])?.['url']) ?? '')
}
