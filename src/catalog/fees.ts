import type { Nano } from '../core/nano.ts'
import { parseUsd } from '../core/nano.ts'
import type { Price } from './endpoint.ts'

/** One provider's fee for a search of the web that it makes, in USD. `source`: where its price list is, and who of those that could be read quotes it. */
interface Fee { readonly provider: string; readonly model: RegExp; readonly search: string; readonly source: string }

/**
 * The first row that fits the provider and what it calls the model; the catalogue's feed has only tokens. All were looked up
 * on 2026-11-21. What could not be found is not here, so that a search is then charged as the provider says that it charges it:
 * Google Cloud's own list (Gemini and Claude on Vertex), Azure's and Bedrock's.
 */
const FEES: readonly Fee[] = [
  { provider: 'anthropic', model: /^claude/, search: '0.01', source: 'platform.claude.com/docs/en/agents-and-tools/tool-use/web-search-tool: $10 for 1,000 searches, by clauder-navi.com/articles/claude-web-search' },
  // These search by the older tool, in every answer and without reasoning.
  { provider: 'openai', model: /^gpt-4o(?:-mini)?-search-preview/, search: '0.025', source: 'developers.openai.com/api/docs/pricing: preview, non-reasoning, $25 for 1,000 calls, by community.openai.com/t/1363698 and modelcostwatch.com (2026-03-12)' },
  { provider: 'openai', model: /^(?:gpt-|o\d|chatgpt)/, search: '0.01', source: 'developers.openai.com/api/docs/pricing: web search, all models, $10 for 1,000 calls, by community.openai.com/t/1363698 and modelcostwatch.com (2026-03-12)' },
  // Of a prompt, however many searches it takes: `gemini/searches.ts` counts it so.
  { provider: 'google', model: /^gemini-(?:1|2)\b/, search: '0.035', source: 'ai.google.dev/gemini-api/docs/pricing: $35 for 1,000 grounded prompts, by Google at discuss.ai.google.dev/t/102927' },
  { provider: 'google', model: /^gemini-3/, search: '0.014', source: 'ai.google.dev/gemini-api/docs/pricing: $14 for 1,000 search queries, by discuss.ai.google.dev/t/134866' },
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
