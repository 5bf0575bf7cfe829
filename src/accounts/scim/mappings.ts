import { Fault } from '../../core/fault.ts'
import type { Clock } from '../../lib/clock.ts'
import { rowId } from '../../lib/id.ts'
import type { Actor } from '../audit-entry.ts'
import type { Change, Listed, Page } from '../people-store.ts'
import type { Role } from '../roles.ts'
import type { Directory } from './directory.ts'
import type { Entry, Group, Mapping, MappingChanged, ScimStore } from './scim-store.ts'

/** What groups of a directory may do in workspaces (contract H22), for admins. */
export class GroupMappings {
  constructor(private readonly store: ScimStore, private readonly directory: Directory, private readonly clock: Clock) {}

  async list(accountId: string, page: Page): Promise<Listed<Mapping>> {
    await this.checkDirectory(accountId)
    return await this.store.listMappings(accountId, page)
  }

  async groups(accountId: string, page: Page): Promise<Listed<Group>> {
    await this.checkDirectory(accountId)
    return await this.store.listGroups(accountId, { withMembers: false }, page)
  }

  async users(accountId: string, page: Page): Promise<Listed<Entry>> {
    await this.checkDirectory(accountId)
    return await this.store.listEntries(accountId, { withGroups: true }, page)
  }

  async get(accountId: string, id: string): Promise<Mapping> {
    const mapping = await this.store.mapping(accountId, id)
    if (!mapping) throw missing()
    return mapping
  }

  /** Throws Fault `not_found` for a group or workspace of somebody else, `conflict` where the two have a mapping already. */
  async create({ accountId, groupId, workspaceId, role }: Pick<Mapping, 'accountId' | 'groupId' | 'workspaceId' | 'role'>, by: Actor): Promise<Mapping> {
    const nowMs = this.clock.wallMs()
    const created = await this.store.insertMapping({ id: rowId(), accountId, groupId, workspaceId, role, createdMs: nowMs, updatedMs: nowMs }, { by, nowMs })
    if (created === 'no_group') throw new Fault('not_found', 'There is no such group. GET /api/v1/scim/groups lists them.', { metadata: { field: 'scim_group_id' } })
    if (created === 'no_workspace') throw new Fault('not_found', 'There is no such workspace. GET /api/v1/workspaces lists them.', { metadata: { field: 'workspace_id' } })
    if (created === 'pair_taken') throw new Fault('conflict', 'This group has a mapping to this workspace already: change its role.')
    return await this.settled(created, by)
  }

  async changeRole(accountId: string, id: string, role: Role, by: Actor): Promise<Mapping> {
    const changed = await this.store.changeMapping(accountId, id, role, this.change(by))
    if (!changed) throw missing()
    return await this.settled(changed, by)
  }

  /** `keepMembers`: whoever is in the workspace by it stays, as if added by hand. */
  async delete(accountId: string, id: string, keepMembers: boolean, by: Actor): Promise<void> {
    const unsettled = await this.store.deleteMapping(accountId, id, keepMembers, this.change(by))
    if (!unsettled) throw missing()
    await this.directory.settle({ accountId, actor: by }, unsettled)
  }

  /** Makes everything what the directory and the mappings say; takes in those whose domain was proven since. What changed. */
  async refresh(accountId: string, by: Actor): Promise<{ readonly takenIn: number; readonly changed: number }> {
    await this.checkDirectory(accountId)
    const takenIn = await this.store.takeIn(accountId, this.change(by))
    return { takenIn, changed: await this.directory.settle({ accountId, actor: by }, await this.store.directoryMembers(accountId)) }
  }

  /** The role that mappings give a person in a workspace. */
  roleIn(accountId: string, workspaceId: string, userId: string): Promise<Role | undefined> {
    return this.store.mappedRole(accountId, workspaceId, userId)
  }

  private async checkDirectory(accountId: string): Promise<void> {
    if (!await this.store.hasDirectory(accountId)) throw new Fault('not_found', 'This account has no directory: POST /api/v1/scim/tokens makes a token for one.')
  }

  private async settled({ mapping, unsettled }: MappingChanged, by: Actor): Promise<Mapping> {
    await this.directory.settle({ accountId: mapping.accountId, actor: by }, unsettled)
    return mapping
  }

  private change(by: Actor): Change {
    return { by, nowMs: this.clock.wallMs() }
  }
}

function missing(): Fault {
  return new Fault('not_found', 'There is no such mapping. GET /api/v1/scim/group-mappings lists them.')
}
