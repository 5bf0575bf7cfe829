import type { EndpointHealth } from './health.ts'

/**
 * Auto Exacto's three classes (contract C36), best first. Benchmarks are the fourth measure of the contract: nobody runs
 * them here, so none is held against an endpoint.
 */
export const PROVEN = 0
export const LITTLE_KNOWN = 1
export const WEAK = 2
export type Quality = typeof PROVEN | typeof LITTLE_KNOWN | typeof WEAK

export const QUALITY_REASONS = ['proven with tools', 'little known with tools yet', 'weaker than its peers with tools'] as const

/** Fewer endpoints are no peers to compare with. */
const PEERS_MIN = 4
/** Of an endpoint that less is known of, nothing is held against it and nothing for it. */
const CALLS_30M_MIN = 100
const TOOL_CALLS_2H_MIN = 200
/** Further from the peers' median than so many σ is weak. */
const THROUGHPUT_SIGMAS = 1.5
const TOOL_ERROR_SIGMAS = 2
/** σ of a normal distribution for its median absolute deviation. */
const SIGMA_PER_MAD = 1.4826

/** The class of each endpoint of one model among the others; undefined where there are too few to compare. Same order. */
export function qualities(peers: readonly EndpointHealth[]): readonly Quality[] | undefined {
  if (peers.length < PEERS_MIN) return undefined
  const known = peers.filter(isKnown)
  if (known.length === 0) return undefined
  const slow = spread(known.map(({ throughput }) => throughput?.p50 ?? 0))
  const wrong = spread(known.map(({ toolCalls }) => toolCalls?.errorRate ?? 0))
  return peers.map((peer) => {
    if (!isKnown(peer)) return LITTLE_KNOWN
    if (known.length < PEERS_MIN) return PROVEN
    const isSlow = (peer.throughput?.p50 ?? 0) < slow.median - THROUGHPUT_SIGMAS * slow.sigma
    const isWrong = (peer.toolCalls?.errorRate ?? 0) > wrong.median + TOOL_ERROR_SIGMAS * wrong.sigma
    return isSlow || isWrong ? WEAK : PROVEN
  })
}

function isKnown({ calls30m, toolCalls, throughput }: EndpointHealth): boolean {
  return (calls30m ?? 0) >= CALLS_30M_MIN && (toolCalls?.calls2h ?? 0) >= TOOL_CALLS_2H_MIN && throughput !== undefined
}

function spread(values: readonly number[]): { readonly median: number; readonly sigma: number } {
  const median = medianOf(values)
  return { median, sigma: SIGMA_PER_MAD * medianOf(values.map((value) => Math.abs(value - median))) }
}

/** Of an even number, the mean of the two in the middle. */
function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const upper = sorted[Math.floor(sorted.length / 2)] ?? 0
  const lower = sorted[Math.ceil(sorted.length / 2) - 1] ?? 0
  return (lower + upper) / 2
}
