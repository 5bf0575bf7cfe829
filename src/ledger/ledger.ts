import type { Caller, CallerCap } from '../accounts/caller.ts'
import type { Nano } from '../core/nano.ts'
import type { CallTags } from '../core/tags.ts'
import type { AllowanceWindow } from './bank.ts'
import type { Generation } from './generation.ts'

/** Credit that is set aside for the worst case of one call, on every allowance of its caller. */
export interface Hold {
  readonly ok: true
  /** The call's id: idempotency key of its settlement. */
  readonly callId: string
  readonly amount: Nano
  /** Set aside of the customer's wallet. */
  readonly walletAmount?: Nano
}

/** Whose allowance it is that a call is held on. */
export type AllowanceKind = 'account' | 'wallet' | 'key' | 'workspace' | CallerCap['kind']

/** Why credit can't be set aside, with the numbers for the message (402 or 403, each reason told apart). */
export interface HoldRefusal {
  readonly ok: false
  /** `workspace_budget`, `guardrail_budget`, `member_budget`, `tag_budget`, `key_limit`: it is used up · `tag_missing`: the call has not the tag that all must have · `wallet_balance`, `balance`: nothing is left in the customer's wallet, on the account · `worst_case`: something is left, less than this request may cost. */
  readonly code: 'workspace_budget' | 'guardrail_budget' | 'member_budget' | 'tag_budget' | 'tag_missing' | 'key_limit' | 'wallet_balance' | 'balance' | 'worst_case' | 'unavailable'
  /** What may still be spent: the least over the caller's allowances, calls in flight deducted. */
  readonly left: Nano
  /** Which allowance refused, for `worst_case` too. */
  readonly allowance: AllowanceKind
  /** Of a guardrail, a member or a tag: whose, as people know it. */
  readonly name?: string
  /** Of a budget or a rolling limit: which. */
  readonly period?: AllowanceWindow['period']
  /** The cap of the allowance that refused: the limit, the budget, or the account's balance. */
  readonly cap: Nano
  /** When the limit or budget starts anew, or the first of what a rolling one counts leaves it; ms since the epoch. */
  readonly resetsMs: number | null
  /** What it would have had to set aside, where that is not the amount of the hold: a customer's price, or what goes to a key of the caller's own. */
  readonly need?: Nano
}

/** What the record of a call says when its process died before its end. */
export interface CallNote {
  /** As the client wrote it. */
  readonly model: string
  readonly streamed: boolean
  /** What it is tagged with, where its caller's account has budgets on tags. */
  readonly tags?: CallTags
  /** What keys of the caller's own may come to, fee and provider's bill: held on those limits that count it. */
  readonly ownKeysMax?: Nano
  /** What the customer pays at most whose wallet it is charged to. */
  readonly walletMax?: Nano
}

/** What the life of a call needs of the ledger. `settle` and `release` happen exactly once for each hold. */
export interface Ledger {
  /** In memory where a lease is warm; a promise only when the store must be asked. */
  hold(caller: Caller, callId: string, amount: Nano, note?: CallNote): Hold | HoldRefusal | Promise<Hold | HoldRefusal>
  /** Charges `generation.cost` and records the generation: in the journal when this returns, in the store soon after. Throws when the journal cannot be written. */
  settle(hold: Hold, generation: Generation): void
  /** Gives the whole hold back and records nothing: for calls that never reached a provider. */
  release(hold: Hold): void
}
