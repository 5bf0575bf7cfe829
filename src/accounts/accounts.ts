import type { Nano } from '../core/nano.ts'
import type { Generation } from '../ledger/generation.ts'
import type { PolicyRules } from '../catalog/policy-rules.ts'
import type { Rates } from '../catalog/rate-limits.ts'
import type { Actor } from './audit-entry.ts'
import type { Caller, Key, LimitReset, RollingLimit, Tags } from './caller.ts'
import type { CreditMove, KeyPage } from './key-store.ts'

/** What a key has spent: since ever, and since the last 00:00 UTC, Monday 00:00 UTC and first of the month. */
export interface KeyUsage { readonly total: Nano; readonly daily: Nano; readonly weekly: Nano; readonly monthly: Nano }

/** A rolling limit, and what is spent of it: what left the window up to a 24th of its length ago counts still. */
export interface RollingStanding extends RollingLimit { readonly used: Nano; readonly remaining: Nano }

/** What a key lets itself use: the part of its policy that is shown and set with the key. */
export type KeyRules = Pick<PolicyRules, 'allowedModels' | 'allowedProviders' | 'maxPrice'>

export interface KeyRecord extends Key {
  readonly usage: KeyUsage
  /** What providers charged for its calls on own keys, by list prices. */
  readonly byokUsage: KeyUsage
  /** What the current window of its limit leaves, null without a limit. */
  readonly limitRemaining: Nano | null
  /** Of each of its rolling limits. */
  readonly rolling: readonly RollingStanding[]
  readonly rules: KeyRules
  /** Right to the minute; null: never. */
  readonly lastUsedMs: number | null
  /** After a rotation: until when the secret before lives. null: there is only one. */
  readonly oldSecretEndsMs: number | null
}

/** What goes beyond the contract, as it can be said when a key is made or changed; null takes it back. */
export interface KeyExtras {
  readonly ipRanges?: readonly string[] | null
  readonly tags?: Tags | null
  /** Customers whose wallets it may charge; true: any. */
  readonly customers?: true | readonly string[] | null
  readonly rateLimits?: Rates | null
  readonly rollingLimits?: readonly RollingLimit[] | null
  readonly rules?: { readonly [K in keyof KeyRules]?: KeyRules[K] | null }
}

export interface NewKey extends KeyExtras {
  readonly accountId: string
  /** The wallet whose customer it is for: for good. */
  readonly wallet?: string
  readonly name: string
  readonly kind?: 'inference' | 'management'
  readonly limit?: Nano | null
  readonly limitReset?: LimitReset | null
  readonly includeByokInLimit?: boolean
  readonly expiresMs?: number | null
  /** The account's default workspace when not said. */
  readonly workspaceId?: string
  readonly creatorUserId?: string | null
  /** The app that it is made for. */
  readonly appId?: number
  /** A secret to use instead of making one (`SWITCHYARD_KEY`). At least 16 characters. */
  readonly secret?: string
}

export interface KeyChange extends KeyExtras {
  readonly name?: string
  readonly disabled?: boolean
  readonly limit?: Nano | null
  readonly limitReset?: LimitReset | null
  readonly includeByokInLimit?: boolean
  readonly expiresMs?: number | null
}

/** A secret, to be shown this once, and the key that it is of. */
export interface NewSecret { readonly secret: string; readonly key: KeyRecord }

export interface Credits { readonly total: Nano; readonly used: Nano }

/** `isRepeated`: the account has seen this reference before, and nothing was changed. */
export interface Granted extends Credits { readonly isRepeated?: true }

/**
 * People's side of the store. All but `find` may wait for the store; a call never does. What it shows includes every
 * generation that a client of this process has seen the end of (it flushes the journal first).
 */
export interface Accounts {
  /** The caller behind a secret; undefined when no live key has it. A promise only for a key not seen lately. Throws Fault `unavailable` when the store is away. */
  find(secret: string): Caller | undefined | Promise<Caller | undefined>
  createKey(key: NewKey, by: Actor): Promise<NewSecret>
  /** Newest first. */
  listKeys(accountId: string, page: KeyPage): Promise<readonly KeyRecord[]>
  /** By its hash, which stays the same when its secret is rotated. */
  key(accountId: string, hash: string): Promise<KeyRecord | undefined>
  changeKey(accountId: string, hash: string, change: KeyChange, by: Actor): Promise<KeyRecord | undefined>
  /** Gives the key a new secret. The one before lives on for `overlapMs`, any older one ends now. */
  rotateKey(accountId: string, hash: string, overlapMs: number, by: Actor): Promise<NewSecret | undefined>
  /** False when there is no such key. Its generations and entries stay. */
  deleteKey(accountId: string, hash: string, by: Actor): Promise<boolean>
  credits(accountId: string): Promise<Credits>
  /** Adds credit (or takes it, when negative, never below zero: Fault `conflict`). An entry with its reason; `reference` makes it idempotent. */
  grant(accountId: string, amount: Nano, reason: string, reference?: string, by?: Actor): Promise<Granted>
  /** From a person's own account to an organization that they are in (contract H20). Throws Fault `not_found`, `permission_denied` or `conflict`. */
  moveCredit(move: Omit<CreditMove, 'nowMs'>): Promise<Granted>
  generation(accountId: string, id: string): Promise<Generation | undefined>
}

/** The account that a fresh install starts with. */
export const DEFAULT_ACCOUNT = 'default'
