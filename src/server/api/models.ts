import type { Endpoint, Snapshot } from '../../catalog/endpoint.ts'
import { findModel, nearestModels } from '../../catalog/names.ts'
import { Fault } from '../../core/fault.ts'
import { hostRegion } from '../../guardrails/rule-book.ts'
import type { Route, RouteContext } from '../route.ts'
import { callerOf } from './caller.ts'
import { MODEL_QUERY, PAGE_QUERY, selectModels, type ModelQuery } from './model-query.ts'
import { entriesOf, type ModelEntry } from './model-row.ts'
import { readQuery } from './query.ts'
import { routerEntries, routerEntryNamed } from './router-row.ts'
import { modelFeed } from './rss.ts'

const PAGE_DEFAULT = 500
const NEAREST_MAX = 3
/** Longer than any model's name: what is more is not worth comparing. */
const NAME_CHARS_MAX = 200

/** `GET /models`: every model of the catalogue that writes text, unless the query says otherwise (A31). */
export const listModels: Route = {
  method: 'GET', path: '/models', auth: 'public',
  handle(context) {
    const query = queryOf(context)
    if (context.url.search === '' && query.region === undefined) return wholeList(context)
    const found = select(context, query)
    return query.use_rss ? feed(context, query, found) : page(context, query, found)
  },
}

/** `GET /models/count`: how many models `GET /models` lists for the same query. */
export const countModels: Route = {
  method: 'GET', path: '/models/count', auth: 'public',
  handle(context) {
    return { data: { count: select(context, queryOf(context)).length } }
  },
}

/** `GET /models/user`: of these, the models that can be called now: a provider of theirs is ready, the caller's policies let it be used, and the price is known (or the operator lets it be unknown). */
export const listUserModels: Route = {
  method: 'GET', path: '/models/user', auth: 'key',
  async handle(context) {
    const query = readQuery(context.url.searchParams, MODEL_QUERY)
    const snapshot = context.services.snapshot()
    const { unpricedAllowed = false } = snapshot
    const policy = await context.services.rules.of(callerOf(context), snapshot, hostRegion(context.request.headers.get('host')))
    const canCall = (endpoint: Endpoint): boolean => endpoint.provider.notReady === undefined && (endpoint.price.state !== 'unpriced' || unpricedAllowed) && !policy.denial(endpoint)
    return page(context, query, select(context, query).filter(({ model, isRouter }) => isRouter || model.endpoints.some(canCall)))
  },
}

/** `GET /embeddings/models`: the models that make embeddings, in the rows of `GET /models`. */
export const listEmbeddingModels: Route = {
  method: 'GET', path: '/embeddings/models', auth: 'public',
  handle(context) {
    const query = readQuery(context.url.searchParams, PAGE_QUERY)
    return page(context, query, select(context, { output_modalities: ['embeddings'] }))
  },
}

/** `GET /model/{author}/{slug}`: one model by its id, an alias, or either with a variant (A32). */
export const getModel: Route = {
  method: 'GET', path: '/model/{author}/{slug}', auth: 'public',
  handle(context) {
    const snapshot = context.services.snapshot()
    return { data: entryNamed(snapshot, context.params).row }
  },
}

/** The model that a path names; 404 with the nearest names when there is none. */
export function entryNamed(snapshot: Snapshot, params: RouteContext['params']): ModelEntry {
  const name = `${params['author'] ?? ''}/${params['slug'] ?? ''}`.slice(0, NAME_CHARS_MAX)
  const entry = entriesOf(snapshot).get(findModel(snapshot, name)?.model.id ?? '') ?? routerEntryNamed(snapshot, name)
  if (entry) return entry
  const nearest = nearestModels(snapshot, name, NEAREST_MAX).map((id) => `\`${id}\``)
  const hint = nearest.length > 0 ? ` Did you mean ${nearest.join(' or ')}?` : ''
  throw new Fault('not_found', `There is no model or alias \`${name}\`.${hint} GET /api/v1/models lists all.`)
}

/** A regional host lists what can be called by it (E12). */
function queryOf({ url, request }: RouteContext): ModelQuery {
  const region = hostRegion(request.headers.get('host'))
  return { ...readQuery(url.searchParams, MODEL_QUERY), ...(region && { region }) }
}

function select({ services }: RouteContext, query: ModelQuery): readonly ModelEntry[] {
  const snapshot = services.snapshot()
  const chosen = (entries: Iterable<ModelEntry>): readonly ModelEntry[] => selectModels(entries, query, services.health, services.clock.wallMs())
  // What only chooses a model comes after the models, however they are sorted.
  return [...chosen(entriesOf(snapshot).values()), ...chosen(routerEntries(snapshot))]
}

const wholeLists = new WeakMap<Snapshot, Uint8Array<ArrayBuffer>>()

/** The list without a query, by far the most asked for and half a megabyte long: written once for each snapshot. */
function wholeList(context: RouteContext): Response {
  const snapshot = context.services.snapshot()
  let bytes = wholeLists.get(snapshot)
  if (!bytes) {
    bytes = new TextEncoder().encode(JSON.stringify(page(context, {}, select(context, {}))))
    wholeLists.set(snapshot, bytes)
  }
  return new Response(bytes, { headers: { 'content-type': 'application/json' } })
}

/** All rows, or those from `offset` on when the client asks for a part. */
function page({ url }: RouteContext, query: Pick<ModelQuery, 'offset' | 'limit'>, found: readonly ModelEntry[]): object {
  const isPaged = query.offset !== undefined || query.limit !== undefined
  const offset = query.offset ?? 0
  const end = isPaged ? offset + (query.limit ?? PAGE_DEFAULT) : found.length
  const next = end < found.length ? nextPage(url, end, end - offset) : null
  return { data: found.slice(offset, end).map(({ row }) => row), total_count: found.length, links: { next } }
}

function nextPage(url: URL, offset: number, limit: number): string {
  const query = new URLSearchParams(url.searchParams)
  query.set('offset', String(offset))
  query.set('limit', String(limit))
  return `${url.pathname}?${query}`
}

/** The list as RSS, newest first unless the query says otherwise. */
function feed(context: RouteContext, query: ModelQuery, found: readonly ModelEntry[]): Response {
  const rows = query.sort === undefined ? found.toSorted((a, b) => b.model.created - a.model.created) : found
  const from = query.offset ?? 0
  const shown = rows.slice(from, query.limit === undefined ? undefined : from + query.limit)
  const body = modelFeed(shown.map(({ model }) => model), { origin: context.url.origin, chatLinks: query.use_rss_chat_links ?? false })
  return new Response(body, { headers: { 'content-type': 'application/rss+xml; charset=utf-8' } })
}
