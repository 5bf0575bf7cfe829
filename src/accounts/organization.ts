import type { Role } from './roles.ts'
import type { User } from './user.ts'

/** Who has credit, keys and workspaces: one person (`personal`), or several together. */
export interface Account {
  readonly id: string
  readonly kind: 'personal' | 'organization'
  readonly name: string
  readonly createdMs: number
  /** Why the operator has suspended it: its keys are refused, and nobody is let in to it. Absent: it is live. */
  readonly suspended?: string
}

/** One person in one account. */
export interface Membership {
  readonly accountId: string
  readonly userId: string
  readonly role: Role
  readonly createdMs: number
}

/** A membership with the person in it. */
export interface Member extends Membership { readonly user: User }

/** A membership with the account in it: what a person may switch between. */
export interface AccountOfUser { readonly account: Account; readonly role: Role }
