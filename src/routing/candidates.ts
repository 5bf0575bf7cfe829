import { customerEndpoint } from '../catalog/customer-view.ts'
import { dataPolicyOf } from '../catalog/data-policy.ts'
import type { Endpoint, Price } from '../catalog/endpoint.ts'
import { fileReader } from '../catalog/file-reader.ts'
import type { Variant } from '../catalog/names.ts'
import type { Call, Needs, Preferences } from '../core/call.ts'
import type { Nano } from '../core/nano.ts'
import { dearestTokens, priceAt } from '../catalog/price.ts'
import { wantsNoReasoning } from '../core/reasoning.ts'
import { windowOf } from './bound.ts'
import { named, tierAsked, type Candidate, type ModelIndex, type Tier } from './model-index.ts'
import type { Exclusion } from './plan.ts'
import type { RoutingView } from './view.ts'

/** What is left of one model's endpoints for a call, and what is not. */
export interface Candidates {
  readonly index: ModelIndex
  /** The model as the client wrote it. */
  readonly requested: string
  readonly variants: readonly Variant[]
  readonly eligible: readonly Candidate[]
  readonly excluded: readonly Exclusion[]
}

/**
 * The prompt's bound counts every two bytes as a token. Eight bytes a token is more than text and code have, so a quarter
 * of the bound is what the prompt has at least: only what is longer than a window even so is surely too long for it. Between
 * the two the provider decides.
 */
const PROMPT_BOUND_SLACK = 4

/** What the call demands of one model's endpoints, worked out once for all of them. */
interface Demands {
  readonly needs: Needs
  readonly preferences: Preferences
  /** The client wants no reasoning. */
  readonly noReasoning: boolean
  readonly ignored: ReadonlySet<Candidate> | undefined
  readonly only: ReadonlySet<Candidate> | undefined
  readonly ordered: ReadonlySet<Candidate> | undefined
  readonly tier: Tier | undefined
  /** C40: the flex tier has no fallback, where the model has it at all. */
  readonly flexOnly: boolean
  readonly quantizations: ReadonlySet<string> | undefined
  readonly ended: boolean
  readonly unpricedAllowed: boolean
  readonly isBudgeted: boolean
  readonly nowMs: number
  /** Only models whose answers may train others are wanted, and this one's may not as far as is known. */
  readonly isUndistillable: boolean
  readonly policy: RoutingView['policy']
  readonly prices: RoutingView['prices']
}

/** What sorts endpoints beside the call itself. */
type View = Pick<RoutingView, 'snapshot' | 'nowMs' | 'policy' | 'prices' | 'isBudgeted'>

type Rule = Exclusion['rule']

/** Sorts a model's endpoints into those that can serve the call and those that cannot, each with the first rule that says so. */
export function candidatesOf(call: Call, requested: string, index: ModelIndex, variants: readonly Variant[], view: View): Candidates {
  const demands = demandsOf(call, index, variants, view)
  const eligible: Candidate[] = []
  const excluded: Exclusion[] = []
  for (const candidate of index.candidates) {
    const exclusion = exclude(candidate, demands)
    if (exclusion) excluded.push(exclusion)
    else eligible.push(candidate)
  }
  return { index, requested, variants, eligible: preferSupporting(eligible, call.needs, excluded), excluded }
}

function demandsOf(call: Call, index: ModelIndex, variants: readonly Variant[], { snapshot, nowMs, policy, prices, isBudgeted = false }: View): Demands {
  const { needs, preferences } = call
  const { order, only, ignore, quantizations } = preferences
  return {
    needs,
    preferences,
    noReasoning: wantsNoReasoning(call.reasoning),
    ignored: setOf(index, ignore),
    only: setOf(index, only, tierAsked(call)),
    ordered: setOf(index, order, tierAsked(call)),
    tier: admittedTier(call, variants),
    flexOnly: tierAsked(call) === 'flex' && index.candidates.some((candidate) => candidate.tier === 'flex' && !candidate.notReady),
    quantizations: quantizations?.length ? new Set(quantizations.flatMap(quantizationsOf)) : undefined,
    ended: nowMs >= index.endsMs,
    unpricedAllowed: snapshot.unpricedAllowed === true,
    isBudgeted,
    nowMs,
    policy: policy?.sources.length ? policy : undefined,
    prices,
    isUndistillable: preferences.distillable === true && index.model.distillable !== true,
  }
}

/** An empty list demands nothing, as if it were not there. */
function setOf(index: ModelIndex, names: readonly string[] | undefined, tier?: Tier): Set<Candidate> | undefined {
  return names?.length ? new Set(names.flatMap((name) => named(index, name, tier))) : undefined
}

/**
 * The client's own `service_tier` lets that tier's endpoints in (C39, C40), and so do `:nitro` and `:floor`, unless the
 * client orders providers or asks for the default tier (C31–C33).
 */
function admittedTier(call: Call, variants: readonly Variant[]): Tier | undefined {
  const asked = tierAsked(call)
  if (asked) return asked
  if (variants.length === 0 || call.preferences.order?.length || call.body['service_tier'] === 'default') return undefined
  return variants.includes('nitro') ? 'priority' : variants.includes('floor') ? 'flex' : undefined
}

/** `fp4` and `fp8` mean their block-scaled kin too (C12). */
function quantizationsOf(name: string): readonly string[] {
  return name === 'fp4' ? ['fp4', 'mxfp4', 'nvfp4'] : name === 'fp8' ? ['fp8', 'mxfp8'] : [name]
}

/** What the caller may use at all, then the client's own demands, then what only the operator can mend: what is left as `not_ready` would serve the call. */
function exclude(candidate: Candidate, demands: Demands): Exclusion | undefined {
  return excludeByRules(candidate.endpoint, demands) ?? excludeByName(candidate, demands) ?? excludeByPolicy(candidate.endpoint, demands) ?? excludeByAbility(candidate.endpoint, demands) ?? excludeByState(candidate, demands)
}

/** Nothing that the request asks otherwise could bring these back. */
function excludeByRules(endpoint: Endpoint, { policy }: Demands): Exclusion | undefined {
  const denial = policy?.denial(endpoint)
  return denial && { endpoint, rule: denial.rule, detail: denial.detail, by: denial.owner }
}

function excludeByName(candidate: Candidate, { ignored, only, ordered, preferences, tier, flexOnly }: Demands): Exclusion | undefined {
  const { endpoint } = candidate
  if (ignored?.has(candidate)) return out(endpoint, 'ignored', 'provider.ignore names it')
  if (only && !only.has(candidate)) return out(endpoint, 'not_in_only', 'provider.only does not name it')
  if (ordered && !preferences.allowFallbacks && !ordered.has(candidate)) return out(endpoint, 'not_in_order', 'provider.order does not name it and allow_fallbacks is false')
  if (flexOnly && candidate.tier !== 'flex') return out(endpoint, 'service_tier', 'service_tier is flex, which has no fallback to the normal tier')
  const admitted = candidate.tier === undefined || candidate.tier === tier || only?.has(candidate) || ordered?.has(candidate)
  return admitted ? undefined : out(endpoint, 'service_tier', 'a service tier, used only when its full tag is named')
}

function excludeByPolicy(endpoint: Endpoint, { preferences, quantizations, needs, nowMs, isUndistillable, prices }: Demands): Exclusion | undefined {
  if (isUndistillable) return out(endpoint, 'distillable', 'not known to be')
  if (quantizations && !quantizations.has(endpoint.quantization)) return out(endpoint, 'quantization', endpoint.quantization)
  if (preferences.dataCollection === 'deny' || preferences.zdr) {
    const { retains, trains } = dataPolicyOf(endpoint)
    if (preferences.dataCollection === 'deny' && (retains || trains)) return out(endpoint, 'data_policy:training', trains ? 'may train on prompts' : 'keeps prompts')
    if (preferences.zdr && retains) return out(endpoint, 'data_policy:zdr', 'keeps prompts')
  }
  if (!preferences.maxPrice) return undefined
  const asked = prices ? customerEndpoint(endpoint, prices) : endpoint
  const over = priceOver(priceAt(asked.price, nowMs), preferences.maxPrice, needs.promptTokensMax)
  return over === undefined ? undefined : out(asked, 'max_price', over)
}

/** Which cap the price is above. A hard ceiling: prices that hold for long prompts count when this prompt may be that long. */
function priceOver(price: Price, caps: NonNullable<Preferences['maxPrice']>, promptTokensMax: number): string | undefined {
  if (price.state === 'unpriced') return 'its price is not known'
  const { prompt, completion } = price.overrides ? dearestTokens(price, promptTokensMax) : price
  if (above(prompt, caps.prompt)) return 'prompt'
  if (above(completion, caps.completion)) return 'completion'
  if (above(price.request, caps.request)) return 'request'
  if (above(price.image, caps.image)) return 'image'
  if (above(price.audioInput, caps.audio)) return 'audio'
  return undefined
}

function above(price: Nano | undefined, cap: Nano | undefined): boolean {
  return price !== undefined && cap !== undefined && price > cap
}

function excludeByAbility(endpoint: Endpoint, { needs, preferences, noReasoning }: Demands): Exclusion | undefined {
  const { inputs, outputs, promptMax } = endpoint
  const window = windowOf(endpoint)
  // What this server reads for the model is no file to it, but text, of a length that is known once it has been read.
  const told = fileReader(needs, endpoint) === 'server' ? needs.pdfs : undefined
  for (const input of needs.inputs) if (inputs && !inputs.has(input) && !(input === 'file' && told)) return out(endpoint, 'modality', `does not read ${input}`)
  for (const output of needs.outputs) if (!outputs.has(output)) return out(endpoint, 'modality', `does not answer in ${output}`)
  if (noReasoning && endpoint.reasoning?.mandatory) return out(endpoint, 'reasoning', 'cannot answer without reasoning')
  if (preferences.requireParameters) {
    for (const name of needs.parameters) if (!supports(endpoint, name)) return out(endpoint, 'require_parameters', name)
  }
  const answerMax = endpoint.outputMax ?? window
  if (needs.maxTokens !== undefined && needs.maxTokens > answerMax) return out(endpoint, 'max_tokens', `answers with at most ${answerMax} tokens`)
  const readMax = promptMax === undefined ? window : Math.min(promptMax, window)
  const longest = needs.prompts?.tokensMax ?? (told ?? needs).promptTokensMax
  return Math.floor(longest / PROMPT_BOUND_SLACK) > readMax ? out(endpoint, 'context_length', `takes at most ${readMax} tokens`) : undefined
}

/** Names that say the same as another in the catalogue's lists. */
const IMPLIED_BY: Readonly<Record<string, string>> = { include_reasoning: 'reasoning', response_format: 'structured_outputs', max_tokens: 'max_completion_tokens' }

function supports({ parameters }: Endpoint, name: string): boolean {
  if (parameters === null || parameters.has(name)) return true
  const other = IMPLIED_BY[name]
  return other !== undefined && parameters.has(other)
}

/** Why one whose price nobody knows is not called where the operator allows it. */
export const NOT_COUNTED = 'nobody knows its price, and a limit or budget that holds for this key could not count it'

function excludeByState({ endpoint, notReady }: Candidate, { ended, unpricedAllowed, isBudgeted }: Demands): Exclusion | undefined {
  if (ended) return out(endpoint, 'deprecated', 'the model has been taken away')
  if (notReady) return notReady
  if (endpoint.price.state !== 'unpriced') return undefined
  if (!unpricedAllowed) return out(endpoint, 'unpriced', 'nobody knows its price')
  return isBudgeted ? out(endpoint, 'unpriced', NOT_COUNTED) : undefined
}

/** C5: of these, endpoints that support what is asked are preferred to those that would ignore it. Never empties the list. */
const SOFT_PARAMETERS = ['tools', 'structured_outputs', 'response_format', 'verbosity'] as const

function preferSupporting(eligible: Candidate[], needs: Needs, excluded: Exclusion[]): readonly Candidate[] {
  let left = eligible
  for (const name of SOFT_PARAMETERS) {
    if (left.length < 2) break
    if (!needs.parameters.includes(name)) continue
    const supporting = left.filter(({ endpoint }) => supports(endpoint, name))
    if (supporting.length === 0 || supporting.length === left.length) continue
    for (const { endpoint } of left) if (!supports(endpoint, name)) excluded.push(out(endpoint, 'soft_parameters', `${name} is supported elsewhere`))
    left = supporting
  }
  return left
}

function out(endpoint: Endpoint, rule: Rule, detail: string): Exclusion {
  return { endpoint, rule, detail }
}
