import { reachOf, type Operation, type Role } from '../accounts/roles.ts'
import { userName, type User } from '../accounts/user.ts'
import { Fault } from '../core/fault.ts'
import type { Access } from './access.ts'

/** Somebody who is signed in, in the account that they have chosen. */
export interface Session {
  /** Of the session itself. */
  readonly id: string
  readonly user: User
  readonly accountId: string
  readonly role: Role
  /** May do what only the operator of this install may. */
  readonly isOperator: boolean
  /** The operator who looks through this person's eyes; null: they are themselves. */
  readonly impersonatedBy: string | null
}

/** Who is signed in, by the cookie of a request. */
export interface Sessions {
  /** undefined: nobody. Throws Fault `permission_denied` where another site's page sent the request to change something. */
  sessionOf(request: Request): Promise<Session | undefined>
}

/** What would leave a secret in an operator's hands, or money spent, that the person themselves has not seen. */
const NOT_THROUGH_OTHERS_EYES: ReadonlySet<Operation> = new Set(['keys.create', 'keys.rotate', 'byok.change', 'webhooks.change', 'directory.change', 'sso.change', 'invitations.change', 'billing.change'])
/** What a person does for themselves, and an operator may through their eyes. */
const OWN_THROUGH_OTHERS_EYES: ReadonlySet<string> = new Set(['/me/account', '/me/impersonation'])

/** Refuses an operator who looks through somebody's eyes what is that person's alone. Throws Fault `permission_denied`. */
export function checkEyes({ impersonatedBy }: Session, { auth, operation, method, path }: { readonly auth: string; readonly operation?: Operation; readonly method: string; readonly path: string }): void {
  if (impersonatedBy === null) return
  const isOwn = auth === 'person' && method !== 'GET' && !OWN_THROUGH_OTHERS_EYES.has(path)
  if (isOwn || (operation !== undefined && NOT_THROUGH_OTHERS_EYES.has(operation))) throw new Fault('permission_denied', "You look through somebody's eyes: secrets, sign-in, and what is bought are theirs alone.")
}

/** What somebody who is signed in may do with an operation. Throws Fault `permission_denied`. */
export function accessOfSession({ user, accountId, role, impersonatedBy }: Session, operation: Operation): Access {
  return { accountId, actor: { kind: 'user', id: user.id, name: userName(user), userId: user.id, ...(impersonatedBy !== null && { impersonatedBy }) }, role, userId: user.id, reach: reachOf(role, operation) }
}

/** What the operator may do, signed in, beyond any account. */
export function operatorAccess({ user, accountId, role }: Session): Access {
  return { accountId, actor: { kind: 'user', id: user.id, name: userName(user), userId: user.id }, role, userId: user.id, reach: 'all' }
}
