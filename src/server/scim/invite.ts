import type { Asked } from '../../accounts/scim/directory.ts'
import type { Services } from '../route.ts'
import { INVITATION, lettersTo } from '../sign-in/attempts.ts'

/**
 * Writes to somebody whom a directory wants in, and whom the organisation cannot take in by itself. Without a mail server there is no letter, and none to
 * a mailbox that has had enough of them: an admin invites them by hand then.
 */
export async function invite({ people, signIn, clock }: Pick<Services, 'people' | 'signIn' | 'clock'>, accountId: string, { email, token, expiresMs }: Asked): Promise<void> {
  if (!signIn?.letters.isByMail || await signIn.store.countAttempt([lettersTo(INVITATION, email)], clock.wallMs()) > 0) return
  await signIn.sendInvitation(token, { email, organization: (await people.account(accountId))?.name ?? 'an organization', inviter: undefined, expiresMs })
}
