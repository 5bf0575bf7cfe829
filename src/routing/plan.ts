import type { Endpoint } from '../catalog/endpoint.ts'
import type { Region } from '../catalog/policy-rules.ts'
import type { PolicyOwner } from '../guardrails/policy.ts'
import type { Call, DialectName } from '../core/call.ts'
import type { JsonObject } from '../core/json.ts'
import type { Nano } from '../core/nano.ts'

/** One endpoint in the order to try, and why it stands there. */
export interface Step {
  readonly endpoint: Endpoint
  /** The model as the client wrote it, which led here. */
  readonly requested: string
  /** For people: `drawn by price among 3 healthy`, `place 1 in provider.order`. */
  readonly reason: string
  /** How likely the draw puts it first, 0–1; undefined where its place is not drawn. */
  readonly share?: number
  /** The client wants no reasoning, and this model, the newest of a family, cannot answer without: it is asked for the least (C57). */
  readonly leastReasoning?: true
}

/** An endpoint that will not be tried, and the rule that took it out (`excluded_by` of the contract, M25, and our own). */
export interface Exclusion {
  readonly endpoint: Endpoint
  readonly rule: 'not_ready' | 'ignored' | 'not_in_only' | 'not_in_order' | 'allow_fallbacks' | 'require_parameters' | 'soft_parameters' | 'modality' | 'max_tokens'
    | 'context_length' | 'quantization' | 'max_price' | 'unpriced' | 'reasoning' | 'data_policy:training' | 'data_policy:zdr' | 'deprecated' | 'service_tier'
    | 'distillable' | 'allowed_providers' | 'allowed_models' | 'data_region' | 'geo' | 'rate_limit'
  readonly detail: string
  /** Whose policy it is; absent where the request itself, or the state of things, took the endpoint out. */
  readonly by?: PolicyOwner
}

/** How the models of a call were come by (C61): `direct`, or `fallback` when the client gave several. */
export type Strategy = 'direct' | 'auto' | 'free' | 'latest' | 'alias' | 'fallback' | 'pareto' | 'bodybuilder' | 'fusion'

/** Something that changed a call, or found something out about it, on its way (J11, J12). */
export interface Stage {
  readonly type: 'router' | 'guardrail' | 'plugin' | 'server_tools' | 'response_healing' | 'context_compression'
  readonly name: string
  readonly summary?: string
  readonly data?: JsonObject
}

/** Endpoints in the order to try, why, and what stays out and why. */
export interface Plan {
  /** At least one, where `route` made it. */
  readonly steps: readonly Step[]
  readonly excluded: readonly Exclusion[]
  /** Of several models that the client named: those that are none of ours, so that the others stand in for them (C25). */
  readonly unknownModels?: readonly string[]
  readonly strategy: Strategy
  /** What routers found out on the way to these models, for router metadata (J11, J12). */
  readonly stages: readonly Stage[]
  /** The region that the call must stay in. */
  readonly region?: Region
  /** The worst case of this call at the dearest of its endpoints. */
  readonly costMax: Nano
}

/** One try of one endpoint, as router metadata shows it. `dialect`: that of its provider's in which it was asked. */
export interface Tried { readonly endpoint: Endpoint; readonly status: number; readonly dialect?: DialectName }

/** As `explain`, and beside it what only we say: the reason for each place, and the rules. */
export function explainInFull(call: Call, plan: Plan, tried: readonly Tried[] = [], served?: Endpoint): JsonObject {
  return {
    ...explain(call, plan, tried, served),
    plan: plan.steps.map(({ endpoint, reason }) => ({ provider: endpoint.provider.name, model: endpoint.modelId, reason, ...(endpoint.ownKey && { is_byok: true }) })),
    excluded: plan.excluded.map(({ endpoint, rule, detail, by }) => ({ provider: endpoint.provider.name, model: endpoint.modelId, rule, detail, ...(by && { by: by.name }) })),
  }
}

/** The contract's router metadata (J11, C61) for a Plan and what became of it. `served`: the endpoint that answered, if one did. */
export function explain(call: Call, plan: Plan, tried: readonly Tried[], served?: Endpoint): JsonObject {
  const available = plan.steps.map(({ endpoint }) => ({ provider: endpoint.provider.name, model: endpoint.modelId, selected: endpoint === served }))
  return {
    requested: call.models[0],
    strategy: plan.strategy,
    region: plan.region ?? null,
    summary: `available=${available.length}${served ? `, selected=${served.provider.name}` : ''}`,
    attempt: tried.length,
    is_byok: served?.ownKey !== undefined,
    endpoints: { total: plan.steps.length + plan.excluded.length, available },
    attempts: tried.map(({ endpoint, status, dialect }) => ({ provider: endpoint.provider.name, model: endpoint.modelId, status, ...(dialect === undefined ? {} : { dialect }), ...(endpoint.ownKey && { is_byok: true }) })),
    ...(plan.stages.length > 0 && { pipeline: plan.stages.map((stage) => ({ ...stage })) }),
  }
}
