import type { Caller } from '../accounts/caller.ts'
import type { Call, Warning } from '../core/call.ts'
import type { Cost, Event } from '../core/event.ts'
import { assert, type Fault } from '../core/fault.ts'
import type { JsonObject } from '../core/json.ts'
import { addUsage, NO_USAGE, type Usage } from '../core/usage.ts'
import { addCost, NO_COST } from './add-cost.ts'
import type { Gateway } from './gateway.ts'
import { serve } from './serve.ts'

type Answer = AsyncGenerator<Event[]>

/**
 * Several calls of one request as one answer: the choices of the second stand after those of the first, and so on, as
 * they come. Each is a call of its own, held, routed, settled and recorded by itself; the client is told the sums.
 * While nothing was said, one that fails fails all, and none is charged: then nobody got an answer. After that, one that
 * breaks off ends its own choices, the others go on, and the fault is told last.
 */
export async function* serveEach(calls: readonly Call[], caller: Caller, gateway: Gateway, client: AbortSignal): Answer {
  const leaving = new AbortController()
  const signal = AbortSignal.any([client, leaving.signal])
  const answers = calls.map((call) => serve(call, caller, gateway, signal))
  const sums = new Sums(calls)
  let isOver = false
  try {
    yield sums.open(await firstOf(answers, leaving))
    const next = async (at: number) => ({ at, taken: await answerAt(answers, at).next() })
    const waiting = new Map(answers.map((_, at) => [at, next(at)]))
    while (waiting.size > 0) {
      const { at, taken } = await Promise.race(waiting.values())
      waiting.delete(at)
      if (taken.done) continue
      const events = sums.take(at, taken.value)
      if (events.length > 0) yield events
      // Only now: the next read waits until the client has taken the last write.
      waiting.set(at, next(at))
    }
    isOver = true
    yield sums.close()
  } finally {
    if (!isOver) {
      leaving.abort()
      await Promise.allSettled(answers.map((answer) => answer.return(undefined)))
    }
  }
}

/** The first batch of each. When one throws, those that wait are left, those that have something fail with it, and so cost nothing. */
async function firstOf(answers: readonly Answer[], leaving: AbortController): Promise<Event[][]> {
  let first: { readonly error: unknown } | undefined
  const taken = await Promise.allSettled(answers.map(async (answer) => {
    try {
      const { done, value } = await answer.next()
      assert(!done, 'a call says something or throws')
      return value
    } catch (error) {
      first ??= { error }
      leaving.abort()
      throw error
    }
  }))
  const batches = taken.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  if (!first) return batches
  const { error } = first
  await Promise.allSettled(answers.map((answer) => answer.throw(error)))
  throw error
}

function answerAt(answers: readonly Answer[], at: number): Answer {
  const answer = answers[at]
  assert(answer, 'there is an answer for each call')
  return answer
}

/** What the calls of one request come to together. */
class Sums {
  private usage: Usage = NO_USAGE
  private cost: Cost = NO_COST
  private fault: Fault | undefined
  private readonly routers: JsonObject[] = []

  constructor(private readonly calls: readonly Call[]) {}

  /** The first batch: who answers is said once, with what could not be said to any of them. */
  open(batches: readonly Event[][]): Event[] {
    const served = batches.flat().filter((event) => event.type === 'served')
    const warnings = new Map<string, Warning>(served.flatMap((event) => event.warnings).map((warning) => [`${warning.field}: ${warning.why}`, warning]))
    const first = served[0]
    return [...(first ? [{ ...first, warnings: [...warnings.values()] }] : []), ...batches.flatMap((batch, at) => this.take(at, batch))]
  }

  /** What a batch of one call says in the answer of all. */
  take(at: number, batch: readonly Event[]): Event[] {
    return batch.flatMap((event) => this.event(at, event))
  }

  close(): Event[] {
    const [first, ...prompts] = this.routers
    const end: Event = { type: 'end', usage: this.usage, cost: this.cost, ...(first ? { router: { ...first, prompts } } : {}) }
    return this.fault ? [{ type: 'fault', fault: this.fault }, end] : [end]
  }

  private event(at: number, event: Event): readonly Event[] {
    switch (event.type) {
      case 'served': case 'usage': return []
      case 'fault': this.fault ??= event.fault; return this.broken(at)
      case 'end': this.add(event.usage, event.cost, event.router); return []
      default: return 'choice' in event ? [{ ...event, choice: this.base(at) + event.choice }] : [event]
    }
  }

  /** Choices before those of a call. */
  private base(at: number): number {
    return this.calls.slice(0, at).reduce((sum, call) => sum + call.needs.choices, 0)
  }

  private broken(at: number): readonly Event[] {
    return Array.from({ length: this.calls[at]?.needs.choices ?? 0 }, (_, index): Event => ({ type: 'finish', choice: this.base(at) + index, reason: 'error', native: null }))
  }

  private add(usage: Usage, cost: Cost, router: JsonObject | undefined): void {
    this.usage = addUsage(this.usage, usage)
    this.cost = addCost(this.cost, cost)
    if (router) this.routers.push(router)
  }
}
