import type { Endpoint } from '../../catalog/endpoint.ts'
import type { Warning } from '../../core/call.ts'
import type { EmbeddingsCall } from '../../core/embeddings.ts'
import type { Event } from '../../core/event.ts'
import { asArray, asCount, asObject, type JsonObject } from '../../core/json.ts'
import type { EmbeddingsDialect, WireRequest } from '../dialect.ts'
import { cannotTake, eventsOf, textsOf } from '../embeddings.ts'
import { taskOf } from '../gemini/embed-wire.ts'
import { familyOf } from './family.ts'
import { modelPath } from './write.ts'

/** Vertex's `predict` for models that make embeddings of text. */
export const vertexEmbeddings: EmbeddingsDialect = { writeCall, readReply }

/** Takes one text in each request, unlike the models before it (cloud.google.com, text embeddings API, 2025-11). */
const ONE_AT_A_TIME = /^gemini-embedding/
const BATCH_MAX = 250

function writeCall(call: EmbeddingsCall, endpoint: Endpoint): WireRequest {
  const { upstreamId } = endpoint
  if (familyOf(endpoint) !== 'gemini') throw cannotTake(endpoint, 'model', `makes no embeddings with ${upstreamId}`)
  const most = ONE_AT_A_TIME.test(upstreamId.slice(upstreamId.lastIndexOf('/') + 1)) ? 1 : BATCH_MAX
  if (call.inputs.length > most) throw cannotTake(endpoint, 'input', `takes at most ${most} at once for this model, and this call has ${call.inputs.length}`)
  const warnings: Warning[] = []
  const task = call.inputType === undefined ? undefined : taskOf(call.inputType)
  if (call.inputType !== undefined && task === undefined) warnings.push({ field: 'input_type', why: 'Vertex has no such task' })
  const title = call.body['title']
  const instances = textsOf(call, endpoint).map((content) => ({ content, ...(task !== undefined && { task_type: task }), ...(typeof title === 'string' && { title }) }))
  const body = { instances, ...(call.dimensions !== undefined && { parameters: { outputDimensionality: call.dimensions } }) }
  return { path: `/v1/${modelPath(endpoint)}:predict`, headers: {}, body: JSON.stringify(body), warnings }
}

function readReply(call: EmbeddingsCall, endpoint: Endpoint, body: JsonObject): Event[] {
  const all = (asArray(body['predictions']) ?? []).map((row) => asObject(asObject(row)?.['embeddings']))
  const counts = all.map((row) => asCount(asObject(row?.['statistics'])?.['token_count']))
  // A count that lacks is not zero: then the whole is an estimate.
  const tokens = counts.every((count) => count !== undefined) ? counts.reduce((sum, count) => sum + count, 0) : undefined
  return eventsOf(call, endpoint, all.map((row) => row?.['values']), tokens)
}
