import type { Call } from '../core/call.ts'
import type { Fault, FaultCode } from '../core/fault.ts'
import type { JsonObject } from '../core/json.ts'
import type { Plan } from '../routing/plan.ts'

/** Faults after which a model is away, and the contract's code for it (M24). */
const CODES: { readonly [code in FaultCode]?: { readonly code: string; readonly retryable: boolean } } = {
  provider_rate_limited: { code: 'capacity_exhausted', retryable: true },
  provider_overloaded: { code: 'temporarily_unavailable', retryable: true },
  provider_model_missing: { code: 'model_unavailable_upstream', retryable: false },
}

/** The contract's `availability` object (M23) for a call that every endpoint of its Plan failed; undefined for other faults. */
export function availabilityOf(fault: Fault, call: Call, plan: Plan): JsonObject | undefined {
  const known = CODES[fault.code]
  if (!known) return undefined
  const { retryAfterMs } = fault.options
  return {
    code: known.code,
    retryable: known.retryable,
    ...(retryAfterMs === undefined ? {} : { retry_after: Math.ceil(retryAfterMs / 1000) }),
    requested_models: [...call.models],
    affected_providers: [...new Set(plan.steps.map((step) => step.endpoint.provider.name))],
    docs_url: 'https://github.com/switchyard-gateway/switchyard/blob/main/docs/errors.md',
  }
}
