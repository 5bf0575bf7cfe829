import type { Endpoint, Price, PriceOverride } from '../../catalog/endpoint.ts'
import { hasHours, ratesNow, usdPerToken } from '../../catalog/price.ts'
import { formatUsd, type Nano } from '../../core/nano.ts'

/** What stands for a price that nobody knows: never "0", which says free. */
const UNKNOWN = '-1'

/**
 * The contract's `pricing` object: decimal strings of USD per token, request or image. What is not charged apart is absent.
 * With a time (`nowMs`, ms since the epoch), the first amounts of a price that has hours are those of that time (C59).
 */
export function pricingOf(endpoint: Endpoint | undefined, nowMs?: number): Record<string, unknown> {
  const price = endpoint?.price
  const now = price && nowMs !== undefined && hasHours(price) ? ratesNow(price, nowMs) : price
  if (!price || price.state === 'unpriced') return { prompt: UNKNOWN, completion: UNKNOWN }
  return {
    prompt: usdPerToken(now?.prompt ?? price.prompt),
    completion: usdPerToken(now?.completion ?? price.completion),
    ...each('request', price.request),
    ...each('image', price.image),
    ...each('web_search', price.webSearch),
    ...perToken('audio', price.audioInput),
    ...perToken('audio_output', price.audioOutput),
    ...perToken('internal_reasoning', price.reasoning),
    ...cachePricing(price),
    // A share of list price: below zero it is a markup. The prices beside it are those that are charged.
    ...(endpoint?.markup && { discount: -endpoint.markup.basisPoints / 10_000 }),
    ...(price.overrides && price.overrides.length > 0 ? { overrides: price.overrides.map(overrideOf) } : {}),
  }
}

function overrideOf(override: PriceOverride): Record<string, unknown> {
  return {
    ...(override.promptTokensOver >= 0 ? { min_prompt_tokens: override.promptTokensOver } : {}),
    ...(override.hours ? { utc_start: timeOf(override.hours.fromMinute), utc_end: timeOf(override.hours.toMinute) } : {}),
    ...perToken('prompt', override.prompt),
    ...perToken('completion', override.completion),
    ...cachePricing(override),
  }
}

/** Minutes of the day as the contract writes them: `2230`. */
function timeOf(minute: number): string {
  return `${Math.floor(minute / 60)}`.padStart(2, '0') + `${minute % 60}`.padStart(2, '0')
}

function cachePricing(price: Pick<Price, 'cacheRead' | 'cacheWrite' | 'cacheWriteHour'>): Record<string, string> {
  return {
    ...perToken('input_cache_read', price.cacheRead),
    ...perToken('input_cache_write', price.cacheWrite),
    ...perToken('input_cache_write_1h', price.cacheWriteHour),
  }
}

function perToken(name: string, price: Nano | undefined): Record<string, string> {
  return price === undefined ? {} : { [name]: usdPerToken(price) }
}

function each(name: string, price: Nano | undefined): Record<string, string> {
  return price === undefined ? {} : { [name]: formatUsd(price) }
}
