import { findModel, parseModelName, type FoundModel } from '../catalog/names.ts'
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
import { freeVariantEnded, unknownModel } from './unknown-model.ts'
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
  const unknownModels: string[] = []
  const groups = groupsOf(call, view, unknownModels)
  if (groups.length === 0) throw notFound(call, unknownModels[0] ?? '', view.snapshot)
  const { steps: ranked, dropped } = rank(groups, call, view)
  const steps = fileOrder(ranked, call)
  const excluded = groups.flatMap((group) => group.excluded)
  excluded.push(...dropped)
  const strategy = call.models.length > 1 ? 'fallback' : 'direct'
  return { plan: { steps, excluded, strategy, costMax: costMax(call, steps), ...(unknownModels.length > 0 && { unknownModels }) }, groups }
}

/** Model by model in the client's order (C25); a model named twice counts once, so that no endpoint is tried twice. */
function groupsOf(call: Call, { snapshot, nowMs }: RoutingView, unknownModels: string[]): Candidates[] {
  const groups: Candidates[] = []
  for (const requested of call.models) {
    const found = find(snapshot, requested)
    if (!found) unknownModels.push(requested)
    else if (!groups.some(({ index }) => index.model === found.model)) groups.push(candidatesOf(call, requested, indexOf(found.model), found.variants, snapshot, nowMs))
  }
  return groups
}

/** `x:free` has a row of its own while it lasts: a call for it never falls through to the paid model. */
function notFound(call: Call, requested: string, snapshot: Snapshot): Fault {
  const { base, variants } = parseModelName(requested)
  return variants.includes('free') && findModel(snapshot, base) ? freeVariantEnded(call, requested, base) : unknownModel(call, requested, snapshot)
}

/** Names that calls have used lately, so that a name is taken apart once. Bounded: clients choose the names. */
const NAMES_MAX = 2_000
const namesOf = new WeakMap<Snapshot, Map<string, FoundModel>>()

function find(snapshot: Snapshot, requested: string): FoundModel | undefined {
  let names = namesOf.get(snapshot)
  if (!names) namesOf.set(snapshot, names = new Map())
  const known = names.get(requested)
  if (known) return known
  const found = findModel(snapshot, requested)
  if (!found) return undefined
  if (names.size >= NAMES_MAX) names.clear()
  names.set(requested, found)
  return found
}
