import type { Call } from '../core/call.ts'
import { isObject, type Json, type JsonObject } from '../core/json.ts'

/** Searches that one call may well make, where it does not bound them itself. For holds. */
const SEARCHES_UNKNOWN = 5

/** The most searches of the web that a provider is likely to make for this call: none unless it has such a tool. */
export function searchesMax(call: Call): number {
  const { tools, max_tool_calls: most } = call.body
  const bounds = (tools ?? []).flatMap((tool) => (isSearch(tool) ? [count(tool['max_uses'])] : []))
  if (call.body['web_search_options']) bounds.push(undefined)
  if (bounds.length === 0) return 0
  return count(most) ?? bounds.reduce<number>((sum, bound) => sum + (bound ?? SEARCHES_UNKNOWN), 0)
}

/** Every provider names its own: `web_search_20250305`, `web_search_preview`, `{ "googleSearch": {} }`, `x_search`. */
function isSearch(tool: JsonObject): boolean {
  const { type } = tool
  return type !== 'function' && [typeof type === 'string' ? type : '', ...Object.keys(tool).filter((name) => isObject(tool[name]))].some((name) => /web_?search|google_?search|x_search/i.test(name))
}

function count(value: Json | undefined): number | undefined {
  return typeof value === 'number' && value >= 0 ? value : undefined
}
