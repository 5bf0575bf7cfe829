import { Fault } from '../../core/fault.ts'

/** The RFC's word for what goes wrong; what comes out where nothing does. */
export function scimTypeOf(work: () => unknown): unknown {
  try {
    return work()
  } catch (error) {
    return error instanceof Fault ? error.options.metadata?.['scim_type'] : error
  }
}
