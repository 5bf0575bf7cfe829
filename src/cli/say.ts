import { sayUsd, type Nano } from '../core/nano.ts'
import type { Price } from '../catalog/endpoint.ts'

/** A time for a table, in UTC: `2026-11-20 21:16`. */
export function sayTime(ms: number): string {
  return new Date(ms).toISOString().slice(0, 16).replace('T', ' ')
}

/** `128K`, `1.05M`: a number of tokens for a table. */
export function sayTokens(count: number): string {
  if (count >= 1_000_000) return `${trim((count / 1_000_000).toFixed(2))}M`
  return count >= 1_000 ? `${trim((count / 1_000).toFixed(1))}K` : String(count)
}

/** A price per million tokens, `free`, or `unpriced`. */
export function sayPrice(price: Price, amount: Nano): string {
  return price.state === 'priced' ? sayUsd(amount) : price.state
}

function trim(text: string): string {
  return text.replace(/\.?0+$/, '')
}

/** `1 key`, `2 keys`. */
export function sayCount(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
