import { Fault } from '../../core/fault.ts'
import type { JsonObject } from '../../core/json.ts'
import type { Clock } from '../../lib/clock.ts'
import { randomText, rowId } from '../../lib/id.ts'
import { hashSecret } from '../account-book.ts'
import type { Actor } from '../audit-entry.ts'
import type { Change, Listed, Page } from '../people-store.ts'
import { entryContent } from './entry-content.ts'
import { demanded, matches } from './filter-match.ts'
import type { Filter } from './filter.ts'
import { groupAfter, groupContent, type GroupWish } from './group-content.ts'
import { patched, type PatchOperation } from './patch.ts'
import { readResource } from './read-resource.ts'
import { groupResource, userResource } from './resource.ts'
import { GROUP, USER } from './schema.ts'
import { quoted, scimFault, versionFault } from './scim-fault.ts'
import type { Entry, EntryRefusal, Group, GroupChanged, GroupRefusal, NewEntry, Provisioned, ScimStore } from './scim-store.ts'
import { order, type Sorting } from './sorting.ts'

const TOKEN_CHARS = 43
const INVITATION_MS = 7 * 86_400_000
/** Resources that are read at a time to be filtered or sorted. */
const BATCH = 500
/** Members whose access is settled in one transaction. */
const SETTLE_MAX = 200
const TRIES_MAX = 5

/** Whose directory it is that speaks, and what it may be called in the log of changes. */
export interface DirectoryCaller { readonly accountId: string; readonly actor: Actor }

export interface ListWish { readonly filter?: Filter; readonly sorting?: Sorting; readonly page: Page; readonly withMembers: boolean }

/** Somebody who is to be asked whether they join: the token is for their letter, and known to nobody else. */
export interface Asked { readonly email: string; readonly token: string; readonly expiresMs: number }

export interface WrittenUser { readonly entry: Entry; readonly asked?: Asked }

/** People and groups of an organisation as its directory wants them, by SCIM 2.0 (RFC 7643, 7644). */
export class Directory {
  constructor(private readonly store: ScimStore, private readonly clock: Clock) {}

  async listUsers({ accountId }: DirectoryCaller, wish: ListWish): Promise<Listed<Entry>> {
    const { filter } = wish
    const id = filter && demanded(filter, 'id')
    const userName = filter && demanded(filter, 'userName')
    const externalId = filter && demanded(filter, 'externalId')
    if ([id, userName, externalId].some(isUnkeepable)) return { rows: [], total: 0 }
    const search = { ...(id !== undefined && { id }), ...(userName !== undefined && { userName }), ...(externalId !== undefined && { externalId }), withGroups: true }
    return await chosen((page) => this.store.listEntries(accountId, search, page), (entry) => ({ ...userResource(entry, ''), active: entry.active }), wish)
  }

  async user({ accountId }: DirectoryCaller, id: string): Promise<Entry> {
    const { rows: [entry] } = isUnkeepable(id) ? { rows: [] } : await this.store.listEntries(accountId, { id, withGroups: true }, { offset: 0, limit: 1 })
    if (!entry) throw missing('User', id)
    return entry
  }

  async createUser(caller: DirectoryCaller, body: JsonObject): Promise<WrittenUser> {
    const { entry, token } = this.newEntry(caller, rowId(), { active: true, ...readResource(body, USER) }, true)
    return this.written(await this.store.insertEntry(entry, this.change(caller)), entry, token)
  }

  /** All that the resource does not say is taken away; who is active stays so, and who is not. */
  async replaceUser(caller: DirectoryCaller, id: string, body: JsonObject, version: number | undefined): Promise<WrittenUser> {
    const wished = readResource(body, USER)
    return await this.changeUser(caller, id, version, ({ active }) => ({ active, ...wished }))
  }

  async patchUser(caller: DirectoryCaller, id: string, operations: readonly PatchOperation[], version: number | undefined): Promise<WrittenUser> {
    return await this.changeUser(caller, id, version, ({ body }) => patched(body, operations, USER))
  }

  async deleteUser(caller: DirectoryCaller, id: string, version: number | undefined): Promise<void> {
    const refusal = isUnkeepable(id) ? 'no_entry' : await this.store.deleteEntry(caller.accountId, id, version, this.change(caller))
    if (refusal) throw entryFault(refusal, id)
  }

  async listGroups({ accountId }: DirectoryCaller, wish: ListWish): Promise<Listed<Group>> {
    const { filter } = wish
    const [id, name, externalId, memberId] = ['id', 'displayName', 'externalId', 'members'].map((attribute) => filter && demanded(filter, attribute))
    if ([id, name, externalId, memberId].some(isUnkeepable)) return { rows: [], total: 0 }
    const search = {
      ...(id !== undefined && { id }), ...(name !== undefined && { name }), ...(externalId !== undefined && { externalId }), ...(memberId !== undefined && { memberId }),
      // Groups can be large: their members are read where they are shown or asked about.
      withMembers: wish.withMembers || (filter !== undefined && asksOf(filter, 'members')),
    }
    return await chosen((page) => this.store.listGroups(accountId, search, page), (group) => groupResource(group, ''), wish)
  }

  async group({ accountId }: DirectoryCaller, id: string, withMembers = true): Promise<Group> {
    const { rows: [group] } = isUnkeepable(id) ? { rows: [] } : await this.store.listGroups(accountId, { id, withMembers }, { offset: 0, limit: 1 })
    if (!group) throw missing('Group', id)
    return group
  }

  async createGroup(caller: DirectoryCaller, body: JsonObject): Promise<Group> {
    const { name, externalId, members } = groupContent(readResource(body, GROUP))
    return await this.changedGroup(caller, '', await this.store.insertGroup({ id: rowId(), accountId: caller.accountId, name, externalId, members }, this.change(caller)))
  }

  async replaceGroup(caller: DirectoryCaller, id: string, body: JsonObject, version: number | undefined): Promise<Group> {
    const { name, externalId, members } = groupContent(readResource(body, GROUP))
    return await this.changeGroup(caller, id, version, () => ({ name, externalId, members: { only: members } }))
  }

  async patchGroup(caller: DirectoryCaller, id: string, operations: readonly PatchOperation[], version: number | undefined): Promise<Group> {
    return await this.changeGroup(caller, id, version, (before) => groupAfter(before, operations))
  }

  async deleteGroup(caller: DirectoryCaller, id: string, version: number | undefined): Promise<void> {
    const left = isUnkeepable(id) ? 'no_group' : await this.store.deleteGroup(caller.accountId, id, version, this.change(caller))
    if (!Array.isArray(left)) throw groupFault(left as GroupRefusal, id)
    await this.settle(caller, left)
  }

  /** Settles access in transactions that calls' bills do not have to wait for. How many places changed. */
  async settle(caller: DirectoryCaller, userIds: readonly string[]): Promise<number> {
    let count = 0
    for (let at = 0; at < userIds.length; at += SETTLE_MAX) count += await this.store.settleAccess(caller.accountId, userIds.slice(at, at + SETTLE_MAX), this.change(caller))
    return count
  }

  /**
   * What was asked is applied to the newest state; somebody else's change meanwhile makes it begin anew, unless the client named the version. Who is deactivated
   * stays so until it is said that they are active.
   */
  private async changeUser(caller: DirectoryCaller, id: string, version: number | undefined, next: (before: Entry) => JsonObject): Promise<WrittenUser> {
    for (let tries = 1; ; tries += 1) {
      const before = await this.user(caller, id)
      if (version !== undefined && before.version !== version) throw versionFault()
      const { entry, token } = this.newEntry(caller, id, next(before), before.active)
      const result = await this.store.changeEntry(entry, before.version, this.change(caller))
      if (result === 'stale' && version === undefined && tries < TRIES_MAX) continue
      return this.written(result, entry, token)
    }
  }

  private async changeGroup(caller: DirectoryCaller, id: string, version: number | undefined, next: (before: Group) => GroupWish): Promise<Group> {
    for (let tries = 1; ; tries += 1) {
      const before = await this.group(caller, id, false)
      if (version !== undefined && before.version !== version) throw versionFault()
      const result = await this.store.changeGroup(caller.accountId, id, next(before), before.version, this.change(caller))
      if (result === 'stale' && version === undefined && tries < TRIES_MAX) continue
      return await this.changedGroup(caller, id, result)
    }
  }

  private newEntry({ accountId }: DirectoryCaller, id: string, body: JsonObject, wasActive: boolean): { readonly entry: NewEntry; readonly token: string } {
    const token = randomText(TOKEN_CHARS)
    return { token, entry: { id, accountId, ...entryContent(body, wasActive), invitation: { id: rowId(), tokenHash: hashSecret(token), expiresMs: this.clock.wallMs() + INVITATION_MS } } }
  }

  private written(result: Provisioned | EntryRefusal, { id, invitation: { expiresMs } }: NewEntry, token: string): WrittenUser {
    if (typeof result === 'string') throw entryFault(result, id)
    const { entry, invited } = result
    return { entry, ...(invited && entry.email !== null && { asked: { email: entry.email, token, expiresMs } }) }
  }

  private async changedGroup(caller: DirectoryCaller, id: string, result: GroupChanged | GroupRefusal): Promise<Group> {
    if (typeof result === 'string' || 'strangers' in result) throw groupFault(result, id)
    await this.settle(caller, result.unsettled)
    return result.group
  }

  private change({ actor }: DirectoryCaller): Change {
    return { by: actor, nowMs: this.clock.wallMs() }
  }
}

/** A page of what the filter lets through, in the order that is asked for. Without either the store pages by itself. */
async function chosen<T>(list: (page: Page) => Promise<Listed<T>>, resourceOf: (row: T) => JsonObject, { filter, sorting, page }: ListWish): Promise<Listed<T>> {
  if (!filter && !sorting) return await list(page)
  const found: { readonly row: T; readonly resource: JsonObject }[] = []
  for (let offset = 0; ; offset += BATCH) {
    const { rows } = await list({ offset, limit: BATCH })
    for (const row of rows) {
      const resource = resourceOf(row)
      if (!filter || matches(filter, resource)) found.push({ row, resource })
    }
    if (rows.length < BATCH) break
  }
  const inOrder = sorting ? order(found, sorting) : found
  return { rows: inOrder.slice(page.offset, page.offset + page.limit).map(({ row }) => row), total: found.length }
}

/** Whether a filter asks about an attribute. */
function asksOf(filter: Filter, name: string): boolean {
  if (filter.kind === 'not') return asksOf(filter.term, name)
  return 'terms' in filter ? filter.terms.some((term) => asksOf(term, name)) : filter.path.attribute.name === name
}

/** The engines keep no NUL: nothing has it. */
function isUnkeepable(text: string | undefined): boolean {
  return text?.includes('\u0000') ?? false
}

function missing(what: string, id: string): Fault {
  return new Fault('not_found', `There is no ${what} ${quoted(id)} here.`)
}

function entryFault(refusal: EntryRefusal, id: string): Fault {
  switch (refusal) {
    case 'no_entry': return missing('User', id)
    case 'stale': return versionFault()
    case 'name_taken': return scimFault('uniqueness', 'There is a User with this userName already.')
    case 'email_taken': return scimFault('uniqueness', 'There is a User with this e-mail address already.')
    case 'full': return new Fault('permission_denied', 'The organization has as many members as it may have. The operator of this install can raise that: `members_max`.')
    case 'person_taken': return scimFault('uniqueness', 'Somebody else has this e-mail address.')
  }
}

function groupFault(refusal: GroupRefusal, id: string): Fault {
  if (typeof refusal === 'object') return scimFault('invalidValue', `The attribute "members" names who is no User here: ${refusal.strangers.slice(0, 5).map(quoted).join(', ')}.`)
  if (refusal === 'no_group') return missing('Group', id)
  return refusal === 'stale' ? versionFault() : scimFault('uniqueness', 'There is a Group with this displayName already.')
}
