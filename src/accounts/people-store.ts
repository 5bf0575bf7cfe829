import type { Nano } from '../core/nano.ts'
import type { Actor, AuditEntry, AuditPage } from './audit-entry.ts'
import type { Invitation } from './invitation.ts'
import type { Account, AccountOfUser, Member, Membership } from './organization.ts'
import type { Role } from './roles.ts'
import type { User } from './user.ts'
import type { Budget, BudgetInterval, Workspace, WorkspaceChange, WorkspaceMember } from './workspace.ts'

export interface Page { readonly offset: number; readonly limit: number }
export interface Listed<T> { readonly rows: readonly T[]; readonly total: number }

/** Who changes something, and when: what every change is told, for the log that it is written into with the change. */
export interface Change {
  readonly by: Actor
  readonly nowMs: number
  /** Why, where it is said. */
  readonly reason?: string
}

/** `last_admin`: nobody would be left who may let others in. `kept_by_directory`: only the directory can take them out. */
export type MemberRefusal = 'no_member' | 'last_admin' | 'kept_by_directory'
/** `full`: the organization has as many members as it may have (contract H20). */
export type InvitationRefusal = 'no_invitation' | 'not_open' | 'other_person' | 'full'
export type WorkspaceRefusal = 'no_workspace' | 'slug_taken' | 'has_keys'
export type WorkspaceMemberRefusal = { readonly code: 'no_workspace' } | { readonly code: 'no_member' | 'has_keys' | 'kept_by_directory'; readonly userIds: readonly string[] }

export interface Budgets { readonly rows: readonly Budget[]; readonly includeByok: boolean }

/** What people and organisations need stored. Every method is one transaction, its entry in the log of changes too; a method that fails throws Fault `unavailable`. */
export interface PeopleStore {
  user(id: string): Promise<User | undefined>
  userByEmail(email: string): Promise<User | undefined>
  /** With an account of their own. False when somebody has the address. */
  insertUser(user: User, account: Account, change: Change): Promise<boolean>
  /** Written into the log of each of their accounts. False when there is no such person. */
  setUserDisabled(id: string, disabled: boolean, change: Change): Promise<boolean>
  account(id: string): Promise<Account | undefined>
  /** With its default workspace, and its first admin. */
  insertAccount(account: Account, ownerId: string, change: Change): Promise<void>
  accountsOf(userId: string): Promise<readonly AccountOfUser[]>

  member(accountId: string, userId: string): Promise<Member | undefined>
  /** Those who came first, first. */
  listMembers(accountId: string, page: Page): Promise<Listed<Member>>
  /** False when they are one already. `full`: the organization has as many as it may have (contract H20). */
  insertMember(membership: Membership, change: Change): Promise<boolean | 'full'>
  changeRole(accountId: string, userId: string, role: Role, change: Change): Promise<Member | MemberRefusal>
  /** They leave the account's workspaces too, and their keys are disabled. */
  removeMember(accountId: string, userId: string, change: Change): Promise<MemberRefusal | undefined>

  insertInvitation(invitation: Invitation, tokenHash: string, change: Change): Promise<void>
  /** Newest first. */
  listInvitations(accountId: string, page: Page): Promise<Listed<Invitation>>
  /** By the hash of its token. */
  invitation(tokenHash: string): Promise<Invitation | undefined>
  revokeInvitation(accountId: string, id: string, change: Change): Promise<Invitation | InvitationRefusal>
  /** The person of its address becomes a member. Once. */
  acceptInvitation(tokenHash: string, userId: string, change: Change): Promise<Member | InvitationRefusal>

  /** Newest first. */
  audit(accountId: string, page: AuditPage): Promise<Listed<AuditEntry>>
}

/** What workspaces need stored; as `PeopleStore`. */
export interface WorkspaceStore {
  /** By its id or its slug. */
  workspace(accountId: string, idOrSlug: string): Promise<Workspace | undefined>
  /** The default one first, then the oldest. `memberId`: only those that this person is in. */
  listWorkspaces(accountId: string, page: Page & { readonly memberId?: string }): Promise<Listed<Workspace>>
  insertWorkspace(workspace: Workspace, change: Change): Promise<WorkspaceRefusal | undefined>
  changeWorkspace(accountId: string, id: string, wish: WorkspaceChange, change: Change): Promise<Workspace | WorkspaceRefusal>
  /** Its budgets, members and guardrails go with it, and what keys it still has, which are all dead. */
  deleteWorkspace(accountId: string, id: string, change: Change): Promise<WorkspaceRefusal | undefined>
  listWorkspaceMembers(accountId: string, workspaceId: string, page: Page): Promise<Listed<WorkspaceMember>>
  isWorkspaceMember(accountId: string, workspaceId: string, userId: string): Promise<boolean>
  /** All or none. Those who were in it already stay, and are not given. */
  addWorkspaceMembers(accountId: string, workspaceId: string, members: readonly { readonly id: string; readonly userId: string }[], change: Change): Promise<readonly WorkspaceMember[] | WorkspaceMemberRefusal>
  /** All or none. How many there were. */
  removeWorkspaceMembers(accountId: string, workspaceId: string, userIds: readonly string[], change: Change): Promise<number | WorkspaceMemberRefusal>
  budgets(accountId: string, workspaceId: string): Promise<Budgets>
  /** Gives the two intervals that conflict where they would. */
  setBudget(wish: SetBudget, change: Change): Promise<Budget | readonly [BudgetInterval, BudgetInterval]>
  deleteBudget(accountId: string, workspaceId: string, interval: BudgetInterval, change: Change): Promise<void>
}

export interface SetBudget {
  readonly accountId: string
  readonly workspaceId: string
  readonly interval: BudgetInterval
  readonly cap: Nano
  /** For the budget, where it is new. */
  readonly id: string
  /** undefined: as it was. */
  readonly includeByok: boolean | undefined
}
