import type { Caller } from '../accounts/caller.ts'
import { Fault } from '../core/fault.ts'

/** Whether this caller may make calls at all. Throws Fault. */
export function admit(caller: Caller): void {
  if (caller.key.kind === 'management') {
    throw new Fault('permission_denied', 'This is a management key: it administers keys and cannot call models. Use an API key (`switchyard keys create`).')
  }
}
