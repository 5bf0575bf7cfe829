import { EFFORTS, type Call } from '../../core/call.ts'
import { effortOf, nearestEffort } from '../../core/reasoning.ts'
import type { Endpoint } from '../../catalog/endpoint.ts'

/** The effort to name: the client's, or the one its budget comes to; the nearest that the endpoint has. */
export function wantedEffort(call: Call, endpoint: Endpoint): string | undefined {
  const { enabled, effort, maxTokens } = call.reasoning
  if (enabled === undefined) return undefined
  const wanted = !enabled ? 'none' : (effort ?? (maxTokens === undefined ? 'medium' : effortOf(maxTokens, call.needs.maxTokens ?? endpoint.outputMax)))
  const known = endpoint.reasoning?.efforts ?? (endpoint.parameters === null ? EFFORTS : undefined)
  return known === undefined ? wanted : nearestEffort(wanted, known)
}
