import { Fault } from '../core/fault.ts'
import type { Nano } from '../core/nano.ts'
import type { Clock } from '../lib/clock.ts'
import { nameId, rowId } from '../lib/id.ts'
import type { Actor } from './audit-entry.ts'
import type { Budgets, Change, Listed, Page, PeopleStore, WorkspaceMemberRefusal, WorkspaceRefusal, WorkspaceStore } from './people-store.ts'
import { defaultWorkspaceId, WORKSPACE_NAME_CHARS_MAX, WORKSPACE_SETTINGS, WORKSPACE_SLUG, WORKSPACE_SLUG_CHARS_MAX, type Budget, type BudgetInterval, type NewWorkspace, type Workspace, type WorkspaceChange, type WorkspaceMember } from './workspace.ts'

const DESCRIPTION_CHARS_MAX = 500
/** USD. Nano-dollars of it, and sums of them, fit 64 bits. */
const CAP_MAX: Nano = 1_000_000_000n * 1_000_000_000n

export interface WorkspacesOptions {
  readonly store: WorkspaceStore & Pick<PeopleStore, 'listMembers'>
  readonly clock: Clock
}

/** Workspaces, who is in them, and what they may cost. */
export class Workspaces {
  private readonly store: WorkspacesOptions['store']

  constructor(private readonly options: WorkspacesOptions) {
    this.store = options.store
  }

  /** By id or slug. Throws Fault `not_found`. `memberId`: for this person, who sees only those that they are in. */
  async get(accountId: string, idOrSlug: string, memberId?: string): Promise<Workspace> {
    const workspace = await this.store.workspace(accountId, idOrSlug)
    if (!workspace || (memberId !== undefined && !await this.store.isWorkspaceMember(accountId, workspace.id, memberId))) throw missing()
    return workspace
  }

  /** By id or slug; undefined where there is none. */
  find(accountId: string, idOrSlug: string): Promise<Workspace | undefined> {
    return this.store.workspace(accountId, idOrSlug)
  }

  list(accountId: string, page: Page & { readonly memberId?: string }): Promise<Listed<Workspace>> {
    return this.store.listWorkspaces(accountId, page)
  }

  async create(wish: NewWorkspace, by: Actor): Promise<Workspace> {
    check(wish)
    const nowMs = this.options.clock.wallMs()
    const workspace: Workspace = {
      id: rowId(), accountId: wish.accountId, slug: wish.slug, name: wish.name.trim(), description: wish.description ?? null, settings: { ...WORKSPACE_SETTINGS, ...wish.settings },
      includeByokInBudgets: false, createdBy: by.userId, createdMs: nowMs, updatedMs: null,
    }
    const refusal = await this.store.insertWorkspace(workspace, { by, nowMs })
    if (refusal) throw refused(refusal)
    return workspace
  }

  async change(accountId: string, id: string, wish: WorkspaceChange, by: Actor): Promise<Workspace> {
    check(wish)
    const changed = await this.store.changeWorkspace(accountId, id, { ...wish, ...(wish.name !== undefined && { name: wish.name.trim() }) }, this.by(by))
    if (typeof changed === 'string') throw refused(changed)
    return changed
  }

  async delete(accountId: string, id: string, by: Actor): Promise<void> {
    if (id === defaultWorkspaceId(accountId)) throw new Fault('permission_denied', 'The default workspace cannot be deleted.')
    const refusal = await this.store.deleteWorkspace(accountId, id, this.by(by))
    if (refusal) throw refused(refusal)
  }

  /** Everybody of the account, for its default workspace. */
  async listMembers(accountId: string, workspace: Workspace, page: Page): Promise<Listed<WorkspaceMember>> {
    if (!isDefault(workspace)) return await this.store.listWorkspaceMembers(accountId, workspace.id, page)
    const { rows, total } = await this.store.listMembers(accountId, page)
    // They have no row of their own: an id that follows from who they are is the same at every look.
    return { rows: rows.map(({ userId, role, createdMs }) => ({ id: nameId(`switchyard member ${workspace.id} ${userId}`), workspaceId: workspace.id, userId, role, createdMs })), total }
  }

  async addMembers(accountId: string, workspace: Workspace, userIds: readonly string[], by: Actor): Promise<readonly WorkspaceMember[]> {
    if (isDefault(workspace)) throw everybody()
    const added = await this.store.addWorkspaceMembers(accountId, workspace.id, [...new Set(userIds)].map((userId) => ({ id: rowId(), userId })), this.by(by))
    if ('code' in added) throw membersRefused(added)
    return added
  }

  async removeMembers(accountId: string, workspace: Workspace, userIds: readonly string[], by: Actor): Promise<number> {
    if (isDefault(workspace)) throw everybody()
    const removed = await this.store.removeWorkspaceMembers(accountId, workspace.id, [...new Set(userIds)], this.by(by))
    if (typeof removed === 'object') throw membersRefused(removed)
    return removed
  }

  budgets(accountId: string, workspaceId: string): Promise<Budgets> {
    return this.store.budgets(accountId, workspaceId)
  }

  async setBudget(wish: { readonly accountId: string; readonly workspaceId: string; readonly interval: BudgetInterval; readonly cap: Nano; readonly includeByok?: boolean | undefined }, by: Actor): Promise<Budget> {
    if (wish.cap <= 0n || wish.cap > CAP_MAX) throw new Fault('invalid_request', '`limit_usd` must be more than 0, and 1000000000 at most.', { metadata: { field: 'limit_usd' } })
    const { includeByok, ...rest } = wish
    const set = await this.store.setBudget({ ...rest, id: rowId(), includeByok }, this.by(by))
    if (!('cap' in set)) {
      const [broader, narrower] = set
      throw new Fault('invalid_request', `Budgets must decrease strictly (lifetime > monthly > weekly > daily): the ${narrower} budget would not be less than the ${broader} one.`, { metadata: { field: 'limit_usd' } })
    }
    return set
  }

  deleteBudget(accountId: string, workspaceId: string, interval: BudgetInterval, by: Actor): Promise<void> {
    return this.store.deleteBudget(accountId, workspaceId, interval, this.by(by))
  }

  private by(by: Actor): Change {
    return { by, nowMs: this.options.clock.wallMs() }
  }
}

function check({ name, slug, description }: WorkspaceChange): void {
  if (name !== undefined && (name.trim() === '' || name.length > WORKSPACE_NAME_CHARS_MAX)) throw wrong('name', `a text of 1 to ${WORKSPACE_NAME_CHARS_MAX} characters`)
  if (slug !== undefined && (slug.length > WORKSPACE_SLUG_CHARS_MAX || !WORKSPACE_SLUG.test(slug))) throw wrong('slug', `1 to ${WORKSPACE_SLUG_CHARS_MAX} lower-case letters and digits, with single hyphens between them`)
  if (slug !== undefined && UUID.test(slug)) throw wrong('slug', 'a word that is no UUID: workspaces are addressed by either')
  if (description !== undefined && description !== null && description.length > DESCRIPTION_CHARS_MAX) throw wrong('description', `a text of at most ${DESCRIPTION_CHARS_MAX} characters, or null`)
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

function isDefault({ id, accountId }: Workspace): boolean {
  return id === defaultWorkspaceId(accountId)
}

function wrong(field: string, what: string): Fault {
  return new Fault('invalid_request', `The field \`${field}\` must be ${what}.`, { metadata: { field } })
}

function missing(): Fault {
  return new Fault('not_found', 'There is no such workspace. GET /api/v1/workspaces lists them.')
}

function refused(refusal: WorkspaceRefusal): Fault {
  if (refusal === 'no_workspace') return missing()
  if (refusal === 'has_keys') return new Fault('invalid_request', 'The workspace has active API keys: delete or disable them first.')
  return wrong('slug', 'one that no other workspace of the account has')
}

function everybody(): Fault {
  return new Fault('invalid_request', 'Every member of the account is in its default workspace: there is nobody to add or remove.')
}

function membersRefused(refusal: WorkspaceMemberRefusal): Fault {
  if (refusal.code === 'no_workspace') return missing()
  const who = refusal.userIds.map((id) => id.slice(0, 60)).join(', ')
  if (refusal.code === 'no_member') return new Fault('not_found', `No member of the organization: ${who}. GET /api/v1/organization/members lists them.`, { metadata: { field: 'user_ids' } })
  if (refusal.code === 'kept_by_directory') return new Fault('invalid_request', `In this workspace by a group of the organization's directory: ${who}. Take them out of that group, or delete its mapping.`, { metadata: { field: 'user_ids' } })
  return new Fault('invalid_request', `With active API keys in this workspace nobody can be removed from it: ${who}. Delete or disable their keys first.`, { metadata: { field: 'user_ids' } })
}
