import type { Endpoint } from '../../catalog/endpoint.ts'
import type { Part as ChatPart, Warning } from '../../core/call.ts'
import type { EmbeddingInput, EmbeddingsCall } from '../../core/embeddings.ts'
import type { Event } from '../../core/event.ts'
import { asArray, asCount, asObject, asString, isObject, type Json, type JsonObject } from '../../core/json.ts'
import type { EmbeddingsDialect, WireRequest } from '../dialect.ts'
import { cannotTake, eventsOf, isContent, mediaOf } from '../embeddings.ts'
import { errorOf, faultOf } from './fault.ts'
import { taskOf } from './embed-wire.ts'
import { repeated } from './wire.ts'

/** What Google takes in one batch. */
const BATCH_MAX = 100

/** Gemini's `batchEmbedContents`, which makes one vector as it makes many. */
export const geminiEmbeddings: EmbeddingsDialect = { writeCall, readReply }

function writeCall(call: EmbeddingsCall, endpoint: Endpoint): WireRequest {
  const warnings: Warning[] = []
  const model = endpoint.upstreamId.includes('/') ? endpoint.upstreamId : `models/${endpoint.upstreamId}`
  if (call.inputs.length > BATCH_MAX) throw cannotTake(endpoint, 'input', `takes at most ${BATCH_MAX} inputs at once, and this call has ${call.inputs.length}`)
  const isNative = call.dialect === 'gemini' && call.native !== undefined
  const requests = isNative ? repeated(call.native['requests'] ?? call.native).filter(isObject).map((request) => ({ ...request, model })) : call.inputs.map((input, at) => requestOf(call, input, at, endpoint, model))
  if (!isNative) warnOf(call, warnings)
  return { path: `/v1beta/${model}:batchEmbedContents`, headers: {}, body: JSON.stringify({ requests }), warnings, ...(isNative ? { isNative } : {}) }
}

function requestOf(call: EmbeddingsCall, input: EmbeddingInput, at: number, endpoint: Endpoint, model: string): JsonObject {
  const task = call.inputType === undefined ? undefined : taskOf(call.inputType)
  return {
    model, content: { parts: partsOf(input, `input[${at}]`, endpoint) },
    ...(task !== undefined && { taskType: task }), ...(typeof call.body['title'] === 'string' && { title: call.body['title'] }),
    ...(call.dimensions !== undefined && { outputDimensionality: call.dimensions }),
  }
}

function partsOf(input: EmbeddingInput, field: string, endpoint: Endpoint): Json[] {
  if (typeof input === 'string') return [{ text: input }]
  if (!isContent(input)) throw cannotTake(endpoint, field, 'takes no token arrays: send the text')
  return input.content.map((part, at) => (part.type === 'text' ? { text: part['text'] } : mediaPart(part, `${field}.content[${at}]`, endpoint)))
}

const KINDS: Readonly<Record<string, string>> = { image_url: 'image', input_audio: 'audio', input_video: 'video', input_file: 'application' }
const DATA_URL = /^data:([\w.+-]+\/[\w.+-]+)[^,]*;base64,/
/** Files of Google's own, which it reads itself. */
const GOOGLE_FILE = /^gs:\/\/|^https:\/\/generativelanguage\.googleapis\.com\//

function mediaPart(part: ChatPart, field: string, endpoint: Endpoint): Json {
  const data = mediaOf(part)
  if (GOOGLE_FILE.test(data)) return { fileData: { fileUri: data } }
  if (/^https?:/i.test(data)) throw cannotTake(endpoint, field, 'does not fetch from the web: send the content as a data URL')
  const head = DATA_URL.exec(data)
  const format = asString(asObject(part[part.type])?.['format'])
  const mimeType = head?.[1] ?? (format === undefined ? undefined : `${KINDS[part.type] ?? 'application'}/${format}`)
  if (mimeType === undefined) throw cannotTake(endpoint, field, 'must know what kind of data this is: send a data URL, or a format beside it')
  return { inlineData: { mimeType, data: head ? data.slice(head[0].length) : data } }
}

/** Fields that are said above, to us, or to nobody in particular. */
const SAID = new Set(['model', 'messages', 'input', 'dimensions', 'encoding_format', 'input_type', 'title', 'user', 'provider', 'session_id', 'trace', 'metadata', 'models', 'plugins', 'transforms', 'preset', 'stream', 'usage', 'debug', 'route'])

function warnOf(call: EmbeddingsCall, warnings: Warning[]): void {
  if (call.inputType !== undefined && taskOf(call.inputType) === undefined) warnings.push({ field: 'input_type', why: 'Gemini has no such task' })
  for (const [field, value] of Object.entries(call.body)) if (!SAID.has(field) && value !== undefined && value !== null) warnings.push({ field, why: 'Gemini has no such parameter' })
}

/** Newer models count their tokens; of the older ones nobody says what they used. */
function readReply(call: EmbeddingsCall, endpoint: Endpoint, body: JsonObject): Event[] {
  const error = errorOf(body)
  if (error) throw faultOf(undefined, error, endpoint)
  const one = asObject(body['embedding'])
  const all = asArray(body['embeddings']) ?? (one ? [one] : [])
  const usage = asObject(body['usageMetadata']) ?? {}
  const details = (asArray(usage['promptTokenDetails']) ?? asArray(usage['promptTokensDetails']) ?? []).filter(isObject)
  const ofModality = (name: string) => details.reduce((sum, detail) => sum + (detail['modality'] === name ? (asCount(detail['tokenCount']) ?? 0) : 0), 0)
  const tokens = asCount(usage['promptTokenCount']) ?? asCount(usage['totalTokenCount'])
  return eventsOf(call, endpoint, all.map((row) => asObject(row)?.['values']), tokens, { promptAudioTokens: ofModality('AUDIO'), promptVideoTokens: ofModality('VIDEO') })
}
