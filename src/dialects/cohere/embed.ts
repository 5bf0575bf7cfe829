import type { Endpoint } from '../../catalog/endpoint.ts'
import type { Part, Warning } from '../../core/call.ts'
import type { EmbeddingsCall } from '../../core/embeddings.ts'
import type { Event } from '../../core/event.ts'
import { asArray, asCount, asObject, asString, type Json, type JsonObject } from '../../core/json.ts'
import type { EmbeddingsDialect, WireRequest } from '../dialect.ts'
import { cannotTake, eventsOf, isContent, mediaOf, textOf, textsOf } from '../embeddings.ts'

/** Cohere's `/v2/embed`. */
export const cohereEmbeddings: EmbeddingsDialect = { writeCall, readReply }

const BATCH_MAX = 96
const INPUT_TYPES: Readonly<Record<string, string>> = {
  search_query: 'search_query', search_document: 'search_document', query: 'search_query', document: 'search_document', passage: 'search_document',
  retrieval_query: 'search_query', retrieval_document: 'search_document', classification: 'classification', clustering: 'clustering', image: 'image',
}
/** Fields of Cohere's own request that are carried as they came. */
const CARRIED = ['truncate', 'max_tokens', 'priority'] as const

function writeCall(call: EmbeddingsCall, endpoint: Endpoint): WireRequest {
  if (call.inputs.length > BATCH_MAX) throw cannotTake(endpoint, 'input', `takes at most ${BATCH_MAX} inputs at once, and this call has ${call.inputs.length}`)
  const warnings: Warning[] = []
  const isText = call.inputs.every((input) => textOf(input) !== undefined || !isContent(input))
  const body: JsonObject = {
    model: endpoint.upstreamId, input_type: inputTypeOf(call, warnings), embedding_types: ['float'],
    ...(isText ? { texts: textsOf(call, endpoint) } : { inputs: call.inputs.map((input, at) => ({ content: contentOf(input, `input[${at}]`, endpoint) })) }),
    ...(call.dimensions !== undefined && { output_dimension: call.dimensions }),
  }
  for (const field of CARRIED) if (call.body[field] !== undefined && call.body[field] !== null) body[field] = call.body[field]
  return { path: '/v2/embed', headers: {}, body: JSON.stringify(body), warnings }
}

/** Cohere must be told what the vectors are for. */
function inputTypeOf({ inputType }: EmbeddingsCall, warnings: Warning[]): string {
  const known = inputType === undefined ? undefined : INPUT_TYPES[inputType.toLowerCase()]
  if (known !== undefined) return known
  warnings.push({ field: 'input_type', why: `${inputType === undefined ? 'Cohere must be told one' : 'Cohere has no such type'}; search_document was said` })
  return 'search_document'
}

function contentOf(input: EmbeddingsCall['inputs'][number], field: string, endpoint: Endpoint): Json {
  const text = textOf(input)
  if (text !== undefined) return [{ type: 'text', text }]
  if (!isContent(input)) throw cannotTake(endpoint, field, 'takes no token arrays: send the text')
  return input.content.map((part, at) => partOf(part, `${field}.content[${at}]`, endpoint))
}

function partOf(part: Part, field: string, endpoint: Endpoint): Json {
  if (part.type === 'text') return { type: 'text', text: part['text'] }
  const url = mediaOf(part)
  if (part.type !== 'image_url') throw cannotTake(endpoint, field, 'makes embeddings of text and images only')
  if (!url.startsWith('data:')) throw cannotTake(endpoint, field, 'does not fetch from the web: send the image as a data URL')
  return { type: 'image_url', image_url: { url } }
}

function readReply(call: EmbeddingsCall, endpoint: Endpoint, body: JsonObject): Event[] {
  const sent = asArray(body['embeddings']) ?? asArray(asObject(body['embeddings'])?.['float'])
  const billed = asObject(asObject(body['meta'])?.['billed_units']) ?? {}
  const input = asCount(billed['input_tokens'])
  const images = asCount(billed['image_tokens'])
  const tokens = input === undefined && images === undefined ? undefined : (input ?? 0) + (images ?? 0)
  const providerId = asString(body['id'])
  return [...(providerId === undefined ? [] : [{ type: 'start' as const, providerId }]), ...eventsOf(call, endpoint, sent, tokens)]
}
