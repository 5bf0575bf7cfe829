import { Fault } from '../../core/fault.ts'
import { usdNumber } from '../../core/nano.ts'
import type { Dimension, ReportFilter, ReportRow, ReportSum } from '../../ledger/reports.ts'
import { ownerOnly } from '../access.ts'
import type { Route, RouteContext } from '../route.ts'
import { accessIn } from './caller.ts'
import { csvResponse } from './csv.ts'
import { dateOf, dayParameter } from './data-days.ts'
import { oneOf, readQuery, text, type Parameter } from './query.ts'
import { scopeOf } from './report-scope.ts'

const DAY_MS = 86_400_000
const HOURS_OF_DAY = 24
const DAYS = 30
/** As many as a report has: a day of an account with thousands of models is shown whole. */
const ROWS_MAX = 50_000

const hash: Parameter<string> = { expects: "a key's hash: 64 hex digits", read: (given) => (/^[0-9a-f]{64}$/i.test(given) ? given.toLowerCase() : undefined) }

const QUERY = { date: dayParameter, api_key_hash: hash, user_id: text, group_by: oneOf(['workspace']), workspace_id: text, format: oneOf(['json', 'csv']) } as const
const COLUMNS = ['date', 'model', 'model_permaslug', 'endpoint_id', 'provider_name', 'usage', 'byok_usage_inference', 'requests', 'prompt_tokens', 'completion_tokens', 'reasoning_tokens']
const SUMS: readonly ReportSum[] = ['requests', 'cost', 'byok_cost', 'prompt_tokens', 'completion_tokens', 'reasoning_tokens']

/** `GET /activity`: what the account used in each of the last 30 completed UTC days, by model and endpoint (J1); as CSV where that is wanted (J2). */
export const getActivity: Route = {
  method: 'GET', path: '/activity', auth: 'management', operation: 'analytics.read',
  async handle(context) {
    const query = readQuery(context.url.searchParams, QUERY)
    const access = accessIn(context)
    const { accountId } = access
    const [fromDay, untilDay] = daysOf(query.date, context.services.clock.wallMs())
    const filters = [
      ...scopeOf(access), ...only('api_key_id', query.api_key_hash), ...only('user', query.user_id),
      ...only('workspace', query.workspace_id === undefined ? undefined : (await context.services.workspaces.get(accountId, query.workspace_id, ownerOnly(access))).id),
    ]
    const by: Dimension[] = ['model', 'endpoint', 'provider', ...(query.group_by ? ['workspace' as const] : [])]
    const { rows } = await context.services.reports.report({
      accountId, fromHour: fromDay * HOURS_OF_DAY, untilHour: untilDay * HOURS_OF_DAY, granularity: 'day', by, filters, sums: SUMS,
      order: { by: 'date', isDescending: true }, rowsMax: ROWS_MAX, rowsOfGroupMax: ROWS_MAX,
    })
    const data = rows.map((row) => activityRow(row, context))
    if (query.format !== 'csv') return { data }
    const columns = [...COLUMNS, ...(query.group_by ? ['workspace_id'] : [])]
    return csvResponse('activity.csv', columns, data)
  },
}

function activityRow({ startMs, values, sums }: ReportRow, { services }: RouteContext): Readonly<Record<string, unknown>> {
  const [model, endpoint, provider, workspace] = values
  return {
    date: dateOf((startMs ?? 0) / DAY_MS),
    model: model ?? '',
    model_permaslug: services.snapshot().models.get(model ?? '')?.canonicalSlug ?? model ?? '',
    endpoint_id: endpoint ?? '',
    provider_name: provider ?? '',
    usage: usdNumber(sums.cost),
    byok_usage_inference: usdNumber(sums.byok_cost),
    requests: Number(sums.requests),
    prompt_tokens: Number(sums.prompt_tokens),
    completion_tokens: Number(sums.completion_tokens),
    reasoning_tokens: Number(sums.reasoning_tokens),
    ...(workspace === undefined ? {} : { workspace_id: workspace ?? '' }),
  }
}

/** The days that are asked for: [from, until), days since the epoch. Today is not over. */
function daysOf(date: number | undefined, nowMs: number): [from: number, until: number] {
  const today = Math.floor(nowMs / DAY_MS)
  if (date === undefined) return [today - DAYS, today]
  if (date >= today - DAYS && date < today) return [date, date + 1]
  throw new Fault('invalid_request', `The query parameter \`date\` must be one of the last ${DAYS} completed UTC days, ${dateOf(today - DAYS)} to ${dateOf(today - 1)}; POST /analytics/query has all others.`, { metadata: { field: 'date' } })
}

function only(dimension: Dimension, value: string | undefined): ReportFilter[] {
  return value === undefined ? [] : [{ dimension, isNot: false, values: [value], includeUnset: false }]
}
