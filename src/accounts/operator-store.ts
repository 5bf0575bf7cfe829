import type { Rates } from '../catalog/rate-limits.ts'
import type { Nano } from '../core/nano.ts'
import type { AuditEntry, AuditPage } from './audit-entry.ts'
import type { InstanceStore } from './instance.ts'
import type { MarkupStore } from './markups.ts'
import type { Account, AccountOfUser } from './organization.ts'
import type { Change, Listed, Page } from './people-store.ts'
import type { User } from './user.ts'

/** `closed`: it was forgotten; only its books are there. */
export const ACCOUNT_STATES = ['live', 'suspended', 'closed'] as const
export type AccountState = (typeof ACCOUNT_STATES)[number]

/** By what accounts are listed; the greatest and the newest first. */
export const ACCOUNT_SORTS = ['created', 'balance', 'spent', 'name'] as const

/** What holds for one account in place of what the operator says of all; null: nothing of its own. */
export interface AccountOverrides {
  readonly membersMax: number | null
  /** What may pass in a minute of all its keys together. */
  readonly rates: Rates | null
}

/** An account as the operator sees it. */
export interface AccountSummary extends Account, AccountOverrides {
  /** What it was given, and what of it is used. */
  readonly total: Nano
  readonly used: Nano
  readonly members: number
  readonly state: AccountState
  readonly suspendedMs: number | null
  readonly suspendedReason: string | null
}

export interface AccountPage extends Page {
  /** In its name, its id, or the e-mail addresses of its members; whoever asks need not know of patterns. */
  readonly search?: string
  readonly state?: AccountState
  readonly kind?: Account['kind']
  readonly sort?: (typeof ACCOUNT_SORTS)[number]
}

/** A person as the operator sees them. */
export interface PersonSummary extends User {
  readonly isOperator: boolean
  /** How many accounts they are in, their own among them. */
  readonly accounts: number
}

export interface PersonPage extends Page {
  /** In their name or address, or their id. */
  readonly search?: string
  readonly isOperator?: boolean
  readonly isDisabled?: boolean
}

/** What is to be of a person; what is not said stays. */
/** `twoFactor`: takes the second factor of somebody who has lost theirs. Only they themselves set one up. */
export interface PersonChange { readonly disabled?: boolean; readonly operator?: boolean; readonly twoFactor?: false }

/** `last_operator`: nobody would be left who may sign in and run the install. */
export type PersonRefusal = 'no_person' | 'last_operator'

/** A session of a person for an operator. */
export interface NewView {
  readonly sessionId: string
  readonly token: string
  readonly userId: string
  readonly operatorId: string
  /** The session that the operator came from. */
  readonly returnSessionId: string
  readonly address: string
  readonly userAgent: string
  readonly endsMs: number
}

export type ViewRefusal = 'no_person' | 'disabled' | 'is_operator'

/** The session to go back to; nothing where it has ended. */
export interface EndedView { readonly token?: string; readonly endsMs?: number }

/** What the operator's side needs stored; as `PeopleStore`. */
export interface OperatorStore extends MarkupStore, InstanceStore {
  listAccounts(page: AccountPage): Promise<Listed<AccountSummary>>
  accountSummary(id: string): Promise<AccountSummary | undefined>
  /** Its keys are refused everywhere from now on, or taken again. False when there is no such account, or it is closed. */
  setSuspended(accountId: string, suspended: boolean, change: Change): Promise<boolean>
  /** What is left out stays. False as above. */
  setOverrides(accountId: string, overrides: Partial<AccountOverrides>, change: Change): Promise<boolean>
  /** Closes it for ever. False as above. */
  closeAccount(accountId: string, change: Change): Promise<boolean>
  /** Removes a batch of a closed account's records of calls; 0 when there are no more. */
  forgetBatch(accountId: string): Promise<number>
  /** Those who came last first. */
  listPeople(page: PersonPage): Promise<Listed<PersonSummary>>
  person(id: string): Promise<PersonSummary | undefined>
  accountsOf(userId: string): Promise<readonly AccountOfUser[]>
  changePerson(id: string, wish: PersonChange, change: Change): Promise<PersonSummary | PersonRefusal>
  startView(view: NewView, change: Change): Promise<ViewRefusal | undefined>
  /** undefined: this session is no view. */
  endView(sessionId: string, change: Change): Promise<EndedView | undefined>
  /** Writes the end of those whose time is over into the log, for when it was. */
  endOverViews(nowMs: number): Promise<void>
  /** Of every account and of the install itself, newest first. */
  auditOfAll(page: AuditPage & { readonly accountId?: string }): Promise<Listed<AuditEntry>>
}
