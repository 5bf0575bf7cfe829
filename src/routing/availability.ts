import type { JsonObject } from '../core/json.ts'

/** Why nothing could serve a call, in the contract's eleven words (M24), and whether the same call may work later. */
export const AVAILABILITY = {
  model_not_found: { status: 400, retryable: false },
  wrong_endpoint: { status: 400, retryable: false },
  no_endpoints: { status: 404, retryable: false },
  model_deprecated: { status: 404, retryable: false },
  model_unavailable_upstream: { status: 404, retryable: false },
  capacity_exhausted: { status: 429, retryable: true },
  temporarily_unavailable: { status: 503, retryable: true },
  region_restricted: { status: 403, retryable: false },
  privacy_restricted: { status: 404, retryable: false },
  constraint_filtered: { status: 404, retryable: false },
  free_variant_ended: { status: 404, retryable: false },
} as const satisfies Record<string, { readonly status: number; readonly retryable: boolean }>

export type AvailabilityCode = keyof typeof AVAILABILITY

/** Where each code is explained, on this server; the code is the heading's name. */
const DOCS_URL = '/docs/errors'

export interface AvailabilityFacts {
  readonly requestedModels: readonly string[]
  readonly retryAfterMs?: number
  /** Slugs, as `provider.only` takes them. */
  readonly affectedProviders?: readonly string[]
  readonly excludedBy?: readonly string[]
  /** Models that could be asked instead. */
  readonly fallbackModels?: readonly string[]
  /** The request field that shut the door, and how. */
  readonly constraint?: { readonly field: string; readonly detail: string }
}

/** The contract's `error.availability` object (M23). Facts that are not there, or empty, are left out. */
export function availability(code: AvailabilityCode, facts: AvailabilityFacts): JsonObject {
  const { retryAfterMs, affectedProviders, excludedBy, fallbackModels, constraint } = facts
  return {
    code,
    retryable: AVAILABILITY[code].retryable,
    ...(retryAfterMs === undefined ? {} : { retry_after: Math.ceil(retryAfterMs / 1_000) }),
    requested_models: [...facts.requestedModels],
    ...(affectedProviders?.length ? { affected_providers: [...affectedProviders] } : {}),
    ...(excludedBy?.length ? { excluded_by: [...excludedBy] } : {}),
    ...(fallbackModels?.length ? { fallback_models: [...fallbackModels] } : {}),
    ...(constraint ? { constraint: { ...constraint } } : {}),
    docs_url: `${DOCS_URL}#${code}`,
  }
}
