import type { Nano } from '../core/nano.ts'
import type { Change } from './people-store.ts'
import type { BudgetInterval } from './workspace.ts'

/** What all keys of a member may spend together in a window, or all calls with a tag. */
export interface SpendBudget {
  readonly id: string
  readonly accountId: string
  readonly kind: 'member' | 'tag'
  /** The person's id, or the tag's name. */
  readonly subject: string
  /** Of a tag; null: each value by itself. Of a member always null. */
  readonly value: string | null
  readonly interval: BudgetInterval
  readonly cap: Nano
  /** `alert`: it is counted and refuses nothing. */
  readonly mode: 'cap' | 'alert'
  /** A call without the tag is refused. */
  readonly isRequired: boolean
  /** Costs on a provider's own account count too. */
  readonly includeByok: boolean
  readonly createdMs: number
  readonly updatedMs: number
}

/** What the window that is open now has counted; by value, the dearest first, where each value has its own. */
export interface SpendBudgetUse { readonly value: string | null; readonly used: Nano }

export interface SpendBudgetRecord extends SpendBudget { readonly use: readonly SpendBudgetUse[] }

/** `no_member`: it is for nobody of the account · `too_many`: the account has as many on tags as it may. */
export type SpendBudgetRefusal = 'no_member' | 'too_many'

/** What these budgets need stored. Every method is one transaction, its entry in the log of changes too; a method that fails throws Fault `unavailable`. */
export interface SpendBudgetStore {
  /** By what they are for. */
  listSpendBudgets(accountId: string, kind: SpendBudget['kind'], nowMs: number): Promise<readonly SpendBudgetRecord[]>
  /** Makes it, or changes the one that is there for the same subject, value and interval. */
  putSpendBudget(budget: SpendBudget, tagsMax: number, change: Change): Promise<SpendBudgetRecord | SpendBudgetRefusal>
  /** False when there is none. */
  deleteSpendBudget(accountId: string, kind: SpendBudget['kind'], id: string, change: Change): Promise<boolean>
}
