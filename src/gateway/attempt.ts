import type { Endpoint } from '../catalog/endpoint.ts'
import type { Call, HedgeWish } from '../core/call.ts'
import { saysSomething, type Event } from '../core/event.ts'
import { Fault, FAULTS, type PreviousError } from '../core/fault.ts'
import { withLeastReasoning } from '../dialects/least-reasoning.ts'
import type { Plan, Step } from '../routing/plan.ts'
import { faultOutcome } from '../upstream/health-outcome.ts'
import type { CallUnderWay } from '../upstream/health.ts'
import { availabilityOf } from './availability.ts'
import type { Gateway } from './gateway.ts'
import { patienceMs, race, type Entrant, type Failure } from './hedge.ts'
import type { Meter } from './meter.ts'
import { ownKeyFault } from './own-key-fault.ts'

/**
 * Walks the Plan until an endpoint answers, and gives its answer. Goes on to another endpoint only while the client has
 * nothing: an error in a 200 comes before the first content like any other. Throws the last fault, with those before it.
 */
export async function* attempt(plan: Plan, call: Call, meter: Meter, gateway: Gateway, client: AbortSignal): AsyncGenerator<Event[]> {
  const errors: PreviousError[] = []
  const run = { plan, call, meter, gateway, client }
  const alone: Heat = { signal: client, hasLost: () => false }
  // Once for a call, however often it fails over: the budget is a share of the calls.
  if (call.preferences.hedge && plan.steps.length > 1) gateway.hedges.ask()
  let waitMs = Infinity
  let at: number | undefined = 0
  while (at !== undefined) {
    const wish = at + 1 < plan.steps.length ? call.preferences.hedge : undefined
    const failures: readonly Failure[] = wish ? yield* raceFrom(at, wish, run) : failuresOf(at, yield* tryStep(stepAt(plan, at), run, alone))
    const last = failures.at(-1)
    if (!last) return
    at = nextStep(plan, Math.max(...failures.map((failure) => failure.at)), last.fault)
    waitMs = Math.min(waitMs, ...failures.map(({ fault }) => fault.options.retryAfterMs ?? Infinity))
    if (at === undefined || meter.attempts.length >= gateway.limits.attemptsMax) {
      throw lastFault(last.fault, [...errors, ...failures.slice(0, -1).map((failure) => previous(failure, plan))], waitMs, plan, call)
    }
    errors.push(...failures.map((failure) => previous(failure, plan)))
  }
}

function previous({ at, fault }: Failure, plan: Plan): PreviousError {
  return { provider: stepAt(plan, at).endpoint.provider.name, code: fault.status, status: fault.code }
}

/** What an attempt needs to know of the call that it is made for. */
interface Run {
  readonly plan: Plan
  readonly call: Call
  readonly meter: Meter
  readonly gateway: Gateway
  readonly client: AbortSignal
}

function failuresOf(at: number, fault: Fault | undefined): readonly Failure[] {
  return fault ? [{ at, fault }] : []
}

/** Several endpoints against each other, as the client wishes it. Returns why they did not answer; nothing when one did. */
function raceFrom(at: number, wish: HedgeWish, run: Run): AsyncGenerator<Event[], readonly Failure[]> {
  const { plan, gateway } = run
  let last = at
  return race(entrant(at, run), (one) => patienceMs(wish, stepAt(plan, one.at), gateway.health), () => {
    const isSameModel = plan.steps[last + 1]?.requested === stepAt(plan, at).requested
    return isSameModel && last + 1 - at < wish.max && gateway.hedges.take() ? entrant(++last, run) : undefined
  })
}

/** What a try belongs to: whoever ends it, and whether another endpoint has answered meanwhile. */
interface Heat { readonly signal: AbortSignal; readonly hasLost: () => boolean }

function entrant(at: number, run: Run): Entrant {
  const step = stepAt(run.plan, at)
  const ending = new AbortController()
  const startedMs = run.gateway.clock.monotonicMs()
  return {
    at,
    answer: tryStep(step, run, { signal: AbortSignal.any([run.client, ending.signal]), hasLost: () => ending.signal.aborted }),
    win: () => run.meter.begin(step.endpoint, step.requested, startedMs),
    lose: () => ending.abort(),
  }
}

function stepAt(plan: Plan, at: number): Step {
  const step = plan.steps[at]
  if (!step) throw new Error('a Plan has at least one step')
  return step
}

/** Where to go on after a fault: the next endpoint, or the next model that the client named (C25), or nowhere. */
function nextStep(plan: Plan, at: number, fault: Fault): number | undefined {
  if (fault.code === 'client_gone' || fault.code === 'internal') return undefined
  const requested = plan.steps[at]?.requested
  const next = plan.steps.findIndex((step, index) => index > at && (fault.retry !== 'never' || step.requested !== requested))
  return next === -1 ? undefined : next
}

/** The client waits as long as the endpoint asks that is back first (M11). */
function lastFault(last: Fault, errors: readonly PreviousError[], waitMs: number, plan: Plan, call: Call): Fault {
  const fault = last.status === 429 || last.status === 503 ? last.with(waitMs === Infinity ? {} : { retryAfterMs: waitMs }) : last
  const availability = fault.options.availability ?? availabilityOf(fault, call, plan)
  return fault.with({ previousErrors: errors, ...(availability ? { availability } : {}) })
}

/** As soon as one call there is over; nobody knows when that is. */
const FULL_RETRY_MS = 1_000

/** One endpoint: once, and once more on a fresh connection when a kept one had gone stale. Returns why it did not answer. */
async function* tryStep(step: Step, run: Run, heat: Heat): AsyncGenerator<Event[], Fault | undefined> {
  const { name, slug } = step.endpoint.provider
  const underWay = run.gateway.health.enter(step.endpoint)
  if (!underWay) return new Fault('provider_full', `${name} is at its limit of calls at once for this gateway; try again shortly (the operator's limit is concurrency of ${slug})`, { provider: name, retryAfterMs: FULL_RETRY_MS })
  try {
    const first = yield* tryOnce(step, underWay, run, heat, false)
    return first?.retry === 'same' ? yield* tryOnce(step, underWay, run, heat, true) : first
  } finally {
    underWay.leave()
  }
}

async function* tryOnce(step: Step, underWay: CallUnderWay, { call, meter, gateway }: Run, heat: Heat, fresh: boolean): AsyncGenerator<Event[], Fault | undefined> {
  const startedMs = gateway.clock.monotonicMs()
  const { endpoint } = step
  meter.begin(endpoint, step.requested)
  const held: Event[] = []
  let said = false
  let fault: Fault | undefined
  try {
    for await (const events of gateway.upstream.run(step.leastReasoning ? withLeastReasoning(call, endpoint) : call, endpoint, heat.signal, fresh)) {
      const failed = events.find((event) => event.type === 'fault')
      if (failed?.type === 'fault') fault = failed.fault
      if (said) {
        yield events
        continue
      }
      if (events[0]?.type === 'debug') {
        meter.echoes.push(...events)
        continue
      }
      held.push(...events)
      // What came first decides, wherever the network cut the stream: words and then an error are an answer that broke off.
      const first = events.find((event) => event.type === 'fault' || saysSomething(event))
      if (first?.type === 'fault') break
      if (!first) continue
      said = true
      underWay.spoke()
      // `served` stays the first of all; of the attempts before, the client sees what they were told.
      yield meter.echoes.length === 0 ? held : [...held.slice(0, 1), ...meter.echoes, ...held.slice(1)]
    }
    if (!said) fault ??= new Fault('provider_bad_answer', `${endpoint.provider.name} ended its answer before it said anything`, { provider: endpoint.provider.name })
  } catch (error) {
    fault = ownKeyFault(faultFrom(error, gateway), endpoint, gateway.ownKeys)
    if (said) yield [{ type: 'fault', fault }]
  } finally {
    // Also when the client leaves in the middle: then there is no fault, and nothing that health should count.
    if (heat.hasLost()) noteLoser(endpoint, startedMs, meter, gateway)
    else if (fault || said) note(call, endpoint, fault, said, startedMs, meter, gateway)
  }
  return said ? undefined : fault
}

function note(call: Call, endpoint: Endpoint, fault: Fault | undefined, said: boolean, startedMs: number, meter: Meter, gateway: Gateway): void {
  const latencyMs = gateway.clock.monotonicMs() - startedMs
  meter.attempts.push({ endpointId: endpoint.id, provider: endpoint.provider.name, status: fault ? fault.status : 200, ...(fault ? { fault: fault.code } : {}), ...(endpoint.ownKey && { byok: true as const }), ...(endpoint.tier && { tier: endpoint.tier }), latencyMs: Math.round(latencyMs) })
  meter.tried.push({ endpoint, status: fault ? fault.status : 200, ...(call.headers.metadata ? { dialect: gateway.upstream.dialectFor(call, endpoint) } : {}) })
  if (fault) gateway.health.record(endpoint.id, faultOutcome(fault))
  else if (said) gateway.health.record(endpoint.id, { ok: true, counted: true, rateLimited: false, ...meter.speed() })
  const tools = fault ? undefined : meter.calledTools()
  if (tools) gateway.health.checkTools(endpoint.id, () => tools.error(call.body.tools) !== undefined)
}

/** An endpoint that another one was quicker than: on record, and nothing against its health. */
function noteLoser(endpoint: Endpoint, startedMs: number, meter: Meter, gateway: Gateway): void {
  const status = FAULTS.client_gone.status
  meter.attempts.push({ endpointId: endpoint.id, provider: endpoint.provider.name, status, fault: 'hedge_lost', ...(endpoint.ownKey && { byok: true as const }), ...(endpoint.tier && { tier: endpoint.tier }), latencyMs: Math.round(gateway.clock.monotonicMs() - startedMs) })
  meter.tried.push({ endpoint, status })
}

/** What a thrown thing means: a Fault as it is, anything else a bug of ours, which the log has whole and the client not. */
export function faultFrom(error: unknown, gateway: Pick<Gateway, 'log'>): Fault {
  if (error instanceof Fault) return error
  gateway.log.problem('bug', error instanceof Error ? (error.stack ?? error.message) : String(error))
  return new Fault('internal', 'Internal Server Error', { cause: error })
}
