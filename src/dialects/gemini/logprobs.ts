import { asArray, isObject, type Json, type JsonObject } from '../../core/json.ts'

/** Gemini's `logprobsResult` in the contract's shape (ChatTokenLogprobs). */
export function readLogprobs(sent: JsonObject): JsonObject {
  const chosen = asArray(sent['chosenCandidates']) ?? []
  const top = asArray(sent['topCandidates']) ?? []
  const content = chosen.flatMap((candidate, at) => {
    if (!isObject(candidate)) return []
    const others = top[at]
    const topLogprobs = isObject(others) ? (asArray(others['candidates']) ?? []).filter(isObject).map(tokenOf) : []
    return [{ ...tokenOf(candidate), top_logprobs: topLogprobs }]
  })
  return { content, refusal: null }
}

function tokenOf(candidate: JsonObject): { token: string; logprob: number; bytes: readonly Json[] } {
  const token = typeof candidate['token'] === 'string' ? candidate['token'] : ''
  return { token, logprob: typeof candidate['logProbability'] === 'number' ? candidate['logProbability'] : 0, bytes: [...Buffer.from(token)] }
}
