import type { Endpoint } from '../catalog/endpoint.ts'
import type { Call } from '../core/call.ts'
import type { JsonObject } from '../core/json.ts'
import type { Plan } from './plan.ts'

/** One try of one endpoint, as router metadata shows it. */
export interface Tried { readonly endpoint: Endpoint; readonly status: number }

/** The contract's router metadata (J11, C61) for a Plan and what became of it. `served`: the endpoint that answered, if one did. */
export function explain(call: Call, plan: Plan, tried: readonly Tried[], served?: Endpoint): JsonObject {
  const available = plan.steps.map(({ endpoint }) => ({ provider: endpoint.provider.name, model: endpoint.modelId, selected: endpoint === served }))
  return {
    requested: call.models[0],
    strategy: plan.strategy,
    region: null,
    summary: `available=${available.length}${served ? `, selected=${served.provider.name}` : ''}`,
    attempt: tried.length,
    is_byok: false,
    endpoints: { total: plan.steps.length + plan.excluded.length, available },
    attempts: tried.map(({ endpoint, status }) => ({ provider: endpoint.provider.name, model: endpoint.modelId, status })),
  }
}
