import { z } from 'zod'
import { Fault } from '../../core/fault.ts'
import { oneSpelling } from '../../core/tags.ts'
import { isMetric, METRICS, spreadsFor, type MetricName } from '../../ledger/metrics.ts'
import { DIMENSIONS, GRANULARITIES, type Dimension, type Granularity, type ReportFilter, type ReportOrder } from '../../ledger/reports.ts'

const HOUR_MS = 3_600_000
const MINUTE_MS = 60_000
const MINUTES_MAX = 180
const MINUTES_DEFAULT = 60
const RANGE_DEFAULT_MS = 30 * 24 * HOUR_MS
const HOURS_BY_HOUR_MAX = 31 * 24
const HOURS_MAX = 5 * 366 * 24
const ROWS_DEFAULT = 1_000
const ROWS_MAX = 10_000
const VALUES_MAX = 500
const PERCENTILE_DAYS_MAX = 31
const TAG_CHARS_MAX = 64

/** How a filter takes values (J3): those that it names, or those on one side of a bound. */
type Operator = { readonly isList: boolean; readonly isNot: boolean } | { readonly isList: false; readonly passes: (order: number) => boolean }

export const OPERATORS: Readonly<Record<string, Operator>> = {
  eq: { isNot: false, isList: false }, neq: { isNot: true, isList: false },
  in: { isNot: false, isList: true }, not_in: { isNot: true, isList: true },
  gt: { isList: false, passes: (order) => order > 0 }, gte: { isList: false, passes: (order) => order >= 0 },
  lt: { isList: false, passes: (order) => order < 0 }, lte: { isList: false, passes: (order) => order <= 0 },
}

/** Only calls whose dimension has a value on one side of a bound. */
export interface Comparison {
  /** Of the filter, for people. */
  readonly field: string
  readonly dimension: Dimension
  readonly passes: (value: string) => boolean
}

const texts = (error: string) => z.array(z.string({ error }), { error })
const FILTER = { error: 'must be an object with `field`, `operator` and `value`' }
const VALUE = { error: 'must be a text or a number, or a list of at most 500 of them' }
const WHOLE = { error: 'must be a whole number of at least 1' }
const TIME = { error: 'must be a time with seconds and its zone, like 2027-01-31T00:00:00Z' }
const time = z.string(TIME).regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/, TIME).refine((text) => !Number.isNaN(Date.parse(text)), TIME)
const scalar = z.union([z.string(), z.number()])

/** The body of `POST /analytics/query`. */
export const ANALYTICS_QUERY = z.strictObject({
  metrics: texts('must be a list of names of metrics').min(1, { error: 'must name at least one metric' }).max(50, { error: 'must name at most 50 metrics' }),
  dimensions: texts('must be a list of names of dimensions').max(2, { error: 'must name at most two dimensions' }).optional(),
  filters: z.array(z.strictObject({
    field: z.string({ error: 'must be the name of a dimension' }), operator: z.string({ error: `must be one of ${Object.keys(OPERATORS).join(', ')}` }),
    value: z.union([scalar, z.array(scalar).max(VALUES_MAX)], VALUE), include_unset: z.boolean({ error: 'must be true or false' }).optional(),
  }, FILTER), { error: 'must be a list of filters' }).max(20, { error: 'must have at most 20 filters' }).optional(),
  granularity: z.enum(GRANULARITIES, { error: `must be one of ${GRANULARITIES.join(', ')}` }).optional(),
  time_range: z.strictObject({ start: time, end: time }, { error: 'must be an object with `start` and `end`' }).optional(),
  order_by: z.strictObject({ field: z.string({ error: 'must be a metric, a dimension or "date"' }), direction: z.enum(['asc', 'desc'], { error: 'must be asc or desc' }) }, { error: 'must be an object with `field` and `direction`' }).optional(),
  limit: z.int(WHOLE).min(1, WHOLE).max(ROWS_MAX, { error: `must be at most ${ROWS_MAX}` }).optional(),
  group_limit: z.int(WHOLE).min(1, WHOLE).optional(),
  classifier_dimensions: z.unknown().optional(),
  classifier_filters: z.unknown().optional(),
})

/** A body as it was understood. */
export interface AnalyticsQuery {
  readonly metrics: readonly MetricName[]
  /** Those, and the one that it is ordered by. */
  readonly summed: readonly MetricName[]
  readonly dimensions: readonly Dimension[]
  readonly filters: readonly ReportFilter[]
  readonly comparisons: readonly Comparison[]
  readonly granularity: Granularity | null
  readonly fromHour: number
  readonly untilHour: number
  readonly minutes?: { readonly from: number; readonly until: number }
  readonly order: ReportOrder
  readonly rowsMax: number
  readonly rowsOfGroupMax: number
  readonly warnings: readonly string[]
}

/** Throws Fault `invalid_request` that names the field. */
export function queryOf(body: z.output<typeof ANALYTICS_QUERY>, nowMs: number): AnalyticsQuery {
  for (const field of ['classifier_dimensions', 'classifier_filters'] as const) {
    if (body[field] !== undefined && body[field] !== null) throw wrong(field, 'needs an active classifier, and there are none on this server; leave it out. Tags (`tag.<name>`) are dimensions.')
  }
  const metrics = [...new Set(body.metrics)].map(readMetric)
  const dimensions = [...new Set(body.dimensions ?? [])].map((name) => readDimension(name, 'dimensions'))
  const granularity = body.granularity ?? null
  const order = orderOf(body, metrics, dimensions)
  const read = (body.filters ?? []).map(readFilter)
  const range = rangeOf(body, granularity, nowMs)
  const percentiles = checkPercentiles(metrics, [...dimensions, ...read.map(({ dimension }) => dimension)], granularity, range)
  const isSeries = granularity !== null && dimensions.length > 0
  return {
    metrics, dimensions, granularity, order, ...range,
    filters: read.filter((filter) => 'values' in filter), comparisons: read.filter((filter) => 'passes' in filter),
    warnings: [...range.warnings, ...percentiles],
    summed: typeof order.by === 'object' && 'metric' in order.by ? [...metrics, order.by.metric] : metrics,
    // A series that is cut in the middle of its time is worse than a long one.
    rowsMax: body.limit ?? (isSeries && body.group_limit === undefined ? ROWS_MAX : ROWS_DEFAULT),
    rowsOfGroupMax: dimensions.length > 0 ? body.group_limit ?? ROWS_MAX : ROWS_MAX,
  }
}

function rangeOf({ time_range: range }: z.output<typeof ANALYTICS_QUERY>, granularity: Granularity | null, nowMs: number): Pick<AnalyticsQuery, 'fromHour' | 'untilHour' | 'minutes' | 'warnings'> {
  const [startMs, endMs] = range ? [Date.parse(range.start), Date.parse(range.end)] : [nowMs - (granularity === 'minute' ? MINUTES_DEFAULT * MINUTE_MS : RANGE_DEFAULT_MS), nowMs]
  if (startMs >= endMs) throw wrong('time_range', 'must start before it ends.')
  if (granularity === 'minute') return minutesOf(startMs, endMs)
  const [fromHour, untilHour] = [Math.floor(startMs / HOUR_MS), Math.ceil(endMs / HOUR_MS)]
  if (untilHour - fromHour > HOURS_MAX) throw wrong('time_range', 'must be at most five years.')
  if (granularity === 'hour' && untilHour - fromHour > HOURS_BY_HOUR_MAX) throw wrong('time_range', 'must be at most 31 days by the hour; ask by the day.')
  const isWidened = range && (startMs % HOUR_MS !== 0 || endMs % HOUR_MS !== 0)
  return { fromHour, untilHour, warnings: isWidened ? [`time_range: sums are kept by the hour, so that it was widened to ${iso(fromHour)} until ${iso(untilHour)}`] : [] }
}

/** Minutes are made of the calls themselves: of a few hours, and as far back as their records are kept. */
function minutesOf(startMs: number, endMs: number): Pick<AnalyticsQuery, 'fromHour' | 'untilHour' | 'minutes' | 'warnings'> {
  const minutes = { from: Math.floor(startMs / MINUTE_MS), until: Math.ceil(endMs / MINUTE_MS) }
  if (minutes.until - minutes.from > MINUTES_MAX) throw wrong('time_range', `must be at most ${MINUTES_MAX / 60} hours by the minute; ask by the hour.`)
  return { fromHour: Math.floor(startMs / HOUR_MS), untilHour: Math.ceil(endMs / HOUR_MS), minutes, warnings: [] }
}

/** How calls were spread is kept by the day, without tags, and told of a month at most (J3). Gives warnings. */
function checkPercentiles(metrics: readonly MetricName[], told: readonly Dimension[], granularity: Granularity | null, { fromHour, untilHour }: Pick<AnalyticsQuery, 'fromHour' | 'untilHour'>): string[] {
  const [first] = metrics.filter((name) => spreadsFor([name]).length > 0)
  if (first === undefined) return []
  const days = Math.ceil(untilHour / 24) - Math.floor(fromHour / 24)
  if (days > PERCENTILE_DAYS_MAX + 1) throw wrong('time_range', `must be at most ${PERCENTILE_DAYS_MAX} days for percentiles (\`${first}\`); means have no such bound.`)
  if (granularity === 'hour' || granularity === 'minute') throw wrong('granularity', `cannot be ${granularity} for percentiles (\`${first}\`), which are kept by the day.`)
  const tag = told.find((dimension) => dimension === 'app' || dimension.startsWith('tag.'))
  if (tag !== undefined) throw wrong('metrics', `cannot have percentiles (\`${first}\`) together with \`${tag}\`: they are kept by key, model, provider and endpoint. \`avg_latency\` and \`avg_throughput\` can be told by anything.`)
  return fromHour % 24 === 0 && untilHour % 24 === 0 ? [] : ['percentiles are of the whole days (UTC) that `time_range` touches']
}

function readMetric(name: string): MetricName {
  if (isMetric(name)) return name
  throw wrong('metrics', `has ${quote(name)}, which is none; there are ${Object.keys(METRICS).join(', ')}.`)
}

function readDimension(name: string, field: string): Dimension {
  const known = DIMENSIONS.find((dimension) => dimension === name)
  if (known) return known
  const tag = name.startsWith('tag.') ? name.slice('tag.'.length) : ''
  if (tag !== '' && tag.length <= TAG_CHARS_MAX) return `tag.${oneSpelling(tag)}`
  throw wrong(field, `has ${quote(name)}, which is none; there are ${DIMENSIONS.join(', ')}, and tag.<name> for each tag.`)
}

function readFilter({ field, operator, value, include_unset: includeUnset }: NonNullable<z.output<typeof ANALYTICS_QUERY>['filters']>[number], at: number): ReportFilter | Comparison {
  const dimension = readDimension(field, `filters.${at}.field`)
  const known = Object.entries(OPERATORS).find(([name]) => name === operator)?.[1]
  if (!known) throw wrong(`filters.${at}.operator`, `must be one of ${Object.keys(OPERATORS).join(', ')}, not ${quote(operator)}.`)
  const isList = Array.isArray(value)
  if (known.isList !== isList) throw wrong(`filters.${at}.value`, known.isList ? `must be a list for ${operator}.` : `must be one value for ${operator}; in and not_in take lists.`)
  if (includeUnset && !known.isList) throw wrong(`filters.${at}.include_unset`, 'goes with in and not_in only.')
  const spelled = (one: string | number): string => (dimension.startsWith('tag.') ? oneSpelling(String(one)) : String(one))
  if ('isNot' in known) return { dimension, isNot: known.isNot, values: [value].flat().map(spelled), includeUnset: includeUnset ?? false }
  const bound = isList ? '' : typeof value === 'string' ? spelled(value) : value
  return { field: `filters.${at}`, dimension, passes: (one) => { const order = orderBeside(one, bound); return order !== undefined && known.passes(order) } }
}

/** A bound that is a number has only numbers beside it; texts are in the order of their letters. Undefined: neither side. */
function orderBeside(value: string, bound: string | number): number | undefined {
  if (typeof bound === 'string') return value < bound ? -1 : value > bound ? 1 : 0
  return /^[+-]?\d+(?:\.\d+)?$/.test(value) ? Math.sign(Number(value) - bound) : undefined
}

/** In the order of time where there is time, the largest first where there is none. */
function orderOf({ order_by: wish, granularity }: z.output<typeof ANALYTICS_QUERY>, metrics: readonly MetricName[], dimensions: readonly Dimension[]): ReportOrder {
  const [first = 'request_count'] = metrics
  if (!wish) return granularity === undefined ? { by: { metric: first }, isDescending: true } : { by: 'date', isDescending: false }
  const isDescending = wish.direction === 'desc'
  const { field } = wish
  if (field === 'date' || (granularity !== undefined && field === `date__${granularity}`)) {
    if (granularity === undefined) throw wrong('order_by.field', 'cannot be "date" without a `granularity`.')
    return { by: 'date', isDescending }
  }
  if (isMetric(field) && (metrics.includes(field) || field === 'request_count')) return { by: { metric: field }, isDescending }
  const dimension = dimensions.find((one) => one === field)
  if (dimension) return { by: { dimension }, isDescending }
  throw wrong('order_by.field', `must be one of the metrics or dimensions of the query, "request_count" or "date", not ${quote(field)}.`)
}

function wrong(field: string, what: string): Fault {
  return new Fault('invalid_request', `The field \`${field}\` ${what}`, { metadata: { field } })
}

function quote(text: string): string {
  return JSON.stringify(text.slice(0, 80))
}

function iso(hour: number): string {
  return new Date(hour * HOUR_MS).toISOString()
}
