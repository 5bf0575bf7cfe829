import { parseUsd, type Nano } from '../core/nano.ts'
import { DEFAULT_RATE_LIMITS, type FreeLimits, type ModelRates, type RateLimits, type Rates } from './rate-limits.ts'
import { byKey, said, type Entry, type Place, type YamlReader } from './yaml-reader.ts'

/** Keys of `limits:`; `body_bytes_max` is a setting of the server. */
export const LIMIT_KEYS = ['body_bytes_max', 'per_key', 'per_account', 'per_model', 'free'] as const
const RATE_KEYS = ['requests_per_minute', 'tokens_per_minute', 'usd_per_minute'] as const
const FREE_KEYS = ['requests_per_minute', 'requests_per_day', 'requests_per_day_with_credits', 'credits_usd'] as const
const COUNT_MAX = 1_000_000_000_000
/** A pattern of ids: an author, a slug, with stars anywhere. */
const PATTERN = /^[a-z0-9*][a-z0-9*._~-]*(?:\/[a-z0-9*._:-]+)?$/i

/** `limits:` of the operator's file: rates by key, account and model, and those of free models. */
export function readLimits(reader: YamlReader, place: Place): RateLimits {
  const at = byKey(reader.map(place))
  return Object.freeze({
    perKey: at.per_key ? readRates(reader, at.per_key) : {},
    perAccount: at.per_account ? readRates(reader, at.per_account) : {},
    perModel: at.per_model ? reader.map(at.per_model).flatMap((entry) => readModelRates(reader, entry) ?? []) : [],
    free: at.free ? readFree(reader, at.free) : DEFAULT_RATE_LIMITS.free,
  })
}

function readRates(reader: YamlReader, place: Place): Rates {
  const at = byKey(reader.map(place, RATE_KEYS))
  return said({
    requestsPerMinute: at.requests_per_minute && readCount(reader, at.requests_per_minute),
    tokensPerMinute: at.tokens_per_minute && readCount(reader, at.tokens_per_minute),
    usdPerMinute: at.usd_per_minute && readUsd(reader, at.usd_per_minute),
  })
}

function readModelRates(reader: YamlReader, entry: Entry): ModelRates | undefined {
  const rates = readRates(reader, entry)
  if (!PATTERN.test(entry.key)) return reader.wrong({ ...entry, offset: entry.keyOffset }, 'must be the id of a model, or a pattern of ids as "openai/*"')
  return { pattern: entry.key.toLowerCase(), rates }
}

/** `free: none` lifts all of them. */
function readFree(reader: YamlReader, place: Place): FreeLimits {
  const { free } = DEFAULT_RATE_LIMITS
  if (place.node && !reader.isMap(place)) {
    reader.oneOf(place, ['none'])
    return { ...free, requestsPerMinute: null, requestsPerDay: null, requestsPerDayWithCredits: null }
  }
  const at = byKey(reader.map(place, FREE_KEYS))
  const count = (one: Place | undefined, otherwise: bigint | null) => (one ? readCountOrNone(reader, one) : otherwise)
  return {
    requestsPerMinute: count(at.requests_per_minute, free.requestsPerMinute),
    requestsPerDay: count(at.requests_per_day, free.requestsPerDay),
    requestsPerDayWithCredits: count(at.requests_per_day_with_credits, free.requestsPerDayWithCredits),
    creditsMin: (at.credits_usd && readUsd(reader, at.credits_usd)) ?? free.creditsMin,
  }
}

function readCount(reader: YamlReader, place: Place): bigint | undefined {
  const count = reader.integer(place, 1, COUNT_MAX)
  return count === undefined ? undefined : BigInt(count)
}

function readCountOrNone(reader: YamlReader, place: Place): bigint | null {
  if (place.node && 'value' in place.node && place.node.value === 'none') return null
  const count = reader.integer(place, 1, COUNT_MAX)
  return count === undefined ? null : BigInt(count)
}

function readUsd(reader: YamlReader, place: Place): Nano | undefined {
  const text = reader.string(place)
  const amount = text === undefined ? undefined : parseUsd(text)
  return amount !== undefined && amount > 0n ? amount : reader.wrong(place, 'must be an amount of USD above zero, as "0.50"')
}
