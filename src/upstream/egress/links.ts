import type { Call, ChatBody, Message, Part } from '../../core/call.ts'
import { asObject, asString, isObject, type Json, type JsonObject } from '../../core/json.ts'
import type { Fetched } from './egress.ts'

/** A web address in a call's content. */
export interface Link { readonly url: string; readonly kind: 'image' | 'file' | 'video'; readonly field: string }

/** What a link's content is said as, undefined where the link stays: its `key` is `linkKey`. */
export type Contents = ReadonlyMap<string, Fetched>

/** By what contents are known: a URL is looked at as what the client says that it is. */
export function linkKey({ kind, url }: Pick<Link, 'kind' | 'url'>): string {
  return `${kind} ${url}`
}

/** Fields of a file part that may hold an address. */
const FILE_FIELDS = ['file_data', 'file_url', 'url'] as const
const WEB = /^https?:\/\//i

/** Every picture, video and file that a call's messages have by web address. */
export function linksOf(call: Call): Link[] {
  const links: Link[] = []
  call.body.messages.forEach((message, index) => {
    for (const name of ['content', 'images'] as const) {
      partsOf(message[name]).forEach((part, at) => {
        const link = isObject(part) ? linkOf(part, `messages[${index}].${name}[${at}]`) : undefined
        if (link) links.push(link)
      })
    }
  })
  return links
}

function linkOf(part: JsonObject, field: string): Link | undefined {
  if (part['type'] === 'image_url') return webLink('image', imageUrl(part), `${field}.image_url.url`)
  if (part['type'] === 'video_url') return webLink('video', videoUrl(part), `${field}.video_url.url`)
  const file = part['type'] === 'file' ? asObject(part['file']) : undefined
  const name = file && FILE_FIELDS.find((one) => asString(file[one]) !== undefined)
  return file && name && webLink('file', asString(file[name]), `${field}.file.${name}`)
}

function webLink(kind: Link['kind'], url: string | undefined, field: string): Link | undefined {
  return url !== undefined && WEB.test(url) ? { kind, url, field } : undefined
}

function imageUrl(part: JsonObject): string | undefined {
  return asString(part['image_url']) ?? asString(asObject(part['image_url'])?.['url'])
}

function videoUrl(part: JsonObject): string | undefined {
  return asString(part['video_url']) ?? asString(asObject(part['video_url'])?.['url'])
}

function partsOf(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : []
}

/** The call with these contents in place of their addresses. Nothing of the call itself is changed, nor copied but the way there. */
export function withContents(call: Call, contents: Contents): Call {
  const said = new Map([...contents].map(([key, { mediaType, bytes }]) => [key, `data:${mediaType};base64,${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64')}`]))
  const messages = call.body.messages.map((message) => inMessage(message, said))
  const body: ChatBody = { ...call.body, messages }
  const native = call.native && inNative(call, call.native, said)
  return { ...call, body, ...(native ? { native } : {}) }
}

function inNative({ dialect }: Call, native: JsonObject, said: ReadonlyMap<string, string>): JsonObject {
  return dialect === 'anthropic-messages' ? inAnthropic(native, said) : dialect === 'openai-responses' ? inResponses(native, said) : native
}

function inMessage(message: Message, said: ReadonlyMap<string, string>): Message {
  const { content } = message
  const images = message['images']
  const named = Array.isArray(images) ? { images: images.map((part: Json) => (isObject(part) ? inPart(part, said) : part)) } : {}
  // Parts keep their type: only an address in them is another.
  return { ...message, ...named, ...(Array.isArray(content) ? { content: content.map((part: Part) => inPart(part, said) as Part) } : {}) }
}

function inPart(part: JsonObject, said: ReadonlyMap<string, string>): JsonObject {
  const link = linkOf(part, '')
  const data = link && said.get(linkKey(link))
  if (!link || data === undefined) return part
  if (link.kind === 'image') return { ...part, image_url: { ...asObject(part['image_url']), url: data } }
  if (link.kind === 'video') return { ...part, video_url: { ...asObject(part['video_url']), url: data } }
  const { file_url: _, url: __, ...file } = asObject(part['file']) ?? {}
  return { ...part, file: { ...file, file_data: data } }
}

/** A Messages request goes to a Claude elsewhere in its own words, which have addresses in `source` of a block, at any depth. */
function inAnthropic(native: JsonObject, said: ReadonlyMap<string, string>): JsonObject {
  return { ...native, messages: partsOf(native['messages']).map((message) => (isObject(message) ? { ...message, content: inBlocks(message['content'], said) } : message)) }
}

function inBlocks(content: Json | undefined, said: ReadonlyMap<string, string>): Json | undefined {
  if (!Array.isArray(content)) return content
  return content.map((block: Json) => {
    if (!isObject(block)) return block
    const source = asObject(block['source'])
    const kind = block['type'] === 'image' ? 'image' : 'file'
    const data = source?.['type'] === 'url' ? said.get(linkKey({ kind, url: asString(source['url']) ?? '' })) : undefined
    if (data !== undefined) return { ...block, source: sourceOf(data) }
    return block['type'] === 'tool_result' ? { ...block, content: inBlocks(block['content'], said) } : block
  })
}

/** A Responses request has its addresses in parts of an item's content, or of what a tool gave. */
function inResponses(native: JsonObject, said: ReadonlyMap<string, string>): JsonObject {
  const inParts = (parts: Json | undefined) => (Array.isArray(parts) ? parts.map((part: Json) => (isObject(part) ? inInput(part, said) : part)) : parts)
  return { ...native, input: partsOf(native['input']).map((item) => {
    if (!isObject(item)) return item
    return { ...item, ...(Array.isArray(item['content']) ? { content: inParts(item['content']) } : {}), ...(Array.isArray(item['output']) ? { output: inParts(item['output']) } : {}) }
  }) }
}

function inInput(part: JsonObject, said: ReadonlyMap<string, string>): JsonObject {
  const image = part['type'] === 'input_image' ? said.get(linkKey({ kind: 'image', url: asString(part['image_url']) ?? '' })) : undefined
  if (image !== undefined) return { ...part, image_url: image }
  const file = part['type'] === 'input_file' ? said.get(linkKey({ kind: 'file', url: asString(part['file_url']) ?? '' })) : undefined
  if (file === undefined) return part
  const { file_url: url, ...rest } = part
  // Data without a name is refused.
  return { filename: asString(url)?.replace(/[?#].*$/s, '').split('/').at(-1) || 'file', ...rest, file_data: file }
}

function sourceOf(dataUrl: string): JsonObject {
  const comma = dataUrl.indexOf(',')
  const mediaType = dataUrl.slice('data:'.length, dataUrl.indexOf(';'))
  const data = dataUrl.slice(comma + 1)
  return mediaType.startsWith('text/') ? { type: 'text', media_type: 'text/plain', data: Buffer.from(data, 'base64').toString('utf8') } : { type: 'base64', media_type: mediaType, data }
}
