import type { Nano } from '../core/nano.ts'
import type { Change } from './people-store.ts'
import type { BudgetInterval } from './workspace.ts'

/** What all keys of a member may spend together in a window, or all calls with a tag. */
export interface SharedBudget {
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
export interface SharedBudgetUse { readonly value: string | null; readonly used: Nano }

export interface SharedBudgetRecord extends SharedBudget { readonly use: readonly SharedBudgetUse[] }

/** `no_member`: it is for nobody of the account · `too_many`: the account has as many on tags as it may. */
export type SharedBudgetRefusal = 'no_member' | 'too_many'

/** What these budgets need stored. Every method is one transaction, its entry in the log of changes too; a method that fails throws Fault `unavailable`. */
export interface SharedBudgetStore {
  /** By what they are for. */
  listSharedBudgets(accountId: string, kind: SharedBudget['kind'], nowMs: number): Promise<readonly SharedBudgetRecord[]>
  /** Makes it, or changes the one that is there for the same subject, value and interval. */
  putSharedBudget(budget: SharedBudget, tagsMax: number, change: Change): Promise<SharedBudgetRecord | SharedBudgetRefusal>
  /** False when there is none. */
  deleteSharedBudget(accountId: string, kind: SharedBudget['kind'], id: string, change: Change): Promise<boolean>
}
