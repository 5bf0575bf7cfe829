import type { JsonObject } from '../../core/json.ts'

/** Made-up log-probabilities of tokens, the same for the same token, with `top` alternatives, the likeliest first. */
export function logprobsOf(tokens: readonly string[], top: number): JsonObject {
  const content = tokens.map((token) => {
    const likely = -((token.length % 7) + 1) / 100
    return { ...entry(token, likely), top_logprobs: Array.from({ length: top }, (_, rank) => (rank === 0 ? entry(token, likely) : entry(` demo${rank}`, likely - rank - 3))) }
  })
  return { content, refusal: null }
}

function entry(token: string, logprob: number): { token: string; logprob: number; bytes: number[] } {
  return { token, logprob, bytes: [...new TextEncoder().encode(token)] }
}
