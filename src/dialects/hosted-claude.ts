import type { Endpoint } from '../catalog/endpoint.ts'
import type { Call, Warning } from '../core/call.ts'
import type { JsonObject } from '../core/json.ts'
import { sayCall } from './anthropic-messages/write.ts'

/** Fields of Anthropic's own API that the clouds which host Claude refuse. */
const NOT_HOSTED = ['service_tier', 'inference_geo', 'speed', 'container', 'mcp_servers'] as const

/** A Messages request as a cloud takes it: the model is in the path, the version in the body. */
export interface HostedRequest { readonly body: JsonObject; readonly betas: string | undefined; readonly warnings: readonly Warning[]; readonly isNative?: boolean }

/** Says a call in the words of a cloud that hosts Claude. `version` is the cloud's `anthropic_version`. */
export function writeHosted(call: Call, endpoint: Endpoint, version: string): HostedRequest {
  const { body: { model: _, ...plain }, headers, isNative, ...said } = sayCall(call, asAnthropics(endpoint))
  const body: JsonObject = { anthropic_version: version, ...plain }
  const warnings = [...said.warnings]
  for (const field of NOT_HOSTED) {
    if (body[field] === undefined) continue
    delete body[field]
    warnings.push({ field, why: `${endpoint.provider.name} does not take it for Claude` })
  }
  return { body, betas: headers['anthropic-beta'], warnings, ...(isNative ? { isNative: true } : {}) }
}

const hosted = new WeakMap<Endpoint, Endpoint>()

/** The endpoint as one of Anthropic's dialect, so that a client of that dialect is passed on as it is. */
function asAnthropics(endpoint: Endpoint): Endpoint {
  const known = hosted.get(endpoint)
  if (known) return known
  const made: Endpoint = { ...endpoint, provider: { ...endpoint.provider, dialect: 'anthropic-messages' } }
  hosted.set(endpoint, made)
  return made
}

/** True for a call whose client speaks Messages: what Claude says goes to it as it is. */
export function isMessages(call: Call): boolean {
  return call.dialect === 'anthropic-messages' && call.native !== undefined
}
