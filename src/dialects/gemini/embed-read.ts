import type { Part, Warning } from '../../core/call.ts'
import type { EmbeddingsCall } from '../../core/embeddings.ts'
import { Fault } from '../../core/fault.ts'
import { asString, isObject, type Json, type JsonObject } from '../../core/json.ts'
import type { CallOrigin } from '../dialect.ts'
import { refuse } from '../openai-chat/check.ts'
import { readEmbeddings } from '../openai-embeddings/call-read.ts'
import { ROUTER_FIELDS } from './call-read.ts'
import { inputTypeOf } from './embed-wire.ts'
import { either, repeated } from './wire.ts'

/** One request of the batch, in the contract's words. */
interface One { readonly input: { readonly content: readonly Part[] }; readonly dimensions: Json | undefined; readonly task: string | undefined; readonly title: string | undefined }

/** Fields of one request that have a reader; `embedContentConfig` is where Vertex's clients put the others. */
const READ = new Set(['model', 'content', 'taskType', 'task_type', 'title', 'outputDimensionality', 'output_dimensionality', 'embedContentConfig', 'embed_content_config'])

/** Reads `embedContent` (the request itself) and `batchEmbedContents` (`requests`) as one embeddings call. Throws Fault naming the field. */
export function readEmbed(sent: JsonObject, origin: CallOrigin, path: { readonly model: string; readonly isBatch: boolean }): EmbeddingsCall {
  const requests = path.isBatch ? sent['requests'] : [sent]
  if (!Array.isArray(requests)) refuse('requests', 'an array of requests', requests)
  if (requests.length === 0) throw new Fault('invalid_request', 'requests: is empty; send at least one', { metadata: { field: 'requests' } })
  const unsaid: Warning[] = []
  const all = requests.map((request: Json, at) => readOne(request, path.isBatch ? `requests[${at}]` : '', path.model, unsaid))
  // A list has at least the one that `length` counted.
  const first = all[0]!
  all.forEach(({ dimensions }, at) => {
    if (dimensions !== first.dimensions) throw new Fault('invalid_request', `requests[${at}].outputDimensionality: is another than in the first request; send requests of different sizes apart`, { metadata: { field: `requests[${at}].outputDimensionality` } })
  })
  if (all.some(({ task }) => task !== first.task)) unsaid.push({ field: 'taskType', why: 'differs from request to request; only Gemini can be told this' })
  if (all.some(({ title }) => title !== undefined)) unsaid.push({ field: 'title', why: 'only Gemini can be told this' })
  const ours = Object.fromEntries(Object.entries(sent).filter(([field]) => ROUTER_FIELDS.has(field)))
  const inputType = all.every(({ task }) => task === first.task) && first.task !== undefined ? inputTypeOf(first.task) : undefined
  const call = readEmbeddings({
    ...ours, model: path.model, input: all.map(({ input }) => input), ...(first.dimensions !== undefined && { dimensions: first.dimensions }), ...(inputType !== undefined && { input_type: inputType }),
  }, origin)
  const native = path.isBatch ? { requests } : withoutOurs(sent)
  return { ...call, dialect: 'gemini', native, unsaid: [...(call.unsaid ?? []), ...unsaid] }
}

function withoutOurs(sent: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(sent).filter(([field]) => !ROUTER_FIELDS.has(field)))
}

function readOne(request: Json, place: string, model: string, unsaid: Warning[]): One {
  const within = (field: string) => (place === '' ? field : `${place}.${field}`)
  if (!isObject(request)) refuse(place === '' ? 'request' : place, 'an object with content', request)
  const named = asString(request['model'])?.replace(/^(?:.*\/)?models\//, '')
  if (named !== undefined && !model.endsWith(named)) throw new Fault('invalid_request', `${within('model')}: names another model than the path; send one call for each model`, { metadata: { field: within('model') } })
  const nested = either(request, 'embedContentConfig', 'embed_content_config')
  const config = isObject(nested) ? { ...nested, ...request } : request
  for (const field in config) if (!READ.has(field) && !ROUTER_FIELDS.has(field)) unsaid.push({ field: within(field), why: 'is carried to Google, and to nobody else' })
  const task = asString(either(config, 'taskType', 'task_type'))
  return {
    input: { content: readContent(request['content'], within('content')) }, dimensions: either(config, 'outputDimensionality', 'output_dimensionality'),
    task: task === 'TASK_TYPE_UNSPECIFIED' ? undefined : task, title: asString(config['title']),
  }
}

function readContent(content: Json | undefined, field: string): Part[] {
  if (!isObject(content)) refuse(field, 'an object with parts', content)
  const { parts } = content
  if (parts === undefined || parts === null) refuse(`${field}.parts`, 'an array of parts', parts)
  const read = repeated(parts).map((part, at) => readPart(part, `${field}.parts[${at}]`))
  if (read.length === 0) throw new Fault('invalid_request', `${field}.parts: is empty; send at least one part with text`, { metadata: { field: `${field}.parts` } })
  return read
}

function readPart(part: Json, field: string): Part {
  if (!isObject(part)) refuse(field, 'an object with text or data', part)
  if (typeof part['text'] === 'string') {
    if (part['text'] === '') throw new Fault('invalid_request', `${field}.text: is empty, of which nobody makes an embedding`, { metadata: { field: `${field}.text` } })
    return { type: 'text', text: part['text'] }
  }
  const inline = either(part, 'inlineData', 'inline_data')
  const file = either(part, 'fileData', 'file_data')
  const media = isObject(inline) ? inline : isObject(file) ? file : refuse(field, 'a part with text, inlineData or fileData', part)
  const mimeType = asString(either(media, 'mimeType', 'mime_type')) ?? ''
  const data = asString(media['data'])
  return mediaPart(mimeType, data === undefined ? (asString(either(media, 'fileUri', 'file_uri')) ?? '') : `data:${mimeType};base64,${data}`)
}

function mediaPart(mimeType: string, url: string): Part {
  const [kind = '', format = ''] = mimeType.split('/')
  if (kind === 'image') return { type: 'image_url', image_url: { url } }
  const type = kind === 'audio' ? 'input_audio' : kind === 'video' ? 'input_video' : 'input_file'
  return { type, [type]: { data: url, ...(format !== '' && { format }) } }
}
