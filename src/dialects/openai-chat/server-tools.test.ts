import { describe, expect, test } from 'bun:test'
import type { JsonObject } from '../../core/json.ts'
import { NO_USAGE } from '../../core/usage.ts'
import { besideTokens, serverToolFields, withOwnSearch } from './server-tools.ts'

const NOTHING = { webSearches: 0, webFetches: 0, serverToolCalls: 0, chargedNano: 0 }

describe('what a usage counts beside tokens', () => {
  test.each<[string, JsonObject, Partial<typeof NOTHING>]>([
    ['nothing', { prompt_tokens: 1 }, {}],
    ['OpenRouter', { cost: 0.0076509169000000005, server_tool_use_details: { web_search_requests: 1, tool_calls_requested: 2, tool_calls_executed: 2 } }, { webSearches: 1, serverToolCalls: 2, chargedNano: 7_650_917 }],
    ['OpenRouter, older', { server_tool_use: { web_search_requests: 3 } }, { webSearches: 3, serverToolCalls: 3 }],
    ['Perplexity', { num_search_queries: 2, cost: { input_tokens_cost: 0.000011, request_cost: 0.005, total_cost: 0.005403 } }, { webSearches: 2, serverToolCalls: 2, chargedNano: 5_403_000 }],
    ['Perplexity that counts no queries', { cost: { request_cost: 0.005, total_cost: 0.0054 } }, { webSearches: 1, serverToolCalls: 1, chargedNano: 5_400_000 }],
    ['xAI, sources', { num_sources_used: 4, cost_in_usd_ticks: 1_497_501 }, { webSearches: 4, serverToolCalls: 4, chargedNano: 149_751 }],
    ['xAI, tools', { num_sources_used: 0, num_server_side_tools_used: 3, server_side_tool_usage_details: { web_search_calls: 1, x_search_calls: 1, code_interpreter_calls: 1 } }, { webSearches: 2, serverToolCalls: 3 }],
    ['what is no count', { num_sources_used: -1, cost: 'much', server_tool_use_details: { web_search_requests: 'two' }, cost_in_usd_ticks: null }, {}],
  ])('%s', (_, usage, counted) => expect(besideTokens(usage)).toEqual({ ...NOTHING, ...counted }))

  test("is a search for each answer of OpenAI's models that search", () => {
    expect(['gpt-4o-search-preview', 'gpt-5-search-api-2025-10-14', 'gpt-4o'].map((model) => withOwnSearch(NO_USAGE, model).webSearches)).toEqual([1, 1, 0])
    const counted = { ...NO_USAGE, webSearches: 3, serverToolCalls: 3 }
    expect(withOwnSearch(counted, 'gpt-4o-search-preview')).toBe(counted)
  })

  test('is said in both forms, and only where there is something', () => {
    expect(serverToolFields(NO_USAGE)).toEqual({})
    expect(serverToolFields({ ...NO_USAGE, webSearches: 1, serverToolCalls: 2 })).toEqual({
      server_tool_use: { web_search_requests: 1 }, server_tool_use_details: { web_search_requests: 1, tool_calls_requested: 2, tool_calls_executed: 2 },
    })
  })
})
