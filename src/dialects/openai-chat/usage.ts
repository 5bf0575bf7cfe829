import { asCount, asObject, type JsonObject } from '../../core/json.ts'
import type { Usage } from '../../core/usage.ts'
import { besideTokens } from './server-tools.ts'

/**
 * Reads the usage of an OpenAI-compatible provider; undefined when it holds no counts. Cached tokens are inside the
 * prompt's count; reasoning is inside the completion's, but for xAI, which `reasoningOutside` says.
 */
export function readUsage(usage: JsonObject, reasoningOutside: boolean): Usage | undefined {
  const prompt = asCount(usage['prompt_tokens']) ?? asCount(usage['input_tokens'])
  const completion = asCount(usage['completion_tokens']) ?? asCount(usage['output_tokens'])
  if (prompt === undefined && completion === undefined) return undefined
  const promptDetails = asObject(usage['prompt_tokens_details']) ?? asObject(usage['input_tokens_details']) ?? {}
  const details = asObject(usage['completion_tokens_details']) ?? asObject(usage['output_tokens_details']) ?? {}
  const promptTokens = prompt ?? 0
  const reasoning = asCount(details['reasoning_tokens']) ?? asCount(usage['reasoning_tokens']) ?? 0
  const cacheRead = asCount(promptDetails['cached_tokens']) ?? asCount(usage['prompt_cache_hit_tokens']) ?? asCount(usage['num_cached_tokens']) ?? asCount(usage['cached_tokens']) ?? 0
  const cacheReadTokens = Math.min(cacheRead, promptTokens)
  const completionTokens = completionOf(usage, promptTokens, completion ?? 0, reasoning, reasoningOutside)
  return {
    promptTokens,
    cacheReadTokens,
    cacheWriteTokens: Math.min(asCount(promptDetails['cache_write_tokens']) ?? asCount(usage['cache_creation_input_tokens']) ?? 0, promptTokens - cacheReadTokens),
    cacheWriteHourTokens: 0,
    promptAudioTokens: asCount(promptDetails['audio_tokens']) ?? 0,
    promptVideoTokens: asCount(promptDetails['video_tokens']) ?? 0,
    completionTokens,
    reasoningTokens: Math.min(reasoning, completionTokens),
    completionAudioTokens: asCount(details['audio_tokens']) ?? 0,
    completionImageTokens: asCount(details['image_tokens']) ?? 0,
    acceptedPredictionTokens: asCount(details['accepted_prediction_tokens']) ?? 0,
    rejectedPredictionTokens: asCount(details['rejected_prediction_tokens']) ?? 0,
    ...besideTokens(usage),
    estimated: false,
  }
}

/**
 * Some hide reasoning: xAI counts it beside the completion, Gemini behind an OpenAI path only in the total. Where the
 * total says so, it is part of the completion: it is billed as such.
 */
function completionOf(usage: JsonObject, prompt: number, completion: number, reasoning: number, outside: boolean): number {
  const total = asCount(usage['total_tokens'])
  const hidden = total === undefined ? 0 : total - prompt - completion
  if (hidden > 0 && (outside || reasoning === 0 || hidden === reasoning)) return completion + hidden
  return outside && total === undefined ? completion + reasoning : completion
}
