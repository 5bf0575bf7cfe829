import type { Variant } from '../catalog/names.ts'
import type { Call, PercentileCutoffs, Preferences } from '../core/call.ts'
import { isCacheCheaper, type Affinity } from './affinity.ts'
import type { Candidates } from './candidates.ts'
import { PROVEN, qualities, QUALITY_REASONS, type Quality } from './exacto.ts'
import type { EndpointHealth, Percentiles } from './health.ts'
import { named, priceNow, tierAsked, type Candidate } from './model-index.ts'
import { ownKeysFirst } from './own-keys-first.ts'
import type { Exclusion, Step } from './plan.ts'
import type { RoutingView } from './view.ts'

/**
 * How an endpoint stands before price or speed are looked at, best first (C20, C21). Cooling is last of all: the provider
 * has asked not to be called yet.
 */
const HEALTHY = 0
const DEGRADED = 1
const DEPRECATED = 2
const RECOVERING = 3
const FULL = 4
const OUTAGE = 5
const DOWN = 6
const COOLING = 7
type Standing = typeof HEALTHY | typeof DEGRADED | typeof DEPRECATED | typeof RECOVERING | typeof FULL | typeof OUTAGE | typeof DOWN | typeof COOLING

/** Why an endpoint stands where it does, by its standing. */
const STANDING_REASONS = [
  'next by price', 'below 95 % uptime in the last 5 minutes', 'deprecated', 'coming back after an outage or a rate limit', 'at its limit of calls at once',
  'outage in the last 30 seconds',
  'below 80 % uptime in the last 5 minutes', 'rate limited until its Retry-After',
] as const

type Sort = NonNullable<Preferences['sort']>

/** An eligible endpoint on its way to a Step. */
interface Contender {
  readonly candidate: Candidate
  readonly requested: string
  readonly health: EndpointHealth
  readonly standing: Standing
  /** Among its peers at work with tools; the same for all where it does not count. */
  quality: Quality
  /** What it is sorted by within its standing and quality, lowest first. */
  readonly measure: number
  readonly missesCutoffs: boolean
  reason: string
  /** How likely the draw puts it first; undefined where nothing is drawn. */
  share?: number
}

export interface Ranking {
  readonly steps: readonly Step[]
  /** What `allow_fallbacks: false` leaves out. */
  readonly dropped: readonly Exclusion[]
}

/** Puts what is left of each model in the order to try, model by model, or all together when the client says `partition: none`. */
export function rank(groups: readonly Candidates[], call: Call, view: RoutingView): Ranking {
  const { preferences } = call
  const [first] = groups
  const [only, second] = first?.eligible ?? []
  if (groups.length === 1 && first && only && !second) return { steps: [{ endpoint: only.endpoint, requested: first.requested, reason: 'the only endpoint' }], dropped: [] }
  const together = preferences.partition === 'none' && !isOrdered(preferences)
  const ranked = together ? rankPool(groups, call, view) : groups.flatMap((group) => rankPool([group], call, view))
  const wished = isOrdered(preferences) ? ranked : demote(ranked, preferences)
  const order = groups.some(({ index }) => index.hasOwnKeys) ? withOwnKeysFirst(wished, together) : wished
  return preferences.allowFallbacks || isOrdered(preferences) ? { steps: order.map(stepOf), dropped: [] } : firstOfEach(order)
}

function withOwnKeysFirst(ranked: readonly Contender[], together: boolean): Contender[] {
  for (const entry of ranked) {
    const { ownKey } = entry.candidate.endpoint
    if (ownKey) entry.reason = ownKey.isFallback ? `your own key ${ownKey.label}, a fallback` : `your own key ${ownKey.label}`
  }
  return ownKeysFirst(ranked, ({ candidate: { endpoint }, requested, standing }) => ({ endpoint, requested, isInTrouble: standing >= RECOVERING }), together)
}

function isOrdered({ order }: Preferences): boolean {
  return order !== undefined && order.length > 0
}

function stepOf({ candidate, requested, reason, share }: Contender): Step {
  return share === undefined ? { endpoint: candidate.endpoint, requested, reason } : { endpoint: candidate.endpoint, requested, reason, share }
}

/** One list out of the endpoints of one model, or of several when they compete. */
function rankPool(groups: readonly Candidates[], call: Call, view: RoutingView): Contender[] {
  const { preferences } = call
  const sort = preferences.sort ?? sortOf(groups[0]?.variants ?? [])
  const pool = groups.flatMap(({ eligible, requested }) => eligible.map((candidate) => contender(candidate, requested, sort, preferences, view)))
  if (isOrdered(preferences)) return takeInOrder(pool.sort(compare), call, groups)
  if (minds(sort, call)) judge(pool)
  pool.sort(compare)
  // Without fallbacks the cheapest is the one that is tried (C3), and a sort is an order: neither leaves room for a draw.
  if (sort === undefined && preferences.allowFallbacks) drawFirst(pool, view.draw)
  if (tierAsked(call) === 'priority') return priorityFirst(pool)
  return stickyFirst(pool, groups[0]?.index.model.id ?? '', view.affinity)
}

/** `:floor` and `:nitro` are sorts (C31, C32); an explicit sort goes before them. */
function sortOf(variants: readonly Variant[]): Sort | undefined {
  if (variants.length === 0) return undefined
  if (variants.includes('floor')) return 'price'
  if (variants.includes('nitro')) return 'throughput'
  return variants.includes('exacto') ? 'exacto' : undefined
}

/** Quality counts when it is asked for, and by itself where tools are to be called and the client did not sort (C34, C35). */
function minds(sort: Sort | undefined, { needs }: Call): boolean {
  return sort === 'exacto' || (sort === undefined && needs.parameters.includes('tools'))
}

function contender(candidate: Candidate, requested: string, sort: Sort | undefined, preferences: Preferences, { health, nowMs, draw }: RoutingView): Contender {
  const state = health.of(candidate.endpoint.id)
  const standing = standingOf(candidate, state, draw)
  return {
    candidate, requested, standing, health: state, quality: PROVEN,
    measure: measureOf(candidate, sort, state, nowMs),
    missesCutoffs: misses(state, preferences),
    reason: standing === HEALTHY && sort !== undefined ? `by ${sort === 'exacto' ? 'quality, then price' : sort}` : STANDING_REASONS[standing],
  }
}

function judge(pool: readonly Contender[]): void {
  qualities(pool.map(({ health }) => health))?.forEach((quality, at) => {
    const entry = pool[at]
    if (!entry) return
    entry.quality = quality
    if (entry.standing === HEALTHY && quality !== PROVEN) entry.reason = QUALITY_REASONS[quality]
  })
}

/** An endpoint that comes back is drawn for its share of the calls, and stands among the healthy for those; behind them for the others. */
function standingOf({ endpoint }: Candidate, { cooling, state, outage, full, share }: EndpointHealth, draw: () => number): Standing {
  if (cooling) return COOLING
  if (state === 'down') return DOWN
  if (outage) return OUTAGE
  if (full) return FULL
  if (share !== undefined && draw() >= share) return RECOVERING
  if (endpoint.deprecated) return DEPRECATED
  return state === 'degraded' ? DEGRADED : HEALTHY
}

/** Lowest first; what was never measured comes after what was. */
function measureOf(candidate: Candidate, sort: Sort | undefined, { throughput, latency }: EndpointHealth, nowMs: number): number {
  if (sort === 'throughput') return throughput === undefined ? 0 : -throughput.p50
  if (sort === 'latency') return latency === undefined ? Infinity : latency.p50
  return priceNow(candidate, nowMs)
}

/** Written out instead of subtracted: two infinite prices differ by NaN. */
function compare(a: Contender, b: Contender): number {
  if (a.standing !== b.standing) return a.standing - b.standing
  if (a.missesCutoffs !== b.missesCutoffs) return Number(a.missesCutoffs) - Number(b.missesCutoffs)
  if (a.quality !== b.quality) return a.quality - b.quality
  if (a.measure !== b.measure) return a.measure < b.measure ? -1 : 1
  if (a.candidate.price !== b.candidate.price) return a.candidate.price < b.candidate.price ? -1 : 1
  return a.candidate.place - b.candidate.place
}

/** C20: the first is drawn among the best standing that meet the cutoffs, with probability ∝ 1/price²; the others stay behind it by price. */
function drawFirst(pool: Contender[], draw: () => number): void {
  const [best] = pool
  if (!best) return
  let count = 1
  while (isPeer(pool[count], best)) count++
  if (count === 1) {
    if (best.standing === HEALTHY) best.reason = pool[1]?.standing === HEALTHY ? 'before the other healthy ones by quality or by the preferred speed' : 'the only healthy endpoint'
    return
  }
  const [drawn = best] = pool.splice(drawIndex(pool, count, draw()), 1)
  drawn.reason = drawn.standing === HEALTHY ? `drawn by price among ${count} healthy` : `drawn by price among ${count}: none is healthy`
  pool.unshift(drawn)
}

/** True for one that price alone tells from the best. */
function isPeer(entry: Contender | undefined, best: Contender): boolean {
  return entry?.standing === best.standing && entry.quality === best.quality && entry.missesCutoffs === best.missesCutoffs
}

/**
 * Weights are relative to the cheapest, which is first. Where that is free, or nobody knows any price, the draw is even
 * among its equals: the limit of 1/price².
 */
function drawIndex(pool: readonly Contender[], count: number, drawn: number): number {
  const cheapest = pool[0]?.measure ?? 0
  const even = cheapest === 0 || cheapest === Infinity
  const contenders = pool.slice(0, count)
  const weights = contenders.map(({ measure }) => (even ? Number(measure === cheapest) : (cheapest / measure) ** 2))
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  let left = drawn * total
  // A draw that rounding puts at the very end is the last one's that has any weight; the first has always some.
  let index = 0
  contenders.forEach((entry, at) => {
    const weight = weights[at] ?? 0
    entry.share = weight / total
    if (left >= 0 && left < weight) index = at
    left -= weight
  })
  return index
}

/** C2: strictly in the client's order, whatever their health; several endpoints of one name by health and price, the tier that is asked for before them. The rest follow. */
function takeInOrder(pool: readonly Contender[], call: Call, groups: readonly Candidates[]): Contender[] {
  const taken = new Set<Contender>()
  const tier = tierAsked(call)
  const tierFirst = tier === undefined ? pool : [...pool.filter(({ candidate }) => candidate.tier === tier), ...pool.filter(({ candidate }) => candidate.tier !== tier)]
  call.preferences.order?.forEach((name, place) => {
    const candidates = groups.flatMap(({ index }) => named(index, name, tier))
    for (const entry of tierFirst) {
      if (taken.has(entry) || !candidates.includes(entry.candidate)) continue
      entry.reason = `place ${place + 1} in provider.order`
      taken.add(entry)
    }
  })
  return [...taken, ...tierFirst.filter((entry) => !taken.has(entry))]
}

/** C39: the provider's faster tier before all others, the fastest first. */
function priorityFirst(pool: readonly Contender[]): Contender[] {
  const isFirst = ({ candidate, standing }: Contender) => candidate.tier === 'priority' && standing < OUTAGE
  const first = pool.filter(isFirst).sort((a, b) => (b.health.throughput?.p50 ?? 0) - (a.health.throughput?.p50 ?? 0))
  for (const entry of first) entry.reason = 'service_tier is priority'
  if (first.length > 0) forgetDraw(pool)
  return [...first, ...pool.filter((entry) => !isFirst(entry))]
}

/** Where something else than the draw says who is first, nobody's share of it is a probability any more. */
function forgetDraw(pool: readonly Contender[]): void {
  for (const entry of pool) delete entry.share
}

/**
 * C42: the endpoint that answered this conversation last goes first while it is as well as any and reads its cache for less
 * than the prompt costs. A preference: health beats it.
 */
function stickyFirst(pool: Contender[], modelId: string, affinity: Affinity): Contender[] {
  if (pool.length < 2) return pool
  const id = affinity.of(modelId)
  const at = id === undefined ? -1 : pool.findIndex(({ candidate }) => candidate.endpoint.id === id)
  const entry = pool[at]
  if (!entry || entry.standing !== HEALTHY || !isCacheCheaper(entry.candidate.endpoint)) return pool
  entry.reason = 'answered this conversation before, and its prompt cache may be warm'
  forgetDraw(pool)
  return [entry, ...pool.slice(0, at), ...pool.slice(at + 1)]
}

/**
 * C16, C17: endpoints that miss a cutoff go to the end of the whole Plan, behind the next model's that meet it; those in
 * trouble stay behind them. An endpoint of which nothing is known misses nothing.
 */
function demote(ranked: Contender[], { preferredMinThroughput, preferredMaxLatency }: Preferences): Contender[] {
  if (preferredMinThroughput === undefined && preferredMaxLatency === undefined) return ranked
  const missing = ranked.filter((entry) => entry.standing < OUTAGE && entry.missesCutoffs)
  for (const entry of missing) entry.reason = 'misses preferred_min_throughput or preferred_max_latency'
  return [...ranked.filter((entry) => entry.standing < OUTAGE && !entry.missesCutoffs), ...missing, ...ranked.filter((entry) => entry.standing >= OUTAGE)]
}

const PERCENTILES = ['p50', 'p75', 'p90', 'p99'] as const
const MS_PER_SECOND = 1_000

function misses({ throughput, latency }: EndpointHealth, { preferredMinThroughput, preferredMaxLatency }: Preferences): boolean {
  return missesAny(throughput, preferredMinThroughput, (measured, cutoff) => measured < cutoff)
    || missesAny(latency, preferredMaxLatency, (measured, cutoff) => measured > cutoff * MS_PER_SECOND)
}

function missesAny(measured: Percentiles | undefined, cutoffs: PercentileCutoffs | undefined, worse: (measured: number, cutoff: number) => boolean): boolean {
  if (measured === undefined || cutoffs === undefined) return false
  return PERCENTILES.some((name) => {
    const cutoff = cutoffs[name]
    return cutoff !== undefined && worse(measured[name], cutoff)
  })
}

/** C3: the top endpoint of each model alone. */
function firstOfEach(ranked: readonly Contender[]): Ranking {
  const kept = new Map<string, Contender>()
  const dropped: Exclusion[] = []
  for (const entry of ranked) {
    if (!kept.has(entry.requested)) kept.set(entry.requested, entry)
    else dropped.push({ endpoint: entry.candidate.endpoint, rule: 'allow_fallbacks', detail: 'allow_fallbacks is false and another endpoint comes first' })
  }
  return { steps: [...kept.values()].map(stepOf), dropped }
}
