import { createHash, timingSafeEqual } from 'node:crypto'
import type { Mailer } from '../../accounts/mailer.ts'
import type { SignInSecret } from '../../accounts/sign-in-secret.ts'
import type { SignInStore } from '../../accounts/sign-in-store.ts'
import type { Site } from './site.ts'

export interface SetUpOptions {
  /** SWITCHYARD_SETUP_CODE: a code, or `none`. */
  readonly fromEnvironment: string | undefined
  readonly store: Pick<SignInStore, 'isFresh'>
  readonly secret: Pick<SignInSecret, 'load'>
  readonly mailer: Pick<Mailer, 'isConfigured'>
  readonly site: Site
  /** For the operator's eyes: the log. */
  readonly onLink: (what: string, detail: string) => void
}

const CODE_CHARS = 24

/**
 * Keeps a fresh install for who has its terminal. Its first person becomes its operator, so they show a code that the log has. Without a mail server
 * the link of their letter is in the log too, and who signs up by letter needs no code beside it.
 */
export class SetUp {
  private isShown = false

  constructor(private readonly options: SetUpOptions) {}

  /** Whether who makes an account with a password now has to show the code. The log has it then. */
  async isAsked(): Promise<boolean> {
    const { store, mailer, fromEnvironment } = this.options
    if (fromEnvironment === 'none' || !mailer.isConfigured || !await store.isFresh()) return false
    await this.show()
    return true
  }

  /** Whether somebody may be the first person. `isByLetter`: a link that they get nowhere else lets them in. */
  async mayBeFirst(given: string | undefined, isByLetter: boolean): Promise<boolean> {
    const { mailer, fromEnvironment } = this.options
    if (fromEnvironment === 'none' || (isByLetter && !mailer.isConfigured)) return true
    const digest = (text: string) => createHash('sha256').update(text).digest()
    return given !== undefined && timingSafeEqual(digest(given), digest(await this.code()))
  }

  /** The same in every process, since it follows from the secret that they share. */
  private async code(): Promise<string> {
    const { fromEnvironment, secret } = this.options
    if (fromEnvironment !== undefined) return fromEnvironment
    const { sign } = await secret.load()
    return Buffer.from(sign('who sets this install up'), 'base64').toString('hex').slice(0, CODE_CHARS)
  }

  private async show(): Promise<void> {
    const { fromEnvironment, site, onLink } = this.options
    if (this.isShown || fromEnvironment !== undefined) return
    this.isShown = true
    onLink('nobody runs this install yet: its first person makes their account with this link', `${site.url}/sign-up?setup_code=${await this.code()}`)
  }
}
