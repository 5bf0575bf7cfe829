import type { Change } from '../accounts/people-store.ts'
import type { PolicyRules } from '../catalog/policy-rules.ts'
import type { Assignment, AssigneeKind, Guardrail, GuardrailRules, KeptAssignment } from './guardrail.ts'

/** All that restricts the callers of one account. */
export interface AccountRules {
  readonly account: PolicyRules
  /** By the key's hash. */
  readonly keys: ReadonlyMap<string, PolicyRules>
  /** By id. */
  readonly guardrails: ReadonlyMap<string, Guardrail>
  readonly assignments: readonly Assignment[]
  /** What workspaces say of how endpoints are sorted, by their ids. */
  readonly workspaces?: ReadonlyMap<string, PolicyRules>
}

export interface GuardrailChange {
  readonly name?: string
  readonly description?: string | null
  readonly rules?: Partial<Omit<GuardrailRules, 'zdr'>> & { readonly zdr?: Partial<GuardrailRules['zdr']> }
}

export interface Page { readonly offset: number; readonly limit: number }
export interface Listed<T> { readonly rows: readonly T[]; readonly total: number }

/** An assignment of a key, with what people know the key by. */
export interface KeyAssignment extends KeptAssignment { readonly keyName: string; readonly keyLabel: string }

/** What guardrails need stored. Every method is one transaction, with an entry in the log for each change; a method that fails throws Fault `unavailable`. */
export interface RuleStore {
  accountRules(accountId: string): Promise<AccountRules>
  /** Puts the rules of the account (`keyHash` is '') or of one of its keys in place of those before. False when there is no such key. */
  putRules(accountId: string, keyHash: string, rules: PolicyRules, change: Change): Promise<boolean>
  listGuardrails(accountId: string, workspaceId: string, page: Page): Promise<Listed<Guardrail>>
  guardrail(accountId: string, id: string): Promise<Guardrail | undefined>
  /** Makes it, or replaces it: who changes one has read it before. */
  putGuardrail(guardrail: Guardrail, change: Change): Promise<void>
  /** Its assignments go with it. False when there is none. */
  deleteGuardrail(accountId: string, id: string, change: Change): Promise<boolean>
  /** Each target loses the guardrail it had. The targets of keys that are not there, in which case nothing was changed. */
  assign(accountId: string, assignments: readonly Assignment[], change: Change): Promise<readonly string[]>
  /** How many there were. */
  unassign(accountId: string, guardrailId: string, kind: AssigneeKind, targets: readonly string[], change: Change): Promise<number>
  listKeyAssignments(accountId: string, guardrailId: string | undefined, page: Page): Promise<Listed<KeyAssignment>>
  listMemberAssignments(accountId: string, guardrailId: string | undefined, page: Page): Promise<Listed<KeptAssignment>>
}
