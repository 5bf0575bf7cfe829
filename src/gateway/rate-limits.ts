import type { Caller } from '../accounts/caller.ts'
import type { Endpoint, Snapshot } from '../catalog/endpoint.ts'
import type { RateLimits } from '../catalog/rate-limits.ts'
import { priceAt, worstCost } from '../catalog/price.ts'
import type { Call } from '../core/call.ts'
import type { Cost } from '../core/event.ts'
import { maxNano, minNano, type Nano } from '../core/nano.ts'
import type { Usage } from '../core/usage.ts'
import type { LimitRefusal, Limits, Passed, Taken, Want } from '../limits/limits.ts'
import type { Rule } from '../limits/rule.ts'
import { completionTokensMax } from '../routing/bound.ts'
import type { Plan, Step } from '../routing/plan.ts'
import { limitFault, sayLimit } from './limit-refusal.ts'
import type { Meter } from './meter.ts'

/** An answer is taken for this part of a limit, or for the most that the model writes if that is less, where the call does not bound it. */
const ANSWER_PART = 16n

/** A call that its limits let pass, with the part of its Plan that they leave. */
export interface Pass {
  readonly plan: Plan
  /** The call went to nobody: nothing of it counts. */
  release(): void
  /** The truth about tokens and cost: the rest of what was taken is free again. */
  settle(meter: Pick<Meter, 'tried' | 'served'>, usage: Usage, cost: Cost): void
}

interface TakenOf { readonly want: Want; readonly taken: Taken }

/**
 * Takes what the call may need of every limit of its caller and its models, or throws Fault `rate_limited`. Models whose own limits
 * are used up leave the Plan while others are left in it. A promise only when the store must be asked.
 */
export function passLimits(call: Call, caller: Caller, plan: Plan, snapshot: Pick<Snapshot, 'rateLimits'>, limits: Limits | undefined): Pass | Promise<Pass> {
  if (!limits) return freePass(plan)
  const settings = snapshot.rateLimits
  const { always, free } = limits.rulesOf(caller, settings)
  const models = modelRules(plan.steps, free, settings, limits)
  if (models === undefined && always.length === 0) return freePass(plan)
  const wants = wantsOf(call, plan.steps, call.composed?.parentId === undefined ? always : always.filter(({ metric }) => metric !== 'requests'))
  if (models !== undefined && isChoice(plan.steps)) return passModels(call, plan, wants, models, limits)
  // Where there is one model, all of it or nothing at once: what is refused takes nothing, not for a moment.
  for (const [modelId, rules] of models ?? []) wants.push(...wantsOf(call, plan.steps, rules, modelId))
  const passed = limits.pass(wants)
  const made = (answer: Passed | LimitRefusal): Pass => {
    if (!answer.ok) throw limitFault(answer, call)
    return new TakenPass(plan, joined(wants, answer), limits)
  }
  return passed instanceof Promise ? passed.then(made) : made(passed)
}

/** True when several models may answer. */
function isChoice(steps: readonly Step[]): boolean {
  return steps.some(({ endpoint }) => endpoint.modelId !== steps[0]?.endpoint.modelId)
}

function freePass(plan: Plan): Pass {
  return { plan, release: nothing, settle: nothing }
}

function nothing(): void {
  // What took nothing gives nothing back.
}

/** The rules of each model in the Plan that has any; undefined where none has. */
function modelRules(steps: readonly Step[], free: readonly Rule[], settings: RateLimits | undefined, limits: Limits): Map<string, readonly Rule[]> | undefined {
  let found: Map<string, readonly Rule[]> | undefined
  for (const { endpoint } of steps) {
    if (found?.has(endpoint.modelId)) continue
    const own = limits.rulesOfModel(endpoint.modelId, settings)
    const rules = isFree(endpoint) ? [...own, ...free] : own
    if (rules.length > 0) (found ??= new Map()).set(endpoint.modelId, rules)
  }
  return found
}

/** A free variant of a model (contract C27). What costs nothing because it is the operator's own is as free as it wants. */
function isFree({ modelId, price }: Endpoint): boolean {
  return price.state === 'free' && modelId.endsWith(':free')
}

/** First of the caller, then of each model on its own: the first that refuses speaks when none is left. */
async function passModels(call: Call, plan: Plan, wants: readonly Want[], models: ReadonlyMap<string, readonly Rule[]>, limits: Limits): Promise<Pass> {
  const answer = await limits.pass(wants)
  if (!answer.ok) throw limitFault(answer, call)
  const all = joined(wants, answer)
  const refusals = new Map<string, LimitRefusal>()
  for (const [modelId, rules] of models) {
    const own = wantsOf(call, plan.steps.filter(({ endpoint }) => endpoint.modelId === modelId), rules, modelId)
    const passed = await limits.pass(own)
    if (passed.ok) all.push(...joined(own, passed))
    else refusals.set(modelId, passed)
  }
  const steps = plan.steps.filter(({ endpoint }) => !refusals.has(endpoint.modelId))
  if (steps.length === plan.steps.length) return new TakenPass(plan, all, limits)
  const excluded = plan.steps.flatMap(({ endpoint }) => {
    const refusal = refusals.get(endpoint.modelId)
    return refusal ? [{ endpoint, rule: 'rate_limit' as const, detail: sayLimit(refusal) }] : []
  })
  const pass = new TakenPass({ ...plan, steps, excluded: [...plan.excluded, ...excluded] }, all, limits)
  const [first] = refusals.values()
  if (steps.length > 0 || !first) return pass
  pass.release()
  throw limitFault(first, call)
}

function joined(wants: readonly Want[], { taken }: Passed): TakenOf[] {
  return wants.flatMap((want, at) => {
    const one = taken[at]
    return one ? [{ want, taken: one }] : []
  })
}

class TakenPass implements Pass {
  constructor(readonly plan: Plan, private readonly all: readonly TakenOf[], private readonly limits: Limits) {}

  release(): void {
    for (const { taken } of this.all) this.limits.correct(taken, 0n)
  }

  settle(meter: Pick<Meter, 'tried' | 'served'>, usage: Usage, cost: Cost): void {
    for (const { want, taken } of this.all) {
      const { modelId } = want
      const isPart = modelId === undefined || this.wasAsked(modelId, meter)
      if (want.rule.metric === 'requests') {
        // Attempts that failed count (contract I11); a model that stood by does not.
        if (!isPart) this.limits.correct(taken, 0n)
        continue
      }
      const isWhose = modelId === undefined || meter.served()?.modelId === modelId
      this.limits.correct(taken, !isWhose ? 0n : want.rule.metric === 'usd' ? cost.total : BigInt(usage.promptTokens + usage.completionTokens))
    }
  }

  /** The first of a Plan is asked in any case, though its answer may never have begun. */
  private wasAsked(modelId: string, meter: Pick<Meter, 'tried' | 'served'>): boolean {
    return this.plan.steps[0]?.endpoint.modelId === modelId || meter.served()?.modelId === modelId || meter.tried.some(({ endpoint }) => endpoint.modelId === modelId)
  }
}

function wantsOf(call: Call, steps: readonly Step[], rules: readonly Rule[], modelId?: string): Want[] {
  return rules.map((rule) => ({ rule, amount: amountOf(rule, call, steps), ...(modelId !== undefined && { modelId }) }))
}

/** What is taken of a limit before anything is known: one request, or what tokens and cost probably come to at most. */
function amountOf({ metric, cap }: Rule, call: Call, steps: readonly Step[]): bigint {
  if (metric === 'requests') return 1n
  let most = 0n
  for (const { endpoint } of steps) most = maxNano(most, metric === 'tokens' ? tokensOf(call, endpoint, cap.limit) : usdOf(call, endpoint, cap.limit))
  return most
}

function promptTokens({ needs }: Call): number {
  return needs.promptTokensGuess ?? needs.promptTokensMax
}

function tokensOf(call: Call, endpoint: Endpoint, limit: bigint): bigint {
  const answer = BigInt(completionTokensMax(call, endpoint) * call.needs.choices)
  return BigInt(promptTokens(call)) + (call.needs.maxTokens === undefined ? minNano(answer, limit / ANSWER_PART) : answer)
}

function usdOf(call: Call, endpoint: Endpoint, limit: bigint): Nano {
  const price = priceAt(endpoint.price, call.createdMs)
  const prompt = promptTokens(call)
  const whole = worstCost(price, prompt, completionTokensMax(call, endpoint), call.needs.choices)
  return call.needs.maxTokens === undefined ? minNano(whole, worstCost(price, prompt, 0, call.needs.choices) + limit / ANSWER_PART) : whole
}
