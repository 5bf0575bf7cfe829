import type { Caller } from '../../accounts/caller.ts'
import { parseModelName } from '../../catalog/names.ts'
import type { Call } from '../../core/call.ts'
import { isEmbeddingsCall } from '../../core/embeddings.ts'
import type { Event } from '../../core/event.ts'
import { Fault } from '../../core/fault.ts'
import { BODYBUILDER_NAMES, isComposite, mayBeRouter } from '../../routing/routers/composite-names.ts'
import { asksPanel } from '../../routing/routers/fusion.ts'
import type { Gateway } from '../gateway.ts'
import { serve } from '../serve.ts'
import { serveEach } from '../serve-each.ts'
import { buildBodies } from './build-bodies.ts'
import { fuse } from './fuse.ts'

/** The answer to a client's call, by whatever number of calls it takes. Throws Fault for settings of a router that cannot be followed. */
export function answered(call: Call, caller: Caller, gateway: Gateway, client: AbortSignal): AsyncGenerator<Event[]> {
  const [first = ''] = call.models
  if (call.also) {
    if (isComposite(first)) throw new Fault('invalid_request', `prompt: ${first} takes one prompt at a time`, { metadata: { field: 'prompt' } })
    return serveEach([call, ...call.also], caller, gateway, client)
  }
  if (isEmbeddingsCall(call)) return serve(call, caller, gateway, client)
  const router = mayBeRouter(first) ? parseModelName(first).base : ''
  if (BODYBUILDER_NAMES.has(router)) return buildBodies(call, router, caller, gateway, client)
  return asksPanel(call) ? fuse(call, caller, gateway, client) : serve(call, caller, gateway, client)
}
