import { reachOf, type Operation, type Role } from '../accounts/roles.ts'
import { userName, type User } from '../accounts/user.ts'
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

/** What somebody who is signed in may do with an operation. Throws Fault `permission_denied`. */
export function accessOfSession({ user, accountId, role }: Session, operation: Operation): Access {
  return { accountId, actor: { kind: 'user', id: user.id, name: userName(user), userId: user.id }, role, userId: user.id, reach: reachOf(role, operation) }
}

/** What the operator may do, signed in, beyond any account. */
export function operatorAccess({ user, accountId, role }: Session): Access {
  return { accountId, actor: { kind: 'user', id: user.id, name: userName(user), userId: user.id }, role, userId: user.id, reach: 'all' }
}
