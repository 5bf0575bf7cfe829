import type { Caller } from '../accounts/caller.ts'
import type { Call } from '../core/call.ts'
import type { Event } from '../core/event.ts'
import { Fault } from '../core/fault.ts'
import type { JsonObject } from '../core/json.ts'
import type { Hold } from '../ledger/ledger.ts'
import { explainInFull, type Plan } from '../routing/plan.ts'
import { admit } from './admit.ts'
import { attempt, faultFrom } from './attempt.ts'
import { callerView } from './caller-view.ts'
import type { Gateway } from './gateway.ts'
import { holdFor } from './hold.ts'
import { Meter } from './meter.ts'
import { passLimits, type Pass } from './rate-limits.ts'
import { annotator, planned, withFiles } from './read-files.ts'
import { refusalFault } from './refusal.ts'

/**
 * The life of one call. Everything the gateway promises happens here, in this order. Gives the answer in batches of
 * Events, a batch for each read of the provider's socket; the last is `end`, with what it cost. Throws Fault only
 * before the first batch. Whoever takes it must take at least one batch, and `return()` it when it leaves early.
 */
export async function* serve(asked: Call, caller: Caller, gateway: Gateway, client: AbortSignal): AsyncGenerator<Event[]> {
  if (!asked.composed?.isUnderWay) admit(caller, gateway.admission)
  const view = await callerView(asked, caller, gateway) // frozen: one view of catalogue, policies and providers
  const ready = planned(asked, view, gateway, client)
  const { call, plan: whole } = ready instanceof Promise ? await ready : ready // reads PDFs first that no model of the Plan reads
  const found = passLimits(call, caller, whole, view.snapshot, gateway.rates)
  const pass = found instanceof Promise ? await found : found
  const held = holdFor(call, caller, pass.plan, gateway)
  const { hold, plan } = held instanceof Promise ? await held : held // without the models whose own limits are used up
  if (!hold.ok) pass.release()
  if (!hold.ok) throw withFiles(call.headers.metadata ? refusalFault(hold, call, plan, caller).with({ router: explainInFull(call, plan) }) : refusalFault(hold, call, plan, caller), call, gateway)
  const meter = new Meter(call, caller, gateway.clock, plan.region, gateway.ownKeyBills?.feesOf(caller.accountId, view.snapshot.byok))
  const annotated = annotator(call, gateway)
  gateway.admission.enter()
  let ended = false
  try {
    for await (const events of attempt(plan, call, meter, gateway, client)) {
      meter.count(events)
      yield annotated(events)
      if (!meter.isRunaway()) continue
      const fault = new Fault('provider_too_much', 'The model writes far more than it was asked for; its answer was cut')
      meter.fail(fault)
      yield [{ type: 'fault', fault }]
      break
    }
    ended = true
  } catch (error) {
    ended = true
    const fault = withFiles(faultFrom(error, gateway), call, gateway)
    meter.fail(fault)
    throw call.headers.metadata ? fault.with({ router: routerMetadata(call, plan, meter) }) : fault
  } finally {
    if (!ended) meter.fail(new Fault('client_gone', 'The client closed the connection'))
    gateway.admission.leave()
    gateway.conversations.learn(caller, call, meter)
    settle(hold, pass, meter, gateway, call.headers.metadata ? routerMetadata(call, plan, meter) : undefined) // exactly once: end, abort or fault
    if (ended && !client.aborted) gateway.mirrors?.copy(asked, caller, view, gateway) // where the operator mirrors this alias; nobody waits for it
  }
  yield [meter.last()]
}

/** The contract's router metadata, and beside it what only we say: the reason for each place, the rules, the warnings. */
function routerMetadata(call: Call, plan: Plan, meter: Meter): JsonObject {
  return {
    ...explainInFull(call, plan, meter.tried, meter.served()),
    warnings: meter.notes().map((warning) => ({ ...warning })),
  }
}

function settle(hold: Hold, pass: Pass, meter: Meter, gateway: Gateway, router: JsonObject | undefined): void {
  const usage = meter.used()
  const cost = meter.cost(usage, hold.amount)
  pass.settle(meter, usage, cost)
  const generation = meter.generation(usage, cost, meter.charged(usage, hold.walletAmount ?? 0n))
  if (generation.attempts.length === 0 && generation.cost === 0n && generation.fault !== null) gateway.ledger.release(hold)
  else gateway.ledger.settle(hold, generation)
  meter.settled(usage, cost, router)
  gateway.log.call({
    id: generation.id, key: generation.keyHash.slice(0, 8), model: generation.model, provider: generation.provider, status: meter.status(), fault: generation.fault,
    ms: (generation.latencyMs ?? 0) + (generation.generationMs ?? 0), firstMs: generation.latencyMs, promptTokens: usage.promptTokens, completionTokens: usage.completionTokens, costNano: cost.total.toString(),
  })
}
