import type { Nano } from '../core/nano.ts'
import type { Generation } from '../ledger/generation.ts'
import type { Credits, Granted, KeyChange, KeyRecord, KeyRules } from './accounts.ts'
import type { Actor } from './audit-entry.ts'
import type { Caller, Key } from './caller.ts'

/** A page of an account's keys, newest first. */
export interface KeyPage {
  readonly offset: number
  readonly limit: number
  readonly includeDisabled: boolean
  readonly workspaceId?: string
  /** Only keys of this member. */
  readonly creatorUserId?: string
}

/** Who shows a secret, and until when it lives: null for ever, or until the key is changed. */
export interface FoundKey { readonly caller: Caller; readonly endsMs: number | null }

/** A key that is new, with what is kept beside it. */
export interface InsertKey { readonly key: Key; readonly rules: KeyRules; readonly by: Actor }

/** `hash_taken`: a key with this secret is there, or was · `no_account`: it is closed · `no_workspace`, `no_member`: it names what the account has not. */
export type KeyRefusal = 'hash_taken' | 'no_account' | 'no_workspace' | 'no_member' | 'no_wallet'

/** What a rotation changes: the new secret's hash, and until when the secret before it lives. */
export interface Rotation { readonly secretHash: string; readonly label: string; readonly oldEndsMs: number; readonly by: Actor; readonly nowMs: number }

export interface KeyUse { readonly accountId: string; readonly hash: string; readonly atMs: number }

export interface Grant {
  readonly accountId: string
  readonly amount: Nano
  readonly reason: string
  /** A grant with a reference that the account has seen already changes nothing. */
  readonly reference: string | null
  readonly nowMs: number
  /** The program itself where nobody is said. */
  readonly by?: Actor
}

/** Credit that somebody moves from their own account to an organization of theirs. The same reference moves it once. */
export interface CreditMove { readonly userId: string; readonly toAccountId: string; readonly amount: Nano; readonly reference: string; readonly by: Actor; readonly nowMs: number }

/** `tenure`: they are not in it for long enough · `cooldown`: they moved some lately; both until `openMs` · `too_much`: the organization may not have that much · `no_credit`: their account has not so much that nobody leased. */
export type MoveRefusal = { readonly code: 'no_account' | 'too_much' } | { readonly code: 'tenure' | 'cooldown'; readonly openMs: number } | { readonly code: 'no_credit'; readonly fromAccountId: string }

/** What accounts need stored. Every method is one transaction; a method that fails throws Fault `unavailable`. */
export interface KeyStore {
  /** By the hash of a secret. A key whose member may not sign in any more is not found. */
  findKey(secretHash: string): Promise<FoundKey | undefined>
  /** undefined: it is there now. */
  insertKey(insert: InsertKey): Promise<KeyRefusal | undefined>
  listKeys(accountId: string, page: KeyPage, nowMs: number): Promise<readonly KeyRecord[]>
  keyRecord(accountId: string, hash: string, nowMs: number): Promise<KeyRecord | undefined>
  changeKey(accountId: string, hash: string, change: KeyChange, by: Actor, nowMs: number): Promise<KeyRecord | undefined>
  rotateKey(accountId: string, hash: string, rotation: Rotation): Promise<KeyRecord | undefined>
  deleteKey(accountId: string, hash: string, by: Actor, nowMs: number): Promise<boolean>
  /** Notes when keys were used last. What is known to be later stays. */
  noteUses(uses: readonly KeyUse[]): Promise<void>
  /** Makes the account, once ever gives it these credits, and inserts the key if the account never had any: true if so. Nothing of it where the account is closed. */
  insertFirstKey(first: { readonly insert: InsertKey; readonly grant: Grant }): Promise<boolean | 'closed'>
  /** Makes the key exist, and live again if it was disabled, expired or deleted. */
  keepKey(insert: InsertKey): Promise<void>
  credits(accountId: string): Promise<Credits>
  /** undefined when it would take more than nobody has leased; `closed`: the account is, for ever. */
  grant(grant: Grant): Promise<Granted | 'closed' | undefined>
  /** What the person's own account has then. */
  moveCredit(move: CreditMove): Promise<Granted | MoveRefusal>
  generation(accountId: string, id: string): Promise<Generation | undefined>
}
