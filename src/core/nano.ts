/** Money: integer nano-dollars (10⁻⁹ USD). Arithmetic on it lives here, in `catalog/price.ts` and in `ledger/`. */
export type Nano = bigint

/** The most that an account is ever given: a billion dollars. Sums of it stay far from the end of 64 bits, where SQLite goes on with floats. */
export const CREDIT_NANO_MAX: Nano = 10n ** 18n

const NANO_PER_USD = 1_000_000_000n
const DECIMAL = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d{1,3}))?$/i

/**
 * Reads a decimal amount of USD exactly. Refuses (undefined) what is not a decimal number, and what has more than nine
 * decimals that are not zero: an amount is never rounded on its way in.
 */
export function parseUsd(text: string): Nano | undefined {
  const match = DECIMAL.exec(text.trim())
  if (!match) return undefined
  const [, sign, whole = '', fraction = '', exponent = '0'] = match
  const digits = BigInt(whole + fraction)
  const scale = 9 - fraction.length + Number(exponent)
  if (scale > 60) return undefined
  if (scale < 0) {
    const divisor = 10n ** BigInt(-scale)
    return digits % divisor === 0n ? signed(sign, digits / divisor) : undefined
  }
  return signed(sign, digits * 10n ** BigInt(scale))
}

function signed(sign: string | undefined, amount: bigint): Nano {
  return sign === '-' ? -amount : amount
}

/** The amount as a decimal string of USD without trailing zeros: `1234500000n` → `"1.2345"`. */
export function formatUsd(amount: Nano): string {
  const absolute = amount < 0n ? -amount : amount
  const fraction = (absolute % NANO_PER_USD).toString().padStart(9, '0').replace(/0+$/, '')
  const text = `${absolute / NANO_PER_USD}${fraction && `.${fraction}`}`
  return amount < 0n ? `-${text}` : text
}

/**
 * The amount as the JSON number of the contract: the double nearest to it, which is what its decimal reads as. Exact to the
 * nano-dollar below nine million USD.
 */
export function usdNumber(amount: Nano): number {
  // Both are exact doubles, and one division rounds to the nearest: the same number as by way of the decimal, ten times as fast.
  return amount <= MAX_SAFE && amount >= -MAX_SAFE ? Number(amount) / 1e9 : Number(formatUsd(amount))
}

const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER)

/** The amount for a sentence to a person: at least two decimals, `$0.05`, `$0.000125`. */
export function sayUsd(amount: Nano): string {
  const [whole = '0', fraction = ''] = formatUsd(amount).split('.')
  return `${whole.startsWith('-') ? '-$' : '$'}${whole.replace('-', '')}.${fraction.padEnd(2, '0')}`
}

export function maxNano(a: Nano, b: Nano): Nano {
  return a > b ? a : b
}

export function minNano(a: Nano, b: Nano): Nano {
  return a < b ? a : b
}
