import type { Role } from './roles.ts'

/** A place in an organisation that waits for a person. Its token is in the letter to them and nowhere else: we keep its hash. */
export interface Invitation {
  readonly id: string
  readonly accountId: string
  readonly email: string
  readonly role: Role
  readonly invitedBy: string | null
  readonly createdMs: number
  readonly expiresMs: number
  readonly acceptedMs: number | null
  readonly revokedMs: number | null
}

export type InvitationState = 'open' | 'accepted' | 'revoked' | 'expired'

/** What has become of it. */
export function invitationState({ acceptedMs, revokedMs, expiresMs }: Invitation, nowMs: number): InvitationState {
  if (acceptedMs !== null) return 'accepted'
  if (revokedMs !== null) return 'revoked'
  return nowMs >= expiresMs ? 'expired' : 'open'
}
