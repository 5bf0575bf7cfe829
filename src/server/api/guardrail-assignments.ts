import { z } from 'zod'
import { Fault } from '../../core/fault.ts'
import { OWNER, type Assignment, type AssigneeKind, type KeptAssignment } from '../../guardrails/guardrail.ts'
import type { KeyAssignment } from '../../guardrails/rule-store.ts'
import { rowId } from '../../lib/id.ts'
import type { Route, RouteContext } from '../route.ts'
import { readBody } from './body.ts'
import { accessIn, changeBy } from './caller.ts'
import { guardrailOf } from './guardrails.ts'
import { timeOrNull } from './key.ts'
import { PAGE, pageOf } from './page.ts'
import { readQuery } from './query.ts'

const TARGETS_MAX = 1_000

const HASHES_ERROR = { error: `must be a list of 1 to ${TARGETS_MAX} hashes of keys, 64 hex digits each; GET /api/v1/keys lists them` }
const KEYS = z.strictObject({ key_hashes: z.array(z.string(HASHES_ERROR).toLowerCase().regex(/^[0-9a-f]{64}$/, HASHES_ERROR), HASHES_ERROR).min(1, HASHES_ERROR).max(TARGETS_MAX, HASHES_ERROR) })

const MEMBERS_ERROR = { error: `must be a list of 1 to ${TARGETS_MAX} ids of members; GET /api/v1/organization/members lists them` }
const MEMBERS = z.strictObject({ member_user_ids: z.array(z.string(MEMBERS_ERROR).min(1, MEMBERS_ERROR), MEMBERS_ERROR).min(1, MEMBERS_ERROR).max(TARGETS_MAX, MEMBERS_ERROR) })

/** Lists, assigns and takes back guardrails of keys and members (F34). One of each has at most one: the last assigned (F2). */
export const guardrailAssignments: readonly Route[] = [
  listing('/guardrails/assignments/keys', keyRows), listing('/guardrails/assignments/members', memberRows),
  listing('/guardrails/{id}/assignments/keys', keyRows), listing('/guardrails/{id}/assignments/members', memberRows),
  change('/guardrails/{id}/assignments/keys', async (context) => ({ assigned_count: await assign(context, 'key', (await readBody(context, KEYS)).key_hashes) })),
  change('/guardrails/{id}/assignments/members', async (context) => ({ assigned_count: await assign(context, 'member', (await readBody(context, MEMBERS)).member_user_ids) })),
  change('/guardrails/{id}/assignments/keys/remove', async (context) => ({ unassigned_count: await unassign(context, 'key', (await readBody(context, KEYS)).key_hashes) })),
  change('/guardrails/{id}/assignments/members/remove', async (context) => ({ unassigned_count: await unassign(context, 'member', (await readBody(context, MEMBERS)).member_user_ids) })),
]

function listing(path: string, rows: (context: RouteContext, guardrailId: string | undefined) => Promise<object>): Route {
  return {
    method: 'GET', path, auth: 'management', operation: 'guardrails.read',
    handle: async (context) => await rows(context, path.includes('{id}') ? (await guardrailOf(context)).id : undefined),
  }
}

function change(path: string, handle: (context: RouteContext) => Promise<object>): Route {
  return { method: 'POST', path, auth: 'management', operation: 'guardrails.change', handle }
}

async function keyRows(context: RouteContext, guardrailId: string | undefined): Promise<object> {
  const { rows, total } = await context.services.rules.store.listKeyAssignments(accessIn(context).accountId, guardrailId, pageOf(readQuery(context.url.searchParams, PAGE)))
  return { data: rows.map(keyRow), total_count: total }
}

async function memberRows(context: RouteContext, guardrailId: string | undefined): Promise<object> {
  const { accountId } = accessIn(context)
  const { rows, total } = await context.services.rules.store.listMemberAssignments(accountId, guardrailId, pageOf(readQuery(context.url.searchParams, PAGE)))
  return { data: rows.map((row) => ({ ...assignmentRow(row), user_id: row.target, organization_id: accountId })), total_count: total }
}

async function assign(context: RouteContext, kind: AssigneeKind, targets: readonly string[]): Promise<number> {
  const { id: guardrailId } = await guardrailOf(context)
  if (kind === 'member') await checkMembers(context, targets)
  const createdMs = context.services.clock.wallMs()
  const assignments = [...new Set(targets)].map((target): Assignment => ({ id: rowId(), guardrailId, kind, target, createdMs }))
  const missing = await context.services.rules.store.assign(accessIn(context).accountId, assignments, changeBy(context))
  if (missing.length > 0) throw new Fault('invalid_request', `Nothing was assigned: ${missing.length} of the ${assignments.length} keys are not there, the first ${missing[0]?.slice(0, 12) ?? ''}…. GET /api/v1/keys lists the hashes.`, { metadata: { field: 'key_hashes' } })
  return assignments.length
}

/** Members of the account, and the word for whoever its keys without a member are of. */
async function checkMembers({ services, ...context }: RouteContext, targets: readonly string[]): Promise<void> {
  const { accountId } = accessIn({ services, ...context })
  for (const target of new Set(targets)) {
    if (target === OWNER || await services.people.member(accountId, target)) continue
    throw new Fault('invalid_request', `Nothing was assigned: ${target.slice(0, 60)} is no member. GET /api/v1/organization/members lists them.`, { metadata: { field: 'member_user_ids' } })
  }
}

async function unassign(context: RouteContext, kind: AssigneeKind, targets: readonly string[]): Promise<number> {
  const { id } = await guardrailOf(context)
  return await context.services.rules.store.unassign(accessIn(context).accountId, id, kind, [...new Set(targets)], changeBy(context))
}

function assignmentRow({ id, guardrailId, assignedBy, createdMs }: KeptAssignment): object {
  return { id, guardrail_id: guardrailId, assigned_by: assignedBy ?? OWNER, created_at: timeOrNull(createdMs) }
}

function keyRow(assignment: KeyAssignment): object {
  return { ...assignmentRow(assignment), key_hash: assignment.target, key_name: assignment.keyName, key_label: assignment.keyLabel }
}
