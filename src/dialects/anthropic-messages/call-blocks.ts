import type { Part } from '../../core/call.ts'
import { asObject, asString, isObject, type Json, type JsonObject } from '../../core/json.ts'
import { refuse } from '../openai-chat/check.ts'
import type { Notes } from './wire.ts'

/** The content of a message as blocks; text alone is one block. Throws the fault that names what is no block. */
export function blocksOf(content: Json | undefined, field: string): readonly JsonObject[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }]
  if (!Array.isArray(content)) refuse(field, 'a string or an array of content blocks', content)
  content.forEach((block: unknown, at) => {
    if (!isObject(block)) refuse(`${field}[${at}]`, 'an object with a type', block)
    if (typeof block['type'] !== 'string') refuse(`${field}[${at}].type`, 'the name of a kind of content, such as "text" or "tool_use"', block['type'])
  })
  // The loop above has looked at each of them.
  return content as readonly JsonObject[]
}

/** The text of a block, or the fault that says where it is missing. */
export function textIn(block: JsonObject, name: string, field: string): string {
  const text = block[name]
  return typeof text === 'string' ? text : refuse(`${field}.${name}`, 'a string', text)
}

/** A block that shows the model something, as a part in the contract's chat shape; nothing, and a note, for what that has no word for. */
export function partsOf(block: JsonObject, field: string, unsaid: Notes): Part[] {
  switch (block['type']) {
    case 'text': return [marked({ type: 'text', text: textIn(block, 'text', field) }, block)]
    case 'image': return [marked(imagePart(block, field), block)]
    case 'document': return documentParts(block, field, unsaid).map((part, at, all) => (at === all.length - 1 ? marked(part, block) : part))
    case 'search_result': return searchResult(block, field, unsaid)
    case 'tool_reference': return [{ type: 'text', text: `Tool found: ${textIn(block, 'tool_name', field)}` }]
    default:
      unsaid.warn(field, `content of type ${JSON.stringify(block['type'] ?? null)} is Anthropic's own and was left out`)
      return []
  }
}

/** The part with the cache mark of its block. */
export function marked(part: Part, block: JsonObject): Part {
  const mark = block['cache_control']
  return mark === undefined || mark === null ? part : { ...part, cache_control: mark }
}

function sourceOf(block: JsonObject, field: string): JsonObject {
  return asObject(block['source']) ?? refuse(`${field}.source`, 'an object with a type', block['source'])
}

function imagePart(block: JsonObject, field: string): Part {
  const source = sourceOf(block, field)
  const place = `${field}.source`
  switch (source['type']) {
    case 'base64': return { type: 'image_url', image_url: { url: dataUrl(source, place) } }
    case 'url': return { type: 'image_url', image_url: { url: webUrl(source, place) } }
    case 'file': return { type: 'file', file: { file_id: textIn(source, 'file_id', place) } }
    default: return refuse(`${place}.type`, 'one of "base64", "url", "file"', source['type'])
  }
}

function documentParts(block: JsonObject, field: string, unsaid: Notes): Part[] {
  const source = sourceOf(block, field)
  const place = `${field}.source`
  const title = asString(block['title'])
  if (asObject(block['citations'])?.['enabled'] === true) unsaid.warn(`${field}.citations`, 'only Anthropic cites the documents that it is sent')
  const about = asString(block['context'])
  const before: Part[] = about ? [{ type: 'text', text: about }] : []
  switch (source['type']) {
    case 'base64': return [...before, filePart(dataUrl(source, place), title ?? 'document.pdf')]
    case 'url': return [...before, filePart(webUrl(source, place), title ?? 'document.pdf')]
    case 'file': return [...before, { type: 'file', file: { file_id: textIn(source, 'file_id', place), ...(title === undefined ? {} : { filename: title }) } }]
    // Every model reads text, while not every one takes files.
    case 'text': return [...before, { type: 'text', text: wrapped('document', title, textIn(source, 'data', place)) }]
    case 'content': return [...before, ...blocksOf(source['content'], `${place}.content`).flatMap((inner, at) => partsOf(inner, `${place}.content[${at}]`, unsaid))]
    default: return refuse(`${place}.type`, 'one of "base64", "url", "text", "content", "file"', source['type'])
  }
}

function filePart(data: string, filename: string): Part {
  return { type: 'file', file: { filename, file_data: data } }
}

function searchResult(block: JsonObject, field: string, unsaid: Notes): Part[] {
  const text = blocksOf(block['content'], `${field}.content`).map((inner, at) => textIn(inner, 'text', `${field}.content[${at}]`)).join('\n')
  if (asObject(block['citations'])?.['enabled'] === true) unsaid.warn(`${field}.citations`, 'only Anthropic cites the search results that it is sent')
  return [marked({ type: 'text', text: wrapped('search_result', `${asString(block['title']) ?? ''} ${asString(block['source']) ?? ''}`.trim(), text) }, block)]
}

function wrapped(tag: string, title: string | undefined, text: string): string {
  return `<${tag}${title ? ` title=${JSON.stringify(title)}` : ''}>\n${text}\n</${tag}>`
}

function dataUrl(source: JsonObject, place: string): string {
  return `data:${textIn(source, 'media_type', place)};base64,${textIn(source, 'data', place)}`
}

function webUrl(source: JsonObject, place: string): string {
  const url = textIn(source, 'url', place)
  // What it is, without repeating it: a URL may hold a secret.
  return /^(?:https?|data|gs):/i.test(url) ? url : refuse(`${place}.url`, 'an http(s) URL', url)
}
