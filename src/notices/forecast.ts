import { maxNano, minNano, type Nano } from '../core/nano.ts'
import { windowAt } from '../ledger/window.ts'
import type { PacedAllowance } from './allowance.ts'

/** Days, today among them, whose use says how fast it goes. */
export const RECENT_DAYS = 7

const DAY_MS = 86_400_000
/** Further away nobody can see. */
const FAR_MS = 10 * 365 * DAY_MS

/**
 * When an allowance is used up at the pace of the last seven days (UTC, today among them; since it was made, where it is younger):
 * `ends` at that time · `resets` before it would · `used_up` already · `unused`: nothing was used in those days · `too_little`: there is less than a
 * day to go by · `far`: not within ten years.
 */
export type Forecast =
  | { readonly outcome: 'ends'; readonly endsMs: number; readonly perDay: Nano }
  | { readonly outcome: 'resets' | 'far'; readonly perDay: Nano }
  | { readonly outcome: 'used_up' | 'unused' | 'too_little' }

export function forecastOf({ cap, used, period, startMs, recent }: PacedAllowance, nowMs: number): Forecast {
  const left = cap - used
  if (left <= 0n) return { outcome: 'used_up' }
  const overMs = Math.floor(nowMs) - recent.sinceMs
  if (overMs < DAY_MS) return { outcome: 'too_little' }
  if (recent.used <= 0n) return { outcome: 'unused' }
  const perDay = maxNano(1n, recent.used * BigInt(DAY_MS) / BigInt(overMs))
  const restMs = left * BigInt(overMs) / recent.used
  if (restMs > BigInt(FAR_MS)) return period === 'ever' ? { outcome: 'far', perDay } : { outcome: 'resets', perDay }
  const endsMs = nowMs + Number(restMs)
  return endsMs >= windowAt(period, startMs).endMs ? { outcome: 'resets', perDay } : { outcome: 'ends', endsMs, perDay }
}

/** How much of it was used, in whole percent, never more than is true. */
export function percentUsed({ cap, used }: Pick<PacedAllowance, 'cap' | 'used'>): number {
  return cap <= 0n ? 100 : Number(minNano(used * 100n / cap, 1_000_000n))
}
