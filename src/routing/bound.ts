import type { Endpoint } from '../catalog/endpoint.ts'
import type { Call } from '../core/call.ts'

/** Tokens of answer that nobody's catalogue row bounds. */
const COMPLETION_TOKENS_UNKNOWN = 16_384

/** The most tokens that one choice of this call's answer can have at this endpoint. For holds. */
export function completionTokensMax(call: Call, endpoint: Endpoint): number {
  const most = endpoint.outputMax ?? Math.min(endpoint.contextMax || COMPLETION_TOKENS_UNKNOWN, COMPLETION_TOKENS_UNKNOWN)
  return call.needs.maxTokens === undefined ? most : endpoint.outputMax === undefined ? call.needs.maxTokens : Math.min(call.needs.maxTokens, most)
}
