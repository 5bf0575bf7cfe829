import type { Endpoint } from '../catalog/endpoint.ts'
import type { Nano } from '../core/nano.ts'

/** One endpoint in the order to try, and why it stands there. */
export interface Step {
  readonly endpoint: Endpoint
  /** The model as the client wrote it, which led here. */
  readonly requested: string
  /** For people: `drawn by price among 3 healthy`, `place 1 in provider.order`. */
  readonly reason: string
}

/** An endpoint that will not be tried, and the rule that took it out (`excluded_by` of the contract, M25, and our own). */
export interface Exclusion {
  readonly endpoint: Endpoint
  readonly rule: 'not_ready' | 'ignored' | 'not_in_only' | 'not_in_order' | 'allow_fallbacks' | 'require_parameters' | 'soft_parameters' | 'modality' | 'max_tokens'
    | 'context_length' | 'quantization' | 'max_price' | 'unpriced' | 'data_policy:training' | 'data_policy:zdr' | 'deprecated' | 'service_tier'
  readonly detail: string
}

/** Endpoints in the order to try, why, and what stays out and why. */
export interface Plan {
  /** At least one. */
  readonly steps: readonly Step[]
  readonly excluded: readonly Exclusion[]
  /** `direct`, or `fallback` when the client gave several models (C61). */
  readonly strategy: 'direct' | 'fallback'
  /** The worst case of this call at the dearest of its endpoints. */
  readonly costMax: Nano
}
