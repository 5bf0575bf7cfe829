import type { Nano } from '../core/nano.ts'
import type { Price, PriceOverride } from './endpoint.ts'
import { shareOf } from './price.ts'

const WHOLE = 10_000

/** Prices are few and frozen, markups fewer: each pair is made once. */
const made = new WeakMap<Price, Map<number, Price>>()

/**
 * A price with a markup (or a discount, below zero) in hundredths of a percent: each of its amounts by itself, to the nano-dollar per million
 * tokens, rounded up. So a call costs exactly what the price that is shown comes to, with the one division that there is.
 */
export function markedUp(price: Price, basisPoints: number): Price {
  if (basisPoints === 0 || price.state !== 'priced') return price
  let known = made.get(price)
  if (!known) made.set(price, known = new Map())
  let marked = known.get(basisPoints)
  if (!marked) known.set(basisPoints, marked = mark(price, basisPoints))
  return marked
}

function mark(price: Price, basisPoints: number): Price {
  const amounts = amountsOf(price, basisPoints)
  const { overrides } = price
  return Object.freeze({ ...price, ...amounts, ...(overrides && { overrides: overrides.map((override): PriceOverride => ({ ...override, ...amountsOf(override, basisPoints) })) }) })
}

/** Those of its fields that are money. */
function amountsOf<T extends object>(price: T, basisPoints: number): Partial<T> {
  const amounts = Object.entries(price).filter((entry): entry is [string, Nano] => typeof entry[1] === 'bigint').map(([name, amount]) => [name, shareOf(amount, WHOLE + basisPoints)])
  // Its own names, with other amounts.
  return Object.fromEntries(amounts) as Partial<T>
}

/** A percentage as people write it (`12.5`, `"-10"`) in hundredths of a percent; undefined when it is none, has more than two decimals, or takes more than all. */
export function readPercent(text: string): number | undefined {
  const match = /^(-?)(\d{1,5})(?:\.(\d{1,2}))?$/.exec(text.trim())
  if (!match) return undefined
  const [, sign, whole = '', fraction = ''] = match
  const basisPoints = Number(whole) * 100 + Number(fraction.padEnd(2, '0'))
  if (sign !== '-') return basisPoints
  return basisPoints > WHOLE ? undefined : -basisPoints
}

/** `1250` → `12.5`. */
export function percentNumber(basisPoints: number): number {
  return basisPoints / 100
}
