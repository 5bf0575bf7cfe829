import { asCount, asObject, type JsonObject } from '../../core/json.ts'
import type { Usage } from '../../core/usage.ts'

type BesideTokens = Pick<Usage, 'serverToolCalls' | 'webSearches' | 'webFetches' | 'chargedNano'>

const NANO_PER_USD = 1e9
/** xAI's ticks are a tenth of a nano-dollar. */
const TICKS_PER_NANO = 10

/** What a usage of the OpenAI family counts beside tokens, and what its provider says that the call cost. */
export function besideTokens(usage: JsonObject): BesideTokens {
  const details = asObject(usage['server_tool_use_details']) ?? asObject(usage['server_tool_use']) ?? {}
  const webSearches = searchesOf(usage, details)
  const webFetches = asCount(details['web_fetch_requests']) ?? 0
  const calls = asCount(details['tool_calls_executed']) ?? asCount(usage['num_server_side_tools_used']) ?? 0
  return { webSearches, webFetches, serverToolCalls: Math.max(calls, webSearches + webFetches), chargedNano: chargedNano(usage) }
}

function searchesOf(usage: JsonObject, details: JsonObject): number {
  const said = asCount(details['web_search_requests']) ?? asCount(usage['num_search_queries'])
  if (said !== undefined) return said
  const xai = asObject(usage['server_side_tool_usage_details'])
  const calls = (asCount(xai?.['web_search_calls']) ?? 0) + (asCount(xai?.['x_search_calls']) ?? 0)
  if (calls > 0) return calls
  // Perplexity searches for each request, and bills that by itself.
  return asCount(usage['num_sources_used']) ?? ((asCount(asObject(usage['cost'])?.['request_cost']) ?? 0) > 0 ? 1 : 0)
}

/** In nano-dollars, rounded up: what providers write as a float is no exact decimal. */
function chargedNano(usage: JsonObject): number {
  const ticks = asCount(usage['cost_in_usd_ticks'])
  if (ticks !== undefined) return Math.ceil(ticks / TICKS_PER_NANO)
  const usd = asCount(usage['cost']) ?? asCount(asObject(usage['cost'])?.['total_cost']) ?? 0
  // To a thousandth of a nano-dollar first, so that a float's last bits do not add one.
  return Math.ceil(Math.round(usd * NANO_PER_USD * 1000) / 1000)
}

/** OpenAI's models of chat that search do so once for each answer, which is billed, and not counted in the usage. */
export function withOwnSearch(usage: Usage, upstreamId: string): Usage {
  return usage.webSearches === 0 && /^gpt-.*-search-(?:preview|api)/.test(upstreamId) ? { ...usage, webSearches: 1, serverToolCalls: Math.max(usage.serverToolCalls, 1) } : usage
}

/** What a usage says of the provider's own tools (contract D22, N2: both forms); nothing where it has used none. */
export function serverToolFields(usage: Usage): JsonObject {
  const { webSearches, serverToolCalls } = usage
  if (serverToolCalls === 0 && webSearches === 0) return {}
  const details: JsonObject = { web_search_requests: webSearches, tool_calls_requested: serverToolCalls, tool_calls_executed: serverToolCalls }
  return { server_tool_use: { web_search_requests: webSearches }, server_tool_use_details: details }
}
