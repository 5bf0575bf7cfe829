import type { Call, Effort } from '../../core/call.ts'
import { Fault } from '../../core/fault.ts'
import { asCount, isObject, type JsonObject } from '../../core/json.ts'
import { budgetOf, nearestEffort } from '../../core/reasoning.ts'
import type { Generation } from './generations.ts'
import type { Notes } from './wire.ts'

/** Anthropic's own bounds of a thinking budget (contract B24). */
const BUDGET_TOKENS_MIN = 1024
const BUDGET_TOKENS_MAX = 128_000

/** `thinking` and `output_config.effort` of a request; undefined: not sent, so the model's default holds. */
export interface Thinking { readonly thinking?: JsonObject; readonly effort?: Effort }

/** What the client's wish to reason comes to for this model (contract B21–B26, B31, B34). */
export function writeThinking(call: Call, generation: Generation, maxTokens: number, notes: Notes): Thinking {
  const own = call.body['thinking']
  const wish = isObject(own) && typeof own['type'] === 'string' ? { thinking: ownThinking(own, maxTokens, notes) } : wished(call, generation, maxTokens, notes)
  const verbosity = writeVerbosity(call.body.verbosity, generation, notes)
  const effort = verbosity ?? wish.effort
  if (effort !== undefined && generation.effortBeta) notes.betas.add(generation.effortBeta)
  return { thinking: wish.thinking, effort }
}

/** True when the model will think in a way that binds other parameters. */
export function thinks(thinking: JsonObject | undefined, generation: Generation): boolean {
  return thinking ? thinking['type'] !== 'disabled' : generation.thinksUnasked === true
}

/** The client speaks of `thinking` in Anthropic's words: they go as they are, but for a budget that cannot be. */
function ownThinking(own: JsonObject, maxTokens: number, notes: Notes): JsonObject | undefined {
  const budget = asCount(own['budget_tokens'])
  if (own['type'] !== 'enabled' || budget === undefined || budget < maxTokens) return own
  const fitting = fittingBudget(budget, maxTokens, 'thinking', notes)
  return fitting === undefined ? undefined : { ...own, budget_tokens: fitting }
}

function wished(call: Call, generation: Generation, maxTokens: number, notes: Notes): Thinking {
  const { enabled, effort, maxTokens: budget } = call.reasoning
  if (enabled === false || effort === 'none' || budget === 0) return noThinking(call, generation, maxTokens, notes)
  if (enabled === undefined && effort === undefined && budget === undefined) return display(undefined, call, generation)
  if (generation.thinking === 'none') {
    notes.warn('reasoning', 'this model does not reason')
    return {}
  }
  if (generation.thinking === 'budget' || (generation.thinking === 'both' && budget !== undefined)) {
    const tokens = wantedBudget(effort, budget, maxTokens)
    const fitting = fittingBudget(tokens, maxTokens, 'reasoning', notes)
    return fitting === undefined ? {} : { thinking: { type: 'enabled', budget_tokens: fitting } }
  }
  if (budget !== undefined) notes.warn('reasoning.max_tokens', 'this model decides by itself how much to think; reasoning.effort guides it')
  return adaptive(effort, call, generation)
}

function adaptive(effort: Effort | undefined, call: Call, generation: Generation): Thinking {
  const known = effort === undefined ? undefined : nearestEffort(effort, generation.efforts)
  return { ...display({ type: 'adaptive' }, call, generation), effort: known }
}

/** Newer models think out of sight unless asked for the summary, which is what the contract shows (B31). */
function display(thinking: JsonObject | undefined, call: Call, generation: Generation): Thinking {
  if (!generation.thinkingHidden || (thinking === undefined && !generation.thinksUnasked)) return { thinking }
  return { thinking: { ...(thinking ?? { type: 'adaptive' }), display: call.reasoning.exclude ? 'omitted' : 'summarized' } }
}

/** No thinking, or the least of a model that always thinks. Throws Fault where such a model was named by its own name (B26). */
export function noThinking(call: Call, generation: Generation, maxTokens: number, notes: Notes): Thinking {
  if (!generation.thinkingMandatory) return generation.thinksUnasked ? { thinking: { type: 'disabled' } } : {}
  // B26: a `~…-latest` name is a wish for whatever is newest, so the least reasoning will do.
  if (!call.models.some((name) => name.startsWith('~'))) {
    throw new Fault('invalid_request', 'reasoning.effort: this model always reasons; leave out "none" or name another model', { metadata: { field: 'reasoning.effort' } })
  }
  notes.warn('reasoning', 'this model always reasons; it is told to reason as little as it can')
  if (generation.thinking === 'adaptive') return adaptive('low', call, generation)
  const fitting = fittingBudget(BUDGET_TOKENS_MIN, maxTokens, 'reasoning', notes)
  return fitting === undefined ? {} : { thinking: { type: 'enabled', budget_tokens: fitting } }
}

function wantedBudget(effort: Effort | undefined, budget: number | undefined, maxTokens: number): number {
  if (budget !== undefined) return Math.max(Math.floor(budget), BUDGET_TOKENS_MIN)
  return Math.max(Math.min(budgetOf(effort ?? 'medium', maxTokens), BUDGET_TOKENS_MAX), BUDGET_TOKENS_MIN)
}

/** The answer comes out of the same max_tokens, so a budget stays below it; max_tokens is the client's and is not raised. */
function fittingBudget(budget: number, maxTokens: number, field: string, notes: Notes): number | undefined {
  if (budget < maxTokens) return budget
  if (maxTokens <= BUDGET_TOKENS_MIN) {
    notes.warn(field, `thinking takes at least ${BUDGET_TOKENS_MIN} tokens and max_tokens is ${maxTokens}; the model is not told to think`)
    return undefined
  }
  notes.warn(field, `the thinking budget must be below max_tokens (${maxTokens}); it is lowered from ${budget} to ${maxTokens - 1}`)
  return maxTokens - 1
}

function writeVerbosity(verbosity: string | null | undefined, generation: Generation, notes: Notes): Effort | undefined {
  if (verbosity === null || verbosity === undefined) return undefined
  if (generation.efforts.length === 0) {
    // Medium is what holds without it.
    if (verbosity !== 'medium') notes.warn('verbosity', 'this model has no such setting')
    return undefined
  }
  // The contract's verbosities are efforts by name; `nearestEffort` knows what to do with any other.
  return nearestEffort(verbosity as Effort, generation.efforts)
}
