import { assert } from '../core/fault.ts'
import type { Nano } from '../core/nano.ts'
import type { Price, PriceOverride } from './endpoint.ts'
import { FREE, priceFromUsdPerMillion, UNPRICED } from './price.ts'
import type { PriceRow, PriceTierRow } from './rows.ts'

/** Keys of prices in data, and what they are called on a Price. */
const KEYS = [
  ['cache_read', 'cacheRead'], ['cache_write', 'cacheWrite'], ['cache_write_1h', 'cacheWriteHour'], ['reasoning', 'reasoning'],
  ['input_audio', 'audioInput'], ['output_audio', 'audioOutput'], ['request', 'request'], ['image', 'image'],
] as const
const TIER_KEYS = [['input', 'prompt'], ['output', 'completion'], ['cache_read', 'cacheRead'], ['cache_write', 'cacheWrite'], ['cache_write_1h', 'cacheWriteHour']] as const

const amounts = new Map<string, Nano>()

/** A Price of the catalogue's data. The data was checked when it was built: a decimal that is none is a bug. */
export function priceOf(row: PriceRow | 'free' | undefined): Price {
  if (row === undefined) return UNPRICED
  if (row === 'free') return FREE
  const price: Writable<Price> = { state: 'priced', prompt: amount(row.input), completion: amount(row.output) }
  for (const [from, to] of KEYS) {
    const text = row[from]
    if (text !== undefined) price[to] = amount(text)
  }
  if (row.tiers) price.overrides = row.tiers.map(overrideOf)
  return Object.freeze(price)
}

type Writable<T> = { -readonly [K in keyof T]: T[K] }

function overrideOf(tier: PriceTierRow): PriceOverride {
  const override: Writable<PriceOverride> = { promptTokensOver: tier.over }
  for (const [from, to] of TIER_KEYS) {
    const text = tier[from]
    if (text !== undefined) override[to] = amount(text)
  }
  return Object.freeze(override)
}

function amount(text: string): Nano {
  const known = amounts.get(text)
  if (known !== undefined) return known
  const nano = priceFromUsdPerMillion(text)
  assert(nano !== undefined, `the catalogue has a price that is no decimal: ${text}`)
  amounts.set(text, nano)
  return nano
}
