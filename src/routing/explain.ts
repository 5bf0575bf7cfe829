import { costOf, priceAt } from '../catalog/price.ts'
import type { Call, Preferences } from '../core/call.ts'
import { Fault } from '../core/fault.ts'
import type { Nano } from '../core/nano.ts'
import { NO_USAGE } from '../core/usage.ts'
import { completionTokensMax, costMax, promptTokensMax } from './bound.ts'
import { noEndpoints, relaxing } from './no-endpoints.ts'
import type { Exclusion, Plan, Step } from './plan.ts'
import { consider } from './route.ts'
import type { RoutingView } from './view.ts'

/** Tokens of an answer that nobody bounds: what an expected cost takes a call to write. */
const COMPLETION_TOKENS_EXPECTED = 500

/** The Plan of a call that is not run, with what it would cost and what the client could ask otherwise. */
export interface Explanation {
  readonly plan: Plan
  /** Tokens that the expected costs take the call to have; each step's own limits may make them fewer. */
  readonly expected: { readonly promptTokens: number; readonly completionTokens: number }
  readonly costs: readonly { readonly step: Step; readonly expected: Nano; readonly most: Nano }[]
  readonly relaxations: readonly Relaxation[]
  /** Why the call would be refused; undefined: it would be run. */
  readonly fault: Fault | undefined
}

/** One field of the request, and the endpoints that would be tried as well without what it demands. */
export interface Relaxation {
  readonly field: string
  readonly how: string
  readonly adds: readonly string[]
}

/** As `route`, for people: nothing is held, called or drawn at random. Throws Fault where no model is known. */
export function explainRoute(call: Call, view: RoutingView): Explanation {
  const { plan, groups } = consider(call, view)
  const expected = { promptTokens: call.needs.promptTokensGuess ?? call.needs.promptTokensMax, completionTokens: call.needs.maxTokens ?? COMPLETION_TOKENS_EXPECTED }
  return {
    plan, expected,
    costs: plan.steps.map((step) => ({ step, expected: expectedCost(call, step, expected), most: costMax(call, [step]) })),
    relaxations: relaxationsOf(call, view, plan),
    fault: plan.steps.length === 0 ? noEndpoints(call, groups, plan.excluded, view.snapshot) : undefined,
  }
}

/** What a call of so many tokens costs at the endpoint's price. */
export function expectedCost(call: Call, { endpoint }: Pick<Step, 'endpoint'>, expected: Explanation['expected']): Nano {
  const usage = {
    ...NO_USAGE, promptTokens: Math.min(expected.promptTokens, promptTokensMax(call, endpoint)),
    completionTokens: Math.min(expected.completionTokens, completionTokensMax(call, endpoint)) * call.needs.choices,
  }
  return costOf(priceAt(endpoint.price, call.createdMs), usage).total
}

/** Each demand that took an endpoint out is dropped, one at a time, and the call considered again: a second rule may keep it out all the same. */
function relaxationsOf(call: Call, view: RoutingView, plan: Plan): Relaxation[] {
  const before = new Set(plan.steps.map(({ endpoint }) => endpoint.id))
  const fields = new Map(plan.excluded.flatMap((exclusion) => fieldOf(exclusion)))
  return [...fields].flatMap(([field, how]) => {
    const other = without(call, field)
    if (!other) return []
    const adds = consider(other, view).plan.steps.map(({ endpoint }) => endpoint.id).filter((id) => !before.has(id))
    return adds.length === 0 ? [] : [{ field, how, adds }]
  })
}

function fieldOf(exclusion: Exclusion): [string, string][] {
  const relaxed = relaxing(exclusion)
  return relaxed ? [[relaxed.field, relaxed.how]] : []
}

/** What `provider.<field>` is when nobody says it. */
const UNSAID: Readonly<Record<string, Partial<Preferences>>> = {
  'provider.ignore': { ignore: [] }, 'provider.only': { only: [] }, 'provider.order': { allowFallbacks: true }, 'provider.require_parameters': { requireParameters: false },
  'provider.quantizations': { quantizations: [] }, 'provider.max_price': { maxPrice: {} }, 'provider.data_collection': { dataCollection: 'allow' }, 'provider.zdr': { zdr: false }, 'provider.enforce_distillable_text': { distillable: false },
  'provider.allow_fallbacks': { allowFallbacks: true },
}

/** The same call without one demand; undefined where the demand is the call itself. */
function without(call: Call, field: string): Call | undefined {
  const preferences = UNSAID[field]
  if (preferences) return { ...call, preferences: { ...call.preferences, ...preferences } }
  const { maxTokens: _maxTokens, ...needs } = call.needs
  return field === 'max_tokens' ? { ...call, needs } : undefined
}
