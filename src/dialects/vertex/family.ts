import type { Endpoint } from '../../catalog/endpoint.ts'
import { isClaude } from '../signer.ts'

/** What a model on Vertex is: Google's own, Anthropic's, or an open one behind OpenAI's dialect. */
export type Family = 'gemini' | 'claude' | 'open'

/** Open models are called `maker/model`; resource names (`projects/…`, `publishers/…`) are Google's or tuned ones of Google's. */
export function familyOf(endpoint: Endpoint): Family {
  if (isClaude(endpoint)) return 'claude'
  const { upstreamId } = endpoint
  return upstreamId.includes('/') && !/^(?:projects|publishers|google)\//.test(upstreamId) ? 'open' : 'gemini'
}
