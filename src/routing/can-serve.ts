import type { Model } from '../catalog/endpoint.ts'
import type { Call } from '../core/call.ts'
import { candidatesOf } from './candidates.ts'
import { indexOf } from './model-index.ts'
import type { RoutingView } from './view.ts'

/** True when an endpoint of this model could be tried for this call: by its abilities, its policies and what the caller may use. */
export function canServe(call: Call, model: Model, view: RoutingView): boolean {
  return candidatesOf(call, model.id, indexOf(model), [], view).eligible.length > 0
}
