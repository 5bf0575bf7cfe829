import type { Endpoint } from '../../catalog/endpoint.ts'
import type { EmbeddingsCall } from '../../core/embeddings.ts'
import type { Event } from '../../core/event.ts'
import { asArray, asCount, asObject, asString, type JsonObject } from '../../core/json.ts'
import { eventsOf } from '../embeddings.ts'
import { faultOf } from '../openai-chat/fault.ts'

/** Reads the embeddings of an OpenAI-compatible provider. Their order is their `index`, where they say one. */
export function readReply(call: EmbeddingsCall, endpoint: Endpoint, body: JsonObject): Event[] {
  if (body['error'] !== undefined && body['error'] !== null) throw faultOf(undefined, body, endpoint)
  const rows = (asArray(body['data']) ?? []).map((row, at) => ({ vector: asObject(row)?.['embedding'], index: asCount(asObject(row)?.['index']) ?? at }))
  const usage = asObject(body['usage']) ?? {}
  // Voyage and its like say the total only; there is nothing else in it.
  const tokens = asCount(usage['prompt_tokens']) ?? asCount(usage['input_tokens']) ?? asCount(usage['total_tokens'])
  const providerId = asString(body['id'])
  return [
    ...(providerId === undefined ? [] : [{ type: 'start' as const, providerId }]),
    ...eventsOf(call, endpoint, rows.toSorted((a, b) => a.index - b.index).map(({ vector }) => vector), tokens),
  ]
}
