import type { Caller } from '../accounts/caller.ts'
import type { Operation } from '../accounts/roles.ts'
import { Fault } from '../core/fault.ts'
import { accessOf, type Access } from './access.ts'
import type { Route, Services } from './route.ts'
import { accessOfSession, type Session } from './session.ts'

/** What admins of one workspace may do to it, though they are members everywhere else (contract H22). To delete it is not among it. */
const OF_WORKSPACE_ADMINS: ReadonlySet<Operation> = new Set<Operation>(['workspaces.change', 'budgets.change', 'workspace_members.change'])

interface Asked { readonly route: Route; readonly workspace: string | undefined; readonly services: Services; readonly session: Session | undefined; readonly caller: Caller | undefined }

/** What was refused to a member, given to an admin of the workspace that the path names. */
export async function orWorkspaceAdmin(access: Promise<Access | undefined>, asked: Asked): Promise<Access | undefined> {
  try {
    return await access
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== 'permission_denied') throw error
    const raised = await raisedAccess(asked)
    if (!raised) throw error
    return raised
  }
}

async function raisedAccess({ route, workspace, services, session, caller }: Asked): Promise<Access | undefined> {
  if (workspace === undefined || !route.path.startsWith('/workspaces/{id}') || !route.operation || !OF_WORKSPACE_ADMINS.has(route.operation)) return undefined
  if (!session && caller?.key.kind !== 'management') return undefined
  const access = session ? accessOfSession(session, 'workspaces.read') : caller && await accessOf(caller, 'workspaces.read', services.people)
  if (!access || access.userId === null) return undefined
  const found = await services.workspaces.find(access.accountId, workspace)
  // The path names no other workspace, and nothing else is reached by these operations.
  return found && await services.scim.mappings.roleIn(access.accountId, found.id, access.userId) === 'admin' ? { ...access, reach: 'all' } : undefined
}
