import type { End } from '../ledger/line.ts'

/** What calls are told apart by in every sum. */
export const PLACE = ['key_hash', 'model', 'provider', 'endpoint_id'] as const

/** A call that counts in sums: copies for a mirror were nobody's. */
export function isSummed({ generation }: End): boolean {
  return generation.mirrorOf === undefined
}
