import { ZDR_GROUPS, type PolicyRules, type ZdrGroup } from '../catalog/policy-rules.ts'
import type { Nano } from '../core/nano.ts'
import { nameId } from '../lib/id.ts'

/** A named set of rules that restricts nothing until it is assigned (contract F1, F2), or stands as a workspace's default (F3). */
export interface Guardrail {
  readonly id: string
  readonly accountId: string
  readonly workspaceId: string
  readonly name: string
  readonly description: string | null
  readonly rules: GuardrailRules
  /** Absent: none. */
  readonly budget?: GuardrailBudget
  readonly createdMs: number
  readonly updatedMs: number | null
}

/** What each key or member may spend that the guardrail is assigned to (F5). */
export interface GuardrailBudget {
  /** null: no bound. */
  readonly limit: Nano | null
  /** null: it never starts anew. */
  readonly reset: 'daily' | 'weekly' | 'monthly' | null
  /** What providers charge on keys of the caller's own counts too. */
  readonly includeByok: boolean
}

export const NO_BUDGET: GuardrailBudget = Object.freeze({ limit: null, reset: null, includeByok: false })

/** What the contract lets a guardrail say; null: nothing. */
export interface GuardrailRules {
  readonly allowedProviders: readonly string[] | null
  readonly ignoredProviders: readonly string[] | null
  readonly allowedModels: readonly string[] | null
  readonly ignoredModels: readonly string[] | null
  readonly zdr: Readonly<Record<ZdrGroup, boolean | null>>
  readonly paidTraining: boolean | null
  readonly freeTraining: boolean | null
  readonly freePublication: boolean | null
}

export const NO_RULES: GuardrailRules = Object.freeze({
  allowedProviders: null, ignoredProviders: null, allowedModels: null, ignoredModels: null, paidTraining: null, freeTraining: null, freePublication: null,
  zdr: Object.freeze({ anthropic: null, openai: null, google: null, xai: null, other: null }),
})

/** Whom a guardrail can be assigned to. One of each has at most one (F2). */
export type AssigneeKind = 'key' | 'member'

export interface Assignment {
  readonly id: string
  readonly guardrailId: string
  readonly kind: AssigneeKind
  /** A key's hash, or a member's id. */
  readonly target: string
  readonly createdMs: number
}

/** An assignment as it is kept. */
export interface KeptAssignment extends Assignment {
  /** The person who made it; null: a key that is nobody's. */
  readonly assignedBy: string | null
}

/** The one member that an account has until it has several: all its keys are theirs. */
export const OWNER = 'user_owner'

/** The one workspace of an account until it has several. Clients expect a UUID. */
export const DEFAULT_WORKSPACE = '00000000-0000-4000-8000-000000000001'

/** The id of a workspace's default guardrail, which is there before the guardrail is (F3). */
export function defaultGuardrailId(workspaceId: string): string {
  return nameId(`switchyard default guardrail ${workspaceId}`)
}

/** The name of a workspace's default guardrail, which nobody can change (F3). */
export function defaultGuardrailName(workspaceId: string): string {
  return `Workspace ${workspaceId} Default`
}

/** What a guardrail's fields come to as rules. */
export function policyRulesOf(rules: GuardrailRules): PolicyRules {
  const { allowedProviders, ignoredProviders, allowedModels, ignoredModels, paidTraining, freeTraining, freePublication } = rules
  const zdr = ZDR_GROUPS.filter((group) => rules.zdr[group] === true)
  return Object.fromEntries(Object.entries({
    allowedProviders, ignoredProviders, allowedModels, ignoredModels, paidTraining, freeTraining, freePublication, zdr: zdr.length > 0 ? zdr : null,
  }).filter(([, value]) => value !== null))
}
