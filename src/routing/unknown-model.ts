import type { Snapshot } from '../catalog/endpoint.ts'
import { nearestModels } from '../catalog/names.ts'
import type { Call } from '../core/call.ts'
import { Fault } from '../core/fault.ts'
import { availability } from './availability.ts'

const NEAREST_MAX = 3
/** A name is the client's text: what is longer than any model's is cut before it goes into a message. */
const NAME_CHARS_MAX = 200

/** M26: a name that is no model's, with the names most like it. */
export function unknownModel(call: Call, requested: string, snapshot: Snapshot): Fault {
  const nearest = nearestModels(snapshot, requested.slice(0, NAME_CHARS_MAX), NEAREST_MAX)
  const hint = nearest.length > 0 ? `Did you mean ${orList(nearest)}?` : 'GET /api/v1/models lists them.'
  return new Fault('model_unknown', `${shown(requested)} is not a valid model ID. ${hint}`, {
    availability: availability('model_not_found', { requestedModels: call.models.map(shown), fallbackModels: nearest }),
  })
}

/** The free row of a model is gone; the paid one is offered and never taken unasked. */
export function freeVariantEnded(call: Call, requested: string, paid: string): Fault {
  return new Fault('no_endpoints', `${shown(requested)} is not offered for free any more. Use ${paid}, which is billed.`, {
    availability: availability('free_variant_ended', { requestedModels: call.models.map(shown), fallbackModels: [paid] }),
  })
}

/** A router found no model for the call: why, in a sentence. */
export function nothingChosen(call: Call, why: string): Fault {
  return new Fault('no_endpoints', `No models match your request and model restrictions. ${why}`, {
    availability: availability('constraint_filtered', { requestedModels: call.models.map(shown) }),
  })
}

function shown(name: string): string {
  return name.length > NAME_CHARS_MAX ? `${name.slice(0, NAME_CHARS_MAX)}…` : name
}

/** `a`, `a or b`, `a, b or c`. */
function orList(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} or ${names.at(-1) ?? ''}`
}
