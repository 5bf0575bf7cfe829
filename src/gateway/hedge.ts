import type { Event } from '../core/event.ts'
import type { Fault } from '../core/fault.ts'
import type { HedgeWish } from '../core/call.ts'
import type { HealthView } from '../routing/health.ts'
import type { Step } from '../routing/plan.ts'

/** Of the calls that ask for it, this share may have a second endpoint asked; and one more, so that the first can. */
const EXTRA_SHARE_MAX = 0.05

/** How long an endpoint is waited for whose pace nobody has measured yet. */
const AFTER_MS_UNKNOWN = 2_000

/** Keeps what hedging costs within bounds: at most one extra provider call for every twenty that ask for it. */
export class HedgeBudget {
  private asked = 0
  private extra = 0

  /** A call asks to be hedged. */
  ask(): void {
    this.asked++
  }

  /** True when one more provider call may be made now; it counts as made. */
  take(): boolean {
    if (this.extra > this.asked * EXTRA_SHARE_MAX) return false
    this.extra++
    return true
  }
}

/** How long this endpoint has to speak before another is asked as well, in ms: as the client says, or at its own pace of the last 5 minutes. */
export function patienceMs({ after }: HedgeWish, { endpoint }: Step, health: HealthView): number {
  return typeof after === 'number' ? after : health.of(endpoint.id).latency?.[after] ?? AFTER_MS_UNKNOWN
}

/** One endpoint in the race. */
export interface Entrant {
  /** Its place in the Plan. */
  readonly at: number
  /** Its answer; what it returns is why it did not answer. */
  readonly answer: AsyncGenerator<Event[], Fault | undefined>
  /** It has spoken first. */
  win(): void
  /** It has lost: its provider call ends at once, and says nothing about the endpoint's health. */
  lose(): void
}

/** An endpoint that did not answer. */
export interface Failure { readonly at: number; readonly fault: Fault }

interface Move { readonly entrant: Entrant; readonly result: IteratorResult<Event[], Fault | undefined> }

/**
 * Gives the answer of the entrant that speaks first, and ends the others. `next` starts another one when the newest has been
 * quiet for its `patience` in ms; it gives undefined when there is none to start. Returns why each failed, where none answered.
 */
export async function* race(first: Entrant, patience: (entrant: Entrant) => number, next: () => Entrant | undefined): AsyncGenerator<Event[], readonly Failure[]> {
  const running = new Map<Entrant, Promise<Move>>()
  const failures: Failure[] = []
  const enter = (entrant: Entrant): void => { running.set(entrant, entrant.answer.next().then((result) => ({ entrant, result }))) }
  enter(first)
  let newest: Entrant | undefined = first
  while (running.size > 0) {
    const moved: Move | undefined = await firstMove(running, newest && patience(newest))
    if (!moved) {
      newest = next()
      if (newest) enter(newest)
      continue
    }
    const { entrant, result } = moved
    running.delete(entrant)
    if (result.done !== true) return yield* won(entrant, result.value, [...running.keys()])
    if (result.value) failures.push({ at: entrant.at, fault: result.value })
    if (entrant === newest) newest = undefined
  }
  return failures
}

async function* won(winner: Entrant, said: Event[], losers: readonly Entrant[]): AsyncGenerator<Event[], readonly Failure[]> {
  const gone = losers.map(async (loser) => {
    loser.lose()
    await loser.answer.return(undefined)
  })
  winner.win()
  try {
    yield said
    yield* winner.answer
    return []
  } finally {
    // Also when the client leaves in the middle: what the winner holds is let go, and the losers have gone by then.
    await winner.answer.return(undefined)
    await Promise.all(gone)
  }
}

/** Whoever moves first; undefined when the time is over before that. Without a time it is waited for as long as it takes. */
async function firstMove(running: ReadonlyMap<Entrant, Promise<Move>>, msMax: number | undefined): Promise<Move | undefined> {
  if (msMax === undefined) return await Promise.race(running.values())
  let timer: ReturnType<typeof setTimeout> | undefined
  const over = new Promise<undefined>((resolve) => { timer = setTimeout(() => resolve(undefined), msMax) })
  try {
    return await Promise.race([...running.values(), over])
  } finally {
    clearTimeout(timer)
  }
}
