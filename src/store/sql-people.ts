import type { AuditEntry, AuditPage } from '../accounts/audit-entry.ts'
import type { Invitation } from '../accounts/invitation.ts'
import type { Account, AccountOfUser, Member, Membership } from '../accounts/organization.ts'
import type { Budgets, Change, InvitationRefusal, Listed, MemberRefusal, Page, PeopleStore, SetBudget, WorkspaceMemberRefusal, WorkspaceRefusal, WorkspaceStore } from '../accounts/people-store.ts'
import type { Role } from '../accounts/roles.ts'
import type { User } from '../accounts/user.ts'
import type { Budget, BudgetInterval, Workspace, WorkspaceChange, WorkspaceMember } from '../accounts/workspace.ts'
import { listAudit } from './audit-rows.ts'
import { deleteBudget, readBudgets, setBudget } from './budget-rows.ts'
import { acceptInvitation, accountsOf, changeRole, findAccount, findInvitation, findMember, findUser, insertInvitation, insertMember, insertUser, listInvitations, listMembers, openAccount, removeMember, revokeInvitation, setUserDisabled } from './people-rows.ts'
import { isFull } from './member-limit.ts'
import type { Database } from './sql.ts'
import { addWorkspaceMembers, changeWorkspace, deleteWorkspace, findWorkspace, insertWorkspace, isWorkspaceMember, listWorkspaceMembers, listWorkspaces, removeWorkspaceMembers } from './workspace-rows.ts'

/** What the ports of people and workspaces say is stored, in a database: each method is one transaction. */
export class SqlPeople implements PeopleStore, WorkspaceStore {
  constructor(private readonly database: Database) {}

  user(id: string): Promise<User | undefined> {
    return this.database.read((sql) => findUser(sql, 'id', id))
  }

  userByEmail(email: string): Promise<User | undefined> {
    return this.database.read((sql) => findUser(sql, 'email', email))
  }

  account(id: string): Promise<Account | undefined> {
    return this.database.read((sql) => findAccount(sql, id))
  }

  accountsOf(userId: string): Promise<readonly AccountOfUser[]> {
    return this.database.read((sql) => accountsOf(sql, userId))
  }

  member(accountId: string, userId: string): Promise<Member | undefined> {
    return this.database.read((sql) => findMember(sql, accountId, userId))
  }

  listMembers(accountId: string, page: Page): Promise<Listed<Member>> {
    return this.database.read((sql) => listMembers(sql, accountId, page))
  }

  listInvitations(accountId: string, page: Page): Promise<Listed<Invitation>> {
    return this.database.read((sql) => listInvitations(sql, accountId, page))
  }

  invitation(tokenHash: string): Promise<Invitation | undefined> {
    return this.database.read((sql) => findInvitation(sql, tokenHash))
  }

  audit(accountId: string, page: AuditPage): Promise<Listed<AuditEntry>> {
    return this.database.read((sql) => listAudit(sql, accountId, page))
  }

  workspace(accountId: string, idOrSlug: string): Promise<Workspace | undefined> {
    return this.database.read((sql) => findWorkspace(sql, accountId, idOrSlug))
  }

  listWorkspaces(accountId: string, page: Page & { readonly memberId?: string }): Promise<Listed<Workspace>> {
    return this.database.read((sql) => listWorkspaces(sql, accountId, page))
  }

  listWorkspaceMembers(accountId: string, workspaceId: string, page: Page): Promise<Listed<WorkspaceMember>> {
    return this.database.read((sql) => listWorkspaceMembers(sql, accountId, workspaceId, page))
  }

  isWorkspaceMember(accountId: string, workspaceId: string, userId: string): Promise<boolean> {
    return this.database.read((sql) => isWorkspaceMember(sql, accountId, workspaceId, userId))
  }

  budgets(accountId: string, workspaceId: string): Promise<Budgets> {
    return this.database.read((sql) => readBudgets(sql, accountId, workspaceId))
  }

  insertUser(user: User, account: Account, change: Change): Promise<boolean> {
    return this.database.write((sql) => insertUser(sql, user, account, change))
  }

  setUserDisabled(id: string, disabled: boolean, change: Change): Promise<boolean> {
    return this.database.write((sql) => setUserDisabled(sql, id, disabled, change))
  }

  insertAccount(account: Account, ownerId: string, change: Change): Promise<void> {
    return this.database.write((sql) => openAccount(sql, account, ownerId, change))
  }

  insertMember(membership: Membership, change: Change): Promise<boolean | 'full'> {
    return this.database.write(async (sql) => await isFull(sql, membership.accountId, membership.userId) ? 'full' : insertMember(sql, membership, change))
  }

  changeRole(accountId: string, userId: string, role: Role, change: Change): Promise<Member | MemberRefusal> {
    return this.database.write((sql) => changeRole(sql, accountId, userId, role, change))
  }

  removeMember(accountId: string, userId: string, change: Change): Promise<MemberRefusal | undefined> {
    return this.database.write((sql) => removeMember(sql, accountId, userId, change))
  }

  insertInvitation(invitation: Invitation, tokenHash: string, change: Change): Promise<void> {
    return this.database.write((sql) => insertInvitation(sql, invitation, tokenHash, change))
  }

  revokeInvitation(accountId: string, id: string, change: Change): Promise<Invitation | InvitationRefusal> {
    return this.database.write((sql) => revokeInvitation(sql, accountId, id, change))
  }

  acceptInvitation(tokenHash: string, userId: string, change: Change): Promise<Member | InvitationRefusal> {
    return this.database.write((sql) => acceptInvitation(sql, tokenHash, userId, change))
  }

  insertWorkspace(workspace: Workspace, change: Change): Promise<WorkspaceRefusal | undefined> {
    return this.database.write((sql) => insertWorkspace(sql, workspace, change))
  }

  changeWorkspace(accountId: string, id: string, wish: WorkspaceChange, change: Change): Promise<Workspace | WorkspaceRefusal> {
    return this.database.write((sql) => changeWorkspace(sql, accountId, id, wish, change))
  }

  deleteWorkspace(accountId: string, id: string, change: Change): Promise<WorkspaceRefusal | undefined> {
    return this.database.write((sql) => deleteWorkspace(sql, accountId, id, change))
  }

  addWorkspaceMembers(accountId: string, workspaceId: string, members: readonly { readonly id: string; readonly userId: string }[], change: Change): Promise<readonly WorkspaceMember[] | WorkspaceMemberRefusal> {
    return this.database.write((sql) => addWorkspaceMembers(sql, accountId, workspaceId, members, change))
  }

  removeWorkspaceMembers(accountId: string, workspaceId: string, userIds: readonly string[], change: Change): Promise<number | WorkspaceMemberRefusal> {
    return this.database.write((sql) => removeWorkspaceMembers(sql, accountId, workspaceId, userIds, change))
  }

  setBudget(wish: SetBudget, change: Change): Promise<Budget | readonly [BudgetInterval, BudgetInterval]> {
    return this.database.write((sql) => setBudget(sql, wish, change))
  }

  deleteBudget(accountId: string, workspaceId: string, interval: BudgetInterval, change: Change): Promise<void> {
    return this.database.write((sql) => deleteBudget(sql, accountId, workspaceId, interval, change))
  }
}
