import type { Model, Snapshot } from '../../catalog/endpoint.ts'
import { findModel } from '../../catalog/names.ts'
import { Fault } from '../../core/fault.ts'
import { anthropicMessagesClient } from '../../dialects/anthropic-messages/anthropic-messages.ts'
import { entriesOf, type ModelEntry } from '../api/model-row.ts'
import type { RouteContext } from '../route.ts'
import type { SideEndpoint } from './call-endpoint.ts'

const PATH = /^(?:\/api)?\/v1\/models(?:\/([^/]+(?:\/[^/]+)?))?$/
/** Paths of the control plane that look like a model's. */
const NOT_MODELS = new Set(['count', 'user'])
const PAGE = { least: 1, normal: 20, most: 1_000 }

/** GET /models and /models/{id} as Anthropic lists its own, for clients that say its version in a header (lesson 23). */
export const listAnthropicModels: SideEndpoint = {
  method: 'GET', auth: 'public', dialect: anthropicMessagesClient,
  match: (path, request) => {
    if (request.headers.get('anthropic-version') === null || (request.method !== 'GET' && request.method !== 'HEAD')) return undefined
    const found = PATH.exec(path)
    return found && !NOT_MODELS.has(found[1] ?? '') ? { id: found[1] ?? '' } : undefined
  },
  handle: (context) => (context.params['id'] ? one(context, context.params['id']) : page(context)),
}

function one({ services }: RouteContext, encoded: string): object {
  const id = decoded(encoded)
  const snapshot = services.snapshot()
  const entry = entriesOf(snapshot).get(findModel(snapshot, id)?.model.id ?? '')
  if (!entry) throw new Fault('not_found', `model: there is no ${JSON.stringify(id.slice(0, 200))} here; GET /v1/models lists all`)
  return rowOf(entry)
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    // A stray percent sign: then it is no id of ours, whatever it is.
    return text
  }
}

const ordered = new WeakMap<Snapshot, readonly ModelEntry[]>()

/** Models that write text, the newest first, as Anthropic orders them. */
function writersOf(snapshot: Snapshot): readonly ModelEntry[] {
  const known = ordered.get(snapshot)
  if (known) return known
  const writers = [...entriesOf(snapshot).values()].filter((entry) => entry.outputs.includes('text')).toSorted((a, b) => b.model.created - a.model.created)
  ordered.set(snapshot, writers)
  return writers
}

function page({ url, services }: RouteContext): object {
  const all = writersOf(services.snapshot())
  const size = sizeOf(url)
  const after = place(all, url, 'after_id')
  const before = place(all, url, 'before_id')
  const end = before ?? Math.min(all.length, (after ?? -1) + 1 + size)
  const start = before === undefined ? (after ?? -1) + 1 : Math.max(0, before - size)
  const data = all.slice(start, end).map(rowOf)
  return { data, has_more: before === undefined ? end < all.length : start > 0, first_id: all[start]?.model.id ?? null, last_id: data.length > 0 ? (all[end - 1]?.model.id ?? null) : null }
}

function sizeOf(url: URL): number {
  const text = url.searchParams.get('limit')
  if (text === null) return PAGE.normal
  const size = /^\d{1,4}$/.test(text) ? Number(text) : 0
  if (size < PAGE.least || size > PAGE.most) throw new Fault('invalid_request', `limit: must be a number from ${PAGE.least} to ${PAGE.most}`, { metadata: { field: 'limit' } })
  return size
}

function place(all: readonly ModelEntry[], url: URL, name: 'after_id' | 'before_id'): number | undefined {
  const id = url.searchParams.get(name)
  if (id === null) return undefined
  const at = all.findIndex((entry) => entry.model.id === id)
  if (at === -1) throw new Fault('invalid_request', `${name}: there is no model of this id here`, { metadata: { field: name } })
  return at
}

/** A row of Anthropic's list. What the catalogue does not know is null. */
function rowOf({ model, shown }: ModelEntry): object {
  return {
    type: 'model', id: model.id, display_name: model.name, created_at: new Date(model.created * 1000).toISOString(),
    max_input_tokens: model.contextMax, max_tokens: shown?.outputMax ?? null, capabilities: null,
    lifecycle: isOld(model) ? 'deprecated' : 'active', deprecated_at: null, retires_at: model.expirationDate ?? null, line: null,
  }
}

function isOld(model: Model): boolean {
  return model.expirationDate !== undefined || (model.endpoints.length > 0 && model.endpoints.every((endpoint) => endpoint.deprecated))
}
