import type { Part, Warning } from '../../core/call.ts'
import type { EmbeddingInput, EmbeddingsCall } from '../../core/embeddings.ts'
import { Fault } from '../../core/fault.ts'
import { isObject, type Json, type JsonObject } from '../../core/json.ts'
import type { CallOrigin } from '../dialect.ts'
import { INPUTS_MAX, mediaOf, needsOf } from '../embeddings.ts'
import { refuse } from '../openai-chat/check.ts'
import { readPreferences } from '../openai-chat/preferences.ts'

const DIMENSIONS_MAX = 65_536
const STRINGS = ['input_type', 'user', 'session_id'] as const
const PARTS = ['text', 'image_url', 'input_audio', 'input_video', 'input_file'] as const

/** Fields of the contract for other calls than this: whoever sends one is told that nothing comes of it. */
const IDLE = ['models', 'plugins', 'transforms', 'preset'] as const

/** Reads an embeddings request (contract A7). Throws Fault naming the field. */
export function readEmbeddings(body: JsonObject, origin: CallOrigin): EmbeddingsCall {
  const { model } = body
  if (typeof model !== 'string' || model === '') refuse('model', 'the id of a model of GET /api/v1/embeddings/models', model)
  if (body['stream'] === true) throw new Fault('invalid_request', 'stream: embeddings are not streamed; leave it out', { metadata: { field: 'stream' } })
  for (const field of STRINGS) if (isThere(body[field]) && typeof body[field] !== 'string') refuse(field, 'a string', body[field])
  const inputs = readInput(body['input'])
  const dimensions = readDimensions(body['dimensions'])
  const encoding = body['encoding_format'] ?? 'float'
  if (encoding !== 'float' && encoding !== 'base64') refuse('encoding_format', '"float" or "base64"', encoding)
  const unsaid: Warning[] = IDLE.filter((field) => isThere(body[field])).map((field) => ({ field, why: 'has no effect on embeddings' }))
  return {
    id: origin.id, api: 'embeddings', dialect: 'openai-chat', createdMs: origin.createdMs, stream: false, models: [model],
    body: { ...body, messages: [] }, inputs, encoding,
    ...(dimensions !== undefined && { dimensions }), ...(typeof body['input_type'] === 'string' && { inputType: body['input_type'] }),
    preferences: readPreferences(body['provider']), reasoning: { exclude: false }, needs: needsOf(inputs, dimensions),
    ...(unsaid.length > 0 && { unsaid }),
    headers: typeof body['session_id'] === 'string' ? { ...origin.headers, sessionId: body['session_id'] } : origin.headers,
  }
}

function isThere(value: Json | undefined): boolean {
  return value !== undefined && value !== null
}

function readDimensions(value: Json | undefined): number | undefined {
  if (!isThere(value)) return undefined
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > DIMENSIONS_MAX) refuse('dimensions', `an integer from 1 to ${DIMENSIONS_MAX}`, value)
  return value
}

const MUST = 'a string, an array of strings, an array of token numbers or of arrays of them, or an array of objects with content'

/** The inputs, a vector each. An array of numbers is one text in tokens; of an array of anything else each item is one. */
function readInput(input: Json | undefined): readonly EmbeddingInput[] {
  if (typeof input === 'string') return [readOne(input, 'input')]
  if (!Array.isArray(input)) refuse('input', MUST, input)
  if (input.length === 0) throw new Fault('invalid_request', 'input: is empty; send at least one text', { metadata: { field: 'input' } })
  if (typeof input[0] === 'number') return [readTokens(input, 'input')]
  if (input.length > INPUTS_MAX) throw new Fault('invalid_request', `input: has ${input.length} inputs; at most ${INPUTS_MAX} are taken in one call`, { metadata: { field: 'input' } })
  const kind = kindOf(input[0])
  return input.map((item: Json, at) => {
    if (kindOf(item) !== kind) refuse(`input[${at}]`, `${kind}, as the first input is`, item)
    return readOne(item, `input[${at}]`)
  })
}

function kindOf(item: Json | undefined): string {
  return typeof item === 'string' ? 'a string' : Array.isArray(item) ? 'an array of token numbers' : isObject(item) ? 'an object with content' : MUST
}

function readOne(item: Json, field: string): EmbeddingInput {
  if (typeof item === 'string') {
    if (item === '') throw new Fault('invalid_request', `${field}: is an empty string, of which nobody makes an embedding; leave it out`, { metadata: { field } })
    return item
  }
  if (Array.isArray(item)) return readTokens(item, field)
  const content = isObject(item) ? item['content'] : refuse(field, kindOf(item), item)
  if (!Array.isArray(content) || content.length === 0) refuse(`${field}.content`, 'an array of at least one part', content)
  return { content: content.map((part: Json, at) => readPart(part, `${field}.content[${at}]`)) }
}

function readTokens(tokens: readonly Json[], field: string): readonly number[] {
  if (tokens.length === 0) throw new Fault('invalid_request', `${field}: has no tokens; leave it out`, { metadata: { field } })
  return tokens.map((token, at) => (typeof token === 'number' && Number.isSafeInteger(token) && token >= 0 ? token : refuse(`${field}[${at}]`, 'the number of a token', token)))
}

function readPart(part: Json, field: string): Part {
  if (!isObject(part)) refuse(field, 'an object with a type', part)
  const type = PARTS.find((known) => known === part['type']) ?? refuse(`${field}.type`, `one of ${PARTS.map((name) => `"${name}"`).join(', ')}`, part['type'])
  const made: Part = { ...part, type }
  if (type === 'text') {
    if (typeof part['text'] !== 'string' || part['text'] === '') refuse(`${field}.text`, 'a string with something in it', part['text'])
  } else if (mediaOf(made) === '') refuse(`${field}.${type}.${type === 'image_url' ? 'url' : 'data'}`, 'a URL or a data URL', part[type])
  return made
}
