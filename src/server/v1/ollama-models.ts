import { createHash } from 'node:crypto'
import type { Model } from '../../catalog/endpoint.ts'
import { findModel } from '../../catalog/names.ts'
import { Fault } from '../../core/fault.ts'
import { ollamaChatClient } from '../../dialects/ollama/ollama.ts'
import { entriesOf, type ModelEntry } from '../api/model-row.ts'
import { exactly, type SideEndpoint } from './call-endpoint.ts'

/** The version of Ollama's API that we speak: clients ask for one, and turn features on by it. */
const OLLAMA_VERSION = '0.12.6'

/** GET and HEAD / are how clients see that Ollama is there. A browser's wish for a page is none of them. */
export const ollamaHome: SideEndpoint = {
  method: 'GET', auth: 'public', dialect: ollamaChatClient, match: (path, request) => (path === '/' && !/\btext\/html\b/.test(request.headers.get('accept') ?? '') ? {} : undefined),
  handle: () => new Response('Ollama is running', { headers: { 'content-type': 'text/plain; charset=utf-8' } }),
}

/** POST /api/pull and what else changes the models that Ollama itself keeps. */
export const ollamaPull: SideEndpoint = {
  method: 'POST', auth: 'public', dialect: ollamaChatClient, match: exactly('/api/pull', '/api/push', '/api/create', '/api/copy'),
  handle: () => { throw new Fault('invalid_request', 'Models are not kept here, so none is pulled, pushed, made or copied: GET /api/tags lists those that can be called, and docs/configuration.md says how the operator adds one') },
}

/** GET /api/version. */
export const ollamaVersion: SideEndpoint = {
  method: 'GET', auth: 'public', dialect: ollamaChatClient, match: exactly('/api/version'),
  handle: () => ({ version: OLLAMA_VERSION }),
}

/** GET /api/tags: the models that can be called now and write text, as Ollama lists what it has pulled. */
export const ollamaTags: SideEndpoint = {
  method: 'GET', auth: 'public', dialect: ollamaChatClient, match: exactly('/api/tags'),
  handle: ({ services }) => {
    const snapshot = services.snapshot()
    const isReady = (entry: ModelEntry): boolean => entry.outputs.includes('text')
      && entry.model.endpoints.some(({ provider, price }) => provider.notReady === undefined && (price.state !== 'unpriced' || snapshot.unpricedAllowed === true))
    return { models: [...entriesOf(snapshot).values()].filter(isReady).map(({ model }) => tagOf(model)) }
  },
}

/** GET /api/ps: nothing is loaded here, for nothing runs here. */
export const ollamaRunning: SideEndpoint = {
  method: 'GET', auth: 'public', dialect: ollamaChatClient, match: exactly('/api/ps'),
  handle: () => ({ models: [] }),
}

/** POST /api/show: what a model can do. */
export const ollamaShow: SideEndpoint = {
  method: 'POST', auth: 'public', dialect: ollamaChatClient, match: exactly('/api/show'),
  handle: async ({ services, body }) => {
    const sent = await body()
    const name = sent['model'] ?? sent['name']
    if (typeof name !== 'string' || name === '') throw new Fault('invalid_request', 'model: must be the name of a model', { metadata: { field: 'model' } })
    const snapshot = services.snapshot()
    const entry = entriesOf(snapshot).get(findModel(snapshot, name.replace(/:latest$/, ''))?.model.id ?? '')
    if (!entry) throw new Fault('not_found', `model '${name.slice(0, 200)}' not found; GET /api/tags lists what there is`)
    return shown(entry)
  },
}

function tagOf(model: Model): object {
  return { name: model.id, model: model.id, modified_at: modifiedAt(model), size: 0, digest: createHash('sha256').update(model.canonicalSlug).digest('hex'), details: detailsOf(model) }
}

function modifiedAt(model: Model): string {
  return new Date(model.created * 1000).toISOString()
}

function detailsOf(model: Model): object {
  const family = familyOf(model)
  return { parent_model: '', format: '', family, families: [family], parameter_size: '', quantization_level: '' }
}

function familyOf(model: Model): string {
  return model.id.slice(model.id.indexOf('/') + 1).split(/[-:.\d]/, 1)[0] || 'model'
}

function shown({ model, parameters }: ModelEntry): object {
  const family = familyOf(model)
  const capabilities = ['completion', ...(parameters.includes('tools') ? ['tools'] : []), ...(model.inputs.includes('image') ? ['vision'] : []), ...(parameters.includes('reasoning') ? ['thinking'] : [])]
  return {
    license: '', modelfile: '', parameters: '', template: '', details: detailsOf(model), capabilities, modified_at: modifiedAt(model),
    model_info: { 'general.architecture': family, 'general.basename': model.name, [`${family}.context_length`]: model.contextMax },
  }
}
