import type { Part } from '../../core/call.ts'
import { asString, type JsonObject } from '../../core/json.ts'
import { IMAGE_TOKENS_MAX } from '../../dialects/openai-chat/messages.ts'
import type { OcrPage } from './ocr.ts'
import type { PdfPage } from './protocol.ts'

/** What stands for a page of which nothing can be said but that it is there. */
const WORDLESS = /^\[page \d+ has no text\]$/
const WRAPPER = /^<\/?file\b[^>]*>$/

/** The parts that say a PDF read here: each page's text, and the pictures of pages that have none. */
export function contentOfPages(name: string, pages: readonly PdfPage[]): Part[] {
  return wrapped(name, pages.flatMap(({ text, image }, at) => {
    if (text !== '') return [textPart(pages.length > 1 ? `[page ${at + 1}]\n${text}` : text)]
    return [textPart(`[page ${at + 1} has no text]`), ...(image === undefined ? [] : [imagePart(`data:image/jpeg;base64,${image}`)])]
  }))
}

/** The parts that say what an OCR engine read. */
export function contentOfOcr(name: string, pages: readonly OcrPage[], imagesMax: number): Part[] {
  let left = imagesMax
  return wrapped(name, pages.flatMap(({ markdown, images }) => {
    const shown = images.slice(0, left)
    left -= shown.length
    return [...(markdown.trim() === '' ? [] : [textPart(markdown)]), ...shown.map(imagePart)]
  }))
}

function wrapped(name: string, parts: readonly Part[]): Part[] {
  return [textPart(`<file name="${name.replace(/["<>\r\n]/g, '')}">`), ...parts, textPart('</file>')]
}

function textPart(text: string): Part {
  return { type: 'text', text }
}

function imagePart(url: string): Part {
  return { type: 'image_url', image_url: { url } }
}

/** True for content that says something without its pictures. */
export function hasWords(content: readonly JsonObject[]): boolean {
  return content.some((part) => {
    const text = asString(part['text'])?.trim() ?? ''
    return text !== '' && !WORDLESS.test(text) && !WRAPPER.test(text)
  })
}

/** The most tokens that this content may come to, by the bound that all prompts have: two bytes a token. */
export function contentTokensMax(content: readonly JsonObject[]): number {
  return content.reduce((sum, part) => sum + (part['type'] === 'image_url' ? IMAGE_TOKENS_MAX : Math.ceil(Buffer.byteLength(asString(part['text']) ?? '') / 2)), 0)
}

/** Characters of the text in this content. */
export function contentChars(content: readonly JsonObject[]): number {
  return content.reduce((sum, part) => sum + (asString(part['text'])?.length ?? 0), 0)
}
