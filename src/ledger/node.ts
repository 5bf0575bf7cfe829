import type { Caller } from '../accounts/caller.ts'
import { assert, Fault } from '../core/fault.ts'
import { maxNano, type Nano } from '../core/nano.ts'
import type { Clock } from '../lib/clock.ts'
import { holderOf, type Bank, type Settled } from './bank.ts'
import type { Generation } from './generation.ts'
import type { Journal } from './journal.ts'
import { refusalOf, standing, type Lease, type Standing } from './lease.ts'
import { Leases, type AllowanceChanges, type CallerLeases, type LimitLease } from './leases.ts'
import type { CallNote, Hold, HoldRefusal, Ledger } from './ledger.ts'
import { beginLine, endLine, releaseLine, type BudgetCharge } from './line.ts'
import { Settler } from './settler.ts'
import { missingTag, tagCapsOf } from './tag-caps.ts'
import { isRolling } from './window.ts'

export interface LedgerNodeOptions {
  readonly nodeId: string
  readonly bank: Bank
  readonly journal: Journal
  readonly clock: Clock
  /** False while the bank may take this node for dead: nothing is held then. Always true when not said. */
  readonly isHeard?: () => boolean
  /** True while money is turned off: then no balance is asked, and limits and budgets hold as ever. Always on when not said. */
  readonly isMoneyOff?: () => boolean
  /** Told what goes wrong behind the calls' backs. No content in it. */
  readonly log?: (line: string) => void
  /** How long to wait for other nodes' leases, each time, before a refusal stands. */
  readonly recallWaitsMs?: readonly number[]
}

/** What the ledger of this process is doing. */
export interface LedgerStats {
  readonly callsInFlight: number
  /** Settlements that are in the journal and not in the store yet, and how long the oldest has waited. */
  readonly unsettled: number
  readonly lagMs: number
  readonly journalBytes: number
}

const JOURNAL_BYTES_MAX = 8_000_000
/** With more settlements than this between journal and store, no new work is taken. */
const UNSETTLED_MAX = 20_000
const IDLE_CHECK_MS = 5_000

/** A hold, with what it was taken from. */
class HeldCall implements Hold {
  readonly ok = true
  readonly accountOpened: boolean
  /** Those of `limits` whose leases were open: the bank knows them, and charges go to them. */
  readonly opened: readonly boolean[]

  constructor(readonly callId: string, readonly amount: Nano, readonly caller: Caller, readonly atMs: number, readonly account: Lease, readonly limits: readonly LimitLease[], readonly note: CallNote | undefined, readonly isUnbilled: boolean) {
    this.accountOpened = account.opened
    this.opened = limits.map(({ lease }) => lease.opened)
  }

  /** What was set aside on the account's balance. */
  get heldOnAccount(): Nano { return this.isUnbilled ? 0n : this.amount }

  /** What was set aside on the limit. */
  heldOn(limit: LimitLease): Nano {
    return heldOn(limit, this.caller, this.amount, this.note)
  }

  get walletAmount(): Nano { return this.note?.walletMax ?? 0n }

  /** What the limit counts of a generation: its cost, and a provider's own charge where the key or the workspace says so; what the customer pays, of a wallet. */
  countedBy(limit: LimitLease, generation: Generation): Nano {
    if (isCustomers(limit, this.caller)) return generation.wallet?.cost ?? 0n
    return countedOf(generation, countsByok(limit, this.caller))
  }

  /** What budgets take of a generation: from their leases, or, where they only count, from nothing. */
  budgets(generation: Generation): readonly BudgetCharge[] {
    const { caller: { budgets, caps, tagCaps }, note } = this
    if (!budgets && !caps && !tagCaps) return NO_CHARGES
    const charges = this.limits.flatMap((limit, at): BudgetCharge[] => {
      const { lease: { id, allowance: { window } }, cap } = limit
      const counted = this.countedBy(limit, generation)
      if (window?.kind === 'workspace') return this.opened[at] ? [[id, counted]] : []
      return window && cap && counted > 0n ? [[this.opened[at] ? id : '', counted, holderOf(window), window.period]] : []
    })
    for (const cap of tagCaps ? tagCapsOf(tagCaps, note?.tags) : []) {
      const counted = countedOf(generation, cap.includeByok)
      if (cap.isAlert && counted > 0n) charges.push(['', counted, holderOf(cap), cap.period])
    }
    return charges
  }
}

const NO_CHARGES: readonly BudgetCharge[] = []

function countedOf({ byok, cost, upstreamCost }: Generation, includesByok: boolean): Nano {
  return byok && includesByok ? cost + upstreamCost : cost
}

/**
 * The ledger of one process: holds in memory on leases, settles into the journal, and brings the journal to the store
 * behind the calls. Where a lease is warm nothing waits for anything.
 */
export class LedgerNode implements Ledger {
  private readonly leases: Leases
  private readonly settler: Settler
  private readonly journal: Journal
  private readonly clock: Clock
  private readonly log: (line: string) => void
  private readonly calls = new Map<string, HeldCall>()
  private readonly idleTimer: Timer
  private closing = false
  private wasWritable = true
  /** Lines pushed before the journal's last rotation: its old part goes once the store has them all. */
  private oldPushed = 0

  constructor(private readonly options: LedgerNodeOptions) {
    this.clock = options.clock
    this.journal = options.journal
    this.log = options.log ?? (() => undefined)
    this.leases = new Leases({ ...options, flush: () => this.flush() })
    this.settler = new Settler(options.bank, options.clock, (answer) => this.noteSettled(answer), this.log)
    this.idleTimer = setInterval(() => this.returnIdle().catch((error: unknown) => this.log(`idle leases stay: ${String(error)}`)), IDLE_CHECK_MS)
    this.idleTimer.unref()
  }

  hold(caller: Caller, callId: string, amount: Nano, note?: CallNote): Hold | HoldRefusal | Promise<Hold | HoldRefusal> {
    assert(amount >= 0n, 'a hold is not negative')
    assert(!this.calls.has(callId), 'a call is held once')
    if (!this.takesWork()) return UNAVAILABLE
    const missing = caller.tagCaps && missingTag(caller.tagCaps, note?.tags)
    if (missing) return { ok: false, code: 'tag_missing', left: 0n, allowance: 'tag', name: missing.tag, cap: 0n, resetsMs: null }
    return this.take(caller, callId, amount, note) ?? this.askAndTake(caller, callId, amount, note)
  }

  settle(hold: Hold, generation: Generation): void {
    const call = this.end(hold)
    assert(generation.id === call.callId, 'a hold is settled by its own generation')
    assert(generation.cost >= 0n, 'a cost is not negative')
    const { key } = call.caller
    const counted = key.wallet === undefined ? countedOf(generation, key.includeByokInLimit) : generation.wallet?.cost ?? 0n
    const walletLeaseId = generation.wallet && (call.limits.find(({ lease }, at) => lease.allowance.window === null && call.opened[at])?.lease.id ?? null)
    const leaseId = call.accountOpened && !call.isUnbilled ? call.account.id : null
    const keyLeaseId = call.limits.find(({ lease }, at) => lease.allowance.window?.kind === 'key' && call.opened[at])?.lease.id ?? null
    const line = endLine({ atMs: call.atMs, leaseId, keyLeaseId, counted, budgets: call.budgets(generation), ...(walletLeaseId && { walletLeaseId }), ...(call.isUnbilled && { unbilled: true }), workspaceId: key.workspaceId, generation })
    call.account.charge(call.heldOnAccount, call.isUnbilled ? 0n : generation.cost, call.accountOpened)
    call.limits.forEach((limit, at) => limit.lease.charge(call.heldOn(limit), call.countedBy(limit, generation), call.opened[at] ?? false))
    // Taken to the store even if the journal refuses it: then only a crash before the next batch can lose it.
    this.settler.push(line)
    this.write(line)
  }

  release(hold: Hold): void {
    const call = this.end(hold)
    call.account.charge(call.heldOnAccount, 0n, call.accountOpened)
    call.limits.forEach((limit, at) => limit.lease.charge(call.heldOn(limit), 0n, call.opened[at] ?? false))
    this.journal.defer(releaseLine(call.callId))
  }

  /** Ends when the store has every settlement so far. Throws Fault `unavailable`. */
  flush(): Promise<void> {
    return this.settler.flush()
  }

  stats(): LedgerStats {
    return { callsInFlight: this.calls.size, unsettled: this.settler.unsettled, lagMs: this.settler.lagMs, journalBytes: this.journal.sizeBytes }
  }

  /** Told by the store what changed, here or in another process. */
  noteChanges(changes: AllowanceChanges): Promise<void> {
    return this.leases.noteChanges(changes)
  }

  /** Gives back what is not held of an account's leases. */
  releaseLeases(accountId: string): Promise<void> {
    return this.leases.release(accountId)
  }

  /** Gives back leases that nobody used lately. Done every few seconds by itself. */
  returnIdle(): Promise<void> {
    return this.leases.returnIdle()
  }

  /** Takes no new work, brings everything to the store and closes the leases. What is still in flight is left to the journal. */
  async close(): Promise<void> {
    if (this.closing) return
    this.closing = true
    clearInterval(this.idleTimer)
    const settled = await this.finish()
    this.settler.close()
    await this.journal.close(settled)
  }

  /** True when the store has everything: then the journal has nothing to tell the next start. */
  private async finish(): Promise<boolean> {
    try {
      await this.flush()
      if (this.calls.size > 0) return false
      await this.options.bank.closeNode(this.options.nodeId)
      return true
    } catch (error) {
      this.log(`the journal stays for the next start: ${String(error)}`)
      return false
    }
  }

  private takesWork(): boolean {
    return !this.closing && this.settler.unsettled < UNSETTLED_MAX && this.isWritable() && (this.options.isHeard?.() ?? true)
  }

  private isWritable(): boolean {
    const writable = this.journal.writable()
    if (writable !== this.wasWritable) this.log(writable ? 'the journal takes settlements again' : 'the journal cannot be written: no work is taken')
    this.wasWritable = writable
    return writable
  }

  /** Holds on every allowance of the caller, all or none, from what is leased. */
  private take(caller: Caller, callId: string, amount: Nano, note: CallNote | undefined): Hold | undefined {
    const nowMs = this.clock.wallMs()
    const { account, limits } = this.leases.of(caller, nowMs, note?.tags)
    // A free model's call holds nothing, and needs no lease: a balance is never below zero.
    const isUnbilled = this.options.isMoneyOff?.() ?? false
    const onAccount = isUnbilled ? 0n : amount
    if (onAccount > 0n && account.spare < onAccount) return undefined
    if (limits.some((limit) => lacks(limit, heldOn(limit, caller, amount, note)))) return undefined
    account.hold(onAccount, nowMs)
    for (const limit of limits) limit.lease.hold(heldOn(limit, caller, amount, note), nowMs)
    const call = new HeldCall(callId, amount, caller, nowMs, account, limits, note, isUnbilled)
    this.calls.set(callId, call)
    this.journal.defer(begin(call))
    if (amount > 0n || note?.ownKeysMax) this.askAhead(call)
    return call
  }

  private askAhead(call: HeldCall): void {
    const nowMs = this.clock.monotonicMs()
    if (!call.isUnbilled && call.account.isLow(nowMs)) this.leases.askAhead(call.account, call.amount)
    for (const limit of call.limits) if (limit.lease.isLow(nowMs)) this.leases.askAhead(limit.lease, call.heldOn(limit))
  }

  private async askAndTake(caller: Caller, callId: string, amount: Nano, note: CallNote | undefined): Promise<Hold | HoldRefusal> {
    try {
      for (;;) {
        const leases = this.leases.of(caller, this.clock.wallMs(), note?.tags)
        if (!await this.ensureAll(leases, caller, amount, note)) return await this.refusal(leases, caller, amount, note)
        const held = this.takesWork() ? this.take(caller, callId, amount, note) : UNAVAILABLE
        if (held) return held
      }
    } catch (error) {
      if (error instanceof Fault && error.code === 'unavailable') return UNAVAILABLE
      throw error
    }
  }

  private async ensureAll({ account, limits }: CallerLeases, caller: Caller, amount: Nano, note: CallNote | undefined): Promise<boolean> {
    for (const limit of limits) if (!await this.leases.ensure(limit.lease, heldOn(limit, caller, amount, note))) return false
    return this.options.isMoneyOff?.() === true || await this.leases.ensure(account, amount)
  }

  /** Said of what is short of what this call needs of it: where money is turned off, or goes to a key of the caller's own, an empty balance is no reason. */
  private async refusal({ account, limits }: CallerLeases, caller: Caller, amount: Nano, note: CallNote | undefined): Promise<HoldRefusal> {
    for (const lease of [...limits.map((limit) => limit.lease), account]) if (lease.refusedUntilMs === 0) await this.leases.look(lease)
    const onAccount = this.options.isMoneyOff?.() === true ? 0n : amount
    const asked = [...limits.map((limit) => ({ known: limitStanding(limit), need: heldOn(limit, caller, amount, note) })), { known: standing(account, null), need: onAccount }]
    const short = asked.filter(({ known, need }) => known.left < need)
    // What came free since it was refused is short no more; the refusal stands, and is said of all.
    return refusalOf((short.length > 0 ? short : asked).map(({ known, need }) => (need === amount ? known : { ...known, need })))
  }

  private end(hold: Hold): HeldCall {
    assert(hold instanceof HeldCall && this.calls.delete(hold.callId), 'a hold is settled or released once, where it was made')
    return hold
  }

  private write(line: string): void {
    try {
      this.journal.append(line)
    } catch (error) {
      throw new Fault('unavailable', 'The journal of settlements cannot be written.', { cause: error })
    }
  }

  private noteSettled(answer: Settled): void {
    this.leases.noteSettled(answer)
    try {
      if (this.journal.hasOld && this.settler.settled >= this.oldPushed) this.journal.dropOld()
      else if (!this.journal.hasOld && this.journal.sizeBytes > JOURNAL_BYTES_MAX) this.rotate()
    } catch (error) {
      // The journal only grows meanwhile; the next batch tries again.
      this.log(`the journal cannot be rotated: ${String(error)}`)
    }
  }

  private rotate(): void {
    this.oldPushed = this.settler.pushed
    this.journal.rotate([...this.calls.values()].map(begin))
  }
}

/** Whether the limit counts what a provider charges on the caller's own account: the budget, the key or the workspace says it. */
function countsByok({ lease, cap }: LimitLease, { key, includeByokInBudgets }: Caller): boolean {
  if (cap) return cap.includeByok
  return lease.allowance.window?.kind === 'workspace' ? includeByokInBudgets === true : key.includeByokInLimit
}

/** A wallet's balance, and the limit of a key that is a customer's: both count what the customer pays. */
function isCustomers({ lease: { allowance: { window } } }: LimitLease, { key }: Caller): boolean {
  return window === null || ((window.kind === 'key' || window.kind === 'rolling') && key.wallet !== undefined)
}

/** What is set aside on a limit: on one that counts own keys, what these may come to. */
function heldOn(limit: LimitLease, caller: Caller, amount: Nano, note: CallNote | undefined): Nano {
  if (isCustomers(limit, caller)) return note?.walletMax ?? 0n
  return note?.ownKeysMax && countsByok(limit, caller) ? maxNano(amount, note.ownKeysMax) : amount
}

function limitStanding({ lease, window, cap }: LimitLease): Standing {
  const endMs = isRolling(window.period) ? lease.seen.freesMs : window.endMs
  const known = standing(lease, endMs !== undefined && Number.isFinite(endMs) ? endMs : null, cap?.name)
  return lease.allowance.window === null ? { ...known, allowance: 'wallet' } : known
}

/** What holds nothing needs no lease. */
function lacks({ lease }: LimitLease, amount: Nano): boolean {
  return amount > 0n && lease.spare < amount
}

function begin(call: HeldCall): string {
  return beginLine({ callId: call.callId, accountId: call.account.allowance.accountId, keyHash: call.caller.key.hash, atMs: call.atMs, ...(call.note && { note: call.note }) })
}

const UNAVAILABLE: HoldRefusal = Object.freeze({ ok: false, code: 'unavailable', left: 0n, allowance: 'account', cap: 0n, resetsMs: null })
