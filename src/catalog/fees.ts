import type { Nano } from '../core/nano.ts'
import { parseUsd } from '../core/nano.ts'
import type { Price } from './endpoint.ts'

/**
 * What providers charge for a search of the web that they make, in USD each, as of their price lists of December 2025
 * (platform.claude.com pricing; openai.com/api/pricing; ai.google.dev and cloud.google.com/vertex-ai pricing; docs.x.ai
 * models and pricing). The first row that fits the provider and what it calls the model. The catalogue's feed has only tokens.
 */
const FEES: readonly { readonly provider: string; readonly model: RegExp; readonly search: string }[] = [
  { provider: 'anthropic', model: /^claude/, search: '0.01' },
  { provider: 'google-vertex', model: /claude/, search: '0.01' },
  { provider: 'openai', model: /^gpt-4o(?:-mini)?-search-preview/, search: '0.025' },
  { provider: 'openai', model: /^(?:gpt-|o\d|chatgpt)/, search: '0.01' },
  { provider: 'google', model: /^gemini-(?:1|2)\b/, search: '0.035' },
  { provider: 'google', model: /^gemini-3/, search: '0.014' },
  { provider: 'google-vertex', model: /^gemini-(?:1|2)\b/, search: '0.035' },
  { provider: 'google-vertex', model: /^gemini-3/, search: '0.014' },
]

/** The price with its provider's fee for searches, where we know one and the price does not say. */
export function withFees(price: Price, provider: string, upstreamId: string): Price {
  if (price.state !== 'priced' || price.webSearch !== undefined) return price
  const fee = FEES.find((row) => row.provider === provider && row.model.test(upstreamId))
  const webSearch: Nano | undefined = fee && parseUsd(fee.search)
  return webSearch === undefined ? price : Object.freeze({ ...price, webSearch })
}

/** What a provider billed beside tokens, over what the catalogue's prices come to. */
export interface Besides {
  /** To add to the prompt's part. */
  readonly more: Nano
  /** It was used, and nobody says what it costs. */
  readonly unknown: boolean
}

/** Searches whose fee the price does not know are charged as the provider says that it does, where it says so. */
export function besidesOf(price: Price, usage: { readonly webSearches: number; readonly serverToolCalls: number; readonly chargedNano: number }, total: Nano): Besides {
  const isPriced = price.state !== 'priced' || price.webSearch !== undefined || price.request !== undefined
  if (isPriced || (usage.webSearches === 0 && usage.serverToolCalls === 0)) return { more: 0n, unknown: false }
  const charged = BigInt(Math.round(usage.chargedNano))
  return charged > 0n ? { more: charged > total ? charged - total : 0n, unknown: false } : { more: 0n, unknown: usage.webSearches > 0 }
}
