import type { AuditEntry, AuditPage } from '../accounts/audit-entry.ts'
import type { InstanceChange } from '../accounts/instance.ts'
import type { KeptMarkup } from '../accounts/markups.ts'
import type { AccountOverrides, AccountPage, AccountSummary, EndedView, NewView, OperatorStore, PersonChange, PersonPage, PersonRefusal, PersonSummary, ViewRefusal } from '../accounts/operator-store.ts'
import type { AccountOfUser } from '../accounts/organization.ts'
import type { Change, Listed } from '../accounts/people-store.ts'
import { forgetBatch } from './account-data.ts'
import { listAudit } from './audit-rows.ts'
import { changeInstanceSettings, findInstanceSettings } from './instance-rows.ts'
import { deleteMarkup, listMarkups, putMarkup } from './markup-rows.ts'
import { changePerson, closeAndLog, findAccountSummary, findPerson, listAccounts, listPeople, setOverrides, setSuspended } from './operator-rows.ts'
import { accountsOf } from './people-rows.ts'
import type { Database } from './sql.ts'
import { endOverViews, endView, startView } from './view-rows.ts'

/** What the operator's side needs stored, in a database: each method is one transaction. */
export class SqlOperator implements OperatorStore {
  constructor(private readonly database: Database) {}

  instanceSettings(): Promise<string | undefined> {
    return this.database.read(findInstanceSettings)
  }

  changeInstanceSettings(change: InstanceChange, by: Change): Promise<string> {
    return this.database.write((sql) => changeInstanceSettings(sql, change, by))
  }

  markups(): Promise<readonly KeptMarkup[]> {
    return this.database.read(listMarkups)
  }

  putMarkup(markup: KeptMarkup, markupsMax: number, change: Change): Promise<KeptMarkup | 'too_many'> {
    return this.database.write((sql) => putMarkup(sql, markup, markupsMax, change))
  }

  deleteMarkup(id: string, change: Change): Promise<boolean> {
    return this.database.write((sql) => deleteMarkup(sql, id, change))
  }

  listAccounts(page: AccountPage): Promise<Listed<AccountSummary>> {
    return this.database.read((sql) => listAccounts(sql, page))
  }

  accountSummary(id: string): Promise<AccountSummary | undefined> {
    return this.database.read((sql) => findAccountSummary(sql, id))
  }

  setSuspended(accountId: string, suspended: boolean, change: Change): Promise<boolean> {
    return this.database.write((sql) => setSuspended(sql, accountId, suspended, change))
  }

  setOverrides(accountId: string, overrides: Partial<AccountOverrides>, change: Change): Promise<boolean> {
    return this.database.write((sql) => setOverrides(sql, accountId, overrides, change))
  }

  closeAccount(accountId: string, change: Change): Promise<boolean> {
    return this.database.write((sql) => closeAndLog(sql, accountId, change))
  }

  forgetBatch(accountId: string): Promise<number> {
    return this.database.write((sql) => forgetBatch(sql, accountId))
  }

  listPeople(page: PersonPage): Promise<Listed<PersonSummary>> {
    return this.database.read((sql) => listPeople(sql, page))
  }

  person(id: string): Promise<PersonSummary | undefined> {
    return this.database.read((sql) => findPerson(sql, id))
  }

  accountsOf(userId: string): Promise<readonly AccountOfUser[]> {
    return this.database.read((sql) => accountsOf(sql, userId))
  }

  changePerson(id: string, wish: PersonChange, change: Change): Promise<PersonSummary | PersonRefusal> {
    return this.database.write((sql) => changePerson(sql, id, wish, change))
  }

  startView(view: NewView, change: Change): Promise<ViewRefusal | undefined> {
    return this.database.write((sql) => startView(sql, view, change))
  }

  endView(sessionId: string, change: Change): Promise<EndedView | undefined> {
    return this.database.write((sql) => endView(sql, sessionId, change))
  }

  endOverViews(nowMs: number): Promise<void> {
    return this.database.write((sql) => endOverViews(sql, nowMs))
  }

  auditOfAll({ accountId, ...page }: AuditPage & { readonly accountId?: string }): Promise<Listed<AuditEntry>> {
    return this.database.read((sql) => listAudit(sql, accountId, page))
  }
}
