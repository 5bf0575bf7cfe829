import { asArray, asCount, isObject, type JsonObject } from '../../core/json.ts'
import { NO_USAGE, type Usage } from '../../core/usage.ts'

/** Converse's counts: what was read from and written to the cache stands outside `inputTokens`. Undefined when it holds none. */
export function readUsage(usage: JsonObject): Usage | undefined {
  const input = asCount(usage['inputTokens'])
  const output = asCount(usage['outputTokens'])
  if (input === undefined && output === undefined) return undefined
  const cacheReadTokens = asCount(usage['cacheReadInputTokens']) ?? 0
  const details = (asArray(usage['cacheDetails']) ?? []).filter(isObject)
  const cacheWriteTokens = asCount(usage['cacheWriteInputTokens']) ?? 0
  const hour = details.reduce((sum, detail) => sum + (detail['ttl'] === '1h' ? (asCount(detail['inputTokens']) ?? 0) : 0), 0)
  return {
    ...NO_USAGE,
    promptTokens: (input ?? 0) + cacheReadTokens + cacheWriteTokens, cacheReadTokens, cacheWriteTokens,
    cacheWriteHourTokens: Math.min(hour, cacheWriteTokens),
    completionTokens: output ?? 0,
  }
}
