import type { Nano } from '../core/nano.ts'
import type { Generation } from '../ledger/generation.ts'
import type { Credits, Granted, KeyChange, KeyRecord } from './accounts.ts'
import type { Key } from './caller.ts'

/** A page of an account's keys, newest first. */
export interface KeyPage { readonly offset: number; readonly limit: number; readonly includeDisabled: boolean }

export interface Grant {
  readonly accountId: string
  readonly amount: Nano
  readonly reason: string
  /** A grant with a reference that the account has seen already changes nothing. */
  readonly reference: string | null
  readonly nowMs: number
}

/** What accounts need stored. Every method is one transaction; a method that fails throws Fault `unavailable`. */
export interface KeyStore {
  findKey(hash: string): Promise<Key | undefined>
  /** False when a key with this hash was there before, live or not. */
  insertKey(key: Key): Promise<boolean>
  listKeys(accountId: string, page: KeyPage, nowMs: number): Promise<readonly KeyRecord[]>
  keyRecord(accountId: string, hash: string, nowMs: number): Promise<KeyRecord | undefined>
  changeKey(accountId: string, hash: string, change: KeyChange, nowMs: number): Promise<KeyRecord | undefined>
  deleteKey(accountId: string, hash: string, nowMs: number): Promise<boolean>
  /** Makes the account, once ever gives it these credits, and inserts the key if the account never had any: true if so. */
  insertFirstKey(first: { readonly key: Key; readonly grant: Grant }): Promise<boolean>
  /** Makes the key exist, and live again if it was disabled, expired or deleted. */
  keepKey(key: Key): Promise<void>
  credits(accountId: string): Promise<Credits>
  /** undefined when it would take more than nobody has leased. */
  grant(grant: Grant): Promise<Granted | undefined>
  generation(accountId: string, id: string): Promise<Generation | undefined>
}
