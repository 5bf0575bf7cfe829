import type { ReportRow, ReportSum, SpreadName } from './reports.ts'
import { percentileOf } from './spread.ts'

/** A figure of a report: a sum, one sum by another, or a percentile. */
export interface Metric {
  readonly label: string
  readonly format: 'number' | 'currency' | 'percent' | 'latency' | 'throughput'
  /** Added up. */
  readonly of: readonly ReportSum[]
  /** Taken from them. */
  readonly less?: ReportSum
  /** What it is divided by, added up, and what the quotient is multiplied with. */
  readonly per?: { readonly sums: readonly ReportSum[]; readonly times: number }
  /** The figure that this part of the calls does not pass. */
  readonly percentile?: { readonly of: SpreadName; readonly part: number }
}

const sum = (label: string, ...of: readonly ReportSum[]): Metric => ({ label, format: 'number', of })
const money = (label: string, ...of: readonly ReportSum[]): Metric => ({ label, format: 'currency', of })
const rate = (label: string, of: ReportSum, per: ReportSum): Metric => ({ label, format: 'percent', of: [of], per: { sums: [per], times: 1 } })
const mean = (label: string, of: ReportSum): Metric => ({ label, format: 'latency', of: [of], per: { sums: ['timed'], times: 1 } })
const latency = (part: number): Metric => ({ label: `Time to the first token (${part * 100}th percentile)`, format: 'latency', of: [], percentile: { of: 'latency', part } })
const throughput = (part: number): Metric => ({ label: `Completion tokens a second (${part * 100}th percentile)`, format: 'throughput', of: [], percentile: { of: 'throughput', part } })
const SPEED: Metric = { label: 'Completion tokens a second (mean)', format: 'throughput', of: ['spoken_tokens'], per: { sums: ['generation_ms'], times: 1_000 } }

/** Quotients are told as they are: those of money in USD. */
const NANO_PER_USD = 1_000_000_000

/** What reports can tell, by the contract's names (J4). */
export const METRICS = {
  request_count: sum('Requests', 'requests'),
  byok_request_count: sum("Requests on keys of one's own", 'byok_requests'),
  total_usage: money('Cost, own keys included', 'cost', 'byok_cost'),
  credits_usage: money('Charged', 'cost'),
  openrouter_usage: { ...money('Charged for requests on keys of this server', 'cost'), less: 'byok_fees' },
  byok_fees: money("Fees of requests on keys of one's own", 'byok_fees'),
  byok_usage: money("Charges of providers to their own keys' owners", 'byok_cost'),
  usage_upstream: money("Providers' charges", 'upstream_cost'),
  usage_cache: money("Of providers' charges: cached prompt tokens", 'cache_cost'),
  usage_web: money("Of providers' charges: web searches", 'web_cost'),
  blended_cost_per_million_tokens: { label: 'Cost of a million tokens', format: 'currency', of: ['cost', 'byok_cost'], per: { sums: ['prompt_tokens', 'completion_tokens'], times: 1_000_000 / NANO_PER_USD } },
  tokens_total: sum('Tokens', 'prompt_tokens', 'completion_tokens'),
  tokens_prompt: sum('Prompt tokens', 'prompt_tokens'),
  tokens_completion: sum('Completion tokens', 'completion_tokens'),
  reasoning_tokens: sum('Reasoning tokens', 'reasoning_tokens'),
  cached_tokens: sum('Cached prompt tokens', 'cache_read_tokens'),
  cache_hit_rate: rate('Cache hit rate', 'cache_read_tokens', 'prompt_tokens'),
  error_count: sum('Errors', 'faults'),
  error_rate: rate('Error rate', 'faults', 'requests'),
  cancelled_count: sum('Cancelled by the client', 'cancelled'),
  tool_call_count: sum('Answers that called tools', 'tool_finishes'),
  tool_call_rate: rate('Share of answers that called tools', 'tool_finishes', 'requests'),
  web_searches: sum('Web searches by providers', 'web_searches'),
  server_tool_calls: sum("Calls of providers' own tools", 'tool_calls'),
  avg_latency: mean('Time to the first token (mean)', 'latency_ms'),
  p50_latency: latency(0.5),
  p90_latency: latency(0.9),
  p99_latency: latency(0.99),
  avg_generation_time: mean('Time from the first token to the end (mean)', 'generation_ms'),
  throughput: SPEED,
  avg_throughput: SPEED,
  p50_throughput: throughput(0.5),
  p90_throughput: throughput(0.9),
  p99_throughput: throughput(0.99),
} as const satisfies Readonly<Record<string, Metric>>

export type MetricName = keyof typeof METRICS

export function isMetric(name: string): name is MetricName {
  return Object.hasOwn(METRICS, name)
}

/** What must be summed for these metrics. */
export function sumsFor(names: readonly MetricName[]): ReportSum[] {
  return [...new Set(names.flatMap((name) => {
    const { of, less, per }: Metric = METRICS[name]
    return [...of, ...(less ? [less] : []), ...(per?.sums ?? [])]
  }))]
}

/** Whose spread must be read for these metrics. */
export function spreadsFor(names: readonly MetricName[]): SpreadName[] {
  return [...new Set(names.flatMap((name) => {
    const { percentile }: Metric = METRICS[name]
    return percentile?.of ?? []
  }))]
}

/** Percentiles are kept of hundredths: a stream may be slower than a token a second. */
const THROUGHPUT_UNITS = 100

/** What is put into the spread of throughputs. */
export function throughputUnits(completionTokens: number, generationMs: number): number {
  return completionTokens * 1_000 * THROUGHPUT_UNITS / generationMs
}

/** The exact sum, a quotient, or a percentile; null where there is nothing to divide by. */
export function valueOfMetric(name: MetricName, { sums, spreads }: Pick<ReportRow, 'sums' | 'spreads'>): bigint | number | null {
  const { of, less, per, percentile }: Metric = METRICS[name]
  if (percentile) {
    const value = percentileOf(spreads?.[percentile.of] ?? new Map(), percentile.part)
    if (value === null) return null
    // More digits would say more than is known.
    return Number((percentile.of === 'latency' ? value : value / THROUGHPUT_UNITS).toPrecision(3))
  }
  const total = (names: readonly ReportSum[]) => names.reduce((sum, one) => sum + sums[one], 0n)
  const amount = total(of) - (less ? sums[less] : 0n)
  if (!per) return amount
  const by = total(per.sums)
  return by === 0n ? null : Number(amount) * per.times / Number(by)
}
