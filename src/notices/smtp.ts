import type { createTransport } from 'nodemailer'
import type { Letter } from '../accounts/mailer.ts'
import { oneLine } from './letter-body.ts'
import { letterHtml } from './letter-html.ts'

/** The mail server, and whom letters are from. */
export interface SmtpSettings {
  /** `smtp://user:password@host:587` (STARTTLS) or `smtps://…:465` (TLS from the start). */
  readonly url: string
  /** `Name <address>`, or an address. */
  readonly from: string
}

/** A letter did not go out. `isFinal`: the server will never take it. */
export class LetterRefused extends Error {
  override readonly name = 'LetterRefused'
  constructor(message: string, readonly isFinal: boolean) { super(message) }
}

const CONNECT_MS_MAX = 10_000
const SILENCE_MS_MAX = 30_000

type Transport = ReturnType<typeof createTransport>

/** Sends letters over SMTP, one connection for each. The library is loaded with the first. */
export class Smtp {
  private transport: Promise<Transport> | undefined

  constructor(private readonly settings: SmtpSettings) {}

  /** Ends when the server has taken the letter. `id`: the same letter sent again has the same, so that mailboxes show it once. Throws LetterRefused. */
  async send({ to, subject, text, html }: Letter, id?: string): Promise<void> {
    this.transport ??= openTransport(this.settings)
    try {
      await (await this.transport).sendMail({
        from: this.settings.from, to: { name: '', address: to },
        subject: oneLine(subject), text, html: html ?? letterHtml(text),
        // RFC 3834: nobody's holiday answers to it.
        headers: { 'Auto-Submitted': 'auto-generated' },
        ...(id !== undefined && { messageId: `<${id}@${domainOf(this.settings.from)}>` }),
      })
    } catch (error) {
      throw refused(error)
    }
  }
}

async function openTransport({ url }: SmtpSettings): Promise<Transport> {
  const { createTransport } = await import('nodemailer')
  const { protocol, hostname, port, username, password } = new URL(url)
  const secure = protocol === 'smtps:'
  const host = hostname.replace(/^\[|\]$/g, '')
  const isHere = /^(?:localhost|127(?:\.\d+){3}|::1)$/.test(host)
  return createTransport({
    host, secure, port: port === '' ? (secure ? 465 : 587) : Number(port),
    ...(username !== '' && { auth: { user: decodeURIComponent(username), pass: decodeURIComponent(password) } }),
    // A password does not travel in the clear, whatever a server, or somebody before it, offers.
    requireTLS: username !== '' && !isHere,
    connectionTimeout: CONNECT_MS_MAX, greetingTimeout: CONNECT_MS_MAX, socketTimeout: SILENCE_MS_MAX, dnsTimeout: CONNECT_MS_MAX,
    // Nothing in a letter makes us read files or fetch what it names.
    disableFileAccess: true, disableUrlAccess: true,
  })
}

/** What the server said, without the URL's password. A reply of 5xx is its last word on the letter, but not on a login. */
function refused(error: unknown): LetterRefused {
  const message = error instanceof Error ? error.message : String(error)
  const [responseCode, command] = error instanceof Error ? [Reflect.get(error, 'responseCode'), Reflect.get(error, 'command')] as readonly unknown[] : []
  const isFinal = typeof responseCode === 'number' && responseCode >= 550 && responseCode < 560 && command !== 'AUTH' && command !== 'CONN'
  return new LetterRefused(message.replace(/\s+/g, ' ').slice(0, 500), isFinal)
}

function domainOf(from: string): string {
  return /@([^\s<>@]+?)>?$/.exec(from.trim())?.[1] ?? 'switchyard'
}
