import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { readFeedApi, type Feed } from './feed/feed.ts'
import { makeRows } from './feed/make-rows.ts'
import { applyOverlay, keyOf, readOverlay, type EndpointChange, type EndpointRef, type Overlay } from './overlay.ts'
import { catalogueRows, type EndpointRow, type ModelRow, type PriceRow } from './rows.ts'

/** The public feed of models.dev. Nothing asks it unless an operator runs `switchyard models sync`. */
export const FEED_URL = 'https://models.dev/api.json'
const FEED_BYTES_MAX = 64 * 1024 * 1024
const FETCH_MS_MAX = 60_000

type RowPrice = PriceRow | 'free' | 'unpriced'

/** An offering whose price is another one now. */
export interface PriceChange extends EndpointRef { readonly model: string; readonly from: RowPrice; readonly to: RowPrice }
/** An offering whose limits are others now. */
export interface LimitChange extends EndpointRef {
  readonly model: string
  readonly context?: { readonly from: number | undefined; readonly to: number }
  readonly output?: { readonly from: number | undefined; readonly to: number }
}

/** What the feed says otherwise than our catalogue. */
export interface FeedDifference {
  /** New models, and models of ours with only the endpoints that are new. */
  readonly added: readonly ModelRow[]
  readonly gone: readonly (EndpointRef & { readonly model: string })[]
  readonly prices: readonly PriceChange[]
  readonly limits: readonly LimitChange[]
}

/** The part of `fetch` that a sync needs. */
export type FetchFeed = (url: string, options: { readonly signal: AbortSignal }) => Promise<Response>

/** Fetches the public feed. Throws an Error that says what to do when it is not to be had or is not one. */
export async function fetchFeed(get: FetchFeed, url = FEED_URL): Promise<Feed> {
  const response = await get(url, { signal: AbortSignal.timeout(FETCH_MS_MAX) })
  if (!response.ok) throw new Error(`${url} answered ${response.status}: try again later, or name another address of the feed`)
  const text = await response.text()
  if (text.length > FEED_BYTES_MAX) throw new Error(`${url} is larger than ${FEED_BYTES_MAX} bytes: that is not the feed`)
  const feed = readFeedApi(parse(text, url))
  if (feed.providers.every((provider) => provider.offerings.size === 0)) throw new Error(`${url} has no providers with models: that is not the feed`)
  return feed
}

/** What the feed says otherwise than the catalogue as it counts now, overlay and all. Operators' own providers are not in it. */
export function compareFeed(feed: Feed, overlay?: Overlay): FeedDifference {
  const built = catalogueRows()
  const ours = overlay ? applyOverlay(built, overlay) : built
  const theirs = makeRows(feed, ours.models)
  const callable = new Set(ours.providers.map((provider) => provider.slug))
  const now = new Map(theirs.models.flatMap((model) => model.endpoints.map((row) => [keyOf(row), { model, row }] as const)))
  const known = new Set(ours.models.flatMap((model) => model.endpoints.map(keyOf)))
  const offered = new Set(feed.providers.flatMap((provider) => [...provider.offerings.keys()].map((upstream) => keyOf({ provider: provider.slug, upstream }))))
  const pairs = ours.models.flatMap((model) => model.endpoints.map((row) => ({ model, row, other: now.get(keyOf(row)) })))
  return {
    added: theirs.models.flatMap((model) => newPart(model, known, callable)),
    gone: pairs.flatMap(({ model, row }) => (offered.has(keyOf(row)) || row.deprecated ? [] : [{ provider: row.provider, upstream: row.upstream, model: model.id }])),
    prices: pairs.flatMap(({ model, row, other }) => (other ? priceChange(model, row, other.row) : [])),
    limits: pairs.flatMap(({ model, row, other }) => (other ? limitChange({ model, row }, other) : [])),
  }
}

export interface AcceptOptions {
  readonly source: string
  readonly fetchedAt: string
  /** Price changes are taken over only where somebody said yes. */
  readonly acceptPrice: (change: PriceChange) => boolean
  /** What earlier syncs took over: it stays, where this one says nothing else. */
  readonly before?: Overlay
}

/** The overlay that takes a difference over. */
export function acceptDifference(difference: FeedDifference, { source, fetchedAt, acceptPrice, before }: AcceptOptions): Overlay {
  const changed = new Map<string, EndpointChange>((before?.changed ?? []).map((change) => [keyOf(change), change]))
  const change = (ref: EndpointRef, part: Partial<EndpointChange>) => {
    changed.set(keyOf(ref), { ...changed.get(keyOf(ref)), provider: ref.provider, upstream: ref.upstream, ...part })
  }
  for (const one of difference.prices.filter(acceptPrice)) change(one, { price: one.to })
  for (const one of difference.limits) change(one, { ...(one.context && { context: one.context.to }), ...(one.output && { output: one.output.to }) })
  const gone = new Map([...(before?.gone ?? []), ...difference.gone].map(({ provider, upstream }) => [keyOf({ provider, upstream }), { provider, upstream }]))
  return { format: 1, source, fetchedAt, changed: [...changed.values()], added: joinAdded(before?.added ?? [], difference.added), gone: [...gone.values()] }
}

/** The overlay of earlier syncs, undefined when there is none. */
export function loadOverlay(path: string): Overlay | undefined {
  return existsSync(path) ? readOverlay(readFileSync(path, 'utf8')) : undefined
}

/** Writes the overlay whole or not at all: a running server that watches it never reads half of it. */
export function writeOverlay(path: string, overlay: Overlay): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(`${path}.new`, `${JSON.stringify(overlay, null, 1)}\n`)
  renameSync(`${path}.new`, path)
}

function parse(text: string, url: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new Error(`${url} is not JSON: name the address of the feed's api.json`, { cause: error })
  }
}

function newPart(model: ModelRow, known: ReadonlySet<string>, callable: ReadonlySet<string>): ModelRow[] {
  const endpoints = model.endpoints.filter((row) => !known.has(keyOf(row)) && callable.has(row.provider))
  return endpoints.length === 0 ? [] : [{ ...model, endpoints }]
}

function priceChange(model: ModelRow, row: EndpointRow, other: EndpointRow): PriceChange[] {
  const from = row.price ?? 'unpriced'
  const to = other.price ?? 'unpriced'
  return JSON.stringify(from) === JSON.stringify(to) ? [] : [{ provider: row.provider, upstream: row.upstream, model: model.id, from, to }]
}

interface InModel { readonly model: ModelRow; readonly row: EndpointRow }

function limitChange(ours: InModel, theirs: InModel): LimitChange[] {
  const change = (key: 'context' | 'output') => {
    const from = ours.row[key] ?? ours.model[key]
    const to = theirs.row[key] ?? theirs.model[key]
    return to === undefined || to === from ? {} : { [key]: { from, to } }
  }
  const changes = { ...change('context'), ...change('output') }
  return Object.keys(changes).length === 0 ? [] : [{ provider: ours.row.provider, upstream: ours.row.upstream, model: ours.model.id, ...changes }]
}

function joinAdded(before: readonly ModelRow[], added: readonly ModelRow[]): ModelRow[] {
  const rows = new Map(before.map((row) => [row.id, row]))
  for (const row of added) {
    const known = rows.get(row.id)
    rows.set(row.id, known ? { ...known, endpoints: [...known.endpoints, ...row.endpoints] } : row)
  }
  return [...rows.values()]
}
