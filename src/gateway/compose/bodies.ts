import type { Model, Snapshot } from '../../catalog/endpoint.ts'
import { findModel, nearestModels, parseModelName } from '../../catalog/names.ts'
import type { Message, Warning } from '../../core/call.ts'
import { Fault } from '../../core/fault.ts'
import { asArray, isObject, parseObject, type Json, type JsonObject } from '../../core/json.ts'
import { readCall } from '../../dialects/openai-chat/call-read.ts'
import { isRouter } from '../../routing/resolve.ts'
import { canCall } from '../../routing/routers/fusion.ts'
import { familiesOf, isLatest, newestOf } from '../../routing/routers/latest.ts'

const REQUESTS_MAX = 20
const MODELS_LISTED_MAX = 300
const NEAREST_MAX = 8
const NAME_CHARS_MAX = 100

/** What may be wished for beside model and messages; null where it was not. */
const WISHES = { temperature: 'number', top_p: 'number', max_tokens: 'integer', seed: 'integer' } as const

const REQUEST: JsonObject = {
  type: 'object', additionalProperties: false, required: ['model', 'messages', ...Object.keys(WISHES)],
  properties: {
    model: { type: 'string' },
    messages: {
      type: 'array',
      items: { type: 'object', additionalProperties: false, required: ['role', 'content'], properties: { role: { type: 'string', enum: ['system', 'user', 'assistant'] }, content: { type: 'string' } } },
    },
    ...Object.fromEntries(Object.entries(WISHES).map(([name, type]) => [name, { type: [type, 'null'] }])),
  },
}

/** How the one who writes the requests is to answer. */
export const BODIES_FORMAT: JsonObject = {
  type: 'json_schema',
  json_schema: { name: 'requests', strict: true, schema: { type: 'object', additionalProperties: false, required: ['requests'], properties: { requests: { type: 'array', items: REQUEST } } } },
}

/** What the one who writes the requests is told, before the client's messages. */
export function bodiesTask(snapshot: Snapshot): Message {
  return {
    role: 'system',
    content: `You turn what the user describes into requests for a chat completions API. You never answer the user's question yourself: each request asks a model to.
Answer with one JSON object {"requests": [...]}, one request for each model or variation that the user wants, ${REQUESTS_MAX} at most; one request where the user names neither.
A request has "model" (an id of the list below, the nearest to what the user calls it) and "messages": the prompt that the user wants answered, in the user's own words and language, without the words about which models to ask. Messages of the role "system" only where the user wants one.
All other fields are null unless the user asks for them.
Models: ${listed(snapshot).join(', ')}`,
  }
}

/** Models that can be called now, the newest first, behind the aliases that do not age. */
function listed(snapshot: Snapshot): readonly string[] {
  const aliases = [...familiesOf(snapshot)].filter(([, models]) => models.some((model) => isReady(model, snapshot))).map(([alias]) => alias)
  const models = [...snapshot.models.values()].filter((model) => model.outputs.includes('text') && isReady(model, snapshot)).toSorted((a, b) => b.created - a.created)
  return [...models.map(({ id }) => id), ...aliases].slice(0, MODELS_LISTED_MAX)
}

/** Requests that hold, and what was done to those that did not. */
export interface Bodies { readonly requests: readonly JsonObject[]; readonly notes: readonly Warning[] }

/** Reads what was written: each request must be one that this server takes, of a model that it has. Undefined: it is no list of requests. */
export function readBodies(text: string, asked: readonly Message[], snapshot: Snapshot): Bodies | undefined {
  const written = asArray(parseObject(text)?.['requests'])
  if (!written) return undefined
  const system = asked.filter(({ role }) => role === 'system' || role === 'developer')
  const notes: Warning[] = []
  const requests = written.slice(0, REQUESTS_MAX).flatMap((request, at): JsonObject[] => {
    const body = isObject(request) ? cleaned(request, system) : undefined
    const checked = body ? checkedBody(body, snapshot) : { why: 'is no object' }
    const field = `requests[${at}]`
    if (checked.why !== undefined) notes.push({ field, why: checked.why })
    return checked.body ? [checked.body] : []
  })
  if (written.length > REQUESTS_MAX) notes.push({ field: 'requests', why: `${written.length} were written, and ${REQUESTS_MAX} are given` })
  return { requests, notes }
}

/** Without the fields that say nothing, and with the client's own system messages where the request has none (C52). */
function cleaned(request: JsonObject, system: readonly Message[]): JsonObject {
  const body = Object.fromEntries(Object.entries(request).filter(([, value]) => value !== null))
  const messages = asArray(body['messages']) ?? []
  const hasSystem = messages.some((message) => isObject(message) && message['role'] === 'system')
  return hasSystem || system.length === 0 ? body : { ...body, messages: [...system, ...messages] }
}

function checkedBody(body: JsonObject, snapshot: Snapshot): { readonly body?: JsonObject; readonly why?: string } {
  try {
    readCall(body, { id: '', createdMs: 0, headers: {}, bodyBytes: 0 })
  } catch (error) {
    if (error instanceof Fault) return { why: `was left out: ${error.message}` }
    throw error
  }
  // `readCall` has just shown that it has one.
  const name = String(body['model'])
  const known = knownName(name, snapshot)
  if (known === undefined) return { why: `was left out: there is no model ${name.slice(0, NAME_CHARS_MAX)} here` }
  if (known !== name) return { body: { ...body, model: known }, why: `names ${known} in the place of ${name.slice(0, NAME_CHARS_MAX)}` }
  const model = findModel(snapshot, name)?.model
  return model && !isReady(model, snapshot) ? { body, why: `names ${name}, which cannot be called here now: no provider of it is ready` } : { body }
}

/** The name itself; the id that it means; the id of a model that is ready and made of just the same parts, of the same author first; undefined for a model that is not here. */
function knownName(name: string, snapshot: Snapshot): string | undefined {
  const { base } = parseModelName(name)
  if (isLatest(base)) return newestOf(snapshot, base) ? name : undefined
  if (isRouter(name)) return name
  const found = findModel(snapshot, name)
  if (found) return base.includes('/') ? name : found.model.id
  const author = base.slice(0, base.indexOf('/') + 1)
  const like = nearestModels(snapshot, name, NEAREST_MAX).filter((id) => partsOf(id) === partsOf(base))
  const ready = like.filter((id) => isReady(snapshot.models.get(id), snapshot))
  return ready.find((id) => id.startsWith(author)) ?? ready[0]
}

function isReady(model: Model | undefined, snapshot: Snapshot): boolean {
  return model?.endpoints.some((endpoint) => canCall(endpoint, snapshot)) === true
}

/** `claude-4.5-sonnet` and `claude-sonnet-4-5` are made of the same parts. */
function partsOf(id: string): string {
  return id.slice(id.indexOf('/') + 1).toLowerCase().split(/[^a-z0-9]+/).toSorted().join(' ')
}

/** What the client gets. */
export function bodiesText(requests: readonly JsonObject[]): string {
  const wire: Json = { requests }
  return JSON.stringify(wire)
}
