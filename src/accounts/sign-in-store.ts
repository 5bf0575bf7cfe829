import type { OwnAccountStore } from './own-account.ts'
import type { Change } from './people-store.ts'
import type { Role } from './roles.ts'
import type { User } from './user.ts'

/** What can be kept of how people sign in, in the words of the sign-in library. */
export const SIGN_IN_MODELS = ['user', 'session', 'account', 'verification', 'twoFactor', 'passkey'] as const
export type SignInModel = (typeof SIGN_IN_MODELS)[number]

export type SignInValue = string | number | boolean | Date | null
/** A row by the names of its fields, as the store knows them; what it does not know is refused. */
export type SignInRow = Readonly<Record<string, SignInValue>>

export const SIGN_IN_OPERATORS = ['eq', 'ne', 'lt', 'lte', 'gt', 'gte', 'in', 'not_in'] as const

/** One condition. Those joined by OR hold when one of them does, and then all of those joined by AND. */
export interface SignInCondition {
  readonly field: string
  readonly operator: (typeof SIGN_IN_OPERATORS)[number]
  readonly value: SignInValue | readonly (string | number)[]
  readonly isOr: boolean
}

export interface SignInQuery {
  readonly model: SignInModel
  readonly where: readonly SignInCondition[]
  readonly limit?: number
  readonly offset?: number
  readonly sortBy?: { readonly field: string; readonly isDescending: boolean }
}

/** How often something may be tried, over all processes. */
export interface AttemptRule { readonly key: string; readonly windowMs: number; readonly max: number }

/** Somebody who is signed in, as the store knows them now. */
export interface LiveSession {
  readonly id: string
  readonly user: User
  readonly isOperator: boolean
  readonly hasTwoFactor: boolean
  readonly accountId: string
  readonly role: Role
  readonly impersonatedBy: string | null
  readonly createdMs: number
  /** When it ends, unless it is used before. */
  readonly expiresMs: number
}

/** Somebody who is signed in, and whose accounts are all suspended: why, as the operator said it of one of them. */
export interface SuspendedSession { readonly suspendedReason: string | null }

/** A session as its owner sees it in a list. */
export interface SessionEntry { readonly id: string; readonly ipAddress: string | null; readonly userAgent: string | null; readonly createdMs: number; readonly expiresMs: number }

/** A link that no letter took along. `sealed` is opened by who has the secret of the sign-in. */
export interface WaitingLink { readonly id: string; readonly email: string; readonly purpose: string; readonly sealed: string; readonly createdMs: number; readonly expiresMs: number }

/** What a secret that was lost takes along: sessions ended; nobody can check the second factors of so many people, who keep them until they are taken. */
export interface RenewedSecret { readonly sessions: number; readonly secondFactors: number }

/** What signing in needs stored. Every method is one transaction; a method that fails throws Fault `unavailable`. */
export interface SignInStore extends OwnAccountStore {
  findSignIn(query: SignInQuery): Promise<readonly SignInRow[]>
  countSignIn(query: Pick<SignInQuery, 'model' | 'where'>): Promise<number>
  /** All or none. A `user` gets an account of their own. False where somebody has the address, or the provider's subject, or the passkey. */
  insertSignIn(rows: readonly { readonly model: SignInModel; readonly row: SignInRow }[], nowMs: number): Promise<boolean>
  /** The first of those that were changed; with their entries in the log of changes. */
  updateSignIn(query: Pick<SignInQuery, 'model' | 'where'>, set: SignInRow, nowMs: number): Promise<{ readonly count: number; readonly first: SignInRow | null }>
  deleteSignIn(query: Pick<SignInQuery, 'model' | 'where'>, nowMs: number): Promise<number>
  /** Removes one, and gives it to whoever came first. */
  takeSignIn(query: Pick<SignInQuery, 'model' | 'where'>): Promise<SignInRow | null>
  /** Changes one that meets the conditions, in one statement. */
  addSignIn(query: Pick<SignInQuery, 'model' | 'where'>, add: Readonly<Record<string, number>>, set: SignInRow): Promise<SignInRow | null>
  /** Counts one try of each, or of none where one is over its limit: how long to wait, in ms. 0: go ahead. */
  countAttempt(rules: readonly AttemptRule[], nowMs: number): Promise<number>
  /** Whether nobody runs this install yet. */
  isFresh(): Promise<boolean>
  isDisabled(userId: string): Promise<boolean>
  /** Whether they have shown that their address is theirs. */
  isVerified(userId: string): Promise<boolean>
  hasOpenInvitation(email: string, nowMs: number): Promise<boolean>
  /** Who is signed in with this token, in an account that they are in. undefined: nobody, or they are disabled. */
  liveSession(token: string, nowMs: number): Promise<LiveSession | SuspendedSession | undefined>
  /** A session that was used ends then. */
  keepSession(sessionId: string, untilMs: number): Promise<void>
  /** False where the person of the session is not in the account. */
  chooseAccount(sessionId: string, accountId: string): Promise<boolean>
  sessionsOf(userId: string, nowMs: number): Promise<readonly SessionEntry[]>
  /** Ends one of a person's sessions; all but `exceptId` where no `id` is said. How many ended. */
  endSessions(userId: string, which: { readonly id: string } | { readonly exceptId: string }): Promise<number>
  keepLink(link: WaitingLink): Promise<void>
  /** Whether the secret of this name is the one of all nodes. It becomes that where there is none yet, or where it is one of `old`. */
  claimSecret(name: string, old: readonly string[]): Promise<boolean>
  /** As `claimSecret`, and takes it where the one of all nodes is lost: what that one signed or sealed for a while goes. undefined: it was theirs. */
  renewSecret(name: string, old: readonly string[], change: Change): Promise<RenewedSecret | undefined>
  /** Newest first, those that still hold. */
  waitingLinks(nowMs: number): Promise<readonly WaitingLink[]>
}
