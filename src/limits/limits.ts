import type { Caller } from '../accounts/caller.ts'
import { DEFAULT_RATE_LIMITS, type RateLimits, type Rates } from '../catalog/rate-limits.ts'
import { assert, Fault } from '../core/fault.ts'
import type { Counter, Slice } from './counter.ts'
import { windowStartMs } from './counter.ts'
import { Counters, type CountersOptions } from './counters.ts'
import { CompiledRules, UNLIMITED, type CallerRules, type Rule } from './rule.ts'
import type { WantedSlice } from './slice-bank.ts'

/** What a call wants of a limit. */
export interface Want {
  readonly rule: Rule
  readonly amount: bigint
  /** The model of the call's that it is wanted for; absent: for the call, whoever answers. */
  readonly modelId?: string
}

/** What a call has taken of a limit. */
export interface Taken { readonly counter: Counter; readonly slice: Slice; readonly amount: bigint }

/** What was taken of each limit, in the order of the wants. */
export interface Passed { readonly ok: true; readonly taken: readonly Taken[] }

/** Why a call may not pass, with the numbers for the message (lesson 66). */
export interface LimitRefusal {
  readonly ok: false
  /** `limit`: the window is full · `too_large`: no window is large enough · `unavailable`: the store can't be asked. */
  readonly code: 'limit' | 'too_large' | 'unavailable'
  readonly rule: Rule
  readonly amount: bigint
  readonly limit: bigint
  /** What may pass still in this window, as far as this process knows. */
  readonly left: bigint
  /** When the window ends. */
  readonly resetsMs: number
}

/** An account's calls of free models in the day that runs; `limit` null: no limit. */
export interface FreeUse { readonly used: number; readonly limit: number | null }

const NOTHING_TAKEN: Passed = Object.freeze({ ok: true, taken: [] })

/**
 * How much may pass in a window, over all processes: each takes slices of windows from the store, and lets calls pass from
 * them in memory. Where a slice is there nothing waits for anything.
 */
export class Limits {
  private readonly counters: Counters
  private readonly rules = new CompiledRules()

  constructor(private readonly options: CountersOptions) {
    this.counters = new Counters(options)
  }

  rulesOf(caller: Caller, settings: RateLimits | undefined): CallerRules {
    return this.rules.of(caller, settings ?? DEFAULT_RATE_LIMITS)
  }

  rulesOfModel(modelId: string, settings: RateLimits | undefined): readonly Rule[] {
    return this.rules.ofModel(modelId, settings ?? DEFAULT_RATE_LIMITS)
  }

  /** Takes of all limits or of none. A promise only when the store must be asked. */
  pass(wants: readonly Want[]): Passed | LimitRefusal | Promise<Passed | LimitRefusal> {
    if (wants.length === 0) return NOTHING_TAKEN
    return this.take(wants) ?? this.askAndTake(wants)
  }

  /** It is known now how much it was: what was taken for more is free again, what passed beyond it counts. */
  correct({ counter: known, slice, amount }: Taken, truth: bigint): void {
    if (truth === amount) return
    const nowMs = this.options.clock.wallMs()
    const counter = this.counters.find(known.rule.id) ?? this.counters.of(known.rule, nowMs)
    const running = this.counters.slice(counter, nowMs)
    // What a window that is over did not need is nobody's.
    if (running === slice || truth > amount) running.left += amount - truth
    if (running.left < 0n) this.counters.tell(counter)
  }

  /** What may pass of a key's calls in a minute: what it says itself, and what the operator says of all keys. */
  ratesOf({ key }: Caller, settings: RateLimits = DEFAULT_RATE_LIMITS): Rates {
    return { ...settings.perKey, ...key.rateLimits }
  }

  /** The account's calls of free models today; what other processes let pass is known to the second. */
  async freeUse(caller: Caller, settings: RateLimits | undefined): Promise<FreeUse> {
    const rule = this.rulesOf(caller, settings).free.find(({ period }) => period === 'day')
    if (!rule) return { used: 0, limit: null }
    await this.counters.told(rule.id)
    const window = { accountId: rule.accountId, counter: rule.counter, startMs: windowStartMs('day', this.options.clock.wallMs()) }
    const { used, limit } = await this.options.bank.windowUse(window, rule.cap)
    return { used: Number(used), limit: limit >= UNLIMITED ? null : Number(limit) }
  }

  /** Told by the store that other processes want slices back, and whose credit or limit was changed. */
  async noteChanges(changes: { readonly slices: readonly WantedSlice[]; readonly accounts: readonly { readonly id: string }[] }): Promise<void> {
    for (const { id } of changes.accounts) this.counters.noteAccount(id)
    await this.counters.noteWanted(changes.slices)
  }

  /** Gives back what is not used. */
  close(): Promise<void> {
    return this.counters.close()
  }

  private take(wants: readonly Want[]): Passed | LimitRefusal | undefined {
    const { clock } = this.options
    const nowMs = clock.wallMs()
    const taken: Taken[] = []
    for (const { rule, amount } of wants) {
      const counter = this.counters.of(rule, nowMs)
      const slice = this.counters.slice(counter, nowMs)
      if (amount > counter.limit && rule.cap.raised === undefined) return refusal('too_large', rule, amount, counter)
      if (slice.left < amount) return counter.refuses(amount, clock.monotonicMs()) ? refusal('limit', rule, amount, counter) : undefined
      taken.push({ counter, slice, amount })
    }
    for (const { counter, slice, amount } of taken) {
      slice.left -= amount
      this.counters.askAhead(counter, nowMs)
    }
    return { ok: true, taken }
  }

  private async askAndTake(wants: readonly Want[]): Promise<Passed | LimitRefusal> {
    try {
      for (;;) {
        const nowMs = this.options.clock.wallMs()
        await Promise.all(wants.map(({ rule, amount }) => this.counters.ensure(this.counters.of(rule, nowMs), amount)))
        // A refusal is told here: it is remembered, and what came free meanwhile counts.
        const found = this.take(wants)
        if (found) return found
      }
    } catch (error) {
      if (!(error instanceof Fault) || error.code !== 'unavailable') throw error
      const [first] = wants
      assert(first, 'who asks wants something')
      const { rule, amount } = first
      return refusal('unavailable', rule, amount, this.counters.of(rule, this.options.clock.wallMs()))
    }
  }
}

function refusal(code: LimitRefusal['code'], rule: Rule, amount: bigint, counter: Counter): LimitRefusal {
  return { ok: false, code, rule, amount, limit: counter.limit, left: counter.left, resetsMs: counter.slice.endMs }
}
