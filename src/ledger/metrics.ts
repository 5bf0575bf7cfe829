import type { ReportSum, ReportSums } from './reports.ts'

/** A figure of a report: a sum, or one sum by another. */
export interface Metric {
  readonly label: string
  readonly format: 'number' | 'currency' | 'percent' | 'latency' | 'throughput'
  /** Added up. */
  readonly of: readonly ReportSum[]
  /** The sum that it is divided by, and what the quotient is multiplied with. */
  readonly per?: { readonly sum: ReportSum; readonly times: number }
}

const sum = (label: string, ...of: readonly ReportSum[]): Metric => ({ label, format: 'number', of })
const money = (label: string, of: ReportSum): Metric => ({ label, format: 'currency', of: [of] })

/** What reports can tell, by the contract's names (J4). */
export const METRICS = {
  request_count: sum('Requests', 'requests'),
  total_usage: money('Cost', 'cost'),
  usage_upstream: money("Providers' charges", 'upstream_cost'),
  byok_usage: money("Charges of providers to their own keys' owners", 'byok_cost'),
  tokens_total: sum('Tokens', 'prompt_tokens', 'completion_tokens'),
  tokens_prompt: sum('Prompt tokens', 'prompt_tokens'),
  tokens_completion: sum('Completion tokens', 'completion_tokens'),
  reasoning_tokens: sum('Reasoning tokens', 'reasoning_tokens'),
  cached_tokens: sum('Cached prompt tokens', 'cache_read_tokens'),
  cache_hit_rate: { label: 'Cache hit rate', format: 'percent', of: ['cache_read_tokens'], per: { sum: 'prompt_tokens', times: 1 } },
  error_count: sum('Errors', 'faults'),
  error_rate: { label: 'Error rate', format: 'percent', of: ['faults'], per: { sum: 'requests', times: 1 } },
  cancelled_count: sum('Cancelled by the client', 'cancelled'),
  web_searches: sum('Web searches by providers', 'web_searches'),
  server_tool_calls: sum("Calls of providers' own tools", 'tool_calls'),
  avg_latency: { label: 'Time to the first token (mean)', format: 'latency', of: ['latency_ms'], per: { sum: 'timed', times: 1 } },
  avg_generation_time: { label: 'Time from the first token to the end (mean)', format: 'latency', of: ['generation_ms'], per: { sum: 'timed', times: 1 } },
  throughput: { label: 'Completion tokens a second (mean)', format: 'throughput', of: ['spoken_tokens'], per: { sum: 'generation_ms', times: 1_000 } },
} as const satisfies Readonly<Record<string, Metric>>

export type MetricName = keyof typeof METRICS

export function isMetric(name: string): name is MetricName {
  return Object.hasOwn(METRICS, name)
}

/** What must be summed for these metrics. */
export function sumsFor(names: readonly MetricName[]): ReportSum[] {
  return [...new Set(names.flatMap((name) => {
    const { of, per }: Metric = METRICS[name]
    return per ? [...of, per.sum] : of
  }))]
}

/** The exact sum, or a quotient; null where there is nothing to divide by. */
export function valueOfMetric(name: MetricName, sums: ReportSums): bigint | number | null {
  const { of, per }: Metric = METRICS[name]
  const amount = of.reduce((total, one) => total + sums[one], 0n)
  if (!per) return amount
  return sums[per.sum] === 0n ? null : Number(amount) * per.times / Number(sums[per.sum])
}
