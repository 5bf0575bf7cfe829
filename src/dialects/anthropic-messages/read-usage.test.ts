import { describe, expect, test } from 'bun:test'
import { NO_USAGE } from '../../core/usage.ts'
import { countersOf } from './answer-usage.ts'
import { readUsage } from './read-usage.ts'

describe("the provider's own tools in a usage", () => {
  test('are those of its last count', () => {
    const start = { input_tokens: 10, output_tokens: 1, server_tool_use: { web_search_requests: 1 } }
    expect(readUsage(start, { output_tokens: 5, server_tool_use: { web_search_requests: 2, web_fetch_requests: 1 } })).toMatchObject({ webSearches: 2, webFetches: 1, serverToolCalls: 3 })
    expect(readUsage(start, { output_tokens: 5, server_tool_use: null })).toMatchObject({ webSearches: 1, serverToolCalls: 1 })
    expect(readUsage({ input_tokens: 10 }, {})).toMatchObject({ webSearches: 0, webFetches: 0, serverToolCalls: 0 })
  })

  test('are said to a client, whoever ran them', () => {
    expect(countersOf({ ...NO_USAGE, webSearches: 2, serverToolCalls: 2 })['server_tool_use']).toEqual({ web_search_requests: 2, web_fetch_requests: 0 })
    expect(countersOf(NO_USAGE)['server_tool_use']).toBeNull()
  })
})
