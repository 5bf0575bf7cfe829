import type { Nano } from '../core/nano.ts'
import type { Generation } from '../ledger/generation.ts'
import type { Caller, Key, LimitReset } from './caller.ts'

/** What a key has spent: since ever, and since the last 00:00 UTC, Monday 00:00 UTC and first of the month. */
export interface KeyUsage { readonly total: Nano; readonly daily: Nano; readonly weekly: Nano; readonly monthly: Nano }

export interface KeyRecord extends Key {
  readonly usage: KeyUsage
  /** What the current window of its limit leaves, null without a limit. */
  readonly limitRemaining: Nano | null
}

export interface NewKey {
  readonly accountId: string
  readonly name: string
  readonly kind?: 'inference' | 'management'
  readonly limit?: Nano | null
  readonly limitReset?: LimitReset | null
  readonly includeByokInLimit?: boolean
  readonly expiresMs?: number | null
  /** A secret to use instead of making one (`SWITCHYARD_KEY`). At least 16 characters. */
  readonly secret?: string
}

export interface KeyChange {
  readonly name?: string
  readonly disabled?: boolean
  readonly limit?: Nano | null
  readonly limitReset?: LimitReset | null
  readonly includeByokInLimit?: boolean
  readonly expiresMs?: number | null
}

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
  createKey(key: NewKey): Promise<{ readonly secret: string; readonly key: KeyRecord }>
  /** Newest first. */
  listKeys(accountId: string, page: { readonly offset: number; readonly limit: number; readonly includeDisabled: boolean }): Promise<readonly KeyRecord[]>
  key(accountId: string, hash: string): Promise<KeyRecord | undefined>
  changeKey(accountId: string, hash: string, change: KeyChange): Promise<KeyRecord | undefined>
  /** False when there is no such key. Its generations and entries stay. */
  deleteKey(accountId: string, hash: string): Promise<boolean>
  credits(accountId: string): Promise<Credits>
  /** Adds credit (or takes it, when negative, never below zero: Fault `conflict`). An entry with its reason; `reference` makes it idempotent. */
  grant(accountId: string, amount: Nano, reason: string, reference?: string): Promise<Granted>
  generation(accountId: string, id: string): Promise<Generation | undefined>
}

/** The account that a fresh install starts with. */
export const DEFAULT_ACCOUNT = 'default'
