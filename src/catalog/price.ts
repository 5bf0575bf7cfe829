import { maxNano, parseUsd, type Nano } from '../core/nano.ts'
import type { Usage } from '../core/usage.ts'
import type { Price, PriceOverride, UtcHours } from './endpoint.ts'

/** Token prices are per this many tokens. */
const PRICE_TOKENS = 1_000_000n

/** Four million tokens are compared, in requests of a thousand. */
const REQUESTS_PER_COMPARED_TOKENS = 4000n

/** What a call cost. `prompt + completion = total`, to the nano-dollar. */
export interface Cost {
  readonly total: Nano
  /** The prompt's part; the price per request, per image and per search is in it. */
  readonly prompt: Nano
  readonly completion: Nano
  /**
   * `unpriced`: the amounts are 0 because nobody knows the price, not because it is free. Routing keeps such endpoints
   * out unless the operator allows them; whoever records a cost of 0 can see here which kind of 0 it is.
   */
  readonly state: Price['state']
}

/** The prices that hold at one prompt size. */
interface Rates {
  readonly prompt: Nano
  readonly completion: Nano
  readonly cacheRead: Nano
  readonly cacheWrite: Nano
  readonly cacheWriteHour: Nano
}

export const FREE: Price = Object.freeze({ state: 'free', prompt: 0n, completion: 0n })
export const UNPRICED: Price = Object.freeze({ state: 'unpriced', prompt: 0n, completion: 0n })

/**
 * What this usage costs at this price: usage in disjoint buckets, each times its price, summed in nano-dollars × tokens,
 * divided once, rounded up. `images` counts the images of the prompt, where the price has an amount for each.
 */
export function costOf(price: Price, usage: Usage, images = 0): Cost {
  if (price.state !== 'priced') return { total: 0n, prompt: 0n, completion: 0n, state: price.state }
  const rates = ratesAt(price, usage.promptTokens)
  const promptSum = promptPart(price, rates, usage)
  const completionSum = completionPart(price, rates, usage)
  const fixed = fixedPart(price, images, usage.webSearches)
  const total = perToken(promptSum + completionSum) + fixed
  const prompt = perToken(promptSum) + fixed
  return { total, prompt, completion: total - prompt, state: 'priced' }
}

/**
 * The most that a call can cost whose prompt and answer stay within these bounds: each token at the dearest price it
 * could have (cache writes, audio, overrides for long prompts). `completionTokensMax` is per choice. Free and unpriced
 * are 0.
 */
export function worstCost(price: Price, promptTokensMax: number, completionTokensMax: number, choices = 1, images = 0, webSearches = 0): Nano {
  if (price.state !== 'priced') return 0n
  let prompt = price.audioInput ?? 0n
  let completion = maxNano(price.reasoning ?? 0n, price.audioOutput ?? 0n)
  for (const rate of ratesUpTo(price, promptTokensMax)) {
    prompt = maxNano(maxNano(maxNano(prompt, rate.prompt), maxNano(rate.cacheRead, rate.cacheWrite)), rate.cacheWriteHour)
    completion = maxNano(completion, rate.completion)
  }
  return perToken(tokens(promptTokensMax) * prompt + tokens(completionTokensMax) * tokens(choices) * completion) + fixedPart(price, images, webSearches)
}

/**
 * One number to compare endpoints by, for `sort: price` and the 1/price² draw: three prompt tokens to one of the answer,
 * which is how chats are shaped. Free and unpriced are 0. The price of a request counts as if each had 1,000 tokens.
 */
export function comparablePrice(price: Price): Nano {
  const { prompt, completion } = price.overrides ? ratesAt(price, 0) : price
  return prompt * 3n + completion + (price.request ?? 0n) * REQUESTS_PER_COMPARED_TOKENS
}

/** Reads a price as the catalogue and the operator's file write it: a decimal of USD per million tokens. Undefined when it is not one. */
export function priceFromUsdPerMillion(text: string): Nano | undefined {
  const amount = parseUsd(text)
  return amount === undefined || amount < 0n ? undefined : amount
}

/** The dearest known is some hundred USD, the cheapest some thousandths. */
const PER_MILLION_MIN: Nano = 100_000n
const PER_MILLION_MAX: Nano = 100_000_000_000_000n

/** What is wrong with a price per million tokens that is outside of what there is: most likely a slip of the unit. undefined: nothing. */
export function slipOfUnit(price: Nano): string | undefined {
  if (price === 0n) return undefined
  if (price < PER_MILLION_MIN) return 'is too small for USD per million tokens: is it a price per token? Multiply it by 1,000,000'
  return price > PER_MILLION_MAX ? 'is too large for USD per million tokens' : undefined
}

/**
 * A price per million tokens as the decimal of USD per token that the contract shows: `3000000000n` → `"0.000003"`.
 * Exact: a division by a power of ten moves the point.
 */
export function usdPerToken(price: Nano): string {
  const digits = price.toString().padStart(16, '0')
  const fraction = digits.slice(-15).replace(/0+$/, '')
  return `${digits.slice(0, -15)}${fraction && `.${fraction}`}`
}

/**
 * What cached tokens, read and written, and searches of the web are of a cost, and how much less that is than the same tokens cost uncached (below zero: how
 * much more); rounded up each. Undefined where nothing has a price.
 */
export function partsOf(price: Price, usage: Usage): { readonly cache: Nano; readonly cacheDiscount: Nano; readonly web: Nano } | undefined {
  if (price.state !== 'priced') return undefined
  const rates = ratesAt(price, usage.promptTokens)
  const cached = { ...usage, promptTokens: usage.cacheReadTokens + usage.cacheWriteTokens, promptAudioTokens: 0 }
  const cache = perToken(promptPart(price, rates, cached))
  return { cache, cacheDiscount: perToken(tokens(cached.promptTokens) * rates.prompt) - cache, web: (price.webSearch ?? 0n) * tokens(usage.webSearches) }
}

/** The one division. */
function perToken(nanoTokens: bigint): Nano {
  return (nanoTokens + PRICE_TOKENS - 1n) / PRICE_TOKENS
}

const BASIS_POINTS = 10_000n

/** A share of an amount, in hundredths of a percent, rounded up. */
export function shareOf(amount: Nano, basisPoints: number): Nano {
  return (amount * BigInt(basisPoints) + BASIS_POINTS - 1n) / BASIS_POINTS
}

function fixedPart(price: Price, images: number, webSearches: number): Nano {
  return (price.request ?? 0n) + (price.image ?? 0n) * tokens(images) + (price.webSearch ?? 0n) * tokens(webSearches)
}

function promptPart(price: Price, rates: Rates, usage: Usage): bigint {
  const all = tokens(usage.promptTokens)
  const read = least(tokens(usage.cacheReadTokens), all)
  const write = least(tokens(usage.cacheWriteTokens), all - read)
  const hour = least(tokens(usage.cacheWriteHourTokens), write)
  const uncached = all - read - write
  // Providers count audio in the prompt and do not say how much of it was cached: it is priced as audio where it was not.
  const audio = price.audioInput === undefined ? 0n : least(tokens(usage.promptAudioTokens), uncached)
  return (uncached - audio) * rates.prompt + audio * (price.audioInput ?? 0n)
    + read * rates.cacheRead + (write - hour) * rates.cacheWrite + hour * rates.cacheWriteHour
}

function completionPart(price: Price, rates: Rates, usage: Usage): bigint {
  const all = tokens(usage.completionTokens)
  const reasoning = price.reasoning === undefined ? 0n : least(tokens(usage.reasoningTokens), all)
  const audio = price.audioOutput === undefined ? 0n : least(tokens(usage.completionAudioTokens), all - reasoning)
  return (all - reasoning - audio) * rates.completion + reasoning * (price.reasoning ?? 0n) + audio * (price.audioOutput ?? 0n)
}

/** The dearest that a token of the prompt and of the answer can be, uncached, for prompts up to this size. */
export function dearestTokens(price: Price, promptTokensMax: number): Pick<Price, 'prompt' | 'completion'> {
  const rates = ratesUpTo(price, promptTokensMax)
  return { prompt: dearest(rates, (rate) => rate.prompt), completion: dearest(rates, (rate) => rate.completion) }
}

/** The rates of every size of prompt up to this one. */
function ratesUpTo(price: Price, promptTokensMax: number): Rates[] {
  const rates = [ratesAt(price, 0)]
  for (const { promptTokensOver } of price.overrides ?? []) if (promptTokensOver + 1 <= promptTokensMax) rates.push(ratesAt(price, promptTokensOver + 1))
  return rates
}

/** What a token of a short prompt and of its answer costs at this time (ms since the epoch). */
export function ratesNow(price: Price, nowMs: number): Pick<Price, 'prompt' | 'completion'> {
  return ratesAt(priceAt(price, nowMs), 0)
}

/** True where the price depends on the time of day. */
export function hasHours({ overrides }: Price): boolean {
  return overrides?.some(({ hours }) => hours !== undefined) ?? false
}

const MINUTE_MS = 60_000
const DAY_MINUTES = 1_440

/** The price of a call that was taken at this time (ms since the epoch): of its overrides, those whose hours it is (C59). The same object where none has hours. */
export function priceAt(price: Price, nowMs: number): Price {
  if (!hasHours(price)) return price
  const minute = Math.floor(nowMs / MINUTE_MS) % DAY_MINUTES
  return { ...price, overrides: price.overrides?.filter(({ hours }) => hours === undefined || isWithin(hours, minute)).map(({ hours: _hours, ...override }) => override) }
}

/** From the first minute to before the last; a window may go over midnight. */
function isWithin({ fromMinute, toMinute }: UtcHours, minute: number): boolean {
  return fromMinute <= toMinute ? minute >= fromMinute && minute < toMinute : minute >= fromMinute || minute < toMinute
}

function ratesAt(price: Price, promptTokens: number): Rates {
  let last: PriceOverride = { promptTokensOver: -1 }
  for (const override of price.overrides ?? []) if (promptTokens > override.promptTokensOver) last = { ...last, ...override }
  const prompt = last.prompt ?? price.prompt
  const cacheWrite = last.cacheWrite ?? price.cacheWrite ?? prompt
  return {
    prompt, cacheWrite,
    completion: last.completion ?? price.completion,
    cacheRead: last.cacheRead ?? price.cacheRead ?? prompt,
    cacheWriteHour: last.cacheWriteHour ?? price.cacheWriteHour ?? cacheWrite,
  }
}

/** Counts come from providers as numbers: a fraction is rounded up, what is no count is 0. */
function tokens(count: number): bigint {
  return Number.isFinite(count) && count > 0 ? BigInt(Math.ceil(count)) : 0n
}

function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b
}

function dearest(rates: readonly Rates[], of: (rate: Rates) => Nano): Nano {
  return rates.reduce<Nano>((most, rate) => maxNano(most, of(rate)), 0n)
}
