import { asArray, asString, parseObject, type Json, type JsonObject } from '../../core/json.ts'
import { base64Of } from '../../core/embeddings.ts'
import { readControls, withoutControls, type Controls } from './controls.ts'
import { promptTokens } from './prose.ts'

/** The demo's model that makes vectors, by the id that the catalogue calls it upstream. */
export const EMBEDDER = 'embedder'

const DIMENSIONS_DEFAULT = 256
const DIMENSIONS_MAX = 3_072
/** Words after these do not move the vector. */
const WORDS_MAX = 2_000

/** A request for embeddings as far as the demo reads it. */
interface DemoEmbedRequest {
  readonly controls: Controls
  readonly texts: readonly string[]
  readonly dimensions: number
  readonly isBase64: boolean
}

type DemoEmbedResult = { readonly ok: true; readonly request: DemoEmbedRequest } | { readonly ok: false; readonly status: 400 | 404; readonly code: string; readonly message: string }

/** Reads a request body of OpenAI's `/embeddings`. */
export function readEmbedRequest(text: string): DemoEmbedResult {
  const body = parseObject(text)
  if (!body) return refuse('the body is not a JSON object')
  const slug = asString(body['model']) ?? ''
  if (slug.split('?', 1)[0]?.replace(/^demo\//, '') !== EMBEDDER) return { ok: false, status: 404, code: 'model_not_found', message: `the demo makes no embeddings with \`${slug}\`; it has ${EMBEDDER}` }
  const texts = textsOf(body['input'])
  if (!texts || texts.length === 0) return refuse('`input` must be a text, an array of texts, or tokens')
  const dimensions = body['dimensions'] ?? DIMENSIONS_DEFAULT
  if (typeof dimensions !== 'number' || !Number.isInteger(dimensions) || dimensions < 1 || dimensions > DIMENSIONS_MAX) return refuse(`\`dimensions\` must be a whole number from 1 to ${DIMENSIONS_MAX}`)
  const controls = readControls(slug, texts.join('\n'))
  if (!controls.ok) return refuse(controls.why)
  return { ok: true, request: { controls: controls.controls, texts: texts.map(withoutControls), dimensions, isBase64: body['encoding_format'] === 'base64' } }
}

function refuse(message: string): DemoEmbedResult {
  return { ok: false, status: 400, code: 'invalid_request', message }
}

/** Tokens are taken for words: the demo has no vocabulary to look them up in. */
function textsOf(input: Json | undefined): string[] | undefined {
  if (typeof input === 'string') return [input]
  const items = asArray(input)
  if (!items) return undefined
  if (typeof items[0] === 'number') return [items.join(' ')]
  const texts = items.map((item) => (typeof item === 'string' ? item : asArray(item)?.join(' ')))
  return texts.every((text) => text !== undefined) ? texts : undefined
}

/** The answer of OpenAI's `/embeddings`. */
export function embeddingsOf({ texts, dimensions, isBase64 }: DemoEmbedRequest): JsonObject {
  const data = texts.map((text, index) => {
    const vector = vectorOf(text, dimensions)
    return { object: 'embedding', index, embedding: isBase64 ? base64Of(vector) : vector }
  })
  const tokens = texts.reduce((sum, text) => sum + Math.max(1, promptTokens(text)), 0)
  return { object: 'list', data, model: EMBEDDER, usage: { prompt_tokens: tokens, total_tokens: tokens } }
}

/** A vector of length 1: the sum of a direction for each word, so that texts which share words are near to each other. */
function vectorOf(text: string, dimensions: number): number[] {
  const vector = Array.from({ length: dimensions }, () => 0)
  const words = text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [text]
  for (const word of words.slice(0, WORDS_MAX)) addDirection(vector, Number(Bun.hash.xxHash32(word)))
  const length = Math.hypot(...vector)
  return vector.map((value) => Math.fround(value / length))
}

/** Adds numbers in [-1, 1) that are always the same for this seed (Marsaglia's xorshift). */
function addDirection(vector: number[], seed: number): void {
  let state = seed === 0 ? 1 : seed
  for (let at = 0; at < vector.length; at++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    vector[at] = (vector[at] ?? 0) + state / 2 ** 31
  }
}
