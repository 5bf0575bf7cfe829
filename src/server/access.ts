import type { Actor } from '../accounts/audit-entry.ts'
import type { Caller } from '../accounts/caller.ts'
import type { People } from '../accounts/people.ts'
import { reachOf, type Operation, type Role } from '../accounts/roles.ts'
import { Fault } from '../core/fault.ts'

/** Who asks the control plane, and how far the operation that is asked reaches for them. */
export interface Access {
  readonly accountId: string
  readonly actor: Actor
  readonly role: Role
  /** The person behind it; null: a key that is the account's own. */
  readonly userId: string | null
  /** Everything of the account, or only what is this person's own. */
  readonly reach: 'all' | 'own'
}

/**
 * What a management key may do with an operation: as much as the person that it is of may now; everything, where it is of nobody
 * (contract H4, H25). Throws Fault `permission_denied`.
 */
export async function accessOf({ key, accountId }: Caller, operation: Operation, people: Pick<People, 'roleOf'>): Promise<Access> {
  const userId = key.creatorUserId
  const role = userId === null ? 'admin' : await people.roleOf(accountId, userId)
  if (!role) throw new Fault('permission_denied', 'The person whose management key this is does not belong to the organization any more.')
  return { accountId, actor: { kind: 'key', id: key.hash, name: key.name, userId }, role, userId, reach: reachOf(role, operation) }
}

/** The id of the person whose things are all that the access reaches; undefined: it reaches everybody's. */
export function ownerOnly({ reach, userId }: Access): string | undefined {
  return reach === 'own' ? (userId ?? '') : undefined
}
