import { z } from 'zod'
import type { WorkspaceMember } from '../../accounts/workspace.ts'
import type { Route } from '../route.ts'
import { readBody } from './body.ts'
import { accessIn } from './caller.ts'
import { timeOrNull } from './key.ts'
import { PAGE, pageOf } from './page.ts'
import { readQuery } from './query.ts'
import { workspaceIn } from './workspaces.ts'

const USER_IDS = { error: 'must be a list of 1 to 100 ids of members; GET /api/v1/organization/members lists them' }
const MEMBERS = z.strictObject({ user_ids: z.array(z.string(USER_IDS).min(1, USER_IDS), USER_IDS).min(1, USER_IDS).max(100, USER_IDS) })

/** `GET /workspaces/{id}/members`: of the default workspace, everybody of the account. */
export const listWorkspaceMembers: Route = {
  method: 'GET', path: '/workspaces/{id}/members', auth: 'management', operation: 'workspace_members.read',
  async handle(context) {
    const page = pageOf(readQuery(context.url.searchParams, PAGE))
    const { rows, total } = await context.services.workspaces.listMembers(accessIn(context).accountId, await workspaceIn(context), page)
    return { data: rows.map(memberRow), total_count: total }
  },
}

/** `POST /workspaces/{id}/members/add`: all of them or none; who is in it already is not counted. */
export const addWorkspaceMembers: Route = {
  method: 'POST', path: '/workspaces/{id}/members/add', auth: 'management', operation: 'workspace_members.change',
  async handle(context) {
    const { accountId, actor } = accessIn(context)
    const workspace = await workspaceIn(context)
    const added = await context.services.workspaces.addMembers(accountId, workspace, (await readBody(context, MEMBERS)).user_ids, actor)
    return { data: added.map(memberRow), added_count: added.length }
  },
}

/** `POST /workspaces/{id}/members/remove`: refused for those who have active keys in it (H24). */
export const removeWorkspaceMembers: Route = {
  method: 'POST', path: '/workspaces/{id}/members/remove', auth: 'management', operation: 'workspace_members.change',
  async handle(context) {
    const { accountId, actor } = accessIn(context)
    const workspace = await workspaceIn(context)
    return { removed_count: await context.services.workspaces.removeMembers(accountId, workspace, (await readBody(context, MEMBERS)).user_ids, actor) }
  },
}

/** The contract's `WorkspaceMember`. */
function memberRow({ id, workspaceId, userId, role, createdMs }: WorkspaceMember): object {
  return { id, workspace_id: workspaceId, user_id: userId, role, created_at: timeOrNull(createdMs) }
}
