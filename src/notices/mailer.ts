import type { Mailer } from '../accounts/mailer.ts'
import { Fault } from '../core/fault.ts'
import { LetterRefused, Smtp, type SmtpSettings } from './smtp.ts'

/** Sends letters at once, where there is a server for it. */
export function openMailer(settings: SmtpSettings | undefined): Mailer {
  if (!settings) return { isConfigured: false, send: async () => { throw new Fault('conflict', 'No letters are sent here: SWITCHYARD_SMTP_URL names no mail server.') } }
  const smtp = new Smtp(settings)
  return {
    isConfigured: true,
    send: async (letter) => await smtp.send(letter).catch((error: unknown) => {
      if (!(error instanceof LetterRefused)) throw error
      throw new Fault('unavailable', 'The letter could not be sent: the mail server did not take it.', { detail: error.message })
    }),
  }
}
