import type { Change } from '../accounts/people-store.ts'
import type { SpendBudget, SpendBudgetRecord, SpendBudgetRefusal, SpendBudgetStore } from '../accounts/spend-budget.ts'
import { deleteSpendBudget, listSpendBudgets, putSpendBudget } from './spend-budget-rows.ts'
import type { Database } from './sql.ts'

/** What the port of budgets on members and tags says is stored, in a database: each method is one transaction. */
export class SqlBudgets implements SpendBudgetStore {
  constructor(private readonly database: Database) {}

  listSpendBudgets(accountId: string, kind: SpendBudget['kind'], nowMs: number): Promise<readonly SpendBudgetRecord[]> {
    return this.database.read((sql) => listSpendBudgets(sql, accountId, kind, nowMs))
  }

  putSpendBudget(budget: SpendBudget, tagsMax: number, change: Change): Promise<SpendBudgetRecord | SpendBudgetRefusal> {
    return this.database.write((sql) => putSpendBudget(sql, budget, tagsMax, change))
  }

  deleteSpendBudget(accountId: string, kind: SpendBudget['kind'], id: string, change: Change): Promise<boolean> {
    return this.database.write((sql) => deleteSpendBudget(sql, accountId, kind, id, change))
  }
}
