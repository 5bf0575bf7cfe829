import type { Caller, CallerCap } from '../accounts/caller.ts'
import type { Nano } from '../core/nano.ts'
import type { Clock } from '../lib/clock.ts'
import { rowId } from '../lib/id.ts'
import type { CallTags } from '../core/tags.ts'
import { holderOf, type Allowance, type AllowanceWindow, type Bank, type LeaseReturn, type Settled } from './bank.ts'
import { tagCapsOf } from './tag-caps.ts'
import { Lease } from './lease.ts'
import { PERIODS, windowAt, type Window } from './window.ts'

/** What a caller's calls are held on: the account's balance, and the budgets and limits that there are. */
export interface CallerLeases {
  readonly account: Lease
  readonly limits: readonly LimitLease[]
}

/** A lease of one window of a limit or budget; or of a balance, which is that of the customer's wallet. `cap`: of a guardrail's, a member's or a tag's. */
export interface LimitLease { readonly window: Window; readonly lease: Lease; readonly cap?: CallerCap }

/** What other processes (or people) did to allowances. */
export interface AllowanceChanges {
  /** Hashes of keys that were changed, deleted or made. */
  readonly keys: readonly string[]
  /** Ids of accounts whose guardrails or budgets were changed. */
  readonly rules?: readonly string[]
  /** Ids of workspaces whose budgets were changed. */
  readonly workspaces?: readonly string[]
  /** Accounts whose balance was changed by hand, or that a node wants leases returned of. */
  readonly accounts: readonly { readonly id: string; readonly wantedBy: string | null }[]
}

const NO_LIMITS: readonly LimitLease[] = []
const EVER = windowAt('ever', 0)

const REFUSAL_MS = 1_000
/** An unused lease goes back to the bank after this long. */
const IDLE_MS = 10_000
/** Other nodes see a recall within 100 ms; after each of these we look whether they gave enough back. */
const RECALL_WAITS_MS = [150, 250] as const

/** The leases of this process: opens them, asks for more before they run out, gives them back. */
export class Leases {
  private readonly accounts = new Map<string, Lease>()
  /** By the key's hash, or the holder and the budget's period. */
  private readonly limits = new Map<string, LimitLease>()
  private readonly byId = new Map<string, Lease>()
  /** Not used for new holds any more; closed once nothing is held on them. */
  private readonly retired = new Set<Lease>()

  private readonly nodeId: string
  private readonly bank: Bank
  private readonly clock: Clock
  private readonly recallWaitsMs: readonly number[]
  private readonly flush: () => Promise<void>

  /** `flush` brings all settlements so far to the bank. */
  constructor(options: { readonly nodeId: string; readonly bank: Bank; readonly clock: Clock; readonly flush: () => Promise<void>; readonly recallWaitsMs?: readonly number[] }) {
    this.nodeId = options.nodeId
    this.bank = options.bank
    this.clock = options.clock
    this.flush = options.flush
    this.recallWaitsMs = options.recallWaitsMs ?? RECALL_WAITS_MS
  }

  of(caller: Caller, nowMs: number, tags?: CallTags): CallerLeases {
    const account = this.accounts.get(caller.accountId) ?? this.openAccount(caller.accountId)
    const { accountId, key, budgets, caps, tagCaps, wallet } = caller
    if (key.limit === null && !budgets && !caps && !tagCaps && !wallet) return { account, limits: NO_LIMITS }
    const limits = (budgets ?? []).map(({ period }) => this.limitOf({ accountId, kind: 'workspace', id: key.workspaceId, period }, nowMs))
    for (const cap of caps ?? []) limits.push(this.limitOf({ accountId, kind: cap.kind, id: cap.id, period: cap.period }, nowMs, cap))
    for (const cap of tagCaps ? tagCapsOf(tagCaps, tags) : []) if (!cap.isAlert) limits.push(this.limitOf({ accountId, kind: cap.kind, id: cap.id, period: cap.period }, nowMs, cap))
    if (wallet) limits.push({ window: EVER, lease: this.accounts.get(wallet.id) ?? this.openAccount(wallet.id) })
    if (key.limit !== null) limits.push(this.limitOf({ accountId, kind: 'key', id: key.hash, period: key.limitReset ?? 'ever' }, nowMs))
    return { account, limits }
  }

  /** Gets the lease enough to hold `amount` more: false when the bank refuses, throws when it can't be asked. True too when the lease was closed or given up meanwhile: look again. */
  async ensure(lease: Lease, amount: Nano): Promise<boolean> {
    lease.waiting += amount
    try {
      while (lease.spare < amount && this.byId.has(lease.id) && !this.retired.has(lease)) {
        if (lease.refuses(amount, this.clock.monotonicMs())) return false
        lease.asking ??= this.ask(lease, amount).finally(() => { lease.asking = undefined })
        await lease.asking
      }
      return true
    } finally {
      lease.waiting -= amount
    }
  }

  /** Asks for more before a call must wait for it, by the measure of the last one. */
  askAhead(lease: Lease, amount: Nano): void {
    lease.asking = (lease.isDoubtful ? this.giveUp(lease).then(() => 0n) : this.grant(lease, 0n, lease.wish(amount, this.clock.monotonicMs())))
      // A call that needs it will ask again and say why it can't.
      .catch(() => 0n)
      .then((granted) => {
        if (granted === 0n) lease.aheadFromMs = this.clock.monotonicMs() + REFUSAL_MS
        // Retired while it asked: what came is nobody's to spend any more.
        if (this.retired.has(lease)) return this.returnRetired(lease.allowance.accountId)
        // Recalled while it asked: what came is wanted elsewhere.
        if (lease.aheadFromMs > this.clock.monotonicMs() && lease.waiting === 0n) return this.giveBack(this.takeSpare(lease))
      })
      // As when idle ones go back: what the bank may have of it is asked for again.
      .catch(() => undefined)
      .finally(() => { lease.asking = undefined })
  }

  /** Learns what the bank has of an allowance, without taking any. */
  async look(lease: Lease): Promise<void> {
    await this.grant(lease, 0n, 0n)
  }

  /** Counts back what the bank took elsewhere than from the leases, and drops leases that it has closed. */
  noteSettled(answer: Settled): void {
    for (const { leaseId, amount } of answer.unpaid) {
      const lease = this.byId.get(leaseId)
      if (lease) lease.left += amount
    }
    for (const id of answer.closed) {
      const lease = this.byId.get(id)
      if (lease) this.forget(lease)
    }
  }

  /** Obeys changes made elsewhere: a changed key is leased anew, a top-up ends refusals, a recall empties leases. */
  async noteChanges(changes: AllowanceChanges): Promise<void> {
    const returns: LeaseReturn[] = []
    const names = [...changes.keys, ...(changes.workspaces ?? []).flatMap((id) => PERIODS.map((period) => windowName({ kind: 'workspace', id, period })))]
    const ofRules = changes.rules?.length ? [...this.limits.values()].filter(({ cap, lease }) => cap && changes.rules?.includes(lease.allowance.accountId)) : []
    const rolling = changes.keys.length > 0 ? [...this.limits.values()].filter(({ cap }) => cap?.kind === 'rolling' && changes.keys.includes(cap.id)) : []
    for (const { lease } of new Set([...names.flatMap((name) => this.limits.get(name) ?? []), ...ofRules, ...rolling])) {
      this.retire(lease)
      returns.push(...this.takeSpare(lease))
    }
    for (const { id, wantedBy } of changes.accounts) {
      if (wantedBy === this.nodeId) continue
      for (const lease of this.ofAccount(id)) {
        lease.refusedUntilMs = 0
        lease.aheadFromMs = 0
        if (wantedBy === null) continue
        lease.aheadFromMs = this.clock.monotonicMs() + REFUSAL_MS
        returns.push(...this.takeSpare(lease))
      }
    }
    await this.giveBack(returns)
  }

  /** Gives back all that is not held, for an amount that must be free at the bank. */
  async release(accountId: string): Promise<void> {
    await this.giveBack(this.ofAccount(accountId).flatMap((lease) => this.takeSpare(lease)))
  }

  /** Returns idle leases and closes retired ones. */
  async returnIdle(): Promise<void> {
    const nowMs = this.clock.wallMs()
    for (const lease of this.byId.values()) {
      // A clock that was set back must not keep it.
      const idle = lease.held === 0n && lease.waiting === 0n && lease.asking === undefined && Math.abs(nowMs - lease.lastUsedMs) >= IDLE_MS
      if (idle) this.retire(lease)
    }
    await this.closeRetired()
  }

  /** Closes those that nothing is held on, once nothing of theirs is still to be settled. `asks`: the one that this question is about. */
  private async closeRetired(asks?: Lease): Promise<void> {
    const done = [...this.retired].filter((lease) => lease.held === 0n && (lease.asking === undefined || lease === asks))
    if (done.length === 0) return
    await this.flush()
    const returns = done.filter((lease) => lease.opened || lease.isDoubtful).map((lease) => ({ accountId: lease.allowance.accountId, leaseId: lease.id, amount: 0n, close: true }))
    await this.giveBack(returns)
    for (const lease of done) this.forget(lease)
  }

  /** What came free on leases that take no calls any more is for those that do. */
  private async returnRetired(accountId: string): Promise<void> {
    await this.giveBack([...this.retired].filter((lease) => lease.allowance.accountId === accountId).flatMap((lease) => this.takeSpare(lease)))
  }

  /** Where the answer is lost, the bank may still have what was taken off the leases here. */
  private async giveBack(returns: readonly LeaseReturn[]): Promise<void> {
    if (returns.length === 0) return
    const leases = returns.flatMap(({ leaseId }) => this.byId.get(leaseId) ?? [])
    const returning = this.bank.giveBack(returns).catch((error: unknown) => {
      for (const lease of leases) lease.isDoubtful = true
      throw error
    })
    for (const lease of leases) lease.returns.add(returning)
    try {
      await returning
    } finally {
      for (const lease of leases) lease.returns.delete(returning)
    }
  }

  /**
   * An answer about the lease was lost, so that nobody knows what the bank has for it: closing it gives back all of that. The bank
   * is asked first, for while it is away what is known of the lease is all that calls have.
   */
  private async giveUp(lease: Lease): Promise<void> {
    await this.look(lease)
    this.retire(lease)
    await this.giveBack(this.takeSpare(lease))
    await this.closeRetired(lease)
  }

  private async ask(lease: Lease, amount: Nano): Promise<void> {
    await this.returned(lease)
    if (lease.isDoubtful) return await this.giveUp(lease)
    // What came free meanwhile may be enough.
    if (lease.spare >= amount || this.retired.has(lease)) return
    const wish = lease.wish(amount, this.clock.monotonicMs())
    if (await this.grant(lease, amount - lease.spare, wish) > 0n) return
    for (const waitMs of this.recallWaitsMs) {
      if (lease.seen.others <= 0n || !this.byId.has(lease.id)) break
      await this.returnRetired(lease.allowance.accountId)
      await this.bank.recall(lease.allowance.accountId, this.nodeId)
      await Bun.sleep(waitMs)
      await this.returned(lease)
      const least = amount - lease.spare
      if (least <= 0n || await this.grant(lease, least, wish) > 0n) return
    }
    lease.refusedUntilMs = this.clock.monotonicMs() + REFUSAL_MS
  }

  /** What is on its way back is nobody's until it arrives: who asks before finds it neither free nor with others, and takes it for spent. */
  private async returned(lease: Lease): Promise<void> {
    // Whether it arrived is the business of who gave it.
    if (lease.returns.size > 0) await Promise.allSettled(lease.returns)
  }

  private async grant(lease: Lease, least: Nano, asked: Nano): Promise<Nano> {
    const ask = { leaseId: lease.id, nodeId: this.nodeId, allowance: lease.allowance, opened: lease.opened, least, asked }
    const [answer] = await this.bank.lease([ask], this.clock.wallMs()).catch((error: unknown) => {
      if (asked > 0n) lease.isDoubtful = true
      throw error
    })
    if (!answer) throw new Error('the bank answers each ask')
    if (answer.closed) this.forget(lease)
    lease.seen = answer
    if (answer.granted > 0n) lease.opened = true
    lease.left += answer.granted
    return answer.granted
  }

  private openAccount(accountId: string): Lease {
    const lease = this.open({ accountId, window: null })
    this.accounts.set(accountId, lease)
    return lease
  }

  private limitOf({ accountId, kind, id, period }: { readonly accountId: string; readonly kind: AllowanceWindow['kind']; readonly id: string; readonly period: AllowanceWindow['period'] }, nowMs: number, cap?: CallerCap): LimitLease {
    const name = windowName({ kind, id, period })
    const known = this.limits.get(name)
    if (known && known.window.period === period && nowMs >= known.window.startMs && nowMs < known.window.endMs) return known
    if (known) this.retire(known.lease)
    const window = windowAt(period, nowMs)
    const limit = { window, lease: this.open({ accountId, window: { kind, id, period, startMs: window.startMs } }), ...(cap && { cap }) }
    this.limits.set(name, limit)
    return limit
  }

  private open(allowance: Allowance): Lease {
    const lease = new Lease(rowId(), allowance)
    lease.lastUsedMs = this.clock.wallMs()
    this.byId.set(lease.id, lease)
    return lease
  }

  private ofAccount(accountId: string): Lease[] {
    return [...this.byId.values()].filter((lease) => lease.allowance.accountId === accountId)
  }

  private takeSpare(lease: Lease): LeaseReturn[] {
    const amount = lease.spare
    if (amount <= 0n) return []
    lease.left -= amount
    lease.seen = { ...lease.seen, free: lease.seen.free + amount }
    return [{ accountId: lease.allowance.accountId, leaseId: lease.id, amount, close: false }]
  }

  private retire(lease: Lease): void {
    this.unlist(lease)
    this.retired.add(lease)
  }

  private forget(lease: Lease): void {
    this.unlist(lease)
    this.retired.delete(lease)
    this.byId.delete(lease.id)
  }

  private unlist(lease: Lease): void {
    const { accountId, window } = lease.allowance
    if (window === null && this.accounts.get(accountId) === lease) this.accounts.delete(accountId)
    if (window === null) return
    const name = windowName(window)
    if (this.limits.get(name)?.lease === lease) this.limits.delete(name)
  }
}

/** A key has one window at a time, whose period a change of the key may change; all others stand beside each other. */
function windowName(window: Pick<AllowanceWindow, 'kind' | 'id' | 'period'>): string {
  return window.kind === 'key' ? window.id : `${holderOf(window)} ${window.period}`
}
