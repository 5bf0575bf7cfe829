import type { Domain, DomainStore } from '../accounts/domain.ts'
import type { Change, Listed, Page } from '../accounts/people-store.ts'
import type { Role } from '../accounts/roles.ts'
import type { Entry, EntryRefusal, EntrySearch, Group, GroupChange, GroupChanged, GroupRefusal, GroupSearch, Mapping, MappingChanged, NewEntry, NewGroup, Provisioned, ScimStore, ScimToken } from '../accounts/scim/scim-store.ts'
import { activateDomain, deleteDomain, disableDomain, findActiveDomain, findDomain, insertDomain, listDomains } from './domain-rows.ts'
import { settleAccess } from './scim-access.ts'
import { changeGroup, deleteGroup, insertGroup, listGroups } from './scim-group-rows.ts'
import { changeMapping, deleteMapping, directoryMembers, findMapping, insertMapping, listMappings, mappedRole } from './scim-mapping-rows.ts'
import { findScimToken, hasDirectory, insertScimToken, listScimTokens, noteScimTokenUse, revokeScimToken } from './scim-token-rows.ts'
import { changeEntry, deleteEntry, insertEntry, listEntries, orFull, takeIn } from './scim-user-rows.ts'
import type { Database } from './sql.ts'

/** What the ports of directories and domains say is stored, in a database: each method is one transaction. */
export class SqlScim implements ScimStore, DomainStore {
  constructor(private readonly database: Database) {}

  insertScimToken(token: ScimToken, tokenHash: string, change: Change): Promise<void> {
    return this.database.write((sql) => insertScimToken(sql, token, tokenHash, change))
  }

  listScimTokens(accountId: string, page: Page): Promise<Listed<ScimToken>> {
    return this.database.read((sql) => listScimTokens(sql, accountId, page))
  }

  scimToken(tokenHash: string): Promise<ScimToken | undefined> {
    return this.database.read((sql) => findScimToken(sql, tokenHash))
  }

  noteScimTokenUse(accountId: string, id: string, nowMs: number): Promise<void> {
    return this.database.write((sql) => noteScimTokenUse(sql, accountId, id, nowMs))
  }

  revokeScimToken(accountId: string, id: string, change: Change): Promise<boolean> {
    return this.database.write((sql) => revokeScimToken(sql, accountId, id, change))
  }

  hasDirectory(accountId: string): Promise<boolean> {
    return this.database.read((sql) => hasDirectory(sql, accountId))
  }

  listEntries(accountId: string, search: EntrySearch, page: Page): Promise<Listed<Entry>> {
    return this.database.read((sql) => listEntries(sql, accountId, search, page))
  }

  insertEntry(entry: NewEntry, change: Change): Promise<Provisioned | EntryRefusal> {
    return orFull(this.database.write((sql) => insertEntry(sql, entry, change)))
  }

  changeEntry(entry: NewEntry, version: number, change: Change): Promise<Provisioned | EntryRefusal> {
    return orFull(this.database.write((sql) => changeEntry(sql, entry, version, change)))
  }

  deleteEntry(accountId: string, id: string, version: number | undefined, change: Change): Promise<EntryRefusal | undefined> {
    return this.database.write((sql) => deleteEntry(sql, accountId, id, version, change))
  }

  listGroups(accountId: string, search: GroupSearch, page: Page): Promise<Listed<Group>> {
    return this.database.read((sql) => listGroups(sql, accountId, search, page))
  }

  insertGroup(group: NewGroup, change: Change): Promise<GroupChanged | GroupRefusal> {
    return this.database.write((sql) => insertGroup(sql, group, change))
  }

  changeGroup(accountId: string, id: string, wish: GroupChange, version: number, change: Change): Promise<GroupChanged | GroupRefusal> {
    return this.database.write((sql) => changeGroup(sql, accountId, id, wish, version, change))
  }

  deleteGroup(accountId: string, id: string, version: number | undefined, change: Change): Promise<GroupRefusal | readonly string[]> {
    return this.database.write((sql) => deleteGroup(sql, accountId, id, version, change))
  }

  listMappings(accountId: string, page: Page): Promise<Listed<Mapping>> {
    return this.database.read((sql) => listMappings(sql, accountId, page))
  }

  mapping(accountId: string, id: string): Promise<Mapping | undefined> {
    return this.database.read((sql) => findMapping(sql, accountId, id))
  }

  insertMapping(mapping: Mapping, change: Change): Promise<MappingChanged | 'no_group' | 'no_workspace' | 'pair_taken'> {
    return this.database.write((sql) => insertMapping(sql, mapping, change))
  }

  changeMapping(accountId: string, id: string, role: Role, change: Change): Promise<MappingChanged | undefined> {
    return this.database.write((sql) => changeMapping(sql, accountId, id, role, change))
  }

  deleteMapping(accountId: string, id: string, keepMembers: boolean, change: Change): Promise<readonly string[] | undefined> {
    return this.database.write((sql) => deleteMapping(sql, accountId, id, keepMembers, change))
  }

  settleAccess(accountId: string, userIds: readonly string[], change: Change): Promise<number> {
    return this.database.write((sql) => settleAccess(sql, accountId, userIds, change))
  }

  directoryMembers(accountId: string): Promise<readonly string[]> {
    return this.database.read((sql) => directoryMembers(sql, accountId))
  }

  takeIn(accountId: string, change: Change): Promise<number> {
    return this.database.write((sql) => takeIn(sql, accountId, change))
  }

  mappedRole(accountId: string, workspaceId: string, userId: string): Promise<Role | undefined> {
    return this.database.read((sql) => mappedRole(sql, accountId, workspaceId, userId))
  }

  listDomains(accountId: string, page: Page): Promise<Listed<Domain>> {
    return this.database.read((sql) => listDomains(sql, accountId, page))
  }

  domain(accountId: string, id: string): Promise<Domain | undefined> {
    return this.database.read((sql) => findDomain(sql, accountId, id))
  }

  activeDomain(domain: string): Promise<Domain | undefined> {
    return this.database.read((sql) => findActiveDomain(sql, domain))
  }

  insertDomain(domain: Domain, change: Change): Promise<boolean> {
    return this.database.write((sql) => insertDomain(sql, domain, change))
  }

  activateDomain(accountId: string, id: string, proofs: readonly string[], change: Change): Promise<Domain | 'no_domain' | 'taken'> {
    return this.database.write((sql) => activateDomain(sql, accountId, id, proofs, change))
  }

  disableDomain(accountId: string, id: string, change: Change): Promise<Domain | undefined> {
    return this.database.write((sql) => disableDomain(sql, accountId, id, change))
  }

  deleteDomain(accountId: string, id: string, change: Change): Promise<boolean> {
    return this.database.write((sql) => deleteDomain(sql, accountId, id, change))
  }
}
