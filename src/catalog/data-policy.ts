import { isServed } from './alternatives.ts'
import type { Endpoint, Provider } from './endpoint.ts'
import type { Region } from './policy-rules.ts'

/** What becomes of a prompt at an endpoint, as far as its provider has said (contract E5). */
export interface DataPolicy {
  /** Prompts are kept beyond the call. Caches in memory do not count (E8). */
  readonly retains: boolean
  readonly retentionDays?: number
  readonly trains: boolean
  /** Prompts may be made public. */
  readonly publishes: boolean
  /** The region that a prompt does not leave; undefined: none that we know of. */
  readonly region?: Region
  /** Where the provider says so, and when we read it; undefined: nobody said, and the safe side was taken. */
  readonly source?: string
  readonly asOf?: string
}

const known = new WeakMap<Endpoint, DataPolicy>()

/** The policy of an endpoint: what its provider says of this model, else of all. Worked out once for each endpoint. */
export function dataPolicyOf(endpoint: Endpoint): DataPolicy {
  const found = known.get(endpoint)
  if (found) return found
  const made = makePolicy(endpoint)
  known.set(endpoint, made)
  return made
}

function makePolicy(endpoint: Endpoint): DataPolicy {
  const { provider } = endpoint
  const region = regionOf(endpoint)
  const own = provider.modelPolicies?.find(({ models }) => isServed(endpoint.modelId, models.split(' ')))
  if (own) return Object.freeze({ retains: own.retains, trains: own.trains, publishes: own.publishes ?? false, ...(own.days !== undefined && { retentionDays: own.days }), source: own.source, asOf: own.asOf, ...(region && { region }) })
  const { retainsPrompts: retains, mayTrain: trains, policySource: source, policyAsOf: asOf, retentionDays } = provider
  // Of a provider that said nothing at all, a free endpoint may do what free endpoints do.
  const publishes = provider.publishes ?? (trains && endpoint.price.state === 'free')
  return Object.freeze({ retains, trains, publishes, ...(retentionDays !== undefined && { retentionDays }), ...(source !== undefined && { source }), ...(asOf !== undefined && { asOf }), ...(region && { region }) })
}

/**
 * Countries of the European Union: a data centre in London or Zurich is in a region of a cloud that is called `eu`, and not in it.
 */
const EU = new Set(['AT', 'BE', 'BG', 'CY', 'CZ', 'DE', 'DK', 'EE', 'ES', 'FI', 'FR', 'GR', 'HR', 'HU', 'IE', 'IT', 'LT', 'LU', 'LV', 'MT', 'NL', 'PL', 'PT', 'RO', 'SE', 'SI', 'SK', 'EU'])

/** AWS's eu-west-2 is London and eu-central-2 Zurich; Google's europe-west2 and europe-west6 likewise. */
const CLOUD_REGIONS: Readonly<Record<Region, RegExp>> = {
  eu: /^(?:eu|eu-(?:west-(?!2)|central-(?!2)|north-|south-)\d|europe-(?:west(?!2$|6$)|central|north|southwest)\d+)$/,
  us: /^(?:us|us-(?!gov-)[a-z]+-?\d+)$/,
}

/** Clouds whose endpoints stand in the region that the account, or the variant of the endpoint, names. */
const CLOUDS: ReadonlySet<string> = new Set(['amazon-bedrock', 'google-vertex'])

function regionOf({ provider, tag }: Endpoint): Region | undefined {
  if (provider.datacenters) return regionOfAll(provider.datacenters)
  if (!CLOUDS.has(provider.slug)) return undefined
  const variant = tag.slice(provider.slug.length + 1)
  // Inference profiles of a geography stay within it: docs.aws.amazon.com/bedrock/latest/userguide/geographic-cross-region-inference.html, 2026-11.
  const where = variant === '' ? provider.region : variant
  return where === undefined ? undefined : cloudRegion(where)
}

function cloudRegion(where: string): Region | undefined {
  return CLOUD_REGIONS.eu.test(where) ? 'eu' : CLOUD_REGIONS.us.test(where) ? 'us' : undefined
}

/** The region that all of a provider's places are in. */
function regionOfAll(places: readonly string[]): Region | undefined {
  if (places.length === 0) return undefined
  if (places.every((place) => EU.has(place))) return 'eu'
  return places.every((place) => place === 'US') ? 'us' : undefined
}

/** Where a provider's headquarters are, as an ISO code; undefined where nobody knows. */
export function countryOf({ headquarters }: Provider): string | undefined {
  return headquarters !== undefined && /^[A-Z]{2}$/.test(headquarters) ? headquarters : undefined
}
