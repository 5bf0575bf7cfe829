import { findModel } from '../catalog/names.ts'
import type { Call } from '../core/call.ts'
import { Fault } from '../core/fault.ts'
import { candidatesOf } from './candidates.ts'
import { indexOf } from './model-index.ts'
import { noEndpoints } from './no-endpoints.ts'
import type { RoutingView } from './view.ts'

/** Models whose reasons are told: a router has hundreds, and they say the same again. */
const MODELS_MAX = 8

/** A router's models are there and none can serve the call (C47): the same Fault as if the client had named them, so that it says which rule stands in the way (M25, E13). */
export function noneAble(call: Call, why: string, ids: readonly string[], view: RoutingView): Fault {
  const groups = ids.slice(0, MODELS_MAX).flatMap((id) => {
    const found = findModel(view.snapshot, id)
    return found ? [candidatesOf(call, id, indexOf(found.model), [], view)] : []
  })
  const fault = noEndpoints(call, groups, groups.flatMap(({ excluded }) => excluded), view.snapshot)
  // Clients know the errors of length and of reasoning by their first words.
  return fault.code === 'no_endpoints' || fault.code === 'permission_denied' ? new Fault(fault.code, `No models match your request and model restrictions. ${why} ${fault.message}`, fault.options) : fault
}
