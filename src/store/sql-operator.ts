import type { InstanceChange, InstanceStore } from '../accounts/instance.ts'
import type { Change } from '../accounts/people-store.ts'
import { changeInstanceSettings, findInstanceSettings } from './instance-rows.ts'
import type { Database } from './sql.ts'

/** What the operator's side needs stored, in a database: each method is one transaction. */
export class SqlOperator implements InstanceStore {
  constructor(private readonly database: Database) {}

  instanceSettings(): Promise<string | undefined> {
    return this.database.read(findInstanceSettings)
  }

  changeInstanceSettings(change: InstanceChange, by: Change): Promise<string> {
    return this.database.write((sql) => changeInstanceSettings(sql, change, by))
  }
}
