import type { Rates } from '../catalog/rate-limits.ts'
import type { Nano } from '../core/nano.ts'

export type LimitReset = 'daily' | 'weekly' | 'monthly'

/** An API key as we keep it. The secret itself is nowhere: `hash` is its lower-case SHA-256 in hex (contract H1). */
export interface Key {
  readonly hash: string
  readonly accountId: string
  readonly name: string
  /** `sk-sw-v1-abc…xyz`: enough to recognise it. */
  readonly label: string
  readonly kind: 'inference' | 'management'
  readonly disabled: boolean
  /** null: no limit of its own. */
  readonly limit: Nano | null
  readonly limitReset: LimitReset | null
  /** What may pass in a minute, where the key says it itself; for the rest the operator's rates of keys hold. */
  readonly rateLimits?: Rates
  readonly includeByokInLimit: boolean
  /** ms since the epoch, null: never. */
  readonly expiresMs: number | null
  readonly createdMs: number
  readonly updatedMs: number | null
}

/** Who calls: resolved from the key that the client shows. */
export interface Caller { readonly key: Key; readonly accountId: string }
