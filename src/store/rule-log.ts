import type { Change } from '../accounts/people-store.ts'
import type { PolicyRules } from '../catalog/policy-rules.ts'
import type { Assignment, AssigneeKind, Guardrail } from '../guardrails/guardrail.ts'
import { writeAudit } from './audit-rows.ts'
import { assign, deleteGuardrail, findGuardrail, putGuardrail, putRules, readRules, unassign } from './rule-rows.ts'
import type { Sql } from './sql.ts'

// Changes of rules that people make, each with its entry in the log. A change of a key that changes its rules has its own.

/** As `putRules`, which says false where there is no such key. */
export async function changeRules(sql: Sql, accountId: string, keyHash: string, rules: PolicyRules, change: Change): Promise<boolean> {
  const before = await readRules(sql, accountId, keyHash)
  if (!await putRules(sql, accountId, keyHash, rules, change.nowMs)) return false
  await writeAudit(sql, { accountId, ...change, action: 'policy.change', target: keyHash === '' ? 'account' : keyHash, before, after: rules })
  return true
}

/** As `putGuardrail`. */
export async function changeGuardrail(sql: Sql, guardrail: Guardrail, change: Change): Promise<void> {
  const { accountId, id } = guardrail
  const before = await findGuardrail(sql, accountId, id)
  await putGuardrail(sql, guardrail)
  await writeAudit(sql, { accountId, ...change, action: before ? 'guardrail.change' : 'guardrail.create', target: id, before: before && seen(before), after: seen(guardrail) })
}

/** As `deleteGuardrail`, which says false where there is none. */
export async function dropGuardrail(sql: Sql, accountId: string, id: string, change: Change): Promise<boolean> {
  const before = await findGuardrail(sql, accountId, id)
  const had = await deleteGuardrail(sql, accountId, id)
  if (before) await writeAudit(sql, { accountId, ...change, action: 'guardrail.delete', target: id, before: seen(before) })
  return had
}

/** As `assign`, which gives the targets that are not there. */
export async function assignLogged(sql: Sql, accountId: string, assignments: readonly Assignment[], change: Change): Promise<readonly string[]> {
  const missing = await assign(sql, accountId, assignments, change.by.userId)
  if (missing.length > 0) return missing
  for (const { guardrailId, kind, target } of assignments) await writeAudit(sql, { accountId, ...change, action: 'guardrail.assign', target: guardrailId, after: { kind, target } })
  return []
}

/** As `unassign`. How many there were. */
export async function unassignLogged(sql: Sql, accountId: string, guardrailId: string, kind: AssigneeKind, targets: readonly string[], change: Change): Promise<number> {
  const had = await unassign(sql, accountId, guardrailId, kind, targets)
  for (const target of had) await writeAudit(sql, { accountId, ...change, action: 'guardrail.unassign', target: guardrailId, before: { kind, target } })
  return had.length
}

/** As the log of changes shows it. */
function seen({ workspaceId, name, description, rules, budget }: Guardrail): object {
  return { workspaceId, name, description, rules, budget }
}
