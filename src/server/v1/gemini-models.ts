import { Fault } from '../../core/fault.ts'
import type { Model } from '../../catalog/endpoint.ts'
import { findModel, nearestModels } from '../../catalog/names.ts'
import { estimateTokens } from '../../dialects/gemini/count-tokens.ts'
import { geminiClient } from '../../dialects/gemini/gemini-client.ts'
import { entriesOf, type ModelEntry } from '../api/model-row.ts'
import { googleKey } from '../authenticate.ts'
import type { RouteContext } from '../route.ts'
import type { SideEndpoint } from './call-endpoint.ts'
import { geminiMethod, geminiModels } from './gemini-path.ts'

const PAGE_DEFAULT = 50
const PAGE_MAX = 1_000
const NEAREST_MAX = 3

/** POST /v1beta/models/{model}:countTokens: an estimate. */
export const countTokens: SideEndpoint = {
  method: 'POST', auth: 'key', dialect: geminiClient, key: googleKey,
  match: (path) => geminiMethod(path, 'countTokens'),
  handle: async (context) => {
    named(context, context.params['model'] ?? '')
    return estimateTokens((await context.body()) as Parameters<typeof estimateTokens>[0])
  },
}

/** GET /v1beta/models and /v1beta/models/{model}, as Google lists its own: every model that writes text or makes embeddings. */
export const listGeminiModels: SideEndpoint = {
  method: 'GET', auth: 'public', dialect: geminiClient,
  match: (path, request) => (request.method === 'GET' || request.method === 'HEAD' ? geminiModels(path, request.headers) : undefined),
  handle: (context) => {
    const name = context.params['name'] ?? ''
    return name === '' ? page(context) : rowOf(named(context, name))
  },
}

function page({ url, services }: RouteContext): object {
  const writers = [...entriesOf(services.snapshot()).values()].filter((entry) => entry.outputs.includes('text') || entry.outputs.includes('embeddings'))
  const size = numberOf(url, 'pageSize', 'page_size', PAGE_DEFAULT)
  const from = numberOf(url, 'pageToken', 'page_token', 0)
  const end = from + Math.max(1, Math.min(size, PAGE_MAX))
  return { models: writers.slice(from, end).map(rowOf), ...(end < writers.length ? { nextPageToken: String(end) } : {}) }
}

function numberOf(url: URL, camel: string, snake: string, fallback: number): number {
  const text = url.searchParams.get(camel) ?? url.searchParams.get(snake)
  if (text === null || text === '') return fallback
  if (!/^\d{1,9}$/.test(text)) throw new Fault('invalid_request', `${camel}: must be ${camel === 'pageToken' ? 'the nextPageToken of the page before' : 'a number of at least 0'}`, { metadata: { field: camel } })
  return camel === 'pageSize' && Number(text) === 0 ? fallback : Number(text)
}

function named({ services }: RouteContext, name: string): ModelEntry {
  const snapshot = services.snapshot()
  const entry = entriesOf(snapshot).get(findModel(snapshot, name)?.model.id ?? '')
  if (entry) return entry
  const nearest = nearestModels(snapshot, name, NEAREST_MAX).map((id) => `\`${id}\``)
  throw new Fault('not_found', `There is no model \`${name.slice(0, 200)}\`.${nearest.length > 0 ? ` Did you mean ${nearest.join(' or ')}?` : ''} GET /v1beta/models lists all.`)
}

function rowOf({ model, shown, parameters, outputs }: ModelEntry): object {
  return {
    name: `models/${model.id}`,
    baseModelId: model.id,
    version: versionOf(model),
    displayName: model.name,
    description: model.description,
    inputTokenLimit: shown?.contextMax ?? model.contextMax,
    ...(shown?.outputMax === undefined ? {} : { outputTokenLimit: shown.outputMax }),
    supportedGenerationMethods: [outputs.includes('embeddings') ? 'embedContent' : 'generateContent', 'countTokens'],
    thinking: parameters.includes('reasoning'),
    ...(parameters.includes('temperature') ? { maxTemperature: 2 } : {}),
  }
}

/** What the dated name has behind the name that moves. */
function versionOf(model: Model): string {
  return model.canonicalSlug.startsWith(`${model.id}-`) ? model.canonicalSlug.slice(model.id.length + 1) : model.id.slice(model.id.indexOf('/') + 1)
}
