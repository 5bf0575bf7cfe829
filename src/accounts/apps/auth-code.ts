import type { App } from '../../core/app.ts'
import type { Nano } from '../../core/nano.ts'
import type { LimitReset } from '../caller.ts'
import type { InsertKey, KeyRefusal } from '../key-store.ts'
import type { Change } from '../people-store.ts'

/** How an app shows that it is the one that asked (RFC 7636). */
export const CHALLENGE_METHODS = ['S256', 'plain'] as const
export type ChallengeMethod = (typeof CHALLENGE_METHODS)[number]
export interface Challenge { readonly method: ChallengeMethod; readonly text: string }

/** The key that an app wants of somebody, and how it is to be told (contract H7, H10). */
export interface KeyWish {
  readonly accountId: string
  readonly workspaceId: string
  /** The person whose key it will be; null: the account's own. */
  readonly userId: string | null
  /** Where they are sent back to; null: the code is shown to them. */
  readonly callbackUrl: string | null
  /** null: nobody knows who asks. */
  readonly app: App | null
  readonly challenge: Challenge | null
  readonly keyName: string
  readonly limit: Nano | null
  readonly limitReset: LimitReset | null
  readonly keyExpiresMs: number | null
}

/** `asked`: somebody looks at the page that asks them · `open`: a code that can be exchanged, once · `used`. */
export type AuthCodeState = 'asked' | 'open' | 'used'

/** A wish as it is kept: by the hash of its token while it is asked, by that of its code from then on. */
export interface AuthCode extends KeyWish {
  readonly state: AuthCodeState
  readonly expiresMs: number
  /** The key that made the code; null: a person allowed it on the page. It must be live when the code is exchanged. */
  readonly byKeyHash: string | null
}

/** `no_code`: there is none, it was used, or is not this person's · `maker_gone`: the person or key that allowed it may do nothing any more. */
export type RedeemRefusal = KeyRefusal | 'no_code' | 'maker_gone'

/** Who allows an app a key, and with which code. */
export interface Allowed { readonly accountId: string; readonly userId: string; readonly codeHash: string; readonly expiresMs: number }

/** What apps and their codes need stored; as `PeopleStore`. */
export interface AppStore {
  /** One that is `open` is written into the log of changes. False when the person has too many pages open. */
  insertAuthCode(hash: string, code: AuthCode, change: Change): Promise<boolean>
  authCode(hash: string): Promise<AuthCode | undefined>
  /** Makes what was asked an open code, once, with its entry in the log. undefined: it was not asked of this person, or too long ago. */
  allowAuthCode(tokenHash: string, allowed: Allowed, change: Change): Promise<AuthCode | undefined>
  /** What was asked, or a code, is of no use any more. False when it was not before. */
  endAuthCode(hash: string): Promise<boolean>
  /** Uses the code up and makes the key, or does neither. */
  redeemAuthCode(hash: string, insert: InsertKey): Promise<RedeemRefusal | undefined>
}
