import { EFFORTS, type Effort, type Modality } from '../core/call.ts'
import { parseUsd, type Nano } from '../core/nano.ts'
import type { Price, PriceOverride, ReasoningSupport, ServiceTier } from './endpoint.ts'
import type { ModelOverride, OperatorModel } from './operator-file.ts'
import { FREE, priceFromUsdPerMillion, slipOfUnit } from './price.ts'
import { byKey, said, type Place, type YamlReader } from './yaml-reader.ts'

const MODEL = ['id', 'upstream_id', 'name', 'description', 'context', 'max_output', 'price', 'inputs', 'outputs', 'parameters', 'reasoning', 'quantization', 'service_tiers', 'concurrency', 'visible_to'] as const
const OVERRIDE = ['enabled', 'name', 'price', 'context', 'max_output', 'deprecation_date', 'distillable'] as const
/** Keys of a price per million tokens, and what they are on a Price. */
const TOKEN_PRICES = [
  ['input', 'prompt'], ['output', 'completion'], ['cache_read', 'cacheRead'], ['cache_write', 'cacheWrite'], ['cache_write_1h', 'cacheWriteHour'],
  ['reasoning', 'reasoning'], ['input_audio', 'audioInput'], ['output_audio', 'audioOutput'],
] as const
const EACH_PRICES = [['request', 'request'], ['image', 'image'], ['web_search', 'webSearch']] as const
const TIER_PRICES = [['input', 'prompt'], ['output', 'completion'], ['cache_read', 'cacheRead'], ['cache_write', 'cacheWrite'], ['cache_write_1h', 'cacheWriteHour']] as const
const MODALITIES: readonly Modality[] = ['text', 'image', 'file', 'audio', 'video']
const OUTPUTS: readonly Modality[] = [...MODALITIES, 'embeddings']
const QUANTIZATIONS = ['int4', 'int8', 'fp4', 'mxfp4', 'nvfp4', 'fp6', 'fp8', 'mxfp8', 'fp16', 'bf16', 'fp32', 'unknown'] as const
const SERVICE_TIERS: readonly ServiceTier[] = ['priority', 'flex']
const TOKENS_MAX = 1_000_000_000
const CONCURRENCY_MAX = 1_000_000

/** One entry of `providers.<slug>.models`. */
export function readModel(reader: YamlReader, place: Place): OperatorModel | undefined {
  const at = byKey(reader.map(place, MODEL))
  const idPlace = at.id
  if (!idPlace) return reader.wrong(place, 'needs an id, as acme/tiny')
  const idText = reader.string(idPlace)
  const id = idText === undefined ? undefined : readModelId(reader, idPlace, idText)
  const text = (key: string) => { const one = at[key]; return one && reader.string(one) }
  const model = {
    upstreamId: text('upstream_id'), name: text('name'), description: text('description'),
    contextMax: at.context && reader.integer(at.context, 1, TOKENS_MAX), outputMax: at.max_output && reader.integer(at.max_output, 1, TOKENS_MAX),
    price: at.price && readPrice(reader, at.price), inputs: at.inputs && choices(reader, at.inputs, MODALITIES), outputs: at.outputs && choices(reader, at.outputs, OUTPUTS),
    parameters: at.parameters && reader.list(at.parameters).flatMap((item) => reader.string(item) ?? []),
    visibleTo: at.visible_to && readVisibleTo(reader, at.visible_to),
    concurrencyMax: at.concurrency && reader.integer(at.concurrency, 1, CONCURRENCY_MAX), reasoning: at.reasoning && readReasoning(reader, at.reasoning), quantization: at.quantization && reader.oneOf(at.quantization, QUANTIZATIONS),
    tierPrices: at.service_tiers && readServiceTiers(reader, at.service_tiers),
  }
  return id === undefined ? undefined : { id, ...said(model) }
}

/** `service_tiers: { flex: { input: …, output: … } }`: prices of the provider's own tiers of the model. */
function readServiceTiers(reader: YamlReader, place: Place): ReadonlyMap<ServiceTier, Price> {
  const at = byKey(reader.map(place, SERVICE_TIERS))
  return new Map(SERVICE_TIERS.flatMap((tier) => {
    const price = at[tier] && readPrice(reader, at[tier])
    return price ? [[tier, price] as const] : []
  }))
}

/** Ids of accounts and hashes of keys. An empty list would be there for nobody, which is never meant. */
function readVisibleTo(reader: YamlReader, place: Place): string[] | undefined {
  const ids = reader.list(place).flatMap((item) => reader.string(item) ?? [])
  if (ids.some((id) => id.startsWith('sk-'))) return reader.wrong(place, 'holds a key: write its hash, which GET /api/v1/keys lists')
  return ids.length > 0 ? ids : reader.wrong(place, 'names nobody: write ids of accounts or hashes of keys, or leave it out')
}

/** What stands behind a model's id at the top of the file. */
export function readModelOverride(reader: YamlReader, place: Place): ModelOverride {
  const at = byKey(reader.map(place, OVERRIDE))
  return said({
    enabled: at.enabled && reader.boolean(at.enabled), name: at.name && reader.string(at.name), price: at.price && readPrice(reader, at.price),
    contextMax: at.context && reader.integer(at.context, 1, TOKENS_MAX), outputMax: at.max_output && reader.integer(at.max_output, 1, TOKENS_MAX),
    expirationDate: at.deprecation_date && readDate(reader, at.deprecation_date), distillable: at.distillable && reader.boolean(at.distillable),
  })
}

/** A day, or a time with its zone. */
function readDate(reader: YamlReader, place: Place): string | undefined {
  const text = reader.string(place)
  if (text === undefined || (/^\d{4}-\d\d-\d\d(?:T[\d:.]+(?:Z|[+-]\d\d:\d\d))?$/.test(text) && !Number.isNaN(Date.parse(text)))) return text
  return reader.wrong(place, 'must be a day (2026-12-31, which ends at 13:00 UTC) or a time (2026-12-31T18:00:00Z)')
}

/** Checks `author/slug`; a variant as `:free` may follow. */
export function readModelId(reader: YamlReader, place: Place, text: string): string | undefined {
  if (/^[a-z0-9~][\w.-]*\/[a-z0-9][\w.+-]*(?::[\w.-]+)?$/i.test(text)) return text
  return reader.wrong(place, `is no model id: write author/slug in letters, digits, dots, dashes and underscores, as acme/tiny`)
}

/** `free`, or a map of decimals: USD per million tokens; `request` and `image` are USD each. */
export function readPrice(reader: YamlReader, place: Place): Price | undefined {
  const before = reader.errors.length
  if (place.node && 'value' in place.node) {
    const text = reader.string(place)
    if (text === 'free') return FREE
    return text === undefined ? undefined : reader.wrong(place, 'must be `free`, or a map as { input: "0.10", output: "0.40" } in USD per million tokens')
  }
  const entries = reader.map(place, [...TOKEN_PRICES.map(([key]) => key), ...EACH_PRICES.map(([key]) => key), 'tiers'])
  const at = byKey(entries)
  for (const key of ['input', 'output'] as const) if (!at[key]) reader.wrong(place, `needs ${key}: USD per million tokens, as a decimal`)
  const price = {
    state: 'priced' as const, prompt: 0n, completion: 0n, ...amounts(reader, at, TOKEN_PRICES, perMillion), ...amounts(reader, at, EACH_PRICES, each),
    ...(at.tiers && { overrides: reader.list(at.tiers).flatMap((tier) => readTier(reader, tier) ?? []) }),
  }
  return reader.errors.length === before ? Object.freeze(price) : undefined
}

function readTier(reader: YamlReader, place: Place): PriceOverride | undefined {
  const at = byKey(reader.map(place, ['over', 'utc_start', 'utc_end', ...TIER_PRICES.map(([key]) => key)]))
  const { over, utc_start: start, utc_end: end } = at
  if (!over && !start && !end) return reader.wrong(place, 'needs over: the prompt tokens above which it holds, or utc_start and utc_end: the hours at which it does')
  if (Boolean(start) !== Boolean(end)) return reader.wrong(place, 'needs utc_start and utc_end both, as "2200" and "0600"')
  const promptTokensOver = over ? reader.integer(over, 1, TOKENS_MAX) : -1
  const fromMinute = start && minuteOfDay(reader, start)
  const toMinute = end && minuteOfDay(reader, end)
  if (promptTokensOver === undefined || (start && (fromMinute === undefined || toMinute === undefined))) return undefined
  return { promptTokensOver, ...(fromMinute !== undefined && toMinute !== undefined && { hours: { fromMinute, toMinute } }), ...amounts(reader, at, TIER_PRICES, perMillion) }
}

/** `2230` or `22:30`, UTC, as minutes of the day. */
function minuteOfDay(reader: YamlReader, place: Place): number | undefined {
  const [, hour, minute] = /^([01]\d|2[0-3]):?([0-5]\d)$/.exec(reader.string(place) ?? '') ?? []
  if (hour === undefined || minute === undefined) return reader.wrong(place, 'must be a time of day in UTC in quotes, as "2230"')
  return Number(hour) * 60 + Number(minute)
}

function amounts<To extends string>(reader: YamlReader, at: Readonly<Record<string, Place>>, keys: readonly (readonly [string, To])[], read: (reader: YamlReader, place: Place) => Nano | undefined): { [K in To]?: Nano } {
  const found: { [K in To]?: Nano } = {}
  for (const [key, to] of keys) {
    const place = at[key]
    const amount = place && read(reader, place)
    if (amount !== undefined) found[to] = amount
  }
  return found
}

function perMillion(reader: YamlReader, place: Place): Nano | undefined {
  const amount = decimal(reader, place, priceFromUsdPerMillion)
  if (amount === undefined || amount === 0n) return amount
  const slip = slipOfUnit(amount)
  return slip === undefined ? amount : reader.wrong(place, slip)
}

function each(reader: YamlReader, place: Place): Nano | undefined {
  return decimal(reader, place, parseUsd)
}

function decimal(reader: YamlReader, place: Place, parse: (text: string) => Nano | undefined): Nano | undefined {
  const text = reader.string(place)
  if (text === undefined) return undefined
  const amount = parse(text)
  return amount !== undefined && amount >= 0n ? amount : reader.wrong(place, 'must be a decimal of USD that is not negative, with at most nine decimals, as "0.10"')
}

function readReasoning(reader: YamlReader, place: Place): ReasoningSupport {
  const at = byKey(reader.map(place, ['efforts', 'budget', 'mandatory']))
  const efforts = at.efforts && choices<Effort>(reader, at.efforts, EFFORTS)
  return {
    ...(efforts && { efforts }), budget: (at.budget && reader.boolean(at.budget)) ?? false, mandatory: (at.mandatory && reader.boolean(at.mandatory)) ?? false,
  }
}

function choices<T extends string>(reader: YamlReader, place: Place, known: readonly T[]): T[] {
  return reader.list(place).flatMap((item) => reader.oneOf(item, known) ?? [])
}
