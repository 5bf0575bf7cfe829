import { Fault } from '../../core/fault.ts'
import type { ModelDay } from '../../ledger/data-sets.ts'
import { CONTEXT_BUCKETS, type ContextBucket } from '../../ledger/spread.ts'
import type { Route, RouteContext } from '../route.ts'
import { dateOf, dayParameter, daysOf, metaOf } from './data-days.ts'
import { dataView, scopeNote } from './data-scope.ts'
import { permaslugOf } from './datasets.ts'
import { MODEL_CATEGORIES } from './model-query.ts'
import { oneOf, readQuery } from './query.ts'

const DAY_MS = 86_400_000
const RANKED_MAX = 50
const OTHER = 'other'
const MODALITIES = ['text', 'image', 'image_output', 'audio', 'tool_calling'] as const
type Modality = (typeof MODALITIES)[number]
/** Written as the table has them. */
const CONTEXTS = Object.keys(CONTEXT_BUCKETS) as ContextBucket[]

const QUERY = {
  start_date: dayParameter, end_date: dayParameter, period: oneOf(['day', 'week', 'month']), modality: oneOf(MODALITIES), context_bucket: oneOf(CONTEXTS),
  category: oneOf(MODEL_CATEGORIES), language_type: oneOf(['natural', 'programming']),
} as const

/** `GET /datasets/rankings-daily`: tokens of the fifty models that had the most, day by day, and of all others together (J26). */
export const getDailyRankings: Route = {
  method: 'GET', path: '/datasets/rankings-daily', auth: 'key',
  async handle(context) {
    const query = readQuery(context.url.searchParams, QUERY)
    const isSampled = query.category !== undefined || query.language_type !== undefined
    checkTogether(query, isSampled)
    const nowMs = context.services.clock.wallMs()
    const days = daysOf(query.start_date, query.end_date, nowMs)
    const view = await dataView(context)
    // What prompts are about is not looked into here: of that there is nothing to tell.
    const rows = view && !isSampled ? await context.services.dataSets.modelDays({ ...view.scope, ...days, context: query.context_bucket ?? null }) : []
    const wanted = rows.filter((row) => isOfModality(context, row, query.modality))
    return { data: ranked(wanted, query.period ?? (isSampled ? 'week' : 'day'), view?.requestsMin ?? 1n, (model) => permaslugOf(context, model)), meta: { ...metaOf(days, nowMs), ...scopeNote(view) } }
  },
}

function checkTogether({ category, language_type: language, modality, context_bucket: bucket, period }: { readonly [K in keyof typeof QUERY]?: unknown }, isSampled: boolean): void {
  if (isSampled && period === 'day') throw wrong('period', 'must be week or month with `category` or `language_type`.')
  if (isSampled && (modality !== undefined || bucket !== undefined)) throw wrong(category === undefined ? 'language_type' : 'category', 'cannot be combined with `modality` or `context_bucket`.')
  if (category !== undefined && language !== undefined) throw wrong('category', 'cannot be combined with `language_type`.')
}

function isOfModality({ services }: RouteContext, { model, toolCalls }: ModelDay, modality: Modality | undefined): boolean {
  if (modality === undefined) return true
  if (modality === 'tool_calling') return toolCalls > 0n
  const known = services.snapshot().models.get(model)
  if (modality === 'text') return known?.outputs.includes('text') ?? false
  return (modality === 'image_output' ? known?.outputs.includes('image') : known?.inputs.includes(modality)) ?? false
}

interface Sum { tokens: bigint; requests: bigint }

/** Of each stretch of time the largest, then the rest together; what is too little to be told is part of the rest, or of nothing. */
function ranked(rows: readonly ModelDay[], period: 'day' | 'week' | 'month', requestsMin: bigint, nameOf: (model: string) => string): object[] {
  const dates = new Map<string, Map<string, Sum>>()
  for (const { day, model, tokens, requests } of rows) {
    const date = startOf(day, period)
    const models = dates.get(date) ?? new Map<string, Sum>()
    dates.set(date, models)
    const name = nameOf(model)
    const sum = models.get(name) ?? { tokens: 0n, requests: 0n }
    models.set(name, { tokens: sum.tokens + tokens, requests: sum.requests + requests })
  }
  return [...dates].toSorted(([a], [b]) => (a < b ? -1 : 1)).flatMap(([date, models]) => {
    const sorted = [...models].filter(([name, { tokens }]) => name !== '' && tokens > 0n).toSorted(([a, one], [b, two]) => (one.tokens === two.tokens ? (a < b ? -1 : 1) : one.tokens < two.tokens ? 1 : -1))
    const told = sorted.filter(([, { requests }]) => requests >= requestsMin).slice(0, RANKED_MAX)
    const rest = sorted.filter((row) => !told.includes(row)).reduce((sum, [, one]) => ({ tokens: sum.tokens + one.tokens, requests: sum.requests + one.requests }), { tokens: 0n, requests: 0n })
    const all = rest.requests >= requestsMin && rest.tokens > 0n ? [...told, [OTHER, rest] as const] : told
    return all.map(([name, { tokens }]) => ({ date, model_permaslug: name, total_tokens: String(tokens) }))
  })
}

/** Weeks begin on Monday. */
function startOf(day: number, period: 'day' | 'week' | 'month'): string {
  if (period === 'day') return dateOf(day)
  const date = new Date(day * DAY_MS)
  return period === 'month' ? dateOf(Date.UTC(date.getUTCFullYear(), date.getUTCMonth()) / DAY_MS) : dateOf(day - ((date.getUTCDay() + 6) % 7))
}

function wrong(field: string, what: string): Fault {
  return new Fault('invalid_request', `The query parameter \`${field}\` ${what}`, { metadata: { field } })
}
