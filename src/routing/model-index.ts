import type { Endpoint, Model, ServiceTier } from '../catalog/endpoint.ts'
import { providerSlug } from '../catalog/names.ts'
import { comparablePrice, hasHours, priceAt } from '../catalog/price.ts'
import type { Call } from '../core/call.ts'
import type { Exclusion } from './plan.ts'

/** Last part of a tag that names a service tier: such an endpoint is asked for, never met by chance (C23, C41). */
export type Tier = ServiceTier

/** The tier that the client asks for in so many words (C39, C40), not by a variant. */
export function tierAsked({ body }: Pick<Call, 'body'>): Tier | undefined {
  const asked = body['service_tier']
  return asked === 'priority' || asked === 'fast' ? 'priority' : asked === 'flex' ? 'flex' : undefined
}

/** An endpoint, and what routing works out about it once for all calls. */
export interface Candidate {
  readonly endpoint: Endpoint
  /** Place in the catalogue's order. */
  readonly place: number
  readonly tier: Tier | undefined
  /** To compare by, never to bill by: 0 when free, infinite when nobody knows it. */
  readonly price: number
  /** Why no call can have it as things stand; worked out once because most endpoints of a small install have no credential. */
  readonly notReady: Exclusion | undefined
}

/** What routing makes of a model once, kept as long as the model is. */
export interface ModelIndex {
  readonly model: Model
  readonly candidates: readonly Candidate[]
  /** Some of them are called with keys of the caller's own. */
  readonly hasOwnKeys: boolean
  /** Lower-case tag, provider's slug and display name → what they mean. */
  readonly byName: ReadonlyMap<string, readonly Candidate[]>
  /** When it is taken away, in ms since the epoch. */
  readonly endsMs: number
}

const indexes = new WeakMap<Model, ModelIndex>()

/** The model as routing looks at it; models are frozen, so it is made once. */
export function indexOf(model: Model): ModelIndex {
  const known = indexes.get(model)
  if (known) return known
  const made = makeIndex(model)
  indexes.set(model, made)
  return made
}

/**
 * Endpoints that a name in `order`, `only` or `ignore` means (C23): a provider's slug all its regions and variants, a tag
 * exactly its endpoint; tiers by their tags only, but for the `tier` that the call asks for, which is first there. Aliases, display
 * names and any case are taken. Empty: this model is not served there.
 */
export function named(index: ModelIndex, name: string, tier?: Tier): readonly Candidate[] {
  const found = namedAlone(index, name)
  return tier === undefined ? found : [...new Set([...index.candidates.filter((candidate) => candidate.tier === tier && isProviders(candidate, name)), ...found])]
}

/** The whole provider is meant, not one of its regions. */
function isProviders({ endpoint: { provider } }: Candidate, name: string): boolean {
  return provider.slug === providerSlug(name) || provider.slug === providerSlug(name.trim().replaceAll(' ', '-')) || provider.name.toLowerCase() === name.trim().toLowerCase()
}

function namedAlone({ byName }: ModelIndex, name: string): readonly Candidate[] {
  return byName.get(name) ?? byName.get(name.trim().toLowerCase()) ?? byName.get(providerSlug(name)) ?? byName.get(providerSlug(name.trim().replaceAll(' ', '-'))) ?? []
}

function makeIndex(model: Model): ModelIndex {
  const candidates = model.endpoints.map(makeCandidate)
  const byName = new Map<string, Candidate[]>()
  for (const candidate of candidates) {
    const { provider, tag } = candidate.endpoint
    const bases = candidate.tier === undefined ? [provider.slug, provider.name] : []
    for (const name of new Set([tag, ...bases].map((text) => text.toLowerCase()))) {
      byName.set(name, [...(byName.get(name) ?? []), candidate])
    }
  }
  return { model, candidates, hasOwnKeys: candidates.some(({ endpoint }) => endpoint.ownKey), byName, endsMs: endOf(model) }
}

function makeCandidate(endpoint: Endpoint, place: number): Candidate {
  const { provider, price, tag } = endpoint
  const last = tag.slice(tag.lastIndexOf('/') + 1)
  return {
    endpoint,
    place,
    tier: endpoint.tier ?? (tag !== last && (last === 'priority' || last === 'flex') ? last : undefined),
    price: price.state === 'unpriced' ? Infinity : Number(comparablePrice(price)),
    notReady: provider.notReady === undefined ? undefined : { endpoint, rule: 'not_ready', detail: provider.notReady },
  }
}

/** What an endpoint is compared by now: its price moves only where it has hours (C59). */
export function priceNow({ endpoint, price }: Candidate, nowMs: number): number {
  return hasHours(endpoint.price) ? Number(comparablePrice(priceAt(endpoint.price, nowMs))) : price
}

const DAY_LENGTH = '2026-01-01'.length

/** A date alone means 13:00 UTC of that day (C60). */
function endOf({ expirationDate }: Model): number {
  if (expirationDate === undefined) return Infinity
  const ms = Date.parse(expirationDate.length === DAY_LENGTH ? `${expirationDate}T13:00:00Z` : expirationDate)
  return Number.isNaN(ms) ? Infinity : ms
}
