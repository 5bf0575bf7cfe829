import type { Endpoint } from '../catalog/endpoint.ts'
import type { Call } from '../core/call.ts'
import { isObject, type Json } from '../core/json.ts'
import type { Usage } from '../core/usage.ts'

/** A window in the catalogue may be a little less than the provider's own. */
const LEEWAY = 1.25
/** Where nobody says how large a window is, the catalogue guesses; it may be as large as this. */
const WINDOW_TOKENS_MIN = 400_000
/** Tokens that providers put around a prompt, of their own: instructions for tools, marks of turns. */
const AROUND_TOKENS = 20_000
/** `Needs.promptTokensMax` has two bytes to a token; none has less than one. */
const PROMPT_TIMES_MAX = 2
/** A unit of UTF-16 is at most three bytes, and a token at least one. */
const TOKENS_PER_CHAR_MAX = 3

/** A request and its answer, by which a count is judged. */
export interface Exchange { readonly call: Call; readonly endpoint: Endpoint; readonly answerChars: number }

/**
 * The counts as far as they are possible; the very ones where they all are. A count is impossible only where it is more than
 * the endpoint's window holds, and more than what was sent, or came, has bytes for: a window that is wrong in the catalogue takes
 * nothing from a true count. Hidden reasoning, cached tokens and media are in the window. What a provider's own tools read and
 * think is in no window of ours, nor what it states a price for: that is believed.
 */
export function possible(usage: Usage, exchange: Exchange): Usage {
  const { promptMax, completionMax } = bounds(exchange)
  if (usage.promptTokens <= promptMax && usage.completionTokens <= completionMax) return usage
  return worksAlone(usage, exchange.call) ? usage : within(usage, Math.min(usage.promptTokens, promptMax), Math.min(usage.completionTokens, completionMax))
}

function bounds({ call: { needs }, endpoint, answerChars }: Exchange): { readonly promptMax: number; readonly completionMax: number } {
  const windows = Math.max(endpoint.contextMax, WINDOW_TOKENS_MIN) * LEEWAY * needs.choices
  return {
    promptMax: Math.ceil(Math.max(windows * (needs.prompts?.count ?? 1), needs.promptTokensMax * PROMPT_TIMES_MAX * needs.choices + AROUND_TOKENS)),
    completionMax: Math.ceil(Math.max(windows, (endpoint.outputMax ?? 0) * LEEWAY * needs.choices, answerChars * TOKENS_PER_CHAR_MAX)),
  }
}

/** The provider may have gone on by itself, round after round, each of which reads all before it. */
function worksAlone(usage: Usage, { body, native }: Call): boolean {
  if (usage.serverToolCalls > 0 || usage.webSearches > 0 || usage.webFetches > 0 || usage.chargedNano > 0) return true
  return [body, native ?? {}].some((sent) => ['plugins', 'web_search_options', 'mcp_servers', 'container'].some((field) => isAsked(sent[field])) || (Array.isArray(sent['tools']) && !sent['tools'].every(isClients)))
}

function isAsked(said: Json | undefined): boolean {
  return said !== undefined && said !== null && !(Array.isArray(said) && said.length === 0)
}

/** A tool that the client runs, in the words of any dialect. */
function isClients(tool: Json): boolean {
  if (!isObject(tool)) return false
  return tool['type'] === 'function' || tool['type'] === 'custom' || isObject(tool['input_schema']) || (Array.isArray(tool['functionDeclarations']) && Object.keys(tool).length === 1)
}

function within(usage: Usage, promptTokens: number, completionTokens: number): Usage {
  const cacheReadTokens = Math.min(usage.cacheReadTokens, promptTokens)
  const cacheWriteTokens = Math.min(usage.cacheWriteTokens, promptTokens - cacheReadTokens)
  const prompt = (count: number): number => Math.min(count, promptTokens)
  const completion = (count: number): number => Math.min(count, completionTokens)
  return {
    ...usage, promptTokens, completionTokens, cacheReadTokens, cacheWriteTokens, cacheWriteHourTokens: Math.min(usage.cacheWriteHourTokens, cacheWriteTokens),
    promptAudioTokens: prompt(usage.promptAudioTokens), promptVideoTokens: prompt(usage.promptVideoTokens),
    reasoningTokens: completion(usage.reasoningTokens), completionAudioTokens: completion(usage.completionAudioTokens), completionImageTokens: completion(usage.completionImageTokens),
    acceptedPredictionTokens: completion(usage.acceptedPredictionTokens), rejectedPredictionTokens: completion(usage.rejectedPredictionTokens), estimated: true,
  }
}
