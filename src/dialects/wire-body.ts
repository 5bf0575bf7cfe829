import type { Call } from '../core/call.ts'
import { Fault } from '../core/fault.ts'
import { jsonPieces } from '../lib/long-strings.ts'
import type { WireRequest } from './dialect.ts'

/** A provider's body as text; with media in it, in pieces as well. Throws Fault where it nests too deep: it is JSON, so that nothing else can be wrong with it. */
export function wireBody(body: object, call: Call): Pick<WireRequest, 'body' | 'pieces'> {
  try {
    const pieces = call.needs.inputs.length > 0 ? jsonPieces(body) : undefined
    if (!pieces) return { body: JSON.stringify(body) }
    // Not `join`: a sum of strings is not made before somebody looks at it, and nobody does who takes the pieces.
    return { body: pieces.reduce((text, piece) => text + piece), pieces }
  } catch (error) {
    throw new Fault('invalid_request', 'the request nests deeper than can be passed on; flatten the tools, schemas or tool arguments', { cause: error })
  }
}
