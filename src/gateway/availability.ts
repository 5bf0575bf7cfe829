import type { Call } from '../core/call.ts'
import type { Fault, FaultCode } from '../core/fault.ts'
import type { JsonObject } from '../core/json.ts'
import { availability, type AvailabilityCode } from '../routing/availability.ts'
import type { Plan } from '../routing/plan.ts'

/** Faults after which a model is away, and the contract's code for it (M24). */
const CODES: { readonly [code in FaultCode]?: AvailabilityCode } = {
  provider_rate_limited: 'capacity_exhausted', provider_full: 'capacity_exhausted',
  provider_overloaded: 'temporarily_unavailable', provider_error: 'temporarily_unavailable', provider_unreachable: 'temporarily_unavailable',
  provider_cut: 'temporarily_unavailable', provider_timeout: 'temporarily_unavailable', provider_bad_answer: 'temporarily_unavailable',
  provider_model_missing: 'model_unavailable_upstream',
}

/** The contract's `availability` object (M23) for a call that every endpoint of its Plan failed; undefined for other faults. */
export function availabilityOf(fault: Fault, call: Call, plan: Plan): JsonObject | undefined {
  const code = CODES[fault.code]
  const { retryAfterMs } = fault.options
  return code && availability(code, {
    requestedModels: call.models,
    affectedProviders: [...new Set(plan.steps.map((step) => step.endpoint.provider.slug))],
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  })
}
