/** A letter to one person. */
export interface Letter {
  /** An address as `readEmail` gives it. */
  readonly to: string
  /** One line. Control characters are taken out of it: what people have called things may stand in it. */
  readonly subject: string
  /** What it says, in plain text. URLs stand on lines of their own. */
  readonly text: string
  /** The same for those who read HTML; made of `text` where it is not said. */
  readonly html?: string
  /** A link or code in it lets somebody in: it is kept sealed until it is sent, and wiped then. */
  readonly isSecret?: boolean
  /** After this it is not worth sending any more: the link in it is over. */
  readonly untilMs?: number
}

/** Sends letters. Where there is no SMTP server it cannot: then a link is shown to whoever asked, or to the operator. */
export interface Mailer {
  readonly isConfigured: boolean
  /**
   * Takes the letter on: it is sent within moments, or later, while the mail server is away. The same `reference` is taken once. Throws Fault
   * `unavailable` when it could not be kept, and `conflict` where no mail server is configured.
   */
  send(letter: Letter, reference?: string): Promise<void>
}
