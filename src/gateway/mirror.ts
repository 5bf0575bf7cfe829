import type { Caller } from '../accounts/caller.ts'
import { parseModelName } from '../catalog/names.ts'
import type { Call } from '../core/call.ts'
import { Fault } from '../core/fault.ts'
import type { Hold } from '../ledger/ledger.ts'
import { generationId } from '../lib/id.ts'
import type { Plan } from '../routing/plan.ts'
import { route } from '../routing/route.ts'
import type { RoutingView } from '../routing/view.ts'
import { attempt, faultFrom } from './attempt.ts'
import type { Gateway } from './gateway.ts'
import { noteOf } from './hold.ts'
import { Meter } from './meter.ts'

export interface MirrorLimits {
  /** Copies under way at once; those beyond are dropped. */
  readonly copiesMax: number
  /** A copy that takes longer is ended. */
  readonly msMax: number
}

export const MIRROR_LIMITS: MirrorLimits = { copiesMax: 32, msMax: 120_000 }

/** Copies that are dropped are many at a time: one line says how many. */
const DROPS_SAID_EVERY_MS = 60_000

/**
 * Sends a share of an alias's calls to the alias's mirror as well, once the client has been served: its answer goes nowhere,
 * its record says what it took and what it cost the operator, and nobody is charged. What the client demands of providers
 * holds for the copy too: a call that may not leave for a weaker data policy is not copied to one.
 */
export class Mirrors {
  private readonly running = new Map<Promise<void>, AbortController>()
  private dropped = 0
  private saidMs = -Infinity
  private closed = false

  constructor(private readonly limits: MirrorLimits = MIRROR_LIMITS) {}

  /** Copies the call where the operator mirrors its alias and the draw falls on it. Returns at once and never throws. */
  copy(call: Call, caller: Caller, view: RoutingView, gateway: Gateway): void {
    const alias = view.snapshot.ownAliases?.size ? view.snapshot.ownAliases.get(parseModelName(call.models[0] ?? '').base) : undefined
    const mirror = alias?.mirror
    // PDFs would be read once more for the copy, perhaps by an engine that costs.
    if (!mirror || this.closed || call.needs.pdfs || gateway.draw() * 100 >= mirror.percent) return
    if (this.running.size >= this.limits.copiesMax) {
      this.dropped++
      this.sayDropped(gateway, DROPS_SAID_EVERY_MS)
      return
    }
    const ending = new AbortController()
    const copy = copyOf(call, mirror.id, gateway)
    const done = run({ copy, of: call.id, caller, view, gateway, signal: AbortSignal.any([ending.signal, AbortSignal.timeout(this.limits.msMax)]) })
      // Whatever breaks in a copy is the operator's to know, and no client's.
      .catch((error: unknown) => gateway.log.problem('a copy for a mirror failed', String(error)))
      .finally(() => this.running.delete(done))
    this.running.set(done, ending)
  }

  /** Ends the copies under way and takes no more. */
  async close(gateway: Pick<Gateway, 'log' | 'clock'>): Promise<void> {
    this.closed = true
    for (const ending of this.running.values()) ending.abort()
    await Promise.all(this.running.keys())
    this.sayDropped(gateway, 0)
  }

  private sayDropped({ log, clock }: Pick<Gateway, 'log' | 'clock'>, everyMs: number): void {
    const nowMs = clock.monotonicMs()
    if (this.dropped === 0 || nowMs - this.saidMs < everyMs) return
    this.saidMs = nowMs
    log.problem('calls were not copied to their mirror', `${this.dropped}, for ${this.limits.copiesMax} copies were under way`)
    this.dropped = 0
  }
}

/** The same call for the mirror's model: nobody waits for it, so that there is no race and nothing to tell. */
function copyOf(call: Call, model: string, { clock }: Gateway): Call {
  const createdMs = clock.wallMs()
  const { hedge: _hedge, ...preferences } = call.preferences
  return { ...call, id: generationId(createdMs), createdMs, models: [model], preferences, headers: { ...call.headers, metadata: false } }
}

interface Copy {
  readonly copy: Call
  /** The id of the client's call. */
  readonly of: string
  readonly caller: Caller
  readonly view: RoutingView
  readonly gateway: Gateway
  readonly signal: AbortSignal
}

async function run(job: Copy): Promise<void> {
  const { copy, caller, view, gateway, signal } = job
  // The client's last bytes go out first.
  await new Promise((resolve) => { setImmediate(resolve) })
  const plan = planOf(copy, view)
  if (!plan) return
  // Nothing is held: the store is not asked, and the copy is in the journal all the same.
  const hold = await gateway.ledger.hold(caller, copy.id, 0n, noteOf(copy, caller, []))
  if (!hold.ok) return
  const meter = new Meter(copy, caller, gateway.clock)
  try {
    for await (const events of attempt(plan, copy, meter, gateway, signal)) {
      meter.count(events)
      if (!meter.isRunaway()) continue
      meter.fail(new Fault('provider_too_much', 'The model writes far more than it was asked for'))
      break
    }
  } catch (error) {
    meter.fail(faultFrom(error, gateway))
  } finally {
    settle(job, meter, hold)
  }
}

/** Undefined where no endpoint of the mirror may be told this call: by its data policy, its size, what it needs. */
function planOf(copy: Call, view: RoutingView): Plan | undefined {
  try {
    const plan = route(copy, { ...view, nowMs: copy.createdMs })
    // A mirror is the operator's: no caller's own key pays for it.
    const steps = plan.steps.filter(({ endpoint }) => !endpoint.ownKey)
    return steps.length === 0 ? undefined : { ...plan, steps }
  } catch (error) {
    if (error instanceof Fault) return undefined
    throw error
  }
}

function settle({ of, gateway }: Copy, meter: Meter, hold: Hold): void {
  const usage = meter.used()
  const { upstream } = meter.cost(usage, 0n)
  const generation = { ...meter.generation(usage, { total: 0n, prompt: 0n, completion: 0n, byok: false, upstream }), mirrorOf: of }
  gateway.ledger.settle(hold, generation)
  gateway.log.call({
    id: generation.id, key: generation.keyHash.slice(0, 8), model: generation.model, provider: generation.provider, status: meter.status(), fault: generation.fault,
    ms: (generation.latencyMs ?? 0) + (generation.generationMs ?? 0), firstMs: generation.latencyMs, promptTokens: usage.promptTokens, completionTokens: usage.completionTokens,
    costNano: '0', mirrorOf: of, upstreamCostNano: upstream.toString(),
  })
}
