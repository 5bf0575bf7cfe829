import type { Nano } from '../core/nano.ts'
import type { Period } from '../ledger/bank.ts'
import type { AlertSettings } from './alert-settings.ts'

/** What can be used up. */
export const ALLOWANCE_KINDS = ['balance', 'key', 'workspace', 'tag', 'member', 'guardrail', 'wallet'] as const
export type AllowanceKind = (typeof ALLOWANCE_KINDS)[number]

/** Something with a cap, in one window: what of it was used, and whose it is. */
export interface Allowance {
  readonly accountId: string
  readonly kind: AllowanceKind
  /** Unique among its kind and account: a key's hash, a workspace's id. '' for the balance. */
  readonly id: string
  /** For people, as they have called it. */
  readonly name: string
  readonly period: Period
  readonly startMs: number
  /** Of the balance: all that was ever granted. */
  readonly cap: Nano
  readonly used: Nano
  /** Since when there is something to count. */
  readonly createdMs: number
  /** Where it counts: its members see what becomes of it. null: the account. */
  readonly workspaceId: string | null
  /** The person whose it is. */
  readonly userId: string | null
  /** A budget that only counts: nothing is refused because of it. */
  readonly isAlert?: boolean
}

/** An allowance with what was used of it in the last days, for a forecast. */
export interface PacedAllowance extends Allowance { readonly recent: Recent }

/** What was used since a time. */
export interface Recent { readonly sinceMs: number; readonly used: Nano }

/** An allowance of which more was used than somebody wants to go by untold. */
export interface Crossing {
  readonly allowance: PacedAllowance
  /** In percent, all that were passed and not told, in ascending order; of a balance there are none. */
  readonly percents: readonly number[]
  /** What the balance fell below, in descending order. */
  readonly balances: readonly Nano[]
  readonly settings: AlertSettings
}

/** Which of an account's allowances are asked for. */
export interface AllowanceScope {
  /** Only what is this person's own, and of the workspaces that they are in. */
  readonly userId?: string | undefined
  readonly limit: number
}

/** Where a look at all allowances goes on; undefined: it begins, or is at its end. */
export interface SweepPlace { readonly kind: AllowanceKind; readonly accountId: string; readonly id: string }

/** What alerts need stored; as `OutboxStore`. */
export interface AllowanceStore {
  /** What was passed by allowances that have changed since the last question. Only this process's own settlements are looked at. */
  crossingsOfTouched(nowMs: number, isMoneyOn: boolean): Promise<readonly Crossing[]>
  /** As above, of all allowances of all accounts, a page at a time. */
  sweepCrossings(from: SweepPlace | undefined, nowMs: number, isMoneyOn: boolean): Promise<{ readonly crossings: readonly Crossing[]; readonly next: SweepPlace | undefined }>
  /** The balance first, then what is nearest to its end. */
  allowances(accountId: string, scope: AllowanceScope, nowMs: number): Promise<readonly PacedAllowance[]>
}

/** By which an alert of it is told once: with its window and cap. */
export function allowanceKey({ kind, id, period }: Pick<Allowance, 'kind' | 'id' | 'period'>): string {
  return `${kind}:${id}:${period}`
}
