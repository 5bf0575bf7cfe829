import type { Endpoint, Snapshot } from '../../src/catalog/endpoint.ts'
import { FakeClock } from '../../src/lib/clock.ts'
import type { Outcome } from '../../src/upstream/health-outcome.ts'
import type { CallUnderWay } from '../../src/upstream/health.ts'
import { Agenda } from './agenda.ts'
import { seeded } from './random.ts'
import type { MakeStrategy, Strategy } from './strategies.ts'
import { snapshots, World, type Fate } from './world.ts'

/** As the gateway's own limit. */
const ATTEMPTS_MAX = 12
const PROMPT_TOKENS = 1_000
const COMPLETION_TOKENS = 300
const ORIGIN_MS = 1_750_000_000_000

export interface Settings { readonly calls: number; readonly callsPerSecond: number; readonly seed: number }

export interface Result {
  readonly name: string
  readonly calls: number
  /** Answers that came whole. */
  readonly answered: number
  readonly attempts: number
  /** Calls whose first endpoint did not answer. */
  readonly failedOver: number
  readonly usd: number
  /** To the first word, with the time of all that failed before. Of answered calls. */
  readonly firstMsP50: number
  readonly firstMsP99: number
}

interface Journey { readonly number: number; readonly begunMs: number; readonly order: readonly Endpoint[]; attempt: number }

/** Runs one strategy through the world of a seed. The same at every run. */
export function simulate(make: MakeStrategy, settings: Settings): Result {
  return new Run(make, settings).result()
}

class Run {
  private readonly clock = new FakeClock(ORIGIN_MS)
  private readonly agenda = new Agenda<() => void>()
  private readonly strategy: Strategy
  private readonly world: World
  private readonly catalogue: Generator<{ readonly fromMs: number; readonly snapshot: Snapshot }>
  private change: { readonly fromMs: number; readonly snapshot: Snapshot } | undefined
  private snapshot: Snapshot | undefined
  private readonly firstMs: Float64Array
  private answered = 0
  private attempts = 0
  private failedOver = 0
  private usd = 0

  constructor(make: MakeStrategy, private readonly settings: Settings) {
    const { seed, calls, callsPerSecond } = settings
    const lengthMs = (calls / callsPerSecond) * 1_000 * 1.1
    this.strategy = make(this.clock, seed)
    this.world = new World(seed, lengthMs)
    this.catalogue = snapshots(seed, lengthMs)
    this.firstMs = new Float64Array(calls)
    this.change = this.nextChange()
  }

  result(): Result {
    const { calls, callsPerSecond, seed } = this.settings
    const next = seeded(seed + 3)
    let arrivesMs = 0
    for (let number = 0; number < calls; number++) {
      arrivesMs += (-Math.log(1 - next()) / callsPerSecond) * 1_000
      this.advance(arrivesMs)
      this.begin(number)
    }
    this.advance(Infinity)
    const times = this.firstMs.subarray(0, this.answered).sort()
    const at = (share: number): number => times[Math.min(times.length - 1, Math.floor(share * times.length))] ?? 0
    return { name: this.strategy.name, calls, answered: this.answered, attempts: this.attempts, failedOver: this.failedOver, usd: this.usd, firstMsP50: at(0.5), firstMsP99: at(0.99) }
  }

  private nowMs(): number {
    return this.clock.wallMs() - ORIGIN_MS
  }

  /** Does all that is to be done before `untilMs`. */
  private advance(untilMs: number): void {
    while (this.agenda.nextMs() <= untilMs && this.agenda.nextMs() < Infinity) {
      this.clock.advance(this.agenda.nextMs() - this.nowMs())
      this.agenda.take()?.()
    }
    if (untilMs < Infinity) this.clock.advance(untilMs - this.nowMs())
  }

  private begin(number: number): void {
    while (this.change && this.change.fromMs <= this.nowMs()) {
      this.snapshot = this.change.snapshot
      this.change = this.nextChange()
    }
    if (!this.snapshot) throw new Error('the catalogue begins at 0')
    this.try({ number, begunMs: this.nowMs(), order: this.strategy.order(this.snapshot), attempt: 0 })
  }

  private nextChange(): typeof this.change {
    const { done, value } = this.catalogue.next()
    return done ? undefined : value
  }

  private try(journey: Journey): void {
    const endpoint = journey.order[journey.attempt]
    if (!endpoint || journey.attempt >= ATTEMPTS_MAX) return
    const { health } = this.strategy
    const sentMs = this.nowMs()
    const fate = this.world.send(Number(endpoint.provider.slug.slice(1)), sentMs, journey.number, journey.attempt)
    const underWay = health?.enter(endpoint)
    this.attempts++
    if (journey.attempt === 1) this.failedOver++
    if (fate.kind !== 'answer') {
      this.agenda.add(sentMs + fate.lastMs, () => {
        this.end(endpoint, fate, underWay)
        journey.attempt++
        this.try(journey)
      })
      return
    }
    if (health) this.agenda.add(sentMs + fate.firstMs, () => underWay?.spoke())
    this.agenda.add(sentMs + fate.lastMs, () => {
      this.end(endpoint, fate, underWay)
      // What breaks off after the first word cannot be tried elsewhere: the client has it.
      if (fate.isCut) return
      this.firstMs[this.answered++] = sentMs + fate.firstMs - journey.begunMs
      this.usd += (Number(endpoint.price.prompt) * PROMPT_TOKENS + Number(endpoint.price.completion) * COMPLETION_TOKENS) / 1e15
    })
  }

  private end(endpoint: Endpoint, fate: Fate, underWay: CallUnderWay | undefined): void {
    underWay?.leave()
    this.strategy.health?.record(endpoint.id, outcomeOf(fate))
  }
}

function outcomeOf(fate: Fate): Outcome {
  if (fate.kind === 'limited') return { ok: false, counted: false, rateLimited: true, ...(fate.retryAfterMs === undefined ? {} : { retryAfterMs: fate.retryAfterMs }) }
  if (fate.kind !== 'answer') return { ok: false, counted: true, rateLimited: false }
  return { ok: !fate.isCut, counted: true, rateLimited: false, latencyMs: fate.firstMs, throughput: COMPLETION_TOKENS / (fate.lastMs / 1_000) }
}
