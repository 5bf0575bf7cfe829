import { z } from 'zod'
import type { Snapshot } from '../../catalog/endpoint.ts'
import { ZDR_GROUPS, type ZdrGroup } from '../../catalog/policy-rules.ts'
import { parseUsd, usdNumber } from '../../core/nano.ts'
import { NO_BUDGET, type Guardrail, type GuardrailBudget, type GuardrailRules } from '../../guardrails/guardrail.ts'
import { timeOrNull } from './key.ts'
import { knownModels, knownProviders, RULE_FIELDS } from './policy-body.ts'

const NAME_CHARS_MAX = 200
const DESCRIPTION_CHARS_MAX = 1_000

const NAME_ERROR = { error: `must be a text of 1 to ${NAME_CHARS_MAX} characters` }
const name = z.string(NAME_ERROR).trim().min(1, NAME_ERROR).max(NAME_CHARS_MAX, NAME_ERROR)
const DESCRIPTION_ERROR = { error: `must be a text of at most ${DESCRIPTION_CHARS_MAX} characters, or null` }

/** What a guardrail of the contract can say and this server does not do. A rule that is kept and not applied would protect nobody, so it is refused. */
const NO_FILTER = { error: 'must be null: this server does not filter content, and would let through what the filter is for' }
const NOT_DONE = {
  content_filters: z.array(z.never(NO_FILTER), NO_FILTER).nullable().optional(), content_filter_builtins: z.array(z.never(NO_FILTER), NO_FILTER).nullable().optional(),
} as const

const LIMIT = { error: 'must be an amount of USD above 0, 1000000000 at most, with at most nine decimals, or null for no budget' }
const BUDGET = {
  limit_usd: z.number(LIMIT).positive(LIMIT).max(1_000_000_000, LIMIT).refine((amount) => parseUsd(String(amount)) !== undefined, LIMIT).transform((amount) => parseUsd(String(amount)) ?? 0n).nullable().optional(),
  reset_interval: z.enum(['daily', 'weekly', 'monthly'], { error: 'must be daily, weekly, monthly, or null for never' }).nullable().optional(),
  include_byok_in_budgets: z.boolean({ error: 'must be true or false' }).optional(),
} as const

const FIELDS = { description: z.string(DESCRIPTION_ERROR).max(DESCRIPTION_CHARS_MAX, DESCRIPTION_ERROR).nullable().optional(), ...RULE_FIELDS, ...BUDGET, ...NOT_DONE } as const

const WORKSPACE_ERROR = { error: 'must be the id of a workspace; GET /api/v1/workspaces lists them' }

export const NEW_GUARDRAIL = z.strictObject({ name, ...FIELDS, workspace_id: z.uuid(WORKSPACE_ERROR).optional() })
export const GUARDRAIL_CHANGE = z.strictObject({ name: name.optional(), ...FIELDS })

type RuleBody = z.output<z.ZodObject<typeof RULE_FIELDS>>

/** The rules with what a body says of them; what it leaves out stays, lists are replaced whole. */
export function changedRules(before: GuardrailRules, body: RuleBody, snapshot: Snapshot): GuardrailRules {
  const providers = (field: 'allowed_providers' | 'ignored_providers', was: readonly string[] | null) => (body[field] === undefined ? was : knownProviders(field, body[field], snapshot))
  const models = (field: 'allowed_models' | 'ignored_models', was: readonly string[] | null) => (body[field] === undefined ? was : knownModels(field, body[field], snapshot))
  const flag = (field: 'enable_paid_model_training' | 'enable_free_model_training' | 'enable_free_model_publication', was: boolean | null) => (body[field] === undefined ? was : body[field])
  return {
    allowedProviders: providers('allowed_providers', before.allowedProviders), ignoredProviders: providers('ignored_providers', before.ignoredProviders),
    allowedModels: models('allowed_models', before.allowedModels), ignoredModels: models('ignored_models', before.ignoredModels),
    paidTraining: flag('enable_paid_model_training', before.paidTraining), freeTraining: flag('enable_free_model_training', before.freeTraining), freePublication: flag('enable_free_model_publication', before.freePublication),
    zdr: changedZdr(before.zdr, body),
  }
}

/** The budget with what a body says of it. */
export function changedBudget(before: GuardrailBudget, body: z.output<z.ZodObject<typeof BUDGET>>): GuardrailBudget {
  return {
    limit: body.limit_usd === undefined ? before.limit : body.limit_usd, reset: body.reset_interval === undefined ? before.reset : body.reset_interval,
    includeByok: body.include_byok_in_budgets ?? before.includeByok,
  }
}

/** `enforce_zdr`, the older field, says it for every group that the same body does not name (E7). */
export function changedZdr(before: Readonly<Record<ZdrGroup, boolean | null>>, body: RuleBody): Readonly<Record<ZdrGroup, boolean | null>> {
  const said = (group: ZdrGroup): boolean | null => {
    const own = body[`enforce_zdr_${group}`]
    return own === undefined ? (body.enforce_zdr ?? before[group]) : own
  }
  return { anthropic: said('anthropic'), openai: said('openai'), google: said('google'), xai: said('xai'), other: said('other') }
}

/** The contract's `Guardrail`. */
export function guardrailRow({ id, workspaceId, name: title, description, rules, budget = NO_BUDGET, createdMs, updatedMs }: Guardrail): object {
  return {
    id, name: title, description, workspace_id: workspaceId,
    allowed_providers: rules.allowedProviders, ignored_providers: rules.ignoredProviders, allowed_models: rules.allowedModels, ignored_models: rules.ignoredModels,
    enforce_zdr: null, ...Object.fromEntries(ZDR_GROUPS.map((group) => [`enforce_zdr_${group}`, rules.zdr[group]])),
    enable_paid_model_training: rules.paidTraining, enable_free_model_training: rules.freeTraining, enable_free_model_publication: rules.freePublication,
    content_filters: null, content_filter_builtins: null,
    limit_usd: budget.limit === null ? null : usdNumber(budget.limit), reset_interval: budget.reset, include_byok_in_budgets: budget.includeByok,
    created_at: timeOrNull(createdMs), updated_at: timeOrNull(updatedMs),
  }
}
