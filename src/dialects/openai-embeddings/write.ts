import type { Endpoint } from '../../catalog/endpoint.ts'
import type { Warning } from '../../core/call.ts'
import type { EmbeddingsCall } from '../../core/embeddings.ts'
import type { Json, JsonObject } from '../../core/json.ts'
import { hashedUser } from '../../core/user.ts'
import type { WireRequest } from '../dialect.ts'
import { cannotTake, isContent, textOf } from '../embeddings.ts'
import { has } from '../openai-chat/quirks.ts'

/** Fields that are said to us and to no provider, and those that are said below. */
const OURS = new Set(['messages', 'models', 'route', 'provider', 'plugins', 'transforms', 'preset', 'usage', 'session_id', 'trace', 'debug', 'metadata', 'stream', 'user', 'model', 'input',
  'encoding_format', 'dimensions', 'input_type'])

/** Says an embeddings call to an OpenAI-compatible provider. Fields that we do not know are carried. */
export function writeCall(call: EmbeddingsCall, endpoint: Endpoint): WireRequest {
  const warnings: Warning[] = []
  const body: JsonObject = { model: endpoint.upstreamId, input: inputOf(call, endpoint) }
  for (const field in call.body) if (!OURS.has(field) && call.body[field] !== null) body[field] = call.body[field]
  // Only some know the other encoding, and whoever asked for it gets it of us.
  if (call.encoding === 'base64' && has(endpoint, 'base64_embeddings')) body['encoding_format'] = 'base64'
  if (call.dimensions !== undefined) body[has(endpoint, 'output_dimension') ? 'output_dimension' : 'dimensions'] = call.dimensions
  writeInputType(body, call, endpoint, warnings)
  if (typeof call.body.user === 'string') body['user'] = hashedUser(call.body.user)
  return { path: '/embeddings', headers: {}, body: JSON.stringify(body), warnings }
}

/** One text goes out as a string, as all servers take it. */
function inputOf(call: EmbeddingsCall, endpoint: Endpoint): Json {
  const whole = has(endpoint, 'reasoning_object')
  const inputs: Json[] = call.inputs.map((input, at) => {
    const text = textOf(input)
    if (text !== undefined) return text
    if (!isContent(input)) return input
    if (whole || (endpoint.inputs?.size ?? 1) > 1) return { content: input.content }
    throw cannotTake(endpoint, `input[${at}]`, 'makes embeddings of text only: leave the other parts out, or name another model')
  })
  const [first] = inputs
  return inputs.length === 1 && first !== undefined && typeof first !== 'object' ? first : inputs
}

const PASSAGE: Readonly<Record<string, string>> = { search_query: 'query', search_document: 'passage' }

/** OpenAI refuses what it does not know; NVIDIA must be told, in words of its own. */
function writeInputType(body: JsonObject, { inputType }: EmbeddingsCall, endpoint: Endpoint, warnings: Warning[]): void {
  if (has(endpoint, 'passage_input_type')) body['input_type'] = PASSAGE[inputType ?? 'search_query'] ?? inputType
  else if (inputType === undefined) return
  else if (has(endpoint, 'input_type')) body['input_type'] = inputType
  else warnings.push({ field: 'input_type', why: `${endpoint.provider.name} has one kind of embeddings for all uses` })
}
