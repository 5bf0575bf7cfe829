import type { Route } from '../route.ts'
import { dateOf } from './data-days.ts'
import { dataView, scopeNote } from './data-scope.ts'
import { flag, oneOf, readQuery, text, whole } from './query.ts'

const DAY_MS = 86_400_000
const WINDOW_DAYS = 7

const BENCHMARKS = {
  source: oneOf(['artificial-analysis', 'design-arena', 'openrouter']), task_type: oneOf(['coding', 'intelligence', 'agentic', 'search']), include_run_config: flag,
  benchmark_type: oneOf(['gpqa_diamond', 'tau_bench_verified_airline', 'search_browsecomp', 'search_hle', 'search_dsqa', 'search_widesearch']),
  search_engine: text, search_surface: oneOf(['server-tool', 'plugin']), arena: oneOf(['models', 'builders', 'agents']), category: text, max_results: whole(1),
} as const

/** `GET /benchmarks`: none are run here and none are shipped, so that the list is empty (J26). */
export const getBenchmarks: Route = {
  method: 'GET', path: '/benchmarks', auth: 'key',
  async handle(context) {
    const { source, task_type: taskType } = readQuery(context.url.searchParams, BENCHMARKS)
    await dataView(context)
    return { data: [], meta: { version: 'v1', as_of: new Date(context.services.clock.wallMs()).toISOString(), source: source ?? null, source_url: null, citation: null, model_count: 0, task_type: taskType ?? null, ...scopeNote(undefined) } }
  },
}

/** `GET /classifications/task`: what calls are about is not looked into here, so that there are no classes (J26). */
export const getTaskClassifications: Route = {
  method: 'GET', path: '/classifications/task', auth: 'key',
  async handle(context) {
    readQuery(context.url.searchParams, { window: oneOf(['7d']) })
    await dataView(context)
    return { data: { window_days: WINDOW_DAYS, as_of: dateOf(Math.floor(context.services.clock.wallMs() / DAY_MS) - 1), classifications: [], macro_categories: [] } }
  },
}
