import { z } from 'zod'
import { ROLES } from '../../accounts/roles.ts'
import type { Entry, Group, Mapping, ScimToken } from '../../accounts/scim/scim-store.ts'
import { Fault } from '../../core/fault.ts'
import type { Route } from '../route.ts'
import { readBody } from './body.ts'
import { accessIn } from './caller.ts'
import { timeOrNull } from './key.ts'
import { organizationOf } from './organization.ts'
import { PAGE, pageOf } from './page.ts'
import { flag, readQuery } from './query.ts'

const role = z.enum(ROLES, { error: 'must be admin or member' })
const GROUP_ID = { error: 'must be the id of a group; GET /api/v1/scim/groups lists them' }
const WORKSPACE_ID = { error: 'must be the id of a workspace; GET /api/v1/workspaces lists them' }
const NEW_MAPPING = z.strictObject({ scim_group_id: z.uuid(GROUP_ID), workspace_id: z.uuid(WORKSPACE_ID), role })
const MAPPING_CHANGE = z.strictObject({ role })
const NEW_TOKEN = z.strictObject({ name: z.string({ error: 'must be a text: what the directory is called' }) })
const KEEP = { keep_members: flag } as const

/** `GET /scim/group-mappings` (H22). 404 where no directory was ever let in. */
export const listGroupMappings: Route = {
  method: 'GET', path: '/scim/group-mappings', auth: 'management', operation: 'directory.read',
  async handle(context) {
    const { rows, total } = await context.services.scim.mappings.list(await organizationOf(context), pageOf(readQuery(context.url.searchParams, PAGE)))
    return { data: rows.map(mappingRow), total_count: total }
  },
}

/** `POST /scim/group-mappings`: one for each pair of group and workspace. */
export const createGroupMapping: Route = {
  method: 'POST', path: '/scim/group-mappings', auth: 'management', operation: 'directory.change',
  async handle(context) {
    const accountId = await organizationOf(context)
    const body = await readBody(context, NEW_MAPPING)
    const mapping = await context.services.scim.mappings.create({ accountId, groupId: body.scim_group_id, workspaceId: body.workspace_id, role: body.role }, accessIn(context).actor)
    return Response.json({ data: mappingRow(mapping) }, { status: 201 })
  },
}

/** `GET /scim/group-mappings/{id}`. */
export const getGroupMapping: Route = {
  method: 'GET', path: '/scim/group-mappings/{id}', auth: 'management', operation: 'directory.read',
  handle: async (context) => ({ data: mappingRow(await context.services.scim.mappings.get(await organizationOf(context), context.params['id'] ?? '')) }),
}

/** `PATCH /scim/group-mappings/{id}`: another role. */
export const changeGroupMapping: Route = {
  method: 'PATCH', path: '/scim/group-mappings/{id}', auth: 'management', operation: 'directory.change',
  async handle(context) {
    const accountId = await organizationOf(context)
    const body = await readBody(context, MAPPING_CHANGE)
    return { data: mappingRow(await context.services.scim.mappings.changeRole(accountId, context.params['id'] ?? '', body.role, accessIn(context).actor)) }
  },
}

/** `DELETE /scim/group-mappings/{id}`: whether its members stay must be said, so that nobody loses access by accident. */
export const deleteGroupMapping: Route = {
  method: 'DELETE', path: '/scim/group-mappings/{id}', auth: 'management', operation: 'directory.change',
  async handle(context) {
    const accountId = await organizationOf(context)
    const { keep_members: keepMembers } = readQuery(context.url.searchParams, KEEP)
    if (keepMembers === undefined) throw new Fault('invalid_request', 'The query parameter `keep_members` is required: true lets whom the mapping gave access to stay in the workspace, false removes them.', { metadata: { field: 'keep_members' } })
    await context.services.scim.mappings.delete(accountId, context.params['id'] ?? '', keepMembers, accessIn(context).actor)
    return { deleted: true }
  },
}

/** `GET /scim/groups`: as the directory has them. */
export const listScimGroups: Route = {
  method: 'GET', path: '/scim/groups', auth: 'management', operation: 'directory.read',
  async handle(context) {
    const { rows, total } = await context.services.scim.mappings.groups(await organizationOf(context), pageOf(readQuery(context.url.searchParams, PAGE)))
    return { data: rows.map(groupRow), total_count: total }
  },
}

/** `GET /scim/users`: whom the directory keeps, and what they are here. Only this server has it, as all that follows. */
export const listScimUsers: Route = {
  method: 'GET', path: '/scim/users', auth: 'management', operation: 'directory.read',
  async handle(context) {
    const { rows, total } = await context.services.scim.mappings.users(await organizationOf(context), pageOf(readQuery(context.url.searchParams, PAGE)))
    return { data: rows.map(userRow), total_count: total }
  },
}

/** `POST /scim/refresh`: everything is made what directory and mappings say, now. */
export const refreshScim: Route = {
  method: 'POST', path: '/scim/refresh', auth: 'management', operation: 'directory.change',
  async handle(context) {
    const { takenIn, changed } = await context.services.scim.mappings.refresh(await organizationOf(context), accessIn(context).actor)
    return { taken_in: takenIn, changed }
  },
}

/** `GET /scim/tokens`: newest first. */
export const listScimTokens: Route = {
  method: 'GET', path: '/scim/tokens', auth: 'management', operation: 'directory.read',
  async handle(context) {
    const { rows, total } = await context.services.scim.tokens.list(await organizationOf(context), pageOf(readQuery(context.url.searchParams, PAGE)))
    return { data: rows.map(tokenRow), total_count: total }
  },
}

/** `POST /scim/tokens`: the only time that it is shown. */
export const createScimToken: Route = {
  method: 'POST', path: '/scim/tokens', auth: 'management', operation: 'directory.change',
  async handle(context) {
    const accountId = await organizationOf(context)
    const { name } = await readBody(context, NEW_TOKEN)
    const { secret, token } = await context.services.scim.tokens.create(accountId, name, accessIn(context).actor)
    return Response.json({ data: tokenRow(token), token: secret }, { status: 201 })
  },
}

/** `DELETE /scim/tokens/{id}`: the directory is not let in any more. */
export const revokeScimToken: Route = {
  method: 'DELETE', path: '/scim/tokens/{id}', auth: 'management', operation: 'directory.change',
  async handle(context) {
    await context.services.scim.tokens.revoke(await organizationOf(context), context.params['id'] ?? '', accessIn(context).actor)
    return { deleted: true }
  },
}

/** The contract's `ScimGroupMapping`. */
function mappingRow({ id, accountId, groupId, workspaceId, role: given, createdMs, updatedMs }: Mapping): object {
  return { id, organization_id: accountId, scim_group_id: groupId, workspace_id: workspaceId, role: given, created_at: timeOrNull(createdMs), updated_at: timeOrNull(updatedMs) }
}

/** The contract's `ScimGroup`. */
function groupRow({ id, accountId, name, externalId, createdMs, updatedMs }: Group): object {
  return { id, organization_id: accountId, display_name: name, external_id: externalId, created_at: timeOrNull(createdMs), updated_at: timeOrNull(updatedMs) }
}

function userRow({ id, accountId, userName, externalId, email, state, userId, groups, createdMs, updatedMs }: Entry): object {
  return {
    id, organization_id: accountId, user_name: userName, external_id: externalId, email, state, user_id: userId, groups: groups.map((group) => ({ id: group.id, display_name: group.name })),
    created_at: timeOrNull(createdMs), updated_at: timeOrNull(updatedMs),
  }
}

function tokenRow({ id, name, label, createdBy, createdMs, lastUsedMs, revokedMs }: ScimToken): object {
  return { id, name, label, created_by: createdBy, created_at: timeOrNull(createdMs), last_used_at: timeOrNull(lastUsedMs), revoked_at: timeOrNull(revokedMs) }
}
