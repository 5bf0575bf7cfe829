import { expect, test } from 'bun:test'
import { retryAfterMs } from './scrub.ts'

const DATE = 'Wed, 18 Jun 2025 12:00:00 GMT'
const EPOCH_SECONDS = Date.parse(DATE) / 1_000

const HEADERS: readonly (readonly [Record<string, string>, number | undefined])[] = [
  [{}, undefined],
  [{ 'retry-after': '7' }, 7_000],
  [{ 'retry-after': '0.5' }, 500],
  [{ 'retry-after': '-1' }, undefined],
  [{ 'retry-after': 'soon' }, undefined],
  [{ 'retry-after': 'Wed, 18 Jun 2025 12:00:30 GMT', date: DATE }, 30_000],
  [{ 'retry-after': 'Wed, 18 Jun 2025 11:00:00 GMT', date: DATE }, 0],
  [{ 'retry-after-ms': '250', 'retry-after': '1' }, 250],
  [{ 'retry-after': '3', 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-reset-requests': '60s' }, 3_000],
  [{ 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-reset-requests': '6m0s', 'x-ratelimit-remaining-tokens': '12', 'x-ratelimit-reset-tokens': '1h' }, 360_000],
  [{ 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-reset-requests': '20ms', 'x-ratelimit-remaining-tokens': '0', 'x-ratelimit-reset-tokens': '1.5s' }, 1_500],
  [{ 'x-ratelimit-remaining-tokens': '0', 'x-ratelimit-reset-tokens': 'later' }, undefined],
  [{ 'x-ratelimit-reset': '12' }, 12_000],
  [{ 'x-ratelimit-remaining': '4', 'x-ratelimit-reset': '12' }, undefined],
  [{ 'x-ratelimit-reset': String(EPOCH_SECONDS + 45), date: DATE }, 45_000],
  [{ 'x-ratelimit-reset': String((EPOCH_SECONDS + 45) * 1_000), date: DATE }, 45_000],
  [{ 'x-ratelimit-reset': String(EPOCH_SECONDS + 45) }, undefined],
  [{ 'ratelimit-remaining': '0', 'ratelimit-reset': '9' }, 9_000],
  [{ 'anthropic-ratelimit-output-tokens-remaining': '0', 'anthropic-ratelimit-output-tokens-reset': '2025-06-18T12:00:20Z', date: DATE }, 20_000],
]
test.each(HEADERS)('%j: %p', (headers, ms) => expect(retryAfterMs(new Headers(headers))).toBe(ms))
