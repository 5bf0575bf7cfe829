import { asArray, asCount, asObject, isObject, type JsonObject } from '../../core/json.ts'
import { NO_USAGE, type Usage } from '../../core/usage.ts'

/** Anthropic's counters. `input` is what was neither read from nor written to the cache. */
interface Counters { input: number; output: number; cacheRead: number; cacheWrite: number; cacheWriteHour: number }

/**
 * The usage of an answer, from the object of `message_start` and the one of `message_delta`, whose every key replaces
 * the earlier one. An answer of several inner passes (compaction, advisor, fallback) is billed for all of them, while
 * the counters at the top leave some out: `iterations` is summed, and the larger of both counts. Passes of another
 * model are counted like those of the model that was called, for Anthropic gives no better total.
 */
export function readUsage(start: JsonObject | undefined, end: JsonObject | undefined): Usage {
  const top = { ...start, ...withoutNulls(end) }
  const counters = countersOf(top)
  const passes = (asArray(top['iterations']) ?? []).filter(isObject)
  if (passes.length > 0) {
    const sum: Counters = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0, cacheWriteHour: 0 }
    for (const pass of passes) add(sum, countersOf(pass))
    raise(counters, sum)
  }
  const tools = asObject(top['server_tool_use'])
  const webSearches = asCount(tools?.['web_search_requests']) ?? 0
  const webFetches = asCount(tools?.['web_fetch_requests']) ?? 0
  const thinking = asCount(asObject(top['output_tokens_details'])?.['thinking_tokens']) ?? 0
  return {
    ...NO_USAGE,
    promptTokens: counters.input + counters.cacheRead + counters.cacheWrite,
    cacheReadTokens: counters.cacheRead,
    cacheWriteTokens: counters.cacheWrite,
    cacheWriteHourTokens: Math.min(counters.cacheWriteHour, counters.cacheWrite),
    completionTokens: counters.output,
    reasoningTokens: Math.min(thinking, counters.output),
    webSearches,
    webFetches,
    serverToolCalls: webSearches + webFetches,
    // Before the last counters come, those of the output are a placeholder.
    estimated: end === undefined,
  }
}

function countersOf(usage: JsonObject): Counters {
  const writes = asObject(usage['cache_creation'])
  const hour = asCount(writes?.['ephemeral_1h_input_tokens']) ?? 0
  return {
    input: asCount(usage['input_tokens']) ?? 0,
    output: asCount(usage['output_tokens']) ?? 0,
    cacheRead: asCount(usage['cache_read_input_tokens']) ?? 0,
    cacheWrite: asCount(usage['cache_creation_input_tokens']) ?? hour + (asCount(writes?.['ephemeral_5m_input_tokens']) ?? 0),
    cacheWriteHour: hour,
  }
}

function add(sum: Counters, more: Counters): void {
  for (const key of KEYS) sum[key] += more[key]
}

function raise(counters: Counters, other: Counters): void {
  for (const key of KEYS) counters[key] = Math.max(counters[key], other[key])
}

const KEYS = ['input', 'output', 'cacheRead', 'cacheWrite', 'cacheWriteHour'] as const

function withoutNulls(usage: JsonObject | undefined): JsonObject {
  const kept: JsonObject = {}
  for (const key in usage) if (usage[key] !== null && usage[key] !== undefined) kept[key] = usage[key]
  return kept
}
