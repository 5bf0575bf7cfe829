import type { Mailer } from '../../accounts/mailer.ts'
import type { EmailChanged } from '../../accounts/own-account.ts'
import type { SignInSecret } from '../../accounts/sign-in-secret.ts'
import type { SignInStore, WaitingLink } from '../../accounts/sign-in-store.ts'
import type { Clock } from '../../lib/clock.ts'
import { rowId } from '../../lib/id.ts'
import { openSealed, sealText } from '../../lib/seal.ts'

/** What a link does for who follows it. */
export type LinkPurpose = 'verify' | 'reset' | 'sign_in' | 'change_email'

export interface Link { readonly purpose: LinkPurpose; readonly email: string; readonly url: string; readonly lastsMs: number }

/** What somebody is told who is invited to an organization. */
export interface InvitationLetter {
  readonly email: string
  readonly organization: string
  /** Who invites; undefined: a program of the organization's. */
  readonly inviter: string | undefined
  readonly url: string
  readonly expiresMs: number
}

/** A link as the operator sees it. */
export interface ShownLink { readonly id: string; readonly email: string; readonly purpose: string; readonly url: string; readonly createdMs: number; readonly expiresMs: number }

export interface LettersOptions {
  readonly mailer: Mailer
  readonly store: Pick<SignInStore, 'keepLink' | 'waitingLinks'>
  readonly secret: Pick<SignInSecret, 'load'>
  readonly clock: Clock
  /** Told of a link that nobody took along: whoever reads it is the operator. */
  readonly onLink: (what: string, detail: string) => void
}

const WORDS: Readonly<Record<LinkPurpose, { readonly subject: string; readonly before: string; readonly after: string }>> = {
  verify: { subject: 'Confirm your e-mail address', before: 'Somebody, you we hope, made an account with this address. Confirm that it is yours:', after: 'If it was not you, do nothing: without you nobody gets in.' },
  reset: { subject: 'Set a new password', before: 'You, or somebody who knows your address, asked for a new password. Set it here:', after: 'If it was not you, do nothing: your password stays as it is.' },
  change_email: { subject: 'Confirm your new e-mail address', before: 'You, we hope, want to sign in with this address from now on. Confirm that it is yours:', after: 'If it was not you, do nothing: nothing changes.' },
  sign_in: { subject: 'Your sign-in link', before: 'Sign in with this link. It works once:', after: 'If you did not ask for it, do nothing.' },
}

/** Brings links to people: by letter, or, where there is no mail server, by the operator. */
export class Letters {
  constructor(private readonly options: LettersOptions) {}

  /** Whether links go out by letter; otherwise by the operator. */
  get isByMail(): boolean {
    return this.options.mailer.isConfigured
  }

  async send({ purpose, email, url, lastsMs }: Link): Promise<void> {
    const { mailer, store, secret, clock, onLink } = this.options
    const { subject, before, after } = WORDS[purpose]
    const minutes = Math.round(lastsMs / 60_000)
    const lasts = minutes < 120 ? `${minutes} minutes` : `${Math.round(minutes / 60)} hours`
    if (mailer.isConfigured) return await mailer.send({ to: email, subject, text: `${before}\n\n${url}\n\nThe link holds for ${lasts}. ${after}\n`, isSecret: true, untilMs: clock.wallMs() + lastsMs })
    const createdMs = clock.wallMs()
    const { sealKey } = await secret.load()
    const id = rowId()
    await store.keepLink({ id, email, purpose, sealed: sealText(url, sealKey, id), createdMs, expiresMs: createdMs + lastsMs })
    onLink(`no mail server is set: pass this link on to ${email}`, `${subject} (holds for ${lasts}): ${url}`)
  }

  /** Where there is no mail server, whoever invites passes the link on: it is in the answer to them. */
  async sendInvitation({ email, organization, inviter, url, expiresMs }: InvitationLetter): Promise<void> {
    const { mailer } = this.options
    if (!mailer.isConfigured) return
    const whose = inviter === undefined ? `You are invited to ${organization}` : `${inviter} invites you to ${organization}`
    const until = new Date(expiresMs).toISOString().slice(0, 16).replace('T', ' ')
    await mailer.send({
      to: email, subject: whose, isSecret: true, untilMs: expiresMs,
      text: `${whose}. Sign in or make an account with this address, and accept:\n\n${url}\n\nThe invitation holds until ${until} UTC, once. If you do not know who this is, do nothing.\n`,
    })
  }

  /** To the address that they had: who took it over from them cannot keep that from them. */
  async sendMoved({ before, after }: EmailChanged): Promise<void> {
    if (!this.options.mailer.isConfigured) return
    await this.options.mailer.send({ to: before, subject: 'Your e-mail address was changed', text: `You sign in with ${after} from now on, and no longer with this address. You are signed out everywhere else.\n\nIf it was not you, tell whoever runs this server at once.\n` })
  }

  /** The person is known already: a letter says so, and no page does. */
  async sendKnown(email: string, signInUrl: string): Promise<void> {
    // Without a letter there is nobody to tell: the operator knows who is here.
    if (!this.options.mailer.isConfigured) return
    await this.options.mailer.send({ to: email, subject: 'You have an account already', text: `Somebody, you perhaps, tried to make an account with this address. There is one already. Sign in, or set a new password, here:\n\n${signInUrl}\n` })
  }

  /** The links that wait for the operator to pass them on. */
  async waiting(): Promise<readonly ShownLink[]> {
    const { store, secret, clock } = this.options
    const [rows, { sealKey }] = await Promise.all([store.waitingLinks(clock.wallMs()), secret.load()])
    return rows.flatMap((row) => shownLink(row, openSealed(row.sealed, sealKey, row.id)))
  }
}

/** Nothing where it was sealed under a secret that is gone. */
function shownLink({ id, email, purpose, createdMs, expiresMs }: WaitingLink, url: string | undefined): ShownLink[] {
  return url === undefined ? [] : [{ id, email, purpose, url, createdMs, expiresMs }]
}
