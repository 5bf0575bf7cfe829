import type { Caller } from '../../accounts/caller.ts'
import { assert } from '../../core/fault.ts'
import type { Change } from '../../accounts/people-store.ts'
import type { Access } from '../access.ts'
import type { RouteContext } from '../route.ts'

/** The caller of a route that is not public: the server has turned everybody else away. */
export function callerOf({ caller }: RouteContext): Caller {
  assert(caller, 'a route that needs a key was called without one')
  return caller
}

/** What is written down of a change that is made now. */
export function changeBy(context: RouteContext): Change {
  return { by: accessIn(context).actor, nowMs: context.services.clock.wallMs() }
}

/** Who asks a management route, and how far it reaches for them. */
export function accessIn({ access }: RouteContext): Access {
  assert(access, 'a management route was called by nobody who may')
  return access
}
