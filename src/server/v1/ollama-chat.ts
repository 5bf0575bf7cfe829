import { findModel } from '../../catalog/names.ts'
import { Fault } from '../../core/fault.ts'
import type { Json, JsonObject } from '../../core/json.ts'
import { readOllamaChat, readOllamaGenerate } from '../../dialects/ollama/call-read.ts'
import { ollamaChatClient, ollamaGenerateClient } from '../../dialects/ollama/ollama.ts'
import { ollamaKey } from '../authenticate.ts'
import type { RouteContext } from '../route.ts'
import { exactly, type CallEndpoint } from './call-endpoint.ts'

/** POST /api/chat, for tools that know only Ollama. */
export const ollamaChat: CallEndpoint = {
  match: exactly('/api/chat'), key: ollamaKey, dialect: ollamaChatClient, read: readOllamaChat,
  withoutCall: (body, services) => (isNothing(body['messages']) ? loaded(body, services, { message: { role: 'assistant', content: '' } }) : undefined),
}

/** POST /api/generate, likewise. */
export const ollamaGenerate: CallEndpoint = {
  match: exactly('/api/generate'), key: ollamaKey, dialect: ollamaGenerateClient, read: readOllamaGenerate,
  withoutCall: (body, services) => (isNothing(body['prompt']) ? loaded(body, services, { response: '' }) : undefined),
}

function isNothing(said: unknown): boolean {
  return said === undefined || said === null || said === '' || (Array.isArray(said) && said.length === 0)
}

/** True for the name of a model that is here, with its tag or without; false for what is no name. Throws Fault of a name that nobody knows. */
export function foundModel(model: Json | undefined, services: RouteContext['services']): model is string {
  if (typeof model !== 'string' || model === '') return false
  if (!findModel(services.snapshot(), model.replace(/:latest$/, ''))) throw new Fault('not_found', `model '${model.slice(0, 200)}' not found; GET /api/tags lists what there is`)
  return true
}

/** A request that says nothing loads the model, or with `keep_alive: 0` ends it. Nothing runs here: a model that can be called is always ready. */
function loaded(body: JsonObject, services: RouteContext['services'], answer: JsonObject): object | undefined {
  const { model } = body
  if (!foundModel(model, services)) return undefined
  const isOver = body['keep_alive'] === 0 || (typeof body['keep_alive'] === 'string' && /^0+[a-z]*$/.test(body['keep_alive']))
  return { model, created_at: new Date(services.clock.wallMs()).toISOString(), ...answer, done: true, done_reason: isOver ? 'unload' : 'load' }
}
