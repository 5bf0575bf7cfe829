import type { Change } from '../accounts/people-store.ts'
import type { SharedBudget, SharedBudgetRecord, SharedBudgetRefusal, SharedBudgetStore } from '../accounts/shared-budget.ts'
import { deleteSharedBudget, listSharedBudgets, putSharedBudget } from './shared-budget-rows.ts'
import type { Database } from './sql.ts'

/** What the port of budgets on members and tags says is stored, in a database: each method is one transaction. */
export class SqlBudgets implements SharedBudgetStore {
  constructor(private readonly database: Database) {}

  listSharedBudgets(accountId: string, kind: SharedBudget['kind'], nowMs: number): Promise<readonly SharedBudgetRecord[]> {
    return this.database.read((sql) => listSharedBudgets(sql, accountId, kind, nowMs))
  }

  putSharedBudget(budget: SharedBudget, tagsMax: number, change: Change): Promise<SharedBudgetRecord | SharedBudgetRefusal> {
    return this.database.write((sql) => putSharedBudget(sql, budget, tagsMax, change))
  }

  deleteSharedBudget(accountId: string, kind: SharedBudget['kind'], id: string, change: Change): Promise<boolean> {
    return this.database.write((sql) => deleteSharedBudget(sql, accountId, kind, id, change))
  }
}
