import type { Allowance, AllowanceWindow } from './bank.ts'
import { maxNano, minNano, type Nano } from '../core/nano.ts'
import type { AllowanceKind, HoldRefusal } from './ledger.ts'

/** What the bank said last about an allowance. */
export interface Seen { readonly free: Nano; readonly others: Nano; readonly limit: Nano | null; readonly freesMs?: number }

const UNSEEN: Seen = { free: 0n, others: 0n, limit: null }

/**
 * A slice of an allowance that this process may spend without asking. `left - held` is what the next hold may take. Only
 * one thread touches it and never across an await, so that every change is atomic.
 */
export class Lease {
  /** Granted and not charged yet. Below zero after a charge that passed the grant, until the bank says who paid. */
  left: Nano = 0n
  /** Of `left`: set aside for calls in flight. */
  held: Nano = 0n
  /** What cold holds wait for. */
  waiting: Nano = 0n
  /** The question to the bank that is on its way. */
  asking: Promise<void> | undefined
  /** What goes back to the bank and is not there yet. */
  readonly returns = new Set<Promise<void>>()
  seen: Seen = UNSEEN
  /** The bank refused: until then, or until the allowance changes, what it said is taken for true without asking again. */
  refusedUntilMs = 0
  /** Below this much to spare it is time to ask for more. */
  private lowWater: Nano = 0n
  /** False until the first grant: the bank does not know it, and nothing is charged to it. */
  opened = false
  /** An answer of the bank about it was lost: it may have more at the bank than is known here. */
  isDoubtful = false
  lastUsedMs = 0
  /** No use to ask ahead of need before this moment: the bank had nothing to spare. */
  aheadFromMs = 0
  private demand = 0n
  private demandSinceMs = 0

  constructor(readonly id: string, readonly allowance: Allowance) {}

  /** What may be held now. */
  get spare(): Nano { return this.left - this.held }

  hold(amount: Nano, nowMs: number): void {
    this.held += amount
    this.lastUsedMs = nowMs
  }

  /** A call has ended: its hold is free again, and its charge is gone. `charged` is false for one held before the lease was opened. */
  charge(held: Nano, charge: Nano, charged: boolean): void {
    this.held -= held
    if (charged) this.left -= charge
    this.demand += charge
  }

  /** True when the bank has lately refused as much as this, counting what came free here since. */
  refuses(amount: Nano, nowMs: number): boolean {
    return nowMs < this.refusedUntilMs && amount > this.seen.free + this.spare
  }

  /** True when it is time to ask for more, before a call must wait for it. */
  isLow(nowMs: number): boolean {
    return this.spare < this.lowWater && this.asking === undefined && nowMs >= this.aheadFromMs
  }

  /**
   * How much to ask for: what waits, twice what is in flight, four times this call's worst case, or what was spent lately
   * over the horizon, whichever is most.
   */
  wish(amount: Nano, nowMs: number): Nano {
    const wish = [4n * amount, this.waiting, this.held, this.recentSpend(nowMs)].reduce(maxNano, 0n)
    this.lowWater = wish / 4n
    return wish
  }

  /** The spending of `HORIZON_MS` at the rate since the last question. */
  private recentSpend(nowMs: number): Nano {
    const elapsedMs = Math.max(1, Math.round(nowMs - this.demandSinceMs))
    const spend = this.demandSinceMs === 0 ? 0n : this.demand * BigInt(HORIZON_MS) / BigInt(elapsedMs)
    this.demand = 0n
    this.demandSinceMs = nowMs
    return spend
  }
}

/** A lease should last about this long before it is asked for again. */
const HORIZON_MS = 2_000

/**
 * How large a slice to grant: what is asked, but at most half of an equal share of what is free, so that money does not
 * lie with one node while another refuses; never less than `least`. 0n when even that is not free.
 */
export function sliceOf(ask: { readonly free: Nano; readonly asked: Nano; readonly least: Nano; readonly nodes: number }): Nano {
  if (ask.free < ask.least || ask.free <= 0n) return 0n
  return maxNano(ask.least, minNano(ask.asked, ask.free / BigInt(2 * Math.max(1, ask.nodes))))
}

/** What is known of one allowance when a hold is refused. */
export interface Standing {
  readonly allowance: AllowanceKind
  readonly name?: string | undefined
  /** Of a budget: which. */
  readonly period?: AllowanceWindow['period']
  /** What the next hold may take, calls in flight deducted. */
  readonly left: Nano
  /** What is not spent: calls in flight count as not spent. */
  readonly unspent: Nano
  /** The limit, the budget, or what the account has. */
  readonly cap: Nano
  readonly resetsMs: number | null
  /** What the call needs of it, where that is not the amount of its hold. */
  readonly need?: Nano
}

/** The lease's allowance as the bank saw it at its refusal and we see it now. */
export function standing(lease: Lease, resetsMs: number | null, name?: string): Standing {
  const { free, others, limit } = lease.seen
  const unspent = free + others + lease.left
  const { window } = lease.allowance
  return { allowance: window?.kind ?? 'account', name, ...(window && window.kind !== 'key' && { period: window.period }), left: free + lease.spare, unspent, cap: limit ?? unspent, resetsMs }
}

/** By what is said first where several are spent: what an admin decides goes before what the caller can mend. */
const SPENT = { workspace: 'workspace_budget', guardrail: 'guardrail_budget', member: 'member_budget', tag: 'tag_budget', key: 'key_limit', rolling: 'key_limit', wallet: 'wallet_balance', account: 'balance' } as const satisfies Readonly<Record<AllowanceKind, HoldRefusal['code']>>
// Its own keys, in their order.
const SPENT_ORDER = Object.keys(SPENT) as readonly AllowanceKind[]

/** Why these allowances can't pay: the one with the least left says it. One that is spent goes before: a workspace's budget (the broadest, H28), then others' budgets, then the key's limit. */
export function refusalOf(standings: readonly Standing[]): HoldRefusal {
  const allSpent = standings.filter((one) => one.unspent <= 0n)
  const [spent] = allSpent.toSorted((a, b) => SPENT_ORDER.indexOf(a.allowance) - SPENT_ORDER.indexOf(b.allowance))
  const least = spent ?? standings.reduce((a, b) => (b.left < a.left ? b : a))
  const code = spent ? SPENT[spent.allowance] : 'worst_case'
  return { ok: false, code, left: maxNano(0n, least.left), allowance: least.allowance, ...(least.name !== undefined && { name: least.name }), ...(least.period && { period: least.period }), cap: least.cap, resetsMs: least.resetsMs, ...(least.need !== undefined && { need: least.need }) }
}
