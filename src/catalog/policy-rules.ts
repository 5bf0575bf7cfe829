/** Where prompts may be processed, by the names of the contract's regional hosts (E12). */
export const REGIONS = ['eu', 'us'] as const
export type Region = (typeof REGIONS)[number]

/** Makers whose models can be bound to zero retention apart from the others (E7). */
export const ZDR_GROUPS = ['anthropic', 'openai', 'google', 'xai', 'other'] as const
export type ZdrGroup = (typeof ZDR_GROUPS)[number]

export const SORTS = ['price', 'throughput', 'latency', 'exacto'] as const

/**
 * What one source (the operator's file, an account, a guardrail, a key) lets callers use. What is not said restricts
 * nothing. Every rule only takes away, so that sources can be put together in any number.
 */
export interface PolicyRules {
  /** Providers by slug, display name or tag. */
  readonly allowedProviders?: readonly string[]
  readonly ignoredProviders?: readonly string[]
  /** Models by id, canonical slug or alias; `author/*` for all of a maker's. */
  readonly allowedModels?: readonly string[]
  readonly ignoredModels?: readonly string[]
  /** Makers whose models are called only where nothing is kept. */
  readonly zdr?: readonly ZdrGroup[]
  /** false: endpoints that cost money and may train on prompts are out. */
  readonly paidTraining?: boolean
  /** false: free endpoints that may train on prompts are out. */
  readonly freeTraining?: boolean
  /** false: free endpoints that may publish prompts are out. */
  readonly freePublication?: boolean
  /** Only endpoints that process prompts in this region and nowhere else. */
  readonly region?: Region
  /** Headquarters of providers, by ISO 3166-1 alpha-2 codes. */
  readonly allowedCountries?: readonly string[]
  readonly blockedCountries?: readonly string[]
  /** The dearest that an endpoint may be, USD as decimals: tokens per million, requests each. */
  readonly maxPrice?: { readonly prompt?: string; readonly completion?: string; readonly request?: string }
  /** How endpoints are sorted where the request does not say (C63). */
  readonly sort?: (typeof SORTS)[number]
}
