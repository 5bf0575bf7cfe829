import { asArray, asObject, isObject, type Json, type JsonObject } from '../../core/json.ts'
import { formatUsd } from '../../core/nano.ts'
import { priceFromUsdPerMillion } from '../price.ts'
import type { PriceRow, PriceTierRow } from '../rows.ts'

/** Keys of a price row and what the feed calls them; it is not of one mind about caches. */
const KEYS = [
  ['cache_read', ['cache_read', 'cached_input', 'cache_input']], ['cache_write', ['cache_write', 'cached_write']], ['reasoning', ['reasoning']],
  ['input_audio', ['input_audio']], ['output_audio', ['output_audio']],
] as const
const TIER_KEYS = [['input', ['input']], ['output', ['output']], ['cache_read', ['cache_read']], ['cache_write', ['cache_write']]] as const

/**
 * A cost of the feed (USD per million tokens) as our data has it. `zero`: it says that input and output cost nothing;
 * `wrong`: an amount is missing or none; undefined: it says nothing.
 */
export function readCost(cost: JsonObject | undefined): PriceRow | 'zero' | 'wrong' | undefined {
  if (!cost) return undefined
  const input = decimal(cost['input'])
  const output = decimal(cost['output'])
  if (input === undefined || output === undefined) return 'wrong'
  if (input === '0' && output === '0') return 'zero'
  const tiers = tiersOf(cost)
  return { input, output, ...amounts(cost, KEYS, input), ...(tiers.length > 0 && { tiers }) }
}

function tiersOf(cost: JsonObject): PriceTierRow[] {
  const listed = (asArray(cost['tiers']) ?? []).filter(isObject).flatMap((tier) => {
    const over = asObject(tier['tier'])?.['size']
    return typeof over === 'number' ? [tierRow(tier, over)] : []
  })
  // The public feed says the commonest tier a second time, under a name of its own.
  const known = asObject(cost['context_over_200k'])
  return (listed.length === 0 && known ? [tierRow(known, 200_000)] : listed).toSorted((a, b) => a.over - b.over)
}

function tierRow(tier: JsonObject, over: number): PriceTierRow {
  return { over, ...amounts(tier, TIER_KEYS, decimal(tier['input'])) }
}

function amounts<To extends string>(from: JsonObject, keys: readonly (readonly [To, readonly string[]])[], input: string | undefined): { [K in To]?: string } {
  const found: { [K in To]?: string } = {}
  for (const [to, names] of keys) {
    const amount = names.map((name) => decimal(from[name])).find((one) => one !== undefined)
    // "Writes cost 0" says that they cost nothing on top: the tokens are still read, at the prompt's price.
    if (amount !== undefined && !(to === 'cache_write' && amount === '0' && input !== '0')) found[to] = amount
  }
  return found
}

/**
 * A JSON number as the decimal that stood in the feed. Some providers publish what their own floats made of a price
 * (0.7999999999999999): beyond nine decimals, a billionth of a dollar per million tokens, it is rounded to the nearest.
 * Undefined when it is no number or negative.
 */
function decimal(value: Json | undefined): string | undefined {
  if (typeof value !== 'number' || !Number.isFinite(value)) return undefined
  const nano = priceFromUsdPerMillion(toNineDecimals(String(value)))
  return nano === undefined ? undefined : formatUsd(nano)
}

/** Rounds a decimal's text, half up, in integers. */
function toNineDecimals(text: string): string {
  const match = /^(\d+)\.(\d{9})(\d)\d*$/.exec(text)
  if (!match) return text
  const [, whole = '', nine = '', next = ''] = match
  return formatUsd(BigInt(whole + nine) + (next >= '5' ? 1n : 0n))
}
