import { formatUsd, parseUsd, type Nano } from '../core/nano.ts'

/** What may pass in a minute. What is not said is not limited. */
export interface Rates {
  readonly requestsPerMinute?: bigint
  /** Of prompt and answer together. */
  readonly tokensPerMinute?: bigint
  readonly usdPerMinute?: Nano
}

/** How often an account may call free models (contract I11); null: as often as it likes. */
export interface FreeLimits {
  readonly requestsPerMinute: bigint | null
  readonly requestsPerDay: bigint | null
  /** A day's, once the account has been given this much credit. */
  readonly requestsPerDayWithCredits: bigint | null
  readonly creditsMin: Nano
}

/** A pattern of model ids, `openai/*`, and what each model that it covers may be asked. */
export interface ModelRates { readonly pattern: string; readonly rates: Rates }

/** `limits:` of the operator's file: how much may be asked of this install, and by whom. */
export interface RateLimits {
  /** Of each key that says nothing else itself. */
  readonly perKey: Rates
  readonly perAccount: Rates
  /** Of all callers together, model by model; the first pattern that covers a model decides. */
  readonly perModel: readonly ModelRates[]
  readonly free: FreeLimits
}

/** What the contract says of free models; nothing else is limited. */
export const DEFAULT_RATE_LIMITS: RateLimits = Object.freeze({
  perKey: {}, perAccount: {}, perModel: [],
  free: { requestsPerMinute: 20n, requestsPerDay: 50n, requestsPerDayWithCredits: 1000n, creditsMin: 10_000_000_000n },
})

/** Rates as the key API shows them and the store keeps them: null where nothing is said, dollars as a decimal. */
export interface RatesJson { readonly requests_per_minute: number | null; readonly tokens_per_minute: number | null; readonly usd_per_minute: string | null }

export function ratesJson({ requestsPerMinute, tokensPerMinute, usdPerMinute }: Rates): RatesJson {
  return {
    requests_per_minute: requestsPerMinute === undefined ? null : Number(requestsPerMinute),
    tokens_per_minute: tokensPerMinute === undefined ? null : Number(tokensPerMinute),
    usd_per_minute: usdPerMinute === undefined ? null : formatUsd(usdPerMinute),
  }
}

/** Reads what `ratesJson` wrote. */
export function parseRates({ requests_per_minute: requests, tokens_per_minute: tokens, usd_per_minute: usd }: RatesJson): Rates {
  const usdPerMinute = usd === null ? undefined : parseUsd(usd)
  return {
    ...(requests !== null && { requestsPerMinute: BigInt(requests) }), ...(tokens !== null && { tokensPerMinute: BigInt(tokens) }), ...(usdPerMinute !== undefined && { usdPerMinute }),
  }
}
