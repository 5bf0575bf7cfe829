import type { HedgeWish, PercentileCutoffs, Preferences } from '../../core/call.ts'
import { isObject, type JsonObject } from '../../core/json.ts'
import { parseUsd, type Nano } from '../../core/nano.ts'
import { refuse } from './check.ts'

export const NO_PREFERENCES: Preferences = Object.freeze({ allowFallbacks: true, requireParameters: false, partition: 'model', dataCollection: 'allow', zdr: false })

const SORTS = ['price', 'throughput', 'latency', 'exacto'] as const
const PERCENTILES = ['p50', 'p75', 'p90', 'p99'] as const
const PRICES = ['prompt', 'completion', 'request', 'image', 'audio'] as const

/** The preferences that there are, some of them for other servers than this. */
const PREFERENCES: ReadonlySet<string> = new Set(['order', 'only', 'ignore', 'allow_fallbacks', 'require_parameters', 'quantizations', 'sort', 'max_price', 'data_collection', 'zdr',
  'preferred_min_throughput', 'preferred_max_latency', 'hedge', 'enforce_distillable_text', 'options'])

/** What may stand in those that are objects. */
const PARTS: Readonly<Record<string, readonly string[]>> = {
  sort: ['by', 'partition'], max_price: PRICES, preferred_min_throughput: PERCENTILES, preferred_max_latency: PERCENTILES, hedge: ['after', 'max'],
}

/** Fields of the `provider` object that mean nothing: a ceiling or a wish with a slip of the pen in its name is none. */
export function strangePreferences(provider: JsonObject): readonly string[] {
  return Object.entries(provider).flatMap(([field, value]) => {
    const parts = PARTS[field]
    if (!PREFERENCES.has(field)) return [field]
    return parts && isObject(value) ? Object.keys(value).filter((part) => !parts.includes(part)).map((part) => `${field}.${part}`) : []
  })
}

const QUANTIZATIONS = ['int4', 'int8', 'fp4', 'mxfp4', 'nvfp4', 'fp6', 'fp8', 'mxfp8', 'fp16', 'bf16', 'fp32', 'unknown'] as const

/** Reads the `provider` object (contract C1–C24, N1, N6). Fields that are null count as absent, unknown ones as said to nobody. */
export function readPreferences(value: unknown): Preferences {
  if (value === undefined || value === null) return NO_PREFERENCES
  if (!isObject(value)) refuse('provider', 'an object of routing preferences', value)
  const sort = readSort(value['sort'])
  return {
    order: slugs(value, 'order'),
    only: slugs(value, 'only'),
    ignore: slugs(value, 'ignore'),
    allowFallbacks: flag(value, 'allow_fallbacks') ?? true,
    requireParameters: flag(value, 'require_parameters') ?? false,
    quantizations: slugs(value, 'quantizations')?.map((item, index) => choice({ [`quantizations[${index}]`]: item }, `quantizations[${index}]`, QUANTIZATIONS) ?? item),
    sort: sort.by,
    partition: sort.partition,
    maxPrice: readMaxPrice(value['max_price']),
    dataCollection: choice(value, 'data_collection', ['allow', 'deny'] as const) ?? 'allow',
    zdr: flag(value, 'zdr') ?? false,
    distillable: flag(value, 'enforce_distillable_text'),
    preferredMinThroughput: readCutoffs(value, 'preferred_min_throughput'),
    preferredMaxLatency: readCutoffs(value, 'preferred_max_latency'),
    hedge: readHedge(value['hedge']),
  }
}

function slugs(from: JsonObject, field: string): readonly string[] | undefined {
  const value = from[field]
  if (value === undefined || value === null) return undefined
  if (!Array.isArray(value)) refuse(`provider.${field}`, 'an array of strings', value)
  return value.map((item: unknown, index) => (typeof item === 'string' ? item : refuse(`provider.${field}[${index}]`, 'a string', item)))
}

function flag(from: JsonObject, field: string): boolean | undefined {
  const value = from[field]
  if (value === undefined || value === null) return undefined
  return typeof value === 'boolean' ? value : refuse(`provider.${field}`, 'true or false', value)
}

function choice<T extends string>(from: JsonObject, field: string, values: readonly T[]): T | undefined {
  const value = from[field]
  if (value === undefined || value === null) return undefined
  return values.find((item) => item === value) ?? refuse(`provider.${field}`, `one of ${values.map((item) => `"${item}"`).join(', ')}`, value)
}

function readSort(value: unknown): Pick<Preferences, 'sort' | 'partition'> & { by?: Preferences['sort'] } {
  if (value === undefined || value === null) return { partition: 'model' }
  if (typeof value === 'string') return { by: choice({ sort: value }, 'sort', SORTS), partition: 'model' }
  if (!isObject(value)) refuse('provider.sort', 'a string or an object with by and partition', value)
  const sort = { 'sort.by': value['by'], 'sort.partition': value['partition'] }
  return { by: choice(sort, 'sort.by', SORTS), partition: choice(sort, 'sort.partition', ['model', 'none'] as const) ?? 'model' }
}

function readMaxPrice(value: unknown): Preferences['maxPrice'] {
  if (value === undefined || value === null) return undefined
  if (!isObject(value)) refuse('provider.max_price', 'an object of prices in USD', value)
  const caps: { [name in (typeof PRICES)[number]]?: Nano } = {}
  for (const name of PRICES) {
    const price = value[name]
    if (price === undefined || price === null) continue
    const amount = typeof price === 'string' || typeof price === 'number' ? parseUsd(String(price)) : undefined
    if (amount === undefined || amount < 0n) refuse(`provider.max_price.${name}`, 'a decimal amount of USD, at least 0, with at most 9 decimals', price)
    caps[name] = amount
  }
  return caps
}

function readCutoffs(from: JsonObject, field: string): PercentileCutoffs | undefined {
  const value = from[field]
  if (value === undefined || value === null) return undefined
  if (typeof value === 'number') return value >= 0 ? { p50: value } : refuse(`provider.${field}`, 'a number of at least 0', value)
  if (!isObject(value)) refuse(`provider.${field}`, 'a number or an object of percentiles', value)
  const cutoffs: { [name in (typeof PERCENTILES)[number]]?: number } = {}
  for (const name of PERCENTILES) {
    const cutoff = value[name]
    if (cutoff === undefined || cutoff === null) continue
    cutoffs[name] = typeof cutoff === 'number' && cutoff >= 0 ? cutoff : refuse(`provider.${field}.${name}`, 'a number of at least 0', cutoff)
  }
  return cutoffs
}

const HEDGE_AFTER_MS_MAX = 600_000
const HEDGE_MAX = 3

/** `{ after: "p90" | ms, max: 2 }`: only this server has it. */
function readHedge(value: unknown): HedgeWish | undefined {
  if (value === undefined || value === null) return undefined
  if (!isObject(value)) refuse('provider.hedge', 'an object with after and max', value)
  const { after = 'p90', max = 2 } = value
  const percentile = PERCENTILES.find((name) => name === after)
  const isMs = typeof after === 'number' && after >= 0 && after <= HEDGE_AFTER_MS_MAX
  if (percentile === undefined && !isMs) refuse('provider.hedge.after', `one of ${PERCENTILES.map((name) => `"${name}"`).join(', ')}, or milliseconds from 0 to ${HEDGE_AFTER_MS_MAX}`, after)
  if (typeof max !== 'number' || !Number.isInteger(max) || max < 2 || max > HEDGE_MAX) refuse('provider.hedge.max', `a whole number from 2 to ${HEDGE_MAX}`, max)
  return { after: percentile ?? Number(after), max }
}
