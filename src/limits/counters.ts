import type { Clock } from '../lib/clock.ts'
import { Counter, Slice } from './counter.ts'
import type { Rule } from './rule.ts'
import type { SliceAnswer, SliceAsk, SliceBank, WantedSlice, WindowRef } from './slice-bank.ts'

export interface CountersOptions {
  readonly nodeId: string
  readonly bank: SliceBank
  readonly clock: Clock
  /** Told what goes wrong behind the calls' backs. */
  readonly log?: (line: string) => void
  /** How long to wait for other processes' slices, each time, before a refusal stands. */
  readonly recallWaitsMs?: readonly number[]
}

/** Other processes see a recall within 100 ms; after each of these we look whether they gave enough back. */
const RECALL_WAITS_MS = [150, 250] as const
const REFUSAL_MS = 1_000
/** So long when nobody has any left: only a call that went to nobody gives some back. */
const FULL_MS = 5_000
/** Counters are looked through this often for those that nobody needs any more, and windows of the store. */
const SWEEP_MS = 60_000
/** The store keeps what has passed in a window for this long after its end, for clocks that are set back. */
const KEPT_MS = 3_600_000
/** What has passed in a day is told to the store this often: people look at it. */
const TELL_MS = 1_000

interface Asked { readonly ask: SliceAsk; readonly resolve: (answer: SliceAnswer) => void; readonly reject: (error: unknown) => void }

/** The counters of this process: gets slices from the store, asks for more before they run out, gives them back. */
export class Counters {
  private readonly counters = new Map<string, Counter>()
  private batch: Asked[] = []
  private readonly bank: SliceBank
  private readonly clock: Clock
  private readonly log: (line: string) => void
  private readonly recallWaitsMs: readonly number[]
  private readonly timers: readonly Timer[]

  constructor(private readonly options: CountersOptions) {
    this.bank = options.bank
    this.clock = options.clock
    this.log = options.log ?? (() => undefined)
    this.recallWaitsMs = options.recallWaitsMs ?? RECALL_WAITS_MS
    this.timers = [setInterval(() => this.tellDays(), TELL_MS), setInterval(() => this.sweep(), SWEEP_MS)]
    for (const timer of this.timers) timer.unref()
  }

  /** The counter of a rule. One that is held on to may be forgotten here meanwhile: its slices are of windows that are over. */
  of(rule: Rule, nowMs: number): Counter {
    const known = this.counters.get(rule.id)
    if (!known) return this.add(new Counter(rule, nowMs))
    if (known.cap !== rule.cap && known.adopt(rule.cap)) this.giveBack(known, known.slice)
    return known
  }

  find(id: string): Counter | undefined {
    return this.counters.get(id)
  }

  slice(counter: Counter, nowMs: number): Slice {
    return counter.at(nowMs, (slice) => this.giveBack(counter, slice))
  }

  /** Gets enough for `amount` into the slice of the window that runs: false when the store refuses, throws when it can't be asked. */
  async ensure(counter: Counter, amount: bigint): Promise<boolean> {
    counter.waiting += amount
    try {
      for (;;) {
        const slice = this.slice(counter, this.clock.wallMs())
        if (slice.left >= amount) return true
        if (counter.refuses(amount, this.clock.monotonicMs())) return false
        counter.asking ??= this.ask(counter, slice, amount).finally(() => { counter.asking = undefined })
        await counter.asking
      }
    } finally {
      counter.waiting -= amount
    }
  }

  /** What to ask for now so that no call must wait for it: more of this window, or a slice of the next. */
  askAhead(counter: Counter, nowMs: number): void {
    const next = counter.takeNext(nowMs)
    if (next) this.behind(this.exchange(counter, next, 0n, counter.part))
    if (!counter.isLow(this.clock.monotonicMs())) return
    counter.asking = this.exchange(counter, counter.slice, 0n, counter.part)
      // A call that needs it will ask again and say why it can't.
      .catch(() => 0n)
      .then((granted) => { if (granted === 0n) counter.aheadFromMs = this.clock.monotonicMs() + REFUSAL_MS })
      .finally(() => { counter.asking = undefined })
  }

  /** Lets the store know what has passed here beyond the slice. */
  tell(counter: Counter): void {
    this.behind(this.exchange(counter, counter.slice, 0n, 0n))
  }

  /** Other processes want what is not used here. */
  async noteWanted(wanted: readonly WantedSlice[]): Promise<void> {
    await Promise.all(wanted.map(async ({ accountId, counter: name, startMs, wantedBy }) => {
      const counter = this.counters.get(`${accountId} ${name}`)
      if (!counter || counter.slice.startMs !== startMs || wantedBy === this.options.nodeId) return
      counter.aheadFromMs = this.clock.monotonicMs() + REFUSAL_MS
      const { slice } = counter
      if (slice.left > 0n || slice.told !== slice.left) await this.exchange(counter, slice, 0n, 0n, slice.left)
    }))
  }

  /** The account's limits may be others now: what was refused is asked again. */
  noteAccount(accountId: string): void {
    for (const counter of this.counters.values()) if (counter.rule.accountId === accountId) counter.refuseUntil(0)
  }

  /** Ends when the store knows what has passed here of a counter. */
  async told(id: string): Promise<void> {
    const counter = this.counters.get(id)
    if (counter && counter.slice.told !== counter.slice.left) await this.exchange(counter, counter.slice, 0n, 0n)
  }

  /** Gives back what is not used. Nothing passes here any more. */
  async close(): Promise<void> {
    for (const timer of this.timers) clearInterval(timer)
    const nowMs = this.clock.wallMs()
    const slices = [...this.counters.values()].flatMap((counter) => [counter.slice, counter.next].flatMap((slice) => (slice && slice.endMs > nowMs ? [{ counter, slice }] : [])))
    await Promise.all(slices.map(({ counter, slice }) => this.exchange(counter, slice, 0n, 0n, slice.left)))
      .catch((error: unknown) => this.log(`slices of limits stay taken until their windows end: ${String(error)}`))
  }

  private add(counter: Counter): Counter {
    this.counters.set(counter.rule.id, counter)
    return counter
  }

  /** One question to the store, and where it refuses, one to the other processes. */
  private async ask(counter: Counter, slice: Slice, amount: bigint): Promise<void> {
    if (counter.returning) await counter.returning
    let answer = await this.answerOf(counter, slice, amount - slice.left, counter.part)
    for (const waitMs of this.recallWaitsMs) {
      if (answer.granted > 0n || !mayComeBack(counter, slice, answer)) break
      await this.bank.recallSlices([refOf(counter.rule, slice)], this.options.nodeId)
      await Bun.sleep(waitMs)
      if (slice.left >= amount || counter.slice !== slice) return
      answer = await this.answerOf(counter, slice, amount - slice.left, counter.part)
    }
    if (answer.granted > 0n || counter.slice !== slice) return
    counter.refuseUntil(this.clock.monotonicMs() + (mayComeBack(counter, slice, answer) ? REFUSAL_MS : FULL_MS))
  }

  private async exchange(counter: Counter, slice: Slice, least: bigint, asked: bigint, back = 0n): Promise<bigint> {
    return (await this.answerOf(counter, slice, least, asked, back)).granted
  }

  /** Tells the store what became of a slice, and takes what it gives. */
  private async answerOf(counter: Counter, slice: Slice, least: bigint, asked: bigint, back = 0n): Promise<SliceAnswer> {
    const given = back > 0n ? back : 0n
    slice.left -= given
    const over = slice.left < 0n ? -slice.left : 0n
    slice.left += over
    const leftChange = slice.left - slice.told
    slice.told = slice.left
    // What was beyond the slice is told now: the rest of what is wanted is less by it.
    const ask = { ...refOf(counter.rule, slice), ...counter.cap, endMs: slice.endMs, least: least > over ? least - over : least, asked, back: given, over, leftChange }
    try {
      const answer = await new Promise<SliceAnswer>((resolve, reject) => this.enqueue({ ask, resolve, reject }))
      slice.left += answer.granted
      slice.told += answer.granted
      if (counter.slice === slice) counter.learn(answer)
      // The window is not counted here any more, or less may pass now than when this was asked.
      if ((counter.slice !== slice && counter.next !== slice) || counter.cap.limit < ask.limit) this.giveBack(counter, slice)
      return answer
    } catch (error) {
      // What was given back is not used again: the store may have it. What the window that is over owes, the one after it does.
      const owing = counter.slice === slice || counter.next === slice ? slice : counter.slice
      owing.left -= over
      slice.told -= leftChange
      throw error
    }
  }

  /** All that is asked in one turn goes in one transaction. */
  private enqueue(asked: Asked): void {
    if (this.batch.push(asked) === 1) queueMicrotask(() => void this.send())
  }

  private async send(): Promise<void> {
    // In one order in every process, so that transactions on the same windows do not wait for each other in a ring.
    const batch = this.batch.toSorted(({ ask: a }, { ask: b }) => (a.counter < b.counter ? -1 : a.counter > b.counter ? 1 : a.startMs - b.startMs))
    this.batch = []
    try {
      const answers = await this.bank.takeSlices(batch.map(({ ask }) => ask))
      batch.forEach(({ resolve, reject }, at) => {
        const answer = answers[at]
        if (answer) resolve(answer)
        else reject(new Error('the store did not answer each ask'))
      })
    } catch (error) {
      for (const { reject } of batch) reject(error)
    }
  }

  private giveBack(counter: Counter, slice: Slice): void {
    if (slice.left <= 0n || slice.endMs <= this.clock.wallMs()) return
    const exchange = this.exchange(counter, slice, 0n, 0n, slice.left)
    this.behind(exchange)
    const returning = Promise.allSettled([exchange]).then(() => { if (counter.returning === returning) counter.returning = undefined })
    counter.returning = returning
  }

  private behind(work: Promise<unknown>): void {
    work.catch((error: unknown) => this.log(`the store was not told of a limit: ${String(error)}`))
  }

  private tellDays(): void {
    for (const counter of this.counters.values()) {
      if (counter.rule.period === 'day' && counter.slice.told !== counter.slice.left) this.tell(counter)
    }
  }

  private sweep(): void {
    const nowMs = this.clock.wallMs()
    if (this.counters.size === 0) return
    for (const [id, counter] of this.counters) {
      if (counter.slice.endMs + SWEEP_MS < nowMs && counter.waiting === 0n && counter.slice.left >= 0n) this.counters.delete(id)
    }
    this.behind(this.bank.pruneWindows(nowMs - KEPT_MS))
  }
}

/** True when other processes may have some to give back. Of what comes back when calls end, nobody has told yet. */
function mayComeBack({ metric }: Counter, { told }: Slice, { left, nodes }: SliceAnswer): boolean {
  return left > told || (metric !== 'requests' && nodes > 1)
}

function refOf({ accountId, counter }: Rule, { startMs }: Slice): WindowRef {
  return { accountId, counter, startMs }
}
