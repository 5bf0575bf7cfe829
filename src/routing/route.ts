import { findModel, parseModelName } from '../catalog/names.ts'
import type { Snapshot } from '../catalog/endpoint.ts'
import type { Call } from '../core/call.ts'
import type { Fault } from '../core/fault.ts'
import { costMax } from './bound.ts'
import { candidatesOf, type Candidates } from './candidates.ts'
import { fileOrder } from './file-order.ts'
import { indexOf } from './model-index.ts'
import { noEndpoints } from './no-endpoints.ts'
import type { Plan } from './plan.ts'
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
  if (plan.steps.length === 0) throw noEndpoints(call, groups, plan.excluded, view.snapshot)
  return plan
}

/** As `route`, but a Plan without steps is one, too: for those who want to know why. Throws Fault only where no model is known. */
export function consider(call: Call, view: RoutingView): { readonly plan: Plan; readonly groups: readonly Candidates[] } {
  const { snapshot, nowMs } = view
  const { models, unknown, strategy, stages, none } = resolveModels(call, view)
  const [firstUnknown] = unknown
  if (models.length === 0) throw firstUnknown === undefined ? nothingChosen(call, none ?? '') : notFound(call, firstUnknown, snapshot)
  const groups = models.map(({ requested, found }) => candidatesOf(call, requested, indexOf(found.model), found.variants, snapshot, nowMs))
  const { steps: ranked, dropped } = rank(groups, call, view)
  const steps = fileOrder(ranked, call)
  const excluded = groups.flatMap((group) => group.excluded)
  excluded.push(...dropped)
  return { plan: { steps, excluded, strategy, stages, costMax: costMax(call, steps), ...(unknown.length > 0 && { unknownModels: unknown }) }, groups }
}

/** `x:free` has a row of its own while it lasts: a call for it never falls through to the paid model. */
function notFound(call: Call, requested: string, snapshot: Snapshot): Fault {
  const { base, variants } = parseModelName(requested)
  return variants.includes('free') && findModel(snapshot, base) ? freeVariantEnded(call, requested, base) : unknownModel(call, requested, snapshot)
}
