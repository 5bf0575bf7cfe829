import type { LimitReset, CallerCap, RollingWindow } from '../accounts/caller.ts'
import type { Nano } from '../core/nano.ts'

/** What a lease is a slice of: an account's balance, or what one window of a limit or budget leaves. */
export interface Allowance {
  readonly accountId: string
  /** null: the account's balance. */
  readonly window: null | AllowanceWindow
}

export interface AllowanceWindow {
  readonly kind: 'key' | 'workspace' | CallerCap['kind']
  /** The key's hash, the workspace's id, or the id of the cap. */
  readonly id: string
  readonly period: Period | RollingWindow
  readonly startMs: number
}

/** `ever`: a limit without reset. */
export type Period = 'ever' | LimitReset

/** Whose window it is, in one word: the key's hash, or an id behind its kind; '' for a balance. */
export function holderOf(window: Pick<AllowanceWindow, 'kind' | 'id'> | null): string {
  if (!window) return ''
  return window.kind === 'key' ? window.id : `${window.kind}:${window.id}`
}

/** A node asks for a slice of an allowance, to open a lease with it or to add it to one. */
export interface LeaseAsk {
  readonly leaseId: string
  readonly nodeId: string
  readonly allowance: Allowance
  /** It was granted something before: when the bank does not know it any more, it has been closed. */
  readonly opened: boolean
  /** Less than this is of no use: the answer is this much or more, or nothing. */
  readonly least: Nano
  readonly asked: Nano
}

export interface LeaseAnswer {
  /** What was added to the lease; 0 when refused. */
  readonly granted: Nano
  /** What nobody has leased, after the grant. Below zero when a limit was lowered under its use. */
  readonly free: Nano
  /** What other leases have of it and did not spend: those of other nodes, and own ones of an older shape of the key. */
  readonly others: Nano
  /** The limit or budget; null for an account's balance. */
  readonly limit: Nano | null
  /** Of a rolling window: when the oldest of what was spent in it will have left it. */
  readonly freesMs?: number
  /** The lease is not open any more: the node must not use it. */
  readonly closed: boolean
}

export interface LeaseReturn {
  readonly accountId: string
  readonly leaseId: string
  readonly amount: Nano
  /** Nothing is held or unsettled on the lease and it won't be used again. */
  readonly close: boolean
}

/** What a batch of settlements could not take from the leases that they name. */
export interface Settled {
  readonly unpaid: readonly { readonly leaseId: string; readonly amount: Nano }[]
  /** Leases that are not open any more: the node must not use them. */
  readonly closed: readonly string[]
}

/**
 * What the ledger needs stored. Every method is one transaction that happens as a whole or not at all; `settle` may be
 * repeated with the same lines. A method that fails throws Fault `unavailable`.
 */
export interface Bank {
  /** Grants or refuses each ask on its own, in order. */
  lease(asks: readonly LeaseAsk[], nowMs: number): Promise<readonly LeaseAnswer[]>
  giveBack(returns: readonly LeaseReturn[]): Promise<void>
  /** Records generations and charges them, each once ever: `lines` are the journal's end lines, as written. */
  settle(lines: readonly string[], nowMs: number): Promise<Settled>
  /** Asks all other nodes to give back what they have leased of an account and do not hold. */
  recall(accountId: string, nodeId: string): Promise<void>
  openNode(nodeId: string, nowMs: number): Promise<void>
  /** Returns what a node's leases have left, closes them, and forgets the node. After its journal has been settled. */
  closeNode(nodeId: string): Promise<void>
}
