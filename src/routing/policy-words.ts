import type { PolicyOwner } from '../guardrails/policy.ts'
import type { Exclusion } from './plan.ts'

/** Rules that restrict places: who breaks none but these is told that the region is the reason. */
export const PLACE_RULES: ReadonlySet<string> = new Set(['data_region', 'geo'])

/** Rules that restrict names: a guardrail's answer with 403 (contract F6), an account's or the operator's with 404 (C10). */
const LIST_RULES: ReadonlySet<string> = new Set(['allowed_providers', 'allowed_models'])

/** True where somebody's list of names, but not the request's, is what takes the endpoint out. */
export function isListed({ rule, by }: Exclusion): boolean {
  return by !== undefined && LIST_RULES.has(rule)
}

/** The guardrail's exclusion where nothing but lists takes endpoints out, and one of them is a guardrail's (F6). */
export function guardrailed(excluded: readonly Exclusion[]): Exclusion | undefined {
  return excluded.every(isListed) ? excluded.find(({ by }) => by?.kind === 'guardrail' || by?.kind === 'workspace') : undefined
}

/** What people are told of an endpoint that a policy takes out: why, whose policy it is, and who could change it where. */
export function policyWords(by: PolicyOwner) {
  return {
    field: by.kind === 'host' ? 'host' : by.kind === 'guardrail' || by.kind === 'workspace' ? 'guardrail' : 'policy',
    why: ({ detail }: Exclusion) => `${detail}, by ${by.name}`,
    relax: HOW[by.kind](by),
  }
}

const HOW: Readonly<Record<PolicyOwner['kind'], (by: PolicyOwner) => string>> = {
  operator: () => 'have `policy` in switchyard.yaml changed by whoever runs this server',
  account: () => "have the account's policy changed (PATCH /api/v1/account/policy)",
  workspace: ({ name, id }) => `have ${name} changed (PATCH /api/v1/guardrails/${id ?? ''})`,
  guardrail: ({ name, id }) => `have ${name} changed or taken off (PATCH /api/v1/guardrails/${id ?? ''})`,
  key: () => "have this key's policy changed (PATCH /api/v1/keys/{hash}/policy), or use another key",
  reseller: () => 'ask whoever gave you this key',
  host: () => 'call the server by a host name without a region',
}
