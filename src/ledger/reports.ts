import { Fault } from '../core/fault.ts'
import type { MetricName } from './metrics.ts'
import type { Spread } from './spread.ts'

/** What is summed of calls, as the roll-ups name it. Amounts are nano-dollars. */
export const REPORT_SUMS = [
  'requests', 'faults', 'cost', 'byok_cost', 'prompt_tokens', 'completion_tokens', 'reasoning_tokens', 'cache_read_tokens',
  'upstream_cost', 'cancelled', 'web_searches', 'tool_calls', 'timed', 'latency_ms', 'generation_ms', 'spoken_tokens',
  'byok_requests', 'byok_fees', 'tool_finishes', 'cache_cost', 'web_cost',
] as const
export type ReportSum = (typeof REPORT_SUMS)[number]
export type ReportSums = Readonly<Record<ReportSum, bigint>>

/** What percentiles are told of, as the store keeps their spread. */
export type SpreadName = 'latency' | 'throughput'

/** The tag that a call's app is summed under. No client can say it: names of tags begin with a letter or digit, or are without control characters. */
export const APP_TAG = '\u0001app'

/** What calls can be told apart by, beside their tags (`tag.feature`). `app` is kept as a tag is. */
export const DIMENSIONS = ['model', 'provider', 'endpoint', 'api_key_id', 'workspace', 'user', 'app'] as const
export type Dimension = (typeof DIMENSIONS)[number] | `tag.${string}`

export const GRANULARITIES = ['minute', 'hour', 'day', 'week', 'month'] as const
export type Granularity = (typeof GRANULARITIES)[number]

/** Only calls whose dimension is one of these values, or (`isNot`) is there and is none of them. */
export interface ReportFilter {
  readonly dimension: Dimension
  readonly isNot: boolean
  readonly values: readonly string[]
  /** Those without a value too. */
  readonly includeUnset: boolean
}

/** Whole hours since the epoch: [fromHour, untilHour). */
export interface ReportQuery {
  readonly accountId: string
  readonly fromHour: number
  readonly untilHour: number
  /** Of the granularity `minute`, in place of the hours: whole minutes since the epoch, a few of them. */
  readonly minutes?: { readonly from: number; readonly until: number }
  readonly granularity: Granularity | null
  readonly by: readonly Dimension[]
  readonly filters: readonly ReportFilter[]
  readonly sums: readonly ReportSum[]
  /** What percentiles are wanted of; by whole days, and neither by tag nor by hour. */
  readonly spreads?: readonly SpreadName[]
  readonly order: ReportOrder
  readonly rowsMax: number
  /** Rows of one combination of dimensions, at most. */
  readonly rowsOfGroupMax: number
}

/** By a metric, a dimension or the time; then by time and dimensions. */
export interface ReportOrder { readonly by: { readonly metric: MetricName } | { readonly dimension: Dimension } | 'date'; readonly isDescending: boolean }

export interface ReportRow {
  /** Of the bucket of time; null without granularity. */
  readonly startMs: number | null
  /** In the order of the query's dimensions; null: the calls without a value. */
  readonly values: readonly (string | null)[]
  /** Those that the query names; 0 for the others. */
  readonly sums: ReportSums
  /** Those that the query names, of whole days. */
  readonly spreads?: Spreads
}

/** How figures of a row's calls were spread. */
export type Spreads = Readonly<Partial<Record<SpreadName, Spread>>>

export interface Report {
  readonly rows: readonly ReportRow[]
  /** There is more than was asked for. */
  readonly isTruncated: boolean
  /** Names of keys and workspaces, addresses of people, by their ids. */
  readonly labels: ReadonlyMap<string, string>
  /** Groups are more than anybody reads, or calls by the minute more than are read one by one: nothing was gathered. */
  readonly hasTooMany: boolean
}

/** Where reports are made: beside the store that calls wait for, never in its way. */
export interface ReportStore {
  report(query: ReportQuery): Promise<Report>
  /** Names of tags that an account's calls had since that day (days since the epoch), of which at most so many. */
  tagNames(accountId: string, fromDay: number, namesMax: number): Promise<readonly string[]>
  /** Which of these hashes are of the account's keys, those that were deleted included. */
  knownKeys(accountId: string, hashes: readonly string[]): Promise<readonly string[]>
}

/** What calls cost, by what people care about. Includes every call that a client of this process has seen the end of. */
export class Reports {
  constructor(private readonly options: { readonly store: ReportStore; readonly flush: () => Promise<void> }) {}

  async report(query: ReportQuery): Promise<Report> {
    await this.options.flush()
    const report = await this.options.store.report(query)
    if (report.hasTooMany && query.minutes) throw new Fault('invalid_request', 'The field `time_range` has more calls than are looked at by the minute: ask for a shorter time, filter, or ask by the hour.', { metadata: { field: 'time_range' } })
    if (report.hasTooMany) throw new Fault('invalid_request', 'The report has too many groups: shorten `time_range`, take a coarser `granularity`, filter, or leave out a dimension.', { metadata: { field: 'dimensions' } })
    return report
  }

  tagNames(accountId: string, fromDay: number, namesMax: number): Promise<readonly string[]> {
    return this.options.store.tagNames(accountId, fromDay, namesMax)
  }

  knownKeys(accountId: string, hashes: readonly string[]): Promise<readonly string[]> {
    return this.options.store.knownKeys(accountId, hashes)
  }
}
