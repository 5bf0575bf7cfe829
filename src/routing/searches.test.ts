import { expect, test } from 'bun:test'
import type { JsonObject } from '../core/json.ts'
import { testCall } from '../dialects/openai-chat/fixtures.test-support.ts'
import { searchesMax } from './searches.ts'

test.each<[JsonObject, number]>([
  [{}, 0],
  [{ tools: [{ type: 'function', function: { name: 'web_search' } }] }, 0],
  [{ tools: [{ type: 'web_search_20250305', name: 'web_search', max_uses: 3 }] }, 3],
  [{ tools: [{ type: 'web_search_preview' }] }, 5],
  [{ tools: [{ googleSearch: {} }] }, 5],
  [{ tools: [{ type: 'web_search' }, { type: 'x_search' }] }, 10],
  [{ web_search_options: {} }, 5],
  [{ web_search_options: {}, max_tool_calls: 2 }, 2],
])('%j may search %i times', (body, searches) => expect(searchesMax(testCall(body))).toBe(searches))
