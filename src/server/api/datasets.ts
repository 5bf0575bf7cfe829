import { APP_CATEGORIES, type AppGroup } from '../../core/app.ts'
import { Fault } from '../../core/fault.ts'
import { usdNumber } from '../../core/nano.ts'
import { TURN_RANGES, type AppUse } from '../../ledger/data-sets.ts'
import type { Route, RouteContext } from '../route.ts'
import { dateOf, dayParameter, daysOf, metaOf } from './data-days.ts'
import { dataView, scopeNote } from './data-scope.ts'
import { oneOf, readQuery, text, whole } from './query.ts'

const DAY_MS = 86_400_000
const GROUPS = ['coding', 'creative', 'productivity', 'entertainment'] as const satisfies readonly AppGroup[]
const APP_QUERY = {
  category: oneOf(GROUPS), subcategory: oneOf(Object.values(APP_CATEGORIES).flat()), sort: oneOf(['popular', 'trending']), start_date: dayParameter, end_date: dayParameter, limit: whole(1, 100), offset: whole(0, 100),
} as const
/** The days before that growth is measured against are three times as many. */
const WINDOWS_BEFORE = 3

/** `GET /datasets/app-rankings`: which apps use the most tokens, or use more than before (J26). */
export const getAppRankings: Route = {
  method: 'GET', path: '/datasets/app-rankings', auth: 'key',
  async handle(context) {
    const { category, subcategory, sort = 'popular', limit = 50, offset = 0, start_date: start, end_date: end } = readQuery(context.url.searchParams, APP_QUERY)
    const ofGroup: readonly string[] | undefined = category && APP_CATEGORIES[category]
    if (ofGroup && subcategory !== undefined && !ofGroup.includes(subcategory)) throw new Fault('invalid_request', `The query parameter \`subcategory\` must be one of ${ofGroup.join(', ')} where \`category\` is ${category ?? ''}.`, { metadata: { field: 'subcategory' } })
    const nowMs = context.services.clock.wallMs()
    const days = daysOf(start, end, nowMs)
    const view = await dataView(context)
    const uses = view ? await context.services.dataSets.appUses({ ...view.scope, ...days, beforeDay: days.fromDay - WINDOWS_BEFORE * (days.untilDay - days.fromDay) }) : []
    const wanted = subcategory === undefined ? ofGroup : [subcategory]
    const rows = rankedApps(uses.filter(({ requests, categories }) => view && requests >= view.requestsMin && (!wanted || categories.some((one) => wanted.includes(one)))), sort)
    return {
      data: rows.map(({ appId, title, tokens, requests }, at) => ({ rank: at + 1, app_id: appId, app_name: title, total_tokens: String(tokens), total_requests: Number(requests) })).slice(offset, offset + limit),
      meta: { ...metaOf(days, nowMs), ...scopeNote(view) },
    }
  },
}

function rankedApps(uses: readonly AppUse[], sort: 'popular' | 'trending'): AppUse[] {
  // Three times what it is more than the mean of three windows before: whole numbers.
  const excess = ({ tokens, tokensBefore }: AppUse) => tokens * BigInt(WINDOWS_BEFORE) - tokensBefore
  const size = (use: AppUse) => (sort === 'popular' ? use.tokens : excess(use))
  return uses.filter((use) => sort === 'popular' || excess(use) > 0n).toSorted((a, b) => compare(size(b), size(a)) || compare(a.title, b.title) || a.appId - b.appId)
}

function compare<T extends bigint | string>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0
}

const SESSION_DAYS = 30
const SESSION_QUERY = { app_slug: text, model: text, turn_range: oneOf(TURN_RANGES), limit: whole(1, 500), offset: whole(0, 5_000) } as const

/** `GET /datasets/session-cost`: what sessions of apps cost, by model and turns: medians (J8). */
export const getSessionCosts: Route = {
  method: 'GET', path: '/datasets/session-cost', auth: 'key',
  async handle(context) {
    const { app_slug: slug, model, turn_range: turnRange, limit = 100, offset = 0 } = readQuery(context.url.searchParams, SESSION_QUERY)
    const { dataSets, clock } = context.services
    const nowMs = clock.wallMs()
    const untilDay = Math.floor(nowMs / DAY_MS)
    const view = await dataView(context)
    const cells = view ? await dataSets.sessionCells({ ...view.scope, fromDay: untilDay - SESSION_DAYS, untilDay }) : []
    const rows = cells.filter(({ sessions }) => view && sessions >= view.sessionsMin)
      .map((cell) => ({ app_slug: slugOf(cell.site), app_name: cell.title, turn_range: cell.turnRange, model_permaslug: permaslugOf(context, cell.model), median_session_cost_usd: usdNumber(cell.median) }))
      .filter((row) => (slug === undefined || row.app_slug === slug) && (model === undefined || row.model_permaslug === model) && (turnRange === undefined || row.turn_range === turnRange))
      .toSorted((a, b) => compare(a.app_slug, b.app_slug) || compare(a.model_permaslug, b.model_permaslug) || TURN_RANGES.indexOf(a.turn_range) - TURN_RANGES.indexOf(b.turn_range))
    return {
      data: rows.slice(offset, offset + limit),
      meta: { version: 'v1', as_of: new Date(nowMs).toISOString(), window_days: SESSION_DAYS, window_end_date: dateOf(untilDay - 1), ...scopeNote(view) },
    }
  },
}

/** An app's site as a name for URLs. */
function slugOf(site: string): string {
  return site.toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-|-$/g, '')
}

/** A model's permanent name. One that has left the catalogue, or that who asks may not see, goes by the name that it was called by. */
export function permaslugOf({ services }: Pick<RouteContext, 'services'>, model: string): string {
  return services.snapshot().models.get(model)?.canonicalSlug ?? model
}
