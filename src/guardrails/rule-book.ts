import type { Endpoint, Snapshot } from '../catalog/endpoint.ts'
import { REGIONS, type PolicyRules, type Region } from '../catalog/policy-rules.ts'
import { Remembered } from '../lib/remembered.ts'
import { DEFAULT_WORKSPACE, defaultGuardrailId, OWNER, policyRulesOf, type AssigneeKind, type Guardrail } from './guardrail.ts'
import { combine, NO_POLICY, type Denial, type Policy, type PolicyOwner, type PolicySource } from './policy.ts'
import type { AccountRules, RuleStore } from './rule-store.ts'

/** Who calls, as far as rules go. */
export interface RuledCaller { readonly accountId: string; readonly key: RuledKey }

/** The key of who calls. Its workspace is the default one, and its member the account's only one, where it does not say. */
export interface RuledKey { readonly hash: string; readonly workspaceId?: string; readonly creatorUserId?: string | null; readonly wallet?: string }

/** What the life of a call needs of policies. */
export interface Policies {
  /** What this caller may use. A promise only for an account not seen lately. `region`: the host that was called is of it. */
  of(caller: RuledCaller, snapshot: Snapshot, region?: Region): Policy | Promise<Policy>
}

/** For servers whose callers nobody restricts: tests, and tools. */
export const NO_POLICIES: Policies = { of: () => NO_POLICY }

const ACCOUNTS_MAX = 20_000

/** Policies of callers, compiled when they are first asked for, until a rule of theirs or the catalogue changes. */
export class RuleBook implements Policies {
  private readonly rules: Remembered<AccountRules>
  /** Rules and snapshots are frozen: what was made of them lives as long as they do. */
  private compiled = new WeakMap<Snapshot, WeakMap<AccountRules, Map<string, Policy>>>()

  constructor(readonly store: RuleStore) {
    this.rules = new Remembered((accountId) => store.accountRules(accountId), ACCOUNTS_MAX)
  }

  of(caller: RuledCaller, snapshot: Snapshot, region?: Region): Policy | Promise<Policy> {
    const rules = this.rules.find(caller.accountId)
    return rules instanceof Promise ? rules.then((found) => this.compile(found, caller.key, snapshot, region)) : this.compile(rules, caller.key, snapshot, region)
  }

  /** The rules that hold for an account, as they were a moment ago at most. */
  accountRules(accountId: string): AccountRules | Promise<AccountRules> {
    return this.rules.find(accountId)
  }

  /** Told by the store whose rules were changed, here or in another process. */
  noteChanges(accountIds: readonly string[]): void {
    for (const accountId of accountIds) this.rules.forget(accountId)
  }

  private compile(rules: AccountRules, key: RuledKey, snapshot: Snapshot, region: Region | undefined): Policy {
    let byRules = this.compiled.get(snapshot)
    if (!byRules) this.compiled.set(snapshot, byRules = new WeakMap())
    let byKey = byRules.get(rules)
    if (!byKey) byRules.set(rules, byKey = new Map())
    const keyHash = key.hash
    const name = region === undefined ? keyHash : `${keyHash} ${region}`
    let policy = byKey.get(name)
    if (!policy) {
      const sources = sourcesOf(rules, key, snapshot, region)
      // Most keys have nothing of their own: they share what their account's rules come to.
      const same = sources.map(({ owner: { kind, id } }) => `${kind} ${id ?? (kind === 'key' ? keyHash : '')}`).join(', ')
      const shared = region === undefined ? `= ${same}` : name
      policy = byKey.get(shared) ?? combine(sources, snapshot)
      byKey.set(shared, policy)
      if (key.wallet !== undefined) policy = behindReseller(policy)
      byKey.set(name, policy)
    }
    return policy
  }
}

/** Who a customer has its key from. */
const RESELLER: PolicyOwner = Object.freeze({ kind: 'reseller', name: 'whoever gave you this key' })

/** The same rules for a reseller's customer, who is told of the operator's alone: the names, ids and ceilings of the others are the reseller's. */
function behindReseller(policy: Policy): Policy {
  const seen = (denial: Denial | undefined): Denial | undefined => {
    if (!denial || denial.owner.kind === 'operator' || denial.owner.kind === 'host') return denial
    return { rule: denial.rule === 'max_price' ? 'allowed_models' : denial.rule, detail: 'not allowed', owner: RESELLER }
  }
  return Object.freeze({ ...policy, denial: (endpoint: Endpoint) => seen(policy.denial(endpoint)) })
}

/** Whose rules hold for a key, from the farthest to the nearest (F2–F4). */
function sourcesOf(rules: AccountRules, { hash: keyHash, workspaceId = DEFAULT_WORKSPACE, creatorUserId }: RuledKey, snapshot: Snapshot, region: Region | undefined): PolicySource[] {
  const sources: PolicySource[] = []
  const add = (owner: PolicySource['owner'], said: PolicyRules | undefined) => {
    if (said && Object.keys(said).length > 0) sources.push({ owner, rules: said })
  }
  const addGuardrail = (guardrail: Guardrail | undefined, kind: 'workspace' | 'guardrail', name: string) => {
    if (guardrail) add({ kind, name, id: guardrail.id }, rulesOfGuardrail(guardrail))
  }
  add({ kind: 'operator', name: "the operator's policy" }, snapshot.policy)
  add({ kind: 'account', name: "the account's policy" }, rules.account)
  add({ kind: 'workspace', name: 'the settings of the workspace', id: workspaceId }, rules.workspaces?.get(workspaceId))
  addGuardrail(rules.guardrails.get(defaultGuardrailId(workspaceId)), 'workspace', "the workspace's default guardrail")
  for (const [kind, target] of [['member', creatorUserId ?? OWNER], ['key', keyHash]] as const) {
    const guardrail = assigned(rules, kind, target)
    addGuardrail(guardrail, 'guardrail', `guardrail "${guardrail?.name ?? ''}"`)
  }
  add({ kind: 'key', name: "this key's policy" }, rules.keys.get(keyHash))
  if (region !== undefined) add({ kind: 'host', name: `the region (${region}) of the host that was called` }, HOST_RULES[region])
  return sources
}

const HOST_RULES: Readonly<Record<Region, PolicyRules>> = { eu: Object.freeze({ region: 'eu' }), us: Object.freeze({ region: 'us' }) }

function assigned({ assignments, guardrails }: AccountRules, kind: AssigneeKind, target: string): Guardrail | undefined {
  const found = assignments.find((assignment) => assignment.kind === kind && assignment.target === target)
  return found && guardrails.get(found.guardrailId)
}

const rulesOfGuardrails = new WeakMap<Guardrail, PolicyRules>()

function rulesOfGuardrail(guardrail: Guardrail): PolicyRules {
  let rules = rulesOfGuardrails.get(guardrail)
  if (!rules) rulesOfGuardrails.set(guardrail, rules = policyRulesOf(guardrail.rules))
  return rules
}

/** The region whose host was called: `eu.gateway.example` (contract E12). */
export function hostRegion(host: string | null): Region | undefined {
  return REGIONS.find((region) => host?.toLowerCase().startsWith(`${region}.`))
}
