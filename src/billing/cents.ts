import type { Nano } from '../core/nano.ts'

/** What a card is charged: whole cents of USD. Far below where a number stops being exact. */
export type Cents = number

const NANO_PER_CENT = 10_000_000n

export function centsToNano(cents: Cents): Nano {
  return BigInt(cents) * NANO_PER_CENT
}

/** The amount in cents; undefined where it is not whole ones. */
export function wholeCents(amount: Nano): Cents | undefined {
  return amount % NANO_PER_CENT === 0n ? Number(amount / NANO_PER_CENT) : undefined
}

/** The cents that are wholly in the amount, which is not negative. */
export function centsIn(amount: Nano): Cents {
  return Number(amount / NANO_PER_CENT)
}

/** As little as covers the amount. */
export function centsCovering(amount: Nano): Cents {
  return Number((amount + NANO_PER_CENT - 1n) / NANO_PER_CENT)
}

/** `$12.30` */
export function sayCents(cents: Cents): string {
  return `${cents < 0 ? '-' : ''}$${Math.floor(Math.abs(cents) / 100)}.${String(Math.abs(cents) % 100).padStart(2, '0')}`
}
