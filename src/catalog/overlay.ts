import { isObject, parseObject, type Json, type JsonObject } from '../core/json.ts'
import { priceFromUsdPerMillion } from './price.ts'
import type { EndpointRow, ModelRow, PriceRow, ProviderRow } from './rows.ts'

/** What `switchyard models sync` wrote: changes to the built-in data that were accepted. Kept as `catalogue.json` in the data directory. */
export interface Overlay {
  readonly format: 1
  /** Where the feed came from, and when, for people. */
  readonly source: string
  readonly fetchedAt: string
  /** Endpoints that changed: only what changed is in it. */
  readonly changed: readonly EndpointChange[]
  /** Models that are new, and new endpoints of models that we have. */
  readonly added: readonly ModelRow[]
  /** Endpoints that the feed no longer has: they are marked deprecated, never dropped in silence. */
  readonly gone: readonly EndpointRef[]
}

/** Which offering: a provider's own id of a model. */
export interface EndpointRef { readonly provider: string; readonly upstream: string }

export interface EndpointChange extends EndpointRef {
  /** The new price; `unpriced` when the feed has none any more. */
  readonly price?: PriceRow | 'free' | 'unpriced'
  readonly context?: number
  readonly output?: number
}

interface Rows { readonly models: readonly ModelRow[]; readonly providers: readonly ProviderRow[] }

/** The rows with the overlay's changes. Endpoints that it names and we lack are passed over: the built-in data moved on. */
export function applyOverlay(rows: Rows, overlay: Overlay): Rows {
  const changes = new Map(overlay.changed.map((change) => [keyOf(change), change]))
  const gone = new Set(overlay.gone.map(keyOf))
  const added = new Map(overlay.added.map((row) => [row.id, row]))
  const models = rows.models.map((model) => {
    const more = added.get(model.id)
    added.delete(model.id)
    return more ? { ...model, endpoints: [...model.endpoints, ...newOnes(model.endpoints, more.endpoints)] } : model
  })
  const changed = [...models, ...added.values()].map((model) => {
    if (!model.endpoints.some((endpoint) => changes.has(keyOf(endpoint)) || gone.has(keyOf(endpoint)))) return model
    return { ...model, endpoints: model.endpoints.map((endpoint) => changedRow(endpoint, changes.get(keyOf(endpoint)), gone.has(keyOf(endpoint)))) }
  })
  return { providers: rows.providers, models: changed }
}

function changedRow(row: EndpointRow, change: EndpointChange | undefined, isGone: boolean): EndpointRow {
  if (!change && !isGone) return row
  const { price, ...rest } = row
  const now = change?.price ?? price
  return {
    ...rest, ...(now !== undefined && now !== 'unpriced' && { price: now }), ...(isGone && { deprecated: true as const }),
    ...(change?.context !== undefined && { context: change.context }), ...(change?.output !== undefined && { output: change.output }),
  }
}

function newOnes(known: readonly EndpointRow[], more: readonly EndpointRow[]): EndpointRow[] {
  const keys = new Set(known.map(keyOf))
  return more.filter((row) => !keys.has(keyOf(row)))
}

/** One offering as a key of maps. */
export function keyOf(ref: EndpointRef): string {
  return `${ref.provider} ${ref.upstream}`
}

/** Reads the overlay's file. Undefined when it is not one that we could have written: it is only a copy of what a sync can fetch again. */
export function readOverlay(text: string): Overlay | undefined {
  const value = parseObject(text)
  if (value?.['format'] !== 1) return undefined
  const { changed, added, gone } = value
  const isWhole = isListOf(changed, (row) => isRef(row) && isPrice(row['price'])) && isListOf(gone, isRef)
    && isListOf(added, (row) => typeof row['id'] === 'string' && typeof row['name'] === 'string' && isListOf(row['endpoints'], (endpoint) => isRef(endpoint) && isPrice(endpoint['price'])))
  // What a snapshot is built of was looked at in the line above.
  return isWhole ? value as unknown as Overlay : undefined
}

function isListOf(value: Json | undefined, isOne: (row: JsonObject) => boolean): boolean {
  return Array.isArray(value) && value.every((row) => isObject(row) && isOne(row))
}

function isRef(row: JsonObject): boolean {
  return typeof row['provider'] === 'string' && typeof row['upstream'] === 'string'
}

function isPrice(value: Json | undefined): boolean {
  if (value === undefined || value === 'free' || value === 'unpriced') return true
  return isObject(value) && typeof value['input'] === 'string' && typeof value['output'] === 'string' && isDecimals(value)
}

function isDecimals(row: JsonObject): boolean {
  return Object.values(row).every((amount) => (typeof amount === 'string' ? priceFromUsdPerMillion(amount) !== undefined : Array.isArray(amount) ? amount.every((tier) => isObject(tier) && isDecimals(tier)) : typeof amount === 'number'))
}
