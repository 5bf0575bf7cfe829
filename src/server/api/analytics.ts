import { METRICS, spreadsFor, sumsFor, valueOfMetric, type Metric, type MetricName } from '../../ledger/metrics.ts'
import { DIMENSIONS, GRANULARITIES, type Dimension, type ReportFilter, type ReportQuery, type ReportRow, type Reports } from '../../ledger/reports.ts'
import { formatUsd, usdNumber } from '../../core/nano.ts'
import { Fault } from '../../core/fault.ts'
import type { Route } from '../route.ts'
import { readBody } from './body.ts'
import { accessIn } from './caller.ts'
import { ANALYTICS_QUERY, OPERATORS, queryOf, type AnalyticsQuery, type Comparison } from './analytics-query.ts'
import { scopeOf } from './report-scope.ts'

const DAY_MS = 86_400_000
const TAGS_SHOWN_DAYS = 90
const TAG_NAMES_MAX = 100
/** As many as a report has. */
const VALUES_READ_MAX = 50_000
/** Twenty such filters are less than a statement may have. */
const VALUES_PASSED_MAX = 1_000

const LABELS: Readonly<Record<string, string>> = {
  model: 'Model', provider: 'Provider', endpoint: 'Endpoint', api_key_id: 'API key', workspace: 'Workspace', user: 'User', app: 'App', minute: 'Minute', hour: 'Hour', day: 'Day', week: 'Week', month: 'Month',
}

/** `GET /analytics/meta`: what can be asked of `POST /analytics/query` (J3), with the account's own tags. */
export const getAnalyticsMeta: Route = {
  method: 'GET', path: '/analytics/meta', auth: 'management', operation: 'analytics.read',
  async handle(context) {
    const { reports, clock } = context.services
    const tags = await reports.tagNames(accessIn(context).accountId, Math.floor(clock.wallMs() / DAY_MS) - TAGS_SHOWN_DAYS, TAG_NAMES_MAX)
    return {
      data: {
        metrics: Object.entries(METRICS).map(([name, { label, format, ...metric }]) => ({ name, display_label: label, display_format: format, is_rate: 'per' in metric || 'percentile' in metric })),
        dimensions: [...DIMENSIONS.map((name) => ({ name, display_label: labelOf(name) })), ...tags.map((tag) => ({ name: `tag.${tag}`, display_label: `Tag ${tag}` }))],
        granularities: GRANULARITIES.map((name) => ({ name, display_label: labelOf(name) })),
        operators: Object.entries(OPERATORS).map(([name, { isList }]) => ({ name, value_type: isList ? 'array' : 'scalar' })),
      },
    }
  },
}

/** `POST /analytics/query`: sums of calls by what they can be told apart by (J3, J4). */
export const queryAnalytics: Route = {
  method: 'POST', path: '/analytics/query', auth: 'management', operation: 'analytics.read',
  async handle(context) {
    const { reports, clock } = context.services
    const access = accessIn(context)
    const asked = queryOf(await readBody(context, ANALYTICS_QUERY), clock.wallMs())
    const beganMs = clock.monotonicMs()
    const calls = { accountId: access.accountId, fromHour: asked.fromHour, untilHour: asked.untilHour, ...(asked.minutes && { minutes: asked.minutes }), filters: [...asked.filters, ...scopeOf(access)] }
    const report = await reports.report({
      ...calls, filters: [...calls.filters, ...await compared(asked.comparisons, calls, reports)], granularity: asked.granularity, by: asked.dimensions,
      sums: sumsFor([...asked.summed, 'request_count']), spreads: spreadsFor(asked.summed), order: asked.order, rowsMax: asked.rowsMax, rowsOfGroupMax: asked.rowsOfGroupMax,
    })
    const unknown = await unknownKeys(asked, (hashes) => reports.knownKeys(access.accountId, hashes))
    const warnings = [...asked.warnings, ...unknown.map((hash) => `api_key_id: this account has no key ${hash.slice(0, 80)}`)]
    return {
      data: {
        data: report.rows.map((row) => rowOf(row, asked, report.labels)),
        metadata: { query_time_ms: Math.round(clock.monotonicMs() - beganMs), row_count: report.rows.length, truncated: report.isTruncated },
        ...(warnings.length > 0 && { warnings }),
      },
    }
  },
}

/** Comparisons as lists of the values that pass them: each engine has an order of texts of its own, and none of them has numbers in texts. */
async function compared(comparisons: readonly Comparison[], calls: Pick<ReportQuery, 'accountId' | 'fromHour' | 'untilHour' | 'minutes' | 'filters'>, reports: Pick<Reports, 'report'>): Promise<ReportFilter[]> {
  const filters: ReportFilter[] = []
  // Both ends of a range at once.
  for (const [dimension, own] of Map.groupBy(comparisons, (one) => one.dimension)) {
    const { rows } = await reports.report({ ...calls, granularity: null, by: [dimension], sums: ['requests'], order: { by: { dimension }, isDescending: false }, rowsMax: VALUES_READ_MAX, rowsOfGroupMax: 1 })
    const values = rows.flatMap(({ values: [value] }) => (typeof value === 'string' && own.every(({ passes }) => passes(value)) ? [value] : []))
    const field = own[0]?.field ?? 'filters'
    if (values.length > VALUES_PASSED_MAX) throw new Fault('invalid_request', `The field \`${field}\` lets ${values.length} values of \`${dimension}\` pass, and may ${VALUES_PASSED_MAX}: take a closer bound, a shorter \`time_range\`, or more filters.`, { metadata: { field } })
    filters.push({ dimension, isNot: false, values, includeUnset: false })
  }
  return filters
}

async function unknownKeys({ filters }: AnalyticsQuery, known: (hashes: readonly string[]) => Promise<readonly string[]>): Promise<string[]> {
  const hashes = filters.flatMap(({ dimension, values }) => (dimension === 'api_key_id' ? values : []))
  if (hashes.length === 0) return []
  const found = new Set(await known(hashes))
  return hashes.filter((hash) => !found.has(hash))
}

/** What stands beside an id for people, and under which name. */
const LABELLED: Readonly<Partial<Record<Dimension, string>>> = { api_key_id: 'api_key_name', workspace: 'workspace_name', user: 'user_email', app: 'app_name' }

function rowOf(found: ReportRow, { granularity, dimensions, metrics }: AnalyticsQuery, labels: ReadonlyMap<string, string>): object {
  const { startMs, values } = found
  const row: [string, unknown][] = []
  if (granularity !== null && startMs !== null) row.push([`date__${granularity}`, new Date(startMs).toISOString()])
  dimensions.forEach((dimension, at) => {
    const value = values[at] ?? null
    row.push([dimension, value])
    const label = LABELLED[dimension]
    if (label !== undefined) row.push([label, value === null ? null : labels.get(value) ?? null])
  })
  for (const metric of metrics) row.push([metric, shown(metric, valueOfMetric(metric, found))])
  // Entries, not assignments: any text may be the name of a tag.
  return Object.fromEntries(row)
}

/** Exact: a sum that no JSON number holds is a text. */
function shown(name: MetricName, value: bigint | number | null): number | string | null {
  if (typeof value !== 'bigint') return value
  const { format }: Metric = METRICS[name]
  const isSafe = value <= BigInt(Number.MAX_SAFE_INTEGER)
  if (format === 'currency') return isSafe ? usdNumber(value) : formatUsd(value)
  return isSafe ? Number(value) : String(value)
}

function labelOf(name: string): string {
  return LABELS[name] ?? name
}
