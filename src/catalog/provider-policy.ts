import type { Provider } from './endpoint.ts'
import type { OperatorProvider } from './operator-file.ts'
import type { ProviderRow } from './rows.ts'

type PolicyFacts = Pick<Provider, 'retainsPrompts' | 'mayTrain' | 'retentionDays' | 'publishes' | 'policySource' | 'policyAsOf' | 'modelPolicies' | 'datacenters' | 'headquarters'>

/**
 * What a provider does with prompts, and where: what the operator has agreed with it, else what the catalogue has read. Of
 * one that has said nothing the worst is taken to be true (contract E5).
 */
export function policyFacts(row: ProviderRow, operator: OperatorProvider | undefined): PolicyFacts {
  const agreed = { retains: operator?.retainsPrompts, trains: operator?.mayTrain, ...operator?.dataPolicy }
  // What was agreed holds for all models, also those that the provider treats otherwise for everybody else.
  const isAgreed = agreed.retains !== undefined || agreed.trains !== undefined
  const { policy } = row
  const days = agreed.retentionDays ?? (isAgreed ? undefined : policy?.days)
  const publishes = agreed.publishes ?? policy?.publishes
  const source = agreed.source ?? (isAgreed ? "the operator's file" : policy?.source)
  const asOf = agreed.asOf ?? (isAgreed ? undefined : policy?.asOf)
  const datacenters = operator?.regions ?? row.hosting?.datacenters
  const headquarters = operator?.headquarters ?? row.headquarters
  return {
    retainsPrompts: agreed.retains ?? policy?.retains ?? true,
    mayTrain: agreed.trains ?? policy?.trains ?? true,
    ...(days !== undefined && { retentionDays: days }), ...(publishes !== undefined && { publishes }), ...(source !== undefined && { policySource: source }), ...(asOf !== undefined && { policyAsOf: asOf }),
    ...(row.policies && !isAgreed && { modelPolicies: row.policies }), ...(datacenters && { datacenters }), ...(headquarters !== undefined && { headquarters }),
  }
}
