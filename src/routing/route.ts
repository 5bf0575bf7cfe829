import { findModel, parseModelName } from '../catalog/names.ts'
import type { Snapshot } from '../catalog/endpoint.ts'
import type { Call } from '../core/call.ts'
import type { Fault } from '../core/fault.ts'
import { wantsNoReasoning } from '../core/reasoning.ts'
import { costMax } from './bound.ts'
import { candidatesOf, type Candidates } from './candidates.ts'
import { fileOrder } from './file-order.ts'
import { indexOf } from './model-index.ts'
import { noEndpoints } from './no-endpoints.ts'
import { explainInFull, type Plan, type Step } from './plan.ts'
import { rank } from './rank.ts'
import { resolveModels } from './resolve.ts'
import { freeVariantEnded, nothingChosen, unknownModel } from './unknown-model.ts'
import type { RoutingView } from './view.ts'

/**
 * Which endpoints to try for this call, in which order. Pure: the same call in the same view gives the same Plan. Throws
 * Fault `model_unknown`, or `no_endpoints` and its kin when nothing is left, each with the contract's availability object.
 */
export function route(call: Call, view: RoutingView): Plan {
  const { plan, groups } = consider(call, view)
  if (plan.steps.length > 0) return plan
  const fault = noEndpoints(call, groups, plan.excluded, view.snapshot)
  throw call.headers.metadata ? fault.with({ router: explainInFull(call, plan) }) : fault
}

/** As `route`, but a Plan without steps is one, too: for those who want to know why. Throws Fault only where no model is known. */
export function consider(asked: Call, view: RoutingView): { readonly plan: Plan; readonly groups: readonly Candidates[] } {
  const { snapshot, policy } = view
  const call = sorted(asked, policy)
  const { models, unknown, strategy, stages, none } = resolveModels(call, view)
  const [firstUnknown] = unknown
  if (models.length === 0) throw firstUnknown === undefined ? nothingChosen(call, none ?? '') : notFound(call, firstUnknown, snapshot)
  const groups = models.map(({ requested, found, isLatest }) => candidatesOf(isLatest ? anyReasoning(call) : call, requested, indexOf(found.model), found.variants, view))
  const { steps: ranked, dropped } = rank(groups, call, view)
  const steps = leastReasoning(fileOrder(privateFirst(ranked), call), call)
  const excluded = groups.flatMap((group) => group.excluded)
  excluded.push(...dropped)
  return { plan: { steps, excluded, strategy, stages, ...(policy?.region && { region: policy.region }), costMax: costMax(call, steps), ...(unknown.length > 0 && { unknownModels: unknown }) }, groups }
}

/** C57: who names no model but a family takes the newest as it is; one that must reason is not passed over. */
function anyReasoning(call: Call): Call {
  return wantsNoReasoning(call.reasoning) ? { ...call, reasoning: { exclude: call.reasoning.exclude } } : call
}

/** Where it was not passed over, it is asked for the least. */
function leastReasoning(steps: readonly Step[], { reasoning }: Call): readonly Step[] {
  if (!wantsNoReasoning(reasoning)) return steps
  return steps.map((step) => (step.endpoint.reasoning?.mandatory ? { ...step, leastReasoning: true } : step))
}

/** Names whose variant is a sort of the client's. */
const SORTED = /:(?:floor|nitro|exacto)(?=:|@|$)/i

/** C63: sorted as the account or workspace wants it, where the request says neither sort nor order. */
function sorted(call: Call, policy: RoutingView['policy']): Call {
  const { preferences, models } = call
  if (policy?.sort === undefined || preferences.sort !== undefined || preferences.order?.length || models.some((name) => SORTED.test(name))) return call
  return { ...call, preferences: { ...preferences, sort: policy.sort } }
}

/** C58: of a model's endpoints those that are there for few go before those that are there for all; own keys stay around them. */
function privateFirst(steps: readonly Step[]): readonly Step[] {
  if (!steps.some(({ endpoint }) => endpoint.visibleTo)) return steps
  const pools = Map.groupBy(steps, ({ requested }) => requested)
  // Who is first is no matter of the draw then: its shares are nobody's probabilities.
  const place = ({ endpoint: { ownKey, visibleTo } }: Step): number => (ownKey ? (ownKey.isFallback ? 3 : 0) : visibleTo ? 1 : 2)
  return [...pools.values()].flatMap((pool) => pool.toSorted((a, b) => place(a) - place(b))).map(({ share: _share, ...step }) => step)
}

/** `x:free` has a row of its own while it lasts: a call for it never falls through to the paid model. */
function notFound(call: Call, requested: string, snapshot: Snapshot): Fault {
  const { base, variants } = parseModelName(requested)
  return variants.includes('free') && findModel(snapshot, base) ? freeVariantEnded(call, requested, base) : unknownModel(call, requested, snapshot)
}
