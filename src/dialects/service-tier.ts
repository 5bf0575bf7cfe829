import type { Endpoint } from '../catalog/endpoint.ts'
import type { Call, Warning } from '../core/call.ts'
import { asString, type JsonObject } from '../core/json.ts'

/** Puts into a body of OpenAI's what `tierSaid` says. */
export function writeTier(body: JsonObject, call: Call, endpoint: Endpoint, warnings: Warning[]): void {
  const { tier, warning } = tierSaid(call, endpoint)
  delete body['service_tier']
  if (tier !== undefined) body['service_tier'] = tier
  if (warning) warnings.push(warning)
}

/**
 * The service tier that a provider is told. An endpoint of a tier asks for that tier, which is what its price is for; of the
 * client's words only those go to another endpoint that leave its price what it is (contract C39–C41).
 */
export function tierSaid(call: Call, endpoint: Endpoint): { readonly tier?: string; readonly warning?: Warning } {
  if (endpoint.tier !== undefined) return { tier: endpoint.tier }
  const asked = asString(call.body['service_tier'])
  if (asked === undefined) return {}
  if (asked !== 'priority' && asked !== 'flex' && asked !== 'fast') return { tier: asked }
  return { warning: { field: 'service_tier', why: `${endpoint.provider.name} is called here at its ordinary tier, not at ${asked}, and billed so` } }
}
