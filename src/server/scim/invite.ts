import type { Asked } from '../../accounts/scim/directory.ts'
import { nameId } from '../../lib/id.ts'
import type { Services } from '../route.ts'

/**
 * Writes to somebody whom a directory wants in, and whom the organisation cannot take in by itself. Without a mail server there is no letter: an admin
 * invites them by hand then, and sees the link.
 */
export async function invite({ mailer, people, signIn }: Pick<Services, 'mailer' | 'people' | 'signIn'>, accountId: string, { email, token }: Asked): Promise<void> {
  if (!mailer.isConfigured) return
  const name = (await people.account(accountId))?.name ?? 'An organization'
  const link = `${signIn?.site.url ?? ''}/invitations/${token}`
  await mailer.send({
    to: email, subject: `${name} invites you`, isSecret: true,
    text: `${name} would like you to be a member of its organization.\n\nWhoever has this address accepts here, within a week:\n${link}\n\nIf you do not know ${name}, there is nothing to do.`,
  }, nameId(`invitation ${token}`))
}
