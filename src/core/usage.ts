/**
 * What one call used, in disjoint buckets: `prompt = uncached + cacheRead + cacheWrite`, and `completion` includes
 * reasoning. Counts are the provider's own; `estimated` says that they are not.
 */
export interface Usage {
  /** All prompt tokens, cached ones included. */
  readonly promptTokens: number
  /** Of the prompt: read from the provider's cache. */
  readonly cacheReadTokens: number
  /** Of the prompt: written to the provider's cache (5-minute and 1-hour writes together). */
  readonly cacheWriteTokens: number
  /** Of `cacheWriteTokens`: written to live for an hour, where the provider prices that apart. */
  readonly cacheWriteHourTokens: number
  readonly promptAudioTokens: number
  readonly promptVideoTokens: number
  /** All completion tokens, reasoning included. */
  readonly completionTokens: number
  /** Of the completion. */
  readonly reasoningTokens: number
  readonly completionAudioTokens: number
  readonly completionImageTokens: number
  readonly acceptedPredictionTokens: number
  readonly rejectedPredictionTokens: number
  /** Calls of the provider's own tools, searches and fetches included. */
  readonly serverToolCalls: number
  /** Of these, searches of the web, counted as the provider bills them: requests, at Gemini 2 grounded prompts, in xAI's chat the sources that were read. */
  readonly webSearches: number
  /** Pages that the provider fetched. */
  readonly webFetches: number
  /** What the provider says that the call cost, in whole nano-dollars; 0 where it says nothing. For what is billed beside tokens. */
  readonly chargedNano: number
  /** True when the provider sent no usage and the counts are our estimate. */
  readonly estimated: boolean
}

export const NO_USAGE: Usage = Object.freeze({
  promptTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0, cacheWriteHourTokens: 0, promptAudioTokens: 0, promptVideoTokens: 0,
  completionTokens: 0, reasoningTokens: 0, completionAudioTokens: 0, completionImageTokens: 0,
  acceptedPredictionTokens: 0, rejectedPredictionTokens: 0, serverToolCalls: 0, webSearches: 0, webFetches: 0, chargedNano: 0, estimated: false,
})

/** What two calls used together. */
export function addUsage(a: Usage, b: Usage): Usage {
  return {
    promptTokens: a.promptTokens + b.promptTokens,
    cacheReadTokens: a.cacheReadTokens + b.cacheReadTokens,
    cacheWriteTokens: a.cacheWriteTokens + b.cacheWriteTokens,
    cacheWriteHourTokens: a.cacheWriteHourTokens + b.cacheWriteHourTokens,
    promptAudioTokens: a.promptAudioTokens + b.promptAudioTokens,
    promptVideoTokens: a.promptVideoTokens + b.promptVideoTokens,
    completionTokens: a.completionTokens + b.completionTokens,
    reasoningTokens: a.reasoningTokens + b.reasoningTokens,
    completionAudioTokens: a.completionAudioTokens + b.completionAudioTokens,
    completionImageTokens: a.completionImageTokens + b.completionImageTokens,
    acceptedPredictionTokens: a.acceptedPredictionTokens + b.acceptedPredictionTokens,
    rejectedPredictionTokens: a.rejectedPredictionTokens + b.rejectedPredictionTokens,
    serverToolCalls: a.serverToolCalls + b.serverToolCalls,
    webSearches: a.webSearches + b.webSearches,
    webFetches: a.webFetches + b.webFetches,
    chargedNano: a.chargedNano + b.chargedNano,
    estimated: a.estimated || b.estimated,
  }
}

/** No model reads or writes so many tokens in one call: who says so is wrong, and nobody is billed for it. */
const TOKENS_MAX = 1e9

/** The counts as they can be believed: whole, parts of a token rounded up. Undefined when they cannot be. */
export function believed(usage: Usage): Usage | undefined {
  if (usage.promptTokens > TOKENS_MAX || usage.completionTokens > TOKENS_MAX) return undefined
  if (Object.values(usage).every((count) => typeof count === 'boolean' || Number.isInteger(count))) return usage
  const whole = Object.entries(usage).map(([field, count]: [string, number | boolean]) => [field, typeof count === 'number' ? Math.ceil(count) : count])
  // The same fields, each of its type.
  return Object.fromEntries(whole) as unknown as Usage
}
