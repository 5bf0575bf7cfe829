import type { Cost } from '../../core/event.ts'
import { asObject, type JsonObject } from '../../core/json.ts'
import type { Usage } from '../../core/usage.ts'
import { usageBody } from '../openai-chat/answer-write.ts'

/** Anthropic's counters of a usage: what was read from or written to the cache stands beside `input_tokens`, not in it. */
export function countersOf(usage: Usage): JsonObject {
  const { cacheReadTokens, cacheWriteTokens, cacheWriteHourTokens } = usage
  return {
    input_tokens: Math.max(usage.promptTokens - cacheReadTokens - cacheWriteTokens, 0),
    cache_creation_input_tokens: cacheWriteTokens,
    cache_read_input_tokens: cacheReadTokens,
    cache_creation: { ephemeral_5m_input_tokens: Math.max(cacheWriteTokens - cacheWriteHourTokens, 0), ephemeral_1h_input_tokens: cacheWriteHourTokens },
    output_tokens: usage.completionTokens,
    output_tokens_details: { thinking_tokens: usage.reasoningTokens },
    server_tool_use: usage.webSearches + usage.webFetches > 0 ? { web_search_requests: usage.webSearches, web_fetch_requests: usage.webFetches } : null,
    ...(usage.estimated ? { estimated: true } : {}),
  }
}

/** What the contract adds to Anthropic's usage. */
export function costFields(usage: Usage, cost: Cost): JsonObject {
  const { cost: total, cost_details: details, is_byok: byok } = usageBody(usage, cost)
  return { cost: total, cost_details: details, is_byok: byok }
}

/** What providers call the tiers that the contract's usage of Messages knows (B48); it has no word for others. */
const TIERS: Readonly<Record<string, string>> = { default: 'standard', standard: 'standard', on_demand: 'standard', priority: 'priority', batch: 'batch' }

export function tierBody(tier: string | undefined): string | null {
  return (tier !== undefined && Object.hasOwn(TIERS, tier) ? TIERS[tier] : undefined) ?? null
}

const MESSAGE_USAGE = ['input_tokens', 'output_tokens', 'output_tokens_details', 'cache_creation_input_tokens', 'cache_read_input_tokens', 'cache_creation', 'inference_geo', 'server_tool_use', 'service_tier']
const DELTA_USAGE = ['input_tokens', 'output_tokens', 'output_tokens_details', 'cache_creation_input_tokens', 'cache_read_input_tokens', 'server_tool_use']

/** A carried usage, with null for the counters that the contract always shows and the provider left out. */
export function wholeUsage(usage: unknown, of: 'message' | 'delta'): JsonObject {
  const whole: JsonObject = { ...asObject(usage) }
  for (const counter of of === 'message' ? MESSAGE_USAGE : DELTA_USAGE) whole[counter] ??= counter === 'input_tokens' && of === 'message' ? 0 : counter === 'output_tokens' ? 0 : null
  const tools = asObject(whole['server_tool_use'])
  if (tools) whole['server_tool_use'] = { web_search_requests: 0, web_fetch_requests: 0, ...tools }
  return whole
}
