import type { JsonObject } from '../../core/json.ts'
import type { Change, Listed, Page } from '../people-store.ts'
import type { Role } from '../roles.ts'

/** What a directory shows to be let in. Made by an admin, shown once. */
export interface ScimToken {
  readonly id: string
  readonly accountId: string
  readonly name: string
  /** Enough of it to recognise it. */
  readonly label: string
  readonly createdBy: string | null
  readonly createdMs: number
  readonly lastUsedMs: number | null
  readonly revokedMs: number | null
}

/** `member`: a member of the organisation · `invited`: waits for the person to accept · `inactive`: deactivated · `no_address`: without an e-mail address nobody can be let in. */
export type EntryState = 'member' | 'invited' | 'inactive' | 'no_address'

/** What a directory says a person is. */
export interface EntryContent {
  readonly userName: string
  readonly externalId: string | null
  /** In lower case; null: none of what the directory says is one. */
  readonly email: string | null
  readonly active: boolean
  readonly firstName: string | null
  readonly lastName: string | null
  /** The resource as RFC 7643 has it, without what is ours to say. */
  readonly body: JsonObject
}

/** A person as a directory keeps them, and the member that they are here. */
export interface Entry {
  readonly id: string
  readonly accountId: string
  readonly userName: string
  readonly externalId: string | null
  readonly email: string | null
  readonly active: boolean
  readonly body: JsonObject
  /** The person; null as long as they are none here. */
  readonly userId: string | null
  readonly state: EntryState
  readonly version: number
  readonly createdMs: number
  readonly updatedMs: number
  readonly groups: readonly { readonly id: string; readonly name: string }[]
}

/** For the person whom no domain of the organisation lets be taken in without being asked. */
export interface SpareInvitation { readonly id: string; readonly tokenHash: string; readonly expiresMs: number }

export interface NewEntry extends EntryContent { readonly id: string; readonly accountId: string; readonly invitation: SpareInvitation }
/** `invited`: the spare invitation was used, and its letter is to be sent. */
export interface Provisioned { readonly entry: Entry; readonly invited: boolean }
export type EntryRefusal = 'no_entry' | 'stale' | 'name_taken' | 'email_taken' | 'person_taken' | 'full'

/** Which are asked for: those that have all of it. The ids, names and addresses are looked up by index. */
export interface EntrySearch { readonly id?: string; readonly userName?: string; readonly externalId?: string; readonly withGroups: boolean }

export interface Group {
  readonly id: string
  readonly accountId: string
  readonly name: string
  readonly externalId: string | null
  readonly version: number
  readonly createdMs: number
  readonly updatedMs: number
  /** Ids of entries. Absent where they were not asked for. */
  readonly members?: readonly string[]
}

export interface NewGroup { readonly id: string; readonly accountId: string; readonly name: string; readonly externalId: string | null; readonly members: readonly string[] }
/** `members.only`: those and no others. */
export interface GroupChange {
  readonly name: string
  readonly externalId: string | null
  readonly members: { readonly only: readonly string[] } | { readonly add: readonly string[]; readonly remove: readonly string[] }
}
export type GroupRefusal = 'no_group' | 'stale' | 'name_taken' | { readonly strangers: readonly string[] }
/** `unsettled`: members whose access is still to be settled, by `settleAccess`; more than one transaction should do. */
export interface GroupChanged { readonly group: Group; readonly unsettled: readonly string[] }
export interface GroupSearch { readonly id?: string; readonly name?: string; readonly externalId?: string; readonly memberId?: string; readonly withMembers: boolean }

/** What the members of a group are in a workspace (contract H22). */
export interface Mapping {
  readonly id: string
  readonly accountId: string
  readonly groupId: string
  readonly workspaceId: string
  readonly role: Role
  readonly createdMs: number
  readonly updatedMs: number
}
export interface MappingChanged { readonly mapping: Mapping; readonly unsettled: readonly string[] }

/** What directories need stored. Every method is one transaction, with its entries in the log of changes. */
export interface ScimStore {
  insertScimToken(token: ScimToken, tokenHash: string, change: Change): Promise<void>
  /** Newest first, those that were revoked too. */
  listScimTokens(accountId: string, page: Page): Promise<Listed<ScimToken>>
  /** A live one. */
  scimToken(tokenHash: string): Promise<ScimToken | undefined>
  noteScimTokenUse(accountId: string, id: string, nowMs: number): Promise<void>
  revokeScimToken(accountId: string, id: string, change: Change): Promise<boolean>
  /** Whether a directory was ever let in here. */
  hasDirectory(accountId: string): Promise<boolean>

  /** Oldest first. */
  listEntries(accountId: string, search: EntrySearch, page: Page): Promise<Listed<Entry>>
  insertEntry(entry: NewEntry, change: Change): Promise<Provisioned | EntryRefusal>
  /** `version`: the one that it must have. */
  changeEntry(entry: NewEntry, version: number, change: Change): Promise<Provisioned | EntryRefusal>
  /** The person is no member any more. `version`: undefined for any. */
  deleteEntry(accountId: string, id: string, version: number | undefined, change: Change): Promise<EntryRefusal | undefined>

  listGroups(accountId: string, search: GroupSearch, page: Page): Promise<Listed<Group>>
  insertGroup(group: NewGroup, change: Change): Promise<GroupChanged | GroupRefusal>
  changeGroup(accountId: string, id: string, wish: GroupChange, version: number, change: Change): Promise<GroupChanged | GroupRefusal>
  /** Its mappings go with it. The members whose access is still to be settled. */
  deleteGroup(accountId: string, id: string, version: number | undefined, change: Change): Promise<GroupRefusal | readonly string[]>

  listMappings(accountId: string, page: Page): Promise<Listed<Mapping>>
  mapping(accountId: string, id: string): Promise<Mapping | undefined>
  insertMapping(mapping: Mapping, change: Change): Promise<MappingChanged | 'no_group' | 'no_workspace' | 'pair_taken'>
  changeMapping(accountId: string, id: string, role: Role, change: Change): Promise<MappingChanged | undefined>
  /** `keepMembers`: whoever is in the workspace by it stays, as if added by hand. */
  deleteMapping(accountId: string, id: string, keepMembers: boolean, change: Change): Promise<readonly string[] | undefined>

  /** Makes what these members may do in workspaces what the mappings say. How many places changed. */
  settleAccess(accountId: string, userIds: readonly string[], change: Change): Promise<number>
  /** The members that a directory keeps, or that have access by a mapping. */
  directoryMembers(accountId: string): Promise<readonly string[]>
  /** Takes in those who wait and whose domain the organisation has proven since. How many. */
  takeIn(accountId: string, change: Change): Promise<number>
  /** The role that mappings give a person in a workspace. */
  mappedRole(accountId: string, workspaceId: string, userId: string): Promise<Role | undefined>
}
