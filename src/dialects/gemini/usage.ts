import { asCount, isObject, type JsonObject } from '../../core/json.ts'
import { NO_USAGE, type Usage } from '../../core/usage.ts'

/**
 * Gemini's counts as ours; undefined where there are none (chunks in the middle may say only how they were routed).
 * Thinking stands beside the candidates, not in them, and what tools read stands beside the prompt; cached tokens are
 * part of the prompt.
 */
export function readUsage(sent: JsonObject): Usage | undefined {
  const prompt = asCount(sent['promptTokenCount'])
  const total = asCount(sent['totalTokenCount'])
  if (prompt === undefined && total === undefined) return undefined
  const thoughts = asCount(sent['thoughtsTokenCount']) ?? 0
  const promptTokens = (prompt ?? 0) + (asCount(sent['toolUsePromptTokenCount']) ?? 0)
  const candidates = asCount(sent['candidatesTokenCount']) ?? Math.max(0, (total ?? 0) - promptTokens - thoughts)
  return {
    ...NO_USAGE,
    promptTokens,
    cacheReadTokens: Math.min(asCount(sent['cachedContentTokenCount']) ?? 0, promptTokens),
    promptAudioTokens: ofModality(sent['promptTokensDetails'], 'AUDIO') + ofModality(sent['toolUsePromptTokensDetails'], 'AUDIO'),
    promptVideoTokens: ofModality(sent['promptTokensDetails'], 'VIDEO') + ofModality(sent['toolUsePromptTokensDetails'], 'VIDEO'),
    completionTokens: candidates + thoughts,
    reasoningTokens: thoughts,
    completionAudioTokens: ofModality(sent['candidatesTokensDetails'], 'AUDIO'),
    completionImageTokens: ofModality(sent['candidatesTokensDetails'], 'IMAGE'),
  }
}

function ofModality(details: unknown, modality: string): number {
  if (!Array.isArray(details)) return 0
  let count = 0
  for (const detail of details) {
    if (isObject(detail) && detail['modality'] === modality) count += asCount(detail['tokenCount']) ?? 0
  }
  return count
}

/** The tier that served the call, in the contract's words (B48): Google's `standard` is `default`. */
export function readServiceTier(sent: JsonObject): string | undefined {
  const tier = sent['serviceTier']
  if (typeof tier === 'string') return tier === 'standard' ? 'default' : tier.toLowerCase()
  const traffic = sent['trafficType']
  if (traffic === 'ON_DEMAND_FLEX') return 'flex'
  return traffic === 'ON_DEMAND_PRIORITY' ? 'priority' : undefined
}
