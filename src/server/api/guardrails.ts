import { defaultWorkspaceId } from '../../accounts/workspace.ts'
import { Fault } from '../../core/fault.ts'
import { defaultGuardrailId, defaultGuardrailName, NO_BUDGET, NO_RULES, type Guardrail } from '../../guardrails/guardrail.ts'
import { rowId } from '../../lib/id.ts'
import type { Route, RouteContext } from '../route.ts'
import { readBody } from './body.ts'
import { accessIn, changeBy } from './caller.ts'
import { workspaceIdOf } from './workspaces.ts'
import { changedBudget, changedRules, GUARDRAIL_CHANGE, guardrailRow, NEW_GUARDRAIL } from './guardrail-body.ts'
import { PAGE, pageOf } from './page.ts'
import { readQuery, text } from './query.ts'

const LIST_QUERY = { ...PAGE, workspace_id: text } as const

/** `GET /guardrails`: those of the workspace, its default guardrail too once it says something; newest first. */
export const listGuardrails: Route = {
  method: 'GET', path: '/guardrails', auth: 'management', operation: 'guardrails.read',
  async handle(context) {
    const query = readQuery(context.url.searchParams, LIST_QUERY)
    const { rows, total } = await context.services.rules.store.listGuardrails(accessIn(context).accountId, await workspaceIdOf(context, query.workspace_id), pageOf(query))
    return { data: rows.map(guardrailRow), total_count: total }
  },
}

/** `POST /guardrails`: a new one, which restricts nobody until it is assigned (F2). */
export const createGuardrail: Route = {
  method: 'POST', path: '/guardrails', auth: 'management', operation: 'guardrails.change',
  async handle(context) {
    const body = await readBody(context, NEW_GUARDRAIL)
    const guardrail: Guardrail = {
      id: rowId(), accountId: accessIn(context).accountId, workspaceId: await workspaceIdOf(context, body.workspace_id), name: body.name, description: body.description ?? null,
      rules: changedRules(NO_RULES, body, context.services.snapshot()), budget: changedBudget(NO_BUDGET, body), createdMs: context.services.clock.wallMs(), updatedMs: null,
    }
    await context.services.rules.store.putGuardrail(guardrail, changeBy(context))
    return Response.json({ data: guardrailRow(guardrail) }, { status: 201 })
  },
}

/** `GET /guardrails/{id}`. */
export const getGuardrail: Route = {
  method: 'GET', path: '/guardrails/{id}', auth: 'management', operation: 'guardrails.read',
  handle: async (context) => ({ data: guardrailRow(await guardrailOf(context)) }),
}

/** `PATCH /guardrails/{id}`: what is left out stays as it is. The workspace's default guardrail comes to be by the first one (F3). */
export const changeGuardrail: Route = {
  method: 'PATCH', path: '/guardrails/{id}', auth: 'management', operation: 'guardrails.change',
  async handle(context) {
    const body = await readBody(context, GUARDRAIL_CHANGE)
    const nowMs = context.services.clock.wallMs()
    const before = await context.services.rules.store.guardrail(accessIn(context).accountId, idOf(context)) ?? await unwrittenDefault(context, nowMs)
    const isDefault = before.id === defaultGuardrailId(before.workspaceId)
    if (isDefault && body.name !== undefined && body.name !== before.name) throw new Fault('invalid_request', `The field \`name\` must be left out: the workspace's default guardrail is always called "${before.name}".`, { metadata: { field: 'name' } })
    const guardrail: Guardrail = {
      ...before, name: body.name ?? before.name, description: body.description === undefined ? before.description : body.description,
      rules: changedRules(before.rules, body, context.services.snapshot()), budget: changedBudget(before.budget ?? NO_BUDGET, body), updatedMs: nowMs,
    }
    await context.services.rules.store.putGuardrail(guardrail, changeBy(context))
    return { data: guardrailRow(guardrail) }
  },
}

/** `DELETE /guardrails/{id}`: its assignments go with it. */
export const deleteGuardrail: Route = {
  method: 'DELETE', path: '/guardrails/{id}', auth: 'management', operation: 'guardrails.change',
  async handle(context) {
    if (!await context.services.rules.store.deleteGuardrail(accessIn(context).accountId, idOf(context), changeBy(context))) missing()
    return { deleted: true }
  },
}

/** The guardrail that the path names; 404 where there is none, also for a default one that nobody has written (F3). */
export async function guardrailOf(context: RouteContext): Promise<Guardrail> {
  return await context.services.rules.store.guardrail(accessIn(context).accountId, idOf(context)) ?? missing()
}

/** The default guardrail that the path names, of a workspace that has none written yet: its id follows from the workspace's. */
async function unwrittenDefault(context: RouteContext, nowMs: number): Promise<Guardrail> {
  const { accountId } = accessIn(context)
  const id = idOf(context)
  const workspaceId = await workspaceOfDefault(context, id) ?? missing()
  return { id, accountId, workspaceId, name: defaultGuardrailName(workspaceId), description: null, rules: NO_RULES, createdMs: nowMs, updatedMs: null }
}

const WORKSPACES_PAGE = 500

async function workspaceOfDefault(context: RouteContext, id: string): Promise<string | undefined> {
  const { accountId } = accessIn(context)
  if (id === defaultGuardrailId(defaultWorkspaceId(accountId))) return defaultWorkspaceId(accountId)
  for (let offset = 0; ; offset += WORKSPACES_PAGE) {
    const { rows } = await context.services.workspaces.list(accountId, { offset, limit: WORKSPACES_PAGE })
    const found = rows.find((workspace) => defaultGuardrailId(workspace.id) === id)
    if (found || rows.length < WORKSPACES_PAGE) return found?.id
  }
}

function idOf({ params }: RouteContext): string {
  const id = (params['id'] ?? '').toLowerCase()
  return /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id) ? id : missing()
}

function missing(): never {
  throw new Fault('not_found', 'There is no such guardrail. GET /api/v1/guardrails lists those there are.')
}
